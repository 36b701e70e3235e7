//! `drawbridge mapping new --from FILE`: a first mapping from a credential at hand.
//!
//! An assertion is read as it lies there, because one that is at hand has mostly ended; the file says that nobody has
//! verified it. A session is verified, because only its MAC says where its fields are.

use crate::config::{Environment, KnownSources, LoadError, Refused, known_sources};
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
use super::super::fresh;
use super::super::report::{Shown, not_loaded, show_tests};
use super::super::screen::{Screen, visible};
use super::presented;

/// Writes the mapping to the screen, or into a file that was not there.
pub(in crate::cli) fn run(
    args: &MappingNewArgs,
    environment: &dyn Environment,
    now: Timestamp,
    screen: &mut Screen<'_>,
) -> Answer {
    let now = super::moment(args.now.as_deref(), now)?;
    let presented = presented::load(&args.from)?;
    let sources = known_sources(&args.config.config, environment, now);
    let named = args.source.as_deref().or(presented.session.as_deref());
    let document = saml::decode(&presented.credential).ok().filter(|text| text.trim_start().starts_with('<'));
    let draft = match document {
        Some(text) => {
            let seen = seen(&text).map_err(|error| {
                let place = if error.line == 0 { String::new() } else { format!(" line {}", error.line) };
                Failure::no(format!("`{}`{place}: {error}", args.from.display()))
            })?;
            of_assertion(args, named, &sources, &seen)
        }
        None => match of_session(args, named, sources, &presented.credential, now)? {
            Ok(draft) => draft,
            Err(refused) => {
                show_refused(&refused, Form::Text, Shown::Telling, screen)?;
                return Ok(Exit::No);
            }
        },
    };
    let text = draft.to_yaml();
    match &args.out {
        Some(path) => {
            fresh::write(path, &text, "write into another file with `--out FILE`")?;
            screen.line(path.display().to_string())?;
        }
        None => write!(screen.out, "{text}")?,
    }
    judge(text, now, screen)
}

/// The source of an assertion is the one with the entity ID of its issuer, as far as the configuration says so.
fn of_assertion(
    args: &MappingNewArgs,
    named: Option<&str>,
    sources: &Result<KnownSources, LoadError>,
    seen: &Seen,
) -> Draft {
    let path = args.config.config.display();
    let found = match sources {
        _ if named.is_some() => Err(String::new()),
        Ok(known) => match known.providers.iter().find(|(_, entity_id)| entity_id.as_str() == seen.issuer) {
            Some((id, _)) => Ok(id.as_str().to_owned()),
            None if known.diagnostics.has_errors() => Err(format!(
                "no identity provider of `{path}` that can be read has the entity ID of this issuer; `drawbridge check` \
                 says what is wrong"
            )),
            None => Err(format!("no identity provider of `{path}` has the entity ID of this issuer")),
        },
        Err(LoadError::Refused(_)) => Err(format!("`{path}` cannot be read as it is: `drawbridge check` says why")),
        Err(error @ (LoadError::Unreadable { .. } | LoadError::Changing)) => Err(error.to_string()),
    };
    match (named.map(str::to_owned), found) {
        (Some(source), _) | (None, Ok(source)) => begun(args, &source, seen).for_source(&source),
        (None, Err(why)) => {
            let id = args.id.as_deref().unwrap_or("new");
            Draft { guessed_because: Some(why), ..first(seen, id, "source") }
        }
    }
}

fn begun(args: &MappingNewArgs, source: &str, seen: &Seen) -> Draft {
    first(seen, args.id.as_deref().unwrap_or(source), source)
}

/// A session is what a source of the configuration proves. The inner error is what is wrong with that source.
fn of_session(
    args: &MappingNewArgs,
    named: Option<&str>,
    sources: Result<KnownSources, LoadError>,
    credential: &str,
    now: Timestamp,
) -> Result<Result<Draft, Box<Refused>>, Failure> {
    let no_saml = format!("`{}` is no SAML assertion", args.from.display());
    let needs = "a session token needs its source, `--source ID`, and the configuration where it stands, `--config F`";
    let Some(id) = named else { return Err(Failure::usage(no_saml).help(needs)) };
    let known = match sources {
        Ok(known) => known,
        Err(LoadError::Refused(refused)) => return Ok(Err(refused)),
        Err(error @ (LoadError::Unreadable { .. } | LoadError::Changing)) => {
            let failure = not_loaded(&error);
            let message = format!("{no_saml}, and {}", failure.message);
            return Err(Failure { message, ..failure }.help(needs));
        }
    };
    let Some(source) = known.sessions.get(&SourceId::new(id)) else {
        if known.diagnostics.has_errors() {
            let (diagnostics, sources) = (known.diagnostics, vec![known.file]);
            return Ok(Err(Box::new(Refused { diagnostics, sources, tests: Vec::new() })));
        }
        let near = crate::diagnostic::suggest(id, known.sessions.keys().map(SourceId::as_str));
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
    Ok(Ok(begun(args, id, &Seen::of_facts(identity.facts())).for_source(id)))
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
