//! What runs beside a request and cannot change its answer: shadows, and what an operator asked to be kept.

use crate::credential::Identity;
use crate::decision::{Detail, Fact, Finding, Stage, Trail};
use crate::ground::attribute::Attribute;
use crate::mapping::{Outcome, RequestFacts, differences};

use super::recorder::{Asked, Keeping, MAX_PLAIN_BYTES};
use super::token::Flow;

impl Flow<'_> {
    /// Keeps what the credential said, where an operator asked for it.
    pub(super) fn keep_facts(&self, identity: &Identity, request: &RequestFacts<'_>) {
        let Keeping { values, facts: how } = &self.revision.keeping;
        if values.is_none() && how.is_none() {
            return;
        }
        let recorder = &self.bridge.recorder;
        let person = recorder.person(identity.facts());
        // What is never kept could be part of any value: then none is.
        let redact = how.as_ref().map(|how| how.redact.as_slice()).unwrap_or_default();
        let is_redacted = |attribute: &Attribute| redact.contains(&attribute.name);
        if !identity.facts().attributes.iter().any(is_redacted) {
            // Set once: a request is about one person.
            let _ = self.person.set(person);
        }
        let Some(how) = how else { return };
        let asked = Asked { trace_id: self.trace_id, person, request, facts: identity.facts() };
        recorder.keep_facts(&asked, identity.consumption(), how);
    }

    /// Keeps the values of the steps, where an operator asked for it.
    pub(super) fn keep_values(&self, trail: &Trail) {
        let (Some(keep), Some(person)) = (self.revision.keeping.values, self.person.get()) else { return };
        let json = trail.values_json(MAX_PLAIN_BYTES);
        self.bridge.recorder.keep_values(self.trace_id, *person, self.now.after(keep), &json);
    }

    /// Runs the shadows of this mapping beside it: what differs is counted, and noted in the record.
    pub(super) fn shadow(&self, identity: &Identity, facts: &RequestFacts<'_>, live: &Outcome, trail: &mut Trail) {
        let source = &identity.facts().source;
        for shadow in self.revision.mappings.shadows(source, facts.client, facts.audience) {
            let mut beside = Trail::open(self.trace_id, self.now, Detail::Record);
            let outcome = shadow.apply(identity.facts(), facts, &mut beside);
            let found = differences(live, &outcome);
            self.bridge.shadows.count(shadow, self.trace_id, &found);
            if !found.is_empty() {
                let words: Vec<String> = found.iter().map(ToString::to_string).collect();
                let facts = vec![Fact::public("differs", words.join("; "))];
                trail.push(Stage::Shadow, Some(shadow.id().as_str().into()), Finding::Noted, facts);
            }
        }
    }
}
