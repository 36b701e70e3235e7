//! What the machine says: time of its processors, memory, and how long its disk takes.
//!
//! Read from `/proc`; where there is none, an answer is absent and never guessed.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// `PAGE_SIZE` of every 64-bit Linux that this is likely to run on; memory is a rough figure.
const PAGE_BYTES: u64 = 4096;

/// How long the threads of this process have run so far, together (`/proc/self/task/*/schedstat`, nanoseconds).
///
/// Of threads that are still there: what is measured runs on threads that stay.
pub(super) fn processor_time() -> Option<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir("/proc/self/task").ok()? {
        // A thread may end between the listing and the reading.
        let Ok(text) = fs::read_to_string(task.ok()?.path().join("schedstat")) else { continue };
        nanoseconds += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    (nanoseconds > 0).then(|| Duration::from_nanos(nanoseconds))
}

/// Resident memory of this process in bytes (`/proc/self/statm`).
pub(super) fn resident_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE_BYTES)
}

/// Processors that threads of this process may use.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Appends so many bytes and calls fdatasync, again and again: how long each took.
pub(super) fn appends(folder: &Path, bytes: usize, turns: u32) -> io::Result<Vec<Duration>> {
    let file = OpenOptions::new().create_new(true).write(true).open(folder.join("appends"))?;
    let block = vec![b'x'; bytes];
    let (mut taken, mut offset) = (Vec::new(), 0);
    for _ in 0..turns {
        let begun = Instant::now();
        file.write_all_at(&block, offset)?;
        file.sync_data()?;
        taken.push(begun.elapsed());
        offset += bytes as u64;
    }
    Ok(taken)
}

/// The value below which so many thousandths of these lie; zero of none.
pub(super) fn quantile(mut times: Vec<Duration>, thousandths: usize) -> Duration {
    times.sort_unstable();
    let place = (times.len() * thousandths / 1000).min(times.len().saturating_sub(1));
    times.get(place).copied().unwrap_or_default()
}

/// The middle one.
pub(super) fn median(times: Vec<Duration>) -> Duration {
    quantile(times, 500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let times: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(median(times.clone()), Duration::from_millis(51));
        assert_eq!(quantile(times.clone(), 990), Duration::from_millis(100));
        assert_eq!(quantile(times, 1000), Duration::from_millis(100));
        assert_eq!(median(Vec::new()), Duration::ZERO);
    }

    #[test]
    fn work_takes_processor_time_and_memory_is_resident() {
        let before = processor_time().unwrap();
        // Until the clock of the process has moved, however little of the machine it gets.
        let moved = (0..2_000).any(|_| {
            (0..1_000_000_u64).for_each(|round| {
                std::hint::black_box(round);
            });
            processor_time().unwrap() > before + Duration::from_millis(5)
        });
        assert!(moved);
        assert!(resident_bytes().unwrap() > 1 << 20);
    }
}
