//! `drawbridge store export`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::ground::time::Timestamp;

use super::super::admin::transfer::{End, Passing};
use super::super::args::StoreExportArgs;
use super::super::exit::{Answer, Exit, Failure};
use super::super::report::counted;
use super::super::screen::{GOOD, Screen, styled};
use super::super::state::Session;

/// Writes every link, with what each source calls the person, and every mark of distrust.
pub(in crate::cli) fn run(args: &StoreExportArgs, now: Timestamp, screen: &mut Screen<'_>) -> Answer {
    let mut session = Session::begin(&args.state, now)?;
    let Some(path) = &args.out else {
        // Into a pipe or onto a screen: whether it is whole is known at the end only.
        let mut buffer = Checked { passing: Passing::begin(), out: screen.out };
        session.export(&mut buffer)?;
        buffer.end()?;
        return Ok(Exit::Done);
    };
    let beside = beside(path);
    let written = write(&mut session, &beside).and_then(|end| {
        fs::rename(&beside, path)?;
        Ok(end)
    });
    let end = written.inspect_err(|_| {
        // Half an export is worth nothing; where even this fails, its last line says so.
        let _ = fs::remove_file(&beside);
    })?;
    let links = counted(usize::try_from(end.links).unwrap_or(usize::MAX), "link", "links");
    screen.line(format!("{} {links} to {}", styled(GOOD, "exported"), path.display()))?;
    screen.line("the file names people and their sub in the clear: keep it as you keep a list of accounts")?;
    Ok(Exit::Done)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".being-written");
    PathBuf::from(name)
}

fn write(session: &mut Session<'_>, path: &Path) -> Result<End, Failure> {
    let unwritten = |error: &io::Error| Failure::could_not_run(format!("cannot write `{}`: {error}", path.display()));
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let mut file = io::BufWriter::new(file.map_err(|error| unwritten(&error))?);
    let mut checked = Checked { passing: Passing::begin(), out: &mut file };
    session.export(&mut checked)?;
    let end = checked.end()?;
    let file = file.into_inner().map_err(|error| unwritten(error.error()))?;
    file.sync_all().map_err(|error| unwritten(&error))?;
    Ok(end)
}

/// Checks what it passes on.
struct Checked<'w, W: Write + ?Sized> {
    passing: Passing,
    out: &'w mut W,
}

impl<W: Write + ?Sized> Checked<'_, W> {
    fn end(self) -> Result<End, Failure> {
        self.passing.end().map_err(|error| Failure::could_not_run(error.to_string()))
    }
}

impl<W: Write + ?Sized> Write for Checked<'_, W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.out.write(octets)?;
        self.passing.take(octets.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
