//! Where in the text a node of the tree stands.
//!
//! The parser gives each node an id and remembers its offsets, but hands them out with an error only. So, where a
//! fault is to be reported, the text is parsed once more with something behind it that cannot be there: the ids of
//! what stands before it are the same.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use ::cel::IdedExpr;
use ::cel::common::ast::{Expr, SourceInfo};
use ::cel::parser::pratt_parser::TokenKind;

use super::parser;
use super::shape::{Token, tokens};

/// The places of one expression.
pub(super) struct Places<'t> {
    text: &'t str,
    tokens: &'t [Token],
    offsets: OnceLock<Option<Arc<SourceInfo>>>,
}

impl<'t> Places<'t> {
    pub(super) const fn of(text: &'t str, tokens: &'t [Token]) -> Self {
        Self { text, tokens, offsets: OnceLock::new() }
    }

    /// What a reader would point at: the function's name, `name.field`, the selected field, the operator.
    pub(super) fn word(&self, node: &IdedExpr) -> Range<usize> {
        let at = self.token_of(node);
        let neighbour = match &node.expr {
            // A member call is known by its parenthesis, a selection by its dot.
            Expr::Call(call) if call.target.is_some() => at.and_then(|at| at.checked_sub(1)),
            // What a macro makes is known by the macro's parenthesis.
            Expr::Ident(name) if name.starts_with('@') => at.and_then(|at| at.checked_sub(1)),
            Expr::Comprehension(_) => at.and_then(|at| at.checked_sub(1)),
            Expr::Select(select) if matches!(select.operand.expr, Expr::Ident(_)) => return self.pair(&select.operand),
            Expr::Select(_) => at.map(|at| at + 1),
            Expr::Call(_)
            | Expr::Unspecified
            | Expr::Ident(_)
            | Expr::List(_)
            | Expr::Literal(_)
            | Expr::Map(_)
            | Expr::Struct(_) => at,
        };
        self.range(neighbour, neighbour)
    }

    /// A part of what a text literal says; the whole literal where it is not written as it reads.
    pub(super) fn inside(&self, literal: &IdedExpr, says: &str, part: &Range<usize>) -> Range<usize> {
        let whole = self.word(literal);
        let written = self.text.get(whole.clone()).unwrap_or_default();
        match written.find(says) {
            Some(offset) if !part.is_empty() => {
                let start = whole.start + offset;
                start + part.start..start + part.end
            }
            _ => whole,
        }
    }

    /// `name.field`; in `has(name.field)` the selection itself has the place of `has`.
    fn pair(&self, name: &IdedExpr) -> Range<usize> {
        let name = self.token_of(name);
        self.range(name, name.map(|at| at + 2))
    }

    fn range(&self, first: Option<usize>, last: Option<usize>) -> Range<usize> {
        let token = |at: Option<usize>| at.and_then(|at| self.tokens.get(at));
        match (token(first), token(last)) {
            (Some(first), Some(last)) => first.range.start..last.range.end,
            _ => 0..self.text.len(),
        }
    }

    fn token_of(&self, node: &IdedExpr) -> Option<usize> {
        let info = self.offsets.get_or_init(|| offsets(self.text)).as_ref()?;
        let start = usize::try_from(info.offset_for(node.id)?.0).ok()?;
        self.tokens.iter().position(|token| token.range.start == start)
    }
}

fn offsets(text: &str) -> Option<Arc<SourceInfo>> {
    // A line end, because the text may end in a comment.
    let errors = parser().parse(&format!("{text}\n)")).err()?;
    errors.errors.into_iter().find_map(|error| error.source_info)
}

/// The expression without white space and comments: what it says, however it is laid out.
pub(in crate::mapping) fn words(text: &str) -> Vec<&str> {
    let tokens = tokens(text).unwrap_or_default();
    tokens
        .iter()
        .filter(|token| token.kind != TokenKind::TokEnd)
        .filter_map(|token| text.get(token.range.clone()))
        .collect()
}
