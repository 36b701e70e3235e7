//! `drawbridge bench`: what this machine can do, measured with nothing but the binary.
//!
//! ```text
//! stage: files, keys, signed responses ─▶ memory ─▶ steps (one thread) ─▶ load (64 at once) ─▶ latency ─▶ report
//! ```
//!
//! Loopback only, in a temporary folder, within a minute. Everything is measured in one run and compared with what the
//! same run found the floor to be.

mod load;
mod machine;
mod reloads;
mod report;
mod stage;
mod steps;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::backends::memory::MemoryStore;
use crate::crypto::digest::sha256;
use crate::crypto::keys::SigningAlgorithm;
use crate::flow::Bridge;
use crate::ground::clock::{Clock as _, SystemClock};
use crate::ground::id::TraceId;
use crate::http::{Public, ServerLimits, public_router, serve};
use crate::store::{Commit, Consumption, Store, UseKey, UseRule};

use super::args::BenchArgs;
use super::exit::{Answer, Exit, Failure};
use super::screen::{FAINT, Screen, styled};
use super::serve::{listen_at, runtime};
use super::wiring::{Wired, wire, wire_over};

use load::{Burst, Connections, bare, in_process};
use machine::{appends, median, quantile, resident_bytes};
use reloads::Reloading;
use report::{Figures, Latency, Loads, Memory};
use stage::{ES256, Stage};
use steps::Steps;

/// Exchanges of one burst, and how many bursts of each kind: the first warms up.
const BURST: usize = 1024;
const BURSTS: usize = 6;
/// Exchanges whose waiting is measured: fifty lie beyond the 99th percentile.
const PACED: usize = 5000;
/// Of what the machine bears at most.
const BELOW_SATURATION: f64 = 0.5;
/// The memory run ends then, however many there were.
const MEMORY_RUN: Duration = Duration::from_secs(25);
/// Ten lie beyond the 99th percentile.
const FLUSHES: u32 = 1000;
const APPENDS: u32 = 300;
/// sled's cache in the memory run: little, so that what is left is the bridge's own.
const SMALL_CACHE: &str = "8MiB";
const CACHE: &str = "64MiB";

/// Measures and tells.
pub(super) fn run(args: &BenchArgs, screen: &mut Screen<'_>) -> Answer {
    let stage = Arc::new(Stage::build(args.folder.as_deref())?);
    let runtime = runtime()?;
    let mut tell = |what: &str| writeln!(screen.err, "{}", styled(FAINT, format!("measuring {what} …")));
    tell("memory")?;
    let memory = memory(&stage, args.exchanges)?;
    tell("the steps of the stream")?;
    let in_memory = runtime.block_on(wire_over(stage.load("memory", CACHE)?, Arc::new(MemoryStore::default())))?;
    let steps = steps::measure(&stage, &in_memory, &runtime)?;
    tell("exchanges under load")?;
    let durable = runtime.block_on(wire(stage.load("durable", CACHE)?))?;
    let loads = runtime.block_on(loads(&stage, &steps, (&in_memory, &durable)))?;
    tell("latency below saturation")?;
    let latency = runtime.block_on(latency(&stage, &durable, (loads.over_http.rate(), steps.record)))?;
    tell("each algorithm")?;
    let algorithms = runtime.block_on(algorithms(&stage, &durable))?;
    let figures = Figures { steps, loads, latency, memory, algorithms };
    if args.json.json {
        screen.json(&figures.to_json())?;
    } else {
        figures.show(screen)?;
    }
    Ok(Exit::Done)
}

/// First of all and on threads of its own, so that nothing else has grown the process.
fn memory(stage: &Arc<Stage>, exchanges: u32) -> Result<Memory, Failure> {
    let runtime: Runtime = runtime()?;
    runtime.block_on(async {
        let loaded = stage.load("grown", SMALL_CACHE)?;
        let cache_bytes = loaded.settings.storage.cache_bytes;
        let wired = Box::pin(wire(loaded)).await?;
        let serving = Serving::begin(routes(&wired.bridge)).await?;
        let before = resident_bytes();
        let connections = Connections::open(serving.address).await?;
        let exchanges = connections.stream(stage, exchanges, Instant::now() + MEMORY_RUN).await?;
        let after = resident_bytes();
        serving.end().await;
        Ok(Memory { exchanges, before, after, cache_bytes })
    })
}

fn routes(bridge: &Arc<Bridge>) -> Router {
    public_router(Public::new(Arc::clone(bridge), Vec::new()), "")
}

