//! How single values are read from a node: each reports what is wrong with it and goes on.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::diagnostic::shape::Keys;
use crate::diagnostic::{Findings, Node, Span, Table, Value, suggest};
use crate::ground::scope::{Scope, ScopeSet};

use super::super::word::{parse_duration, render_duration};
use super::shapes::SECRET;

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct At<T> {
    /// What was written.
    pub(in crate::config) value: T,
    /// Where.
    pub(in crate::config) span: Span,
}

impl<T> At<T> {
    /// A value at its place.
    pub(in crate::config) const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// Where a secret is kept; never the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) enum RawSecret {
    /// A file, as written.
    File(At<String>),
    /// The name of an environment variable.
    Env(At<String>),
}

impl RawSecret {
    /// The file, as written.
    pub(in crate::config) fn file(&self) -> Option<&str> {
        match self {
            Self::File(at) => Some(&at.value),
            Self::Env(_) => None,
        }
    }

    /// Where it is named.
    pub(in crate::config) const fn span(&self) -> Span {
        match self {
            Self::File(at) | Self::Env(at) => at.span,
        }
    }
}

/// Reports a key or word whose feature is not in this version: it is known, so it is no typing error.
pub(super) fn report_later(findings: &mut Findings<'_>, span: Span, what: &str) {
    findings
        .error("config.not_in_this_version", span, format!("{what} is not in this version of drawbridge"))
        .label("planned, not yet there")
        .help("remove it; it is refused rather than ignored, so that nothing that you rely on is silently missing");
}

/// Reports those of `keys` that the table has.
pub(super) fn report_later_keys(table: &Table<'_>, keys: &[&str], findings: &mut Findings<'_>) {
    for entry in keys.iter().filter_map(|key| table.entry(key)) {
        report_later(findings, entry.key_span, &format!("`{}`", entry.key));
    }
}

/// The words that a key may have: those of this version, and those of a later one.
pub(super) struct Choice<'w, T> {
    pub(super) what: &'w str,
    pub(super) words: &'w [(&'w str, T)],
    pub(super) later: &'w [&'w str],
}

impl<T: Copy> Choice<'_, T> {
    /// One of the words, or a finding.
    pub(super) fn read(&self, node: &Node, findings: &mut Findings<'_>) -> Option<At<T>> {
        let word = node.word(self.what, findings)?;
        if let Some((_, value)) = self.words.iter().find(|(name, _)| *name == word) {
            return Some(At::new(*value, node.span));
        }
        if self.later.contains(&word) {
            report_later(findings, node.span, &format!("{} `{word}`", self.what));
            return None;
        }
        let names: Vec<&str> = self.words.iter().map(|(name, _)| *name).collect();
        let suggestion = suggest(word, names.iter().copied());
        let problem = findings.error("config.word_unknown", node.span, format!("{} has no value `{word}`", self.what));
        problem.label("unknown value").did_you_mean(suggestion).help(format!("the values are {}", names.join(", ")));
        None
    }
}

/// Text that is not empty, with its place.
pub(super) fn read_word(node: &Node, what: &str, findings: &mut Findings<'_>) -> Option<At<String>> {
    Some(At::new(node.word(what, findings)?.to_owned(), node.span))
}

