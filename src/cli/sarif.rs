//! Problems and failed tests of files as a SARIF 2.1.0 log, which forges and editors show beside the lines.
//!
//! Sections are those of the OASIS standard, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
//!
//! **Absent on purpose.** Snippets of the files: a problem may be that a line holds a secret, and a log is uploaded.
//! Addresses of pages: this program does not know where its documentation is served; a rule carries its own help.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use serde_json::{Value, json};

use crate::config::problem;
use crate::diagnostic::{Diagnostic, Diagnostics, Explanation, Severity, Source, Span};
use crate::mapping::TestReport;

use super::explain::page_of;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What addresses of files are relative to (3.14.14); the name that forges know.
const ROOT: &str = "%SRCROOT%";

/// The log of one judgement. `root` is the folder in which the program runs: files below it get relative addresses.
pub(super) fn log(diagnostics: &Diagnostics, sources: &[Source], tests: &[TestReport], root: &Path) -> Value {
    let mut all = diagnostics.clone();
    for failed in tests.iter().filter_map(TestReport::diagnostic) {
        all.push(failed);
    }
    let rules = Rules::of(&all);
    let place = |diagnostic: &Diagnostic| {
        let source = sources.iter().find(|source| source.path == diagnostic.file);
        Place { artifact: artifact(&diagnostic.file, root), source }
    };
    let results: Vec<Value> = all.iter().map(|diagnostic| result(diagnostic, &place(diagnostic), &rules)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "drawbridge",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.json(),
            } },
            // Columns of a `Span` count characters.
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { ROOT: { "description": { "text": "The folder in which drawbridge was run." } } },
            "invocations": [{ "executionSuccessful": true }],
            "results": results,
        }],
    })
}

/// The codes that occur, in order; a result names its rule by code and place in this list (3.27.6).
struct Rules(BTreeMap<&'static str, Option<&'static Explanation>>);

impl Rules {
    fn of(diagnostics: &Diagnostics) -> Self {
        Self(diagnostics.iter().map(|diagnostic| (diagnostic.code, problem::find(diagnostic.code))).collect())
    }

    fn index(&self, code: &str) -> Option<usize> {
        self.0.keys().position(|known| *known == code)
    }

    fn json(&self) -> Value {
        self.0.iter().map(|(code, explanation)| rule(code, *explanation)).collect()
    }
}

fn rule(code: &str, explanation: Option<&Explanation>) -> Value {
    let Some(Explanation { cause, remedy, .. }) = explanation else { return json!({ "id": code }) };
    json!({
        "id": code,
        "shortDescription": { "text": literal(first_sentence(cause)) },
        "fullDescription": { "text": literal(cause) },
        "help": { "text": literal(&format!("{remedy} An example is in {}.", page_of(code))) },
    })
}

/// A text that opens with a summary gives it where there is little space.
pub(super) fn first_sentence(text: &str) -> &str {
    text.find(". ").and_then(|at| text.get(..=at)).unwrap_or(text)
}

/// A file as the log names it, and its text where it is known.
struct Place<'s> {
    artifact: Value,
    source: Option<&'s Source>,
}

fn result(diagnostic: &Diagnostic, place: &Place<'_>, rules: &Rules) -> Value {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut location = place.location(diagnostic.span);
    if let (Some(label), Some(fields)) = (&diagnostic.label, location.as_object_mut()) {
        fields.insert("message".into(), json!({ "text": literal(label) }));
    }
    let mut result = json!({
        "ruleId": diagnostic.code,
        "ruleIndex": rules.index(diagnostic.code),
        "level": level,
        "message": { "text": literal(&message(diagnostic)) },
        "locations": [location],
    });
    let related = diagnostic.related.iter().enumerate().map(|(at, (span, label))| {
        let mut location = place.location(*span);
        if let Some(fields) = location.as_object_mut() {
            fields.insert("id".into(), (at + 1).into());
            fields.insert("message".into(), json!({ "text": literal(label) }));
        }
        location
    });
    let related: Vec<Value> = related.collect();
    if let (false, Some(fields)) = (related.is_empty(), result.as_object_mut()) {
        fields.insert("relatedLocations".into(), related.into());
    }
    result
}

/// What is wrong, and what to do: most viewers show nothing else beside the line.
fn message(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.message.clone();
    for (word, lines) in [("help", &diagnostic.help), ("note", &diagnostic.notes)] {
        for line in lines {
            // Writing into a `String` cannot fail.
            let _ = write!(text, "\n{word}: {line}");
        }
    }
    text
}

