//! `drawbridge import KIND FILE…`: files of another product become mapping files.
//!
//! A mapping goes to the screen, several go into a folder. What could not be carried goes to the other stream, each with
//! its line, and stands as a comment at the top of the mapping. A mapping was written even where something was lost; `--strict` makes a loss a no.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::diagnostic::{Color, Diagnostics, Source, render, to_json};
use crate::import::{Draft, Imported, Loss, Weight, import};
use crate::mapping::{CompileContext, compile};

use super::args::ImportArgs;
use super::exit::{Answer, Exit, Failure};
use super::fresh;
use super::report::counted;
use super::screen::{FAINT, HINT, NOTE, STRONG, Screen, styled, visible};

/// More than any importer takes, so that the importers say themselves what is too large.
const MAX_BYTES: u64 = (16 << 20) + 1;

/// Reads the files, and writes the mappings.
pub(super) fn run(args: &ImportArgs, screen: &mut Screen<'_>) -> Answer {
    let texts = args.files.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut imported = import(args.kind.kind(), &texts).map_err(|error| {
        let place = if error.line == 0 { String::new() } else { format!(" line {}", error.line) };
        Failure::no(format!("`{}`{place}: {error}", shown(args, error.file)))
    })?;
    name(args, &mut imported)?;
    imported.tell(|loss| place(args, loss));
    let written = args.out.as_deref().map(|folder| write(folder, &imported.drafts)).transpose()?;
    let files: Vec<Source> =
        imported.drafts.iter().map(|draft| Source::new(file_name(draft), draft.to_yaml())).collect();
    let problems = problems(&files);
    if args.json.json {
        screen.json(&answer(args, &imported, &files, written.as_deref(), &problems))?;
    } else {
        match &written {
            Some(paths) => paths.iter().try_for_each(|path| screen.line(path.display().to_string()))?,
            None => files.iter().try_for_each(|file| write!(screen.out, "{}", file.text))?,
        }
        show_losses(args, &imported.losses, screen)?;
        if problems.has_errors() {
            writeln!(screen.err, "{}", render(&problems, &files, Color::Always))?;
            let hint = "this does not load yet: mend it as the messages say";
            writeln!(screen.err, "{}", styled(HINT, hint))?;
        }
    }
    let lost = args.strict && !imported.losses.is_empty();
    Ok(if lost || problems.has_errors() { Exit::No } else { Exit::Done })
}

/// The text of a file: UTF-8, or UTF-16 with its mark, as PowerShell writes what it shows.
fn read(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let failed = |error: std::io::Error| Failure::could_not_run(format!("`{shown}` cannot be read: {error}"));
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(unit).collect();
        String::from_utf16(&units).ok()
    };
    let text = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    };
    text.ok_or_else(|| Failure::no(format!("`{shown}` is not text")))
}

/// `--source` and `--id`: for one mapping, not for several.
fn name(args: &ImportArgs, imported: &mut Imported) -> Result<(), Failure> {
    let several = imported.drafts.len() > 1;
    for (option, given) in [("--id", &args.id), ("--source", &args.source)] {
        if several && given.is_some() {
            let message = format!("`{option}` names one mapping, and this makes {}", imported.drafts.len());
            return Err(Failure::usage(message).help("leave it out, and write it into the files"));
        }
    }
    if several && args.out.is_none() && !args.json.json {
        let message = format!("this makes {} mappings, and a file holds one", imported.drafts.len());
        return Err(Failure::usage(message).help("write them into a folder with `--out DIR`"));
    }
    let named = |draft: Draft| {
        let draft = Draft { id: args.id.clone().unwrap_or_else(|| draft.id.clone()), ..draft };
        match &args.source {
            Some(source) => draft.for_source(source),
            None => draft,
        }
    };
    imported.drafts = std::mem::take(&mut imported.drafts).into_iter().map(named).collect();
    match imported.drafts.iter().find(|draft| !is_file_name(&draft.id)) {
        Some(draft) if args.out.is_some() => {
            Err(Failure::usage(format!("`{}` cannot be the name of a file", visible(&draft.id))))
        }
        Some(_) | None => Ok(()),
    }
}

