//! What may stand in a file: one description for those who read it, for editors (JSON Schema) and for the reference.
//!
//! A reader asks [`Node::shaped`](super::Node::shaped) for the keys of a place, so a key that is described and not read,
//! or read and not described, cannot be: the one is an unknown key, the other is missed by the reader's tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// What may stand in one place.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text that is not empty.
    Text,
    /// Any text.
    AnyText,
    /// One of these words.
    Words(&'static [&'static str]),
    /// `true` or `false`.
    Truth,
    /// A whole number within these bounds.
    Int(i64, i64),
    /// A moment in UTC, RFC 3339.
    Moment,
    /// Text of this form, as an ECMA 262 pattern, with the words for it: `4KiB`, `10m`.
    Pattern(&'static str, &'static str),
    /// A value of a claim: text, number, truth, list or object.
    Value,
    /// A value of a claim that is no list and no object.
    Scalar,
    /// A list.
    List(&'static Self),
    /// A table whose keys are the operator's own.
    Entries(&'static Self),
    /// A table whose keys are ours.
    Keys(&'static Keys),
    /// Any of these.
    Either(&'static [Self]),
}

/// A table whose keys are ours.
#[derive(Debug)]
pub struct Keys {
    /// Begins messages: `` a mapping ``, `` `for` ``.
    pub what: &'static str,
    /// What it is for, a sentence.
    pub about: &'static str,
    /// Its keys, in the order of the reference.
    pub keys: &'static [Key],
    /// Exactly one of these must be there; empty where there is no such rule.
    pub one_of: &'static [&'static str],
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Its value.
    pub shape: Shape,
    /// What it does, a sentence.
    pub about: &'static str,
}

/// A key that must be there.
pub const fn required(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, required: true, shape, about }
}

/// A key that may be left out.
pub const fn optional(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, required: false, shape, about }
}

impl Keys {
    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.keys.iter().map(|key| key.name)
    }

    /// A name for places that refer to it: `a_claim`.
    fn word(&self) -> String {
        let plain = self.what.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
        plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join("_")
    }

    /// This table and all tables in it, each once, in the order in which a reader meets them.
    fn all(&'static self) -> Vec<&'static Self> {
        let mut found = vec![self];
        let mut next = 0;
        while let Some(keys) = found.get(next).copied() {
            next += 1;
            let mut waiting: Vec<Shape> = keys.keys.iter().rev().map(|key| key.shape).collect();
            while let Some(shape) = waiting.pop() {
                match shape {
                    Shape::Keys(keys) if !found.iter().any(|known| std::ptr::eq(*known, keys)) => found.push(keys),
                    Shape::List(item) | Shape::Entries(item) => waiting.push(*item),
                    Shape::Either(shapes) => waiting.extend(shapes.iter().rev()),
                    Shape::Keys(_)
                    | Shape::Text
                    | Shape::AnyText
                    | Shape::Words(_)
                    | Shape::Truth
                    | Shape::Int(..)
                    | Shape::Moment
                    | Shape::Pattern(..)
                    | Shape::Value
                    | Shape::Scalar => {}
                }
            }
        }
        found
    }
}

/// A file as JSON Schema (draft 2020-12), for editors. `id` is the schema's own name, `kinds` the files that it may be,
/// told apart by their keys.
pub fn json_schema(id: &str, title: &str, kinds: &[&'static Keys]) -> Value {
    let tables: Vec<_> = kinds.iter().flat_map(|keys| keys.all()).collect();
    let named: BTreeMap<String, Value> = tables.iter().map(|keys| (keys.word(), table_schema(keys))).collect();
    let refer = |keys: &&'static Keys| json!({ "$ref": format!("#/$defs/{}", keys.word()) });
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": id,
        "title": title,
        "$defs": named,
    });
    let body = match kinds {
        [only] => ("$ref", json!(format!("#/$defs/{}", only.word()))),
        several => ("oneOf", several.iter().map(refer).collect()),
    };
    if let Some(fields) = schema.as_object_mut() {
        fields.insert(body.0.into(), body.1);
    }
    schema
}

fn table_schema(keys: &Keys) -> Value {
    let mut properties = Map::new();
    for key in keys.keys {
        let mut schema = shape_schema(key.shape);
        if let Some(fields) = schema.as_object_mut() {
            fields.insert("description".into(), key.about.into());
        }
        properties.insert(key.name.into(), schema);
    }
    let required: Vec<_> = keys.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object",
        "description": keys.about,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if let Some(fields) = schema.as_object_mut().filter(|_| !keys.one_of.is_empty()) {
        fields.insert("oneOf".into(), keys.one_of.iter().map(|name| json!({ "required": [name] })).collect());
    }
    schema
}

