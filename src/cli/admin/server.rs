//! The server's side of the admin socket: mode 0600, below the data folder.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request as HttpRequest, State as Shared};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt as _, Limited};
use serde::Serialize;
use tokio::net::UnixListener;

use crate::crypto::seal::MasterKeys;
use crate::flow::Bridge;
use crate::ground::id::SourceId;

use super::answer::{State, answer};
use super::{Answer, MAX_REQUEST_BYTES, Refusal, RefusalKind, Request, metrics};

/// What the answers are made from.
pub(in crate::cli) struct Admin {
    pub(in crate::cli) bridge: Arc<Bridge>,
    pub(in crate::cli) master_keys: Arc<MasterKeys>,
}

/// Opens the socket. A file that a crash left behind is replaced: the store's lock says that no other server is there.
pub(in crate::cli) fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(path)?;
    // The folder has mode 0700, so nobody comes in between.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Every address of the socket.
pub(in crate::cli) fn router(admin: Admin) -> Router {
    Router::new().fallback(handle).with_state(Arc::new(admin))
}

async fn handle(Shared(admin): Shared<Arc<Admin>>, request: HttpRequest) -> Response {
    if request.method() == Method::GET && request.uri().path() == "/metrics" {
        let text = metrics::render(&admin.bridge);
        return (StatusCode::OK, [(CONTENT_TYPE, "text/plain; version=0.0.4")], Body::from(text)).into_response();
    }
    match run(&admin, request).await {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(refusal) => json(StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST), &refusal),
    }
}

async fn run(admin: &Admin, request: HttpRequest) -> Result<Answer, Refusal> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_REQUEST_BYTES).collect().await;
    let body = body.map_err(|_| Refusal::new(RefusalKind::BadRequest, "the body is too large"))?.to_bytes();
    let request = Request::parse(parts.method.as_str(), parts.uri.path(), &body)?;
    let revision = admin.bridge.revision();
    let providers = revision.trust.iter().map(|source| source.id().clone());
    let sources: Vec<SourceId> = providers.chain(revision.sessions.keys().cloned()).collect();
    let state = State {
        store: admin.bridge.store().as_ref(),
        master_keys: Some(&admin.master_keys),
        sources: &sources,
        bridge: Some(&admin.bridge),
        now: admin.bridge.clock().now(),
    };
    let answered = answer(&request, state).await?;
    if matches!(answered, Answer::Distrust(_)) {
        let refreshed = admin.bridge.refresh_distrust().await;
        refreshed.map_err(|error| Refusal::new(RefusalKind::Unavailable, error.to_string()))?;
    }
    Ok(answered)
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => (status, [(CONTENT_TYPE, "application/json")], Body::from(text)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
