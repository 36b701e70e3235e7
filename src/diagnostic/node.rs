//! A file as a tree with places, and how to go through it without stopping at the first problem.
//!
//! The codes of this page (`file.…`) are the same for every kind of file.

use super::problem::{Diagnostic, Diagnostics, Explanation};
use super::shape::Keys;
use super::source::{Source, Span};
use super::suggest::suggest;

/// The codes of this page, and those of whoever makes the tree.
pub const PROBLEMS: [Explanation; 9] = [
    Explanation {
        code: "file.unreadable",
        cause: "The file cannot be opened, or is not UTF-8.",
        remedy: "Look at its path, owner and mode.",
    },
    Explanation { code: "file.too_large", cause: "The file is larger than one mebibyte.", remedy: "Split it." },
    Explanation {
        code: "file.syntax",
        cause: "The file is not YAML of the strict kind: one document, no tabs, anchors, merge keys or tags.",
        remedy: "Mend it at the place shown; most often an indentation, a quote or a colon is at fault.",
    },
    Explanation {
        code: "file.wrong_type",
        cause: "A value is of another type than its key needs. Unquoted 7, true and 1.5 are not text.",
        remedy: "Write the type that the message names; put text in quotes.",
    },
    Explanation {
        code: "file.wrong_value",
        cause: "A value is of the right type but outside of what its key accepts.",
        remedy: "Choose a value as the message says.",
    },
    Explanation {
        code: "file.empty",
        cause: "A value is there but holds nothing, where something is needed.",
        remedy: "Write the value, or remove the key.",
    },
    Explanation {
        code: "file.key_unknown",
        cause: "A key that this file does not have: it would be without effect.",
        remedy: "Look for a misspelling or a wrong indentation.",
    },
    Explanation {
        code: "file.key_repeated",
        cause: "A key stands twice in one place, and only one of the two could count.",
        remedy: "Remove one.",
    },
    Explanation { code: "file.key_missing", cause: "A required key is missing.", remedy: "Add it." },
];

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where; for a list or a table the place where it begins.
    pub span: Span,
}

/// What stands in a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing, `null` or `~`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction, or one that does not fit into 64 bits.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in order, repeated keys included.
    Table(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

/// What a reader found wrong in one file so far.
#[derive(Debug)]
pub struct Findings<'s> {
    /// The file.
    pub source: &'s Source,
    /// The problems.
    pub diagnostics: Diagnostics,
}

impl<'s> Findings<'s> {
    /// Nothing found yet.
    pub const fn of(source: &'s Source) -> Self {
        Self { source, diagnostics: Diagnostics::new() }
    }

    /// Reports a problem for which the file is refused.
    pub fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic::error(code, &self.source.path, span, message))
    }

    /// Reports a problem for which it is not.
    pub fn warning(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic::warning(code, &self.source.path, span, message))
    }

    fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        let found = node.value.type_words();
        let problem = self
            .error("file.wrong_type", node.span, format!("{what} must be {expected}, not {found}"))
            .label(format!("this is {found}"));
        problem.help(match (expected, &node.value) {
            (TEXT, Value::Bool(_) | Value::Int(_) | Value::Float(_)) => "put it in quotes",
            (TRUTH, Value::Text(text)) if ["yes", "on", "y"].contains(&text.to_lowercase().as_str()) => "write `true`",
            (TRUTH, Value::Text(text)) if ["no", "off", "n"].contains(&text.to_lowercase().as_str()) => "write `false`",
            (TEXT, _) => "write a text",
            (TRUTH, _) => "write `true` or `false`, without quotes",
            (INT, _) => "write a number without quotes and fraction",
            (LIST, _) => "write a list: `[one, two]`, or one `- element` a line",
            (_, _) => "write `key: value` pairs: `{ key: value }`, or one a line",
        });
    }
}

