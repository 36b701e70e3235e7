//! What an expression comes to, part by part, on one identity.
//!
//! Each part is the text of a sub-expression with what it yields there, by the same evaluator as a request: the
//! evaluator is asked once for every part. What stands in the body of a loop has a value for each round, and is not
//! shown; the loop is. Neither is a literal. What `&&`, `||` or `?:` does not look at is shown as not evaluated.
//!
//! The whole stands last, each part behind those that it is made of. Where there are too many, or together they would
//! take too long, the innermost are left out.
//!
//! **Values are of a person**: `Debug` hides them, and whoever shows them writes them as private facts.

use std::fmt;
use std::ops::Range;

use ::cel::IdedExpr;
use ::cel::common::ast::{Expr, operators as op};
use ::cel::common::types::{CelBool, CelInt, CelList, CelMap, CelNull, CelString};
use ::cel::common::value::Val;

use super::evaluate::{Scope, as_claim};
use super::limits::{MAX_MAPPING_COST, children};
use super::names::table_name;
use super::places::Places;
use super::{Expression, shape};

/// Parts of one expression.
const MAX_PARTS: usize = 64;
/// Bytes of the texts of all parts, but for the whole expression.
const MAX_TEXTS: usize = 16 << 10;
/// Bytes of one value as it is shown.
const MAX_SHOWN: usize = 512;
/// Bytes of one value where all together are as long as they may be.
const MIN_SHOWN: usize = 16;
/// Bytes of all values.
const MAX_ALL_SHOWN: usize = 16 << 10;

/// A part of an expression and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mapping) struct Part {
    /// Bytes of the expression's text.
    pub(in crate::mapping) range: Range<usize>,
    /// What stands there.
    pub(in crate::mapping) text: String,
    /// What it comes to.
    pub(in crate::mapping) outcome: Outcome,
}

/// What a part comes to. `Debug` hides values.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::mapping) enum Outcome {
    /// The value as JSON, cut where it is long.
    Value(String),
    /// Why it has none, with values.
    Failed(String),
    /// What stands beside it is enough.
    NotEvaluated,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value(_) => "Value(..)",
            Self::Failed(_) => "Failed(..)",
            Self::NotEvaluated => "NotEvaluated",
        })
    }
}

impl Expression {
    /// Evaluates part by part. Empty for a literal.
    pub(in crate::mapping) fn explain(&self, scope: &Scope<'_>) -> Vec<Part> {
        let text = &*self.notes.text;
        if let Err(failure) = scope.check_lengths(self) {
            let outcome = Outcome::Failed(failure.detail);
            return vec![Part { range: 0..text.len(), text: text.to_owned(), outcome }];
        }
        let tokens = shape::tokens(text).unwrap_or_default();
        let places = Places::of(text, &tokens);
        let mut found = Vec::new();
        collect(&self.tree, 0, &places, &mut found);
        let shown = self.outermost(found, text.len());
        let mut explaining = Explaining { scope, expression: self, shown, parts: Vec::new(), left: MAX_ALL_SHOWN };
        explaining.visit(&self.tree, true);
        explaining.parts
    }

    /// As many as are to be shown: to evaluate each takes as long as the whole expression, at most.
    fn outermost<'t>(&self, mut found: Vec<Found<'t>>, whole: usize) -> Vec<(&'t IdedExpr, Range<usize>)> {
        let affordable = usize::try_from(MAX_MAPPING_COST / self.cost.max(1)).unwrap_or(MAX_PARTS);
        found.sort_by_key(|found| found.depth);
        let mut left = MAX_TEXTS + whole;
        let fits = |found: &Found<'_>| {
            let rest = left.checked_sub(found.range.len());
            left = rest.unwrap_or_default();
            rest.is_some()
        };
        let kept = found.into_iter().take(affordable.clamp(1, MAX_PARTS)).take_while(fits);
        kept.map(|found| (found.node, found.range)).collect()
    }
}

struct Found<'t> {
    node: &'t IdedExpr,
    depth: usize,
    range: Range<usize>,
}

/// Every part that tells something. Recurses; the depth is within `limits`.
fn collect<'t>(node: &'t IdedExpr, depth: usize, places: &Places<'_>, found: &mut Vec<Found<'t>>) {
    if says_nothing(node) {
        return;
    }
    parts_of(node, &mut |child| collect(child, depth + 1, places, found));
    found.push(Found { node, depth, range: places.whole(node) });
}

/// Literals and what is made of them alone; a table as a whole; patterns.
fn says_nothing(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Literal(_) | Expr::Unspecified => true,
        Expr::Ident(name) => table_name(node).is_some() || name.starts_with('@'),
        Expr::List(_) | Expr::Map(_) => {
            let mut nothing = true;
            children(&node.expr, &mut |child| nothing &= says_nothing(child));
            nothing
        }
        Expr::Call(_) | Expr::Comprehension(_) | Expr::Select(_) | Expr::Struct(_) => false,
    }
}

/// What a node is made of, in the order of the text, without the body of a loop.
fn parts_of<'t>(node: &'t IdedExpr, visit: &mut impl FnMut(&'t IdedExpr)) {
    if let Expr::Comprehension(comprehension) = &node.expr {
        visit(&comprehension.iter_range);
    } else {
        children(&node.expr, visit);
    }
}

struct Explaining<'e> {
    scope: &'e Scope<'e>,
    expression: &'e Expression,
    /// What is to be shown.
    shown: Vec<(&'e IdedExpr, Range<usize>)>,
    parts: Vec<Part>,
    /// Bytes of values that may still be shown.
    left: usize,
}

