//! `drawbridge distrust SOURCE`.

use serde_json::json;

use crate::ground::time::Timestamp;

use super::admin::{Answer as Answered, Distrust, Request};
use super::args::DistrustArgs;
use super::exit::{Answer, Exit};
use super::screen::{BAD, GOOD, HINT, Screen, styled, visible};
use super::state::{ask, of_another_version};

/// Ends the trust in a source, or restores it.
pub(super) fn run(args: &DistrustArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let request = Request::Distrust(Distrust { source: args.source.clone(), undo: args.undo });
    let Answered::Distrust(answer) = ask(&args.state, &request, now)? else {
        return Err(of_another_version());
    };
    if args.json.json {
        screen.json(&json!(answer))?;
        return Ok(Exit::Done);
    }
    let source = visible(&answer.source);
    let (style, what) = match (answer.distrusted, answer.changed) {
        (true, true) => (BAD, "is no longer trusted"),
        (true, false) => (BAD, "was not trusted before, and is not now"),
        (false, true) => (GOOD, "is trusted again"),
        (false, false) => (GOOD, "was trusted before, and still is"),
    };
    screen.line(format!("`{source}` {}", styled(style, what)))?;
    if answer.distrusted {
        screen.line("its credentials are refused with source.distrusted, also after a restart; tokens that were issued live to their end")?;
        screen.line(styled(HINT, format!("drawbridge distrust {source} --undo")))?;
    }
    Ok(Exit::Done)
}
