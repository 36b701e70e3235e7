//! Expressions: text of a mapping file to a checked tree, and its evaluation. The only user of the cel crate.
//!
//! ```text
//! text ─shape (tokens)─▶ parse ─limits (tree)─▶ check (names, types, cost)─▶ prepare ─▶ Expression
//! Expression ─evaluate(Scope)─▶ Option<ClaimValue>
//! ```
//!
//! The crate parses, and evaluates; it has no type checker, no step counter and recurses over the tree. Everything
//! that keeps it within bounds is therefore here, and before it is called:
//!
//! - [`shape`] bounds the depth of the tree from the tokens alone, so that neither parsing, cloning nor dropping the
//!   tree can exhaust the stack;
//! - [`limits`] bounds nodes and depth exactly, with a stack of its own;
//! - [`check`] knows every name, function and type of our subset, and bounds steps and bytes by the declared sizes.
//!
//! **Invariant.** What is evaluated has passed all three. An [`Expression`] cannot be made otherwise.
//!
//! **Absent on purpose.** Fractions, bytes, unsigned numbers, message types, timestamps (`now` and `auth_time` are
//! seconds), optional syntax (`a.?b`) and regular expressions that are not literals: see [`check`] and [`function`].

mod blame;
mod check;
mod constant;
mod dn;
mod doubt;
mod email;
mod evaluate;
mod explain;
mod failure;
mod fault;
mod function;
mod kind;
mod limits;
mod list;
mod names;
mod operator;
mod pattern;
mod places;
mod prepare;
mod reference;
mod shape;
#[cfg(test)]
mod tests;
mod text;
mod usage;

use std::borrow::Cow;
use std::collections::BTreeSet;

use ::cel::IdedExpr;
use ::cel::parser::PrattParser;

pub(super) use blame::Blame;
pub(super) use constant::Constant;
pub(super) use evaluate::{Beside, Scope};
pub(super) use explain::{Outcome, Part};
pub(super) use failure::Failure;
pub(super) use fault::Fault;
pub(super) use kind::Kind;
pub(super) use limits::{MAX_MAPPING_COST, MAX_TEXT_READ};
pub(super) use names::{Known, Names};
pub(super) use places::words;
pub(super) use reference::expressions;
pub(super) use usage::Usage;
pub(super) use usage::{Compared, Fold, Name, Spelling};

/// Every function and macro. Tests only.
#[cfg(test)]
pub(super) fn functions() -> impl Iterator<Item = &'static str> {
    function::FUNCTIONS.iter().map(|function| function.name).chain(function::MACROS)
}

/// Every name that an expression knows without a declaration. Tests only.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    names::FACTS.into_iter().chain(names::TABLES)
}

/// A checked expression, ready to be evaluated as often as one likes.
#[derive(Debug)]
pub(super) struct Expression {
    /// The text's tree, but for what [`prepare`] has put in its place.
    tree: IdedExpr,
    /// The regular expressions that the tree names.
    patterns: Vec<pattern::Pattern>,
    /// What it yields.
    pub(super) kind: Kind,
    /// The names that it reads.
    pub(super) reads: Reads,
    /// At most so many steps.
    pub(super) cost: u64,
    notes: Box<Notes>,
}

/// What is known of an expression and not needed to evaluate it.
#[derive(Debug)]
struct Notes {
    usage: Usage,
    doubts: doubt::Doubts,
    constant: Option<Constant>,
    asks: bool,
    text: Box<str>,
}

/// The names that an expression reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reads {
    /// `attr.…`
    pub(super) attributes: BTreeSet<String>,
    /// `claims.…`
    pub(super) claims: BTreeSet<String>,
    /// `name_id`
    pub(super) name_id: bool,
}

impl Expression {
    /// Parses and checks. Every fault that can be told apart is reported; an expression that cannot be parsed has one.
    pub(super) fn compile(text: &str, names: &Names<'_>) -> Result<(Self, Vec<Fault>), Vec<Fault>> {
        let tokens = shape::admit(text).map_err(|fault| vec![fault])?;
        let tree = parse(text).map_err(|fault| vec![fault])?;
        limits::check(&tree).map_err(|fault| vec![fault])?;
        let places = places::Places::of(text, &tokens);
        let mut checked = check::check(&tree, names, &places);
        let (usage, faults) = usage::of(&tree, names, &places);
        checked.faults.extend(faults);
        let doubts = doubt::of(&tree, names, &places);
        let (errors, warnings) = checked.faults.into_iter().partition::<Vec<_>, _>(Fault::is_error);
        if errors.is_empty() {
            let (tree, patterns) = prepare::prepare(tree, checked.patterns);
            let constant = constant::of(&tree, &patterns);
            let check::Checked { kind, reads, cost, asks, .. } = checked;
            let notes = Box::new(Notes { usage, doubts, constant, asks, text: text.into() });
            Ok((Self { tree, patterns, kind, reads, cost, notes }, warnings))
        } else {
            Err(errors.into_iter().chain(warnings).collect())
        }
    }

    /// What it yields for everybody, `None` being null, or that it fails for everybody; `None` where it depends on the
    /// identity, as far as can be told.
    pub(super) const fn constant(&self) -> Option<&Constant> {
        self.notes.constant.as_ref()
    }

    /// Warnings for where it lets somebody in. `is_null` says whether a fact is null for some.
    pub(super) fn doubts(&self, is_null: impl Fn(&str) -> bool) -> Vec<Fault> {
        let doubts = &self.notes.doubts;
        let of_null = doubts.of_null.iter().filter(|(fact, _)| is_null(fact)).map(|(_, fault)| fault);
        doubts.faults.iter().chain(of_null).cloned().collect()
    }

    /// Its text in one line.
    pub(super) fn line(&self) -> Cow<'_, str> {
        if !self.notes.text.contains('\n') {
            return self.notes.text.trim().into();
        }
        let lines: Vec<&str> = self.notes.text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.join(" ").into()
    }

    /// Whether something in it must not hold, as far as its text tells.
    pub(super) fn says_no(&self) -> bool {
        let text = &self.notes.text;
        ["!", "?", "false", "exists_one"].iter().any(|no| text.contains(no))
    }

    /// Whether it asks how long, or of what form, something is.
    pub(super) const fn asks(&self) -> bool {
        self.notes.asks
    }

    /// What it does with what it reads.
    pub(super) const fn usage(&self) -> &Usage {
        &self.notes.usage
    }
}

fn parser() -> PrattParser {
    // Nesting is bounded by `shape` already; these are the second line.
    PrattParser::new().max_recursion_depth(64).error_recovery_limit(4)
}

fn parse(text: &str) -> Result<IdedExpr, Fault> {
    parser().parse(text).map_err(|errors| fault::of_parser(text, &errors))
}
