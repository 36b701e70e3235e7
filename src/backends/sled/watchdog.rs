//! Watches flushes: wakes one that sled has forgotten, and gives up on one that never ends.
//!
//! Where the last writer of a log buffer hands it to an I/O thread (`exit_reservation` in sled 0.34.7) and that write
//! fails, sled stores the error but does not wake who waits in `flush`. Any other call of `flush` finds the error and
//! wakes everybody. So while one flush takes longer than a period, another is called beside it; where nothing has
//! failed, the second waits like the first and changes nothing.
//!
//! Where an I/O thread of sled has panicked there is no error to find, and nobody will ever wake: after many periods
//! the store is poisoned, so that it says so instead of standing still.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use std::{io, thread};

/// How long a flush may take before somebody looks, about.
pub(super) const PERIOD: Duration = Duration::from_secs(1);
/// After so many periods nobody believes that it ends.
const HOPELESS: u32 = 30;

/// Counts the beginnings and ends of flushes: odd while one runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Flushing(Arc<AtomicU64>);

impl Flushing {
    /// A flush runs until the guard is dropped.
    pub(super) fn begin(&self) -> FlushGuard {
        self.0.fetch_add(1, Ordering::SeqCst);
        FlushGuard(Arc::clone(&self.0))
    }

    /// Whether one runs now.
    pub(super) fn is_running(&self) -> bool {
        self.0.load(Ordering::SeqCst) % 2 == 1
    }
}

/// See [`Flushing::begin`].
pub(super) struct FlushGuard(Arc<AtomicU64>);

impl Drop for FlushGuard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What to do about a flush that takes long. Neither may wait for it.
pub(super) trait Rescue: Send + 'static {
    /// After one period, once for each flush.
    fn wake(&self);
    /// After [`HOPELESS`] periods.
    fn give_up(&self);
}

/// The thread; it ends when this is dropped.
pub(super) struct Watchdog {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Watchdog {
    /// Looks once in a period.
    pub(super) fn spawn(flushing: Flushing, period: Duration, rescue: impl Rescue) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name("store-watchdog".into()).spawn(move || {
            let (mut last, mut periods) = (0, 0);
            while !stopped.load(Ordering::SeqCst) {
                thread::park_timeout(period);
                let now = flushing.0.load(Ordering::SeqCst);
                periods = if now % 2 == 1 && now == last { periods + 1 } else { 0 };
                last = now;
                match periods {
                    1 => rescue.wake(),
                    HOPELESS => rescue.give_up(),
                    _ => {}
                }
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It panics only with its rescue, and then there is nothing left to rescue.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    struct Telling(mpsc::Sender<&'static str>);

    impl Rescue for Telling {
        fn wake(&self) {
            self.0.send("wake").unwrap();
        }

        fn give_up(&self) {
            self.0.send("give up").unwrap();
        }
    }

    #[test]
    fn a_flush_that_hangs_is_woken_once_and_then_given_up() {
        let flushing = Flushing::default();
        let (tell, told) = mpsc::channel();
        let watchdog = Watchdog::spawn(flushing.clone(), Duration::from_millis(1), Telling(tell)).unwrap();
        let flush = flushing.begin();
        assert_eq!([told.recv(), told.recv()], [Ok("wake"), Ok("give up")]);
        drop(flush);
        let flush = flushing.begin();
        assert_eq!(told.recv(), Ok("wake"));
        drop((flush, watchdog));
    }

    #[test]
    fn no_flush_that_ends_is_given_up() {
        let flushing = Flushing::default();
        let (tell, told) = mpsc::channel();
        let watchdog = Watchdog::spawn(flushing.clone(), Duration::from_nanos(1), Telling(tell)).unwrap();
        for _ in 0..1000 {
            drop(flushing.begin());
        }
        drop(watchdog);
        // A flush of a moment may be seen twice, never thirty times.
        assert!(told.try_iter().all(|told| told == "wake"));
    }
}
