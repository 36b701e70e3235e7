//! The embedded store: one folder, one process, one tree, one thread that writes.
//!
//! Floor 6. The only user of sled.
//!
//! ```text
//! commit, replace, mark, relink, put, sweep, … ─▶ queue ─▶ committer ─▶ sled ─▶ fdatasync ─▶ answer
//! record, page, list, marks, link, get, … ──────────────────────────▶ sled
//! ```
//!
//! **Invariant.** What was answered with success survives the end of the process and of the power.
//!
//! **Invariant.** Poisoned is for good: every call fails until the folder is opened anew.
//!
//! **Absent on purpose.** Values over 16 KiB; a second tree (a batch is atomic in one tree only); `flush_async`;
//! sled's own transactions, which would not tell us when they are durable.

mod codec;
mod committer;
mod durability;
mod links;
mod open;
mod recordings;
mod staging;
#[cfg(test)]
mod tests;
mod watchdog;

use std::fmt;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use async_trait::async_trait;
use sled::Db;
use tokio::sync::{mpsc, oneshot};

use crate::ground::id::TraceId;
use crate::ground::time::Timestamp;
use crate::store::{
    Commit, CommitError, Committed, Ledger, Mark, MarkKind, Marks, RecordCursor, RecordPage, Records, Store,
    StoreError, StoredRecord, Vault, VaultEntry, VaultError,
};

use self::codec::RecordKey;
use self::committer::{Committer, Health, Job, QUEUE};
use self::durability::{DataFile, Durability};
use self::open::{Opened, read_failure};
use self::staging::{Replacement, Staging, SweepStep, Swept, behind, range};
use self::watchdog::{Flushing, PERIOD, Rescue, Watchdog};

pub use self::open::{OpenError, SledOptions};
#[cfg(test)]
pub(crate) use self::tests::SledHarness;

/// How much one part of a sweep takes: commits wait no longer than for one such part.
const SWEEP_LISTS: usize = 1;
const SWEEP_RECORDS: usize = 64;

/// An open store. Clones share it; when the last one goes, what waits is written, and the folder is let go.
#[derive(Clone)]
pub struct SledStore {
    inner: Arc<Inner>,
}

impl fmt::Debug for SledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledStore").field("health", &self.inner.health.check()).finish_non_exhaustive()
    }
}

struct Inner {
    health: Arc<Health>,
    jobs: Option<mpsc::Sender<Job>>,
    committer: Option<JoinHandle<()>>,
    watchdog: Option<Watchdog>,
    flushing: Flushing,
    db: Option<Db>,
    lock: Option<File>,
}

impl SledStore {
    /// Opens the folder, or makes it. Blocks while sled reads its log.
    pub fn open(options: &SledOptions) -> Result<Self, OpenError> {
        let opened = open::open(options)?;
        let durability = DataFile::open(options.path.clone())
            .map_err(|source| OpenError::Io { path: options.path.join("db"), source })?;
        Self::start(opened, options, Box::new(durability))
    }

    fn start(opened: Opened, options: &SledOptions, durability: Box<dyn Durability>) -> Result<Self, OpenError> {
        let Opened { db, lock, opening, forgotten } = opened;
        let failed = |source| OpenError::Io { path: options.path.clone(), source };
        let (jobs, receiver) = mpsc::channel(QUEUE);
        let (health, flushing) = (Arc::new(Health::default()), Flushing::default());
        let staging = Staging::new(db.clone(), opening, forgotten);
        let committer = Committer::new(staging, db.clone(), durability, flushing.clone(), Arc::clone(&health));
        let mut inner = Inner {
            health,
            jobs: Some(jobs),
            committer: None,
            watchdog: None,
            flushing: flushing.clone(),
            db: Some(db.clone()),
            lock: Some(lock),
        };
        inner.committer = Some(committer.spawn(receiver).map_err(failed)?);
        let rescue = FlushRescue { db, health: Arc::clone(&inner.health) };
        inner.watchdog = Some(Watchdog::spawn(flushing, PERIOD, rescue).map_err(failed)?);
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What sled's files take on disk, in bytes.
    pub fn bytes_on_disk(&self) -> Result<u64, StoreError> {
        self.db()?.size_on_disk().map_err(read_failure)
    }

    /// For reading; nothing is read from a poisoned store, for it may show what the disk does not have.
    fn db(&self) -> Result<&Db, StoreError> {
        self.inner.health.check()?;
        self.inner.db.as_ref().ok_or_else(gone)
    }

    async fn ask<T, E: From<StoreError>>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, E>>) -> Job,
    ) -> Result<T, E> {
        self.inner.health.check()?;
        let (answer, answered) = oneshot::channel();
        let jobs = self.inner.jobs.as_ref().ok_or_else(gone)?;
        let answered = async {
            jobs.send(job(answer)).await.map_err(|_| self.stopped())?;
            answered.await.unwrap_or_else(|_| Err(self.stopped().into()))
        };
        tokio::select! {
            biased; // An answer that is there counts, whatever has happened since.
            answer = answered => answer,
            error = self.inner.health.poisoned() => Err(error.into()),
        }
    }

    /// Asks again as long as there is more; says how many went in all.
    async fn ask_in_steps(
        &self,
        job: impl Fn(oneshot::Sender<Result<Swept, StoreError>>) -> Job,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let swept = self.ask(&job).await?;
            removed += swept.removed;
            if !swept.more {
                return Ok(removed);
            }
        }
    }

    /// The committer is gone although the store is held: it has panicked, and the poison may be a moment behind.
    fn stopped(&self) -> StoreError {
        let unknown = StoreError::Poisoned("the committer stopped".into());
        self.inner.health.check().err().unwrap_or(unknown)
    }

    fn stored(key: RecordKey, value: &[u8]) -> Result<StoredRecord, StoreError> {
        let (uses, record) = codec::parse_record(value)?;
        Ok(StoredRecord { trace_id: key.trace_id, uses, record })
    }
}

