//! `drawbridge trace TRACE_ID`.

use serde_json::{Value, json};

use crate::ground::id::TraceId;
use crate::ground::time::Timestamp;

use super::admin::{Answer as Answered, Request};
use super::args::TraceArgs;
use super::exit::{Answer, Exit, Failure};
use super::screen::{FAINT, HINT, NOTE, Screen, styled, visible};
use super::state::{Session, of_another_version};
use super::view::show_record;

/// Prints the decision record of one request.
pub(super) fn run(args: &TraceArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let id = TraceId::parse(args.trace_id.trim()).ok_or_else(|| {
        Failure::usage(format!("`{}` is no trace id", args.trace_id))
            .help("it is the `trace_id` of the answer: 32 hexadecimal digits")
    })?;
    let mut session = Session::begin(&args.state, now)?;
    let Answered::Trace(traced) = session.ask(&Request::Trace(id))? else {
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
    if traced.record.get("outcome").is_some_and(|outcome| outcome != "issued") {
        show_other_files(&traced.record, &mut session, screen)?;
    }
    if let Some(reason) = traced.record.get("reason").and_then(Value::as_str) {
        screen.line(format!("\n{}", styled(HINT, format!("drawbridge explain {reason}"))))?;
    }
    Ok(Exit::Done)
}

/// Whoever mended a file and is refused as before wants to know that the file is not in force. A server knows.
fn show_other_files(record: &Value, session: &mut Session<'_>, screen: &mut Screen<'_>) -> Result<(), Failure> {
    if !session.is_server() {
        return Ok(());
    }
    // The trace is what was asked for: it is shown whatever comes of this.
    let Ok(Answered::Status(status)) = session.ask(&Request::Status) else { return Ok(()) };
    if status.reload_problems.is_empty() {
        return Ok(());
    }
    let revision = record.get("revision").and_then(Value::as_str).unwrap_or("unknown");
    let judged = format!("judged by revision {}; the files on disk are others, not in force:", visible(revision));
    screen.line(format!("\n{} {}", styled(NOTE, judged), styled(HINT, "drawbridge status")))?;
    Ok(())
}
