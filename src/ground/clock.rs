//! What a clock looks like. One request reads it once and hands `now` down.
//!
//! Floor 0. [`SystemClock`] is the only place of the product that asks the machine.

use std::time::SystemTime;

use super::time::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The moment of asking.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that may ask")]
    fn now(&self) -> Timestamp {
        let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_millis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still: one-shot commands under `DRAWBRIDGE_NOW`, and tests.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}
