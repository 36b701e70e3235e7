//! Client authentication: `client_secret_basic` and `client_secret_post` (RFC 6749 section 2.3.1).

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::decision::{Fact, Rejection};
use crate::ground::id::ClientId;
use crate::ground::reason::{Reason, ReasonCode};
use crate::ground::secret::Secret;
use crate::ground::time::Timestamp;
use crate::policy::{Client, Policy};

use super::limit::FailureLimiter;
use super::request::Presented;

/// Why a client was not authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientRejection {
    /// The request carries no credentials.
    Missing,
    /// More than one way at once, or a `client_id` that contradicts the header.
    Repeated,
    /// A client assertion (RFC 7521 section 4.2), which the bridge does not take.
    AssertionRefused,
    /// Unknown client or wrong secret: not told apart.
    Failed {
        /// Whether the `Authorization` header was used: then the answer carries a challenge.
        by_header: bool,
        /// Whom it claims to be, where there is such a client: for the record, never for the answer.
        claimed: Option<ClientId>,
    },
    /// Too many failures from this address for this client.
    TooManyFailures {
        /// How long to wait.
        retry_after: Duration,
    },
}

impl Rejection for ClientRejection {
    fn code(&self) -> ReasonCode {
        match self {
            Self::Missing => Reason::ClientAuthenticationMissing,
            Self::Repeated => Reason::ClientAuthenticationRepeated,
            Self::AssertionRefused => Reason::ClientAssertionRefused,
            Self::Failed { .. } => Reason::ClientAuthenticationFailed,
            Self::TooManyFailures { .. } => Reason::ClientTooManyFailures,
        }
        .into()
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::TooManyFailures { retry_after } => vec![Fact::public("retry_after_seconds", retry_after.as_secs())],
            Self::Failed { by_header, claimed } => vec![
                Fact::public("by", if *by_header { "client_secret_basic" } else { "client_secret_post" }),
                Fact::public("claimed", claimed.as_ref().map_or("no client that is configured", ClientId::as_str)),
            ],
            Self::Missing | Self::Repeated | Self::AssertionRefused => Vec::new(),
        }
    }
}

struct Credentials<'a> {
    id: Cow<'a, str>,
    secret: Secret<String>,
    /// The secret as it stands in the header, where form-decoding changes it. Most senders do not encode although RFC
    /// 6749 section 2.3.1 says so, and a secret with a `+` would never be right.
    literal: Option<Secret<String>>,
    by_header: bool,
}

/// Finds the client and compares its secret. An unknown client costs the same comparison, and every failure is counted
/// before it is answered.
pub(super) fn authenticate<'p>(
    policy: &'p Policy,
    presented: &Presented,
    failures: &FailureLimiter,
    now: Timestamp,
) -> Result<&'p Client, ClientRejection> {
    let credentials = credentials(presented)?;
    let id = ClientId::new(credentials.id.as_ref());
    // The secrets go into digests that are compared in constant time, each whatever the other came to.
    let client = policy.authenticate(&id, credentials.secret.expose().as_bytes());
    let by_literal =
        credentials.literal.as_ref().and_then(|secret| policy.authenticate(&id, secret.expose().as_bytes()));
    client.or(by_literal).ok_or_else(|| match failures.failed(presented.peer, id.as_str(), now) {
        Ok(()) => ClientRejection::Failed {
            by_header: credentials.by_header,
            claimed: policy.client(&id).map(|client| client.id.clone()),
        },
        Err(retry_after) => ClientRejection::TooManyFailures { retry_after },
    })
}

fn credentials(presented: &Presented) -> Result<Credentials<'_>, ClientRejection> {
    if presented.parameter("client_assertion").is_some() || presented.parameter("client_assertion_type").is_some() {
        // RFC 6749 section 2.3: not beside another method.
        let also = presented.authorization.is_some() || presented.parameter("client_secret").is_some();
        return Err(if also { ClientRejection::Repeated } else { ClientRejection::AssertionRefused });
    }
    let by_form = (presented.parameter("client_id"), presented.parameter("client_secret"));
    match (&presented.authorization, by_form) {
        (Some(_), (_, Some(_))) => Err(ClientRejection::Repeated),
        (Some(header), (named, None)) => {
            let unreadable = ClientRejection::Failed { by_header: true, claimed: None };
            let credentials = basic(header).ok_or(unreadable)?;
            // OAuth 2.1 section 3.2.2: a client_id beside the header must name the same client.
            if named.is_some_and(|named| named != credentials.id) {
                return Err(ClientRejection::Repeated);
            }
            Ok(credentials)
        }
        (None, (Some(id), Some(secret))) => {
            let secret = Secret::new(secret.to_owned());
            Ok(Credentials { id: id.into(), secret, literal: None, by_header: false })
        }
        (None, (_, None) | (None, _)) => Err(ClientRejection::Missing),
    }
}

/// `Basic base64(id ":" secret)`, both halves form-encoded before (RFC 6749 section 2.3.1).
fn basic(header: &str) -> Option<Credentials<'static>> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = Secret::new(String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?);
    // The pair is split here and goes no further.
    let (id, secret) = pair.expose().split_once(':')?;
    let decoded = Secret::new(form_decoded(secret)?);
    let literal = (decoded.expose() != secret).then(|| Secret::new(secret.to_owned()));
    Some(Credentials { id: form_decoded(id)?.into(), secret: decoded, literal, by_header: true })
}

fn form_decoded(half: &str) -> Option<String> {
    let as_pair = format!("v={}", half.replace('&', "%26"));
    let mut pairs = form_urlencoded::parse(as_pair.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned())
}
