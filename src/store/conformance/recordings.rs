//! Recordings.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::ground::id::TraceId;
use crate::ground::time::Timestamp;
use crate::store::{MAX_VALUE_BYTES, PersonKey, Recording, Store, StoreError, UseRule};

use super::{HOUR, Harness, LONG_AGO, MILLISECOND, T0, consuming, key, trace};

const MANY: u64 = u64::MAX;

fn person(name: &str) -> PersonKey {
    PersonKey::from_hash(*key(name).as_bytes())
}

fn recorded(kind: u8, number: u32) -> Recording {
    let sealed = format!("{kind} {number}").into_bytes();
    Recording { kind, trace_id: trace(number), person: person("ana"), until: T0.after(HOUR), sealed }
}

async fn kept(store: &dyn Store, kind: u8) -> Vec<TraceId> {
    let page = store.recordings_page(kind, None, usize::MAX).await.unwrap();
    assert_eq!(store.recordings_count(kind).await, Ok(page.recordings.len() as u64));
    page.recordings.iter().map(|recording| recording.trace_id).collect()
}

fn traces(numbers: impl IntoIterator<Item = u32>) -> Vec<TraceId> {
    numbers.into_iter().map(trace).collect()
}

pub(crate) async fn a_recording_is_kept_and_replaced(harness: &dyn Harness) {
    let store = harness.open();
    for number in [3, 1, 2] {
        store.put(recorded(1, number), MANY).await.unwrap();
    }
    assert_eq!(store.get(1, trace(2)).await, Ok(Some(recorded(1, 2))));
    assert_eq!(store.get(1, trace(4)).await, Ok(None));
    let other = Recording { sealed: Vec::new(), person: person("bob"), until: T0, ..recorded(1, 2) };
    store.put(other.clone(), MANY).await.unwrap();
    assert_eq!(store.get(1, trace(2)).await, Ok(Some(other)));
    assert_eq!(kept(&*store, 1).await, traces([1, 2, 3]));
    // Nothing of the one before is left: neither its person nor its end.
    assert_eq!(store.sweep(T0.after(MILLISECOND), LONG_AGO).await, Ok(1));
    assert_eq!(store.remove_of(&person("bob")).await, Ok(0));
    assert_eq!(store.remove_of(&person("ana")).await, Ok(2));
    assert_eq!(kept(&*store, 1).await, []);
}

pub(crate) async fn recordings_of_different_kinds_are_apart(harness: &dyn Harness) {
    let store = harness.open();
    for kind in [0, 1, 254, 255] {
        for number in [1, 2] {
            store.put(recorded(kind, number), MANY).await.unwrap();
        }
    }
    store.put(recorded(254, 3), 1).await.unwrap();
    for (kind, numbers) in [(0, vec![1, 2]), (1, vec![1, 2]), (2, vec![]), (254, vec![3]), (255, vec![1, 2])] {
        assert_eq!(kept(&*store, kind).await, traces(numbers), "{kind}");
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.recordings_page(0, after, 1).await.unwrap();
        found.extend(page.recordings);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, [recorded(0, 1), recorded(0, 2)]);
    let behind = store.recordings_page(255, Some(trace(1)), 0).await.unwrap();
    assert_eq!((behind.recordings, behind.next), (vec![recorded(255, 2)], Some(trace(2))));
}

pub(crate) async fn of_too_many_recordings_the_oldest_go(harness: &dyn Harness) {
    let store = harness.open();
    for number in [5, 9, 2, 7, 4, 8] {
        store.put(recorded(1, number), 3).await.unwrap();
    }
    assert_eq!(kept(&*store, 1).await, traces([7, 8, 9]));
    // The oldest of all goes at once, and takes nobody's place.
    store.put(recorded(1, 1), 3).await.unwrap();
    assert_eq!(kept(&*store, 1).await, traces([7, 8, 9]));
    // One that is replaced takes no room.
    store.put(Recording { sealed: b"new".to_vec(), ..recorded(1, 7) }, 3).await.unwrap();
    assert_eq!(kept(&*store, 1).await, traces([7, 8, 9]));
    assert_eq!(store.get(1, trace(7)).await.unwrap().unwrap().sealed, b"new");
    assert_eq!(store.remove_of(&person("ana")).await, Ok(3));
    assert_eq!(kept(&*store, 1).await, []);
}

