//! What is kept of requests beside their records, for a while, because an operator asked for it: the verified facts, so
//! that an edited mapping can be tried on them, and the values of the steps, so that a trace can show them.
//!
//! Sealed under a key of their own, off unless declared, bounded in number and age, removable for each person.
//!
//! **Invariant.** What cannot be kept is counted and dropped: a recording never delays or changes an answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::credential::Facts;
use crate::crypto::audit::{AuditKey, Hashed};
use crate::crypto::digest::sha256_of_parts;
use crate::crypto::recording::RecordingKey;
use crate::ground::attribute::NameId;
use crate::ground::attribute::format::TRANSIENT;
use crate::ground::entropy::Entropy;
use crate::ground::id::{Audience, ClientId, Namespace, TraceId};
use crate::ground::secret::Secret;
use crate::ground::time::Timestamp;
use crate::mapping::RequestFacts;
use crate::store::{Consumption, MAX_VALUE_BYTES, PersonKey, Recording, Store, StoreError};

mod plain;
mod recent;

use self::plain::Plain;
use self::recent::Recent;

/// What is to be kept; part of a revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keeping {
    /// The values of steps, for so long.
    pub values: Option<Duration>,
    /// Verified facts.
    pub facts: Option<KeepFacts>,
}

/// How verified facts are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepFacts {
    /// For so long.
    pub keep: Duration,
    /// At most so many requests.
    pub at_most: u64,
    /// Names of attributes that are never kept.
    pub redact: Vec<String>,
}

/// The numbers of kinds in the store; they never change.
const FACTS: u8 = 1;
const VALUES: u8 = 2;
/// So many requests' values at most.
const MOST_VALUES: u64 = 10_000;
/// Writes under way.
const AT_ONCE: usize = 64;
/// So many are read at once.
const PAGE: usize = 100;
/// What sealing adds, generously.
const SEAL_BYTES: usize = 256;

/// What may be written unsealed, in bytes.
pub(super) const MAX_PLAIN_BYTES: usize = MAX_VALUE_BYTES - SEAL_BYTES;

/// A request as it can be tried again.
#[derive(Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The request.
    pub trace_id: TraceId,
    /// Whom it is about, as a hash.
    pub person: PersonKey,
    /// What its credential said.
    pub facts: Facts,
    /// Who asked.
    pub client: ClientId,
    /// For which API.
    pub audience: Audience,
    /// When.
    pub now: Timestamp,
    /// How many attributes were left out by `redact`.
    pub redacted: u64,
}

/// A request as it is to be kept.
pub(super) struct Asked<'a> {
    pub(super) trace_id: TraceId,
    pub(super) person: PersonKey,
    pub(super) request: &'a RequestFacts<'a>,
    pub(super) facts: &'a Facts,
}

/// Keeps and finds recordings.
pub struct Recorder {
    key: RecordingKey,
    persons: AuditKey,
    store: Arc<dyn Store>,
    entropy: Arc<dyn Entropy>,
    room: Arc<Semaphore>,
    replaying: Semaphore,
    recent: Mutex<Recent>,
    dropped: AtomicU64,
}

/// Some recorded requests.
#[derive(Debug, Default)]
pub struct RecordedPage {
    /// Oldest first.
    pub requests: Vec<Recorded>,
    /// How many there were besides that could not be read: sealed under another key, or damaged.
    pub unreadable: u64,
    /// Go on behind this request.
    pub next: Option<TraceId>,
}

/// Why a recording cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecorderError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was sealed under another key, or altered.
    #[error("the recording of {0} does not open")]
    Sealed(TraceId),
}

