//! Claims for the tests of the floors above, without a mapping file. Tests only.

use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::id::{Audience, MappingId, Namespace};
use crate::ground::scope::{Scope, ScopeSet};
use crate::ground::time::Timestamp;

use super::claims::{Claims, Subject};

/// What a mapping makes of `ana`: these scopes, and these claims, all released to these audiences.
pub(crate) fn claims(scopes: &[&str], claims: &[(&str, ClaimValue)], released_to: &[&str]) -> Claims {
    let names: Vec<ClaimName> = claims.iter().map(|(name, _)| ClaimName::new(*name)).collect();
    Claims {
        mapping: MappingId::new("payroll"),
        mapping_hash: "00".repeat(32).into(),
        subject: Subject {
            namespace: Namespace::new("https://idp.example"),
            format: "mapped".into(),
            qualifiers: [String::new(), String::new()],
            value: "ana".into(),
        },
        values: claims.iter().map(|(name, value)| (ClaimName::new(*name), value.clone())).collect(),
        scopes: scopes.iter().map(|scope| Scope::parse(scope).unwrap()).collect::<ScopeSet>(),
        release: released_to
            .iter()
            .map(|audience| (Audience::new(*audience), names.clone()))
            .collect::<std::collections::BTreeMap<_, _>>()
            .into(),
        acr: Some("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".into()),
        auth_time: Some(Timestamp::from_unix_seconds(1_772_366_000)),
    }
}
