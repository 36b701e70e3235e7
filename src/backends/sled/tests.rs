//! What only this backend can be asked: order of sync and answer, poisoning, the folder.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, mpsc as blocking};
use std::time::Duration;
use std::{fs, io};

use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::ground::id::{Namespace, Sub};
use crate::store::conformance::{Harness, consuming, key, recording};
use crate::store::{
    ConflictSeen, Conflicts as _, Link, LinkError, LinkKey, Links as _, MAX_VALUE_BYTES, NewLink, PersonKey, Recording,
    Recordings as _, Relink, Side, UseRule,
};

use super::*;

/// A folder of its own, gone with the test.
pub(crate) struct SledHarness {
    folder: TempDir,
}

impl SledHarness {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn options(&self) -> SledOptions {
        SledOptions { cache_bytes: 8 * 1024 * 1024, ..SledOptions::at(self.folder.path().join("data")) }
    }

    fn store(&self) -> SledStore {
        SledStore::open(&self.options()).unwrap()
    }

    /// With another way to the disk.
    fn with(&self, durability: impl Durability + 'static) -> SledStore {
        let opened = open::open(&self.options()).unwrap();
        SledStore::start(opened, &self.options(), Box::new(durability)).unwrap()
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.options().path.join(name)
    }
}

impl Harness for SledHarness {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.store())
    }
}

fn once(name: &str) -> Commit {
    consuming(key(name), UseRule::Once)
}

fn link_key(name: &str) -> LinkKey {
    LinkKey::from_hash(*key(name).as_bytes())
}

fn link() -> Link {
    let at = recording(0).trace_id.began();
    Link { sub: Sub::new("s"), namespace: Namespace::new("n"), sealed: vec![7; 100], made: at, by: None }
}

fn relink(name: &str) -> Vec<Relink> {
    vec![Relink { key: link_key(name), expected: None, link: Some(link()) }]
}

fn recorded(number: u32, sealed: Vec<u8>) -> Recording {
    let trace_id = recording(number).trace_id;
    Recording { kind: 1, trace_id, person: PersonKey::from_hash([1; 32]), until: trace_id.began(), sealed }
}

fn conflict() -> ConflictSeen {
    let side = |name| Side { key: link_key(name), sub: Sub::new("s"), namespace: Namespace::new("n") };
    let trace_id = recording(0).trace_id;
    ConflictSeen { sides: [side("a"), side("b")], at: trace_id.began(), trace_id }
}

/// What happened, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Flushed,
    Synced,
    Answered,
}

/// Writes down each step after it has really been done.
struct WrittenDown {
    events: Arc<Mutex<Vec<Event>>>,
    real: DataFile,
}

impl Durability for WrittenDown {
    fn flush(&mut self, db: &Db) -> io::Result<()> {
        self.real.flush(db)?;
        self.events.lock().unwrap().push(Event::Flushed);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.real.sync()?;
        self.events.lock().unwrap().push(Event::Synced);
        Ok(())
    }
}

#[tokio::test]
async fn every_answer_comes_after_the_sync_of_its_batch() {
    let harness = SledHarness::new();
    drop(harness.store());
    let events = Arc::new(Mutex::new(Vec::new()));
    let real = DataFile::open(harness.options().path).unwrap();
    let store = harness.with(WrittenDown { events: Arc::clone(&events), real });
    // One at a time: each is a batch of its own.
    store.commit(once("a")).await.unwrap();
    events.lock().unwrap().push(Event::Answered);
    store.replace("signing/a", None, Some(b"sealed")).await.unwrap();
    events.lock().unwrap().push(Event::Answered);
    store.mark(Mark { kind: MarkKind::Distrust, key: "a".into(), value: String::new() }).await.unwrap();
    events.lock().unwrap().push(Event::Answered);
    store.unmark(MarkKind::Distrust, "a").await.unwrap();
    events.lock().unwrap().push(Event::Answered);
    store.sweep(Timestamp::from_unix_millis(i64::MAX), Timestamp::from_unix_millis(i64::MAX)).await.unwrap();
    events.lock().unwrap().push(Event::Answered);
    store.relink(relink("a")).await.unwrap();
    events.lock().unwrap().push(Event::Answered);
    store.note_conflict(conflict()).await.unwrap();
    events.lock().unwrap().push(Event::Answered);
    store.forget_conflict([link_key("a"), link_key("b")]).await.unwrap();
    events.lock().unwrap().push(Event::Answered);
    store.put(recorded(1, Vec::new()), 9).await.unwrap();
    events.lock().unwrap().push(Event::Answered);
    store.remove_of(&PersonKey::from_hash([1; 32])).await.unwrap();
    events.lock().unwrap().push(Event::Answered);
    let of_one_batch = [Event::Flushed, Event::Synced, Event::Answered];
    assert_eq!(*events.lock().unwrap(), of_one_batch.repeat(10));
}

