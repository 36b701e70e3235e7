//! `attributes`: the closed world of a source.

use std::collections::HashMap;

use super::Compiler;
use crate::diagnostic::{Span, suggest};
use crate::mapping::cel::{Kind, Known, MAX_TEXT_READ};
use crate::mapping::compiled::{Cardinality, Declared};
use crate::mapping::file::shapes::{MOST_BYTES, MOST_VALUES};
use crate::mapping::file::{MappingFile, RawAttribute, Word};

/// Values of a `many` attribute, unless `max` tells.
pub(in crate::mapping) const DEFAULT_MAX: usize = 200;
/// Bytes of a value, unless `max_bytes` tells.
pub(in crate::mapping) const DEFAULT_MAX_BYTES: usize = MAX_TEXT_READ;

impl Compiler<'_, '_, '_> {
    pub(super) fn declared(&mut self, file: &MappingFile) -> Vec<Declared> {
        let raw = &file.attributes;
        let mut declared: Vec<Declared> = Vec::with_capacity(raw.len());
        let mut spans: Vec<Span> = Vec::with_capacity(raw.len());
        for attribute in raw {
            self.check_short_name(&attribute.short);
            let cardinality = self.cardinality(attribute);
            let max_bytes = self.max_bytes(attribute);
            let bytes = max_bytes.min(MAX_TEXT_READ) as u64;
            let kind = match (attribute.many, cardinality) {
                (None, _) => Kind::Any { count: 1, bytes: 1 },
                (Some(_), Cardinality::One) => Kind::Text { bytes },
                (Some(_), Cardinality::Many { max }) => Kind::texts(max as u64, bytes),
            };
            // Known even where its declaration is broken: one problem, not one for each use.
            self.attributes.insert(attribute.short.value.clone(), Known { kind, optional: attribute.optional });
            let (name, format, span) = self.wire_name(attribute, file);
            if !name.is_empty() {
                self.check_ambiguous((&name, span), format.as_deref(), &declared, &spans);
            }
            spans.push(span);
            declared.push(Declared {
                line: attribute.short.span.line,
                short: attribute.short.value.as_str().into(),
                name,
                format,
                cardinality,
                max_bytes,
                merged: self.is_merged(attribute),
                optional: attribute.optional,
                read: false,
            });
        }
        declared
    }

    /// What the source calls it, and where the file says so. Empty where that is broken.
    fn wire_name(&mut self, attribute: &RawAttribute, file: &MappingFile) -> (String, Option<String>, Span) {
        let format = attribute.format.as_ref().map(|format| format.value.clone());
        match (&attribute.name, &attribute.friendly_name) {
            (Some(name), _) => {
                self.check_wire_name(name);
                (name.value.clone(), format, name.span)
            }
            (None, Some(friendly)) => {
                let (name, by_vocabulary) = self.by_friendly_name(friendly, file).unwrap_or_default();
                (name, format.or(by_vocabulary), friendly.span)
            }
            (None, None) => (String::new(), format, attribute.short.span),
        }
    }

    fn max_bytes(&mut self, attribute: &RawAttribute) -> usize {
        let Some(most) = &attribute.max_bytes else { return DEFAULT_MAX_BYTES };
        if !(1..=MOST_BYTES).contains(&most.value) {
            let message = format!("`max_bytes` must be from 1 to {MOST_BYTES}");
            let problem = self.findings.error("file.wrong_value", most.span, message);
            problem.help(format!("unless told it is {DEFAULT_MAX_BYTES}"));
        }
        usize::try_from(most.value.clamp(1, MOST_BYTES)).unwrap_or(DEFAULT_MAX_BYTES)
    }

    fn is_merged(&mut self, attribute: &RawAttribute) -> bool {
        let Some(word) = &attribute.repeated else { return attribute.many.unwrap_or(true) };
        if word.value == "merge" && attribute.many == Some(false) {
            let message = "several attributes cannot be merged into exactly one value";
            let problem = self.findings.error("mapping.rule_ambiguous", word.span, message);
            problem.help("add `many: true`, or remove `repeated`");
        }
        word.value == "merge"
    }

    fn check_short_name(&mut self, short: &Word) {
        let mut chars = short.value.chars();
        let starts_well = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        let is_name = starts_well && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if RESERVED_WORDS.contains(&short.value.as_str()) {
            let message = format!("`{}` is a word of CEL and cannot be a short name", short.value);
            self.findings
                .error("mapping.name_malformed", short.span, message)
                .help("choose another: expressions read it as `attr.<name>`");
        } else if !is_name {
            let message = format!("`{}` cannot be a short name", short.value);
            self.findings
                .error("mapping.name_malformed", short.span, message)
                .help("a letter, then letters, digits and `_`: expressions read it as `attr.<name>`");
        } else if short.value == "name_id" {
            let message = "`name_id` means the NameID and cannot name an attribute";
            self.findings.error("mapping.name_malformed", short.span, message).help("choose another short name");
        }
    }

    fn cardinality(&mut self, attribute: &RawAttribute) -> Cardinality {
        let many = attribute.many.unwrap_or(true);
        let Some(max) = &attribute.max else {
            return if many { Cardinality::Many { max: DEFAULT_MAX } } else { Cardinality::One };
        };
        if !many {
            let message = "`max` has a meaning only with `many: true`";
            self.findings.error("mapping.rule_ambiguous", max.span, message).help("add `many: true`, or remove `max`");
            return Cardinality::One;
        }
        if !(1..=MOST_VALUES).contains(&max.value) {
            let message = format!("`max` must be from 1 to {MOST_VALUES}");
            self.findings.error("file.wrong_value", max.span, message).help(format!("unless told it is {DEFAULT_MAX}"));
        }
        Cardinality::Many { max: usize::try_from(max.value.clamp(1, MOST_VALUES)).unwrap_or(DEFAULT_MAX) }
    }

    /// One received attribute must not be two declared ones.
    fn check_ambiguous(
        &mut self,
        (name, span): (&str, Span),
        format: Option<&str>,
        above: &[Declared],
        spans: &[Span],
    ) {
        let same = |other: &Declared| {
            other.name == name && (other.format.is_none() || format.is_none() || other.format.as_deref() == format)
        };
        let Some(place) = above.iter().position(same) else { return };
        let Some(other) = above.get(place) else { return };
        let message = format!("`{}` already stands for what is sent under this name", other.short);
        let problem = self.findings.error("mapping.attribute_ambiguous", span, message);
        if let Some(first) = spans.get(place) {
            problem.related(*first, "the first");
        }
        problem.help("use one short name, or tell the two apart by `format`");
    }

    /// The place of a declared attribute, or a finding.
    pub(super) fn attribute(&mut self, short: &Word, declared: &[Declared]) -> Option<usize> {
        let place = declared.iter().position(|attribute| *attribute.short == short.value);
        if place.is_some() {
            self.used.insert(short.value.clone());
        }
        if place.is_none() && !self.unread.has("attributes") {
            let message = format!("`{}` is not among the declared attributes", short.value);
            let suggestion = suggest(&short.value, declared.iter().map(|attribute| &*attribute.short));
            let by_name = declared.iter().find(|attribute| attribute.name == short.value);
            let problem = self.findings.error("mapping.attribute_unknown", short.span, message);
            problem.label("no attribute of this name");
            if short.value == "name_id" {
                problem.help("the NameID is read by an expression: `{ cel: name_id }`");
                return None;
            }
            match (by_name, suggestion) {
                (Some(attribute), _) => problem.help(format!("use its short name `{}`", attribute.short)),
                (None, Some(_)) => problem.did_you_mean(suggestion),
                (None, None) => problem.help(format!("declare it: `attributes: {{ {}: {{ name: … }} }}`", short.value)),
            };
        }
        place
    }
}

/// The places in `declared` of each name that a source may send.
pub(super) fn by_name(declared: &[Declared]) -> HashMap<String, Vec<usize>> {
    let mut places: HashMap<String, Vec<usize>> = HashMap::with_capacity(declared.len());
    for (place, attribute) in declared.iter().enumerate() {
        places.entry(attribute.name.clone()).or_default().push(place);
    }
    places
}

/// Words that CEL reads as something else (CEL specification, "Syntax").
pub const RESERVED_WORDS: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];
