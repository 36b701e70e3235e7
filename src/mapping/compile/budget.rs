//! `budget`: what the claims for one audience may take, by the declared maxima.

use std::collections::BTreeMap;

use super::Compiler;
use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::id::Audience;
use crate::mapping::cel::Kind;
use crate::mapping::file::{MappingFile, RawRule};

/// Where a file says nothing: a token of more than this does not pass the header limits of the usual servers, whose
/// default for a line, or for all lines, is 8 KiB.
pub(in crate::mapping) const DEFAULT_BUDGET: usize = 8 * 1024;
/// The most that `budget` may say.
pub(in crate::mapping) const MOST_BUDGET: usize = 64 * 1024;

impl Compiler<'_, '_, '_> {
    /// Bytes of JSON. Where the file says a budget, the declared maxima must be within it: nobody is refused for it
    /// later, unless values need escapes.
    pub(super) fn budget(&mut self, file: &MappingFile, release: &BTreeMap<Audience, Vec<ClaimName>>) -> usize {
        let Some(word) = &file.budget else { return DEFAULT_BUDGET };
        let Some(budget) = parse(&word.value).filter(|budget| (1..=MOST_BUDGET).contains(budget)) else {
            let message = format!("`budget` cannot be `{}`", word.value);
            let problem = self.findings.error("file.wrong_value", word.span, message);
            problem.help(format!("a size such as `900B` or `4KiB`, at most {}KiB", MOST_BUDGET / 1024));
            return DEFAULT_BUDGET;
        };
        for (audience, names) in release {
            let mut sizes: Vec<(u64, &str)> = names
                .iter()
                .filter_map(|name| {
                    let value = fixed(file, name).map_or_else(
                        || self.claims.get(name.as_str()).map(|known| size(&known.kind)),
                        |value| Some(value.json_bytes() as u64),
                    );
                    Some((value? + name.as_str().len() as u64 + 4, name.as_str()))
                })
                .collect();
            let total: u64 = sizes.iter().map(|(size, _)| size).fold(2, |sum, size| sum.saturating_add(*size));
            if total <= budget as u64 {
                continue;
            }
            sizes.sort_unstable_by(|a, b| b.cmp(a));
            let largest = sizes.iter().take(3).map(|(size, name)| format!("`{name}` {size}")).collect::<Vec<_>>();
            let message = format!("the claims for `{audience}` may take {total} bytes, and the budget is {budget}");
            let problem = self.findings.error("mapping.budget_too_small", word.span, message);
            problem
                .label(format!("at most: {}", largest.join(", ")))
                .help("lower `max` and `max_bytes` of the attributes, release less, or raise the budget");
        }
        budget
    }
}

/// The value of a claim that is always the same.
fn fixed<'f>(file: &'f MappingFile, name: &ClaimName) -> Option<&'f ClaimValue> {
    let claim = file.claims.iter().find(|claim| claim.name.value == name.as_str())?;
    match (&claim.rule, &claim.kind) {
        (Some(RawRule::Value(value)), None) => Some(&value.value),
        (_, _) => None,
    }
}

/// `900B`, `4KiB`.
fn parse(text: &str) -> Option<usize> {
    let (digits, unit) = match text.strip_suffix("KiB") {
        Some(digits) => (digits, 1024),
        None => (text.strip_suffix('B')?, 1),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<usize>().ok()?.checked_mul(unit)
}

/// Bytes of JSON, without escapes: quotes and commas count.
fn size(kind: &Kind) -> u64 {
    match kind {
        Kind::Null => 4,
        Kind::Bool => 5,
        Kind::Int => 20,
        Kind::Text { bytes } => bytes.saturating_add(2),
        Kind::List { count, total, item } | Kind::Object { count, total, item } => {
            // What is not text in each element, and its separators.
            let shell = size(item).saturating_sub(item.bytes()).saturating_add(4);
            total.saturating_add(count.saturating_mul(shell)).saturating_add(2)
        }
        Kind::Any { count, bytes } => bytes.saturating_add(count.saturating_mul(4)).saturating_add(22),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_and_kibibytes() {
        let cases =
            [("900B", Some(900)), ("4KiB", Some(4096)), ("4", None), ("KiB", None), ("-1B", None), ("1kB", None)];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse("99999999999999999999KiB"), None);
    }

    #[test]
    fn a_size_is_never_smaller_than_what_comes_out() {
        let texts = r#"["aaaa","bbbb"]"#;
        assert!(size(&Kind::texts(2, 4)) >= texts.len() as u64);
        let object = r#"{"a":"bb","c":"dd"}"#;
        let kind = Kind::Object { count: 2, total: 6, item: Box::new(Kind::Text { bytes: 2 }) };
        assert!(size(&kind) >= object.len() as u64);
    }
}
