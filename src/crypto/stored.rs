//! A signing key as it is kept: with its state, sealed.
//!
//! ```text
//! plain:  1 │ algorithm │ state │ since (8) │ created (8) │ len(kid) │ kid │ PKCS#8
//! sealed: under Purpose::SigningKey and the name `signing/<kid>`
//! ```
//!
//! Times are milliseconds since the epoch, big-endian. The numbers of algorithms and states never change.

use std::fmt;

use zeroize::Zeroizing;

use crate::ground::entropy::Entropy;
use crate::ground::id::KeyId;
use crate::ground::secret::Secret;
use crate::ground::time::Timestamp;

use super::keys::{KeyError, SigningAlgorithm, SigningKey};
use super::seal::{MasterKeys, OpenError, Purpose};

const VERSION: u8 = 1;

/// Where a key is in its life, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Published, so that verifiers know it before its first signature; signs nothing.
    Pending(Timestamp),
    /// Published; signs.
    Active(Timestamp),
    /// Published until the last token that it signed has expired; signs nothing any more.
    Retiring(Timestamp),
}

impl KeyState {
    /// The word on the screen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending(_) => "pending",
            Self::Active(_) => "active",
            Self::Retiring(_) => "retiring",
        }
    }

    /// Since when.
    pub const fn since(self) -> Timestamp {
        match self {
            Self::Pending(since) | Self::Active(since) | Self::Retiring(since) => since,
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Pending(_) => 1,
            Self::Active(_) => 2,
            Self::Retiring(_) => 3,
        }
    }

    const fn of_number(number: u8, since: Timestamp) -> Option<Self> {
        match number {
            1 => Some(Self::Pending(since)),
            2 => Some(Self::Active(since)),
            3 => Some(Self::Retiring(since)),
            _ => None,
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A signing key with its state, before it is sealed or after it is opened. `Debug` hides the key.
pub struct StoredKey {
    /// The RFC 7638 thumbprint of the public key.
    pub key_id: KeyId,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it was made.
    pub created: Timestamp,
    /// The private key.
    pub pkcs8: Secret<Vec<u8>>,
}

/// A vault entry to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// Its name, `signing/<kid>`.
    pub name: String,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

/// Why a stored key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoredKeyError {
    /// It does not open.
    #[error("signing key `{name}`: {error}")]
    Open {
        /// The vault entry.
        name: String,
        /// Why.
        error: OpenError,
    },
    /// Written by another version of the bridge.
    #[error("a signing key is stored in form {found}, which this version does not know")]
    Version {
        /// The version found.
        found: u8,
    },
    /// Not of the stored form.
    #[error("a signing key is stored in an unknown form")]
    Malformed,
    /// The private key is unfit for its algorithm.
    #[error("signing key `{key_id}`: {error}")]
    Key {
        /// Which key.
        key_id: KeyId,
        /// Why.
        error: KeyError,
    },
    /// The private key has another thumbprint than the entry says.
    #[error("the entry of signing key `{expected}` holds key `{found}`")]
    Mismatch {
        /// The `kid` of the entry.
        expected: KeyId,
        /// The thumbprint of the key.
        found: KeyId,
    },
}

impl StoredKey {
    /// What every name of a signing key's vault entry begins with.
    pub const VAULT_PREFIX: &'static str = "signing/";

    /// A key as it will be kept.
    pub fn of(key: &SigningKey, state: KeyState, created: Timestamp) -> Result<Self, KeyError> {
        let (key_id, algorithm) = (key.key_id().clone(), key.algorithm());
        Ok(Self { key_id, algorithm, state, created, pkcs8: key.to_pkcs8()? })
    }

    /// The name of its vault entry.
    pub fn vault_name(&self) -> String {
        format!("{}{}", Self::VAULT_PREFIX, self.key_id)
    }

    /// Sealed for the vault.
    pub fn seal(&self, master: &MasterKeys, entropy: &dyn Entropy) -> SealedKey {
        let name = self.vault_name();
        let sealed = master.seal(Purpose::SigningKey, &name, &self.encode(), entropy);
        SealedKey { name, sealed }
    }

    /// The key of a vault entry. An entry under another key's name is refused.
    pub fn open(master: &MasterKeys, name: &str, sealed: &[u8]) -> Result<Self, StoredKeyError> {
        let plain = master
            .open(Purpose::SigningKey, name, sealed)
            .map_err(|error| StoredKeyError::Open { name: name.to_owned(), error })?;
        // Into the parts of the key.
        let key = Self::decode(plain.expose())?;
        if key.vault_name() == name { Ok(key) } else { Err(StoredKeyError::Malformed) }
    }

    /// Parses the private key, once, and checks that it is the one that the entry names.
    pub fn prepare(&self) -> Result<SigningKey, StoredKeyError> {
        // Into the library's key, which erases itself.
        let key = SigningKey::from_pkcs8(self.algorithm, self.pkcs8.expose())
            .map_err(|error| StoredKeyError::Key { key_id: self.key_id.clone(), error })?;
        if *key.key_id() == self.key_id {
            Ok(key)
        } else {
            Err(StoredKeyError::Mismatch { expected: self.key_id.clone(), found: key.key_id().clone() })
        }
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        // Into the seal.
        let (kid, pkcs8) = (self.key_id.as_str().as_bytes(), self.pkcs8.expose());
        // Room for all of it: a buffer that grows would leave the key behind.
        let mut plain = Zeroizing::new(Vec::with_capacity(20 + kid.len() + pkcs8.len()));
        plain.extend_from_slice(&[VERSION, algorithm_number(self.algorithm), self.state.number()]);
        plain.extend_from_slice(&self.state.since().unix_millis().to_be_bytes());
        plain.extend_from_slice(&self.created.unix_millis().to_be_bytes());
        plain.push(u8::try_from(kid.len()).unwrap_or(u8::MAX)); // A thumbprint has 43 characters.
        plain.extend_from_slice(kid);
        plain.extend_from_slice(pkcs8);
        plain
    }

    fn decode(plain: &[u8]) -> Result<Self, StoredKeyError> {
        match plain.split_first() {
            Some((&VERSION, rest)) => Self::decode_v1(rest).ok_or(StoredKeyError::Malformed),
            Some((&found, _)) => Err(StoredKeyError::Version { found }),
            None => Err(StoredKeyError::Malformed),
        }
    }

    fn decode_v1(rest: &[u8]) -> Option<Self> {
        let (&[algorithm, state], rest) = rest.split_first_chunk()?;
        let (since, rest) = rest.split_first_chunk()?;
        let (created, rest) = rest.split_first_chunk()?;
        let (&length, rest) = rest.split_first()?;
        let (kid, pkcs8) = rest.split_at_checked(usize::from(length))?;
        let moment = |bytes: &[u8; 8]| Timestamp::from_unix_millis(i64::from_be_bytes(*bytes));
        Some(Self {
            key_id: KeyId::new(std::str::from_utf8(kid).ok()?),
            algorithm: SigningAlgorithm::ALL.into_iter().find(|known| algorithm_number(*known) == algorithm)?,
            state: KeyState::of_number(state, moment(since))?,
            created: moment(created),
            pkcs8: Secret::new(pkcs8.to_vec()),
        })
    }
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredKey({} {} {})", self.algorithm, self.key_id, self.state)
    }
}

