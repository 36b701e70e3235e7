//! The closed record and its JSON.
//!
//! The JSON of a decision is an outside contract of its own, one line in the audit file and one value in the store;
//! this is its one place.

use serde_json::{Map, Value, json};

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
        let steps = &self.trail.steps;
        let mut kept = steps.len();
        loop {
            // From both ends: how it began, and why it ended.
            let (head, tail) = (kept.div_ceil(2), kept / 2);
            let ends = steps.iter().take(head).chain(steps.iter().skip(steps.len() - tail));
            let text = self.with_steps(ends.map(step_json).collect(), steps.len() - kept + self.trail.omitted);
            if text.len() <= MAX_RECORD_BYTES || kept == 0 {
                return text;
            }
            kept /= 2;
        }
    }

    fn with_steps(&self, steps: Vec<Value>, omitted: usize) -> String {
        let mut record = self.head();
        record.insert("steps".into(), Value::from(steps));
        if omitted > 0 {
            record.insert("steps_omitted".into(), Value::from(omitted));
        }
        Value::Object(record).to_string()
    }

    fn head(&self) -> Map<String, Value> {
        let known = &self.trail.known;
        let (outcome, reason) = match &self.outcome {
            Outcome::Abandoned => ("abandoned", Some(ReasonCode::from(Reason::Abandoned))),
            Outcome::Issued => ("issued", None),
            Outcome::Refused(reason) => ("refused", Some(reason.clone())),
            Outcome::Failed(reason) => ("failed", Some(reason.clone())),
        };
        let mut head = Map::new();
        let mut put = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                head.insert(key.to_owned(), Value::String(bounded(&value)));
            }
        };
        put("trace_id", Some(self.trail.trace_id.to_string()));
        put("time", Some(self.trail.opened.to_string()));
        put("outcome", Some(outcome.to_owned()));
        put("reason", reason.map(|code| code.to_string()));
        put("door", known.door.map(str::to_owned));
        put("client_id", known.client.as_ref().map(ToString::to_string));
        put("source", known.source.as_ref().map(ToString::to_string));
        put("credential_digest", known.credential_digest.clone());
        put("mapping", known.mapping.as_ref().map(|(id, _)| id.to_string()));
        put("mapping_hash", known.mapping.as_ref().map(|(_, hash)| hash.clone()));
        put("audience", known.audience.as_ref().map(ToString::to_string));
        put("scope_asked", known.scope_asked.as_ref().map(ToString::to_string));
        put("scope_granted", known.scope_granted.as_ref().map(ToString::to_string));
        put("subject_hash", known.subject_hash.clone());
        put("jti", known.jti.clone());
        put("expires", known.expires.map(|at| at.to_string()));
        put("revision", known.revision.clone());
        put("counted_before", known.counted_before.map(|count| count.to_string()));
        head
    }
}

fn step_json(step: &Step) -> Value {
    let (finding, reason) = match &step.finding {
        Finding::Passed => ("passed", None),
        Finding::Failed(reason) => ("failed", Some(reason.to_string())),
        Finding::Noted => ("noted", None),
    };
    let mut fields = Map::new();
    fields.insert("stage".into(), step.stage.as_str().into());
    if let Some(subject) = &step.subject {
        fields.insert("of".into(), bounded(subject).into());
    }
    fields.insert("finding".into(), finding.into());
    if let Some(reason) = reason {
        fields.insert("reason".into(), reason.into());
    }
    for Fact { label, value } in &step.facts {
        fields.insert((*label).to_owned(), shown_json(value));
    }
    Value::Object(fields)
}

fn shown_json(value: &Shown) -> Value {
    match value {
        Shown::Public(text) => bounded(text).into(),
        Shown::Private(text) => json!({ "shape": shape(text) }),
    }
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
fn bounded(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::decision::{Detail, Stage};
    use crate::ground::id::TraceId;
    use crate::ground::time::Timestamp;

    use super::*;

    fn trail() -> Trail {
        Trail::open(TraceId::new([1; 16]), Timestamp::from_unix_seconds(0), Detail::Record)
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
    fn a_record_never_outgrows_its_limit() {
        let mut trail = trail();
        for _ in 0..10_000 {
            trail.noted(Stage::Attribute, "x".repeat(1000), vec![Fact::public("found", "y".repeat(1000))]);
        }
        let json = trail.close(Outcome::Refused(Reason::SamlExpired.into())).to_json();
        assert!(json.len() <= MAX_RECORD_BYTES);
        assert!(json.contains("steps_omitted") && json.contains("saml.expired"));
    }
}
