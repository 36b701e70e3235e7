//! `drawbridge mapping shadow`.

use serde_json::json;

use crate::ground::time::Timestamp;

use super::super::admin::beside::ShadowRow;
use super::super::admin::{Answer as Answered, Request};
use super::super::args::MappingShadowArgs;
use super::super::exit::{Answer, Exit};
use super::super::report::counted;
use super::super::screen::{FAINT, GOOD, NOTE, STRONG, Screen, styled, visible};
use super::super::state::{ask, of_another_version};

/// Shows what the shadows of a running server have seen.
pub(in crate::cli) fn run(args: &MappingShadowArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let Answered::Shadows(answer) = ask(&args.state, &Request::Shadows, now)? else {
        return Err(of_another_version());
    };
    if args.json.json {
        screen.json(&json!(answer))?;
        return Ok(Exit::Done);
    }
    if answer.shadows.is_empty() {
        screen.line(styled(FAINT, "no shadow has run: write `stage: shadow` into a mapping, and wait for requests"))?;
    }
    for shadow in &answer.shadows {
        show(shadow, screen)?;
    }
    Ok(Exit::Done)
}

fn show(shadow: &ShadowRow, screen: &mut Screen<'_>) -> std::io::Result<()> {
    let total = counted_requests(shadow.same + shadow.differing);
    let (style, what) = match shadow.differing {
        0 => (GOOD, format!("the same for {total}")),
        differing => (NOTE, format!("otherwise for {differing} of {total}")),
    };
    screen.line(format!("{}  {}", styled(STRONG, visible(&shadow.mapping)), styled(style, what)))?;
    let mut differences: Vec<(&String, &u64)> = shadow.differences.iter().collect();
    differences.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    for (words, count) in differences {
        screen.line(format!("  {count:>7}  {}", visible(words)))?;
    }
    if let Some(last) = shadow.samples.last() {
        screen.line(styled(FAINT, format!("  for instance: drawbridge trace {last}")))?;
    }
    Ok(())
}

fn counted_requests(count: u64) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), "request", "requests")
}