const TEXT: &str = "text";
const TRUTH: &str = "true or false";
const INT: &str = "a whole number";
const LIST: &str = "a list";
const TABLE: &str = "keys and values";

impl Value {
    /// What it is, in words.
    pub const fn type_words(&self) -> &'static str {
        match self {
            Self::Null => "empty",
            Self::Bool(_) => TRUTH,
            Self::Int(_) => INT,
            Self::Float(_) => "a number",
            Self::Text(_) => TEXT,
            Self::List(_) => LIST,
            Self::Table(_) => TABLE,
        }
    }
}

impl Node {
    /// Text, or a finding. `what` begins the message: `` `id` ``, `an audience`.
    pub fn text(&self, what: &str, findings: &mut Findings<'_>) -> Option<&str> {
        match &self.value {
            Value::Text(text) => return Some(text),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::List(_) | Value::Table(_) => {}
        }
        findings.wrong_type(self, what, TEXT);
        None
    }

    /// Text that is not empty, or a finding.
    pub fn word(&self, what: &str, findings: &mut Findings<'_>) -> Option<&str> {
        let text = self.text(what, findings)?;
        if text.is_empty() {
            let problem = findings.error("file.empty", self.span, format!("{what} must not be empty"));
            problem.help("write something, or remove the key");
            return None;
        }
        Some(text)
    }

    /// True or false, or a finding.
    pub fn truth(&self, what: &str, findings: &mut Findings<'_>) -> Option<bool> {
        if let Value::Bool(truth) = self.value {
            return Some(truth);
        }
        findings.wrong_type(self, what, TRUTH);
        None
    }

    /// A whole number, or a finding.
    pub fn int(&self, what: &str, findings: &mut Findings<'_>) -> Option<i64> {
        if let Value::Int(number) = self.value {
            return Some(number);
        }
        findings.wrong_type(self, what, INT);
        None
    }

    /// The elements of a list, or a finding.
    pub fn list(&self, what: &str, findings: &mut Findings<'_>) -> Option<&[Self]> {
        if let Value::List(nodes) = &self.value {
            return Some(nodes);
        }
        findings.wrong_type(self, what, LIST);
        None
    }

    /// The texts of a list, or findings; elements that are not text are left out.
    pub fn texts<'n>(&'n self, what: &str, findings: &mut Findings<'_>) -> Option<Vec<(&'n str, Span)>> {
        let nodes = self.list(what, findings)?;
        let element = format!("an element of {what}");
        Some(nodes.iter().filter_map(|node| Some((node.word(&element, findings)?, node.span))).collect())
    }

    /// The entries of a table whose keys are the operator's own, each key once, or findings.
    pub fn entries<'n>(&'n self, what: &str, findings: &mut Findings<'_>) -> Option<Vec<&'n Entry>> {
        let Value::Table(entries) = &self.value else {
            findings.wrong_type(self, what, TABLE);
            return None;
        };
        let mut kept: Vec<&Entry> = Vec::with_capacity(entries.len());
        let mut seen = std::collections::BTreeMap::new();
        for entry in entries {
            if let Some(first) = seen.get(entry.key.as_str()) {
                let message = format!("key `{}` stands here twice", entry.key);
                let problem = findings.error("file.key_repeated", entry.key_span, message);
                problem.label("again").related(*first, "first").help("remove one of the two");
            } else {
                seen.insert(entry.key.as_str(), entry.key_span);
                kept.push(entry);
            }
        }
        Some(kept)
    }

    /// A table whose keys are described: unknown and repeated keys become findings. `what` is for messages.
    pub fn shaped<'n>(&'n self, what: &str, keys: &'static Keys, findings: &mut Findings<'_>) -> Option<Table<'n>> {
        let entries = self.entries(what, findings)?;
        let mut unknown = Vec::new();
        let mut above: Option<&Entry> = None;
        for entry in &entries {
            if !keys.known().any(|key| key == entry.key) {
                unknown.push(suggest(&entry.key, keys.known()));
                findings.unknown_key(entry, above, what, keys);
            }
            above = Some(entry);
        }
        Some(Table { entries, what: what.to_owned(), keys, unknown, span: self.span })
    }
}

