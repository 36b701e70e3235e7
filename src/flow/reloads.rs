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
    /// When the last one came, and why it was not taken, naming file and problem.
    pub last: Option<(Timestamp, Option<String>)>,
}

impl Reloads {
    /// A new revision is in force.
    pub fn taken(&self, now: Timestamp) {
        let mut went = self.went();
        went.taken += 1;
        went.last = Some((now, None));
    }

    /// The files were not taken: the last good revision goes on serving.
    pub fn kept(&self, now: Timestamp, why: &str) {
        let mut went = self.went();
        went.kept += 1;
        went.last = Some((now, Some(why.to_owned())));
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
    pub fn problem(&self) -> Option<&str> {
        self.last.as_ref().and_then(|(_, why)| why.as_deref())
    }
}
