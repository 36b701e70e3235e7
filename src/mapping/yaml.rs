//! YAML text to a tree with places: the one place of this floor that names serde-saphyr.
//!
//! Strict YAML 1.2: no anchors, aliases, merge keys or tags of one's own, `yes` is text, one document. Repeated keys
//! stay in the tree, so that its reader reports them together with all other problems.

mod hint;

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Location, Options, Spanned};

use crate::diagnostic::{Entry, Findings, Node, Source, Span, Value};

/// Larger files are refused before they are read.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// Deeper ones too: the deepest place of a file of ours is a dozen levels down.
pub(super) const MAX_DEPTH: usize = 24;

/// Reads a file, or finds the one reason why it is not YAML (`file.syntax`).
pub fn parse(findings: &mut Findings<'_>) -> Option<Node> {
    let source = findings.source;
    if source.text.len() > MAX_FILE_BYTES {
        findings.error("file.too_large", Span::FILE, format!("the file is larger than {MAX_FILE_BYTES} bytes"));
        return None;
    }
    match serde_saphyr::from_str_with_options::<Spanned<Tree>>(&source.text, options()) {
        Ok(tree) => Some(node(tree, source)),
        Err(error) => {
            let span = error.location().map_or(Span::FILE, |location| place(location, source));
            let (message, help) = words(&error);
            let problem = match hint::hint(source, span, &message) {
                Some(hint) => {
                    let message = hint.message.map_or(message, str::to_owned);
                    findings.error("file.syntax", hint.span, message).help(hint.help)
                }
                None => findings.error("file.syntax", span, message),
            };
            if let Some(help) = help {
                problem.help(help);
            }
            None
        }
    }
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_anchors: 0,
            max_aliases: 0,
            max_merge_keys: 0,
            max_documents: 1,
            max_nodes: 100_000,
            max_events: 400_000,
            max_total_scalar_bytes: MAX_FILE_BYTES,
        },
        // The reader of the tree reports them, with the place of the first.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

/// What the parser says, without the place at its end, and what to do where that is not plain.
#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that is not exhaustive")]
fn words(error: &serde_saphyr::Error) -> (String, Option<&'static str>) {
    use serde_saphyr::budget::BudgetBreach;
    match error.without_snippet() {
        serde_saphyr::Error::Budget { breach: BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. }, .. }
        | serde_saphyr::Error::UnknownAnchor { .. } => {
            ("anchors and aliases are not accepted".into(), Some("if it was meant as an anchor, write the value out"))
        }
        serde_saphyr::Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            (format!("the file nests deeper than {MAX_DEPTH} levels"), None)
        }
        serde_saphyr::Error::Budget { breach: BudgetBreach::Documents { .. }, .. }
        | serde_saphyr::Error::MultipleDocuments { .. } => {
            ("the file holds more than one document".into(), Some("one file is one document: remove `---`"))
        }
        serde_saphyr::Error::Budget { .. } => ("the file has too many parts".into(), None),
        serde_saphyr::Error::Unexpected { expected: "string scalar", .. } => ("a key must be text".into(), None),
        serde_saphyr::Error::MergeKeyNotAllowed { .. } => {
            ("merge keys are not accepted".into(), Some("write the keys out"))
        }
        // Everything else says it well enough itself.
        other => {
            let text = other.to_string();
            let line = text.lines().next().unwrap_or_default();
            let line = line.rsplit_once(" at line ").map_or(line, |(words, _)| words);
            (line.strip_prefix("error: ").unwrap_or(line).to_owned(), None)
        }
    }
}

/// What the deserializer hands over: values with places.
enum Tree {
    Leaf(Value),
    List(Vec<Spanned<Self>>),
    Table(Vec<(Spanned<String>, Spanned<Self>)>),
}

fn node(tree: Spanned<Tree>, source: &Source) -> Node {
    let span = place(tree.referenced, source);
    let value = match tree.value {
        Tree::Leaf(value) => value,
        Tree::List(items) => Value::List(items.into_iter().map(|item| node(item, source)).collect()),
        Tree::Table(entries) => Value::Table(
            entries
                .into_iter()
                .map(|(key, value)| Entry {
                    key_span: place(key.referenced, source),
                    key: key.value,
                    value: node(value, source),
                })
                .collect(),
        ),
    };
    Node { value, span }
}

