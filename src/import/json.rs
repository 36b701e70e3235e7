//! JSON text to a tree with lines: the [`Node`]s that the files of this program are read into as well.
//!
//! `serde_json` reads the text and refuses what is no JSON; it keeps no places. Values come out of it in the order of the
//! text, so a second pass over a text that is known to be good only has to find where each value begins.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::ImportError;
use crate::diagnostic::{Entry, Node, Span, Value};

/// Larger texts are refused before they are read: an export of a realm is large.
const MAX_BYTES: usize = 16 << 20;
/// A tree takes more memory than its text.
const MAX_VALUES: usize = 2_000_000;

/// Reads a text.
pub(super) fn parse(text: &str) -> Result<Node, ImportError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MAX_BYTES {
        return Err(ImportError::new(0, format!("the file is larger than {} MiB", MAX_BYTES >> 20)));
    }
    let tree: Tree = serde_json::from_str(text).map_err(|error| {
        let words = error.to_string();
        let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words).to_owned();
        ImportError::new(error.line(), format!("this is no JSON: {words}"))
    })?;
    let places = places(text);
    if places.len() > MAX_VALUES {
        return Err(ImportError::new(0, format!("the file holds more than {MAX_VALUES} values")));
    }
    Ok(node(tree, &mut places.into_iter()))
}

/// A text inside of a text: everything in it stands where the outer one stands.
pub(super) fn parse_inner(text: &str, line: usize) -> Result<Node, ImportError> {
    let mut tree = parse(text).map_err(|error| ImportError { line, ..error })?;
    move_to(&mut tree, line);
    Ok(tree)
}

fn move_to(node: &mut Node, line: usize) {
    node.span = at(line);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| move_to(item, line)),
        Value::Table(entries) => entries.iter_mut().for_each(|entry| {
            entry.key_span = at(line);
            move_to(&mut entry.value, line);
        }),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {}
    }
}

/// The value of a key; the last where it is repeated, as most readers of JSON have it.
pub(super) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Value::Table(entries) = &node.value else { return None };
    entries.iter().rev().find(|entry| entry.key == key).map(|entry| &entry.value)
}

/// The same, whatever the case of the key.
pub(super) fn get_any_case<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Value::Table(entries) = &node.value else { return None };
    entries.iter().rev().find(|entry| entry.key.eq_ignore_ascii_case(key)).map(|entry| &entry.value)
}

/// Text.
pub(super) fn as_text(node: &Node) -> Option<&str> {
    if let Value::Text(text) = &node.value { Some(text) } else { None }
}

/// The text of a key, unless it is empty.
pub(super) fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    get(node, key).and_then(as_text).filter(|text| !text.trim().is_empty())
}

/// The elements of a list; none of anything else.
pub(super) fn list(node: Option<&Node>) -> &[Node] {
    if let Some(Node { value: Value::List(items), .. }) = node { items } else { &[] }
}

/// True, as a value or as a text: exports write both.
pub(super) fn is_true(node: Option<&Node>) -> bool {
    match node.map(|node| &node.value) {
        Some(Value::Bool(truth)) => *truth,
        Some(Value::Text(text)) => text.eq_ignore_ascii_case("true"),
        Some(Value::Null | Value::Int(_) | Value::Float(_) | Value::List(_) | Value::Table(_)) | None => false,
    }
}

const fn at(line: usize) -> Span {
    Span { start: 0, end: 0, line, column: 1 }
}

