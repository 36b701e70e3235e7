//! A checked tree to the one that is evaluated: what was settled at load is not asked again.
//!
//! The literal of `x.matches('…')` becomes a name that no text can hold, `@0`; the evaluator asks for it where it asks
//! for `attr.mail`, and gets the compiled pattern.

use std::collections::BTreeMap;

use ::cel::IdedExpr;
use ::cel::common::ast::{CallExpr, EntryExpr, Expr};

use super::function::literal_text;
use super::pattern::Pattern;

/// The tree, and the patterns by their number in it.
pub(super) fn prepare(mut tree: IdedExpr, patterns: BTreeMap<String, Pattern>) -> (IdedExpr, Vec<Pattern>) {
    let (texts, patterns): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
    rewrite(&mut tree, &texts);
    (tree, patterns)
}

/// What the evaluator asks for: the number of a pattern.
pub(super) fn pattern_number(name: &str) -> Option<usize> {
    name.strip_prefix('@')?.parse().ok()
}

/// Recurses; the depth is within `limits`.
fn rewrite(node: &mut IdedExpr, patterns: &[String]) {
    match &mut node.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        Expr::Call(call) => {
            name_pattern(call, patterns);
            call.target.iter_mut().map(AsMut::as_mut).chain(&mut call.args).for_each(|child| rewrite(child, patterns));
        }
        Expr::Comprehension(c) => {
            for child in [&mut c.iter_range, &mut c.accu_init, &mut c.loop_cond, &mut c.loop_step, &mut c.result] {
                rewrite(child, patterns);
            }
        }
        Expr::List(list) => list.elements.iter_mut().for_each(|child| rewrite(child, patterns)),
        Expr::Select(select) => rewrite(&mut select.operand, patterns),
        Expr::Map(map) => map.entries.iter_mut().for_each(|entry| rewrite_entry(&mut entry.expr, patterns)),
        Expr::Struct(fields) => fields.entries.iter_mut().for_each(|entry| rewrite_entry(&mut entry.expr, patterns)),
    }
}

fn rewrite_entry(entry: &mut EntryExpr, patterns: &[String]) {
    match entry {
        EntryExpr::StructField(field) => rewrite(&mut field.value, patterns),
        EntryExpr::MapEntry(entry) => {
            rewrite(&mut entry.key, patterns);
            rewrite(&mut entry.value, patterns);
        }
    }
}

fn name_pattern(call: &mut CallExpr, patterns: &[String]) {
    if call.func_name != "matches" {
        return;
    }
    if let [argument] = call.args.as_mut_slice() {
        let number = literal_text(argument).and_then(|text| patterns.iter().position(|pattern| pattern == text));
        if let Some(number) = number {
            argument.expr = Expr::Ident(format!("@{number}"));
        }
    }
}
