//! For one request exactly one mapping must apply: two that could are found at load.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::mapping::compiled::Mapping;

pub(super) fn check(mappings: &[Mapping], diagnostics: &mut Diagnostics) {
    for (place, mapping) in mappings.iter().enumerate() {
        let before = mappings.iter().take(place);
        for other in before {
            let there = format!("`{}` is {}:{}", other.id, other.path, other.source_span.line);
            if other.id == mapping.id {
                let message = format!("two mappings have the id `{}`", mapping.id);
                let error = Diagnostic::error("mapping.id_repeated", &mapping.path, mapping.source_span, message);
                diagnostics.push(error).note(there.clone());
            }
            if let Some(request) = both_apply(other, mapping) {
                let message = format!("`{}` and `{}` could both apply to one request", other.id, mapping.id);
                let error = Diagnostic::error("mapping.overlap", &mapping.path, mapping.source_span, message);
                let problem = diagnostics.push(error);
                problem.label(request).help("tell them apart by `for: { clients: […], audiences: […] }`").note(there);
            }
        }
    }
}

/// A request that both apply to, in words.
fn both_apply(a: &Mapping, b: &Mapping) -> Option<String> {
    if a.source != b.source {
        return None;
    }
    let client = common(a.clients.as_ref(), b.clients.as_ref())?;
    let audience = common(a.audiences.as_ref(), b.audiences.as_ref())?;
    let words =
        |found: Option<String>, any: &str, one: &str| found.map_or(any.to_owned(), |it| format!("{one} `{it}`"));
    Some(format!(
        "source `{}`, {}, {}",
        a.source,
        words(client, "any client", "client"),
        words(audience, "any audience", "audience")
    ))
}

/// What is in both, where `None` holds everything: `Some(None)` is anything at all.
fn common<T: Ord + ToString>(a: Option<&BTreeSet<T>>, b: Option<&BTreeSet<T>>) -> Option<Option<String>> {
    match (a, b) {
        (None, None) => Some(None),
        (Some(names), None) | (None, Some(names)) => names.iter().next().map(|name| Some(name.to_string())),
        (Some(a), Some(b)) => a.intersection(b).next().map(|name| Some(name.to_string())),
    }
}
