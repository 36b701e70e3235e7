//! Claims, in the order of the file, each seeing those above it.

use std::collections::BTreeMap;

use super::{Run, Step};
use crate::decision::{Fact, Finding, Stage};
use crate::diagnostic::nearest;
use crate::ground::claim::{ClaimName, ClaimValue};
use crate::mapping::compiled::{Cardinality, ClaimRule, Missing, Origin};
use crate::mapping::refusal::{Found, MappingRefusal};
use crate::mapping::steps::{MAX_VALUES, Stepped, Steps};

/// What a rule came to, and what explains it.
struct Made {
    value: Option<ClaimValue>,
    facts: Vec<Fact>,
}

impl Run<'_, '_> {
    pub(super) fn claims(&mut self) -> Step<BTreeMap<ClaimName, ClaimValue>> {
        let mut made = BTreeMap::new();
        for rule in &self.mapping.claims {
            let Made { value, mut facts } = match self.claim(rule, rule.name.as_str()) {
                Ok(made) => made,
                Err(refusal) => {
                    let parts = self.why_of(rule);
                    return self.refuse_with(Stage::Claim, Some(rule.name.as_str()), refusal, parts);
                }
            };
            match &value {
                None => facts.push(Fact::public("found", "nothing, left out")),
                Some(value) if self.trail.explains() => facts.push(Fact::private("value", value.to_json())),
                Some(_) => {}
            }
            self.trail.push(Stage::Claim, Some(rule.name.shared()), Finding::Passed, facts);
            if rule.read {
                let name = rule.name.as_str();
                match &rule.origin {
                    Origin::Attribute(..) | Origin::Object(_) => self.scope.add_copied_claim(name, value.as_ref()),
                    // These are as long as the file says, or as their expression may make them.
                    Origin::Value(_) | Origin::Cel(_) => self.scope.add_claim(name, value.as_ref()),
                }
            }
            made.extend(value.map(|value| (rule.name.clone(), value)));
        }
        Ok(made)
    }

    /// One rule; `of` names it in refusals, a member behind its object.
    fn claim(&self, rule: &ClaimRule, of: &str) -> Step<Made> {
        self.at.set(rule.line);
        let mut facts = Vec::new();
        let value = match &rule.origin {
            Origin::Value(value) => Some(value.clone()),
            Origin::Cel(expression) => {
                facts.extend(self.parts(expression));
                let evaluated = self.scope.evaluate(expression);
                evaluated.map_err(|failure| self.failed(format!("claim `{of}`"), expression, failure))?
            }
            Origin::Attribute(place, steps) => self.of_attribute(*place, steps.as_deref(), of, &mut facts)?,
            Origin::Object(members) => self.object(members, of, &mut facts)?,
        };
        // A member may have come between.
        self.at.set(rule.line);
        let value = match (rule.kind, value) {
            (Some(kind), Some(value)) => {
                let found = value.type_word();
                let ambiguous = || MappingRefusal::ClaimType { claim: of.to_owned(), expected: kind.as_str(), found };
                Some(kind.convert(value).ok_or_else(ambiguous)?)
            }
            (_, value) => value,
        };
        let value = value.filter(|value| matches!(rule.missing, Missing::Omit) || !is_empty(value));
        match (&rule.missing, value) {
            (Missing::Refuse, None) => {
                Err(MappingRefusal::ClaimMissing { claim: of.to_owned(), emptied: Box::new(self.emptied(rule)) })
            }
            (Missing::Default(default), None) => {
                facts.push(Fact::public("default", "yes"));
                Ok(Made { value: Some(default.clone()), facts })
            }
            (Missing::Omit | Missing::Refuse | Missing::Default(_), value) => Ok(Made { value, facts }),
        }
    }

    fn of_attribute(
        &self,
        place: usize,
        steps: Option<&Steps>,
        of: &str,
        facts: &mut Vec<Fact>,
    ) -> Step<Option<ClaimValue>> {
        let Some(values) = self.received.get(place).and_then(Option::as_ref) else { return Ok(None) };
        let declared = self.mapping.attributes.get(place);
        let is_list = declared.is_some_and(|declared| declared.cardinality != Cardinality::One);
        let Some(steps) = steps else {
            let mut texts = values.iter().map(|value| ClaimValue::Text(value.to_owned()));
            return Ok(if is_list { Some(ClaimValue::List(texts.collect())) } else { texts.next() });
        };
        let (explains, guesses) = (self.trail.explains(), self.trail.guesses());
        let mut hit = |text: &str, found: bool| {
            if explains && found {
                facts.push(Fact::private("row", text));
            } else if explains {
                let rows = steps.table.iter().filter(|_| guesses);
                let keys = rows.flat_map(|rows| rows.keys()).map(String::as_str);
                let near = nearest(text, keys, 1);
                facts.push(Fact::private("no_row", text));
                facts.extend(near.first().map(|key| Fact::private("nearest_row", key)));
            }
        };
        match steps.apply(values.iter(), is_list, &mut hit) {
            Stepped::Nothing => Ok(None),
            Stepped::Value(value) => Ok(Some(value)),
            Stepped::TooMany(found) => {
                let attribute = declared.map(|declared| declared.short.to_string()).unwrap_or_default();
                let (expected, found) = (Found::Values(MAX_VALUES), Found::Values(found));
                Err(MappingRefusal::AttributeRepeated { attribute, expected, found, came: None })
            }
            Stepped::Several(found) => Err(MappingRefusal::ClaimAmbiguous { claim: of.to_owned(), found }),
        }
    }

    /// What explains a rule that is refused: the parts of its expression, or which values have no row.
    fn why_of(&self, rule: &ClaimRule) -> Vec<Fact> {
        let mut facts = Vec::new();
        match &rule.origin {
            Origin::Cel(expression) => facts.extend(self.parts(expression)),
            Origin::Attribute(place, steps) if self.trail.explains() => {
                // Once more, for what it says on its way; how it ends is known.
                let _ = self.of_attribute(*place, steps.as_deref(), rule.name.as_str(), &mut facts);
            }
            Origin::Attribute(..) | Origin::Value(_) | Origin::Object(_) => {}
        }
        facts
    }

    /// The members that have a value; an object without any is not there.
    fn object(&self, members: &[ClaimRule], of: &str, facts: &mut Vec<Fact>) -> Step<Option<ClaimValue>> {
        let mut fields = BTreeMap::new();
        for member in members {
            let made = self.claim(member, &format!("{of}.{}", member.name))?;
            facts.extend(made.facts);
            fields.extend(made.value.map(|value| (member.name.as_str().to_owned(), value)));
        }
        Ok((!fields.is_empty()).then_some(ClaimValue::Object(fields)))
    }
}

fn is_empty(value: &ClaimValue) -> bool {
    match value {
        ClaimValue::Text(text) => text.is_empty(),
        ClaimValue::List(items) => items.is_empty(),
        ClaimValue::Object(fields) => fields.is_empty(),
        ClaimValue::Bool(_) | ClaimValue::Int(_) => false,
    }
}
