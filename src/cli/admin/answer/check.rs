//! The whole store is read: what there is, and whether it is what it should be.

use crate::crypto::recording::RecordingKey;
use crate::crypto::stored::StoredKey;
use crate::crypto::subject::SubjectKey;
use crate::store::{MarkKind, NewLink, RecordCursor, VaultEntry};

use super::super::Refusal;
use super::super::transfer::Checked;
use super::{PAGE, State, each_link, unavailable};

/// So many problems are named; the others are counted.
const NAMED: usize = 20;

pub(super) async fn check(state: State<'_>) -> Result<Checked, Refusal> {
    let mut checked = Checked::default();
    each_link(state.store, |new| {
        checked.links += 1;
        *checked.links_by_namespace.entry(new.link.namespace.to_string()).or_default() += 1;
        if let Some(problem) = problem_of_link(&new, state) {
            checked.note(problem);
        }
    })
    .await?;
    records(&mut checked, state).await?;
    let entries = state.store.list("").await.map_err(|error| unavailable(&error))?;
    checked.sealed = entries.len() as u64;
    for problem in entries.iter().filter_map(|entry| problem_of_entry(entry, state)) {
        checked.note(problem);
    }
    for kind in 0..=u8::MAX {
        checked.recordings += state.store.recordings_count(kind).await.map_err(|error| unavailable(&error))?;
    }
    checked.conflicts = state.store.conflicts().await.map_err(|error| unavailable(&error))?.len() as u64;
    let marks = state.store.marks(MarkKind::Distrust).await.map_err(|error| unavailable(&error))?;
    checked.distrusted = marks.len() as u64;
    Ok(checked)
}

async fn records(checked: &mut Checked, state: State<'_>) -> Result<(), Refusal> {
    let mut cursor = Some(RecordCursor::start());
    while let Some(from) = cursor {
        let page = state.store.page(from, PAGE).await.map_err(|error| unavailable(&error))?;
        for stored in &page.records {
            checked.records += 1;
            if serde_json::from_slice::<serde::de::IgnoredAny>(&stored.record).is_err() {
                checked.note(format!("the record of {} is no JSON", stored.trace_id));
            }
        }
        cursor = page.next;
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Without keys nothing can be said: the store is new, and has no links.
fn problem_of_link(new: &NewLink, state: State<'_>) -> Option<String> {
    let damage = match state.opened_keys() {
        Ok(keys) => keys.subjects.opened(new, keys.master).err()?.to_string(),
        Err(refusal) => refusal.message,
    };
    Some(format!("the link {} of `{}`: {damage}", new.key, new.link.namespace))
}

fn problem_of_entry(entry: &VaultEntry, state: State<'_>) -> Option<String> {
    let Some(master) = state.master_keys else { return Some("the master key is not there".to_owned()) };
    let name = &entry.name;
    if name.starts_with(StoredKey::VAULT_PREFIX) {
        let opened = StoredKey::open(master, name, &entry.sealed).and_then(|key| key.prepare().map(drop));
        return opened.err().map(|error| error.to_string());
    }
    if name == SubjectKey::VAULT_NAME {
        return SubjectKey::open(master, &entry.sealed).err().map(|error| format!("the subject key: {error}"));
    }
    if name == RecordingKey::VAULT_NAME {
        return RecordingKey::open(master, &entry.sealed).err().map(|error| format!("the recording key: {error}"));
    }
    Some(format!("the sealed value `{name}` is of no kind that this version knows"))
}

impl Checked {
    fn note(&mut self, problem: String) {
        self.problem_count += 1;
        if self.problems.len() < NAMED {
            self.problems.push(problem);
        }
    }
}