/// A listener on loopback.
struct Serving {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Serving {
    async fn begin(router: Router) -> Result<Self, Failure> {
        let listener = listen_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let address = listener.local_addr()?;
        let (stop, mut stopped) = watch::channel(false);
        let until = async move {
            // An error means that the sender is gone: that is an end as well.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let task = tokio::spawn(serve(listener, router, ServerLimits::default(), until));
        Ok(Self { address, stop, task })
    }

    async fn end(self) {
        // Nobody listens only where the task has ended.
        let _ = self.stop.send(true);
        drop(self.task.await);
    }
}

/// The kinds take turns, so that what disturbs the machine disturbs them alike; each figure is a median.
async fn loads(stage: &Stage, steps: &Steps, (in_memory, durable): (&Wired, &Wired)) -> Result<Loads, Failure> {
    let (bridge, nothing) = (Serving::begin(routes(&durable.bridge)).await?, Serving::begin(bare()).await?);
    let mut to_bridge = Connections::open(bridge.address).await?;
    let mut to_nothing = Connections::open(nothing.address).await?;
    let [mut floor_, mut in_process_, mut durable_, mut bare_, mut http_] =
        [(); 5].map(|()| Vec::with_capacity(BURSTS));
    for _ in 0..BURSTS {
        floor_.push(load::floor(&steps.bare, BURST).await?);
        in_process_.push(in_process(&in_memory.bridge, presented(stage, BURST, ES256)?).await?);
        durable_.push(in_process(&durable.bridge, presented(stage, BURST, ES256)?).await?);
        bare_.push(to_nothing.burst(bodies(stage, BURST)?).await?);
        http_.push(to_bridge.burst(bodies(stage, BURST)?).await?);
    }
    drop((to_bridge, to_nothing));
    bridge.end().await;
    nothing.end().await;
    let [floor, in_memory, durable, bare, over_http] = [floor_, in_process_, durable_, bare_, http_].map(middle);
    Ok(Loads { floor, in_memory, durable, bare, over_http })
}

/// The burst of the median cost, the first left out.
fn middle(bursts: Vec<Burst>) -> Burst {
    let mut rest: Vec<Burst> = bursts.into_iter().skip(1).collect();
    rest.sort_by_key(Burst::each);
    let place = rest.len() / 2;
    rest.get(place).copied().unwrap_or_default()
}

fn presented(stage: &Stage, count: usize, algorithm: SigningAlgorithm) -> Result<Vec<crate::flow::Presented>, Failure> {
    Ok(stage.requests(count)?.into_iter().map(|request| request.presented(algorithm)).collect())
}

fn bodies(stage: &Stage, count: usize) -> Result<Vec<String>, Failure> {
    Ok(stage.requests(count)?.into_iter().map(stage::Request::body).collect())
}

/// Below saturation, over HTTP; and what the disk takes by itself.
async fn latency(stage: &Arc<Stage>, wired: &Wired, (most, record): (f64, usize)) -> Result<Latency, Failure> {
    let serving = Serving::begin(routes(&wired.bridge)).await?;
    let mut connections = Connections::open(serving.address).await?;
    let flushes = flushes(wired.bridge.store().as_ref(), record).await?;
    let rate = most * BELOW_SATURATION;
    let taken = connections.paced(bodies(stage, PACED)?, rate).await?;
    let to_come = bodies(stage, PACED)?;
    let reloading = Reloading::begin(stage, &wired.bridge)?;
    let meanwhile = connections.paced(to_come, rate).await?;
    let reloads = reloading.end().await?;
    let appends = appends(&stage.at("."), record, APPENDS)?;
    drop(connections);
    serving.end().await;
    let (p50, p99) = (quantile(taken.clone(), 500), quantile(taken, 990));
    let flush_p99 = quantile(flushes.clone(), 990);
    let reloading_p99 = quantile(meanwhile, 990);
    let (flush, append, reload) = (median(flushes), median(appends), median(reloads));
    Ok(Latency { rate, p50, p99, reloading_p99, reload, flush, flush_p99, append })
}

/// One commit after another in a store that is otherwise idle: each is one flush and one fdatasync.
async fn flushes(store: &dyn Store, record: usize) -> Result<Vec<Duration>, Failure> {
    let mut taken = Vec::new();
    for number in 0..FLUSHES {
        let at = SystemClock.now();
        let key = UseKey::from_digest(sha256(&number.to_be_bytes()));
        let consume = Consumption { key, until: at.after(Duration::from_secs(300)), rule: UseRule::Once };
        let trace_id = TraceId::new(at, [0; 10]);
        let commit = Commit { consume: Some(consume), trace_id, record: vec![b'x'; record], links: Vec::new() };
        let begun = Instant::now();
        let committed = store.commit(commit).await;
        taken.push(begun.elapsed());
        committed.map_err(|error| Failure::could_not_run(format!("the store does not commit: {error}")))?;
    }
    Ok(taken)
}

async fn algorithms(stage: &Arc<Stage>, durable: &Wired) -> Result<Vec<(SigningAlgorithm, Burst)>, Failure> {
    let mut found = Vec::new();
    for algorithm in SigningAlgorithm::ALL {
        found.push((algorithm, in_process(&durable.bridge, presented(stage, BURST, algorithm)?).await?));
    }
    Ok(found)
}
