//! SATOSA: `internal_attributes.yaml`.
//!
//! ```text
//! attributes.<internal>.saml ─▶ declared attributes      attributes.<internal>.openid ─▶ claims
//! user_id_from_attrs ─▶ subject
//! ```
//!
//! The names under `saml` are those of pysaml2's attribute maps, not those on the wire: the vocabulary of federations
//! has the same ones. SATOSA puts the values of several external names together, and sends the first `openid` name.

use super::draft::{Attribute, ClaimRule, Draft, Requirement, SubjectRule};
use super::{ImportError, Imported, Losses, bounded, expression, names, not_by_email};
use crate::diagnostic::{Entry, Findings, Node, Source, Value};
use crate::mapping::yaml;

/// Claims of which SATOSA's `OpenID` Connect frontend sends one value.
const SINGLE: [&str; 17] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "updated_at",
];

pub(super) fn import(text: &str) -> Result<Imported, ImportError> {
    let source = Source::new("internal_attributes.yaml", text);
    let tree = read(&source)?;
    let entries = table(&tree).and_then(|entries| find(entries, "attributes")).and_then(|entry| table(&entry.value));
    let attributes = entries.ok_or_else(|| {
        ImportError::new(tree.span.line, "this is no `internal_attributes.yaml`: it has no table `attributes`")
    })?;
    bounded(attributes.len(), "attributes", tree.span.line)?;
    let mut reader = Reader {
        draft: Draft::new("satosa", "satosa", "Imported from the internal attributes of SATOSA."),
        losses: Losses::default(),
        internal: Vec::new(),
        named_by_openid: attributes.iter().any(|entry| profile(entry, "openid").is_some()),
    };
    reader.draft.notes.push(
        "SATOSA took the first value where a claim has one; here a second value is refused \
         (mapping.attribute_repeated). Where a source sends several, write `many: true`."
            .into(),
    );
    for entry in attributes {
        reader.attribute(entry);
    }
    reader.other_keys(table(&tree).unwrap_or_default());
    for entry in attributes {
        reader.claim(entry);
    }
    let line = find(table(&tree).unwrap_or_default(), "user_id_from_attrs").map_or(0, |entry| entry.key_span.line);
    not_by_email(&mut reader.draft, line, &mut reader.losses);
    Ok(Imported { drafts: vec![reader.draft], losses: reader.losses.all() })
}

/// The tree of the file, as strict YAML.
fn read(source: &Source) -> Result<Node, ImportError> {
    let mut findings = Findings::of(source);
    yaml::parse(&mut findings).ok_or_else(|| {
        let first = findings.diagnostics.iter().next();
        let line = first.map_or(0, |problem| problem.span.line);
        let words = first.map_or_else(String::new, |problem| {
            let help = problem.help.first().map(|help| format!("; {help}")).unwrap_or_default();
            format!(": {}{help}", problem.message)
        });
        ImportError::new(line, format!("this is no YAML that can be read here{words}"))
    })
}

struct Reader {
    draft: Draft,
    losses: Losses,
    /// The places in the draft of each internal attribute.
    internal: Vec<(String, Vec<usize>)>,
    named_by_openid: bool,
}

impl Reader {
    /// Declares what is sent for an internal attribute.
    fn attribute(&mut self, entry: &Entry) {
        for other in table(&entry.value).unwrap_or_default() {
            if !matches!(other.key.as_str(), "saml" | "openid") {
                let what = format!("profile `{}` of `{}`", other.key, entry.key);
                self.losses.know(other.key_span.line, what, "only `saml` is read, and only `openid` names claims");
            }
        }
        let Some(sent) = profile(entry, "saml") else {
            let what = format!("attribute `{}`", entry.key);
            return self.losses.know(
                entry.key_span.line,
                what,
                "it has no name under `saml`, so no assertion carries it",
            );
        };
        let single = profile(entry, "openid").and_then(|names| names.first().cloned());
        let single = SINGLE.contains(&single.as_ref().map_or(entry.key.as_str(), |(name, _)| name));
        let mut places = Vec::new();
        for (name, line) in sent {
            let is_wire = name.contains([':', '/']);
            let known = if is_wire {
                names::of_wire(&name, &["eduperson", "simplesamlphp"])
            } else {
                names::of_friendly(&name, &["eduperson"])
            };
            let many = known.map_or(!single, |known| known.many);
            let wire = known.map_or(name.as_str(), |known| known.name.as_str());
            let wish = if places.is_empty() { entry.key.as_str() } else { names::last_segment(&name) };
            let place = self.draft.declare(wire, Some(wish), many);
            if known.is_none() && !is_wire {
                let why = "its name on the wire is not known: it is declared as it stands, write what the source sends";
                self.losses.add(line, format!("SAML name `{name}`"), why);
                if let Some(attribute) = self.draft.attributes.get_mut(place) {
                    attribute.note = Some("a name of pysaml2's maps: write the one on the wire".into());
                }
            }
            places.push(place);
        }
        self.internal.push((entry.key.clone(), places));
    }

