//! The contract in memory: for tests, and for tools that need a store but no memory of it.
//!
//! Floor 6. Nothing survives the last handle. Never wired into a server: "durable" would be a lie.

mod links;
mod recordings;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::ground::id::TraceId;
use crate::ground::time::Timestamp;
use crate::store::{
    Commit, CommitError, Committed, Conflict, Consumption, Ledger, Link, LinkKey, Mark, MarkKind, Marks, RecordCursor,
    RecordPage, Recording, Records, Store, StoreError, StoredRecord, UseKey, UseRule, Vault, VaultEntry, VaultError,
};

/// A store in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    poison: Arc<Mutex<Option<String>>>,
    #[cfg(test)]
    panics: Arc<std::sync::atomic::AtomicBool>,
    #[cfg(test)]
    blind: Arc<std::sync::atomic::AtomicBool>,
}

#[derive(Debug, Default)]
struct State {
    uses: HashMap<UseKey, Use>,
    records: BTreeMap<(Timestamp, u64), StoredRecord>,
    vault: BTreeMap<String, Vec<u8>>,
    marks: BTreeMap<(MarkKind, String), String>,
    links: BTreeMap<LinkKey, Link>,
    conflicts: BTreeMap<[LinkKey; 2], Conflict>,
    recordings: BTreeMap<(u8, TraceId), Recording>,
    next_order: u64,
    /// Uses that ended before this may be gone.
    forgotten: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct Use {
    until: Timestamp,
    uses: u32,
    first: TraceId,
}

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every call fails as if a write had: for tests of what the bridge does then.
    pub fn poison(&self, why: impl Into<String>) {
        *locked(&self.poison) = Some(why.into());
    }

    /// The next commit panics: a fault of ours, as a test needs one.
    #[cfg(test)]
    pub(crate) fn panic_once(&self) {
        self.panics.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    /// The next look for a link finds none, as if it were made a moment later: a race, as a test needs one.
    #[cfg(test)]
    pub(crate) fn blind_once(&self) {
        self.blind.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    /// A handle as after a restart: the same content, not poisoned.
    #[must_use]
    pub fn reopened(&self) -> Self {
        Self { state: Arc::clone(&self.state), ..Self::default() }
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        self.health()?;
        Ok(locked(&self.state))
    }
}

/// A panic of another holder leaves the state whole: every change below is made after the last thing that can fail.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// What is there after this use.
    fn judge(&self, consume: &Consumption, this: TraceId) -> Result<Use, CommitError> {
        let old = self.uses.get(&consume.key).copied();
        match (consume.rule, old) {
            (UseRule::Once, Some(old)) => Err(CommitError::SeenBefore(old.first)),
            (UseRule::AtMost(limit), old) if old.map_or(0, |old| old.uses) >= limit => {
                Err(CommitError::UsedUp { uses: limit })
            }
            (UseRule::Once | UseRule::AtMost(_), None)
                if self.forgotten.is_some_and(|before| consume.until < before) =>
            {
                Err(CommitError::Forgotten { before: self.forgotten.unwrap_or(consume.until) })
            }
            (UseRule::Once | UseRule::AtMost(_), None) => Ok(Use { until: consume.until, uses: 1, first: this }),
            (UseRule::AtMost(_), Some(old)) => {
                Ok(Use { until: old.until.max(consume.until), uses: old.uses + 1, ..old })
            }
        }
    }
}

#[async_trait]
impl Ledger for MemoryStore {
    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        commit.check_size()?;
        #[cfg(test)]
        assert!(!self.panics.swap(false, std::sync::atomic::Ordering::SeqCst), "injected");
        let mut state = self.state()?;
        // Everything is judged before anything is kept.
        let judged = commit.consume.as_ref().map(|consume| {
            let used = state.judge(consume, commit.trace_id)?;
            Ok::<_, CommitError>((consume.key, used))
        });
        let judged = judged.transpose()?;
        let links = state.new_links(commit.links)?;
        state.links.extend(links);
        state.uses.extend(judged);
        let uses = judged.map_or(0, |(_, used)| used.uses);
        let place = (commit.trace_id.began(), state.next_order);
        state.next_order += 1;
        let record = StoredRecord { trace_id: commit.trace_id, uses, record: commit.record };
        state.records.insert(place, record);
        Ok(Committed { uses })
    }

