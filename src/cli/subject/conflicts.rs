//! `drawbridge subject conflicts` and `drawbridge subject resolve`.

use serde_json::json;

use crate::ground::time::Timestamp;

use super::super::admin::subject::{ConflictRow, Resolve};
use super::super::admin::{Answer as Answered, Request};
use super::super::args::{SubjectConflictsArgs, SubjectResolveArgs};
use super::super::exit::{Answer, Exit, Failure};
use super::super::report::counted;
use super::super::screen::{FAINT, GOOD, HINT, NOTE, STRONG, Screen, styled, visible};
use super::super::state::{ask, of_another_version};

/// Lists the conflicts that wait.
pub(in crate::cli) fn list(args: &SubjectConflictsArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let Answered::Conflicts(shown) = ask(&args.state, &Request::Conflicts, now)? else {
        return Err(of_another_version());
    };
    if args.json.json {
        screen.json(&json!(shown))?;
        return Ok(Exit::Done);
    }
    if shown.conflicts.is_empty() {
        screen.line(styled(FAINT, "no conflict waits"))?;
    }
    for conflict in &shown.conflicts {
        show(conflict, screen)?;
    }
    if let Some(ConflictRow { id, .. }) = shown.conflicts.first() {
        screen.line(styled(HINT, format!("drawbridge subject resolve {id} --keep SUB")))?;
        screen.line(styled(FAINT, "SUB is one of the two: usually the older one, which APIs know"))?;
    }
    Ok(Exit::Done)
}

fn show(conflict: &ConflictRow, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let times = counted(usize::try_from(conflict.count).unwrap_or(usize::MAX), "time", "times");
    screen.line(format!("{}  seen {times}, last {}", styled(STRONG, &conflict.id), conflict.last_seen))?;
    for side in &conflict.sides {
        let since = side.since.as_deref().map_or("no longer linked".to_owned(), |since| format!("since {since}"));
        let faint = format!("{}  {since}", visible(&side.namespace));
        screen.line(format!("  {}  {}", visible(&side.sub), styled(FAINT, faint)))?;
    }
    screen.line(styled(FAINT, format!("  drawbridge trace {}", conflict.trace_id)))?;
    screen.line("")?;
    Ok(())
}

/// Ends a conflict: both links get the `sub` that is kept, or it is taken from the list.
pub(in crate::cli) fn resolve(args: &SubjectResolveArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let request = Request::Resolve(Resolve { conflict: args.conflict.clone(), keep: args.keep.clone() });
    let Answered::Resolve(resolved) = ask(&args.state, &request, now)? else {
        return Err(of_another_version());
    };
    if args.json.json {
        screen.json(&json!(resolved))?;
        return Ok(Exit::Done);
    }
    let (Some(kept), Some(given_up)) = (&resolved.kept, &resolved.given_up) else {
        screen.line(format!(
            "{} {}; it comes back if it is seen again",
            styled(GOOD, "forgotten"),
            resolved.resolved
        ))?;
        return Ok(Exit::Done);
    };
    screen.line(format!("{}  both identifiers are {} now", styled(GOOD, "resolved"), styled(STRONG, visible(kept))))?;
    screen.line(format!("what APIs keep under {} is not moved: tell those who run them", visible(given_up)))?;
    if resolved.still_there > 0 {
        let links = counted(usize::try_from(resolved.still_there).unwrap_or(usize::MAX), "other link", "other links");
        let what = format!("{links} still {} it", if resolved.still_there == 1 { "has" } else { "have" });
        screen.line(format!("{}  {what}", styled(NOTE, "note")))?;
    }
    Ok(Exit::Done)
}
