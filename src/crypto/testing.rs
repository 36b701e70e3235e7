//! The verifying side, as a resource server has it: jsonwebtoken and the published document. Tests only.

mod xml;

pub(crate) use xml::TestKey;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use super::jwk::Jwks;
use super::keys::SigningKey;

/// The claims of an access token that verifies with one of the keys.
pub(crate) fn verified(keys: &[&SigningKey], token: &str) -> Option<Value> {
    verified_by_document(Jwks::of(keys.iter().copied()).unwrap().json(), token)
}

/// The claims of an access token that verifies with the key of the document that its `kid` names, under that key's
/// own algorithm.
pub(crate) fn verified_by_document(jwks: &str, token: &str) -> Option<Value> {
    let set: JwkSet = serde_json::from_str(jwks).unwrap();
    let header = decode_header(token).ok()?;
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    let jwk = set.find(&header.kid?)?;
    let mut validation = Validation::new(Algorithm::try_from(jwk.common.key_algorithm?).unwrap());
    // What the claims say is the tests' own question.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    decode::<Value>(token, &DecodingKey::from_jwk(jwk).unwrap(), &validation).ok().map(|data| data.claims)
}

/// The claims as they stand in the token, as text.
pub(crate) fn payload(token: &str) -> String {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// A TEST key of 1024 bits, made by OpenSSL: too short for everything here.
pub(crate) fn rsa_1024_pkcs8() -> Vec<u8> {
    STANDARD.decode(include_str!("testing/TEST-rsa-1024.pkcs8.b64").replace('\n', "")).unwrap()
}
