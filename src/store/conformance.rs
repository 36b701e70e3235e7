//! What every backend must do: small functions with names that are sentences. [`storage_conformance!`] makes tests of
//! them for one backend.

mod links;
mod recordings;

pub(crate) use links::*;
pub(crate) use recordings::*;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::ground::id::TraceId;
use crate::ground::time::Timestamp;

use super::{
    Admission, AdmissionError, Commit, CommitError, Committed, Consumption, MAX_NAME_BYTES, MAX_VALUE_BYTES, Mark,
    MarkKind, RecordCursor, Store, StoreError, StoredRecord, UseKey, UseRule, VaultEntry, VaultError, admit,
};

/// One place where a store of the backend lives.
pub(crate) trait Harness: Send + Sync {
    /// Opens it: the first time empty, later with what was there. The handle before must have been dropped.
    fn open(&self) -> Arc<dyn Store>;
}

/// Makes a module of tests, each with a harness of its own.
macro_rules! storage_conformance {
    ($backend:ident, $harness:expr) => {
        mod $backend {
            crate::store::conformance::storage_conformance!(@each $harness;
                one_of_many_wins,
                a_counted_credential_is_used_exactly_so_often,
                a_count_of_zero_admits_nobody,
                a_counted_use_is_kept_until_the_later_end,
                who_comes_later_hears_who_was_first,
                a_use_survives_reopening,
                a_count_survives_reopening,
                a_use_is_kept_until_its_end_and_forgotten_after,
                what_ended_before_the_forgotten_is_refused,
                a_refused_commit_keeps_nothing,
                a_use_and_its_record_are_together,
                different_keys_do_not_collide,
                many_commits_at_once_are_all_kept,
                only_a_first_use_is_admitted_as_one,
                a_record_is_found_by_its_trace_id,
                of_two_records_of_one_trace_the_newest_is_found,
                recent_records_come_newest_first,
                records_of_one_moment_stay_in_order,
                pages_show_every_record_once_and_in_order,
                records_of_any_time_are_in_order,
                a_sweep_takes_everything_old_and_nothing_else,
                a_sweep_counts_a_prolonged_use_once,
                a_sweep_of_nothing_removes_nothing,
                too_large_a_record_is_refused_and_uses_nothing,
                the_largest_values_are_kept,
                one_of_many_replaces_a_vault_entry,
                a_vault_entry_is_replaced_only_if_it_is_as_expected,
                a_vault_entry_survives_reopening,
                vault_entries_are_listed_by_prefix_and_name,
                too_large_a_vault_entry_is_refused,
                marks_are_written_overwritten_and_removed,
                marks_survive_reopening,
                marks_of_different_kinds_are_apart,
                too_large_a_mark_is_refused,
                names_may_be_of_any_script,
                a_link_is_made_with_its_commit,
                a_link_that_is_there_stays_as_it_is,
                a_link_with_another_sub_refuses_the_whole_commit,
                a_commit_that_contradicts_itself_is_refused,
                whether_a_credential_may_be_used_is_judged_before_its_links,
                of_many_commits_that_link_one_key_one_wins,
                a_link_survives_reopening,
                pages_show_every_link_once_and_in_order,
                a_sweep_leaves_links_alone,
                too_large_a_link_is_refused_and_uses_nothing,
                links_are_changed_only_as_expected_and_all_or_none,
                of_many_relinks_one_wins,
                too_much_at_once_is_not_relinked,
                a_conflict_is_noted_and_counted,
                conflicts_are_bounded_and_survive_reopening,
                a_conflict_ends_with_the_change_that_ends_it,
                too_large_a_conflict_is_refused,
                a_recording_is_kept_and_replaced,
                recordings_of_different_kinds_are_apart,
                of_too_many_recordings_the_oldest_go,
                a_limit_that_shrinks_takes_everything_over_it,
                many_recordings_at_once_are_counted,
                recordings_of_a_person_are_removed_together,
                recordings_end_with_their_time,
                recordings_survive_reopening,
                too_large_a_recording_is_refused,
                a_new_store_is_healthy_and_empty,
            );
        }
    };
    (@each $harness:expr; $($case:ident,)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            crate::store::conformance::$case(&$harness).await;
        }
    )+};
}
pub(crate) use storage_conformance;

