//! A draft as a file, in the layout of `mappings/examples/`: sections with a line between them, columns aligned,
//! comments where they belong.

use std::fmt::Write as _;

use super::scalar::{comment, quoted, text};
use super::{Attribute, Claim, ClaimRule, Draft, Requirement, Subject, SubjectRule, Trial};
use crate::ground::claim::ClaimValue;

/// Lines are broken here where they can be.
const WIDTH: usize = 120;
/// Names longer than this do not move the column of the others.
const COLUMN: usize = 32;

pub(super) fn write(draft: &Draft) -> String {
    let mut page = Page(String::new());
    for note in &draft.notes {
        page.comment("", note);
    }
    page.bullets("Not carried as it was. Decide on each, then delete its line:", &draft.to_decide);
    page.bullets("For information, without a counterpart here:", &draft.to_know);
    page.line("kind: mapping");
    page.line("version: 1");
    page.pair("", "id", &text(&draft.id));
    if !draft.description.is_empty() {
        page.pair("", "description", &text(&draft.description));
    }
    let mut guess = "a guess: write the id that the source has in the configuration".to_owned();
    if let Some(why) = &draft.guessed_because {
        let _ = write!(guess, " ({why})");
    }
    page.noted("", &format!("source: {}", text(&draft.source)), draft.source_is_guessed.then_some(guess.as_str()));
    page.attributes(&draft.attributes);
    page.require(&draft.require);
    page.subject(&draft.subject);
    page.claims(&draft.claims);
    page.scopes(&draft.scopes);
    page.release(draft);
    page.tests(&draft.tests);
    page.0
}

struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn pair(&mut self, indent: &str, key: &str, value: &str) {
        // Writing into a string does not fail.
        let _ = writeln!(self.0, "{indent}{key}: {value}");
    }

    fn section(&mut self, key: &str) {
        self.0.push('\n');
        self.line(key);
    }

    fn comment(&mut self, indent: &str, note: &str) {
        for line in comment(note, WIDTH - indent.len() - 2) {
            let _ = writeln!(self.0, "{indent}# {line}");
        }
    }

    /// A list inside of a comment.
    fn bullets(&mut self, title: &str, items: &[String]) {
        if items.is_empty() {
            return;
        }
        self.comment("", title);
        for item in items {
            for (place, line) in comment(item, WIDTH - 6).iter().enumerate() {
                self.line(&format!("#   {} {line}", if place == 0 { "-" } else { " " }));
            }
        }
    }

    /// A line with its comment behind it, or above it where both do not fit.
    fn noted(&mut self, indent: &str, line: &str, note: Option<&str>) {
        let Some(note) = note else { return self.line(line) };
        let short = comment(note, WIDTH);
        match short.as_slice() {
            [only] if line.chars().count() + only.chars().count() + 5 <= WIDTH => {
                self.line(&format!("{line}   # {only}"));
            }
            _ => {
                self.comment(indent, note);
                self.line(line);
            }
        }
    }

    fn attributes(&mut self, attributes: &[Attribute]) {
        if attributes.is_empty() {
            return;
        }
        self.section("attributes:");
        let width = column(attributes.iter().map(|attribute| attribute.short.as_str()));
        for attribute in attributes {
            let mut keys = vec![("name", quoted(&attribute.name))];
            keys.extend(attribute.format.as_ref().map(|format| ("format", quoted(format))));
            keys.extend(attribute.many.then(|| ("many", "true".to_owned())));
            keys.extend(attribute.optional.then(|| ("optional", "true".to_owned())));
            let key = format!("{}:", text(&attribute.short));
            self.noted("  ", &format!("  {key:width$} {}", flow(&keys)), attribute.note.as_deref());
        }
    }

    fn require(&mut self, rules: &[Requirement]) {
        if rules.is_empty() {
            return;
        }
        self.section("require:");
        for rule in rules {
            if let Some(note) = &rule.note {
                self.comment("  ", note);
            }
            self.pair("  - ", "id", &text(&rule.id));
            self.pair("    ", "cel", &quoted(&rule.cel));
            self.pair("    ", "message", &text(&rule.message));
        }
    }

    fn subject(&mut self, subject: &Subject) {
        self.0.push('\n');
        let rule = match &subject.rule {
            SubjectRule::From(short) => flow(&[("from", text(short))]),
            SubjectRule::Cel(cel) => flow(&[("cel", quoted(cel))]),
        };
        self.noted("", &format!("subject: {rule}"), subject.note.as_deref());
    }

    fn claims(&mut self, claims: &[Claim]) {
        if claims.is_empty() {
            return;
        }
        self.section("claims:");
        for claim in claims {
            let name = text(&claim.name);
            let note = claim.note.as_deref();
            match &claim.rule {
                ClaimRule::From(short) => self.noted("  ", &format!("  {name}: {}", text(short)), note),
                ClaimRule::Typed(short, kind) => {
                    let rule = flow(&[("from", text(short)), ("type", (*kind).to_owned())]);
                    self.noted("  ", &format!("  {name}: {rule}"), note);
                }
                ClaimRule::Value(fixed) => {
                    self.noted("  ", &format!("  {name}: {}", flow(&[("value", value(fixed))])), note);
                }
                ClaimRule::Cel(cel) => self.noted("  ", &format!("  {name}: {}", flow(&[("cel", quoted(cel))])), note),
                ClaimRule::Object(members) => {
                    self.noted("  ", &format!("  {name}:"), note);
                    self.rows("object", members);
                }
                ClaimRule::Table(short, rows) => {
                    self.noted("  ", &format!("  {name}:"), note);
                    self.pair("    ", "from", &text(short));
                    self.rows("table", rows);
                }
            }
        }
    }

    /// One line where it fits, else one line for each row.
    fn rows(&mut self, key: &str, rows: &[(String, String)]) {
        let rows: Vec<(String, String)> = rows.iter().map(|(key, value)| (text(key), text(value))).collect();
        let line = flow(&rows.iter().map(|(key, value)| (key.as_str(), value.clone())).collect::<Vec<_>>());
        if line.chars().count() + key.len() + "    : ".len() <= WIDTH || rows.is_empty() {
            return self.pair("    ", key, &line);
        }
        self.line(&format!("    {key}:"));
        for (key, value) in &rows {
            self.pair("      ", key, value);
        }
    }

    fn scopes(&mut self, scopes: &[(String, String)]) {
        if scopes.is_empty() {
            self.section(
                "# Who gets which scope. Until this is written no token comes of this mapping: without `scopes` every",
            );
            self.line("# request is refused with `policy.scope_exceeds`.");
            self.line("# scopes:");
            return self.line("#   api.read: \"true\"   # everybody whom this mapping takes");
        }
        self.section("scopes:");
        let width = column(scopes.iter().map(|(scope, _)| scope.as_str()));
        for (scope, cel) in scopes {
            let key = format!("{}:", text(scope));
            self.line(&format!("  {key:width$} {}", quoted(cel)));
        }
    }

    fn release(&mut self, draft: &Draft) {
        if draft.release.is_empty() {
            if !draft.claims.is_empty() {
                self.section("# Which API may see which claim. Nothing leaves until this is written:");
                self.line("# release:");
                let names: Vec<String> = visible_claims(draft).iter().map(|name| text(name)).collect();
                for (place, line) in comment(&format!("[{}]", names.join(", ")), WIDTH - 30).iter().enumerate() {
                    let key = if place == 0 { "https://api.example: " } else { "  " };
                    self.line(&format!("#   {key}{line}"));
                }
            }
            return;
        }
        self.section("release:");
        for (audience, names) in &draft.release {
            let names: Vec<String> = names.iter().map(|name| text(name)).collect();
            self.pair("  ", &text(audience), &format!("[{}]", names.join(", ")));
        }
    }

    fn tests(&mut self, tests: &[Trial]) {
        if tests.is_empty() {
            return;
        }
        self.section("tests:");
        for test in tests {
            self.pair("  - ", "name", &text(&test.name));
            self.line(if test.given.is_empty() && test.attributes.is_empty() { "    given: {}" } else { "    given:" });
            for (key, value) in &test.given {
                self.pair("      ", key, &text(value));
            }
            if !test.attributes.is_empty() {
                self.line("      attributes:");
            }
            for (short, values) in &test.attributes {
                let values: Vec<String> = values.iter().map(|value| text(value)).collect();
                self.pair("        ", &text(short), &format!("[{}]", values.join(", ")));
            }
            self.expected(test);
        }
    }

    fn expected(&mut self, test: &Trial) {
        if let Some(code) = &test.refused {
            self.pair("    ", "expect", &flow(&[("refused", text(code))]));
            return self.once_mended(test);
        }
        self.line("    expect:");
        self.accepted(test);
    }

    /// What is expected when the mapping no longer refuses: only to be uncommented.
    fn once_mended(&mut self, test: &Trial) {
        let Some(note) = &test.once_mended else { return };
        let mut expected = Self(String::new());
        expected.line("    expect:");
        expected.accepted(test);
        self.comment("    ", note);
        for line in expected.0.lines() {
            let line = line.strip_prefix("    ").unwrap_or(line);
            self.line(&format!("    # {line}"));
        }
    }

    fn accepted(&mut self, test: &Trial) {
        if let Some(subject) = &test.subject {
            self.pair("      ", "subject", &text(subject));
        }
        if !test.claims.is_empty() {
            self.line("      claims:");
        }
        for (name, expected) in &test.claims {
            self.pair("        ", &text(name), &value(expected));
        }
        // A test that expects nothing is an error; an empty list says that the credential is accepted.
        let nothing = test.subject.is_none() && test.claims.is_empty();
        if nothing || !test.absent.is_empty() {
            let names: Vec<String> = test.absent.iter().map(|name| text(name)).collect();
            self.pair("      ", "absent", &format!("[{}]", names.join(", ")));
        }
    }
}

/// The claims that a released token would have: those that only help other claims stand first and begin with `_`.
fn visible_claims(draft: &Draft) -> Vec<&str> {
    draft.claims.iter().map(|claim| claim.name.as_str()).filter(|name| !name.starts_with('_')).collect()
}

/// The width of a column of keys with their colons.
fn column<'a>(keys: impl Iterator<Item = &'a str>) -> usize {
    keys.map(|key| text(key).chars().count() + 1).filter(|width| *width <= COLUMN).max().unwrap_or(0)
}

fn flow(pairs: &[(&str, String)]) -> String {
    if pairs.is_empty() {
        return "{}".into();
    }
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    format!("{{ {} }}", pairs.join(", "))
}

fn value(of: &ClaimValue) -> String {
    match of {
        ClaimValue::Text(of) => text(of),
        ClaimValue::Bool(truth) => truth.to_string(),
        ClaimValue::Int(number) => number.to_string(),
        ClaimValue::List(items) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
        ClaimValue::Object(fields) => {
            let fields: Vec<(String, String)> = fields.iter().map(|(key, of)| (text(key), value(of))).collect();
            flow(&fields.iter().map(|(key, value)| (key.as_str(), value.clone())).collect::<Vec<_>>())
        }
    }
}
