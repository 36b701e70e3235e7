//! What a mapping makes of an identity.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::id::{Audience, MappingId, Namespace, SourceId};
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

/// The same person at another source, as `link` declares it. `Debug` hides the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Linked {
    /// The other source.
    pub source: SourceId,
    /// The `NameID` format there, or `mapped`.
    pub format: String,
    /// Qualifiers of a `NameID`.
    pub qualifiers: [String; 2],
    /// Never empty, never transient.
    pub value: String,
}

impl fmt::Debug for Linked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Linked({} at {})", self.format, self.source)
    }
}

/// The outcome of a mapping: made by [`super::Mapping::apply`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    pub(super) mapping: MappingId,
    pub(super) mapping_hash: Arc<str>,
    pub(super) subject: Subject,
    pub(super) linked: Option<Linked>,
    pub(super) values: BTreeMap<ClaimName, ClaimValue>,
    pub(super) scopes: ScopeSet,
    pub(super) audience: Audience,
    /// The names of what that audience may see, each among the values.
    pub(super) released: Vec<ClaimName>,
    pub(super) acr: Option<String>,
    pub(super) amr: Vec<String>,
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

    /// Who that is at a linked source.
    pub const fn linked(&self) -> Option<&Linked> {
        self.linked.as_ref()
    }

    /// The API that they were made for.
    pub const fn audience(&self) -> &Audience {
        &self.audience
    }

    /// The claims that this audience may see, within the budget: a claim that is listed nowhere does not leave, and to
    /// another audience than they were made for nothing does.
    pub fn released_to(&self, audience: &Audience) -> BTreeMap<ClaimName, ClaimValue> {
        let names = if *audience == self.audience { self.released.as_slice() } else { &[] };
        let value_of = |name: &ClaimName| self.values.get(name).map(|value| (name.clone(), value.clone()));
        names.iter().filter_map(value_of).collect()
    }

    /// The most scope that this identity can get.
    pub const fn scopes(&self) -> &ScopeSet {
        &self.scopes
    }

    /// The authentication context class: what `authentication` makes of what the source stated, or just that.
    pub fn acr(&self) -> Option<&str> {
        self.acr.as_deref()
    }

    /// The authentication methods (RFC 8176), as far as the mapping knows them.
    pub fn amr(&self) -> &[String] {
        &self.amr
    }

    /// When the person was authenticated.
    pub const fn auth_time(&self) -> Option<Timestamp> {
        self.auth_time
    }
}
