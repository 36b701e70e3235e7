//! What stands in a file and could not be read: what hangs on it is not a problem of its own.

use std::collections::BTreeSet;

use crate::diagnostic::{Node, Table, Value};

const LISTS: [&str; 3] = ["include", "vocabulary", "require"];
const TABLES: [&str; 5] = ["tables", "attributes", "claims", "scopes", "release"];

/// The keys of a mapping of whose values nothing is known, though something is written.
#[derive(Debug, Default)]
pub(in crate::mapping) struct Unread(BTreeSet<&'static str>);

impl Unread {
    pub(super) fn of(table: &Table<'_>) -> Self {
        let is_list = |node: &Node| matches!(node.value, Value::List(_));
        let is_table = |node: &Node| matches!(node.value, Value::Table(_));
        // An unknown key could be any that is not there.
        let is_meant = |key: &str| {
            table.get(key).is_none() && table.unknown().iter().any(|meant| meant.is_none_or(|meant| meant == key))
        };
        let is_broken = |key: &str, fits: &dyn Fn(&Node) -> bool| table.get(key).is_some_and(|node| !fits(node));
        let lists = LISTS.into_iter().filter(|key| is_meant(key) || is_broken(key, &is_list));
        let tables = TABLES.into_iter().filter(|key| is_meant(key) || is_broken(key, &is_table));
        let mut keys: BTreeSet<&'static str> = lists.chain(tables).collect();
        if let Some(Value::Table(entries)) = table.get("release").map(|node| &node.value)
            && !entries.iter().all(|entry| is_list(&entry.value))
        {
            keys.insert("release");
        }
        Self(keys)
    }

    /// Whether nobody knows what was meant to stand there.
    pub(in crate::mapping) fn has(&self, key: &str) -> bool {
        self.0.contains(key)
    }
}
