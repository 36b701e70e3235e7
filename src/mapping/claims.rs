//! What a mapping makes of an identity.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::id::{Audience, MappingId, Namespace};
use crate::ground::scope::ScopeSet;
use crate::ground::time::Timestamp;

/// Whom the token is about, before it becomes a `sub`. `Debug` hides the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// The lasting name of the source.
    pub namespace: Namespace,
    /// The `NameID` format, or `mapped` where a rule made the value.
    pub format: String,
    /// `NameQualifier` and `SPNameQualifier` of a `NameID`; empty where absent or mapped.
    pub qualifiers: [String; 2],
    /// Never empty, never transient.
    pub value: String,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({} in {})", self.format, self.namespace)
    }
}

/// The outcome of a mapping: made by [`super::Mapping::apply`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    pub(super) mapping: MappingId,
    pub(super) mapping_hash: Arc<str>,
    pub(super) subject: Subject,
    pub(super) values: BTreeMap<ClaimName, ClaimValue>,
    pub(super) scopes: ScopeSet,
    pub(super) release: Arc<BTreeMap<Audience, Vec<ClaimName>>>,
    pub(super) acr: Option<String>,
    pub(super) auth_time: Option<Timestamp>,
}

impl Claims {
    /// The mapping that made them.
    pub const fn mapping(&self) -> &MappingId {
        &self.mapping
    }

    /// The hash of that mapping's content.
    pub fn mapping_hash(&self) -> &str {
        &self.mapping_hash
    }

    /// Whom the token is about.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Every claim, released or not: for tests and `explain`.
    pub const fn all(&self) -> &BTreeMap<ClaimName, ClaimValue> {
        &self.values
    }

    /// The claims that this audience may see; a claim that is listed nowhere does not leave.
    pub fn released_to(&self, audience: &Audience) -> BTreeMap<ClaimName, ClaimValue> {
        let names = self.release.get(audience).map(Vec::as_slice).unwrap_or_default();
        let value_of = |name: &ClaimName| self.values.get(name).map(|value| (name.clone(), value.clone()));
        names.iter().filter_map(value_of).collect()
    }

    /// The most scope that this identity can get.
    pub const fn scopes(&self) -> &ScopeSet {
        &self.scopes
    }

    /// The authentication context class that the source stated.
    pub fn acr(&self) -> Option<&str> {
        self.acr.as_deref()
    }

    /// When the person was authenticated.
    pub const fn auth_time(&self) -> Option<Timestamp> {
        self.auth_time
    }
}
