//! The signing keys of the bridge: an immutable snapshot, and what has to be made where a key is missing.
//!
//! **Absent on purpose.** When a key changes its state: rotation is a later step; the states are kept and honoured here.

use std::collections::BTreeSet;

use crate::ground::id::KeyId;
use crate::ground::time::Timestamp;

use super::jwk::Jwks;
use super::keys::{KeyError, SigningAlgorithm, SigningKey};
use super::stored::{KeyState, StoredKey, StoredKeyError};

/// A key of the ring, prepared.
#[derive(Debug)]
pub struct RingKey {
    key: SigningKey,
    state: KeyState,
    created: Timestamp,
}

impl RingKey {
    /// The key.
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Where it is in its life.
    pub const fn state(&self) -> KeyState {
        self.state
    }

    /// When it was made.
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// Active ones first (a verifier that takes the first key of the document is wrong, but there are some), then
    /// pending, then retiring; newer before older.
    fn place(&self) -> (u8, std::cmp::Reverse<Timestamp>, &str) {
        let rank = match self.state {
            KeyState::Active(_) => 0,
            KeyState::Pending(_) => 1,
            KeyState::Retiring(_) => 2,
        };
        (rank, std::cmp::Reverse(self.state.since()), self.key.key_id().as_str())
    }
}

/// Why stored keys do not make a ring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// One of them cannot be used.
    #[error(transparent)]
    Key(#[from] StoredKeyError),
    /// One key twice.
    #[error("signing key `{0}` is there twice")]
    Repeated(KeyId),
    /// The document of public keys could not be written.
    #[error("the public keys could not be written as JSON")]
    Document,
}

/// Every key, each prepared once, and the document that shows them. Never changes: a new state is a new ring.
#[derive(Debug)]
pub struct KeyRing {
    keys: Vec<RingKey>,
    jwks: Jwks,
}

impl KeyRing {
    /// Prepares stored keys. None at all is a ring that signs nothing.
    pub fn load(stored: &[StoredKey]) -> Result<Self, RingError> {
        let prepare = |stored: &StoredKey| {
            stored.prepare().map(|key| RingKey { key, state: stored.state, created: stored.created })
        };
        let mut keys = stored.iter().map(prepare).collect::<Result<Vec<_>, _>>()?;
        keys.sort_by(|left, right| left.place().cmp(&right.place()));
        let mut seen = BTreeSet::new();
        if let Some(twice) = keys.iter().find(|entry| !seen.insert(entry.key.key_id())) {
            return Err(RingError::Repeated(twice.key.key_id().clone()));
        }
        let jwks = Jwks::of(keys.iter().map(RingKey::key)).map_err(|_| RingError::Document)?;
        Ok(Self { keys, jwks })
    }

    /// The key that signs with this algorithm: the active one, the newest should there be two (a rotation that was cut
    /// short leaves two, and either is published).
    pub fn signer(&self, algorithm: SigningAlgorithm) -> Option<&SigningKey> {
        let signs = |entry: &&RingKey| matches!(entry.state, KeyState::Active(_)) && entry.key.algorithm() == algorithm;
        self.keys.iter().find(signs).map(RingKey::key)
    }

    /// A key that signs, whatever with: the newest.
    pub fn any_signer(&self) -> Option<&SigningKey> {
        self.keys.iter().find(|entry| matches!(entry.state, KeyState::Active(_))).map(RingKey::key)
    }

    /// The document of `/jwks`: every key, pending and retiring ones included.
    pub const fn jwks(&self) -> &Jwks {
        &self.jwks
    }

    /// In the order of the document.
    pub fn keys(&self) -> &[RingKey] {
        &self.keys
    }
}

/// Which keys must be made so that every algorithm in use has one that signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingPlan {
    missing: BTreeSet<SigningAlgorithm>,
}

impl RingPlan {
    /// Compares a ring with the algorithms that the configuration uses.
    pub fn of(ring: &KeyRing, in_use: impl IntoIterator<Item = SigningAlgorithm>) -> Self {
        Self { missing: in_use.into_iter().filter(|algorithm| ring.signer(*algorithm).is_none()).collect() }
    }

    /// Algorithms without a key that signs. A server with any does not start.
    pub fn missing(&self) -> impl Iterator<Item = SigningAlgorithm> {
        self.missing.iter().copied()
    }