/// Reports that a sync has begun, and returns from it when it is told to.
struct Gate {
    begun: tokio::sync::mpsc::UnboundedSender<()>,
    release: blocking::Receiver<()>,
}

impl Durability for Gate {
    fn sync(&mut self) -> io::Result<()> {
        self.begun.send(()).unwrap();
        self.release.recv().map_err(io::Error::other)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_answer_leaves_while_the_sync_of_its_batch_is_running() {
    let harness = SledHarness::new();
    let (begun, mut syncs) = tokio::sync::mpsc::unbounded_channel();
    let (release, released) = blocking::channel();
    let store = harness.with(Gate { begun, release: released });
    let (answers, mut answered) = tokio::sync::mpsc::unbounded_channel();
    for task in 0..64 {
        let (store, answers) = (store.clone(), answers.clone());
        // Every key twice: refusals wait for the batch on which they are based as well.
        let commit = once(&(task / 2).to_string());
        tokio::spawn(async move { answers.send(store.commit(commit).await) });
    }
    drop(answers);
    tokio::select! {
        begun = syncs.recv() => begun.unwrap(),
        early = answered.recv() => panic!("an answer without a sync: {early:?}"),
    }
    let early = tokio::time::timeout(Duration::from_millis(100), answered.recv()).await;
    assert!(early.is_err(), "an answer left before its sync was released: {early:?}");
    let released = tokio::spawn(async move { while release.send(()).is_ok() && syncs.recv().await.is_some() {} });
    let mut uses = 0;
    for _ in 0..64 {
        uses += u32::from(answered.recv().await.unwrap().is_ok());
    }
    drop(store);
    released.await.unwrap();
    assert_eq!(uses, 32);
}

/// Fails where it is told to, and else does the real thing.
struct Failing {
    real: DataFile,
    flush: Arc<AtomicBool>,
    sync: Arc<AtomicBool>,
}

impl Durability for Failing {
    fn flush(&mut self, db: &Db) -> io::Result<()> {
        self.real.flush(db)?;
        if self.flush.load(Ordering::SeqCst) { Err(io::Error::other("injected")) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.sync.load(Ordering::SeqCst) { Err(io::Error::other("injected")) } else { self.real.sync() }
    }

    fn note_failure(&mut self) {
        self.real.note_failure();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failed_flush_or_sync_poisons_until_the_store_is_reopened() {
    for step in ["flush", "sync"] {
        let harness = SledHarness::new();
        drop(harness.store());
        let (flush, sync) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let real = DataFile::open(harness.options().path).unwrap();
        let store = harness.with(Failing { real, flush: Arc::clone(&flush), sync: Arc::clone(&sync) });
        let poisoned = StoreError::Poisoned(format!("{step}: injected"));

        store.commit(once("answered")).await.unwrap();
        assert_eq!(store.health(), Ok(()));
        let breaks = if step == "flush" { &flush } else { &sync };
        breaks.store(true, Ordering::SeqCst);
        let mut tasks = JoinSet::new();
        for task in 0..64 {
            let store = store.clone();
            tasks.spawn(async move { store.commit(once(&format!("failed {task}"))).await });
        }
        for outcome in tasks.join_all().await {
            assert_eq!(outcome, Err(CommitError::Store(poisoned.clone())));
        }
        // The disk is well again; the store is not.
        flush.store(false, Ordering::SeqCst);
        sync.store(false, Ordering::SeqCst);
        assert_eq!(store.health(), Err(poisoned.clone()));
        assert_eq!(store.commit(once("later")).await, Err(CommitError::Store(poisoned.clone())));
        assert_eq!(store.replace("a", None, None).await, Err(VaultError::Store(poisoned.clone())));
        assert_eq!(store.unmark(MarkKind::Distrust, "a").await, Err(poisoned.clone()));
        assert_eq!(store.recent(1).await, Err(poisoned.clone()));
        assert_eq!(store.record(recording(0).trace_id).await, Err(poisoned.clone()));
        assert_eq!(store.list("").await, Err(poisoned.clone()));
        assert_eq!(store.link(&link_key("a")).await, Err(poisoned.clone()));
        assert_eq!(store.links_page(None, 1).await, Err(poisoned.clone()));
        assert_eq!(store.relink(relink("a")).await, Err(LinkError::Store(poisoned.clone())));
        assert_eq!(store.conflicts().await, Err(poisoned.clone()));
        assert_eq!(store.note_conflict(conflict()).await, Err(poisoned.clone()));
        assert_eq!(store.put(recorded(1, Vec::new()), 9).await, Err(poisoned.clone()));
        assert_eq!(store.get(1, recording(1).trace_id).await, Err(poisoned.clone()));
        assert_eq!(store.sweep(recording(0).trace_id.began(), recording(0).trace_id.began()).await, Err(poisoned));
        drop(store);

        assert!(harness.path(open::UNSYNCED).exists());
        let store = harness.store();
        assert!(!harness.path(open::UNSYNCED).exists());
        assert_eq!(store.health(), Ok(()));
        assert!(matches!(store.commit(once("answered")).await, Err(CommitError::SeenBefore(_))));
        assert_eq!(store.commit(once("later")).await, Ok(Committed { uses: 1 }));
        // Those that failed may have been kept or not; but each at most once.
        for task in 0..64 {
            let name = format!("failed {task}");
            let first = store.commit(once(&name)).await;
            assert!(matches!(first, Ok(_) | Err(CommitError::SeenBefore(_))), "{first:?}");
            assert!(matches!(store.commit(once(&name)).await, Err(CommitError::SeenBefore(_))));
        }
    }
}

/// Panics in the middle of a batch, as an assertion of sled would.
struct Panicking;

impl Durability for Panicking {
    fn sync(&mut self) -> io::Result<()> {
        panic!("injected")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_of_the_committer_poisons_too() {
    let harness = SledHarness::new();
    let store = harness.with(Panicking);
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let store = store.clone();
        tasks.spawn(async move { store.commit(once(&task.to_string())).await });
    }
    for outcome in tasks.join_all().await {
        assert!(matches!(outcome, Err(CommitError::Store(StoreError::Poisoned(_)))), "{outcome:?}");
    }
    // The thread has set the poison before it let go of the queue.
    while store.health().is_ok() {
        tokio::task::yield_now().await;
    }
    drop(store);
    harness.store().commit(once("x")).await.unwrap();
}

/// Waits in a flush until it is let go, as sled does for an I/O thread that has panicked.
struct Hanging {
    begun: tokio::sync::mpsc::UnboundedSender<()>,
    end: blocking::Receiver<()>,
}

impl Durability for Hanging {
    fn flush(&mut self, _: &Db) -> io::Result<()> {
        self.begun.send(()).unwrap();
        self.end.recv().map_err(io::Error::other)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_waits_for_a_flush_that_does_not_end_is_told_when_it_is_given_up() {
    let harness = SledHarness::new();
    let (begun, mut flushes) = tokio::sync::mpsc::unbounded_channel();
    let (end, ends) = blocking::channel();
    let store = harness.with(Hanging { begun, end: ends });
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.commit(once("a")).await }
    });
    flushes.recv().await.unwrap();
    let rescue = FlushRescue { db: store.inner.db.clone().unwrap(), health: Arc::clone(&store.inner.health) };
    rescue.wake();
    rescue.give_up();
    let poisoned = StoreError::Poisoned("a flush does not end".into());
    assert_eq!(waiting.await.unwrap(), Err(CommitError::Store(poisoned.clone())));
    assert_eq!(store.commit(once("b")).await, Err(CommitError::Store(poisoned)));
    // Closing does not wait for it either.
    drop((store, rescue));
    drop(end);
}

/// Counts syncs and does not sync: batches are about grouping here.
struct Counting(Arc<AtomicU64>);

impl Durability for Counting {
    fn sync(&mut self) -> io::Result<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refusals_alone_cost_no_sync() {
    let harness = SledHarness::new();
    let syncs = Arc::new(AtomicU64::new(0));
    let store = harness.with(Counting(Arc::clone(&syncs)));
    store.commit(once("a")).await.unwrap();
    for _ in 0..10 {
        assert!(matches!(store.commit(once("a")).await, Err(CommitError::SeenBefore(_))));
    }
    assert_eq!(syncs.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_goes_into_files_that_sled_does_not_sync() {
    let harness = SledHarness::new();
    let store = harness.with(Counting(Arc::default()));
    // The largest values, next to each other, in ever new leaves; half of them go again, so that leaves merge.
    for round in 0_u32..4 {
        let mut tasks = JoinSet::new();
        for number in 0_u32..400 {
            let store = store.clone();
            tasks.spawn(async move {
                let number = round * 400 + number;
                let record = vec![b'x'; MAX_VALUE_BYTES];
                store.commit(Commit { record: record.clone(), ..recording(number) }).await.unwrap();
                store.replace(&format!("{}", number % 97), None, Some(&record)).await.ok();
                store.put(recorded(number, record.clone()), 200).await.unwrap();
                let link = Link { sealed: record[2..].to_vec(), ..link() };
                let change = Relink { link: Some(link), ..relink(&number.to_string()).remove(0) };
                store.relink(vec![change]).await.unwrap();
            });
        }
        tasks.join_all().await;
        let half = recording(round * 400 + 200).trace_id.began();
        store.sweep(half, half).await.unwrap();
    }
    assert_eq!(store.recent(usize::MAX).await.unwrap().len(), 200);
    let blobs: Vec<_> = fs::read_dir(harness.path("blobs")).unwrap().collect();
    assert!(blobs.is_empty(), "{} blobs", blobs.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sweep_lets_commits_pass_and_does_not_take_what_they_prolong() {
    let harness = SledHarness::new();
    let store = harness.store();
    let rule = UseRule::AtMost(u32::MAX);
    let until = |seconds| recording(seconds).trace_id.began();
    let prolonged = |end| Commit {
        consume: Some(crate::store::Consumption { key: key("session"), until: end, rule }),
        ..recording(0)
    };
    store.commit(prolonged(until(0))).await.unwrap();
    let mut last = 1;
    for round in 1..50 {
        let (swept, committed) = tokio::join!(
            store.sweep(until(round), Timestamp::from_unix_millis(i64::MIN)),
            store.commit(prolonged(until(round))),
        );
        swept.unwrap();
        let uses = committed.unwrap().uses;
        assert!(uses == last + 1 || uses == 1, "{uses} after {last}");
        last = uses;
        // Whoever came first: the use that was just answered holds until its end.
        assert_eq!(store.sweep(until(round), Timestamp::from_unix_millis(i64::MIN)).await, Ok(0));
    }
}

#[test]
fn a_second_opening_is_refused_while_the_first_is_there() {
    let harness = SledHarness::new();
    let store = harness.store();
    assert!(matches!(SledStore::open(&harness.options()), Err(OpenError::Locked { .. })));
    drop(store);
    for _ in 0..20 {
        drop(harness.store());
    }
}

#[test]
fn a_database_that_another_process_opened_with_sled_alone_is_locked() {
    let harness = SledHarness::new();
    drop(harness.store());
    let held = File::open(harness.path("db")).unwrap();
    held.lock().unwrap();
    assert!(matches!(SledStore::open(&harness.options()), Err(OpenError::Locked { .. })));
    drop(held);
    drop(harness.store());
}

#[test]
fn a_newer_format_and_a_foreign_database_are_refused_by_name() {
    let harness = SledHarness::new();
    let opened = open::open(&harness.options()).unwrap();
    opened.db.insert(codec::FORMAT_KEY, &[0, 0, 0, 1]).unwrap();
    drop(opened);
    let error = SledStore::open(&harness.options()).unwrap_err();
    assert!(matches!(error, OpenError::OlderFormat { found: 1, .. }), "{error}");
    let opened = open::open_unchecked(&harness.options());
    opened.insert(codec::FORMAT_KEY, &[0, 0, 0, 4]).unwrap();
    drop(opened);
    let error = SledStore::open(&harness.options()).unwrap_err();
    assert!(matches!(error, OpenError::NewerFormat { found: 4, known: 3, .. }), "{error}");

    let opened = open::open_unchecked(&harness.options());
    opened.remove(codec::FORMAT_KEY).unwrap();
    opened.insert(b"somebody", b"else").unwrap();
    drop(opened);
    let error = SledStore::open(&harness.options()).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");

    let other = SledHarness::new();
    drop(sled::open(other.options().path).unwrap());
    let error = SledStore::open(&other.options()).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn a_store_without_links_is_read_as_it_is_and_is_of_this_format_from_then_on() {
    let harness = SledHarness::new();
    harness.store().commit(once("a")).await.unwrap();
    let opened = open::open_unchecked(&harness.options());
    opened.insert(codec::FORMAT_KEY, &[0, 0, 0, 2]).unwrap();
    drop(opened);
    assert!(matches!(harness.store().commit(once("a")).await, Err(CommitError::SeenBefore(_))));
    let opened = open::open_unchecked(&harness.options());
    assert_eq!(opened.get(codec::FORMAT_KEY).unwrap().unwrap(), codec::format_value());
}

#[tokio::test]
async fn damaged_files_are_called_damaged() {
    let harness = SledHarness::new();
    let store = harness.store();
    for number in 0..500 {
        store.commit(Commit { record: vec![b'x'; 4000], ..recording(number) }).await.unwrap();
    }
    drop(store);
    drop(harness.store());
    let snapshot = fs::read_dir(harness.options().path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_string_lossy().starts_with("snap."))
        .unwrap();
    for (path, change) in [
        (snapshot, Box::new(|bytes: &mut Vec<u8>| bytes[20] ^= 1) as Box<dyn Fn(&mut Vec<u8>)>),
        (harness.path("conf"), Box::new(|bytes: &mut Vec<u8>| bytes.truncate(10))),
        (harness.path("db"), Box::new(|bytes: &mut Vec<u8>| bytes.truncate(4096))),
    ] {
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
        let error = SledStore::open(&harness.options()).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{}: {error}", path.display());
        fs::write(&path, whole).unwrap();
    }
    assert_eq!(harness.store().recent(1000).await.unwrap().len(), 500);
}

#[tokio::test]
async fn what_an_interrupted_opening_left_is_put_right() {
    let harness = SledHarness::new();
    fs::create_dir_all(harness.path("blobs")).unwrap();
    fs::write(harness.path("conf"), "segment_size: 52").unwrap();
    let store = harness.store();
    store.commit(once("a")).await.unwrap();
    drop(store);
    fs::write(harness.path("snap.7FFFFFFFFFFFFFFF.generating"), "half a snap").unwrap();
    fs::write(harness.path(open::UNSYNCED), "").unwrap();
    let store = harness.store();
    assert!(matches!(store.commit(once("a")).await, Err(CommitError::SeenBefore(_))));
}

#[test]
fn the_folder_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let harness = SledHarness::new();
    drop(harness.store());
    assert_eq!(fs::metadata(harness.options().path).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn damaged_content_is_an_error_and_no_answer() {
    let harness = SledHarness::new();
    let opened = open::open(&harness.options()).unwrap();
    opened.db.insert(codec::use_key(&key("a")), &[1, 2]).unwrap();
    drop(opened);
    let store = harness.store();
    let outcome = store.commit(once("a")).await;
    assert!(matches!(outcome, Err(CommitError::Store(StoreError::Damaged(_)))), "{outcome:?}");
    assert_eq!(store.commit(once("b")).await, Ok(Committed { uses: 1 }));
}

#[tokio::test]
async fn a_damaged_link_links_nobody_and_burns_nothing() {
    let harness = SledHarness::new();
    let opened = open::open(&harness.options()).unwrap();
    opened.db.insert(codec::link_key(&link_key("ana")), &[1, 2]).unwrap();
    drop(opened);
    let store = harness.store();
    assert!(matches!(store.link(&link_key("ana")).await, Err(StoreError::Damaged(_))));
    let linking = |name| Commit { links: vec![NewLink { key: link_key(name), link: link() }], ..once("a") };
    let outcome = store.commit(linking("ana")).await;
    assert!(matches!(outcome, Err(CommitError::Store(StoreError::Damaged(_)))), "{outcome:?}");
    assert_eq!(store.commit(linking("bob")).await, Ok(Committed { uses: 1 }));
}

#[tokio::test]
async fn a_recording_that_fails_leaves_nothing() {
    let harness = SledHarness::new();
    let opened = open::open(&harness.options()).unwrap();
    // The one that would have to go cannot be read.
    let oldest = (1, recording(0).trace_id);
    opened.db.insert(codec::recording_key(&oldest), &[9]).unwrap();
    opened.db.insert(codec::count_key(1), codec::count_value(1)).unwrap();
    drop(opened);
    let store = harness.store();
    let outcome = store.put(recorded(1, Vec::new()), 1).await;
    assert!(matches!(outcome, Err(StoreError::Damaged(_))), "{outcome:?}");
    assert_eq!(store.get(1, recording(1).trace_id).await, Ok(None));
    assert_eq!(store.recordings_count(1).await, Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_waits_when_the_last_handle_goes_is_still_written() {
    let harness = SledHarness::new();
    let store = harness.store();
    // Futures that were polled once and then given up, as by clients that hang up.
    for task in 0..32 {
        let mut commit = Box::pin(store.commit(once(&task.to_string())));
        let _ = tokio::time::timeout(Duration::ZERO, &mut commit).await;
    }
    drop(store);
    let store = harness.store();
    for task in 0..32 {
        assert!(matches!(store.commit(once(&task.to_string())).await, Err(CommitError::SeenBefore(_))), "{task}");
    }
}