    fn other_keys(&mut self, entries: &[Entry]) {
        let mut from_attributes = false;
        for entry in entries {
            let line = entry.key_span.line;
            match entry.key.as_str() {
                "attributes" => {}
                "user_id_from_attrs" => from_attributes = self.subject(entry),
                // It names the attribute that gets the subject; `claim` looks at it.
                "user_id_to_attr" => self.subject_as_attribute(entry, entries),
                "hash" => self.losses.know(line, "`hash`", "values are not hashed; `sub` is, with a key of the bridge"),
                "separator" | "multivalue_separator" => {
                    self.losses.know(
                        line,
                        format!("`{}`", entry.key),
                        "values are never put together or cut by it here",
                    );
                }
                "template_attributes" => {
                    for template in table(&entry.value).unwrap_or_default() {
                        let what = format!("template of `{}`", template.key);
                        self.losses.add(template.key_span.line, what, "Mako templates are code: write an expression");
                    }
                }
                other => self.losses.know(line, format!("`{other}`"), "a setting of SATOSA alone"),
            }
        }
        if !from_attributes {
            self.draft.subject.note = Some("as the source names the person".into());
        }
    }

    /// Whether the subject is made from attributes.
    fn subject(&mut self, entry: &Entry) -> bool {
        let line = entry.key_span.line;
        let wanted = texts(&entry.value);
        let mut parts: Vec<String> = Vec::new();
        for (name, line) in &wanted {
            let places = self.internal.iter().find(|(internal, _)| internal == name).map(|(_, places)| places.clone());
            let Some(places) = places.filter(|places| !places.is_empty()) else {
                self.losses.add(*line, format!("`{name}` in the user id"), "no assertion carries it");
                continue;
            };
            let only = places.len() == 1;
            for place in &places {
                if let Some(attribute) = self.draft.attributes.get_mut(*place) {
                    attribute.many = false;
                    attribute.optional = !only;
                }
            }
            let attributes: Vec<_> = places.iter().filter_map(|place| self.draft.attributes.get(*place)).collect();
            parts.push(if only {
                attributes.iter().map(|a| expression::name(a)).collect()
            } else {
                expression::first_of(&attributes)
            });
        }
        match parts.as_slice() {
            [] => false,
            [only] => {
                let short = only.strip_prefix("attr.").filter(|short| self.draft.by_short(short).is_some());
                self.draft.subject.rule = match short {
                    Some(short) => SubjectRule::From(short.to_owned()),
                    None => SubjectRule::Cel(only.clone()),
                };
                true
            }
            several => {
                self.joined_subject(line, several);
                true
            }
        }
    }

    fn joined_subject(&mut self, line: usize, parts: &[String]) {
        let why = "SATOSA joins the values with nothing between them, so that `ab` and `c` is `a` and `bc`: here `|` stands between";
        self.losses.add(line, "`user_id_from_attrs` of several attributes", why);
        let plain: Vec<String> = parts.iter().map(|part| format!("!string({part}).contains('|')")).collect();
        self.draft.require.push(Requirement {
            id: "subject_parts_are_plain".into(),
            cel: plain.join(" && "),
            message: "a part of the subject holds the character that separates the parts".into(),
            note: None,
        });
        let parts: Vec<String> = parts.iter().map(|part| format!("string({part})")).collect();
        self.draft.subject.rule = SubjectRule::Cel(parts.join(" + '|' + "));
    }

    /// `user_id_to_attr`: what APIs see of the subject is `sub`.
    fn subject_as_attribute(&mut self, entry: &Entry, entries: &[Entry]) {
        let wanted = texts(&entry.value);
        let Some((name, _)) = wanted.first() else { return };
        let from = find(entries, "user_id_from_attrs").map(|entry| texts(&entry.value)).unwrap_or_default();
        if let [(only, _)] = from.as_slice()
            && only == name
        {
            return;
        }
        let what = format!("the subject as attribute `{name}`");
        let why = format!("APIs see the subject as `sub`; `{name}` stays what the source sends");
        self.losses.know(entry.key_span.line, what, why);
    }

