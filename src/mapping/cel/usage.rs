//! How an expression uses what it reads, for whoever looks at the rules of a mapping together.
//!
//! A subject that folds the case of `attr.upn` beside a guard that compares `attr.upn` as it comes lets `BOB@…` past
//! the guard and then in as `bob@…`; a scope that asks for a role which no row of the table yields is never granted.
//! Neither shows in one expression alone. This is what each of them tells: which names it folds, which it compares
//! letter by letter, and with which literals.
//!
//! A value is followed through what keeps its letters: elements of lists, loop variables, the branches of `?:`, `split`,
//! `substring` and their like. Through the rest it is not, so that what is told is true and need not be all.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ::cel::IdedExpr;
use ::cel::common::ast::{CallExpr, ComprehensionExpr, Expr, operators as op};

use super::fault::Fault;
use super::function::literal_text;
use super::kind::Kind;
use super::limits::children;
use super::names::{FACTS, Names, table_name};
use super::places::Places;

/// A name that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::mapping) enum Name {
    /// `attr.…`
    Attribute(String),
    /// `claims.…`
    Claim(String),
    /// `name_id`, `acr` and the like.
    Fact(&'static str),
}

/// To which case a text has been brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::mapping) enum Fold {
    Lower,
    Upper,
}

/// In what two texts may differ and be taken for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::mapping) enum Spelling {
    /// Capital and small letters.
    Case,
    /// Blanks at the ends.
    Blanks,
    /// The forms of a distinguished name.
    Form,
}

/// What an expression does with the names it reads. Places are bytes of its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::mapping) struct Usage {
    /// Names whose text, or a part of it, is compared as it comes with something that has letters, and where first.
    pub(in crate::mapping) exact: BTreeMap<Name, Range<usize>>,
    /// Names of which several spellings become one, and where first.
    pub(in crate::mapping) merged: BTreeMap<(Name, Spelling), Range<usize>>,
    /// Names that are compared in one spelling where the others are let in, and where first.
    pub(in crate::mapping) evaded: BTreeMap<(Name, Spelling), Range<usize>>,
    /// The facts beside attributes and claims that are read: `now`, `name_id`, `acr` and the like.
    pub(in crate::mapping) facts: BTreeSet<&'static str>,
    /// The literals that a whole value, or an element of a list, is compared with for equality.
    pub(in crate::mapping) literals: Vec<Compared>,
}

/// A value compared with a literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mapping) struct Compared {
    /// Whose value.
    pub(in crate::mapping) name: Name,
    /// What the value is brought to before.
    pub(in crate::mapping) fold: Option<Fold>,
    /// What it is compared with.
    pub(in crate::mapping) literal: String,
    /// Where the literal stands.
    pub(in crate::mapping) range: Range<usize>,
}

/// Of a checked tree; it must be within `limits`, because this recurses. Comparisons that can never hold are faults.
pub(super) fn of(tree: &IdedExpr, names: &Names<'_>, places: &Places<'_>) -> (Usage, Vec<Fault>) {
    let (usage, faults) = (Usage::default(), Vec::new());
    let mut walk = Walk { names, places, locals: Vec::new(), negated: false, usage, faults };
    walk.visit(tree);
    (walk.usage, walk.faults)
}

/// What a value may be made of.
#[derive(Debug, Clone, Default)]
struct Trace {
    origins: BTreeSet<Origin>,
    /// The case that all of it has.
    fold: Option<Fold>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Origin {
    name: Name,
    fold: Option<Fold>,
    /// Or an element; not cut out of it.
    whole: bool,
    /// Without blanks at its ends.
    trimmed: bool,
    /// Cut out of a distinguished name, by its grammar.
    parsed: bool,
}

impl Trace {
    fn of(name: Name) -> Self {
        Self {
            origins: BTreeSet::from([Origin { name, fold: None, whole: true, trimmed: false, parsed: false }]),
            fold: None,
        }
    }

    fn or(mut self, other: Self) -> Self {
        self.fold = self.fold.filter(|fold| other.fold == Some(*fold));
        self.origins.extend(other.origins);
        self
    }

    fn map(self, change: impl Fn(Origin) -> Origin) -> Self {
        Self { origins: self.origins.into_iter().map(change).collect(), fold: self.fold }
    }

    fn cut(self) -> Self {
        self.map(|origin| Origin { whole: false, ..origin })
    }

    fn trimmed(self) -> Self {
        self.map(|origin| Origin { trimmed: true, ..origin })
    }

    fn parsed(self) -> Self {
        self.map(|origin| Origin { parsed: true, ..origin })
    }

    fn folded(self, fold: Fold) -> Self {
        Self { fold: Some(fold), ..self.map(|origin| Origin { fold: Some(fold), ..origin }) }
    }
}

struct Walk<'a> {
    names: &'a Names<'a>,
    places: &'a Places<'a>,
    /// Loop variables, innermost last.
    locals: Vec<(String, Trace)>,
    /// Whether what is looked at lets in where it is false.
    negated: bool,
    usage: Usage,
    faults: Vec<Fault>,
}

