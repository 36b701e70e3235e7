//! `sub`: a keyed hash of who somebody is at a source, the same for ever.
//!
//! ```text
//! identifier = namespace, format, NameQualifier, SPNameQualifier, value
//! sub        = base64url(HMAC-SHA-256(subject key, length-prefixed(identifier)))
//! link key   =           HMAC-SHA-256(subject key, length-prefixed("drawbridge subject link v1", identifier))
//! pairwise   = base64url(HMAC-SHA-256(subject key, length-prefixed("pairwise", sector, sub)))
//! audit key  =           HMAC-SHA-256(subject key, length-prefixed("drawbridge audit key v1"))
//! ```
//!
//! Five, six, three and one part: the lengths in front tell them apart, so that no value of one is ever one of another.
//!
//! Not reversible by guessing e-mail addresses, no collision between sources, formats or with a client id.
//! The key is sealed, exported with the store and never rotated: a new key would make everybody a stranger.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::ground::entropy::Entropy;
use crate::ground::secret::Secret;

use super::audit::AuditKey;
use super::link::Identifier;
use super::mac::{MacAlgorithm, MacKey};
use super::seal::{MasterKeys, OpenError, Purpose};

const VERSION: u8 = 1;
const LENGTH: usize = 32;
const AUDIT_LABEL: &[u8] = b"drawbridge audit key v1";
const LINK_LABEL: &[u8] = b"drawbridge subject link v1";
const PAIRWISE_LABEL: &[u8] = b"pairwise";

/// The key of every `sub`, prepared once. `Debug` shows nothing.
pub struct SubjectKey {
    mac: MacKey,
    bytes: Secret<[u8; LENGTH]>,
}

/// Why a sealed subject key could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectKeyError {
    /// It could not be unsealed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What was sealed is not a subject key of a known version.
    #[error("the stored subject key is not of a known form")]
    Malformed,
}

impl SubjectKey {
    /// The name of the vault entry.
    pub const VAULT_NAME: &'static str = "subject";

