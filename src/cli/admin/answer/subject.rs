//! Whose `sub` it is, and what becomes of links and conflicts.

use crate::diagnostic::suggest;
use crate::ground::id::{Namespace, SourceId, Sub};
use crate::ground::time::Timestamp;
use crate::mapping::Subject;
use crate::store::{Conflict, LinkError, NewLink, Relink, Side};

use super::super::subject::{
    Called, ConflictRow, ConflictsShown, LinkedRow, Resolve, Resolved, SideRow, SubjectQuery, SubjectsShown, Unlink,
    Unlinked,
};
use super::super::{Refusal, RefusalKind};
use super::{State, each_link, unavailable};

/// What a mapping's own values have in place of a format.
const MAPPED: &str = "mapped";

/// A link, opened.
struct Opened {
    new: NewLink,
    subject: Subject,
}

/// Everybody of a source who is called so.
struct Found {
    linked: Vec<Opened>,
    unreadable: u64,
}

pub(super) async fn show(query: &SubjectQuery, state: State<'_>) -> Result<SubjectsShown, Refusal> {
    let namespace = namespace(query, state)?;
    let found = find(&namespace, &query.called, state).await?;
    let would_be = match exact(&namespace, &query.called) {
        Some(subject) if found.linked.is_empty() => Some(state.opened_keys()?.subjects.derived(&subject).to_string()),
        Some(_) | None => None,
    };
    Ok(SubjectsShown {
        namespace: namespace.to_string(),
        linked: found.linked.iter().map(row).collect(),
        would_be,
        unreadable: found.unreadable,
    })
}

pub(super) async fn unlink(asked: &Unlink, state: State<'_>) -> Result<Unlinked, Refusal> {
    let namespace = namespace(&asked.whose, state)?;
    let found = find(&namespace, &asked.whose.called, state).await?;
    let of_sub = found.linked.iter().filter(|opened| opened.new.link.sub.as_str() == asked.sub);
    let changes: Vec<Relink> = of_sub
        .map(|opened| Relink { key: opened.new.key, expected: Some(opened.new.link.sub.clone()), link: None })
        .collect();
    if changes.is_empty() {
        let message = format!("nobody of `{namespace}` is called so and has that sub");
        return Err(Refusal::new(RefusalKind::NotFound, message));
    }
    let unlinked = changes.len() as u64;
    state.store.relink(changes).await.map_err(|error| not_changed(&error))?;
    Ok(Unlinked { unlinked })
}

fn namespace(query: &SubjectQuery, state: State<'_>) -> Result<Namespace, Refusal> {
    match (&query.source, &query.namespace) {
        (None, Some(namespace)) => Ok(Namespace::new(namespace.as_str())),
        (Some(source), None) => {
            let known = || state.namespaces.keys().map(SourceId::as_str);
            state.namespaces.get(&SourceId::new(source.as_str())).cloned().ok_or_else(|| Refusal {
                suggestion: suggest(source, known()).map(str::to_owned),
                ..Refusal::new(RefusalKind::NotFound, format!("there is no source `{source}`"))
            })
        }
        (_, _) => Err(Refusal::new(RefusalKind::BadRequest, "either a source or a namespace is named")),
    }
}

/// The one identifier that is meant, where nothing of it is left open.
fn exact(namespace: &Namespace, called: &Called) -> Option<Subject> {
    let (format, value) = match called {
        Called::Mapped(value) => (MAPPED, value),
        Called::NameId { value, format: Some(format) } => (format.as_str(), value),
        Called::NameId { format: None, .. } => return None,
    };
    let qualifiers = [String::new(), String::new()];
    Some(Subject { namespace: namespace.clone(), format: format.to_owned(), qualifiers, value: value.clone() })
}

/// By its key where the identifier is whole; else every link of the source is opened, for an administrator seldom knows the
/// qualifiers of a `NameID`.
async fn find(namespace: &Namespace, called: &Called, state: State<'_>) -> Result<Found, Refusal> {
    let keys = state.opened_keys()?;
    let mut found = Found { linked: Vec::new(), unreadable: 0 };
    if let (Called::Mapped(_), Some(subject)) = (called, exact(namespace, called)) {
        let key = keys.subjects.link_key(&subject);
        let link = state.store.link(&key).await.map_err(|error| unavailable(&error))?;
        found.linked.extend(link.map(|link| Opened { new: NewLink { key, link }, subject }));
        return Ok(found);
    }
    each_link(state.store, |new| {
        if new.link.namespace == *namespace {
            match keys.subjects.opened(&new, keys.master) {
                Ok(subject) if is_called(&subject, called) => found.linked.push(Opened { new, subject }),
                Ok(_) => {}
                Err(_) => found.unreadable += 1,
            }
        }
    })
    .await?;
    Ok(found)
}

fn is_called(subject: &Subject, called: &Called) -> bool {
    match called {
        Called::Mapped(value) => subject.format == MAPPED && subject.value == *value,
        Called::NameId { value, format } => {
            subject.format != MAPPED
                && subject.value == *value
                && format.as_ref().is_none_or(|format| subject.format == *format)
        }
    }
}

