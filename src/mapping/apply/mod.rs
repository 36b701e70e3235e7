//! A mapping applied to the facts of an identity: one pass, in the order of the file.
//!
//! ```text
//! attributes (declared, counted) ─▶ acr, amr ─▶ require ─▶ subject ─▶ claims, each seeing those above ─▶ scopes ─▶ release ─▶ Claims
//! ```
//!
//! Every step is written to the trail, the failing one last. Values are borrowed from the facts until they become
//! claims.

mod attributes;
mod claims;
mod emptied;
mod login;
mod near;
mod release;
mod subject;

use std::cell::Cell;
use std::sync::Arc;

use super::cel::{Beside, Blame, Expression, Failure, MAX_MAPPING_COST, Outcome as Shown, Part, Scope};
use super::claims::Claims;
use super::compiled::{Mapping, Require, ScopeRule};
use super::received::Received;
use super::refusal::{MappingRefusal, Private};
use crate::credential::Facts;
use crate::decision::{Fact, Finding, Rejection, Stage, Trail};
use crate::ground::id::{Audience, ClientId};
use crate::ground::scope::ScopeSet;
use crate::ground::time::Timestamp;

/// So many parts of an expression are explained, at most.
const PARTS: u64 = 64;
/// Steps of all explanations, where somebody waits for nothing else.
const MAX_EXPLAINED: u64 = 8 * MAX_MAPPING_COST;

/// The label of a part of an expression.
const PART: &str = "part";

/// What a mapping may know of the request.
#[derive(Debug, Clone, Copy)]
pub struct RequestFacts<'a> {
    /// Who asks.
    pub client: &'a ClientId,
    /// The API that it asks for.
    pub audience: &'a Audience,
    /// The one instant of the request.
    pub now: Timestamp,
}

impl Mapping {
    /// Makes claims of facts.
    ///
    /// Writes every step to the trail, the failing one too, and the mapping to its head: the caller adds nothing.
    ///
    /// # Errors
    /// [`MappingRefusal`], the first in the order of the file.
    pub fn apply(
        &self,
        facts: &Facts,
        request: &RequestFacts<'_>,
        trail: &mut Trail,
    ) -> Result<Claims, MappingRefusal> {
        trail.known.mapping = Some((self.id.clone(), self.hash.clone()));
        let beside = Beside {
            source: &facts.source,
            client: request.client,
            now: request.now,
            name_id: facts.name_id.as_ref().map(|name_id| name_id.value.as_str()),
            name_id_format: facts.name_id.as_ref().and_then(|name_id| name_id.format.as_deref()),
            authn_context: facts.authentication.context_class.as_deref(),
            auth_time: facts.authentication.instant,
        };
        let scope = Scope::new(&beside);
        let run = Run {
            mapping: self,
            facts,
            audience: request.audience,
            beside,
            acr: None,
            scope,
            received: Vec::new(),
            at: Cell::new(0),
            explained: Cell::new(0),
            trail,
        };
        run.all()
    }
}

/// One application of a mapping.
struct Run<'f, 't> {
    mapping: &'f Mapping,
    facts: &'f Facts,
    audience: &'f Audience,
    beside: Beside<'f>,
    /// What `authentication` makes of the login, where there is a table.
    acr: Option<&'f str>,
    scope: Scope<'f>,
    /// What was received for each declared attribute; `None` where nothing was.
    received: Vec<Option<Received<'f>>>,
    /// The line of the rule that is applied.
    at: Cell<usize>,
    /// Steps that explanations may have taken so far.
    explained: Cell<u64>,
    trail: &'t mut Trail,
}

type Step<T> = Result<T, MappingRefusal>;

impl Run<'_, '_> {
    fn all(mut self) -> Step<Claims> {
        self.attributes()?;
        // Before anything asks for it: in rules `acr` is what the token will say.
        let (acr, amr) = self.login();
        self.require()?;
        let (subject, linked) = self.subject()?;
        let values = self.claims()?;
        let scopes = self.scopes()?;
        let released = self.release(&values)?;
        Ok(Claims {
            mapping: self.mapping.id.clone(),
            mapping_hash: self.mapping.hash.clone(),
            subject,
            linked,
            values,
            scopes,
            audience: self.audience.clone(),
            released,
            acr,
            amr,
            auth_time: self.facts.authentication.instant,
        })
    }

    fn require(&mut self) -> Step<()> {
        for rule in &self.mapping.require {
            self.at.set(rule.line);
            let parts = self.parts(&rule.expression);
            let (refusal, facts) = match self.scope.holds(&rule.expression) {
                Ok(true) => {
                    self.trail.push(Stage::Require, Some(Arc::clone(&rule.id)), Finding::Passed, parts);
                    continue;
                }
                Ok(false) => self.not_met(rule, parts),
                Err(failure) => {
                    let refusal = self.failed(format!("require `{}`", rule.id), &rule.expression, failure);
                    (refusal, parts)
                }
            };
            return self.refuse_with(Stage::Require, Some(&rule.id), refusal, facts);
        }
        Ok(())
    }

