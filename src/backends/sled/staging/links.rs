//! Links and conflicts in the batch.

use std::collections::BTreeMap;

use crate::ground::id::Sub;
use crate::store::{
    CommitError, Conflict, ConflictSeen, Link, LinkError, LinkKey, MAX_CONFLICTS, NewLink, Relink, StoreError,
};

use super::Staging;
use crate::backends::sled::codec;

impl Staging {
    /// Those of a commit that are not there yet; or the first that contradicts what is there, or another of the commit.
    pub(super) fn missing_links<'c>(&self, links: &'c [NewLink]) -> Result<Vec<&'c NewLink>, CommitError> {
        let mut missing: Vec<&NewLink> = Vec::with_capacity(links.len());
        for new in links {
            let asked = missing.iter().find(|earlier| earlier.key == new.key).map(|earlier| earlier.link.sub.clone());
            let there = match asked {
                Some(asked) => Some(asked),
                None => self.linked(&new.key)?,
            };
            match there {
                Some(found) if found != new.link.sub => {
                    return Err(CommitError::LinkConflict { key: new.key, found });
                }
                Some(_) => {}
                None => missing.push(new),
            }
        }
        Ok(missing)
    }

    fn linked(&self, key: &LinkKey) -> Result<Option<Sub>, StoreError> {
        self.get(&codec::link_key(key))?.map(|bytes| codec::parse_link_sub(&bytes)).transpose()
    }

    pub(in crate::backends::sled) fn relink(&mut self, changes: Vec<Relink>) -> Result<(), LinkError> {
        Relink::check_size(&changes)?;
        // Later changes of one step see the earlier ones.
        let mut after: BTreeMap<LinkKey, Option<Link>> = BTreeMap::new();
        for Relink { key, expected, link } in changes {
            let there = match after.get(&key) {
                Some(link) => link.as_ref().map(|link| link.sub.clone()),
                None => self.linked(&key)?,
            };
            if there != expected {
                return Err(LinkError::Changed(key));
            }
            after.insert(key, link);
        }
        for keys in self.ended_conflicts(&after)? {
            self.remove(codec::conflict_key(&keys));
        }
        for (key, link) in after {
            match link {
                Some(link) => self.put(codec::link_key(&key), codec::link_value(&link)),
                None => self.remove(codec::link_key(&key)),
            }
        }
        Ok(())
    }

    /// Conflicts that are none any more once these links are as they will be.
    fn ended_conflicts(&self, after: &BTreeMap<LinkKey, Option<Link>>) -> Result<Vec<[LinkKey; 2]>, StoreError> {
        let mut ended = Vec::new();
        for keys in self.conflict_keys()? {
            if !keys.iter().any(|key| after.contains_key(key)) {
                continue;
            }
            let sub = |key: &LinkKey| match after.get(key) {
                Some(link) => Ok(link.as_ref().map(|link| link.sub.clone())),
                None => self.linked(key),
            };
            let [one, other] = &keys;
            let (one, other) = (sub(one)?, sub(other)?);
            if one.is_none() || other.is_none() || one == other {
                ended.push(keys);
            }
        }
        Ok(ended)
    }

    fn conflict_keys(&self) -> Result<Vec<[LinkKey; 2]>, StoreError> {
        let keys = self.keys_of(codec::all_conflicts(), usize::MAX)?;
        keys.iter().map(|key| codec::parse_conflict_key(key)).collect()
    }

    fn conflict(&self, keys: [LinkKey; 2]) -> Result<Option<Conflict>, StoreError> {
        let value = self.get(&codec::conflict_key(&keys))?;
        value.map(|bytes| codec::parse_conflict(keys, &bytes)).transpose()
    }

    pub(in crate::backends::sled) fn note_conflict(&mut self, seen: ConflictSeen) -> Result<(), StoreError> {
        seen.check_size()?;
        let mut keys = seen.sides.each_ref().map(|side| side.key);
        keys.sort_unstable();
        let before = self.conflict(keys)?;
        let too_many = if before.is_none() { self.least_recent_conflicts()? } else { Vec::new() };
        for keys in too_many {
            self.remove(codec::conflict_key(&keys));
        }
        let conflict = Conflict::seen(before, seen);
        self.put(codec::conflict_key(&keys), codec::conflict_value(&conflict));
        Ok(())
    }

    /// Those that must go so that there is room for one more.
    fn least_recent_conflicts(&self) -> Result<Vec<[LinkKey; 2]>, StoreError> {
        let keys = self.conflict_keys()?;
        let too_many = (keys.len() + 1).saturating_sub(MAX_CONFLICTS);
        if too_many == 0 {
            return Ok(Vec::new());
        }
        let conflicts = keys.into_iter().map(|keys| self.conflict(keys)).collect::<Result<Vec<_>, _>>()?;
        let mut conflicts: Vec<Conflict> = conflicts.into_iter().flatten().collect();
        conflicts.sort_by_key(|conflict| conflict.last_seen);
        Ok(conflicts.iter().take(too_many).map(Conflict::keys).collect())
    }

    pub(in crate::backends::sled) fn forget_conflict(&mut self, mut keys: [LinkKey; 2]) -> Result<bool, StoreError> {
        keys.sort_unstable();
        let key = codec::conflict_key(&keys);
        let was_there = self.get(&key)?.is_some();
        if was_there {
            self.remove(key);
        }
        Ok(was_there)
    }
}
