//! The reader and the description say the same: see [`crate::diagnostic::shape::sample`].

use std::collections::BTreeSet;

use crate::diagnostic::shape::sample::{Fault, samples};
use crate::diagnostic::{Diagnostic, Findings, Source};
use crate::mapping::yaml;

use super::*;

fn findings(text: &str) -> Vec<Diagnostic> {
    let source = Source::new("drawbridge.yaml", text);
    let mut findings = Findings::of(&source);
    let root = yaml::parse(&mut findings).unwrap();
    super::super::read(&root, &mut findings);
    findings.diagnostics.iter().cloned().collect()
}

/// The reader lets it through: whether a session is sound as a whole is judged where its source is made.
const JUDGED_LATER: &str = "drawbridge.yaml: sessions: fields: = []";

#[test]
fn what_is_described_is_read_and_nothing_else_is() {
    let samples = samples(&DRAWBRIDGE);
    assert!(samples.len() > 500, "{}", samples.len());
    assert!(samples.iter().any(|sample| sample.what == JUDGED_LATER));
    for sample in samples.into_iter().filter(|sample| sample.what != JUDGED_LATER) {
        let text = sample.value.to_string();
        let found = findings(&text);
        let has = |codes: &[&str]| found.iter().any(|problem| codes.contains(&problem.code));
        let as_described = match sample.fault {
            None => found.is_empty(),
            Some(Fault::Missing) => has(&["file.key_missing"]),
            Some(Fault::Unknown) => has(&["file.key_unknown"]),
            Some(Fault::Later) => has(&["config.not_in_this_version"]),
            Some(Fault::Type) => has(&["file.wrong_type", "config.duration_malformed", "config.secret_literal"]),
            Some(Fault::Value | Fault::Rule) => !found.is_empty(),
        };
        assert!(as_described, "{}: {:?}\n{text}\n{found:#?}", sample.what, sample.fault);
    }
}

/// Every list of words that a table of the file describes, as the reader's help gives them.
fn described_words() -> BTreeSet<String> {
    let mut waiting: Vec<Shape> = DRAWBRIDGE.all().iter().flat_map(|keys| keys.keys).map(|key| key.shape).collect();
    let mut lists = BTreeSet::new();
    while let Some(shape) = waiting.pop() {
        if let Shape::Words(words) = shape {
            lists.insert(format!("the values are {}", words.join(", ")));
        }
        waiting.extend(shape.parts());
    }
    lists
}

#[test]
fn the_words_that_the_reader_knows_are_described() {
    let mut described = described_words();
    // Some of the words for encodings are not for a MAC: its declaration says so, not its reader.
    assert!(described.remove("the values are hex, base64, base64url"));
    let unknown_words = samples(&DRAWBRIDGE).into_iter().filter(|sample| sample.fault == Some(Fault::Value));
    let known: BTreeSet<String> = unknown_words
        .flat_map(|sample| findings(&sample.value.to_string()))
        .flat_map(|problem| problem.help)
        .filter(|help| help.starts_with("the values are"))
        .collect();
    assert_eq!(known, described);
}

#[test]
fn no_two_tables_have_one_name() {
    let tables = DRAWBRIDGE.all();
    let names: BTreeSet<_> = tables.iter().map(|keys| keys.what).collect();
    assert_eq!(names.len(), tables.len());
}
