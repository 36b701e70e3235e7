//! The keys of a bridge: out of the vault at start, made once where the store is new.
//!
//! **Invariant.** Keys are never made over old state: a store that has records but no keys, or keys that do not open,
//! ends the start.

use std::sync::Arc;

use crate::crypto::audit::AuditKey;
use crate::crypto::keys::{KeyError, SigningAlgorithm};
use crate::crypto::recording::{RecordingKey, RecordingKeyError};
use crate::crypto::ring::{KeyRing, RingError, RingPlan};
use crate::crypto::seal::MasterKeys;
use crate::crypto::stored::{StoredKey, StoredKeyError};
use crate::crypto::subject::{SubjectKey, SubjectKeyError};
use crate::ground::entropy::Entropy;
use crate::ground::time::Timestamp;
use crate::store::{Store, StoreError, VaultEntry, VaultError};

/// What opens and makes keys.
pub struct KeyMaker<'a> {
    /// The state.
    pub store: &'a dyn Store,
    /// Seals and opens.
    pub master: &'a MasterKeys,
    /// Chance for nonces and the subject key.
    pub entropy: &'a dyn Entropy,
}

/// Every key, opened.
pub struct Keys {
    /// Signing keys.
    pub ring: Arc<KeyRing>,
    /// Makes `sub`.
    pub subject: SubjectKey,
    /// Makes the keyed hashes of records.
    pub audit: AuditKey,
    /// Seals what is recorded of requests.
    pub recording: RecordingKey,
}

/// Why a bridge has no keys and does not start.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Two bridges made keys at the same time.
    #[error("the keys were changed by somebody else at the same time; start again")]
    Conflict,
    /// Records without keys: the store was damaged, or put together from two.
    #[error(
        "the store holds decision records but no keys: it is damaged or incomplete, and new keys over old state would change every `sub`"
    )]
    KeysLost,
    /// A signing key does not open.
    #[error(transparent)]
    Signing(#[from] StoredKeyError),
    /// The subject key does not open.
    #[error("the subject key: {0}")]
    Subject(#[from] SubjectKeyError),
    /// The recording key does not open.
    #[error("the recording key: {0}")]
    Recording(#[from] RecordingKeyError),
    /// The ring does not hold together.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// A key could not be made.
    #[error(transparent)]
    Making(#[from] KeyError),
}

impl From<VaultError> for KeysError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Conflict => Self::Conflict,
            VaultError::Store(error) => Self::Store(error),
        }
    }
}

impl KeyMaker<'_> {
    /// Opens every key; makes the subject key where the store is new, and a signing key for each algorithm in use that
    /// has none.
    pub async fn open(&self, in_use: &[SigningAlgorithm], now: Timestamp) -> Result<Keys, KeysError> {
        let subject = self.subject().await?;
        let stored = self.signing_keys().await?;
        if stored.is_empty() && !self.store.recent(1).await?.is_empty() {
            return Err(KeysError::KeysLost);
        }
        let ring = KeyRing::load(&stored)?;
        let plan = RingPlan::of(&ring, in_use.iter().copied());
        let ring = if plan.is_complete() {
            ring
        } else {
            for key in plan.make(now)? {
                let entry = key.seal(self.master, self.entropy);
                self.store.replace(&entry.name, None, Some(&entry.sealed)).await?;
            }
            // Read back: what serves is what was stored.
            KeyRing::load(&self.signing_keys().await?)?
        };
        let audit = subject.audit_key();
        let recording = self.recording().await?;
        Ok(Keys { ring: Arc::new(ring), subject, audit, recording })
    }

    /// Opens the keys that are there and makes none: for commands. `None` where the store is new.
    pub async fn open_existing(&self) -> Result<Option<Keys>, KeysError> {
        let Some(subject) = self.existing_subject().await? else { return Ok(None) };
        let ring = Arc::new(KeyRing::load(&self.signing_keys().await?)?);
        let audit = subject.audit_key();
        let recording = match self.existing_recording().await? {
            Some(key) => key,
            // Kept nowhere: a command seals nothing under it.
            None => RecordingKey::generate(self.entropy)?,
        };
        Ok(Some(Keys { ring, subject, audit, recording }))
    }

    async fn existing_subject(&self) -> Result<Option<SubjectKey>, KeysError> {
        let entry = self.entry(SubjectKey::VAULT_NAME).await?;
        Ok(entry.map(|entry| SubjectKey::open(self.master, &entry.sealed)).transpose()?)
    }

    async fn subject(&self) -> Result<SubjectKey, KeysError> {
        if let Some(subject) = self.existing_subject().await? {
            return Ok(subject);
        }
        let is_new = self.store.list("").await?.is_empty() && self.store.recent(1).await?.is_empty();
        if !is_new {
            return Err(KeysError::KeysLost);
        }
        // Perhaps a volume that was not mounted: the operator should see it.
        tracing::warn!("the store is new: new keys are made, and everybody gets a `sub` that nobody has seen before");
        let key = SubjectKey::generate(self.entropy);
        let sealed = key.seal(self.master, self.entropy);
        self.store.replace(SubjectKey::VAULT_NAME, None, Some(&sealed)).await?;
        Ok(key)
    }

    /// A new one where there is none: what an earlier one has sealed is then lost, as whoever removed it wanted.
    async fn recording(&self) -> Result<RecordingKey, KeysError> {
        if let Some(key) = self.existing_recording().await? {
            return Ok(key);
        }
        let key = RecordingKey::generate(self.entropy)?;
        self.store.replace(RecordingKey::VAULT_NAME, None, Some(&key.seal(self.master, self.entropy))).await?;
        Ok(key)
    }

    async fn existing_recording(&self) -> Result<Option<RecordingKey>, KeysError> {
        let entry = self.entry(RecordingKey::VAULT_NAME).await?;
        Ok(entry.map(|entry| RecordingKey::open(self.master, &entry.sealed)).transpose()?)
    }

    /// The entry of exactly this name.
    async fn entry(&self, name: &str) -> Result<Option<VaultEntry>, KeysError> {
        Ok(self.store.list(name).await?.into_iter().find(|entry| entry.name == name))
    }

    async fn signing_keys(&self) -> Result<Vec<StoredKey>, KeysError> {
        let entries = self.store.list(StoredKey::VAULT_PREFIX).await?;
        let open = |entry: &VaultEntry| StoredKey::open(self.master, &entry.name, &entry.sealed);
        Ok(entries.iter().map(open).collect::<Result<Vec<_>, _>>()?)
    }
}
