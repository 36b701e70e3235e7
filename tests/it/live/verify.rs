//! Tokens as an API sees them: by libraries, from `/jwks` alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use drawbridge::crypto::standard::verify_access_token;
use openidconnect::core::{
    CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKey, CoreJsonWebKeySet, CoreJsonWebKeyUse, CoreJwsSigningAlgorithm,
};
use openidconnect::{ClientId, IssuerUrl, JsonWebKey as _, JsonWebKeyAlgorithm, Nonce};
use serde_json::Value;

use super::Server;
use super::files::ISSUER;

/// The claims, after jsonwebtoken and openidconnect have both verified the token.
pub(super) fn claims(server: &Server, token: &str, audience: &str) -> Value {
    let jwks = server.get("/jwks").body;
    let claims = verify_access_token(&jwks, token, ISSUER, audience).unwrap();
    assert_eq!(by_openidconnect(&jwks, token), claims);
    claims
}

/// The key set is openidconnect's, and so is the verification of the signature with the key that `kid` names.
///
/// Its `IdTokenVerifier` is not asked for a yes: an access token (`typ: at+jwt`, no nonce) is no ID token, and it says so.
fn by_openidconnect(jwks: &str, token: &str) -> Value {
    let keys: CoreJsonWebKeySet = serde_json::from_str(jwks).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let header: Value = serde_json::from_slice(&decoded(header)).unwrap();
    assert_eq!(header["typ"], "at+jwt");
    let algorithm: CoreJwsSigningAlgorithm = serde_json::from_value(header["alg"].clone()).unwrap();
    let is_named = |key: &&CoreJsonWebKey| key.key_id().is_some_and(|id| header["kid"] == id.as_str());
    let key = keys.keys().iter().find(is_named).unwrap();
    assert_eq!(key.key_use(), Some(&CoreJsonWebKeyUse::Signature));
    assert!(matches!(key.signing_alg(), JsonWebKeyAlgorithm::Algorithm(of_key) if *of_key == algorithm));
    let signature = decoded(signature);
    key.verify_signature(&algorithm, signed.as_bytes(), &signature).unwrap();
    let changed = format!("{signed}A");
    assert!(key.verify_signature(&algorithm, changed.as_bytes(), &signature).is_err());

    let issuer = IssuerUrl::new(ISSUER.to_owned()).unwrap();
    let verifier = CoreIdTokenVerifier::new_public_client(ClientId::new("portal".to_owned()), issuer, keys.clone());
    let as_id_token: CoreIdToken = token.parse().unwrap();
    assert!(as_id_token.claims(&verifier, &Nonce::new("n".to_owned())).is_err());
    serde_json::from_slice(&decoded(payload)).unwrap()
}
