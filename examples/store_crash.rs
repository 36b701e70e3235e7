//! A program to be killed: commits, vault entries and recordings under load, each printed only after it was answered.
//!
//! `store_crash FOLDER RUN` opens the store and commits until somebody ends it. Lines on standard output, each written
//! at once: `opening`, `open`, `use N` (consumed once and linked, keys from `RUN` and `N`), `vault NAME`,
//! `recording N`. Whatever was printed must be there after a `kill -9`; `tests/storage_crash.rs` looks.

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use drawbridge::backends::sled::{SledOptions, SledStore};
use drawbridge::ground::id::{Namespace, Sub, TraceId};
use drawbridge::ground::time::Timestamp;
use drawbridge::store::{
    Commit, Consumption, Ledger as _, Link, LinkKey, NewLink, PersonKey, Recording, Recordings as _, UseKey, UseRule,
    Vault as _,
};

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
            if let Err(error) = store.put(recording(run, number), u64::MAX).await {
                return error.to_string();
            }
            print_line(&format!("recording {number}"));
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

/// Tells everything of all runs apart.
fn digest(run: u64, number: u64) -> [u8; 32] {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&run.to_be_bytes());
    digest[8..16].copy_from_slice(&number.to_be_bytes());
    digest
}

fn recording(run: u64, number: u64) -> Recording {
    let (at, person) = (moment(number), PersonKey::from_hash(digest(run, 0)));
    let trace_id = TraceId::new(at, chance(run, number));
    let until = at.after(Duration::from_secs(86_400));
    Recording { kind: 1, trace_id, person, until, sealed: run.to_be_bytes().to_vec() }
}

fn commit(run: u64, number: u64) -> Commit {
    let at = moment(number);
    let consume = Consumption {
        key: UseKey::from_digest(digest(run, number)),
        until: at.after(Duration::from_secs(86_400)),
        rule: UseRule::Once,
    };
    let trace_id = TraceId::new(at, chance(run, number));
    // From 100 bytes to 12 KiB, as records are.
    let length = 100 + usize::try_from(number * 7919 % 12_000).unwrap_or(0);
    let link = Link {
        sub: Sub::new(format!("{run} {number}")),
        namespace: Namespace::new("https://idp.example"),
        sealed: vec![b's'; 200],
        made: at,
        by: Some(trace_id),
    };
    let links = vec![NewLink { key: LinkKey::from_hash(digest(run, number)), link }];
    Commit { consume: Some(consume), trace_id, record: vec![b'x'; length], links }
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
