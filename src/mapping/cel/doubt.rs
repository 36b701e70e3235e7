//! What a rule lets in that its author most likely does not mean: the conditions that hold where nothing is there, and
//! the comparisons that hold for more than they name. Told of what is true or false, for scopes and `require`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ::cel::IdedExpr;
use ::cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, SelectExpr, operators as op};

use super::fault::Fault;
use super::function::literal_text;
use super::kind::Kind;
use super::limits::children;
use super::names::{Names, table_name};
use super::places::Places;

/// Null where the source does not say.
const NULLABLE: [&str; 5] = ["name_id", "name_id_format", "acr", "authn_context", "auth_time"];

/// What is doubtful.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// Warnings.
    pub(super) faults: Vec<Fault>,
    /// Those that hang on a fact that is null for some, which whoever knows the mapping can tell.
    pub(super) of_null: Vec<(&'static str, Fault)>,
}

/// Of a checked tree; it must be within `limits`, because this recurses.
pub(super) fn of(tree: &IdedExpr, names: &Names<'_>, places: &Places<'_>) -> Doubts {
    let mut walk = Walk {
        names,
        places,
        negated: false,
        empty: BTreeMap::new(),
        read: BTreeSet::new(),
        nulls: BTreeSet::new(),
        doubts: Doubts::default(),
    };
    walk.visit(tree);
    walk.finish()
}

/// `attr` or `claims`, and a name.
type Read = (String, String);

struct Walk<'a> {
    names: &'a Names<'a>,
    places: &'a Places<'a>,
    /// Whether what is looked at lets in where it is false.
    negated: bool,
    /// Lists of which is asked what an empty one answers with yes, and the question.
    empty: BTreeMap<Read, (Range<usize>, &'static str)>,
    /// What is asked for otherwise.
    read: BTreeSet<Read>,
    /// Facts that are compared with null.
    nulls: BTreeSet<String>,
    doubts: Doubts,
}

impl Walk<'_> {
    fn visit(&mut self, node: &IdedExpr) {
        match &node.expr {
            Expr::Call(call) => self.call(node, call),
            Expr::Comprehension(comprehension) => self.comprehension(node, comprehension),
            Expr::Select(select) => self.select(node, select),
            Expr::Ident(_) | Expr::List(_) | Expr::Literal(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                children(&node.expr, &mut |child| self.visit(child));
            }
        }
    }

    fn select(&mut self, node: &IdedExpr, select: &SelectExpr) {
        let Some(list) = read_of(select) else { return self.visit(&select.operand) };
        if !select.test {
            self.read.insert(list);
        } else if !self.negated && self.is_list(&list) {
            self.empty.entry(list).or_insert_with(|| (self.places.whole(node), "`has` is true"));
        }
    }

    fn comprehension(&mut self, node: &IdedExpr, comprehension: &ComprehensionExpr) {
        let asks_all = is_all(comprehension) && !self.negated;
        let list = if let Expr::Select(select) = &comprehension.iter_range.expr { read_of(select) } else { None };
        let list = list.filter(|_| asks_all);
        match list {
            Some(list) => {
                self.empty.entry(list).or_insert_with(|| (self.places.whole(node), "`all` is true"));
            }
            None => self.visit(&comprehension.iter_range),
        }
        self.visit(&comprehension.loop_step);
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) {
        let arguments: Vec<&IdedExpr> = call.target.iter().map(AsRef::as_ref).chain(&call.args).collect();
        let is_not = call.func_name == op::LOGICAL_NOT;
        self.negated ^= is_not;
        match (call.func_name.as_str(), arguments.as_slice()) {
            (op::EQUALS, [a, b]) => self.compared(node, (a, b), self.negated),
            (op::NOT_EQUALS, [a, b]) => self.compared(node, (a, b), !self.negated),
            ("matches", [_, pattern]) if !self.negated => self.pattern(node, pattern),
            ("endsWith", [_, end]) if !self.negated => self.end(node, end),
            _ => {}
        }
        for argument in arguments {
            self.visit(argument);
        }
        self.negated ^= is_not;
    }

    /// `lets_in` says whether it lets in what is not equal.
    fn compared(&mut self, node: &IdedExpr, (a, b): (&IdedExpr, &IdedExpr), lets_in: bool) {
        for (value, with) in [(a, b), (b, a)] {
            let Expr::Ident(name) = &value.expr else { continue };
            let Some(fact) = NULLABLE.into_iter().find(|fact| fact == name) else { continue };
            if matches!(with.expr, Expr::Literal(LiteralValue::Null)) {
                self.nulls.insert(name.clone());
            } else if lets_in && literal_text(with).is_some() {
                let message = format!("this holds as well where there is no `{fact}`");
                let fault = Fault::warning("mapping.null_passes", self.places.whole(node), message);
                let fault = fault.help(format!("say what it must be, or `{fact} != null && …`"));
                self.doubts.of_null.push((fact, fault));
            }
        }
    }

    fn pattern(&mut self, node: &IdedExpr, pattern: &IdedExpr) {
        let is_open =
            |pattern: &str| !pattern.contains(['^', '$']) && !pattern.contains("\\A") && !pattern.contains("\\z");
        if literal_text(pattern).is_some_and(is_open) {
            let message = "the pattern is looked for anywhere in the text";
            let fault = Fault::warning("mapping.match_open", self.places.whole(node), message);
            self.doubts.faults.push(fault.help("begin it with `^` and end it with `$`"));
        }
    }

    fn end(&mut self, node: &IdedExpr, end: &IdedExpr) {
        let Some(text) = literal_text(end) else { return };
        let is_domain = text.contains('.') && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
        if is_domain && !text.starts_with(['.', '-']) {
            let message = format!("`evil{text}` ends so too");
            let fault = Fault::warning("mapping.match_open", self.places.whole(node), message);
            self.doubts.faults.push(fault.help(format!("begin with what stands before it: `'@{text}'`, `'.{text}'`")));
        }
    }

    fn is_list(&self, (table, name): &Read) -> bool {
        let names = if table == "attr" { self.names.attributes } else { self.names.claims };
        names.get(name).is_some_and(|known| matches!(known.kind, Kind::List { .. }))
    }

    fn finish(mut self) -> Doubts {
        for ((table, name), (range, what)) in self.empty {
            if self.read.contains(&(table.clone(), name.clone())) {
                continue;
            }
            let message = format!("{what} for an empty list");
            let fault = Fault::warning("mapping.empty_passes", range, message);
            self.doubts.faults.push(fault.help(format!("ask for what must be in it, or `size({table}.{name}) > 0`")));
        }
        self.doubts.of_null.retain(|(fact, _)| !self.nulls.contains(*fact));
        self.doubts
    }
}

fn read_of(select: &SelectExpr) -> Option<Read> {
    table_name(&select.operand).map(|table| (table.to_owned(), select.field.clone()))
}

/// Whether it is what the parser makes of `all`.
fn is_all(comprehension: &ComprehensionExpr) -> bool {
    let is_true =
        matches!(&comprehension.accu_init.expr, Expr::Literal(LiteralValue::Boolean(truth)) if *truth.inner());
    let is_and = matches!(&comprehension.loop_step.expr, Expr::Call(call) if call.func_name == op::LOGICAL_AND);
    is_true && is_and
}
