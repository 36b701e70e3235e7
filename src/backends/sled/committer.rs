//! The one thread that writes.
//!
//! ```text
//! jobs (bounded) ─▶ stage: judge against tree + batch in hand ─▶ apply_batch ─▶ flush ─▶ fdatasync ─▶ answers
//!                    ╰─ whatever waits, up to a bound ─╯            ╰─ any failure: poisoned, for good ─╯
//! ```
//!
//! **Invariant.** No answer leaves before the fdatasync of its batch has returned: refusals too, for what they are
//! based on may lie in the same batch.
//!
//! **Invariant.** What the tree shows to a new batch is durable: a batch begins when the one before it is.
//!
//! **Why batches are bounded in bytes.** sled may move a page to another segment and use the old one again as soon as
//! `sync_file_range` has returned, before our fdatasync. A batch far smaller than a segment cannot do both.

use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{io, thread};

use sled::{Batch, Db};
use tokio::sync::{mpsc, oneshot, watch};

use crate::store::{
    Commit, CommitError, Committed, ConflictSeen, LinkError, LinkKey, MAX_VALUE_BYTES, Mark, MarkKind, PersonKey,
    Recording, Relink, StoreError, VaultError,
};

use super::codec;
use super::durability::Durability;
use super::staging::{Replacement, Staging, SweepStep, Swept};
use super::watchdog::Flushing;

/// How many jobs may wait; who comes later waits for a place.
pub(super) const QUEUE: usize = 1024;
const BATCH_JOBS: usize = 256;
const BATCH_BYTES: usize = 256 * 1024;
/// Where several wait at once, others are about to come, and a batch costs the same whoever is in it: some 200 µs of
/// processor time, since sled wakes all its threads for each of two writes. So a batch is held open in steps of `GATHER`
/// for as long as every step brings somebody. It ends far below what the flush takes, and one alone never waits.
const GATHER: Duration = Duration::from_micros(50);
const GATHERINGS: usize = 4;
// The index has one value for the uses of a batch, and no value may be larger than any other.
const _: () = assert!(BATCH_JOBS * codec::EXPIRY_BYTES < MAX_VALUE_BYTES);

type Answer<T, E> = oneshot::Sender<Result<T, E>>;

/// What may be asked of the committer.
pub(super) enum Job {
    Commit(Commit, Answer<Committed, CommitError>),
    Replace(Replacement, Answer<(), VaultError>),
    Mark(Mark, Answer<(), StoreError>),
    Unmark(MarkKind, String, Answer<(), StoreError>),
    Sweep(SweepStep, Answer<Swept, StoreError>),
    Relink(Vec<Relink>, Answer<(), LinkError>),
    NoteConflict(ConflictSeen, Answer<(), StoreError>),
    ForgetConflict([LinkKey; 2], Answer<bool, StoreError>),
    /// With how many of its kind may remain.
    Record(Recording, u64, Answer<Swept, StoreError>),
    Trim(u8, u64, Answer<Swept, StoreError>),
    RemoveOf(PersonKey, Answer<Swept, StoreError>),
}

/// Whether writes still become durable. Set once; only reopening makes a new one.
#[derive(Debug, Default)]
pub(super) struct Health {
    why: OnceLock<String>,
    told: watch::Sender<bool>,
}

impl Health {
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.why.get().map_or(Ok(()), |why| Err(StoreError::Poisoned(why.clone())))
    }

    /// The first reason stays.
    pub(super) fn poison(&self, why: String) -> StoreError {
        tracing::error!(why, "the store is poisoned: nothing is written until it is reopened");
        let error = StoreError::Poisoned(self.why.get_or_init(|| why).clone());
        self.told.send_replace(true);
        error
    }

    /// Returns when the store has been poisoned.
    pub(super) async fn poisoned(&self) -> StoreError {
        // The sender is beside it and cannot be gone; the reason is there before anybody is told.
        drop(self.told.subscribe().wait_for(|poisoned| *poisoned).await);
        self.check().err().unwrap_or_else(|| StoreError::Poisoned("for an unknown reason".into()))
    }
}

/// The writer's side of the store.
pub(super) struct Committer {
    db: Db,
    staging: Staging,
    durability: Box<dyn Durability>,
    flushing: Flushing,
    health: Arc<Health>,
}

