//! A program to be killed: commits and vault entries under load, each printed only after it was answered.
//!
//! `store_crash FOLDER RUN` opens the store and commits until somebody ends it. Lines on standard output, each written
//! at once: `opening`, `open`, `use N` (consumed once, key from `RUN` and `N`), `vault NAME`. Whatever was printed must
//! be there after a `kill -9`; `tests/storage_crash.rs` looks.

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use drawbridge::backends::sled::{SledOptions, SledStore};
use drawbridge::ground::id::TraceId;
use drawbridge::ground::time::Timestamp;
use drawbridge::store::{Commit, Consumption, Ledger as _, UseKey, UseRule, Vault as _};

const TASKS: u64 = 64;
/// One vault entry for so many commits of a task.
const VAULT_EVERY: u64 = 16;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, run] = arguments.as_slice() else { return ExitCode::from(2) };
    let Ok(run) = run.parse() else { return ExitCode::from(2) };
    match load(folder, run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_line(&format!("error {error}"));
            ExitCode::FAILURE
        }
    }
}

/// One write of the whole line: what the reader sees is whole lines, or a last one without its end.
fn print_line(line: &str) {
    let _ = io::stdout().lock().write_all(format!("{line}\n").as_bytes());
}

fn load(folder: &str, run: u64) -> Result<(), Box<dyn Error>> {
    print_line("opening");
    let store = SledStore::open(&SledOptions::at(folder))?;
    print_line("open");
    let numbers = Arc::new(AtomicU64::new(0));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..TASKS {
            let (store, numbers) = (store.clone(), Arc::clone(&numbers));
            tasks.spawn(async move { work(&store, run, task, &numbers).await });
        }
        // Nobody returns but with an error.
        match tasks.join_next().await {
            Some(Ok(error)) => Err(error.into()),
            Some(Err(error)) => Err(error.into()),
            None => Ok(()),
        }
    })
}

async fn work(store: &SledStore, run: u64, task: u64, numbers: &AtomicU64) -> String {
    for turn in 0.. {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = store.commit(commit(run, number)).await {
            return error.to_string();
        }
        print_line(&format!("use {number}"));
        if turn % VAULT_EVERY == 0 {
            let name = format!("signing/{run}-{task}-{turn}");
            if let Err(error) = store.replace(&name, None, Some(name.as_bytes())).await {
                return error.to_string();
            }
            print_line(&format!("vault {name}"));
        }
        if turn % 256 == 255 {
            // What is old goes while others write.
            let now = moment(number).before(Duration::from_secs(3600));
            if let Err(error) = store.sweep(Timestamp::from_unix_seconds(0), now).await {
                return error.to_string();
            }
        }
    }
    String::from("no more turns")
}

fn commit(run: u64, number: u64) -> Commit {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&run.to_be_bytes());
    digest[8..16].copy_from_slice(&number.to_be_bytes());
    let at = moment(number);
    let consume = Consumption {
        key: UseKey::from_digest(digest),
        until: at.after(Duration::from_secs(86_400)),
        rule: UseRule::Once,
    };
    let trace_id = TraceId::new(at, chance(run, number));
    // From 100 bytes to 12 KiB, as records are.
    let length = 100 + usize::try_from(number * 7919 % 12_000).unwrap_or(0);
    Commit { consume: Some(consume), trace_id, record: vec![b'x'; length] }
}

/// Tells the commits of all runs apart.
fn chance(run: u64, number: u64) -> [u8; 10] {
    let mut chance = [0; 10];
    chance[..5].copy_from_slice(&run.to_be_bytes()[3..]);
    chance[5..].copy_from_slice(&number.to_be_bytes()[3..]);
    chance
}

fn moment(number: u64) -> Timestamp {
    Timestamp::from_unix_seconds(1_772_366_400).after(Duration::from_secs(number))
}
