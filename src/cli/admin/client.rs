//! The client of the admin socket: HTTP/1.1 over a Unix socket.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::StatusCode;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::{Answer, EXPORT, Refusal, Request};

/// Much longer than any answer takes; a server that is stuck shall not hang a terminal.
const DEADLINE: Duration = Duration::from_secs(10);
/// The same for answers that need the whole store.
const LONG_DEADLINE: Duration = Duration::from_secs(600);
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
    /// The answer cannot be written where it shall go.
    #[error(transparent)]
    Unwritten(#[from] io::Error),
    /// The conversation broke off, or took too long.
    #[error("the server did not answer: {0}")]
    Broken(String),
    /// The server said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Asks the server at this socket.
pub async fn send(socket: &Path, request: &Request) -> Result<Answer, ClientError> {
    let stream = UnixStream::connect(socket).await.map_err(|error| not_connected(&error))?;
    let deadline = match request {
        Request::Trace(_)
        | Request::Keys
        | Request::Distrust(_)
        | Request::Jwks
        | Request::Shadows
        | Request::Status
        | Request::Forget(_)
        | Request::Conflicts
        | Request::Import(_) => DEADLINE,
        Request::Replay(_) | Request::Subject(_) | Request::Unlink(_) | Request::Resolve(_) | Request::Check => {
            LONG_DEADLINE
        }
    };
    within(deadline, converse(stream, request)).await?
}

/// Hands an export of the server at this socket on, piece by piece.
pub async fn export(socket: &Path, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> Result<(), ClientError> {
    let stream = UnixStream::connect(socket).await.map_err(|error| not_connected(&error))?;
    let mut conversation = within(DEADLINE, ask(stream, "GET", EXPORT, String::new())).await??;
    if !conversation.status.is_success() {
        return within(DEADLINE, conversation.refusal()).await?;
    }
    while let Some(frame) = within(DEADLINE, conversation.body.frame()).await? {
        if let Ok(data) = frame.map_err(broken)?.into_data() {
            take(&data)?;
        }
    }
    Ok(())
}

async fn within<T>(deadline: Duration, future: impl Future<Output = T>) -> Result<T, ClientError> {
    let late = |_| ClientError::Broken(format!("nothing came within {} s", deadline.as_secs()));
    tokio::time::timeout(deadline, future).await.map_err(late)
}

fn not_connected(error: &io::Error) -> ClientError {
    let kind = error.kind();
    if matches!(kind, ErrorKind::NotFound | ErrorKind::ConnectionRefused) {
        ClientError::NobodyListens
    } else if kind == ErrorKind::PermissionDenied {
        ClientError::NotAllowed
    } else {
        ClientError::Broken(error.to_string())
    }
}

async fn converse(stream: UnixStream, request: &Request) -> Result<Answer, ClientError> {
    let conversation = ask(stream, request.method(), &request.path(), request.body()).await?;
    if !conversation.status.is_success() {
        return conversation.refusal().await;
    }
    serde_json::from_slice(&conversation.all().await?).map_err(broken)
}

/// A request that was sent, and the head of its answer.
struct Conversation {
    status: StatusCode,
    body: Incoming,
    _connection: Connection,
}

/// Ends with the conversation.
struct Connection(tokio::task::JoinHandle<hyper::Result<()>>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn ask(stream: UnixStream, method: &str, path: &str, body: String) -> Result<Conversation, ClientError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let connection = Connection(tokio::spawn(connection));
    let http = hyper::Request::builder()
        .method(method)
        .uri(path)
        // The admin API answers declared names only; the socket's is this.
        .header(hyper::header::HOST, "localhost")
        .header(hyper::header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(broken)?;
    let response = sender.send_request(http).await.map_err(broken)?;
    Ok(Conversation { status: response.status(), body: response.into_body(), _connection: connection })
}

impl Conversation {
    async fn all(self) -> Result<Bytes, ClientError> {
        let body = Limited::new(self.body, MAX_ANSWER_BYTES).collect().await;
        Ok(body.map_err(|error| ClientError::Broken(error.to_string()))?.to_bytes())
    }

    async fn refusal<T>(self) -> Result<T, ClientError> {
        let status = self.status;
        let refusal: Refusal = serde_json::from_slice(&self.all().await?)
            .map_err(|_| ClientError::Broken(format!("the answer was {status}")))?;
        Err(ClientError::Refused(refusal))
    }
}

fn broken(error: impl std::error::Error) -> ClientError {
    ClientError::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;
    use std::sync::Arc;

    use hyper::server::conn::http1 as server;
    use hyper::service::service_fn;
    use tokio::net::UnixListener;

    use crate::backends::memory::MemoryStore;
    use crate::crypto::entropy::SystemEntropy;
    use crate::ground::id::{SourceId, TraceId};
    use crate::ground::time::Timestamp;
    use crate::store::{Commit, Ledger as _};

    use super::super::answer::{State, answer};
    use super::super::{Distrust, Distrusted, MAX_REQUEST_BYTES, RefusalKind, Traced};
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(0);

    /// What a server does with a request of the admin socket.
    async fn serve(store: &MemoryStore, http: hyper::Request<Incoming>) -> hyper::Response<Full<Bytes>> {
        let (head, body) = http.into_parts();
        let body = Limited::new(body, MAX_REQUEST_BYTES).collect().await.unwrap().to_bytes();
        let sources = [SourceId::new("corp-adfs")];
        let (entropy, namespaces) = (&SystemEntropy, BTreeMap::new());
        let state = State {
            store,
            master_keys: None,
            keys: None,
            entropy,
            sources: &sources,
            namespaces: &namespaces,
            bridge: None,
            issuer: None,
            now: NOW,
        };
        let answered = match Request::parse(head.method.as_str(), head.uri.path(), &body) {
            Ok(request) => answer(&request, state).await,
            Err(refusal) => Err(refusal),
        };
        let (status, json) = match &answered {
            Ok(answer) => (200, serde_json::to_vec(answer)),
            Err(refusal) => (refusal.status(), serde_json::to_vec(refusal)),
        };
        hyper::Response::builder().status(status).body(Full::new(Bytes::from(json.unwrap()))).unwrap()
    }

    fn listen(socket: &Path, store: Arc<MemoryStore>) {
        let listener = UnixListener::bind(socket).unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let store = Arc::clone(&store);
                let service = service_fn(move |request| {
                    let store = Arc::clone(&store);
                    async move { Ok::<_, Infallible>(serve(&store, request).await) }
                });
                tokio::spawn(server::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
    }

    #[tokio::test]
    async fn a_server_answers_over_its_socket() {
        let folder = tempfile::tempdir().unwrap();
        let socket = super::super::socket(folder.path());
        let store = Arc::new(MemoryStore::new());
        let trace_id = TraceId::from_bytes([3; 16]);
        let record = br#"{"outcome":"refused"}"#.to_vec();
        store.commit(Commit { consume: None, trace_id, record, links: Vec::new() }).await.unwrap();
        listen(&socket, store);
        let traced = Traced { uses: 0, record: serde_json::json!({"outcome": "refused"}), values: None };
        assert_eq!(send(&socket, &Request::Trace(trace_id)).await.unwrap(), Answer::Trace(traced));
        let ask = Request::Distrust(Distrust { source: "corp-adfs".into(), undo: false });
        let distrusted = Distrusted { source: "corp-adfs".into(), distrusted: true, changed: true };
        assert_eq!(send(&socket, &ask).await.unwrap(), Answer::Distrust(distrusted));
        let error = send(&socket, &Request::Trace(TraceId::from_bytes([4; 16]))).await.unwrap_err();
        assert!(matches!(error, ClientError::Refused(Refusal { error: RefusalKind::NotFound, .. })), "{error}");
    }

    #[tokio::test]
    async fn nobody_listens_where_there_is_no_socket_or_a_dead_one() {
        let folder = tempfile::tempdir().unwrap();
        let socket = super::super::socket(folder.path());
        assert!(matches!(send(&socket, &Request::Keys).await, Err(ClientError::NobodyListens)));
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        assert!(socket.exists());
        assert!(matches!(send(&socket, &Request::Keys).await, Err(ClientError::NobodyListens)));
    }

    #[tokio::test]
    async fn an_answer_that_is_none_is_a_broken_conversation() {
        use tokio::io::AsyncWriteExt as _;
        let folder = tempfile::tempdir().unwrap();
        let socket = super::super::socket(folder.path());
        let listener = UnixListener::bind(&socket).unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
            }
        });
        assert!(matches!(send(&socket, &Request::Keys).await, Err(ClientError::Broken(_))));
    }
}