    /// A rule that does not hold: what it says, and whether letter case or blanks are all that is in its way.
    fn not_met(&self, rule: &Require, parts: Vec<Fact>) -> (MappingRefusal, Vec<Fact>) {
        let refusal = MappingRefusal::Require { rule: rule.id.to_string(), message: rule.message.clone() };
        let mut facts = vec![Fact::public("expected", rule.expression.line())];
        facts.extend(self.would_hold(&rule.expression).map(|near| Fact::public("near", near)));
        facts.extend(parts);
        (refusal, facts)
    }

    fn scopes(&mut self) -> Step<ScopeSet> {
        let mut scopes = ScopeSet::default();
        for ScopeRule { line, scope, expression } in &self.mapping.scopes {
            self.at.set(*line);
            let mut facts = self.parts(expression);
            let finding = match self.scope.holds(expression) {
                Ok(true) => {
                    scopes.insert(scope.clone());
                    Finding::Passed
                }
                Ok(false) => Finding::Noted,
                Err(failure) => {
                    let refusal = self.failed(format!("scope `{scope}`"), expression, failure);
                    return self.refuse_with(Stage::Scope, Some(scope.as_str()), refusal, facts);
                }
            };
            let held = if finding == Finding::Passed { "holds" } else { "does not hold" };
            facts.push(Fact::public("rule", held));
            if finding == Finding::Noted {
                facts.push(Fact::public("expected", expression.line()));
                facts.push(self.place());
            }
            self.trail.push(Stage::Scope, Some(scope.shared()), finding, facts);
        }
        Ok(scopes)
    }

    /// File and line of the rule that is looked at.
    fn place(&self) -> Fact {
        Fact::public("at", format!("{}:{}", self.mapping.path, self.at.get()))
    }

    fn refuse<T>(&mut self, stage: Stage, of: Option<&str>, refusal: MappingRefusal) -> Step<T> {
        self.refuse_with(stage, of, refusal, Vec::new())
    }

    /// The same, with what explains it, the place of the rule, and what to do.
    fn refuse_with<T>(
        &mut self,
        stage: Stage,
        of: Option<&str>,
        refusal: MappingRefusal,
        explained: Vec<Fact>,
    ) -> Step<T> {
        let mut facts = refusal.facts();
        if explained.iter().any(|fact| fact.label == PART) {
            // A part has said it.
            facts.retain(|fact| fact.label != "detail");
        }
        facts.extend(explained);
        facts.push(self.place());
        facts.extend(refusal.help().map(|help| Fact::public("help", help)));
        self.trail.push(stage, of.map(Arc::from), Finding::Failed(refusal.code()), facts);
        Err(refusal)
    }

    /// What each part of an expression comes to, where somebody wants to see it.
    fn parts(&self, expression: &Expression) -> Vec<Fact> {
        // Each part costs as much as the whole, at most; all of a request together stay within a few mappings' worth.
        let cost = expression.cost.saturating_mul(PARTS);
        let most = if self.trail.guesses() { MAX_EXPLAINED } else { MAX_MAPPING_COST };
        if !self.trail.explains() || self.explained.get().saturating_add(cost) > most {
            return Vec::new();
        }
        self.explained.set(self.explained.get() + cost);
        // What fails makes what it is a part of fail: why is said once.
        let mut said = Vec::new();
        let mut shown = |part: Part| {
            let Part { text, outcome, .. } = part;
            match outcome {
                Shown::Value(value) => format!("{text} = {value}"),
                Shown::Failed(why) if said.contains(&why) => format!("{text} fails"),
                Shown::Failed(why) => {
                    let line = format!("{text} fails: {why}");
                    said.push(why);
                    line
                }
                Shown::NotEvaluated => format!("{text} is not looked at"),
            }
        };
        expression.explain(&self.scope).into_iter().map(|part| Fact::private(PART, shown(part))).collect()
    }

    /// The refusal for an expression that failed: what of it is no value, and what to write instead.
    fn failed(&self, of: String, expression: &Expression, failure: Failure) -> MappingRefusal {
        let Blame { part, help } = expression.blame(&self.scope, &failure);
        // Where the part is the very thing that is not there, it has said so.
        let is_said = part.as_ref().is_some_and(|part| failure.detail.ends_with(part.as_str()));
        let detail = Private(if failure.is_public || is_said { String::new() } else { failure.detail });
        MappingRefusal::ExpressionFailed { of, what: failure.what, part, help, detail }
    }
}
