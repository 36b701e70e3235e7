//! Lines: how a record becomes one, and what the end of a file already has.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::ground::id::TraceId;

/// The trace ids at the end of the file.
pub(super) type Known = HashSet<TraceId>;

/// How many lines of the end are looked at: twice what is compared with them, for the two orders differ a little.
const LINES: usize = 8192;
const CHUNK: u64 = 256 * 1024;

/// The one field that tells lines apart; a line of another kind has none.
#[derive(Deserialize)]
struct Line {
    trace_id: Option<String>,
}

/// Appends a record as one line; a line break inside (JSON needs none) becomes a space.
pub(super) fn push(text: &mut Vec<u8>, record: &[u8]) {
    text.extend(record.iter().map(|&byte| if byte == b'\n' { b' ' } else { byte }));
    text.push(b'\n');
}

/// Cuts off a torn last line and reads who is at the end; of the file before it too, where this one has few lines.
pub(super) fn read_end(path: &Path) -> io::Result<Known> {
    let mut known = Known::new();
    let mut lines = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => {
            cut_torn_line(&file)?;
            read_lines(&file, LINES, &mut known)?
        }
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    for before in rotated(path)?.into_iter().rev() {
        if lines >= LINES {
            break;
        }
        lines += read_lines(&File::open(before)?, LINES - lines, &mut known)?;
    }
    Ok(known)
}

/// The rotated files of `path`, oldest first.
pub(super) fn rotated(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(number) = rotation_number(path, &entry.file_name()) {
            found.push((number, entry.path()));
        }
    }
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// The number at the end of `<file name>.<number>`.
pub(super) fn rotation_number(path: &Path, name: &OsStr) -> Option<u64> {
    let number = name.to_str()?.strip_prefix(path.file_name()?.to_str()?)?.strip_prefix('.')?;
    if number.bytes().all(|byte| byte.is_ascii_digit()) { number.parse().ok() } else { None }
}

/// A crash may have left half a line: no reader could do anything with it, and the record is in the store.
fn cut_torn_line(file: &File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let mut end = length;
    while end > 0 {
        let chunk = read_chunk(file, end)?;
        if let Some(newline) = chunk.iter().rposition(|&byte| byte == b'\n') {
            end = end - chunk.len() as u64 + newline as u64 + 1;
            break;
        }
        end -= chunk.len() as u64;
    }
    if end < length { file.set_len(end) } else { Ok(()) }
}

/// Adds the trace ids of at most so many lines, from the end; returns how many lines there were.
fn read_lines(file: &File, limit: usize, known: &mut Known) -> io::Result<usize> {
    let mut end = file.metadata()?.len();
    let mut tail = Vec::new();
    let mut lines = 0;
    while end > 0 && lines < limit {
        let mut chunk = read_chunk(file, end)?;
        end -= chunk.len() as u64;
        chunk.extend_from_slice(&tail);
        // What stands before the first line break belongs to the chunk before, unless there is none.
        let complete =
            if end == 0 { 0 } else { chunk.iter().position(|&b| b == b'\n').map_or(chunk.len(), |at| at + 1) };
        tail = chunk.drain(..complete).collect();
        for line in chunk.rsplit(|&byte| byte == b'\n').filter(|line| !line.is_empty()).take(limit - lines) {
            lines += 1;
            let line = serde_json::from_slice::<Line>(line).ok();
            known.extend(line.and_then(|line| TraceId::parse(&line.trace_id?)));
        }
    }
    Ok(lines)
}

fn read_chunk(file: &File, end: u64) -> io::Result<Vec<u8>> {
    let size = end.min(CHUNK);
    let mut chunk = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut chunk, end - size)?;
    Ok(chunk)
}
