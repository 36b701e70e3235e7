//! Recordings in memory.

use std::ops::Bound;

use async_trait::async_trait;

use crate::ground::id::TraceId;
use crate::store::{PersonKey, Recording, RecordingPage, Recordings, StoreError};

use super::{MemoryStore, State};

impl State {
    /// Those of a kind behind a request, oldest first.
    fn of_kind(&self, kind: u8, after: Option<TraceId>) -> impl Iterator<Item = &Recording> {
        let first = Bound::Included((kind, TraceId::from_bytes([0; 16])));
        let from = after.map_or(first, |after| Bound::Excluded((kind, after)));
        let range = self.recordings.range((from, Bound::Unbounded));
        range.map(|(_, recording)| recording).take_while(move |recording| recording.kind == kind)
    }
}

#[async_trait]
impl Recordings for MemoryStore {
    async fn put(&self, recording: Recording, at_most: u64) -> Result<(), StoreError> {
        recording.check_size()?;
        let mut state = self.state()?;
        let kind = recording.kind;
        state.recordings.insert((kind, recording.trace_id), recording);
        let too_many = (state.of_kind(kind, None).count() as u64).saturating_sub(at_most);
        let oldest = state.of_kind(kind, None).map(|recording| recording.trace_id);
        let oldest: Vec<TraceId> = oldest.take(usize::try_from(too_many).unwrap_or(usize::MAX)).collect();
        for trace_id in oldest {
            state.recordings.remove(&(kind, trace_id));
        }
        Ok(())
    }

    async fn get(&self, kind: u8, trace_id: TraceId) -> Result<Option<Recording>, StoreError> {
        Ok(self.state()?.recordings.get(&(kind, trace_id)).cloned())
    }

    async fn recordings_page(
        &self,
        kind: u8,
        after: Option<TraceId>,
        limit: usize,
    ) -> Result<RecordingPage, StoreError> {
        let limit = limit.max(1);
        let recordings: Vec<Recording> = self.state()?.of_kind(kind, after).take(limit).cloned().collect();
        let next = recordings.last().filter(|_| recordings.len() == limit).map(|last| last.trace_id);
        Ok(RecordingPage { recordings, next })
    }

    async fn recordings_count(&self, kind: u8) -> Result<u64, StoreError> {
        Ok(self.state()?.of_kind(kind, None).count() as u64)
    }

    async fn remove_of(&self, person: &PersonKey) -> Result<u64, StoreError> {
        let mut state = self.state()?;
        let before = state.recordings.len();
        state.recordings.retain(|_, recording| recording.person != *person);
        Ok((before - state.recordings.len()) as u64)
    }
}
