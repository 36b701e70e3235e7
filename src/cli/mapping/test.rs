//! `drawbridge mapping test [FILE…]`.

use crate::config::{Environment, test_mappings};
use crate::ground::time::Timestamp;
use crate::mapping::TestReport;

use super::super::args::{Form, MappingTestArgs};
use super::super::exit::{Answer, Exit};
use super::super::report::{files_json, not_loaded, show_diagnostics, show_sarif, show_tests};
use super::super::screen::Screen;

/// Runs the tests that are written in mapping files.
pub(in crate::cli) fn run(
    args: &MappingTestArgs,
    environment: &dyn Environment,
    now: Timestamp,
    screen: &mut Screen<'_>,
) -> Answer {
    let tested = test_mappings(&args.config.config, &args.files, environment, now);
    let tested = tested.map_err(|error| not_loaded(&error))?;
    let ok = !tested.diagnostics.has_errors() && tested.tests.iter().all(TestReport::passed);
    match args.form.form() {
        Form::Json => screen.json(&files_json(ok, &tested.diagnostics, &tested.tests))?,
        Form::Sarif => show_sarif(&tested.diagnostics, &tested.sources, &tested.tests, screen)?,
        Form::Text => {
            if !tested.diagnostics.is_empty() {
                show_diagnostics(&tested.diagnostics, &tested.sources, screen)?;
            }
            if !tested.diagnostics.has_errors() {
                show_tests(&tested.tests, screen)?;
            }
        }
    }
    Ok(if ok { Exit::Done } else { Exit::No })
}
