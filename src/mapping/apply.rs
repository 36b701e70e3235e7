//! A mapping applied to the facts of an identity: one pass, in the order of the file.
//!
//! ```text
//! attributes (declared, counted) ─▶ require ─▶ subject ─▶ claims, each seeing those above ─▶ scopes ─▶ Claims
//! ```
//!
//! Every step is written to the trail, the failing one last. Values are borrowed from the facts until they become
//! claims.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cel::{Beside, Expression, Failure, Scope};
use super::claims::{Claims, Subject};
use super::compiled::{Cardinality, ClaimRule, Declared, Mapping, Origin, SubjectRule};
use super::received::Received;
use super::refusal::{MappingRefusal, Private};
use crate::credential::Facts;
use crate::decision::{Fact, Finding, Rejection, Stage, Trail};
use crate::diagnostic::nearest;
use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::id::ClientId;
use crate::ground::scope::ScopeSet;
use crate::ground::time::Timestamp;

/// `NameID` formats (SAML Core 8.3).
/// The format of a subject that a rule made; a provider that sends it as a `NameID` format is refused.
const MAPPED: &str = "mapped";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
/// What an absent `Format` means (SAML Core 2.2.2).
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

/// What a mapping may know of the request.
#[derive(Debug, Clone, Copy)]
pub struct RequestFacts<'a> {
    /// Who asks.
    pub client: &'a ClientId,
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
            acr: facts.authentication.context_class.as_deref(),
            auth_time: facts.authentication.instant,
        };
        let run = Run { mapping: self, facts, scope: Scope::new(&beside), received: Vec::new(), trail };
        run.all()
    }
}

/// One application of a mapping.
struct Run<'f, 't> {
    mapping: &'f Mapping,
    facts: &'f Facts,
    scope: Scope<'f>,
    /// What was received for each declared attribute; `None` where nothing was.
    received: Vec<Option<Received<'f>>>,
    trail: &'t mut Trail,
}

type Step<T> = Result<T, MappingRefusal>;

