//! Which rules of a file its tests reach.
//!
//! A rule is reached when a test shows what it does: a `require` rule by refusing somebody, a claim by having a value, its
//! default by being used, a row of a table by being found, a scope by holding, a level by being that of a login. What the
//! steps of the tests say is all that is looked at: the same steps that `explain` shows.

use std::collections::BTreeSet;

use super::compiled::{ClaimRule, Mapping, Missing, Origin};
use super::trial::TestReport;
use crate::decision::{Finding, Shown, Stage, Step};
use crate::ground::id::MappingId;

/// How far the tests of one file reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The mapping.
    pub mapping: MappingId,
    /// The path of its file, as shown.
    pub file: String,
    /// How many rules it has.
    pub rules: usize,
    /// Those that no test reaches, in words, in the order of the file.
    pub missed: Vec<String>,
}

impl Mapping {
    /// Of these reports those of this mapping count.
    pub fn coverage(&self, reports: &[TestReport]) -> Coverage {
        let steps = reports.iter().filter(|report| report.mapping == self.id).flat_map(|report| &report.steps);
        let reached: BTreeSet<String> = steps.flat_map(Self::reached).collect();
        let rules = self.rules();
        let missed: Vec<String> = rules.iter().filter(|rule| !reached.contains(*rule)).cloned().collect();
        Coverage { mapping: self.id.clone(), file: self.path.clone(), rules: rules.len(), missed }
    }

    /// Every rule, in words.
    fn rules(&self) -> Vec<String> {
        let mut rules = Vec::new();
        rules.extend(self.require.iter().map(|rule| refusal(&rule.id)));
        for claim in &self.claims {
            of_claim(claim, claim.name.as_str(), &mut rules);
        }
        rules.extend(self.scopes.iter().map(|rule| scope(rule.scope.as_str())));
        if let Some(table) = &self.authentication {
            rules.extend(std::iter::once(&table.lowest).chain(&table.higher).map(|of| level(&of.acr)));
        }
        rules
    }

    /// The rules that a step shows at work.
    fn reached(step: &Step) -> Vec<String> {
        let of = step.subject.as_deref().unwrap_or_default();
        let fact = |label: &'static str| {
            step.facts.iter().filter(move |fact| fact.label == label).map(|fact| text(&fact.value))
        };
        match (step.stage, &step.finding) {
            (Stage::Require, Finding::Failed(_)) => vec![refusal(of)],
            (Stage::Scope, Finding::Passed) => vec![scope(of)],
            (Stage::Authentication, _) => fact("acr").map(level).collect(),
            (Stage::Claim, _) => {
                let rows = fact("row").map(|found| row(of, found));
                let is_default = fact("default").next().is_some();
                let value = fact("value").next().map(|_| if is_default { default(of) } else { claim(of) });
                rows.chain(value).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn of_claim(rule: &ClaimRule, of: &str, rules: &mut Vec<String>) {
    rules.push(claim(of));
    of_rows(rule, of, rules);
    if matches!(rule.missing, Missing::Default(_)) {
        rules.push(default(of));
    }
}

/// Rows count for the claim that they stand in; those of a member for its object.
fn of_rows(rule: &ClaimRule, of: &str, rules: &mut Vec<String>) {
    match &rule.origin {
        Origin::Attribute(_, Some(steps)) => {
            let mut keys: Vec<&String> = steps.table.iter().flat_map(|rows| rows.keys()).collect();
            keys.sort_unstable();
            rules.extend(keys.into_iter().map(|key| row(of, key)));
        }
        Origin::Object(members) => members.iter().for_each(|member| of_rows(member, of, rules)),
        Origin::Attribute(_, None) | Origin::Value(_) | Origin::Cel(_) => {}
    }
}

fn text(value: &Shown) -> &str {
    match value {
        Shown::Public(text) | Shown::Private(text) => text,
    }
}

fn refusal(id: &str) -> String {
    format!("the rule `{id}` of `require` refuses nobody")
}

fn claim(name: &str) -> String {
    format!("the claim `{name}` never has a value")
}

fn default(name: &str) -> String {
    format!("the default of the claim `{name}` is never used")
}

fn row(claim: &str, key: &str) -> String {
    format!("the row `{key}` of the claim `{claim}` is never found")
}

fn scope(name: &str) -> String {
    format!("the scope `{name}` never holds")
}

fn level(acr: &str) -> String {
    format!("no login has the level `{acr}`")
}
