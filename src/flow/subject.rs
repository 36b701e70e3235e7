//! Which `sub` a person has: that of a link, or else a derived one, which becomes a link.
//!
//! ```text
//! own link │ linked │ sub                    │ links to make
//! ─────────┼────────┼────────────────────────┼──────────────
//! a        │ -      │ a                      │
//! none     │ -      │ derived from own       │ own
//! a        │ a      │ a                      │
//! a        │ none   │ a                      │
//! none     │ b      │ b                      │ own
//! none     │ none   │ derived from linked    │ own, linked
//! a        │ b      │ refused, and noted for an administrator
//! ```
//!
//! `own` is what the person's source calls the person; `linked` is what another source does, where the mapping says that
//! the two are the same people (`-`: it does not).
//!
//! **Invariant.** Nothing is written here but the note of a conflict: links are made by the commit that consumes the
//! credential, or not at all. What was not there when it was read may be there by then; the commit finds out.

use crate::decision::{Fact, Rejection, Stage, Trail};
use crate::ground::id::{Namespace, SourceId, Sub, TraceId};
use crate::ground::reason::{Reason, ReasonCode};
use crate::ground::time::Timestamp;
use crate::mapping::Subject;
use crate::store::{ConflictSeen, Link, LinkKey, NewLink, Side, Store, StoreError, conflict_id};
use crate::token::LinkMaker;

use super::bridge::Bridge;
use super::refusal::Refusal;

/// Whose `sub` is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person<'a> {
    /// What the source of the credential calls the person.
    pub(super) own: &'a Subject,
    /// What the source does that the mapping links to it.
    pub(super) linked: Option<&'a Subject>,
}

/// The `sub`, and what the commit has to make so that it stays.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) sub: Sub,
    pub(super) missing: Vec<NewLink>,
    /// Where it comes from, for the record.
    pub(super) from: Origin,
}

/// Where a `sub` comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The person's own link.
    Own,
    /// The link of the other source.
    Linked,
    /// It was derived.
    Derived,
}

impl Origin {
    /// The word in records.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own link",
            Self::Linked => "linked source",
            Self::Derived => "derived",
        }
    }
}

/// Why nobody knows which `sub` a person has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectRejection {
    /// The two links that should be of one person have two subs.
    Conflict {
        /// How an administrator names it.
        id: String,
        /// The two sources.
        namespaces: [Namespace; 2],
    },
    /// One of the links was made while the request ran, with another `sub`.
    Raced,
    /// The identifier is too long to be kept.
    TooLong,
    /// The source that the mapping links to is not there. Loading the files finds it first.
    SourceGone(SourceId),
}

impl Rejection for SubjectRejection {
    fn code(&self) -> ReasonCode {
        match self {
            Self::Conflict { .. } | Self::Raced => Reason::SubjectConflict.into(),
            Self::TooLong => Reason::SubjectTooLong.into(),
            Self::SourceGone(_) => Reason::SourceUnknown.into(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        match self {
            Self::Conflict { id, namespaces: [one, other] } => vec![
                Fact::public("expected", "one sub at both sources"),
                Fact::public("conflict", id),
                Fact::public("one", one),
                Fact::public("other", other),
            ],
            Self::Raced => vec![Fact::public("found", "a link that was made meanwhile")],
            Self::SourceGone(source) => vec![Fact::public("found", source)],
            Self::TooLong => vec![Fact::public("expected", "an identifier of less than 16 KiB")],
        }
    }
}

/// A request that looks for its `sub`.
#[derive(Clone, Copy)]
pub(super) struct Finder<'a> {
    pub(super) bridge: &'a Bridge,
    pub(super) trace_id: TraceId,
    pub(super) now: Timestamp,
}

impl Finder<'_> {
    /// The `sub` of the person. Writes the step where a link is to be made: true wherever it can be read, for this record is
    /// kept only together with the links.
    pub(super) async fn find(&self, person: Person<'_>, trail: &mut Trail) -> Result<Found, Refusal> {
        let refusal = match self.look(person).await {
            Ok(found) => {
                if !found.missing.is_empty() {
                    let made = Fact::public("links_made", found.missing.len());
                    trail.passed(Stage::Link, vec![Fact::public("sub", found.from.as_str()), made]);
                }
                return Ok(found);
            }
            Err(NotFound::Conflict(sides)) => self.note(*sides).await,
            Err(NotFound::TooLong) => Refusal::Subject(SubjectRejection::TooLong),
            Err(NotFound::Store(error)) => Refusal::Store(error),
        };
        trail.failed(Stage::Link, &refusal);
        Err(refusal)
    }

