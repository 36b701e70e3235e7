//! One batch in the making: what the tree has, under what the batch is about to write.
//!
//! Every job reads all that it needs before it writes anything, so a job that fails leaves nothing in the batch.

mod links;
mod recordings;

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use sled::{Batch, Db};

use crate::ground::id::TraceId;
use crate::ground::time::Timestamp;
use crate::store::{
    Commit, CommitError, Committed, Consumption, Mark, MarkKind, RecordCursor, StoreError, UseKey, UseRule, VaultError,
};

use super::codec::{self, RecordKey, Use};
use super::open::read_failure;

/// As a power of two: 34 years at a thousand a second.
const ORDERS_PER_OPENING: u32 = 40;

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
    /// How many lists of uses it looks at, each as long as a batch at most.
    pub(super) lists: usize,
    /// How many records it takes, and how many recordings.
    pub(super) records: usize,
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
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// What the batch consumes or prolongs: becomes one entry of the index.
    uses: Vec<(Timestamp, UseKey)>,
    bytes: usize,
    next_order: u64,
    /// Uses that ended before this may be gone. Nobody else writes it, so it need not be read for each commit.
    forgotten: Timestamp,
}

impl Staging {
    /// `opening` counts the openings of this store: the numbers that [`Staging::order`] gives ascend over all of them.
    pub(super) fn new(db: Db, opening: u64, forgotten: Timestamp) -> Self {
        let next_order = opening << ORDERS_PER_OPENING;
        Self { db, writes: BTreeMap::new(), uses: Vec::new(), bytes: 0, next_order, forgotten }
    }

    /// How many bytes the batch would write.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes the batch out; `None` where nothing is to be written.
    pub(super) fn take(&mut self) -> Option<Batch> {
        let uses = mem::take(&mut self.uses);
        self.index(&uses);
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
        let judged = match &commit.consume {
            Some(consume) => Some((consume, self.judge(consume, commit.trace_id)?)),
            None => None,
        };
        let missing = self.missing_links(&commit.links)?;
        let uses = judged.map_or(0, |(consume, (indexed, used))| {
            if !indexed {
                self.uses.push((used.until, consume.key));
            }
            self.put(codec::use_key(&consume.key), codec::use_value(&used));
            used.uses
        });
        for new in missing {
            self.put(codec::link_key(&new.key), codec::link_value(&new.link));
        }
        let key = RecordKey { order: self.order(), trace_id: commit.trace_id };
        self.put(codec::record_key(&key), codec::record_value(uses, &commit.record));
        Ok(Committed { uses })
    }

    /// What is there after this use, and whether the index has that already.
    fn judge(&self, consume: &Consumption, this: TraceId) -> Result<(bool, Use), CommitError> {
        let there = self.used(&consume.key)?;
        match (consume.rule, there) {
            (UseRule::Once, Some(there)) => Err(CommitError::SeenBefore(there.first)),
            (UseRule::AtMost(limit), there) if there.map_or(0, |there| there.uses) >= limit => {
                Err(CommitError::UsedUp { uses: limit })
            }
            (UseRule::Once | UseRule::AtMost(_), None) if consume.until < self.forgotten => {
                Err(CommitError::Forgotten { before: self.forgotten })
            }
            (UseRule::Once | UseRule::AtMost(_), None) => {
                Ok((false, Use { until: consume.until, uses: 1, first: this }))
            }
            // Who presents it with a nearer end does not make it forgotten earlier.
            (UseRule::AtMost(_), Some(there)) => {
                let until = there.until.max(consume.until);
                Ok((until == there.until, Use { until, uses: there.uses + 1, ..there }))
            }
        }
    }