    /// Whether nothing has to be made.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// Makes the missing keys, active at once: nothing of their algorithms can be signed meanwhile, so there is nothing
    /// that waiting as pending would keep going.
    pub fn make(&self, now: Timestamp) -> Result<Vec<StoredKey>, KeyError> {
        self.missing()
            .map(|algorithm| StoredKey::of(&SigningKey::generate(algorithm)?, KeyState::Active(now), now))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    fn stored(algorithm: SigningAlgorithm, state: KeyState) -> StoredKey {
        StoredKey::of(&SigningKey::generate(algorithm).unwrap(), state, NOW).unwrap()
    }

    fn kids(ring: &KeyRing) -> Vec<String> {
        let document: Value = serde_json::from_str(ring.jwks().json()).unwrap();
        document["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn only_an_active_key_signs_and_all_are_published() {
        let [pending, active, retiring] = [KeyState::Pending(NOW), KeyState::Active(NOW), KeyState::Retiring(NOW)]
            .map(|state| stored(SigningAlgorithm::EdDsa, state));
        let [pending_id, active_id, retiring_id] = [&pending, &active, &retiring].map(|key| key.key_id.clone());
        let ring = KeyRing::load(&[retiring, pending, active]).unwrap();
        assert_eq!(ring.signer(SigningAlgorithm::EdDsa).unwrap().key_id(), &active_id);
        assert!(ring.signer(SigningAlgorithm::Es256).is_none());
        assert_eq!(kids(&ring), [active_id, pending_id, retiring_id].map(|id| id.to_string()));
    }

    #[test]
    fn without_an_active_key_nothing_signs() {
        let keys =
            [KeyState::Pending(NOW), KeyState::Retiring(NOW)].map(|state| stored(SigningAlgorithm::Es256, state));
        assert!(KeyRing::load(&keys).unwrap().signer(SigningAlgorithm::Es256).is_none());
        assert!(KeyRing::load(&[]).unwrap().signer(SigningAlgorithm::Es256).is_none());
    }

    #[test]
    fn of_two_active_keys_the_newer_signs() {
        let [old, new] = [1, 2].map(|since| stored(SigningAlgorithm::Es256, KeyState::Active(at(since))));
        let newer = new.key_id.clone();
        assert_eq!(KeyRing::load(&[old, new]).unwrap().signer(SigningAlgorithm::Es256).unwrap().key_id(), &newer);
    }

    #[test]
    fn the_document_does_not_hang_on_the_order_of_loading() {
        let mut keys = [1, 1, 3, 4].map(|since| stored(SigningAlgorithm::EdDsa, KeyState::Active(at(since))));
        let before = KeyRing::load(&keys).unwrap();
        keys.reverse();
        let after = KeyRing::load(&keys).unwrap();
        assert_eq!(before.jwks(), after.jwks());
    }

    #[test]
    fn one_key_twice_is_refused() {
        let key = SigningKey::generate(SigningAlgorithm::EdDsa).unwrap();
        let twice =
            [KeyState::Active(NOW), KeyState::Retiring(NOW)].map(|state| StoredKey::of(&key, state, NOW).unwrap());
        assert_eq!(KeyRing::load(&twice).unwrap_err(), RingError::Repeated(key.key_id().clone()));
    }

    #[test]
    fn a_plan_makes_what_is_missing_and_no_more() {
        let in_use = [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa, SigningAlgorithm::Es256];
        let empty = KeyRing::load(&[]).unwrap();
        let plan = RingPlan::of(&empty, in_use);
        assert_eq!(plan.missing().collect::<Vec<_>>(), [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa]);
        let made = plan.make(NOW).unwrap();
        let ring = KeyRing::load(&made).unwrap();
        assert!(RingPlan::of(&ring, in_use).is_complete());
        let more = RingPlan::of(&ring, [SigningAlgorithm::Es256, SigningAlgorithm::Ps256]);
        assert_eq!(more.missing().collect::<Vec<_>>(), [SigningAlgorithm::Ps256]);
        // A key that is only pending or retiring does not sign, so another one is needed.
        let pending = KeyRing::load(&[stored(SigningAlgorithm::Es256, KeyState::Pending(NOW))]).unwrap();
        assert!(!RingPlan::of(&pending, [SigningAlgorithm::Es256]).is_complete());
    }
}
