//! A file as it was read, and places in it.

use std::ops::Range;

/// The text of an operator's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// As it is shown to people.
    pub path: String,
    /// UTF-8, as it was read.
    pub text: String,
}

/// A place in a [`Source`]: bytes for programs, line and column for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last; equal to `start` where only a point is known.
    pub end: usize,
    /// Counted from 1; 0 where the place is the file as a whole.
    pub line: usize,
    /// In characters, counted from 1; 0 where the place is the file as a whole.
    pub column: usize,
}

impl Span {
    /// The file as a whole.
    pub const FILE: Self = Self { start: 0, end: 0, line: 0, column: 0 };
}

impl Source {
    /// A file.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// The place of these bytes. What lies outside the text, or inside a character, is moved to the nearest border.
    pub fn span(&self, bytes: Range<usize>) -> Span {
        let is_border = |at: &usize| self.text.is_char_boundary(*at);
        let length = self.text.len();
        let start = (0..=bytes.start.min(length)).rev().find(is_border).unwrap_or(0);
        let end = (bytes.end.clamp(start, length)..=length).find(is_border).unwrap_or(length);
        let before = self.text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Span { start, end, line, column }
    }

    /// The place of a word that a parser reports by line and column (both from 1, columns in characters): from there
    /// to the end of the word, or one character. A line behind the last is the end of the file.
    pub fn span_at(&self, line: usize, column: usize) -> Span {
        let line_start = match line {
            0 | 1 => 0,
            line => self.text.match_indices('\n').nth(line - 2).map_or(self.text.len(), |(at, _)| at + 1),
        };
        let rest = self.text.get(line_start..).unwrap_or_default();
        let rest = rest.split('\n').next().unwrap_or_default().trim_end();
        let offset = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
        let tail = rest.get(offset..).unwrap_or_default();
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let word = tail.find(|c| !is_word(c)).unwrap_or(tail.len());
        let length = if word > 0 { word } else { tail.chars().next().map_or(0, char::len_utf8) };
        self.span(line_start + offset..line_start + offset + length)
    }

    /// The text of a place.
    pub fn at(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let source = Source::new("f", "a: é\nkey: värde x\n");
        let span = source.span_at(2, 6);
        assert_eq!((source.at(span), span.line, span.column), ("värde", 2, 6));
        assert_eq!(source.span(span.start..span.end), span);
        assert_eq!(source.at(source.span_at(2, 12)), "x");
    }

    #[test]
    fn a_place_outside_is_moved_to_the_nearest_border() {
        let source = Source::new("f", "é");
        assert_eq!(source.at(source.span(1..1)), "é");
        for (line, column) in [(0, 0), (1, 9), (9, 1), (usize::MAX, usize::MAX)] {
            assert!(source.span_at(line, column).end <= source.text.len());
        }
        assert_eq!(source.span(7..9), source.span(2..2));
    }
}
