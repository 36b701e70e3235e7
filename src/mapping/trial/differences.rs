//! What came out, beside what was expected, in lines that a person reads.

use std::fmt;

use super::{Above, Expectation};
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
}

impl Mismatch {
    /// In words that have no value of a person.
    pub(super) fn public(words: String) -> Self {
        Self { expected: words, found: None }
    }

    pub(super) fn of(expected: String, found: impl Into<String>) -> Self {
        Self { expected, found: Some(found.into()) }
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
            return vec![Mismatch::public(format!("expected the refusal {code}, but it is accepted"))];
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
                differences.push(Mismatch::of(expected, format!(", found {}", found.to_json())));
            }
        }
        let scopes: Vec<&str> = claims.scopes().iter().map(Scope::as_str).collect();
        differences.extend(self.scopes.as_ref().and_then(|expected| of_set("scopes", expected, &scopes)));
        let released = claims.released_to(claims.audience());
        let released: Vec<&str> = released.keys().map(ClaimName::as_str).collect();
        differences.extend(self.released.as_ref().and_then(|expected| of_set("released", expected, &released)));
        differences.extend(of_text("subject", self.subject.as_deref(), Some(&claims.subject().value)));
        if let Some(name) = self.sub_same_as.as_ref().filter(|name| above.get(name.as_str()) != Some(claims.subject()))
        {
            differences.push(Mismatch::public(match above.get(name.as_str()) {
                Some(_) => format!("sub: expected that of `{name}`, found another"),
                None => format!("sub: expected that of `{name}`, which was refused"),
            }));
        }
        differences.extend(of_text("acr", self.acr.as_deref(), claims.acr()));
        if let Some(expected) = self.amr.as_ref().filter(|expected| expected.as_slice() != claims.amr()) {
            let found = claims.amr().join(", ");
            differences.push(Mismatch::public(format!("amr: expected [{}], found [{found}]", expected.join(", "))));
        }
        differences
    }
}

fn of_text(what: &str, expected: Option<&str>, found: Option<&str>) -> Option<Mismatch> {
    let expected = expected?;
    match found {
        Some(found) if found == expected => None,
        Some(found) => Some(Mismatch::of(format!("{what}: expected `{expected}`"), format!(", found `{found}`"))),
        None => Some(Mismatch::public(format!("{what}: expected `{expected}`, found none"))),
    }
}

/// Lists are long and differ in one value: what is missing and what is too much is said as well.
fn of_claim(name: &str, expected: &ClaimValue, found: Option<&ClaimValue>) -> Mismatch {
    let says = format!("claim `{name}`: expected {}", expected.to_json());
    let Some(found) = found else { return Mismatch::public(format!("{says}, found none")) };
    let line = format!(", found {}", found.to_json());
    let (ClaimValue::List(expected), ClaimValue::List(found)) = (expected, found) else {
        return Mismatch::of(says, line);
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
    Mismatch::of(says, found)
}

/// Without order.
fn of_set(what: &str, expected: &[String], found: &[&str]) -> Option<Mismatch> {
    let mut expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    expected.sort_unstable();
    expected.dedup();
    let mut found = found.to_vec();
    found.sort_unstable();
    // Names of the file, all of them.
    let line = || format!("{what}: expected [{}], found [{}]", expected.join(", "), found.join(", "));
    (expected != found).then(|| Mismatch::public(line()))
}
