//! Signing keys: made, prepared once, and shown to the world as a JWK.

use std::fmt;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::Jwk;

use crate::ground::id::KeyId;
use crate::ground::secret::Secret;

use super::jwk::PublicMembers;
use super::jws::{self, TokenType};

/// A JWS algorithm that the bridge signs with (RFC 7518 section 3.1, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256. The default.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256: what RFC 9068 section 2.1 makes every resource server support.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

impl SigningAlgorithm {
    /// All, in the order in which documents list them.
    pub const ALL: [Self; 4] = [Self::Es256, Self::EdDsa, Self::Rs256, Self::Ps256];

    /// The `alg` of RFC 7518; also the word of the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }

    /// Reads what [`SigningAlgorithm::as_str`] writes, exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }

    pub(super) const fn library(self) -> Algorithm {
        match self {
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
            Self::Rs256 => Algorithm::RS256,
            Self::Ps256 => Algorithm::PS256,
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How long the modulus of a new RSA key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaSize {
    /// 2048 bits.
    Rsa2048,
    /// 3072 bits: about three times slower to sign with.
    Rsa3072,
}

/// Why a key could not be made or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The library failed to generate or to encode.
    #[error("a key for {algorithm} could not be made")]
    Generation {
        /// For which algorithm.
        algorithm: SigningAlgorithm,
    },
    /// The bytes are not PKCS#8 of a fitting key.
    #[error("not a PKCS#8 private key for {algorithm}")]
    Unfit {
        /// For which algorithm.
        algorithm: SigningAlgorithm,
    },
}

/// The library failed to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signing failed")]
pub struct SigningError;

enum Prepared {
    Ecdsa(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

/// A private key that signs with one algorithm, parsed once. `Debug` shows algorithm and `kid`.
///
/// jsonwebtoken's signer factories parse the key for every token (ES256 21 µs against 13, RS256 548 against 229), so
/// aws-lc-rs signs; of jsonwebtoken we take the types of header and JWK.
pub struct SigningKey {
    algorithm: SigningAlgorithm,
    key_id: KeyId,
    prepared: Prepared,
    jwk: Jwk,
    /// The first segment of what it signs, with the point behind it, by type.
    access_token_header: String,
    export_header: String,
}

impl SigningKey {
    /// A fresh key; RSA with 2048 bits. The library draws the chance itself: it takes no source from outside.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        Self::generate_sized(algorithm, RsaSize::Rsa2048)
    }

    /// A fresh key, with a size where the algorithm leaves one open.
    pub fn generate_sized(algorithm: SigningAlgorithm, rsa: RsaSize) -> Result<Self, KeyError> {
        let size = match rsa {
            RsaSize::Rsa2048 => KeySize::Rsa2048,
            RsaSize::Rsa3072 => KeySize::Rsa3072,
        };
        let prepared = match algorithm {
            SigningAlgorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Prepared::Ecdsa),
            SigningAlgorithm::EdDsa => Ed25519KeyPair::generate().map(Prepared::EdDsa),
            SigningAlgorithm::Rs256 => RsaKeyPair::generate(size).map(|pair| Prepared::Rsa(pair, &RSA_PKCS1_SHA256)),
            SigningAlgorithm::Ps256 => RsaKeyPair::generate(size).map(|pair| Prepared::Rsa(pair, &RSA_PSS_SHA256)),
        };
        Self::prepare(algorithm, prepared.map_err(|_| KeyError::Generation { algorithm })?)
    }

    /// Reads unencrypted PKCS#8 (RFC 5208; for Ed25519 also RFC 5958 with the public key). RSA of 2048 to 8192 bits;
    /// the library refuses other sizes and keys whose parts contradict each other.
    pub fn from_pkcs8(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let prepared = match algorithm {
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Prepared::Ecdsa)
            }
            SigningAlgorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Prepared::EdDsa),
            SigningAlgorithm::Rs256 => RsaKeyPair::from_pkcs8(pkcs8).map(|pair| Prepared::Rsa(pair, &RSA_PKCS1_SHA256)),
            SigningAlgorithm::Ps256 => RsaKeyPair::from_pkcs8(pkcs8).map(|pair| Prepared::Rsa(pair, &RSA_PSS_SHA256)),
        };
        Self::prepare(algorithm, prepared.map_err(|_| KeyError::Unfit { algorithm })?)
    }

    /// The private key as PKCS#8 version 1: what OpenSSL writes, and for Ed25519 the only form that jsonwebtoken reads.
    pub fn to_pkcs8(&self) -> Result<Secret<Vec<u8>>, KeyError> {
        let failed = |_| KeyError::Generation { algorithm: self.algorithm };
        // The documents of the library erase themselves; what leaves here does as well.
        Ok(Secret::new(match &self.prepared {
            Prepared::Ecdsa(pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Prepared::EdDsa(pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Prepared::Rsa(pair, _) => pair.as_der().map_err(failed)?.as_ref().to_vec(),
        }))
    }

    fn prepare(algorithm: SigningAlgorithm, prepared: Prepared) -> Result<Self, KeyError> {
        let members = prepared.public_members().ok_or(KeyError::Unfit { algorithm })?;
        let key_id = KeyId::new(members.thumbprint());
        let header = |typ| jws::header_segment(algorithm, &key_id, typ).map_err(|_| KeyError::Generation { algorithm });
        let (access_token_header, export_header) = (header(TokenType::AccessToken)?, header(TokenType::Export)?);
        let jwk = members.into_jwk(algorithm, &key_id);
        Ok(Self { algorithm, key_id, prepared, jwk, access_token_header, export_header })
    }

    /// What it signs with.
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The `kid`: the RFC 7638 thumbprint of the public key.
    pub const fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// The public key.
    pub(super) const fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The first segment of a token, with the point behind it.
    pub(super) fn header(&self, typ: TokenType) -> &str {
        match typ {
            TokenType::AccessToken => &self.access_token_header,
            TokenType::Export => &self.export_header,
        }
    }

    /// The signature over a message, in the form of RFC 7518 (ECDSA: `r || s`).
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let random = SystemRandom::new(); // Without state; the library draws on its own.
        match &self.prepared {
            Prepared::Ecdsa(pair) => {
                pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()).map_err(|_| SigningError)
            }
            Prepared::EdDsa(pair) => {
                pair.try_sign(message).map(|signature| signature.as_ref().to_vec()).map_err(|_| SigningError)
            }
            Prepared::Rsa(pair, padding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*padding, &random, message, &mut signature).map_err(|_| SigningError)?;
                Ok(signature)
            }
        }
    }
}

