//! The functions that expressions may call: some of the crate's standard library, and those of [`super::text`]. What is not in this table is an error at load.
//!
//! **Absent on purpose.** `matches` (regular expressions: the crate is built without them), `format`, `charAt`,
//! `indexOf`, `lastIndexOf`, `reverse`, `quote`, `type`, `dyn`, `double`, `uint`, `bytes`, `timestamp`, `duration`.

use ::cel::IdedExpr;
use ::cel::common::ast::{Expr, LiteralValue};

use super::kind::Kind;
use super::limits::{MAX_PIECES, MAX_RESULT_BYTES};

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    Text,
    Int,
    List,
    /// Anything that has a size.
    Sized,
    /// What can be read as a number.
    Number,
    /// What can be read as true or false.
    Truth,
    /// What can be written as text.
    Scalar,
}

impl Want {
    pub(super) const fn admits(self, kind: &Kind) -> bool {
        match kind {
            Kind::Any { .. } => true,
            Kind::Null => false,
            Kind::Bool => matches!(self, Self::Truth | Self::Scalar),
            Kind::Int => matches!(self, Self::Int | Self::Number | Self::Scalar),
            Kind::Text { .. } => !matches!(self, Self::Int | Self::List),
            Kind::List { .. } => matches!(self, Self::List | Self::Sized),
            Kind::Object { .. } => matches!(self, Self::Sized),
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int => "a whole number",
            Self::List => "a list",
            Self::Sized => "text, a list or an object",
            Self::Number => "text or a whole number",
            Self::Truth => "text, true or false",
            Self::Scalar => "text, a number or a truth value",
        }
    }
}

/// A function: called on its first argument (`x.f(y)`) or with it (`f(x, y)`).
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) style: Style,
    /// The first is the one that a member call is made on.
    pub(super) wants: &'static [Want],
    /// How many of them must be there.
    pub(super) needed: usize,
    pub(super) example: &'static str,
}

/// How a function may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Member,
    Global,
    Both,
}

use Style::{Both, Global, Member};
use Want::{Int, List, Number, Scalar, Sized, Text, Truth};

#[rustfmt::skip]
pub(super) const FUNCTIONS: [Function; 14] = [
    Function { name: "startsWith", style: Member, wants: &[Text, Text], needed: 2, example: "x.startsWith('a')" },
    Function { name: "endsWith", style: Member, wants: &[Text, Text], needed: 2, example: "x.endsWith('a')" },
    Function { name: "contains", style: Member, wants: &[Text, Text], needed: 2, example: "x.contains('a')" },
    Function { name: "lowerAscii", style: Member, wants: &[Text], needed: 1, example: "x.lowerAscii()" },
    Function { name: "upperAscii", style: Member, wants: &[Text], needed: 1, example: "x.upperAscii()" },
    Function { name: "trim", style: Member, wants: &[Text], needed: 1, example: "x.trim()" },
    Function { name: "split", style: Member, wants: &[Text, Text, Int], needed: 2, example: "x.split('@')" },
    Function { name: "join", style: Member, wants: &[List, Text], needed: 1, example: "x.join(' ')" },
    Function { name: "replace", style: Member, wants: &[Text, Text, Text, Int], needed: 3, example: "x.replace('a', 'b')" },
    Function { name: "substring", style: Member, wants: &[Text, Int, Int], needed: 2, example: "x.substring(0, 3)" },
    Function { name: "size", style: Both, wants: &[Sized], needed: 1, example: "size(x)" },
    Function { name: "int", style: Global, wants: &[Number], needed: 1, example: "int(x)" },
    Function { name: "string", style: Global, wants: &[Scalar], needed: 1, example: "string(x)" },
    Function { name: "bool", style: Global, wants: &[Truth], needed: 1, example: "bool(x)" },
];

/// Macros, for suggestions.
pub(super) const MACROS: [&str; 6] = ["has", "all", "exists", "exists_one", "map", "filter"];

impl Function {
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        FUNCTIONS.iter().find(|function| function.name == name)
    }

    /// What it yields for arguments of these kinds.
    pub(super) fn yields(&self, kinds: &[Kind], arguments: &[&IdedExpr]) -> Kind {
        let bytes = |at: usize| kinds.get(at).map_or(0, Kind::bytes);
        match self.name {
            "startsWith" | "endsWith" | "contains" | "bool" => Kind::Bool,
            "size" | "int" => Kind::Int,
            "split" => {
                let pieces = MAX_PIECES as u64;
                let count = literal_int(arguments.get(2)).unwrap_or(pieces).min(pieces);
                Kind::List { count, total: bytes(0), item: Box::new(Kind::Text { bytes: bytes(0) }) }
            }
            "join" => {
                let separators = kinds.first().map_or(0, Kind::count).saturating_mul(bytes(1));
                Kind::Text { bytes: bytes(0).saturating_add(separators).min(MAX_RESULT_BYTES as u64) }
            }
            "replace" => {
                let grown = replaced(bytes(0), bytes(2), arguments.get(1));
                Kind::Text { bytes: grown.min(MAX_RESULT_BYTES as u64) }
            }
            // A number of 64 bits has 20 characters.
            "string" => Kind::Text { bytes: bytes(0).max(20) },
            _ => Kind::Text { bytes: bytes(0) },
        }
    }
}

/// An empty pattern is found before each character and at the end.
fn replaced(text: u64, replacement: u64, pattern: Option<&&IdedExpr>) -> u64 {
    let pattern = pattern.and_then(|pattern| literal_text(pattern)).map_or(0, |pattern| pattern.len() as u64);
    let places = text.checked_div(pattern).unwrap_or(text.saturating_add(1));
    text.saturating_add(places.saturating_mul(replacement))
}

fn literal_int(node: Option<&&IdedExpr>) -> Option<u64> {
    let Expr::Literal(LiteralValue::Int(number)) = &node?.expr else { return None };
    u64::try_from(*number.inner()).ok()
}

/// The text of a literal.
fn literal_text(node: &IdedExpr) -> Option<&str> {
    let Expr::Literal(LiteralValue::String(text)) = &node.expr else { return None };
    Some(text.inner())
}
