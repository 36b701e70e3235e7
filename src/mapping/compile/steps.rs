//! What is done with the values of an attribute: which steps make sense, and what comes of them.

use std::sync::Arc;

use super::Compiler;
use super::claims::kind_of;
use super::include::Table;
use crate::diagnostic::{Span, suggest};
use crate::mapping::cel::Kind;
use crate::mapping::file::{RawSteps, RawTable, Word};
use crate::mapping::steps::{Case, MAX_VALUES, Steps, Take};

impl Compiler<'_, '_, '_> {
    /// The steps and what comes of a value of that kind; `None` where nothing is to be done. `one` is the kind of a single
    /// value, `many` the length of the list, where it is one.
    pub(super) fn steps(&mut self, raw: &RawSteps, one: &Kind, many: Option<u64>) -> (Option<Box<Steps>>, Kind) {
        let table = raw.table.as_ref().and_then(|table| self.table(table, raw));
        let steps = Steps {
            split: raw.split.as_ref().map(|word| word.value.clone()),
            strip_prefix: raw.strip_prefix.as_ref().map(|word| word.value.clone()),
            case: raw.case.as_ref().map(|word| if word.value == "lower" { Case::Lower } else { Case::Upper }),
            table: table.as_ref().map(|table| Arc::clone(&table.rows)),
            sort: raw.sort.is_some(),
            take: raw.take.as_ref().map(|word| if word.value == "one" { Take::One } else { Take::First }),
            join: raw.join.as_ref().map(|word| word.value.clone()),
        };
        self.check_steps(raw, many.is_some());
        if raw.table.is_some() && table.is_none() {
            // What comes out of a table that is not there is not known.
            return (Some(Box::new(steps)), Kind::Any { count: 0, bytes: 0 });
        }
        let is_idle = raw.split.is_none()
            && raw.strip_prefix.is_none()
            && raw.case.is_none()
            && raw.table.is_none()
            && raw.sort.is_none()
            && raw.take.is_none()
            && raw.join.is_none();
        // Each piece of a text has a separator behind it, but the last.
        let pieces = |separator: &str| one.bytes() / separator.len().max(1) as u64 + 1;
        let count = match (many, &steps.split) {
            (None, None) => None,
            (many, None) => many,
            (many, Some(separator)) => Some(many.unwrap_or(1).saturating_mul(pieces(separator)).min(MAX_VALUES as u64)),
        };
        let total = many.unwrap_or(1).saturating_mul(one.bytes());
        let item = match &table {
            None => one.clone(),
            Some(table) => table.values().map(kind_of).reduce(|a, b| a.or(&b)).unwrap_or(Kind::Null),
        };
        // Through a table what comes out is said once: there are never more values than rows.
        let rows = table.as_ref().map(|table| table.keys.len() as u64);
        let count = count.map(|count| rows.map_or(count, |rows| count.min(rows)));
        let kind = match (count, &steps.join) {
            (Some(count), Some(separator)) => {
                let text = if table.is_some() { count.saturating_mul(item.bytes().max(20)) } else { total };
                Kind::Text { bytes: text.saturating_add(count.saturating_mul(separator.len() as u64)) }
            }
            (Some(_), None) if steps.take.is_some() => item,
            (Some(count), None) if table.is_none() => Kind::List { count, total, item: Box::new(item) },
            (Some(count), None) => Kind::list(count, item),
            (None, _) => item,
        };
        ((!is_idle).then(|| Box::new(steps)), kind)
    }

    /// A table by its name, or as it stands there.
    fn table(&mut self, raw: &RawTable, steps: &RawSteps) -> Option<Arc<Table>> {
        let (table, at) = match raw {
            RawTable::Inline(rows) => (Arc::new(Table::of(rows)), None),
            RawTable::Named(name) => {
                let Some(table) = self.tables.take(&name.value) else {
                    self.unknown_table(name);
                    return None;
                };
                (table, Some(name.span))
            }
        };
        for key in &table.keys {
            self.check_key(key, at, steps);
        }
        Some(table)
    }

    fn unknown_table(&mut self, name: &Word) {
        if self.tables.incomplete || self.unread.has("tables") || self.unread.has("include") {
            return;
        }
        let suggestion = suggest(&name.value, self.tables.names()).map(str::to_owned);
        let message = format!("there is no table `{}`", name.value);
        let problem = self.findings.error("mapping.table_unknown", name.span, message);
        match suggestion {
            Some(word) => problem.did_you_mean(Some(&word)),
            None => problem.help("define it under `tables`, or include the file that has it"),
        };
    }

    /// A row that the steps before the table keep from ever being looked up.
    fn check_key(&mut self, key: &Word, named_at: Option<Span>, steps: &RawSteps) {
        let text = key.value.as_str();
        let case = steps.case.as_ref().map(|case| case.value.as_str());
        let why = match case {
            Some("lower") if text.contains(|c: char| c.is_ascii_uppercase()) => {
                "after `case: lower` no value has capitals"
            }
            Some("upper") if text.contains(|c: char| c.is_ascii_lowercase()) => {
                "after `case: upper` no value has small letters"
            }
            _ if steps.split.as_ref().is_some_and(|separator| text.contains(separator.value.as_str())) => {
                "after `split` no value has the separator"
            }
            _ if steps.split.is_some() && (text.trim() != text || text.is_empty()) => {
                "after `split` no value has white space at its ends"
            }
            _ => return,
        };
        let message = format!("the row `{text}` is never found: {why}");
        let span = named_at.unwrap_or(key.span);
        let problem = self.findings.error("mapping.table_key_shadowed", span, message);
        problem.label("in the shade").help("write the key as values look at this point");
    }

    /// Steps that do nothing, or lose what tells values apart.
    fn check_steps(&mut self, raw: &RawSteps, is_list: bool) {
        let single = !is_list && raw.split.is_none();
        let idle = [
            ("sort", raw.sort),
            ("take", raw.take.as_ref().map(|word| word.span)),
            ("join", raw.join.as_ref().map(|word| word.span)),
        ];
        for (key, span) in idle {
            if let Some(span) = span.filter(|_| single) {
                let message = format!("`{key}` has nothing to work on: the attribute has exactly one value");
                let problem = self.findings.error("mapping.step_idle", span, message);
                problem.help("declare the attribute with `many: true`, add `split`, or remove it");
            }
        }
        match (&raw.take, &raw.join) {
            (Some(take), Some(join)) => {
                let problem = self.findings.error("mapping.rule_ambiguous", join.span, "both `take` and `join`");
                problem.related(take.span, "the other").help("one of them makes a single value: keep that");
            }
            (None, Some(join)) if join.value.is_empty() => {
                let message = "joined without a separator, `ab` and `c` would be the same as `a` and `bc`";
                let problem = self.findings.error("mapping.join_without_separator", join.span, message);
                problem.help("write one that no value has: `join: \" \"`");
            }
            (None | Some(_), None) | (None, Some(_)) => {}
        }
    }
}
