//! Keys and values as they lie in the tree.
//!
//! One tree holds everything, so that one batch can be atomic over all of it; the first byte of a key says what it is.
//! The first byte of a value is the version of its encoding. Numbers are big-endian; moments have their sign bit
//! flipped, so that the order of the bytes is the order of time.
//!
//! ```text
//! f                                      format of the store (u32)
//! o                                      how often it has been opened (u64)
//! s                                      before which moment uses have been forgotten (i64)
//! u · use key (32)                       a consumed credential: until (i64), uses (u32), who was first: trace (16)
//! x · until (8) · order (8)              uses of one batch, the first of which may be forgotten then: until, use key, …
//! r · at (8) · order (8) · trace (16)    a decision record: uses (u32), JSON; the moment is that of the trace id
//! v · name                               a vault entry: sealed bytes
//! m · kind (1) · key                     a mark: text
//! l · link key (32)                      a link, see [`links`]
//! c · link key (32) · link key (32)      a conflict of two links, in the order of their keys, see [`links`]
//! t · kind (1) · trace (16)              a recording: until (i64), person (32), sealed bytes
//! p · person (32) · kind (1) · trace     the same, by whom it is about: nothing
//! e · until (8) · kind (1) · trace       the same, by when it ends: nothing
//! n · kind (1)                           how many recordings of a kind there are (u64)
//! ```

mod links;
mod recordings;

pub(super) use links::*;
pub(super) use recordings::*;

use crate::ground::id::TraceId;
use crate::ground::time::Timestamp;
use crate::store::{MarkKind, RecordCursor, StoreError, UseKey};

/// The format that this build writes and reads.
pub(super) const FORMAT: u32 = 3;
/// The format without links and recordings. It is read as it is, and is one with the first opening: a build that knows
/// no links would go on with another `sub` for people who have one.
pub(super) const FORMAT_WITHOUT_LINKS: u32 = 2;
pub(super) const FORMAT_KEY: &[u8] = b"f";
pub(super) const OPENINGS_KEY: &[u8] = b"o";
pub(super) const FORGOTTEN_KEY: &[u8] = b"s";

const VERSION: u8 = 1;

/// What one use takes in [`expiry_value`].
pub(super) const EXPIRY_BYTES: usize = 8 + 32;

/// A consumed credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) until: Timestamp,
    pub(super) uses: u32,
    pub(super) first: TraceId,
}

/// Where a record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordKey {
    pub(super) order: u64,
    pub(super) trace_id: TraceId,
}

pub(super) fn use_key(key: &UseKey) -> Vec<u8> {
    joined(b'u', &[key.as_bytes()])
}

/// A key for [`expiry_value`]: the earliest of its moments, and a number that tells two of one moment apart.
pub(super) fn expiry_key(earliest: Timestamp, order: u64) -> Vec<u8> {
    joined(b'x', &[&moment(earliest), &order.to_be_bytes()])
}

/// Everything in which something may be forgotten before `now`: the bounds of a range, the end excluded.
pub(super) fn expired_before(now: Timestamp) -> (Vec<u8>, Vec<u8>) {
    (vec![b'x'], joined(b'x', &[&moment(now)]))
}

/// One value for all uses of a batch: one key each would cost every commit a page of the tree more.
pub(super) fn expiry_value(uses: &[(Timestamp, UseKey)]) -> Vec<u8> {
    let mut value = vec![VERSION];
    for (until, key) in uses {
        value.extend_from_slice(&moment(*until));
        value.extend_from_slice(key.as_bytes());
    }
    value
}

pub(super) fn parse_expiry(bytes: &[u8]) -> Result<Vec<(Timestamp, UseKey)>, StoreError> {
    let mut reader = Reader::of_value(bytes, "list of uses")?;
    let mut uses = Vec::new();
    while !reader.rest.is_empty() {
        uses.push((reader.moment()?, UseKey::from_digest(reader.take()?)));
    }
    Ok(uses)
}

pub(super) fn record_key(key: &RecordKey) -> Vec<u8> {
    joined(b'r', &[&moment(key.trace_id.began()), &key.order.to_be_bytes(), key.trace_id.as_bytes()])
}

/// All records: the bounds of a range, the end excluded.
pub(super) fn all_records() -> (Vec<u8>, Vec<u8>) {
    (vec![b'r'], vec![b'r' + 1])
}

/// All records before a moment: the bounds of a range, the end excluded.
pub(super) fn records_before(moment_: Timestamp) -> (Vec<u8>, Vec<u8>) {
    (vec![b'r'], joined(b'r', &[&moment(moment_)]))
}

