//! Wakes a flush that sled has forgotten.
//!
//! Where the last writer of a log buffer hands it to an I/O thread (`exit_reservation` in sled 0.34.7) and that write
//! fails, sled stores the error but does not wake who waits in `flush`. Any other call of `flush` finds the error and
//! wakes everybody. So while one flush takes longer than a period, this thread calls another; where nothing has
//! failed, the second waits like the first and changes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use std::{io, thread};

/// How long a flush may take before somebody looks, about.
pub(super) const PERIOD: Duration = Duration::from_secs(1);

/// Counts the beginnings and ends of flushes: odd while one runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Flushing(Arc<AtomicU64>);

impl Flushing {
    /// A flush runs until the guard is dropped.
    pub(super) fn begin(&self) -> FlushGuard {
        self.0.fetch_add(1, Ordering::SeqCst);
        FlushGuard(Arc::clone(&self.0))
    }
}

/// See [`Flushing::begin`].
pub(super) struct FlushGuard(Arc<AtomicU64>);

impl Drop for FlushGuard {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The thread; it ends when this is dropped.
pub(super) struct Watchdog {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Watchdog {
    /// `wake` is called once in every period in which one and the same flush has been running since the last.
    pub(super) fn spawn(flushing: Flushing, period: Duration, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name("store-watchdog".into()).spawn(move || {
            let mut last = 0;
            while !stopped.load(Ordering::SeqCst) {
                thread::park_timeout(period);
                let now = flushing.0.load(Ordering::SeqCst);
                if now % 2 == 1 && now == last {
                    wake();
                }
                last = now;
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
            // It panics only with `wake`, and then there is nothing left to wake.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_flush_that_hangs_is_woken() {
        let flushing = Flushing::default();
        let (wake, woken) = mpsc::channel();
        let _watchdog = Watchdog::spawn(flushing.clone(), Duration::from_millis(1), move || {
            let _ = wake.send(());
        })
        .unwrap();
        let flush = flushing.begin();
        woken.recv().unwrap();
        drop(flush);
    }

    #[test]
    fn nobody_is_woken_where_nothing_hangs() {
        let flushing = Flushing::default();
        let (wake, woken) = mpsc::channel();
        let watchdog = Watchdog::spawn(flushing.clone(), Duration::from_nanos(1), move || {
            let _ = wake.send(());
        })
        .unwrap();
        drop(flushing.begin());
        drop(watchdog);
        assert!(woken.try_recv().is_err());
    }
}
