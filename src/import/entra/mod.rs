//! Entra: claims-mapping policies.
//!
//! ```text
//! ClaimsSchema: SamlClaimType ─▶ an attribute, JwtClaimType ─▶ the claim      ClaimsTransformations ─▶ expressions
//! ```
//!
//! A policy is a JSON text inside of the JSON of Microsoft Graph, or stands for itself. What Entra puts into assertions
//! is read under its `SamlClaimType`; a claim that only tokens of Entra had is not in any assertion, unless it is made
//! of some that are.

#[cfg(test)]
mod tests;
mod transformation;

use super::draft::{ClaimRule, Draft};
use super::json::{self, as_text, get_any_case as get, list};
use super::{ImportError, Imported, Losses, bounded, expression, names, plain_word};
use crate::diagnostic::{Node, Value};
use crate::ground::claim::ClaimValue;

/// The vocabularies that know what is sent.
const VOCABULARIES: [&str; 2] = ["entra", "adfs"];
const NAME_ID: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
/// In every assertion, whatever the policy says.
const OBJECT_ID: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
/// The basic claim set of an assertion.
const BASIC: [(&str, &str); 4] = [
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "given_name"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "family_name"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "email"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "unique_name"),
];

pub(super) fn import(text: &str) -> Result<Imported, ImportError> {
    let tree = json::parse(text)?;
    let mut losses = Losses::default();
    let mut policies: Vec<(Node, String)> = Vec::new();
    collect(&tree, &mut policies, &mut losses, 0);
    if policies.is_empty() {
        return Err(ImportError::new(tree.span.line, "this holds no `ClaimsMappingPolicy`"));
    }
    let entries = policies.iter().map(|(policy, _)| list(get(policy, "ClaimsSchema")).len()).sum();
    bounded(policies.len().max(entries), "policies or entries", tree.span.line)?;
    let mut imported = Imported::default();
    for (place, (policy, name)) in policies.iter().enumerate() {
        losses.mapping = Some(place);
        imported.drafts.push(Policy::read(policy, name, &mut losses));
    }
    imported.losses = losses.all();
    Ok(imported)
}

/// Every policy of a text: one that stands for itself, the definition of one, or a list of them.
fn collect(node: &Node, found: &mut Vec<(Node, String)>, losses: &mut Losses, depth: usize) {
    if depth > 4 {
        return;
    }
    let name = get(node, "displayName").and_then(as_text).unwrap_or("entra").to_owned();
    if let Some(policy) = get(node, "ClaimsMappingPolicy") {
        found.push((policy.clone(), name));
        return;
    }
    for definition in list(get(node, "definition")) {
        let Some(text) = as_text(definition) else { continue };
        match json::parse_inner(text, definition.span.line) {
            Ok(inner) => match get(&inner, "ClaimsMappingPolicy") {
                Some(policy) => found.push((policy.clone(), name.clone())),
                None => losses.know(
                    definition.span.line,
                    format!("the definition of `{name}`"),
                    "it is no `ClaimsMappingPolicy`",
                ),
            },
            Err(error) => losses.add(error.line, format!("the definition of `{name}`"), error.message),
        }
    }
    let inside = get(node, "value").map_or_else(|| list(Some(node)), |value| list(Some(value)));
    for node in inside {
        collect(node, found, losses, depth + 1);
    }
}

/// An entry of the schema that others may refer to.
struct Entry {
    id: String,
    /// Its value as text; with what must be there, where it may be absent.
    value: Text,
}

/// A text of an expression: with the condition that it is there.
#[derive(Debug, Clone)]
struct Text {
    cel: String,
    there: Vec<String>,
}

struct Policy<'n, 'l> {
    draft: Draft,
    losses: &'l mut Losses,
    transformations: &'n [Node],
    entries: Vec<Entry>,
}

impl<'n, 'l> Policy<'n, 'l> {
    fn read(node: &'n Node, name: &str, losses: &'l mut Losses) -> Draft {
        let word = plain_word(&name.to_lowercase(), "entra");
        let draft = Draft::new(&word, "entra", &format!("Imported from the claims-mapping policy {name}."));
        let transformations = get(node, "ClaimsTransformations").or_else(|| get(node, "ClaimsTransformation"));
        let mut policy = Self { draft, losses, transformations: list(transformations), entries: Vec::new() };
        let schema = list(get(node, "ClaimsSchema"));
        policy.declare_object_id();
        if json::is_true(get(node, "IncludeBasicClaimSet")) {
            policy.basic_claims();
        }
        for entry in schema {
            policy.entry(entry);
        }
        for entry in schema.iter().filter(|entry| source(entry) == "transformation") {
            policy.transformed(entry);
        }
        if let Value::Table(keys) = &node.value {
            for key in keys {
                let known = [
                    "version",
                    "includebasicclaimset",
                    "claimsschema",
                    "claimstransformations",
                    "claimstransformation",
                ];
                if !known.contains(&key.key.to_lowercase().as_str()) {
                    policy.losses.add(
                        key.key_span.line,
                        format!("`{}`", key.key),
                        "this part of a policy is not known",
                    );
                }
            }
        }
        Draft { line: node.span.line, ..policy.draft }
    }

