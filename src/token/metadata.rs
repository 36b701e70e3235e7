//! The authorization server's metadata document (RFC 8414): true to what is enabled, and nothing that is not there.

use serde::Serialize;

use crate::ground::id::SourceId;
use crate::ground::oauth::{GrantType, TOKEN_TYPE_SAML2, TOKEN_TYPE_SESSION_PREFIX};
use crate::ground::scope::ScopeSet;

/// What this bridge offers, as its configuration has it.
#[derive(Debug, Clone)]
pub struct Offered<'a> {
    /// The issuer, character by character.
    pub issuer: &'a str,
    /// The grants that some client may use.
    pub grants: &'a [GrantType],
    /// Whether an identity provider is configured.
    pub saml: bool,
    /// Every session source.
    pub sessions: &'a [SourceId],
    /// Every scope of every API.
    pub scopes: &'a ScopeSet,
    /// Where people read on.
    pub service_documentation: Option<&'a str>,
}

/// The document of `/.well-known/oauth-authorization-server`. The names are those of RFC 8414 section 2; ours begin
/// with `drawbridge_`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerMetadata {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<String>,
    /// Required (section 2) although there is no authorization endpoint; the rule that empty lists are left out
    /// (section 3.2) yields to it, because readers refuse a document without it.
    response_types_supported: Vec<&'static str>,
    /// Always there: left out it would mean `authorization_code` and `implicit` (section 2).
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: [&'static str; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    service_documentation: Option<String>,
    /// What token exchange takes; RFC 8693 registers no name for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    drawbridge_subject_token_types_supported: Vec<String>,
}

impl ServerMetadata {
    /// Describes what is offered. Every address is derived from the issuer.
    pub fn of(offered: &Offered<'_>) -> Self {
        let at = |path: &str| format!("{}{path}", offered.issuer.trim_end_matches('/'));
        let grants = GrantType::ALL.into_iter().filter(|grant| offered.grants.contains(grant));
        Self {
            issuer: offered.issuer.to_owned(),
            token_endpoint: at("/token"),
            jwks_uri: at("/jwks"),
            scopes_supported: offered.scopes.iter().map(ToString::to_string).collect(),
            response_types_supported: Vec::new(),
            grant_types_supported: grants.map(GrantType::as_str).collect(),
            token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
            service_documentation: offered.service_documentation.map(str::to_owned),
            drawbridge_subject_token_types_supported: subject_token_types(offered),
        }
    }

    /// The document: JSON without white space.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

fn subject_token_types(offered: &Offered<'_>) -> Vec<String> {
    if !offered.grants.contains(&GrantType::TokenExchange) {
        return Vec::new();
    }
    let saml = offered.saml.then(|| TOKEN_TYPE_SAML2.to_owned());
    let sessions = offered.sessions.iter().map(|source| format!("{TOKEN_TYPE_SESSION_PREFIX}{source}"));
    saml.into_iter().chain(sessions).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(grants: &[GrantType], saml: bool, sessions: &[&str]) -> String {
        let sessions: Vec<SourceId> = sessions.iter().map(|id| SourceId::new(*id)).collect();
        let offered = Offered {
            issuer: "https://bridge.example",
            grants,
            saml,
            sessions: &sessions,
            scopes: &if saml { ScopeSet::parse("payroll.read payroll.write").unwrap() } else { ScopeSet::default() },
            service_documentation: saml.then_some("https://docs.example"),
        };
        ServerMetadata::of(&offered).to_json().unwrap()
    }

    #[test]
    fn the_document_says_what_is_there() {
        insta::assert_snapshot!(
            document(&[GrantType::TokenExchange, GrantType::Saml2Bearer], true, &["intranet"]),
            @r#"{"issuer":"https://bridge.example","token_endpoint":"https://bridge.example/token","jwks_uri":"https://bridge.example/jwks","scopes_supported":["payroll.read","payroll.write"],"response_types_supported":[],"grant_types_supported":["urn:ietf:params:oauth:grant-type:saml2-bearer","urn:ietf:params:oauth:grant-type:token-exchange"],"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"],"service_documentation":"https://docs.example","drawbridge_subject_token_types_supported":["urn:ietf:params:oauth:token-type:saml2","urn:drawbridge:token-type:session:intranet"]}"#
        );
    }

    #[test]
    fn the_document_leaves_out_what_is_not_there() {
        insta::assert_snapshot!(
            document(&[GrantType::Saml2Bearer], false, &["intranet"]),
            @r#"{"issuer":"https://bridge.example","token_endpoint":"https://bridge.example/token","jwks_uri":"https://bridge.example/jwks","response_types_supported":[],"grant_types_supported":["urn:ietf:params:oauth:grant-type:saml2-bearer"],"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"]}"#
        );
        let sessions_only = document(&[GrantType::TokenExchange], false, &["intranet"]);
        assert!(!sessions_only.contains("saml2"), "{sessions_only}");
    }

    #[test]
    fn addresses_have_one_slash_and_the_issuer_stays_as_it_is() {
        let offered = Offered {
            issuer: "https://bridge.example/tenant/",
            grants: &[],
            saml: false,
            sessions: &[],
            scopes: &ScopeSet::default(),
            service_documentation: None,
        };
        let metadata = ServerMetadata::of(&offered);
        assert_eq!(metadata.issuer, "https://bridge.example/tenant/");
        assert_eq!(metadata.token_endpoint, "https://bridge.example/tenant/token");
    }
}
