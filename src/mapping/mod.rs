//! Mapping files: the facts of an identity become claims.
//!
//! Floor 3. Pure: no I/O, no clock, no chance; a file is text, and `now` is an argument.
//!
//! ```text
//! text ─yaml─▶ Node ─file─▶ File ─compile─▶ Mappings                 (at load; every problem at once)
//! Facts + RequestFacts ─Mapping::apply─▶ Claims or MappingRefusal    (at each request; every step in the trail)
//! ```
//!
//! **Invariant.** Attributes are a closed world: what a mapping does not declare is noted by name and never read.
//!
//! **Invariant.** For one request at most one mapping applies; two that could are an error at load.
//!
//! **Invariant.** Names, types and cost of expressions are settled at load; an identity can only make them fail,
//! never run long. The tests of a file go through the same [`Mapping::apply`] as a request.
//!
//! **Absent on purpose.** What was asked for: that is policy, which narrows what a mapping allows. Replacing a
//! `subject` rule in use: who holds the last revision compares [`Mapping::subject_rule_hash`] and
//! [`Mapping::subject_replaces`].

mod apply;
mod cel;
mod claim_type;
mod claims;
mod compare;
mod compile;
mod compiled;
mod coverage;
mod file;
mod problems;
mod received;
pub mod reference;
mod refusal;
mod steps;
#[cfg(test)]
pub(crate) mod testing;
mod trial;
pub mod vocabulary;
pub mod yaml;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use self::apply::RequestFacts;
pub use self::claims::{Claims, Linked, Subject};
pub use self::compare::{Difference, Outcome, differences};
pub use self::compile::{CompileContext, RESERVED_WORDS, compile, includes};
pub use self::compiled::{Mapping, MappingStage};
pub use self::coverage::Coverage;
pub use self::file::{KINDS, shapes};
pub use self::problems::PROBLEMS;
pub use self::refusal::{Came, Emptied, Found, MappingRefusal, Private, REFUSALS};
pub use self::trial::{About, Mismatch, RecordedTest, TestReport};
pub use crate::diagnostic::Source as SourceFile;

use crate::diagnostic::Diagnostics;
use crate::ground::id::{Audience, ClientId, MappingId, SourceId};
use crate::ground::time::Timestamp;

/// Every mapping of a revision.
#[derive(Debug, Default)]
pub struct Mappings {
    in_order: Vec<Mapping>,
    by_source: BTreeMap<SourceId, Vec<usize>>,
    warnings: Diagnostics,
}

impl Mappings {
    fn new(mappings: Vec<Mapping>, warnings: Diagnostics) -> Self {
        let mut by_source: BTreeMap<SourceId, Vec<usize>> = BTreeMap::new();
        for (place, mapping) in mappings.iter().enumerate() {
            by_source.entry(mapping.source.clone()).or_default().push(place);
        }
        Self { in_order: mappings, by_source, warnings }
    }

    /// The one live mapping that applies to a request, if there is one.
    pub fn select(&self, source: &SourceId, client: &ClientId, audience: &Audience) -> Option<&Mapping> {
        self.applying(source, client, audience).find(|mapping| mapping.stage == MappingStage::Live)
    }

    /// The shadows that run beside it, in the order of the files.
    pub fn shadows<'a, 'q>(
        &'a self,
        source: &'q SourceId,
        client: &'q ClientId,
        audience: &'q Audience,
    ) -> impl Iterator<Item = &'a Mapping> {
        self.applying(source, client, audience).filter(|mapping| mapping.stage == MappingStage::Shadow)
    }

    /// Why none of the live mappings of a source applies to a request, a few words for each; at most ten.
    pub fn why_not(&self, source: &SourceId, client: &ClientId, audience: &Audience) -> Vec<String> {
        let live = self.in_order.iter().filter(|mapping| mapping.stage == MappingStage::Live);
        let of_source: Vec<&Mapping> = live.clone().filter(|mapping| mapping.source == *source).collect();
        if of_source.is_empty() {
            let others = live.take(10).map(|mapping| format!("`{}` reads the source `{}`", mapping.id, mapping.source));
            return others.collect();
        }
        of_source.into_iter().take(10).filter_map(|mapping| mapping.why_not(client, audience)).collect()
    }

    fn applying<'a, 'q>(
        &'a self,
        source: &'q SourceId,
        client: &'q ClientId,
        audience: &'q Audience,
    ) -> impl Iterator<Item = &'a Mapping> {
        let places = self.by_source.get(source).into_iter().flatten();
        let mappings = places.filter_map(|place| self.in_order.get(*place));
        mappings.filter(move |mapping| mapping.applies_to(source, client, audience))
    }

    /// The mapping with this id.
    pub fn by_id(&self, id: &MappingId) -> Option<&Mapping> {
        self.in_order.iter().find(|mapping| mapping.id == *id)
    }

    /// In the order of the files.
    pub fn iter(&self) -> std::slice::Iter<'_, Mapping> {
        self.in_order.iter()
    }

    /// What is not an error but should be looked at.
    pub const fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// How far these tests reach, for each mapping.
    pub fn coverage(&self, reports: &[TestReport]) -> Vec<Coverage> {
        self.in_order.iter().map(|mapping| mapping.coverage(reports)).collect()
    }

    /// Runs the tests of every file. `now` is for those that do not say one.
    pub fn run_tests(&self, now: Timestamp) -> Vec<TestReport> {
        self.in_order.iter().flat_map(|mapping| mapping.run_tests(now)).collect()
    }
}

impl<'a> IntoIterator for &'a Mappings {
    type Item = &'a Mapping;
    type IntoIter = std::slice::Iter<'a, Mapping>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