/// Sends one staged answer, or the failure of its batch in its place.
type Reply = Box<dyn FnOnce(Result<(), StoreError>)>;

fn reply<T: 'static, E: From<StoreError> + 'static>(answer: Answer<T, E>, staged: Result<T, E>) -> Reply {
    // Who has gone away no longer wants the answer; the commit holds all the same.
    Box::new(move |outcome| drop(answer.send(outcome.map_err(E::from).and(staged))))
}

impl Committer {
    pub(super) fn new(
        staging: Staging,
        db: Db,
        durability: Box<dyn Durability>,
        flushing: Flushing,
        health: Arc<Health>,
    ) -> Self {
        Self { db, staging, durability, flushing, health }
    }

    /// Starts the thread; it ends when the last sender of jobs is gone and all jobs are answered.
    pub(super) fn spawn(self, jobs: mpsc::Receiver<Job>) -> io::Result<thread::JoinHandle<()>> {
        thread::Builder::new().name("store-committer".into()).spawn(move || self.run(jobs))
    }

    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let _guard = PoisonOnPanic(Arc::clone(&self.health));
        while let Some(first) = jobs.blocking_recv() {
            self.run_batch(first, &mut jobs);
        }
    }

    fn run_batch(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) {
        let mut replies = Vec::new();
        let mut full = self.stage_waiting(Some(first), jobs, &mut replies);
        for _ in 0..GATHERINGS {
            let before = replies.len();
            if full || before < 2 {
                break;
            }
            thread::sleep(GATHER);
            full = self.stage_waiting(None, jobs, &mut replies);
            if replies.len() == before {
                break;
            }
        }
        let batch = self.staging.take();
        let outcome = self.persist(batch);
        for reply in replies {
            reply(outcome.clone());
        }
    }

    /// Stages whatever waits; says whether the batch is full.
    fn stage_waiting(&mut self, first: Option<Job>, jobs: &mut mpsc::Receiver<Job>, replies: &mut Vec<Reply>) -> bool {
        let mut next = first.or_else(|| jobs.try_recv().ok());
        while let Some(job) = next {
            replies.push(self.stage(job));
            if replies.len() >= BATCH_JOBS || self.staging.bytes() >= BATCH_BYTES {
                return true;
            }
            next = jobs.try_recv().ok();
        }
        false
    }

    fn stage(&mut self, job: Job) -> Reply {
        match job {
            Job::Commit(commit, answer) => reply(answer, self.staging.commit(&commit)),
            Job::Replace(replacement, answer) => reply(answer, self.staging.replace(&replacement)),
            Job::Mark(mark, answer) => reply(answer, self.staging.mark(&mark)),
            Job::Unmark(kind, key, answer) => {
                self.staging.unmark(kind, &key);
                reply(answer, Ok(()))
            }
            Job::Sweep(step, answer) => reply(answer, self.staging.sweep(step)),
            Job::Relink(changes, answer) => reply(answer, self.staging.relink(changes)),
            Job::NoteConflict(seen, answer) => reply(answer, self.staging.note_conflict(seen)),
            Job::ForgetConflict(keys, answer) => reply(answer, self.staging.forget_conflict(keys)),
            Job::Record(recording, at_most, answer) => reply(answer, self.staging.record(&recording, at_most)),
            Job::Trim(kind, at_most, answer) => reply(answer, self.staging.trim(kind, at_most)),
            Job::RemoveOf(person, answer) => reply(answer, self.staging.remove_of(&person)),
        }
    }

    fn persist(&mut self, batch: Option<Batch>) -> Result<(), StoreError> {
        self.health.check()?;
        let Some(batch) = batch else { return Ok(()) };
        let written = self
            .db
            .apply_batch(batch)
            .map_err(|error| ("write", io::Error::from(error)))
            .and_then(|()| self.flush().map_err(|error| ("flush", error)))
            .and_then(|()| self.durability.sync().map_err(|error| ("sync", error)));
        written.map_err(|(step, error)| {
            self.durability.note_failure();
            self.health.poison(format!("{step}: {error}"))
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        let _watched = self.flushing.begin();
        self.durability.flush(&self.db)
    }
}

/// An assertion of sled may fail under a write: what is durable is unknown then.
struct PoisonOnPanic(Arc<Health>);

impl Drop for PoisonOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.poison("the committer stopped".into());
        }
    }
}
