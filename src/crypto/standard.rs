//! Our tokens as a resource server sees them: verified by a standard library from the published document alone.
//!
//! For `demo`, which shows that nothing of ours is needed to trust what we issue; and for the import of what another
//! bridge exported.

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use super::jws::TokenType;

/// Why a token does not verify.
#[derive(Debug, thiserror::Error)]
pub enum StandardError {
    /// No key of the document has the `kid` of the token, or the document is none.
    #[error("the published keys do not have the key of the token")]
    NoKey,
    /// `typ` is not `at+jwt`.
    #[error("the token is not an access token")]
    NotAnAccessToken,
    /// `typ` is not that of an export.
    #[error("what is signed is not an export of a store")]
    NotAnExport,
    /// The library says no.
    #[error(transparent)]
    Refused(#[from] jsonwebtoken::errors::Error),
}

/// The claims of an access token (RFC 9068 section 4): signature by the key that its `kid` names, `typ`, `iss`, `aud`, and
/// `exp` by the library's own clock.
pub fn verify_access_token(jwks: &str, token: &str, issuer: &str, audience: &str) -> Result<Value, StandardError> {
    let keys: JwkSet = serde_json::from_str(jwks).map_err(|_| StandardError::NoKey)?;
    let header = decode_header(token)?;
    // RFC 9068 section 4: the library leaves this to its caller.
    if header.typ.as_deref() != Some("at+jwt") {
        return Err(StandardError::NotAnAccessToken);
    }
    let (jwk, mut validation) = key_of(&keys, header.kid.as_deref())?;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    Ok(decode::<Value>(token, &DecodingKey::from_jwk(jwk)?, &validation)?.claims)
}

/// The claims of what signs an export: signature by the key that its `kid` names, and `typ`. It does not expire: what it
/// says was true when it was signed.
pub fn verify_export(jwks: &str, signed: &str) -> Result<Value, StandardError> {
    let keys: JwkSet = serde_json::from_str(jwks).map_err(|_| StandardError::NoKey)?;
    let header = decode_header(signed)?;
    if header.typ.as_deref() != Some(TokenType::Export.as_str()) {
        return Err(StandardError::NotAnExport);
    }
    let (jwk, mut validation) = key_of(&keys, header.kid.as_deref())?;
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    Ok(decode::<Value>(signed, &DecodingKey::from_jwk(jwk)?, &validation)?.claims)
}

/// The key of that `kid`, and a validation that takes its algorithm and no other.
fn key_of<'k>(keys: &'k JwkSet, kid: Option<&str>) -> Result<(&'k Jwk, Validation), StandardError> {
    let jwk = kid.and_then(|kid| keys.find(kid)).ok_or(StandardError::NoKey)?;
    let algorithm = jwk.common.key_algorithm.and_then(|name| Algorithm::try_from(name).ok());
    Ok((jwk, Validation::new(algorithm.ok_or(StandardError::NoKey)?)))
}