fn place(location: Location, source: &Source) -> Span {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let (line, column) = (number(location.line()), number(location.column()));
    let point = source.span_at(line, column);
    let span = location.span();
    match (span.byte_offset(), span.byte_len()) {
        (Some(offset), Some(length)) if length > 0 => {
            Span { start: number(offset), end: number(offset.saturating_add(length)), line, column }
        }
        _ => point,
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Null))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Bool(truth)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Int(number)))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Tree, E> {
        i64::try_from(number)
            .map(|number| Tree::Leaf(Value::Int(number)))
            .map_err(|_| E::custom("the number is too large"))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Float(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Text(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Tree, E> {
        Ok(Tree::Leaf(Value::Text(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            table.push(entry);
        }
        Ok(Tree::Table(table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::one_line;

    fn shown(node: &Node, source: &Source) -> String {
        let at = |span: Span| format!("{}:{}", span.line, span.column);
        let value = match &node.value {
            Value::List(items) => items.iter().map(|item| shown(item, source)).collect::<Vec<_>>().join(" "),
            Value::Table(entries) => {
                let entry =
                    |e: &Entry| format!("{}@{}={}", source.at(e.key_span), at(e.key_span), shown(&e.value, source));
                entries.iter().map(entry).collect::<Vec<_>>().join(" ")
            }
            leaf @ (Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_)) => {
                format!("{leaf:?}")
            }
        };
        format!("({value} {} {:?})", at(node.span), source.at(node.span))
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = "é: {a: 'x y', b: [1, yes, true]}\nlong: |\n  two\n  lines\n\"k\": ~\nk: 1.5\n'k': \"\\u00e9\"\n";
        let source = Source::new("f", text);
        let tree = parse(&mut Findings::of(&source)).unwrap();
        assert_eq!(
            shown(&tree, &source),
            concat!(
                r#"(é@1:1=(a@1:5=(Text("x y") 1:8 "'x y'") b@1:15=((Int(1) 1:19 "1") (Text("yes") 1:22 "yes") "#,
                r#"(Bool(true) 1:27 "true") 1:18 "[") 1:4 "{") long@2:1=(Text("two\nlines\n") 3:3 "two\n  lines\n") "#,
                r#""k"@5:1=(Null 5:6 "~") k@6:1=(Float(1.5) 6:4 "1.5") 'k'@7:1=(Text("é") 7:6 "\"\\u00e9\"") 1:1 "é")"#
            )
        );
    }

    #[test]
    fn what_is_not_strict_yaml_is_found_with_its_place() {
        let deep = "- ".repeat(1000);
        let brackets = "[".repeat(1000);
        for (text, expected) in [
            ("a: [", "1:4 unclosed bracket '['"),
            ("a: *x", "1:4 anchors and aliases are not accepted"),
            ("a: &x 1", "1:4 anchors and aliases are not accepted"),
            ("&a b: c", "1:1 anchors and aliases are not accepted"),
            ("a: 1\n---\nb: 2", "2:1 the file holds more than one document"),
            ("<<: {a: 1}", "1:1 merge keys are not accepted"),
            ("a: !foo 1", "1:4 unsupported tag `!foo`"),
            ("a: b: c", "1:5 mapping values are not allowed in this context"),
            ("? [a]\n: b", "1:3 a key must be text"),
            ("a:\n\tb: 1", "2:1 tabs disallowed within this context (block indentation)"),
            ("a: 'x", "1:4 unclosed quote"),
            ("a: 18446744073709551615", "1:4 the number is too large"),
            (&brackets, "1:25 recursion limit exceeded"),
            (&deep, "1:49 the file nests deeper than 24 levels"),
        ] {
            let source = Source::new("f", text);
            let mut findings = Findings::of(&source);
            assert_eq!(parse(&mut findings), None, "{text}");
            let lines: Vec<_> = findings.diagnostics.iter().map(one_line).collect();
            assert_eq!(lines, [format!("file.syntax {expected}")], "{text}");
        }
    }

    #[test]
    fn an_empty_file_is_an_empty_value() {
        let source = Source::new("f", "# nothing\n");
        assert_eq!(parse(&mut Findings::of(&source)).unwrap().value, Value::Null);
    }
}
