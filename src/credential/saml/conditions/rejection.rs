//! Why a signed assertion does not hold here and now.

use std::time::Duration;

use crate::decision::Fact;
use crate::ground::reason::Reason;
use crate::ground::time::Timestamp;

/// In the order of the checks, so the first true one is the answer. Audiences, recipients and times name no person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionsRejection {
    /// Recipient or Destination is our assertion consumer service.
    #[error("`{of}` is our assertion consumer service")]
    MeantForAcs {
        /// `Destination` or `Recipient`.
        of: &'static str,
        /// Our assertion consumer service.
        acs: String,
    },
    /// No `Conditions`.
    #[error("no Conditions")]
    ConditionsMissing,
    /// A condition that nobody here understands (SAML Core 2.5.1.1).
    #[error("unknown condition `{found}`")]
    ConditionUnknown {
        /// Its expanded name.
        found: String,
    },
    /// Before `Conditions@NotBefore`.
    #[error("not before {not_before}")]
    NotYetValid {
        /// Inclusive.
        not_before: Timestamp,
        /// When it was looked at.
        clock: Clock,
    },
    /// At or after `Conditions@NotOnOrAfter`.
    #[error("not on or after {not_on_or_after}")]
    Expired {
        /// Exclusive.
        not_on_or_after: Timestamp,
        /// When it was looked at.
        clock: Clock,
    },
    /// `NotBefore` is not before `NotOnOrAfter` (SAML Core 2.5.1.2): no moment is inside.
    #[error("the window ends at {not_on_or_after}, before it begins at {not_before}")]
    WindowEmpty {
        /// Inclusive.
        not_before: Timestamp,
        /// Exclusive.
        not_on_or_after: Timestamp,
    },
    /// Nothing says when it expires (RFC 7522 section 3 item 4).
    #[error("neither Conditions nor a bearer confirmation has a NotOnOrAfter")]
    ExpiryMissing,
    /// An expiry further ahead than the source's setting.
    #[error("`{of}` holds until {not_on_or_after}, over {} s from now", .limit.as_secs())]
    ExpiryTooFar {
        /// `Conditions` or `SubjectConfirmationData`.
        of: &'static str,
        /// What it says.
        not_on_or_after: Timestamp,
        /// `max_lifetime` or `max_confirmation_lifetime`.
        limit: Duration,
        /// When it was looked at.
        clock: Clock,
    },
    /// `IssueInstant` or `AuthnInstant` in the future.
    #[error("`{of}` is {instant}")]
    IssuedInFuture {
        /// Which instant.
        of: &'static str,
        /// What it says.
        instant: Timestamp,
        /// When it was looked at.
        clock: Clock,
    },
    /// Issued longer ago than `max_age`.
    #[error("issued at {issued}")]
    TooOld {
        /// `IssueInstant`.
        issued: Timestamp,
        /// `max_age` of the source.
        max_age: Duration,
        /// When it was looked at.
        clock: Clock,
    },
    /// No `AudienceRestriction`.
    #[error("no audience")]
    AudienceMissing {
        /// Our identities.
        expected: Vec<String>,
    },
    /// An `AudienceRestriction` without an identity of ours.
    #[error("another audience")]
    AudienceMismatch {
        /// Our identities, and those that the client may forward.
        expected: Vec<String>,
        /// The first restriction that names none of them.
        found: Vec<String>,
    },
    /// An audience that the client's forward names, but not for this source, or no longer.
    #[error("the audience may not be forwarded: {fault}")]
    AudienceOfAnother {
        /// Why the forward does not apply.
        fault: &'static str,
        /// The restriction.
        found: Vec<String>,
    },
    /// No bearer confirmation.
    #[error("no bearer confirmation among {found:?}")]
    ConfirmationMissing {
        /// The methods that are there.
        found: Vec<String>,
    },
    /// `SubjectConfirmationData` not as the Web SSO profile wants it (SAML Profiles 4.1.4.2).
    #[error("malformed confirmation: {fault}")]
    ConfirmationMalformed {
        /// What is wrong with it.
        fault: &'static str,
    },
    /// Addressed to somebody else.
    #[error("recipient `{found}`")]
    RecipientMismatch {
        /// Whom we accept.
        expected: Vec<String>,
        /// As written; empty where there is none.
        found: String,
    },
    /// At or after `SubjectConfirmationData@NotOnOrAfter`.
    #[error("confirmation not on or after {not_on_or_after}")]
    ConfirmationExpired {
        /// Exclusive.
        not_on_or_after: Timestamp,
        /// When it was looked at.
        clock: Clock,
    },
    /// Confirmed for another party than the client.
    #[error("confirmed for another party than `{client}`")]
    DelegateMismatch {
        /// Who presents it.
        client: String,
        /// Who may; private, since it may be a person.
        found: String,
    },
    /// More than one `AuthnStatement`.
    #[error("{found} authentication statements")]
    StatementsRepeated {
        /// How many.
        found: usize,
    },
    /// The session at the provider has ended.
    #[error("session not on or after {not_on_or_after}")]
    SessionExpired {
        /// Exclusive.
        not_on_or_after: Timestamp,
        /// Now.
        now: Timestamp,
    },
}

/// When something was looked at, and how far clocks may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The moment of the request.
    pub now: Timestamp,
    /// The source's `clock_skew`.
    pub skew: Duration,
}