fn row(opened: &Opened) -> LinkedRow {
    let (new, subject) = (&opened.new, &opened.subject);
    LinkedRow {
        format: subject.format.clone(),
        qualifiers: subject.qualifiers.clone(),
        value: subject.value.clone(),
        sub: new.link.sub.to_string(),
        made: new.link.made.to_string(),
        by: new.link.by.map(|by| by.to_string()),
        key: new.key.to_string(),
    }
}

pub(super) async fn conflicts(state: State<'_>) -> Result<ConflictsShown, Refusal> {
    let conflicts = state.store.conflicts().await.map_err(|error| unavailable(&error))?;
    let mut rows = Vec::with_capacity(conflicts.len());
    for conflict in &conflicts {
        let [one, other] = &conflict.sides;
        rows.push(ConflictRow {
            id: conflict.id(),
            sides: [side(one, state).await?, side(other, state).await?],
            first_seen: conflict.first_seen.to_string(),
            last_seen: conflict.last_seen.to_string(),
            count: conflict.count,
            trace_id: conflict.trace_id.to_string(),
        });
    }
    Ok(ConflictsShown { conflicts: rows })
}

async fn side(side: &Side, state: State<'_>) -> Result<SideRow, Refusal> {
    let link = state.store.link(&side.key).await.map_err(|error| unavailable(&error))?;
    let link = link.filter(|link| link.sub == side.sub);
    Ok(SideRow {
        namespace: side.namespace.to_string(),
        sub: side.sub.to_string(),
        since: link.map(|link| link.made.to_string()),
    })
}

pub(super) async fn resolve(asked: &Resolve, state: State<'_>) -> Result<Resolved, Refusal> {
    let conflicts = state.store.conflicts().await.map_err(|error| unavailable(&error))?;
    let Some(conflict) = conflicts.iter().find(|conflict| conflict.id() == asked.conflict) else {
        let ids: Vec<String> = conflicts.iter().map(Conflict::id).collect();
        let suggestion = suggest(&asked.conflict, ids.iter().map(String::as_str)).map(str::to_owned);
        let refusal = Refusal::new(RefusalKind::NotFound, format!("there is no conflict `{}`", asked.conflict));
        return Err(Refusal { suggestion, ..refusal });
    };
    let Some(keep) = &asked.keep else {
        state.store.forget_conflict(conflict.keys()).await.map_err(|error| unavailable(&error))?;
        return Ok(Resolved { resolved: conflict.id(), kept: None, given_up: None, still_there: 0 });
    };
    let (changes, given_up) = changes_of(conflict, &Sub::new(keep.as_str()), state).await?;
    state.store.relink(changes).await.map_err(|error| not_changed(&error))?;
    let mut still_there = 0;
    each_link(state.store, |new| {
        still_there += u64::from(new.link.sub == given_up);
    })
    .await?;
    let (kept, given_up) = (Some(keep.clone()), Some(given_up.to_string()));
    Ok(Resolved { resolved: conflict.id(), kept, given_up, still_there })
}

/// What gives both links the `sub` that is kept, and the one that goes. Judged by what the links have now.
async fn changes_of(conflict: &Conflict, keep: &Sub, state: State<'_>) -> Result<(Vec<Relink>, Sub), Refusal> {
    let (mut changes, mut subs) = (Vec::new(), Vec::new());
    for key in conflict.keys() {
        let Some(link) = state.store.link(&key).await.map_err(|error| unavailable(&error))? else {
            return Err(Refusal::new(RefusalKind::Conflict, "one of the two links is gone, so there is no conflict"));
        };
        subs.push(link.sub.clone());
        if link.sub != *keep {
            let (expected, made) = (Some(link.sub.clone()), state.now);
            let link = crate::store::Link { sub: keep.clone(), made, by: None, ..link };
            changes.push(Relink { key, expected, link: Some(link) });
        }
    }
    let given_up = subs.iter().find(|sub| *sub != keep).cloned();
    given_up.filter(|_| subs.contains(keep)).map(|given_up| (changes, given_up)).ok_or_else(|| {
        let subs: Vec<String> = subs.iter().map(|sub| format!("`{sub}`")).collect();
        let message = format!("`{keep}` is not one of the two: keep {}", subs.join(" or "));
        Refusal::new(RefusalKind::Conflict, message)
    })
}

pub(super) fn not_changed(error: &LinkError) -> Refusal {
    match error {
        LinkError::Changed(_) => Refusal::new(RefusalKind::Conflict, "a link was changed meanwhile: look again"),
        LinkError::Store(error) => unavailable(error),
    }
}

/// As RFC 3339 in UTC, or a refusal.
pub(super) fn moment(text: &str) -> Result<Timestamp, Refusal> {
    Timestamp::parse_utc(text).map_err(|why| Refusal::new(RefusalKind::BadRequest, format!("`{text}` is {why}")))
}
