//! `drawbridge explain CODE`: reason codes of answers and codes of diagnostics.

use serde_json::json;

use crate::config::problem;
use crate::diagnostic::suggest;
use crate::ground::reason::{Reason, ReasonCode};

use super::args::ExplainArgs;
use super::exit::{Answer, Exit, Failure};
use super::screen::{FAINT, STRONG, Screen, styled, wrapped};

/// What is known of a code, whoever writes it.
struct Explained {
    code: String,
    /// What the caller of the token endpoint is told; `None` for a code of `check`.
    sentence: Option<&'static str>,
    cause: &'static str,
    remedy: &'static str,
    /// Where more is said.
    page: String,
}

/// Prints what the code means; an unknown one is answered with the nearest that is known.
pub(super) fn run(args: &ExplainArgs, screen: &mut Screen<'_>) -> Answer {
    let Some(explained) = find(&args.code) else {
        let known = Reason::ALL.iter().map(|reason| reason.code());
        let known = known.chain(problem::all().map(|problem| problem.code));
        return Err(match suggest(&args.code, known) {
            Some(near) => Failure::no(format!("there is no code `{}`", args.code)).did_you_mean(Some(near)),
            None => Failure::no(format!("there is no code `{}`", args.code))
                .help("the codes are listed in docs/reference/reasons.md and docs/reference/diagnostics/README.md"),
        });
    };
    if args.json.json {
        screen.json(&json!({
            "code": explained.code,
            "sentence": explained.sentence,
            "cause": explained.cause,
            "remedy": explained.remedy,
            "page": explained.page,
        }))?;
        return Ok(Exit::Done);
    }
    screen.line(styled(STRONG, &explained.code))?;
    let where_it_stands = match explained.sentence {
        Some(sentence) => format!("the caller is told: {sentence}"),
        None => "a problem in an operator's file, as drawbridge check reports it".to_owned(),
    };
    screen.line(format!("  {}", styled(FAINT, where_it_stands)))?;
    paragraph("What it means", explained.cause, screen)?;
    paragraph("What to do", explained.remedy, screen)?;
    screen.line(format!("\n{}", styled(FAINT, format!("more: {}", explained.page))))?;
    Ok(Exit::Done)
}

fn find(code: &str) -> Option<Explained> {
    if let Some(problem) = problem::find(code) {
        let (cause, remedy) = (problem.cause, problem.remedy);
        let page = page_of(problem.code);
        return Some(Explained { code: problem.code.to_owned(), sentence: None, cause, remedy, page });
    }
    let found = ReasonCode::parse(code)?;
    let reason = found.reason();
    Some(Explained {
        code: found.to_string(),
        sentence: Some(reason.sentence()),
        cause: reason.cause(),
        remedy: reason.remedy(),
        page: "docs/reference/reasons.md".to_owned(),
    })
}

/// The page of a problem in an operator's file, with an example.
pub(super) fn page_of(code: &str) -> String {
    format!("docs/reference/diagnostics/{code}.md")
}

fn paragraph(title: &str, text: &str, screen: &mut Screen<'_>) -> Result<(), Failure> {
    screen.line(format!("\n{}", styled(STRONG, title)))?;
    for line in wrapped(text, 96) {
        screen.line(format!("  {line}"))?;
    }
    Ok(())
}
