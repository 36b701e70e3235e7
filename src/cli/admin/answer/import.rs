//! A part of an export is taken over: links that are not there, and sources without trust.

use crate::ground::id::{Namespace, Sub};
use crate::mapping::Subject;
use crate::store::{MAX_SUB_BYTES, Mark, MarkKind, Relink};
use crate::token::LinkMaker;

use super::super::transfer::{Contradiction, ImportPart, Imported, LinkLine};
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
    let is_new = |source: &str| !there.iter().any(|mark| mark.key == source);
    let new = part.distrust.iter().filter(|line| is_new(&line.source));
    Ok(new.map(|line| Mark { kind: MarkKind::Distrust, key: line.source.clone(), value: line.mark.clone() }).collect())
}
