//! Vocabularies: the friendly names of the attributes that a product or a community sends.
//!
//! ```text
//! text ─yaml─▶ Node ─read─▶ Vocabulary        (a file of an operator, or one of `mappings/vocabulary/`, built in)
//! ```
//!
//! **Invariant.** A friendly name says under which `Name` something is sent, and hints at what it is. It widens nothing:
//! what a mapping reads is still what it declares.
//!
//! **Absent on purpose.** The `FriendlyName` of an assertion: it is the sender's remark, and nothing is matched by it.

use std::sync::LazyLock;

use crate::diagnostic::{Entry, Findings, Node, Source, Table};

use super::file::shapes::{NAME, VOCABULARY};
use super::yaml;

/// The names of one product or community.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    /// By which a mapping names it.
    pub id: String,
    /// Whose names they are, for people.
    pub description: String,
    /// In the order of the file.
    pub names: Vec<Name>,
}

/// What is sent under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// By which a mapping knows it.
    pub friendly: String,
    /// `Attribute@Name`, character by character.
    pub name: String,
    /// `Attribute@NameFormat`; `None` where senders differ or send none.
    pub format: Option<String>,
    /// Usually several values are sent.
    pub many: bool,
    /// A value is an e-mail address at which a person is reached.
    pub email: bool,
    /// A value is a distinguished name (RFC 4514).
    pub dn: bool,
}

impl Vocabulary {
    /// Reads the tree of a file of `kind: vocabulary`; what cannot be read is reported and left out. `None` where the
    /// file is none, or does not say its `id`.
    pub fn read(tree: &Node, findings: &mut Findings<'_>) -> Option<Self> {
        let table = tree.shaped("a vocabulary", &VOCABULARY, findings)?;
        check_head(&table, findings)?;
        let id = table.required("id", findings).and_then(|node| node.word("`id`", findings)).map(str::to_owned);
        let description = table.get("description").and_then(|node| node.text("`description`", findings));
        let names = table.required("names", findings).and_then(|node| node.entries("`names`", findings));
        let names = names.unwrap_or_default().into_iter().filter_map(|entry| Name::read(entry, findings)).collect();
        Some(Self { id: id?, description: description.unwrap_or_default().to_owned(), names })
    }

    /// The entry of a friendly name.
    pub fn get(&self, friendly: &str) -> Option<&Name> {
        self.names.iter().find(|name| name.friendly == friendly)
    }
}

impl Name {
    fn read(entry: &Entry, findings: &mut Findings<'_>) -> Option<Self> {
        check_friendly(entry, findings);
        let table = entry.value.shaped(&format!("the name `{}`", entry.key), &NAME, findings)?;
        let truth = |key: &str, findings: &mut Findings<'_>| {
            table.get(key).and_then(|node| node.truth(&format!("`{key}`"), findings)).unwrap_or(false)
        };
        let (many, email, dn) = (truth("many", findings), truth("email", findings), truth("dn", findings));
        let format = table.get("format").and_then(|node| node.word("`format`", findings)).map(str::to_owned);
        let name = table.required("name", findings)?.word("`name`", findings)?.to_owned();
        Some(Self { friendly: entry.key.clone(), name, format, many, email, dn })
    }

    /// Whether this is what arrives under `name`. A format that is not known, here or there, fits.
    fn is(&self, name: &str, format: Option<&str>) -> bool {
        let same_format = self.format.is_none() || format.is_none() || self.format.as_deref() == format;
        self.name == name && same_format
    }
}

/// `kind` and `version`: without them nothing else has a meaning.
fn check_head(table: &Table<'_>, findings: &mut Findings<'_>) -> Option<()> {
    let kind = table.required("kind", findings)?;
    let word = kind.text("`kind`", findings)?;
    if word != "vocabulary" {
        let problem = findings.error("mapping.kind_unknown", kind.span, format!("`{word}` is no vocabulary"));
        problem.help("a vocabulary says `kind: vocabulary`");
        return None;
    }
    let version = table.required("version", findings)?;
    let number = version.int("`version`", findings)?;
    if number != 1 {
        let message = format!("version {number} of vocabularies is not known here");
        findings.error("mapping.version_unknown", version.span, message).help("write `version: 1`");
        return None;
    }
    Some(())
}

/// A friendly name can be the short name of an attribute, as a draft of a mapping makes it.
fn check_friendly(entry: &Entry, findings: &mut Findings<'_>) {
    let starts_well = entry.key.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts_well || !entry.key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        let message = format!("`{}` cannot be a friendly name", entry.key);
        let problem = findings.error("mapping.name_malformed", entry.key_span, message);
        problem.help("a letter, then letters, digits and `_`");
    }
}

