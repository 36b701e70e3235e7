//! What names in an expression stand for: attributes and claims, facts, loop variables.

use std::collections::{BTreeMap, BTreeSet};

use ::cel::IdedExpr;
use ::cel::common::ast::{Expr, SelectExpr};

use super::check::Checker;
use super::fault::Fault;
use super::kind::Kind;
use super::limits::MAX_TEXT_READ;
use crate::diagnostic::suggest;

/// What is known of a declared name.
#[derive(Debug, Clone)]
pub(in crate::mapping) struct Known {
    pub(in crate::mapping) kind: Kind,
    /// Whether it may be absent: then `has()` asks first.
    pub(in crate::mapping) optional: bool,
}

/// The names that an expression may use where it stands.
#[derive(Debug, Clone, Copy)]
pub(in crate::mapping) struct Names<'a> {
    pub(in crate::mapping) attributes: &'a BTreeMap<String, Known>,
    /// The claims above.
    pub(in crate::mapping) claims: &'a BTreeMap<String, Known>,
    /// Every claim of the file.
    pub(in crate::mapping) all_claims: &'a BTreeSet<String>,
}

/// The facts beside attributes and claims.
pub(super) const FACTS: [&str; 8] =
    ["source", "client", "now", "name_id", "name_id_format", "acr", "authn_context", "auth_time"];
pub(super) const TABLES: [&str; 2] = ["attr", "claims"];

impl Checker<'_> {
    pub(super) fn variable(&mut self, node: &IdedExpr, name: &str) -> Kind {
        if let Some((_, kind)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            return kind.clone();
        }
        let optional_text = Kind::Any { count: 0, bytes: MAX_TEXT_READ as u64 };
        match name {
            "source" | "client" => Kind::Text { bytes: MAX_TEXT_READ as u64 },
            "now" => Kind::Int,
            // Null where the source does not say.
            "name_id" => {
                self.reads.name_id = true;
                optional_text
            }
            "name_id_format" | "acr" | "authn_context" => optional_text,
            "auth_time" => Kind::Any { count: 0, bytes: 0 },
            "attr" | "claims" => {
                let message = format!("`{name}` is read one name at a time");
                self.error("mapping.expression_type", node, message).add_help(format!("write `{name}.…`"));
                optional_text
            }
            _ => {
                self.unknown_variable(node, name);
                optional_text
            }
        }
    }

    fn unknown_variable(&mut self, node: &IdedExpr, name: &str) {
        let table = match (self.names.attributes.contains_key(name), self.names.all_claims.contains(name)) {
            (true, _) => Some("attr"),
            (false, true) => Some("claims"),
            (false, false) => None,
        };
        let locals: Vec<_> = self.locals.iter().map(|(local, _)| local.clone()).collect();
        let known = FACTS.into_iter().chain(TABLES).chain(locals.iter().map(String::as_str));
        let suggestion =
            table.map(|table| format!("{table}.{name}")).or_else(|| suggest(name, known).map(str::to_owned));
        let message = format!("`{name}` is not a name that expressions know");
        let fault = self.error("mapping.variable_unknown", node, message);
        match suggestion {
            Some(word) => fault.add_help(format!("did you mean `{word}`?")),
            None => fault.add_help(format!("they know {}, `attr.…` and `claims.…`", FACTS.join(", "))),
        }
    }

    pub(super) fn selection(&mut self, node: &IdedExpr, select: &SelectExpr) -> Kind {
        let Some(table) = table_name(&select.operand) else { return self.field(node, select) };
        // The dot does not visit its operand there: the pair is one name.
        let known = if table == "attr" { self.names.attributes } else { self.names.claims };
        let reads = if table == "attr" { &mut self.reads.attributes } else { &mut self.reads.claims };
        reads.insert(select.field.clone());
        let Some(known) = known.get(&select.field) else {
            self.unknown_name(node, table, &select.field);
            return if select.test { Kind::Bool } else { Kind::Any { count: 0, bytes: 0 } };
        };
        let name = format!("{table}.{}", select.field);
        if select.test {
            self.guarded.insert(name);
            return Kind::Bool;
        }
        let kind = known.kind.clone();
        if known.optional {
            let range = self.places.word(node);
            self.unguarded.push((name, range));
        }
        kind
    }

    fn unknown_name(&mut self, node: &IdedExpr, table: &str, field: &str) {
        let range = self.places.word(node);
        let name = format!("{table}.{field}");
        let names = self.names;
        let fault = if table == "attr" {
            let suggestion = suggest(field, names.attributes.keys().map(String::as_str));
            let message = format!("`{name}` is not among the declared attributes");
            let fault = Fault::error("mapping.attribute_unknown", range, message).label("no attribute of this name");
            match suggestion {
                Some(_) => fault.did_you_mean(suggestion.map(|word| format!("attr.{word}"))),
                None => fault.help(format!("declare it: `attributes: {{ {field}: {{ name: … }} }}`")),
            }
        } else if names.all_claims.contains(field) {
            let message = format!("`{name}` is not made yet: an expression sees the claims above it");
            Fault::error("mapping.claim_below", range, message).label("made later").help(format!("move `{field}` up"))
        } else {
            let suggestion = suggest(field, names.claims.keys().map(String::as_str));
            let message = format!("`{name}` is not among the claims");
            Fault::error("mapping.claim_unknown", range, message)
                .label("no claim of this name")
                .did_you_mean(suggestion.map(|word| format!("claims.{word}")))
        };
        self.faults.push(fault);
    }
}

/// `attr` or `claims`.
pub(super) fn table_name(node: &IdedExpr) -> Option<&str> {
    if let Expr::Ident(name) = &node.expr { TABLES.contains(&name.as_str()).then_some(name) } else { None }
}
