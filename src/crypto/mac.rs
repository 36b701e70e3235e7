//! HMAC (RFC 2104) and comparison in constant time.

use aws_lc_rs::{constant_time, hmac};

/// Hash functions of the MACs that legacy cookies carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacAlgorithm {
    /// Only for formats that fix it; HMAC-SHA1 itself is not broken.
    HmacSha1,
    /// HMAC-SHA-256.
    HmacSha256,
    /// HMAC-SHA-384.
    HmacSha384,
    /// HMAC-SHA-512.
    HmacSha512,
}

impl MacAlgorithm {
    const fn algorithm(self) -> hmac::Algorithm {
        match self {
            Self::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::HmacSha256 => hmac::HMAC_SHA256,
            Self::HmacSha384 => hmac::HMAC_SHA384,
            Self::HmacSha512 => hmac::HMAC_SHA512,
        }
    }

    /// Length of the MAC in bytes.
    #[expect(clippy::len_without_is_empty, reason = "no MAC is empty")]
    pub const fn len(self) -> usize {
        match self {
            Self::HmacSha1 => 20,
            Self::HmacSha256 => 32,
            Self::HmacSha384 => 48,
            Self::HmacSha512 => 64,
        }
    }
}

/// A MAC key, prepared once. `Debug` shows the algorithm only.
#[derive(Debug, Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// Takes the key bytes as they are.
    pub fn new(algorithm: MacAlgorithm, key: &[u8]) -> Self {
        Self(hmac::Key::new(algorithm.algorithm(), key))
    }

    /// Whether `mac` is the whole MAC of `message`; compared in constant time.
    pub fn verifies(&self, message: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.0, message, mac).is_ok()
    }

    /// The MAC of `message`.
    pub fn mac(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, message).as_ref().to_vec()
    }

    /// The MAC of several pieces, each behind its length as eight bytes, big-endian.
    pub fn mac_of_parts(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().to_vec()
    }
}

/// Whether two byte strings are equal; in a time that depends on their lengths only.
pub fn equal_in_constant_time(left: &[u8], right: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(left, right).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mac_is_that_of_rfc_4231_test_case_2() {
        let key = MacKey::new(MacAlgorithm::HmacSha256, b"Jefe");
        let mac = key.mac(b"what do ya want for nothing?");
        assert_eq!(mac[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        assert!(key.verifies(b"what do ya want for nothing?", &mac));
        assert!(!key.verifies(b"what do ya want for nothing?", &mac[..31]));
        assert!(!key.verifies(b"what do ya want for nothing!", &mac));
    }
}
