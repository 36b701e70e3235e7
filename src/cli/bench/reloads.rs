//! What it does to those who wait, when a large set of files is reloaded again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::cli::exit::Failure;
use crate::cli::reload::{give_way, put_in_force, read};
use crate::cli::report::not_loaded;
use crate::flow::Bridge;

use super::stage::Stage;

/// Mappings of the set.
pub(super) const MAPPINGS: usize = 1_000;

/// Reloads, one after the other, until they are ended.
pub(super) struct Reloading {
    stop: Arc<AtomicBool>,
    taken: oneshot::Receiver<Result<Vec<Duration>, Failure>>,
}

impl Reloading {
    /// Reads, judges and swaps as a running server does when a file has changed.
    pub(super) fn begin(stage: &Stage, bridge: &Arc<Bridge>) -> Result<Self, Failure> {
        let path = stage.many(MAPPINGS)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (ended, bridge) = (Arc::clone(&stop), Arc::clone(bridge));
        let reload = move || {
            let begun = Instant::now();
            let loaded = read(&path).map_err(|error| not_loaded(&error))?;
            put_in_force(&bridge, loaded).map_err(|why| Failure::could_not_run(why.join("; ")))?;
            Ok(begun.elapsed())
        };
        let (done, taken) = oneshot::channel();
        std::thread::spawn(move || {
            give_way();
            let turns = std::iter::repeat_with(reload).take_while(|_| !ended.load(Ordering::Relaxed));
            drop(done.send(turns.collect()));
        });
        Ok(Self { stop, taken })
    }

    /// How long each took.
    pub(super) async fn end(self) -> Result<Vec<Duration>, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        self.taken.await.map_err(|_| Failure::could_not_run("the reloads ended early"))?
    }
}