impl Walk<'_> {
    fn visit(&mut self, node: &IdedExpr) {
        match &node.expr {
            Expr::Call(call) => {
                self.call(node, call);
                let is_not = call.func_name == op::LOGICAL_NOT;
                self.negated ^= is_not;
                call.target.iter().map(AsRef::as_ref).chain(&call.args).for_each(|child| self.visit(child));
                self.negated ^= is_not;
            }
            Expr::Comprehension(c) => {
                self.visit(&c.iter_range);
                self.in_loop(c, |walk| walk.visit(&c.loop_step));
            }
            // No loop variable has the name of one.
            Expr::Ident(name) => self.usage.facts.extend(FACTS.into_iter().find(|fact| fact == name)),
            Expr::Unspecified | Expr::List(_) | Expr::Literal(_) | Expr::Map(_) | Expr::Select(_) | Expr::Struct(_) => {
                children(&node.expr, &mut |child| self.visit(child));
            }
        }
    }

    fn in_loop<T>(&mut self, c: &ComprehensionExpr, look: impl FnOnce(&mut Self) -> T) -> T {
        let items = self.trace(&c.iter_range);
        self.locals.push((c.iter_var.clone(), items));
        let found = look(self);
        self.locals.pop();
        found
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) {
        let arguments: Vec<&IdedExpr> = call.target.iter().map(AsRef::as_ref).chain(&call.args).collect();
        match (call.func_name.as_str(), arguments.as_slice()) {
            ("lowerAscii" | "upperAscii" | "emailDomain", [text]) => self.merge(node, text, Spelling::Case),
            ("trim", [text]) => self.merge(node, text, Spelling::Blanks),
            ("dn" | "rdns", [text, ..]) => self.merge(node, text, Spelling::Form),
            (op::EQUALS, [a, b]) => self.compare(node, (a, b), true, self.negated),
            (op::NOT_EQUALS, [a, b]) => self.compare(node, (a, b), true, !self.negated),
            // The keys of an object are not what it was made of.
            (op::IN, [a, b]) if !self.is_object(b) => self.compare(node, (a, b), true, self.negated),
            ("startsWith" | "endsWith" | "contains", [a, b]) => self.compare(node, (a, b), false, self.negated),
            ("matches", [text, pattern]) => {
                let trace = self.trace(text);
                let has_letters = literal_text(pattern).is_none_or(pattern_has_letters);
                self.note_compared(node, trace, has_letters, self.negated);
            }
            _ => {}
        }
    }

    fn is_object(&self, node: &IdedExpr) -> bool {
        match &node.expr {
            Expr::Map(_) => true,
            Expr::Call(call) => call.func_name == "dn",
            Expr::Select(select) => {
                let known = match table_name(&select.operand) {
                    Some("attr") => self.names.attributes.get(&select.field),
                    Some(_) => self.names.claims.get(&select.field),
                    None => None,
                };
                known.is_some_and(|known| matches!(known.kind, Kind::Object { .. }))
            }
            Expr::Unspecified
            | Expr::Ident(_)
            | Expr::Comprehension(_)
            | Expr::List(_)
            | Expr::Literal(_)
            | Expr::Struct(_) => false,
        }
    }

    fn merge(&mut self, node: &IdedExpr, text: &IdedExpr, spelling: Spelling) {
        for origin in self.trace(text).origins {
            self.usage.merged.entry((origin.name, spelling)).or_insert_with(|| self.places.whole(node));
        }
    }

    /// `lets_in` says whether it lets in what is not equal.
    fn compare(&mut self, node: &IdedExpr, (a, b): (&IdedExpr, &IdedExpr), whole: bool, lets_in: bool) {
        for (value, with) in [(a, b), (b, a)] {
            let trace = self.trace(value);
            let literals = literals(with);
            match &literals {
                // A number, null and the like have no letters.
                None if matches!(with.expr, Expr::Literal(_)) => {}
                Some(literals) => {
                    let has_letters = literals.iter().any(|(_, text)| has_letters(text));
                    self.note_compared(node, trace.clone(), has_letters, lets_in);
                }
                None => self.note_compared(node, trace.clone(), true, lets_in),
            }
            for (literal, text) in literals.unwrap_or_default() {
                self.check_case(literal, text, trace.fold);
                if whole {
                    self.note_literal(literal, text, &trace);
                }
            }
        }
    }

    fn note_compared(&mut self, node: &IdedExpr, trace: Trace, has_letters: bool, lets_in: bool) {
        for Origin { name, fold, trimmed, parsed, .. } in trace.origins {
            let spellings = [
                (Spelling::Case, has_letters && fold.is_none()),
                (Spelling::Blanks, !trimmed),
                (Spelling::Form, !parsed),
            ];
            for (spelling, _) in spellings.into_iter().filter(|(_, as_it_comes)| lets_in && *as_it_comes) {
                self.usage.evaded.entry((name.clone(), spelling)).or_insert_with(|| self.places.whole(node));
            }
            if has_letters && fold.is_none() {
                self.usage.exact.entry(name).or_insert_with(|| self.places.whole(node));
            }
        }
    }

    fn note_literal(&mut self, literal: &IdedExpr, text: &str, trace: &Trace) {
        for Origin { name, fold, .. } in trace.origins.iter().filter(|origin| origin.whole) {
            let range = self.places.whole(literal);
            let compared = Compared { name: name.clone(), fold: *fold, literal: text.to_owned(), range };
            self.usage.literals.push(compared);
        }
    }

    fn check_case(&mut self, literal: &IdedExpr, text: &str, fold: Option<Fold>) {
        let (case, other, mended) = match fold {
            Some(Fold::Lower) if text.contains(|c: char| c.is_ascii_uppercase()) => {
                ("lower", "capital", text.to_ascii_lowercase())
            }
            Some(Fold::Upper) if text.contains(|c: char| c.is_ascii_lowercase()) => {
                ("upper", "small", text.to_ascii_uppercase())
            }
            Some(_) | None => return,
        };
        let message = format!("what is in {case} case never has the {other} letters of `{text}`");
        let fault = Fault::error("mapping.never_equal", self.places.whole(literal), message);
        self.faults.push(fault.help(format!("write `{mended}`")));
    }

    /// What the value of a node is made of, as far as its letters are kept.
    fn trace(&mut self, node: &IdedExpr) -> Trace {
        match &node.expr {
            Expr::Ident(name) => self.trace_name(name),
            Expr::Select(select) if !select.test => match table_name(&select.operand) {
                Some("attr") => Trace::of(Name::Attribute(select.field.clone())),
                Some(_) => Trace::of(Name::Claim(select.field.clone())),
                None => self.trace(&select.operand).cut(),
            },
            Expr::List(list) => self.trace_all(&list.elements),
            Expr::Call(call) => self.trace_call(call),
            Expr::Comprehension(c) => match yielded(&c.loop_step) {
                Some(item) => self.in_loop(c, |walk| walk.trace(item)),
                None => Trace::default(),
            },
            Expr::Select(_) | Expr::Literal(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => Trace::default(),
        }
    }

    fn trace_name(&self, name: &str) -> Trace {
        if let Some((_, trace)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            return trace.clone();
        }
        // Of the facts, those that are texts.
        let texts = ["source", "client", "name_id", "name_id_format", "acr", "authn_context"];
        texts.into_iter().find(|text| *text == name).map_or_else(Trace::default, |text| Trace::of(Name::Fact(text)))
    }

    fn trace_all(&mut self, nodes: &[IdedExpr]) -> Trace {
        let traces: Vec<_> = nodes.iter().map(|node| self.trace(node)).collect();
        traces.into_iter().reduce(Trace::or).unwrap_or_default()
    }

    fn trace_call(&mut self, call: &CallExpr) -> Trace {
        let arguments: Vec<&IdedExpr> = call.target.iter().map(AsRef::as_ref).chain(&call.args).collect();
        match (call.func_name.as_str(), arguments.as_slice()) {
            ("lowerAscii", [text]) => self.trace(text).folded(Fold::Lower),
            ("upperAscii", [text]) => self.trace(text).folded(Fold::Upper),
            ("emailDomain", [text]) => self.trace(text).cut().folded(Fold::Lower),
            // The field of an object; else it is an element of a list.
            (op::INDEX, [object, field]) if literal_text(field).is_some() => self.trace(object).cut(),
            (op::INDEX | "distinct" | "sort", [list, ..]) => self.trace(list),
            ("trim", [text]) => self.trace(text).cut().trimmed(),
            ("dn" | "rdns", [text, ..]) => self.trace(text).cut().parsed(),
            ("emailLocal" | "split" | "substring", [text, ..]) => self.trace(text).cut(),
            (op::CONDITIONAL, [_, yes, no]) => {
                let yes = self.trace(yes);
                yes.or(self.trace(no))
            }
            _ => Trace::default(),
        }
    }
}