impl Prepared {
    /// `None` for an EC point that is not the uncompressed one the library always gives.
    fn public_members(&self) -> Option<PublicMembers> {
        match self {
            Self::Ecdsa(pair) => PublicMembers::p256(pair.public_key().as_ref()),
            Self::EdDsa(pair) => Some(PublicMembers::ed25519(pair.public_key().as_ref())),
            Self::Rsa(pair, _) => {
                let public = pair.public_key();
                Some(PublicMembers::rsa(
                    public.modulus().big_endian_without_leading_zero(),
                    public.exponent().big_endian_without_leading_zero(),
                ))
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm, self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    use crate::crypto::testing;

    use super::*;

    #[test]
    fn a_key_survives_pkcs8_with_its_kid_and_its_signatures() {
        for algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::generate(algorithm).unwrap();
            let again = SigningKey::from_pkcs8(algorithm, key.to_pkcs8().unwrap().expose()).unwrap();
            assert_eq!((key.key_id(), key.jwk()), (again.key_id(), again.jwk()), "{algorithm}");
            let token = jws::sign(&again, TokenType::AccessToken, br#"{"sub":"ana"}"#).unwrap();
            assert_eq!(testing::verified(&[&key], token.expose()), Some(json!({"sub": "ana"})), "{algorithm}");
        }
    }

    #[test]
    fn a_key_of_another_kind_is_unfit() {
        for algorithm in SigningAlgorithm::ALL {
            let pkcs8 = SigningKey::generate(algorithm).unwrap().to_pkcs8().unwrap();
            for other in SigningAlgorithm::ALL {
                // RS256 and PS256 take the same kind of key; which it signs with is stored beside it.
                let both_rsa = [algorithm, other].iter().all(|a| matches!(a.as_str(), "RS256" | "PS256"));
                let read = SigningKey::from_pkcs8(other, pkcs8.expose());
                assert_eq!(read.is_ok(), other == algorithm || both_rsa, "{algorithm} read as {other}");
            }
        }
        for garbage in [b"".as_slice(), b"-----BEGIN PRIVATE KEY-----", &[0x30, 0]] {
            let read = SigningKey::from_pkcs8(SigningAlgorithm::Es256, garbage);
            assert_eq!(read.unwrap_err(), KeyError::Unfit { algorithm: SigningAlgorithm::Es256 });
        }
    }

    #[test]
    fn an_rsa_key_under_2048_bits_is_unfit() {
        let pkcs8 = testing::rsa_1024_pkcs8();
        for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Ps256] {
            assert!(matches!(SigningKey::from_pkcs8(algorithm, &pkcs8), Err(KeyError::Unfit { .. })));
        }
    }

    #[test]
    fn rsa_keys_are_as_long_as_asked() {
        for (size, length) in [(RsaSize::Rsa2048, 256), (RsaSize::Rsa3072, 384)] {
            let key = SigningKey::generate_sized(SigningAlgorithm::Ps256, size).unwrap();
            assert_eq!(key.sign(b"message").unwrap().len(), length);
        }
    }

    #[test]
    fn what_we_store_of_an_ed25519_key_jsonwebtoken_can_sign_with() {
        let key = SigningKey::generate(SigningAlgorithm::EdDsa).unwrap();
        let pkcs8 = key.to_pkcs8().unwrap();
        assert_eq!(pkcs8.expose().len(), 48, "version 1, without the public key");
        let header =
            Header { kid: Some(key.key_id().to_string()), typ: Some("at+jwt".into()), ..Header::new(Algorithm::EdDSA) };
        let claims = json!({"sub": "ana"});
        let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(pkcs8.expose())).unwrap();
        assert_eq!(testing::verified(&[&key], &token), Some(claims));
    }

    #[test]
    fn an_algorithm_is_read_as_it_is_written() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(SigningAlgorithm::parse(algorithm.as_str()), Some(algorithm));
        }
        for word in ["", "es256", "ES384", "HS256", "none", "EdDsa"] {
            assert_eq!(SigningAlgorithm::parse(word), None, "{word}");
        }
    }

    #[test]
    fn nothing_of_a_private_key_is_printed() {
        let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
        assert_eq!(format!("{key:?}"), format!("SigningKey(ES256 {})", key.key_id()));
    }
}
