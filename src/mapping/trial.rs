//! The tests of a mapping file, run through the very same [`Mapping::apply`] as a request.
//!
//! A test with facts is self-contained and runs whenever the file is loaded. One with a recorded credential needs keys
//! and a verifier as well: whoever has them asks for [`Mapping::recorded_tests`].

mod differences;

pub use self::differences::{About, Mismatch};

use std::collections::BTreeMap;

use super::apply::RequestFacts;
use super::claims::Subject;
use super::compare::Outcome;
use super::compiled::{Declared, Mapping};
use super::file::{Expected, Given, RawTrial};
use crate::credential::{Authentication, Facts};
use crate::decision::{Detail, Rejection as _, Step, Trail};
use crate::diagnostic::{Diagnostic, Span};
use crate::ground::attribute::{Attribute, NameId};
use crate::ground::claim::ClaimValue;
use crate::ground::id::{Audience, ClientId, MappingId, Namespace, TraceId};
use crate::ground::reason::ReasonCode;
use crate::ground::time::Timestamp;

/// A test with its names resolved.
#[derive(Debug)]
pub(super) struct Trial {
    name: String,
    span: Span,
    given: GivenFacts,
    expect: Expectation,
}

#[derive(Debug)]
struct GivenFacts {
    /// Places of declared attributes with their values.
    attributes: Vec<(usize, Vec<String>)>,
    name_id: Option<NameId>,
    authentication: Authentication,
    client: Option<ClientId>,
    audience: Option<Audience>,
    now: Option<Timestamp>,
    credential: Option<(String, Span)>,
}

/// What must come out.
#[derive(Debug)]
struct Expectation {
    claims: Vec<(String, ClaimValue)>,
    scopes: Option<Vec<String>>,
    absent: Vec<String>,
    released: Option<Vec<String>>,
    subject: Option<String>,
    sub_same_as: Option<String>,
    acr: Option<String>,
    amr: Option<Vec<String>>,
    refused: Option<ReasonCode>,
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
    /// Empty if it passed.
    pub differences: Vec<Mismatch>,
    /// Its credential is a file: what was found is of a person.
    pub is_recorded: bool,
    /// What the mapping did, with values.
    pub steps: Vec<Step>,
}

/// A test whose credential is a file.
#[derive(Debug)]
pub struct RecordedTest<'m> {
    mapping: &'m Mapping,
    trial: &'m Trial,
    credential: &'m str,
    /// Where the path stands.
    pub span: Span,
    /// The time of the request; its file says one, or is refused.
    pub now: Option<Timestamp>,
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
        for line in self.lines_for_files() {
            diagnostic.note(line);
        }
        Some(diagnostic)
    }

    /// The steps that show what differs, in order.
    pub fn telling_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| self.differences.iter().any(|difference| difference.is_about(step)))
    }

    /// One line for each difference, with what was found: for the screen of whoever has the credential at hand.
    pub fn lines(&self) -> Vec<String> {
        self.differences.iter().map(ToString::to_string).collect()
    }

    /// The same for what is kept and passed on, as reports of CI are: what was found of a person stays out.
    pub fn lines_for_files(&self) -> Vec<String> {
        let line = |mismatch: &Mismatch| match &mismatch.found {
            Some(_) if self.is_recorded => format!("{}; what was found is shown on a screen only", mismatch.expected),
            Some(_) | None => mismatch.to_string(),
        };
        self.differences.iter().map(line).collect()
    }
}

impl Trial {
    pub(super) fn of(raw: &RawTrial, attributes: Vec<(usize, Vec<String>)>, refused: Option<ReasonCode>) -> Self {
        let RawTrial { name, given, expect } = raw;
        let Given { name_id, name_id_format, acr, auth_time, client, audience, now, credential, attributes: _ } = given;
        let Expected { claims, scopes, absent, released, subject, sub_same_as, acr: acr_after, amr, refused: _ } =
            expect;
        let name_id = name_id.as_ref().map(|value| NameId {
            value: value.clone(),
            format: name_id_format.clone(),
            name_qualifier: None,
            sp_name_qualifier: None,
        });
        let texts = |words: &Option<Vec<super::file::Word>>| {
            words.as_ref().map(|words| words.iter().map(|word| word.value.clone()).collect())
        };
        Self {
            name: name.value.clone(),
            span: name.span,
            given: GivenFacts {
                attributes,
                name_id,
                authentication: Authentication { instant: *auth_time, context_class: acr.clone(), session_index: None },
                client: client.as_ref().map(|client| ClientId::new(client.value.as_str())),
                audience: audience.as_ref().map(|audience| Audience::new(audience.value.as_str())),
                now: *now,
                credential: credential.as_ref().map(|path| (path.value.clone(), path.span)),
            },
            expect: Expectation {
                claims: claims.iter().map(|(name, value)| (name.value.clone(), value.clone())).collect(),
                scopes: texts(scopes),
                absent: absent.iter().map(|name| name.value.clone()).collect(),
                released: texts(released),
                subject: subject.clone(),
                sub_same_as: sub_same_as.as_ref().map(|name| name.value.clone()),
                acr: acr_after.clone(),
                amr: texts(amr),
                refused,
            },
        }
    }
}

/// The subjects of the tests that have run, by their names: `sub_same_as` compares with them.
type Above<'m> = BTreeMap<&'m str, Subject>;

impl Mapping {
    /// Runs the self-contained tests of the file. `now` is for those that do not say one.
    pub fn run_tests(&self, now: Timestamp) -> Vec<TestReport> {
        let mut above = Above::new();
        let own = self.tests.iter().filter(|trial| trial.given.credential.is_none());
        own.map(|trial| self.run_test(trial, now, &mut above)).collect()
    }

