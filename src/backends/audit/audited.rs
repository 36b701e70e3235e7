//! A store with the audit file behind it: everything but a commit goes straight through.

use std::sync::Arc;

use async_trait::async_trait;

use crate::ground::id::{Sub, TraceId};
use crate::ground::time::Timestamp;
use crate::store::{
    Commit, CommitError, Committed, Conflict, ConflictSeen, Conflicts, Ledger, Link, LinkError, LinkKey, LinkPage,
    Links, Mark, MarkKind, Marks, PersonKey, RecordCursor, RecordPage, Recording, RecordingPage, Recordings, Records,
    Relink, Store, StoreError, StoredRecord, Vault, VaultEntry, VaultError,
};

use super::AuditFile;

/// A store whose committed records also go to the audit file: nobody can commit past it.
pub struct Audited {
    store: Arc<dyn Store>,
    file: Arc<AuditFile>,
}

impl Audited {
    /// Puts the file behind the store.
    pub fn new(store: Arc<dyn Store>, file: Arc<AuditFile>) -> Self {
        Self { store, file }
    }
}

#[async_trait]
impl Ledger for Audited {
    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        let record = commit.record.clone();
        let committed = self.store.commit(commit).await?;
        self.file.write(&record);
        Ok(committed)
    }

    async fn sweep(&self, now: Timestamp, keep_records_since: Timestamp) -> Result<u64, StoreError> {
        self.store.sweep(now, keep_records_since).await
    }
}

#[async_trait]
impl Records for Audited {
    async fn record(&self, trace_id: TraceId) -> Result<Option<StoredRecord>, StoreError> {
        self.store.record(trace_id).await
    }

    async fn recent(&self, limit: usize) -> Result<Vec<StoredRecord>, StoreError> {
        self.store.recent(limit).await
    }

    async fn page(&self, from: RecordCursor, limit: usize) -> Result<RecordPage, StoreError> {
        self.store.page(from, limit).await
    }
}

#[async_trait]
impl Vault for Audited {
    async fn replace(&self, name: &str, expected: Option<&[u8]>, new: Option<&[u8]>) -> Result<(), VaultError> {
        self.store.replace(name, expected, new).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<VaultEntry>, StoreError> {
        self.store.list(prefix).await
    }
}

#[async_trait]
impl Marks for Audited {
    async fn mark(&self, mark: Mark) -> Result<(), StoreError> {
        self.store.mark(mark).await
    }

    async fn unmark(&self, kind: MarkKind, key: &str) -> Result<(), StoreError> {
        self.store.unmark(kind, key).await
    }

    async fn marks(&self, kind: MarkKind) -> Result<Vec<Mark>, StoreError> {
        self.store.marks(kind).await
    }
}

#[async_trait]
impl Links for Audited {
    async fn link(&self, key: &LinkKey) -> Result<Option<Link>, StoreError> {
        self.store.link(key).await
    }

    async fn links_page(&self, after: Option<LinkKey>, limit: usize) -> Result<LinkPage, StoreError> {
        self.store.links_page(after, limit).await
    }

    async fn relink(&self, changes: Vec<Relink>) -> Result<(), LinkError> {
        self.store.relink(changes).await
    }

    async fn unlink(&self, key: &LinkKey, expected: &Sub) -> Result<(), LinkError> {
        self.store.unlink(key, expected).await
    }
}

#[async_trait]
impl Conflicts for Audited {
    async fn note_conflict(&self, seen: ConflictSeen) -> Result<(), StoreError> {
        self.store.note_conflict(seen).await
    }

    async fn conflicts(&self) -> Result<Vec<Conflict>, StoreError> {
        self.store.conflicts().await
    }

    async fn forget_conflict(&self, keys: [LinkKey; 2]) -> Result<bool, StoreError> {
        self.store.forget_conflict(keys).await
    }
}

#[async_trait]
impl Recordings for Audited {
    async fn put(&self, recording: Recording, at_most: u64) -> Result<(), StoreError> {
        self.store.put(recording, at_most).await
    }

    async fn get(&self, kind: u8, trace_id: TraceId) -> Result<Option<Recording>, StoreError> {
        self.store.get(kind, trace_id).await
    }

    async fn recordings_page(
        &self,
        kind: u8,
        after: Option<TraceId>,
        limit: usize,
    ) -> Result<RecordingPage, StoreError> {
        self.store.recordings_page(kind, after, limit).await
    }

    async fn recordings_count(&self, kind: u8) -> Result<u64, StoreError> {
        self.store.recordings_count(kind).await
    }

    async fn remove_of(&self, person: &PersonKey) -> Result<u64, StoreError> {
        self.store.remove_of(person).await
    }
}

impl Store for Audited {
    fn health(&self) -> Result<(), StoreError> {
        self.store.health()
    }
}