impl ConditionsRejection {
    /// The entry of the reason table.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::MeantForAcs { .. } => Reason::SamlMeantForAcs,
            Self::ConditionsMissing => Reason::SamlConditionsMissing,
            Self::ConditionUnknown { .. } => Reason::SamlConditionUnknown,
            Self::NotYetValid { .. } => Reason::SamlNotYetValid,
            Self::Expired { .. } | Self::WindowEmpty { .. } => Reason::SamlExpired,
            Self::ExpiryMissing => Reason::SamlExpiryMissing,
            Self::ExpiryTooFar { .. } => Reason::SamlExpiryTooFar,
            Self::IssuedInFuture { .. } => Reason::SamlIssuedInFuture,
            Self::TooOld { .. } => Reason::SamlTooOld,
            Self::AudienceMissing { .. } => Reason::SamlAudienceMissing,
            Self::AudienceMismatch { .. } => Reason::SamlAudienceMismatch,
            Self::AudienceOfAnother { .. } => Reason::SamlAudienceOfAnother,
            Self::ConfirmationMissing { .. } => Reason::SamlConfirmationMissing,
            Self::ConfirmationMalformed { .. } => Reason::SamlConfirmationMalformed,
            Self::RecipientMismatch { .. } => Reason::SamlRecipientMismatch,
            Self::ConfirmationExpired { .. } => Reason::SamlConfirmationExpired,
            Self::DelegateMismatch { .. } => Reason::SamlDelegateMismatch,
            Self::StatementsRepeated { .. } => Reason::SamlStatementRefused,
            Self::SessionExpired { .. } => Reason::SamlSessionExpired,
        }
    }

    /// What was expected and found; for times also by how many seconds they miss, skew included.
    pub(in crate::credential::saml) fn facts(&self) -> Vec<Fact> {
        match self {
            Self::MeantForAcs { of, acs } => vec![Fact::public("of", of), Fact::public("found", acs)],
            Self::ConditionsMissing => vec![Fact::public("expected", "Conditions")],
            Self::ConditionUnknown { found } => vec![Fact::public("found", found)],
            Self::NotYetValid { not_before, clock } => clock.too_early("Conditions@NotBefore", *not_before),
            Self::Expired { not_on_or_after, clock } => clock.too_late("Conditions@NotOnOrAfter", *not_on_or_after),
            Self::WindowEmpty { not_before, not_on_or_after } => {
                vec![Fact::public("not_before", not_before), Fact::public("not_on_or_after", not_on_or_after)]
            }
            Self::ExpiryMissing => {
                vec![Fact::public("expected", "NotOnOrAfter in Conditions or in a bearer confirmation")]
            }
            Self::ExpiryTooFar { of, not_on_or_after, limit, clock } => {
                let mut facts = clock.too_early(of, not_on_or_after.before(*limit));
                facts.push(Fact::public("found", not_on_or_after));
                facts.push(Fact::public("limit_seconds", limit.as_secs()));
                facts
            }
            Self::IssuedInFuture { of, instant, clock } => {
                let mut facts = clock.too_early(of, *instant);
                facts.push(Fact::public("found", instant));
                facts
            }
            Self::TooOld { issued, max_age, clock } => {
                let mut facts = clock.too_late("IssueInstant", issued.after(*max_age));
                facts.push(Fact::public("found", issued));
                facts.push(Fact::public("max_age_seconds", max_age.as_secs()));
                facts
            }
            Self::AudienceMissing { expected } => vec![Fact::public("expected", expected.join(" "))],
            Self::AudienceMismatch { expected, found } => {
                vec![Fact::public("expected", expected.join(" ")), Fact::public("found", found.join(" "))]
            }
            Self::AudienceOfAnother { fault, found } => {
                vec![Fact::public("fault", fault), Fact::public("found", found.join(" "))]
            }
            Self::ConfirmationMissing { found } => {
                vec![Fact::public("expected", super::BEARER), Fact::public("found", found.join(" "))]
            }
            Self::ConfirmationMalformed { fault } => vec![Fact::public("found", fault)],
            Self::RecipientMismatch { expected, found } => {
                vec![Fact::public("expected", expected.join(" ")), Fact::public("found", found)]
            }
            Self::ConfirmationExpired { not_on_or_after, clock } => {
                clock.too_late("SubjectConfirmationData@NotOnOrAfter", *not_on_or_after)
            }
            Self::DelegateMismatch { client, found } => {
                vec![Fact::public("expected", client), Fact::private("found", found)]
            }
            Self::StatementsRepeated { found } => {
                vec![Fact::public("expected", "at most one AuthnStatement"), Fact::public("found", found)]
            }
            Self::SessionExpired { not_on_or_after, now } => vec![
                Fact::public("of", "AuthnStatement@SessionNotOnOrAfter"),
                Fact::public("expected", format_args!("before {not_on_or_after}")),
                Fact::public("now", now),
                Fact::public("late_by_seconds", seconds(now.since(*not_on_or_after))),
            ],
        }
    }
}

impl Clock {
    fn too_early(self, of: &'static str, from: Timestamp) -> Vec<Fact> {
        let mut facts = vec![Fact::public("of", of), Fact::public("expected", format_args!("from {from} on"))];
        facts.extend(self.facts("early_by_seconds", from.since(self.now.after(self.skew))));
        facts
    }

    fn too_late(self, of: &'static str, until: Timestamp) -> Vec<Fact> {
        let mut facts = vec![Fact::public("of", of), Fact::public("expected", format_args!("before {until}"))];
        facts.extend(self.facts("late_by_seconds", self.now.before(self.skew).since(until)));
        facts
    }

    fn facts(self, label: &'static str, by: Duration) -> [Fact; 3] {
        [
            Fact::public("now", self.now),
            Fact::public(label, seconds(by)),
            Fact::public("skew_seconds", self.skew.as_secs()),
        ]
    }
}

/// Seconds, rounded up: a miss is never by zero.
fn seconds(by: Duration) -> u64 {
    by.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX)
}