/// Braces stand for placeholders in a message; a brace that is meant is doubled (3.11.5).
fn literal(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

impl Place<'_> {
    fn location(&self, span: Span) -> Value {
        let mut physical = json!({ "artifactLocation": self.artifact });
        if let (Some(region), Some(fields)) = (self.region(span), physical.as_object_mut()) {
            fields.insert("region".into(), region);
        }
        json!({ "physicalLocation": physical })
    }

    /// Lines and columns from 1, the end column behind the last character (3.30); none for the file as a whole, no end
    /// where only a point is known.
    fn region(&self, span: Span) -> Option<Value> {
        if span.line == 0 {
            return None;
        }
        let start = json!({ "startLine": span.line, "startColumn": span.column });
        let Some(source) = self.source.filter(|_| span.end > span.start) else { return Some(start) };
        let end = source.span(span.end..span.end);
        Some(json!({
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": end.line,
            "endColumn": end.column,
        }))
    }
}

/// Below the root the address is relative to it and has no `..` (3.4.4); elsewhere it is absolute.
fn artifact(file: &str, root: &Path) -> Value {
    let absolute = flat(&root.join(file));
    match absolute.strip_prefix(flat(root)) {
        Ok(below) => json!({ "uri": encoded(below), "uriBaseId": ROOT }),
        Err(_) => json!({ "uri": format!("file://{}", encoded(&absolute)) }),
    }
}

/// Without `.` and `..`, as the path is written: a link in a repository is shown where it stands.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                flat.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => flat.push(component),
        }
    }
    flat
}

