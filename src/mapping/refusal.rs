//! Why a mapping refuses an identity.

mod told;

use crate::decision::{Fact, Rejection};
use crate::ground::id::Audience;
use crate::ground::reason::{Reason, ReasonCode};

/// The reasons that any mapping may refuse with; those of `require` are its own.
pub const REFUSALS: [Reason; 10] = [
    Reason::MappingAttributeMissing,
    Reason::MappingAttributeRepeated,
    Reason::MappingAttributeTooLong,
    Reason::MappingClaimMissing,
    Reason::MappingClaimAmbiguous,
    Reason::MappingClaimType,
    Reason::MappingEmailUnproven,
    Reason::MappingBudgetExceeded,
    Reason::MappingSubjectMissing,
    Reason::MappingExpressionFailed,
];

/// In the order of the steps. `Debug` and the facts show names and counts; what is of the person is private.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingRefusal {
    /// A declared attribute that is not optional was not sent, or without a value.
    #[error("the attribute `{attribute}` was not sent")]
    AttributeMissing {
        /// The short name.
        attribute: String,
        /// The name that the source should send.
        expected: String,
        /// The most similar names that it did send.
        nearest: Vec<String>,
    },
    /// A single-valued attribute was sent with several values or several times, a list is longer than its `max`, or one
    /// that may be sent once was sent again.
    #[error("the attribute `{attribute}` came with {found}")]
    AttributeRepeated {
        /// The short name.
        attribute: String,
        /// The most that are accepted.
        expected: Found,
        /// How many there are.
        found: Found,
        /// How they came; `None` where they are pieces of what came.
        came: Option<Came>,
    },
    /// A value is longer than `max_bytes`.
    #[error("the attribute `{attribute}` has a value of {found} bytes")]
    AttributeTooLong {
        /// The short name.
        attribute: String,
        /// The most that are accepted.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A `require` rule does not hold.
    #[error("the rule `{rule}` is not met: {message}")]
    Require {
        /// Its id.
        rule: String,
        /// Its message, as the file has it.
        message: String,
    },
    /// The subject rule yields nothing that lasts.
    #[error("no subject: {why}")]
    SubjectMissing {
        /// What is wrong with what it yields.
        why: &'static str,
    },
    /// The subject is a `NameID` with an e-mail address, and the mapping does not say that its source proves it.
    #[error("the NameID is an e-mail address, which this source is not said to prove")]
    EmailUnproven,
    /// `take: one` found several values.
    #[error("the claim `{claim}` has {found} values")]
    ClaimAmbiguous {
        /// Its name; a member of an object behind the object's.
        claim: String,
        /// How many.
        found: usize,
    },
    /// A value cannot become what `type` says.
    #[error("the claim `{claim}` is not of type {expected}")]
    ClaimType {
        /// Its name.
        claim: String,
        /// `type`
        expected: &'static str,
        /// What there is.
        found: &'static str,
    },
    /// The claims for the audience are larger than `budget`.
    #[error("the claims for `{audience}` take {found} bytes")]
    BudgetExceeded {
        /// The API.
        audience: Audience,
        /// The budget in bytes.
        expected: usize,
        /// What they take.
        found: usize,
        /// The claim that takes most.
        largest: String,
    },
    /// A required claim came out empty.
    #[error("the claim `{claim}` has no value")]
    ClaimMissing {
        /// Its name.
        claim: String,
        /// Why nothing remains.
        emptied: Box<Emptied>,
    },
    /// An expression failed.
    #[error("the expression of {of} failed: {what}")]
    ExpressionFailed {
        /// The rule that it belongs to.
        of: String,
        /// What happened.
        what: &'static str,
        /// Which part of the expression, in words that have no value.
        part: Option<String>,
        /// What to write instead.
        help: String,
        /// With values.
        detail: Private,
    },
}

/// Of which there are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Values of an attribute.
    Values(usize),
    /// Attributes of one name.
    Attributes(usize),
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Values(1) => f.write_str("1 value"),
            Self::Values(count) => write!(f, "{count} values"),
            Self::Attributes(1) => f.write_str("1 attribute of this name"),
            Self::Attributes(count) => write!(f, "{count} attributes of this name"),
        }
    }
}

/// How the values of a repeated attribute came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Came {
    /// In how many attributes of this name.
    pub attributes: usize,
    /// Whether all are the same.
    pub alike: bool,
    /// Whether the attribute is declared as a list.
    pub many: bool,
}

/// Why a claim has no value, in words that have none of the person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Emptied {
    /// The short name of the attribute that it comes from.
    pub from: Option<String>,
    /// What there was.
    pub found: String,
    /// The name that the source should send, where nothing came.
    pub expected: Option<String>,
    /// The most similar names of what was sent and is not declared.
    pub nearest: Vec<String>,
    /// What is almost as the file has it.
    pub near: Option<String>,
    /// What to do.
    pub help: &'static str,
}

/// Text that may hold values of a person. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Private(pub(super) String);

impl std::fmt::Debug for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Private(..)")
    }
}

impl MappingRefusal {
    /// What to do about this very refusal, where that is more than what its code says.
    pub fn help(&self) -> Option<String> {
        told::help(self)
    }
}

impl Rejection for MappingRefusal {
    fn code(&self) -> ReasonCode {
        match self {
            Self::AttributeMissing { .. } => Reason::MappingAttributeMissing.into(),
            Self::AttributeRepeated { .. } => Reason::MappingAttributeRepeated.into(),
            Self::AttributeTooLong { .. } => Reason::MappingAttributeTooLong.into(),
            Self::EmailUnproven => Reason::MappingEmailUnproven.into(),
            Self::ClaimAmbiguous { .. } => Reason::MappingClaimAmbiguous.into(),
            Self::ClaimType { .. } => Reason::MappingClaimType.into(),
            Self::BudgetExceeded { .. } => Reason::MappingBudgetExceeded.into(),
            Self::Require { rule, .. } => ReasonCode::of_rule(rule),
            Self::SubjectMissing { .. } => Reason::MappingSubjectMissing.into(),
            Self::ClaimMissing { .. } => Reason::MappingClaimMissing.into(),
            Self::ExpressionFailed { .. } => Reason::MappingExpressionFailed.into(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        told::facts(self)
    }
}
