//! What operators and functions demand of their operands, and what they yield.

use ::cel::IdedExpr;
use ::cel::common::ast::{CallExpr, Expr, operators as op};

use super::check::Checker;
use super::fault::Fault;
use super::function::{FUNCTIONS, Function, MACROS, Style, Want, literal_int, literal_text, places_in};
use super::kind::Kind;
use super::pattern::{Pattern, TRIED_IN_VAIN};
use crate::diagnostic::suggest;

const UNKNOWN: Kind = Kind::Any { count: 0, bytes: 0 };
const TEXT: Kind = Kind::Text { bytes: 0 };

/// The kind of a call. `arguments` begin with the target of a member call.
pub(super) fn call(
    checker: &mut Checker<'_>,
    node: &IdedExpr,
    call: &CallExpr,
    arguments: &[&IdedExpr],
    kinds: &[Kind],
) -> Kind {
    match (call.func_name.as_str(), arguments, kinds) {
        (op::CONDITIONAL, [condition, ..], [truth, yes, no]) => {
            demand(checker, condition, truth, &Kind::Bool, "the condition of `?:`");
            yes.or(no)
        }
        (op::LOGICAL_AND | op::LOGICAL_OR, [left, right], [a, b]) => {
            demand(checker, left, a, &Kind::Bool, "an operand of `&&` and `||`");
            demand(checker, right, b, &Kind::Bool, "an operand of `&&` and `||`");
            Kind::Bool
        }
        (op::LOGICAL_NOT, [operand], [kind]) => {
            demand(checker, operand, kind, &Kind::Bool, "the operand of `!`");
            Kind::Bool
        }
        (op::NOT_STRICTLY_FALSE, ..) => Kind::Bool,
        (op::NEGATE, [operand], [kind]) => {
            demand(checker, operand, kind, &Kind::Int, "the operand of `-`");
            Kind::Int
        }
        (op::EQUALS | op::NOT_EQUALS, _, [a, b]) => {
            equality(checker, node, a, b);
            Kind::Bool
        }
        (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, _, [a, b]) => {
            let ordered = |kind: &Kind| matches!(kind, Kind::Int | Kind::Text { .. } | Kind::Any { .. });
            if !(ordered(a) && ordered(b) && a.may_be(b)) {
                mismatch(checker, node, "compares two numbers or two texts", a, b);
            }
            Kind::Bool
        }
        (op::IN, _, [a, b]) => {
            membership(checker, node, a, b);
            Kind::Bool
        }
        (op::INDEX, [operand, index], [list, at]) => {
            if let Some(field) = literal_text(index) {
                check_field(checker, index, operand, field);
            }
            note_index(checker, node, operand, index, list);
            indexed(checker, node, index, list, at)
        }
        (op::ADD, _, [a, b]) => sum(checker, node, a, b),
        (op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO, [left, right], [a, b]) => {
            demand(checker, left, a, &Kind::Int, "an operand of arithmetic");
            demand(checker, right, b, &Kind::Int, "an operand of arithmetic");
            Kind::Int
        }
        _ => function(checker, node, call, arguments, kinds),
    }
}

/// Reports an operand that cannot be of the kind.
pub(super) fn demand(checker: &mut Checker<'_>, node: &IdedExpr, found: &Kind, wanted: &Kind, what: &str) {
    if !found.may_be(wanted) {
        let message = format!("{what} must be {}, not {}", wanted.word(), found.word());
        checker.error("mapping.expression_type", node, message).add_label(format!("this is {}", found.word()));
    }
}

fn mismatch(checker: &mut Checker<'_>, node: &IdedExpr, does: &str, a: &Kind, b: &Kind) {
    let message = format!("the operator {does}, not {} and {}", a.word(), b.word());
    checker.error("mapping.expression_type", node, message);
}

fn equality(checker: &mut Checker<'_>, node: &IdedExpr, a: &Kind, b: &Kind) {
    // Whether something is null may always be asked.
    if a.may_be(b) || matches!(a, Kind::Null) || matches!(b, Kind::Null) {
        return;
    }
    let message = format!("{} is never equal to {}", a.word(), b.word());
    let fault = checker.error("mapping.expression_type", node, message);
    if matches!(a, Kind::List { .. }) || matches!(b, Kind::List { .. }) {
        fault.add_help("whether a list holds a value is asked with `in`: `'x' in attr.groups`");
    }
}

