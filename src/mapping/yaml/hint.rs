//! What most often stands behind text that is not YAML: found by looking at the lines themselves, because a parser says
//! what it expected and not what was meant.

use crate::diagnostic::{Source, Span};

/// What to say beside the words of the parser.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hint {
    /// Where to look.
    pub(super) span: Span,
    /// What to do.
    pub(super) help: String,
    /// Better words than those of the parser.
    pub(super) message: Option<&'static str>,
}

/// What the text at this place was probably meant to be.
pub(super) fn hint(source: &Source, span: Span, message: &str) -> Option<Hint> {
    let look = Look::at(source, span);
    let says = |words: &str| message.contains(words);
    if says("tab") && !says("tag") {
        return look.tab();
    }
    if says("escape character") {
        return look.escape();
    }
    if says("trailing content after") {
        return look.behind_quotes(says("single-quoted"));
    }
    if ["tag", "anchors", "unexpected character"].into_iter().any(says) {
        return look.indicator();
    }
    if says("unexpected EOF") || says("did not find expected ','") || says("illegal placement of ':'") {
        return look.double_comma().or_else(|| look.open_bracket()).or_else(|| look.flow_text());
    }
    if says("mapping values are not allowed") {
        return look.colon_in_text().or_else(|| look.colon_above()).or_else(|| look.indentation());
    }
    if says("did not find expected key") || says("did not find expected '-'") {
        return look.indentation();
    }
    look.fixed(message)
}

/// A place, and the line around it.
struct Look<'s> {
    source: &'s Source,
    span: Span,
    line: &'s str,
    /// Where the line begins, in bytes.
    start: usize,
}

impl<'s> Look<'s> {
    fn at(source: &'s Source, span: Span) -> Self {
        let at = span.start.min(source.text.len());
        let start = source.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
        let line = source.text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        Self { source, span, line, start }
    }