/// See [`watchdog`].
struct FlushRescue {
    db: Db,
    health: Arc<Health>,
}

impl Rescue for FlushRescue {
    fn wake(&self) {
        let db = self.db.clone();
        // In a thread of its own: it may wait as long as the flush that it is to wake.
        let woken = thread::Builder::new().name("store-wake".into()).spawn(move || drop(db.flush()));
        if let Err(error) = woken {
            tracing::error!(%error, "a slow flush could not be woken");
        }
    }

    fn give_up(&self) {
        self.health.poison("a flush does not end".into());
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.jobs = None;
        self.watchdog = None;
        let poisoned = self.health.check().is_err();
        if let Some(committer) = self.committer.take()
            && (!poisoned || committer.is_finished() || !self.flushing.is_running())
        {
            // A committer that panicked has poisoned the store and said so. One that hangs in a flush is left behind,
            // with sled: waiting for it would be waiting for ever.
            drop(committer.join());
        }
        // sled panics where it cannot sync while it is dropped; all that was answered is durable by now.
        let db = self.db.take();
        if catch_unwind(AssertUnwindSafe(|| drop(db))).is_err() {
            tracing::error!("the store could not be closed in good order");
        }
        self.lock = None;
    }
}

#[async_trait]
impl Ledger for SledStore {
    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        commit.check_size()?;
        self.ask(|answer| Job::Commit(commit, answer)).await
    }

    async fn sweep(&self, now: Timestamp, keep_records_since: Timestamp) -> Result<u64, StoreError> {
        let step = SweepStep {
            uses_before: now,
            records_before: keep_records_since,
            lists: SWEEP_LISTS,
            records: SWEEP_RECORDS,
        };
        self.ask_in_steps(|answer| Job::Sweep(step, answer)).await
    }
}

#[async_trait]
impl Records for SledStore {
    async fn record(&self, trace_id: TraceId) -> Result<Option<StoredRecord>, StoreError> {
        for entry in self.db()?.range(range(codec::records_of(trace_id.began()))).rev() {
            let (key, value) = entry.map_err(read_failure)?;
            let key = codec::parse_record_key(&key)?;
            if key.trace_id == trace_id {
                return Self::stored(key, &value).map(Some);
            }
        }
        Ok(None)
    }

    async fn recent(&self, limit: usize) -> Result<Vec<StoredRecord>, StoreError> {
        let newest_first = self.db()?.range(range(codec::all_records())).rev().take(limit);
        newest_first
            .map(|entry| {
                let (key, value) = entry.map_err(read_failure)?;
                Self::stored(codec::parse_record_key(&key)?, &value)
            })
            .collect()
    }

    async fn page(&self, from: RecordCursor, limit: usize) -> Result<RecordPage, StoreError> {
        let limit = limit.max(1);
        let (mut records, mut next) = (Vec::new(), None);
        for entry in self.db()?.range(range(codec::records_from(from))).take(limit) {
            let (key, value) = entry.map_err(read_failure)?;
            let key = codec::parse_record_key(&key)?;
            records.push(Self::stored(key, &value)?);
            next = Some(behind(&key));
        }
        let next = next.filter(|_| records.len() == limit);
        Ok(RecordPage { records, next })
    }
}

#[async_trait]
impl Vault for SledStore {
    async fn replace(&self, name: &str, expected: Option<&[u8]>, new: Option<&[u8]>) -> Result<(), VaultError> {
        VaultEntry::check_size(name, new)?;
        let replacement =
            Replacement { name: name.into(), expected: expected.map(<[u8]>::to_vec), new: new.map(<[u8]>::to_vec) };
        self.ask(|answer| Job::Replace(replacement, answer)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<VaultEntry>, StoreError> {
        let entries = self.db()?.scan_prefix(codec::vault_key(prefix));
        entries
            .map(|entry| {
                let (key, value) = entry.map_err(read_failure)?;
                Ok(VaultEntry { name: codec::parse_name(&key, 1)?, sealed: codec::parse_bytes(&value)? })
            })
            .collect()
    }
}

#[async_trait]
impl Marks for SledStore {
    async fn mark(&self, mark: Mark) -> Result<(), StoreError> {
        mark.check_size()?;
        self.ask(|answer| Job::Mark(mark, answer)).await
    }

    async fn unmark(&self, kind: MarkKind, key: &str) -> Result<(), StoreError> {
        self.ask(|answer| Job::Unmark(kind, key.to_owned(), answer)).await
    }

    async fn marks(&self, kind: MarkKind) -> Result<Vec<Mark>, StoreError> {
        let entries = self.db()?.scan_prefix(codec::mark_key(kind, ""));
        entries
            .map(|entry| {
                let (key, value) = entry.map_err(read_failure)?;
                Ok(Mark { kind, key: codec::parse_name(&key, 2)?, value: codec::parse_text(&value)? })
            })
            .collect()
    }
}

impl Store for SledStore {
    fn health(&self) -> Result<(), StoreError> {
        self.inner.health.check()
    }
}
