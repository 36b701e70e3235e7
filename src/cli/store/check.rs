//! `drawbridge store check`.

use serde_json::json;

use crate::ground::time::Timestamp;

use super::super::admin::{Answer as Answered, Request, transfer::Checked};
use super::super::args::StoreCheckArgs;
use super::super::exit::{Answer, Exit};
use super::super::screen::{BAD, FAINT, GOOD, Screen, columns, styled, visible};
use super::super::state::{ask, of_another_version};

/// Reads everything, and says what there is.
pub(in crate::cli) fn run(args: &StoreCheckArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let Answered::Check(checked) = ask(&args.state, &Request::Check, now)? else {
        return Err(of_another_version());
    };
    let exit = if checked.problem_count == 0 { Exit::Done } else { Exit::No };
    if args.json.json {
        screen.json(&json!(checked))?;
        return Ok(exit);
    }
    for line in columns(&rows(&checked)) {
        screen.line(line)?;
    }
    for problem in &checked.problems {
        screen.line(format!("{}  {}", styled(BAD, "FAIL"), visible(problem)))?;
    }
    let named = checked.problems.len() as u64;
    if checked.problem_count > named {
        screen.line(styled(FAINT, format!("and {} more", checked.problem_count - named)))?;
    }
    if checked.problem_count == 0 {
        screen.line(format!(
            "{}  everything can be read, and every link is of the identifier in it",
            styled(GOOD, "ok")
        ))?;
    }
    Ok(exit)
}

fn rows(checked: &Checked) -> Vec<Vec<String>> {
    let row = |what: String, count: u64| vec![what, count.to_string()];
    let mut rows = vec![row("links".to_owned(), checked.links)];
    rows.extend(checked.links_by_namespace.iter().map(|(name, count)| row(format!("  {}", visible(name)), *count)));
    rows.extend([
        row("conflicts that wait".to_owned(), checked.conflicts),
        row("decision records".to_owned(), checked.records),
        row("recordings".to_owned(), checked.recordings),
        row("keys".to_owned(), checked.sealed),
        row("sources without trust".to_owned(), checked.distrusted),
    ]);
    rows
}
