//! The key of recordings: what is kept of requests beside their records is sealed under a key of its own.
//!
//! Whoever removes the key from the vault has made every recording unreadable at once.

use std::fmt;

use zeroize::Zeroizing;

use crate::ground::entropy::Entropy;
use crate::ground::secret::Secret;

use super::seal::{MasterKeys, OpenError, Purpose};

/// Seals and opens recordings. `Debug` shows nothing.
pub struct RecordingKey {
    keys: MasterKeys,
    line: Zeroizing<String>,
}

/// Why a sealed recording key could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordingKeyError {
    /// It could not be unsealed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What was sealed is not a recording key.
    #[error("the stored recording key is not of a known form")]
    Malformed,
}

impl RecordingKey {
    /// The name of the vault entry.
    pub const VAULT_NAME: &'static str = "recording";

    /// A fresh key.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, RecordingKeyError> {
        Self::of(MasterKeys::new_line(entropy))
    }

    fn of(line: Zeroizing<String>) -> Result<Self, RecordingKeyError> {
        let keys = MasterKeys::parse(&line).map_err(|_| RecordingKeyError::Malformed)?;
        Ok(Self { keys, line })
    }

    /// Sealed, for the vault entry [`RecordingKey::VAULT_NAME`].
    pub fn seal(&self, master: &MasterKeys, entropy: &dyn Entropy) -> Vec<u8> {
        master.seal(Purpose::RecordingKey, Self::VAULT_NAME, self.line.as_bytes(), entropy)
    }

    /// The key of a vault entry.
    pub fn open(master: &MasterKeys, sealed: &[u8]) -> Result<Self, RecordingKeyError> {
        let plain = master.open(Purpose::RecordingKey, Self::VAULT_NAME, sealed)?;
        let line = std::str::from_utf8(plain.expose()).map_err(|_| RecordingKeyError::Malformed)?;
        Self::of(Zeroizing::new(line.to_owned()))
    }

    /// A recording, sealed under its name: moved to another request it does not open.
    pub fn seal_recording(&self, name: &str, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        self.keys.seal(Purpose::Recording, name, plain, entropy)
    }

    /// What was recorded.
    pub fn open_recording(&self, name: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, OpenError> {
        self.keys.open(Purpose::Recording, name, sealed)
    }
}

impl fmt::Debug for RecordingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordingKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::entropy::SystemEntropy;

    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_key_and_name_alone() {
        let master = MasterKeys::parse(&MasterKeys::new_line(&SystemEntropy)).unwrap();
        let key = RecordingKey::generate(&SystemEntropy).unwrap();
        let sealed = key.seal_recording("a", b"facts", &SystemEntropy);
        let again = RecordingKey::open(&master, &key.seal(&master, &SystemEntropy)).unwrap();
        assert_eq!(again.open_recording("a", &sealed).unwrap().expose(), b"facts");
        assert!(again.open_recording("b", &sealed).is_err());
        assert!(RecordingKey::generate(&SystemEntropy).unwrap().open_recording("a", &sealed).is_err());
        assert!(master.open(Purpose::Recording, "a", &sealed).is_err());
        let other = master.seal(Purpose::RecordingKey, RecordingKey::VAULT_NAME, b"no key", &SystemEntropy);
        assert_eq!(RecordingKey::open(&master, &other).unwrap_err(), RecordingKeyError::Malformed);
        assert_eq!(format!("{key:?}"), "RecordingKey(..)");
    }
}
