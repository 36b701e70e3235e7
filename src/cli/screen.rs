//! What a person sees: two streams and a handful of styles.
//!
//! Commands write styled text; what is not a terminal gets it plain (`anstream`, which also honours `NO_COLOR`).

use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};
use serde_json::Value;

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

/// Text from outside as it may be shown: control characters, which could move the cursor or change colours, characters that
/// reverse the direction of text, and what looks like a blank or like nothing and is something, are written as escapes.
pub(super) fn visible(text: &str) -> String {
    let hides = |c: char| {
        let is_nothing = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}');
        is_nothing || (c.is_whitespace() && c != ' ')
    };
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns(c) || hides(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Breaks text into lines of at most `width` characters, at spaces; a longer word stays whole.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
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
    fn text_from_outside_cannot_move_the_cursor() {
        assert_eq!(visible("a\u{1b}[2Jb\nc\u{202e}d é"), "a\\u{1b}[2Jb\\u{a}c\\u{202e}d é");
    }

    #[test]
    fn what_looks_like_a_blank_and_is_none_is_told_from_one() {
        assert_eq!(visible("a\u{a0}b c\u{200b}d\u{feff}"), "a\\u{a0}b c\\u{200b}d\\u{feff}");
    }

    #[test]
    fn long_text_is_broken_at_spaces() {
        assert_eq!(wrapped("one two  three", 8), ["one two", "three"]);
        assert_eq!(wrapped("incomprehensible a", 4), ["incomprehensible", "a"]);
        assert!(wrapped("", 4).is_empty());
    }

    #[test]
    fn columns_are_as_wide_as_they_need_to_be() {
        let rows = vec![vec!["kid".to_owned(), "state".into()], vec!["longer".into(), "é".into()]];
        assert_eq!(columns(&rows), ["kid     state", "longer  é"]);
    }
}
