//! The closed record and its JSON.
//!
//! The JSON of a decision is an outside contract of its own, one line in the audit file and one value in the store;
//! this is its one place.

use std::borrow::Cow;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::ground::reason::{Reason, ReasonCode};

use super::trail::{Fact, Finding, Shown, Step, Trail};

/// No record is larger (`docs/ARCHITECTURE.md`, "Commit"): the store puts larger values where it never syncs.
pub const MAX_RECORD_BYTES: usize = 16 * 1024;
const MAX_TEXT_CHARS: usize = 256;

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody decided: a fault, or a shutdown.
    Abandoned,
    /// A token left.
    Issued,
    /// What was presented or asked is not acceptable.
    Refused(ReasonCode),
    /// The bridge failed.
    Failed(ReasonCode),
}

/// A trail and how it ended.
#[derive(Debug)]
pub struct Decision<'a> {
    pub(super) trail: &'a Trail,
    pub(super) outcome: Outcome,
}

impl Decision<'_> {
    /// The trail that led here.
    pub const fn trail(&self) -> &Trail {
        self.trail
    }

    /// How it ended.
    pub const fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// One JSON object without line breaks, at most [`MAX_RECORD_BYTES`] long: steps from the middle are left out
    /// (and counted) where they do not fit. Private facts appear by their shape.
    pub fn to_json(&self) -> String {
        fitting(&self.trail.steps, MAX_RECORD_BYTES, |ends| Record {
            decision: self,
            steps: Steps { ends, values: false },
        })
    }

    /// What there is to say of the request, by name. Borrowed where it can be: this is written once a request.
    fn head(&self) -> [(&'static str, Option<Cow<'_, str>>); 18] {
        let (trail, known) = (self.trail, &self.trail.known);
        // What was about to be granted when somebody else said no looks as if it had been.
        let is_issued = self.outcome == Outcome::Issued;
        let (outcome, reason) = match &self.outcome {
            Outcome::Abandoned => ("abandoned", Some(ReasonCode::from(Reason::Abandoned))),
            Outcome::Issued => ("issued", None),
            Outcome::Refused(reason) => ("refused", Some(reason.clone())),
            Outcome::Failed(reason) => ("failed", Some(reason.clone())),
        };
        [
            ("trace_id", shown(Some(&trail.trace_id))),
            ("time", shown(Some(&trail.opened))),
            ("outcome", Some(outcome.into())),
            ("reason", shown(reason.as_ref())),
            ("door", known.door.map(Cow::from)),
            ("client_id", known.client.as_ref().map(|id| id.as_str().into())),
            ("source", known.source.as_ref().map(|id| id.as_str().into())),
            ("credential_digest", known.credential_digest.as_deref().map(Cow::from)),
            ("mapping", known.mapping.as_ref().map(|(id, _)| id.as_str().into())),
            ("mapping_hash", known.mapping.as_ref().map(|(_, hash)| Cow::from(&**hash))),
            ("audience", known.audience.as_ref().map(|audience| audience.as_str().into())),
            ("scope_asked", shown(known.scope_asked.as_ref())),
            ("scope_granted", shown(known.scope_granted.as_ref().filter(|_| is_issued))),
            ("subject_hash", known.subject_hash.as_deref().map(Cow::from)),
            ("jti", known.jti.as_deref().filter(|_| is_issued).map(Cow::from)),
            ("expires", shown(known.expires.as_ref().filter(|_| is_issued))),
            ("revision", known.revision.as_deref().map(Cow::from)),
            ("counted_before", shown(known.counted_before.as_ref())),
        ]
    }
}

impl Trail {
    /// The steps with their private facts in clear, as a JSON array of at most so many bytes: for whoever was allowed to
    /// keep them, sealed. Steps from the middle are left out where they do not fit.
    pub fn values_json(&self, most: usize) -> String {
        fitting(&self.steps, most, |ends| Steps { ends, values: true })
    }
}