/// All records of requests that began in that millisecond: the bounds of a range, the end excluded.
pub(super) fn records_of(at: Timestamp) -> (Vec<u8>, Vec<u8>) {
    let next = Timestamp::from_unix_millis(at.unix_millis().saturating_add(1));
    (joined(b'r', &[&moment(at)]), joined(b'r', &[&moment(next)]))
}

/// All records from a place on: the bounds of a range, the end excluded.
pub(super) fn records_from(cursor: RecordCursor) -> (Vec<u8>, Vec<u8>) {
    (joined(b'r', &[&moment(cursor.at), &cursor.order.to_be_bytes()]), vec![b'r' + 1])
}

pub(super) fn parse_record_key(bytes: &[u8]) -> Result<RecordKey, StoreError> {
    let mut reader = Reader::of_key(bytes, b'r', "record key")?;
    let (at, order) = (reader.moment()?, u64::from_be_bytes(reader.take()?));
    let key = RecordKey { order, trace_id: TraceId::from_bytes(reader.take()?) };
    reader.end()?;
    if key.trace_id.began() == at { Ok(key) } else { Err(StoreError::Damaged("a record is in the wrong place".into())) }
}

pub(super) fn vault_key(name: &str) -> Vec<u8> {
    joined(b'v', &[name.as_bytes()])
}

pub(super) fn mark_key(kind: MarkKind, key: &str) -> Vec<u8> {
    joined(b'm', &[&[mark_kind(kind)], key.as_bytes()])
}

/// The name in a vault key or, after the kind, in a mark key.
pub(super) fn parse_name(bytes: &[u8], prefix: usize) -> Result<String, StoreError> {
    let name = bytes.get(prefix..).unwrap_or_default().to_vec();
    String::from_utf8(name).map_err(|_| StoreError::Damaged("a name is not UTF-8".into()))
}

/// Stored numbers, never changed: another kind gets another one.
const fn mark_kind(kind: MarkKind) -> u8 {
    match kind {
        MarkKind::Distrust => 1,
        MarkKind::SubjectRule => 2,
    }
}

pub(super) fn format_value() -> Vec<u8> {
    FORMAT.to_be_bytes().to_vec()
}

/// The format number; it has no version byte in front, it *is* the version.
pub(super) fn parse_format(bytes: &[u8]) -> Result<u32, StoreError> {
    let number = bytes.try_into().map_err(|_| StoreError::Damaged("the format number is not four bytes".into()))?;
    Ok(u32::from_be_bytes(number))
}

pub(super) fn openings_value(openings: u64) -> Vec<u8> {
    joined(VERSION, &[&openings.to_be_bytes()])
}

pub(super) fn parse_openings(bytes: &[u8]) -> Result<u64, StoreError> {
    let mut reader = Reader::of_value(bytes, "count of openings")?;
    let openings = u64::from_be_bytes(reader.take()?);
    reader.end()?;
    Ok(openings)
}

pub(super) fn forgotten_value(before: Timestamp) -> Vec<u8> {
    joined(VERSION, &[&moment(before)])
}

pub(super) fn parse_forgotten(bytes: &[u8]) -> Result<Timestamp, StoreError> {
    let mut reader = Reader::of_value(bytes, "moment of forgetting")?;
    let before = reader.moment()?;
    reader.end()?;
    Ok(before)
}

pub(super) fn use_value(value: &Use) -> Vec<u8> {
    joined(VERSION, &[&moment(value.until), &value.uses.to_be_bytes(), value.first.as_bytes()])
}

pub(super) fn parse_use(bytes: &[u8]) -> Result<Use, StoreError> {
    let mut reader = Reader::of_value(bytes, "use")?;
    let (until, uses) = (reader.moment()?, u32::from_be_bytes(reader.take()?));
    let value = Use { until, uses, first: TraceId::from_bytes(reader.take()?) };
    reader.end()?;
    Ok(value)
}

pub(super) fn record_value(uses: u32, record: &[u8]) -> Vec<u8> {
    joined(VERSION, &[&uses.to_be_bytes(), record])
}

pub(super) fn parse_record(bytes: &[u8]) -> Result<(u32, Vec<u8>), StoreError> {
    let mut reader = Reader::of_value(bytes, "record")?;
    Ok((u32::from_be_bytes(reader.take()?), reader.rest.to_vec()))
}

pub(super) fn bytes_value(bytes: &[u8]) -> Vec<u8> {
    joined(VERSION, &[bytes])
}

pub(super) fn parse_bytes(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    Ok(Reader::of_value(bytes, "value")?.rest.to_vec())
}

