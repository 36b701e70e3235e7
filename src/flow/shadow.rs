//! Shadows: mappings that run beside the live one and issue nothing. What differs is counted, and sampled by trace id.
//!
//! **Invariant.** A shadow cannot change an answer: what it makes is compared and dropped.
//!
//! **Absent on purpose.** Values: a count and the name of a claim say what a change does; whom it touched is found by
//! the trace id, with what the decision record may show.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::ground::id::{MappingId, TraceId};
use crate::mapping::{Difference, Mapping};

/// So many requests are remembered of each shadow.
const SAMPLES: usize = 32;
/// So many kinds of differences are told apart.
const KINDS: usize = 256;

/// What has been seen of one shadow since it was loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The hash of its content: another content begins anew.
    pub hash: Arc<str>,
    /// Requests that came out the same.
    pub same: u64,
    /// Requests that did not.
    pub differing: u64,
    /// How often each difference was seen, in words without values.
    pub differences: BTreeMap<String, u64>,
    /// The last requests that differed, newest last.
    pub samples: VecDeque<TraceId>,
}

/// Every shadow that has run.
#[derive(Debug, Default)]
pub struct Shadows {
    tallies: Mutex<BTreeMap<MappingId, Tally>>,
}

impl Shadows {
    /// Counts one request.
    pub(super) fn count(&self, shadow: &Mapping, trace_id: TraceId, differences: &[Difference]) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = tallies.entry(shadow.id().clone()).or_default();
        if *tally.hash != *shadow.hash() {
            *tally = Tally { hash: shadow.hash().into(), ..Tally::default() };
        }
        if differences.is_empty() {
            tally.same += 1;
            return;
        }
        tally.differing += 1;
        for difference in differences {
            let words = difference.to_string();
            if tally.differences.len() < KINDS || tally.differences.contains_key(&words) {
                *tally.differences.entry(words).or_default() += 1;
            }
        }
        if tally.samples.len() == SAMPLES {
            tally.samples.pop_front();
        }
        tally.samples.push_back(trace_id);
    }

    /// What has been seen so far, by mapping.
    pub fn tallies(&self) -> BTreeMap<MappingId, Tally> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use crate::mapping::{CompileContext, Mappings, compile};

    fn shadow(more: &str) -> Mappings {
        let text = format!(
            "kind: mapping\nversion: 1\nid: next\nsource: s\nstage: shadow\nsubject: {{ from: name_id }}\n{more}"
        );
        compile(&[Source::new("m.yaml", text)], &CompileContext::default()).unwrap()
    }

    #[test]
    fn differences_are_counted_and_sampled_until_the_content_changes() {
        let shadows = Shadows::default();
        let first = shadow("");
        let next = first.iter().next().unwrap();
        let trace = |at: u8| TraceId::from_bytes([at; 16]);
        shadows.count(next, trace(0), &[]);
        for at in 1..=40 {
            shadows.count(next, trace(at), &[Difference::Subject, Difference::Login("acr")]);
        }
        let tally = shadows.tallies().remove(next.id()).unwrap();
        assert_eq!((tally.same, tally.differing), (1, 40));
        assert_eq!(tally.differences, [("another `acr`".to_owned(), 40), ("another `sub`".to_owned(), 40)].into());
        assert_eq!(
            (tally.samples.len(), tally.samples.front(), tally.samples.back()),
            (32, Some(&trace(9)), Some(&trace(40)))
        );
        let second = shadow("claims: { a: { value: 1 } }\nrelease: { x: [a] }\n");
        shadows.count(second.iter().next().unwrap(), trace(50), &[]);
        let tally = shadows.tallies().remove(next.id()).unwrap();
        assert_eq!((tally.same, tally.differing, tally.samples.len()), (1, 0, 0));
    }
}
