//! Many exchanges at once: in process, and over HTTP on loopback.
//!
//! **What is compared.** The time that all processors spent for one exchange, sender included: it does not hang on how
//! many processors there are, on what else runs beside, or on how long a disk takes while others are served. How many
//! exchanges a second came out of it is said as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use http_body_util::{BodyExt as _, Full};
use hyper::Request as HttpRequest;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::cli::exit::Failure;
use crate::crypto::sign_raw::RawKeyKind;
use crate::decision::Rejection as _;
use crate::flow::{Bridge, Presented, token};

use super::machine::{processor_time, processors};
use super::stage::Stage;
use super::steps::Floor;

/// Tasks or connections.
pub(super) const AT_ONCE: u8 = 64;

/// What came of so many at once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Burst {
    count: u32,
    elapsed: Duration,
    processors: Option<Duration>,
}

impl Burst {
    async fn of<T>(count: usize, work: impl Future<Output = Result<T, Failure>>) -> Result<(Self, T), Failure> {
        let (before, begun) = (processor_time(), Instant::now());
        let value = work.await?;
        let elapsed = begun.elapsed();
        let processors = processor_time().zip(before).map(|(after, before)| after.saturating_sub(before));
        Ok((Self { count: u32::try_from(count).unwrap_or(u32::MAX).max(1), elapsed, processors }, value))
    }

    /// Processor time of one.
    pub(super) fn each(&self) -> Duration {
        let all = u32::try_from(processors()).unwrap_or(1);
        self.processors.unwrap_or(self.elapsed * all) / self.count.max(1)
    }

    /// How many a second.
    pub(super) fn rate(&self) -> f64 {
        f64::from(self.count) / self.elapsed.as_secs_f64()
    }
}

/// Requests dealt out to [`AT_ONCE`] hands.
fn dealt<T>(requests: Vec<T>) -> Vec<Vec<T>> {
    let mut hands: Vec<Vec<T>> = (0..AT_ONCE).map(|_| Vec::new()).collect();
    for (request, place) in requests.into_iter().zip((0..usize::from(AT_ONCE)).cycle()) {
        if let Some(hand) = hands.get_mut(place) {
            hand.push(request);
        }
    }
    hands
}

/// Every answer must be a token.
pub(super) async fn in_process(bridge: &Arc<Bridge>, requests: Vec<Presented>) -> Result<Burst, Failure> {
    let count = requests.len();
    let work = async {
        let mut tasks = JoinSet::new();
        for hand in dealt(requests) {
            let bridge = Arc::clone(bridge);
            tasks.spawn(async move {
                for presented in hand {
                    let answer = token::run(Arc::clone(&bridge), presented).await;
                    answer.result.map_err(|refusal| failed(refusal.code()))?;
                }
                Ok::<_, Failure>(())
            });
        }
        tasks.join_all().await.into_iter().collect::<Result<Vec<()>, _>>()
    };
    Ok(Burst::of(count, work).await?.0)
}

/// The floor, with as many at once: processors that share a core are slower together than one of them alone.
pub(super) async fn floor(floor: &Arc<Floor>, count: usize) -> Result<Burst, Failure> {
    let work = async {
        let mut tasks = JoinSet::new();
        for hand in dealt(vec![(); count]) {
            let floor = Arc::clone(floor);
            tasks.spawn(async move {
                for () in hand {
                    floor.run();
                    tokio::task::yield_now().await;
                }
            });
        }
        tasks.join_all().await;
        Ok(())
    };
    Ok(Burst::of(count, work).await?.0)
}

/// What any server must do: read the body, write an answer of the same kind.
pub(super) fn bare() -> Router {
    async fn answer(body: Bytes) -> impl IntoResponse {
        ([(CONTENT_TYPE, "application/json")], format!("{{\"read\":{}}}", body.len()))
    }
    Router::new().route("/token", post(answer))
}

type Sender = SendRequest<Full<Bytes>>;

/// Connections that are kept open, as those of a proxy are.
pub(super) struct Connections(Vec<Sender>);

