//! `drawbridge status`: how a running server is.

use serde_json::json;

use crate::ground::time::Timestamp;

use super::admin::{Answer as Answered, Request};
use super::args::StatusArgs;
use super::exit::{Answer, Exit};
use super::screen::{BAD, FAINT, GOOD, HINT, NOTE, Screen, styled, visible};
use super::state::{ask, of_another_version};

/// Shows whether it can issue, and how the last reload went.
pub(super) fn run(args: &StatusArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let Answered::Status(status) = ask(&args.state, &Request::Status, now)? else { return Err(of_another_version()) };
    let exit = if status.ready && status.reload_problems.is_empty() { Exit::Done } else { Exit::No };
    if args.json.json {
        screen.json(&json!(status))?;
        return Ok(exit);
    }
    match &status.store {
        None => screen.line(format!("{}  it can issue", styled(GOOD, "ready")))?,
        Some(why) => screen.line(format!("{}  {}", styled(BAD, "not ready"), visible(why)))?,
    }
    screen.line(format!("revision {}", visible(&status.revision)))?;
    let since = status.in_force_since.as_deref().unwrap_or("the start");
    screen.line(styled(FAINT, format!("in force since {since}")))?;
    if !status.reload_problems.is_empty() {
        let since = status.not_taken_since.as_deref().unwrap_or_default();
        let last = status.reloaded.as_deref().unwrap_or_default();
        let head = styled(NOTE, "the files on disk are not in force");
        screen.line(format!("{head}: since {since} they have problems, and the last good revision serves"))?;
        status.reload_problems.iter().try_for_each(|problem| screen.line(format!("  {}", visible(problem))))?;
        if since != last {
            screen.line(styled(FAINT, format!("last tried {last}")))?;
        }
        // That one hangs on what the store has, which `check` does not open.
        let in_files = |problem: &String| !problem.contains("[mapping.subject_rule_changed]");
        let problems = &status.reload_problems;
        let hint = if problems.iter().any(in_files) {
            "drawbridge check shows them with help"
        } else {
            "drawbridge explain mapping.subject_rule_changed"
        };
        screen.line(styled(HINT, hint))?;
    }
    Ok(exit)
}
