//! `tests` as written.

use crate::diagnostic::{Findings, Node, Table, Value};
use crate::ground::claim::ClaimValue;
use crate::ground::time::Timestamp;

use super::claim::claim_value;
use super::shapes::{EXPECT, GIVEN, TEST};
use super::{Word, each};

/// One element of `tests`.
#[derive(Debug)]
pub(in crate::mapping) struct RawTrial {
    pub(in crate::mapping) name: Word,
    pub(in crate::mapping) given: Given,
    pub(in crate::mapping) expect: Expected,
}

/// `given`: what the source says in this test.
#[derive(Debug, Default)]
pub(in crate::mapping) struct Given {
    pub(in crate::mapping) attributes: Vec<(Word, Vec<String>)>,
    pub(in crate::mapping) name_id: Option<String>,
    pub(in crate::mapping) name_id_format: Option<String>,
    pub(in crate::mapping) acr: Option<String>,
    pub(in crate::mapping) auth_time: Option<Timestamp>,
    pub(in crate::mapping) client: Option<Word>,
    pub(in crate::mapping) audience: Option<Word>,
    pub(in crate::mapping) now: Option<Timestamp>,
    /// A recorded credential, as a path.
    pub(in crate::mapping) credential: Option<Word>,
}

/// `expect`: what must come out.
#[derive(Debug, Default)]
pub(in crate::mapping) struct Expected {
    /// These claims have these values; others are not looked at.
    pub(in crate::mapping) claims: Vec<(Word, ClaimValue)>,
    /// Exactly these scopes.
    pub(in crate::mapping) scopes: Option<Vec<Word>>,
    /// These claims are left out.
    pub(in crate::mapping) absent: Vec<Word>,
    /// Exactly these leave for the audience.
    pub(in crate::mapping) released: Option<Vec<Word>>,
    /// The subject before it is hashed.
    pub(in crate::mapping) subject: Option<String>,
    /// A test above whose person is the same.
    pub(in crate::mapping) sub_same_as: Option<Word>,
    pub(in crate::mapping) acr: Option<String>,
    pub(in crate::mapping) amr: Option<Vec<Word>>,
    /// The reason code of a refusal.
    pub(in crate::mapping) refused: Option<Word>,
}

pub(super) fn read(node: Option<&Node>, findings: &mut Findings<'_>) -> Vec<RawTrial> {
    let nodes = node.and_then(|node| node.list("`tests`", findings)).unwrap_or_default();
    nodes.iter().filter_map(|node| read_one(node, findings)).collect()
}

fn read_one(node: &Node, findings: &mut Findings<'_>) -> Option<RawTrial> {
    let table = node.shaped("a test", &TEST, findings)?;
    let name = table.required("name", findings).and_then(|node| Word::read(node, "`name`", findings));
    let given = table.required("given", findings).and_then(|node| read_given(node, findings));
    let expect = table.required("expect", findings).and_then(|node| read_expected(node, findings));
    Some(RawTrial { name: name?, given: given?, expect: expect? })
}

fn read_given(node: &Node, findings: &mut Findings<'_>) -> Option<Given> {
    let table = node.shaped("`given`", &GIVEN, findings)?;
    let text = |key: &str, findings: &mut Findings<'_>| {
        table.get(key).and_then(|node| node.text(&format!("`{key}`"), findings)).map(str::to_owned)
    };
    let given = Given {
        attributes: each(table.get("attributes"), "`attributes`", findings, |entry, findings| {
            (Word::key(entry), read_values(&entry.value, findings))
        }),
        name_id: text("name_id", findings),
        name_id_format: text("name_id_format", findings),
        acr: text("acr", findings),
        client: table.get("client").and_then(|node| Word::read(node, "`client`", findings)),
        audience: table.get("audience").and_then(|node| Word::read(node, "`audience`", findings)),
        auth_time: read_time(&table, "auth_time", findings),
        now: read_time(&table, "now", findings),
        credential: table.get("credential").and_then(|node| Word::read(node, "`credential`", findings)),
    };
    check_credential(&table, findings);
    Some(given)
}

/// A recorded credential has its own clock, and says by itself what a test would otherwise give.
fn check_credential(table: &Table<'_>, findings: &mut Findings<'_>) {
    let Some(credential) = table.entry("credential") else { return };
    if table.get("now").is_none() {
        let message = "a recorded credential needs `now`: without it the test fails as soon as the credential expires";
        let problem = findings.error("mapping.test_without_clock", credential.key_span, message);
        problem.help("add `now:` with a moment at which it was valid");
    }
    let facts = ["attributes", "name_id", "name_id_format", "acr", "auth_time"];
    if let Some(other) = facts.into_iter().find_map(|key| table.entry(key)) {
        let message = format!("the credential says `{}` by itself", other.key);
        let problem = findings.error("mapping.rule_ambiguous", other.key_span, message);
        problem.related(credential.key_span, "the credential").help("remove one of the two");
    }
}

/// One text, or a list of them.
fn read_values(node: &Node, findings: &mut Findings<'_>) -> Vec<String> {
    if let Value::List(items) = &node.value {
        let texts = items.iter().filter_map(|item| item.text("a value of an attribute", findings));
        return texts.map(str::to_owned).collect();
    }
    node.text("the value of an attribute", findings).map(str::to_owned).into_iter().collect()
}

fn read_time(table: &Table<'_>, key: &str, findings: &mut Findings<'_>) -> Option<Timestamp> {
    let node = table.get(key)?;
    let time = Timestamp::parse_utc(node.text(&format!("`{key}`"), findings)?);
    if time.is_err() {
        let message = format!("`{key}` is not a moment in UTC");
        findings.error("file.wrong_value", node.span, message).help("for instance `2026-03-01T12:00:00Z`");
    }
    time.ok()
}

fn read_expected(node: &Node, findings: &mut Findings<'_>) -> Option<Expected> {
    let table = node.shaped("`expect`", &EXPECT, findings)?;
    let claims = each(table.get("claims"), "`claims`", findings, |entry, findings| {
        Some((Word::key(entry), claim_value(&entry.value, "a claim", findings)?))
    });
    let expected = Expected {
        claims: claims.into_iter().flatten().collect(),
        scopes: table.get("scopes").and_then(|node| Word::list(node, "`scopes`", findings)),
        absent: table.get("absent").and_then(|node| Word::list(node, "`absent`", findings)).unwrap_or_default(),
        released: table.get("released").and_then(|node| Word::list(node, "`released`", findings)),
        sub_same_as: table.get("sub_same_as").and_then(|node| Word::read(node, "`sub_same_as`", findings)),
        acr: table.get("acr").and_then(|node| node.text("`acr`", findings)).map(str::to_owned),
        amr: table.get("amr").and_then(|node| Word::list(node, "`amr`", findings)),
        subject: table.get("subject").and_then(|node| node.text("`subject`", findings)).map(str::to_owned),
        refused: table.get("refused").and_then(|node| Word::read(node, "`refused`", findings)),
    };
    let others = EXPECT.names().filter(|key| *key != "refused").find_map(|key| table.entry(key));
    if let (Some(refused), Some(other)) = (table.entry("refused"), others) {
        let message = format!("a test that expects a refusal cannot expect `{}` as well", other.key);
        findings.error("mapping.rule_ambiguous", other.key_span, message).related(refused.key_span, "the refusal");
    } else if table.entry("refused").is_none() && others.is_none() {
        let problem = findings.error("mapping.test_empty", node.span, "a test that expects nothing proves nothing");
        problem.help("expect claims, scopes, a subject or a refusal");
    }
    Some(expected)
}
