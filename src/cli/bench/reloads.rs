//! What it does to those who wait, when a large set of files is reloaded again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::{JoinHandle, spawn_blocking};

use crate::cli::exit::Failure;
use crate::cli::reload::{put_in_force, read};
use crate::cli::report::not_loaded;
use crate::flow::Bridge;

use super::stage::Stage;

/// Mappings of the set.
pub(super) const MAPPINGS: usize = 1_000;

/// Reloads, one after the other, until they are ended.
pub(super) struct Reloading {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Result<Vec<Duration>, Failure>>,
}

impl Reloading {
    /// Reads, judges and swaps as a running server does when a file has changed.
    pub(super) fn begin(stage: &Stage, bridge: &Arc<Bridge>) -> Result<Self, Failure> {
        let path = stage.many(MAPPINGS)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (ended, bridge) = (Arc::clone(&stop), Arc::clone(bridge));
        let task = spawn_blocking(move || {
            let mut taken = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let loaded = read(&path).map_err(|error| not_loaded(&error))?;
                put_in_force(&bridge, loaded).map_err(|why| Failure::could_not_run(why.join("; ")))?;
                taken.push(begun.elapsed());
            }
            Ok(taken)
        });
        Ok(Self { stop, task })
    }

    /// How long each took.
    pub(super) async fn end(self) -> Result<Vec<Duration>, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.map_err(|fault| Failure::could_not_run(fault.to_string()))?
    }
}