const T0: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);
const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);
const LONG_AGO: Timestamp = Timestamp::from_unix_seconds(0);

/// A key for a name; names up to 31 bytes do not collide.
pub(crate) fn key(name: &str) -> UseKey {
    let mut digest = [0; 32];
    digest[0] = u8::try_from(name.len()).unwrap();
    digest[1..=name.len()].copy_from_slice(name.as_bytes());
    UseKey::from_digest(digest)
}

/// Of a request that began `number` seconds behind `T0`.
fn trace(number: u32) -> TraceId {
    trace_at(T0.after(Duration::from_secs(number.into())), number)
}

/// Of a request that began then.
fn trace_at(began: Timestamp, number: u32) -> TraceId {
    let mut chance = [0; 10];
    chance[..4].copy_from_slice(&number.to_be_bytes());
    TraceId::new(began, chance)
}

/// A commit that only keeps a record, of trace id and second `number`.
pub(crate) fn recording(number: u32) -> Commit {
    let record = format!("{{\"number\":{number}}}").into_bytes();
    Commit { consume: None, trace_id: trace(number), record, links: Vec::new() }
}

/// A commit that consumes a key for an hour from `T0`.
pub(crate) fn consuming(key: UseKey, rule: UseRule) -> Commit {
    Commit { consume: Some(Consumption { key, until: T0.after(HOUR), rule }), ..recording(0) }
}

/// The same with another end.
fn ending(until: Timestamp, key: UseKey, rule: UseRule) -> Commit {
    Commit { consume: Some(Consumption { key, until, rule }), ..recording(0) }
}

async fn records(store: &dyn Store) -> Vec<StoredRecord> {
    store.recent(usize::MAX).await.unwrap()
}

/// 64 tasks, one key: one of them gets it, and there is one record.
pub(crate) async fn one_of_many_wins(harness: &dyn Harness) {
    let store = harness.open();
    for round in 0..8 {
        let mut tasks = JoinSet::new();
        for _ in 0..64 {
            let store = Arc::clone(&store);
            let commit = consuming(key(&format!("round {round}")), UseRule::Once);
            tasks.spawn(async move { store.commit(commit).await });
        }
        let outcomes = tasks.join_all().await;
        let won = outcomes.iter().filter(|outcome| **outcome == Ok(Committed { uses: 1 })).count();
        let lost = outcomes.iter().filter(|outcome| matches!(outcome, Err(CommitError::SeenBefore(_)))).count();
        assert_eq!((won, lost), (1, 63));
    }
    assert_eq!(records(&*store).await.len(), 8);
}

pub(crate) async fn a_counted_credential_is_used_exactly_so_often(harness: &dyn Harness) {
    let store = harness.open();
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.commit(consuming(key("session"), UseRule::AtMost(20))).await });
    }
    let mut counts = BTreeSet::new();
    let mut refused = 0;
    for outcome in tasks.join_all().await {
        match outcome {
            Ok(Committed { uses }) => assert!(counts.insert(uses), "{uses} twice"),
            Err(error) => {
                assert_eq!(error, CommitError::UsedUp { uses: 20 });
                refused += 1;
            }
        }
    }
    assert_eq!(counts, (1..=20).collect());
    assert_eq!(refused, 44);
    let recorded: BTreeSet<u32> = records(&*store).await.iter().map(|record| record.uses).collect();
    assert_eq!(recorded, (1..=20).collect());
}

pub(crate) async fn a_count_of_zero_admits_nobody(harness: &dyn Harness) {
    let store = harness.open();
    let outcome = store.commit(consuming(key("a"), UseRule::AtMost(0))).await;
    assert_eq!(outcome, Err(CommitError::UsedUp { uses: 0 }));
    assert_eq!(records(&*store).await, []);
}

pub(crate) async fn a_counted_use_is_kept_until_the_later_end(harness: &dyn Harness) {
    let store = harness.open();
    let rule = UseRule::AtMost(3);
    for hours in [2, 5, 1] {
        let consume = Consumption { key: key("a"), until: T0.after(HOUR * hours), rule };
        store.commit(Commit { consume: Some(consume), ..recording(0) }).await.unwrap();
    }
    assert_eq!(store.sweep(T0.after(HOUR * 5), LONG_AGO).await, Ok(0));
    assert_eq!(store.commit(consuming(key("a"), rule)).await, Err(CommitError::UsedUp { uses: 3 }));
    assert_eq!(store.sweep(T0.after(HOUR * 6), LONG_AGO).await, Ok(1));
    assert_eq!(store.commit(ending(T0.after(HOUR * 6), key("a"), rule)).await, Ok(Committed { uses: 1 }));
}

