//! The secret of a client: kept as a digest, compared in constant time.
//!
//! A plain SHA-256 is enough for random secrets of at least 128 bits, which is what a client gets; a password that a person
//! chose would need a slow hash, and does not belong here.

use std::fmt;

use super::digest::sha256;
use super::mac::equal_in_constant_time;

/// SHA-256 of a client's secret, or of no secret at all. `Debug` shows neither.
///
/// **Invariant.** [`ClientSecretDigest::verifies`] does the same work whatever is held and whatever is presented (but
/// for the length of what is presented), so that an unknown client and a wrong secret cost the same.
#[derive(Clone)]
pub struct ClientSecretDigest {
    digest: [u8; 32],
    usable: bool,
}

impl ClientSecretDigest {
    /// The digest of a secret. Of the empty secret: one that nothing verifies against.
    pub fn of(secret: &[u8]) -> Self {
        Self { digest: sha256(secret), usable: !secret.is_empty() }
    }

    /// What an unknown client is compared with: nothing verifies against it.
    pub const fn none() -> Self {
        Self { digest: [0; 32], usable: false }
    }

    /// Whether `presented` is the secret.
    pub fn verifies(&self, presented: &[u8]) -> bool {
        let equal = equal_in_constant_time(&self.digest, &sha256(presented));
        equal & self.usable
    }
}

impl fmt::Debug for ClientSecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecretDigest(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_itself_verifies() {
        let held = ClientSecretDigest::of(b"correct horse");
        assert!(held.verifies(b"correct horse"));
        for wrong in [b"".as_slice(), b"correct hors", b"correct horse ", b"Correct horse", &sha256(b"correct horse")] {
            assert!(!held.verifies(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn an_empty_or_absent_secret_lets_nobody_in() {
        assert!(!ClientSecretDigest::of(b"").verifies(b""));
        assert!(!ClientSecretDigest::none().verifies(b""));
        assert!(!ClientSecretDigest::none().verifies(&[0; 32]));
    }

    #[test]
    fn nothing_of_a_secret_is_printed() {
        assert_eq!(format!("{:?}", ClientSecretDigest::of(b"correct horse")), "ClientSecretDigest(..)");
    }
}
