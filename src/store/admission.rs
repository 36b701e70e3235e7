//! The right to issue: made from a commit, by [`admit`] alone.

use crate::ground::id::{Sub, TraceId};
use crate::ground::time::Timestamp;

use super::contract::{Commit, CommitError, Consumption, Ledger, StoreError, UseKey, UseRule};
use super::links::LinkKey;

/// Proof that this credential was consumed, durably, for this request. Without one there is no grant.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// The first and only use.
    FirstUse(FirstUse),
    /// A declared reuse.
    DeclaredReuse(DeclaredReuse),
}

/// See [`Admission::FirstUse`].
#[derive(Debug, PartialEq, Eq)]
pub struct FirstUse {
    key: UseKey,
}

/// See [`Admission::DeclaredReuse`].
#[derive(Debug, PartialEq, Eq)]
pub struct DeclaredReuse {
    key: UseKey,
    uses: u32,
}

impl Admission {
    /// Whether it admits that credential and no other.
    pub fn is_of(&self, key: &UseKey) -> bool {
        match self {
            Self::FirstUse(first) => first.key == *key,
            Self::DeclaredReuse(reuse) => reuse.key == *key,
        }
    }

    /// Which use this is, from 1.
    pub const fn uses(&self) -> u32 {
        match self {
            Self::FirstUse(_) => 1,
            Self::DeclaredReuse(reuse) => reuse.uses,
        }
    }
}

/// Why nothing was admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// An assertion that was used before.
    #[error("the credential has been used before, by the request {0}")]
    SeenBefore(TraceId),
    /// A session whose declared reuse is used up.
    #[error("the session has been exchanged {uses} times, the limit")]
    UsedUp {
        /// The limit.
        uses: u32,
    },
    /// It ended so long ago that its uses are forgotten.
    #[error("uses that ended before {before} are forgotten")]
    Forgotten {
        /// The moment.
        before: Timestamp,
    },
    /// A link that was to be made is there with another `sub`.
    #[error("the identifier is linked to another subject")]
    LinkConflict {
        /// Which link.
        key: LinkKey,
        /// The `sub` that it has.
        found: Sub,
    },
    /// The store failed: nothing is issued.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Consumes the credential and keeps the record in one durable step; the only maker of [`Admission`].
pub async fn admit(ledger: &dyn Ledger, consume: Consumption, record: Commit) -> Result<Admission, AdmissionError> {
    let (key, rule) = (consume.key, consume.rule);
    let committed = ledger.commit(Commit { consume: Some(consume), ..record }).await.map_err(|error| match error {
        CommitError::SeenBefore(first) => AdmissionError::SeenBefore(first),
        CommitError::UsedUp { uses } => AdmissionError::UsedUp { uses },
        CommitError::Forgotten { before } => AdmissionError::Forgotten { before },
        CommitError::LinkConflict { key, found } => AdmissionError::LinkConflict { key, found },
        CommitError::Store(error) => AdmissionError::Store(error),
    })?;
    Ok(match rule {
        UseRule::Once => Admission::FirstUse(FirstUse { key }),
        UseRule::AtMost(_) => Admission::DeclaredReuse(DeclaredReuse { key, uses: committed.uses }),
    })
}