impl<'e> Explaining<'e> {
    fn visit(&mut self, node: &'e IdedExpr, reached: bool) {
        // What is not shown has nothing in it that is: the outermost were kept.
        let Some(at) = self.shown.iter().position(|(shown, _)| std::ptr::eq(*shown, node)) else { return };
        match &node.expr {
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (op::LOGICAL_AND, [a, b]) => self.visit_pair(a, b, reached, false),
                (op::LOGICAL_OR, [a, b]) => self.visit_pair(a, b, reached, true),
                (op::CONDITIONAL, [condition, yes, no]) => {
                    self.visit(condition, reached);
                    let truth = reached.then(|| self.truth(condition)).flatten();
                    self.visit(yes, truth == Some(true));
                    self.visit(no, truth == Some(false));
                }
                _ => parts_of(node, &mut |child| self.visit(child, reached)),
            },
            Expr::Comprehension(_)
            | Expr::Ident(_)
            | Expr::List(_)
            | Expr::Literal(_)
            | Expr::Map(_)
            | Expr::Select(_)
            | Expr::Struct(_)
            | Expr::Unspecified => parts_of(node, &mut |child| self.visit(child, reached)),
        }
        let outcome = if reached { self.outcome(node) } else { Outcome::NotEvaluated };
        if let Some((_, range)) = self.shown.get(at) {
            let text = self.expression.notes.text.get(range.clone()).unwrap_or_default();
            self.parts.push(Part { range: range.clone(), text: text.to_owned(), outcome });
        }
    }

    /// Operands of which the first may be enough.
    fn visit_pair(&mut self, a: &'e IdedExpr, b: &'e IdedExpr, reached: bool, enough: bool) {
        self.visit(a, reached);
        let needs_both = reached && self.truth(a) != Some(enough);
        self.visit(b, needs_both);
    }

    fn truth(&self, node: &IdedExpr) -> Option<bool> {
        let truth = |value: &dyn Val| value.downcast_ref::<CelBool>().map(|truth| *truth.inner());
        self.scope.resolve_with(node, &self.expression.patterns, truth).ok().flatten()
    }

    fn outcome(&mut self, node: &IdedExpr) -> Outcome {
        let limit = MAX_SHOWN.min(self.left.max(MIN_SHOWN));
        let is_whole = std::ptr::eq(node, &raw const self.expression.tree);
        let show = |value: &dyn Val| {
            if is_whole {
                as_claim(value)?;
            }
            let mut shown = Shown { text: String::new(), limit };
            shown.value(value);
            Ok(shown.text)
        };
        let (outcome, length) = match self.scope.resolve_with(node, &self.expression.patterns, show).flatten() {
            Ok(text) => (Outcome::Value(text.clone()), text.len()),
            Err(failure) => {
                let mut shown = Shown { text: String::new(), limit };
                shown.push(failure.what);
                if !failure.detail.is_empty() {
                    shown.push(": ");
                    shown.push(&failure.detail);
                }
                (Outcome::Failed(shown.text.clone()), shown.text.len())
            }
        };
        self.left = self.left.saturating_sub(length);
        outcome
    }
}

/// A value on its way to JSON, up to a length.
struct Shown {
    text: String,
    limit: usize,
}

impl Shown {
    const CUT: &'static str = "…";

    fn is_full(&self) -> bool {
        self.text.len() >= self.limit
    }

    fn push(&mut self, more: &str) {
        if self.is_full() {
            return;
        }
        let room = self.limit - self.text.len();
        if more.len() <= room {
            self.text.push_str(more);
        } else {
            let end = (0..=room).rev().find(|end| more.is_char_boundary(*end)).unwrap_or(0);
            self.text.push_str(more.get(..end).unwrap_or_default());
            self.text.push_str(Self::CUT);
            self.limit = self.text.len();
        }
    }

    fn text(&mut self, text: &str) {
        // No longer than can be shown, whatever is escaped in it.
        let end = (0..=text.len().min(self.limit)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        let quoted = serde_json::Value::from(text.get(..end).unwrap_or_default()).to_string();
        let cut = if end < text.len() { Self::CUT } else { "" };
        self.push(&quoted);
        self.push(cut);
    }

    fn value(&mut self, value: &dyn Val) {
        if let Some(text) = value.downcast_ref::<CelString<'_>>() {
            self.text(text.inner());
        } else if let Some(truth) = value.downcast_ref::<CelBool>() {
            self.push(if *truth.inner() { "true" } else { "false" });
        } else if let Some(number) = value.downcast_ref::<CelInt>() {
            self.push(&number.inner().to_string());
        } else if value.downcast_ref::<CelNull>().is_some() {
            self.push("null");
        } else if let Some(list) = value.downcast_ref::<CelList<'_>>() {
            self.push("[");
            for (at, item) in list.inner().iter().enumerate() {
                if self.is_full() {
                    break;
                }
                self.push(if at == 0 { "" } else { "," });
                self.value(item.as_ref());
            }
            self.push("]");
        } else if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
            self.object(map);
        } else {
            self.push(value.get_type().name());
        }
    }

    fn object(&mut self, map: &CelMap<'_>) {
        let key =
            |key: &dyn Val| key.downcast_ref::<CelString<'_>>().map(CelString::inner).unwrap_or_default().to_owned();
        let mut fields: Vec<_> = map.inner().iter().map(|(name, value)| (key(name.inner()), value)).collect();
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.push("{");
        for (at, (name, value)) in fields.into_iter().enumerate() {
            if self.is_full() {
                break;
            }
            self.push(if at == 0 { "" } else { "," });
            self.text(&name);
            self.push(":");
            self.value(value.as_ref());
        }
        self.push("}");
    }
}
