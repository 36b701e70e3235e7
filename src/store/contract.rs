//! Four of the traits and their words; links and recordings have files of their own.

use async_trait::async_trait;

use crate::ground::id::{Sub, TraceId};
use crate::ground::time::Timestamp;

use super::links::{Conflicts, LinkKey, Links, NewLink};
use super::recordings::Recordings;

/// No value is larger, in bytes: a backend may treat larger ones in another, less durable way (sled writes them to
/// files that it never syncs).
pub const MAX_VALUE_BYTES: usize = 16 * 1024;
/// No mark's value and no name of a vault entry or a mark is longer, in bytes.
pub const MAX_NAME_BYTES: usize = 2048;

/// What is remembered of a credential that may be used once, or a counted number of times: a SHA-256 over the
/// length-prefixed kind, namespace and id. Nothing of the credential can be read back from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UseKey([u8; 32]);

impl UseKey {
    /// From the digest of kind, namespace and id.
    pub const fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The bytes under which a backend keeps it.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// How often a credential may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseRule {
    /// Once, whoever presents it (an assertion).
    Once,
    /// At most so often under this key (a session; the key then includes the client).
    AtMost(u32),
}

/// A credential to be consumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumption {
    /// Which credential.
    pub key: UseKey,
    /// The last moment at which it could still be accepted, skew included. It may be forgotten after, never before.
    pub until: Timestamp,
    /// How often.
    pub rule: UseRule,
}

/// A commit makes no more links: what its own source calls the person, and what the source that this one is linked to
/// does.
pub const MAX_COMMIT_LINKS: usize = 2;

/// One atomic, durable step: consume a credential (where there is one), keep the decision record, and make links.
#[derive(Debug, Clone)]
pub struct Commit {
    /// `None` for a refusal: only the record is kept.
    pub consume: Option<Consumption>,
    /// The request. Records are kept in the order in which requests began.
    pub trace_id: TraceId,
    /// The decision record: JSON, at most 16 KiB.
    pub record: Vec<u8>,
    /// Links to be made where they are not there yet: at most [`MAX_COMMIT_LINKS`].
    pub links: Vec<NewLink>,
}

impl Commit {
    /// Whether record and links are within their limits. Every backend asks before anything else.
    pub fn check_size(&self) -> Result<(), StoreError> {
        check_length(self.record.len(), MAX_VALUE_BYTES)?;
        check_count(self.links.len(), MAX_COMMIT_LINKS)?;
        self.links.iter().try_for_each(|new| new.link.check_size())
    }
}

pub(super) fn check_count(found: usize, limit: usize) -> Result<(), StoreError> {
    if found > limit { Err(StoreError::TooMany { found, limit }) } else { Ok(()) }
}

pub(super) fn check_length(found: usize, limit: usize) -> Result<(), StoreError> {
    if found > limit { Err(StoreError::TooLarge { found, limit }) } else { Ok(()) }
}

/// What a commit came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Which use this was, from 1; 0 where nothing was consumed.
    pub uses: u32,
}

/// Why a commit did not happen; nothing of it was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The rule is [`UseRule::Once`] and the key is there.
    #[error("the credential has been used before, by the request {0}")]
    SeenBefore(TraceId),
    /// The rule is [`UseRule::AtMost`] and the number is reached.
    #[error("the credential has been used {uses} times, the limit")]
    UsedUp {
        /// The limit.
        uses: u32,
    },
    /// What ended before that moment may have been forgotten, so nobody knows whether this was used. It takes a clock
    /// that went back to come here.
    #[error("uses that ended before {before} are forgotten")]
    Forgotten {
        /// The latest moment before which a sweep has forgotten.
        before: Timestamp,
    },
    /// A link is there, or is asked for twice, with another `sub`. The message leaves out which: it may be shown.
    #[error("the identifier is linked to another subject")]
    LinkConflict {
        /// Which link.
        key: LinkKey,
        /// The `sub` that it has.
        found: Sub,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store failed or refuses to go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A write did not become durable; the store answers nothing until it is reopened.
    #[error("the store is poisoned by a failed write: {0}")]
    Poisoned(String),
    /// A value is over the limit of 16 KiB.
    #[error("a value of {found} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its size.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// One step is to change more than it may.
    #[error("{found} changes in one step are over the limit of {limit}")]
    TooMany {
        /// How many.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// What is stored cannot be read.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// Reading failed, or the store is shutting down.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

/// Consumes credentials and keeps decision records.
#[async_trait] // One dynamic seam, so that the bridge has no type parameters.
pub trait Ledger: Send + Sync {
    /// One atomic step: of concurrent commits with one [`UseRule::Once`] key exactly one succeeds; of those with
    /// [`UseRule::AtMost`] exactly as many as the rule says. Durable before it returns: a crash or a power cut after
    /// success must not forget it. What ends before a moment before which a sweep has forgotten is
    /// [`CommitError::Forgotten`], unless it is still known.
    ///
    /// Each link is made if it is not there; one that is there with the same `sub` is left as it is, and one with another
    /// is [`CommitError::LinkConflict`]: of concurrent commits that link one key to different subs exactly one succeeds.
    /// Whether the credential may be used is judged first. A failed commit keeps nothing.
    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError>;

    /// Forgets consumed credentials and recordings whose `until` is before `now`, and records older than
    /// `keep_records_since`. Links stay. Returns how many entries went.
    async fn sweep(&self, now: Timestamp, keep_records_since: Timestamp) -> Result<u64, StoreError>;
}

/// A decision record as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// The request.
    pub trace_id: TraceId,
    /// Which use of its credential it was; 0 where none was consumed.
    pub uses: u32,
    /// The JSON.
    pub record: Vec<u8>,
}

/// A place in the order of records: by the moment at which the request began, then by commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordCursor {
    pub(crate) at: Timestamp,
    pub(crate) order: u64,
}

