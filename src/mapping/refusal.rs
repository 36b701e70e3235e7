//! Why a mapping refuses an identity.

use crate::decision::{Fact, Rejection};
use crate::ground::reason::{Reason, ReasonCode};

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
    /// A single-valued attribute was sent with several values or several times, or a list is longer than its `max`.
    #[error("the attribute `{attribute}` has {found} values")]
    AttributeRepeated {
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
    /// A required claim came out empty.
    #[error("the claim `{claim}` has no value")]
    ClaimMissing {
        /// Its name.
        claim: String,
        /// How many values there were before the table.
        values: usize,
    },
    /// An expression failed.
    #[error("the expression of {of} failed: {what}")]
    ExpressionFailed {
        /// The rule that it belongs to.
        of: String,
        /// What happened.
        what: &'static str,
        /// With values.
        detail: Private,
    },
}

/// Text that may hold values of a person. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Private(pub(super) String);

impl std::fmt::Debug for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Private(..)")
    }
}

impl Rejection for MappingRefusal {
    fn code(&self) -> ReasonCode {
        match self {
            Self::AttributeMissing { .. } => Reason::MappingAttributeMissing.into(),
            Self::AttributeRepeated { .. } => Reason::MappingAttributeRepeated.into(),
            Self::Require { rule, .. } => ReasonCode::of_rule(rule),
            Self::SubjectMissing { .. } => Reason::MappingSubjectMissing.into(),
            Self::ClaimMissing { .. } => Reason::MappingClaimMissing.into(),
            Self::ExpressionFailed { .. } => Reason::MappingExpressionFailed.into(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::AttributeMissing { attribute, expected, nearest } => {
                let mut facts = vec![Fact::public("attribute", attribute), Fact::public("expected", expected)];
                if !nearest.is_empty() {
                    facts.push(Fact::public("nearest", nearest.join(", ")));
                }
                facts
            }
            Self::AttributeRepeated { attribute, expected, found } => vec![
                Fact::public("attribute", attribute),
                Fact::public("expected", format!("at most {expected}")),
                Fact::public("found", found),
            ],
            Self::Require { message, .. } => vec![Fact::public("message", message)],
            Self::SubjectMissing { why } => vec![Fact::public("found", why)],
            Self::ClaimMissing { claim, values } => {
                vec![Fact::public("claim", claim), Fact::public("values", values)]
            }
            Self::ExpressionFailed { of, what, detail } => {
                let mut facts = vec![Fact::public("rule", of), Fact::public("found", what)];
                if !detail.0.is_empty() {
                    facts.push(Fact::private("detail", &detail.0));
                }
                facts
            }
        }
    }
}
