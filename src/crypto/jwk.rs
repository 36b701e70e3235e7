//! Public keys as JWK (RFC 7517), their thumbprints (RFC 7638), and the document of `/jwks`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters, EllipticCurveKeyType, Jwk,
    JwkSet, OctetKeyPairParameters, OctetKeyPairType, PublicKeyUse, RSAKeyParameters, RSAKeyType,
};

use crate::ground::id::KeyId;

use super::digest::sha256;
use super::keys::{SigningAlgorithm, SigningKey};

/// What a public key consists of, encoded as RFC 7518 section 6 wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublicMembers {
    Ec { x: String, y: String },
    Okp { x: String },
    Rsa { n: String, e: String },
}

impl PublicMembers {
    /// An uncompressed point (SEC 1 section 2.3.3): `04 || x || y`.
    pub(super) fn p256(point: &[u8]) -> Option<Self> {
        let (form, coordinates) = point.split_first()?;
        let (x, y) = coordinates.split_at_checked(32)?;
        (*form == 4 && y.len() == 32).then(|| Self::Ec { x: encoded(x), y: encoded(y) })
    }

    pub(super) fn ed25519(key: &[u8]) -> Self {
        Self::Okp { x: encoded(key) }
    }

    /// Big-endian, without leading zeros.
    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        Self::Rsa { n: encoded(modulus), e: encoded(exponent) }
    }

    /// RFC 7638 section 3: SHA-256 over the required members in the order of their names, without white space.
    pub(super) fn thumbprint(&self) -> String {
        // RFC 7638 section 3.2; for OKP RFC 8037 section 2.
        let required: BTreeMap<&str, &str> = match self {
            Self::Ec { x, y } => [("crv", "P-256"), ("kty", "EC"), ("x", x), ("y", y)].into(),
            Self::Okp { x } => [("crv", "Ed25519"), ("kty", "OKP"), ("x", x)].into(),
            Self::Rsa { n, e } => [("e", e.as_str()), ("kty", "RSA"), ("n", n)].into(),
        };
        let members: Vec<String> =
            required.into_iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
        encoded(&sha256(format!("{{{}}}", members.join(",")).as_bytes()))
    }

    pub(super) fn into_jwk(self, algorithm: SigningAlgorithm, key_id: &KeyId) -> Jwk {
        let common = CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            key_algorithm: Some(algorithm.library().into()),
            key_id: Some(key_id.as_str().to_owned()),
            ..CommonParameters::default()
        };
        let algorithm = match self {
            Self::Ec { x, y } => AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
                key_type: EllipticCurveKeyType::EC,
                curve: EllipticCurve::P256,
                x,
                y,
            }),
            Self::Okp { x } => AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
                key_type: OctetKeyPairType::OctetKeyPair,
                curve: EllipticCurve::Ed25519,
                x,
            }),
            Self::Rsa { n, e } => AlgorithmParameters::RSA(RSAKeyParameters { key_type: RSAKeyType::RSA, n, e }),
        };
        Jwk { common, algorithm }
    }
}

/// The document of `/jwks`, rendered once for each ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwks {
    json: String,
    etag: String,
}

impl Jwks {
    /// The same keys in the same order are the same octets.
    pub(super) fn of<'a>(keys: impl Iterator<Item = &'a SigningKey>) -> Result<Self, serde_json::Error> {
        let json = serde_json::to_string(&JwkSet { keys: keys.map(|key| key.jwk().clone()).collect() })?;
        let etag = format!("\"{}\"", encoded(&sha256(json.as_bytes())));
        Ok(Self { json, etag })
    }

    /// The body: `application/jwk-set+json` (RFC 7517 section 8.5).
    pub fn json(&self) -> &str {
        &self.json
    }

    /// A strong `ETag`, quotes included (RFC 9110 section 8.8.3): a hash of the body.
    pub fn etag(&self) -> &str {
        &self.etag
    }
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::ThumbprintHash;
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638_section_3_1() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let members = PublicMembers::Rsa { n: n.into(), e: "AQAB".into() };
        assert_eq!(members.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037_appendix_a_3() {
        let members = PublicMembers::Okp { x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".into() };
        assert_eq!(members.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn the_library_comes_to_the_same_thumbprint() {
        for algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::generate(algorithm).unwrap();
            assert_eq!(key.jwk().thumbprint(ThumbprintHash::SHA256).unwrap(), key.key_id().as_str(), "{algorithm}");
        }
    }

    #[test]
    fn a_jwk_says_what_it_is_for_and_nothing_private() {
        for (algorithm, names) in [
            (SigningAlgorithm::Es256, ["alg", "crv", "kid", "kty", "use", "x", "y"].as_slice()),
            (SigningAlgorithm::EdDsa, &["alg", "crv", "kid", "kty", "use", "x"]),
            (SigningAlgorithm::Rs256, &["alg", "e", "kid", "kty", "n", "use"]),
            (SigningAlgorithm::Ps256, &["alg", "e", "kid", "kty", "n", "use"]),
        ] {
            let key = SigningKey::generate(algorithm).unwrap();
            let jwks: Value = serde_json::from_str(Jwks::of([&key].into_iter()).unwrap().json()).unwrap();
            let jwk = jwks["keys"][0].as_object().unwrap();
            let mut found: Vec<&str> = jwk.keys().map(String::as_str).collect();
            found.sort_unstable();
            assert_eq!(found, names, "{algorithm}");
            assert_eq!((&jwk["alg"], &jwk["use"]), (&algorithm.as_str().into(), &"sig".into()));
            assert_eq!(jwk["kid"], key.key_id().as_str());
        }
    }

    #[test]
    fn the_etag_is_strong_and_follows_the_content() {
        let [first, second] = [(); 2].map(|()| SigningKey::generate(SigningAlgorithm::EdDsa).unwrap());
        let one = Jwks::of([&first].into_iter()).unwrap();
        let both = Jwks::of([&first, &second].into_iter()).unwrap();
        assert_eq!(one, Jwks::of([&first].into_iter()).unwrap());
        assert_ne!(one.etag(), both.etag());
        assert!(one.etag().starts_with('"') && one.etag().ends_with('"') && one.etag().len() == 45);
    }

    #[test]
    fn only_an_uncompressed_point_on_p256_is_taken() {
        assert!(PublicMembers::p256(&[[4].as_slice(), &[1; 64]].concat()).is_some());
        for point in
            [vec![], vec![4], [[2].as_slice(), &[1; 32]].concat(), [[3].as_slice(), &[1; 64]].concat(), vec![4; 66]]
        {
            assert_eq!(PublicMembers::p256(&point), None);
        }
    }
}
