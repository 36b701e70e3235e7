//! Which types of claims a rule makes.

use super::authorization::{DENY, PERMIT};
use super::grammar::{Body, Expr, Rule};

pub(super) const NAME_ID: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";

/// The types of the claims that a rule makes; `None` is one that is computed.
pub(super) fn kinds(rule: &Rule) -> Vec<Option<&str>> {
    match &rule.body {
        Body::Copy(variable) => vec![selected(rule, variable)],
        Body::Make(pairs) => {
            let types = pairs.iter().filter(|(key, _)| key == "type" || key == "types");
            let found: Vec<Option<&str>> = types.flat_map(|(_, kind)| named(rule, kind)).collect();
            if found.is_empty() { vec![None] } else { found }
        }
    }
}

fn named<'r>(rule: &'r Rule, kind: &'r Expr) -> Vec<Option<&'r str>> {
    match kind {
        Expr::Text(kind) => vec![Some(kind)],
        Expr::List(kinds) => kinds.iter().flat_map(|kind| named(rule, kind)).collect(),
        Expr::Property(variable, property) if property == "type" => vec![selected(rule, variable)],
        Expr::Property(..) | Expr::Call(..) | Expr::Sum(_) => vec![None],
    }
}

/// The one type that the condition of a variable selects.
fn selected<'r>(rule: &'r Rule, variable: &str) -> Option<&'r str> {
    let condition = rule.conditions.iter().find(|asked| asked.variable.as_deref() == Some(variable))?;
    condition.tests.iter().find_map(|test| match (test.property.as_str(), test.sign, &test.operand) {
        ("type", "==", Expr::Text(kind)) => Some(kind.as_str()),
        _ => None,
    })
}

/// Whether a store of AD FS makes the values.
pub(super) fn is_store(rule: &Rule) -> bool {
    matches!(&rule.body, Body::Make(pairs) if pairs.iter().any(|(key, _)| matches!(key.as_str(), "store" | "types")))
}

/// Whether its claims have the type of claims that it reads, whatever rule has made those.
pub(super) fn is_passed_on(rule: &Rule) -> bool {
    let is_read = |kind: &Expr| matches!(kind, Expr::Property(_, property) if property == "type");
    match &rule.body {
        Body::Copy(_) => true,
        Body::Make(pairs) => pairs.iter().any(|(key, kind)| key == "type" && is_read(kind)),
    }
}

/// Whether rules below cannot read what this rule makes, although it is carried: the subject, and who may come in.
pub(super) fn is_unreadable(rule: &Rule) -> bool {
    kinds(rule).into_iter().flatten().any(|kind| [NAME_ID, PERMIT, DENY].contains(&kind))
}
