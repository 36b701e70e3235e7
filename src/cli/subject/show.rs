//! `drawbridge subject show` and `drawbridge subject unlink`.

use serde_json::json;

use crate::ground::time::Timestamp;

use super::super::admin::subject::{Called, LinkedRow, SubjectQuery, Unlink};
use super::super::admin::{Answer as Answered, Request};
use super::super::args::{SubjectShowArgs, SubjectUnlinkArgs, WhoseArgs};
use super::super::exit::{Answer, Exit, Failure};
use super::super::report::counted;
use super::super::screen::{FAINT, GOOD, HINT, NOTE, STRONG, Screen, styled, visible};
use super::super::state::{ask, of_another_version};

/// The `sub` of somebody, and the link that says so.
pub(in crate::cli) fn show(args: &SubjectShowArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let Answered::Subject(shown) = ask(&args.state, &Request::Subject(query(&args.whose)?), now)? else {
        return Err(of_another_version());
    };
    let exit = if shown.linked.is_empty() { Exit::No } else { Exit::Done };
    if args.json.json {
        screen.json(&json!(shown))?;
        return Ok(exit);
    }
    for row in &shown.linked {
        show_row(&shown.namespace, row, screen)?;
    }
    if shown.linked.is_empty() {
        screen.line(format!("nobody of `{}` who is called so has been given a token", visible(&shown.namespace)))?;
        match &shown.would_be {
            Some(sub) => {
                screen.line(format!("a first token would say {}", styled(STRONG, sub)))?;
                screen.line(styled(FAINT, "unless the mapping links the person to another source"))?;
            }
            None => screen.line(styled(HINT, "with `--format F` the sub of a first token can be told"))?,
        }
    }
    if shown.unreadable > 0 {
        let links = counted(usize::try_from(shown.unreadable).unwrap_or(usize::MAX), "link", "links");
        let what = format!("{links} of this source cannot be opened; `drawbridge store check` says why");
        screen.line(format!("{}  {what}", styled(NOTE, "note")))?;
    }
    Ok(exit)
}

fn show_row(namespace: &str, row: &LinkedRow, screen: &mut Screen<'_>) -> Result<(), Failure> {
    screen.line(format!("{}  {}", styled(STRONG, visible(&row.sub)), visible(&row.value)))?;
    let by = row.by.as_deref().map_or_else(|| "an administrator".to_owned(), |by| format!("request {by}"));
    let [name, sp_name] = &row.qualifiers;
    let facts = [
        ("namespace", namespace),
        ("format", row.format.as_str()),
        ("name_qualifier", name),
        ("sp_name_qualifier", sp_name),
        ("linked", row.made.as_str()),
        ("by", &by),
        ("key", &row.key),
    ];
    for (label, value) in facts.into_iter().filter(|(_, value)| !value.is_empty()) {
        screen.line(format!("  {}  {}", styled(FAINT, format!("{label:17}")), visible(value)))?;
    }
    Ok(())
}

/// Removes the link of somebody, if it has the `sub` that is named.
pub(in crate::cli) fn unlink(args: &SubjectUnlinkArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let request = Request::Unlink(Unlink { whose: query(&args.whose)?, sub: args.sub.clone() });
    let Answered::Unlink(unlinked) = ask(&args.state, &request, now)? else {
        return Err(of_another_version());
    };
    if args.json.json {
        screen.json(&json!(unlinked))?;
        return Ok(Exit::Done);
    }
    let links = counted(usize::try_from(unlinked.unlinked).unwrap_or(usize::MAX), "link", "links");
    screen.line(format!("{} {links}", styled(GOOD, "removed")))?;
    screen.line("the next token of that person makes a link anew; what APIs keep under the old sub stays with them")?;
    Ok(Exit::Done)
}

fn query(whose: &WhoseArgs) -> Result<SubjectQuery, Failure> {
    let called = match (&whose.name_id, &whose.value) {
        (Some(value), None) => Called::NameId { value: value.clone(), format: whose.format.clone() },
        (None, Some(value)) => Called::Mapped(value.clone()),
        // The command line lets neither through.
        (_, _) => return Err(Failure::usage("name the person with `--name-id` or with `--value`")),
    };
    Ok(SubjectQuery { source: whose.source.clone(), namespace: whose.namespace.clone(), called })
}
