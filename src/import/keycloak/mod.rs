//! Keycloak: the export of a realm.
//!
//! ```text
//! identityProviders (saml) ─▶ one draft each      identityProviderMappers ─▶ attributes, claims, subject
//! protocolMappers of clients and client scopes ─▶ the names of claims
//! ```
//!
//! Keycloak keeps users: a mapper fills an attribute of the user, and another mapper makes a claim of that. Here the
//! two become one rule. Roles are the claim `roles`, groups the claim `groups`.
//!
//! **Absent on purpose.** Identity providers of other kinds, and mappers of clients that read what Keycloak itself
//! knows of a user or a session.

mod mappers;
mod naming;
#[cfg(test)]
mod tests;
mod username;

use std::collections::{BTreeMap, HashSet};

use super::draft::{ClaimRule, Draft, SubjectRule};
use super::json::{self, as_text, get, is_true, list, text};
use super::parts::Parts;
use super::{ImportError, Imported, Losses, bounded, expression, names, not_by_email, plain_word};
use crate::diagnostic::{Node, Value};
use naming::Naming;

/// The vocabularies that know what identity providers of Keycloak send.
const VOCABULARIES: [&str; 4] = ["eduperson", "adfs", "entra", "simplesamlphp"];

pub(super) fn import(text: &str) -> Result<Imported, ImportError> {
    let tree = json::parse(text)?;
    let realms: Vec<&Node> = match &tree.value {
        Value::List(items) => items.iter().collect(),
        Value::Table(_) => vec![&tree],
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => Vec::new(),
    };
    if !realms.iter().any(|realm| get(realm, "identityProviders").is_some()) {
        let message = "this is no export of a realm: it has no `identityProviders`";
        return Err(ImportError::new(tree.span.line, message));
    }
    for realm in &realms {
        for (key, what) in [("identityProviders", "identity providers"), ("identityProviderMappers", "mappers")] {
            bounded(list(get(realm, key)).len(), what, realm.span.line)?;
        }
    }
    let mut imported = Imported::default();
    let mut losses = Losses::default();
    for realm in realms {
        Realm::of(realm, &mut losses).drafts(&mut imported.drafts);
    }
    imported.losses = losses.all();
    Ok(imported)
}

struct Realm<'n, 'l> {
    tree: &'n Node,
    naming: Naming<'n>,
    /// The mappers of each provider, by its alias.
    mappers: BTreeMap<&'n str, Vec<&'n Node>>,
    losses: &'l mut Losses,
}

impl<'n, 'l> Realm<'n, 'l> {
    fn of(tree: &'n Node, losses: &'l mut Losses) -> Self {
        let naming = Naming::of(tree, losses);
        let mut mappers: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
        for mapper in list(get(tree, "identityProviderMappers")) {
            mappers.entry(text(mapper, "identityProviderAlias").unwrap_or_default()).or_default().push(mapper);
        }
        Self { tree, naming, mappers, losses }
    }

    fn drafts(&mut self, drafts: &mut Vec<Draft>) {
        let providers = list(get(self.tree, "identityProviders"));
        let mut seen: HashSet<&str> = HashSet::new();
        for provider in providers {
            let alias = text(provider, "alias").unwrap_or("provider");
            let (line, what) = (provider.span.line, format!("identity provider `{alias}`"));
            match text(provider, "providerId") {
                Some("saml") if get(provider, "enabled").is_some_and(|node| !is_true(Some(node))) => {
                    self.losses.know(line, what, "it is disabled");
                }
                // Each would get the mappers of all.
                Some("saml") if !seen.insert(alias) => {
                    self.losses.add(line, what, "there is another with this alias");
                }
                Some("saml") => {
                    self.losses.mapping = Some(drafts.len());
                    drafts.push(self.draft(provider, alias));
                    self.losses.mapping = None;
                }
                other => {
                    let kind = other.unwrap_or("no kind");
                    self.losses.know(line, what, format!("it is of the kind `{kind}`; only SAML is read"));
                }
            }
        }
        self.orphans(providers);
    }

    fn draft(&mut self, provider: &Node, alias: &str) -> Draft {
        let word = plain_word(alias, "provider");
        let description = text(provider, "displayName").unwrap_or(alias);
        let mut draft = Draft::new(&word, &word, &format!("Imported from Keycloak ({description})."));
        draft.line = provider.span.line;
        draft.notes.push(
            "Keycloak copies attributes to users it keeps; here they are read from each credential. An attribute that \
             Keycloak found by its FriendlyName is declared by its name."
                .into(),
        );
        let mut reader = Provider {
            alias: alias.to_owned(),
            draft,
            roles: Parts::default(),
            groups: Parts::default(),
            naming: &self.naming,
            losses: self.losses,
        };
        for mapper in self.mappers.get(alias).into_iter().flatten() {
            reader.mapper(mapper);
        }
        if let Some(config) = get(provider, "config") {
            reader.principal(config);
        }
        let line = get(provider, "config").map_or(provider.span.line, |config| config.span.line);
        not_by_email(&mut reader.draft, line, reader.losses);
        reader.finish()
    }

