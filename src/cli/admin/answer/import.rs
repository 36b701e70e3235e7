//! A part of an export is taken over: links that are not there, and sources without trust.

use crate::crypto::digest::{hex, sha256};
use crate::ground::id::{Namespace, Sub};
use crate::mapping::Subject;
use crate::store::{MAX_SUB_BYTES, Mark, MarkKind, Relink};
use crate::token::LinkMaker;

use super::super::transfer::{Contradiction, DistrustLine, ImportPart, Imported, LinkLine};
use super::super::{Refusal, RefusalKind};
use super::subject::{moment, not_changed};
use super::{State, unavailable};

pub(super) async fn import(part: &ImportPart, state: State<'_>) -> Result<Imported, Refusal> {
    let mut imported = Imported::default();
    let mut changes = Vec::new();
    for line in &part.links {
        let new = new_link(line, state)?;
        let there = state.store.link(&new.key).await.map_err(|error| unavailable(&error))?;
        match there {
            Some(there) if there.sub == new.link.sub => imported.same_links += 1,
            Some(there) => imported.contradictions.push(Contradiction {
                namespace: line.namespace.clone(),
                here: there.sub.to_string(),
                there: line.sub.clone(),
            }),
            None => {
                imported.new_links += 1;
                changes.push(Relink { key: new.key, expected: None, link: Some(new.link) });
            }
        }
    }
    let marks = new_marks(part, state).await?;
    imported.new_distrust = marks.len() as u64;
    if part.dry_run || !imported.contradictions.is_empty() {
        return Ok(imported);
    }
    state.store.relink(changes).await.map_err(|error| not_changed(&error))?;
    for mark in marks {
        state.store.mark(mark).await.map_err(|error| unavailable(&error))?;
    }
    Ok(imported)
}

fn new_link(line: &LinkLine, state: State<'_>) -> Result<crate::store::NewLink, Refusal> {
    let bad = |why: &str| Refusal::new(RefusalKind::BadRequest, format!("a link of `{}`: {why}", line.namespace));
    if line.sub.is_empty() || line.sub.len() > MAX_SUB_BYTES || line.sub.chars().any(char::is_control) {
        return Err(bad("its sub is empty, longer than 255 characters, or has control characters"));
    }
    if line.value.is_empty() || line.namespace.is_empty() || line.format.is_empty() {
        return Err(bad("namespace, format and value are never empty"));
    }
    let subject = Subject {
        namespace: Namespace::new(line.namespace.as_str()),
        format: line.format.clone(),
        qualifiers: [line.name_qualifier.clone(), line.sp_name_qualifier.clone()],
        value: line.value.clone(),
    };
    let keys = state.opened_keys()?;
    let now = moment(&line.made)?;
    let maker = LinkMaker { subjects: keys.subjects, master: keys.master, entropy: state.entropy, now, by: None };
    let new = maker.link(&subject, Sub::new(line.sub.as_str()));
    new.link.check_size().map_err(|error| bad(&error.to_string()))?;
    Ok(new)
}

/// Trust is only ever taken by an import, never given.
async fn new_marks(part: &ImportPart, state: State<'_>) -> Result<Vec<Mark>, Refusal> {
    if part.distrust.is_empty() {
        return Ok(Vec::new());
    }
    let there = state.store.marks(MarkKind::Distrust).await.map_err(|error| unavailable(&error))?;
    let lasting = |mark: &str| mark.split_once(' ').map(|(_, namespace)| namespace.to_owned());
    let key = |line: &DistrustLine| {
        let known = there.iter().find(|mark| mark.key == line.source);
        let Some(known) = known else { return Some(line.source.clone()) };
        // Another source had this id there: its mark stands beside ours.
        let namespace = lasting(&line.mark).filter(|namespace| lasting(&known.value).as_ref() != Some(namespace))?;
        let key = format!("{} {}", line.source, hex(&sha256(namespace.as_bytes())));
        (!there.iter().any(|mark| mark.key == key)).then_some(key)
    };
    let new = part.distrust.iter().filter_map(|line| Some((key(line)?, line.mark.clone())));
    Ok(new.map(|(key, value)| Mark { kind: MarkKind::Distrust, key, value }).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::backends::memory::MemoryStore;
    use crate::crypto::entropy::SystemEntropy;
    use crate::ground::time::Timestamp;
    use crate::store::Marks as _;

    #[tokio::test]
    async fn a_source_of_another_name_under_the_same_id_stays_without_trust() {
        let store = MemoryStore::default();
        let mark = |value: &str| Mark { kind: MarkKind::Distrust, key: "corp".into(), value: value.into() };
        store.mark(mark("2026-03-01T12:00:00Z https://idp.example")).await.unwrap();
        let line = |mark: &str| DistrustLine { source: "corp".into(), mark: mark.into() };
        let namespaces = BTreeMap::new();
        let state = State {
            store: &store,
            master_keys: None,
            keys: None,
            entropy: &SystemEntropy,
            sources: &[],
            namespaces: &namespaces,
            bridge: None,
            issuer: None,
            now: Timestamp::from_unix_seconds(0),
        };
        let part = |distrust| ImportPart { links: Vec::new(), distrust, dry_run: false };
        for (mark, new) in [
            ("2026-01-01T00:00:00Z https://idp.example", 0),
            ("2026-01-01T00:00:00Z https://other.example", 1),
            ("2026-01-01T00:00:00Z https://other.example", 0),
        ] {
            let imported = import(&part(vec![line(mark)]), state).await.unwrap();
            assert_eq!(imported.new_distrust, new, "{mark}");
        }
        let values: Vec<_> =
            store.marks(MarkKind::Distrust).await.unwrap().into_iter().map(|mark| mark.value).collect();
        assert_eq!(values.len(), 2, "{values:?}");
    }
}
