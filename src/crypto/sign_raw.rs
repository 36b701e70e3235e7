//! Keys that sign bytes for XML signatures, and the self-signed certificate that carries such a key in metadata.
//!
//! Apart from [`super::keys`] on purpose: a key that signs SAML never signs a token.

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};

use crate::ground::secret::Secret;
use crate::ground::time::Timestamp;

use super::digest::{Sha2, sha256};
use super::keys::SigningError;
use super::verify::SignatureAlgorithm;

/// The two kinds of key that every SAML implementation verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawKeyKind {
    /// RSA of 2048 bits; RSASSA-PKCS1-v1_5 with SHA-256.
    RsaSha256,
    /// ECDSA on P-256 with SHA-256.
    EcdsaSha256,
}

/// A key could not be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key that signs with {0:?}, or none could be made")]
pub struct RawKeyError(RawKeyKind);

enum Pair {
    Rsa(RsaKeyPair),
    /// XML signatures have `r || s` (RFC 6931 section 2.3.6), certificates a DER sequence (RFC 3279 section 2.2.3).
    Ecdsa {
        fixed: EcdsaKeyPair,
        der: EcdsaKeyPair,
    },
}

/// A private key, parsed once. `Debug` shows its kind.
pub struct RawSigningKey(Pair);

impl RawSigningKey {
    /// A fresh key; the library draws the chance itself.
    pub fn generate(kind: RawKeyKind) -> Result<Self, RawKeyError> {
        let failed = |_| RawKeyError(kind);
        match kind {
            RawKeyKind::RsaSha256 => {
                RsaKeyPair::generate(KeySize::Rsa2048).map(|pair| Self(Pair::Rsa(pair))).map_err(failed)
            }
            RawKeyKind::EcdsaSha256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
                Self::from_pkcs8(kind, pair.to_pkcs8v1().map_err(failed)?.as_ref())
            }
        }
    }

    /// Reads unencrypted PKCS#8 (RFC 5208); RSA of 2048 to 8192 bits.
    pub fn from_pkcs8(kind: RawKeyKind, pkcs8: &[u8]) -> Result<Self, RawKeyError> {
        let pair = match kind {
            RawKeyKind::RsaSha256 => RsaKeyPair::from_pkcs8(pkcs8).map(Pair::Rsa),
            RawKeyKind::EcdsaSha256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).and_then(|fixed| {
                    let der = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8)?;
                    Ok(Pair::Ecdsa { fixed, der })
                })
            }
        };
        pair.map(Self).map_err(|_| RawKeyError(kind))
    }

    /// The private key as PKCS#8 version 1.
    pub fn to_pkcs8(&self) -> Result<Secret<Vec<u8>>, RawKeyError> {
        let failed = |_| RawKeyError(self.kind());
        // The documents of the library erase themselves; what leaves here does as well.
        Ok(Secret::new(match &self.0 {
            Pair::Rsa(pair) => pair.as_der().map_err(failed)?.as_ref().to_vec(),
            Pair::Ecdsa { fixed, .. } => fixed.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
        }))
    }

    /// Its kind.
    pub const fn kind(&self) -> RawKeyKind {
        match &self.0 {
            Pair::Rsa(_) => RawKeyKind::RsaSha256,
            Pair::Ecdsa { .. } => RawKeyKind::EcdsaSha256,
        }
    }

    /// What it signs with.
    pub const fn algorithm(&self) -> SignatureAlgorithm {
        match &self.0 {
            Pair::Rsa(_) => SignatureAlgorithm::RsaPkcs1(Sha2::Sha256),
            Pair::Ecdsa { .. } => SignatureAlgorithm::Ecdsa(Sha2::Sha256),
        }
    }

    /// The signature over a message, in the form of XML Signature 1.1 section 6.4.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        match &self.0 {
            Pair::Rsa(pair) => sign_rsa(pair, message),
            Pair::Ecdsa { fixed, .. } => sign_ecdsa(fixed, message),
        }
    }

    /// A self-signed X.509 certificate (RFC 5280 section 4.1, version 1) for metadata, which takes it as a container of
    /// the key. `name` becomes the common name; the serial number is made of the key.
    pub fn certificate(
        &self,
        name: &str,
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Result<Vec<u8>, SigningError> {
        let spki = self.spki()?;
        let algorithm = self.certificate_algorithm();
        let issuer = common_name(name);
        let validity = tlv(SEQUENCE, &[&time(not_before), &time(not_after)]);
        let serial = tlv(INTEGER, &[&[0x01], sha256(&spki).get(..15).unwrap_or_default()]);
        let to_be_signed = tlv(SEQUENCE, &[&serial, &algorithm, &issuer, &validity, &issuer, &spki]);
        let signature = match &self.0 {
            Pair::Rsa(pair) => sign_rsa(pair, &to_be_signed),
            Pair::Ecdsa { der, .. } => sign_ecdsa(der, &to_be_signed),
        }?;
        Ok(tlv(SEQUENCE, &[&to_be_signed, &algorithm, &tlv(BIT_STRING, &[&[0], &signature])]))
    }

    /// `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7), DER.
    fn spki(&self) -> Result<Vec<u8>, SigningError> {
        let der: Result<PublicKeyX509Der<'_>, _> = match &self.0 {
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ecdsa { fixed, .. } => fixed.public_key().as_der(),
        };
        der.map(|der| der.as_ref().to_vec()).map_err(|_| SigningError)
    }

    /// `AlgorithmIdentifier` of the certificate's own signature.
    fn certificate_algorithm(&self) -> Vec<u8> {
        match &self.0 {
            // 1.2.840.113549.1.1.11 sha256WithRSAEncryption, with NULL parameters (RFC 4055 section 5).
            Pair::Rsa(_) => {
                let oid = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B];
                tlv(SEQUENCE, &[&tlv(OBJECT_IDENTIFIER, &[&oid]), &tlv(NULL, &[])])
            }
            // 1.2.840.10045.4.3.2 ecdsa-with-SHA256, without parameters (RFC 5758 section 3.2).
            Pair::Ecdsa { .. } => {
                let oid = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
                tlv(SEQUENCE, &[&tlv(OBJECT_IDENTIFIER, &[&oid])])
            }
        }
    }
}