fn membership(checker: &mut Checker<'_>, node: &IdedExpr, a: &Kind, b: &Kind) {
    match b {
        Kind::Any { .. } => {}
        Kind::List { count, item, .. } => {
            if *count > 0 && !a.may_be(item) {
                let message = format!("a list of {} never holds {}", plural(item), a.word());
                checker.error("mapping.expression_type", node, message);
            }
        }
        Kind::Object { .. } if a.may_be(&TEXT) => {}
        Kind::Text { .. } => {
            let message = "`in` needs a list, and this is text";
            checker.error("mapping.expression_type", node, message).add_help("a part of text: `x.contains('…')`");
        }
        Kind::Null | Kind::Bool | Kind::Int | Kind::Object { .. } => {
            mismatch(checker, node, "looks for a value in a list, or for text in the keys of an object", a, b);
        }
    }
}

const fn plural(kind: &Kind) -> &'static str {
    match kind {
        Kind::Null => "nulls",
        Kind::Bool => "truth values",
        Kind::Int => "whole numbers",
        Kind::Text { .. } => "texts",
        Kind::List { .. } => "lists",
        Kind::Object { .. } => "objects",
        Kind::Any { .. } => "values",
    }
}

/// An element that is not the first may not be there. A list that is written out shows what it has.
fn note_index(checker: &mut Checker<'_>, node: &IdedExpr, operand: &IdedExpr, index: &IdedExpr, list: &Kind) {
    let is_list = matches!(list, Kind::List { .. }) && !matches!(operand.expr, Expr::List(_));
    if let Some(at) = literal_int(index).filter(|at| is_list && *at > 0) {
        let range = checker.places.whole(node);
        checker.indexed.push((at, range));
    }
}

fn indexed(checker: &mut Checker<'_>, node: &IdedExpr, index: &IdedExpr, list: &Kind, at: &Kind) -> Kind {
    match list {
        Kind::Any { .. } => {}
        Kind::List { .. } => demand(checker, index, at, &Kind::Int, "the place in a list"),
        Kind::Object { .. } => demand(checker, index, at, &TEXT, "the key of an object"),
        Kind::Null | Kind::Bool | Kind::Int | Kind::Text { .. } => {
            let message = format!("`[…]` needs a list or an object, and this is {}", list.word());
            checker.error("mapping.expression_type", node, message);
            return UNKNOWN;
        }
    }
    list.item()
}

/// A field of `dn(…)` has a name in lower case, or is never there.
pub(super) fn check_field(checker: &mut Checker<'_>, node: &IdedExpr, operand: &IdedExpr, field: &str) {
    let of_name = matches!(&operand.expr, Expr::Call(call) if call.target.is_none() && call.func_name == "dn");
    if of_name && field.contains(|c: char| c.is_ascii_uppercase()) {
        let message = format!("`dn` never has a field `{field}`: its types are in lower case");
        let help = format!("write `{}`", field.to_ascii_lowercase());
        checker.error("mapping.expression_type", node, message).add_help(help);
    }
}

fn sum(checker: &mut Checker<'_>, node: &IdedExpr, a: &Kind, b: &Kind) -> Kind {
    let bytes = a.bytes().saturating_add(b.bytes());
    let count = a.count().saturating_add(b.count());
    match (a, b) {
        (Kind::Int, Kind::Int) => Kind::Int,
        (Kind::Text { .. }, Kind::Text { .. }) => Kind::Text { bytes },
        (Kind::List { item: left, .. }, Kind::List { item: right, .. }) => {
            Kind::List { count, total: bytes, item: Box::new(Kind::either_item(a, b, left, right)) }
        }
        (Kind::Any { .. }, _) | (_, Kind::Any { .. }) => {
            Kind::Any { count: a.widest().saturating_add(b.widest()), bytes }
        }
        _ => {
            let message = format!("`+` adds numbers, texts or lists, not {} and {}", a.word(), b.word());
            let fault = checker.error("mapping.expression_type", node, message);
            if matches!((a, b), (Kind::Int, Kind::Text { .. }) | (Kind::Text { .. }, Kind::Int)) {
                fault.add_help("a number becomes text with `string(…)`");
            }
            UNKNOWN
        }
    }
}

