//! Diagnostics as people and programs read them.

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use super::problem::{Diagnostic, Diagnostics, Severity};
use super::source::{Source, Span};
use crate::ground::visible::visible_lines;

/// Whether the text may carry ANSI escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Plain text.
    Never,
    /// ANSI escapes.
    Always,
}

/// All diagnostics as rustc would write them, with the lines they are about where `sources` has the file, and one
/// line at the end that counts them. Empty where there is none.
pub fn render(diagnostics: &Diagnostics, sources: &[Source], color: Color) -> String {
    let renderer = match color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    };
    let mut text = String::new();
    for diagnostic in diagnostics {
        let source = sources.iter().find(|source| source.path == diagnostic.file);
        text.push_str(&renderer.render(&[group(&harmless(diagnostic), source)]));
        text.push_str("\n\n");
    }
    text.push_str(&summary(diagnostics));
    text
}

/// `code line:column message`: for tests, and for tools that go through lines. The file as a whole is `0:0`.
pub fn one_line(diagnostic: &Diagnostic) -> String {
    let Diagnostic { code, span, message, .. } = diagnostic;
    format!("{code} {}:{} {message}", span.line, span.column)
}

/// `file:line:column: severity[code]: message`, as compilers say it: for logs.
pub fn placed_line(diagnostic: &Diagnostic) -> String {
    let Diagnostic { code, severity, file, span, message, .. } = diagnostic;
    let place = if *span == Span::FILE { file.clone() } else { format!("{file}:{}:{}", span.line, span.column) };
    format!("{place}: {}[{code}]: {message}", severity.as_str())
}

/// An array with one object for each diagnostic.
pub fn to_json(diagnostics: &Diagnostics) -> Value {
    diagnostics.iter().map(diagnostic_json).collect()
}

fn diagnostic_json(diagnostic: &Diagnostic) -> Value {
    let related = diagnostic.related.iter().map(|(span, label)| json!({ "span": span_json(*span), "label": label }));
    json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity.as_str(),
        "file": diagnostic.file,
        "span": span_json(diagnostic.span),
        "message": diagnostic.message,
        "label": diagnostic.label,
        "related": related.collect::<Value>(),
        "help": diagnostic.help,
        "notes": diagnostic.notes,
    })
}

fn span_json(span: Span) -> Value {
    if span.line == 0 {
        return Value::Null;
    }
    json!({ "start": span.start, "end": span.end, "line": span.line, "column": span.column })
}

/// Messages have words of files in them, and files may come from others.
fn harmless(diagnostic: &Diagnostic) -> Diagnostic {
    let mut shown = diagnostic.clone();
    let texts = [&mut shown.message, &mut shown.file].into_iter().chain(&mut shown.help).chain(&mut shown.notes);
    let texts = texts.chain(&mut shown.label).chain(shown.related.iter_mut().map(|(_, label)| label));
    texts.for_each(|text| *text = visible_lines(text));
    shown
}

fn group<'a>(diagnostic: &'a Diagnostic, source: Option<&'a Source>) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()).id(diagnostic.code));
    group = match source.filter(|_| diagnostic.span.line > 0) {
        Some(source) => group.element(snippet(diagnostic, source)),
        None => group.element(origin(diagnostic)),
    };
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    group
}

fn origin(diagnostic: &Diagnostic) -> Element<'_> {
    let origin = Origin::path(diagnostic.file.as_str());
    match diagnostic.span.line {
        0 => origin.into(),
        line => origin.line(line).char_column(diagnostic.span.column).into(),
    }
}

fn snippet<'a>(diagnostic: &'a Diagnostic, source: &'a Source) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let inside = |span: Span| {
        let end = span.end.min(source.text.len());
        span.start.min(end)..end
    };
    let primary = AnnotationKind::Primary.span(inside(diagnostic.span)).label(diagnostic.label.as_deref());
    let related = diagnostic
        .related
        .iter()
        .map(|(span, label)| AnnotationKind::Context.span(inside(*span)).label(label.as_str()));
    Snippet::source(source.text.as_str()).path(source.path.as_str()).annotation(primary).annotations(related)
}

