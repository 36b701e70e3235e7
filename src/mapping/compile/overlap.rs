//! For one request exactly one mapping must apply: two that could are found at load.

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::mapping::compiled::{Mapping, MappingStage, SubjectRule};

pub(super) fn check(mappings: &[Mapping], diagnostics: &mut Diagnostics) {
    let is_shadow = |mapping: &&Mapping| mapping.stage == MappingStage::Shadow;
    for shadow in mappings.iter().filter(is_shadow) {
        let beside = |live: &Mapping| live.stage == MappingStage::Live && both_apply(live, shadow).is_some();
        if !mappings.iter().any(beside) {
            let message = format!("no live mapping applies where the shadow `{}` does", shadow.id);
            let problem = Diagnostic::warning("mapping.shadow_alone", &shadow.path, shadow.source_span, message);
            diagnostics
                .push(problem)
                .label("it never runs")
                .help("give it the `source` and `for` of the mapping that it is to be compared with");
        }
    }
    for (place, mapping) in mappings.iter().enumerate() {
        let before = mappings.iter().take(place);
        for other in before {
            let there = format!("`{}` is {}:{}", other.id, other.path, other.source_span.line);
            if other.id == mapping.id {
                let message = format!("two mappings have the id `{}`", mapping.id);
                let error = Diagnostic::error("mapping.id_repeated", &mapping.path, mapping.source_span, message);
                diagnostics.push(error).note(there.clone());
            }
            // A shadow decides nothing: any number of them may run beside the live one.
            let both_live = !is_shadow(&other) && !is_shadow(&mapping);
            if let Some(request) = both_apply(other, mapping).filter(|_| both_live) {
                let message = format!("`{}` and `{}` could both apply to one request", other.id, mapping.id);
                let error = Diagnostic::error("mapping.overlap", &mapping.path, mapping.source_span, message);
                let problem = diagnostics.push(error);
                problem
                    .label(request)
                    .help("tell them apart by `for: { clients: […], audiences: […] }`")
                    .note(there.clone());
            }
            if names_people_otherwise(other, mapping) {
                diagnostics.push(rules_differ(other, mapping)).note(there);
            } else if links_otherwise(other, mapping) {
                diagnostics.push(links_differ(other, mapping)).note(there);
            }
        }
    }
}

fn rules_differ(other: &Mapping, mapping: &Mapping) -> Diagnostic {
    let message = format!("`{}` and `{}` make subjects of one source by different rules", other.id, mapping.id);
    let mut error = Diagnostic::error("mapping.subject_rules_differ", &mapping.path, mapping.source_span, message);
    error
        .label(format!("source `{}`", mapping.source))
        .help("write one `subject` rule in both: a value of one rule could be another person under the other");
    error
}

fn links_differ(other: &Mapping, mapping: &Mapping) -> Diagnostic {
    let message = format!("`{}` and `{}` do not link the same people to the same source", other.id, mapping.id);
    let mut error = Diagnostic::error("mapping.link_rules_differ", &mapping.path, mapping.source_span, message);
    error.label(format!("source `{}`", mapping.source)).help(
        "write one `link` in both, or in neither: otherwise the API that a person asks for first decides their `sub`",
    );
    error
}

/// Whether one value could be two people: both make subjects of the same source, by rules that are not the same. A
/// `NameID` is kept apart from mapped values by its format.
fn names_people_otherwise(a: &Mapping, b: &Mapping) -> bool {
    if [a, b].iter().any(|mapping| mapping.stage == MappingStage::Shadow) {
        return false;
    }
    let makes_values = |mapping: &Mapping| !matches!(mapping.subject.rule, SubjectRule::NameId);
    a.source == b.source && makes_values(a) && makes_values(b) && a.subject_rule_hash != b.subject_rule_hash
}

/// Whether it matters which of the two a person meets first: both name people alike, and only one says who they are
/// elsewhere, or says it otherwise.
fn links_otherwise(a: &Mapping, b: &Mapping) -> bool {
    let is_live = [a, b].iter().all(|mapping| mapping.stage == MappingStage::Live);
    let by_name_id = |mapping: &Mapping| matches!(mapping.subject.rule, SubjectRule::NameId);
    let link = |mapping: &Mapping| {
        mapping.subject.link.as_ref().map(|link| (link.source.clone(), link.format.clone(), link.hash.clone()))
    };
    is_live && a.source == b.source && by_name_id(a) == by_name_id(b) && link(a) != link(b)
}

/// A request that both apply to, in words.
fn both_apply(a: &Mapping, b: &Mapping) -> Option<String> {
    if a.source != b.source {
        return None;
    }
    let client = common("client", a.clients.as_ref(), b.clients.as_ref())?;
    let audience = common("audience", a.audiences.as_ref(), b.audiences.as_ref())?;
    Some(format!("source `{}`, {client}, {audience}", a.source))
}

/// Something that is in both, in words, where `None` holds everything.
fn common<T: Ord + Display>(what: &str, a: Option<&BTreeSet<T>>, b: Option<&BTreeSet<T>>) -> Option<String> {
    let first = match (a, b) {
        (None, None) => return Some(format!("any {what}")),
        (Some(names), None) | (None, Some(names)) => names.iter().next(),
        (Some(a), Some(b)) => a.intersection(b).next(),
    };
    first.map(|name| format!("{what} `{name}`"))
}
