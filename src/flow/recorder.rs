//! What is kept of requests beside their records, for a while, because an operator asked for it: the verified facts, so
//! that an edited mapping can be tried on them, and the values of the steps, so that a trace can show them.
//!
//! Sealed under a key of their own, off unless declared, bounded in number and age, removable for each person.
//!
//! **Invariant.** What cannot be kept is counted and dropped: a recording never delays or changes an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::credential::{Authentication, Facts};
use crate::crypto::audit::{AuditKey, Hashed};
use crate::crypto::recording::RecordingKey;
use crate::ground::attribute::{Attribute, NameId};
use crate::ground::entropy::Entropy;
use crate::ground::id::{Audience, ClientId, Namespace, SourceId, TraceId};
use crate::ground::secret::Secret;
use crate::ground::time::Timestamp;
use crate::store::{MAX_VALUE_BYTES, PersonKey, Recording, Store, StoreError};

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

/// SAML Core 8.3.8: another one at each login.
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
/// The numbers of kinds in the store; they never change.
const FACTS: u8 = 1;
const VALUES: u8 = 2;
/// So many requests' values at most.
const MOST_VALUES: u64 = 10_000;
/// Writes under way.
const AT_ONCE: usize = 64;
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

/// Keeps and finds recordings.
pub struct Recorder {
    key: RecordingKey,
    persons: AuditKey,
    store: Arc<dyn Store>,
    entropy: Arc<dyn Entropy>,
    room: Arc<Semaphore>,
    dropped: AtomicU64,
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
        Self { key, persons, store, entropy, room, dropped: AtomicU64::new(0) }
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

    /// Keeps verified facts.
    pub(super) fn keep_facts(&self, of: &Recorded, how: &KeepFacts) {
        let plain = Plain::of(of, &how.redact).to_json();
        let until = of.now.after(how.keep);
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

    /// Recorded requests, oldest first, from behind one of them; and where to go on.
    pub async fn recorded(
        &self,
        after: Option<TraceId>,
        limit: usize,
    ) -> Result<(Vec<Recorded>, Option<TraceId>), RecorderError> {
        let page = self.store.recordings_page(FACTS, after, limit).await?;
        let read = |recording: &Recording| {
            let plain = self.opened(recording)?;
            Plain::read(plain.expose(), recording).ok_or(RecorderError::Sealed(recording.trace_id))
        };
        let recorded = page.recordings.iter().map(read).collect::<Result<_, _>>()?;
        Ok((recorded, page.next))
    }

    /// Removes everything that was kept of a person; returns how much.
    pub async fn forget(&self, person: &PersonKey) -> Result<u64, StoreError> {
        self.store.remove_of(person).await
    }

    /// How many recordings there was no room for.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn opened(&self, recording: &Recording) -> Result<Secret<Vec<u8>>, RecorderError> {
        opened(&self.key, recording)
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

/// What is sealed of a request.
#[derive(Serialize, Deserialize)]
struct Plain {
    source: String,
    namespace: String,
    name_id: Option<PlainNameId>,
    attributes: Vec<PlainAttribute>,
    instant_ms: Option<i64>,
    context_class: Option<String>,
    client: String,
    audience: String,
    now_ms: i64,
    redacted: u64,
}

#[derive(Serialize, Deserialize)]
struct PlainNameId {
    value: String,
    format: Option<String>,
    name_qualifier: Option<String>,
    sp_name_qualifier: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct PlainAttribute {
    name: String,
    name_format: Option<String>,
    values: Vec<String>,
}

impl Plain {
    fn of(recorded: &Recorded, redact: &[String]) -> Self {
        let facts = &recorded.facts;
        let is_kept = |attribute: &&Attribute| !redact.contains(&attribute.name);
        let attributes: Vec<PlainAttribute> = facts
            .attributes
            .iter()
            .filter(is_kept)
            .map(|attribute| PlainAttribute {
                name: attribute.name.clone(),
                name_format: attribute.name_format.clone(),
                values: attribute.values.clone(),
            })
            .collect();
        Self {
            source: facts.source.to_string(),
            namespace: facts.namespace.to_string(),
            name_id: facts.name_id.as_ref().map(|name_id| PlainNameId {
                value: name_id.value.clone(),
                format: name_id.format.clone(),
                name_qualifier: name_id.name_qualifier.clone(),
                sp_name_qualifier: name_id.sp_name_qualifier.clone(),
            }),
            redacted: (facts.attributes.len() - attributes.len()) as u64,
            attributes,
            instant_ms: facts.authentication.instant.map(Timestamp::unix_millis),
            context_class: facts.authentication.context_class.clone(),
            client: recorded.client.to_string(),
            audience: recorded.audience.to_string(),
            now_ms: recorded.now.unix_millis(),
        }
    }

    fn to_json(&self) -> Vec<u8> {
        // Of texts and numbers, into memory: nothing in it can fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn read(json: &[u8], recording: &Recording) -> Option<Recorded> {
        let plain: Self = serde_json::from_slice(json).ok()?;
        let attribute = |attribute: PlainAttribute| Attribute {
            name: attribute.name,
            name_format: attribute.name_format,
            friendly_name: None,
            values: attribute.values,
        };
        Some(Recorded {
            trace_id: recording.trace_id,
            person: recording.person,
            facts: Facts {
                source: SourceId::new(plain.source),
                namespace: Namespace::new(plain.namespace),
                name_id: plain.name_id.map(|name_id| NameId {
                    value: name_id.value,
                    format: name_id.format,
                    name_qualifier: name_id.name_qualifier,
                    sp_name_qualifier: name_id.sp_name_qualifier,
                }),
                attributes: plain.attributes.into_iter().map(attribute).collect(),
                authentication: Authentication {
                    instant: plain.instant_ms.map(Timestamp::from_unix_millis),
                    context_class: plain.context_class,
                    session_index: None,
                },
            },
            client: ClientId::new(plain.client),
            audience: Audience::new(plain.audience),
            now: Timestamp::from_unix_millis(plain.now_ms),
            redacted: plain.redacted,
        })
    }
}
