//! What the claims are called: mappers of clients and client scopes make claims of the attributes of users.

use super::super::Losses;
use super::{get, is_true, list, text};
use crate::diagnostic::Node;

/// Names and cardinality of the claims that user attributes become.
pub(super) struct Naming<'n> {
    by_attribute: Vec<(&'n str, &'n str, bool)>,
}

/// Mappers that make a claim of an attribute or property of a user.
const OF_USERS: [&str; 2] = ["oidc-usermodel-attribute-mapper", "oidc-usermodel-property-mapper"];

/// Mappers that every realm has, or that say what a mapping has no part in: which keys, audiences and sessions.
const OF_THE_REALM: [&str; 13] = [
    "oidc-usermodel-realm-role-mapper",
    "oidc-usermodel-client-role-mapper",
    "oidc-full-name-mapper",
    "oidc-address-mapper",
    "oidc-allowed-origins-mapper",
    "oidc-audience-resolve-mapper",
    "oidc-audience-mapper",
    "oidc-acr-mapper",
    "oidc-amr-mapper",
    "oidc-sub-mapper",
    "oidc-usersessionmodel-note-mapper",
    "oidc-organization-membership-mapper",
    "oidc-nonce-backwards-compatible-mapper",
];

impl<'n> Naming<'n> {
    /// Goes through the mappers of the realm; those that make claims in another way are losses.
    pub(super) fn of(realm: &'n Node, losses: &mut Losses) -> Self {
        let mut naming = Self { by_attribute: Vec::new() };
        let owners = list(get(realm, "clientScopes")).iter().chain(list(get(realm, "clients")));
        for owner in owners {
            let name = text(owner, "clientId").or_else(|| text(owner, "name")).unwrap_or_default();
            for mapper in list(get(owner, "protocolMappers")) {
                naming.mapper(mapper, name, losses);
            }
        }
        naming
    }

    fn mapper(&mut self, mapper: &'n Node, owner: &str, losses: &mut Losses) {
        let Some(kind) = text(mapper, "protocolMapper") else { return };
        if text(mapper, "protocol") == Some("saml") || OF_THE_REALM.contains(&kind) {
            return;
        }
        let config = get(mapper, "config");
        let of = |key: &str| config.and_then(|config| text(config, key));
        if let (true, Some(attribute), Some(claim)) = (OF_USERS.contains(&kind), of("user.attribute"), of("claim.name"))
        {
            let not_in_tokens = of("access.token.claim") == Some("false");
            let has_room = self.by_attribute.len() < super::super::MOST;
            if has_room && !not_in_tokens && !self.by_attribute.iter().any(|(known, ..)| *known == attribute) {
                let many = config.is_some_and(|config| is_true(get(config, "multivalued")));
                self.by_attribute.push((attribute, claim, many));
            }
            return;
        }
        let what = format!("mapper `{}` of `{owner}`", text(mapper, "name").unwrap_or_default());
        let why = match kind {
            "oidc-hardcoded-claim-mapper" => "write the claim with `value`, and release it to this application's API",
            "oidc-group-membership-mapper" => {
                "groups that the mappers of a provider give are the claim `groups` already"
            }
            "oidc-sha256-pairwise-sub-mapper" => {
                "a pairwise `sub` is a setting of the client: `subject_type: pairwise`"
            }
            _ => "mappers of this kind are not read",
        };
        losses.add(mapper.span.line, format!("{what} ({kind})"), why);
    }

    /// The claim that a user attribute becomes, and whether it is a list.
    pub(super) fn claim<'a>(&'a self, attribute: &'a str) -> (&'a str, bool) {
        let same = |(known, ..): &&(&str, &str, bool)| {
            // Keycloak compares the names of properties without case, and has two names for some.
            known.eq_ignore_ascii_case(attribute)
        };
        match self.by_attribute.iter().find(same) {
            Some((_, claim, many)) => (claim, *many),
            None => (default_name(attribute), false),
        }
    }
}

/// As the scopes that come with Keycloak name the properties of users.
fn default_name(attribute: &str) -> &str {
    match attribute.to_ascii_lowercase().as_str() {
        "email" => "email",
        "firstname" => "given_name",
        "lastname" => "family_name",
        "username" => "preferred_username",
        _ => attribute,
    }
}