impl<'f> Run<'f, '_> {
    fn all(mut self) -> Step<Claims> {
        self.attributes()?;
        self.require()?;
        let subject = self.subject()?;
        let values = self.claims()?;
        let scopes = self.scopes()?;
        Ok(Claims {
            mapping: self.mapping.id.clone(),
            mapping_hash: self.mapping.hash.clone(),
            subject,
            values,
            scopes,
            release: Arc::clone(&self.mapping.release),
            acr: self.facts.authentication.context_class.clone(),
            auth_time: self.facts.authentication.instant,
        })
    }

    fn attributes(&mut self) -> Step<()> {
        let received = self.receive();
        for (declared, values) in self.mapping.attributes.iter().zip(&received) {
            let values = values.as_ref();
            if let Err(refusal) = self.check_received(declared, values) {
                return self.refuse(Stage::Attribute, Some(&declared.short), refusal);
            }
            let facts = match values {
                None => vec![Fact::public("found", "absent")],
                Some(values) if self.trail.explains() => {
                    values.iter().map(|value| Fact::private("value", value)).collect()
                }
                Some(_) => Vec::new(),
            };
            self.trail.push(Stage::Attribute, Some(Arc::clone(&declared.short)), Finding::Passed, facts);
            if declared.read {
                match declared.cardinality {
                    Cardinality::One => {
                        self.scope.add_single(&declared.short, values.and_then(Received::first));
                    }
                    Cardinality::Many { .. } => self.scope.add_many(&declared.short, values.map(Received::iter)),
                }
            }
        }
        self.received = received;
        Ok(())
    }

    /// Sorts what was sent to what is declared. What is not declared is noted by its name and never read.
    fn receive(&mut self) -> Vec<Option<Received<'f>>> {
        let mut received: Vec<Option<Received<'f>>> = self.mapping.attributes.iter().map(|_| None).collect();
        for attribute in &self.facts.attributes {
            let format_fits = |place: &&usize| {
                self.mapping
                    .attributes
                    .get(**place)
                    .is_some_and(|declared| declared.format.is_none() || declared.format == attribute.name_format)
            };
            let places = self.mapping.by_name.get(&attribute.name);
            let place = places.and_then(|places| places.iter().find(format_fits));
            if let Some(values) = place.and_then(|place| received.get_mut(*place)) {
                match values {
                    None => *values = Some(Received::of(&attribute.values)),
                    Some(values) => values.add(&attribute.values),
                }
            } else {
                let facts = vec![Fact::public("values", attribute.values.len()), Fact::public("declared", "no")];
                self.trail.noted(Stage::Attribute, attribute.name.as_str(), facts);
            }
        }
        // An attribute without a value says nothing, unless an empty list is what it says.
        for (declared, values) in self.mapping.attributes.iter().zip(&mut received) {
            if declared.cardinality == Cardinality::One && values.as_ref().is_some_and(Received::is_empty) {
                *values = None;
            }
        }
        received
    }

    fn check_received(&self, declared: &Declared, values: Option<&Received<'_>>) -> Step<()> {
        let Some(values) = values else {
            if declared.optional {
                return Ok(());
            }
            let sent = self.facts.attributes.iter().map(|attribute| attribute.name.as_str());
            return Err(MappingRefusal::AttributeMissing {
                attribute: declared.short.to_string(),
                expected: declared.name.clone(),
                nearest: nearest(&declared.name, sent, 3).into_iter().map(str::to_owned).collect(),
            });
        };
        let expected = match declared.cardinality {
            Cardinality::One => 1,
            Cardinality::Many { max } => max,
        };
        if values.len() > expected {
            return Err(MappingRefusal::AttributeRepeated {
                attribute: declared.short.to_string(),
                expected,
                found: values.len(),
            });
        }
        Ok(())
    }

    fn require(&mut self) -> Step<()> {
        for rule in &self.mapping.require {
            match self.scope.holds(&rule.expression) {
                Ok(true) => self.trail.push(Stage::Require, Some(Arc::clone(&rule.id)), Finding::Passed, Vec::new()),
                Ok(false) => {
                    let refusal = MappingRefusal::Require { rule: rule.id.to_string(), message: rule.message.clone() };
                    return self.refuse(Stage::Require, Some(&rule.id), refusal);
                }
                Err(failure) => {
                    let refusal = failed(format!("require `{}`", rule.id), failure);
                    return self.refuse(Stage::Require, Some(&rule.id), refusal);
                }
            }
        }
        Ok(())
    }

    fn subject(&mut self) -> Step<Subject> {
        let found = match &self.mapping.subject {
            // SAML Core 8.3.8: whatever a rule makes of a transient identifier stands for nobody tomorrow.
            SubjectRule::Cel(expression) if expression.reads.name_id && self.name_id_is_transient() => {
                Err(MappingRefusal::SubjectMissing { why: "a transient NameID" })
            }
            SubjectRule::NameId => self.subject_of_name_id(),
            SubjectRule::Attribute(place) => {
                let value = self.received.get(*place).and_then(Option::as_ref).and_then(Received::first);
                self.mapped_subject(value.map(str::to_owned))
            }
            SubjectRule::Cel(expression) => match self.scope.evaluate(expression) {
                Ok(Some(ClaimValue::Text(text))) => self.mapped_subject(Some(text)),
                Ok(None) => self.mapped_subject(None),
                Ok(Some(_)) => Err(MappingRefusal::SubjectMissing { why: "something that is not text" }),
                Err(failure) => Err(failed("subject".into(), failure)),
            },
        };
        match found {
            Ok(subject) => {
                let mut facts = vec![Fact::public("format", &subject.format)];
                if self.trail.explains() {
                    facts.push(Fact::private("value", &subject.value));
                }
                self.trail.passed(Stage::Subject, facts);
                Ok(subject)
            }
            Err(refusal) => self.refuse(Stage::Subject, None, refusal),
        }
    }

    fn subject_of_name_id(&self) -> Step<Subject> {
        let missing = |why| MappingRefusal::SubjectMissing { why };
        let name_id = self.facts.name_id.as_ref().ok_or_else(|| missing("no NameID"))?;
        let format = name_id.format.as_deref().unwrap_or(UNSPECIFIED);
        if self.name_id_is_transient() {
            return Err(missing("a transient NameID"));
        }
        if format == MAPPED {
            return Err(missing("a NameID whose format is that of mapped values"));
        }
        let qualifier = |text: &Option<String>| text.clone().unwrap_or_default();
        Ok(Subject {
            namespace: self.facts.namespace.clone(),
            format: format.to_owned(),
            qualifiers: [qualifier(&name_id.name_qualifier), qualifier(&name_id.sp_name_qualifier)],
            value: not_empty(name_id.value.clone())?,
        })
    }

    fn name_id_is_transient(&self) -> bool {
        self.facts.name_id.as_ref().is_some_and(|name_id| name_id.format.as_deref() == Some(TRANSIENT))
    }

    fn mapped_subject(&self, value: Option<String>) -> Step<Subject> {
        Ok(Subject {
            namespace: self.facts.namespace.clone(),
            format: MAPPED.to_owned(),
            qualifiers: [String::new(), String::new()],
            value: not_empty(value.unwrap_or_default())?,
        })
    }

    fn claims(&mut self) -> Step<BTreeMap<ClaimName, ClaimValue>> {
        let mut made = BTreeMap::new();
        for rule in &self.mapping.claims {
            let value = match self.claim(rule) {
                Ok(value) => value,
                Err(refusal) => return self.refuse(Stage::Claim, Some(rule.name.as_str()), refusal),
            };
            let facts = match &value {
                None => vec![Fact::public("found", "nothing, left out")],
                Some(value) if self.trail.explains() => vec![Fact::private("value", value.to_json())],
                Some(_) => Vec::new(),
            };
            self.trail.push(Stage::Claim, Some(rule.name.shared()), Finding::Passed, facts);
            if rule.read {
                let name = rule.name.as_str();
                match rule.origin {
                    Origin::Attribute(_) => self.scope.add_copied_claim(name, value.as_ref()),
                    // These are as long as the file says, or as their expression may make them.
                    Origin::Table(..) | Origin::Value(_) | Origin::Cel(_) => self.scope.add_claim(name, value.as_ref()),
                }
            }
            made.extend(value.map(|value| (rule.name.clone(), value)));
        }
        Ok(made)
    }

    fn claim(&self, rule: &ClaimRule) -> Step<Option<ClaimValue>> {
        let values = |place: &usize| self.received.get(*place).and_then(Option::as_ref);
        let is_list = |place: &usize| {
            let declared = self.mapping.attributes.get(*place);
            declared.is_some_and(|declared| declared.cardinality != Cardinality::One)
        };
        let (value, count) = match &rule.origin {
            Origin::Value(value) => (Some(value.clone()), 1),
            Origin::Cel(expression) => (self.evaluated(rule, expression)?, 1),
            Origin::Attribute(place) => {
                let values = values(place);
                let made = values.map(|values| values.iter().map(|value| ClaimValue::Text(value.to_owned())).collect());
                (made.and_then(|made| shaped(made, is_list(place))), values.map_or(0, Received::len))
            }
            Origin::Table(place, rows) => {
                let values = values(place);
                let made = values.map(|values| {
                    // Two values may become one; it is said once.
                    values.iter().filter_map(|value| rows.get(value)).fold(Vec::new(), |mut made, row| {
                        if !made.contains(row) {
                            made.push(row.clone());
                        }
                        made
                    })
                });
                (made.and_then(|made| shaped(made, is_list(place))), values.map_or(0, Received::len))
            }
        };
        if rule.required && value.as_ref().is_none_or(is_empty) {
            return Err(MappingRefusal::ClaimMissing { claim: rule.name.as_str().to_owned(), values: count });
        }
        Ok(value)
    }

    fn evaluated(&self, rule: &ClaimRule, expression: &Expression) -> Step<Option<ClaimValue>> {
        self.scope.evaluate(expression).map_err(|failure| failed(format!("claim `{}`", rule.name), failure))
    }

    fn scopes(&mut self) -> Step<ScopeSet> {
        let mut scopes = ScopeSet::default();
        for (scope, expression) in &self.mapping.scopes {
            let finding = match self.scope.holds(expression) {
                Ok(true) => {
                    scopes.insert(scope.clone());
                    Finding::Passed
                }
                Ok(false) => Finding::Noted,
                Err(failure) => {
                    return self.refuse(
                        Stage::Scope,
                        Some(scope.as_str()),
                        failed(format!("scope `{scope}`"), failure),
                    );
                }
            };
            let held = if finding == Finding::Passed { "holds" } else { "does not hold" };
            self.trail.push(Stage::Scope, Some(scope.shared()), finding, vec![Fact::public("rule", held)]);
        }
        Ok(scopes)
    }

    fn refuse<T>(&mut self, stage: Stage, of: Option<&str>, refusal: MappingRefusal) -> Step<T> {
        self.trail.push(stage, of.map(Arc::from), Finding::Failed(refusal.code()), refusal.facts());
        Err(refusal)
    }
}

fn failed(of: String, failure: Failure) -> MappingRefusal {
    MappingRefusal::ExpressionFailed { of, what: failure.what, detail: Private(failure.detail) }
}

fn not_empty(value: String) -> Step<String> {
    if value.trim().is_empty() { Err(MappingRefusal::SubjectMissing { why: "nothing" }) } else { Ok(value) }
}

/// A list stays a list, however long it is; a single value is one, or nothing.
fn shaped(mut values: Vec<ClaimValue>, is_list: bool) -> Option<ClaimValue> {
    if is_list { Some(ClaimValue::List(values)) } else { values.pop() }
}

fn is_empty(value: &ClaimValue) -> bool {
    match value {
        ClaimValue::Text(text) => text.is_empty(),
        ClaimValue::List(items) => items.is_empty(),
        ClaimValue::Object(fields) => fields.is_empty(),
        ClaimValue::Bool(_) | ClaimValue::Int(_) => false,
    }
}
