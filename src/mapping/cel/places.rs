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

use super::limits::children;
use super::parser;
use super::shape::{Token, tokens};

/// The places of one expression.
pub(super) struct Places<'t> {
    text: &'t str,
    tokens: &'t [Token],
    offsets: OnceLock<Option<Arc<SourceInfo>>>,
    partners: OnceLock<Vec<usize>>,
}

impl<'t> Places<'t> {
    pub(super) const fn of(text: &'t str, tokens: &'t [Token]) -> Self {
        Self { text, tokens, offsets: OnceLock::new(), partners: OnceLock::new() }
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

    /// All of it: from its first token to its last, with the brackets that belong to it.
    pub(super) fn whole(&self, node: &IdedExpr) -> Range<usize> {
        let mut waiting = vec![node];
        let mut bounds: Option<(usize, usize)> = None;
        while let Some(node) = waiting.pop() {
            if let Some((first, last)) = self.own_tokens(node) {
                bounds = Some(bounds.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
            }
            children(&node.expr, &mut |child| waiting.push(child));
        }
        let bounds = bounds.map(|bounds| self.balanced(bounds)).unzip();
        self.range(bounds.0, bounds.1)
    }

    /// The tokens by which a node is known, without those of its children and its closing bracket.
    fn own_tokens(&self, node: &IdedExpr) -> Option<(usize, usize)> {
        let at = self.token_of(node)?;
        // A prepared `name.field` has the place of its dot.
        if matches!(&node.expr, Expr::Ident(name) if name.contains('.')) {
            return Some((at.checked_sub(1)?, at + 1));
        }
        let has_next = match &node.expr {
            Expr::Select(select) => !select.test,
            Expr::Literal(_) => self.tokens.get(at)?.kind == TokenKind::TokMinus,
            Expr::Call(_)
            | Expr::Unspecified
            | Expr::Ident(_)
            | Expr::Comprehension(_)
            | Expr::List(_)
            | Expr::Map(_)
            | Expr::Struct(_) => false,
        };
        Some((at, at + usize::from(has_next)))
    }

    /// The bounds, moved outwards until no bracket within has its partner outside.
    fn balanced(&self, (mut first, mut last): (usize, usize)) -> (usize, usize) {
        let partners = self.partners.get_or_init(|| partners(self.tokens));
        let mut at = first;
        while at <= last {
            let partner = partners.get(at).copied().unwrap_or(at);
            last = last.max(partner);
            if partner < first {
                // What lies between has not been looked at.
                (first, at) = (partner, partner);
            }
            at += 1;
        }
        (first, last)
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

/// For each token the place of the bracket that it opens or closes with; its own where it is none.
fn partners(tokens: &[Token]) -> Vec<usize> {
    use TokenKind as T;
    let mut partners: Vec<usize> = (0..tokens.len()).collect();
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if matches!(token.kind, T::TokLeftParen | T::TokLeftBracket | T::TokLeftBrace) {
            open.push(at);
        } else if matches!(token.kind, T::TokRightParen | T::TokRightBracket | T::TokRightBrace)
            && let Some(partner) = open.pop()
        {
            partners.swap(at, partner);
        }
    }
    partners
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