/// The lines on which keys and values begin, in the order of the text, which must be JSON.
fn places(text: &str) -> Vec<usize> {
    let mut places = Vec::new();
    let mut line = 1;
    let mut bytes = text.bytes();
    // Whether the byte before belonged to a number or a word.
    let mut goes_on = false;
    while let Some(byte) = bytes.next() {
        let is_word = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        match byte {
            b'\n' => line += 1,
            b'{' | b'[' => places.push(line),
            b'"' => {
                places.push(line);
                // A good text has no line break inside of a string.
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ if is_word && !goes_on => places.push(line),
            _ => {}
        }
        goes_on = is_word;
    }
    places
}

enum Tree {
    Leaf(Value),
    List(Vec<Self>),
    Table(Vec<(String, Self)>),
}

fn node(tree: Tree, places: &mut impl Iterator<Item = usize>) -> Node {
    let span = at(places.next().unwrap_or_default());
    let value = match tree {
        Tree::Leaf(value) => value,
        Tree::List(items) => Value::List(items.into_iter().map(|item| node(item, places)).collect()),
        Tree::Table(entries) => {
            let entry = |(key, value)| Entry {
                key_span: at(places.next().unwrap_or_default()),
                key,
                value: node(value, places),
            };
            Value::Table(entries.into_iter().map(entry).collect())
        }
    };
    Node { value, span }
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
            .map_err(|_| E::custom("a number is too large"))
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
            if list.len() > MAX_VALUES {
                return Err(A::Error::custom("a list is too long"));
            }
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
    use proptest::prelude::*;

    use super::*;

    fn shown(node: &Node) -> String {
        let line = node.span.line;
        match &node.value {
            Value::List(items) => format!("{line}[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
            Value::Table(entries) => {
                let entry = |e: &Entry| format!("{}@{}={}", e.key, e.key_span.line, shown(&e.value));
                format!("{line}{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(" "))
            }
            leaf @ (Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_)) => {
                format!("{line}{leaf:?}")
            }
        }
    }

    #[test]
    fn every_value_has_its_line() {
        let text = "\u{feff}{\"a\":\n [1, -2.5e+3,\n  true,\n{}],\n \"b\\\"\\\\\":\"x\\n{[\",\"c\"\n:\n null}";
        assert_eq!(
            shown(&parse(text).unwrap()),
            "1{a@1=2[2Int(1) 2Float(-2500.0) 3Bool(true) 4{}] b\"\\@5=5Text(\"x\\n{[\") c@5=7Null}"
        );
        assert_eq!(shown(&parse_inner("{\n\"a\": 1}", 7).unwrap()), "7{a@7=7Int(1)}");
    }

    #[test]
    fn what_is_no_json_is_told_with_its_line() {
        for (text, expected) in [
            ("{\n\"a\": }", "2 this is no JSON: expected value"),
            ("", "1 this is no JSON: EOF while parsing a value"),
            ("{} {}", "1 this is no JSON: trailing characters"),
            (&"[".repeat(1000), "1 this is no JSON: recursion limit exceeded"),
            (&" ".repeat(MAX_BYTES + 1), "0 the file is larger than 16 MiB"),
            ("18446744073709551615", "1 this is no JSON: a number is too large"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(format!("{} {}", error.line, error.message), expected);
        }
        assert_eq!(parse_inner("{", 9).unwrap_err().line, 9);
    }

    fn last(node: &Node) -> usize {
        match &node.value {
            Value::List(items) => items.last().map_or(node.span.line, last),
            Value::Table(entries) => entries.last().map_or(node.span.line, |entry| last(&entry.value)),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => node.span.line,
        }
    }

    proptest! {
        /// The two passes agree on what there is: the last value gets the last place.
        #[test]
        fn both_passes_see_the_same_values(value in any_json()) {
            let text = serde_json::to_string_pretty(&value).unwrap();
            let tree = parse(&text).unwrap();
            // Behind the last value there are only closing brackets, each on a line of its own.
            let closing = text.lines().rev().take_while(|line| matches!(line.trim(), "]" | "}" | "]," | "},")).count();
            prop_assert_eq!(last(&tree), text.lines().count() - closing);
        }

        #[test]
        fn garbage_never_panics(text in "\\PC{0,64}") {
            let _ = parse(&text);
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "[\\PC\n\"\\\\{}]{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                proptest::collection::btree_map("[\\PC\"\\\\]{0,5}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
