//! `drawbridge trace TRACE_ID`.

use serde_json::json;

use crate::ground::id::TraceId;
use crate::ground::time::Timestamp;

use super::admin::{Answer as Answered, Request};
use super::args::TraceArgs;
use super::exit::{Answer, Exit, Failure};
use super::screen::{FAINT, HINT, Screen, styled};
use super::state::{ask, of_another_version};
use super::view::show_record;

/// Prints the decision record of one request.
pub(super) fn run(args: &TraceArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let id = TraceId::parse(args.trace_id.trim()).ok_or_else(|| {
        Failure::usage(format!("`{}` is no trace id", args.trace_id))
            .help("it is the `trace_id` of the answer: 32 hexadecimal digits")
    })?;
    let Answered::Trace(traced) = ask(&args.state, &Request::Trace(id), now)? else {
        return Err(of_another_version());
    };
    if args.json.json {
        screen.json(&json!(traced))?;
        return Ok(Exit::Done);
    }
    show_record(&traced.record, traced.values.as_ref(), screen)?;
    if traced.uses > 1 {
        screen.line(format!("\n  {}", styled(FAINT, format!("use {} of its credential", traced.uses))))?;
    }
    if let Some(reason) = traced.record.get("reason").and_then(serde_json::Value::as_str) {
        screen.line(format!("\n{}", styled(HINT, format!("drawbridge explain {reason}"))))?;
    }
    Ok(Exit::Done)
}
