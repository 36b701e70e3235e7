//! Diagnostics and tests of files, for people and for programs.

use std::io;

use serde_json::{Value, json};

use crate::config::LoadError;
use crate::diagnostic::{Color, Diagnostics, Severity, Source, render, to_json};
use crate::mapping::TestReport;

use super::exit::Failure;
use super::sarif;
use super::screen::{BAD, FAINT, GOOD, STRONG, Screen, styled, visible};
use super::view::{StepView, show_steps};

/// The diagnostics as rustc would write them. Where the screen is no terminal the colours go on their way.
pub(super) fn show_diagnostics(
    diagnostics: &Diagnostics,
    sources: &[Source],
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    write!(screen.out, "{}", render(diagnostics, sources, Color::Always))
}

/// How much is shown of a test that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// The steps of what differs.
    Telling,
    /// Every step.
    All,
}

impl Shown {
    /// As `--verbose` has it.
    pub(super) const fn of(verbose: bool) -> Self {
        if verbose { Self::All } else { Self::Telling }
    }
}

/// Every test that failed, with what the mapping did; the others are counted.
pub(super) fn show_tests(tests: &[TestReport], shown: Shown, screen: &mut Screen<'_>) -> io::Result<()> {
    let mut left_out = false;
    for test in tests.iter().filter(|test| !test.passed()) {
        let place = format!("{}:{}", test.file, test.span.line);
        screen.line(format!(
            "{}  {} {}",
            styled(BAD, "FAIL"),
            styled(STRONG, visible(&test.name)),
            styled(FAINT, place)
        ))?;
        for difference in test.lines() {
            screen.line(format!("      {}", visible(&difference)))?;
        }
        let steps: Vec<StepView> = match shown {
            Shown::All => test.steps.iter().map(StepView::of_step).collect(),
            Shown::Telling => test.telling_steps().map(StepView::of_step).collect(),
        };
        left_out |= steps.len() < test.steps.len();
        show_steps(&steps, screen)?;
        screen.line("")?;
    }
    if left_out {
        screen.line(styled(FAINT, "`drawbridge mapping test --verbose` shows every step"))?;
    }
    let failed = tests.iter().filter(|test| !test.passed()).count();
    match (tests.len(), failed) {
        (0, _) => screen.line(styled(FAINT, "no test is written in the mappings")),
        (count, 0) => screen.line(format!("{}  {}", styled(GOOD, "ok"), counted(count, "test passed", "tests passed"))),
        (count, failed) => {
            screen.line(format!("{}  {failed} of {}", styled(BAD, "FAIL"), counted(count, "test", "tests")))
        }
    }
}

/// `1 test`, `2 tests`.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `1 error, 2 warnings`, or "no problems".
pub(super) fn summary(diagnostics: &Diagnostics) -> String {
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let words = [(count(Severity::Error), "error", "errors"), (count(Severity::Warning), "warning", "warnings")];
    let words: Vec<String> = words
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| counted(count, one, many))
        .collect();
    if words.is_empty() { "no problems".to_owned() } else { words.join(", ") }
}

/// What a program is told of files.
pub(super) fn files_json(ok: bool, diagnostics: &Diagnostics, tests: &[TestReport]) -> Value {
    json!({
        "ok": ok,
        "diagnostics": to_json(diagnostics),
        "tests": tests.iter().map(test_json).collect::<Vec<_>>(),
    })
}

fn test_json(test: &TestReport) -> Value {
    json!({
        "mapping": test.mapping.as_str(),
        "file": test.file,
        "line": test.span.line,
        "name": test.name,
        "passed": test.passed(),
        "differences": test.lines_for_files(),
    })
}

/// The same for forges and editors.
pub(super) fn show_sarif(
    diagnostics: &Diagnostics,
    sources: &[Source],
    tests: &[TestReport],
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    screen.json(&sarif::log(diagnostics, sources, tests, &std::env::current_dir()?))
}

/// What a command says when files cannot even be judged.
pub(super) fn not_loaded(error: &LoadError) -> Failure {
    let failure = Failure::could_not_run(error.to_string());
    match error {
        LoadError::Unreadable { .. } => failure.help("name another file with `--config F`"),
        LoadError::Changing => failure.help("wait until the deployment that writes them is done"),
        LoadError::Refused(_) => failure,
    }
}
