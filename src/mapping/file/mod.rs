//! A mapping file, and what it may include, as written: the tree to types, key by key, with the place of everything.
//!
//! Nothing is resolved here: a name is text with a place. What cannot be read is reported and left out, so that the
//! rest is still checked.

mod attribute;
mod claim;
pub mod shapes;
mod trial;
mod unread;

pub(super) use attribute::{RawAttribute, RawAuthentication};
pub(super) use claim::{RawClaim, RawMissing, RawRows, RawRule, RawSteps, RawTable};
pub(super) use trial::{Expected, Given, RawTrial};
pub(super) use unread::Unread;

use crate::diagnostic::{Entry, Findings, Node, Span, Table, Value, suggest};

use super::vocabulary::Vocabulary;

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

/// A file of one of the kinds that are known here.
#[derive(Debug)]
pub(super) enum File {
    Mapping(Box<MappingFile>),
    Tables(TablesFile),
    Vocabulary(Vocabulary),
}

/// `kind: mapping`
#[derive(Debug)]
pub(super) struct MappingFile {
    pub(super) id: Option<Word>,
    pub(super) source: Option<Word>,
    /// Where `stage: shadow` stands.
    pub(super) shadow: Option<Span>,
    /// `for.clients`; `None` is all.
    pub(super) clients: Option<Vec<Word>>,
    /// `for.audiences`; `None` is all.
    pub(super) audiences: Option<Vec<Word>>,
    pub(super) include: Vec<Word>,
    pub(super) vocabulary: Vec<Word>,
    pub(super) budget: Option<Word>,
    pub(super) tables: Vec<(Word, RawRows)>,
    pub(super) attributes: Vec<RawAttribute>,
    pub(super) authentication: Option<RawAuthentication>,
    pub(super) require: Vec<RawRequire>,
    pub(super) subject: Option<RawSubject>,
    pub(super) subject_replaces: Option<Word>,
    pub(super) claims: Vec<RawClaim>,
    /// `None` where the file has no such key.
    pub(super) scopes: Option<Vec<(Word, Option<Word>)>>,
    pub(super) release: Vec<(Word, Vec<Word>)>,
    pub(super) tests: Vec<RawTrial>,
    pub(super) unread: Unread,
}

/// `kind: tables`
#[derive(Debug)]
pub(super) struct TablesFile {
    pub(super) include: Vec<Word>,
    pub(super) tables: Vec<(Word, RawRows)>,
}

/// One element of `require`.
#[derive(Debug)]
pub(super) struct RawRequire {
    pub(super) id: Option<Word>,
    pub(super) cel: Option<Word>,
    pub(super) message: Option<Word>,
}

/// `subject`
#[derive(Debug)]
pub(super) struct RawSubject {
    pub(super) rule: RawSubjectRule,
    pub(super) email_proven: bool,
    pub(super) link: Option<RawLink>,
}

/// Exactly one of the two.
#[derive(Debug)]
pub(super) enum RawSubjectRule {
    From(Word),
    Cel(Word),
}

impl RawSubjectRule {
    pub(super) const fn word(&self) -> &Word {
        match self {
            Self::From(word) | Self::Cel(word) => word,
        }
    }
}

/// `subject.link`
#[derive(Debug)]
pub(super) struct RawLink {
    pub(super) source: Word,
    pub(super) rule: RawSubjectRule,
    pub(super) format: Option<Word>,
}

/// Reads the tree of a file; `None` where it is none of ours.
pub(super) fn read(tree: &Node, findings: &mut Findings<'_>) -> Option<File> {
    match kind(tree, findings)? {
        Kind::Vocabulary => Vocabulary::read(tree, findings).map(File::Vocabulary),
        Kind::Mapping => read_mapping(tree, findings).map(|file| File::Mapping(Box::new(file))),
        Kind::Tables => {
            let table = tree.shaped(shapes::TABLES.what, &shapes::TABLES, findings)?;
            check_head(&table, findings);
            // Nothing refers to it; every file has one.
            if let Some(id) = table.required("id", findings) {
                id.word("`id`", findings);
            }
            let tables = table.required("tables", findings);
            Some(File::Tables(TablesFile {
                include: words(&table, "include", findings),
                tables: read_tables(tables, findings),
            }))
        }
    }
}