pub(crate) async fn who_comes_later_hears_who_was_first(harness: &dyn Harness) {
    let store = harness.open();
    let commit = |number, rule| Commit { consume: consuming(key("a"), rule).consume, ..recording(number) };
    store.commit(commit(3, UseRule::AtMost(9))).await.unwrap();
    store.commit(commit(4, UseRule::AtMost(9))).await.unwrap();
    assert_eq!(store.commit(commit(5, UseRule::Once)).await, Err(CommitError::SeenBefore(trace(3))));
    drop(store);
    let store = harness.open();
    assert_eq!(store.commit(commit(6, UseRule::Once)).await, Err(CommitError::SeenBefore(trace(3))));
}

pub(crate) async fn a_use_survives_reopening(harness: &dyn Harness) {
    let store = harness.open();
    store.commit(consuming(key("a"), UseRule::Once)).await.unwrap();
    drop(store);
    let store = harness.open();
    assert!(matches!(store.commit(consuming(key("a"), UseRule::Once)).await, Err(CommitError::SeenBefore(_))));
    assert_eq!(store.commit(consuming(key("b"), UseRule::Once)).await, Ok(Committed { uses: 1 }));
}

pub(crate) async fn a_count_survives_reopening(harness: &dyn Harness) {
    for expected in [1, 2] {
        let store = harness.open();
        let committed = store.commit(consuming(key("a"), UseRule::AtMost(2))).await;
        assert_eq!(committed, Ok(Committed { uses: expected }));
    }
    let store = harness.open();
    assert_eq!(store.commit(consuming(key("a"), UseRule::AtMost(2))).await, Err(CommitError::UsedUp { uses: 2 }));
}

pub(crate) async fn a_use_is_kept_until_its_end_and_forgotten_after(harness: &dyn Harness) {
    let store = harness.open();
    let again = || consuming(key("a"), UseRule::Once);
    let end = T0.after(HOUR);
    store.commit(again()).await.unwrap();
    for now in [T0, end] {
        assert_eq!(store.sweep(now, LONG_AGO).await, Ok(0), "{now}");
        assert!(matches!(store.commit(again()).await, Err(CommitError::SeenBefore(_))), "{now}");
    }
    let later = end.after(Duration::from_millis(1));
    assert_eq!(store.sweep(later, LONG_AGO).await, Ok(1));
    assert_eq!(store.commit(ending(later, key("a"), UseRule::Once)).await, Ok(Committed { uses: 1 }));
}

/// A clock that goes back must not bring a forgotten use back to life.
pub(crate) async fn what_ended_before_the_forgotten_is_refused(harness: &dyn Harness) {
    let store = harness.open();
    let (once, twice) = (UseRule::Once, UseRule::AtMost(2));
    store.commit(ending(T0, key("a"), once)).await.unwrap();
    store.commit(ending(T0.after(HOUR * 2), key("b"), twice)).await.unwrap();
    let before = T0.after(HOUR);
    assert_eq!(store.sweep(before, LONG_AGO).await, Ok(1));
    // Nothing is forgotten by a sweep that finds nothing.
    assert_eq!(store.sweep(T0.after(HOUR * 2), LONG_AGO).await, Ok(0));
    drop(store);
    for _ in 0..2 {
        let store = harness.open();
        for (name, until, rule) in [("a", T0, once), ("a", T0, twice), ("c", before.before(MILLISECOND), once)] {
            let refused = store.commit(ending(until, key(name), rule)).await;
            assert_eq!(refused, Err(CommitError::Forgotten { before }), "{name} {until}");
        }
        assert_eq!(records(&*store).await.len(), 2);
    }
    let store = harness.open();
    // What is still known is judged by what is known.
    assert_eq!(store.commit(ending(T0, key("b"), twice)).await, Ok(Committed { uses: 2 }));
    assert_eq!(store.commit(ending(before, key("c"), once)).await, Ok(Committed { uses: 1 }));
}

