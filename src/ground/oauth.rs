//! Words of OAuth: grants, token types, errors.
//!
//! Floor 0.

use std::fmt;

/// `grant_type` values that the bridge answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GrantType {
    /// RFC 7522 section 2.1.
    Saml2Bearer,
    /// RFC 8693 section 2.1.
    TokenExchange,
}

impl GrantType {
    /// All, in the order in which documents list them.
    pub const ALL: [Self; 2] = [Self::Saml2Bearer, Self::TokenExchange];

    /// As it stands in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Saml2Bearer => "urn:ietf:params:oauth:grant-type:saml2-bearer",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }

    /// As it stands in the configuration (`grants:`).
    pub const fn short(self) -> &'static str {
        match self {
            Self::Saml2Bearer => "saml2-bearer",
            Self::TokenExchange => "token-exchange",
        }
    }
}

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// RFC 8693 section 3: the type of an access token.
pub const TOKEN_TYPE_ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// RFC 8693 section 3: a JWT; asked for, it is answered with the access token, which is one.
pub const TOKEN_TYPE_JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
/// RFC 8693 section 3: a SAML 2.0 assertion, base64url.
pub const TOKEN_TYPE_SAML2: &str = "urn:ietf:params:oauth:token-type:saml2";
/// A legacy session: this and the id of its source.
pub const TOKEN_TYPE_SESSION_PREFIX: &str = "urn:drawbridge:token-type:session:";

/// `error` of an answer (RFC 6749 section 5.2, RFC 8693 section 2.2.2, RFC 8707 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// RFC 6749: the request is malformed; RFC 8693: also an unacceptable subject token.
    InvalidRequest,
    /// RFC 6749: the client could not be authenticated.
    InvalidClient,
    /// RFC 6749, RFC 7521 section 4.1: the assertion is not acceptable.
    InvalidGrant,
    /// RFC 6749: this client may not use this grant.
    UnauthorizedClient,
    /// RFC 6749: no such grant here.
    UnsupportedGrantType,
    /// RFC 6749: the scope is malformed or exceeds what can be granted.
    InvalidScope,
    /// RFC 8693 section 2.2.2, RFC 8707: the target is unknown or not allowed.
    InvalidTarget,
    /// The bridge failed.
    ServerError,
    /// The bridge cannot answer now; try again.
    TemporarilyUnavailable,
}

impl ErrorCode {
    /// As it stands in an answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }
}
