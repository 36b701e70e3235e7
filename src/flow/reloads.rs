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
    /// When the revision in force came; `None` where it is that of the start.
    pub in_force_since: Option<Timestamp>,
    /// When the files on disk were first not taken, where they are not in force.
    pub not_taken_since: Option<Timestamp>,
}

impl Reloads {
    /// A new revision is in force.
    pub fn taken(&self, now: Timestamp) {
        let mut went = self.went();
        went.taken += 1;
        went.in_force_since = Some(now);
        went.not_taken_since = None;
        went.last = Some((now, Vec::new()));
    }

    /// The files were not taken: the last good revision goes on serving.
    pub fn kept(&self, now: Timestamp, why: Vec<String>) {
        let mut went = self.went();
        went.kept += 1;
        went.not_taken_since.get_or_insert(now);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_set_that_was_not_taken_is_remembered_until_one_is() {
        let at = Timestamp::from_unix_seconds;
        let reloads = Reloads::default();
        let since = |reloads: &Reloads| {
            let went = reloads.so_far();
            (went.in_force_since, went.not_taken_since)
        };
        assert_eq!(since(&reloads), (None, None));
        reloads.kept(at(1), vec!["a".into()]);
        reloads.kept(at(2), vec!["b".into()]);
        assert_eq!(since(&reloads), (None, Some(at(1))));
        assert_eq!(reloads.so_far().problems(), ["b"]);
        reloads.taken(at(3));
        assert_eq!(since(&reloads), (Some(at(3)), None));
        reloads.kept(at(4), vec!["c".into()]);
        assert_eq!(since(&reloads), (Some(at(3)), Some(at(4))));
    }
}