    /// What this mapping makes of the people of another's self-contained tests, by the names of the tests. An attribute
    /// is the same where it has the same name on the wire.
    pub fn outcomes_of<'m>(&self, tests: &'m Self, now: Timestamp) -> Vec<(&'m str, Outcome)> {
        let own = tests.tests.iter().filter(|trial| trial.given.credential.is_none());
        own.map(|trial| {
            let (client, audience) = (tests.client_of(trial), tests.audience_of(trial));
            let now = trial.given.now.unwrap_or(now);
            let mut trail = Trail::open(TraceId::from_bytes([0; 16]), now, Detail::Record);
            let request = RequestFacts { client: &client, audience: &audience, now };
            (trial.name.as_str(), self.apply(&tests.facts_of(trial), &request, &mut trail))
        })
        .collect()
    }

    /// The tests whose credential is a file.
    pub fn recorded_tests(&self) -> impl Iterator<Item = RecordedTest<'_>> {
        self.tests.iter().filter_map(|trial| {
            let (credential, span) = trial.given.credential.as_ref()?;
            Some(RecordedTest { mapping: self, trial, credential, span: *span, now: trial.given.now })
        })
    }

    fn run_test<'m>(&'m self, trial: &'m Trial, now: Timestamp, above: &mut Above<'m>) -> TestReport {
        self.judge(trial, &self.facts_of(trial), trial.given.now.unwrap_or(now), above)
    }

    fn facts_of(&self, trial: &Trial) -> Facts {
        Facts {
            source: self.source.clone(),
            namespace: Namespace::new(self.source.as_str()),
            name_id: trial.given.name_id.clone(),
            attributes: self.given(&trial.given.attributes),
            authentication: trial.given.authentication.clone(),
        }
    }

    /// Applies the mapping to the facts and compares.
    fn judge<'m>(&'m self, trial: &'m Trial, facts: &Facts, now: Timestamp, above: &mut Above<'m>) -> TestReport {
        let (client, audience) = (self.client_of(trial), self.audience_of(trial));
        let mut trail = Trail::open(TraceId::from_bytes([0; 16]), now, Detail::Explain);
        let request = RequestFacts { client: &client, audience: &audience, now };
        let differences = match (self.apply(facts, &request, &mut trail), &trial.expect.refused) {
            (Ok(claims), _) => {
                let differences = trial.expect.differences(&claims, above);
                above.insert(&trial.name, claims.subject().clone());
                differences
            }
            (Err(refusal), Some(code)) if refusal.code() == *code => Vec::new(),
            (Err(refusal), Some(code)) => {
                let expected = format!("expected the refusal {code}, found {}", refusal.code());
                vec![Mismatch::of(About::Refusal(None), expected, format!(": {refusal}"))]
            }
            (Err(refusal), None) => {
                let words = format!("refused with {}", refusal.code());
                vec![Mismatch::of(About::Refusal(None), words, format!(": {refusal}"))]
            }
        };
        self.report(trial, differences, trail.steps().to_vec())
    }

    fn report(&self, trial: &Trial, differences: Vec<Mismatch>, steps: Vec<Step>) -> TestReport {
        TestReport {
            mapping: self.id.clone(),
            file: self.path.clone(),
            name: trial.name.clone(),
            span: trial.span,
            differences,
            is_recorded: trial.given.credential.is_some(),
            steps,
        }
    }

    /// Whom the test says, or the first that the mapping is for.
    fn client_of(&self, trial: &Trial) -> ClientId {
        let first = self.clients.as_ref().and_then(|clients| clients.iter().next().cloned());
        trial.given.client.clone().or(first).unwrap_or_else(|| ClientId::new("test"))
    }

    /// The API that the test says, or the first that the mapping is for, or releases something to.
    fn audience_of(&self, trial: &Trial) -> Audience {
        let first = self.audiences.as_ref().and_then(|audiences| audiences.iter().next());
        let first = first.or_else(|| self.release.keys().next()).cloned();
        trial.given.audience.clone().or(first).unwrap_or_else(|| Audience::new("test"))
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

impl RecordedTest<'_> {
    /// The mapping whose test it is.
    pub const fn mapping(&self) -> &Mapping {
        self.mapping
    }

    /// The path of the credential, as written: it begins at the folder of the mapping's file.
    pub const fn credential(&self) -> &str {
        self.credential
    }

    /// Who presents it.
    pub fn client(&self) -> ClientId {
        self.mapping.client_of(self.trial)
    }

    /// The API that is asked for.
    pub fn audience(&self) -> Audience {
        self.mapping.audience_of(self.trial)
    }

    /// The test with the facts of the verified credential, or with the reason for which that was refused; `steps` are
    /// what led there.
    pub fn judge(&self, facts: Result<&Facts, ReasonCode>, now: Timestamp, steps: Vec<Step>) -> TestReport {
        let expected = &self.trial.expect.refused;
        match facts {
            Ok(facts) => {
                let report = self.mapping.judge(self.trial, facts, now, &mut Above::new());
                TestReport { steps: steps.into_iter().chain(report.steps).collect(), ..report }
            }
            Err(code) if expected.as_ref() == Some(&code) => self.mapping.report(self.trial, Vec::new(), steps),
            Err(code) => {
                let difference = match expected {
                    Some(expected) => format!("expected the refusal {expected}, found {code}"),
                    None => format!("the credential is refused with {code}"),
                };
                self.mapping.report(self.trial, vec![Mismatch::public(About::Refusal(None), difference)], steps)
            }
        }
    }

    /// The test of a credential that cannot be looked at at all.
    pub fn unread(&self, why: &str) -> TestReport {
        let difference = format!("the credential `{}` cannot be read: {why}", self.credential);
        self.mapping.report(self.trial, vec![Mismatch::public(About::Refusal(None), difference)], Vec::new())
    }
}