    /// The line up to the place.
    fn before(&self) -> &'s str {
        self.line.get(..self.span.start.saturating_sub(self.start)).unwrap_or(self.line)
    }

    fn here(&self, help: impl Into<String>) -> Hint {
        Hint { span: self.span, help: help.into(), message: None }
    }

    fn there(&self, start: usize, length: usize, help: impl Into<String>) -> Hint {
        Hint { span: self.source.span(start..start + length), help: help.into(), message: None }
    }

    /// The nearest line above that says something, and where it begins.
    fn above(&self) -> Option<(&'s str, usize)> {
        let before = self.source.text.get(..self.start)?;
        let mut end = before.len();
        for line in before.split_inclusive('\n').rev() {
            end -= line.len();
            let content = line.trim();
            if !content.is_empty() && !content.starts_with('#') {
                return Some((line.trim_end(), end));
            }
        }
        None
    }

    /// The parser may be some lines before it.
    fn tab(&self) -> Option<Hint> {
        let rest = self.source.text.get(self.start..)?;
        let mut start = self.start;
        for line in rest.split_inclusive('\n') {
            let blank = line.len() - line.trim_start().len();
            if let Some(at) = line.get(..blank).and_then(|blank| blank.find('\t')) {
                return Some(self.there(start + at, 1, "indent with blanks: YAML takes no tabs there"));
            }
            start += line.len();
        }
        None
    }

    /// A backslash that YAML takes for its own.
    fn escape(&self) -> Option<Hint> {
        const KNOWN: &str = "0abt\tnvfre \"/\\N_LPxuU\n";
        let rest = self.source.text.get(self.span.start..)?;
        let mut chars = rest.char_indices();
        while let Some((at, c)) = chars.next() {
            if c != '\\' {
                continue;
            }
            let (_, escaped) = chars.next()?;
            if !KNOWN.contains(escaped) {
                let help = format!(
                    "in double quotes of YAML a backslash is written twice, and CEL keeps it in `r'…'`: `r'…\\\\{escaped}…'`"
                );
                return Some(self.there(self.span.start + at, 1 + escaped.len_utf8(), help));
            }
        }
        None
    }

    /// `'x' in attr.groups`: YAML takes the first text for the whole value.
    fn behind_quotes(&self, is_single: bool) -> Option<Hint> {
        let start = value_start(self.before())?;
        let key = self.line.get(..start)?;
        let value = self.line.get(start..)?.split(" #").next()?.trim_end();
        let is_flow = key.contains(['{', '[']);
        let quotes = value.matches('\'').count();
        let mended = match is_single {
            true if value.len() > 2 && (value.ends_with("''") || quotes % 2 == 1) && value.ends_with('\'') => {
                value.get(1..value.len() - 1)?.to_owned()
            }
            true => value.to_owned(),
            false => value.replace('"', "'"),
        };
        let is_plain = if is_single { !value.contains('"') } else { quotes == 0 };
        if is_flow || !is_plain || value.contains('\\') || value.len() > 80 {
            return Some(
                self.here("put the whole text in double quotes, and texts in it in single ones: `\"'x' in …\"`"),
            );
        }
        let key = key.trim_start().trim_start_matches("- ");
        Some(self.here(format!("put the whole text in double quotes: `{key}\"{mended}\"`")))
    }

    /// A text that begins with a sign of YAML.
    fn indicator(&self) -> Option<Hint> {
        let end = (self.before().len() + 1).min(self.line.len());
        let starts = (0..end).rev().filter(|at| value_begins(self.line, *at));
        let (at, sign) = starts
            .filter_map(|at| Some((at, self.line.get(at..)?.chars().next()?)))
            .find(|(_, sign)| matches!(sign, '!' | '&' | '*' | '@' | '`' | '%'))?;
        let key = self.line.get(..at)?.rsplit(['{', '[', ',']).next()?.trim_start().trim_start_matches("- ");
        let named = if sign == '`' { "a backtick".to_owned() } else { format!("`{sign}`") };
        let help = if key.ends_with(": ") {
            format!("a text that begins with {named} stands in quotes: `{key}\"{sign}…\"`")
        } else {
            format!("a text that begins with {named} stands in quotes: `\"{sign}…\"`")
        };
        Some(self.there(self.start + at, 1, help))
    }

    fn double_comma(&self) -> Option<Hint> {
        let text = self.source.text.get(..self.span.start)?;
        let is_second = self.source.text.get(self.span.start..)?.starts_with(',');
        (is_second && text.trim_end().ends_with([',', '{', '['])).then(|| Hint {
            message: Some("nothing stands before this comma"),
            ..self.here("remove it, or write what is missing")
        })
    }

    /// A bracket of a line above.
    fn open_bracket(&self) -> Option<Hint> {
        let (at, bracket) = open_bracket(self.source.text.get(..self.start)?)?;
        let line = self.source.span(at..at + 1).line;
        Some(
            self.here(format!(
                "the `{bracket}` of line {line} is not closed, or a comma is missing after the line above"
            )),
        )
    }

    /// `{ cel: attr.groups[0] }`
    fn flow_text(&self) -> Option<Hint> {
        let brackets = if open_bracket(self.before())?.1 == '{' { "{ }" } else { "[ ]" };
        Some(self.here(format!("put the text in quotes: within `{brackets}` a bracket, `, `, `: ` or ` ?` ends it")))
    }

    /// `name: a guest: eve`
    fn colon_in_text(&self) -> Option<Hint> {
        let before = self.before();
        let start = value_start(before)?;
        let text = before.get(start..).filter(|text| !text.trim().is_empty() && !text.starts_with(['"', '\'']))?;
        let whole = format!("{text}{}", self.line.get(before.len()..).unwrap_or_default().trim_end());
        let key = before.get(..start)?.trim_start().trim_start_matches("- ");
        let shown = if whole.contains(['"', '\\']) || whole.len() > 60 { format!("{text}: …") } else { whole };
        let shown = shown.replace('"', "'");
        Some(self.here(format!("put the text in quotes, it has `: ` in it: `{key}\"{shown}\"`")))
    }

    /// `a upn` or `a:upn` above `b: upn`, which the parser reads as one text.
    fn colon_above(&self) -> Option<Hint> {
        let (above, start) = self.above()?;
        let content = above.trim_start();
        let is_level = content_column(above) == content_column(self.line);
        if !is_level || content.contains(": ") || content.ends_with(':') || content.starts_with(['"', '\'']) {
            return None;
        }
        let help = if content.contains(':') {
            "a colon that ends a key has a blank behind it"
        } else {
            "a key has a colon and a blank behind it: `key: value`"
        };
        Some(self.there(start + above.len() - content.len(), content.len(), help))
    }

    fn indentation(&self) -> Option<Hint> {
        let (above, _) = self.above()?;
        let (here, there) = (content_column(self.line), content_column(above));
        let columns = |count: usize| if count == 1 { "1 column".to_owned() } else { format!("{count} columns") };
        let starts_list = |line: &str| line.trim_start().starts_with("- ");
        if starts_list(self.line) && !starts_list(above) && !above.ends_with(':') && here >= there {
            return Some(self.here("`- ` begins an element of a list, and what stands above is no list"));
        }
        let help = match here.checked_sub(there) {
            Some(0) => return None,
            Some(more) => format!("this line begins {} further than the one above", columns(more)),
            None => format!("this line begins {} to the left of the one above", columns(there - here)),
        };
        let span = self.source.span_at(self.span.line, here + 1);
        Some(Hint { span, help, message: None })
    }

    fn fixed(&self, message: &str) -> Option<Hint> {
        const FIXED: [(&str, &str); 4] = [
            ("block sequence entries are not allowed", "a list begins on the next line, or is written `[one, two]`"),
            ("unclosed quote", "end the text with the quote that it begins with"),
            ("unclosed bracket", "close it behind the last of what belongs to it"),
            ("misplaced bracket", "nothing is open that it could close: remove it"),
        ];
        let (_, help) = FIXED.into_iter().find(|(words, _)| message.contains(words))?;
        Some(self.here(help))
    }
}

