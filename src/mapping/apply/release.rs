//! What leaves for the audience, within the budget.

use std::collections::BTreeMap;

use super::{Run, Step};
use crate::decision::{Fact, Shown, Stage};
use crate::ground::claim::{ClaimName, ClaimValue};
use crate::mapping::refusal::MappingRefusal;

impl Run<'_, '_> {
    /// The claims that this audience may see; one that is listed nowhere does not leave. Never trimmed: a list that is
    /// cut would look complete.
    pub(super) fn release(&mut self, values: &BTreeMap<ClaimName, ClaimValue>) -> Step<Vec<ClaimName>> {
        let names = self.mapping.release.get(self.audience).map(Vec::as_slice).unwrap_or_default();
        let listed: Vec<_> = names.iter().filter_map(|name| values.get_key_value(name)).collect();
        // Quotes, a colon and a comma for each, and the braces.
        let bytes = listed.iter().map(|(name, value)| name.as_str().len() + 4 + value.json_bytes()).sum::<usize>() + 2;
        if bytes > self.mapping.budget {
            let audience = self.audience.clone();
            let largest = listed.iter().max_by_key(|(_, value)| value.json_bytes()).map(|(name, _)| name.to_string());
            let largest = largest.unwrap_or_default();
            let line = self.mapping.release_lines.iter().find(|(to, _)| to == self.audience);
            self.at.set(line.map_or(0, |(_, line)| *line));
            let refusal =
                MappingRefusal::BudgetExceeded { audience, expected: self.mapping.budget, found: bytes, largest };
            return self.refuse(Stage::Release, None, refusal);
        }
        let mut words = String::with_capacity(listed.iter().map(|(name, _)| name.as_str().len() + 1).sum());
        for (name, _) in &listed {
            words.extend((!words.is_empty()).then_some(" "));
            words.push_str(name.as_str());
        }
        let mut facts = vec![Fact { label: "claims", value: Shown::Public(words) }];
        if self.trail.explains() {
            facts.push(Fact::public("audience", self.audience));
            facts.push(Fact::public("bytes", format!("{bytes} of {}", self.mapping.budget)));
        }
        self.trail.passed(Stage::Release, facts);
        Ok(listed.into_iter().map(|(name, _)| name.clone()).collect())
    }
}