impl RecordCursor {
    /// Before the first record of that moment.
    pub const fn since(at: Timestamp) -> Self {
        Self { at, order: 0 }
    }

    /// Before every record.
    pub const fn start() -> Self {
        Self::since(Timestamp::from_unix_millis(i64::MIN))
    }
}

/// Some records, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPage {
    /// In order.
    pub records: Vec<StoredRecord>,
    /// Where to go on; `None` where nothing was left at the time of reading.
    pub next: Option<RecordCursor>,
}

/// Reads decision records.
#[async_trait]
pub trait Records: Send + Sync {
    /// The record of one request; the newest, should there be two.
    async fn record(&self, trace_id: TraceId) -> Result<Option<StoredRecord>, StoreError>;

    /// The newest records first, at most `limit`.
    async fn recent(&self, limit: usize) -> Result<Vec<StoredRecord>, StoreError>;

    /// The oldest records from `from` on, at most `limit` (at least one is read).
    async fn page(&self, from: RecordCursor, limit: usize) -> Result<RecordPage, StoreError>;
}

/// A sealed value: the store cannot read it and does not need to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultEntry {
    /// Its name, such as `signing/<kid>`.
    pub name: String,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

impl VaultEntry {
    /// Whether a name and a value are within [`MAX_NAME_BYTES`] and [`MAX_VALUE_BYTES`].
    pub fn check_size(name: &str, sealed: Option<&[u8]>) -> Result<(), StoreError> {
        check_length(name.len(), MAX_NAME_BYTES)?;
        check_length(sealed.map_or(0, <[u8]>::len), MAX_VALUE_BYTES)
    }
}

/// Why a vault entry was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Another value is there than the caller believes.
    #[error("another value is there")]
    Conflict,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps sealed keys.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Puts `new` under the name if what is there is `expected` (`None`: nothing); one atomic, durable step.
    /// `new` of `None` removes.
    async fn replace(&self, name: &str, expected: Option<&[u8]>, new: Option<&[u8]>) -> Result<(), VaultError>;

    /// All entries whose name begins with `prefix`, by name.
    async fn list(&self, prefix: &str) -> Result<Vec<VaultEntry>, StoreError>;
}

/// What a mark is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// An administrator ended the trust in a source; the key is its id.
    Distrust,
    /// The hash of the `subject` rule under which a mapping has issued; the key is the mapping's id.
    SubjectRule,
}

/// A small fact without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What it is about.
    pub kind: MarkKind,
    /// Of which thing.
    pub key: String,
    /// At most [`MAX_NAME_BYTES`].
    pub value: String,
}

impl Mark {
    /// Whether key and value are within [`MAX_NAME_BYTES`].
    pub fn check_size(&self) -> Result<(), StoreError> {
        check_length(self.key.len(), MAX_NAME_BYTES)?;
        check_length(self.value.len(), MAX_NAME_BYTES)
    }
}

/// Keeps small facts that outlive a restart.
#[async_trait]
pub trait Marks: Send + Sync {
    /// Writes or overwrites; durable before it returns.
    async fn mark(&self, mark: Mark) -> Result<(), StoreError>;

    /// Removes; absent is fine. Durable before it returns.
    async fn unmark(&self, kind: MarkKind, key: &str) -> Result<(), StoreError>;

    /// All marks of a kind, by key.
    async fn marks(&self, kind: MarkKind) -> Result<Vec<Mark>, StoreError>;
}

/// Everything a backend offers.
pub trait Store: Ledger + Records + Vault + Marks + Links + Conflicts + Recordings {
    /// `Err` once the store is poisoned: readiness goes red.
    fn health(&self) -> Result<(), StoreError>;
}
