//! Links and conflicts.
//!
//! ```text
//! link      made (i64), whether a request made it (1), which (16), sub, namespace, and the rest: sealed identifier
//! conflict  first and last seen (i64, i64), how often (u64), trace (16), then of both links: sub, namespace
//! text      length (u16), UTF-8
//! ```

use crate::ground::id::{Namespace, Sub, TraceId};
use crate::store::{Conflict, Link, LinkKey, Side, StoreError};

use super::{Reader, VERSION, joined, moment};

pub(in crate::backends::sled) fn link_key(key: &LinkKey) -> Vec<u8> {
    joined(b'l', &[key.as_bytes()])
}

/// All links behind a key, or all: the bounds of a range, the end excluded.
pub(in crate::backends::sled) fn links_behind(after: Option<&LinkKey>) -> (Vec<u8>, Vec<u8>) {
    // The next key after `k` is `k` with a zero behind it.
    let from = after.map_or_else(|| vec![b'l'], |after| joined(b'l', &[after.as_bytes(), &[0]]));
    (from, vec![b'l' + 1])
}

pub(in crate::backends::sled) fn parse_link_key(bytes: &[u8]) -> Result<LinkKey, StoreError> {
    let mut reader = Reader::of_key(bytes, b'l', "link key")?;
    let key = LinkKey::from_hash(reader.take()?);
    reader.end()?;
    Ok(key)
}

pub(in crate::backends::sled) fn link_value(link: &Link) -> Vec<u8> {
    let by = link.by.map_or([0; 16], |by| *by.as_bytes());
    let (sub, namespace) = (text(link.sub.as_str()), text(link.namespace.as_str()));
    joined(VERSION, &[&moment(link.made), &[u8::from(link.by.is_some())], &by, &sub, &namespace, &link.sealed])
}

pub(in crate::backends::sled) fn parse_link(bytes: &[u8]) -> Result<Link, StoreError> {
    let mut reader = Reader::of_value(bytes, "link")?;
    let (made, [is_by]) = (reader.moment()?, reader.take()?);
    let by = TraceId::from_bytes(reader.take()?);
    Ok(Link {
        sub: Sub::new(reader.text()?),
        namespace: Namespace::new(reader.text()?),
        sealed: reader.rest.to_vec(),
        made,
        by: (is_by != 0).then_some(by),
    })
}

/// Only the `sub` of a link.
pub(in crate::backends::sled) fn parse_link_sub(bytes: &[u8]) -> Result<Sub, StoreError> {
    let mut reader = Reader::of_value(bytes, "link")?;
    let _: [u8; 8 + 1 + 16] = reader.take()?;
    Ok(Sub::new(reader.text()?))
}

pub(in crate::backends::sled) fn conflict_key([one, other]: &[LinkKey; 2]) -> Vec<u8> {
    joined(b'c', &[one.as_bytes(), other.as_bytes()])
}

/// All conflicts: the bounds of a range, the end excluded.
pub(in crate::backends::sled) fn all_conflicts() -> (Vec<u8>, Vec<u8>) {
    (vec![b'c'], vec![b'c' + 1])
}

pub(in crate::backends::sled) fn parse_conflict_key(bytes: &[u8]) -> Result<[LinkKey; 2], StoreError> {
    let mut reader = Reader::of_key(bytes, b'c', "conflict key")?;
    let keys = [LinkKey::from_hash(reader.take()?), LinkKey::from_hash(reader.take()?)];
    reader.end()?;
    Ok(keys)
}

pub(in crate::backends::sled) fn conflict_value(conflict: &Conflict) -> Vec<u8> {
    let [one, other] = conflict.sides.each_ref().map(|side| {
        let (sub, namespace) = (text(side.sub.as_str()), text(side.namespace.as_str()));
        [sub, namespace].concat()
    });
    let (first, last) = (moment(conflict.first_seen), moment(conflict.last_seen));
    joined(VERSION, &[&first, &last, &conflict.count.to_be_bytes(), conflict.trace_id.as_bytes(), &one, &other])
}

pub(in crate::backends::sled) fn parse_conflict(keys: [LinkKey; 2], bytes: &[u8]) -> Result<Conflict, StoreError> {
    let mut reader = Reader::of_value(bytes, "conflict")?;
    let (first_seen, last_seen) = (reader.moment()?, reader.moment()?);
    let (count, trace_id) = (u64::from_be_bytes(reader.take()?), TraceId::from_bytes(reader.take()?));
    let mut side = |key| {
        Ok::<_, StoreError>(Side { key, sub: Sub::new(reader.text()?), namespace: Namespace::new(reader.text()?) })
    };
    let [one, other] = keys;
    let sides = [side(one)?, side(other)?];
    reader.end()?;
    Ok(Conflict { sides, first_seen, last_seen, count, trace_id })
}

/// Behind its length; the contract bounds all texts far below 64 KiB.
fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [length.to_be_bytes().as_slice(), text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::ground::time::Timestamp;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            keys: [[u8; 32]; 2], sub in ".{0,60}", namespace in ".*", millis: (i64, i64), trace: [u8; 16], sealed: Vec<u8>
        ) {
            let keys = keys.map(LinkKey::from_hash);
            prop_assert_eq!(parse_link_key(&link_key(&keys[0])), Ok(keys[0]));
            prop_assert_eq!(parse_conflict_key(&conflict_key(&keys)), Ok(keys));
            let trace_id = TraceId::from_bytes(trace);
            let by = (trace[0] % 2 == 0).then_some(trace_id);
            let (sub, namespace) = (Sub::new(sub), Namespace::new(namespace));
            let link = Link { sub: sub.clone(), namespace: namespace.clone(), sealed, made: at(millis.0), by };
            prop_assert_eq!(parse_link_sub(&link_value(&link)), Ok(link.sub.clone()));
            prop_assert_eq!(parse_link(&link_value(&link)), Ok(link));
            let sides = keys.map(|key| Side { key, sub: sub.clone(), namespace: namespace.clone() });
            let (first_seen, last_seen) = (at(millis.0), at(millis.1));
            let conflict = Conflict { sides, first_seen, last_seen, count: u64::from(trace[1]), trace_id };
            prop_assert_eq!(parse_conflict(keys, &conflict_value(&conflict)), Ok(conflict));
        }

        #[test]
        fn garbage_is_damage_and_never_a_panic(bytes: Vec<u8>) {
            let _ = (parse_link(&bytes), parse_link_sub(&bytes), parse_link_key(&bytes), parse_conflict_key(&bytes));
            let _ = parse_conflict([LinkKey::from_hash([0; 32]); 2], &bytes);
        }
    }

    #[test]
    fn links_behind_a_key_are_behind_it() {
        let key = |last| LinkKey::from_hash(std::array::from_fn(|place| if place == 31 { last } else { 7 }));
        let (from, end) = links_behind(Some(&key(1)));
        assert!(link_key(&key(1)) < from && from < link_key(&key(2)) && link_key(&key(255)) < end);
    }
}
