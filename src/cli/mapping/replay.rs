//! `drawbridge mapping replay --with FILE`: what a server has recorded, against an edited mapping.

use std::path::Path;

use serde_json::json;

use crate::config::{ProcessEnvironment, test_mappings};
use crate::ground::time::Timestamp;

use super::super::admin::beside::{Edited, EditedFile, Replayed};
use super::super::admin::{Answer as Answered, Request};
use super::super::args::MappingReplayArgs;
use super::super::exit::{Answer, Exit, Failure};
use super::super::report::{counted, not_loaded, show_diagnostics};
use super::super::screen::{FAINT, GOOD, NOTE, Screen, styled, visible};
use super::super::state::{ask, of_another_version};

/// Asks the server, and shows what would change and for how many people.
pub(in crate::cli) fn run(args: &MappingReplayArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let files = std::slice::from_ref(&args.with);
    let tested = test_mappings(&args.state.config, files, &ProcessEnvironment, now);
    let tested = tested.map_err(|error| not_loaded(&error))?;
    if tested.diagnostics.has_errors() {
        show_diagnostics(&tested.diagnostics, &tested.sources, screen)?;
        return Err(Failure::no(format!("`{}` has problems: it cannot be tried", args.with.display())));
    }
    // The first is the configuration, where it could be read; the server has its own.
    let is_configuration = |path: &str| Path::new(path) == args.state.config;
    let files = tested.sources.iter().filter(|source| !is_configuration(&source.path));
    let file = |source: &crate::diagnostic::Source| EditedFile { path: source.path.clone(), text: source.text.clone() };
    let request = Request::Replay(Edited { files: files.map(file).collect() });
    let Answered::Replay(answer) = ask(&args.state, &request, now)? else { return Err(of_another_version()) };
    if args.json.json {
        screen.json(&json!(answer))?;
    } else {
        show(&answer, screen)?;
    }
    Ok(if answer.changes.is_empty() { Exit::Done } else { Exit::No })
}

fn show(answer: &Replayed, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let requests = count(answer.requests, "recorded request", "recorded requests");
    let people = counted(answer.people, "person", "people");
    if answer.unreadable > 0 {
        let recordings = count(answer.unreadable, "recording", "recordings");
        screen.line(styled(NOTE, format!("{recordings} cannot be read: sealed under another key, or damaged")))?;
    }
    if answer.requests == 0 {
        return screen
            .line(styled(NOTE, "nothing is recorded that this mapping applies to: `recordings: { keep: 24h }`"));
    }
    if answer.changes.is_empty() {
        screen.line(format!("{}  nothing differs for {requests} of {people}", styled(GOOD, "same")))?;
    } else {
        let otherwise = answer.requests - answer.same;
        screen.line(format!("{}  {otherwise} of {requests} of {people}:", styled(NOTE, "otherwise")))?;
    }
    for change in &answer.changes {
        let requests = count(change.requests, "request", "requests");
        let people = counted(change.people, "person", "people");
        screen.line(format!("  {}  {}", visible(&change.what), styled(FAINT, format!("{requests}, {people}"))))?;
        for (trace_id, person) in &change.examples {
            screen.line(styled(FAINT, format!("      drawbridge trace {trace_id}  (person {person})")))?;
        }
    }
    if answer.redacted > 0 {
        let requests = count(answer.redacted, "request", "requests");
        screen.line(styled(
            FAINT,
            format!("of {requests} attributes are redacted: what those would change is not known"),
        ))?;
    }
    Ok(())
}

fn count(count: u64, one: &str, many: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), one, many)
}
