//! `claims` as written, tables as written, and values as written.

use crate::diagnostic::{Entry, Findings, Node, Span, Table, Value};
use crate::ground::claim::ClaimValue;

use super::shapes::CLAIM;
use super::{Spot, Word, each, one_of_words};

/// `claims.<name>`, or a member of an `object`.
#[derive(Debug)]
pub(in crate::mapping) struct RawClaim {
    pub(in crate::mapping) name: Word,
    /// `None` where it could not be read.
    pub(in crate::mapping) rule: Option<RawRule>,
    /// `type`
    pub(in crate::mapping) kind: Option<Word>,
    pub(in crate::mapping) missing: RawMissing,
}

/// Where the value comes from.
#[derive(Debug)]
pub(in crate::mapping) enum RawRule {
    /// The short form, and `from`.
    From { attribute: Word, steps: Box<RawSteps> },
    /// `value`
    Value(Spot<ClaimValue>),
    /// `cel`
    Cel(Word),
    /// `object`
    Object(Vec<RawClaim>),
}

/// What is done with the values of an attribute.
#[derive(Debug, Default)]
pub(in crate::mapping) struct RawSteps {
    pub(in crate::mapping) split: Option<Word>,
    pub(in crate::mapping) strip_prefix: Option<Word>,
    pub(in crate::mapping) case: Option<Word>,
    pub(in crate::mapping) table: Option<RawTable>,
    pub(in crate::mapping) sort: Option<Span>,
    pub(in crate::mapping) take: Option<Word>,
    pub(in crate::mapping) join: Option<Word>,
}

/// `table`
#[derive(Debug)]
pub(in crate::mapping) enum RawTable {
    Named(Word),
    Inline(RawRows),
}

/// The rows of a table.
pub(in crate::mapping) type RawRows = Vec<(Word, ClaimValue)>;

/// What happens where nothing remains.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::mapping) enum RawMissing {
    Omit,
    Refuse,
    Default(Spot<ClaimValue>),
}

const ORIGINS: [&str; 4] = ["from", "value", "cel", "object"];
const STEPS: [&str; 7] = ["split", "strip_prefix", "case", "table", "sort", "take", "join"];

