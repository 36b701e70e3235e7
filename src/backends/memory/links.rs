//! Links and conflicts in memory.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;

use crate::ground::id::Sub;
use crate::store::{
    CommitError, Conflict, ConflictSeen, Conflicts, Link, LinkError, LinkKey, LinkPage, Links, MAX_CONFLICTS, NewLink,
    Relink, StoreError,
};

use super::{MemoryStore, State};

impl State {
    /// Those of a commit that are not there yet; or the first that contradicts what is there, or another of the commit.
    pub(super) fn new_links(&self, links: Vec<NewLink>) -> Result<BTreeMap<LinkKey, Link>, CommitError> {
        let mut missing: BTreeMap<LinkKey, Link> = BTreeMap::new();
        for NewLink { key, link } in links {
            match self.links.get(&key).or_else(|| missing.get(&key)) {
                Some(there) if there.sub != link.sub => {
                    return Err(CommitError::LinkConflict { key, found: there.sub.clone() });
                }
                Some(_) => {}
                None => {
                    missing.insert(key, link);
                }
            }
        }
        Ok(missing)
    }
}

/// Whether the two links are there and differ.
fn differ(links: &BTreeMap<LinkKey, Link>, keys: &[LinkKey; 2]) -> bool {
    let [one, other] = keys.each_ref().map(|key| links.get(key).map(|link| &link.sub));
    one.is_some() && other.is_some() && one != other
}

#[async_trait]
impl Links for MemoryStore {
    async fn link(&self, key: &LinkKey) -> Result<Option<Link>, StoreError> {
        #[cfg(test)]
        if self.blind.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return Ok(None);
        }
        Ok(self.state()?.links.get(key).cloned())
    }

    async fn links_page(&self, after: Option<LinkKey>, limit: usize) -> Result<LinkPage, StoreError> {
        let limit = limit.max(1);
        let state = self.state()?;
        let from = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let page = state.links.range(from).take(limit);
        let links: Vec<NewLink> = page.map(|(key, link)| NewLink { key: *key, link: link.clone() }).collect();
        let next = links.last().filter(|_| links.len() == limit).map(|last| last.key);
        Ok(LinkPage { links, next })
    }

    async fn relink(&self, changes: Vec<Relink>) -> Result<(), LinkError> {
        Relink::check_size(&changes)?;
        let mut state = self.state()?;
        let mut links = state.links.clone();
        let touched: Vec<LinkKey> = changes.iter().map(|change| change.key).collect();
        for Relink { key, expected, link } in changes {
            let there: Option<&Sub> = links.get(&key).map(|there| &there.sub);
            if there != expected.as_ref() {
                return Err(LinkError::Changed(key));
            }
            match link {
                Some(link) => links.insert(key, link),
                None => links.remove(&key),
            };
        }
        let is_touched = |keys: &[LinkKey; 2]| keys.iter().any(|key| touched.contains(key));
        state.conflicts.retain(|keys, _| !is_touched(keys) || differ(&links, keys));
        state.links = links;
        Ok(())
    }
}

#[async_trait]
impl Conflicts for MemoryStore {
    async fn note_conflict(&self, seen: ConflictSeen) -> Result<(), StoreError> {
        seen.check_size()?;
        let mut state = self.state()?;
        let mut keys = seen.sides.each_ref().map(|side| side.key);
        keys.sort_unstable();
        let before = state.conflicts.remove(&keys);
        while state.conflicts.len() >= MAX_CONFLICTS {
            let Some(oldest) = state.conflicts.values().min_by_key(|conflict| conflict.last_seen) else { break };
            let oldest = oldest.keys();
            state.conflicts.remove(&oldest);
        }
        state.conflicts.insert(keys, Conflict::seen(before, seen));
        Ok(())
    }

    async fn conflicts(&self) -> Result<Vec<Conflict>, StoreError> {
        let mut conflicts: Vec<Conflict> = self.state()?.conflicts.values().cloned().collect();
        conflicts.sort_by_key(|conflict| std::cmp::Reverse(conflict.last_seen));
        Ok(conflicts)
    }

    async fn forget_conflict(&self, mut keys: [LinkKey; 2]) -> Result<bool, StoreError> {
        keys.sort_unstable();
        Ok(self.state()?.conflicts.remove(&keys).is_some())
    }
}
