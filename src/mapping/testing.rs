//! Claims for the tests of the floors above, without a mapping file. Tests only.

use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::id::{Audience, MappingId, Namespace};
use crate::ground::scope::{Scope, ScopeSet};
use crate::ground::time::Timestamp;

use super::claims::{Claims, Subject};

/// What a mapping makes of `ana` for the first of these audiences: these scopes, and these claims, all released to it.
pub(crate) fn claims(scopes: &[&str], claims: &[(&str, ClaimValue)], released_to: &[&str]) -> Claims {
    let values: std::collections::BTreeMap<_, _> =
        claims.iter().map(|(name, value)| (ClaimName::new(*name), value.clone())).collect();
    Claims {
        mapping: MappingId::new("payroll"),
        mapping_hash: "00".repeat(32).into(),
        subject: Subject {
            namespace: Namespace::new("https://idp.example"),
            format: "mapped".into(),
            qualifiers: [String::new(), String::new()],
            value: "ana".into(),
        },
        linked: None,
        scopes: scopes.iter().map(|scope| Scope::parse(scope).unwrap()).collect::<ScopeSet>(),
        audience: Audience::new(released_to.first().copied().unwrap_or_default()),
        released: values.keys().cloned().collect(),
        values,
        acr: Some("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".into()),
        amr: vec!["pwd".into()],
        auth_time: Some(Timestamp::from_unix_seconds(1_772_366_000)),
    }
}
