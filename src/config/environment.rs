//! Variables of the process: the one place that reads them.

use std::collections::BTreeMap;

/// Looks a variable up.
pub trait Environment {
    /// Its value; `None` where it is not set, or not UTF-8.
    fn variable(&self, name: &str) -> Option<String>;
}

/// The variables of this process.
#[derive(Debug, Clone, Copy)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that may ask; everybody else is handed an Environment"
    )]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// Variables that are handed in: tests, and a server that was started with others than its own.
impl Environment for BTreeMap<String, String> {
    fn variable(&self, name: &str) -> Option<String> {
        self.get(name).cloned()
    }
}
