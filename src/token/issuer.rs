//! The issuer: signs what was granted.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::crypto::jws::{self, TokenType};
use crate::crypto::keys::{SigningAlgorithm, SigningError, SigningKey};
use crate::crypto::ring::KeyRing;
use crate::crypto::subject::SubjectKey;
use crate::ground::id::{Audience, Jti, KeyId, Sub};
use crate::ground::reason::{Reason, ReasonCode};
use crate::ground::scope::ScopeSet;
use crate::ground::secret::Secret;
use crate::ground::time::Timestamp;
use crate::policy::{AdmissionOfAnother, Grant, Permit};
use crate::store::Admission;

use super::claims::AccessTokenClaims;
use super::subjects::Subjects;

/// Who issues: its name, the key of every `sub`, and what it signs with where an API asks for nothing else.
#[derive(Debug)]
pub struct Issuer {
    url: String,
    subjects: Subjects,
    algorithm: SigningAlgorithm,
}

/// Why nothing was issued although it was permitted: a fault of the bridge.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The ring has no key that signs with what the API asks for. Found before the credential is consumed.
    #[error("no active signing key for {algorithm}")]
    NoKey {
        /// What was asked for.
        algorithm: SigningAlgorithm,
    },
    /// The admission is of another credential.
    #[error(transparent)]
    Admission(#[from] AdmissionOfAnother),
    /// The claims could not be written.
    #[error("the claims could not be written as JSON")]
    Encoding(#[from] serde_json::Error),
    /// The library failed to sign.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl IssueError {
    /// The stable code.
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::NoKey { .. } | Self::Signing(_) => Reason::SigningFailed,
            Self::Admission(_) | Self::Encoding(_) => Reason::Internal,
        }
        .into()
    }
}

/// A token that wants only its admission: what the decision record says of it is known, and its key is there.
#[derive(Debug)]
pub struct Draft<'r> {
    permit: Permit,
    subject: String,
    jti: Jti,
    key: &'r SigningKey,
}

impl Draft<'_> {
    /// What is permitted.
    pub const fn permit(&self) -> &Permit {
        &self.permit
    }

    /// The `sub`, as the token says it.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The `jti`.
    pub const fn jti(&self) -> &Jti {
        &self.jti
    }

    /// The `exp`.
    pub const fn expires(&self) -> Timestamp {
        self.permit.expires()
    }

    /// The key that will sign.
    pub const fn key_id(&self) -> &KeyId {
        self.key.key_id()
    }
}

/// What was issued. Made by [`Issuer::issue`] alone.
#[derive(Debug)]
pub struct IssuedTokens {
    access_token: Secret<String>,
    jti: Jti,
    expires_in: Duration,
    scope: ScopeSet,
    audience: Audience,
}

impl IssuedTokens {
    /// The access token.
    pub const fn access_token(&self) -> &Secret<String> {
        &self.access_token
    }

    /// Its `jti`.
    pub const fn jti(&self) -> &Jti {
        &self.jti
    }

    /// `expires_in` (RFC 6749 section 5.1): whole seconds, at least one.
    pub const fn expires_in(&self) -> Duration {
        self.expires_in
    }

    /// `scope`; empty where the API offers none.
    pub const fn scope(&self) -> &ScopeSet {
        &self.scope
    }

    /// The API that it is for.
    pub const fn audience(&self) -> &Audience {
        &self.audience
    }
}

impl Issuer {
    /// `url` stands in `iss` character by character; `algorithm` is what tokens are signed with unless their API asks
    /// for another.
    pub const fn new(url: String, subject_key: SubjectKey, algorithm: SigningAlgorithm) -> Self {
        Self { url, subjects: Subjects::new(subject_key), algorithm }
    }

    /// The `iss`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Who a person is.
    pub const fn subjects(&self) -> &Subjects {
        &self.subjects
    }

    /// Everything that can be done before the credential is consumed; what fails here burns nothing. `sub` is that of the
    /// permit's subject, by link or derived; `jti` is 128 fresh bits.
    pub fn prepare<'r>(
        &self,
        permit: Permit,
        sub: &Sub,
        jti: [u8; 16],
        ring: &'r KeyRing,
    ) -> Result<Draft<'r>, IssueError> {
        let algorithm = permit.algorithm().unwrap_or(self.algorithm);
        let key = ring.signer(algorithm).ok_or(IssueError::NoKey { algorithm })?;
        let subject = self.subjects.shown(sub, permit.subject_type()).into_owned();
        Ok(Draft { subject, jti: Jti::new(URL_SAFE_NO_PAD.encode(jti)), key, permit })
    }

    /// Signs what was prepared, with the proof that the credential was consumed for it.
    pub fn issue(&self, draft: Draft<'_>, admission: Admission) -> Result<IssuedTokens, IssueError> {
        let Draft { permit, subject, jti, key } = draft;
        let grant = Grant::admit(permit, admission)?;
        let access_token = self.sign(&grant, &subject, &jti, key)?;
        let permit = grant.permit();
        let issued_at = Timestamp::from_unix_seconds(permit.decided().unix_seconds());
        Ok(IssuedTokens {
            access_token,
            jti,
            expires_in: permit.expires().since(issued_at),
            scope: permit.scope().clone(),
            audience: permit.audience().clone(),
        })
    }

    fn sign(&self, grant: &Grant, subject: &str, jti: &Jti, key: &SigningKey) -> Result<Secret<String>, IssueError> {
        let permit = grant.permit();
        let claims = AccessTokenClaims {
            issuer: &self.url,
            subject,
            audience: permit.audience(),
            client: permit.client(),
            issued_at: permit.decided(),
            expires: permit.expires(),
            jti,
            scope: permit.scope(),
            auth_time: permit.auth_time(),
            acr: permit.acr(),
            amr: permit.amr(),
            released: permit.claims(),
        };
        Ok(jws::sign(key, TokenType::AccessToken, &claims.to_json()?)?)
    }
}

#[cfg(test)]
mod tests;
