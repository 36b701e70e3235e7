//! The server's side of the admin socket: mode 0600, below the data folder.
//!
//! An export is the one answer that is not made at once: it goes out as it is read, however large the store is.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request as HttpRequest, State as Shared};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Bytes, Frame};
use serde::Serialize;
use tokio::net::UnixListener;
use tokio::sync::mpsc;

use crate::crypto::ring::KeyRing;
use crate::crypto::seal::MasterKeys;
use crate::flow::Bridge;
use crate::ground::id::{Namespace, SourceId};

use super::answer::{Export, OpenedKeys, State, answer, broken_off};
use super::{Answer, EXPORT, MAX_REQUEST_BYTES, Refusal, RefusalKind, Request, metrics};

/// Pieces of an export that wait for the reader.
const PIECES: usize = 4;

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
    if request.method() == Method::GET && request.uri().path() == EXPORT {
        return export(admin);
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
    let house = House::of(admin);
    let answered = answer(&request, house.state(admin)).await?;
    if matches!(answered, Answer::Distrust(_) | Answer::Import(_)) {
        let refreshed = admin.bridge.refresh_distrust().await;
        refreshed.map_err(|error| Refusal::new(RefusalKind::Unavailable, error.to_string()))?;
    }
    Ok(answered)
}

/// What the revision and the ring in force say, for one answer.
struct House {
    sources: Vec<SourceId>,
    namespaces: BTreeMap<SourceId, Namespace>,
    issuer: String,
    ring: Arc<KeyRing>,
}

impl House {
    fn of(admin: &Admin) -> Self {
        let revision = admin.bridge.revision();
        let providers = revision.trust.iter().map(|source| source.id().clone());
        let sources: Vec<SourceId> = providers.chain(revision.sessions.keys().cloned()).collect();
        let namespaces = sources.iter().filter_map(|id| Some((id.clone(), revision.namespace(id)?))).collect();
        let issuer = revision.addresses.issuer.clone();
        Self { sources, namespaces, issuer, ring: admin.bridge.ring() }
    }

    fn state<'a>(&'a self, admin: &'a Admin) -> State<'a> {
        let keys =
            OpenedKeys { subjects: admin.bridge.issuer().subjects(), ring: &self.ring, master: &admin.master_keys };
        State {
            store: admin.bridge.store().as_ref(),
            master_keys: Some(&admin.master_keys),
            keys: Some(keys),
            entropy: admin.bridge.entropy(),
            sources: &self.sources,
            namespaces: &self.namespaces,
            bridge: Some(&admin.bridge),
            issuer: Some(&self.issuer),
            now: admin.bridge.clock().now(),
        }
    }
}

/// Begins to answer, and goes on for as long as somebody reads.
fn export(admin: Arc<Admin>) -> Response {
    let (pieces, body) = mpsc::channel(PIECES);
    tokio::spawn(async move {
        let house = House::of(&admin);
        let mut export = Export::begin(house.state(&admin));
        loop {
            let (piece, is_last) = match export.lines().await {
                Ok(Some(lines)) => (lines, false),
                Ok(None) => return,
                Err(refusal) => {
                    tracing::warn!(%refusal, "an export broke off");
                    (broken_off(refusal), true)
                }
            };
            // An error means that nobody reads any more.
            if pieces.send(Bytes::from(piece)).await.is_err() || is_last {
                return;
            }
        }
    });
    (StatusCode::OK, [(CONTENT_TYPE, "application/x-ndjson")], Body::new(Pieces(body))).into_response()
}

/// A body that is sent as it is made.
struct Pieces(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => (status, [(CONTENT_TYPE, "application/json")], Body::from(text)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
