//! The accept loop: bounded connections, header timeout, graceful shutdown that finishes requests.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;

use crate::config::Network;

/// What one listener bears.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Connections at once; more wait in the kernel's queue.
    pub connections: usize,
    /// A request's head must arrive within this, counted from the first octet or the previous answer.
    pub header_timeout: Duration,
    /// Whoever does not read an answer for so long has gone.
    pub write_timeout: Duration,
    /// Requests under way at shutdown may take so long.
    pub shutdown_grace: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            header_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(15),
            shutdown_grace: Duration::from_secs(20),
        }
    }
}

/// Who sent a request, as the socket says.
#[derive(Debug, Clone, Copy)]
pub struct Peer(IpAddr);

impl Peer {
    /// The sender; behind declared proxies the rightmost address of `X-Forwarded-For` that is not one of them. Used for
    /// the limit on failures and nothing else.
    pub(super) fn of(parts: &Parts, proxies: &[Network]) -> IpAddr {
        let socket = parts.extensions.get::<Self>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
        let is_proxy = |address: &IpAddr| proxies.iter().any(|range| range.contains(*address));
        if !is_proxy(&socket) {
            return socket;
        }
        // From the right: a proxy wrote what stands behind the first foreign entry, the sender may have written the rest.
        let entries = forwarded(&parts.headers);
        let mut from_the_right = entries.iter().rev();
        let first = from_the_right.find(|entry| !entry.is_some_and(|address| is_proxy(&address)));
        first.copied().flatten().unwrap_or(socket)
    }
}

/// `None` for an entry that is no address.
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or_default());
    values.flat_map(|value| value.split(',')).map(|entry| entry.trim().parse().ok()).collect()
}

/// Serves until `stop` is ready; then accepts nothing more and finishes what is under way.
pub async fn serve(listener: TcpListener, router: Router, limits: ServerLimits, stop: impl Future<Output = ()>) {
    let house = House::new(router, limits);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            (permit, accepted) = house.accept(listener.accept()) => match accepted {
                Ok((stream, SocketAddr::V4(_) | SocketAddr::V6(_))) => {
                    let peer = stream.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
                    // Small answers must not wait for an acknowledgement; a socket that refuses is merely slower.
                    let _ = stream.set_nodelay(true);
                    house.welcome(Box::pin(timed(stream, limits.write_timeout)), peer, permit);
                }
                Err(error) => House::rest(&error).await,
            },
        }
    }
    drop(listener);
    house.close().await;
}

/// The same on a Unix socket; the sender is the machine itself.
pub async fn serve_unix(listener: UnixListener, router: Router, limits: ServerLimits, stop: impl Future<Output = ()>) {
    let house = House::new(router, limits);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            (permit, accepted) = house.accept(listener.accept()) => match accepted {
                Ok((stream, _)) => {
                    let stream = Box::pin(timed(stream, limits.write_timeout));
                    house.welcome(stream, IpAddr::V4(Ipv4Addr::LOCALHOST), permit);
                }
                Err(error) => House::rest(&error).await,
            },
        }
    }
    drop(listener);
    house.close().await;
}

/// hyper's own timer runs only while it waits for a request.
fn timed<S: AsyncRead + AsyncWrite>(stream: S, write: Duration) -> TimeoutStream<S> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(write));
    stream
}

/// What the two kinds of listener share.
struct House {
    router: Router,
    limits: ServerLimits,
    places: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl House {
    fn new(router: Router, limits: ServerLimits) -> Self {
        let places = Arc::new(Semaphore::new(limits.connections));
        Self { router, limits, places, graceful: GracefulShutdown::new() }
    }

    /// A place first, then a connection: what cannot be served yet waits in the kernel.
    async fn accept<T>(&self, next: impl Future<Output = T>) -> (Option<OwnedSemaphorePermit>, T) {
        let permit = self.places.clone().acquire_owned().await.ok();
        (permit, next.await)
    }

    fn welcome<I>(&self, io: I, peer: IpAddr, permit: Option<OwnedSemaphorePermit>)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_timeout)
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(io), service);
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended");
            }
            drop(permit);
        });
    }

    /// Out of file descriptors, or the like: wait a little instead of spinning.
    async fn rest(error: &std::io::Error) {
        tracing::warn!(%error, "cannot accept a connection");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    async fn close(self) {
        if tokio::time::timeout(self.limits.shutdown_grace, self.graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
    }
}
