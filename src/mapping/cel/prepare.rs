//! A checked tree to the one that is evaluated: what was settled at load is not asked again.
//!
//! | in the text | becomes | because |
//! |---|---|---|
//! | the literal of `x.matches('…')` | a name that no text can hold, `@0` | the evaluator gets the compiled pattern where it gets `attr.mail` |
//! | `attr.mail` | one name with a dot | the evaluator would put the two together each time it comes by |
//! | `!x` | `x ? false : true` | the evaluator makes the message of a failure before it looks whether it fails |
//! | `size(x) > 0`, `size(x) >= 1` | `size(x) != 0` | the same |
//!
//! **Invariant.** It yields what the text yields, and fails where that fails; a property test compares the two.

use std::collections::BTreeMap;

use ::cel::IdedExpr;
use ::cel::common::ast::{EntryExpr, Expr, LiteralValue, operators as op};

use super::function::literal_text;
use super::names::table_name;
use super::pattern::Pattern;

/// Of a node that does not stand in the text.
const NOWHERE: u64 = u64::MAX;

/// The tree, and the patterns by their number in it.
pub(super) fn prepare(mut tree: IdedExpr, patterns: BTreeMap<String, Pattern>) -> (IdedExpr, Vec<Pattern>) {
    let (texts, patterns): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
    name_patterns(&mut tree, &texts);
    hasten(&mut tree);
    (tree, patterns)
}

/// What the evaluator asks for: the number of a pattern.
pub(super) fn pattern_number(name: &str) -> Option<usize> {
    name.strip_prefix('@')?.parse().ok()
}

/// Puts the number of its pattern for each literal of `matches`.
pub(super) fn name_patterns(node: &mut IdedExpr, patterns: &[String]) {
    if let Expr::Call(call) = &mut node.expr
        && call.func_name == "matches"
        && let [argument] = call.args.as_mut_slice()
        && let Some(number) = literal_text(argument).and_then(|text| patterns.iter().position(|known| known == text))
    {
        argument.expr = Expr::Ident(format!("@{number}"));
    }
    children(&mut node.expr, &mut |child| name_patterns(child, patterns));
}

/// What the crate is slow at, by what it is quick at.
fn hasten(node: &mut IdedExpr) {
    children(&mut node.expr, &mut hasten);
    match &mut node.expr {
        // `has()` asks the table itself.
        Expr::Select(select) if !select.test => {
            if let Some(table) = table_name(&select.operand) {
                node.expr = Expr::Ident(format!("{table}.{}", select.field));
            }
        }
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_mut_slice()) {
            (op::LOGICAL_NOT, [_]) => {
                op::CONDITIONAL.clone_into(&mut call.func_name);
                let truth = |truth: bool| Expr::Literal(LiteralValue::Boolean(truth.into()));
                call.args.extend([false, true].map(|value| IdedExpr { id: NOWHERE, expr: truth(value) }));
            }
            // A size is never negative.
            (op::GREATER, [size, least]) if is_size(size) && is_number(least, 0) => {
                op::NOT_EQUALS.clone_into(&mut call.func_name);
            }
            (op::GREATER_EQUALS, [size, least]) if is_size(size) && is_number(least, 1) => {
                op::NOT_EQUALS.clone_into(&mut call.func_name);
                least.expr = Expr::Literal(LiteralValue::Int(0.into()));
            }
            _ => {}
        },
        Expr::Select(_)
        | Expr::Comprehension(_)
        | Expr::Ident(_)
        | Expr::List(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Unspecified => {}
    }
}

fn is_size(node: &IdedExpr) -> bool {
    matches!(&node.expr, Expr::Call(call) if call.func_name == "size")
}

fn is_number(node: &IdedExpr, number: i64) -> bool {
    matches!(&node.expr, Expr::Literal(LiteralValue::Int(found)) if *found.inner() == number)
}

/// Every node right below. Who calls it recurses; the depth is within `limits`.
fn children(expr: &mut Expr, visit: &mut impl FnMut(&mut IdedExpr)) {
    match expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        Expr::Call(call) => call.target.iter_mut().map(AsMut::as_mut).chain(&mut call.args).for_each(visit),
        Expr::Comprehension(c) => {
            [&mut c.iter_range, &mut c.accu_init, &mut c.loop_cond, &mut c.loop_step, &mut c.result]
                .into_iter()
                .for_each(visit);
        }
        Expr::List(list) => list.elements.iter_mut().for_each(visit),
        Expr::Select(select) => visit(&mut select.operand),
        Expr::Map(map) => map.entries.iter_mut().for_each(|entry| entry_children(&mut entry.expr, visit)),
        Expr::Struct(fields) => fields.entries.iter_mut().for_each(|entry| entry_children(&mut entry.expr, visit)),
    }
}

fn entry_children(entry: &mut EntryExpr, visit: &mut impl FnMut(&mut IdedExpr)) {
    match entry {
        EntryExpr::StructField(field) => visit(&mut field.value),
        EntryExpr::MapEntry(entry) => {
            visit(&mut entry.key);
            visit(&mut entry.value);
        }
    }
}
