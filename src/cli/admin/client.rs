//! The client of the admin socket: HTTP/1.1 over a Unix socket.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::{Answer, Refusal, Request};

/// Much longer than any answer takes; a server that is stuck shall not hang a terminal.
const DEADLINE: Duration = Duration::from_secs(10);
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// Why a server did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens: there is no server, or it died. The caller opens the store itself.
    #[error("no server listens")]
    NobodyListens,
    /// Somebody listens, but not for this user.
    #[error("the admin socket may not be opened by this user")]
    NotAllowed,
    /// The conversation broke off, or took too long.
    #[error("the server did not answer: {0}")]
    Broken(String),
    /// The server said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Asks the server at this socket.
pub async fn send(socket: &Path, request: &Request) -> Result<Answer, ClientError> {
    let stream = UnixStream::connect(socket).await.map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => ClientError::NobodyListens,
        ErrorKind::PermissionDenied => ClientError::NotAllowed,
        other => ClientError::Broken(other.to_string()),
    })?;
    let conversation = converse(stream, request);
    tokio::time::timeout(DEADLINE, conversation)
        .await
        .map_err(|_| ClientError::Broken(format!("nothing came within {} s", DEADLINE.as_secs())))?
}

async fn converse(stream: UnixStream, request: &Request) -> Result<Answer, ClientError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let connection = tokio::spawn(connection);
    let http = hyper::Request::builder()
        .method(request.method())
        .uri(request.path())
        // The admin API answers declared names only; the socket's is this.
        .header(hyper::header::HOST, "localhost")
        .header(hyper::header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(request.body())))
        .map_err(broken)?;
    let response = sender.send_request(http).await.map_err(broken)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
    let body = body.map_err(|error| ClientError::Broken(error.to_string()))?.to_bytes();
    drop(sender);
    connection.abort();
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(broken);
    }
    let refusal: Refusal =
        serde_json::from_slice(&body).map_err(|_| ClientError::Broken(format!("the answer was {status}")))?;
    Err(ClientError::Refused(refusal))
}

fn broken(error: impl std::error::Error) -> ClientError {
    ClientError::Broken(error.to_string())
}
