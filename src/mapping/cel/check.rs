//! Names, types and cost of a parsed expression.
//!
//! Types are those of [`Kind`]; where one cannot be known (an optional fact, a mixed list) it is left to evaluation.
//! Cost is counted in steps at the declared sizes: a loop multiplies what is in it by the length of its list.

use std::collections::{BTreeMap, BTreeSet};

use ::cel::IdedExpr;
use ::cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, MapExpr, SelectExpr};

use super::Reads;
use super::fault::Fault;
use super::function::Function;
use super::kind::Kind;
use super::limits::{MAX_COST, MAX_VALUE_BYTES};
use super::names::{FACTS, Names, TABLES};
use super::operator;
use super::pattern::Pattern;
use super::places::Places;

pub(super) struct Checked {
    pub(super) kind: Kind,
    pub(super) reads: Reads,
    pub(super) cost: u64,
    pub(super) patterns: BTreeMap<String, Pattern>,
    pub(super) faults: Vec<Fault>,
    pub(super) asks: bool,
}

/// The tree must be within `limits`: this recurses.
pub(super) fn check(tree: &IdedExpr, names: &Names<'_>, places: &Places<'_>) -> Checked {
    let mut checker = Checker {
        names: *names,
        places,
        locals: Vec::new(),
        factor: 1,
        cost: 0,
        reads: Reads::default(),
        unguarded: Vec::new(),
        guarded: BTreeSet::new(),
        indexed: Vec::new(),
        asks: false,
        patterns: BTreeMap::new(),
        faults: Vec::new(),
    };
    let kind = checker.kind(tree);
    checker.finish(kind)
}

pub(super) struct Checker<'a> {
    pub(super) names: Names<'a>,
    pub(super) places: &'a Places<'a>,
    /// Loop variables, innermost last.
    pub(super) locals: Vec<(String, Kind)>,
    /// How often the node at hand is evaluated, at most.
    factor: u64,
    cost: u64,
    pub(super) reads: Reads,
    /// Optional names that are read, and where.
    pub(super) unguarded: Vec<(String, std::ops::Range<usize>)>,
    pub(super) guarded: BTreeSet<String>,
    /// Elements behind the first that are taken of lists: which, and where.
    pub(super) indexed: Vec<(i64, std::ops::Range<usize>)>,
    /// Whether something is asked that a list may be longer for.
    pub(super) asks: bool,
    /// Regular expressions by their text.
    pub(super) patterns: BTreeMap<String, Pattern>,
    pub(super) faults: Vec<Fault>,
}