    /// The claim of an internal attribute.
    fn claim(&mut self, entry: &Entry) {
        let places =
            self.internal.iter().find(|(internal, _)| *internal == entry.key).map(|(_, places)| places.clone());
        let attributes: Vec<_> =
            places.unwrap_or_default().iter().filter_map(|place| self.draft.attributes.get(*place).cloned()).collect();
        let named = profile(entry, "openid").and_then(|names| names.into_iter().next());
        let (name, line) = match named {
            Some(named) => named,
            None if self.named_by_openid => return,
            None => (names::claim(&entry.key).to_owned(), entry.key_span.line),
        };
        let (name, member) = match name.split_once('.') {
            Some((name, member)) => (name.to_owned(), Some(member.to_owned())),
            None => (name, None),
        };
        if attributes.is_empty() {
            return;
        }
        if names::is_reserved(&name) {
            let is_subject =
                self.draft.subject.rule == SubjectRule::From(attributes.iter().map(|a| a.short.as_str()).collect());
            if !(name == "sub" && is_subject) {
                self.losses.add(line, format!("claim `{name}`"), "it belongs to the issuer");
            }
            return;
        }
        if let Some(member) = member {
            return self.member(&name, &member, &attributes, line);
        }
        if self.draft.has_claim(&name) {
            let why = "another attribute makes this claim already";
            return self.losses.add(line, format!("claim `{name}` from `{}`", entry.key), why);
        }
        let rule = match attributes.as_slice() {
            [only] => ClaimRule::From(only.short.clone()),
            several => ClaimRule::Cel(expression::first_of(&several.iter().collect::<Vec<_>>())),
        };
        self.draft.claim(&name, rule);
    }

    /// A claim that is an object: `address.locality`.
    fn member(&mut self, claim: &str, member: &str, attributes: &[Attribute], line: usize) {
        let what = format!("claim `{claim}.{member}`");
        let [only] = attributes else {
            return self.losses.add(line, what, "a member that comes from several attributes is not carried");
        };
        let made = self.draft.claims.iter_mut().find(|made| made.name == claim).map(|made| &mut made.rule);
        match made {
            None => self.draft.claim(claim, ClaimRule::Object(vec![(member.to_owned(), only.short.clone())])),
            Some(ClaimRule::Object(members)) if members.iter().all(|(known, _)| known != member) => {
                members.push((member.to_owned(), only.short.clone()));
            }
            Some(_) => self.losses.add(line, what, "another attribute makes it already"),
        }
    }
}

/// The external names of a profile, each with its line. A single name may stand without brackets.
fn profile(entry: &Entry, profile: &str) -> Option<Vec<(String, usize)>> {
    let found = find(table(&entry.value)?, profile)?;
    Some(texts(&found.value)).filter(|names| !names.is_empty())
}

fn texts(node: &Node) -> Vec<(String, usize)> {
    match &node.value {
        Value::Text(text) => vec![(text.clone(), node.span.line)],
        Value::List(items) => items.iter().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Table(_) => Vec::new(),
    }
}

fn table(node: &Node) -> Option<&[Entry]> {
    if let Value::Table(entries) = &node.value { Some(entries) } else { None }
}

fn find<'e>(entries: &'e [Entry], key: &str) -> Option<&'e Entry> {
    entries.iter().find(|entry| entry.key == key)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, losses};
    use super::*;

    const FILE: &str = include_str!("../../fixtures/import/satosa/internal_attributes.yaml");

    #[test]
    fn the_fixture_becomes_this_mapping() {
        let imported = import(FILE).unwrap();
        testing::compiles(&imported);
        insta::assert_snapshot!(testing::shown(&imported));
    }

    #[test]
    fn without_openid_the_internal_names_are_the_claims() {
        let imported = import("attributes:\n  mail: { saml: [mail] }\n  sub: { saml: uid }\n").unwrap();
        testing::compiles(&imported);
        assert_eq!(imported.drafts[0].claims[0].name, "email");
        assert_eq!(losses(&imported), ["3 claim `sub`: it belongs to the issuer"]);
    }

    #[test]
    fn several_attributes_never_run_together_in_a_subject() {
        let text = "attributes:\n  a: { saml: [uid] }\n  b: { saml: [o] }\nuser_id_from_attrs: [a, b]\n";
        let imported = import(text).unwrap();
        testing::compiles(&imported);
        let draft = &imported.drafts[0];
        assert_eq!(draft.subject.rule, SubjectRule::Cel("string(attr.a) + '|' + string(attr.b)".into()));
        assert_eq!(draft.require[0].cel, "!string(attr.a).contains('|') && !string(attr.b).contains('|')");
        assert!(losses(&imported)[0].starts_with("4 `user_id_from_attrs` of several attributes"));
    }

    #[test]
    fn what_is_not_of_satosa_is_told_with_its_line() {
        for (text, expected) in [
            ("kind: mapping\n", "1 this is no `internal_attributes.yaml`: it has no table `attributes`"),
            ("attributes: [a]\n", "1 this is no `internal_attributes.yaml`: it has no table `attributes`"),
            (
                "attributes:\n  a: &x { saml: [b] }\n",
                "2 this is no YAML that can be read here: anchors and aliases are not accepted; a text that \
                 begins with `&` stands in quotes: `a: \"&…\"`",
            ),
        ] {
            let error = import(text).unwrap_err();
            assert_eq!(format!("{} {}", error.line, error.message), expected);
        }
    }

    testing::survives_garbage!(FILE);
}