/// Id and text of the files that are built in.
const FILES: [(&str, &str); 7] = [
    ("adfs", include_str!("../../mappings/vocabulary/adfs.yaml")),
    ("eduperson", include_str!("../../mappings/vocabulary/eduperson.yaml")),
    ("entra", include_str!("../../mappings/vocabulary/entra.yaml")),
    ("keycloak", include_str!("../../mappings/vocabulary/keycloak.yaml")),
    ("okta", include_str!("../../mappings/vocabulary/okta.yaml")),
    ("pingfederate", include_str!("../../mappings/vocabulary/pingfederate.yaml")),
    ("simplesamlphp", include_str!("../../mappings/vocabulary/simplesamlphp.yaml")),
];

/// A file that cannot be read would be missing here; a test reads them all.
static BUILT_IN: LazyLock<Vec<Vocabulary>> = LazyLock::new(|| {
    let read = |(id, text): (&str, &str)| {
        let source = Source::new(format!("vocabulary/{id}.yaml"), text);
        let mut findings = Findings::of(&source);
        yaml::parse(&mut findings).and_then(|tree| Vocabulary::read(&tree, &mut findings))
    };
    FILES.into_iter().filter_map(read).collect()
});

/// The vocabularies that come with this program, by id in order.
pub fn built_in() -> &'static [Vocabulary] {
    &BUILT_IN
}

/// The one of them with this id.
pub fn built_in_by_id(id: &str) -> Option<&'static Vocabulary> {
    built_in().iter().find(|vocabulary| vocabulary.id == id)
}

/// What the built-in vocabularies call what arrives under this `Name`, and `NameFormat` where that is known.
pub fn known_as(name: &str, format: Option<&str>) -> Vec<(&'static Vocabulary, &'static Name)> {
    let all = built_in().iter().flat_map(|vocabulary| vocabulary.names.iter().map(move |name| (vocabulary, name)));
    all.filter(|(_, entry)| entry.is(name, format)).collect()
}