    fn used(&self, key: &UseKey) -> Result<Option<Use>, StoreError> {
        self.get(&codec::use_key(key))?.map(|bytes| codec::parse_use(&bytes)).transpose()
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
        let lists = self.expired_lists(step)?;
        let old = self.db.range(range(codec::records_before(step.records_before))).keys().take(step.records);
        let old = old.collect::<Result<Vec<_>, _>>().map_err(read_failure)?;
        let old = old.iter().map(|key| codec::parse_record_key(key)).collect::<Result<Vec<_>, _>>()?;
        let ended = self.keys_of(codec::ended_before(step.uses_before), step.records)?;
        let ended = ended.iter().map(|key| codec::parse_end_key(key)).collect::<Result<Vec<_>, _>>()?;
        let going = self.going(&ended)?;
        let more = lists.len() == step.lists || old.len() == step.records || ended.len() == step.records;
        let mut removed = self.let_go(&going);
        if lists.iter().any(|list| !list.forgotten.is_empty()) && self.forgotten < step.uses_before {
            self.forgotten = step.uses_before;
            self.put(codec::FORGOTTEN_KEY.to_vec(), codec::forgotten_value(step.uses_before));
        }
        for list in lists {
            removed += list.forgotten.len() as u64;
            for key in &list.forgotten {
                self.remove(codec::use_key(key));
            }
            self.remove(list.key);
            self.index(&list.kept);
        }
        for key in old {
            if self.is_untouched(&codec::record_key(&key)) {
                self.remove(codec::record_key(&key));
                removed += 1;
            }
        }
        Ok(Swept { removed, more })
    }

    /// Lists of the index in which something has expired, each divided into what goes and what is to be indexed anew.
    fn expired_lists(&self, step: SweepStep) -> Result<Vec<ExpiredList>, StoreError> {
        let mut lists = Vec::new();
        for entry in self.db.range(range(codec::expired_before(step.uses_before))).take(step.lists) {
            let (key, value) = entry.map_err(read_failure)?;
            let mut list = ExpiredList { key: key.to_vec(), forgotten: Vec::new(), kept: Vec::new() };
            if self.is_untouched(&list.key) {
                for (until, key) in codec::parse_expiry(&value)? {
                    // One that was prolonged stands in a later list, and only there.
                    if self.used(&key)?.is_some_and(|there| there.until == until) {
                        if until < step.uses_before { list.forgotten.push(key) } else { list.kept.push((until, key)) }
                    }
                }
            }
            lists.push(list);
        }
        Ok(lists)
    }

    /// One entry of the index for all of these.
    fn index(&mut self, uses: &[(Timestamp, UseKey)]) {
        let Some(earliest) = uses.iter().map(|(until, _)| *until).min() else { return };
        let order = self.order();
        self.put(codec::expiry_key(earliest, order), codec::expiry_value(uses));
    }

    /// A number that was never given before: two records of one moment stay in the order of their commits.
    fn order(&mut self) -> u64 {
        let order = self.next_order;
        self.next_order = self.next_order.wrapping_add(1);
        order
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.clone()),
            None => Ok(self.db.get(key).map_err(read_failure)?.map(|value| value.to_vec())),
        }
    }

    /// The first keys of a range as the batch leaves it, at most `limit`.
    fn keys_of(&self, bounds: (Vec<u8>, Vec<u8>), limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let bounds = range(bounds);
        let written = self.writes.range(bounds.clone()).filter(|(_, value)| value.is_some());
        let mut keys: BTreeSet<Vec<u8>> = written.map(|(key, _)| key.clone()).collect();
        let mut untouched = 0;
        for key in self.db.range(bounds).keys() {
            let key = key.map_err(read_failure)?;
            if untouched == limit {
                break;
            }
            if self.is_untouched(&key) {
                keys.insert(key.to_vec());
                untouched += 1;
            }
        }
        Ok(keys.into_iter().take(limit).collect())
    }

    /// Of a key that the tree has: whether the batch leaves it as it is.
    fn is_untouched(&self, key: &[u8]) -> bool {
        !self.writes.contains_key(key)
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

/// An entry of the index, looked through.
struct ExpiredList {
    key: Vec<u8>,
    forgotten: Vec<UseKey>,
    kept: Vec<(Timestamp, UseKey)>,
}

/// As sled takes a range.
pub(super) fn range((begin, end): (Vec<u8>, Vec<u8>)) -> std::ops::Range<Vec<u8>> {
    begin..end
}

/// Where reading goes on behind a record.
pub(super) const fn behind(key: &RecordKey) -> RecordCursor {
    RecordCursor { at: key.trace_id.began(), order: key.order.saturating_add(1) }
}
