//! Durable commits: how many a second at 64 tasks, and how long one takes beside what the disk itself takes.
//!
//! `cargo bench --bench store`. The folder is made below `target/`, not below `/tmp`, which may be memory.

#![expect(clippy::expect_used, reason = "a bench that cannot be set up has nothing to say")]

use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use drawbridge::backends::sled::{SledOptions, SledStore};
use drawbridge::ground::id::TraceId;
use drawbridge::ground::time::Timestamp;
use drawbridge::store::{Commit, Consumption, Ledger as _, UseKey, UseRule};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const TASKS: u64 = 64;
const RECORD_BYTES: usize = 2048;
/// For the quantiles.
const COMMITS: u32 = 50_000;

fn commit(number: u64) -> Commit {
    // Scattered, as digests are.
    let mut digest = [0; 32];
    for (index, part) in digest.chunks_exact_mut(8).enumerate() {
        let mixed = (number + index as u64 * 0x9E37).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) ^ number;
        part.copy_from_slice(&mixed.to_be_bytes());
    }
    let at = Timestamp::from_unix_seconds(1_772_366_400).after(Duration::from_millis(number));
    let consume = Consumption {
        key: UseKey::from_digest(digest),
        until: at.after(Duration::from_secs(300)),
        rule: UseRule::Once,
    };
    let trace_id = TraceId::new(at, [7; 10]);
    Commit { consume: Some(consume), trace_id, record: vec![b'x'; RECORD_BYTES], links: Vec::new() }
}

/// Runs so many commits over 64 tasks; returns how long each took.
async fn run(store: &SledStore, numbers: &Arc<AtomicU64>, commits: u64) -> Vec<Duration> {
    let left = Arc::new(AtomicU64::new(commits));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (store, numbers, left) = (store.clone(), Arc::clone(numbers), Arc::clone(&left));
        tasks.spawn(async move {
            let mut taken = Vec::new();
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                let commit = commit(numbers.fetch_add(1, Ordering::Relaxed));
                let begun = Instant::now();
                let committed = store.commit(commit).await.map(|committed| committed.uses);
                taken.push(begun.elapsed());
                assert_eq!(committed, Ok(1));
            }
            taken
        });
    }
    tasks.join_all().await.concat()
}

fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
    times.sort_unstable();
    times
}

fn quantile(sorted: &[Duration], of_thousand: usize) -> Duration {
    sorted.get(sorted.len() * of_thousand / 1000).copied().unwrap_or_default()
}

/// What one batch asks of the disk at least: append its bytes to a file, then fdatasync.
fn disk(folder: &std::path::Path, bytes: usize) -> std::io::Result<Vec<Duration>> {
    let file: File = OpenOptions::new().create(true).write(true).truncate(true).open(folder.join("floor"))?;
    let block = vec![b'x'; bytes];
    let mut times = Vec::new();
    for turn in 0..500_u64 {
        let begun = Instant::now();
        file.write_all_at(&block, turn * bytes as u64)?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    Ok(sorted(times))
}

/// The numbers that a criterion line does not show, on standard error.
fn report(runtime: &Runtime, store: &SledStore, numbers: &Arc<AtomicU64>, floor: &[Duration]) {
    let begun = Instant::now();
    let times = sorted(runtime.block_on(run(store, numbers, COMMITS.into())));
    let rate = f64::from(COMMITS) / begun.elapsed().as_secs_f64();
    let (p50, p99, floor) = (quantile(&times, 500), quantile(&times, 990), quantile(floor, 500));
    eprintln!(
        "durable commits at {TASKS} tasks: {rate:.0}/s, p50 {p50:?}, p99 {p99:?}; write + fdatasync alone: median \
         {floor:?}, p99 is {:.1} of it",
        p99.as_secs_f64() / floor.as_secs_f64(),
    );
}

fn store_benches(criterion: &mut Criterion) {
    let folder = tempfile::tempdir_in("target").expect("a folder below target/");
    let store = SledStore::open(&SledOptions::at(folder.path().join("data"))).expect("a new store");
    let runtime = Runtime::new().expect("a runtime");
    let numbers = Arc::new(AtomicU64::new(0));
    // A batch of 64 commits with the pages that it rewrites, about.
    let floor = disk(folder.path(), 256 * 1024).expect("a disk");
    let mut group = criterion.benchmark_group("store");
    group.sample_size(10).throughput(Throughput::Elements(1));
    group.bench_function("one durable commit after another", |bencher| {
        bencher.iter_custom(|commits| {
            let begun = Instant::now();
            for _ in 0..commits {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                black_box(runtime.block_on(store.commit(commit(number)))).expect("a commit");
            }
            begun.elapsed()
        });
    });
    group.bench_function("a durable commit of 64 tasks", |bencher| {
        bencher.iter_custom(|commits| {
            let begun = Instant::now();
            black_box(runtime.block_on(run(&store, &numbers, commits)));
            begun.elapsed()
        });
    });
    group.finish();
    report(&runtime, &store, &numbers, &floor);
}

criterion_group!(benches, store_benches);
criterion_main!(benches);