impl Recorder {
    /// `persons` makes the hashes by which recordings of a person are found.
    pub fn new(key: RecordingKey, persons: AuditKey, store: Arc<dyn Store>, entropy: Arc<dyn Entropy>) -> Self {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        Self {
            key,
            persons,
            store,
            entropy,
            room,
            replaying: Semaphore::new(1),
            recent: Mutex::default(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Whom facts are about: the `NameID` where it lasts, or else all that was said.
    pub fn person(&self, facts: &Facts) -> PersonKey {
        let lasts = |name_id: &&NameId| name_id.format.as_deref() != Some(TRANSIENT);
        if let Some(name_id) = facts.name_id.as_ref().filter(lasts) {
            return self.person_of(&facts.namespace, &name_id.value);
        }
        let values = facts.attributes.iter().flat_map(|attribute| &attribute.values).map(String::as_bytes);
        let parts: Vec<&[u8]> = std::iter::once(facts.namespace.as_str().as_bytes()).chain(values).collect();
        PersonKey::from_hash(self.persons.hash_of_parts(Hashed::Person, &parts))
    }

    /// Whom a `NameID`, or the identifier of a session, names at a source.
    pub fn person_of(&self, namespace: &Namespace, name_id: &str) -> PersonKey {
        let parts = [namespace.as_str().as_bytes(), name_id.as_bytes()];
        PersonKey::from_hash(self.persons.hash_of_parts(Hashed::Person, &parts))
    }

    /// Keeps verified facts: once for each use of a credential that asks for the same, so that one who presents the
    /// same credential over and over pushes nobody else's out.
    pub(super) fn keep_facts(&self, of: &Asked<'_>, credential: &Consumption, how: &KeepFacts) {
        let RequestFacts { client, audience, now } = of.request;
        let asked = [credential.key.as_bytes(), client.as_str().as_bytes(), audience.as_str().as_bytes()];
        let asked = sha256_of_parts(&asked);
        let until = now.after(how.keep);
        if !self.recent.lock().unwrap_or_else(PoisonError::into_inner).is_new(asked, *now, until) {
            return;
        }
        let plain = Plain::of(of, &how.redact).to_json();
        self.put(Kept { kind: FACTS, trace_id: of.trace_id, person: of.person, until, at_most: how.at_most }, &plain);
    }

    /// Keeps the values of steps, as JSON.
    pub(super) fn keep_values(&self, trace_id: TraceId, person: PersonKey, until: Timestamp, json: &str) {
        self.put(Kept { kind: VALUES, trace_id, person, until, at_most: MOST_VALUES }, json.as_bytes());
    }

    fn put(&self, kept: Kept, plain: &[u8]) {
        let permit = Arc::clone(&self.room).try_acquire_owned();
        let (Ok(permit), true) = (permit, plain.len() <= MAX_PLAIN_BYTES) else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let Kept { kind, trace_id, person, until, at_most } = kept;
        let sealed = self.key.seal_recording(&name(kind, trace_id), plain, self.entropy.as_ref());
        let recording = Recording { kind, trace_id, person, until, sealed };
        let store = Arc::clone(&self.store);
        tokio::spawn(async move {
            if let Err(error) = store.put(recording, at_most).await {
                tracing::warn!(%trace_id, %error, "a recording was not kept");
            }
            drop(permit);
        });
    }

    /// Recorded requests, oldest first, from behind one of them.
    pub async fn recorded(&self, after: Option<TraceId>, limit: usize) -> Result<RecordedPage, StoreError> {
        let page = self.store.recordings_page(FACTS, after, limit).await?;
        let mut found = RecordedPage { next: page.next, ..RecordedPage::default() };
        for recording in &page.recordings {
            let read = opened(&self.key, recording).ok().and_then(|plain| Plain::read(plain.expose(), recording));
            match read {
                Some(request) => found.requests.push(request),
                None => found.unreadable += 1,
            }
        }
        Ok(found)
    }

    /// Removes everything that was kept of a person; returns how much.
    pub async fn forget(&self, person: &PersonKey) -> Result<u64, StoreError> {
        self.store.remove_of(person).await
    }

    /// Removes everything that was kept of whoever has this value at a source, as an attribute or as the `NameID`, and
    /// of whoever has it in a trace, whatever its source; returns how much. What cannot be read stays until its time.
    pub async fn forget_value(&self, namespace: &Namespace, value: &str) -> Result<u64, StoreError> {
        let mut people = self
            .people(FACTS, |recording, plain| {
                Plain::read(plain, recording).is_some_and(|request| request.facts.says(namespace, value))
            })
            .await?;
        people.extend(self.people(VALUES, |_, plain| plain::says(plain, value)).await?);
        let mut removed = 0;
        for person in people {
            removed += self.forget(&person).await?;
        }
        Ok(removed)
    }

    /// Whom the recordings of a kind are about that say so, opened.
    async fn people(
        &self,
        kind: u8,
        says: impl Fn(&Recording, &[u8]) -> bool,
    ) -> Result<BTreeSet<PersonKey>, StoreError> {
        let mut people = BTreeSet::new();
        let mut after = None;
        loop {
            let page = self.store.recordings_page(kind, after, PAGE).await?;
            let is_one = |recording: &&Recording| {
                opened(&self.key, recording).is_ok_and(|plain| says(recording, plain.expose()))
            };
            people.extend(page.recordings.iter().filter(is_one).map(|recording| recording.person));
            after = page.next;
            if after.is_none() {
                return Ok(people);
            }
            tokio::task::yield_now().await;
        }
    }

    /// The right to go through all recordings, if nobody else has it.
    pub(super) fn replaying(&self) -> Option<SemaphorePermit<'_>> {
        self.replaying.try_acquire().ok()
    }

    /// How many recordings there was no room for.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

fn opened(key: &RecordingKey, recording: &Recording) -> Result<Secret<Vec<u8>>, RecorderError> {
    let opened = key.open_recording(&name(recording.kind, recording.trace_id), &recording.sealed);
    opened.map_err(|_| RecorderError::Sealed(recording.trace_id))
}

/// The values of a request's steps, as JSON, where they were kept: also for whoever has opened the store without a
/// server.
pub async fn values_of(
    store: &dyn Store,
    key: &RecordingKey,
    trace_id: TraceId,
) -> Result<Option<Secret<Vec<u8>>>, RecorderError> {
    let Some(recording) = store.get(VALUES, trace_id).await? else { return Ok(None) };
    opened(key, &recording).map(Some)
}

#[derive(Clone, Copy)]
struct Kept {
    kind: u8,
    trace_id: TraceId,
    person: PersonKey,
    until: Timestamp,
    at_most: u64,
}

fn name(kind: u8, trace_id: TraceId) -> String {
    format!("{kind}/{trace_id}")
}
