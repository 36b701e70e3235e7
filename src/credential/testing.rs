//! Identities for the tests of the floors above, without a credential. Tests only.

use crate::ground::id::{Namespace, SourceId};
use crate::ground::time::Timestamp;
use crate::store::UseRule;

use super::identity::{Authentication, CredentialKind, Established, Facts, Identity};
use super::verified::Verified;

/// What the source `corp-adfs` says of `ana`, but for what a test is about.
pub(crate) struct Said {
    /// Assertion ID, or the digest of a session token.
    pub(crate) id: &'static str,
    pub(crate) rule: UseRule,
    pub(crate) ends: Option<Timestamp>,
    pub(crate) targets: Option<Vec<String>>,
}

impl Said {
    /// An assertion without a session end, for any target.
    pub(crate) const PLAINLY: Self = Self { id: "_a1", rule: UseRule::Once, ends: None, targets: None };

    pub(crate) fn identity(self) -> Identity {
        let kind = match self.rule {
            UseRule::Once => CredentialKind::Saml2,
            UseRule::AtMost(_) => CredentialKind::Session,
        };
        Identity::establish(Verified::vouch(Established {
            kind,
            facts: Facts {
                source: SourceId::new("corp-adfs"),
                namespace: Namespace::new("https://idp.example"),
                name_id: None,
                attributes: Vec::new(),
                authentication: Authentication::default(),
            },
            id: self.id.to_owned(),
            presenter: String::new(),
            until: Timestamp::from_unix_seconds(i64::from(u32::MAX)),
            rule: self.rule,
            ends: self.ends,
            targets: self.targets,
        }))
    }
}
