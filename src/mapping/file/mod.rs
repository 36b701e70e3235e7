//! A mapping file as it is written: the tree to types, key by key, with the place of everything.
//!
//! Nothing is resolved here: a name is text with a place. What cannot be read is reported and left out, so that the
//! rest is still checked.

mod claim;
mod trial;

pub(super) use claim::{RawClaim, RawRule};
pub(super) use trial::{Expected, Given, RawTrial};

use crate::diagnostic::{Entry, Findings, Node, Span, Table, Value, suggest};

/// Something with the place where it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spot<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// Text with its place.
pub(super) type Word = Spot<String>;

impl Word {
    pub(super) fn new(text: &str, span: Span) -> Self {
        Self { value: text.to_owned(), span }
    }

    fn key(entry: &Entry) -> Self {
        Self::new(&entry.key, entry.key_span)
    }

    /// The text of a value that is not empty, or a finding.
    fn read(node: &Node, what: &str, findings: &mut Findings<'_>) -> Option<Self> {
        node.word(what, findings).map(|text| Self::new(text, node.span))
    }

    fn list(node: &Node, what: &str, findings: &mut Findings<'_>) -> Option<Vec<Self>> {
        let texts = node.texts(what, findings)?;
        Some(texts.into_iter().map(|(text, span)| Self::new(text, span)).collect())
    }
}

/// The file.
#[derive(Debug)]
pub(super) struct File {
    pub(super) id: Option<Word>,
    pub(super) source: Option<Word>,
    /// `for.clients`; `None` is all.
    pub(super) clients: Option<Vec<Word>>,
    /// `for.audiences`; `None` is all.
    pub(super) audiences: Option<Vec<Word>>,
    pub(super) attributes: Vec<RawAttribute>,
    pub(super) require: Vec<RawRequire>,
    pub(super) subject: Option<RawSubject>,
    pub(super) subject_replaces: Option<Word>,
    pub(super) claims: Vec<RawClaim>,
    pub(super) scopes: Vec<(Word, Option<Word>)>,
    pub(super) release: Vec<(Word, Vec<Word>)>,
    pub(super) tests: Vec<RawTrial>,
}

/// `attributes.<short>`
#[derive(Debug)]
pub(super) struct RawAttribute {
    pub(super) short: Word,
    pub(super) name: Option<Word>,
    pub(super) format: Option<Word>,
    /// `None` where it cannot be read: then nothing is said of how it is used.
    pub(super) many: Option<bool>,
    pub(super) max: Option<Spot<i64>>,
    pub(super) optional: bool,
}

/// One element of `require`.
#[derive(Debug)]
pub(super) struct RawRequire {
    pub(super) id: Option<Word>,
    pub(super) cel: Option<Word>,
    pub(super) message: Option<Word>,
}

/// `subject`: exactly one of the two.
#[derive(Debug)]
pub(super) enum RawSubject {
    From(Word),
    Cel(Word),
}

const KEYS: [&str; 14] = [
    "kind",
    "version",
    "id",
    "description",
    "source",
    "for",
    "attributes",
    "require",
    "subject",
    "subject_replaces",
    "claims",
    "scopes",
    "release",
    "tests",
];

/// Reads the tree of a file; `None` where it is not a mapping at all.
pub(super) fn read(tree: &Node, findings: &mut Findings<'_>) -> Option<File> {
    if !is_mapping(tree, findings) {
        return None;
    }
    let table = tree.table("a mapping", &KEYS, findings)?;
    check_version(&table, findings);
    if let Some(description) = table.get("description") {
        description.text("`description`", findings);
    }
    let word = |key: &str, findings: &mut Findings<'_>| {
        table.required(key, findings).and_then(|node| Word::read(node, &format!("`{key}`"), findings))
    };
    let id = word("id", findings);
    let source = word("source", findings);
    let (clients, audiences) = read_for(table.get("for"), findings);
    let replaces = table.get("subject_replaces");
    Some(File {
        id,
        source,
        clients,
        audiences,
        attributes: each(table.get("attributes"), "`attributes`", findings, read_attribute),
        require: read_require(table.get("require"), findings),
        subject: table.required("subject", findings).and_then(|node| read_subject(node, findings)),
        subject_replaces: replaces.and_then(|node| Word::read(node, "`subject_replaces`", findings)),
        claims: each(table.get("claims"), "`claims`", findings, claim::read),
        scopes: each(table.get("scopes"), "`scopes`", findings, |entry, findings| {
            (Word::key(entry), Word::read(&entry.value, "the rule of a scope", findings))
        }),
        release: each(table.get("release"), "`release`", findings, |entry, findings| {
            (Word::key(entry), Word::list(&entry.value, "what is released", findings).unwrap_or_default())
        }),
        tests: trial::read(table.get("tests"), findings),
    })
}

