//! Links: from what a source calls a person to the `sub` that the person keeps.
//!
//! ```text
//! keyed hash of (namespace, format, qualifiers, value) ─▶ sub, namespace, sealed identifier, when and by which request
//! ```
//!
//! The store neither makes the hash nor opens the identifier: it could not tell whom a link is about.

use std::fmt;

use async_trait::async_trait;

use crate::ground::id::{Namespace, Sub, TraceId};
use crate::ground::time::Timestamp;

use super::contract::{MAX_NAME_BYTES, MAX_VALUE_BYTES, StoreError, check_count, check_length};

/// No `sub` is longer, in bytes (`OpenID` Connect Core section 2: 255 ASCII characters).
pub const MAX_SUB_BYTES: usize = 255;
/// One [`Links::relink`] changes no more links.
pub const MAX_RELINKS: usize = 64;
/// One [`Links::relink`] writes no more bytes of links: a batch stays far smaller than a segment of sled's log.
pub const MAX_RELINK_BYTES: usize = 128 * 1024;
/// So many conflicts wait for review at most; those that were last seen longest ago go first.
pub const MAX_CONFLICTS: usize = 256;

/// What a source calls a person, as a hash under a key that the store does not have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey([u8; 32]);

impl LinkKey {
    /// From the keyed hash.
    pub const fn from_hash(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The bytes under which a backend keeps it.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hexadecimal digits, as [`fmt::Display`] writes them.
    pub fn parse(text: &str) -> Option<Self> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut hash = [0; 32];
        if pairs.len() != hash.len() || !rest.is_empty() {
            return None;
        }
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(hash))
    }
}

impl fmt::Display for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkKey({self})")
    }
}

/// A link as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The `sub` of the person.
    pub sub: Sub,
    /// The lasting name of the source, for listing.
    pub namespace: Namespace,
    /// The identifier, sealed: so that an export can name whom the link is about.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub made: Timestamp,
    /// The request that made it; `None` where an administrator did.
    pub by: Option<TraceId>,
}

impl Link {
    /// Whether it is within the limits: `sub` in [`MAX_SUB_BYTES`], all texts and bytes together in [`MAX_VALUE_BYTES`].
    pub fn check_size(&self) -> Result<(), StoreError> {
        check_length(self.sub.as_str().len(), MAX_SUB_BYTES)?;
        check_length(self.bytes(), MAX_VALUE_BYTES)
    }

    fn bytes(&self) -> usize {
        self.sub.as_str().len() + self.namespace.as_str().len() + self.sealed.len()
    }
}

/// A link and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    /// Under which key.
    pub key: LinkKey,
    /// The link.
    pub link: Link,
}

/// Some links, in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPage {
    /// In order.
    pub links: Vec<NewLink>,
    /// Go on behind this key; `None` where nothing was left at the time of reading.
    pub next: Option<LinkKey>,
}

/// One change of a link, if it is as the caller believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relink {
    /// Which link.
    pub key: LinkKey,
    /// The `sub` that it has; `None`: it is not there.
    pub expected: Option<Sub>,
    /// What it becomes; `None` removes it.
    pub link: Option<Link>,
}

impl Relink {
    /// Whether so many changes are within [`MAX_RELINKS`] and [`MAX_RELINK_BYTES`], and each within its own limits.
    pub fn check_size(changes: &[Self]) -> Result<(), StoreError> {
        check_count(changes.len(), MAX_RELINKS)?;
        let links = || changes.iter().filter_map(|change| change.link.as_ref());
        links().try_for_each(Link::check_size)?;
        check_length(links().map(Link::bytes).sum(), MAX_RELINK_BYTES)
    }
}

/// Why links were not changed; none of them was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// One of them is not as the caller believes.
    #[error("the link {0} is not as it was believed to be")]
    Changed(LinkKey),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps links. They are made by [`Ledger::commit`](super::Ledger::commit).
#[async_trait]
pub trait Links: Send + Sync {
    /// The link of this key.
    async fn link(&self, key: &LinkKey) -> Result<Option<Link>, StoreError>;

    /// Links behind `after` (`None`: from the first), in the order of their keys, at most `limit` (at least one is read).
    async fn links_page(&self, after: Option<LinkKey>, limit: usize) -> Result<LinkPage, StoreError>;