    fn declare_object_id(&mut self) {
        let place = self.draft.declare(OBJECT_ID, Some("objectId"), false);
        let short = self.draft.attributes.get(place).map(|attribute| attribute.short.clone()).unwrap_or_default();
        self.draft.subject_from(&short);
        self.draft.subject.note = Some("in every assertion of Entra, and never given to somebody else".into());
    }

    fn basic_claims(&mut self) {
        for (wire, claim) in BASIC {
            let known = names::of_wire(wire, &VOCABULARIES);
            let place = self.draft.declare(wire, known.map(|known| known.friendly.as_str()), false);
            let short = self.draft.attributes.get(place).map(|attribute| attribute.short.clone()).unwrap_or_default();
            self.draft.claim(claim, ClaimRule::From(short));
        }
    }

    /// An entry that is sent, or fixed.
    fn entry(&mut self, entry: &Node) {
        let line = entry.span.line;
        let saml = json_text(entry, "SamlClaimType");
        let jwt = json_text(entry, "JwtClaimType");
        let id = json_text(entry, "ID").unwrap_or_default();
        let fixed = get(entry, "Value").and_then(as_text);
        let is_transformed = source(entry) == "transformation";
        if let Some(wire) = saml {
            if wire == NAME_ID {
                if !is_transformed {
                    self.refer(id, "name_id", &["name_id != null"]);
                }
                return self.losses.know(
                    line,
                    format!("`{id}` as NameID"),
                    "the NameID is not read as an attribute; the subject is the object id",
                );
            }
            let known = names::of_wire(wire, &VOCABULARIES);
            let many = known.is_some_and(|known| known.many)
                || matches!(id.to_lowercase().as_str(), "groups" | "assignedroles");
            let place = self.draft.declare(wire, known.map(|known| known.friendly.as_str()), many);
            let Some(attribute) = self.draft.attributes.get(place).cloned() else { return };
            let name = jwt.map_or_else(|| names::claim(&attribute.short).to_owned(), str::to_owned);
            let attribute_name = expression::name(&attribute);
            if !attribute.many {
                let there = if attribute.optional { vec![format!("has({attribute_name})")] } else { Vec::new() };
                self.refer(id, &attribute_name, &there.iter().map(String::as_str).collect::<Vec<_>>());
            }
            return self.claim(&name, ClaimRule::From(attribute.short), line);
        }
        match (jwt, fixed) {
            _ if is_transformed => {}
            (Some(name), Some(value)) => {
                self.claim(name, ClaimRule::Value(ClaimValue::Text(value.into())), line);
            }
            (Some(name), None) => {
                let what = format!("claim `{name}` from `{}.{id}`", source(entry));
                self.losses.add(line, what, "no assertion carries it: give it a `SamlClaimType` too");
            }
            // Only there for a transformation: told where one needs it.
            (None, _) => {}
        }
        if let Some(value) = fixed {
            self.refer(id, &expression::literal(value), &[]);
        }
    }

    fn refer(&mut self, id: &str, cel: &str, there: &[&str]) {
        let value = Text { cel: cel.into(), there: there.iter().map(|test| (*test).to_owned()).collect() };
        self.entries.push(Entry { id: id.to_lowercase(), value });
    }

    /// An entry that a transformation makes. One with a `SamlClaimType` was sent, and is declared already.
    fn transformed(&mut self, entry: &Node) {
        if json_text(entry, "SamlClaimType").is_some() {
            return;
        }
        let Some(name) = json_text(entry, "JwtClaimType") else { return };
        let wanted = json_text(entry, "TransformationId").unwrap_or_default();
        let found = self.transformations.iter().find(|one| json_text(one, "ID") == Some(wanted));
        let Some(transformation) = found else {
            let why = format!("there is no transformation `{wanted}`");
            return self.losses.add(entry.span.line, format!("claim `{name}`"), why);
        };
        match transformation::cel(transformation, &self.entries) {
            Ok(text) => {
                let cel = match text.there.as_slice() {
                    [] => text.cel,
                    there => format!("{} ? {} : null", there.join(" && "), text.cel),
                };
                self.claim(name, ClaimRule::Cel(cel), entry.span.line);
            }
            Err(why) => self.losses.add(transformation.span.line, format!("claim `{name}` by `{wanted}`"), why),
        }
    }

    fn claim(&mut self, name: &str, rule: ClaimRule, line: usize) {
        if names::is_reserved(name) {
            return self.losses.add(line, format!("claim `{name}`"), "it belongs to the issuer");
        }
        if let Some(made) = self.draft.claims.iter_mut().find(|claim| claim.name == name) {
            // The schema says what the basic claims are made of.
            if made.rule != rule && BASIC.iter().any(|(_, basic)| *basic == name) {
                made.rule = rule;
            } else if made.rule != rule {
                self.losses.add(line, format!("claim `{name}`"), "another entry makes it already");
            }
            return;
        }
        self.draft.claim(name, rule);
    }
}

fn source(entry: &Node) -> String {
    json_text(entry, "Source").unwrap_or_default().to_lowercase()
}

/// The text of a key, whatever its case, unless it is empty.
fn json_text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    get(node, key).and_then(as_text).filter(|text| !text.trim().is_empty())
}
