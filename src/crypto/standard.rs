//! Our tokens as a resource server sees them: verified by a standard library from the published document alone.
//!
//! For `demo`, which shows that nothing of ours is needed to trust what we issue.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

/// Why a token does not verify.
#[derive(Debug, thiserror::Error)]
pub enum StandardError {
    /// No key of the document has the `kid` of the token, or the document is none.
    #[error("the published keys do not have the key of the token")]
    NoKey,
    /// `typ` is not `at+jwt`.
    #[error("the token is not an access token")]
    NotAnAccessToken,
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
    let jwk = header.kid.as_deref().and_then(|kid| keys.find(kid)).ok_or(StandardError::NoKey)?;
    let algorithm = jwk.common.key_algorithm.and_then(|name| Algorithm::try_from(name).ok());
    let mut validation = Validation::new(algorithm.ok_or(StandardError::NoKey)?);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    Ok(decode::<Value>(token, &DecodingKey::from_jwk(jwk)?, &validation)?.claims)
}