const fn algorithm_number(algorithm: SigningAlgorithm) -> u8 {
    match algorithm {
        SigningAlgorithm::Es256 => 1,
        SigningAlgorithm::EdDsa => 2,
        SigningAlgorithm::Rs256 => 3,
        SigningAlgorithm::Ps256 => 4,
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::entropy::SystemEntropy;

    use super::*;

    const CREATED: Timestamp = Timestamp::from_unix_millis(1_772_366_400_123);
    const SINCE: Timestamp = Timestamp::from_unix_millis(-5);

    fn master() -> MasterKeys {
        MasterKeys::parse(&MasterKeys::new_line(&SystemEntropy)).unwrap()
    }

    fn stored(algorithm: SigningAlgorithm, state: KeyState) -> StoredKey {
        StoredKey::of(&SigningKey::generate(algorithm).unwrap(), state, CREATED).unwrap()
    }

    #[test]
    fn a_key_is_opened_as_it_was_sealed() {
        let master = master();
        let states = [KeyState::Pending(SINCE), KeyState::Active(SINCE), KeyState::Retiring(SINCE)];
        for (algorithm, state) in SigningAlgorithm::ALL.into_iter().zip(states.into_iter().cycle()) {
            let key = stored(algorithm, state);
            let SealedKey { name, sealed } = key.seal(&master, &SystemEntropy);
            assert_eq!(name, format!("signing/{}", key.key_id));
            let opened = StoredKey::open(&master, &name, &sealed).unwrap();
            assert_eq!((opened.algorithm, opened.state, opened.created), (algorithm, state, CREATED));
            assert_eq!((&opened.key_id, opened.pkcs8.expose()), (&key.key_id, key.pkcs8.expose()));
            assert_eq!(opened.prepare().unwrap().key_id(), &key.key_id);
        }
    }

    #[test]
    fn an_entry_under_another_name_is_refused() {
        let master = master();
        let key = stored(SigningAlgorithm::EdDsa, KeyState::Active(SINCE));
        let SealedKey { sealed, .. } = key.seal(&master, &SystemEntropy);
        let moved = StoredKey::open(&master, "signing/other", &sealed).unwrap_err();
        assert!(matches!(moved, StoredKeyError::Open { error: OpenError::Moved { .. }, .. }), "{moved}");
        // Even one that was sealed under the wrong name.
        let sealed = master.seal(Purpose::SigningKey, "signing/other", &key.encode(), &SystemEntropy);
        assert_eq!(StoredKey::open(&master, "signing/other", &sealed).unwrap_err(), StoredKeyError::Malformed);
    }

    #[test]
    fn a_key_that_is_not_the_named_one_is_refused() {
        let mut key = stored(SigningAlgorithm::Es256, KeyState::Active(SINCE));
        let other = stored(SigningAlgorithm::Es256, KeyState::Active(SINCE));
        let (expected, found) = (key.key_id.clone(), other.key_id.clone());
        key.pkcs8 = other.pkcs8;
        assert_eq!(key.prepare().unwrap_err(), StoredKeyError::Mismatch { expected, found });
        key.algorithm = SigningAlgorithm::Rs256;
        assert!(matches!(key.prepare(), Err(StoredKeyError::Key { .. })));
    }

    #[test]
    fn no_shorter_and_no_unknown_form_decodes_to_a_usable_key() {
        let key = stored(SigningAlgorithm::EdDsa, KeyState::Active(SINCE));
        let plain = key.encode();
        for length in 0..plain.len() {
            let decoded = StoredKey::decode(&plain[..length]);
            assert!(decoded.is_err() || decoded.unwrap().prepare().is_err(), "cut to {length}");
        }
        for (place, value) in [(1, 0), (1, 5), (2, 0), (2, 4)] {
            let mut altered = plain.clone();
            altered[place] = value;
            assert_eq!(StoredKey::decode(&altered).unwrap_err(), StoredKeyError::Malformed);
        }
        let mut newer = plain.clone();
        newer[0] = 2;
        assert_eq!(StoredKey::decode(&newer).unwrap_err(), StoredKeyError::Version { found: 2 });
    }

    #[test]
    fn the_numbers_of_the_stored_form_never_change() {
        assert_eq!(SigningAlgorithm::ALL.map(algorithm_number), [1, 2, 3, 4]);
        let states = [KeyState::Pending(SINCE), KeyState::Active(SINCE), KeyState::Retiring(SINCE)];
        assert_eq!(states.map(KeyState::number), [1, 2, 3]);
        for state in states {
            assert_eq!(KeyState::of_number(state.number(), SINCE), Some(state));
        }
    }

    #[test]
    fn nothing_of_a_private_key_is_printed() {
        let key = stored(SigningAlgorithm::EdDsa, KeyState::Pending(SINCE));
        assert_eq!(format!("{key:?}"), format!("StoredKey(EdDSA {} pending)", key.key_id));
    }
}
