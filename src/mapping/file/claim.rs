//! `claims` as written, and values as written.

use crate::diagnostic::{Entry, Findings, Node, Value};
use crate::ground::claim::ClaimValue;

use super::Word;

/// `claims.<name>`
#[derive(Debug)]
pub(in crate::mapping) struct RawClaim {
    pub(in crate::mapping) name: Word,
    /// `None` where it could not be read.
    pub(in crate::mapping) rule: Option<RawRule>,
    pub(in crate::mapping) required: bool,
}

/// Where the value comes from.
#[derive(Debug)]
pub(in crate::mapping) enum RawRule {
    /// The short form, and `from`.
    From { attribute: Word, table: Option<Vec<(String, ClaimValue)>> },
    /// `value`
    Value(ClaimValue),
    /// `cel`
    Cel(Word),
}

const KEYS: [&str; 5] = ["from", "table", "value", "cel", "required"];

pub(super) fn read(entry: &Entry, findings: &mut Findings<'_>) -> RawClaim {
    let mut claim = RawClaim { name: Word::key(entry), rule: None, required: false };
    match &entry.value.value {
        Value::Text(_) => {
            let attribute = Word::read(&entry.value, "the attribute of a claim", findings);
            claim.rule = attribute.map(|attribute| RawRule::From { attribute, table: None });
        }
        Value::Table(_) => read_long(entry, &mut claim, findings),
        other @ (Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::List(_)) => {
            let message =
                format!("the claim `{}` must be an attribute or a rule, not {}", entry.key, other.type_words());
            let problem = findings.error("file.wrong_type", entry.value.span, message);
            problem.help("a fixed value is written `{ value: … }`");
        }
    }
    claim
}

fn read_long(entry: &Entry, claim: &mut RawClaim, findings: &mut Findings<'_>) {
    let what = format!("the claim `{}`", entry.key);
    let Some(table) = entry.value.table(&what, &KEYS, findings) else { return };
    if let Some(node) = table.get("required") {
        claim.required = node.truth("`required`", findings).unwrap_or(false);
    }
    let given = ["from", "value", "cel"].map(|key| table.entry(key));
    let mut given = given.into_iter().flatten();
    let (Some(first), second) = (given.next(), given.next()) else {
        let message = format!("{what} has none of `from`, `value` and `cel`");
        findings.error("mapping.rule_ambiguous", entry.key_span, message).help("say where its value comes from");
        return;
    };
    if let Some(second) = second {
        let message = format!("{what} has both `{}` and `{}`", first.key, second.key);
        let problem = findings.error("mapping.rule_ambiguous", second.key_span, message);
        problem.related(first.key_span, "the other").help("a claim comes from one of `from`, `value` and `cel`");
        return;
    }
    if let Some(misplaced) = table.entry("table").filter(|_| first.key != "from") {
        let message = format!("{what} has a `table` but no `from`");
        let problem = findings.error("mapping.rule_ambiguous", misplaced.key_span, message);
        problem.help("a table translates the values of an attribute: add `from`");
    }
    claim.rule = match first.key.as_str() {
        "from" => Word::read(&first.value, "`from`", findings).map(|attribute| RawRule::From {
            attribute,
            table: table.get("table").map(|node| read_table(node, findings)),
        }),
        "value" => claim_value(&first.value, "`value`", findings).map(RawRule::Value),
        _ => Word::read(&first.value, "`cel`", findings).map(RawRule::Cel),
    };
}

fn read_table(node: &Node, findings: &mut Findings<'_>) -> Vec<(String, ClaimValue)> {
    let entries = node.entries("`table`", findings).unwrap_or_default();
    if entries.is_empty() && matches!(node.value, Value::Table(_)) {
        findings.error("file.empty", node.span, "an empty `table` drops every value");
    }
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        let value = match &entry.value.value {
            Value::List(_) | Value::Table(_) => {
                let message = format!("a table translates to single values, not to {}", entry.value.value.type_words());
                findings.error("file.wrong_type", entry.value.span, message);
                None
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {
                claim_value(&entry.value, "a value of `table`", findings)
            }
        };
        rows.extend(value.map(|value| (entry.key.clone(), value)));
    }
    rows
}

/// A value that a claim can have, or a finding.
pub(super) fn claim_value(node: &Node, what: &str, findings: &mut Findings<'_>) -> Option<ClaimValue> {
    match &node.value {
        Value::Bool(truth) => Some(ClaimValue::Bool(*truth)),
        Value::Int(number) => Some(ClaimValue::Int(*number)),
        Value::Text(text) => Some(ClaimValue::Text(text.clone())),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| claim_value(item, what, findings)).collect();
            items.into_iter().collect::<Option<_>>().map(ClaimValue::List)
        }
        Value::Table(_) => {
            let entries = node.entries(what, findings)?;
            let fields = entries.into_iter().map(|e| Some((e.key.clone(), claim_value(&e.value, what, findings)?)));
            let fields: Vec<_> = fields.collect();
            fields.into_iter().collect::<Option<_>>().map(ClaimValue::Object)
        }
        other @ (Value::Null | Value::Float(_)) => {
            let message = format!("{what} cannot be {}", other.type_words());
            let problem = findings.error("file.wrong_type", node.span, message);
            problem.help("claims are text, whole numbers, true or false, lists and objects");
            None
        }
    }
}
