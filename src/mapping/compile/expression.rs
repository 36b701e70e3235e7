//! Expressions of a file: compiled with the names of their place; faults become findings at their place in the file.

use std::ops::Range;

use super::Compiler;
use crate::diagnostic::{Severity, Span};
use crate::mapping::cel::{Expression, Fault, Kind, MAX_MAPPING_COST, Names};
use crate::mapping::file::Word;

/// A file with more regular expressions that are too large is refused without a look at the rest of its expressions.
const MAX_MADE_IN_VAIN: usize = 16;

impl Compiler<'_, '_, '_> {
    /// An expression of any kind.
    pub(super) fn expression(&mut self, cel: &Word) -> Option<Expression> {
        // What is refused already may not hold up whoever loads it.
        if self.cost > MAX_MAPPING_COST || self.made_in_vain > MAX_MADE_IN_VAIN {
            return None;
        }
        let names = Names { attributes: &self.attributes, claims: &self.claims, all_claims: &self.all_claims };
        let (expression, faults) = match Expression::compile(&cel.value, &names) {
            Ok((expression, warnings)) => (Some(expression), warnings),
            Err(faults) => (None, faults),
        };
        for fault in faults {
            self.made_in_vain += usize::from(fault.code == "mapping.regex_too_large");
            self.report(cel, fault);
        }
        let expression = expression?;
        self.cost = self.cost.saturating_add(expression.cost);
        self.attributes_read.extend(expression.reads.attributes.iter().cloned());
        self.claims_read.extend(expression.reads.claims.iter().cloned());
        self.check_literals(cel, &expression);
        Some(expression)
    }

    /// An expression that is true or false.
    pub(super) fn truth(&mut self, cel: &Word, what: &str) -> Option<Expression> {
        let expression = self.expression(cel)?;
        if expression.kind.may_be(&Kind::Bool) {
            // With declared levels a login always has one.
            let doubts = expression.doubts(|fact| fact != "acr" || !self.facts.contains_key("acr"));
            for doubt in doubts {
                self.report(cel, doubt);
            }
            return Some(expression);
        }
        let message = format!("{what} must be true or false, and this is {}", expression.kind.word());
        let problem = self.findings.error("mapping.expression_type", cel.span, message);
        problem.help(match expression.kind {
            Kind::List { .. } => "ask something of the list: `size(…) > 0`, `'x' in …` or `….exists(x, …)`",
            Kind::Text { .. } => "compare the text: `… == 'x'` or `….startsWith('x')`",
            Kind::Null | Kind::Bool | Kind::Int | Kind::Object { .. } | Kind::Any { .. } => "compare it with something",
        });
        None
    }

    fn report(&mut self, cel: &Word, fault: Fault) {
        let span = self.inner(cel, &fault.range);
        let problem = match fault.severity {
            Severity::Error => self.findings.error(fault.code, span, fault.message),
            Severity::Warning => self.findings.warning(fault.code, span, fault.message),
        };
        if let Some(label) = fault.label {
            problem.label(label);
        }
        for help in fault.help {
            problem.help(help);
        }
    }

    /// The place in the file of a place in the expression: the whole of it where the text is folded or has escapes,
    /// so that the two differ.
    pub(super) fn inner(&self, cel: &Word, range: &Range<usize>) -> Span {
        let source = self.findings.source;
        let at_end = range.start == cel.value.len();
        match source.at(cel.span).find(cel.value.as_str()) {
            Some(offset) if !range.is_empty() || at_end => {
                let start = cel.span.start + offset;
                source.span(start + range.start..start + range.end)
            }
            _ => cel.span,
        }
    }
}
