//! `drawbridge serve`: the bridge.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

use crate::config::{Environment, Extent, LoadError, Loaded, Network, load};
use crate::flow::Bridge;
use crate::ground::clock::{Clock as _, SystemClock};
use crate::http::{Public, ServerLimits, public_router, serve, serve_unix};

use super::NOW;
use super::admin;
use super::args::{Form, LogFormat, ServeArgs};
use super::check::show_refused;
use super::exit::{Answer, Exit, Failure};
use super::reload::Reloader;
use super::report::{Shown, not_loaded};
use super::screen::Screen;
use super::signals::StopSignals;
use super::wiring::{Wired, wire};

/// Uses are kept so much longer than they can matter: a request that began before a sweep, and a clock that is set
/// back a little, still find them.
const FORGET_AFTER: Duration = Duration::from_secs(600);
/// How often expired state is swept.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Whoever does not read an answer of the admin socket for so long has gone.
const ADMIN_PATIENCE: Duration = Duration::from_secs(600);

/// Runs until it is told to stop; then finishes what is under way.
pub(super) fn run(args: &ServeArgs, environment: &dyn Environment, screen: &mut Screen<'_>) -> Answer {
    begin_logging(args.log_format, environment);
    if environment.variable(NOW).is_some() {
        tracing::warn!("{NOW} is set and has no effect: a server goes by the real clock");
    }
    let loaded = match load(&args.config.config, Extent::Start, environment, SystemClock.now()) {
        Ok(loaded) => loaded,
        Err(LoadError::Refused(refused)) => {
            show_refused(&refused, Form::Text, Shown::Telling, screen)?;
            return Ok(Exit::No);
        }
        Err(error @ (LoadError::Unreadable { .. } | LoadError::Changing)) => return Err(not_loaded(&error)),
    };
    runtime()?.block_on(async {
        // Before anybody can know that a server is here: a signal that comes early is not lost, and does not kill.
        let stop = StopSignals::catch()?;
        let listen = args.listen.unwrap_or(loaded.settings.listen);
        let listener = listen_at(listen).await?;
        let served = Box::pin(Served::begin(loaded, listener, Some(&args.config.config))).await?;
        screen.line(format!("listening on http://{}", served.address))?;
        stop.wait().await;
        tracing::info!("stopping");
        served.end().await;
        Ok(Exit::Done)
    })
}

/// The runtime of a server.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| Failure::could_not_run(format!("no threads: {error}")))
}

/// Binds the public listener.
pub(super) async fn listen_at(address: SocketAddr) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| Failure::could_not_run(format!("cannot listen on {address}: {error}")))
}

/// Logs go to standard error: the standard output of a server is its address.
fn begin_logging(format: LogFormat, environment: &dyn Environment) {
    let wanted = environment.variable("RUST_LOG").unwrap_or_else(|| "info".to_owned());
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call, from a test in one process, leaves the first in force.
    let _ = match format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// A running server.
pub(super) struct Served {
    /// Where it listens.
    pub(super) address: SocketAddr,
    socket: PathBuf,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Served {
    /// Wires everything and begins to serve. With the path of the configuration, its files are watched.
    pub(super) async fn begin(
        loaded: Loaded,
        listener: TcpListener,
        configuration: Option<&Path>,
    ) -> Result<Self, Failure> {
        let address = listener.local_addr().map_err(|error| Failure::could_not_run(error.to_string()))?;
        let proxies = loaded.settings.trusted_proxies.clone();
        let prefix = loaded.settings.issuer.path().to_owned();
        let socket = admin::socket(&loaded.settings.storage.data);
        let reloader = configuration.map(|path| Reloader::of(path, &loaded)).transpose()?;
        let wired = Box::pin(wire(loaded)).await?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        spawn_public(&mut tasks, (listener, proxies, prefix), wired.bridge.clone(), stopped.clone());
        spawn_admin(&mut tasks, &socket, &wired, stopped.clone())?;
        spawn_sweeper(&mut tasks, &wired, stopped.clone());
        if let Some(reloader) = reloader {
            tasks.spawn(reloader.run(wired.bridge.clone(), wired.master_keys.clone(), until(stopped)));
        }
        Ok(Self { address, socket, stop, tasks })
    }

    /// Accepts nothing more and waits for what is under way.
    pub(super) async fn end(mut self) {
        // Nobody listens only where every task has ended.
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
        if let Err(error) = std::fs::remove_file(&self.socket) {
            tracing::debug!(%error, "the admin socket was gone already");
        }
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone: that is an end as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn spawn_public(
    tasks: &mut JoinSet<()>,
    (listener, proxies, prefix): (TcpListener, Vec<Network>, String),
    bridge: Arc<Bridge>,
    stopped: watch::Receiver<bool>,
) {
    let router = public_router(Public::new(bridge, proxies), &prefix);
    tasks.spawn(serve(listener, router, ServerLimits::default(), until(stopped)));
}

fn spawn_admin(
    tasks: &mut JoinSet<()>,
    socket: &Path,
    wired: &Wired,
    stopped: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let listener = admin::server::bind(socket)
        .map_err(|error| Failure::could_not_run(format!("the admin socket `{}`: {error}", socket.display())))?;
    let admin = admin::server::Admin { bridge: wired.bridge.clone(), master_keys: wired.master_keys.clone() };
    // An export goes as fast as its reader, who may be a person with a pager.
    let limits = ServerLimits { connections: 16, write_timeout: ADMIN_PATIENCE, ..ServerLimits::default() };
    tasks.spawn(serve_unix(listener, admin::server::router(admin), limits, until(stopped)));
    Ok(())
}

/// Forgets what has expired, once a minute.
fn spawn_sweeper(tasks: &mut JoinSet<()>, wired: &Wired, stopped: watch::Receiver<bool>) {
    let (bridge, keep) = (wired.bridge.clone(), wired.keep_records);
    tasks.spawn(async move {
        let end = until(stopped);
        tokio::pin!(end);
        let mut turns = tokio::time::interval(SWEEP_EVERY);
        loop {
            tokio::select! {
                () = &mut end => return,
                _ = turns.tick() => {
                    let now = bridge.clock().now();
                    if let Err(error) = bridge.store().sweep(now.before(FORGET_AFTER), now.before(keep)).await {
                        tracing::error!(%error, "expired state was not swept");
                    }
                }
            }
        }
    });
}
