//! What leaves for the audience, within the budget.

use std::collections::BTreeMap;

use super::{Run, Step};
use crate::decision::{Fact, Stage};
use crate::ground::claim::{ClaimName, ClaimValue};
use crate::mapping::refusal::MappingRefusal;

impl Run<'_, '_> {
    /// The claims that this audience may see; one that is listed nowhere does not leave. Never trimmed: a list that is
    /// cut would look complete.
    pub(super) fn release(&mut self, values: &BTreeMap<ClaimName, ClaimValue>) -> Step<Vec<ClaimName>> {
        let names = self.mapping.release.get(self.audience).map(Vec::as_slice).unwrap_or_default();
        let listed = || names.iter().filter_map(|name| values.get_key_value(name));
        // Quotes, a colon and a comma for each, and the braces.
        let bytes = listed().map(|(name, value)| name.as_str().len() + 4 + value.json_bytes()).sum::<usize>() + 2;
        let words: Vec<&str> = listed().map(|(name, _)| name.as_str()).collect();
        if bytes > self.mapping.budget {
            let audience = self.audience.clone();
            let largest = listed().max_by_key(|(_, value)| value.json_bytes()).map(|(name, _)| name.to_string());
            let largest = largest.unwrap_or_default();
            let refusal =
                MappingRefusal::BudgetExceeded { audience, expected: self.mapping.budget, found: bytes, largest };
            return self.refuse(Stage::Release, None, refusal);
        }
        let mut facts = vec![Fact::public("claims", words.join(" "))];
        if self.trail.explains() {
            facts.push(Fact::public("audience", self.audience));
            facts.push(Fact::public("bytes", format!("{bytes} of {}", self.mapping.budget)));
        }
        self.trail.passed(Stage::Release, facts);
        Ok(listed().map(|(name, _)| name.clone()).collect())
    }
}
