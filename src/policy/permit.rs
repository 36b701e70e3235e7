//! What policy permits: everything that a token will say, still without the right to issue it.

use std::collections::BTreeMap;

use crate::crypto::keys::SigningAlgorithm;
use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::id::{Audience, ClientId};
use crate::ground::scope::ScopeSet;
use crate::ground::time::Timestamp;
use crate::mapping::Subject;
use crate::store::UseKey;

use super::client::SubjectType;

/// What may be issued, to whom, for whom, until when. Made by [`super::decide()`] alone.
#[derive(Debug)]
pub struct Permit {
    pub(super) client: ClientId,
    pub(super) audience: Audience,
    pub(super) algorithm: Option<SigningAlgorithm>,
    pub(super) subject: Subject,
    pub(super) subject_type: SubjectType,
    pub(super) claims: BTreeMap<ClaimName, ClaimValue>,
    pub(super) scope: ScopeSet,
    pub(super) acr: Option<String>,
    pub(super) amr: Vec<String>,
    pub(super) auth_time: Option<Timestamp>,
    pub(super) decided: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) use_key: UseKey,
}

impl Permit {
    /// The client that asked.
    pub const fn client(&self) -> &ClientId {
        &self.client
    }

    /// The API that it is for.
    pub const fn audience(&self) -> &Audience {
        &self.audience
    }

    /// What that API wants its tokens signed with, where it wants anything in particular.
    pub const fn algorithm(&self) -> Option<SigningAlgorithm> {
        self.algorithm
    }

    /// Whom it is about.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// What the token calls the person.
    pub const fn subject_type(&self) -> &SubjectType {
        &self.subject_type
    }

    /// The claims that the mapping releases to this audience.
    pub const fn claims(&self) -> &BTreeMap<ClaimName, ClaimValue> {
        &self.claims
    }

    /// What is granted; empty only where the API offers no scopes.
    pub const fn scope(&self) -> &ScopeSet {
        &self.scope
    }

    /// The authentication context class, as the mapping has it.
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

    /// The time of the request: the `iat` of what is issued.
    pub const fn decided(&self) -> Timestamp {
        self.decided
    }

    /// What is issued expires then, on a whole second: after the API's lifetime, or with the identity if that is sooner.
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The credential whose admission turns this into a grant.
    pub const fn use_key(&self) -> &UseKey {
        &self.use_key
    }
}