    /// A fresh key. Once per installation: see the module's header.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self::new(Secret::new(entropy.bytes()))
    }

    fn new(bytes: Secret<[u8; LENGTH]>) -> Self {
        // Into the MAC's own key, which erases itself.
        let mac = MacKey::new(MacAlgorithm::HmacSha256, bytes.expose());
        Self { mac, bytes }
    }

    /// The `sub` of an identifier: 43 characters of base64url. A border between its parts counts.
    pub fn derive(&self, identifier: &Identifier<'_>) -> String {
        URL_SAFE_NO_PAD.encode(self.mac.mac_of_parts(&identifier.map(str::as_bytes)))
    }

    /// What a link of that identifier is kept under: whoever has the store cannot try out whom it is about.
    pub fn link_hash(&self, identifier: &Identifier<'_>) -> [u8; LENGTH] {
        let [namespace, format, name_qualifier, sp_name_qualifier, value] = identifier.map(str::as_bytes);
        let parts = [LINK_LABEL, namespace, format, name_qualifier, sp_name_qualifier, value];
        let mut hash = [0; LENGTH];
        for (place, byte) in hash.iter_mut().zip(self.mac.mac_of_parts(&parts)) {
            *place = byte;
        }
        hash
    }

    /// The `sub` of a person for all clients of a sector (`OpenID` Connect Core section 8.1): other sectors see another.
    pub fn pairwise(&self, sector: &str, sub: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac.mac_of_parts(&[PAIRWISE_LABEL, sector.as_bytes(), sub.as_bytes()]))
    }

    /// The key of the hashes in decision records.
    pub fn audit_key(&self) -> AuditKey {
        AuditKey::new(&Zeroizing::new(self.mac.mac_of_parts(&[AUDIT_LABEL])))
    }

    /// Sealed, for the vault entry [`SubjectKey::VAULT_NAME`].
    pub fn seal(&self, master: &MasterKeys, entropy: &dyn Entropy) -> Vec<u8> {
        let mut plain = Zeroizing::new(Vec::with_capacity(1 + LENGTH));
        plain.push(VERSION);
        // Into the seal.
        plain.extend_from_slice(self.bytes.expose());
        master.seal(Purpose::SubjectKey, Self::VAULT_NAME, &plain, entropy)
    }

    /// The key of a vault entry.
    pub fn open(master: &MasterKeys, sealed: &[u8]) -> Result<Self, SubjectKeyError> {
        let plain = master.open(Purpose::SubjectKey, Self::VAULT_NAME, sealed)?;
        // Into the key.
        match plain.expose().split_first() {
            Some((&VERSION, key)) => <[u8; LENGTH]>::try_from(key)
                .map(|key| Self::new(Secret::new(key)))
                .map_err(|_| SubjectKeyError::Malformed),
            Some(_) | None => Err(SubjectKeyError::Malformed),
        }
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::audit::Hashed;
    use crate::crypto::entropy::SystemEntropy;

    use super::*;

    fn key(byte: u8) -> SubjectKey {
        SubjectKey::new(Secret::new([byte; LENGTH]))
    }

    #[test]
    fn a_sub_is_43_characters_of_base64url_and_stays_the_same() {
        // Computed with Python's hmac module.
        let sub = key(7).derive(&["https://idp.example", "persistent", "", "", "ana"]);
        assert_eq!(sub, "SyN6VHXM7Yahos6sxnof0RYTRD1D9EPTdRSH9QsOZ-4");
        assert_eq!(sub.len(), 43);
    }

    #[test]
    fn a_sub_hangs_on_the_key_every_part_and_every_border() {
        let sub = key(7).derive(&["ns", "format", "", "", "ana"]);
        for other in [
            &["ns2", "format", "", "", "ana"],
            &["ns", "format2", "", "", "ana"],
            &["ns", "format", "q", "", "ana"],
            &["ns", "format", "", "q", "ana"],
            &["ns", "format", "", "", "anb"],
            &["nsf", "ormat", "", "", "ana"],
            &["ns", "format", "", "ana", ""],
        ] {
            assert_ne!(sub, key(7).derive(other), "{other:?}");
        }
        assert_ne!(sub, key(8).derive(&["ns", "format", "", "", "ana"]));
    }

    #[test]
    fn the_key_of_a_link_hangs_on_the_key_and_every_part_and_is_no_sub() {
        let ana = ["ns", "format", "q", "sq", "ana"];
        let hash = key(7).link_hash(&ana);
        // Computed with Python's hmac module.
        assert_eq!(hash[..4], [0x20, 0x6b, 0xf3, 0xca]);
        assert_ne!(URL_SAFE_NO_PAD.encode(hash), key(7).derive(&ana));
        assert_ne!(hash, key(8).link_hash(&ana));
        for place in 0..5 {
            let mut other = ana;
            other[place] = "other";
            assert_ne!(hash, key(7).link_hash(&other), "{place}");
        }
        assert_ne!(hash, key(7).link_hash(&["nsf", "ormat", "q", "sq", "ana"]));
    }

    #[test]
    fn a_pairwise_sub_hangs_on_sector_and_person() {
        // Computed with Python's hmac module.
        let sub = key(7).pairwise("payroll.example", "SyN6VHXM7Yahos6sxnof0RYTRD1D9EPTdRSH9QsOZ-4");
        assert_eq!(sub, "Hj71oU4euP-Dcl-B-DZXHzb5JPcR3WkfwCcG5CIAhDA");
        for (sector, person) in [("payroll.exampl", "eana"), ("other.example", "ana"), ("payroll.example", "anb")] {
            assert_ne!(key(7).pairwise("payroll.example", "ana"), key(7).pairwise(sector, person));
        }
        assert_ne!(key(7).pairwise("payroll.example", "ana"), key(8).pairwise("payroll.example", "ana"));
    }

    #[test]
    fn a_sealed_key_opens_to_the_same_subs_and_hashes() {
        let master = MasterKeys::parse(&MasterKeys::new_line(&SystemEntropy)).unwrap();
        let key = SubjectKey::generate(&SystemEntropy);
        let opened = SubjectKey::open(&master, &key.seal(&master, &SystemEntropy)).unwrap();
        let ana = ["ns", "format", "", "", "ana"];
        assert_eq!(key.derive(&ana), opened.derive(&ana));
        assert_eq!(key.link_hash(&ana), opened.link_hash(&ana));
        assert_eq!(key.audit_key().hash(Hashed::Subject, b"a"), opened.audit_key().hash(Hashed::Subject, b"a"));
        assert_eq!(format!("{opened:?}"), "SubjectKey(..)");
    }

    #[test]
    fn what_is_sealed_as_something_else_is_not_a_subject_key() {
        let master = MasterKeys::parse(&MasterKeys::new_line(&SystemEntropy)).unwrap();
        for plain in [b"".as_slice(), &[2; 33], &[1; 32], &[1; 34]] {
            let sealed = master.seal(Purpose::SubjectKey, SubjectKey::VAULT_NAME, plain, &SystemEntropy);
            assert_eq!(SubjectKey::open(&master, &sealed).unwrap_err(), SubjectKeyError::Malformed);
        }
        let sealed = master.seal(Purpose::SigningKey, SubjectKey::VAULT_NAME, &[1; 33], &SystemEntropy);
        assert!(matches!(SubjectKey::open(&master, &sealed), Err(SubjectKeyError::Open(_))));
    }
}
