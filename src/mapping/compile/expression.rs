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
        let is_guarded = expression.as_ref().is_some_and(|expression| {
            expression.reads.attributes.iter().any(|attribute| self.guarded.contains(attribute))
        });
        for fault in faults {
            if fault.code == "mapping.index_unguarded" && is_guarded {
                continue;
            }
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
        // Whether it is declared was not to be read.
        let declared_by = match fault.code {
            "mapping.attribute_unknown" => Some("attributes"),
            "mapping.claim_unknown" => Some("claims"),
            _ => None,
        };
        if declared_by.is_some_and(|key| self.unread.has(key)) {
            return;
        }
        let span = self.inner(cel, &fault.range);
        let halved = self.halved(cel, &fault);
        let problem = match fault.severity {
            Severity::Error => self.findings.error(fault.code, span, fault.message),
            Severity::Warning => self.findings.warning(fault.code, span, fault.message),
        };
        if let Some(label) = fault.label {
            problem.label(label);
        }
        for help in halved.map_or(fault.help, |help| vec![help.to_owned()]) {
            problem.help(help);
        }
    }

    /// What to say of backslashes that YAML has taken half of.
    fn halved(&self, cel: &Word, fault: &Fault) -> Option<&'static str> {
        let written = self.findings.source.at(cel.span);
        if fault.code != "mapping.expression_syntax" || !(written.starts_with('"') && written.contains("\\\\")) {
            return None;
        }
        match fault.message.as_str() {
            message if message.contains("unterminated") => {
                Some("in double quotes YAML halves backslashes: a literal one is written `'\\\\\\\\'`")
            }
            message if message.contains("backslash") => Some(
                "a regular expression is written `r'…'`, in double quotes of YAML with each backslash twice: `r'\\\\d'`",
            ),
            _ => None,
        }
    }

    /// The place in the file of a place in the expression: the whole of it where the text is folded, so that the two
    /// differ.
    pub(super) fn inner(&self, cel: &Word, range: &Range<usize>) -> Span {
        let source = self.findings.source;
        let at_end = range.start == cel.value.len();
        if range.is_empty() && !at_end {
            return cel.span;
        }
        let written = source.at(cel.span);
        let place = |offset: usize| cel.span.start + offset;
        match (written.find(cel.value.as_str()), unescaped(written)) {
            (Some(offset), _) => source.span(place(offset + range.start)..place(offset + range.end)),
            (None, Some((text, offsets))) if text == cel.value => {
                let at = |byte: usize| offsets.get(byte).copied().unwrap_or(written.len() - 1);
                source.span(place(at(range.start))..place(at(range.end)))
            }
            (None, _) => cel.span,
        }
    }
}

/// What a text in double quotes on one line says, and where in it each byte of that stands.
fn unescaped(written: &str) -> Option<(String, Vec<usize>)> {
    let inner = written.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(inner.len());
    let mut offsets = Vec::with_capacity(inner.len());
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        let c = match c {
            '\n' => return None,
            '\\' => chars.next().map(|(_, escaped)| escaped).filter(|escaped| matches!(escaped, '\\' | '"' | '/'))?,
            c => c,
        };
        offsets.extend(std::iter::repeat_n(at + 1, c.len_utf8()));
        text.push(c);
    }
    Some((text, offsets))
}
