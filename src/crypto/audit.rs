//! Keyed hashes for the decision record: two records of one person can be seen to be of one person, and nobody
//! without the key can try out whose they are.

use std::fmt;

use super::digest::hex;
use super::mac::{MacAlgorithm, MacKey};

/// The key of the record's hashes, derived from the subject key.
#[derive(Clone)]
pub struct AuditKey(MacKey);

/// What a hash is of: the same value under another kind gives another hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hashed {
    /// The `sub` of what is issued.
    Subject,
    /// A token that was issued.
    Token,
    /// A person of whom something is recorded.
    Person,
}

impl Hashed {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Token => "token",
            Self::Person => "person",
        }
    }
}

impl AuditKey {
    pub(super) fn new(key: &[u8]) -> Self {
        Self(MacKey::new(MacAlgorithm::HmacSha256, key))
    }

    /// HMAC-SHA-256 of the value, as 64 hexadecimal digits.
    pub fn hash(&self, kind: Hashed, value: &[u8]) -> String {
        hex(&self.hash_of_parts(kind, &[value]))
    }

    /// HMAC-SHA-256 of several values; a border between them counts.
    pub fn hash_of_parts(&self, kind: Hashed, values: &[&[u8]]) -> [u8; 32] {
        let parts: Vec<&[u8]> = std::iter::once(kind.as_str().as_bytes()).chain(values.iter().copied()).collect();
        let mut hash = [0; 32];
        hash.iter_mut().zip(self.0.mac_of_parts(&parts)).for_each(|(to, from)| *to = from);
        hash
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_hangs_on_key_kind_and_value() {
        let key = AuditKey::new(&[7; 32]);
        let hash = key.hash(Hashed::Subject, b"ana");
        assert_eq!(hash.len(), 64);
        assert_eq!(hash, key.hash(Hashed::Subject, b"ana"));
        assert_ne!(hash, key.hash(Hashed::Token, b"ana"));
        assert_ne!(hash, key.hash(Hashed::Subject, b"anb"));
        assert_ne!(hash, AuditKey::new(&[8; 32]).hash(Hashed::Subject, b"ana"));
    }
}