pub(super) fn read(entry: &Entry, findings: &mut Findings<'_>) -> RawClaim {
    let mut claim = RawClaim { name: Word::key(entry), rule: None, kind: None, missing: RawMissing::Omit };
    match &entry.value.value {
        Value::Text(_) => {
            let attribute = Word::read(&entry.value, "the attribute of a claim", findings);
            claim.rule = attribute.map(|attribute| RawRule::From { attribute, steps: Box::default() });
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
    let Some(table) = entry.value.shaped(&what, &CLAIM, findings) else { return };
    claim.missing = read_missing(&table, &what, findings);
    let kinds = ["string", "int", "bool", "list", "object"];
    claim.kind = one_of_words(table.get("type"), "`type`", &kinds, findings);
    let mut given = ORIGINS.into_iter().filter_map(|key| table.entry(key));
    let (Some(first), second) = (given.next(), given.next()) else {
        if ORIGINS.into_iter().any(|key| table.is_misspelt(key)) {
            return;
        }
        let message = format!("{what} has none of `from`, `value`, `cel` and `object`");
        findings.error("mapping.rule_ambiguous", entry.key_span, message).help("say where its value comes from");
        return;
    };
    if let Some(second) = second {
        let message = format!("{what} has both `{}` and `{}`", first.key, second.key);
        let problem = findings.error("mapping.rule_ambiguous", second.key_span, message);
        problem
            .related(first.key_span, "the other")
            .help("a claim comes from one of `from`, `value`, `cel` and `object`");
        return;
    }
    let misplaced = STEPS.into_iter().filter_map(|key| table.entry(key)).find(|_| first.key != "from");
    if let Some(misplaced) = misplaced {
        let message = format!("{what} has a `{}` but no `from`", misplaced.key);
        let problem = findings.error("mapping.rule_ambiguous", misplaced.key_span, message);
        problem.help("it works on the values of an attribute: add `from`, or do it in the expression");
    }
    claim.rule = match first.key.as_str() {
        "from" => Word::read(&first.value, "`from`", findings)
            .map(|attribute| RawRule::From { attribute, steps: Box::new(read_steps(&table, findings)) }),
        "value" => value_at(&first.value, "`value`", findings).map(RawRule::Value),
        "object" => Some(RawRule::Object(read_object(&first.value, findings))),
        _ => Word::read(&first.value, "`cel`", findings).map(RawRule::Cel),
    };
}

fn read_object(node: &Node, findings: &mut Findings<'_>) -> Vec<RawClaim> {
    if matches!(&node.value, Value::Table(entries) if entries.is_empty()) {
        let problem = findings.error("file.empty", node.span, "an `object` without members is never there");
        problem.help("write its members: `{ locality: city }`");
    }
    each(Some(node), "`object`", findings, read)
}

fn read_steps(table: &Table<'_>, findings: &mut Findings<'_>) -> RawSteps {
    let word = |key: &str, findings: &mut Findings<'_>| {
        table.get(key).and_then(|node| Word::read(node, &format!("`{key}`"), findings))
    };
    RawSteps {
        split: word("split", findings),
        strip_prefix: word("strip_prefix", findings),
        case: one_of_words(table.get("case"), "`case`", &["lower", "upper"], findings),
        table: table.get("table").and_then(|node| match &node.value {
            Value::Text(_) => Word::read(node, "`table`", findings).map(RawTable::Named),
            Value::Table(_) | Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::List(_) => {
                Some(RawTable::Inline(read_rows(node, "`table`", findings)))
            }
        }),
        sort: table.get("sort").and_then(|node| node.truth("`sort`", findings)?.then_some(node.span)),
        take: one_of_words(table.get("take"), "`take`", &["one", "first"], findings),
        join: table.get("join").and_then(|node| Some(Word::new(node.text("`join`", findings)?, node.span))),
    }
}

fn read_missing(table: &Table<'_>, what: &str, findings: &mut Findings<'_>) -> RawMissing {
    let required = table.entry("required");
    let on_missing = table.entry("on_missing");
    if let (Some(required), Some(on_missing)) = (required, on_missing) {
        let message = format!("{what} has both `required` and `on_missing`");
        let problem = findings.error("mapping.rule_ambiguous", on_missing.key_span, message);
        problem.related(required.key_span, "the other").help("`required: true` is short for `on_missing: refuse`");
    }
    let is_required = required.is_some_and(|entry| entry.value.truth("`required`", findings).unwrap_or(false));
    let words = ["omit", "refuse", "default"];
    let word = one_of_words(on_missing.map(|entry| &entry.value), "`on_missing`", &words, findings);
    let default = table.entry("default");
    let value = default.and_then(|entry| value_at(&entry.value, "`default`", findings));
    match (word.as_ref().map(|word| word.value.as_str()), default) {
        (Some("default"), None) => {
            let span = on_missing.map_or(table.span(), |entry| entry.key_span);
            let message = format!("{what} has `on_missing: default` and no `default`");
            findings.error("file.key_missing", span, message).help("add `default:` with the value");
            RawMissing::Omit
        }
        (Some("default"), Some(_)) => value.map_or(RawMissing::Omit, RawMissing::Default),
        (None, Some(_)) if !is_required => value.map_or(RawMissing::Omit, RawMissing::Default),
        (_, Some(entry)) => {
            let message = format!("{what} has a `default` that is never used");
            let problem = findings.error("mapping.rule_ambiguous", entry.key_span, message);
            problem.help("write `on_missing: default`, or remove it");
            RawMissing::Omit
        }
        (Some("refuse"), None) => RawMissing::Refuse,
        (_, None) => {
            if is_required {
                RawMissing::Refuse
            } else {
                RawMissing::Omit
            }
        }
    }
}

/// The rows of a table, each key once.
pub(super) fn read_rows(node: &Node, what: &str, findings: &mut Findings<'_>) -> RawRows {
    let entries = node.entries(what, findings).unwrap_or_default();
    if entries.is_empty() && matches!(node.value, Value::Table(_)) {
        let problem = findings.error("file.empty", node.span, "an empty table drops every value");
        problem.help("write its rows: `{ what the source says: what it becomes }`");
    }
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        let value = match &entry.value.value {
            Value::List(_) | Value::Table(_) => {
                let message = format!("a table translates to single values, not to {}", entry.value.value.type_words());
                let problem = findings.error("file.wrong_type", entry.value.span, message);
                problem.help("write text, a number, `true` or `false`");
                None
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {
                claim_value(&entry.value, "a value of a table", findings)
            }
        };
        rows.extend(value.map(|value| (Word::key(entry), value)));
    }
    rows
}

fn value_at(node: &Node, what: &str, findings: &mut Findings<'_>) -> Option<Spot<ClaimValue>> {
    claim_value(node, what, findings).map(|value| Spot { value, span: node.span })
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
            let help = if has_leading_zero(findings.source.at(node.span)) {
                "a number has no leading zero; a text of digits stands in quotes"
            } else {
                "claims are text, whole numbers, true or false, lists and objects"
            };
            findings.error("file.wrong_type", node.span, message).help(help);
            None
        }
    }
}

/// `07`, which YAML takes for a number with a fraction.
fn has_leading_zero(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}
