//! Why a claim has no value: told in counts, and in what the file says.

use super::Run;
use super::attributes::expected_name;
use crate::mapping::compiled::{ClaimRule, Origin};
use crate::mapping::received::Received;
use crate::mapping::refusal::Emptied;
use crate::mapping::steps::{Lost, Steps};

impl Run<'_, '_> {
    pub(super) fn emptied(&self, rule: &ClaimRule) -> Emptied {
        let (found, help) = match &rule.origin {
            Origin::Attribute(place, steps) => return self.emptied_attribute(*place, steps.as_deref()),
            Origin::Cel(_) => {
                ("the expression yields nothing", "mend the rule, or say by `on_missing` what is to happen")
            }
            Origin::Object(_) => ("no member has a value", "mend a member, or say by `on_missing` what is to happen"),
            Origin::Value(_) => ("the value is empty", "write a value"),
        };
        Emptied { found: found.to_owned(), help, ..Emptied::default() }
    }

    fn emptied_attribute(&self, place: usize, steps: Option<&Steps>) -> Emptied {
        let Some(declared) = self.mapping.attributes.get(place) else { return Emptied::default() };
        let from = Some(declared.short.to_string());
        let Some(values) = self.received.get(place).and_then(Option::as_ref) else {
            return Emptied {
                from,
                found: "the attribute did not come".to_owned(),
                expected: Some(expected_name(declared)),
                nearest: self.nearest(declared),
                near: None,
                help: "mend the name of the attribute in the mapping, have the source send it, or say by `on_missing` what \
                       is to happen without it",
            };
        };
        let lost = match steps {
            Some(steps) => steps.lost(values.iter()),
            None => Lost { values: values.len(), ..Lost::default() },
        };
        Emptied { from, found: found(values, &lost, steps), near: near(&lost), help: help(&lost), ..Emptied::default() }
    }
}

/// Such as `2 values, none has a row in the table`.
fn found(values: &Received<'_>, lost: &Lost, steps: Option<&Steps>) -> String {
    let prefix = steps.and_then(|steps| steps.strip_prefix.as_deref()).unwrap_or_default();
    let of_prefix =
        [format!("which does not begin with the prefix `{prefix}`"), format!("none begins with the prefix `{prefix}`")];
    let of_row = ["which has no row in the table".to_owned(), "none has a row in the table".to_owned()];
    let pick = |[one, none]: [String; 2]| if lost.values == 1 { one } else { none };
    let count = if lost.values == 1 { "1 value".to_owned() } else { format!("{} values", lost.values) };
    match (lost.by_prefix, lost.by_table) {
        _ if values.is_empty() => "an attribute without a value".to_owned(),
        (0, 0) if lost.values == 0 => {
            format!("`split` finds nothing between its separators, in {}", counted(values.len()))
        }
        (0, 0) if lost.values == 1 => "1 value, which is empty".to_owned(),
        (0, 0) => format!("{count}, all empty"),
        (prefixless, 0) if prefixless == lost.values => format!("{count}, {}", pick(of_prefix)),
        (0, rowless) if rowless == lost.values => format!("{count}, {}", pick(of_row)),
        (prefixless, rowless) => {
            format!("{count}: {prefixless} without the prefix `{prefix}`, {rowless} without a row in the table")
        }
    }
}

fn counted(values: usize) -> String {
    if values == 1 { "1 value".to_owned() } else { format!("{values} values") }
}

/// What is almost as the file has it.
fn near(lost: &Lost) -> Option<String> {
    let ways = [
        (lost.near_but_case, "in letter case"),
        (lost.near_but_blanks, "by blanks around it"),
        (lost.near_but_both, "in letter case and by blanks around it"),
    ];
    let what = if lost.by_table == 0 { "the prefix" } else { "a row" };
    let words = ways.into_iter().filter(|(count, _)| *count > 0);
    let words: Vec<_> = words.map(|(count, how)| format!("{count} differs from {what} only {how}")).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

fn help(lost: &Lost) -> &'static str {
    let (case, blanks) = (lost.near_but_case + lost.near_but_both > 0, lost.near_but_blanks + lost.near_but_both > 0);
    match (case, blanks, lost.by_table > 0, lost.by_prefix > 0) {
        (true, _, true, _) => "write the row as it comes; or say `case: lower`, and write the rows in lower case",
        (true, _, false, _) => "write the prefix as it comes",
        (false, true, ..) => {
            "have the source send it without the blanks; `split`, by a sign that no value has, takes them off as well"
        }
        (false, false, true, _) => "add the row, or say by `on_missing` what is to happen without one",
        (false, false, false, true) => "mend `strip_prefix`, or say by `on_missing` what is to happen without a value",
        (false, false, false, false) => {
            "have the source send a value, or say by `on_missing` what is to happen without one"
        }
    }
}
