//! How large an expression may be, in text, in nodes, in depth and in work.

use ::cel::IdedExpr;
use ::cel::common::ast::{EntryExpr, Expr};

use super::fault::Fault;

/// Bytes of an expression's text.
pub(super) const MAX_TEXT_BYTES: usize = 4096;
/// Levels of its tree, macros expanded. In a debug build the crate takes about 35 KiB of stack for each level that it
/// evaluates: 32 of them leave half of a thread's 2 MiB.
pub(super) const MAX_DEPTH: usize = 32;
/// Nodes of its tree, macros expanded.
pub(super) const MAX_NODES: usize = 1_000;
/// Steps of one evaluation (a node visited, 4 KiB of text or eight elements handled, 512 bytes searched for a pattern), at
/// the declared sizes. A step takes less than a microsecond. What a pattern takes to be made is counted as well, once.
pub(super) const MAX_COST: u64 = 50_000;
/// Steps of all expressions of a mapping together.
pub(in crate::mapping) const MAX_MAPPING_COST: u64 = 200_000;
/// Bytes of text in any value on the way, at the declared sizes.
pub(super) const MAX_VALUE_BYTES: u64 = 4 << 20;
/// A text that an expression reads is not longer; a longer one fails the expression.
pub(in crate::mapping) const MAX_TEXT_READ: usize = 4096;
/// Pieces that `split` makes; more fail the expression.
pub(super) const MAX_PIECES: usize = 200;
/// Bytes of the table of a regular expression, and so of all that it may need while it is made: a few milliseconds.
pub(super) const MAX_PATTERN_BYTES: usize = 128 << 10;
/// Levels of a regular expression.
pub(super) const MAX_PATTERN_DEPTH: u32 = 32;
/// Bytes of text in what an expression yields, and in what `replace` and `join` make.
pub(super) const MAX_RESULT_BYTES: usize = 64 << 10;

/// Counts nodes and levels, without recursion.
pub(super) fn check(tree: &IdedExpr) -> Result<(), Fault> {
    let mut waiting = vec![(tree, 1)];
    let mut nodes = 0;
    while let Some((node, depth)) = waiting.pop() {
        nodes += 1;
        let message = match (nodes > MAX_NODES, depth > MAX_DEPTH) {
            (true, _) => format!("the expression has more than {MAX_NODES} parts"),
            (false, true) => format!("the expression nests deeper than {MAX_DEPTH} levels"),
            (false, false) => {
                children(&node.expr, &mut |child| waiting.push((child, depth + 1)));
                continue;
            }
        };
        return Err(Fault::error("mapping.expression_too_large", 0..0, message)
            .help("split it: a claim can be read by those below it"));
    }
    Ok(())
}

/// Every node right below.
pub(super) fn children<'t>(expr: &'t Expr, visit: &mut impl FnMut(&'t IdedExpr)) {
    match expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        Expr::Call(call) => call.target.iter().map(AsRef::as_ref).chain(&call.args).for_each(visit),
        Expr::Comprehension(c) => {
            [&c.iter_range, &c.accu_init, &c.loop_cond, &c.loop_step, &c.result].into_iter().for_each(visit);
        }
        Expr::List(list) => list.elements.iter().for_each(visit),
        Expr::Select(select) => visit(&select.operand),
        Expr::Map(map) => map.entries.iter().for_each(|entry| entry_children(&entry.expr, visit)),
        Expr::Struct(fields) => fields.entries.iter().for_each(|entry| entry_children(&entry.expr, visit)),
    }
}

fn entry_children<'t>(entry: &'t EntryExpr, visit: &mut impl FnMut(&'t IdedExpr)) {
    match entry {
        EntryExpr::StructField(field) => visit(&field.value),
        EntryExpr::MapEntry(entry) => {
            visit(&entry.key);
            visit(&entry.value);
        }
    }
}
