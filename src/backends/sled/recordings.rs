//! Recordings: read straight from the tree, written by the committer.

use async_trait::async_trait;

use crate::ground::id::TraceId;
use crate::store::{PersonKey, Recording, RecordingPage, Recordings, StoreError};

use super::committer::Job;
use super::open::read_failure;
use super::staging::range;
use super::{SledStore, codec};

#[async_trait]
impl Recordings for SledStore {
    async fn put(&self, recording: Recording, at_most: u64) -> Result<(), StoreError> {
        recording.check_size()?;
        let kind = recording.kind;
        let swept = self.ask(|answer| Job::Record(recording, at_most, answer)).await?;
        if swept.more {
            self.ask_in_steps(|answer| Job::Trim(kind, at_most, answer)).await?;
        }
        Ok(())
    }

    async fn get(&self, kind: u8, trace_id: TraceId) -> Result<Option<Recording>, StoreError> {
        let key = (kind, trace_id);
        let value = self.db()?.get(codec::recording_key(&key)).map_err(read_failure)?;
        value.map(|bytes| codec::parse_recording(key, &bytes)).transpose()
    }

    async fn recordings_page(
        &self,
        kind: u8,
        after: Option<TraceId>,
        limit: usize,
    ) -> Result<RecordingPage, StoreError> {
        let limit = limit.max(1);
        let entries = self.db()?.range(range(codec::recordings_behind(kind, after))).take(limit);
        let recordings = entries.map(|entry| {
            let (key, value) = entry.map_err(read_failure)?;
            codec::parse_recording(codec::parse_recording_key(&key)?, &value)
        });
        let recordings = recordings.collect::<Result<Vec<_>, StoreError>>()?;
        let next = recordings.last().filter(|_| recordings.len() == limit).map(|last| last.trace_id);
        Ok(RecordingPage { recordings, next })
    }

    async fn recordings_count(&self, kind: u8) -> Result<u64, StoreError> {
        let count = self.db()?.get(codec::count_key(kind)).map_err(read_failure)?;
        count.map_or(Ok(0), |bytes| codec::parse_count(&bytes))
    }

    async fn remove_of(&self, person: &PersonKey) -> Result<u64, StoreError> {
        let person = *person;
        self.ask_in_steps(move |answer| Job::RemoveOf(person, answer)).await
    }
}
