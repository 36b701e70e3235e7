//! `attributes` and `authentication` as written.

use crate::diagnostic::{Entry, Findings, Node};

use super::shapes::{ATTRIBUTE, AUTHENTICATION, LEVEL};
use super::{Spot, Word, one_of_words};

/// `attributes.<short>`
#[derive(Debug)]
pub(in crate::mapping) struct RawAttribute {
    pub(in crate::mapping) short: Word,
    pub(in crate::mapping) name: Option<Word>,
    /// Instead of the name.
    pub(in crate::mapping) friendly_name: Option<Word>,
    pub(in crate::mapping) format: Option<Word>,
    /// `None` where it cannot be read: then nothing is said of how it is used.
    pub(in crate::mapping) many: Option<bool>,
    pub(in crate::mapping) max: Option<Spot<i64>>,
    pub(in crate::mapping) max_bytes: Option<Spot<i64>>,
    pub(in crate::mapping) repeated: Option<Word>,
    pub(in crate::mapping) optional: bool,
}

pub(super) fn read(entry: &Entry, findings: &mut Findings<'_>) -> RawAttribute {
    let mut attribute = RawAttribute {
        short: Word::key(entry),
        name: None,
        friendly_name: None,
        format: None,
        many: Some(false),
        max: None,
        max_bytes: None,
        repeated: None,
        optional: false,
    };
    let what = format!("the attribute `{}`", entry.key);
    let Some(table) = entry.value.shaped(&what, &ATTRIBUTE, findings) else { return attribute };
    let word = |key: &str, findings: &mut Findings<'_>| {
        table.get(key).and_then(|node| Word::read(node, &format!("`{key}`"), findings))
    };
    match (table.entry("name"), table.entry("friendly_name")) {
        (Some(name), Some(friendly)) => {
            let message = format!("{what} has both `name` and `friendly_name`");
            let problem = findings.error("mapping.rule_ambiguous", friendly.key_span, message);
            problem.related(name.key_span, "the name").help("keep one: a friendly name stands for a name");
        }
        (None, None) => {
            table.required("name", findings);
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    attribute.name = word("name", findings);
    attribute.friendly_name = word("friendly_name", findings);
    attribute.format = word("format", findings);
    if let Some(node) = table.get("many") {
        attribute.many = node.truth("`many`", findings);
    }
    if let Some(node) = table.get("optional") {
        attribute.optional = node.truth("`optional`", findings).unwrap_or(false);
    }
    let number = |key: &str, findings: &mut Findings<'_>| {
        let node = table.get(key)?;
        node.int(&format!("`{key}`"), findings).map(|value| Spot { value, span: node.span })
    };
    attribute.max = number("max", findings);
    attribute.max_bytes = number("max_bytes", findings);
    attribute.repeated = one_of_words(table.get("repeated"), "`repeated`", &["merge", "refuse"], findings);
    attribute
}

/// `authentication`
#[derive(Debug)]
pub(in crate::mapping) struct RawAuthentication {
    pub(in crate::mapping) from: Option<Word>,
    pub(in crate::mapping) levels: Vec<RawLevel>,
}

/// One of its levels.
#[derive(Debug)]
pub(in crate::mapping) struct RawLevel {
    pub(in crate::mapping) acr: Word,
    pub(in crate::mapping) amr: Vec<Word>,
    pub(in crate::mapping) contexts: Vec<Word>,
}

pub(super) fn read_authentication(node: &Node, findings: &mut Findings<'_>) -> Option<RawAuthentication> {
    let table = node.shaped("`authentication`", &AUTHENTICATION, findings)?;
    let from = table.get("from").and_then(|node| Word::read(node, "`from`", findings));
    let levels = table.required("levels", findings)?;
    let nodes = levels.list("`levels`", findings)?;
    if nodes.is_empty() {
        let problem = findings.error("file.empty", levels.span, "`levels` is empty: nothing could be said of a login");
        problem.help("write the lowest level first: `- { acr: … }`");
    }
    let levels = nodes.iter().filter_map(|node| read_level(node, findings)).collect();
    Some(RawAuthentication { from, levels })
}

fn read_level(node: &Node, findings: &mut Findings<'_>) -> Option<RawLevel> {
    let table = node.shaped("a level", &LEVEL, findings)?;
    let acr = table.required("acr", findings).and_then(|node| Word::read(node, "`acr`", findings));
    let words = |key: &str, findings: &mut Findings<'_>| {
        let words = table.get(key).and_then(|node| Word::list(node, &format!("`{key}`"), findings));
        words.unwrap_or_default()
    };
    let (amr, contexts) = (words("amr", findings), words("contexts", findings));
    Some(RawLevel { acr: acr?, amr, contexts })
}
