//! Recordings in the batch: each stands under its request, under its person and under its end, and is counted.

use std::collections::BTreeMap;

use crate::store::{PersonKey, Recording, StoreError};

use super::{Staging, Swept};
use crate::backends::sled::codec::{self, RecordingKey};

/// How many recordings one job removes at most: commits wait no longer than for so many.
const STEP: usize = 64;

/// What a job is about to remove, and how many of each kind are left then.
pub(super) struct Going {
    recordings: Vec<(RecordingKey, Recording)>,
    left: BTreeMap<u8, u64>,
}

impl Staging {
    /// Writes one, and removes what is over the limit; `more` says that there was more than one step may remove.
    pub(in crate::backends::sled) fn record(
        &mut self,
        recording: &Recording,
        at_most: u64,
    ) -> Result<Swept, StoreError> {
        recording.check_size()?;
        let key = (recording.kind, recording.trace_id);
        let before = self.recording(key)?;
        let count = self.recordings_count(recording.kind)? + u64::from(before.is_none());
        let too_many = count.saturating_sub(at_most);
        let step = usize::try_from(too_many).unwrap_or(usize::MAX).min(STEP);
        let mut oldest = self.oldest_recordings(recording.kind, step)?;
        if !oldest.contains(&key) {
            oldest.push(key);
            oldest.sort_unstable();
            oldest.truncate(step);
        }
        let stays = !oldest.contains(&key);
        oldest.retain(|going| *going != key);
        let going = self.going(&oldest)?;
        let removed = going.recordings.len() as u64 + u64::from(!stays);

        self.let_go(&going);
        if let Some(before) = before {
            self.remove_recording(&key, &before);
        }
        if stays {
            self.put(codec::recording_key(&key), codec::recording_value(recording));
            self.put(codec::person_key(&recording.person, &key), codec::bytes_value(&[]));
            self.put(codec::end_key(recording.until, &key), codec::bytes_value(&[]));
        }
        self.put(codec::count_key(recording.kind), codec::count_value(count.saturating_sub(removed)));
        Ok(Swept { removed, more: too_many > step as u64 })
    }

    /// Removes the oldest of a kind until so many are left.
    pub(in crate::backends::sled) fn trim(&mut self, kind: u8, at_most: u64) -> Result<Swept, StoreError> {
        let too_many = self.recordings_count(kind)?.saturating_sub(at_most);
        let step = usize::try_from(too_many).unwrap_or(usize::MAX).min(STEP);
        let going = self.going(&self.oldest_recordings(kind, step)?)?;
        Ok(Swept { removed: self.let_go(&going), more: too_many > step as u64 })
    }

    pub(in crate::backends::sled) fn remove_of(&mut self, person: &PersonKey) -> Result<Swept, StoreError> {
        let keys = self.keys_of(codec::recordings_of(person), STEP)?;
        let keys = keys.iter().map(|key| codec::parse_person_key(key)).collect::<Result<Vec<_>, _>>()?;
        let going = self.going(&keys)?;
        Ok(Swept { removed: self.let_go(&going), more: keys.len() == STEP })
    }

    fn oldest_recordings(&self, kind: u8, limit: usize) -> Result<Vec<RecordingKey>, StoreError> {
        let keys = self.keys_of(codec::recordings_behind(kind, None), limit)?;
        keys.iter().map(|key| codec::parse_recording_key(key)).collect()
    }

    /// Those of these that are there. Reads everything that [`Staging::let_go`] needs.
    pub(super) fn going(&self, keys: &[RecordingKey]) -> Result<Going, StoreError> {
        let (mut recordings, mut left) = (Vec::with_capacity(keys.len()), BTreeMap::new());
        for key in keys {
            let Some(recording) = self.recording(*key)? else { continue };
            let before = left.get(&key.0).map_or_else(|| self.recordings_count(key.0), |count: &u64| Ok(*count))?;
            left.insert(key.0, before.saturating_sub(1));
            recordings.push((*key, recording));
        }
        Ok(Going { recordings, left })
    }

    /// Removes them; says how many there were.
    pub(super) fn let_go(&mut self, going: &Going) -> u64 {
        for (key, recording) in &going.recordings {
            self.remove_recording(key, recording);
        }
        for (kind, left) in &going.left {
            self.put(codec::count_key(*kind), codec::count_value(*left));
        }
        going.recordings.len() as u64
    }

    fn remove_recording(&mut self, key: &RecordingKey, there: &Recording) {
        self.remove(codec::recording_key(key));
        self.remove(codec::person_key(&there.person, key));
        self.remove(codec::end_key(there.until, key));
    }

    fn recording(&self, key: RecordingKey) -> Result<Option<Recording>, StoreError> {
        let value = self.get(&codec::recording_key(&key))?;
        value.map(|bytes| codec::parse_recording(key, &bytes)).transpose()
    }

    fn recordings_count(&self, kind: u8) -> Result<u64, StoreError> {
        self.get(&codec::count_key(kind))?.map_or(Ok(0), |bytes| codec::parse_count(&bytes))
    }
}