/// A duration inside a range, or a finding.
pub(super) fn read_duration(
    node: &Node,
    what: &str,
    range: &RangeInclusive<Duration>,
    findings: &mut Findings<'_>,
) -> Option<At<Duration>> {
    let text = match &node.value {
        // `lifetime: 600` is a natural mistake; the answer names the unit instead of a type.
        Value::Int(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::Text(_) | Value::List(_) | Value::Table(_) => {
            node.word(what, findings)?.to_owned()
        }
    };
    let Some(duration) = parse_duration(&text) else {
        findings
            .error("config.duration_malformed", node.span, format!("{what} is no duration: `{text}`"))
            .label("a number and a unit")
            .help("write `30s`, `10m`, `1h` or `7d`");
        return None;
    };
    if !range.contains(&duration) {
        let (least, most) = (render_duration(*range.start()), render_duration(*range.end()));
        let message = format!("{what} must be between `{least}` and `{most}`, not `{text}`");
        findings.error("config.duration_out_of_range", node.span, message).label("out of range");
        return None;
    }
    Some(At::new(duration, node.span))
}

/// A list of words without repetition; repeated ones are findings. An empty list is a finding as well: whoever means
/// "nothing" leaves the key out, and whoever means "everything" does not get it by accident.
pub(super) fn read_words(node: &Node, what: &str, findings: &mut Findings<'_>) -> Option<Vec<At<String>>> {
    let texts = node.texts(what, findings)?;
    if matches!(&node.value, Value::List(nodes) if nodes.is_empty()) {
        report_empty_list(findings, node.span, what);
        return None;
    }
    let mut words: Vec<At<String>> = Vec::with_capacity(texts.len());
    for (text, span) in texts {
        if let Some(first) = words.iter().find(|word| word.value == text) {
            let first = first.span;
            findings
                .error("config.list_repeats", span, format!("`{text}` stands twice in {what}"))
                .label("again")
                .related(first, "first");
        } else {
            words.push(At::new(text.to_owned(), span));
        }
    }
    Some(words)
}

/// Reports a list without elements.
pub(super) fn report_empty_list(findings: &mut Findings<'_>, span: Span, what: &str) {
    findings.error("config.list_empty", span, format!("{what} must not be empty")).label("nothing is in it");
}

/// A list of OAuth scopes.
pub(super) fn read_scopes(node: &Node, what: &str, findings: &mut Findings<'_>) -> Option<At<ScopeSet>> {
    let mut scopes = ScopeSet::default();
    for At { value, span } in read_words(node, what, findings)? {
        match Scope::parse(&value) {
            Ok(scope) => scopes.insert(scope),
            Err(rejection) => {
                findings.error("config.scope_malformed", span, format!("`{value}` is {rejection}"));
            }
        }
    }
    Some(At::new(scopes, node.span))
}

/// `{ file: … }` or `{ env: … }`. The value of a literal secret is not repeated in the message.
pub(super) fn read_secret(node: &Node, what: &str, findings: &mut Findings<'_>) -> Option<RawSecret> {
    if matches!(node.value, Value::Text(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_)) {
        findings
            .error("config.secret_literal", node.span, format!("{what} is written into this file"))
            .label("a secret does not belong here")
            .help("put it into a file of its own and write `{ file: ./secrets/NAME }`, or `{ env: NAME }`")
            .note("treat it as known to everybody who has read this file, and choose a new one");
        return None;
    }
    let table = node.shaped(what, &SECRET, findings)?;
    match (table.get("file"), table.get("env")) {
        (Some(file), None) => read_word(file, "`file`", findings).map(RawSecret::File),
        (None, Some(env)) => read_env_name(env, findings).map(RawSecret::Env),
        (file, _) => {
            let how = if file.is_some() { "names both `file` and `env`" } else { "names neither `file` nor `env`" };
            let message = format!("{what} {how}");
            findings.error("config.one_of", node.span, message).help("write `{ file: PATH }` or `{ env: NAME }`");
            None
        }
    }
}

fn read_env_name(node: &Node, findings: &mut Findings<'_>) -> Option<At<String>> {
    let name = read_word(node, "`env`", findings)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.value.bytes().all(fits) && !name.value.starts_with(|first: char| first.is_ascii_digit()) {
        return Some(name);
    }
    // The text is not repeated: it may be the secret itself, put under the wrong key.
    findings
        .error("config.env_malformed", name.span, "`env` is not the name of an environment variable")
        .help("a name has letters, digits and `_`, and does not begin with a digit");
    None
}

/// `{ file: … }` where nothing else is possible yet.
pub(super) fn read_file(node: &Node, keys: &'static Keys, findings: &mut Findings<'_>) -> Option<At<String>> {
    let table = node.shaped(keys.what, keys, findings)?;
    let planned = keys.later.iter().any(|key| table.entry(key).is_some());
    report_later_keys(&table, keys.later, findings);
    if planned && table.get("file").is_none() {
        return None;
    }
    read_word(table.required("file", findings)?, "`file`", findings)
}

/// The id of a source or session: it stands in URNs and in mapping files.
pub(super) fn read_id(node: &Node, what: &str, findings: &mut Findings<'_>) -> Option<At<String>> {
    let id = read_word(node, what, findings)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let begins = id.value.starts_with(|first: char| first.is_ascii_alphanumeric());
    if begins && id.value.len() <= 64 && id.value.bytes().all(fits) {
        return Some(id);
    }
    findings
        .error("config.id_malformed", id.span, format!("`{}` cannot be an id", id.value))
        .help("an id has up to 64 letters, digits, `-`, `_` and `.`, and begins with a letter or digit");
    None
}

/// A name that is compared character by character: an audience, a recipient, an entity ID.
pub(super) fn check_name(at: &At<String>, what: &str, findings: &mut Findings<'_>) -> bool {
    let printable = |c: char| !c.is_whitespace() && !c.is_control();
    if at.value.len() <= 1024 && at.value.chars().all(printable) {
        return true;
    }
    findings
        .error("config.name_malformed", at.span, format!("{what} has spaces or control characters, or is too long"))
        .help("it is compared character by character with what others send");
    false
}
