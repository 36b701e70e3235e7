//! How the last reloads went: for health details and metrics.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ground::time::Timestamp;

/// Since the start.
#[derive(Debug, Default)]
pub struct Reloads(Mutex<Went>);

/// See [`Reloads`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Went {
    /// How many sets of files were taken.
    pub taken: u64,
    /// How many were not.
    pub kept: u64,
    /// When the last one came, and why it was not taken: nothing, or one line for each problem, naming the file.
    pub last: Option<(Timestamp, Vec<String>)>,
}

impl Reloads {
    /// A new revision is in force.
    pub fn taken(&self, now: Timestamp) {
        let mut went = self.went();
        went.taken += 1;
        went.last = Some((now, Vec::new()));
    }

    /// The files were not taken: the last good revision goes on serving.
    pub fn kept(&self, now: Timestamp, why: Vec<String>) {
        let mut went = self.went();
        went.kept += 1;
        went.last = Some((now, why));
    }

    /// So far.
    pub fn so_far(&self) -> Went {
        self.went().clone()
    }

    fn went(&self) -> MutexGuard<'_, Went> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Went {
    /// Why the last set of files was not taken.
    pub fn problems(&self) -> &[String] {
        self.last.as_ref().map(|(_, why)| why.as_slice()).unwrap_or_default()
    }
}
