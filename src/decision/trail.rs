//! The steps of one request while it runs.

use std::fmt::Display;
use std::sync::Arc;

use crate::ground::id::{Audience, ClientId, MappingId, SourceId, TraceId};
use crate::ground::reason::ReasonCode;
use crate::ground::scope::ScopeSet;
use crate::ground::time::Timestamp;

use super::record::{Decision, Outcome};

/// How much a trail writes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What the decision record keeps: little, and nothing private but by its shape.
    Record,
    /// Values as well, of a request that somebody waits for: nothing is worked out for the record alone.
    Values,
    /// Everything, values and guesses included: for `mapping explain` and mapping tests.
    Explain,
}

/// A part of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The request's parameters.
    Request,
    /// Client authentication and what this client may do.
    Client,
    /// Bytes to text.
    Decode,
    /// Admissible XML, or the declared fields of a session.
    Parse,
    /// Which source vouches, and whether it is trusted.
    Trust,
    /// The signature or MAC.
    Signature,
    /// The second verifier.
    SecondOpinion,
    /// Times, conditions, audience, confirmation.
    Conditions,
    /// The requested audience or resource.
    Target,
    /// Which mapping applies.
    Mapping,
    /// A declared attribute.
    Attribute,
    /// A `require` rule.
    Require,
    /// The subject rule.
    Subject,
    /// A claim.
    Claim,
    /// What the login becomes.
    Authentication,
    /// A scope.
    Scope,
    /// What may leave for the audience.
    Release,
    /// A mapping that runs beside the live one.
    Shadow,
    /// What is granted.
    Policy,
    /// Which `sub` the person has, where a link is made for it.
    Link,
    /// First use, or counted reuse.
    Replay,
    /// The token.
    Issue,
}

impl Stage {
    /// The word in records and on the screen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Client => "client",
            Self::Decode => "decode",
            Self::Parse => "parse",
            Self::Trust => "trust",
            Self::Signature => "signature",
            Self::SecondOpinion => "second_opinion",
            Self::Conditions => "conditions",
            Self::Target => "target",
            Self::Mapping => "mapping",
            Self::Attribute => "attribute",
            Self::Require => "require",
            Self::Subject => "subject",
            Self::Claim => "claim",
            Self::Authentication => "authentication",
            Self::Scope => "scope",
            Self::Release => "release",
            Self::Shadow => "shadow",
            Self::Policy => "policy",
            Self::Link => "link",
            Self::Replay => "replay",
            Self::Issue => "issue",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The check holds.
    Passed,
    /// The check fails, and with it the request.
    Failed(ReasonCode),
    /// Nothing failed, but somebody should know: an attribute that is not declared, a scope that was removed.
    Noted,
}

/// A value of a fact, and who may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Protocol words that name no person: audiences, entity IDs, times, algorithms, attribute names, counts.
    Public(String),
    /// Anything of a person or a secret: attribute values, name identifiers, claims. Records show its shape.
    Private(String),
}

/// A labelled value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// `expected`, `found`, `issuer`, …
    pub label: &'static str,
    /// The value.
    pub value: Shown,
}

impl Fact {
    /// A fact that every reader of the record may see.
    pub fn public(label: &'static str, value: impl Display) -> Self {
        Self { label, value: Shown::Public(value.to_string()) }
    }

    /// A fact whose value stays with the operator's own `explain`.
    pub fn private(label: &'static str, value: impl Display) -> Self {
        Self { label, value: Shown::Private(value.to_string()) }
    }
}

/// Why something was refused, in the vocabulary of the floor that refused it.
pub trait Rejection {
    /// The stable code.
    fn code(&self) -> ReasonCode;
    /// What was expected and found.
    fn facts(&self) -> Vec<Fact>;
}

/// Behind so many steps nothing is noted any more: what a sender can multiply must not push out what was checked.
const MAX_STEPS: usize = 256;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The part of the stream.
    pub stage: Stage,
    /// Which attribute, rule, claim or scope, where the stage has several.
    pub subject: Option<Arc<str>>,
    /// How it ended.
    pub finding: Finding,
    /// What was expected and found.
    pub facts: Vec<Fact>,
}

