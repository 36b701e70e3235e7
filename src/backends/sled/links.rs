//! Links and conflicts: read straight from the tree, written by the committer.
//!
//! A link may be read before its batch is on the disk. Whoever then relies on it commits in a later batch, which is answered
//! after that one is durable, or not at all.

use std::cmp::Reverse;

use async_trait::async_trait;

use crate::store::{
    Conflict, ConflictSeen, Conflicts, Link, LinkError, LinkKey, LinkPage, Links, NewLink, Relink, StoreError,
};

use super::committer::Job;
use super::open::read_failure;
use super::staging::range;
use super::{SledStore, codec};

#[async_trait]
impl Links for SledStore {
    async fn link(&self, key: &LinkKey) -> Result<Option<Link>, StoreError> {
        let value = self.db()?.get(codec::link_key(key)).map_err(read_failure)?;
        value.map(|bytes| codec::parse_link(&bytes)).transpose()
    }

    async fn links_page(&self, after: Option<LinkKey>, limit: usize) -> Result<LinkPage, StoreError> {
        let limit = limit.max(1);
        let entries = self.db()?.range(range(codec::links_behind(after.as_ref()))).take(limit);
        let links = entries.map(|entry| {
            let (key, value) = entry.map_err(read_failure)?;
            Ok(NewLink { key: codec::parse_link_key(&key)?, link: codec::parse_link(&value)? })
        });
        let links = links.collect::<Result<Vec<_>, StoreError>>()?;
        let next = links.last().filter(|_| links.len() == limit).map(|last| last.key);
        Ok(LinkPage { links, next })
    }

    async fn relink(&self, changes: Vec<Relink>) -> Result<(), LinkError> {
        Relink::check_size(&changes)?;
        self.ask(|answer| Job::Relink(changes, answer)).await
    }
}

#[async_trait]
impl Conflicts for SledStore {
    async fn note_conflict(&self, seen: ConflictSeen) -> Result<(), StoreError> {
        seen.check_size()?;
        self.ask(|answer| Job::NoteConflict(seen, answer)).await
    }

    async fn conflicts(&self) -> Result<Vec<Conflict>, StoreError> {
        let entries = self.db()?.range(range(codec::all_conflicts()));
        let conflicts = entries.map(|entry| {
            let (key, value) = entry.map_err(read_failure)?;
            codec::parse_conflict(codec::parse_conflict_key(&key)?, &value)
        });
        let mut conflicts = conflicts.collect::<Result<Vec<_>, StoreError>>()?;
        conflicts.sort_by_key(|conflict| Reverse(conflict.last_seen));
        Ok(conflicts)
    }

    async fn forget_conflict(&self, keys: [LinkKey; 2]) -> Result<bool, StoreError> {
        self.ask(|answer| Job::ForgetConflict(keys, answer)).await
    }
}