/// No way out of the folder.
fn is_file_name(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !id.is_empty() && !id.starts_with('.') && id.chars().all(plain)
}

fn file_name(draft: &Draft) -> String {
    format!("{}.yaml", draft.id)
}

/// Writes every mapping, or none where one is there already. The folder is made if it is not there.
fn write(folder: &Path, drafts: &[Draft]) -> Result<Vec<PathBuf>, Failure> {
    let paths: Vec<PathBuf> = drafts.iter().map(|draft| folder.join(file_name(draft))).collect();
    let help = "name the mapping otherwise with `--id ID`";
    if let Some(path) = paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(fresh::taken(path, help));
    }
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::could_not_run(format!("`{}` cannot be made: {error}", folder.display())))?;
    for (path, draft) in paths.iter().zip(drafts) {
        fresh::write(path, &draft.to_yaml(), help)?;
    }
    Ok(paths)
}

/// What `check` would say of the mappings by themselves, without what it says of every draft.
fn problems(files: &[Source]) -> Diagnostics {
    let mut all = Diagnostics::new();
    for file in files {
        if let Err(found) = compile(std::slice::from_ref(file), &CompileContext::default()) {
            all.extend(found);
        }
    }
    all
}

fn show_losses(args: &ImportArgs, losses: &[Loss], screen: &mut Screen<'_>) -> Result<(), Failure> {
    if losses.is_empty() {
        writeln!(screen.err, "{}", styled(FAINT, "everything was carried"))?;
        return Ok(());
    }
    let groups = [
        (Weight::Decide, "thing was not carried as it was", "things were not carried as they were", "decide on each"),
        (Weight::Know, "thing has no counterpart here", "things have no counterpart here", "for information"),
    ];
    for (weight, one, several, what_to_do) in groups {
        let group: Vec<&Loss> = losses.iter().filter(|loss| loss.weight == weight).collect();
        if group.is_empty() {
            continue;
        }
        let count = counted(group.len(), one, several);
        writeln!(screen.err, "{}", styled(NOTE, format!("{count} ({what_to_do}):")))?;
        for loss in group {
            let place = styled(STRONG, place(args, loss));
            writeln!(screen.err, "  {place}: {} – {}", visible(&loss.what), visible(&loss.why))?;
        }
    }
    Ok(())
}

/// Where a loss is in the old files.
fn place(args: &ImportArgs, loss: &Loss) -> String {
    let file = if args.files.len() > 1 { format!("{} ", shown(args, loss.file)) } else { String::new() };
    format!("{file}line {}", loss.line)
}

fn shown(args: &ImportArgs, file: usize) -> String {
    args.files.get(file).map(|path| path.display().to_string()).unwrap_or_default()
}

fn answer(
    args: &ImportArgs,
    imported: &Imported,
    files: &[Source],
    written: Option<&[PathBuf]>,
    problems: &Diagnostics,
) -> Value {
    let mapping = |(place, (draft, file)): (usize, (&Draft, &Source))| {
        let path = written.and_then(|paths| paths.get(place)).map(|path| path.display().to_string());
        json!({ "id": draft.id, "source": draft.source, "file": path, "text": file.text })
    };
    let loss = |loss: &Loss| {
        json!({
            "file": shown(args, loss.file),
            "line": loss.line,
            "mapping": loss.mapping.and_then(|place| imported.drafts.get(place)).map(|draft| &draft.id),
            "decide": loss.weight == Weight::Decide,
            "what": loss.what,
            "why": loss.why,
        })
    };
    json!({
        "mappings": imported.drafts.iter().zip(files).enumerate().map(mapping).collect::<Vec<_>>(),
        "losses": imported.losses.iter().map(loss).collect::<Vec<_>>(),
        "diagnostics": to_json(problems),
    })
}