/// The record of a request while the request runs.
#[derive(Debug)]
pub struct Trail {
    pub(super) trace_id: TraceId,
    pub(super) opened: Timestamp,
    pub(super) detail: Detail,
    pub(super) steps: Vec<Step>,
    pub(super) omitted: usize,
    /// What the request came to be known by; each is set once it is known.
    pub known: Known,
}

/// What is known of a request, for the head of its record.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The grant type, as a word.
    pub door: Option<&'static str>,
    /// The authenticated client.
    pub client: Option<ClientId>,
    /// Where the credential came from.
    pub source: Option<SourceId>,
    /// SHA-256, hexadecimal, of the XML document, or of a session token as presented; of what cannot be decoded, as
    /// presented.
    pub credential_digest: Option<String>,
    /// The mapping and the hash of its content.
    pub mapping: Option<(MappingId, Arc<str>)>,
    /// The target.
    pub audience: Option<Audience>,
    /// What was asked.
    pub scope_asked: Option<ScopeSet>,
    /// What was granted.
    pub scope_granted: Option<ScopeSet>,
    /// Keyed hash of the subject, hexadecimal.
    pub subject_hash: Option<String>,
    /// `jti` of what was issued.
    pub jti: Option<String>,
    /// When what was issued expires.
    pub expires: Option<Timestamp>,
    /// The content hash of the revision that answered.
    pub revision: Option<Arc<str>>,
    /// Refusals of unknown senders since the last one of which a record was kept.
    pub counted_before: Option<u64>,
}

impl Trail {
    /// Opens the record; until it is closed it reads `abandoned`.
    pub fn open(trace_id: TraceId, now: Timestamp, detail: Detail) -> Self {
        // As many as an ordinary request takes.
        let steps = Vec::with_capacity(48);
        Self { trace_id, opened: now, detail, steps, omitted: 0, known: Known::default() }
    }

    /// The request that this is the record of.
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Whether values are wanted: what only they need is done only then.
    pub fn explains(&self) -> bool {
        self.detail != Detail::Record
    }

    /// Whether somebody waits for an explanation and for nothing else: what takes long is done only then.
    pub fn guesses(&self) -> bool {
        self.detail == Detail::Explain
    }

    /// The steps so far.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// A check that holds.
    pub fn passed(&mut self, stage: Stage, facts: Vec<Fact>) {
        self.push(stage, None, Finding::Passed, facts);
    }

    /// A check that fails.
    pub fn failed(&mut self, stage: Stage, rejection: &dyn Rejection) {
        self.push(stage, None, Finding::Failed(rejection.code()), rejection.facts());
    }

    /// A check that was written down as holding, because the record says so only if it holds, does not hold after all;
    /// what came behind it did not come, and what would have been issued is not.
    pub fn failed_after_all(&mut self, stage: Stage, rejection: &dyn Rejection) {
        if let Some(place) = self.steps.iter().rposition(|step| step.stage == stage) {
            self.steps.truncate(place);
        }
        self.failed(stage, rejection);
    }

    /// Takes a step back that was written down because the record is kept only if it holds, and now is kept otherwise.
    pub fn take_back(&mut self, stage: Stage) {
        self.steps.retain(|step| step.stage != stage);
    }

    /// Something that somebody should know.
    pub fn noted(&mut self, stage: Stage, subject: impl Into<Arc<str>>, facts: Vec<Fact>) {
        self.push(stage, Some(subject.into()), Finding::Noted, facts);
    }

    /// A step about one of several things of a stage.
    pub fn push(&mut self, stage: Stage, subject: Option<Arc<str>>, finding: Finding, facts: Vec<Fact>) {
        // Checks are as many as the files of the operator say.
        if self.steps.len() >= MAX_STEPS && self.detail == Detail::Record && finding == Finding::Noted {
            self.omitted += 1;
            return;
        }
        self.steps.push(Step { stage, subject, finding, facts });
    }

    /// Closes the record. Should the last step fail after all (a replay shows only when the credential is consumed),
    /// the trail goes on and is closed again: only what is committed counts.
    pub const fn close(&self, outcome: Outcome) -> Decision<'_> {
        Decision { trail: self, outcome }
    }
}