/// RFC 3986 section 3.3. A colon in the first segment would look like a scheme, so it is encoded as well.
fn encoded(path: &Path) -> String {
    let mut uri = String::new();
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing into a `String` cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::id::MappingId;
    use crate::mapping::{About, Mismatch};

    const TEXT: &str = "kind: mapping\nläuft: \"ja ✓\" # x\nid: |\n  a\n";

    fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
        value.pointer(pointer).unwrap_or_else(|| panic!("{pointer}\n{value:#}"))
    }

    fn some() -> (Diagnostics, Source, Vec<TestReport>) {
        let source = Source::new("./mappings/a b.yaml", TEXT);
        let of = |word: &str| {
            let start = TEXT.find(word).unwrap();
            source.span(start..start + word.len())
        };
        let mut diagnostics = Diagnostics::new();
        diagnostics
            .push(Diagnostic::error("file.wrong_type", &source.path, of("\"ja ✓\""), "`läuft` must be true or false"))
            .label("this is text")
            .related(of("kind"), "in {this} file")
            .help("write `{ x: 1 }`")
            .note("a note");
        diagnostics.push(Diagnostic::warning("config.mappings_missing", "drawbridge.yaml", Span::FILE, "none"));
        diagnostics.push(Diagnostic::error("file.empty", &source.path, of("|\n  a\n"), "several lines"));
        diagnostics.push(Diagnostic::error("file.empty", &source.path, source.span(0..0), "a point"));
        diagnostics.push(Diagnostic::error("none.such", "/elsewhere/x:y.yaml", source.span(0..4), "far away"));
        let report = |differences: &[&str]| TestReport {
            mapping: MappingId::new("a"),
            file: source.path.clone(),
            name: "somebody".into(),
            span: of("id"),
            differences: differences
                .iter()
                .map(|&expected| Mismatch {
                    expected: expected.to_owned(),
                    found: Some(", found `ana`".to_owned()),
                    about: About::Refusal(None),
                })
                .collect(),
            is_recorded: true,
            steps: Vec::new(),
        };
        let tests = vec![report(&[]), report(&["claim `x`: expected 1"])];
        (diagnostics, source, tests)
    }

    fn run() -> Value {
        let (diagnostics, source, tests) = some();
        let log = log(&diagnostics, std::slice::from_ref(&source), &tests, Path::new("/work/repository"));
        assert_eq!(at(&log, "/version"), "2.1.0");
        at(&log, "/runs/0").clone()
    }

    fn result(run: &Value, starts_with: &str) -> Value {
        let results = at(run, "/results").as_array().unwrap();
        let is_it = |result: &&Value| at(result, "/message/text").as_str().unwrap().starts_with(starts_with);
        results.iter().find(is_it).unwrap().clone()
    }

    #[test]
    fn a_result_has_level_message_and_the_place_in_characters() {
        let result = result(&run(), "`läuft`");
        assert_eq!(at(&result, "/level"), "error");
        assert_eq!(
            at(&result, "/message/text"),
            "`läuft` must be true or false\nhelp: write `{{ x: 1 }}`\nnote: a note"
        );
        let location = at(&result, "/locations/0");
        assert_eq!(at(location, "/message/text"), "this is text");
        assert_eq!(
            at(location, "/physicalLocation/region"),
            &json!({ "startLine": 2, "startColumn": 8, "endLine": 2, "endColumn": 14 })
        );
        assert_eq!(
            at(&result, "/relatedLocations"),
            &json!([{
                "id": 1,
                "message": { "text": "in {{this}} file" },
                "physicalLocation": {
                    "artifactLocation": { "uri": "mappings/a%20b.yaml", "uriBaseId": "%SRCROOT%" },
                    "region": { "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 5 },
                },
            }])
        );
    }

    #[test]
    fn a_place_can_be_several_lines_a_point_or_the_file() {
        let run = run();
        assert_eq!(
            at(&result(&run, "several"), "/locations/0/physicalLocation/region"),
            &json!({ "startLine": 3, "startColumn": 5, "endLine": 5, "endColumn": 1 })
        );
        assert_eq!(
            at(&result(&run, "a point"), "/locations/0/physicalLocation/region"),
            &json!({ "startLine": 1, "startColumn": 1 })
        );
        let file = result(&run, "none");
        assert_eq!((at(&file, "/level"), file.pointer("/relatedLocations")), (&json!("warning"), None));
        assert_eq!(
            at(&file, "/locations/0/physicalLocation"),
            &json!({ "artifactLocation": { "uri": "drawbridge.yaml", "uriBaseId": "%SRCROOT%" } })
        );
    }

    #[test]
    fn every_result_names_its_rule_and_every_rule_explains_itself_once() {
        let run = run();
        let rules = at(&run, "/tool/driver/rules").as_array().unwrap();
        let ids: Vec<_> = rules.iter().map(|rule| at(rule, "/id").as_str().unwrap()).collect();
        assert_eq!(
            ids,
            ["config.mappings_missing", "file.empty", "file.wrong_type", "mapping.test_failed", "none.such"]
        );
        for result in at(&run, "/results").as_array().unwrap() {
            let index = usize::try_from(at(result, "/ruleIndex").as_u64().unwrap()).unwrap();
            assert_eq!(ids[index], at(result, "/ruleId").as_str().unwrap());
        }
        let wrong_type = &rules[2];
        assert_eq!(at(wrong_type, "/shortDescription/text"), "A value is of another type than its key needs.");
        assert!(at(wrong_type, "/fullDescription/text").as_str().unwrap().ends_with("1.5 are not text."));
        let help = at(wrong_type, "/help/text").as_str().unwrap();
        assert!(help.starts_with("Write the type") && help.ends_with("diagnostics/file.wrong_type.md."), "{help}");
        assert_eq!(rules[4], json!({ "id": "none.such" }));
    }

    #[test]
    fn a_failed_test_is_a_result_and_a_passed_one_is_none() {
        let run = run();
        assert_eq!(at(&run, "/results").as_array().unwrap().len(), 6);
        let failed = result(&run, "the test `somebody` of `a` fails");
        assert_eq!(at(&failed, "/ruleId"), "mapping.test_failed");
        assert!(
            at(&failed, "/message/text")
                .as_str()
                .unwrap()
                .ends_with("note: claim `x`: expected 1; what was found is shown on a screen only")
        );
        assert_eq!(at(&failed, "/locations/0/physicalLocation/region/startLine"), 3);
    }

    #[test]
    fn files_below_the_root_have_relative_addresses_without_dots() {
        let root = Path::new("/work/./repository");
        for (file, expected) in [
            ("a.yaml", "a.yaml"),
            ("./deploy/../mappings/./a.yaml", "mappings/a.yaml"),
            ("/work/repository/mappings/ä?.yaml", "mappings/%C3%A4%3F.yaml"),
            ("a:b.yaml", "a%3Ab.yaml"),
        ] {
            assert_eq!(artifact(file, root), json!({ "uri": expected, "uriBaseId": ROOT }), "{file}");
        }
        for (file, expected) in [
            ("../other/a.yaml", "file:///work/other/a.yaml"),
            ("/etc/draw bridge.yaml", "file:///etc/draw%20bridge.yaml"),
        ] {
            assert_eq!(artifact(file, root), json!({ "uri": expected }), "{file}");
        }
    }

    #[test]
    fn nothing_wrong_is_a_log_without_results() {
        let log = log(&Diagnostics::new(), &[], &[], Path::new("/"));
        assert_eq!((at(&log, "/runs/0/results"), at(&log, "/runs/0/tool/driver/rules")), (&json!([]), &json!([])));
        assert_eq!(at(&log, "/runs/0/columnKind"), "unicodeCodePoints");
        assert_eq!(at(&log, "/runs/0/invocations/0/executionSuccessful"), true);
    }
}
