use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use crate::backends::memory::MemoryStore;
use crate::ground::id::TraceId;
use crate::ground::time::Timestamp;
use crate::store::conformance::{Harness, consuming, key};
use crate::store::{Commit, CommitError, Ledger as _, Store, UseRule};

use super::*;

/// A store in memory with a file behind it: the contract holds through it.
pub(crate) struct AuditedHarness {
    folder: Folder,
    store: MemoryStore,
}

impl AuditedHarness {
    pub(crate) fn new() -> Self {
        Self { folder: Folder::new(), store: MemoryStore::new() }
    }
}

impl Harness for AuditedHarness {
    fn open(&self) -> Arc<dyn Store> {
        let file = AuditFile::open(self.folder.options()).unwrap();
        Arc::new(Audited::new(Arc::new(self.store.reopened()), Arc::new(file)))
    }
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn options(&self) -> AuditOptions {
        AuditOptions { path: self.path(), rotate_at: None }
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("audit.jsonl")
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.path()).unwrap().lines().map(str::to_owned).collect()
    }
}

fn trace(number: u32) -> TraceId {
    TraceId::new(Timestamp::from_unix_seconds(number.into()), [7; 10])
}

fn line(number: u32) -> String {
    format!(r#"{{"number":{number},"trace_id":"{}"}}"#, trace(number))
}

fn commit(number: u32) -> Commit {
    Commit { consume: None, trace_id: trace(number), record: line(number).into_bytes(), links: Vec::new() }
}

#[tokio::test]
async fn a_committed_record_becomes_a_line_and_a_refused_one_does_not() {
    let folder = Folder::new();
    let file = Arc::new(AuditFile::open(folder.options()).unwrap());
    let store = Audited::new(Arc::new(MemoryStore::new()), Arc::clone(&file));
    let once = Commit { record: line(1).into_bytes(), ..consuming(key("a"), UseRule::Once) };
    store.commit(once.clone()).await.unwrap();
    assert!(matches!(store.commit(once).await, Err(CommitError::SeenBefore(_))));
    store.commit(commit(2)).await.unwrap();
    file.flushed().await;
    assert_eq!(folder.lines(), [line(1), line(2)]);
    assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_the_file_lacks_is_written_at_the_next_start() {
    let folder = Folder::new();
    let store = MemoryStore::new();
    for number in 0..2000 {
        store.commit(commit(number)).await.unwrap();
    }
    // The process ended with some lines unwritten, one of them in the middle, and one half written.
    let written: Vec<String> = (0..1990).filter(|number| *number != 1500).map(line).collect();
    let torn = format!("{}\n{}", written.join("\n"), &line(1990)[..20]);
    fs::write(folder.path(), torn).unwrap();
    let file = AuditFile::open(folder.options()).unwrap();
    assert_eq!(file.catch_up(&store).await.unwrap(), 11);
    let lines = folder.lines();
    assert_eq!(lines[..1989], written);
    assert_eq!(lines[1989..], [1500].into_iter().chain(1990..2000).map(line).collect::<Vec<_>>());
    drop(file);
    let file = AuditFile::open(folder.options()).unwrap();
    assert_eq!(file.catch_up(&store).await.unwrap(), 0);
    assert_eq!(file.turned_away(), 0);
}

#[tokio::test]
async fn a_file_that_is_only_half_a_line_begins_anew() {
    let folder = Folder::new();
    fs::write(folder.path(), "{\"half").unwrap();
    let file = AuditFile::open(folder.options()).unwrap();
    file.write(line(1).as_bytes());
    file.flushed().await;
    assert_eq!(folder.lines(), [line(1)]);
}

#[tokio::test]
async fn a_new_file_begins_where_the_last_is_full_and_none_is_lost() {
    let folder = Folder::new();
    let options = AuditOptions { rotate_at: Some(1000), ..folder.options() };
    let store = MemoryStore::new();
    let file = AuditFile::open(options.clone()).unwrap();
    for number in 0..100 {
        store.commit(commit(number)).await.unwrap();
        file.write(line(number).as_bytes());
        file.flushed().await;
    }
    drop(file);
    let rotated = lines::rotated(&folder.path()).unwrap();
    assert!(rotated.len() >= 5, "{rotated:?}");
    let mut all = String::new();
    for path in rotated.iter().chain([&folder.path()]) {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.len() < 1000 + 100);
        all += &text;
    }
    assert_eq!(all.lines().collect::<Vec<_>>(), (0..100).map(line).collect::<Vec<_>>());
    // Lines of rotated files are known too.
    assert_eq!(AuditFile::open(options).unwrap().catch_up(&store).await.unwrap(), 0);
}

#[tokio::test]
async fn lines_that_could_not_be_written_leave_a_gap_that_says_so() {
    let folder = Folder::new();
    let options = AuditOptions { rotate_at: Some(1), ..folder.options() };
    let file = AuditFile::open(options).unwrap();
    file.write(line(1).as_bytes());
    file.flushed().await;
    // A rotation that cannot be done stands for a disk that is full.
    let away = folder.0.path().join("away");
    fs::rename(folder.path(), &away).unwrap();
    file.write(line(2).as_bytes());
    file.flushed().await;
    file.write(line(3).as_bytes());
    file.flushed().await;
    fs::rename(&away, folder.path()).unwrap();
    file.write(line(4).as_bytes());
    file.flushed().await;
    assert_eq!(folder.lines(), [r#"{"audit":"gap","lines_missing":2}"#.to_owned(), line(4)]);
    assert_eq!(fs::read_to_string(lines::rotated(&folder.path()).unwrap().pop().unwrap()).unwrap(), line(1) + "\n");
}

#[tokio::test]
async fn the_whole_file_can_be_rebuilt_from_the_store() {
    let folder = Folder::new();
    let store = MemoryStore::new();
    for number in 0..600 {
        store.commit(commit(number)).await.unwrap();
    }
    fs::write(folder.path(), "nonsense").unwrap();
    assert_eq!(rebuild(&folder.path(), &store).await.unwrap(), 600);
    assert_eq!(folder.lines(), (0..600).map(line).collect::<Vec<_>>());
    assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_record_is_one_line_whatever_it_holds() {
    let folder = Folder::new();
    let file = AuditFile::open(folder.options()).unwrap();
    file.write(b"{\n}");
    drop(file);
    assert_eq!(folder.lines(), ["{ }"]);
}

#[test]
fn the_end_of_a_file_is_read_across_chunks() {
    let folder = Folder::new();
    // Lines of very different lengths, over several chunks of 256 KiB.
    let mut text = String::new();
    for number in 0..3000_usize {
        let trace_id = trace(u32::try_from(number).unwrap());
        writeln!(text, "{{\"trace_id\":\"{trace_id}\",\"x\":\"{}\"}}", "x".repeat(number % 977)).unwrap();
    }
    fs::write(folder.path(), &text).unwrap();
    assert_eq!(lines::read_end(&folder.path()).unwrap(), (0..3000).map(trace).collect());
    assert_eq!(fs::read_to_string(folder.path()).unwrap(), text);
}