fn read_mapping(tree: &Node, findings: &mut Findings<'_>) -> Option<MappingFile> {
    let table = tree.shaped("a mapping", &shapes::MAPPING, findings)?;
    check_head(&table, findings);
    let word = |key: &str, findings: &mut Findings<'_>| {
        table.required(key, findings).and_then(|node| Word::read(node, &format!("`{key}`"), findings))
    };
    let maybe = |key: &str, findings: &mut Findings<'_>| {
        table.get(key).and_then(|node| Word::read(node, &format!("`{key}`"), findings))
    };
    let stage = one_of_words(table.get("stage"), "`stage`", &["live", "shadow"], findings);
    let (clients, audiences) = read_for(table.get("for"), findings);
    let authentication = table.get("authentication");
    Some(MappingFile {
        id: word("id", findings),
        source: word("source", findings),
        shadow: stage.filter(|stage| stage.value == "shadow").map(|stage| stage.span),
        clients,
        audiences,
        include: words(&table, "include", findings),
        vocabulary: words(&table, "vocabulary", findings),
        budget: read_budget(table.get("budget"), findings),
        tables: read_tables(table.get("tables"), findings),
        attributes: each(table.get("attributes"), "`attributes`", findings, attribute::read),
        authentication: authentication.and_then(|node| attribute::read_authentication(node, findings)),
        require: read_require(table.get("require"), findings),
        subject: table.required("subject", findings).and_then(|node| read_subject(node, findings)),
        subject_replaces: maybe("subject_replaces", findings),
        claims: each(table.get("claims"), "`claims`", findings, claim::read),
        scopes: table.get("scopes").map(|node| {
            each(Some(node), "`scopes`", findings, |entry, findings| {
                (Word::key(entry), Word::read(&entry.value, "the rule of a scope", findings))
            })
        }),
        release: each(table.get("release"), "`release`", findings, |entry, findings| {
            (Word::key(entry), Word::list(&entry.value, "what is released", findings).unwrap_or_default())
        }),
        tests: trial::read(table.get("tests"), findings),
        unread: Unread::of(&table),
    })
}

/// A size: a number alone has no unit.
fn read_budget(node: Option<&Node>, findings: &mut Findings<'_>) -> Option<Word> {
    let node = node?;
    if matches!(node.value, Value::Int(_)) {
        let message = "`budget` must be a size with its unit, not a whole number";
        let problem = findings.error("file.wrong_type", node.span, message);
        problem.label("of what?").help("a size such as `900B` or `4KiB`");
        return None;
    }
    Word::read(node, "`budget`", findings)
}

/// What a file says that it is.
enum Kind {
    Mapping,
    Tables,
    Vocabulary,
}

/// A file of another kind is left alone, unless it looks like a slip.
fn kind(tree: &Node, findings: &mut Findings<'_>) -> Option<Kind> {
    let Value::Table(entries) = &tree.value else {
        let message = format!("a mapping file holds keys and values, not {}", tree.value.type_words());
        findings.error("file.wrong_type", tree.span, message).help("it begins with `kind: mapping`");
        return None;
    };
    let Some(kind) = entries.iter().find(|entry| entry.key == "kind") else {
        findings.error("file.key_missing", tree.span, "the file does not say its `kind`").help("add `kind: mapping`");
        return None;
    };
    match kind.value.text("`kind`", findings)? {
        "mapping" => Some(Kind::Mapping),
        "tables" => Some(Kind::Tables),
        "vocabulary" => Some(Kind::Vocabulary),
        other => {
            let span = kind.value.span;
            if let Some(word) = suggest(other, KINDS) {
                let problem = findings.error("mapping.kind_unknown", span, format!("there is no kind `{other}`"));
                problem.did_you_mean(Some(word));
            } else {
                findings.warning("mapping.kind_unknown", span, format!("a file of kind `{other}` is left out"));
            }
            None
        }
    }
}

