//! Who somebody is according to a verified credential.

use crate::crypto::digest::sha256_of_parts;
use crate::ground::attribute::{Attribute, NameId};
use crate::ground::id::{Namespace, SourceId};
use crate::ground::time::Timestamp;
use crate::store::{Consumption, UseKey, UseRule};

use super::Verified;

/// What kind of credential vouched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A SAML 2.0 assertion.
    Saml2,
    /// A legacy session.
    Session,
}

impl CredentialKind {
    /// The word in keys and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Saml2 => "saml2",
            Self::Session => "session",
        }
    }
}

/// How and when the person was authenticated, as far as the source says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authentication {
    /// SAML `AuthnInstant`; a session's declared issue time.
    pub instant: Option<Timestamp>,
    /// SAML `AuthnContextClassRef`.
    pub context_class: Option<String>,
    /// SAML `SessionIndex`.
    pub session_index: Option<String>,
}

/// Plain facts about a person: what a mapping reads. Tests, `explain` and what-if make them too; a fact alone issues
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The source, as the configuration names it.
    pub source: SourceId,
    /// The lasting name of the source.
    pub namespace: Namespace,
    /// The SAML `NameID`; `None` for a session without a declared identifier.
    pub name_id: Option<NameId>,
    /// In the order received.
    pub attributes: Vec<Attribute>,
    /// How and when.
    pub authentication: Authentication,
}

impl Facts {
    /// Whether they are of this source, and have this value: as the `NameID`, or of any attribute.
    pub fn says(&self, namespace: &Namespace, value: &str) -> bool {
        let in_attributes = || self.attributes.iter().flat_map(|attribute| &attribute.values).any(|said| said == value);
        let is_name = self.name_id.as_ref().is_some_and(|name_id| name_id.value == value);
        self.namespace == *namespace && (is_name || in_attributes())
    }
}

/// A verified identity, with what its use must be recorded as and how long what grows from it may live.
#[derive(Debug)]
pub struct Identity {
    facts: Facts,
    consumption: Consumption,
    ends: Option<Timestamp>,
    targets: Option<Vec<String>>,
}

/// What a credential must say of itself to become an [`Identity`].
pub(super) struct Established {
    pub kind: CredentialKind,
    pub facts: Facts,
    /// Assertion ID, or the digest of a session token.
    pub id: String,
    /// For a session: the client that presents it, so that reuse is counted per client.
    pub presenter: String,
    pub until: Timestamp,
    pub rule: UseRule,
    /// SAML `SessionNotOnOrAfter`, or a session's expiry: nothing issued outlives it.
    pub ends: Option<Timestamp>,
    /// `ProxyRestriction` audiences: the only targets this may be used for.
    pub targets: Option<Vec<String>>,
}

impl Identity {
    pub(super) fn establish(established: Verified<Established>) -> Self {
        let e = established.into_inner();
        let parts = [e.kind.as_str(), e.facts.namespace.as_str(), e.id.as_str(), e.presenter.as_str()];
        let key = UseKey::from_digest(sha256_of_parts(&parts.map(str::as_bytes)));
        let consumption = Consumption { key, until: e.until, rule: e.rule };
        Self { facts: e.facts, consumption, ends: e.ends, targets: e.targets }
    }

    /// What a mapping may read.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// How the store must remember this use.
    pub const fn consumption(&self) -> &Consumption {
        &self.consumption
    }

    /// Nothing issued from this identity may live longer.
    pub const fn ends(&self) -> Option<Timestamp> {
        self.ends
    }

    /// The only targets for which this may be used (SAML Core 2.5.1.6), where the issuer restricts them.
    pub fn targets(&self) -> Option<&[String]> {
        self.targets.as_deref()
    }
}
