//! The tests of a mapping file, run through the very same [`Mapping::apply`] as a request.

use super::apply::RequestFacts;
use super::claims::Claims;
use super::compiled::{Declared, Mapping};
use super::file::{Expected, Given, RawTrial};
use crate::credential::{Authentication, Facts};
use crate::decision::{Detail, Rejection as _, Step, Trail};
use crate::diagnostic::{Diagnostic, Span};
use crate::ground::attribute::{Attribute, NameId};
use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::id::{ClientId, MappingId, Namespace, TraceId};
use crate::ground::reason::ReasonCode;
use crate::ground::time::Timestamp;

/// A test with its names resolved.
#[derive(Debug)]
pub(super) struct Trial {
    name: String,
    span: Span,
    facts: GivenFacts,
    claims: Vec<(String, ClaimValue)>,
    scopes: Option<Vec<String>>,
    absent: Vec<String>,
    subject: Option<String>,
    refused: Option<ReasonCode>,
}

#[derive(Debug)]
struct GivenFacts {
    /// Places of declared attributes with their values.
    attributes: Vec<(usize, Vec<String>)>,
    name_id: Option<NameId>,
    authentication: Authentication,
    client: Option<ClientId>,
    now: Option<Timestamp>,
}

/// How one test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestReport {
    /// The mapping.
    pub mapping: MappingId,
    /// The path of its file, as shown.
    pub file: String,
    /// The name of the test.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Empty if it passed; else one line for each difference. The values are those of the test.
    pub differences: Vec<String>,
    /// What the mapping did, with values.
    pub steps: Vec<Step>,
}

impl TestReport {
    /// Whether everything came out as expected.
    pub const fn passed(&self) -> bool {
        self.differences.is_empty()
    }

    /// A failed test as a problem of its file.
    pub fn diagnostic(&self) -> Option<Diagnostic> {
        if self.passed() {
            return None;
        }
        let message = format!("the test `{}` of `{}` fails", self.name, self.mapping);
        let mut diagnostic = Diagnostic::error("mapping.test_failed", &self.file, self.span, message);
        for difference in &self.differences {
            diagnostic.note(difference);
        }
        Some(diagnostic)
    }
}

impl Trial {
    pub(super) fn of(raw: &RawTrial, attributes: Vec<(usize, Vec<String>)>, refused: Option<ReasonCode>) -> Self {
        let RawTrial { name, given, expect } = raw;
        let Given { name_id, name_id_format, acr, auth_time, client, now, attributes: _ } = given;
        let Expected { claims, scopes, absent, subject, refused: _ } = expect;
        let name_id = name_id.as_ref().map(|value| NameId {
            value: value.clone(),
            format: name_id_format.clone(),
            name_qualifier: None,
            sp_name_qualifier: None,
        });
        Self {
            name: name.value.clone(),
            span: name.span,
            facts: GivenFacts {
                attributes,
                name_id,
                authentication: Authentication { instant: *auth_time, context_class: acr.clone(), session_index: None },
                client: client.as_deref().map(ClientId::new),
                now: *now,
            },
            claims: claims.iter().map(|(name, value)| (name.value.clone(), value.clone())).collect(),
            scopes: scopes.as_ref().map(|scopes| scopes.iter().map(|scope| scope.value.clone()).collect()),
            absent: absent.iter().map(|name| name.value.clone()).collect(),
            subject: subject.clone(),
            refused,
        }
    }

    fn differences(&self, claims: &Claims) -> Vec<String> {
        let mut differences = Vec::new();
        if let Some(code) = &self.refused {
            differences.push(format!("expected the refusal {code}, but it is accepted"));
        }
        let found = |name: &str| claims.all().get(&ClaimName::new(name));
        for (name, expected) in &self.claims {
            let found = found(name);
            if found != Some(expected) {
                let found = found.map_or("it is left out".to_owned(), |value| format!("found {}", value.to_json()));
                differences.push(format!("claim `{name}`: expected {}, {found}", expected.to_json()));
            }
        }
        for name in &self.absent {
            if let Some(value) = found(name) {
                differences.push(format!("claim `{name}`: expected to be left out, found {}", value.to_json()));
            }
        }
        if let Some(expected) = &self.scopes {
            let mut expected: Vec<&str> = expected.iter().map(String::as_str).collect();
            expected.sort_unstable();
            expected.dedup();
            let found: Vec<&str> = claims.scopes().iter().map(crate::ground::scope::Scope::as_str).collect();
            if expected != found {
                differences.push(format!("scopes: expected [{}], found [{}]", expected.join(", "), found.join(", ")));
            }
        }
        if let Some(expected) = self.subject.as_ref().filter(|expected| **expected != claims.subject().value) {
            differences.push(format!("subject: expected `{expected}`, found `{}`", claims.subject().value));
        }
        differences
    }
}

impl Mapping {
    /// Runs the tests of the file. `now` is for those that do not say one.
    pub fn run_tests(&self, now: Timestamp) -> Vec<TestReport> {
        self.tests.iter().map(|trial| self.run_test(trial, now)).collect()
    }

    fn run_test(&self, trial: &Trial, now: Timestamp) -> TestReport {
        let now = trial.facts.now.unwrap_or(now);
        let facts = Facts {
            source: self.source.clone(),
            namespace: Namespace::new(self.source.as_str()),
            name_id: trial.facts.name_id.clone(),
            attributes: self.given(&trial.facts.attributes),
            authentication: trial.facts.authentication.clone(),
        };
        let first = self.clients.as_ref().and_then(|clients| clients.iter().next().cloned());
        let client = trial.facts.client.clone().or(first).unwrap_or_else(|| ClientId::new("test"));
        let mut trail = Trail::open(TraceId::from_bytes([0; 16]), now, Detail::Explain);
        let differences = match (self.apply(&facts, &RequestFacts { client: &client, now }, &mut trail), &trial.refused)
        {
            (Ok(claims), _) => trial.differences(&claims),
            (Err(refusal), Some(code)) if refusal.code() == *code => Vec::new(),
            (Err(refusal), Some(code)) => {
                vec![format!("expected the refusal {code}, found {}: {refusal}", refusal.code())]
            }
            (Err(refusal), None) => vec![format!("refused with {}: {refusal}", refusal.code())],
        };
        TestReport {
            mapping: self.id.clone(),
            file: self.path.clone(),
            name: trial.name.clone(),
            span: trial.span,
            differences,
            steps: trail.steps().to_vec(),
        }
    }

    /// As the source would send them.
    fn given(&self, attributes: &[(usize, Vec<String>)]) -> Vec<Attribute> {
        let sent = |(place, values): &(usize, Vec<String>)| {
            let Declared { short, name, format, .. } = self.attributes.get(*place)?;
            Some(Attribute {
                name: name.clone(),
                name_format: format.clone(),
                friendly_name: Some(short.to_string()),
                values: values.clone(),
            })
        };
        attributes.iter().filter_map(sent).collect()
    }
}
