//! A description as JSON Schema (draft 2020-12), for editors.
//!
//! Beside `$defs` only words are used that draft 7 knows too: it is all that some editors know. What holds between keys
//! is therefore said by `if` and `then`; editors then also report what is missing, and not that no branch fits.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Keys, Rule, Shape};

/// A file as JSON Schema. `id` is the schema's own name, `kinds` the files that it may be, told apart by their `kind`.
pub fn json_schema(id: &str, title: &str, kinds: &[&'static Keys]) -> Value {
    let tables: Vec<_> = kinds.iter().flat_map(|keys| keys.all()).collect();
    let mut named: BTreeMap<String, Value> = tables.iter().map(|keys| (word(keys), table(keys))).collect();
    if named.values().any(|table| table.to_string().contains(VALUE)) {
        named.insert("value".into(), any_value());
    }
    let mut schema = Map::from_iter([
        ("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema")),
        ("$id".into(), json!(id)),
        ("title".into(), json!(title)),
        ("$defs".into(), json!(named)),
    ]);
    match kinds {
        [only] => {
            schema.insert("$ref".into(), json!(reference_to(only)));
        }
        several => schema.extend(one_of_kinds(several)),
    }
    Value::Object(schema)
}

/// The `kind` decides, so that an editor speaks of the kind that is written, and not of all.
fn one_of_kinds(kinds: &[&'static Keys]) -> Map<String, Value> {
    let word_of = |keys: &Keys| {
        let kind = keys.keys.iter().find(|key| key.name == "kind")?;
        if let Shape::Words([word]) = kind.shape { Some(*word) } else { None }
    };
    let words: Vec<_> = kinds.iter().filter_map(|keys| word_of(keys)).collect();
    let branches: Vec<_> = kinds
        .iter()
        .map(|keys| {
            let is_it = json!({ "properties": { "kind": { "const": word_of(keys) } }, "required": ["kind"] });
            json!({ "if": is_it, "then": { "$ref": reference_to(keys) } })
        })
        .collect();
    Map::from_iter([
        ("type".into(), json!("object")),
        ("required".into(), json!(["kind"])),
        ("properties".into(), json!({ "kind": { "enum": words, "description": "What the file is." } })),
        ("allOf".into(), json!(branches)),
    ])
}

/// A name for places that refer to a table: `a_claim`.
fn word(keys: &Keys) -> String {
    let plain = keys.what.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
    plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join("_")
}

fn reference_to(keys: &Keys) -> String {
    format!("#/$defs/{}", word(keys))
}

fn table(keys: &Keys) -> Value {
    let mut properties = Map::new();
    for key in keys.keys {
        let mut schema = of(key.shape);
        if let Some(fields) = schema.as_object_mut() {
            fields.insert("description".into(), key.about.into());
        }
        properties.insert(key.name.into(), schema);
    }
    let required: Vec<_> = keys.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = Map::from_iter([
        ("type".into(), json!("object")),
        ("description".into(), json!(keys.about)),
        ("properties".into(), Value::Object(properties)),
        ("required".into(), json!(required)),
        ("additionalProperties".into(), json!(false)),
    ]);
    let mut conditions = Vec::new();
    for rule in keys.rules {
        match *rule {
            Rule::OneOf(names) => {
                let alone = names.iter().map(|name| json!({ "required": [name] })).collect();
                schema.insert("oneOf".into(), alone);
            }
            Rule::Needs(names, needed) => {
                let each: Vec<_> = names.iter().map(|name| json!({ "required": [name] })).collect();
                let is_it = if let [only] = &each[..] { only.clone() } else { json!({ "anyOf": each }) };
                conditions.push(json!({ "if": is_it, "then": { "required": [needed] } }));
            }
            Rule::When(name, word, needed) => {
                let is_it = json!({ "properties": { name: { "const": word } }, "required": [name] });
                conditions.push(json!({ "if": is_it, "then": { "required": [needed] } }));
            }
            Rule::Alone(name, others) => {
                let none: Map<_, _> = others.iter().map(|other| ((*other).to_owned(), json!(false))).collect();
                conditions.push(json!({ "if": { "required": [name] }, "then": { "properties": none } }));
            }
            Rule::Some => {
                schema.insert("minProperties".into(), json!(1));
            }
        }
    }
    if !conditions.is_empty() {
        schema.insert("allOf".into(), Value::Array(conditions));
    }
    Value::Object(schema)
}

const VALUE: &str = "#/$defs/value";

/// A value of a claim, however deep.
fn any_value() -> Value {
    json!({
        "type": ["string", "integer", "boolean", "array", "object"],
        "items": { "$ref": VALUE },
        "additionalProperties": { "$ref": VALUE },
    })
}

fn of(shape: Shape) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string", "minLength": 1 }),
        Shape::AnyText => json!({ "type": "string" }),
        Shape::Words([only]) => json!({ "const": only }),
        Shape::Words(words) => json!({ "enum": words }),
        Shape::Truth => json!({ "type": "boolean" }),
        Shape::Int(least, most) if least == most => json!({ "const": least }),
        Shape::Int(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Moment => json!({
            "type": "string",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$",
        }),
        Shape::Duration(..) => json!({ "type": "string", "pattern": "^[0-9]+[smhd]$" }),
        Shape::Pattern(pattern) => json!({ "type": "string", "pattern": pattern.form }),
        Shape::Value => json!({ "$ref": VALUE }),
        Shape::Scalar => json!({ "type": ["string", "integer", "boolean"] }),
        Shape::List(item) => json!({ "type": "array", "items": of(*item) }),
        Shape::Set(item) => json!({ "type": "array", "items": of(*item), "uniqueItems": true }),
        Shape::Entries(value) => json!({ "type": "object", "additionalProperties": of(*value) }),
        Shape::Filled(inner) => {
            let mut schema = of(*inner);
            if let Some(fields) = schema.as_object_mut() {
                let least = if fields.contains_key("items") { "minItems" } else { "minProperties" };
                fields.insert(least.into(), json!(1));
            }
            schema
        }
        Shape::Keys(keys) => json!({ "$ref": reference_to(keys) }),
        Shape::Either(shapes) => json!({ "anyOf": shapes.iter().copied().map(of).collect::<Vec<_>>() }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{INNER, OUTER};
    use super::super::{BLANK, required};
    use super::*;

    #[test]
    fn a_table_that_holds_itself_is_described_once() {
        let schema = json_schema("urn:x", "A thing", &[&OUTER]);
        assert_eq!(schema["$ref"], "#/$defs/a_thing");
        assert_eq!(schema["$defs"].as_object().unwrap().keys().collect::<Vec<_>>(), ["a_thing", "inner"]);
        let thing = &schema["$defs"]["a_thing"];
        assert_eq!(thing["required"], json!(["id"]));
        assert_eq!(thing["additionalProperties"], json!(false));
        assert_eq!(thing["properties"]["in"]["anyOf"][1]["items"]["$ref"], "#/$defs/inner");
        let again = json!({
            "type": "object",
            "additionalProperties": { "$ref": "#/$defs/a_thing" },
            "minProperties": 1,
            "description": "Itself.",
        });
        assert_eq!(thing["properties"]["again"], again);
        assert_eq!(thing["properties"].get("soon"), None, "a key of a later version is refused");
        assert_eq!(schema["$defs"]["inner"], table(&INNER));
    }

    #[test]
    fn rules_are_told_by_what_draft_7_knows() {
        static ANY: Keys = Keys { what: "any", rules: &[Rule::Some], ..BLANK };
        let thing = table(&OUTER);
        assert_eq!(thing["oneOf"], json!([{ "required": ["in"] }, { "required": ["again"] }]));
        let conditions = json!([
            { "if": { "required": ["late"] }, "then": { "required": ["way"] } },
            {
                "if": { "anyOf": [{ "required": ["in"] }, { "required": ["again"] }] },
                "then": { "required": ["id"] },
            },
            { "if": { "required": ["late"] }, "then": { "properties": { "again": false } } },
            {
                "if": { "required": ["way"], "properties": { "way": { "const": "there" } } },
                "then": { "required": ["late"] },
            },
        ]);
        assert_eq!(thing["allOf"], conditions);
        assert_eq!(table(&ANY)["minProperties"], json!(1));
    }

    #[test]
    fn files_of_several_kinds_are_told_apart_by_their_kind() {
        static A: Keys = Keys { what: "a", keys: &[required("kind", Shape::Words(&["a"]), "")], ..BLANK };
        static B: Keys = Keys {
            what: "b",
            keys: &[required("kind", Shape::Words(&["b"]), ""), required("x", Shape::Value, "")],
            ..BLANK
        };
        let schema = json_schema("urn:x", "Two", &[&A, &B]);
        assert_eq!(schema["properties"]["kind"]["enum"], json!(["a", "b"]));
        assert_eq!(schema["allOf"][1]["if"]["properties"]["kind"], json!({ "const": "b" }));
        assert_eq!(schema["allOf"][1]["then"], json!({ "$ref": "#/$defs/b" }));
        assert_eq!(schema["$defs"]["b"]["properties"]["x"]["$ref"], VALUE);
        assert_eq!(schema["$defs"]["value"]["items"]["$ref"], VALUE);
    }
}