/// As JSON of at most so many bytes, with as many of the first and the last steps as fit.
fn fitting<'s, T: Serialize>(steps: &'s [Step], most: usize, with: impl Fn([&'s [Step]; 2]) -> T) -> String {
    let mut kept = steps.len();
    loop {
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        let ends = [steps.get(..head), steps.get(steps.len() - tail..)].map(Option::unwrap_or_default);
        // Of strings and numbers, into memory: nothing in it can fail.
        let json = serde_json::to_string(&with(ends)).unwrap_or_default();
        if json.len() <= most || kept == 0 {
            return json;
        }
        kept /= 2;
    }
}

fn shown<T: ToString>(value: Option<&T>) -> Option<Cow<'static, str>> {
    value.map(|value| value.to_string().into())
}

/// The record as it is written, with the first and the last of its steps.
struct Record<'a> {
    decision: &'a Decision<'a>,
    steps: Steps<'a>,
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.decision.head() {
            if let Some(value) = value {
                map.serialize_entry(name, &bounded(&value))?;
            }
        }
        map.serialize_entry("steps", &self.steps)?;
        let omitted = self.decision.trail.omitted + self.decision.trail.steps.len()
            - self.steps.ends.map(<[Step]>::len).iter().sum::<usize>();
        if omitted > 0 {
            map.serialize_entry("steps_omitted", &omitted)?;
        }
        map.end()
    }
}

struct Steps<'a> {
    ends: [&'a [Step]; 2],
    /// Whether private facts are written in clear.
    values: bool,
}

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.ends.into_iter().flatten().map(|step| StepJson { step, values: self.values }))
    }
}

struct StepJson<'a> {
    step: &'a Step,
    values: bool,
}

impl Serialize for StepJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Step { stage, subject, finding, facts } = self.step;
        let (finding, reason) = match finding {
            Finding::Passed => ("passed", None),
            Finding::Failed(reason) => ("failed", Some(reason.to_string())),
            Finding::Noted => ("noted", None),
        };
        let fixed = [
            ("stage", Some(Cow::from(stage.as_str()))),
            ("of", subject.as_deref().map(bounded)),
            ("finding", Some(finding.into())),
            ("reason", reason.map(Cow::from)),
        ];
        let mut map = serializer.serialize_map(None)?;
        // A name stands once in an object: the last of several facts of one label is the one that counts.
        let again = |label: &str, later: &[Fact]| later.iter().any(|fact| fact.label == label);
        for (name, value) in fixed {
            if let Some(value) = value.filter(|_| !again(name, facts)) {
                map.serialize_entry(name, &value)?;
            }
        }
        if self.values {
            let earlier = |place: usize, label: &str| facts.iter().take(place).any(|fact| fact.label == label);
            for (place, fact) in facts.iter().enumerate().filter(|(place, fact)| !earlier(*place, fact.label)) {
                map.serialize_entry(fact.label, &values_of(fact.label, facts.get(place..).unwrap_or_default()))?;
            }
            return map.end();
        }
        for (place, Fact { label, value }) in facts.iter().enumerate() {
            if again(label, facts.get(place + 1..).unwrap_or_default()) {
                continue;
            }
            match value {
                Shown::Public(text) => map.serialize_entry(label, &bounded(text))?,
                Shown::Private(text) => map.serialize_entry(label, &Shape { shape: shape(text) })?,
            }
        }
        map.end()
    }
}

/// The values of all facts of a label: one, or a list.
fn values_of(label: &str, facts: &[Fact]) -> serde_json::Value {
    let text = |fact: &Fact| match &fact.value {
        Shown::Public(text) | Shown::Private(text) => serde_json::Value::from(bounded(text).as_ref()),
    };
    let mut values: Vec<serde_json::Value> = facts.iter().filter(|fact| fact.label == label).map(text).collect();
    match values.len() {
        1 => values.pop().unwrap_or_default(),
        _ => values.into(),
    }
}

/// What is shown of a private fact.
#[derive(Serialize)]
struct Shape {
    shape: &'static str,
}

