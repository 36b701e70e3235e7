//! Expressions that yield the same for everybody: a rule that no identity meets, a claim that nobody has.
//!
//! What reads nothing is evaluated, once, at load and by the same evaluator as at a request. Beside it, `false && …` is
//! false and `true || …` is true whatever the rest reads.

use ::cel::IdedExpr;
use ::cel::common::ast::{CallExpr, Expr, operators as op};

use super::Failure;
use super::evaluate::Scope;
use super::limits::children;
use super::pattern::Pattern;
use crate::ground::claim::ClaimValue;

/// What an expression always yields, or that it always fails.
pub(in crate::mapping) type Constant = Result<Option<ClaimValue>, Failure>;

/// Of a prepared tree; it must be within `limits`, because this recurses.
pub(super) fn of(tree: &IdedExpr, patterns: &[Pattern]) -> Option<Constant> {
    if reads_nothing(tree) {
        return Some(Scope::of_nothing().yields(tree, patterns));
    }
    let Expr::Call(call) = &tree.expr else { return None };
    of_call(call, patterns)
}

fn of_call(call: &CallExpr, patterns: &[Pattern]) -> Option<Constant> {
    let truth = |node: &IdedExpr| match of(node, patterns)? {
        Ok(Some(ClaimValue::Bool(truth))) => Some(truth),
        Ok(_) | Err(_) => None,
    };
    let constant = |truth| Some(Ok(Some(ClaimValue::Bool(truth))));
    match (call.func_name.as_str(), call.args.as_slice()) {
        (op::LOGICAL_AND, [a, b]) => match (truth(a), truth(b)) {
            (Some(false), _) | (_, Some(false)) => constant(false),
            _ => None,
        },
        (op::LOGICAL_OR, [a, b]) => match (truth(a), truth(b)) {
            (Some(true), _) | (_, Some(true)) => constant(true),
            _ => None,
        },
        // A prepared `!` is one as well.
        (op::CONDITIONAL, [condition, yes, no]) => match truth(condition) {
            Some(true) => of(yes, patterns),
            Some(false) => of(no, patterns),
            None => of(yes, patterns).filter(|yes| of(no, patterns).as_ref() == Some(yes)).filter(Result::is_ok),
        },
        _ => None,
    }
}

/// Whether every name in it is one of its own loops or of a pattern.
fn reads_nothing(tree: &IdedExpr) -> bool {
    let mut bound: Vec<&str> = Vec::new();
    let mut read: Vec<&str> = Vec::new();
    let mut waiting = vec![tree];
    while let Some(node) = waiting.pop() {
        match &node.expr {
            Expr::Ident(name) => read.push(name),
            Expr::Comprehension(c) => bound.push(&c.iter_var),
            Expr::Call(_)
            | Expr::List(_)
            | Expr::Literal(_)
            | Expr::Map(_)
            | Expr::Select(_)
            | Expr::Struct(_)
            | Expr::Unspecified => {}
        }
        children(&node.expr, &mut |child| waiting.push(child));
    }
    // A loop variable cannot have the name of a fact or a table, so that where it is bound does not matter.
    read.into_iter().all(|name| name.starts_with('@') || bound.contains(&name))
}