/// Where the value of the first key of a line begins.
fn value_start(line: &str) -> Option<usize> {
    let end = line.find(": ")? + 2;
    // Within brackets it is the last key before the place.
    let end = if line.contains(['{', '[']) { line.rfind(": ")? + 2 } else { end };
    let blank = line.get(end..)?;
    Some(end + blank.len() - blank.trim_start().len())
}

/// Whether a value or a key may begin there.
fn value_begins(line: &str, at: usize) -> bool {
    let Some(before) = line.get(..at) else { return false };
    let content = before.trim_end();
    content.is_empty()
        || content.ends_with(['{', '[', ','])
        || (content.len() < before.len() && content.ends_with([':', '-']))
}

/// The innermost bracket that is open at the end of a text, and where it stands.
fn open_bracket(text: &str) -> Option<(usize, char)> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut quote: Option<char> = None;
    let mut before = ' ';
    let mut is_comment = false;
    for (at, c) in text.char_indices() {
        // A quote within a word is none.
        let may_open = before.is_whitespace() || matches!(before, '{' | '[' | ',' | ':');
        match (quote, c) {
            (_, '\n') => is_comment = false,
            _ if is_comment => {}
            (Some(end), c) if c == end && before != '\\' => quote = None,
            (None, '"' | '\'') if may_open => quote = Some(c),
            (None, '#') if before.is_whitespace() => is_comment = true,
            (None, '{' | '[') if may_open || !open.is_empty() => open.push((at, c)),
            (None, '}' | ']') => {
                open.pop();
            }
            (Some(_) | None, _) => {}
        }
        before = c;
    }
    open.pop()
}

