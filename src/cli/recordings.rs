//! `drawbridge recordings …`.

use serde_json::json;

use crate::ground::time::Timestamp;

use super::admin::beside::{Forget, Who};
use super::admin::{Answer as Answered, Request};
use super::args::RecordingsForgetArgs;
use super::exit::{Answer, Exit};
use super::report::counted;
use super::screen::Screen;
use super::state::{ask, of_another_version};

/// Removes what was recorded of a person.
pub(super) fn forget(args: &RecordingsForgetArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let who = match (&args.name_id, &args.value) {
        (Some(name_id), _) => Who::NameId(name_id.clone()),
        // The parser has seen to it that one of the two is there.
        (None, value) => Who::Value(value.clone().unwrap_or_default()),
    };
    let request = Request::Forget(Forget { source: args.source.clone(), who });
    let Answered::Forgot(answer) = ask(&args.state, &request, now)? else { return Err(of_another_version()) };
    if args.json.json {
        screen.json(&json!(answer))?;
    } else {
        let removed = usize::try_from(answer.removed).unwrap_or(usize::MAX);
        screen.line(format!("{} removed", counted(removed, "recording", "recordings")))?;
    }
    Ok(if answer.removed > 0 { Exit::Done } else { Exit::No })
}
