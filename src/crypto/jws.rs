//! JSON Web Signatures in compact form (RFC 7515 section 7.1), signed with a prepared key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Header;

use crate::ground::id::KeyId;
use crate::ground::secret::Secret;

use super::keys::{SigningAlgorithm, SigningError, SigningKey};

/// What a token says it is (`typ`, RFC 8725 section 3.11): each kind its own, so that none passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// `at+jwt` (RFC 9068 section 2.1).
    AccessToken,
    /// What signs an export of the store; no API takes it for a token.
    Export,
}

impl TokenType {
    /// The `typ`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "at+jwt",
            Self::Export => "drawbridge-export+jwt",
        }
    }
}

/// Signs a JSON object. `claims` is taken as it is: who calls has written it.
pub fn sign(key: &SigningKey, typ: TokenType, claims: &[u8]) -> Result<Secret<String>, SigningError> {
    let header = key.header(typ);
    let mut token = String::with_capacity(header.len() + claims.len().div_ceil(3) * 4 + SIGNATURE_ROOM);
    token.push_str(header);
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(Secret::new(token))
}

/// A point and the base64url of 64 bytes; an RSA signature makes the buffer grow once.
const SIGNATURE_ROOM: usize = 1 + 86;

/// The first segment and its point: the same for every token of a key and a type, so written once.
pub(super) fn header_segment(
    algorithm: SigningAlgorithm,
    key_id: &KeyId,
    typ: TokenType,
) -> Result<String, serde_json::Error> {
    let header = Header {
        typ: Some(typ.as_str().to_owned()),
        kid: Some(key_id.as_str().to_owned()),
        ..Header::new(algorithm.library())
    };
    let json = serde_json::to_vec(&header)?;
    Ok(format!("{}.", URL_SAFE_NO_PAD.encode(json)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::crypto::{standard, testing};

    use super::*;

    #[test]
    fn jsonwebtoken_verifies_what_we_sign() {
        let claims = json!({"sub": "ana", "n": 1, "text": "äöü \u{1F600} \"\\"});
        for algorithm in SigningAlgorithm::ALL {
            let [key, other] = [(); 2].map(|()| SigningKey::generate(algorithm).unwrap());
            let token = sign(&key, TokenType::AccessToken, claims.to_string().as_bytes()).unwrap();
            assert_eq!(testing::verified(&[&other, &key], token.expose()).as_ref(), Some(&claims), "{algorithm}");
            assert_eq!(testing::verified(&[&other], token.expose()), None, "{algorithm}");
            let altered = token.expose().replacen('.', ".e30", 1);
            assert_eq!(testing::verified(&[&key], &altered), None, "{algorithm}");
        }
    }

    #[test]
    fn the_header_names_algorithm_key_and_type_and_nothing_else() {
        for algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::generate(algorithm).unwrap();
            let token = sign(&key, TokenType::AccessToken, b"{}").unwrap();
            let segment = token.expose().split('.').next().unwrap();
            let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).unwrap()).unwrap();
            let expected = json!({"typ": "at+jwt", "alg": algorithm.as_str(), "kid": key.key_id().as_str()});
            assert_eq!(header, expected);
        }
    }

    #[test]
    fn an_export_is_no_access_token_and_the_other_way_round() {
        let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
        let jwks = super::super::jwk::Jwks::of(std::iter::once(&key)).unwrap();
        let [token, export] = [TokenType::AccessToken, TokenType::Export].map(|typ| sign(&key, typ, b"{}").unwrap());
        assert_eq!(testing::header(export.expose())["typ"], "drawbridge-export+jwt");
        assert_eq!(standard::verify_export(jwks.json(), export.expose()).unwrap(), json!({}));
        let refused = standard::verify_export(jwks.json(), token.expose());
        assert!(matches!(refused, Err(standard::StandardError::NotAnExport)), "{refused:?}");
        let refused = standard::verify_access_token(jwks.json(), export.expose(), "i", "a");
        assert!(matches!(refused, Err(standard::StandardError::NotAnAccessToken)), "{refused:?}");
        let altered = export.expose().replacen('.', ".e30", 1);
        assert!(standard::verify_export(jwks.json(), &altered).is_err());
        let other = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
        let others = super::super::jwk::Jwks::of(std::iter::once(&other)).unwrap();
        assert!(matches!(standard::verify_export(others.json(), export.expose()), Err(standard::StandardError::NoKey)));
    }
}
