//! What policy says no to, and how it reaches the caller.

use crate::decision::{Fact, Rejection};
use crate::diagnostic::suggest;
use crate::ground::id::{Audience, SourceId};
use crate::ground::oauth::{ErrorCode, GrantType};
use crate::ground::reason::{Reason, ReasonCode};
use crate::ground::scope::{Scope, ScopeRejection, ScopeSet};
use crate::ground::time::Timestamp;
use crate::store::UseRule;

/// Scopes of which a record says what was perhaps meant.
const MOST_MEANT: usize = 3;

/// Why policy said no. In the order of the checks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The client's grants do not list it.
    #[error("the client may not use grant {grant}")]
    GrantRefused {
        /// What was used.
        grant: GrantType,
        /// What it may use.
        allowed: Vec<GrantType>,
    },
    /// The text of `scope` is not a list of scopes.
    #[error("the scope is malformed")]
    ScopeMalformed,
    /// `resource` is not an absolute URI, or has a fragment (RFC 8707 section 2).
    #[error("resource `{found}` is not an absolute URI without fragment")]
    ResourceMalformed {
        /// What was sent.
        found: String,
    },
    /// Not among the client's audiences (whether it exists is not told apart), or the client has none at all.
    #[error("the client has no audience `{found}`")]
    AudienceRefused {
        /// What was asked.
        found: String,
        /// What it may ask.
        allowed: Vec<Audience>,
    },
    /// Several targets were named, and they are not one API.
    #[error("{} different targets were named", found.len())]
    AudiencesSeveral {
        /// What was asked.
        found: Vec<Audience>,
    },
    /// Nothing was named, and the client has several audiences.
    #[error("the request names no target")]
    AudienceNeeded {
        /// What it may ask.
        allowed: Vec<Audience>,
    },
    /// The client's sources do not list it.
    #[error("the client may not present credentials of source `{source_id}`")]
    SourceRefused {
        /// Where the credential came from.
        source_id: SourceId,
        /// Whose it may present.
        allowed: Vec<SourceId>,
    },
    /// `ProxyRestriction` does not list the target (SAML Core 2.5.1.6).
    #[error("the identity may not be used for `{found}`")]
    ProxyRestricted {
        /// The target.
        found: Audience,
        /// What the issuer lists.
        allowed: Vec<String>,
    },
    /// The identity ends before a token could be used: within a second, or in the skew that was allowed it.
    #[error("the identity ends at {ends}; it is {now}")]
    Ended {
        /// `SessionNotOnOrAfter`, or the session's expiry.
        ends: Timestamp,
        /// The time of the request.
        now: Timestamp,
        /// Once: an assertion; counted: a session.
        rule: UseRule,
    },
    /// Nothing remains of the scope.
    #[error("nothing remains of the scope")]
    ScopeExceeds {
        /// What was asked; `None` for nothing in particular.
        asked: Option<ScopeSet>,
        /// What the mapping allows this identity.
        mapping: ScopeSet,
        /// What the client may have; `None` for no limit.
        client: Option<ScopeSet>,
        /// What the API offers.
        api: ScopeSet,
    },
}

impl Denial {
    /// `error` at the door through which the request came. RFC 8693 section 2.2.2 and RFC 8707 section 2 for targets,
    /// RFC 6749 section 5.2 for the rest; what is wrong with the credential itself is `invalid_grant` at saml2-bearer
    /// (RFC 7522 section 3.1) and `invalid_request` at token exchange (RFC 8693 section 2.2.2).
    pub const fn oauth_error(&self, door: GrantType) -> ErrorCode {
        match self {
            Self::GrantRefused { .. } | Self::SourceRefused { .. } => ErrorCode::UnauthorizedClient,
            Self::ResourceMalformed { .. }
            | Self::AudienceRefused { .. }
            | Self::AudiencesSeveral { .. }
            | Self::AudienceNeeded { .. } => ErrorCode::InvalidTarget,
            Self::ProxyRestricted { .. } | Self::Ended { .. } => match door {
                GrantType::Saml2Bearer => ErrorCode::InvalidGrant,
                GrantType::TokenExchange => ErrorCode::InvalidRequest,
            },
            Self::ScopeMalformed | Self::ScopeExceeds { .. } => ErrorCode::InvalidScope,
        }
    }

