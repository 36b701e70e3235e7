//! How much may be written about requests that nobody has authenticated.

use crate::ground::time::Timestamp;

const MILLIS_PER_MINUTE: u64 = 60_000;

/// What becomes of a record that is only a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampled {
    /// Keep it; so many before it were only counted.
    Keep {
        /// Since the last one that was kept.
        counted_before: u64,
    },
    /// Only count it.
    Count,
}

/// A budget in bytes per minute: a bucket that holds one minute's worth, refilled evenly. Garbage fills the bucket, not
/// the disk. Counts what it turns away.
///
/// Given `now`; a clock that goes back refills nothing until it has caught up.
#[derive(Debug, Clone)]
pub struct ByteBudget {
    bytes_per_minute: u64,
    /// In bytes times milliseconds per minute, so that no fraction is lost.
    available: u64,
    refilled: Option<Timestamp>,
    counted: u64,
}

impl ByteBudget {
    /// A full bucket. Zero bytes a minute keep nothing. More than 256 GiB a minute are taken as that.
    pub const fn per_minute(bytes: u64) -> Self {
        let limit = 1 << 38;
        let bytes_per_minute = if bytes > limit { limit } else { bytes };
        Self { bytes_per_minute, available: bytes_per_minute * MILLIS_PER_MINUTE, refilled: None, counted: 0 }
    }

    /// Asks for room for a record of so many bytes.
    pub fn take(&mut self, bytes: usize, now: Timestamp) -> Sampled {
        self.refill(now);
        let wanted = (bytes as u64).saturating_mul(MILLIS_PER_MINUTE);
        if wanted > self.available {
            self.counted = self.counted.saturating_add(1);
            return Sampled::Count;
        }
        self.available -= wanted;
        Sampled::Keep { counted_before: std::mem::take(&mut self.counted) }
    }

    /// How many were only counted since the last one that was kept.
    pub const fn counted(&self) -> u64 {
        self.counted
    }

    fn refill(&mut self, now: Timestamp) {
        let last = *self.refilled.get_or_insert(now);
        let elapsed = u64::try_from(now.since(last).as_millis()).unwrap_or(u64::MAX).min(MILLIS_PER_MINUTE);
        self.available = (self.available + elapsed * self.bytes_per_minute).min(self.full());
        self.refilled = Some(last.max(now));
    }

    const fn full(&self) -> u64 {
        self.bytes_per_minute * MILLIS_PER_MINUTE
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_seconds(1_772_366_400).after(Duration::from_millis(millis))
    }

    #[test]
    fn what_is_over_the_budget_is_counted_and_the_count_comes_with_the_next_that_is_kept() {
        let mut budget = ByteBudget::per_minute(600);
        assert_eq!(budget.take(400, at(0)), Sampled::Keep { counted_before: 0 });
        assert_eq!(budget.take(201, at(0)), Sampled::Count);
        assert_eq!(budget.take(200, at(0)), Sampled::Keep { counted_before: 1 });
        for _ in 0..5 {
            assert_eq!(budget.take(10, at(999)), Sampled::Count);
        }
        assert_eq!(budget.counted(), 5);
        // Ten bytes a second.
        assert_eq!(budget.take(10, at(1000)), Sampled::Keep { counted_before: 5 });
        assert_eq!(budget.take(1, at(1000)), Sampled::Count);
    }

    #[test]
    fn the_bucket_holds_a_minute_and_no_more() {
        let mut budget = ByteBudget::per_minute(100);
        let later = at(3_600_000);
        assert_eq!(budget.take(100, later), Sampled::Keep { counted_before: 0 });
        assert_eq!(budget.take(1, later), Sampled::Count);
        assert_eq!(budget.take(101, at(9_000_000)), Sampled::Count, "larger than the bucket");
        assert_eq!(budget.take(0, at(9_000_000)), Sampled::Keep { counted_before: 2 });
    }

    #[test]
    fn a_clock_that_goes_back_refills_nothing_twice() {
        let mut budget = ByteBudget::per_minute(60);
        assert_eq!(budget.take(60, at(60_000)), Sampled::Keep { counted_before: 0 });
        assert_eq!(budget.take(1, at(0)), Sampled::Count);
        assert_eq!(budget.take(1, at(60_000)), Sampled::Count);
        assert_eq!(budget.take(1, at(61_000)), Sampled::Keep { counted_before: 2 });
    }

    #[test]
    fn no_budget_keeps_nothing_and_a_huge_one_does_not_overflow() {
        assert_eq!(ByteBudget::per_minute(0).take(1, at(0)), Sampled::Count);
        let mut huge = ByteBudget::per_minute(u64::MAX);
        assert_eq!(huge.take(16 * 1024, at(0)), Sampled::Keep { counted_before: 0 });
        assert_eq!(huge.take(usize::MAX, Timestamp::from_unix_millis(i64::MAX)), Sampled::Count);
    }

    proptest! {
        #[test]
        fn no_minute_lets_more_than_two_buckets_through(
            per_minute in 1_u64..10_000,
            requests in prop::collection::vec((0_u64..500, 1_usize..2_000), 1..200),
        ) {
            let mut budget = ByteBudget::per_minute(per_minute);
            let (mut now, mut kept) = (0, Vec::new());
            for (pause, bytes) in requests {
                now += pause;
                if let Sampled::Keep { .. } = budget.take(bytes, at(now)) {
                    kept.push((now, bytes as u64));
                }
            }
            for (begin, _) in &kept {
                let within = kept.iter().filter(|(time, _)| time >= begin && *time < begin + MILLIS_PER_MINUTE);
                prop_assert!(within.map(|(_, bytes)| bytes).sum::<u64>() <= 2 * per_minute);
            }
        }
    }
}