    async fn sweep(&self, now: Timestamp, keep_records_since: Timestamp) -> Result<u64, StoreError> {
        let mut state = self.state()?;
        let count = |state: &State| state.uses.len() + state.records.len() + state.recordings.len();
        let before = count(&state);
        let uses = state.uses.len();
        state.uses.retain(|_, kept| kept.until >= now);
        if state.uses.len() < uses {
            state.forgotten = state.forgotten.max(Some(now));
        }
        state.records.retain(|(at, _), _| *at >= keep_records_since);
        state.recordings.retain(|_, kept| kept.until >= now);
        Ok((before - count(&state)) as u64)
    }
}

#[async_trait]
impl Records for MemoryStore {
    async fn record(&self, trace_id: TraceId) -> Result<Option<StoredRecord>, StoreError> {
        Ok(self.state()?.records.values().rev().find(|record| record.trace_id == trace_id).cloned())
    }

    async fn recent(&self, limit: usize) -> Result<Vec<StoredRecord>, StoreError> {
        Ok(self.state()?.records.values().rev().take(limit).cloned().collect())
    }

    async fn page(&self, from: RecordCursor, limit: usize) -> Result<RecordPage, StoreError> {
        let limit = limit.max(1);
        let state = self.state()?;
        let (mut records, mut next) = (Vec::new(), None);
        for ((at, order), record) in state.records.range((from.at, from.order)..).take(limit) {
            records.push(record.clone());
            next = Some(RecordCursor { at: *at, order: order.saturating_add(1) });
        }
        let next = next.filter(|_| records.len() == limit);
        Ok(RecordPage { records, next })
    }
}

#[async_trait]
impl Vault for MemoryStore {
    async fn replace(&self, name: &str, expected: Option<&[u8]>, new: Option<&[u8]>) -> Result<(), VaultError> {
        VaultEntry::check_size(name, new)?;
        let mut state = self.state()?;
        if state.vault.get(name).map(Vec::as_slice) != expected {
            return Err(VaultError::Conflict);
        }
        match new {
            Some(new) => state.vault.insert(name.to_owned(), new.to_vec()),
            None => state.vault.remove(name),
        };
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<VaultEntry>, StoreError> {
        let state = self.state()?;
        let matching = state.vault.iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(matching.map(|(name, sealed)| VaultEntry { name: name.clone(), sealed: sealed.clone() }).collect())
    }
}

#[async_trait]
impl Marks for MemoryStore {
    async fn mark(&self, mark: Mark) -> Result<(), StoreError> {
        mark.check_size()?;
        self.state()?.marks.insert((mark.kind, mark.key), mark.value);
        Ok(())
    }

    async fn unmark(&self, kind: MarkKind, key: &str) -> Result<(), StoreError> {
        self.state()?.marks.remove(&(kind, key.to_owned()));
        Ok(())
    }

    async fn marks(&self, kind: MarkKind) -> Result<Vec<Mark>, StoreError> {
        let state = self.state()?;
        let matching = state.marks.iter().filter(|((of, _), _)| *of == kind);
        Ok(matching.map(|((_, key), value)| Mark { kind, key: key.clone(), value: value.clone() }).collect())
    }
}

impl Store for MemoryStore {
    fn health(&self) -> Result<(), StoreError> {
        locked(&self.poison).as_ref().map_or(Ok(()), |why| Err(StoreError::Poisoned(why.clone())))
    }
}

/// Opening again keeps the content, as a folder does.
#[cfg(test)]
pub(crate) struct MemoryHarness(MemoryStore);

#[cfg(test)]
impl MemoryHarness {
    pub(crate) fn new() -> Self {
        Self(MemoryStore::new())
    }
}

#[cfg(test)]
impl crate::store::conformance::Harness for MemoryHarness {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.0.reopened())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::{consuming, key, recording};

    #[tokio::test]
    async fn a_poisoned_store_answers_nothing_until_it_is_reopened() {
        let store = MemoryStore::new();
        store.commit(consuming(key("a"), UseRule::Once)).await.unwrap();
        store.poison("injected");
        let poisoned = StoreError::Poisoned("injected".into());
        assert_eq!(store.health(), Err(poisoned.clone()));
        assert_eq!(store.commit(recording(1)).await, Err(CommitError::Store(poisoned.clone())));
        assert_eq!(store.recent(1).await, Err(poisoned));
        let reopened = store.reopened();
        assert!(matches!(reopened.commit(consuming(key("a"), UseRule::Once)).await, Err(CommitError::SeenBefore(_))));
        assert_eq!(reopened.recent(9).await.unwrap().len(), 1);
    }
}
