//! Signals of the operating system: caught before a server says that it listens, so that none is lost.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::Failure;

/// What says stop; while it lives, those signals do not end the process.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Catches them from now on.
    pub(super) fn catch() -> Result<Self, Failure> {
        Ok(Self { terminate: caught(SignalKind::terminate())?, interrupt: caught(SignalKind::interrupt())? })
    }

    /// Until somebody says stop, or has said so.
    pub(super) async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Catches a signal from now on.
pub(super) fn caught(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::could_not_run(format!("signals cannot be received: {error}")))
}
