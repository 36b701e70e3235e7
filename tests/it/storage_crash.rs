//! `kill -9` under load: whatever the store answered with success is there afterwards.
//!
//! The program that is killed is `examples/store_crash.rs`; `cargo test` builds it.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use drawbridge::backends::sled::{SledOptions, SledStore};
use drawbridge::ground::id::TraceId;
use drawbridge::ground::time::Timestamp;
use drawbridge::store::{
    Commit, CommitError, Consumption, Ledger as _, LinkKey, Links as _, Recordings as _, Records as _, UseKey, UseRule,
    Vault as _,
};

const KILLS: u64 = 50;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_answered_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let mut uses = Vec::new();
    let mut vault = HashSet::new();
    let mut recordings = 0;
    for run in 0..KILLS {
        let printed = run_and_kill(&path, run, lines_until_the_kill(run));
        // The store opens each time, and knows what this run was told.
        let store = SledStore::open(&SledOptions::at(&path)).unwrap();
        for line in printed {
            if let Some(number) = line.strip_prefix("use ") {
                let number = number.parse().unwrap();
                assert_used(&store, run, number).await;
                uses.push((run, number));
            } else if let Some(name) = line.strip_prefix("vault ") {
                vault.insert(name.to_owned());
            } else if let Some(number) = line.strip_prefix("recording ") {
                let (trace_id, _) = trace_of(run, number.parse().unwrap());
                let kept = store.get(1, trace_id).await.unwrap().map(|recording| recording.sealed);
                assert_eq!(kept, Some(run.to_be_bytes().to_vec()), "run {run} recording {number}");
                recordings += 1;
            } else {
                assert!(["opening", "open"].contains(&line.as_str()), "{line}");
            }
        }
        let kept = store.list("signing/").await.unwrap();
        assert!(kept.iter().all(|entry| entry.name.as_bytes() == entry.sealed));
        let kept: HashSet<String> = kept.into_iter().map(|entry| entry.name).collect();
        let lost: Vec<_> = vault.difference(&kept).collect();
        assert!(lost.is_empty(), "run {run} lost {lost:?}");
    }
    // And what earlier runs were told survives the later kills.
    let store = SledStore::open(&SledOptions::at(&path)).unwrap();
    for (run, number) in &uses {
        assert_used(&store, *run, *number).await;
    }
    assert!(uses.len() > 5_000 && vault.len() > 1_000, "{} uses, {} vault entries", uses.len(), vault.len());
    // Some were answered and not printed; none was printed and is not counted.
    let counted = store.recordings_count(1).await.unwrap();
    assert!(recordings > 1_000 && counted >= recordings, "{recordings} recordings, {counted} counted");
    let mut paged = 0;
    let mut after = None;
    loop {
        let page = store.recordings_page(1, after, 500).await.unwrap();
        paged += page.recordings.len() as u64;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(paged, counted);
    assert!(std::fs::read_dir(path.join("blobs")).unwrap().next().is_none());
}

/// Every fifth run dies while it opens, the others after some dozens to some hundreds of answers.
fn lines_until_the_kill(run: u64) -> usize {
    if run % 5 == 4 { 1 } else { usize::try_from(2 + run * 37 % 600).unwrap() }
}

/// Everything that the child printed in whole lines.
fn run_and_kill(path: &Path, run: u64, lines: usize) -> Vec<String> {
    let mut child = Running(
        Command::new(example("store_crash"))
            .arg(path)
            .arg(run.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`cargo build --example store_crash` builds what this test kills"),
    );
    let mut output = BufReader::new(child.0.stdout.take().unwrap());
    let mut printed = Vec::new();
    loop {
        if printed.len() == lines {
            child.0.kill().unwrap(); // SIGKILL
        }
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        match line.strip_suffix('\n') {
            Some(line) => printed.push(line.to_owned()),
            None => break,
        }
    }
    assert!(printed.len() >= lines, "the child ended by itself: {:?}", printed.last());
    printed
}

/// Ends with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Cargo puts examples beside the folder of this test.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().join("examples").join(name)
}

/// The trace id of a commit or recording of `store_crash`, and when it began.
fn trace_of(run: u64, number: u64) -> (TraceId, Timestamp) {
    let mut chance = [0; 10];
    chance[..5].copy_from_slice(&run.to_be_bytes()[3..]);
    chance[5..].copy_from_slice(&number.to_be_bytes()[3..]);
    let at = Timestamp::from_unix_seconds(1_772_366_400).after(Duration::from_secs(number));
    (TraceId::new(at, chance), at)
}

/// The key of `store_crash`, refused; its record, under the trace id of that commit; and its link.
async fn assert_used(store: &SledStore, run: u64, number: u64) {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&run.to_be_bytes());
    digest[8..16].copy_from_slice(&number.to_be_bytes());
    let (trace_id, at) = trace_of(run, number);
    let consume = Consumption { key: UseKey::from_digest(digest), until: at, rule: UseRule::Once };
    let again = Commit { consume: Some(consume), trace_id, record: Vec::new(), links: Vec::new() };
    assert!(matches!(store.commit(again).await, Err(CommitError::SeenBefore(_))), "run {run} use {number}");
    let kept = store.record(trace_id).await.unwrap().map(|record| (record.uses, record.record.len()));
    assert_eq!(kept, Some((1, 100 + usize::try_from(number * 7919 % 12_000).unwrap())), "run {run} use {number}");
    let link = store.link(&LinkKey::from_hash(digest)).await.unwrap();
    assert_eq!(link.map(|link| link.sub.to_string()), Some(format!("{run} {number}")), "run {run} use {number}");
}
