//! Files that are written and were not there before.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::exit::Failure;

/// Why nothing is written: whatever is at the path stays as it is.
pub(super) fn taken(path: &Path, help: &str) -> Failure {
    Failure::no(format!("there is already something at `{}`", path.display())).help(help)
}

/// Writes a file where nothing is.
pub(super) fn write(path: &Path, text: &str, help: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        if error.kind() == ErrorKind::AlreadyExists {
            return taken(path, help);
        }
        Failure::could_not_run(format!("`{}` cannot be written: {error}", path.display()))
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