pub(super) fn parse_text(bytes: &[u8]) -> Result<String, StoreError> {
    String::from_utf8(parse_bytes(bytes)?).map_err(|_| StoreError::Damaged("a text is not UTF-8".into()))
}

fn joined(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    bytes.push(first);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

fn moment(at: Timestamp) -> [u8; 8] {
    (at.unix_millis() ^ i64::MIN).to_be_bytes()
}

/// Takes an encoding apart; whatever does not fit is [`StoreError::Damaged`].
struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    fn of_key(bytes: &'a [u8], prefix: u8, what: &'static str) -> Result<Self, StoreError> {
        match bytes.split_first() {
            Some((&first, rest)) if first == prefix => Ok(Self { rest, what }),
            Some(_) | None => Err(StoreError::Damaged(format!("a {what} begins otherwise"))),
        }
    }

    fn of_value(bytes: &'a [u8], what: &'static str) -> Result<Self, StoreError> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => Ok(Self { rest, what }),
            Some((version, _)) => {
                Err(StoreError::Damaged(format!("a {what} has encoding {version}, this build reads {VERSION}")))
            }
            None => Err(StoreError::Damaged(format!("a {what} is empty"))),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or_else(|| StoreError::Damaged(format!("a {} is too short", self.what)))?;
        self.rest = rest;
        Ok(*taken)
    }

    /// A text behind its length, as two bytes.
    fn text(&mut self) -> Result<String, StoreError> {
        let length = u16::from_be_bytes(self.take()?);
        let too_short = || StoreError::Damaged(format!("a {} is too short", self.what));
        let (text, rest) = self.rest.split_at_checked(usize::from(length)).ok_or_else(too_short)?;
        self.rest = rest;
        let not_text = |_| StoreError::Damaged(format!("a {} has a text that is not UTF-8", self.what));
        String::from_utf8(text.to_vec()).map_err(not_text)
    }

    fn moment(&mut self) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_unix_millis(i64::from_be_bytes(self.take()?) ^ i64::MIN))
    }

    fn end(&self) -> Result<(), StoreError> {
        if self.rest.is_empty() { Ok(()) } else { Err(StoreError::Damaged(format!("a {} is too long", self.what))) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millis: i64, order: u64, trace: [u8; 16], digest: [u8; 32], uses: u32, bytes: Vec<u8>) {
            let record = RecordKey { order, trace_id: TraceId::from_bytes(trace) };
            prop_assert_eq!(parse_record_key(&record_key(&record)), Ok(record));
            let list = vec![(at(millis), UseKey::from_digest(digest)); usize::from(trace[0])];
            prop_assert_eq!(parse_expiry(&expiry_value(&list)), Ok(list));
            let used = Use { until: at(millis), uses, first: TraceId::from_bytes(trace) };
            prop_assert_eq!(parse_use(&use_value(&used)), Ok(used));
            prop_assert_eq!(parse_record(&record_value(uses, &bytes)), Ok((uses, bytes.clone())));
            prop_assert_eq!(parse_forgotten(&forgotten_value(at(millis))), Ok(at(millis)));
            prop_assert_eq!(parse_bytes(&bytes_value(&bytes)), Ok(bytes));
        }

        #[test]
        fn the_order_of_keys_is_the_order_of_time(left in 0..1_i64 << 48, right in 0..1_i64 << 48, order: (u64, u64)) {
            let record = |millis, order| record_key(&RecordKey { order, trace_id: TraceId::new(at(millis), [7; 10]) });
            prop_assert_eq!((left, order.0).cmp(&(right, order.1)), record(left, order.0).cmp(&record(right, order.1)));
            let (begin, end) = expired_before(at(right));
            let expiry = expiry_key(at(left), order.0);
            prop_assert_eq!(left < right, begin <= expiry && expiry < end);
        }

        #[test]
        fn garbage_is_damage_and_never_a_panic(bytes: Vec<u8>) {
            let _ = (parse_expiry(&bytes), parse_record_key(&bytes), parse_format(&bytes), parse_forgotten(&bytes));
            let _ = (parse_use(&bytes), parse_record(&bytes), parse_text(&bytes), parse_name(&bytes, 2));
        }
    }

    #[test]
    fn another_version_or_length_is_damage() {
        let good = use_value(&Use { until: at(5), uses: 1, first: TraceId::from_bytes([7; 16]) });
        let mut newer = good.clone();
        newer[0] = 2;
        let longer = [good.as_slice(), &[0]].concat();
        for bytes in [&newer[..], &longer, &good[..12], &[]] {
            assert!(matches!(parse_use(bytes), Err(StoreError::Damaged(_))), "{bytes:?}");
        }
    }
}
