//! `drawbridge check`.

use std::io;

use serde_json::Value;

use crate::config::{Environment, Extent, LoadError, Loaded, Refused, load};
use crate::ground::time::Timestamp;
use crate::mapping::TestReport;

use super::args::{CheckArgs, Form};
use super::exit::{Answer, Exit};
use super::mapping::recorded;
use super::report::{Shown, counted, files_json, not_loaded, show_diagnostics, show_sarif, show_tests, summary};
use super::screen::{BAD, FAINT, GOOD, STRONG, Screen, styled};

/// Judges the configuration and everything that it names, as a server would before it starts.
pub(super) fn run(args: &CheckArgs, environment: &dyn Environment, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let shown = Shown::of(args.verbose);
    match load(&args.config.config, Extent::Start, environment, now) {
        Ok(mut loaded) => {
            let recorded = recorded(&loaded.mappings, &loaded, now);
            loaded.tests.extend(recorded);
            if !loaded.tests.iter().all(TestReport::passed) {
                let Loaded { warnings: diagnostics, sources, tests, .. } = loaded;
                show_refused(&Refused { diagnostics, sources, tests }, args.form.form(), shown, screen)?;
                return Ok(Exit::No);
            }
            match args.form.form() {
                Form::Text => show_loaded(&loaded, screen)?,
                Form::Json => screen.json(&loaded_json(&loaded))?,
                Form::Sarif => show_sarif(&loaded.warnings, &loaded.sources, &loaded.tests, screen)?,
            }
            Ok(Exit::Done)
        }
        Err(LoadError::Refused(refused)) => {
            show_refused(&refused, args.form.form(), shown, screen)?;
            Ok(Exit::No)
        }
        Err(error @ (LoadError::Unreadable { .. } | LoadError::Changing)) => Err(not_loaded(&error)),
    }
}

fn loaded_json(loaded: &Loaded) -> Value {
    let mut json = files_json(true, &loaded.warnings, &loaded.tests);
    if let Some(fields) = json.as_object_mut() {
        fields.insert("revision".into(), loaded.revision.as_str().into());
    }
    json
}

fn show_loaded(loaded: &Loaded, screen: &mut Screen<'_>) -> io::Result<()> {
    let settings = &loaded.settings;
    if !loaded.warnings.is_empty() {
        show_diagnostics(&loaded.warnings, &loaded.sources, screen)?;
        screen.line("")?;
    }
    let ok = styled(GOOD, "ok");
    let parts = [
        (settings.trust.iter().count(), "identity provider", "identity providers"),
        (settings.sessions.len(), "session source", "session sources"),
        (settings.policy.clients().count(), "client", "clients"),
        (settings.policy.apis().count(), "API", "APIs"),
        (loaded.mappings.iter().count(), "mapping", "mappings"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| counted(count, one, many))
        .collect();
    screen.line(format!("{ok}  {}: {}", styled(STRONG, settings.issuer.as_str()), parts.join(", ")))?;
    show_tests(&loaded.tests, Shown::Telling, screen)?;
    screen.line(format!("{ok}  {}", summary(&loaded.warnings)))?;
    screen.line(styled(FAINT, format!("revision {}", loaded.revision)))
}

/// Every problem and every failing test of a set that cannot be taken.
pub(super) fn show_refused(refused: &Refused, form: Form, shown: Shown, screen: &mut Screen<'_>) -> io::Result<()> {
    match form {
        Form::Text => {}
        Form::Json => return screen.json(&files_json(false, &refused.diagnostics, &refused.tests)),
        Form::Sarif => return show_sarif(&refused.diagnostics, &refused.sources, &refused.tests, screen),
    }
    show_diagnostics(&refused.diagnostics, &refused.sources, screen)?;
    if !refused.tests.is_empty() {
        screen.line("")?;
        show_tests(&refused.tests, shown, screen)?;
    }
    screen.line(format!("{}  this set of files would be refused", styled(BAD, "no")))?;
    screen.line(styled(FAINT, "drawbridge explain CODE says more of a code in brackets"))
}
