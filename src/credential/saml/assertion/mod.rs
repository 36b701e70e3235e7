//! What a signed assertion says, as plain data (SAML Core 2.3.3).
//!
//! Floor 2. Texts are exactly as signed: nothing is trimmed, folded or joined. `Debug` hides what is of a person.
//!
//! **Absent on purpose.** Judgement: whether the times, audiences and confirmations hold is for the conditions.

mod read;
mod statement;

use std::fmt;

pub use read::read;

use crate::ground::attribute::{Attribute, NameId};
use crate::ground::id::EntityId;
use crate::ground::time::Timestamp;

/// One assertion (SAML Core 2.3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// `ID`: an `NCName`.
    pub id: String,
    /// `Issuer`, whose `Format` is absent or `entity`.
    pub issuer: EntityId,
    /// `IssueInstant`.
    pub issue_instant: Timestamp,
    /// `Subject`: always with a `NameID`.
    pub subject: Subject,
    /// `Conditions`, where there are any.
    pub conditions: Option<Conditions>,
    /// Every `AuthnStatement`, in the order received.
    pub authn_statements: Vec<AuthnStatement>,
    /// Every `Attribute` of every `AttributeStatement`, in the order received; a name that is sent twice is here twice.
    pub attributes: Vec<Attribute>,
}

/// Whom the assertion is about and who may present it (SAML Core 2.4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// `NameID`: not blank, without control characters.
    pub name_id: NameId,
    /// Every `SubjectConfirmation`, in the order received.
    pub confirmations: Vec<SubjectConfirmation>,
}

/// One way to confirm the subject (SAML Core 2.4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectConfirmation {
    /// `Method`: a URI.
    pub method: String,
    /// The party that may confirm, where one is named.
    pub name_id: Option<NameId>,
    /// `SubjectConfirmationData`.
    pub data: Option<SubjectConfirmationData>,
}

/// The limits of a confirmation (SAML Core 2.4.1.2). `Debug` hides the address.
#[derive(Clone, PartialEq, Eq)]
pub struct SubjectConfirmationData {
    /// `NotBefore`, inclusive.
    pub not_before: Option<Timestamp>,
    /// `NotOnOrAfter`, exclusive.
    pub not_on_or_after: Option<Timestamp>,
    /// `Recipient`: a URI.
    pub recipient: Option<String>,
    /// `InResponseTo`: an `NCName`.
    pub in_response_to: Option<String>,
    /// `Address`: of the person's machine.
    pub address: Option<String>,
}

impl fmt::Debug for SubjectConfirmationData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubjectConfirmationData")
            .field("not_before", &self.not_before)
            .field("not_on_or_after", &self.not_on_or_after)
            .field("recipient", &self.recipient)
            .field("in_response_to", &self.in_response_to)
            .finish_non_exhaustive()
    }
}

/// When and for whom the assertion holds (SAML Core 2.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// `NotBefore`, inclusive.
    pub not_before: Option<Timestamp>,
    /// `NotOnOrAfter`, exclusive.
    pub not_on_or_after: Option<Timestamp>,
    /// The audiences of each `AudienceRestriction`: one of each list must be ours (SAML Core 2.5.1.4).
    pub audience_restrictions: Vec<Vec<String>>,
    /// `OneTimeUse` (SAML Core 2.5.1.5).
    pub one_time_use: bool,
    /// `ProxyRestriction` (SAML Core 2.5.1.6).
    pub proxy: Option<ProxyRestriction>,
    /// Expanded names, `{namespace}local`, of conditions that are not understood: each makes validity indeterminate.
    pub unknown: Vec<String>,
}

/// How far assertions may be issued on from this one (SAML Core 2.5.1.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyRestriction {
    /// `Count`: how many steps.
    pub count: Option<u32>,
    /// To whom.
    pub audiences: Vec<String>,
}

/// How and when the person was authenticated (SAML Core 2.7.2). `Debug` hides the session index.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthnStatement {
    /// `AuthnInstant`.
    pub instant: Timestamp,
    /// `SessionIndex`.
    pub session_index: Option<String>,
    /// `SessionNotOnOrAfter`, exclusive.
    pub session_not_on_or_after: Option<Timestamp>,
    /// `AuthnContextClassRef`: a URI.
    pub context_class: Option<String>,
}

impl fmt::Debug for AuthnStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthnStatement")
            .field("instant", &self.instant)
            .field("session_not_on_or_after", &self.session_not_on_or_after)
            .field("context_class", &self.context_class)
            .finish_non_exhaustive()
    }
}

/// What the `Response` around the assertion says. It may be unsigned: use it only to refuse.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `Response@Destination`.
    pub destination: Option<String>,
    /// `Response@InResponseTo`.
    pub in_response_to: Option<String>,
}