fn summary(diagnostics: &Diagnostics) -> String {
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let words = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        count => Some(format!("{count} {word}s")),
    };
    let parts = [words(count(Severity::Error), "error"), words(count(Severity::Warning), "warning")];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("{}\n", parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn some() -> (Diagnostics, Source) {
        let source = Source::new("mappings/campus.yaml", "claims:\n  affiliation: eduPersonAfiliation\n");
        let mut diagnostics = Diagnostics::new();
        diagnostics
            .push(Diagnostic::error("file.unreadable", "other.yaml", Span::FILE, "the file cannot be read"))
            .note("permission denied");
        let span = source.span_at(2, 16);
        let message = "`eduPersonAfiliation` is not among the attributes";
        diagnostics
            .push(Diagnostic::error("mapping.attribute_unknown", &source.path, span, message))
            .label("no attribute of this name")
            .related(source.span_at(1, 1), "in these claims")
            .did_you_mean(Some("eduPersonAffiliation"));
        diagnostics.push(Diagnostic::warning("mapping.odd", &source.path, source.span_at(1, 1), "odd"));
        (diagnostics, source)
    }

    #[test]
    fn diagnostics_read_like_those_of_rustc() {
        let (diagnostics, source) = some();
        assert_snapshot!(render(&diagnostics, &[source], Color::Never), @r"
        warning[mapping.odd]: odd
         --> mappings/campus.yaml:1:1
          |
        1 | claims:
          | ^^^^^^

        error[mapping.attribute_unknown]: `eduPersonAfiliation` is not among the attributes
         --> mappings/campus.yaml:2:16
          |
        1 | claims:
          | ------ in these claims
        2 |   affiliation: eduPersonAfiliation
          |                ^^^^^^^^^^^^^^^^^^^ no attribute of this name
          |
          = help: did you mean `eduPersonAffiliation`?

        error[file.unreadable]: the file cannot be read
        --> other.yaml
         = note: permission denied

        2 errors, 1 warning
        ");
    }

    #[test]
    fn color_is_asked_for() {
        let (diagnostics, source) = some();
        assert!(render(&diagnostics, std::slice::from_ref(&source), Color::Always).contains('\u{1b}'));
        assert!(!render(&diagnostics, &[source], Color::Never).contains('\u{1b}'));
    }

    #[test]
    fn one_line_has_code_place_and_message() {
        let (diagnostics, _) = some();
        let lines: Vec<_> = diagnostics.iter().map(one_line).collect();
        assert_snapshot!(lines.join("\n"), @r"
        mapping.odd 1:1 odd
        mapping.attribute_unknown 2:16 `eduPersonAfiliation` is not among the attributes
        file.unreadable 0:0 the file cannot be read
        ");
    }

    #[test]
    fn what_a_file_says_moves_no_cursor() {
        let mut diagnostics = Diagnostics::new();
        let escape = "\u{1b}[2J";
        let added = diagnostics.push(Diagnostic::error("file.unreadable", escape, Span::FILE, escape));
        added.label(escape).note(escape).did_you_mean(Some(escape));
        assert!(!render(&diagnostics, &[], Color::Never).contains('\u{1b}'));
    }

    #[test]
    fn a_line_of_a_log_begins_with_its_place() {
        let (diagnostics, _) = some();
        let lines: Vec<_> = diagnostics.iter().map(placed_line).collect();
        assert_snapshot!(lines.join("\n"), @r#"
        mappings/campus.yaml:1:1: warning[mapping.odd]: odd
        mappings/campus.yaml:2:16: error[mapping.attribute_unknown]: `eduPersonAfiliation` is not among the attributes
        other.yaml: error[file.unreadable]: the file cannot be read
        "#);
    }

    #[test]
    fn programs_read_the_same() {
        let (diagnostics, _) = some();
        let json = to_json(&diagnostics);
        assert_eq!(json.pointer("/1/span/line"), Some(&Value::from(2)));
        assert_eq!(json.pointer("/1/help/0"), Some(&Value::from("did you mean `eduPersonAffiliation`?")));
        assert_eq!(json.pointer("/2/span"), Some(&Value::Null));
    }
}