impl Checker<'_> {
    fn finish(mut self, kind: Kind) -> Checked {
        if self.is_spent() {
            let message = format!("the expression may take {} steps; {MAX_COST} are allowed", self.cost);
            let fault = Fault::error("mapping.expression_too_costly", 0..0, message)
                .help("a loop counts as often as its list is long: lower `max` of the attribute (200 unless told)");
            self.faults.push(fault);
        }
        for (name, range) in self.unguarded {
            if !self.guarded.contains(&name) {
                let message = format!("`{name}` is optional, and the expression fails where it is absent");
                let fault = Fault::warning("mapping.optional_unguarded", range, message);
                self.faults.push(fault.help(format!("ask first: `has({name}) && …` or `has({name}) ? … : …`")));
            }
        }
        // Which of what is asked is asked for which list is not followed.
        for (at, range) in self.indexed.into_iter().filter(|_| !self.asks) {
            let message = "the list may be shorter, and then the expression fails";
            let fault = Fault::warning("mapping.index_unguarded", range, message);
            self.faults.push(fault.help(format!("ask first: `size(…) > {at} && …` or `size(…) > {at} ? … : null`")));
        }
        let Self { reads, cost, patterns, faults, asks, .. } = self;
        Checked { kind, reads, cost, patterns, faults, asks }
    }

    pub(super) fn error(&mut self, code: &'static str, node: &IdedExpr, message: impl Into<String>) -> &mut Fault {
        let fault = Fault::error(code, self.places.word(node), message);
        self.faults.push(fault);
        let last = self.faults.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "pushed above")]
        &mut self.faults[last]
    }

    /// Steps beside the visit of the node.
    pub(super) fn spend(&mut self, kinds: &[Kind]) {
        let work = kinds.iter().map(|kind| (kind.bytes() >> 12).saturating_add(kind.elements() >> 3));
        self.spend_steps(work.fold(0, u64::saturating_add));
    }

    /// So many steps each time that the node at hand is evaluated.
    pub(super) fn spend_steps(&mut self, steps: u64) {
        self.cost = self.cost.saturating_add(steps.saturating_mul(self.factor));
    }

    /// So many steps, however often the node at hand is evaluated.
    pub(super) fn spend_once(&mut self, steps: u64) {
        self.cost = self.cost.saturating_add(steps);
    }

    /// Whether nothing can make the expression admissible any more.
    pub(super) const fn is_spent(&self) -> bool {
        self.cost > MAX_COST
    }

    pub(super) fn kind(&mut self, node: &IdedExpr) -> Kind {
        self.cost = self.cost.saturating_add(self.factor);
        let kind = match &node.expr {
            Expr::Literal(literal) => self.literal(node, literal),
            Expr::Ident(name) => self.variable(node, name),
            Expr::Select(select) => self.selection(node, select),
            Expr::List(list) => {
                let kinds: Vec<_> = list.elements.iter().map(|element| self.kind(element)).collect();
                self.spend(&kinds);
                collection(&kinds, |count, total, item| Kind::List { count, total, item })
            }
            Expr::Map(map) => self.object(map),
            Expr::Comprehension(comprehension) => self.comprehension(node, comprehension),
            Expr::Call(call) => self.call(node, call),
            Expr::Struct(_) => {
                self.error("mapping.expression_unsupported", node, "message types are not available");
                Kind::Any { count: 0, bytes: 0 }
            }
            Expr::Unspecified => {
                self.error("mapping.expression_syntax", node, "something is missing here");
                Kind::Any { count: 0, bytes: 0 }
            }
        };
        if kind.bytes() <= MAX_VALUE_BYTES {
            return kind;
        }
        if !self.faults.iter().any(|fault| fault.code == "mapping.expression_too_costly") {
            let message = format!("a value on the way may grow beyond {} MiB", MAX_VALUE_BYTES >> 20);
            let fault = self.error("mapping.expression_too_costly", node, message);
            fault.add_help("lower `max` of the attribute, or cut what is joined with `substring(0, …)`");
        }
        Kind::Any { count: 0, bytes: 0 }
    }

    fn literal(&mut self, node: &IdedExpr, literal: &LiteralValue) -> Kind {
        let what = match literal {
            LiteralValue::Boolean(_) => return Kind::Bool,
            LiteralValue::Int(_) => return Kind::Int,
            LiteralValue::Null => return Kind::Null,
            LiteralValue::String(text) => return Kind::Text { bytes: text.inner().len() as u64 },
            LiteralValue::Double(_) => "numbers with a fraction",
            LiteralValue::UInt(_) => "unsigned numbers",
            LiteralValue::Bytes(_) => "bytes",
        };
        self.error("mapping.expression_unsupported", node, format!("{what} are not available in expressions"));
        Kind::Any { count: 0, bytes: 0 }
    }

    pub(super) fn field(&mut self, node: &IdedExpr, select: &SelectExpr) -> Kind {
        let operand = self.kind(&select.operand);
        operator::check_field(self, node, &select.operand, &select.field);
        if matches!(operand, Kind::Object { .. } | Kind::Any { .. }) {
            return if select.test { Kind::Bool } else { operand.item() };
        }
        let message = format!("`.{}` needs an object, and this is {}", select.field, operand.word());
        let fault = self.error("mapping.expression_type", node, message);
        if Function::find(&select.field).is_some() {
            fault.add_help(format!("a function is called: `.{}(…)`", select.field));
        }
        Kind::Any { count: 0, bytes: 0 }
    }

    fn object(&mut self, map: &MapExpr) -> Kind {
        let mut values = Vec::with_capacity(map.entries.len());
        let mut key_bytes: u64 = 0;
        for entry in &map.entries {
            match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    let key = self.kind(&entry.key);
                    operator::demand(self, &entry.key, &key, &Kind::Text { bytes: 0 }, "a key of an object");
                    key_bytes = key_bytes.saturating_add(key.bytes());
                    values.push(self.kind(&entry.value));
                }
                EntryExpr::StructField(field) => values.push(self.kind(&field.value)),
            }
        }
        self.spend(&values);
        collection(&values, |count, total, item| Kind::Object { count, total: total.saturating_add(key_bytes), item })
    }

    /// `all`, `exists`, `exists_one`, `map` and `filter`: one round tells the kind, the list how often.
    fn comprehension(&mut self, node: &IdedExpr, c: &ComprehensionExpr) -> Kind {
        if FACTS.contains(&c.iter_var.as_str()) || TABLES.contains(&c.iter_var.as_str()) {
            let message = format!("`{}` has a meaning already and cannot name an element", c.iter_var);
            self.error("mapping.expression_type", node, message).add_help("choose another name");
        }
        let range = self.kind(&c.iter_range);
        let item = match &range {
            Kind::List { .. } | Kind::Any { .. } => range.item(),
            // The fields of an object have no order, and so would have the claim.
            Kind::Null | Kind::Bool | Kind::Int | Kind::Text { .. } | Kind::Object { .. } => {
                let message = format!("a loop needs a list, and this is {}", range.word());
                self.error("mapping.expression_type", node, message);
                range.any()
            }
        };
        let rounds = range.count();
        let start = self.kind(&c.accu_init);
        let outside = self.factor;
        self.factor = self.factor.saturating_mul(rounds.max(1));
        // Each element is copied into the loop variable.
        self.spend(std::slice::from_ref(&item));
        self.locals.push((c.accu_var.clone(), start));
        self.locals.push((c.iter_var.clone(), item));
        self.kind(&c.loop_cond);
        let once = self.kind(&c.loop_step);
        self.locals.pop();
        self.locals.pop();
        self.factor = outside;
        let grown = match once {
            Kind::List { count, total, item } => {
                Kind::List { count: count.saturating_mul(rounds), total: total.saturating_mul(rounds), item }
            }
            Kind::Null | Kind::Bool | Kind::Int | Kind::Text { .. } | Kind::Object { .. } | Kind::Any { .. } => once,
        };
        self.locals.push((c.accu_var.clone(), grown));
        let kind = self.kind(&c.result);
        self.locals.pop();
        kind
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Kind {
        let arguments: Vec<&IdedExpr> = call.target.iter().map(AsRef::as_ref).chain(&call.args).collect();
        let kinds: Vec<_> = arguments.iter().map(|argument| self.kind(argument)).collect();
        let kind = operator::call(self, node, call, &arguments, &kinds);
        self.spend(&kinds);
        self.spend(std::slice::from_ref(&kind));
        kind
    }
}

fn collection(kinds: &[Kind], make: impl FnOnce(u64, u64, Box<Kind>) -> Kind) -> Kind {
    let total = kinds.iter().map(Kind::bytes).fold(0, u64::saturating_add);
    let joined = kinds.iter().cloned().reduce(|a, b| a.or(&b)).unwrap_or(Kind::Any { count: 0, bytes: 0 });
    make(kinds.len() as u64, total, Box::new(joined))
}
