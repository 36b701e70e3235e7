//! What the claims are called: mappers of clients and client scopes make claims of the attributes of users.

use std::collections::{BTreeMap, HashSet};

use super::super::Losses;
use super::{get, is_true, list, text};
use crate::diagnostic::Node;

/// Names and cardinality of the claims that user attributes become.
pub(super) struct Naming<'n> {
    /// By the name of the attribute in lower case: Keycloak compares the names of properties without case.
    by_attribute: BTreeMap<String, Named<'n>>,
}

struct Named<'n> {
    attribute: &'n str,
    claim: &'n str,
    many: bool,
    line: usize,
    mapper: String,
}

/// Mappers that make a claim of an attribute or property of a user.
const OF_USERS: [&str; 2] = ["oidc-usermodel-attribute-mapper", "oidc-usermodel-property-mapper"];

const ROLES: &str = "roles that the mappers of a provider give are the claim `roles`";
const AUDIENCES: &str = "the audience of a token is the API's, in the configuration";

/// Mappers that say what a mapping has no part in: which audiences, sessions and origins. Most realms have them.
const OF_THE_REALM: [(&str, &str); 14] = [
    ("oidc-usermodel-realm-role-mapper", ROLES),
    ("oidc-usermodel-client-role-mapper", ROLES),
    ("oidc-group-membership-mapper", "groups that the mappers of a provider give are the claim `groups`"),
    ("oidc-full-name-mapper", "it puts names of Keycloak's users together: write an expression if `name` is wanted"),
    ("oidc-address-mapper", "it reads the addresses of Keycloak's users"),
    ("oidc-allowed-origins-mapper", "no claim says for which origins a client is"),
    ("oidc-audience-resolve-mapper", AUDIENCES),
    ("oidc-audience-mapper", AUDIENCES),
    ("oidc-acr-mapper", "the bridge sets `acr` itself"),
    ("oidc-amr-mapper", "the bridge sets `amr` itself"),
    ("oidc-sub-mapper", "the bridge sets `sub` itself"),
    ("oidc-usersessionmodel-note-mapper", "there are no notes of a session"),
    ("oidc-organization-membership-mapper", "there are no organisations"),
    ("oidc-nonce-backwards-compatible-mapper", "there is no nonce"),
];

impl<'n> Naming<'n> {
    /// Goes through the mappers of the realm; those that make claims in another way are losses, and those of attributes
    /// that no provider fills.
    pub(super) fn of(realm: &'n Node, losses: &mut Losses) -> Self {
        let mut naming = Self { by_attribute: BTreeMap::new() };
        let owners = list(get(realm, "clientScopes")).iter().chain(list(get(realm, "clients")));
        for owner in owners {
            let name = text(owner, "clientId").or_else(|| text(owner, "name")).unwrap_or_default();
            for mapper in list(get(owner, "protocolMappers")) {
                naming.mapper(mapper, name, losses);
            }
        }
        naming.unfilled(realm, losses);
        naming
    }

    fn unfilled(&self, realm: &Node, losses: &mut Losses) {
        let mut filled: HashSet<String> = HashSet::from(["username".to_owned()]);
        for mapper in list(get(realm, "identityProviderMappers")) {
            let config = get(mapper, "config");
            let target = |key: &str| config.and_then(|config| text(config, key)).map(str::to_lowercase);
            filled.extend(target("user.attribute"));
            filled.extend(target("attribute"));
        }
        for (_, named) in self.by_attribute.iter().filter(|(attribute, _)| !filled.contains(*attribute)) {
            let why = format!("no mapper of a provider fills the attribute `{}` of users", named.attribute);
            losses.know(named.line, &named.mapper, why);
        }
    }

    fn mapper(&mut self, mapper: &'n Node, owner: &str, losses: &mut Losses) {
        let kind = text(mapper, "protocolMapper").unwrap_or("no kind");
        let line = mapper.span.line;
        let what = format!("mapper `{}` of `{owner}` ({kind})", text(mapper, "name").unwrap_or_default());
        if text(mapper, "protocol") == Some("saml") {
            return losses.know(line, what, "it fills assertions that Keycloak makes; only tokens are made here");
        }
        if let Some((_, why)) = OF_THE_REALM.iter().find(|(known, _)| *known == kind) {
            return losses.know(line, what, *why);
        }
        let config = get(mapper, "config");
        let of = |key: &str| config.and_then(|config| text(config, key));
        if let (true, Some(attribute), Some(claim)) = (OF_USERS.contains(&kind), of("user.attribute"), of("claim.name"))
        {
            if of("access.token.claim") == Some("false") {
                return losses.know(line, what, "its claim is in no access token");
            }
            let many = config.is_some_and(|config| is_true(get(config, "multivalued")));
            match self.by_attribute.get(&attribute.to_lowercase()) {
                None => {
                    let named = Named { attribute, claim, many, line, mapper: what };
                    self.by_attribute.insert(attribute.to_lowercase(), named);
                }
                Some(known) if known.claim != claim => {
                    let why = format!("the attribute `{attribute}` is the claim `{}` already", known.claim);
                    losses.add(line, what, why);
                }
                Some(_) => {}
            }
            return;
        }
        let why = match kind {
            "oidc-hardcoded-claim-mapper" => "write the claim with `value`, and release it to this application's API",
            "oidc-sha256-pairwise-sub-mapper" => {
                "a pairwise `sub` is a setting of the client: `subject_type: pairwise`"
            }
            _ => "mappers of this kind are not read",
        };
        losses.add(line, what, why);
    }

    /// The claim that a user attribute becomes, and whether it is a list.
    pub(super) fn claim<'a>(&'a self, attribute: &'a str) -> (&'a str, bool) {
        match self.by_attribute.get(&attribute.to_lowercase()) {
            Some(named) => (named.claim, named.many),
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