/// Whether some product sends e-mail addresses of people under this `Name`. A safeguard asks, so case does not count.
pub fn is_email(name: &str) -> bool {
    let names = built_in().iter().flat_map(|vocabulary| &vocabulary.names);
    names.into_iter().any(|entry| entry.email && entry.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::diagnostic::one_line;
    use crate::mapping::{CompileContext, compile};

    const MAIL: &str = "urn:oid:0.9.2342.19200300.100.1.3";
    const URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
    const BASIC: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";

    fn read(text: &str) -> (Option<Vocabulary>, Vec<String>) {
        let source = Source::new("v.yaml", text);
        let mut findings = Findings::of(&source);
        let vocabulary = yaml::parse(&mut findings).and_then(|tree| Vocabulary::read(&tree, &mut findings));
        (vocabulary, findings.diagnostics.iter().map(one_line).collect())
    }

    #[test]
    fn every_file_that_is_built_in_reads_without_findings() {
        for (id, text) in FILES {
            let (vocabulary, findings) = read(text);
            assert_eq!(findings, Vec::<String>::new(), "{id}");
            let vocabulary = vocabulary.unwrap();
            assert_eq!(vocabulary.id, id);
            assert!(!vocabulary.description.is_empty() && !vocabulary.names.is_empty(), "{id}");
            assert_eq!(built_in_by_id(id), Some(&vocabulary));
        }
        assert_eq!(built_in().len(), FILES.len());
        assert_eq!(built_in_by_id("none"), None);
    }

    #[test]
    fn every_file_in_the_folder_is_built_in() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/vocabulary")).unwrap();
        let found: BTreeSet<_> = folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        let built_in: BTreeSet<_> = FILES.iter().map(|(id, _)| format!("{id}.yaml")).collect();
        assert_eq!(found, built_in);
    }

    #[test]
    fn one_name_on_the_wire_has_one_friendly_name_in_a_file() {
        for vocabulary in built_in() {
            let mut seen = BTreeSet::new();
            for entry in &vocabulary.names {
                assert!(seen.insert(&entry.name), "{}: `{}` stands twice", vocabulary.id, entry.name);
                assert_eq!(entry.name.trim(), entry.name);
                assert!(!entry.name.starts_with("https://"), "{}: {}", vocabulary.id, entry.name);
            }
        }
    }

    #[test]
    fn every_friendly_name_can_be_a_short_name() {
        for vocabulary in built_in() {
            let declare =
                |entry: &Name| format!("  {}: {{ name: \"{}\", optional: true }}", entry.friendly, entry.name);
            let attributes: Vec<_> = vocabulary.names.iter().map(declare).collect();
            let attributes = attributes.join("\n");
            let text = format!(
                "kind: mapping\nversion: 1\nid: x\nsource: s\nsubject: {{ from: name_id }}\nattributes:\n{attributes}\n"
            );
            let compiled = compile(&[Source::new("m.yaml", text)], &CompileContext::default());
            let findings: Vec<_> = compiled.err().iter().flat_map(|all| all.iter().map(one_line)).collect();
            assert_eq!(findings, Vec::<String>::new(), "{}", vocabulary.id);
        }
    }

    #[test]
    fn a_name_is_known_by_all_who_send_it() {
        let known = |name, format| -> Vec<String> {
            let known = known_as(name, format);
            known.iter().map(|(vocabulary, entry)| format!("{}.{}", vocabulary.id, entry.friendly)).collect()
        };
        assert_eq!(known(MAIL, Some(URI)), ["eduperson.mail"]);
        assert_eq!(known(MAIL, None), ["eduperson.mail"]);
        assert_eq!(known(MAIL, Some(BASIC)), Vec::<String>::new());
        let upn = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
        assert_eq!(known(upn, Some(URI)), ["adfs.upn", "entra.upn"]);
        assert_eq!(
            known("memberOf", Some(BASIC)),
            ["keycloak.memberOf", "pingfederate.memberOf", "simplesamlphp.plain_memberOf"]
        );
        assert_eq!(known("UPN", None), Vec::<String>::new());
    }

    #[test]
    fn addresses_of_people_are_known_whatever_the_case() {
        for name in [
            MAIL,
            "mail",
            "Email",
            "urn:mace:dir:attribute-def:mail",
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/EmailAddress",
            "http://schemas.xmlsoap.org/claims/EmailAddress",
        ] {
            assert!(is_email(name), "{name}");
        }
        for name in ["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", "login", "", "mailbox"] {
            assert!(!is_email(name), "{name}");
        }
    }

    #[test]
    fn what_usually_has_several_values_or_is_a_distinguished_name_is_said() {
        let entry = |id, friendly| built_in_by_id(id).unwrap().get(friendly).unwrap();
        assert!(entry("adfs", "groups").many && !entry("adfs", "upn").many);
        assert!(entry("eduperson", "memberOf").dn && !entry("eduperson", "isMemberOf").dn);
        assert_eq!(entry("eduperson", "eduPersonEntitlement").format.as_deref(), Some(URI));
        assert_eq!(built_in_by_id("adfs").unwrap().get("Groups"), None);
    }

    #[test]
    fn every_problem_of_a_vocabulary_is_found() {
        let (vocabulary, findings) = read(concat!(
            "kind: vocabulary\nversion: 1\nid: ''\ndescripton: x\nnames:\n  1st: { name: a }\n  b-c: { name: b, many: 1 }\n",
            "  d: { nam: d }\n  e: { name: '', email: yes, dn: no, format: 7 }\n  f: { name: f }\n  f: { name: g }\n"
        ));
        assert_eq!(vocabulary, None);
        assert_eq!(
            findings,
            [
                "file.empty 3:5 `id` must not be empty",
                "file.key_unknown 4:1 a vocabulary has no key `descripton`",
                "mapping.name_malformed 6:3 `1st` cannot be a friendly name",
                "mapping.name_malformed 7:3 `b-c` cannot be a friendly name",
                "file.wrong_type 7:25 `many` must be true or false, not a whole number",
                "file.key_unknown 8:8 the name `d` has no key `nam`",
                "file.empty 9:14 `name` must not be empty",
                "file.wrong_type 9:25 `email` must be true or false, not text",
                "file.wrong_type 9:34 `dn` must be true or false, not text",
                "file.wrong_type 9:46 `format` must be text, not a whole number",
                "file.key_repeated 11:3 key `f` stands here twice",
            ]
        );
    }

    #[test]
    fn what_is_no_vocabulary_is_told_so() {
        for (text, expected) in [
            ("kind: mapping\nversion: 1\n", "mapping.kind_unknown 1:7 `mapping` is no vocabulary"),
            ("version: 1\nid: x\nnames: {}\n", "file.key_missing 1:1 a vocabulary lacks the key `kind`"),
            (
                "kind: vocabulary\nversion: 2\nid: x\nnames: {}\n",
                "mapping.version_unknown 2:10 version 2 of vocabularies is not known here",
            ),
            ("kind: vocabulary\nid: x\nnames: {}\n", "file.key_missing 1:1 a vocabulary lacks the key `version`"),
            ("kind: vocabulary\nversion: 1\nid: x\n", "file.key_missing 1:1 a vocabulary lacks the key `names`"),
            ("- x\n", "file.wrong_type 1:1 a vocabulary must be keys and values, not a list"),
        ] {
            let (_, findings) = read(text);
            assert_eq!(findings, [expected], "{text}");
        }
    }
}
