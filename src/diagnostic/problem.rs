//! One problem, and all of them.

use super::source::Span;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file works, but probably not as it was meant.
    Warning,
}

impl Severity {
    /// The word on the screen and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What a code means, for `drawbridge explain` and the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// The code.
    pub code: &'static str,
    /// What the problem is, and why it is one.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// One problem in an operator's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// `area.what`, stable; `drawbridge explain` knows it.
    pub code: &'static str,
    /// Whether the file is refused for it.
    pub severity: Severity,
    /// The path of the file, as it is shown.
    pub file: String,
    /// Where.
    pub span: Span,
    /// What: one sentence, lower-case, values in backticks.
    pub message: String,
    /// A few words under the place.
    pub label: Option<String>,
    /// Other places of the same file that have to do with it, each with a few words.
    pub related: Vec<(Span, String)>,
    /// What to do.
    pub help: Vec<String>,
    /// What else to know.
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// A problem for which the file is refused.
    pub fn error(code: &'static str, file: impl Into<String>, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            file: file.into(),
            span,
            message: message.into(),
            label: None,
            related: Vec::new(),
            help: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The same, but the file is taken.
    pub fn warning(code: &'static str, file: impl Into<String>, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, file, span, message) }
    }

    /// Says a few words under the place.
    pub fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = Some(label.into());
        self
    }

    /// Points at another place of the same file.
    pub fn related(&mut self, span: Span, label: impl Into<String>) -> &mut Self {
        self.related.push((span, label.into()));
        self
    }

    /// Says what to do.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help.push(help.into());
        self
    }

    /// Says ``did you mean `…`?`` where there is something to mean.
    pub fn did_you_mean(&mut self, suggestion: Option<&str>) -> &mut Self {
        match suggestion {
            Some(word) => self.help(format!("did you mean `{word}`?")),
            None => self,
        }
    }

    /// Says what else to know.
    pub fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.notes.push(note.into());
        self
    }
}

/// Problems, sorted by file and place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// None.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one at its place, behind those of the same place, and hands it back for labels and help.
    pub fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        fn place(d: &Diagnostic) -> (&str, usize, usize) {
            (&d.file, d.span.line, d.span.start)
        }
        let at = self.0.partition_point(|there| place(there) <= place(&diagnostic));
        self.0.insert(at, diagnostic);
        #[expect(clippy::indexing_slicing, reason = "inserted on the line above")]
        &mut self.0[at]
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, others: Self) {
        for diagnostic in others.0 {
            self.push(diagnostic);
        }
    }

    /// In the order of files and places.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Whether there is none, not even a warning.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many, warnings included.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a file must be refused.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}
