//! Why a session token is refused.

use std::time::Duration;

use crate::decision::{Fact, Rejection};
use crate::ground::reason::{Reason, ReasonCode};
use crate::ground::time::Timestamp;

/// In the order of the checks, so the first true one is the answer. Field names are the declaration's, never the
/// token's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionRejection {
    /// More than 8 KiB; nothing of it was read.
    #[error("a token of {found} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its length.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A part is not of its declared encoding, or not UTF-8.
    #[error("the {part} is not of the declared encoding")]
    Encoding {
        /// `token`, `payload` or `mac`.
        part: &'static str,
    },
    /// There is no separator where one is declared.
    #[error("the {part} is missing")]
    PartMissing {
        /// `mac` or `key id`.
        part: &'static str,
    },
    /// The MAC has another length than declared.
    #[error("a MAC of {found} bytes, expected {expected}")]
    MacLength {
        /// As declared.
        expected: usize,
        /// As received.
        found: usize,
    },
    /// No key verifies.
    #[error("the MAC verifies with none of {tried} keys")]
    MacInvalid {
        /// How many keys were tried.
        tried: usize,
    },
    /// The key that verifies has ended.
    #[error("key `{key}` ended at {until}")]
    KeyEnded {
        /// Its id.
        key: String,
        /// When.
        until: Timestamp,
    },
    /// The token names another key than the one that verifies.
    #[error("the token names another key than `{key}`, which verifies it")]
    KeyIdMismatch {
        /// The key that verifies.
        key: String,
    },
    /// Another number of fields than declared.
    #[error("{found} fields, expected {expected}")]
    FieldCount {
        /// As declared.
        expected: usize,
        /// As received; counting stops one above.
        found: usize,
    },
    /// A pair without the sign between name and value, or of a name that is not declared.
    #[error("a field that is not declared")]
    FieldUnknown,
    /// A declared field is there twice.
    #[error("field `{name}` is repeated")]
    FieldRepeated {
        /// Its name.
        name: String,
    },
    /// A field's value is not of its declared encoding, not UTF-8, or has control characters.
    #[error("field `{name}` is malformed")]
    FieldMalformed {
        /// Its name.
        name: String,
    },
    /// The subject is empty.
    #[error("field `{name}` is empty")]
    SubjectEmpty {
        /// Its name.
        name: String,
    },
    /// A time is not of the declared unit, or not between 1970 and 9999.
    #[error("the time in field `{name}` is malformed")]
    TimeMalformed {
        /// Its name.
        name: String,
    },
    /// Issued in the future.
    #[error("issued at {issued}, now {now}, skew {} s", .skew.as_secs())]
    NotYetValid {
        /// When it says it was issued.
        issued: Timestamp,
        /// Now.
        now: Timestamp,
        /// What is allowed.
        skew: Duration,
    },
    /// Expired, or too old.
    #[error("ended at {ends}, now {now}")]
    Expired {
        /// The earlier of its expiry and its greatest age, exclusive.
        ends: Timestamp,
        /// Now.
        now: Timestamp,
    },
}

impl Rejection for SessionRejection {
    fn code(&self) -> ReasonCode {
        match self {
            Self::TooLarge { .. } => Reason::SessionTooLarge,
            Self::Encoding { .. }
            | Self::PartMissing { .. }
            | Self::MacLength { .. }
            | Self::FieldCount { .. }
            | Self::FieldUnknown
            | Self::FieldRepeated { .. }
            | Self::FieldMalformed { .. }
            | Self::SubjectEmpty { .. }
            | Self::TimeMalformed { .. } => Reason::SessionMalformed,
            Self::MacInvalid { .. } | Self::KeyEnded { .. } | Self::KeyIdMismatch { .. } => {
                Reason::SessionSignatureInvalid
            }
            Self::NotYetValid { .. } => Reason::SessionNotYetValid,
            Self::Expired { .. } => Reason::SessionExpired,
        }
        .into()
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::TooLarge { found, limit } => vec![Fact::public("expected", limit), Fact::public("found", found)],
            Self::MacLength { expected, found } | Self::FieldCount { expected, found } => {
                vec![Fact::public("expected", expected), Fact::public("found", found), Fact::public("problem", self)]
            }
            Self::NotYetValid { issued, now, skew } => vec![
                Fact::public("found", issued),
                Fact::public("now", now),
                Fact::public("early_by_seconds", issued.since(*now).as_secs()),
                Fact::public("skew_seconds", skew.as_secs()),
            ],
            Self::Expired { ends, now } => vec![
                Fact::public("expected", format_args!("before {ends}")),
                Fact::public("now", now),
                Fact::public("late_by_seconds", now.since(*ends).as_secs()),
            ],
            Self::Encoding { .. }
            | Self::PartMissing { .. }
            | Self::MacInvalid { .. }
            | Self::KeyEnded { .. }
            | Self::KeyIdMismatch { .. }
            | Self::FieldUnknown
            | Self::FieldRepeated { .. }
            | Self::FieldMalformed { .. }
            | Self::SubjectEmpty { .. }
            | Self::TimeMalformed { .. } => vec![Fact::public("problem", self)],
        }
    }
}
