//! One batch in the making: what the tree has, under what the batch is about to write.
//!
//! Every job reads all that it needs before it writes anything, so a job that fails leaves nothing in the batch.

use std::collections::HashMap;
use std::mem;

use sled::{Batch, Db};

use crate::ground::time::Timestamp;
use crate::store::{
    Commit, CommitError, Committed, Consumption, Mark, MarkKind, RecordCursor, StoreError, UseRule, VaultError,
};

use super::codec::{self, RecordKey, Use};
use super::open::read_failure;

/// A vault entry to be replaced.
pub(super) struct Replacement {
    pub(super) name: String,
    pub(super) expected: Option<Vec<u8>>,
    pub(super) new: Option<Vec<u8>>,
}

/// One bounded part of a sweep.
#[derive(Debug, Clone, Copy)]
pub(super) struct SweepStep {
    pub(super) uses_before: Timestamp,
    pub(super) records_before: Timestamp,
    pub(super) limit: usize,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Swept {
    pub(super) removed: u64,
    /// Whether a limit was reached: there may be more.
    pub(super) more: bool,
}

/// The batch in hand.
pub(super) struct Staging {
    db: Db,
    writes: HashMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
    next_order: u64,
}

impl Staging {
    /// Records get ascending numbers behind their moment, so that two of one moment stay in the order of their commits.
    pub(super) fn new(db: Db) -> Result<Self, StoreError> {
        let newest = db.range(range(codec::all_records())).next_back().transpose().map_err(read_failure)?;
        let next_order = match newest {
            Some((key, _)) => codec::parse_record_key(&key)?.order.wrapping_add(1),
            None => 0,
        };
        Ok(Self { db, writes: HashMap::new(), bytes: 0, next_order })
    }

    /// How many bytes the batch would write.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes the batch out; `None` where nothing is to be written.
    pub(super) fn take(&mut self) -> Option<Batch> {
        self.bytes = 0;
        let writes = mem::take(&mut self.writes);
        if writes.is_empty() {
            return None;
        }
        let mut batch = Batch::default();
        for (key, value) in writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        Some(batch)
    }

    pub(super) fn commit(&mut self, commit: &Commit) -> Result<Committed, CommitError> {
        commit.check_size()?;
        let consumed = commit.consume.as_ref().map(|consume| self.judge(consume)).transpose()?;
        let uses = consumed.map_or(0, |(_, new)| new.uses);
        if let (Some(consume), Some((old, new))) = (&commit.consume, consumed) {
            self.keep_use(consume, old, new);
        }
        let key = RecordKey { at: commit.at, order: self.next_order, trace_id: commit.trace_id };
        self.next_order = self.next_order.wrapping_add(1);
        self.put(codec::record_key(&key), codec::record_value(uses, &commit.record));
        self.put(codec::trace_key(&key), codec::empty_value());
        Ok(Committed { uses })
    }

    /// What is there and what would be there after this use.
    fn judge(&self, consume: &Consumption) -> Result<(Option<Use>, Use), CommitError> {
        let old = self.get(&codec::use_key(&consume.key))?.map(|bytes| codec::parse_use(&bytes)).transpose()?;
        match (consume.rule, old) {
            (UseRule::Once, Some(_)) => Err(CommitError::SeenBefore),
            (UseRule::Once, None) => Ok((None, Use { until: consume.until, uses: 1 })),
            (UseRule::AtMost(limit), old) => {
                let uses = old.map_or(0, |old| old.uses);
                if uses >= limit {
                    return Err(CommitError::UsedUp { uses: limit });
                }
                // Whoever presents it with a nearer end does not make it forgotten earlier.
                let until = old.map_or(consume.until, |old| old.until.max(consume.until));
                Ok((old, Use { until, uses: uses + 1 }))
            }
        }
    }

    fn keep_use(&mut self, consume: &Consumption, old: Option<Use>, new: Use) {
        if let Some(old) = old.filter(|old| old.until != new.until) {
            self.remove(codec::expiry_key(old.until, &consume.key));
        }
        self.put(codec::use_key(&consume.key), codec::use_value(&new));
        if old.is_none_or(|old| old.until != new.until) {
            self.put(codec::expiry_key(new.until, &consume.key), codec::empty_value());
        }
    }

    pub(super) fn replace(&mut self, replacement: &Replacement) -> Result<(), VaultError> {
        crate::store::VaultEntry::check_size(&replacement.name, replacement.new.as_deref())?;
        let key = codec::vault_key(&replacement.name);
        let there = self.get(&key)?.map(|bytes| codec::parse_bytes(&bytes)).transpose()?;
        if there != replacement.expected {
            return Err(VaultError::Conflict);
        }
        match &replacement.new {
            Some(new) => self.put(key, codec::bytes_value(new)),
            None => self.remove(key),
        }
        Ok(())
    }

    pub(super) fn mark(&mut self, mark: &Mark) -> Result<(), StoreError> {
        mark.check_size()?;
        self.put(codec::mark_key(mark.kind, &mark.key), codec::bytes_value(mark.value.as_bytes()));
        Ok(())
    }

    pub(super) fn unmark(&mut self, kind: MarkKind, key: &str) {
        self.remove(codec::mark_key(kind, key));
    }

    pub(super) fn sweep(&mut self, step: SweepStep) -> Result<Swept, StoreError> {
        let expired = self.keys(codec::expired_before(step.uses_before), step.limit)?;
        let old = self.keys(codec::records_before(step.records_before), step.limit)?;
        let uses = expired.iter().map(|key| codec::parse_expiry_key(key)).collect::<Result<Vec<_>, _>>()?;
        let records = old.iter().map(|key| codec::parse_record_key(key)).collect::<Result<Vec<_>, _>>()?;
        let more = expired.len() == step.limit || old.len() == step.limit;
        let mut removed = 0;
        for (until, key) in uses {
            // A use that this very batch prolongs has left its old place in the index.
            if self.still_there(&codec::expiry_key(until, &key)) {
                self.remove(codec::use_key(&key));
                self.remove(codec::expiry_key(until, &key));
                removed += 1;
            }
        }
        for key in records {
            if self.still_there(&codec::record_key(&key)) {
                self.remove(codec::record_key(&key));
                self.remove(codec::trace_key(&key));
                removed += 1;
            }
        }
        Ok(Swept { removed, more })
    }

    fn keys(&self, bounds: (Vec<u8>, Vec<u8>), limit: usize) -> Result<Vec<sled::IVec>, StoreError> {
        self.db.range(range(bounds)).keys().take(limit).collect::<Result<_, _>>().map_err(read_failure)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.clone()),
            None => Ok(self.db.get(key).map_err(read_failure)?.map(|value| value.to_vec())),
        }
    }

    /// Of a key that the tree has: whether the batch leaves it there.
    fn still_there(&self, key: &[u8]) -> bool {
        !matches!(self.writes.get(key), Some(None))
    }

    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.bytes += key.len() + value.len();
        self.writes.insert(key, Some(value));
    }

    fn remove(&mut self, key: Vec<u8>) {
        self.bytes += key.len();
        self.writes.insert(key, None);
    }
}

/// As sled takes a range.
pub(super) fn range((begin, end): (Vec<u8>, Vec<u8>)) -> std::ops::Range<Vec<u8>> {
    begin..end
}

/// Where reading goes on behind a record.
pub(super) const fn behind(key: &RecordKey) -> RecordCursor {
    RecordCursor { at: key.at, order: key.order.saturating_add(1) }
}
