//! What came out, beside what was expected, in lines that a person reads.

use std::fmt;

use super::{Above, Expectation};
use crate::decision::{Finding, Stage, Step};
use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::scope::Scope;
use crate::mapping::claims::Claims;

/// Something that came out otherwise. Shown as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What the test says.
    pub expected: String,
    /// What came of the person's values, if any of it may be one of them.
    pub found: Option<String>,
    /// Where in the steps to look.
    pub about: About,
}

/// The steps that show what differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The one that failed, or the rule of this id that did not.
    Refusal(Option<String>),
    /// That of one thing of a stage.
    One(Stage, String),
    /// Those of some things of a stage.
    Among(Stage, Vec<String>),
    /// All of a stage.
    All(Stage),
}

impl Mismatch {
    /// In words that have no value of a person.
    pub(super) fn public(about: About, words: String) -> Self {
        Self { expected: words, found: None, about }
    }

    pub(super) fn of(about: About, expected: String, found: impl Into<String>) -> Self {
        Self { expected, found: Some(found.into()), about }
    }

    /// Whether a step is one of those that show it.
    pub fn is_about(&self, step: &Step) -> bool {
        let is_of = |name: &str| step.subject.as_deref() == Some(name);
        match &self.about {
            About::Refusal(rule) => {
                matches!(step.finding, Finding::Failed(_))
                    || (step.stage == Stage::Require && rule.as_deref().is_some_and(is_of))
            }
            About::One(stage, name) => step.stage == *stage && is_of(name),
            About::Among(stage, names) => step.stage == *stage && names.iter().any(|name| is_of(name)),
            About::All(stage) => step.stage == *stage,
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expected)?;
        self.found.as_deref().map_or(Ok(()), |found| f.write_str(found))
    }
}

impl Expectation {
    /// One for each difference.
    pub(super) fn differences(&self, claims: &Claims, above: &Above<'_>) -> Vec<Mismatch> {
        if let Some(code) = &self.refused {
            let code = code.to_string();
            let about = About::Refusal(code.strip_prefix("mapping.require.").map(str::to_owned));
            return vec![Mismatch::public(about, format!("expected the refusal {code}, but it is accepted"))];
        }
        let mut differences = Vec::new();
        for (name, expected) in &self.claims {
            let found = claims.all().get(&ClaimName::new(name.as_str()));
            if found != Some(expected) {
                differences.push(of_claim(name, expected, found));
            }
        }
        for name in &self.absent {
            if let Some(found) = claims.all().get(&ClaimName::new(name.as_str())) {
                let expected = format!("claim `{name}`: expected to be left out");
                let about = About::One(Stage::Claim, name.clone());
                differences.push(Mismatch::of(about, expected, format!(", found {}", found.to_json())));
            }
        }
        let scopes: Vec<&str> = claims.scopes().iter().map(Scope::as_str).collect();
        differences.extend(self.scopes.as_ref().and_then(|expected| of_scopes(expected, &scopes)));
        let released = claims.released_to(claims.audience());
        let released: Vec<&str> = released.keys().map(ClaimName::as_str).collect();
        let about = About::All(Stage::Release);
        differences.extend(self.released.as_ref().and_then(|expected| of_set(about, "released", expected, &released)));
        differences.extend(of_text(Stage::Subject, "subject", self.subject.as_deref(), Some(&claims.subject().value)));
        if let Some(name) = self.sub_same_as.as_ref().filter(|name| above.get(name.as_str()) != Some(claims.subject()))
        {
            let words = match above.get(name.as_str()) {
                Some(_) => format!("sub: expected that of `{name}`, found another"),
                None => format!("sub: expected that of `{name}`, which was refused"),
            };
            differences.push(Mismatch::public(About::All(Stage::Subject), words));
        }
        differences.extend(of_text(Stage::Authentication, "acr", self.acr.as_deref(), claims.acr()));
        if let Some(expected) = self.amr.as_ref().filter(|expected| expected.as_slice() != claims.amr()) {
            let found = claims.amr().join(", ");
            let words = format!("amr: expected [{}], found [{found}]", expected.join(", "));
            differences.push(Mismatch::public(About::All(Stage::Authentication), words));
        }
        differences
    }
}

fn of_text(stage: Stage, what: &str, expected: Option<&str>, found: Option<&str>) -> Option<Mismatch> {
    let expected = expected?;
    match found {
        Some(found) if found == expected => None,
        Some(found) => {
            let says = format!("{what}: expected `{expected}`");
            Some(Mismatch::of(About::All(stage), says, format!(", found `{found}`")))
        }
        None => Some(Mismatch::public(About::All(stage), format!("{what}: expected `{expected}`, found none"))),
    }
}

/// Lists are long and differ in one value: what is missing and what is too much is said as well.
fn of_claim(name: &str, expected: &ClaimValue, found: Option<&ClaimValue>) -> Mismatch {
    let about = About::One(Stage::Claim, name.to_owned());
    let says = format!("claim `{name}`: expected {}", expected.to_json());
    let Some(found) = found else { return Mismatch::public(about, format!("{says}, found none")) };
    let line = format!(", found {}", found.to_json());
    let (ClaimValue::List(expected), ClaimValue::List(found)) = (expected, found) else {
        return Mismatch::of(about, says, line);
    };
    let beside = |these: &[ClaimValue], those: &[ClaimValue]| {
        let only = these.iter().filter(|value| !those.contains(value)).map(|value| value.to_json().to_string());
        only.collect::<Vec<_>>().join(", ")
    };
    let (missing, extra) = (beside(expected, found), beside(found, expected));
    let found = match (missing.is_empty(), extra.is_empty(), expected.len().max(found.len()) < 3) {
        (_, _, true) => line,
        (true, true, false) => format!("{line}; the same values in another order, or another number of times"),
        (false, true, false) => format!("{line}; missing {missing}"),
        (true, false, false) => format!("{line}; too much {extra}"),
        (false, false, false) => format!("{line}; missing {missing}; too much {extra}"),
    };
    Mismatch::of(about, says, found)
}

/// One line for all, shown by the steps of those that differ.
fn of_scopes(expected: &[String], found: &[&str]) -> Option<Mismatch> {
    let differing = expected.iter().map(String::as_str).filter(|scope| !found.contains(scope));
    let differing = differing.chain(found.iter().copied().filter(|scope| !expected.iter().any(|name| name == scope)));
    of_set(About::Among(Stage::Scope, differing.map(str::to_owned).collect()), "scopes", expected, found)
}

/// Without order.
fn of_set(about: About, what: &str, expected: &[String], found: &[&str]) -> Option<Mismatch> {
    let mut expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    expected.sort_unstable();
    expected.dedup();
    let mut found = found.to_vec();
    found.sort_unstable();
    // Names of the file, all of them.
    let line = || format!("{what}: expected [{}], found [{}]", expected.join(", "), found.join(", "));
    (expected != found).then(|| Mismatch::public(about, line()))
}
