//! The functions that expressions may call: some of the crate's standard library, and ours ([`super::text`], [`super::list`], [`super::dn`],
//! [`super::email`], [`super::pattern`]). What is not in this table is an error at load.
//!
//! **Absent on purpose.** The crate's `matches` (it compiles its regular expression each time), `format`, `charAt`,
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
    /// A list whose elements have an order: all text or all whole numbers.
    Sortable,
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
    pub(super) fn admits(self, kind: &Kind) -> bool {
        match kind {
            Kind::Any { .. } => true,
            Kind::Null => false,
            Kind::Bool => matches!(self, Self::Truth | Self::Scalar),
            Kind::Int => matches!(self, Self::Int | Self::Number | Self::Scalar),
            Kind::Text { .. } => !matches!(self, Self::Int | Self::List | Self::Sortable),
            Kind::List { count, item, .. } if self == Self::Sortable => {
                *count == 0 || matches!(**item, Kind::Text { .. } | Kind::Int | Kind::Any { .. })
            }
            Kind::List { .. } => matches!(self, Self::List | Self::Sized),
            Kind::Object { .. } => matches!(self, Self::Sized),
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int => "a whole number",
            Self::List => "a list",
            Self::Sortable => "a list of texts or of whole numbers",
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
use Want::{Int, List, Number, Scalar, Sized, Sortable, Text, Truth};

#[rustfmt::skip]
pub(super) const FUNCTIONS: [Function; 21] = [
    Function { name: "startsWith", style: Member, wants: &[Text, Text], needed: 2, example: "x.startsWith('a')" },
    Function { name: "endsWith", style: Member, wants: &[Text, Text], needed: 2, example: "x.endsWith('a')" },
    Function { name: "contains", style: Member, wants: &[Text, Text], needed: 2, example: "x.contains('a')" },
    Function { name: "matches", style: Member, wants: &[Text, Text], needed: 2, example: "x.matches('^[a-z]+$')" },
    Function { name: "lowerAscii", style: Member, wants: &[Text], needed: 1, example: "x.lowerAscii()" },
    Function { name: "upperAscii", style: Member, wants: &[Text], needed: 1, example: "x.upperAscii()" },
    Function { name: "trim", style: Member, wants: &[Text], needed: 1, example: "x.trim()" },
    Function { name: "split", style: Member, wants: &[Text, Text, Int], needed: 2, example: "x.split('@')" },
    Function { name: "join", style: Member, wants: &[List, Text], needed: 2, example: "x.join(' ')" },
    Function { name: "replace", style: Member, wants: &[Text, Text, Text, Int], needed: 3, example: "x.replace('a', 'b')" },
    Function { name: "substring", style: Member, wants: &[Text, Int, Int], needed: 2, example: "x.substring(0, 3)" },
    Function { name: "size", style: Both, wants: &[Sized], needed: 1, example: "size(x)" },
    Function { name: "distinct", style: Member, wants: &[Sortable], needed: 1, example: "x.distinct()" },
    Function { name: "sort", style: Member, wants: &[Sortable], needed: 1, example: "x.sort()" },
    Function { name: "dn", style: Global, wants: &[Text], needed: 1, example: "dn(x).cn" },
    Function { name: "rdns", style: Global, wants: &[Text, Text], needed: 2, example: "rdns(x, 'ou')" },
    Function { name: "emailLocal", style: Global, wants: &[Text], needed: 1, example: "emailLocal(x)" },
    Function { name: "emailDomain", style: Global, wants: &[Text], needed: 1, example: "emailDomain(x)" },
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
            "startsWith" | "endsWith" | "contains" | "matches" | "bool" => Kind::Bool,
            "size" | "int" => Kind::Int,
            "split" => {
                let pieces = MAX_PIECES as u64;
                let most = arguments.get(2).and_then(|most| u64::try_from(literal_int(most)?).ok());
                let count = most.unwrap_or(pieces).min(pieces);
                Kind::List { count, total: bytes(0), item: Box::new(Kind::Text { bytes: bytes(0) }) }
            }
            "distinct" | "sort" => kinds.first().map_or(Kind::Null, Clone::clone),
            "dn" => {
                Kind::Object { count: parts(bytes(0)), total: bytes(0), item: Box::new(Kind::Text { bytes: bytes(0) }) }
            }
            "rdns" => {
                Kind::List { count: parts(bytes(0)), total: bytes(0), item: Box::new(Kind::Text { bytes: bytes(0) }) }
            }
            "join" => {
                let separators = kinds.first().map_or(0, Kind::count).saturating_mul(bytes(1));
                Kind::Text { bytes: bytes(0).saturating_add(separators).min(MAX_RESULT_BYTES as u64) }
            }
            "replace" => {
                let grown = places_in(bytes(0), arguments.get(1)).saturating_mul(bytes(2));
                Kind::Text { bytes: bytes(0).saturating_add(grown).min(MAX_RESULT_BYTES as u64) }
            }
            // A number of 64 bits has 20 characters.
            "string" => Kind::Text { bytes: bytes(0).max(20) },
            _ => Kind::Text { bytes: bytes(0) },
        }
    }
}

/// Parts of a distinguished name that is so long: each has a type and `=`.
fn parts(bytes: u64) -> u64 {
    (bytes / 2).min(MAX_PIECES as u64)
}

/// An empty pattern is found before each character and at the end.
pub(super) fn places_in(text: u64, pattern: Option<&&IdedExpr>) -> u64 {
    let pattern = pattern.and_then(|pattern| literal_text(pattern)).map_or(0, |pattern| pattern.len() as u64);
    text.checked_div(pattern).unwrap_or(text.saturating_add(1))
}

/// The number of a literal.
pub(super) fn literal_int(node: &IdedExpr) -> Option<i64> {
    let Expr::Literal(LiteralValue::Int(number)) = &node.expr else { return None };
    Some(*number.inner())
}

/// The text of a literal.
pub(super) fn literal_text(node: &IdedExpr) -> Option<&str> {
    let Expr::Literal(LiteralValue::String(text)) = &node.expr else { return None };
    Some(text.inner())
}
