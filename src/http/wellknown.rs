//! Documents that anybody may read: RFC 8414 metadata, the JWKS, health.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Public;

/// APIs keep the key set for so long; keys are published before they sign for longer.
const JWKS_CACHE: &str = "public, max-age=3600";
const METADATA_CACHE: &str = "public, max-age=300";

/// `GET /.well-known/oauth-authorization-server`: RFC 8414 section 3.
pub(super) async fn metadata(State(public): State<Public>) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, METADATA_CACHE)];
    (headers, public.bridge.revision().metadata.clone()).into_response()
}

/// `GET /jwks`: RFC 7517 section 5, pending keys included.
pub(super) async fn jwks(State(public): State<Public>, headers: HeaderMap) -> Response {
    let ring = public.bridge.ring();
    let jwks = ring.jwks();
    let is_known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == jwks.etag());
    let head = [(CACHE_CONTROL, JWKS_CACHE.to_owned()), (ETAG, jwks.etag().to_owned())];
    if is_known {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, [(CONTENT_TYPE, "application/jwk-set+json")], jwks.json().to_owned()).into_response()
}

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the bridge can issue. Details are for the admin listener.
pub(super) async fn ready(State(public): State<Public>) -> Response {
    match public.bridge.store().health() {
        Ok(()) => "ready\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready: bridge.store_unavailable\n").into_response(),
    }
}
