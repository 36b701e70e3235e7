//! What was recorded lately, by a hash: bounded, and forgotten with the process.

use std::collections::{HashMap, VecDeque};

use crate::ground::time::Timestamp;

/// So many are remembered.
const MOST: usize = 10_000;

/// Hashes of what was recorded, each until its recording ends.
#[derive(Debug, Default)]
pub(super) struct Recent {
    until: HashMap<[u8; 32], Timestamp>,
    order: VecDeque<[u8; 32]>,
}

impl Recent {
    /// Whether this is not remembered; from now on it is, until its time.
    pub(super) fn is_new(&mut self, what: [u8; 32], now: Timestamp, until: Timestamp) -> bool {
        if let Some(known) = self.until.get_mut(&what) {
            let is_over = *known < now;
            if is_over {
                *known = until;
            }
            return is_over;
        }
        self.until.insert(what, until);
        self.order.push_back(what);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.until.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recorded_is_new_again_after_its_time_or_after_many_others() {
        let mut recent = Recent::default();
        let at = Timestamp::from_unix_seconds;
        let hash = |number: usize| {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&number.to_be_bytes());
            hash
        };
        assert!(recent.is_new(hash(0), at(0), at(60)));
        assert!(!recent.is_new(hash(0), at(60), at(120)), "its recording is still there");
        assert!(recent.is_new(hash(0), at(61), at(121)));
        assert!(!recent.is_new(hash(0), at(62), at(122)));
        assert!((1..=MOST).all(|number| recent.is_new(hash(number), at(62), at(122))));
        assert!(recent.is_new(hash(0), at(62), at(122)), "{MOST} others came after it");
        assert_eq!((recent.until.len(), recent.order.len()), (MOST, MOST));
    }
}