/// The kinds of files below the folder of mappings.
pub const KINDS: [&str; 3] = ["mapping", "tables", "vocabulary"];

/// `version` and `description`.
fn check_head(table: &Table<'_>, findings: &mut Findings<'_>) {
    check_version(table, findings);
    if let Some(description) = table.get("description") {
        description.text("`description`", findings);
    }
}

fn words(table: &Table<'_>, key: &str, findings: &mut Findings<'_>) -> Vec<Word> {
    table.get(key).and_then(|node| Word::list(node, &format!("`{key}`"), findings)).unwrap_or_default()
}

/// A word of a fixed set, or a finding.
fn one_of_words(node: Option<&Node>, what: &str, known: &[&str], findings: &mut Findings<'_>) -> Option<Word> {
    let node = node?;
    let word = Word::read(node, what, findings)?;
    if known.contains(&word.value.as_str()) {
        return Some(word);
    }
    let problem = findings.error("file.wrong_value", node.span, format!("{what} cannot be `{}`", word.value));
    match suggest(&word.value, known.iter().copied()) {
        Some(suggestion) => problem.did_you_mean(Some(suggestion)),
        None => problem.help(format!("it is one of {}", known.join(", "))),
    };
    None
}

fn read_tables(node: Option<&Node>, findings: &mut Findings<'_>) -> Vec<(Word, RawRows)> {
    each(node, "`tables`", findings, |entry, findings| {
        (Word::key(entry), claim::read_rows(&entry.value, &format!("the table `{}`", entry.key), findings))
    })
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
    let Some(table) = node.and_then(|node| node.shaped("`for`", &shapes::FOR, findings)) else {
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

fn read_require(node: Option<&Node>, findings: &mut Findings<'_>) -> Vec<RawRequire> {
    let nodes = node.and_then(|node| node.list("`require`", findings)).unwrap_or_default();
    let mut rules = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(table) = node.shaped("a rule of `require`", &shapes::REQUIRE, findings) else { continue };
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
    let table = node.shaped("`subject`", &shapes::SUBJECT, findings)?;
    let proven = table.get("email_proven").and_then(|node| node.truth("`email_proven`", findings));
    let link = table.get("link").and_then(|node| read_link(node, findings));
    let rule = read_subject_rule(&table, "`subject`", findings)?;
    Some(RawSubject { rule, email_proven: proven.unwrap_or(false), link })
}

fn read_subject_rule(table: &Table<'_>, what: &str, findings: &mut Findings<'_>) -> Option<RawSubjectRule> {
    match (table.get("from"), table.get("cel")) {
        (Some(from), None) => Word::read(from, "`from`", findings).map(RawSubjectRule::From),
        (None, Some(cel)) => Word::read(cel, "`cel`", findings).map(RawSubjectRule::Cel),
        // A misspelt one was found already.
        (None, None) if table.is_misspelt("from") || table.is_misspelt("cel") => None,
        (from, _) => {
            let found = if from.is_some() { "has both" } else { "has neither" };
            let message = format!("{what} needs `from` or `cel`, and {found}");
            let problem = findings.error("mapping.rule_ambiguous", table.span(), message);
            problem.help("for instance `{ from: name_id }` or `{ cel: \"attr.upn.lowerAscii()\" }`");
            None
        }
    }
}

fn read_link(node: &Node, findings: &mut Findings<'_>) -> Option<RawLink> {
    let table = node.shaped("`link`", &shapes::LINK, findings)?;
    let source = table.required("source", findings).and_then(|node| Word::read(node, "`source`", findings));
    let format = table.get("format").and_then(|node| Word::read(node, "`format`", findings));
    let rule = read_subject_rule(&table, "`link`", findings)?;
    Some(RawLink { source: source?, rule, format })
}