/// What each round of `map` and `filter` adds to their list.
fn yielded(step: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(call) = &step.expr else { return None };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (op::CONDITIONAL, [_, step, _]) => yielded(step),
        (op::ADD, [_, added]) => match &added.expr {
            Expr::List(list) => list.elements.first(),
            Expr::Call(_)
            | Expr::Comprehension(_)
            | Expr::Ident(_)
            | Expr::Literal(_)
            | Expr::Map(_)
            | Expr::Select(_)
            | Expr::Struct(_)
            | Expr::Unspecified => None,
        },
        _ => None,
    }
}

/// The text of a literal, or those of a list of them.
fn literals(node: &IdedExpr) -> Option<Vec<(&IdedExpr, &str)>> {
    if let Some(text) = literal_text(node) {
        return Some(vec![(node, text)]);
    }
    let Expr::List(list) = &node.expr else { return None };
    list.elements.iter().map(|item| literal_text(item).map(|text| (item, text))).collect()
}

fn has_letters(text: &str) -> bool {
    text.contains(|c: char| c.is_lowercase() || c.is_uppercase())
}

/// Without those behind a backslash, which stand for classes.
fn pattern_has_letters(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|c| {
        let is_letter = !escaped && (c.is_lowercase() || c.is_uppercase());
        escaped = !escaped && c == '\\';
        is_letter
    })
}
