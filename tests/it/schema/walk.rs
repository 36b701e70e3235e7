//! A document beside its schema: where the schema speaks of each part.

use std::collections::BTreeSet;

use drawbridge::diagnostic::{Node, Value};
use serde_json::Value as Json;

/// From the top of a document to a part of it: which entry of a table, which element of a list.
pub(super) type Path = Vec<usize>;

/// A part of a document.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Where the schema speaks of it, before references are followed: `#/$defs/a_claim/properties/from`.
    pub(super) pointer: String,
    pub(super) path: Path,
    /// Where the keys of a table are described, if its keys are ours.
    pub(super) table: Option<String>,
}

/// Every part of a document.
pub(super) struct Walk<'s> {
    schema: &'s Json,
    pub(super) places: Vec<Place>,
}

impl<'s> Walk<'s> {
    pub(super) fn of(schema: &'s Json, tree: &Node) -> Self {
        let mut walk = Self { schema, places: Vec::new() };
        walk.go("#".to_owned(), tree, &mut Vec::new());
        walk
    }

    fn go(&mut self, pointer: String, node: &Node, path: &mut Path) {
        let resolved = self.resolved(pointer.clone(), node);
        let here = at(self.schema, &resolved);
        let table = here.get("properties").map(|_| resolved.clone());
        self.places.push(Place { pointer, path: path.clone(), table });
        match &node.value {
            Value::Table(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    let below = ["properties", &entry.key];
                    let described = below.iter().try_fold(here, |here, key| here.get(*key)).is_some();
                    let below = if described { below.join("/") } else { "additionalProperties".into() };
                    path.push(index);
                    self.go(format!("{resolved}/{below}"), &entry.value, path);
                    path.pop();
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(index);
                    self.go(format!("{resolved}/items"), item, path);
                    path.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {}
        }
    }

    /// Follows references, the branch of a `kind`, and the branch of a type.
    fn resolved(&self, pointer: String, node: &Node) -> String {
        let here = at(self.schema, &pointer);
        if let Some(reference) = here.get("$ref") {
            return self.resolved(reference.as_str().unwrap().to_owned(), node);
        }
        if pointer == "#" {
            let branches = here["allOf"].as_array().unwrap();
            let is_it = |branch: &Json| branch["if"]["properties"]["kind"]["const"].as_str() == kind(node);
            let branch = branches.iter().position(is_it).unwrap();
            return self.resolved(format!("#/allOf/{branch}/then"), node);
        }
        let Some(branches) = here.get("anyOf").and_then(Json::as_array) else { return pointer };
        let fits = |branch: usize| {
            let branch = at(self.schema, &self.resolved(format!("{pointer}/anyOf/{branch}"), node));
            branch.get("type").and_then(Json::as_str) == Some(type_of(node))
        };
        let branch = (0..branches.len()).find(|branch| fits(*branch)).unwrap();
        self.resolved(format!("{pointer}/anyOf/{branch}"), node)
    }
}

/// The part of a schema at a pointer.
pub(super) fn at<'s>(schema: &'s Json, pointer: &str) -> &'s Json {
    schema.pointer(pointer.trim_start_matches('#')).unwrap_or_else(|| panic!("no {pointer}"))
}

/// Where a schema speaks of a key of ours.
pub(super) fn properties(schema: &Json) -> BTreeSet<String> {
    let tables = schema["$defs"].as_object().unwrap();
    let keys = tables.iter().filter_map(|(name, table)| Some((name, table.get("properties")?.as_object()?)));
    keys.flat_map(|(name, keys)| keys.keys().map(move |key| format!("#/$defs/{name}/properties/{key}"))).collect()
}

fn kind(node: &Node) -> Option<&str> {
    let Value::Table(entries) = &node.value else { return None };
    let kind = entries.iter().find(|entry| entry.key == "kind")?;
    if let Value::Text(word) = &kind.value.value { Some(word) } else { None }
}

const fn type_of(node: &Node) -> &'static str {
    match node.value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) => "integer",
        Value::Float(_) => "number",
        Value::Text(_) => "string",
        Value::List(_) => "array",
        Value::Table(_) => "object",
    }
}
