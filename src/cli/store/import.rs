//! `drawbridge store import`.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::ground::time::Timestamp;
use crate::store::MAX_RELINKS;

use super::super::admin::transfer::{ImportPart, Imported, LinkLine, Transfer};
use super::super::admin::{Answer as Answered, Request};
use super::super::args::StoreImportArgs;
use super::super::exit::{Answer, Exit, Failure};
use super::super::report::counted;
use super::super::screen::{BAD, FAINT, GOOD, Screen, styled, visible};
use super::super::state::{Session, of_another_version};

/// Texts of one part in bytes; sealed they are a little longer, and still far within what one step may write.
const PART_BYTES: usize = 64 * 1024;
/// So many contradictions are shown; the others are counted.
const SHOWN: usize = 20;

/// Takes the links of an export over, if its signature is trusted and nothing contradicts what is there.
pub(in crate::cli) fn run(args: &StoreImportArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let mut session = Session::begin(&args.state, now)?;
    let text = read(&args.file)?;
    let jwks = trusted_keys(args, &mut session)?;
    let transfer = Transfer::read(&text, &jwks).map_err(|error| {
        Failure::no(format!("`{}`: {error}", args.file.display()))
            .help("an export is signed by the bridge that wrote it: name that bridge's keys with `--jwks FILE`")
    })?;
    // First everything is compared, then everything is written: a file with one contradiction changes nothing.
    let compared = every_part(&transfer, true, &mut session)?;
    let contradicts = !compared.contradictions.is_empty();
    let imported = if args.dry_run || contradicts { compared } else { every_part(&transfer, false, &mut session)? };
    let exit = if contradicts { Exit::No } else { Exit::Done };
    if args.json.json {
        let written = !args.dry_run && !contradicts;
        screen.json(&json!({
            "issuer": transfer.issuer,
            "written": written,
            "new_links": imported.new_links,
            "same_links": imported.same_links,
            "new_distrust": imported.new_distrust,
            "contradictions": imported.contradictions,
        }))?;
        return Ok(exit);
    }
    show(args, &transfer, &imported, screen)?;
    Ok(exit)
}

fn read(path: &Path) -> Result<String, Failure> {
    let unread = |why: String| Failure::could_not_run(format!("cannot read `{}`: {why}", path.display()));
    fs::read_to_string(path).map_err(|error| unread(error.to_string()))
}

/// The keys of a file, or our own: an export of this very bridge comes back.
fn trusted_keys(args: &StoreImportArgs, session: &mut Session<'_>) -> Result<String, Failure> {
    if let Some(path) = &args.jwks {
        return read(path);
    }
    let Answered::Jwks(published) = session.ask(&Request::Jwks)? else {
        return Err(of_another_version());
    };
    Ok(published.jwks.to_string())
}

fn every_part(transfer: &Transfer, dry_run: bool, session: &mut Session<'_>) -> Result<Imported, Failure> {
    let mut imported = Imported::default();
    let mut parts = parts_of(&transfer.links);
    parts.resize(parts.len().max(1), &[]);
    for (place, links) in parts.into_iter().enumerate() {
        let distrust = if place == 0 { transfer.distrust.clone() } else { Vec::new() };
        let part = ImportPart { dry_run, links: links.to_vec(), distrust };
        let Answered::Import(answered) = session.ask(&Request::Import(part))? else {
            return Err(of_another_version());
        };
        imported = imported.and(answered);
    }
    Ok(imported)
}

/// As many links as one step takes.
fn parts_of(links: &[LinkLine]) -> Vec<&[LinkLine]> {
    let length = |link: &LinkLine| link.value.len() + link.namespace.len() + link.format.len() + link.sub.len();
    let (mut parts, mut rest) = (Vec::new(), links);
    while !rest.is_empty() {
        let (mut count, mut bytes) = (0, 0);
        for link in rest.iter().take(MAX_RELINKS) {
            bytes += length(link);
            if count > 0 && bytes > PART_BYTES {
                break;
            }
            count += 1;
        }
        let (part, behind) = rest.split_at(count);
        parts.push(part);
        rest = behind;
    }
    parts
}

fn show(
    args: &StoreImportArgs,
    transfer: &Transfer,
    imported: &Imported,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let count = |count: u64, one: &str, many: &str| counted(usize::try_from(count).unwrap_or(usize::MAX), one, many);
    let issuer = transfer.issuer.as_deref().unwrap_or("a bridge that does not say its name");
    let same = format!("{} there already", imported.same_links);
    let new = count(imported.new_links, "link is new", "links are new");
    if !imported.contradictions.is_empty() {
        let contradictions = imported.contradictions.len();
        let what = counted(contradictions, "link is here with another sub", "links are here with another sub");
        screen.line(format!("{}  nothing was written: {what}", styled(BAD, "no")))?;
        for one in imported.contradictions.iter().take(SHOWN) {
            let (here, there) = (visible(&one.here), visible(&one.there));
            screen.line(format!("    {}: here {here}, in the file {there}", visible(&one.namespace)))?;
        }
        if contradictions > SHOWN {
            screen.line(styled(FAINT, format!("    and {} more", contradictions - SHOWN)))?;
        }
        return Ok(());
    }
    let what = if args.dry_run { "would be imported" } else { "imported" };
    screen.line(format!("{} from {}: {new}, {same}", styled(GOOD, what), visible(issuer)))?;
    if imported.new_distrust > 0 {
        let sources = count(imported.new_distrust, "source", "sources");
        screen.line(format!("trust ends in {sources} that had it here"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(value: &str) -> LinkLine {
        LinkLine {
            namespace: "n".into(),
            format: "f".into(),
            name_qualifier: String::new(),
            sp_name_qualifier: String::new(),
            value: value.into(),
            sub: "s".into(),
            made: "2026-03-01T12:00:00Z".into(),
        }
    }

    #[test]
    fn parts_are_small_enough_and_leave_nothing_out() {
        let long = "x".repeat(PART_BYTES - 100);
        let short: Vec<LinkLine> = (0..130).map(|number| link(&number.to_string())).collect();
        let mixed = [vec![link(&long)], vec![link("a"); 3], vec![link(&long); 2]].concat();
        for (links, sizes) in [(&short, vec![64, 64, 2]), (&mixed, vec![4, 1, 1]), (&Vec::new(), vec![])] {
            let parts = parts_of(links);
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), sizes);
            assert_eq!(parts.concat(), *links);
        }
    }
}
