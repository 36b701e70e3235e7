//! `recordings.redact` beside the names that mappings declare: attributes are left out by the name that sources send,
//! and one that is written otherwise is kept.

use crate::diagnostic::{Diagnostic, suggest};
use crate::mapping::{Mapping, Mappings};

use super::raw::Raw;

/// Names that are no declared attribute's, and nearly one, or its short name. What nothing declares may be meant.
pub(super) fn suspects(raw: &Raw, mappings: &Mappings, file: &str) -> Vec<Diagnostic> {
    let redact = raw.recordings.iter().flat_map(|recordings| &recordings.redact);
    let names: Vec<(&str, &str)> = mappings.iter().flat_map(Mapping::attribute_names).collect();
    let is_sent = |word: &str| names.iter().any(|(_, name)| *name == word);
    let meant = |word: &str| {
        let by_short = |short: &str| names.iter().find(|(known, _)| *known == short).map(|(_, name)| *name);
        let near = || suggest(word, names.iter().flat_map(|(short, name)| [*short, *name]));
        by_short(word).or_else(|| near().map(|near| by_short(near).unwrap_or(near)))
    };
    let suspects = redact.filter(|at| !is_sent(&at.value)).filter_map(|at| Some((at, meant(&at.value)?)));
    let warning = |(at, meant): (&super::raw::At<String>, &str)| {
        let message = format!("no mapping declares an attribute whose name is `{}`: nothing is left out", at.value);
        let mut warning = Diagnostic::warning("config.redact_unknown", file, at.span, message);
        warning.label("names are those that the source sends").help(format!("write `{meant}`"));
        warning
    };
    suspects.map(warning).collect()
}
