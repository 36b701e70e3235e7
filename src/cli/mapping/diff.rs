//! `drawbridge mapping diff A B`: what a changed mapping does otherwise, in words.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::config::{Environment, Tested, test_mappings};
use crate::ground::time::Timestamp;
use crate::mapping::{Difference, Mapping, differences};

use super::super::args::MappingDiffArgs;
use super::super::exit::{Answer, Exit, Failure};
use super::super::report::{counted, not_loaded, show_diagnostics};
use super::super::screen::{FAINT, GOOD, NOTE, STRONG, Screen, styled, visible};

/// What differs for one person of a test.
struct Case<'t> {
    test: &'t str,
    differences: Vec<Difference>,
}

/// Compares two files by the people of their tests.
pub(in crate::cli) fn run(
    args: &MappingDiffArgs,
    environment: &dyn Environment,
    now: Timestamp,
    screen: &mut Screen<'_>,
) -> Answer {
    let mut compiled = Vec::with_capacity(2);
    for file in [&args.before, &args.after] {
        let files = std::slice::from_ref(file);
        let tested = test_mappings(&args.config.config, files, environment, now).map_err(|error| not_loaded(&error))?;
        if tested.diagnostics.has_errors() {
            show_diagnostics(&tested.diagnostics, &tested.sources, screen)?;
            return Err(Failure::no(format!("`{}` has problems: there is nothing to compare", file.display())));
        }
        compiled.push(tested);
    }
    let [before, after] = compiled.as_slice() else { return Ok(Exit::CouldNotRun) };
    let (before, after) = (the_mapping(before, &args.before)?, the_mapping(after, &args.after)?);
    let cases = compared(before, after, now);
    if args.json.json {
        screen.json(&cases.iter().map(case_json).collect::<Value>())?;
    } else {
        show(&cases, screen)?;
    }
    let same = cases.iter().all(|case| case.differences.is_empty());
    Ok(if same { Exit::Done } else { Exit::No })
}

fn the_mapping<'t>(tested: &'t Tested, file: &Path) -> Result<&'t Mapping, Failure> {
    let missing = || Failure::no(format!("`{}` is no mapping", file.display()));
    tested.mappings.iter().next().ok_or_else(missing)
}

/// The people of both files' tests; of two tests of one name that of the first file.
fn compared<'m>(before: &'m Mapping, after: &'m Mapping, now: Timestamp) -> Vec<Case<'m>> {
    let mut cases: Vec<Case<'m>> = Vec::new();
    for tests in [before, after] {
        let (old, new) = (before.outcomes_of(tests, now), after.outcomes_of(tests, now));
        for ((test, old), (_, new)) in old.iter().zip(&new) {
            if !cases.iter().any(|case| case.test == *test) {
                cases.push(Case { test, differences: differences(old, new) });
            }
        }
    }
    cases
}

fn show(cases: &[Case<'_>], screen: &mut Screen<'_>) -> std::io::Result<()> {
    let people = counted(cases.len(), "person of the tests", "people of the tests");
    let touched = cases.iter().filter(|case| !case.differences.is_empty()).count();
    if cases.is_empty() {
        return screen.line(styled(NOTE, "neither file has a test with attributes: there is nobody to compare"));
    }
    if touched == 0 {
        return screen.line(format!("{}  nothing differs for {people}", styled(GOOD, "same")));
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for difference in cases.iter().flat_map(|case| &case.differences) {
        *counts.entry(difference.to_string()).or_default() += 1;
    }
    screen.line(format!("{}  for {touched} of {people}:", styled(NOTE, "otherwise")))?;
    for (words, count) in &counts {
        screen.line(format!("  {count:>5}  {}", visible(words)))?;
    }
    for case in cases.iter().filter(|case| !case.differences.is_empty()) {
        screen.line(format!("\n{}", styled(STRONG, visible(case.test))))?;
        for difference in &case.differences {
            let values = difference.values().map(|values| format!("  {}", styled(FAINT, visible(&values))));
            screen.line(format!("  {}{}", visible(&difference.to_string()), values.unwrap_or_default()))?;
        }
    }
    Ok(())
}

fn case_json(case: &Case<'_>) -> Value {
    let differences: Vec<Value> = case
        .differences
        .iter()
        .map(|difference| json!({ "what": difference.to_string(), "values": difference.values() }))
        .collect();
    json!({ "test": case.test, "differences": differences })
}
