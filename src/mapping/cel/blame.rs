//! Which part of an expression failed, and what to write instead: in words of the file, without values.
//!
//! Looked for only when a request is refused anyway. From the whole expression down, each part that fails by itself is
//! followed, until one fails whose own parts do not: each level costs as much as the whole, at most.

use ::cel::IdedExpr;
use ::cel::common::ast::{Expr, LiteralValue, operators as op};
use ::cel::common::types::{CelBool, CelList};

use super::evaluate::Scope;
use super::failure::{ABSENT, BEHIND_THE_END, FUNCTION, Failure, TOO_LONG};
use super::limits::{MAX_DEPTH, MAX_MAPPING_COST, children};
use super::places::Places;
use super::{Expression, shape};

/// Bytes of the part that is shown.
const MAX_SHOWN: usize = 120;

/// What is told of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mapping) struct Blame {
    /// The part, and what is wrong with it; no value is in it.
    pub(in crate::mapping) part: Option<String>,
    /// What to write instead.
    pub(in crate::mapping) help: String,
}

impl Expression {
    /// Of an expression that has failed so.
    pub(in crate::mapping) fn blame(&self, scope: &Scope<'_>, failure: &Failure) -> Blame {
        if failure.what == TOO_LONG {
            let help = "bound it by `max_bytes`, or take it over by `from`, which has no such limit".to_owned();
            return Blame { part: Some(failure.detail.clone()), help };
        }
        if self.cost.saturating_mul(MAX_DEPTH as u64) > MAX_MAPPING_COST {
            return Blame { part: None, help: help("x", failure, None) };
        }
        let text = &*self.notes.text;
        let tokens = shape::tokens(text).unwrap_or_default();
        let places = Places::of(text, &tokens);
        let finder = Finder { scope, expression: self };
        let node = finder.innermost(&self.tree);
        let text_of = |node: &IdedExpr| text.get(places.whole(node)).unwrap_or_default();
        let whole = text_of(node);
        let index = finder.index(node).map(|(list, length, place)| Index { list: text_of(list), length, place });
        let why = match &index {
            Some(Index { length, place: Some(place), .. }) => Some(format!("list of {length}, place {place}")),
            Some(Index { length, place: None, .. }) => Some(format!("list of {length}")),
            None => failure.is_public.then(|| failure.detail.clone()).filter(|detail| !detail.is_empty()),
        };
        let part = (whole.len() <= MAX_SHOWN).then(|| match why {
            Some(why) => format!("`{whole}`: {why}"),
            None => format!("`{whole}`"),
        });
        Blame { part, help: help(whole, failure, index.as_ref()) }
    }
}

/// `list[place]`
struct Index<'t> {
    list: &'t str,
    length: usize,
    /// Where the file says it.
    place: Option<i64>,
}

struct Finder<'e> {
    scope: &'e Scope<'e>,
    expression: &'e Expression,
}

impl<'e> Finder<'e> {
    /// The depth is within `limits`.
    fn innermost(&self, mut node: &'e IdedExpr) -> &'e IdedExpr {
        loop {
            let mut parts = Vec::new();
            self.parts(node, &mut parts);
            let Some(failing) = parts.into_iter().find(|part| self.fails(part)) else { return node };
            node = failing;
        }
    }

    /// What is looked at when the node is evaluated. What stands in a loop has another value in each round.
    fn parts(&self, node: &'e IdedExpr, parts: &mut Vec<&'e IdedExpr>) {
        match &node.expr {
            Expr::Comprehension(comprehension) => parts.push(&comprehension.iter_range),
            Expr::Select(select) if select.test => {}
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (op::CONDITIONAL, [condition, yes, no]) => {
                    parts.push(condition);
                    let truth =
                        self.resolve(condition, |value| value.downcast_ref::<CelBool>().map(|truth| *truth.inner()));
                    parts.extend(match truth.flatten() {
                        Some(true) => Some(yes),
                        Some(false) => Some(no),
                        None => None,
                    });
                }
                _ => children(&node.expr, &mut |child| parts.push(child)),
            },
            Expr::Ident(_)
            | Expr::List(_)
            | Expr::Literal(_)
            | Expr::Map(_)
            | Expr::Select(_)
            | Expr::Struct(_)
            | Expr::Unspecified => children(&node.expr, &mut |child| parts.push(child)),
        }
    }

    fn fails(&self, node: &IdedExpr) -> bool {
        let is_pattern = matches!(&node.expr, Expr::Ident(name) if name.starts_with('@'));
        !is_pattern && self.resolve(node, |_| ()).is_none()
    }

    fn resolve<T>(&self, node: &IdedExpr, look: impl FnOnce(&dyn ::cel::common::value::Val) -> T) -> Option<T> {
        self.scope.resolve_with(node, &self.expression.patterns, look).ok()
    }

    /// The list, its length and the place, where a place is looked for.
    fn index(&self, node: &'e IdedExpr) -> Option<(&'e IdedExpr, usize, Option<i64>)> {
        let Expr::Call(call) = &node.expr else { return None };
        let [list, place] = call.args.as_slice() else { return None };
        if call.func_name != op::INDEX {
            return None;
        }
        let length = self.resolve(list, |value| value.downcast_ref::<CelList<'_>>().map(|list| list.inner().len()));
        let place = match &place.expr {
            Expr::Literal(LiteralValue::Int(number)) => Some(*number.inner()),
            Expr::Call(_)
            | Expr::Comprehension(_)
            | Expr::Ident(_)
            | Expr::List(_)
            | Expr::Literal(_)
            | Expr::Map(_)
            | Expr::Select(_)
            | Expr::Struct(_)
            | Expr::Unspecified => None,
        };
        Some((list, length??, place))
    }
}

fn help(whole: &str, failure: &Failure, index: Option<&Index<'_>>) -> String {
    match (failure.what, index) {
        (ABSENT, _) if whole.contains('.') && !whole.contains([' ', '[', '(']) => {
            format!("ask first: `has({whole}) ? … : null`")
        }
        (ABSENT, _) => "ask first, with `has(…)` or `'key' in …`".to_owned(),
        (BEHIND_THE_END, Some(Index { list, place: Some(place), .. })) => {
            let twice =
                if whole.contains('\\') { "; in double quotes of YAML each backslash is written twice" } else { "" };
            format!("the first place is 0; ask first: `{list}.size() > {place} ? {whole} : null`{twice}")
        }
        (BEHIND_THE_END, _) => "the first place is 0; ask first: `x.size() > 1 ? x[1] : null`".to_owned(),
        (FUNCTION, _) if whole.starts_with("int(") => {
            format!("ask first, as in `{}.matches('^[0-9]{{1,18}}$') ? {whole} : null`", argument(whole))
        }
        (FUNCTION, _) if whole.starts_with("email") => {
            let asked = argument(whole);
            format!("ask first, as in `{asked}.matches('^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+$') ? {whole} : null`")
        }
        (FUNCTION, _) => "ask first whether it can, for instance by `x.matches('…')`".to_owned(),
        (_, _) => "ask first what the value is, as in `x != null ? … : null`".to_owned(),
    }
}

/// The argument of a call, where it is a plain word.
fn argument(call: &str) -> &str {
    let inside = call.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.filter(|text| !text.contains([' ', '(', '['])).unwrap_or("x")
}
