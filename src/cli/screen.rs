//! What a person sees: two streams and a handful of styles.
//!
//! Commands write styled text; what is not a terminal gets it plain (`anstream`, which also honours `NO_COLOR`).

use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};
use serde_json::Value;

pub(super) use crate::ground::visible::{visible, wrapped};

/// Bold: names that matter.
pub(super) const STRONG: Style = Style::new().bold();
/// Dim: what may be skipped.
pub(super) const FAINT: Style = Style::new().dimmed();
/// Green: a check that holds.
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Red: a check that fails.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Yellow: worth a look.
pub(super) const NOTE: Style = AnsiColor::Yellow.on_default().bold();
/// Cyan: what to do, what to type.
pub(super) const HINT: Style = AnsiColor::Cyan.on_default();

/// Styled text, to be written with `{}`.
pub(super) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Where a command writes.
pub(super) struct Screen<'w> {
    /// The answer.
    pub(super) out: &'w mut dyn Write,
    /// Why there is none.
    pub(super) err: &'w mut dyn Write,
}

impl Screen<'_> {
    /// One line of the answer.
    pub(super) fn line(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        writeln!(self.out, "{}", text.as_ref())
    }

    /// An answer for a program: one JSON document.
    pub(super) fn json(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.out, "{value:#}")
    }
}

/// Columns as wide as their widest cell, two spaces apart; nothing at the end of a line.
pub(super) fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_need_to_be() {
        let rows = vec![vec!["kid".to_owned(), "state".into()], vec!["longer".into(), "é".into()]];
        assert_eq!(columns(&rows), ["kid     state", "longer  é"]);
    }
}