    /// A link that was made meanwhile may be one of two that contradict each other: then it is on the list at once.
    pub(super) async fn look_again(&self, refusal: Refusal, person: Person<'_>) -> Refusal {
        if !matches!(refusal, Refusal::Subject(SubjectRejection::Raced)) {
            return refusal;
        }
        match self.look(person).await {
            Err(NotFound::Conflict(sides)) => self.note(*sides).await,
            Ok(_) | Err(NotFound::TooLong | NotFound::Store(_)) => refusal,
        }
    }

    async fn look(&self, person: Person<'_>) -> Result<Found, NotFound> {
        let maker = LinkMaker {
            subjects: self.bridge.issuer.subjects(),
            master: &self.bridge.master_keys,
            entropy: self.bridge.entropy.as_ref(),
            now: self.now,
            by: Some(self.trace_id),
        };
        find(self.bridge.store.as_ref(), &maker, person).await
    }

    /// Puts a conflict on the list; it is the refusal, unless the store fails.
    async fn note(&self, sides: [Side; 2]) -> Refusal {
        let namespaces = sides.each_ref().map(|side| side.namespace.clone());
        let id = conflict_id(sides.each_ref().map(|side| side.key));
        let seen = ConflictSeen { sides, at: self.now, trace_id: self.trace_id };
        match self.bridge.store.note_conflict(seen).await {
            Ok(()) => Refusal::Subject(SubjectRejection::Conflict { id, namespaces }),
            Err(error) => Refusal::Store(error),
        }
    }
}

/// Why none was found.
#[derive(Debug)]
enum NotFound {
    /// Two links contradict each other.
    Conflict(Box<[Side; 2]>),
    /// The identifier is too long to be kept.
    TooLong,
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for NotFound {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Finds the `sub` of a person: one look into the store, and a second one where the mapping links two sources.
async fn find(store: &dyn Store, maker: &LinkMaker<'_>, person: Person<'_>) -> Result<Found, NotFound> {
    let own = End::look(store, maker, person.own).await?;
    // A mapping that links a source to itself by the same value says nothing.
    let linked = match person.linked.filter(|linked| *linked != person.own) {
        Some(linked) => Some(End::look(store, maker, linked).await?),
        None => None,
    };
    if let (Some(own), Some(linked)) = (own.side(), linked.as_ref().and_then(End::side))
        && own.sub != linked.sub
    {
        return Err(NotFound::Conflict(Box::new([own, linked])));
    }
    let of_linked = linked.as_ref().and_then(|linked| linked.link.as_ref());
    let (sub, from) = match (&own.link, of_linked) {
        (Some(link), _) => (link.sub.clone(), Origin::Own),
        (None, Some(link)) => (link.sub.clone(), Origin::Linked),
        (None, None) => (maker.subjects.derived(person.linked.unwrap_or(person.own)), Origin::Derived),
    };
    // Who is somebody already is not made somebody else's as well: a source that says another name of a person each time
    // could otherwise bind everybody there to this one.
    let is_known = own.link.is_some();
    let missing = [Some(own), linked].into_iter().flatten().filter(|end| end.link.is_none() && !is_known);
    let missing: Vec<NewLink> = missing.map(|end| maker.link(end.subject, sub.clone())).collect();
    if missing.iter().any(|new| new.link.check_size().is_err()) {
        return Err(NotFound::TooLong);
    }
    Ok(Found { sub, missing, from })
}

/// One of the identifiers, and its link if it has one.
struct End<'a> {
    subject: &'a Subject,
    key: LinkKey,
    link: Option<Link>,
}

impl<'a> End<'a> {
    async fn look(store: &dyn Store, maker: &LinkMaker<'_>, subject: &'a Subject) -> Result<Self, StoreError> {
        let key = maker.subjects.link_key(subject);
        Ok(Self { subject, key, link: store.link(&key).await? })
    }

    fn side(&self) -> Option<Side> {
        let link = self.link.as_ref()?;
        Some(Side { key: self.key, sub: link.sub.clone(), namespace: self.subject.namespace.clone() })
    }
}

#[cfg(test)]
mod tests;