    /// Makes, changes and removes links for an administrator: all of them if each is as expected, or none; one atomic,
    /// durable step. A conflict of which one link is gone now, or both have one `sub`, goes in the same step.
    async fn relink(&self, changes: Vec<Relink>) -> Result<(), LinkError>;

    /// Removes a link, if it has this `sub`.
    async fn unlink(&self, key: &LinkKey, expected: &Sub) -> Result<(), LinkError> {
        self.relink(vec![Relink { key: *key, expected: Some(expected.clone()), link: None }]).await
    }
}

/// One of the two links of a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Which link.
    pub key: LinkKey,
    /// The `sub` that it had when the conflict was last seen.
    pub sub: Sub,
    /// The source.
    pub namespace: Namespace,
}

/// How an administrator names a conflict of two links: eight hexadecimal digits of either key.
pub fn conflict_id(mut keys: [LinkKey; 2]) -> String {
    keys.sort_unstable();
    let [one, other] = keys.map(|key| key.to_string().chars().take(8).collect::<String>());
    format!("{one}-{other}")
}

/// A request met two links that should be of one person and have two subs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictSeen {
    /// The two links, in any order.
    pub sides: [Side; 2],
    /// When.
    pub at: Timestamp,
    /// By which request.
    pub trace_id: TraceId,
}

impl ConflictSeen {
    /// Whether all texts are within their limits.
    pub fn check_size(&self) -> Result<(), StoreError> {
        self.sides.iter().try_for_each(|side| {
            check_length(side.sub.as_str().len(), MAX_SUB_BYTES)?;
            check_length(side.namespace.as_str().len(), MAX_NAME_BYTES)
        })
    }
}

/// A conflict that waits for review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The two links, in the order of their keys.
    pub sides: [Side; 2],
    /// When it was seen first.
    pub first_seen: Timestamp,
    /// When it was seen last.
    pub last_seen: Timestamp,
    /// How often.
    pub count: u64,
    /// The request that saw it last.
    pub trace_id: TraceId,
}

impl Conflict {
    /// This conflict, seen again; or for the first time.
    pub fn seen(before: Option<Self>, seen: ConflictSeen) -> Self {
        let ConflictSeen { mut sides, at, trace_id } = seen;
        sides.sort_unstable_by_key(|side| side.key);
        let (first_seen, last_seen, count) =
            before.map_or((at, at, 0), |before| (before.first_seen, before.last_seen.max(at), before.count));
        Self { sides, first_seen, last_seen, count: count.saturating_add(1), trace_id }
    }

    /// How an administrator names it.
    pub fn id(&self) -> String {
        conflict_id(self.keys())
    }

    /// The keys of the two links.
    pub fn keys(&self) -> [LinkKey; 2] {
        self.sides.each_ref().map(|side| side.key)
    }
}

/// Keeps a short list of conflicts for an administrator.
#[async_trait]
pub trait Conflicts: Send + Sync {
    /// Puts it on the list, or counts it again; it stays one conflict if its links have other subs meanwhile. Durable
    /// before it returns.
    async fn note_conflict(&self, seen: ConflictSeen) -> Result<(), StoreError>;

    /// All of them, at most [`MAX_CONFLICTS`]; the one that was seen last is first.
    async fn conflicts(&self) -> Result<Vec<Conflict>, StoreError>;

    /// Takes one from the list, whatever its links have; says whether it was there. Durable before it returns.
    async fn forget_conflict(&self, keys: [LinkKey; 2]) -> Result<bool, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let key = LinkKey::from_hash(std::array::from_fn(|place| u8::try_from(place * 8 + 3).unwrap()));
        assert_eq!(key.to_string().len(), 64);
        assert_eq!(LinkKey::parse(&key.to_string()), Some(key));
        assert_eq!(LinkKey::parse(&key.to_string().to_uppercase()), Some(key));
        assert_eq!(conflict_id([LinkKey::from_hash([255; 32]), key]), "030b131b-ffffffff");
        for text in ["", "00", &"0".repeat(63), &"0".repeat(65), &"0".repeat(66), &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(LinkKey::parse(text), None, "{text}");
        }
    }
}
