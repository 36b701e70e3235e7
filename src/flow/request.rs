//! A token request: from form pairs to what is asked, before anything of a credential is decoded.
//!
//! RFC 6749 section 3.2 (parameters once, empty means absent), RFC 7522 section 2.1, RFC 8693 section 2.1 (`audience`
//! and `resource` may repeat), RFC 8707 section 2.

use std::net::IpAddr;

use crate::decision::{Fact, Rejection};
use crate::ground::id::SourceId;
use crate::ground::oauth::{
    GrantType, TOKEN_TYPE_ACCESS_TOKEN, TOKEN_TYPE_JWT, TOKEN_TYPE_SAML2, TOKEN_TYPE_SESSION_PREFIX,
};
use crate::ground::reason::{Reason, ReasonCode};
use crate::ground::scope::ScopeSet;
use crate::policy::AskedTarget;

/// No API offers more.
const MAX_SCOPES: usize = 100;

/// What arrived at the token endpoint, decoded as a form and no further.
pub struct Presented {
    /// The pairs of the body, in order.
    pub form: Vec<(String, String)>,
    /// The `Authorization` header, if it is text.
    pub authorization: Option<String>,
    /// Who sent it, for the limit on failures.
    pub peer: IpAddr,
}

/// Parameters that the token endpoint has a meaning for: their names may be recorded.
const KNOWN: [&str; 14] = [
    "grant_type",
    "assertion",
    "subject_token",
    "subject_token_type",
    "requested_token_type",
    "actor_token",
    "actor_token_type",
    "audience",
    "resource",
    "scope",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// A credential that waits for its turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Credential<'a> {
    /// `assertion`, or a `subject_token` of type saml2.
    Saml2(&'a str),
    /// A `subject_token` of a session source.
    Session(&'a str, &'a str),
}

/// A request whose shape is right.
pub(super) struct TokenRequest<'a> {
    pub grant: GrantType,
    pub credential: Credential<'a>,
    pub target: AskedTarget,
    pub scope: Option<ScopeSet>,
    /// `issued_token_type` of the answer (RFC 8693 section 2.2.1): the type that was asked for.
    pub issued_type: &'static str,
}

/// The request's parameters are not acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestRejection {
    /// Lacks a parameter, or carries it empty.
    Missing(&'static str),
    /// Carries a parameter twice.
    Repeated(String),
    /// A value that is not accepted.
    Refused {
        /// Which parameter.
        parameter: &'static str,
        /// What would be accepted.
        expected: &'static str,
    },
    /// No such grant here.
    GrantUnsupported,
    /// `subject_token_type` names a session source that is not configured.
    SourceUnknown(SourceId),
    /// The scope is malformed.
    ScopeMalformed,
}

impl Rejection for RequestRejection {
    fn code(&self) -> ReasonCode {
        match self {
            Self::Missing(_) => Reason::RequestParameterMissing,
            Self::Repeated(_) => Reason::RequestParameterRepeated,
            Self::Refused { .. } => Reason::RequestParameterRefused,
            Self::GrantUnsupported => Reason::GrantUnsupported,
            Self::SourceUnknown(_) => Reason::SourceUnknown,
            Self::ScopeMalformed => Reason::PolicyScopeMalformed,
        }
        .into()
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::Missing(parameter) => vec![Fact::public("parameter", parameter)],
            // Anybody's text: XML that was posted as it is falls into pairs at each `&amp;`, values and all.
            Self::Repeated(parameter) if KNOWN.contains(&parameter.as_str()) => {
                vec![Fact::public("parameter", parameter)]
            }
            Self::Repeated(parameter) => vec![Fact::private("parameter", parameter)],
            Self::Refused { parameter, expected } => {
                vec![Fact::public("parameter", parameter), Fact::public("expected", expected)]
            }
            Self::SourceUnknown(source) => vec![Fact::public("found", source)],
            Self::GrantUnsupported | Self::ScopeMalformed => Vec::new(),
        }
    }
}

impl Presented {
    /// The value of a parameter; empty means absent (RFC 6749 section 3.2).
    pub(super) fn parameter(&self, name: &'static str) -> Option<&str> {
        self.all(name).next()
    }

    fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.form.iter().filter(move |(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    fn required(&self, name: &'static str) -> Result<&str, RequestRejection> {
        self.parameter(name).ok_or(RequestRejection::Missing(name))
    }

    /// The grant, so that the record and the error mapping know the door.
    pub(super) fn grant(&self) -> Result<GrantType, RequestRejection> {
        let asked = self.required("grant_type")?;
        GrantType::ALL.into_iter().find(|grant| grant.as_str() == asked).ok_or(RequestRejection::GrantUnsupported)
    }

    /// Any parameter twice is refused, also one that we do not know; `audience` and `resource` excepted where their
    /// RFCs say so.
    pub(super) fn check_repetition(&self) -> Result<(), RequestRejection> {
        let may_repeat: &[&str] =
            if self.grant() == Ok(GrantType::TokenExchange) { &["audience", "resource"] } else { &["resource"] };
        let mut names: Vec<&str> = self.form.iter().map(|(name, _)| name.as_str()).collect();
        names.retain(|name| !may_repeat.contains(name));
        names.sort_unstable();
        match names.windows(2).find(|pair| pair.first() == pair.last()) {
            Some(pair) => Err(RequestRejection::Repeated(pair.first().copied().unwrap_or_default().to_owned())),
            None => Ok(()),
        }
    }

    /// The shape of the request; reads no credential.
    pub(super) fn parse(&self, grant: GrantType) -> Result<TokenRequest<'_>, RequestRejection> {
        let (credential, issued_type) = match grant {
            GrantType::Saml2Bearer => (Credential::Saml2(self.required("assertion")?), TOKEN_TYPE_ACCESS_TOKEN),
            GrantType::TokenExchange => (self.subject_token()?, self.issued_type()?),
        };
        let scope = self.parameter("scope").map(parse_scope).transpose()?;
        let audiences = self.all("audience").map(str::to_owned).collect();
        let resources = self.all("resource").map(str::to_owned).collect();
        Ok(TokenRequest { grant, credential, target: AskedTarget { audiences, resources }, scope, issued_type })
    }

    fn subject_token(&self) -> Result<Credential<'_>, RequestRejection> {
        // Delegation comes with the exchange policy; until then an actor is refused, never ignored.
        if self.parameter("actor_token").is_some() || self.parameter("actor_token_type").is_some() {
            return Err(RequestRejection::Refused { parameter: "actor_token", expected: "no actor token" });
        }
        let token = self.required("subject_token")?;
        let token_type = self.required("subject_token_type")?;
        if token_type == TOKEN_TYPE_SAML2 {
            return Ok(Credential::Saml2(token));
        }
        match token_type.strip_prefix(TOKEN_TYPE_SESSION_PREFIX) {
            Some(source) if !source.is_empty() => Ok(Credential::Session(source, token)),
            Some(_) | None => Err(RequestRejection::Refused {
                parameter: "subject_token_type",
                expected: "urn:ietf:params:oauth:token-type:saml2 or urn:drawbridge:token-type:session:<id>",
            }),
        }
    }

    fn issued_type(&self) -> Result<&'static str, RequestRejection> {
        match self.parameter("requested_token_type") {
            None | Some(TOKEN_TYPE_ACCESS_TOKEN) => Ok(TOKEN_TYPE_ACCESS_TOKEN),
            Some(TOKEN_TYPE_JWT) => Ok(TOKEN_TYPE_JWT),
            Some(_) => Err(RequestRejection::Refused {
                parameter: "requested_token_type",
                expected: "urn:ietf:params:oauth:token-type:access_token or …:jwt",
            }),
        }
    }
}