    const fn reason(&self) -> Reason {
        match self {
            Self::GrantRefused { .. } => Reason::ClientGrantRefused,
            Self::ScopeMalformed => Reason::PolicyScopeMalformed,
            Self::ResourceMalformed { .. } | Self::AudienceRefused { .. } | Self::AudiencesSeveral { .. } => {
                Reason::PolicyAudienceRefused
            }
            Self::AudienceNeeded { .. } => Reason::PolicyAudienceNeeded,
            Self::SourceRefused { .. } => Reason::PolicySourceRefused,
            Self::ProxyRestricted { .. } => Reason::SamlProxyRestricted,
            Self::Ended { rule: UseRule::Once, .. } => Reason::SamlSessionExpired,
            Self::Ended { rule: UseRule::AtMost(_), .. } => Reason::SessionExpired,
            Self::ScopeExceeds { .. } => Reason::PolicyScopeExceeds,
        }
    }
}

impl Rejection for Denial {
    fn code(&self) -> ReasonCode {
        self.reason().into()
    }

    fn facts(&self) -> Vec<Fact> {
        let compared =
            |expected: String, found: String| vec![Fact::public("expected", expected), Fact::public("found", found)];
        match self {
            Self::GrantRefused { grant, allowed } => {
                compared(list(allowed.iter().map(|grant| grant.short())), grant.short().to_owned())
            }
            Self::ScopeMalformed => Vec::new(),
            Self::ResourceMalformed { found } => compared("an absolute URI without fragment".to_owned(), found.clone()),
            Self::AudienceRefused { found, allowed } => {
                compared(list(allowed.iter().map(Audience::as_str)), found.clone())
            }
            Self::AudiencesSeveral { found } => {
                compared("one target".to_owned(), list(found.iter().map(Audience::as_str)))
            }
            Self::AudienceNeeded { allowed } => {
                compared(list(allowed.iter().map(Audience::as_str)), "no audience and no resource".to_owned())
            }
            Self::SourceRefused { source_id, allowed } => {
                compared(list(allowed.iter().map(SourceId::as_str)), source_id.to_string())
            }
            Self::ProxyRestricted { found, allowed } => {
                compared(list(allowed.iter().map(String::as_str)), found.to_string())
            }
            Self::Ended { ends, now, .. } => compared(format!("an end after {now}"), ends.to_string()),
            Self::ScopeExceeds { asked, mapping, client, api } => {
                let meant = asked.as_ref().map(|asked| meant(asked, api)).filter(|meant| !meant.is_empty());
                let facts = [
                    Fact::public("asked", asked.as_ref().map_or_else(|| "everything".to_owned(), ToString::to_string)),
                    Fact::public("mapping", mapping),
                    Fact::public("client", client.as_ref().map_or_else(|| "no limit".to_owned(), ToString::to_string)),
                    Fact::public("api", api),
                ];
                facts.into_iter().chain(meant.map(|meant| Fact::public("help", meant.join("; ")))).collect()
            }
        }
    }
}

impl From<ScopeRejection> for Denial {
    fn from(ScopeRejection: ScopeRejection) -> Self {
        Self::ScopeMalformed
    }
}

/// What was perhaps meant by scopes that the API does not have.
fn meant(asked: &ScopeSet, api: &ScopeSet) -> Vec<String> {
    let unknown = asked.iter().filter(|scope| !api.contains(scope));
    let near = unknown.filter_map(|scope| Some((scope, suggest(scope.as_str(), api.iter().map(Scope::as_str))?)));
    near.take(MOST_MEANT).map(|(scope, near)| format!("`{scope}`: did you mean `{near}`?")).collect()
}

/// For a record: `nothing` says more than an empty text.
fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}