pub(crate) async fn a_refused_commit_keeps_nothing(harness: &dyn Harness) {
    let store = harness.open();
    store.commit(consuming(key("a"), UseRule::Once)).await.unwrap();
    let refused = Commit { trace_id: trace(7), ..consuming(key("a"), UseRule::Once) };
    assert!(matches!(store.commit(refused).await, Err(CommitError::SeenBefore(_))));
    let refused = Commit { trace_id: trace(8), ..consuming(key("a"), UseRule::AtMost(1)) };
    assert_eq!(store.commit(refused).await, Err(CommitError::UsedUp { uses: 1 }));
    assert_eq!(store.record(trace(7)).await, Ok(None));
    assert_eq!(store.record(trace(8)).await, Ok(None));
    assert_eq!(records(&*store).await.len(), 1);
}

pub(crate) async fn a_use_and_its_record_are_together(harness: &dyn Harness) {
    let store = harness.open();
    let commit = Commit { trace_id: trace(3), record: b"{}".to_vec(), ..consuming(key("a"), UseRule::AtMost(9)) };
    store.commit(commit.clone()).await.unwrap();
    store.commit(Commit { trace_id: trace(4), ..commit.clone() }).await.unwrap();
    store.commit(Commit { trace_id: trace(5), consume: None, ..commit }).await.unwrap();
    for (number, uses) in [(3, 1), (4, 2), (5, 0)] {
        let expected = StoredRecord { trace_id: trace(number), uses, record: b"{}".to_vec() };
        assert_eq!(store.record(trace(number)).await, Ok(Some(expected)));
    }
}

pub(crate) async fn different_keys_do_not_collide(harness: &dyn Harness) {
    let store = harness.open();
    let mut digests = vec![[0; 32], [255; 32]];
    for place in 0..32 {
        for value in [1, 128, 255] {
            let mut digest = [0; 32];
            digest[place] = value;
            digests.push(digest);
        }
    }
    for digest in &digests {
        let first = store.commit(consuming(UseKey::from_digest(*digest), UseRule::Once)).await;
        assert_eq!(first, Ok(Committed { uses: 1 }), "{digest:?}");
    }
    for digest in digests {
        let second = store.commit(consuming(UseKey::from_digest(digest), UseRule::Once)).await;
        assert!(matches!(second, Err(CommitError::SeenBefore(_))), "{digest:?}");
    }
}

pub(crate) async fn many_commits_at_once_are_all_kept(harness: &dyn Harness) {
    let store = harness.open();
    let mut tasks = JoinSet::new();
    for number in 0..640 {
        let store = Arc::clone(&store);
        let commit =
            Commit { consume: consuming(key(&number.to_string()), UseRule::Once).consume, ..recording(number) };
        tasks.spawn(async move { store.commit(commit).await });
    }
    assert!(tasks.join_all().await.iter().all(|outcome| *outcome == Ok(Committed { uses: 1 })));
    drop(store);
    let store = harness.open();
    let traces: Vec<TraceId> = records(&*store).await.iter().map(|record| record.trace_id).collect();
    assert_eq!(traces, (0..640).rev().map(trace).collect::<Vec<_>>());
}

pub(crate) async fn only_a_first_use_is_admitted_as_one(harness: &dyn Harness) {
    let store = harness.open();
    let once = consuming(key("a"), UseRule::Once).consume.unwrap();
    let admission = admit(&*store, once.clone(), recording(1)).await.unwrap();
    assert!(matches!(admission, Admission::FirstUse(_)) && admission.is_of(&key("a")) && !admission.is_of(&key("b")));
    assert_eq!(admit(&*store, once, recording(2)).await, Err(AdmissionError::SeenBefore(trace(1))));
    let counted = consuming(key("b"), UseRule::AtMost(2)).consume.unwrap();
    for uses in [1, 2] {
        let admission = admit(&*store, counted.clone(), recording(3)).await.unwrap();
        assert!(matches!(admission, Admission::DeclaredReuse(_)) && admission.uses() == uses);
    }
    assert_eq!(admit(&*store, counted, recording(4)).await, Err(AdmissionError::UsedUp { uses: 2 }));
    assert_eq!(records(&*store).await.len(), 3);
}

