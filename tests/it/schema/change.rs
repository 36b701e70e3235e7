//! Documents with one change each, and how a document is written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use drawbridge::diagnostic::{Entry, Node, Value};
use serde_json::Value as Json;

use super::walk::{Place, Walk, at};

/// For each place of the schema that the document reaches, once: its value is left out, doubled, emptied or replaced by
/// one of each type; its table gets a key that nobody knows, and each key that it does not have.
pub(super) fn changes(schema: &Json, tree: &Node, others: &[Node]) -> Vec<(String, Node)> {
    let mut values: BTreeMap<String, Node> = BTreeMap::new();
    for other in others {
        for place in Walk::of(schema, other).places {
            values.entry(place.pointer).or_insert_with(|| part(other, &place.path).clone());
        }
    }
    let mut seen = BTreeSet::new();
    let mut changed = Vec::new();
    for place in Walk::of(schema, tree).places {
        if seen.insert(place.pointer.clone()) {
            changed.extend(of_value(tree, &place));
        }
        if let Some(table) = place.table.as_ref().filter(|table| seen.insert((*table).clone())) {
            changed.extend(of_table(schema, tree, &place, table, &values));
        }
    }
    changed
}

fn of_value(tree: &Node, place: &Place) -> Vec<(String, Node)> {
    let node = part(tree, &place.path);
    let others = [
        Value::Null,
        Value::Bool(true),
        Value::Int(7),
        Value::Text("x".into()),
        Value::Text(String::new()),
        Value::List(Vec::new()),
        Value::Table(Vec::new()),
    ];
    let replaced = others.into_iter().filter(|value| *value != node.value).map(|value| {
        let what = format!("{} = {}", place.pointer, to_json(&Node { value: value.clone(), span: node.span }));
        (what, with(tree, &place.path, &|part| part.value = value.clone()))
    });
    let mut changed: Vec<_> = replaced.collect();
    if let Some((last, above)) = place.path.split_last() {
        let removed = with(tree, above, &|part| match &mut part.value {
            Value::Table(entries) => drop(entries.remove(*last)),
            Value::List(items) => drop(items.remove(*last)),
            scalar @ (Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_)) => {
                panic!("{scalar:?} has no parts")
            }
        });
        changed.push((format!("without {}", place.pointer), removed));
    }
    if let Value::List(items) = &node.value
        && let Some(first) = items.first()
    {
        let doubled = with(tree, &place.path, &|part| {
            if let Value::List(items) = &mut part.value {
                items.push(first.clone());
            }
        });
        changed.push((format!("the first of {} twice", place.pointer), doubled));
    }
    changed
}

fn of_table(
    schema: &Json,
    tree: &Node,
    place: &Place,
    table: &str,
    values: &BTreeMap<String, Node>,
) -> Vec<(String, Node)> {
    let node = part(tree, &place.path);
    let add = |key: &str, value: Node| {
        let changed = with(tree, &place.path, &|part| {
            if let Value::Table(entries) = &mut part.value {
                entries.push(Entry { key: key.to_owned(), key_span: node.span, value: value.clone() });
            }
        });
        (format!("{table} with {key}"), changed)
    };
    let Value::Table(entries) = &node.value else { panic!("{table} is a table") };
    let has = |key: &str| entries.iter().any(|entry| entry.key == key);
    let keys = at(schema, table)["properties"].as_object().unwrap().keys().filter(|key| !has(key));
    let known = keys.map(|key| add(key, values[&format!("{table}/properties/{key}")].clone()));
    let unknown = add("zzz", Node { value: Value::Text("x".into()), span: node.span });
    known.chain([unknown]).collect()
}

fn part<'t>(tree: &'t Node, path: &[usize]) -> &'t Node {
    path.iter().fold(tree, |node, index| match &node.value {
        Value::Table(entries) => &entries[*index].value,
        Value::List(items) => &items[*index],
        scalar @ (Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_)) => {
            panic!("{scalar:?} has no parts")
        }
    })
}

fn with(tree: &Node, path: &[usize], change: &dyn Fn(&mut Node)) -> Node {
    let mut tree = tree.clone();
    let part = path.iter().fold(&mut tree, |node, index| match &mut node.value {
        Value::Table(entries) => &mut entries[*index].value,
        Value::List(items) => &mut items[*index],
        scalar @ (Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_)) => {
            panic!("{scalar:?} has no parts")
        }
    });
    change(part);
    tree
}

/// As JSON, in the order of the document; it is YAML as well.
pub(super) fn to_json(node: &Node) -> String {
    let mut text = String::new();
    write(&mut text, node);
    text
}

fn write(text: &mut String, node: &Node) {
    match &node.value {
        Value::Null => text.push_str("null"),
        Value::Bool(truth) => write!(text, "{truth}").unwrap(),
        Value::Int(number) => write!(text, "{number}").unwrap(),
        Value::Float(number) => write!(text, "{number}").unwrap(),
        Value::Text(word) => text.push_str(&Json::from(word.as_str()).to_string()),
        Value::List(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                write(text, item);
            }
            text.push(']');
        }
        Value::Table(entries) => {
            text.push('{');
            for (index, entry) in entries.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                text.push_str(&Json::from(entry.key.as_str()).to_string());
                text.push_str(": ");
                write(text, &entry.value);
            }
            text.push('}');
        }
    }
}
