//! Recordings: sealed bytes beside a request, for a while.
//!
//! The store cannot read them. It knows which request they belong to, of what kind they are, whom they are about (by a
//! hash, so that all of a person can be removed) and until when they are kept.

use std::fmt;

use async_trait::async_trait;

use crate::ground::id::TraceId;
use crate::ground::time::Timestamp;

use super::contract::{MAX_VALUE_BYTES, StoreError, check_length};

/// Whom a recording is about: a hash under a key that the store does not have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey([u8; 32]);

impl PersonKey {
    /// From the keyed hash.
    pub const fn from_hash(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The bytes under which a backend keeps it.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// Something that was recorded of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// What it is; the caller's numbers. A request has at most one recording of a kind.
    pub kind: u8,
    /// The request. Recordings are kept in the order in which requests began.
    pub trace_id: TraceId,
    /// Whom it is about.
    pub person: PersonKey,
    /// It may be forgotten after, and a sweep does.
    pub until: Timestamp,
    /// At most [`MAX_VALUE_BYTES`].
    pub sealed: Vec<u8>,
}

impl Recording {
    /// Whether the bytes are within [`MAX_VALUE_BYTES`].
    pub fn check_size(&self) -> Result<(), StoreError> {
        check_length(self.sealed.len(), MAX_VALUE_BYTES)
    }
}

/// Some recordings of a kind, oldest request first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingPage {
    /// In order.
    pub recordings: Vec<Recording>,
    /// Go on behind this request; `None` where nothing was left at the time of reading.
    pub next: Option<TraceId>,
}

/// Keeps recordings.
#[async_trait]
pub trait Recordings: Send + Sync {
    /// Keeps one, in the place of an earlier one of the same kind and request. Of its kind at most `at_most` remain, those
    /// of the oldest requests go first (perhaps this very one). Durable before it returns.
    async fn put(&self, recording: Recording, at_most: u64) -> Result<(), StoreError>;

    /// The recording of that kind of a request.
    async fn get(&self, kind: u8, trace_id: TraceId) -> Result<Option<Recording>, StoreError>;

    /// Those of a kind behind the request `after` (`None`: from the oldest), at most `limit` (at least one is read).
    async fn recordings_page(
        &self,
        kind: u8,
        after: Option<TraceId>,
        limit: usize,
    ) -> Result<RecordingPage, StoreError>;

    /// How many of a kind there are.
    async fn recordings_count(&self, kind: u8) -> Result<u64, StoreError>;

    /// Removes all that are about that person, of every kind. Durable before it returns how many there were.
    async fn remove_of(&self, person: &PersonKey) -> Result<u64, StoreError>;
}