fn shape_schema(shape: Shape) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string", "minLength": 1 }),
        Shape::AnyText => json!({ "type": "string" }),
        Shape::Words(words) => json!({ "enum": words }),
        Shape::Truth => json!({ "type": "boolean" }),
        Shape::Int(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Moment => json!({ "type": "string", "format": "date-time" }),
        Shape::Pattern(pattern, _) => json!({ "type": "string", "pattern": pattern }),
        Shape::Value => json!({ "type": ["string", "integer", "boolean", "array", "object"] }),
        Shape::Scalar => json!({ "type": ["string", "integer", "boolean"] }),
        Shape::List(item) => json!({ "type": "array", "items": shape_schema(*item) }),
        Shape::Entries(value) => json!({ "type": "object", "additionalProperties": shape_schema(*value) }),
        Shape::Keys(keys) => json!({ "$ref": format!("#/$defs/{}", keys.word()) }),
        Shape::Either(shapes) => json!({ "anyOf": shapes.iter().copied().map(shape_schema).collect::<Vec<_>>() }),
    }
}

/// The tables of a file as pages for people: one section for each, Markdown.
pub fn reference(root: &'static Keys) -> String {
    let mut page = String::new();
    for keys in root.all() {
        // Writing into a string does not fail.
        let _ = write!(page, "\n## {}\n\n{}\n\n", title(keys.what), keys.about);
        page.push_str("| key | value | |\n|---|---|---|\n");
        for key in keys.keys {
            let must = if key.required { " **Required.**" } else { "" };
            let _ = writeln!(page, "| `{}` | {} | {}{must} |", key.name, words(key.shape), cell(key.about));
        }
        if let [first, others @ ..] = keys.one_of {
            let others = others.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let _ = write!(page, "\nExactly one of `{first}`, {others} is there.\n");
        }
    }
    page
}

fn title(what: &str) -> String {
    let mut chars = what.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// A shape in the words of the reference.
fn words(shape: Shape) -> String {
    match shape {
        Shape::Text | Shape::AnyText => "text".into(),
        Shape::Words(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or "),
        Shape::Truth => "`true` or `false`".into(),
        Shape::Int(least, most) => format!("a whole number from {least} to {most}"),
        Shape::Moment => "a moment, as `2026-03-01T12:00:00Z`".into(),
        Shape::Pattern(_, words) => words.into(),
        Shape::Value => "any value".into(),
        Shape::Scalar => "text, a number, `true` or `false`".into(),
        Shape::List(item) => format!("a list: {}", words(*item)),
        Shape::Entries(value) => format!("names of your own, each with {}", words(*value)),
        Shape::Keys(keys) => {
            let anchor: String = keys.what.chars().filter(|c| *c == ' ' || c.is_alphanumeric() || *c == '_').collect();
            format!("[{}](#{})", keys.what.replace('`', ""), anchor.to_lowercase().replace(' ', "-"))
        }
        Shape::Either(shapes) => shapes.iter().copied().map(words).collect::<Vec<_>>().join(", or "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static INNER: Keys = Keys { what: "`inner`", about: "Inside.", keys: &[], one_of: &[] };
    static OUTER: Keys = Keys {
        what: "a thing",
        about: "Outside.",
        keys: &[
            required("id", Shape::Text, "Its name."),
            optional("in", Shape::Either(&[Shape::Truth, Shape::List(&Shape::Keys(&INNER))]), "More | less."),
            optional("again", Shape::Entries(&Shape::Keys(&OUTER)), "Itself."),
        ],
        one_of: &["in", "again"],
    };

    #[test]
    fn a_table_that_holds_itself_is_described_once() {
        let schema = json_schema("urn:x", "A thing", &[&OUTER]);
        assert_eq!(schema["$ref"], "#/$defs/a_thing");
        assert_eq!(schema["$defs"].as_object().unwrap().len(), 2);
        let thing = &schema["$defs"]["a_thing"];
        assert_eq!(thing["required"], json!(["id"]));
        assert_eq!(thing["additionalProperties"], json!(false));
        assert_eq!(thing["properties"]["in"]["anyOf"][1]["items"]["$ref"], "#/$defs/inner");
        assert_eq!(thing["properties"]["again"]["additionalProperties"]["$ref"], "#/$defs/a_thing");
        assert_eq!(thing["oneOf"], json!([{ "required": ["in"] }, { "required": ["again"] }]));
    }

    #[test]
    fn the_reference_has_a_row_for_each_key() {
        let page = reference(&OUTER);
        assert!(page.contains("## A thing\n\nOutside."), "{page}");
        assert!(page.contains("| `in` | `true` or `false`, or a list: [inner](#inner) | More \\| less. |"), "{page}");
        assert!(page.contains("| `id` | text | Its name. **Required.** |"), "{page}");
        assert!(page.contains("Exactly one of `in`, `again` is there."), "{page}");
    }
}