/// Each scope that is not granted is written down, so their number is bounded.
fn parse_scope(text: &str) -> Result<ScopeSet, RequestRejection> {
    if text.bytes().filter(|byte| *byte == b' ').count() >= MAX_SCOPES {
        return Err(RequestRejection::ScopeMalformed);
    }
    ScopeSet::parse(text).map_err(|_| RequestRejection::ScopeMalformed)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn presented(pairs: &[(&str, &str)]) -> Presented {
        let form = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Presented { form, authorization: None, peer: Ipv4Addr::LOCALHOST.into() }
    }

    const EXCHANGE: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
    const BEARER: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:saml2-bearer");
    const SAML2: (&str, &str) = ("subject_token_type", TOKEN_TYPE_SAML2);
    const TOKEN: (&str, &str) = ("subject_token", "x");

    fn rejection(pairs: &[(&str, &str)]) -> Option<RequestRejection> {
        let presented = presented(pairs);
        let parsed = presented.grant().and_then(|grant| {
            presented.check_repetition()?;
            presented.parse(grant).map(|_| ())
        });
        parsed.err()
    }

    #[test]
    fn a_request_of_each_kind_is_read() {
        assert_eq!(rejection(&[BEARER, ("assertion", "x")]), None);
        assert_eq!(rejection(&[EXCHANGE, TOKEN, SAML2, ("audience", "a"), ("audience", "b"), ("resource", "c")]), None);
        let session =
            presented(&[EXCHANGE, TOKEN, ("subject_token_type", "urn:drawbridge:token-type:session:intranet")]);
        let parsed = session.parse(GrantType::TokenExchange).unwrap_or_else(|_| panic!("a session is read"));
        assert!(parsed.credential == Credential::Session("intranet", "x"));
    }

    #[test]
    fn each_rule_refuses() {
        use RequestRejection as R;
        let refused = |parameter: &str, found: Option<R>| matches!(found, Some(R::Refused { parameter: at, .. }) if at == parameter);
        assert_eq!(rejection(&[]), Some(R::Missing("grant_type")));
        assert_eq!(rejection(&[("grant_type", "")]), Some(R::Missing("grant_type")));
        assert_eq!(rejection(&[("grant_type", "password")]), Some(R::GrantUnsupported));
        assert_eq!(rejection(&[BEARER]), Some(R::Missing("assertion")));
        assert_eq!(rejection(&[BEARER, ("assertion", "")]), Some(R::Missing("assertion")));
        assert_eq!(rejection(&[BEARER, ("assertion", "x"), ("assertion", "")]), Some(R::Repeated("assertion".into())));
        assert_eq!(
            rejection(&[BEARER, ("assertion", "x"), ("foo", "1"), ("foo", "2")]),
            Some(R::Repeated("foo".into()))
        );
        assert_eq!(
            rejection(&[BEARER, ("assertion", "x"), ("audience", "1"), ("audience", "2")]),
            Some(R::Repeated("audience".into()))
        );
        assert_eq!(rejection(&[BEARER, ("assertion", "x"), ("scope", "a  b")]), Some(R::ScopeMalformed));
        let too_many = vec!["a"; MAX_SCOPES + 1].join(" ");
        assert_eq!(rejection(&[BEARER, ("assertion", "x"), ("scope", &too_many)]), Some(R::ScopeMalformed));
        assert_eq!(rejection(&[EXCHANGE, SAML2]), Some(R::Missing("subject_token")));
        assert_eq!(rejection(&[EXCHANGE, TOKEN]), Some(R::Missing("subject_token_type")));
        assert!(refused("actor_token", rejection(&[EXCHANGE, TOKEN, SAML2, ("actor_token", "x")])));
        assert!(refused("actor_token", rejection(&[EXCHANGE, TOKEN, SAML2, ("actor_token_type", "x")])));
        assert!(refused(
            "subject_token_type",
            rejection(&[EXCHANGE, TOKEN, ("subject_token_type", "urn:drawbridge:token-type:session:")])
        ));
        assert!(refused("subject_token_type", rejection(&[EXCHANGE, TOKEN, ("subject_token_type", TOKEN_TYPE_JWT)])));
        let refresh = ("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token");
        assert!(refused("requested_token_type", rejection(&[EXCHANGE, TOKEN, SAML2, refresh])));
    }

    #[test]
    fn the_name_of_a_repeated_parameter_is_recorded_only_where_it_is_one_of_ours() {
        let fact = |name: &str| RequestRejection::Repeated(name.to_owned()).facts().remove(0);
        assert_eq!(fact("assertion"), Fact::public("parameter", "assertion"));
        assert_eq!(fact("amp; Ana Ruiz"), Fact::private("parameter", "amp; Ana Ruiz"));
    }
}
