//! The storage contract: what the bridge remembers, and what it may rely on.
//!
//! Floor 1. Prose and seven small traits; the backends live on floor 6 and every one of them runs the same
//! conformance suite (`conformance.rs`).
//!
//! **Invariant.** Single use is one atomic step and durable before it is answered. The batch that consumes a
//! credential carries the decision record: no record, no token.
//!
//! **Invariant.** A link is made in the commit that first needs it, and no commit changes one: only an administrator does,
//! with [`Links::relink`].
//!
//! **Invariant.** Only [`admit`] makes an [`Admission`], and only from a backend's answer to a commit.
//!
//! **Invariant.** After a failed flush or sync every later write fails until the store is reopened.

mod admission;
mod budget;
#[cfg(test)]
pub(crate) mod conformance;
mod contract;
mod links;
mod recordings;

pub use admission::{Admission, AdmissionError, admit};
pub use budget::{ByteBudget, Sampled};
pub use contract::{
    Commit, CommitError, Committed, Consumption, Ledger, MAX_COMMIT_LINKS, MAX_NAME_BYTES, MAX_VALUE_BYTES, Mark,
    MarkKind, Marks, RecordCursor, RecordPage, Records, Store, StoreError, StoredRecord, UseKey, UseRule, Vault,
    VaultEntry, VaultError,
};
pub use links::{
    Conflict, ConflictSeen, Conflicts, Link, LinkError, LinkKey, LinkPage, Links, MAX_CONFLICTS, MAX_RELINK_BYTES,
    MAX_RELINKS, MAX_SUB_BYTES, NewLink, Relink, Side, conflict_id,
};
pub use recordings::{PersonKey, Recording, RecordingPage, Recordings};
