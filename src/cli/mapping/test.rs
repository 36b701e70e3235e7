//! `drawbridge mapping test [FILE…]`.

use std::io;

use serde_json::{Value, json};

use crate::config::{Environment, Extent, load, test_mappings};
use crate::diagnostic::Diagnostics;
use crate::ground::time::Timestamp;
use crate::mapping::{Coverage, Mapping, TestReport};

use super::super::args::{Form, MappingTestArgs};
use super::super::exit::{Answer, Exit};
use super::super::report::{Shown, counted, files_json, not_loaded, show_diagnostics, show_sarif, show_tests, summary};
use super::super::screen::{BAD, FAINT, GOOD, NOTE, STRONG, Screen, styled, visible};
use super::recorded;

/// Runs the tests that are written in mapping files.
pub(in crate::cli) fn run(
    args: &MappingTestArgs,
    environment: &dyn Environment,
    now: Timestamp,
    screen: &mut Screen<'_>,
) -> Answer {
    let tested = test_mappings(&args.config.config, &args.files, environment, now);
    let mut tested = tested.map_err(|error| not_loaded(&error))?;
    let has_recorded = tested.mappings.iter().any(|mapping| mapping.recorded_tests().next().is_some());
    if has_recorded {
        tested.tests.extend(match load(&args.config.config, Extent::Revision, environment, now) {
            Ok(loaded) => recorded::run(&tested.mappings, &loaded, now),
            Err(error) => recorded::without(&tested.mappings, &format!("the configuration does not load: {error}")),
        });
    }
    let coverage = if args.coverage { tested.mappings.coverage(&tested.tests) } else { Vec::new() };
    let missed = coverage.iter().any(|of| !of.missed.is_empty());
    let ok = !tested.diagnostics.has_errors() && tested.tests.iter().all(TestReport::passed) && !missed;
    match args.form.form() {
        Form::Json => {
            let mut json = files_json(ok, &tested.diagnostics, &tested.tests);
            if let Some(fields) = json.as_object_mut().filter(|_| args.coverage) {
                fields.insert("coverage".into(), coverage.iter().map(coverage_json).collect());
            }
            screen.json(&json)?;
        }
        Form::Sarif => show_sarif(&tested.diagnostics, &tested.sources, &tested.tests, screen)?,
        Form::Text => {
            if !tested.diagnostics.is_empty() {
                show_diagnostics(&tested.diagnostics, &tested.sources, screen)?;
            }
            if !tested.diagnostics.has_errors() {
                let mut untested =
                    tested.mappings.iter().filter(|mapping| !has_tests(mapping, &tested.tests)).peekable();
                if !tested.tests.is_empty() || untested.peek().is_none() {
                    show_tests(&tested.tests, Shown::of(args.verbose), screen)?;
                }
                untested.try_for_each(|mapping| show_untested(mapping, &tested.diagnostics, screen))?;
                coverage.iter().try_for_each(|of| show_coverage(of, screen))?;
            }
        }
    }
    Ok(if ok { Exit::Done } else { Exit::No })
}

fn has_tests(mapping: &Mapping, tests: &[TestReport]) -> bool {
    tests.iter().any(|test| test.mapping == *mapping.id())
}

/// What can be said of a mapping without tests.
fn show_untested(mapping: &Mapping, diagnostics: &Diagnostics, screen: &mut Screen<'_>) -> io::Result<()> {
    let mut of_file = Diagnostics::new();
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.file == mapping.path()) {
        of_file.push(diagnostic.clone());
    }
    let name = styled(STRONG, mapping.id());
    screen.line(format!("{}  {name}: {}; it has no tests yet", styled(GOOD, "ok"), summary(&of_file)))
}

fn show_coverage(of: &Coverage, screen: &mut Screen<'_>) -> io::Result<()> {
    let file = styled(FAINT, visible(&of.file));
    let name = styled(STRONG, &of.mapping);
    if of.missed.is_empty() {
        let rules = counted(of.rules, "rule", "rules");
        return screen.line(format!("{}  {name}: the tests reach all of {rules}  {file}", styled(GOOD, "ok")));
    }
    let reached = of.rules - of.missed.len();
    let rules = counted(of.rules, "rule", "rules");
    screen.line(format!("{}  {name}: the tests reach {reached} of {rules}  {file}", styled(BAD, "no")))?;
    of.missed.iter().try_for_each(|rule| screen.line(format!("    {}  {}", styled(NOTE, "missed"), visible(rule))))
}

fn coverage_json(of: &Coverage) -> Value {
    json!({ "mapping": of.mapping.as_str(), "file": of.file, "rules": of.rules, "missed": of.missed })
}