pub(crate) async fn a_limit_that_shrinks_takes_everything_over_it(harness: &dyn Harness) {
    let store = harness.open();
    for number in 0..200 {
        store.put(recorded(1, number), MANY).await.unwrap();
    }
    store.put(recorded(1, 200), 10).await.unwrap();
    assert_eq!(kept(&*store, 1).await, traces(191..=200));
    store.put(recorded(1, 201), 0).await.unwrap();
    assert_eq!(kept(&*store, 1).await, []);
    // A replacement may be over the limit, too.
    for number in 0..3 {
        store.put(recorded(1, number), MANY).await.unwrap();
    }
    store.put(recorded(1, 0), 2).await.unwrap();
    assert_eq!(kept(&*store, 1).await, traces([1, 2]));
    assert_eq!(store.sweep(T0.after(HOUR * 2), LONG_AGO).await, Ok(2));
}

pub(crate) async fn many_recordings_at_once_are_counted(harness: &dyn Harness) {
    let store = harness.open();
    let mut tasks = JoinSet::new();
    for number in 0..320 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.put(recorded(1, number), 100).await });
    }
    assert!(tasks.join_all().await.iter().all(Result::is_ok));
    assert_eq!(kept(&*store, 1).await, traces(220..320));
}

pub(crate) async fn recordings_of_a_person_are_removed_together(harness: &dyn Harness) {
    let store = harness.open();
    for number in 0..200 {
        let (kind, name) = (u8::try_from(number % 3).unwrap(), if number % 2 == 0 { "ana" } else { "bob" });
        store.put(Recording { person: person(name), ..recorded(kind, number) }, MANY).await.unwrap();
    }
    assert_eq!(store.remove_of(&person("eve")).await, Ok(0));
    assert_eq!(store.remove_of(&person("ana")).await, Ok(100));
    assert_eq!(store.remove_of(&person("ana")).await, Ok(0));
    for kind in 0..3 {
        let left = (0..200).filter(|number| number % 2 == 1 && number % 3 == u32::from(kind));
        assert_eq!(kept(&*store, kind).await, traces(left));
    }
    assert_eq!(store.sweep(T0.after(HOUR * 2), LONG_AGO).await, Ok(100));
}

pub(crate) async fn recordings_end_with_their_time(harness: &dyn Harness) {
    let store = harness.open();
    for number in 0..200 {
        let until = T0.after(MILLISECOND * number);
        store.put(Recording { until, ..recorded(1, number) }, MANY).await.unwrap();
    }
    store.commit(consuming(key("a"), UseRule::Once)).await.unwrap();
    assert_eq!(store.sweep(T0.after(MILLISECOND * 150), LONG_AGO).await, Ok(150));
    assert_eq!(kept(&*store, 1).await, traces(150..200));
    assert_eq!(store.sweep(T0.after(MILLISECOND * 150), LONG_AGO).await, Ok(0));
    let end = Timestamp::from_unix_millis(i64::MAX);
    assert_eq!(store.sweep(end, end).await, Ok(50 + 2));
    assert_eq!(kept(&*store, 1).await, []);
    // What ended is gone for good: recordings have no memory of what was forgotten, as uses do.
    store.put(Recording { until: T0, ..recorded(1, 1) }, MANY).await.unwrap();
    assert_eq!(kept(&*store, 1).await, traces([1]));
}

pub(crate) async fn recordings_survive_reopening(harness: &dyn Harness) {
    let store = harness.open();
    for number in 0..5 {
        store.put(recorded(1, number), 3).await.unwrap();
    }
    drop(store);
    let store = harness.open();
    assert_eq!(kept(&*store, 1).await, traces([2, 3, 4]));
    assert_eq!(store.get(1, trace(3)).await, Ok(Some(recorded(1, 3))));
    store.put(recorded(1, 5), 3).await.unwrap();
    assert_eq!(kept(&*store, 1).await, traces([3, 4, 5]));
}

pub(crate) async fn too_large_a_recording_is_refused(harness: &dyn Harness) {
    let store = harness.open();
    let large = Recording { sealed: vec![7; MAX_VALUE_BYTES + 1], ..recorded(1, 1) };
    let refused = StoreError::TooLarge { found: MAX_VALUE_BYTES + 1, limit: MAX_VALUE_BYTES };
    assert_eq!(store.put(large, MANY).await, Err(refused));
    assert_eq!(kept(&*store, 1).await, []);
    let largest = Recording { sealed: vec![7; MAX_VALUE_BYTES], ..recorded(1, 1) };
    store.put(largest.clone(), MANY).await.unwrap();
    assert_eq!(store.get(1, trace(1)).await, Ok(Some(largest)));
}