/// A file of another kind is left alone, unless it looks like a slip.
fn is_mapping(tree: &Node, findings: &mut Findings<'_>) -> bool {
    let Value::Table(entries) = &tree.value else {
        let message = format!("a mapping file holds keys and values, not {}", tree.value.type_words());
        findings.error("file.wrong_type", tree.span, message).help("it begins with `kind: mapping`");
        return false;
    };
    let Some(kind) = entries.iter().find(|entry| entry.key == "kind") else {
        findings.error("file.key_missing", tree.span, "the file does not say its `kind`").help("add `kind: mapping`");
        return false;
    };
    match kind.value.text("`kind`", findings) {
        Some("mapping") => true,
        Some(other) => {
            let span = kind.value.span;
            if let Some(word) = suggest(other, ["mapping"]) {
                let problem = findings.error("mapping.kind_unknown", span, format!("there is no kind `{other}`"));
                problem.did_you_mean(Some(word));
            } else {
                findings.warning("mapping.kind_unknown", span, format!("a file of kind `{other}` is left out"));
            }
            false
        }
        None => false,
    }
}

fn check_version(table: &Table<'_>, findings: &mut Findings<'_>) {
    let Some(node) = table.required("version", findings) else { return };
    let Some(version) = node.int("`version`", findings) else { return };
    if version != 1 {
        let message = format!("version {version} of mapping files is not known here");
        findings.error("mapping.version_unknown", node.span, message).help("write `version: 1`");
    }
}

/// Reads each entry of a table whose keys are the operator's own.
fn each<T>(
    node: Option<&Node>,
    what: &str,
    findings: &mut Findings<'_>,
    read: impl Fn(&Entry, &mut Findings<'_>) -> T,
) -> Vec<T> {
    let entries = node.and_then(|node| node.entries(what, findings)).unwrap_or_default();
    entries.into_iter().map(|entry| read(entry, findings)).collect()
}

type Names = Option<Vec<Word>>;

fn read_for(node: Option<&Node>, findings: &mut Findings<'_>) -> (Names, Names) {
    let Some(table) = node.and_then(|node| node.table("`for`", &["clients", "audiences"], findings)) else {
        return (None, None);
    };
    let mut names = |key: &str| {
        let names = Word::list(table.get(key)?, &format!("`{key}`"), findings)?;
        if names.is_empty() {
            let span = table.get(key).map_or(table.span(), |node| node.span);
            let problem =
                findings.error("file.empty", span, format!("`{key}` is empty: the mapping would never apply"));
            problem.help(format!("leave `{key}` out to mean all"));
        }
        Some(names)
    };
    (names("clients"), names("audiences"))
}

fn read_attribute(entry: &Entry, findings: &mut Findings<'_>) -> RawAttribute {
    let mut attribute = RawAttribute {
        short: Word::key(entry),
        name: None,
        format: None,
        many: Some(false),
        max: None,
        optional: false,
    };
    let what = format!("the attribute `{}`", entry.key);
    let Some(table) = entry.value.table(&what, &["name", "format", "many", "max", "optional"], findings) else {
        return attribute;
    };
    attribute.name = table.required("name", findings).and_then(|node| Word::read(node, "`name`", findings));
    attribute.format = table.get("format").and_then(|node| Word::read(node, "`format`", findings));
    if let Some(node) = table.get("many") {
        attribute.many = node.truth("`many`", findings);
    }
    if let Some(node) = table.get("optional") {
        attribute.optional = node.truth("`optional`", findings).unwrap_or(false);
    }
    if let Some(node) = table.get("max") {
        attribute.max = node.int("`max`", findings).map(|value| Spot { value, span: node.span });
    }
    attribute
}

fn read_require(node: Option<&Node>, findings: &mut Findings<'_>) -> Vec<RawRequire> {
    let nodes = node.and_then(|node| node.list("`require`", findings)).unwrap_or_default();
    let mut rules = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(table) = node.table("a rule of `require`", &["id", "cel", "message"], findings) else { continue };
        let word = |key: &str, findings: &mut Findings<'_>| {
            table.required(key, findings).and_then(|node| Word::read(node, &format!("`{key}`"), findings))
        };
        rules.push(RawRequire {
            id: word("id", findings),
            cel: word("cel", findings),
            message: word("message", findings),
        });
    }
    rules
}

fn read_subject(node: &Node, findings: &mut Findings<'_>) -> Option<RawSubject> {
    let table = node.table("`subject`", &["from", "cel"], findings)?;
    match (table.get("from"), table.get("cel")) {
        (Some(from), None) => Word::read(from, "`from`", findings).map(RawSubject::From),
        (None, Some(cel)) => Word::read(cel, "`cel`", findings).map(RawSubject::Cel),
        (from, _) => {
            let found = if from.is_some() { "has both" } else { "has neither" };
            let message = format!("`subject` needs `from` or `cel`, and {found}");
            let problem = findings.error("mapping.rule_ambiguous", table.span(), message);
            problem.help("for instance `{ from: name_id }` or `{ cel: \"attr.upn.lowerAscii()\" }`");
            None
        }
    }
}
