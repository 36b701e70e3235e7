//! Reason codes: why something was refused, in words that never change their meaning.
//!
//! Floor 0. The caller is given the code and one fixed sentence; what was expected and found goes to the
//! decision record. `docs/reference/reasons.md` is generated from [`Reason::ALL`].

mod table;

use std::fmt;

pub use table::Reason;

/// A reason and, for `mapping.require.<id>`, the id of the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonCode {
    reason: Reason,
    rule: Option<Box<str>>,
}

impl ReasonCode {
    /// The refusal of a `require` rule: the code is `mapping.require.<rule>`.
    pub fn of_rule(rule: &str) -> Self {
        Self { reason: Reason::MappingRequire, rule: Some(rule.into()) }
    }

    /// The entry of the table.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// Reads a code as [`fmt::Display`] writes it.
    pub fn parse(code: &str) -> Option<Self> {
        if let Some(rule) = code.strip_prefix("mapping.require.") {
            let is_id = !rule.is_empty()
                && rule.len() <= 64
                && rule.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
            return is_id.then(|| Self::of_rule(rule));
        }
        Reason::ALL.into_iter().find(|reason| reason.code() == code).map(Self::from)
    }
}

impl From<Reason> for ReasonCode {
    fn from(reason: Reason) -> Self {
        Self { reason, rule: None }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.code())?;
        self.rule.as_ref().map_or(Ok(()), |rule| write!(f, ".{rule}"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_lower_case_words_with_an_area() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for code in codes {
            let words: Vec<_> = code.split('.').collect();
            assert_eq!(words.len(), 2, "{code}");
            assert!(
                words.iter().all(|word| !word.is_empty()
                    && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit())),
                "{code}"
            );
        }
    }

    #[test]
    fn sentences_fit_into_error_description() {
        // RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E.
        for reason in Reason::ALL {
            assert!(
                reason.sentence().bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E)),
                "{}",
                reason.code()
            );
        }
    }

    #[test]
    fn a_code_is_read_as_it_is_written() {
        for code in ["saml.expired", "mapping.require.employees_only"] {
            assert_eq!(ReasonCode::parse(code).unwrap().to_string(), code);
        }
        for code in ["saml.nonsense", "mapping.require.", "mapping.require.Call us", "mapping.require.<b>"] {
            assert_eq!(ReasonCode::parse(code), None, "{code}");
        }
    }
}
