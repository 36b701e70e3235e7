//! From refusals to HTTP, in one place, without a wildcard: a new kind of refusal does not compile until someone
//! decides what the caller is told.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, PRAGMA, REFERRER_POLICY,
    RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::decision::Rejection as _;
use crate::flow::{ClientRejection, Refusal, RequestRejection};
use crate::ground::id::TraceId;
use crate::ground::oauth::{ErrorCode, GrantType};
use crate::ground::reason::{Reason, ReasonCode};

use super::Public;

/// What the caller is told: a fixed sentence per code. Expected and found stay in the decision record.
#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'a str,
    error_description: &'a str,
    error_uri: String,
    reason: String,
    trace_id: String,
}

/// An error about to be rendered.
pub(super) struct OAuthError {
    pub status: StatusCode,
    pub error: ErrorCode,
    pub reason: ReasonCode,
    pub trace_id: TraceId,
}

impl OAuthError {
    /// A refusal of the flow, at that door.
    pub(super) fn of(refusal: &Refusal, grant: Option<GrantType>, trace_id: TraceId) -> Self {
        let (status, error) = wire(refusal, grant);
        Self { status, error, reason: refusal.code(), trace_id }
    }

    /// A request that never became one of a flow.
    pub(super) fn before_flow(rejection: HttpRejection, trace_id: TraceId) -> Self {
        let (status, reason) = rejection.wire();
        let is_ours = rejection == HttpRejection::Overloaded;
        let error = if is_ours { ErrorCode::TemporarilyUnavailable } else { ErrorCode::InvalidRequest };
        Self { status, error, reason: reason.into(), trace_id }
    }

    /// Renders; `issuer` begins the address of the page about the code.
    pub(super) fn render(&self, issuer: &str) -> Response {
        let reason = self.reason.to_string();
        let body = ErrorBody {
            error: self.error.as_str(),
            error_description: self.reason.reason().sentence(),
            error_uri: format!("{issuer}/errors/{reason}"),
            reason,
            trace_id: self.trace_id.to_string(),
        };
        let json = serde_json::to_string(&body).unwrap_or_default();
        let head = [(CONTENT_TYPE, "application/json".to_owned()), (TRACE_ID, self.trace_id.to_string())];
        (self.status, no_store(), head, json).into_response()
    }
}

/// What is wrong with a request as HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HttpRejection {
    NotFound,
    Method,
    MediaType,
    TooLarge,
    Timeout,
    Overloaded,
    AuthorizationRepeated,
}

impl HttpRejection {
    pub(super) const fn wire(self) -> (StatusCode, Reason) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, Reason::RequestNotFound),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, Reason::RequestMethod),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, Reason::RequestMediaType),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Reason::RequestBodyTooLarge),
            Self::Timeout => (StatusCode::REQUEST_TIMEOUT, Reason::RequestTimeout),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, Reason::Overloaded),
            Self::AuthorizationRepeated => (StatusCode::BAD_REQUEST, Reason::ClientAuthenticationRepeated),
        }
    }
}

/// The record of a request is found by this.
pub(super) const TRACE_ID: HeaderName = HeaderName::from_static("trace-id");

/// RFC 6749 section 5.1: answers of the token endpoint are never kept.
pub(super) const fn no_store() -> [(HeaderName, &'static str); 2] {
    [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")]
}

/// The whole answer to a refused token request.
pub(super) fn refused(refusal: &Refusal, grant: Option<GrantType>, trace_id: TraceId, issuer: &str) -> Response {
    let mut response = OAuthError::of(refusal, grant, trace_id).render(issuer);
    let headers = response.headers_mut();
    if let Some(wait) = refusal.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    // RFC 6749 section 5.2: a client that used the header is told the scheme.
    if matches!(refusal, Refusal::Client(ClientRejection::Failed { by_header: true, .. })) {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"token endpoint\", charset=\"UTF-8\""));
    }
    response
}

fn wire(refusal: &Refusal, grant: Option<GrantType>) -> (StatusCode, ErrorCode) {
    use ErrorCode as Wire;
    match refusal {
        Refusal::Request(rejection) => (StatusCode::BAD_REQUEST, request_error(rejection)),
        Refusal::Client(rejection) => client_error(rejection),
        Refusal::Denied(denial) => {
            (StatusCode::BAD_REQUEST, denial.oauth_error(grant.unwrap_or(GrantType::TokenExchange)))
        }
        // RFC 7522 section 3.1 says invalid_grant; RFC 8693 section 2.2.2 says invalid_request. Not a matter of taste.
        Refusal::Distrusted(_)
        | Refusal::Saml(_)
        | Refusal::Session(_)
        | Refusal::MappingMissing { .. }
        | Refusal::Mapping(_)
        | Refusal::Replayed(_)
        | Refusal::Forgotten(_)
        | Refusal::Subject(_)
        | Refusal::UsedUp(_) => (StatusCode::BAD_REQUEST, credential_error(grant)),
        Refusal::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, Wire::TemporarilyUnavailable),
        Refusal::Issue(_) | Refusal::Abandoned => (StatusCode::INTERNAL_SERVER_ERROR, Wire::ServerError),
    }
}

const fn credential_error(grant: Option<GrantType>) -> ErrorCode {
    match grant {
        Some(GrantType::Saml2Bearer) => ErrorCode::InvalidGrant,
        Some(GrantType::TokenExchange) | None => ErrorCode::InvalidRequest,
    }
}

const fn request_error(rejection: &RequestRejection) -> ErrorCode {
    match rejection {
        RequestRejection::GrantUnsupported => ErrorCode::UnsupportedGrantType,
        RequestRejection::ScopeMalformed => ErrorCode::InvalidScope,
        RequestRejection::Missing(_)
        | RequestRejection::Repeated(_)
        | RequestRejection::Refused { .. }
        | RequestRejection::SourceUnknown(_) => ErrorCode::InvalidRequest,
    }
}

const fn client_error(rejection: &ClientRejection) -> (StatusCode, ErrorCode) {
    match rejection {
        // RFC 6749 section 5.2: more than one mechanism is invalid_request; the rest is invalid_client with 401.
        ClientRejection::Repeated => (StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest),
        ClientRejection::Missing | ClientRejection::AssertionRefused | ClientRejection::Failed { .. } => {
            (StatusCode::UNAUTHORIZED, ErrorCode::InvalidClient)
        }
        ClientRejection::TooManyFailures { .. } => (StatusCode::TOO_MANY_REQUESTS, ErrorCode::InvalidClient),
    }
}

/// `fallback` of a route.
pub(super) async fn method_not_allowed(State(public): State<Public>) -> Response {
    let trace_id = public.fresh_trace_id();
    let mut response = OAuthError::before_flow(HttpRejection::Method, trace_id).render(&public.issuer());
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// `fallback` of the router.
pub(super) async fn not_found(State(public): State<Public>) -> Response {
    let trace_id = public.fresh_trace_id();
    OAuthError::before_flow(HttpRejection::NotFound, trace_id).render(&public.issuer())
}

/// Every answer: nothing is sniffed, framed, referred or scripted.
pub(super) async fn with_security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
