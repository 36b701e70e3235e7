//! The reader and the description say the same: see [`crate::diagnostic::shape::sample`].

use std::collections::BTreeSet;

use crate::diagnostic::shape::sample::{Fault, samples};
use crate::diagnostic::{Diagnostic, Source};
use crate::mapping::compile::{DEFAULT_MAX, DEFAULT_MAX_BYTES};
use crate::mapping::{CompileContext, KINDS, compile};

use super::*;

const KEYS: [&Keys; 3] = [&MAPPING, &TABLES, &VOCABULARY];

fn findings(text: &str) -> Vec<Diagnostic> {
    match compile(&[Source::new("m.yaml", text)], &CompileContext::default()) {
        Ok(mappings) => mappings.warnings().iter().cloned().collect(),
        Err(diagnostics) => diagnostics.iter().cloned().collect(),
    }
}

/// What is said of the form of a file. All else is about names: what a sample names is not there.
const OF_FORM: [&str; 9] = [
    "file.syntax",
    "file.wrong_type",
    "file.wrong_value",
    "file.empty",
    "file.key_unknown",
    "file.key_missing",
    "mapping.rule_ambiguous",
    "mapping.test_empty",
    "mapping.test_without_clock",
];
const OF_WORDS: [&str; 3] = ["mapping.name_malformed", "mapping.version_unknown", "mapping.kind_unknown"];

/// Steps are judged where their attribute is known; that of a sample is not. tests/it/schema.rs has one that is.
const JUDGED_LATER: &str = "a mapping: claims: with take and join";

#[test]
fn what_is_described_is_read_and_nothing_else_is() {
    let samples: Vec<_> = KEYS.into_iter().flat_map(samples).collect();
    assert!(samples.len() > 600, "{}", samples.len());
    assert!(samples.iter().any(|sample| sample.what == JUDGED_LATER));
    for sample in samples.into_iter().filter(|sample| sample.what != JUDGED_LATER) {
        let text = sample.value.to_string();
        let found = findings(&text);
        let has = |codes: &[&str]| found.iter().any(|problem| codes.contains(&problem.code));
        let as_described = match sample.fault {
            None => !has(&OF_FORM) && !has(&OF_WORDS),
            Some(Fault::Missing) => has(&["file.key_missing"]),
            Some(Fault::Unknown) => has(&["file.key_unknown"]),
            Some(Fault::Later) => false,
            Some(Fault::Type) => has(&["file.wrong_type"]),
            Some(Fault::Value) => has(&OF_FORM) || has(&OF_WORDS),
            Some(Fault::Rule) => has(&OF_FORM),
        };
        assert!(as_described, "{}: {:?}\n{text}\n{found:#?}", sample.what, sample.fault);
    }
}

#[test]
fn no_two_tables_have_one_name_and_each_kind_has_one() {
    let tables: Vec<_> = KEYS.into_iter().flat_map(Keys::all).collect();
    let names: BTreeSet<_> = tables.iter().map(|keys| keys.what).collect();
    assert_eq!(names.len(), tables.len());
    let kind = |keys: &Keys| {
        let Words([word]) = keys.keys[0].shape else { panic!("{:?}", keys.keys[0].shape) };
        *word
    };
    assert_eq!(KEYS.map(kind), KINDS);
}

#[test]
fn the_defaults_that_are_told_are_those_of_the_code() {
    for (name, default) in [("max", DEFAULT_MAX), ("max_bytes", DEFAULT_MAX_BYTES)] {
        let key = ATTRIBUTE.keys.iter().find(|key| key.name == name).unwrap();
        assert!(key.about.ends_with(&format!("; {default} unless told.")), "{name}: {}", key.about);
    }
}