pub(crate) async fn a_record_is_found_by_its_trace_id(harness: &dyn Harness) {
    let store = harness.open();
    for number in 0..20 {
        store.commit(recording(number)).await.unwrap();
    }
    let found = store.record(trace(13)).await.unwrap().unwrap();
    assert_eq!((found.trace_id, found.record.as_slice()), (trace(13), br#"{"number":13}"#.as_slice()));
    assert_eq!(store.record(trace(20)).await, Ok(None));
    assert_eq!(store.record(TraceId::from_bytes([255; 16])).await, Ok(None));
}

pub(crate) async fn of_two_records_of_one_trace_the_newest_is_found(harness: &dyn Harness) {
    let store = harness.open();
    for number in [5, 9, 9, 2] {
        store.commit(Commit { trace_id: trace(1), ..recording(number) }).await.unwrap();
    }
    let newest = Commit { trace_id: trace(1), record: b"last".to_vec(), ..recording(9) };
    store.commit(newest).await.unwrap();
    assert_eq!(store.record(trace(1)).await.unwrap().unwrap().record, b"last");
    assert_eq!(records(&*store).await.len(), 5);
}

pub(crate) async fn recent_records_come_newest_first(harness: &dyn Harness) {
    let store = harness.open();
    for number in [3, 1, 4, 0, 2] {
        store.commit(recording(number)).await.unwrap();
    }
    let traces = |records: Vec<StoredRecord>| records.iter().map(|record| record.trace_id).collect::<Vec<_>>();
    assert_eq!(traces(store.recent(3).await.unwrap()), [trace(4), trace(3), trace(2)]);
    assert_eq!(traces(records(&*store).await).len(), 5);
    assert_eq!(store.recent(0).await, Ok(Vec::new()));
}

pub(crate) async fn records_of_one_moment_stay_in_order(harness: &dyn Harness) {
    for half in [0..5, 5..10] {
        let store = harness.open();
        for number in half {
            store.commit(Commit { trace_id: trace_at(T0, number * 7 % 10), ..recording(number) }).await.unwrap();
        }
    }
    let found: Vec<TraceId> = records(&*harness.open()).await.iter().map(|record| record.trace_id).collect();
    assert_eq!(found, (0..10).rev().map(|number| trace_at(T0, number * 7 % 10)).collect::<Vec<_>>());
}

pub(crate) async fn pages_show_every_record_once_and_in_order(harness: &dyn Harness) {
    let store = harness.open();
    let five_to_a_second = |number: u32| trace_at(trace(number / 5).began(), number);
    for number in 0..25 {
        store.commit(Commit { trace_id: five_to_a_second(number), ..recording(number) }).await.unwrap();
    }
    for limit in [0, 1, 3, 25, 100] {
        let (mut found, mut cursor) = (Vec::new(), Some(RecordCursor::start()));
        while let Some(from) = cursor {
            let page = store.page(from, limit).await.unwrap();
            assert!(page.records.len() <= limit.max(1));
            found.extend(page.records.into_iter().map(|record| record.trace_id));
            cursor = page.next;
        }
        assert_eq!(found, (0..25).map(five_to_a_second).collect::<Vec<_>>(), "{limit}");
    }
    let later = store.page(RecordCursor::since(T0.after(Duration::from_secs(3))), 100).await.unwrap();
    assert_eq!((later.records.len(), later.next), (10, None));
}

pub(crate) async fn records_of_any_time_are_in_order(harness: &dyn Harness) {
    let store = harness.open();
    let last = (1 << 48) - 1;
    for millis in [1, last, 0, last - 1] {
        let at = Timestamp::from_unix_millis(millis);
        store.commit(Commit { trace_id: trace_at(at, 0), ..recording(0) }).await.unwrap();
        assert!(store.record(trace_at(at, 0)).await.unwrap().is_some(), "{millis}");
        assert_eq!(store.record(trace_at(at, 1)).await, Ok(None), "{millis}");
    }
    let found: Vec<i64> = records(&*store).await.iter().map(|record| record.trace_id.began().unix_millis()).collect();
    assert_eq!(found, [last, last - 1, 1, 0]);
}

pub(crate) async fn a_sweep_takes_everything_old_and_nothing_else(harness: &dyn Harness) {
    let store = harness.open();
    let mut tasks = JoinSet::new();
    for number in 0..1000 {
        let store = Arc::clone(&store);
        let at = trace(number).began();
        let consume = Consumption { key: key(&number.to_string()), until: at, rule: UseRule::Once };
        let commit = Commit { consume: Some(consume), ..recording(number) };
        tasks.spawn(async move { store.commit(commit).await.unwrap() });
    }
    tasks.join_all().await;
    let removed = store.sweep(trace(700).began(), trace(400).began()).await;
    assert_eq!(removed, Ok(700 + 400));
    assert_eq!(store.sweep(trace(700).began(), trace(400).began()).await, Ok(0));
    assert_eq!(records(&*store).await.len(), 600);
    assert_eq!(store.record(trace(399)).await, Ok(None));
    assert!(store.record(trace(400)).await.unwrap().is_some());
    for (number, expected) in [(699, Ok(Committed { uses: 1 })), (700, Err(CommitError::SeenBefore(trace(700))))] {
        let again = ending(trace(700).began(), key(&number.to_string()), UseRule::Once);
        assert_eq!(store.commit(again).await, expected, "{number}");
    }
}

pub(crate) async fn a_sweep_counts_a_prolonged_use_once(harness: &dyn Harness) {
    let store = harness.open();
    for hours in 1..6 {
        let consume = Consumption { key: key("a"), until: T0.after(HOUR * hours), rule: UseRule::AtMost(9) };
        store.commit(Commit { consume: Some(consume), ..recording(0) }).await.unwrap();
    }
    assert_eq!(store.sweep(T0.after(HOUR * 9), LONG_AGO).await, Ok(1));
    let end = T0.after(HOUR * 9);
    assert_eq!(store.commit(ending(end, key("a"), UseRule::Once)).await, Ok(Committed { uses: 1 }));
    assert_eq!(store.sweep(end, LONG_AGO).await, Ok(0));
    assert_eq!(store.sweep(end.after(HOUR), LONG_AGO).await, Ok(1));
}

pub(crate) async fn a_sweep_of_nothing_removes_nothing(harness: &dyn Harness) {
    let store = harness.open();
    assert_eq!(store.sweep(T0, T0).await, Ok(0));
    store.commit(consuming(key("a"), UseRule::Once)).await.unwrap();
    store.replace("signing/a", None, Some(b"sealed")).await.unwrap();
    store.mark(Mark { kind: MarkKind::Distrust, key: "a".into(), value: String::new() }).await.unwrap();
    let end = Timestamp::from_unix_millis(i64::MAX);
    assert_eq!(store.sweep(end, end).await, Ok(2));
    assert_eq!(store.list("").await.unwrap().len(), 1);
    assert_eq!(store.marks(MarkKind::Distrust).await.unwrap().len(), 1);
}

pub(crate) async fn too_large_a_record_is_refused_and_uses_nothing(harness: &dyn Harness) {
    let store = harness.open();
    let large = Commit { record: vec![b'x'; MAX_VALUE_BYTES + 1], ..consuming(key("a"), UseRule::Once) };
    let refused = StoreError::TooLarge { found: MAX_VALUE_BYTES + 1, limit: MAX_VALUE_BYTES };
    assert_eq!(store.commit(large).await, Err(CommitError::Store(refused)));
    assert_eq!(records(&*store).await, []);
    assert_eq!(store.commit(consuming(key("a"), UseRule::Once)).await, Ok(Committed { uses: 1 }));
}

pub(crate) async fn the_largest_values_are_kept(harness: &dyn Harness) {
    let store = harness.open();
    for number in 0..100 {
        let record = vec![u8::try_from(number).unwrap(); MAX_VALUE_BYTES];
        store.commit(Commit { record: record.clone(), ..recording(number) }).await.unwrap();
        store.replace(&format!("{number:03}"), None, Some(&record)).await.unwrap();
    }
    drop(store);
    let store = harness.open();
    for (number, entry) in store.list("").await.unwrap().into_iter().enumerate() {
        assert_eq!(entry.sealed, vec![u8::try_from(number).unwrap(); MAX_VALUE_BYTES]);
        let record = store.record(trace(u32::try_from(number).unwrap())).await.unwrap().unwrap().record;
        assert_eq!(record, entry.sealed);
    }
    assert_eq!(records(&*store).await.len(), 100);
}

pub(crate) async fn one_of_many_replaces_a_vault_entry(harness: &dyn Harness) {
    let store = harness.open();
    let mut expected: Option<Vec<u8>> = None;
    for round in 0..4 {
        let mut tasks = JoinSet::new();
        for task in 0..64 {
            let (store, expected) = (Arc::clone(&store), expected.clone());
            let new = format!("{round} {task}").into_bytes();
            tasks.spawn(async move { store.replace("signing/a", expected.as_deref(), Some(&new)).await.map(|()| new) });
        }
        let (won, lost): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().partition(Result::is_ok);
        assert!(lost.iter().all(|lost| *lost == Err(VaultError::Conflict)) && won.len() == 1, "{}", won.len());
        let entries = store.list("").await.unwrap();
        expected = won.into_iter().next().unwrap().ok();
        assert_eq!(entries, [VaultEntry { name: "signing/a".into(), sealed: expected.clone().unwrap() }]);
    }
}

pub(crate) async fn a_vault_entry_is_replaced_only_if_it_is_as_expected(harness: &dyn Harness) {
    let store = harness.open();
    let conflict = Err(VaultError::Conflict);
    assert_eq!(store.replace("a", Some(b"1"), Some(b"2")).await, conflict);
    assert_eq!(store.replace("a", Some(b"1"), None).await, conflict);
    assert_eq!(store.replace("a", None, None).await, Ok(()));
    assert_eq!(store.replace("a", None, Some(b"1")).await, Ok(()));
    assert_eq!(store.replace("a", None, Some(b"2")).await, conflict);
    assert_eq!(store.replace("a", Some(b"2"), Some(b"3")).await, conflict);
    assert_eq!(store.replace("a", None, None).await, conflict);
    assert_eq!(store.replace("a", Some(b"1"), Some(b"")).await, Ok(()));
    assert_eq!(store.replace("a", None, Some(b"2")).await, conflict, "an empty value is a value");
    assert_eq!(store.replace("a", Some(b""), None).await, Ok(()));
    assert_eq!(store.list("").await, Ok(Vec::new()));
}

pub(crate) async fn a_vault_entry_survives_reopening(harness: &dyn Harness) {
    let store = harness.open();
    store.replace("signing/a", None, Some(b"1")).await.unwrap();
    store.replace("signing/b", None, Some(b"2")).await.unwrap();
    store.replace("signing/b", Some(b"2"), None).await.unwrap();
    drop(store);
    let store = harness.open();
    assert_eq!(store.list("").await, Ok(vec![VaultEntry { name: "signing/a".into(), sealed: b"1".to_vec() }]));
    assert_eq!(store.replace("signing/a", None, Some(b"3")).await, Err(VaultError::Conflict));
}

pub(crate) async fn vault_entries_are_listed_by_prefix_and_name(harness: &dyn Harness) {
    let store = harness.open();
    for name in ["signing/b", "signing", "subject", "signing/a", "signinh", "sig"] {
        store.replace(name, None, Some(name.as_bytes())).await.unwrap();
    }
    let listed = |entries: Vec<VaultEntry>| entries.into_iter().map(|entry| entry.name).collect::<Vec<_>>();
    assert_eq!(listed(store.list("signing/").await.unwrap()), ["signing/a", "signing/b"]);
    assert_eq!(listed(store.list("signing").await.unwrap()), ["signing", "signing/a", "signing/b"]);
    assert_eq!(listed(store.list("t").await.unwrap()), Vec::<String>::new());
    assert_eq!(listed(store.list("").await.unwrap()).len(), 6);
}

pub(crate) async fn too_large_a_vault_entry_is_refused(harness: &dyn Harness) {
    let store = harness.open();
    let refused = StoreError::TooLarge { found: MAX_VALUE_BYTES + 1, limit: MAX_VALUE_BYTES };
    let value = vec![0; MAX_VALUE_BYTES + 1];
    assert_eq!(store.replace("a", None, Some(&value)).await, Err(VaultError::Store(refused)));
    let refused = StoreError::TooLarge { found: MAX_NAME_BYTES + 1, limit: MAX_NAME_BYTES };
    let name = "n".repeat(MAX_NAME_BYTES + 1);
    assert_eq!(store.replace(&name, None, Some(b"")).await, Err(VaultError::Store(refused)));
    assert_eq!(store.list("").await, Ok(Vec::new()));
}

fn mark(kind: MarkKind, key: &str, value: &str) -> Mark {
    Mark { kind, key: key.into(), value: value.into() }
}

pub(crate) async fn marks_are_written_overwritten_and_removed(harness: &dyn Harness) {
    let store = harness.open();
    let kind = MarkKind::SubjectRule;
    for (key, value) in [("b", "1"), ("a", "1"), ("b", "2"), ("c", "3")] {
        store.mark(mark(kind, key, value)).await.unwrap();
    }
    store.unmark(kind, "c").await.unwrap();
    store.unmark(kind, "never there").await.unwrap();
    assert_eq!(store.marks(kind).await, Ok(vec![mark(kind, "a", "1"), mark(kind, "b", "2")]));
}

pub(crate) async fn marks_survive_reopening(harness: &dyn Harness) {
    let kind = MarkKind::Distrust;
    harness.open().mark(mark(kind, "corp-adfs", "2026-03-01T12:00:00Z")).await.unwrap();
    assert_eq!(harness.open().marks(kind).await, Ok(vec![mark(kind, "corp-adfs", "2026-03-01T12:00:00Z")]));
    harness.open().unmark(kind, "corp-adfs").await.unwrap();
    assert_eq!(harness.open().marks(kind).await, Ok(Vec::new()));
}

pub(crate) async fn marks_of_different_kinds_are_apart(harness: &dyn Harness) {
    let store = harness.open();
    store.mark(mark(MarkKind::Distrust, "a", "1")).await.unwrap();
    store.mark(mark(MarkKind::SubjectRule, "a", "2")).await.unwrap();
    store.unmark(MarkKind::SubjectRule, "a").await.unwrap();
    assert_eq!(store.marks(MarkKind::Distrust).await, Ok(vec![mark(MarkKind::Distrust, "a", "1")]));
    assert_eq!(store.marks(MarkKind::SubjectRule).await, Ok(Vec::new()));
}

pub(crate) async fn too_large_a_mark_is_refused(harness: &dyn Harness) {
    let store = harness.open();
    let (long, refused) = (
        "x".repeat(MAX_NAME_BYTES + 1),
        Err(StoreError::TooLarge { found: MAX_NAME_BYTES + 1, limit: MAX_NAME_BYTES }),
    );
    assert_eq!(store.mark(mark(MarkKind::Distrust, "a", &long)).await, refused);
    assert_eq!(store.mark(mark(MarkKind::Distrust, &long, "a")).await, refused);
    assert_eq!(store.marks(MarkKind::Distrust).await, Ok(Vec::new()));
}

pub(crate) async fn names_may_be_of_any_script(harness: &dyn Harness) {
    let store = harness.open();
    let names = ["", "a", "a\0", "a\0b", "é", "e\u{301}", "日本", "日本/鍵", "\u{10FFFF}"];
    for name in names {
        store.replace(name, None, Some(name.as_bytes())).await.unwrap();
        store.mark(mark(MarkKind::Distrust, name, name)).await.unwrap();
    }
    drop(store);
    let store = harness.open();
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    let entries = store.list("").await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), sorted);
    assert!(entries.iter().all(|entry| entry.name.as_bytes() == entry.sealed));
    let marks = store.marks(MarkKind::Distrust).await.unwrap();
    assert_eq!(marks.iter().map(|mark| mark.key.as_str()).collect::<Vec<_>>(), sorted);
    assert_eq!(store.list("日本").await.unwrap().len(), 2);
}

pub(crate) async fn a_new_store_is_healthy_and_empty(harness: &dyn Harness) {
    let store = harness.open();
    assert_eq!(store.health(), Ok(()));
    assert_eq!(records(&*store).await, []);
    assert_eq!(store.list("").await, Ok(Vec::new()));
    assert_eq!(store.marks(MarkKind::Distrust).await, Ok(Vec::new()));
    let nothing = store.page(RecordCursor::start(), 10).await.unwrap();
    assert_eq!((nothing.records, nothing.next), (Vec::new(), None));
    let nothing = store.links_page(None, 10).await.unwrap();
    assert_eq!((nothing.links, nothing.next), (Vec::new(), None));
    assert_eq!(store.conflicts().await, Ok(Vec::new()));
    assert_eq!(store.recordings_count(0).await, Ok(0));
}