fn function(
    checker: &mut Checker<'_>,
    node: &IdedExpr,
    call: &CallExpr,
    arguments: &[&IdedExpr],
    kinds: &[Kind],
) -> Kind {
    let name = call.func_name.as_str();
    let Some(function) = Function::find(name) else {
        unknown(checker, node, name);
        return UNKNOWN;
    };
    let style_is_right = match function.style {
        Style::Both => true,
        Style::Member => call.target.is_some(),
        Style::Global => call.target.is_none(),
    };
    if name == "join" && call.target.is_some() && arguments.get(1).is_none_or(|with| literal_text(with) == Some("")) {
        join_without_separator(checker, node);
        return function.yields(kinds, arguments);
    }
    let count_is_right = (function.needed..=function.wants.len()).contains(&kinds.len());
    if !(style_is_right && count_is_right) {
        let message = format!("`{name}` is not called like this");
        checker.error("mapping.expression_type", node, message).add_help(format!("write `{}`", function.example));
        return function.yields(kinds, arguments);
    }
    checker.asks |= ["size", "contains", "matches", "startsWith", "endsWith"].contains(&name);
    for ((want, kind), argument) in function.wants.iter().zip(kinds).zip(arguments) {
        if !want.admits(kind) {
            let found = if let (Want::Sortable, Kind::List { item, .. }) = (want, kind) {
                format!("a list of {}", plural(item))
            } else {
                kind.word().to_owned()
            };
            let message = format!("`{name}` needs {} here, not {found}", want.words());
            let fault = checker.error("mapping.expression_type", argument, message);
            fault.add_label(format!("this is {found}"));
            fault.add_help(format!("for instance `{}`", function.example));
        }
    }
    match (name, arguments, kinds) {
        ("matches", [_, pattern], [text, Kind::Text { .. } | Kind::Any { .. }]) => search(checker, pattern, text),
        // Looked for twice, and copied between: a place takes some 20 nanoseconds.
        ("replace", ..) => {
            let bytes = kinds.first().map_or(0, Kind::bytes);
            checker.spend_steps(places_in(bytes, arguments.get(1)) >> 5);
        }
        _ => {}
    }
    function.yields(kinds, arguments)
}

/// Compiles the pattern of `matches` and counts what it takes to make it, and to search with it.
fn search(checker: &mut Checker<'_>, argument: &IdedExpr, text: &Kind) {
    let Some(pattern) = literal_text(argument) else {
        let message = "the regular expression of `matches` must be a literal text";
        let fault = checker.error("mapping.regex_not_literal", argument, message);
        fault.add_help("write it out: it is compiled once, when the file is loaded, and never while a request waits");
        return;
    };
    // A table takes one step for each byte; in a small one 512 of them take a microsecond.
    checker.spend_steps(text.bytes() >> 9);
    if checker.patterns.contains_key(pattern) || checker.is_spent() {
        return;
    }
    match Pattern::compile(pattern) {
        Ok(compiled) => {
            checker.spend_once(compiled.making);
            checker.patterns.insert(pattern.to_owned(), compiled);
        }
        Err(refusal) => {
            checker.spend_once(TRIED_IN_VAIN);
            let range = checker.places.inside(argument, pattern, &refusal.range);
            checker.faults.push(Fault::error(refusal.code, range, refusal.message).help(refusal.help));
        }
    }
}

/// `['ab', 'c'].join()` and `['a', 'bc'].join()`: two people would become one.
fn join_without_separator(checker: &mut Checker<'_>, node: &IdedExpr) {
    let message = "`join` needs something between the elements: without it `ab` and `c` are the same as `a` and `bc`";
    checker.error("mapping.join_without_separator", node, message).add_help("write `join(' ')`");
}

fn unknown(checker: &mut Checker<'_>, node: &IdedExpr, name: &str) {
    let fault = checker.error("mapping.function_unknown", node, format!("there is no function `{name}`"));
    let known = FUNCTIONS.iter().map(|function| function.name);
    if let Some(word) = suggest(name, known.clone().chain(MACROS)) {
        fault.add_help(format!("did you mean `{word}`?"));
    } else {
        let known: Vec<_> = known.chain(MACROS).collect();
        fault.add_help(format!("there are {}", known.join(", ")));
    }
}
