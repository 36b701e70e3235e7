//! What is wrong with an expression, and where in its text.

use std::ops::Range;

use ::cel::ParseErrors;

use crate::diagnostic::Severity;

/// A problem of an expression; the places are bytes of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mapping) struct Fault {
    pub(in crate::mapping) code: &'static str,
    pub(in crate::mapping) severity: Severity,
    pub(in crate::mapping) range: Range<usize>,
    pub(in crate::mapping) message: String,
    pub(in crate::mapping) label: Option<String>,
    pub(in crate::mapping) help: Vec<String>,
}

impl Fault {
    pub(super) fn error(code: &'static str, range: Range<usize>, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, range, message: message.into(), label: None, help: Vec::new() }
    }

    pub(super) fn warning(code: &'static str, range: Range<usize>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, range, message) }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    pub(super) fn did_you_mean(self, suggestion: Option<String>) -> Self {
        match suggestion {
            Some(word) => self.help(format!("did you mean `{word}`?")),
            None => self,
        }
    }

    pub(super) fn add_label(&mut self, label: impl Into<String>) {
        self.label = Some(label.into());
    }

    pub(super) fn add_help(&mut self, help: impl Into<String>) {
        self.help.push(help.into());
    }

    pub(super) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The first of what the parser says: what follows is often only its echo.
pub(super) fn of_parser(text: &str, errors: &ParseErrors) -> Fault {
    let whole = 0..text.len();
    let Some(first) = errors.errors.first() else {
        return Fault::error("mapping.expression_syntax", whole, "the expression cannot be read");
    };
    let at = first
        .source_info
        .as_ref()
        .and_then(|info| info.offset_for(first.expr_id))
        .and_then(|(start, stop)| Some(usize::try_from(start).ok()?..usize::try_from(stop).ok()?));
    let range = at.filter(|range| range.start <= range.end && range.end <= text.len()).unwrap_or(whole);
    let message = first.msg.strip_prefix("Syntax error: ").unwrap_or(&first.msg);
    let meant = meant(text, &range);
    let fault = |message: String| Fault::error("mapping.expression_syntax", range, message);
    match message {
        "mismatched input '<EOF>' expecting expression" => fault("the expression ends too early".to_owned()),
        "unable to unescape string" => {
            fault("the text has a backslash before something that is not escaped".to_owned())
                .help("text with backslashes of its own, such as a regular expression, is written `r'…'`")
        }
        other => {
            let fault = fault(other.replace("<EOF>", "the end"));
            match meant {
                Some(help) => fault.help(help),
                None => fault,
            }
        }
    }
}

/// What CEL writes for a word of other languages that stands at a place, or before it.
fn meant(text: &str, range: &Range<usize>) -> Option<&'static str> {
    let word = text.get(range.clone())?.to_ascii_lowercase();
    let before = text.get(..range.start)?.trim_end();
    let is_negated =
        before.len() >= 3 && before.get(before.len() - 3..).is_some_and(|end| end.eq_ignore_ascii_case("not"));
    Some(match word.as_str() {
        "and" | "&" => "CEL writes `&&`",
        "or" | "|" => "CEL writes `||`",
        "=" => "CEL compares with `==`",
        "is" => "CEL compares with `==`, also with `null`",
        "not" => "CEL writes `!(a in b)`",
        _ if is_negated => "CEL writes `!` for `not`",
        _ => return None,
    })
}