    /// Mappers of no provider.
    fn orphans(&mut self, providers: &[Node]) {
        let known: HashSet<&str> = providers.iter().filter_map(|provider| text(provider, "alias")).collect();
        for (alias, mappers) in self.mappers.iter().filter(|(alias, _)| !known.contains(**alias)) {
            for mapper in mappers {
                let what = format!("mapper `{}`", text(mapper, "name").unwrap_or_default());
                self.losses.know(mapper.span.line, what, format!("there is no identity provider `{alias}`"));
            }
        }
    }
}

/// One identity provider on its way.
struct Provider<'r> {
    alias: String,
    draft: Draft,
    roles: Parts,
    groups: Parts,
    naming: &'r Naming<'r>,
    losses: &'r mut Losses,
}

impl Provider<'_> {
    /// By which Keycloak knows the person again.
    fn principal(&mut self, config: &Node) {
        let kind = text(config, "principalType").unwrap_or("SUBJECT");
        let is_own = !matches!(self.draft.subject.rule, SubjectRule::From(ref from) if from == "name_id");
        if is_own {
            return;
        }
        let attribute = get(config, "principalAttribute");
        match (kind, attribute.and_then(as_text)) {
            ("ATTRIBUTE" | "FRIENDLY_ATTRIBUTE", Some(name)) => {
                let line = attribute.map_or(config.span.line, |node| node.span.line);
                let (wire, friendly) = if kind == "ATTRIBUTE" { (Some(name), None) } else { (None, Some(name)) };
                let place = self.declare(wire, friendly, false, line);
                let short = self.draft.attributes.get(place).map(|attribute| attribute.short.clone());
                self.draft.subject_from(&short.unwrap_or_default());
            }
            _ => self.check_transient(config),
        }
    }

    fn check_transient(&mut self, config: &Node) {
        let Some(node) = get(config, "nameIDPolicyFormat") else { return };
        if as_text(node).is_some_and(|format| format.ends_with(":transient")) {
            let why = "a transient NameID is another one at each login: choose an attribute as `subject`";
            self.losses.add(node.span.line, "the NameID as subject", why);
            self.draft.subject.note = Some("refused while the NameID is transient: choose an attribute".into());
        }
    }

    /// Declares an attribute by its name, or by what the vocabularies know under its friendly name.
    fn declare(&mut self, name: Option<&str>, friendly: Option<&str>, many: bool, line: usize) -> usize {
        let found = name.and_then(|name| names::of_wire(name, &VOCABULARIES));
        if let Some(name) = name {
            let wish = found.map(|known| known.friendly.as_str()).or(friendly);
            let many = many || found.is_some_and(|known| known.many);
            return self.draft.declare(name, wish, many);
        }
        let friendly = friendly.unwrap_or_default();
        if let Some(known) = names::of_friendly(friendly, &VOCABULARIES) {
            return self.draft.declare(&known.name, Some(&known.friendly), many || known.many);
        }
        let place = self.draft.declare(friendly, None, many);
        let why = "Keycloak looks for the FriendlyName, which is not read here: write the name of the attribute";
        self.losses.add(line, format!("attribute with the friendly name `{friendly}`"), why);
        if let Some(attribute) = self.draft.attributes.get_mut(place) {
            attribute.note = Some("a FriendlyName: write the name of the attribute".into());
        }
        place
    }

    /// A claim, unless the issuer sets it or it is there.
    fn claim(&mut self, name: &str, rule: ClaimRule, line: usize) {
        if names::is_reserved(name) {
            self.losses.add(line, format!("claim `{name}`"), "it belongs to the issuer");
        } else if self.draft.has_claim(name) {
            self.losses.add(line, format!("claim `{name}`"), "another mapper makes it already");
        } else {
            self.draft.claim(name, rule);
        }
    }

    fn finish(self) -> Draft {
        let mut draft = self.draft;
        for (name, parts) in [("roles", self.roles), ("groups", self.groups)] {
            if parts.is_empty() {
                continue;
            }
            if draft.has_claim(name) {
                self.losses.add(draft.line, format!("{name} of mappers"), "another mapper makes this claim already");
            } else {
                parts.into_claim(name, &mut draft);
            }
        }
        draft
    }
}
