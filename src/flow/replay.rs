//! What-if: recorded requests against an edited mapping, beside what the live one makes of them now.
//!
//! What leaves is counts, differences in words, and pseudonyms: never a value of a person. Whoever writes the edited
//! mapping can ask about values all the same (`attr.title == 'x' ? 1 : null`), so each replay is logged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::crypto::digest::hex;
use crate::decision::{Detail, Trail};
use crate::ground::id::TraceId;
use crate::mapping::{Mapping, Mappings, Outcome, RequestFacts, differences};
use crate::store::{PersonKey, StoreError};

use super::bridge::{Bridge, Revision};
use super::recorder::Recorded;

/// So many recordings are read at once.
const PAGE: usize = 100;
/// So many requests are named as examples of each difference.
const EXAMPLES: usize = 3;

/// What an edited mapping would have done otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replay {
    /// Recorded requests that the edited mapping, or the live one of its id, applies to.
    pub requests: u64,
    /// By how many people.
    pub people: usize,
    /// Requests for which nothing differs.
    pub same: u64,
    /// Requests of which attributes were left out when they were recorded: what these would change is not known.
    pub redacted: u64,
    /// Recordings that cannot be read.
    pub unreadable: u64,
    /// What differs, in words without values.
    pub differences: BTreeMap<String, Touched>,
}

/// Whom one difference touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// How many requests.
    pub requests: u64,
    /// How many people.
    pub people: usize,
    /// Some of the requests, each with a pseudonym of the person.
    pub examples: Vec<(TraceId, String)>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// One at a time: requests come first.
    #[error("another replay is running")]
    Busy,
    /// The recordings cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A panic; it is a fault of ours.
    #[error("the replay ended early")]
    EndedEarly,
}

/// Runs every recorded request through the edited mappings.
pub async fn replay(bridge: &Bridge, edited: Mappings) -> Result<Replay, ReplayError> {
    let recorder = bridge.recorder();
    let _alone = recorder.replaying().ok_or(ReplayError::Busy)?;
    let (revision, edited) = (bridge.revision(), Arc::new(edited));
    let mut tally = Tally::default();
    let mut after = None;
    loop {
        let page = recorder.recorded(after, PAGE).await?;
        tally.replay.unreadable += page.unreadable;
        let next = page.next;
        let (revision, edited) = (Arc::clone(&revision), Arc::clone(&edited));
        // On a thread where no request waits.
        let taken = spawn_blocking(move || {
            page.requests.iter().for_each(|recorded| tally.take(recorded, &edited, &revision));
            tally
        });
        tally = taken.await.map_err(|_| ReplayError::EndedEarly)?;
        after = next;
        if after.is_none() {
            break;
        }
    }
    let replay = tally.finish();
    let Replay { requests, people, .. } = &replay;
    tracing::info!(requests, people, "recordings were replayed against edited mappings");
    Ok(replay)
}

#[derive(Default)]
struct Tally {
    replay: Replay,
    people: BTreeSet<PersonKey>,
    touched: BTreeMap<String, BTreeSet<PersonKey>>,
}

impl Tally {
    fn take(&mut self, recorded: &Recorded, edited: &Mappings, revision: &Revision) {
        let Recorded { facts, client, audience, .. } = recorded;
        let live = revision.mappings.select(&facts.source, client, audience);
        let new = edited.iter().find(|mapping| mapping.applies_to(&facts.source, client, audience));
        let was_here = live.is_some_and(|live| edited.by_id(live.id()).is_some());
        if new.is_none() && !was_here {
            return;
        }
        self.replay.requests += 1;
        self.people.insert(recorded.person);
        self.replay.redacted += u64::from(recorded.redacted > 0);
        let words: Vec<String> = match (live, new) {
            (Some(live), Some(new)) => {
                let found = differences(&outcome(live, recorded), &outcome(new, recorded));
                found.iter().map(ToString::to_string).collect()
            }
            (Some(_), None) => vec!["no mapping applies any longer".to_owned()],
            (None, _) => vec!["a mapping applies now; none did before".to_owned()],
        };
        self.replay.same += u64::from(words.is_empty());
        for words in words {
            let touched = self.replay.differences.entry(words.clone()).or_default();
            touched.requests += 1;
            if touched.examples.len() < EXAMPLES {
                touched.examples.push((recorded.trace_id, pseudonym(&recorded.person)));
            }
            self.touched.entry(words).or_default().insert(recorded.person);
        }
    }

    fn finish(mut self) -> Replay {
        self.replay.people = self.people.len();
        for (words, people) in self.touched {
            if let Some(touched) = self.replay.differences.get_mut(&words) {
                touched.people = people.len();
            }
        }
        self.replay
    }
}

fn outcome(mapping: &Mapping, recorded: &Recorded) -> Outcome {
    let mut trail = Trail::open(recorded.trace_id, recorded.now, Detail::Record);
    let request = RequestFacts { client: &recorded.client, audience: &recorded.audience, now: recorded.now };
    mapping.apply(&recorded.facts, &request, &mut trail)
}

/// The same for the same person, and nobody else's.
fn pseudonym(person: &PersonKey) -> String {
    hex(person.as_bytes().get(..6).unwrap_or_default())
}
