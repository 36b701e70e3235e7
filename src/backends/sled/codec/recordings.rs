//! Recordings, their two indexes and their counts.

use crate::ground::id::TraceId;
use crate::ground::time::Timestamp;
use crate::store::{PersonKey, Recording, StoreError};

use super::{Reader, VERSION, joined, moment};

/// Which recording: its kind and its request.
pub(in crate::backends::sled) type RecordingKey = (u8, TraceId);

pub(in crate::backends::sled) fn recording_key((kind, trace_id): &RecordingKey) -> Vec<u8> {
    joined(b't', &[&[*kind], trace_id.as_bytes()])
}

/// Those of a kind behind a request, or all of it: the bounds of a range, the end excluded.
pub(in crate::backends::sled) fn recordings_behind(kind: u8, after: Option<TraceId>) -> (Vec<u8>, Vec<u8>) {
    let from = match after {
        Some(after) => joined(b't', &[&[kind], after.as_bytes(), &[0]]),
        None => vec![b't', kind],
    };
    let end = kind.checked_add(1).map_or_else(|| vec![b't' + 1], |next| vec![b't', next]);
    (from, end)
}

pub(in crate::backends::sled) fn parse_recording_key(bytes: &[u8]) -> Result<RecordingKey, StoreError> {
    tail(Reader::of_key(bytes, b't', "recording key")?)
}

pub(in crate::backends::sled) fn recording_value(recording: &Recording) -> Vec<u8> {
    joined(VERSION, &[&moment(recording.until), recording.person.as_bytes(), &recording.sealed])
}

pub(in crate::backends::sled) fn parse_recording(key: RecordingKey, bytes: &[u8]) -> Result<Recording, StoreError> {
    let mut reader = Reader::of_value(bytes, "recording")?;
    let (until, person) = (reader.moment()?, PersonKey::from_hash(reader.take()?));
    let (kind, trace_id) = key;
    Ok(Recording { kind, trace_id, person, until, sealed: reader.rest.to_vec() })
}

pub(in crate::backends::sled) fn person_key(person: &PersonKey, (kind, trace_id): &RecordingKey) -> Vec<u8> {
    joined(b'p', &[person.as_bytes(), &[*kind], trace_id.as_bytes()])
}

/// Everything about a person: the bounds of a range, the end excluded.
pub(in crate::backends::sled) fn recordings_of(person: &PersonKey) -> (Vec<u8>, Vec<u8>) {
    // Behind the largest kind, of which no trace is as long as this.
    (joined(b'p', &[person.as_bytes()]), joined(b'p', &[person.as_bytes(), &[255; 18]]))
}

pub(in crate::backends::sled) fn parse_person_key(bytes: &[u8]) -> Result<RecordingKey, StoreError> {
    let mut reader = Reader::of_key(bytes, b'p', "person key")?;
    let _: [u8; 32] = reader.take()?;
    tail(reader)
}

pub(in crate::backends::sled) fn end_key(until: Timestamp, (kind, trace_id): &RecordingKey) -> Vec<u8> {
    joined(b'e', &[&moment(until), &[*kind], trace_id.as_bytes()])
}

/// Everything that ends before a moment: the bounds of a range, the end excluded.
pub(in crate::backends::sled) fn ended_before(at: Timestamp) -> (Vec<u8>, Vec<u8>) {
    (vec![b'e'], joined(b'e', &[&moment(at)]))
}

pub(in crate::backends::sled) fn parse_end_key(bytes: &[u8]) -> Result<RecordingKey, StoreError> {
    let mut reader = Reader::of_key(bytes, b'e', "end key")?;
    reader.moment()?;
    tail(reader)
}

pub(in crate::backends::sled) fn count_key(kind: u8) -> Vec<u8> {
    joined(b'n', &[&[kind]])
}

pub(in crate::backends::sled) fn count_value(count: u64) -> Vec<u8> {
    joined(VERSION, &[&count.to_be_bytes()])
}

pub(in crate::backends::sled) fn parse_count(bytes: &[u8]) -> Result<u64, StoreError> {
    let mut reader = Reader::of_value(bytes, "count of recordings")?;
    let count = u64::from_be_bytes(reader.take()?);
    reader.end()?;
    Ok(count)
}

/// Kind and request at the end of a key.
fn tail(mut reader: Reader<'_>) -> Result<RecordingKey, StoreError> {
    let [kind] = reader.take()?;
    let key = (kind, TraceId::from_bytes(reader.take()?));
    reader.end()?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(kind: u8, trace: [u8; 16], person: [u8; 32], millis: i64, sealed: Vec<u8>) {
            let (key, person) = ((kind, TraceId::from_bytes(trace)), PersonKey::from_hash(person));
            let until = Timestamp::from_unix_millis(millis);
            prop_assert_eq!(parse_recording_key(&recording_key(&key)), Ok(key));
            prop_assert_eq!(parse_person_key(&person_key(&person, &key)), Ok(key));
            prop_assert_eq!(parse_end_key(&end_key(until, &key)), Ok(key));
            prop_assert_eq!(parse_count(&count_value(millis.unsigned_abs())), Ok(millis.unsigned_abs()));
            let recording = Recording { kind, trace_id: key.1, person, until, sealed };
            prop_assert_eq!(parse_recording(key, &recording_value(&recording)), Ok(recording));
        }

        #[test]
        fn each_range_holds_what_it_says(kind: u8, trace: [u8; 16], other: ([u8; 16], u8), person: [u8; 32], millis: (i64, i64)) {
            let (key, person) = ((kind, TraceId::from_bytes(trace)), PersonKey::from_hash(person));
            let within = |(from, end): (Vec<u8>, Vec<u8>), key: &[u8]| from.as_slice() <= key && key < end.as_slice();
            prop_assert_eq!(within(recordings_behind(other.1, None), &recording_key(&key)), kind == other.1);
            let behind = recordings_behind(kind, Some(TraceId::from_bytes(other.0)));
            prop_assert_eq!(within(behind, &recording_key(&key)), trace > other.0);
            prop_assert!(within(recordings_of(&person), &person_key(&person, &key)));
            let next = PersonKey::from_hash(person.as_bytes().map(|byte| byte.wrapping_add(1)));
            prop_assert!(!within(recordings_of(&next), &person_key(&person, &key)));
            let (left, right) = (Timestamp::from_unix_millis(millis.0), Timestamp::from_unix_millis(millis.1));
            prop_assert_eq!(within(ended_before(right), &end_key(left, &key)), left < right);
        }

        #[test]
        fn garbage_is_damage_and_never_a_panic(bytes: Vec<u8>) {
            let _ = (parse_recording_key(&bytes), parse_person_key(&bytes), parse_end_key(&bytes), parse_count(&bytes));
            let _ = parse_recording((0, TraceId::from_bytes([0; 16])), &bytes);
        }
    }
}
