//! `drawbridge mapping new --from FILE`: a first mapping from a credential at hand.
//!
//! An assertion is read as it lies there, because one that is at hand has mostly ended; the file says that nobody has
//! verified it. A session is verified, because only its MAC says where its fields are.

use crate::config::{Environment, Extent, LoadError, Loaded, load};
use crate::credential::{saml, session};
use crate::decision::{Detail, Rejection as _, Trail};
use crate::diagnostic::{Color, Source, render};
use crate::ground::id::{ClientId, SourceId, TraceId};
use crate::ground::time::Timestamp;
use crate::import::{Draft, Seen, first, seen};
use crate::mapping::{CompileContext, TestReport, compile};

use super::super::args::{Form, MappingNewArgs};
use super::super::check::show_refused;
use super::super::exit::{Answer, Exit, Failure};
use super::super::report::{Shown, not_loaded, show_tests};
use super::super::screen::{Screen, visible};
use super::presented;

/// Writes the mapping to the screen.
pub(in crate::cli) fn run(
    args: &MappingNewArgs,
    environment: &dyn Environment,
    now: Timestamp,
    screen: &mut Screen<'_>,
) -> Answer {
    let now = match &args.now {
        Some(text) => Timestamp::parse_utc(text).map_err(|no| Failure::usage(format!("`--now {text}` is {no}")))?,
        None => now,
    };
    let presented = presented::load(&args.from)?;
    let configuration = load(&args.config.config, Extent::Revision, environment, now);
    let named = args.source.as_deref().or(presented.session.as_deref());
    let document = saml::decode(&presented.credential).ok().filter(|text| text.trim_start().starts_with('<'));
    let seen = match document {
        Some(text) => seen(&text).map_err(|error| {
            let place = if error.line == 0 { String::new() } else { format!(" line {}", error.line) };
            Failure::no(format!("`{}`{place}: {error}", args.from.display()))
        })?,
        None => match &configuration {
            Ok(loaded) => of_session(loaded, named, &presented.credential, now)?,
            Err(LoadError::Refused(refused)) => {
                show_refused(refused, Form::Text, Shown::Telling, screen)?;
                return Ok(Exit::No);
            }
            Err(error @ (LoadError::Unreadable { .. } | LoadError::Changing)) => return Err(not_loaded(error)),
        },
    };
    let draft = draft(args, named, configuration.as_ref().ok(), &seen);
    let text = draft.to_yaml();
    write!(screen.out, "{text}")?;
    judge(text, now, screen)
}

/// A session is what a source of the configuration proves.
fn of_session(loaded: &Loaded, named: Option<&str>, credential: &str, now: Timestamp) -> Result<Seen, Failure> {
    let Some(id) = named else {
        return Err(Failure::usage("this is no SAML assertion; a session needs its source")
            .help("name the session source with `--source ID`"));
    };
    let Some(source) = loaded.settings.sessions.get(&SourceId::new(id)) else {
        let known = loaded.settings.sessions.keys().map(SourceId::as_str);
        let near = crate::diagnostic::suggest(id, known);
        return Err(Failure::no(format!("there is no session source `{}`", visible(id))).did_you_mean(near));
    };
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), now, Detail::Explain);
    // How often it was used is not counted here, so it does not matter by whom.
    let identity = session::establish(credential, source, &ClientId::new("mapping-new"), now, &mut trail);
    let identity = identity.map_err(|rejection| {
        let code = rejection.code();
        Failure::no(format!("the session is refused: {code}"))
            .help(format!("`drawbridge explain {code}`; a session that has ended is read with `--now T`"))
    })?;
    Ok(Seen::of_facts(identity.facts()))
}

fn draft(args: &MappingNewArgs, named: Option<&str>, loaded: Option<&Loaded>, seen: &Seen) -> Draft {
    let trusted = loaded.and_then(|loaded| {
        let mut sources = loaded.settings.trust.iter();
        sources.find(|source| source.entity_id().as_str() == seen.issuer).map(|source| source.id().as_str().to_owned())
    });
    let source = named.map(str::to_owned).or(trusted);
    let id = args.id.clone().or_else(|| source.clone()).unwrap_or_else(|| "new".into());
    let draft = first(seen, &id, source.as_deref().unwrap_or("source"));
    match source {
        Some(source) => draft.for_source(&source),
        None => draft,
    }
}

/// The file is judged as `mapping test` would: what is written here loads, and its tests pass.
fn judge(text: String, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let file = Source::new("new.yaml", text);
    match compile(std::slice::from_ref(&file), &CompileContext::default()) {
        Ok(mappings) => {
            let tests = mappings.run_tests(now);
            if tests.iter().all(TestReport::passed) {
                return Ok(Exit::Done);
            }
            let mut err = Screen { out: &mut *screen.err, err: &mut std::io::sink() };
            show_tests(&tests, Shown::Telling, &mut err)?;
            Ok(Exit::No)
        }
        Err(problems) => {
            write!(screen.err, "{}", render(&problems, &[file], Color::Always))?;
            Ok(Exit::No)
        }
    }
}