/// A length bucket: enough to see an empty or absurd value, too little to tell people apart.
fn shape(text: &str) -> &'static str {
    match text.chars().count() {
        0 => "empty",
        1..=16 => "1-16 characters",
        17..=64 => "17-64 characters",
        65..=256 => "65-256 characters",
        _ => "over 256 characters",
    }
}

/// Control characters are written as escapes by JSON; here the length is bounded.
fn bounded(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_TEXT_CHARS {
        return text.into();
    }
    match text.char_indices().nth(MAX_TEXT_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::decision::{Detail, Stage};
    use crate::ground::id::TraceId;
    use crate::ground::time::Timestamp;

    use super::*;

    fn trail() -> Trail {
        Trail::open(TraceId::from_bytes([1; 16]), Timestamp::from_unix_seconds(0), Detail::Record)
    }

    #[test]
    fn a_private_fact_appears_by_its_shape() {
        let mut trail = trail();
        trail.passed(
            Stage::Subject,
            vec![Fact::private("found", "ana.ruiz@corp.example"), Fact::public("format", "email")],
        );
        let json = trail.close(Outcome::Issued).to_json();
        assert!(!json.contains("ana.ruiz"), "{json}");
        assert!(json.contains("17-64 characters") && json.contains(r#""format":"email""#), "{json}");
    }

    #[test]
    fn what_was_not_given_does_not_stand_in_the_head() {
        let mut trail = trail();
        trail.known.expires = Some(Timestamp::from_unix_seconds(9));
        trail.known.jti = Some("marker-jti".into());
        trail.known.scope_granted = crate::ground::scope::ScopeSet::parse("marker-scope").ok();
        let marks = |json: &str| [json.contains("expires"), json.contains("marker-jti"), json.contains("marker-scope")];
        assert_eq!(marks(&trail.close(Outcome::Issued).to_json()), [true; 3]);
        for outcome in [Outcome::Abandoned, Outcome::Refused(Reason::SubjectConflict.into())] {
            assert_eq!(marks(&trail.close(outcome).to_json()), [false; 3]);
        }
    }

    #[test]
    fn a_name_stands_once_in_a_step() {
        let mut trail = trail();
        let fact = |label, value: &str| Fact::public(label, value);
        trail.passed(Stage::Subject, vec![fact("found", "a"), fact("found", "b"), fact("finding", "mine")]);
        let json = trail.close(Outcome::Issued).to_json();
        assert!(json.contains(r#"[{"stage":"subject","found":"b","finding":"mine"}]"#), "{json}");
    }

    #[test]
    fn values_are_shown_to_whoever_may_keep_them() {
        let mut trail = trail();
        let value = |text: &str| Fact::private("value", text);
        trail.passed(Stage::Attribute, vec![value("ana"), Fact::public("found", "2"), value("bob")]);
        let decision = trail.close(Outcome::Issued);
        assert_eq!(
            trail.values_json(MAX_RECORD_BYTES),
            r#"[{"stage":"attribute","finding":"passed","value":["ana","bob"],"found":"2"}]"#
        );
        assert!(!decision.to_json().contains("ana"));
        assert_eq!(trail.values_json(20), "[]");
    }

    #[test]
    fn a_record_never_outgrows_its_limit() {
        let mut trail = trail();
        for _ in 0..10_000 {
            trail.noted(Stage::Attribute, "x".repeat(1000), vec![Fact::public("found", "y".repeat(1000))]);
        }
        let json = trail.close(Outcome::Refused(Reason::SamlExpired.into())).to_json();
        assert!(json.len() <= MAX_RECORD_BYTES);
        assert!(json.contains("steps_omitted") && json.contains("saml.expired"));
    }

    #[test]
    fn what_was_noted_pushes_out_no_check() {
        let mut trail = trail();
        (0..300).for_each(|_| trail.noted(Stage::Attribute, "x", Vec::new()));
        trail.passed(Stage::Release, Vec::new());
        let stages: Vec<_> = trail.steps().iter().map(|step| step.stage).collect();
        assert_eq!((stages.len(), stages.last()), (257, Some(&Stage::Release)));
    }
}
