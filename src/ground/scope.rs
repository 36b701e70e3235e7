//! OAuth scopes (RFC 6749 section 3.3).
//!
//! Floor 0.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// One scope: printable ASCII without space, `"` and `\`. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(Arc<str>);

/// A text that is not a scope, or not a list of scopes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a scope: a scope is printable ASCII without space, quote and backslash")]
pub struct ScopeRejection;

impl Scope {
    /// RFC 6749 section 3.3: `1*( %x21 / %x23-5B / %x5D-7E )`.
    pub fn parse(text: &str) -> Result<Self, ScopeRejection> {
        let is_token = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        if text.is_empty() || !text.bytes().all(is_token) {
            return Err(ScopeRejection);
        }
        Ok(Self(text.into()))
    }

    /// The same text, for records.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The scope as it stands in a request.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Scopes without order or repetition; written in alphabetical order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeSet(BTreeSet<Scope>);

impl ScopeSet {
    /// Scopes separated by single spaces. Empty text, doubled spaces and foreign characters are refused.
    pub fn parse(text: &str) -> Result<Self, ScopeRejection> {
        text.split(' ').map(Scope::parse).collect::<Result<_, _>>().map(Self)
    }

    /// What both hold.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// What this holds and the other does not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    /// Whether the scope is in the set.
    pub fn contains(&self, scope: &Scope) -> bool {
        self.0.contains(scope)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// Adds one.
    pub fn insert(&mut self, scope: Scope) {
        self.0.insert(scope);
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_set_in_order() {
        let scopes = ScopeSet::parse("b a b").unwrap();
        assert_eq!(scopes.to_string(), "a b");
        assert_eq!(scopes.intersection(&ScopeSet::parse("b c").unwrap()).to_string(), "b");
        assert_eq!(scopes.difference(&ScopeSet::parse("b c").unwrap()).to_string(), "a");
    }

    #[test]
    fn foreign_characters_are_refused() {
        for text in ["", " ", "a  b", " a", "a ", "a\"b", "a\\b", "é", "a\nb", "a\tb"] {
            assert_eq!(ScopeSet::parse(text), Err(ScopeRejection), "{text:?}");
        }
    }
}