impl fmt::Debug for RawSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawSigningKey({:?})", self.kind())
    }
}

fn sign_rsa(pair: &RsaKeyPair, message: &[u8]) -> Result<Vec<u8>, SigningError> {
    let mut signature = vec![0; pair.public_modulus_len()];
    // The random source is without state: the library draws on its own.
    let signed = pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
    signed.map(|()| signature).map_err(|_| SigningError)
}

fn sign_ecdsa(pair: &EcdsaKeyPair, message: &[u8]) -> Result<Vec<u8>, SigningError> {
    let signature = pair.sign(&SystemRandom::new(), message);
    signature.map(|signature| signature.as_ref().to_vec()).map_err(|_| SigningError)
}

// X.690 section 8; what a certificate of the simplest kind is made of.
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0C;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// Tag, length and the parts one after the other (X.690 section 10.1).
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut encoded = vec![tag];
    if let Ok(short @ ..0x80) = u8::try_from(content.len()) {
        encoded.push(short);
    } else {
        let significant = content.len().to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
        // A usize has at most 8 bytes.
        encoded.push(0x80 | u8::try_from(significant.len()).unwrap_or_default());
        encoded.extend(significant);
    }
    encoded.extend(content);
    encoded
}

/// A `Name` of one common name (2.5.4.3).
fn common_name(name: &str) -> Vec<u8> {
    let attribute =
        tlv(SEQUENCE, &[&tlv(OBJECT_IDENTIFIER, &[&[0x55, 0x04, 0x03]]), &tlv(UTF8_STRING, &[name.as_bytes()])]);
    tlv(SEQUENCE, &[&tlv(SET, &[&attribute])])
}

/// RFC 5280 section 4.1.2.5: two digits for the year through 2049, four from 2050 on.
fn time(at: Timestamp) -> Vec<u8> {
    let whole_seconds = Timestamp::from_unix_seconds(at.unix_seconds()).to_string();
    let text: String = whole_seconds.chars().filter(char::is_ascii_alphanumeric).filter(|c| *c != 'T').collect();
    match text.as_str() {
        early if early < "2050" => tlv(UTC_TIME, &[text.get(2..).unwrap_or_default().as_bytes()]),
        _ => tlv(GENERALIZED_TIME, &[text.as_bytes()]),
    }
}

#[cfg(test)]
mod tests {
    use x509_cert::Certificate;
    use x509_cert::der::Decode as _;

    use super::super::verify::PublicKey;
    use super::*;

    const KINDS: [RawKeyKind; 2] = [RawKeyKind::RsaSha256, RawKeyKind::EcdsaSha256];

    #[test]
    fn what_a_key_signs_the_key_of_its_certificate_verifies() {
        let (from, until) = (Timestamp::from_unix_seconds(1_772_366_400), Timestamp::from_unix_seconds(2_600_000_000));
        for kind in KINDS {
            let key = RawSigningKey::generate(kind).unwrap();
            let der = key.certificate("TEST idp", from, until).unwrap();
            let public = PublicKey::from_certificate(&der).unwrap();
            let signature = key.sign(b"message").unwrap();
            assert!(public.verifies(key.algorithm(), b"message", &signature), "{kind:?}");
            assert!(!public.verifies(key.algorithm(), b"massage", &signature), "{kind:?}");
            let validity = *Certificate::from_der(&der).unwrap().tbs_certificate().validity();
            assert_eq!(validity.not_before.to_unix_duration().as_secs(), 1_772_366_400);
            assert_eq!(validity.not_after.to_unix_duration().as_secs(), 2_600_000_000);
        }
    }

    #[test]
    fn a_key_survives_pkcs8_and_no_other_kind_reads_it() {
        for (kind, other) in [(KINDS[0], KINDS[1]), (KINDS[1], KINDS[0])] {
            let key = RawSigningKey::generate(kind).unwrap();
            let pkcs8 = key.to_pkcs8().unwrap();
            let again = RawSigningKey::from_pkcs8(kind, pkcs8.expose()).unwrap();
            assert_eq!(key.spki().unwrap(), again.spki().unwrap());
            assert_eq!(RawSigningKey::from_pkcs8(other, pkcs8.expose()).unwrap_err(), RawKeyError(other));
            assert_eq!(format!("{key:?}"), format!("RawSigningKey({kind:?})"));
        }
    }

    #[test]
    fn lengths_are_written_as_x690_says() {
        for (length, head) in
            [(0, vec![4, 0]), (127, vec![4, 127]), (128, vec![4, 0x81, 128]), (300, vec![4, 0x82, 1, 44])]
        {
            let encoded = tlv(4, &[&vec![0; length]]);
            assert_eq!(encoded[..head.len()], head);
            assert_eq!(encoded.len(), head.len() + length);
        }
    }
}
