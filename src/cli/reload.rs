//! Reload: on SIGHUP, and when a file changes. A broken set never replaces a good one.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind};
use tokio::sync::oneshot;

use crate::config::{Audit, Extent, LoadError, Loaded, Network, ProcessEnvironment, Storage, fingerprint, load};
use crate::crypto::keys::SigningAlgorithm;
use crate::crypto::seal::MasterKeys;
use crate::diagnostic::{Diagnostic, Severity, placed_line};
use crate::flow::Bridge;
use crate::ground::clock::{Clock as _, SystemClock};
use crate::mapping::TestReport;

use super::exit::Failure;
use super::signals::caught;
use super::wiring::{open_keys, revision};

/// How often the files are looked at; a signal is quicker.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What only a restart can change.
#[derive(Debug)]
struct Fixed {
    issuer: String,
    entity_id: String,
    listen: SocketAddr,
    storage: Storage,
    audit: Audit,
    trusted_proxies: Vec<Network>,
    master_key: PathBuf,
    signing: SigningAlgorithm,
}

impl Fixed {
    fn of(loaded: &Loaded) -> Self {
        let settings = &loaded.settings;
        Self {
            issuer: settings.issuer.as_str().to_owned(),
            entity_id: settings.entity_id.as_str().to_owned(),
            listen: settings.listen,
            storage: settings.storage.clone(),
            audit: settings.audit.clone(),
            trusted_proxies: settings.trusted_proxies.clone(),
            master_key: settings.master_key.clone(),
            signing: settings.signing,
        }
    }

    /// The keys of `drawbridge.yaml` that say something else now.
    fn changed_since(&self, before: &Self) -> Vec<&'static str> {
        let Self { issuer, entity_id, listen, storage, audit, trusted_proxies, master_key, signing } = self;
        let keys = [
            ("issuer", *issuer != before.issuer),
            ("saml.entity_id", *entity_id != before.entity_id),
            ("listen", *listen != before.listen),
            ("storage", *storage != before.storage),
            ("audit", *audit != before.audit),
            ("trusted_proxies", *trusted_proxies != before.trusted_proxies),
            ("master_key", *master_key != before.master_key),
            ("signing", *signing != before.signing),
        ];
        keys.into_iter().filter_map(|(key, changed)| changed.then_some(key)).collect()
    }
}

/// Watches the files of a running server.
pub(super) struct Reloader {
    path: PathBuf,
    fixed: Fixed,
    /// What the files looked like when they were last judged.
    seen: Option<[u8; 32]>,
    hang_up: Signal,
}

impl Reloader {
    /// `loaded` is what the server begins with. SIGHUP is caught from now on.
    pub(super) fn of(path: &Path, loaded: &Loaded) -> Result<Self, Failure> {
        let hang_up = caught(SignalKind::hangup())?;
        let seen = fingerprint(path, &ProcessEnvironment).ok();
        Ok(Self { path: path.to_path_buf(), fixed: Fixed::of(loaded), seen, hang_up })
    }

    /// Until `end` is ready.
    pub(super) async fn run(
        mut self,
        bridge: Arc<Bridge>,
        master_keys: Arc<MasterKeys>,
        end: impl Future<Output = ()>,
    ) {
        tokio::pin!(end);
        let mut turns = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = &mut end => return,
                _ = self.hang_up.recv() => {
                    self.seen = self.look().await;
                    self.reload(&bridge, &master_keys).await;
                }
                _ = turns.tick() => {
                    let now = self.look().await;
                    if now != self.seen {
                        self.seen = now;
                        self.reload(&bridge, &master_keys).await;
                    }
                }
            }
        }
    }

    /// What the files look like; `None` where they cannot be read.
    async fn look(&self) -> Option<[u8; 32]> {
        let path = self.path.clone();
        aside(move || fingerprint(&path, &ProcessEnvironment)).await.ok()?.ok()
    }

    async fn reload(&self, bridge: &Arc<Bridge>, master_keys: &MasterKeys) {
        match self.take(bridge, master_keys).await {
            Ok(()) => {
                bridge.reloads().taken(SystemClock.now());
                tracing::info!(revision = %bridge.revision().hash, "reloaded");
            }
            Err(why) => {
                tracing::error!(
                    why = why.join("; "),
                    "the files were not taken; the last good revision goes on serving"
                );
                bridge.reloads().kept(SystemClock.now(), why);
            }
        }
    }

    /// Puts the files in force, or says why not.
    async fn take(&self, bridge: &Arc<Bridge>, master_keys: &MasterKeys) -> Result<(), Vec<String>> {
        let path = self.path.clone();
        let loaded = aside(move || read(&path)).await?.map_err(|error| why(&error))?;
        let fixed = Fixed::of(&loaded).changed_since(&self.fixed);
        if !fixed.is_empty() {
            return Err(fixed.into_iter().map(|key| format!("{key}: changes with a restart only")).collect());
        }
        // Before the revision: an API that asks for another algorithm finds its key.
        let keys = open_keys(bridge.store().as_ref(), master_keys, &loaded.settings).await;
        bridge.replace_ring(keys.map_err(|failure| vec![failure.to_string()])?.ring);
        let bridge = Arc::clone(bridge);
        aside(move || put_in_force(&bridge, loaded)).await?
    }
}

/// On a thread where no request waits: a thousand files take a while to be read, and to be dropped.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Vec<String>> {
    let (done, result) = oneshot::channel();
    let thread = std::thread::Builder::new().name("reload".to_owned()).spawn(move || {
        give_way();
        // Nobody waits any longer where the server ends.
        drop(done.send(work()));
    });
    thread.map_err(|error| vec![format!("no thread: {error}")])?;
    result.await.map_err(|_| vec!["the reload ended early".to_owned()])
}

/// Lets this thread run where others need not: on few processors a reload must not hold requests up. Linux has
/// priorities for each thread; a thread cannot take its own back, so it is one that ends.
pub(super) fn give_way() {
    const NICE: i32 = 10;
    if cfg!(target_os = "linux") {
        // Without it requests wait a little longer.
        let _ = rustix::process::nice(NICE);
    }
}

/// Reads the files as a reload does.
pub(super) fn read(path: &Path) -> Result<Loaded, LoadError> {
    load(path, Extent::Revision, &ProcessEnvironment, SystemClock.now())
}

/// Swaps the revision.
pub(super) fn put_in_force(bridge: &Bridge, loaded: Loaded) -> Result<(), Vec<String>> {
    let revision = revision(loaded).map_err(|failure| vec![failure.to_string()])?;
    bridge.replace_revision(revision).map_err(|changed| vec![changed.to_string()])
}

/// One line for each problem that keeps the files from being taken; that of a test has what differs.
fn why(error: &LoadError) -> Vec<String> {
    match error {
        LoadError::Refused(refused) => {
            let errors = refused.diagnostics.iter().filter(|problem| problem.severity == Severity::Error);
            let failed = refused.tests.iter().filter_map(TestReport::diagnostic);
            // The values of such tests stand in the file; what a recorded credential had is left out.
            let with_notes = |problem: Diagnostic| format!("{}: {}", placed_line(&problem), problem.notes.join("; "));
            errors.map(placed_line).chain(failed.map(with_notes)).collect()
        }
        LoadError::Unreadable { .. } | LoadError::Changing => vec![error.to_string()],
    }
}
