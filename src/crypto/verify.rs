//! Public keys of identity providers, and the signatures that they verify (XML Signature 1.1 section 6.4).
//!
//! A key is parsed once, when metadata is loaded, for each algorithm that fits it.

use std::fmt;

use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, VerificationAlgorithm,
};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::spki::{ObjectIdentifier, SubjectPublicKeyInfoOwned};

use super::digest::{Sha2, hex, sha256};

/// A family of signatures and its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    RsaPkcs1(Sha2),
    /// RSASSA-PSS (RFC 8017 section 8.1) with MGF1 of the same digest and a salt as long as the digest (RFC 6931 section 2.3.10).
    RsaPss(Sha2),
    /// ECDSA, `r || s`; the curve comes from the key and fits the digest: P-256, P-384, P-521.
    Ecdsa(Sha2),
}

/// Why a certificate or key of a metadata file cannot be trusted with signatures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRejection {
    /// Not DER of a certificate.
    #[error("not a DER-encoded X.509 certificate")]
    NotACertificate,
    /// Not DER of a `SubjectPublicKeyInfo`.
    #[error("not a DER-encoded public key (SubjectPublicKeyInfo)")]
    NotAKey,
    /// RSA under 2048 or over 8192 bits, another curve, or another kind of key.
    #[error("not an RSA key of 2048 to 8192 bits or an EC key on P-256, P-384 or P-521")]
    UnsupportedKey,
}

/// A public key that may verify, with what tells it apart in a trace.
#[derive(Clone)]
pub struct PublicKey {
    parsed: Vec<(SignatureAlgorithm, ParsedPublicKey)>,
    fingerprint: [u8; 32],
}

impl PublicKey {
    /// The key of a DER certificate. The certificate is a container: its dates and issuer are not looked at
    /// (SAML V2.0 Metadata Interoperability Profile section 2.6.1).
    pub fn from_certificate(der: &[u8]) -> Result<Self, KeyRejection> {
        let certificate = Certificate::from_der(der).map_err(|_| KeyRejection::NotACertificate)?;
        Self::parse(certificate.tbs_certificate().subject_public_key_info(), sha256(der))
    }

    /// A key from its `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7).
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyRejection> {
        let spki = SubjectPublicKeyInfoOwned::from_der(der).map_err(|_| KeyRejection::NotAKey)?;
        Self::parse(&spki, sha256(der))
    }

    /// The OIDs choose the algorithms. The library's own parser takes bare points and RSA keys of any size, and leaves
    /// the size to the first verification; here a key that will never verify is refused when it is loaded.
    fn parse(spki: &SubjectPublicKeyInfoOwned, fingerprint: [u8; 32]) -> Result<Self, KeyRejection> {
        let der = spki.to_der().map_err(|_| KeyRejection::NotAKey)?;
        let candidates: &[Candidate] = match spki.algorithm.oid {
            RSA_ENCRYPTION if RSA_BITS.contains(&modulus_bits(&der)) => &RSA,
            EC_PUBLIC_KEY => match named_curve(spki) {
                Some(SECP256R1) => &[(SignatureAlgorithm::Ecdsa(Sha2::Sha256), &ECDSA_P256_SHA256_FIXED)],
                Some(SECP384R1) => &[(SignatureAlgorithm::Ecdsa(Sha2::Sha384), &ECDSA_P384_SHA384_FIXED)],
                Some(SECP521R1) => &[(SignatureAlgorithm::Ecdsa(Sha2::Sha512), &ECDSA_P521_SHA512_FIXED)],
                Some(_) | None => &[],
            },
            _ => &[],
        };
        let parse = |(name, algorithm): &Candidate| ParsedPublicKey::new(*algorithm, &der).map(|key| (*name, key));
        let parsed = candidates.iter().map(parse).collect::<Result<Vec<_>, _>>();
        let parsed = parsed.map_err(|_| KeyRejection::UnsupportedKey)?;
        if parsed.is_empty() { Err(KeyRejection::UnsupportedKey) } else { Ok(Self { parsed, fingerprint }) }
    }

    /// Whether this key can verify signatures of that algorithm at all.
    pub fn fits(&self, algorithm: SignatureAlgorithm) -> bool {
        self.parsed.iter().any(|(name, _)| *name == algorithm)
    }

    /// Whether `signature` is this key's over `message`. An algorithm that does not fit the key verifies nothing.
    pub fn verifies(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.iter().any(|(name, key)| *name == algorithm && key.verify_sig(message, signature).is_ok())
    }

    /// SHA-256 of the certificate (or of the bare key), as administrators compare it: 64 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        hex(&self.fingerprint)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

type Candidate = (SignatureAlgorithm, &'static dyn VerificationAlgorithm);

// RFC 3279 section 2.3.1 (rsaEncryption), RFC 5480 sections 2.1.1 and 2.1.1.1.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

const RSA: [Candidate; 6] = [
    (SignatureAlgorithm::RsaPkcs1(Sha2::Sha256), &RSA_PKCS1_2048_8192_SHA256),
    (SignatureAlgorithm::RsaPkcs1(Sha2::Sha384), &RSA_PKCS1_2048_8192_SHA384),
    (SignatureAlgorithm::RsaPkcs1(Sha2::Sha512), &RSA_PKCS1_2048_8192_SHA512),
    (SignatureAlgorithm::RsaPss(Sha2::Sha256), &RSA_PSS_2048_8192_SHA256),
    (SignatureAlgorithm::RsaPss(Sha2::Sha384), &RSA_PSS_2048_8192_SHA384),
    (SignatureAlgorithm::RsaPss(Sha2::Sha512), &RSA_PSS_2048_8192_SHA512),
];

/// The length of an RSA modulus; 0 where there is no RSA key.
fn modulus_bits(der: &[u8]) -> usize {
    let Ok(key) = rsa::PublicKey::from_der(der) else { return 0 };
    let modulus = key.modulus().big_endian_without_leading_zero();
    let unused = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    modulus.len() * 8 - unused
}

/// RFC 5480 section 2.1.1: curves by name only, never by parameters.
fn named_curve(spki: &SubjectPublicKeyInfoOwned) -> Option<ObjectIdentifier> {
    spki.algorithm.parameters.as_ref()?.decode_as().ok()
}

#[cfg(test)]
mod tests;