impl Findings<'_> {
    fn unknown_key(&mut self, entry: &Entry, above: Option<&Entry>, what: &str, keys: &'static Keys) {
        let suggestion = suggest(&entry.key, keys.known());
        let is_rest = suggestion.is_none() && self.is_rest_of_text(entry, above);
        let message = format!("{what} has no key `{}`", entry.key);
        let problem = self.error("file.key_unknown", entry.key_span, message).label("unknown key");
        if let Some(indented) = indented(&entry.key, keys) {
            problem.help(format!("a dot means indented: `{indented}`"));
            return;
        }
        problem.did_you_mean(suggestion);
        if suggestion.is_none() {
            problem.help(format!("the keys are {}", keys.known().collect::<Vec<_>>().join(", ")));
        }
        if let Some(above) = above.filter(|_| is_rest) {
            problem.help(format!(
                "or is it the rest of a text with a comma? put that in quotes: `{}: \"…, {}\"`",
                above.key, entry.key
            ));
        }
    }

    /// In `{ }` a comma ends a text, and what follows it is read as a key without a value.
    fn is_rest_of_text(&self, entry: &Entry, above: Option<&Entry>) -> bool {
        let rest = self.source.text.get(entry.key_span.end..).unwrap_or_default();
        matches!(entry.value.value, Value::Null)
            && above.is_some_and(|above| matches!(above.value.value, Value::Text(_)))
            && rest.trim_start().starts_with([',', '}'])
    }
}

/// `a.b.c` as it is written where `a` is a key: `a: { b: { c: … } }`.
fn indented(key: &str, keys: &Keys) -> Option<String> {
    let (first, rest) = key.split_once('.')?;
    let is_key = keys.known().any(|known| known == first) && rest.split('.').all(|part| !part.is_empty());
    is_key.then(|| {
        let inner = rest.rsplit('.').fold("…".to_owned(), |inner, part| match inner.as_str() {
            "…" => format!("{{ {part}: … }}"),
            _ => format!("{{ {part}: {inner} }}"),
        });
        format!("{first}: {inner}")
    })
}

/// A table whose keys are known.
#[derive(Debug)]
pub struct Table<'n> {
    entries: Vec<&'n Entry>,
    what: String,
    keys: &'static Keys,
    /// For each unknown key that which it is perhaps a slip of.
    unknown: Vec<Option<&'static str>>,
    span: Span,
}

impl<'n> Table<'n> {
    /// Where it begins.
    pub const fn span(&self) -> Span {
        self.span
    }

    /// For each unknown key the key that it was perhaps meant to be.
    pub fn unknown(&self) -> &[Option<&'static str>] {
        &self.unknown
    }