impl Connections {
    /// Opens [`AT_ONCE`].
    pub(super) async fn open(address: std::net::SocketAddr) -> Result<Self, Failure> {
        let mut senders = Vec::new();
        for _ in 0..AT_ONCE {
            let stream = TcpStream::connect(address).await.map_err(failed)?;
            stream.set_nodelay(true).map_err(failed)?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
            tokio::spawn(connection);
            senders.push(sender);
        }
        Ok(Self(senders))
    }

    /// As many at once as there are connections, each at once after the answer before.
    pub(super) async fn burst(&mut self, bodies: Vec<String>) -> Result<Burst, Failure> {
        let count = bodies.len();
        let hands = std::mem::take(&mut self.0).into_iter().zip(dealt(bodies));
        let work = async {
            let mut tasks = JoinSet::new();
            for (mut sender, hand) in hands {
                tasks.spawn(async move {
                    for body in hand {
                        send(&mut sender, body).await?;
                    }
                    Ok::<_, Failure>(sender)
                });
            }
            tasks.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()
        };
        let (burst, senders) = Burst::of(count, work).await?;
        self.0 = senders;
        Ok(burst)
    }

    /// So many a second, spread evenly over the connections; says how long each waited for its answer.
    ///
    /// One whose connection was still busy when it was due counts from when it was due.
    pub(super) async fn paced(&mut self, bodies: Vec<String>, rate: f64) -> Result<Vec<Duration>, Failure> {
        let apart = Duration::from_secs_f64(1.0 / rate);
        let first = Instant::now() + Duration::from_millis(20);
        let mut tasks = JoinSet::new();
        for ((mut sender, hand), place) in std::mem::take(&mut self.0).into_iter().zip(dealt(bodies)).zip(0_u32..) {
            tasks.spawn(async move {
                let mut taken = Vec::with_capacity(hand.len());
                let mut due = first + apart * place;
                for body in hand {
                    let late = Instant::now() > due;
                    tokio::time::sleep_until(due.into()).await;
                    let begun = if late { due } else { Instant::now() };
                    send(&mut sender, body).await?;
                    taken.push(begun.elapsed());
                    due += apart * u32::from(AT_ONCE);
                }
                Ok::<_, Failure>((sender, taken))
            });
        }
        let mut all = Vec::new();
        for done in tasks.join_all().await {
            let (sender, taken) = done?;
            self.0.push(sender);
            all.extend(taken);
        }
        Ok(all)
    }

    /// Exchanges `count` responses that are made on the way, so that few wait in memory; ends early at the deadline.
    /// Says how many there were.
    pub(super) async fn stream(mut self, stage: &Arc<Stage>, count: u32, deadline: Instant) -> Result<u32, Failure> {
        let left = Arc::new(AtomicU32::new(count));
        let mut tasks = JoinSet::new();
        for mut sender in std::mem::take(&mut self.0) {
            let (stage, left) = (Arc::clone(stage), Arc::clone(&left));
            tasks.spawn(async move {
                let mut done = 0;
                while Instant::now() < deadline
                    && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
                {
                    // ECDSA, because an RSA key needs twenty times as long to sign.
                    send(&mut sender, stage.request(RawKeyKind::EcdsaSha256)?.body()).await?;
                    done += 1;
                }
                Ok::<_, Failure>(done)
            });
        }
        tasks.join_all().await.into_iter().sum()
    }
}

async fn send(sender: &mut Sender, body: String) -> Result<(), Failure> {
    let request = HttpRequest::post("/token")
        .header(HOST, "localhost")
        .header(hyper::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(body)))
        .map_err(failed)?;
    sender.ready().await.map_err(failed)?;
    let response = sender.send_request(request).await.map_err(failed)?;
    let status = response.status();
    let answer = response.into_body().collect().await.map_err(failed)?.to_bytes();
    if status.is_success() { Ok(()) } else { Err(failed(String::from_utf8_lossy(&answer))) }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::could_not_run(format!("an exchange under load failed: {error}"))
}