/// Where keys and values of a line begin, behind the `- ` of lists.
fn content_column(line: &str) -> usize {
    let mut rest = line.trim_start();
    while let Some(inner) = rest.strip_prefix("- ") {
        rest = inner.trim_start();
    }
    line.chars().count() - rest.chars().count()
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use crate::diagnostic::Findings;
    use crate::diagnostic::Source;

    /// The place and the help of a text that is not YAML.
    fn said(text: &str) -> String {
        let source = Source::new("f", text);
        let mut findings = Findings::of(&source);
        assert_eq!(parse(&mut findings), None, "{text}");
        let all: Vec<_> = findings.diagnostics.iter().collect();
        let [only] = all.as_slice() else { panic!("{all:?}") };
        format!("{}:{} {}", only.span.line, only.span.column, only.help.join(" | "))
    }

    #[test]
    fn the_usual_mistakes_are_told_from_the_line() {
        let cases = [
            ("- name: a guest: eve\n", "1:16 put the text in quotes, it has `: ` in it: `name: \"a guest: eve\"`"),
            ("a:\n  cel: !x.y(z)\n", "2:8 a text that begins with `!` stands in quotes: `cel: \"!…\"`"),
            ("a: { cel: !x, b: c }\n", "1:11 a text that begins with `!` stands in quotes: `cel: \"!…\"`"),
            (
                "a: &x 1\n",
                "1:4 a text that begins with `&` stands in quotes: `a: \"&…\"` | if it was meant as an anchor, write the value out",
            ),
            (
                "a: [*x]\n",
                "1:5 a text that begins with `*` stands in quotes: `\"*…\"` | if it was meant as an anchor, write the value out",
            ),
            ("a: @x\n", "1:4 a text that begins with `@` stands in quotes: `a: \"@…\"`"),
            ("a: `x`\n", "1:4 a text that begins with a backtick stands in quotes: `a: \"`…\"`"),
            ("a: %x\n", "1:4 a text that begins with `%` stands in quotes: `a: \"%…\"`"),
            ("a:\n  b: 1\n   c: 2\n", "3:4 this line begins 1 column further than the one above"),
            ("a:\n  - b: 1\n     c: 2\n", "3:6 this line begins 1 column further than the one above"),
            ("a:\n  b: \"1\"\n  # so\n\n    c: 2\n", "5:5 this line begins 2 columns further than the one above"),
            ("a:\n  b: 1\n c: 2\n", "3:2 this line begins 1 column to the left of the one above"),
            ("a:\n  - b: 1\n  c: 2\n", "3:3 this line begins 2 columns to the left of the one above"),
            ("a:\n  b: 1\n  - c\n", "3:5 `- ` begins an element of a list, and what stands above is no list"),
            ("a:\n\tb: 1\n", "2:1 indent with blanks: YAML takes no tabs there"),
            ("a:\n  b: upn\n\tc: 1\n", "3:1 indent with blanks: YAML takes no tabs there"),
            (
                "a: { b: \"x.matches('^\\d+$')\" }\n",
                "1:22 in double quotes of YAML a backslash is written twice, and CEL keeps it in `r'…'`: `r'…\\\\d…'`",
            ),
            ("a:\n  b.c: 'x' in y\n", "2:12 put the whole text in double quotes: `b.c: \"'x' in y\"`"),
            ("- b: \"x\" in y # so\n", "1:10 put the whole text in double quotes: `b: \"'x' in y\"`"),
            ("b: 'c == 'x''\n", "1:11 put the whole text in double quotes: `b: \"c == 'x'\"`"),
            ("b: 'it's'\n", "1:8 put the whole text in double quotes: `b: \"it's\"`"),
            (
                "b: { c: 'x' in y }\n",
                "1:13 put the whole text in double quotes, and texts in it in single ones: `\"'x' in …\"`",
            ),
            ("a: { b: c,, d: e }\n", "1:11 remove it, or write what is missing"),
            ("a: [b, , c]\n", "1:8 remove it, or write what is missing"),
            ("a: { b: c\nd: e\n", "2:2 the `{` of line 1 is not closed, or a comma is missing after the line above"),
            ("a: [b # [\nd: e\n", "2:2 the `[` of line 1 is not closed, or a comma is missing after the line above"),
            ("a: { b: c[0] }\n", "1:10 put the text in quotes: within `{ }` a bracket, `, `, `: ` or ` ?` ends it"),
            ("a:\n  b upn\n  c: d\n", "2:3 a key has a colon and a blank behind it: `key: value`"),
            ("a:\n  b:upn\n  c: d\n", "2:3 a colon that ends a key has a blank behind it"),
            ("a: - b\n", "1:4 a list begins on the next line, or is written `[one, two]`"),
            ("a: 'x\n", "1:4 end the text with the quote that it begins with"),
            ("a: { b: c\n", "1:4 close it behind the last of what belongs to it"),
            ("a: { b: c } }\n", "1:13 nothing is open that it could close: remove it"),
        ];
        let told: Vec<_> = cases.iter().map(|(text, _)| format!("{text:?} {}", said(text))).collect();
        let expected: Vec<_> = cases.iter().map(|(text, told)| format!("{text:?} {told}")).collect();
        assert_eq!(told.join("\n"), expected.join("\n"));
    }

    #[test]
    fn what_is_said_of_any_text_does_not_panic() {
        let texts =
            ["'", "é: 'ü' ß", "é\n\t", "{", "a: é: b", "%", "a: \"\\", "- - a: b: c", "a: 'x' 'é", "\u{feff}a: b: c"];
        for text in texts {
            let source = Source::new("f", text);
            let _ = parse(&mut Findings::of(&source));
        }
    }
}