    /// Whether an unknown key was perhaps meant to be this one: then it is not missing.
    pub fn is_misspelt(&self, key: &str) -> bool {
        self.unknown.contains(&Some(key))
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&'n Entry> {
        debug_assert!(self.keys.known().any(|known| known == key), "`{key}` of {} is not described", self.keys.what);
        self.entries.iter().copied().find(|entry| entry.key == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value of a key, or a finding that it is missing; where it is misspelt, that was found already.
    pub fn required(&self, key: &str, findings: &mut Findings<'_>) -> Option<&'n Node> {
        debug_assert!(self.keys.can_lack(key), "`{key}` of {} is not described as required", self.keys.what);
        let value = self.get(key);
        if value.is_none() && !self.is_misspelt(key) {
            let message = format!("{} lacks the key `{key}`", self.what);
            findings.error("file.key_missing", self.span, message).help(format!("add `{key}:`"));
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::super::render::one_line;
    use super::super::shape::{BLANK, Shape, optional, required};
    use super::*;

    static FILE: Keys = Keys {
        what: "this file",
        keys: &[required("source", Shape::Text, ""), optional("id", Shape::Text, "")],
        later: &["ids"],
        ..BLANK
    };

    fn node(source: &Source, word: &str, value: Value) -> Node {
        let start = source.text.find(word).unwrap();
        Node { value, span: source.span(start..start + word.len()) }
    }

    fn entry(source: &Source, key: &str, at: usize, value: Node) -> Entry {
        Entry { key: key.to_owned(), key_span: source.span(at..at + key.len()), value }
    }

    #[test]
    fn every_problem_of_a_table_is_found() {
        let source = Source::new("f.yaml", "id: 7\nother: x\nid: y\n");
        let tree = Node {
            value: Value::Table(vec![
                entry(&source, "id", 0, node(&source, "7", Value::Int(7))),
                entry(&source, "other", 6, node(&source, "x", Value::Text("x".into()))),
                entry(&source, "id", 15, node(&source, "y", Value::Text("y".into()))),
            ]),
            span: source.span(0..0),
        };
        let mut findings = Findings::of(&source);
        let table = tree.shaped("this file", &FILE, &mut findings).unwrap();
        assert_eq!(table.get("id").unwrap().text("`id`", &mut findings), None);
        assert!(table.required("source", &mut findings).is_none());
        let lines: Vec<_> = findings.diagnostics.iter().map(one_line).collect();
        assert_eq!(
            lines,
            [
                "file.key_missing 1:1 this file lacks the key `source`",
                "file.wrong_type 1:5 `id` must be text, not a whole number",
                "file.key_unknown 2:1 this file has no key `other`",
                "file.key_repeated 3:1 key `id` stands here twice",
            ]
        );
        let helps: Vec<_> = findings.diagnostics.iter().flat_map(|diagnostic| diagnostic.help.clone()).collect();
        assert_eq!(
            helps,
            ["add `source:`", "put it in quotes", "the keys are source, id, ids", "remove one of the two"]
        );
    }

    #[test]
    fn a_misspelt_key_is_not_missing_as_well() {
        let source = Source::new("f.yaml", "sorce: x\n");
        let value = node(&source, "x", Value::Text("x".into()));
        let tree = Node { value: Value::Table(vec![entry(&source, "sorce", 0, value)]), span: source.span(0..0) };
        let mut findings = Findings::of(&source);
        let table = tree.shaped("this file", &FILE, &mut findings).unwrap();
        assert!(table.required("source", &mut findings).is_none());
        let helps: Vec<_> = findings.diagnostics.iter().flat_map(|diagnostic| diagnostic.help.clone()).collect();
        assert_eq!(helps, ["did you mean `source`?"]);
    }

    #[test]
    fn a_key_with_dots_is_shown_indented() {
        assert_eq!(indented("source.b.c", &FILE).as_deref(), Some("source: { b: { c: … } }"));
        for key in ["other.b", "source.", "source", "source..b"] {
            assert_eq!(indented(key, &FILE), None, "{key}");
        }
    }

    #[test]
    #[should_panic(expected = "`ic` of this file is not described")]
    fn a_reader_cannot_ask_for_a_key_that_is_not_described() {
        let source = Source::new("f.yaml", "");
        let tree = Node { value: Value::Table(Vec::new()), span: source.span(0..0) };
        let _ = tree.shaped("this file", &FILE, &mut Findings::of(&source)).unwrap().get("ic");
    }

    #[test]
    #[should_panic(expected = "`id` of this file is not described as required")]
    fn a_reader_cannot_demand_a_key_that_is_described_as_optional() {
        let source = Source::new("f.yaml", "");
        let tree = Node { value: Value::Table(Vec::new()), span: source.span(0..0) };
        let mut findings = Findings::of(&source);
        let _ = tree.shaped("this file", &FILE, &mut findings).unwrap().required("id", &mut findings);
    }
}
