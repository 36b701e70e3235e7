//! What was received, sorted to what is declared.

use std::sync::Arc;

use super::{Run, Step};
use crate::decision::{Fact, Finding, Stage};
use crate::diagnostic::nearest;
use crate::mapping::compiled::{Cardinality, Declared};
use crate::mapping::received::Received;
use crate::mapping::refusal::{Found, MappingRefusal};

/// Names of undeclared attributes in a record: the source chooses how many there are.
const MAX_NOTED: usize = 32;

impl<'f> Run<'f, '_> {
    pub(super) fn attributes(&mut self) -> Step<()> {
        let received = self.receive();
        for (declared, values) in self.mapping.attributes.iter().zip(&received) {
            let values = values.as_ref();
            if let Err(refusal) = self.check_received(declared, values) {
                return self.refuse(Stage::Attribute, Some(&declared.short), refusal);
            }
            let facts = match values {
                None if self.trail.guesses() => {
                    let near = self.nearest(declared);
                    let mut facts = vec![Fact::public("found", "absent"), Fact::public("expected", &declared.name)];
                    facts.extend((!near.is_empty()).then(|| Fact::public("nearest", near.join(", "))));
                    facts
                }
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
        let mut undeclared = 0_usize;
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
                undeclared += 1;
                if undeclared <= MAX_NOTED {
                    let facts = vec![Fact::public("values", attribute.values.len()), Fact::public("declared", "no")];
                    self.trail.noted(Stage::Attribute, attribute.name.as_str(), facts);
                }
            }
        }
        if let Some(more) = undeclared.checked_sub(MAX_NOTED).filter(|more| *more > 0) {
            self.trail.noted(Stage::Attribute, "others", vec![Fact::public("undeclared", more)]);
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
            return Err(MappingRefusal::AttributeMissing {
                attribute: declared.short.to_string(),
                expected: expected_name(declared),
                nearest: self.nearest(declared),
            });
        };
        let most = match declared.cardinality {
            Cardinality::One => 1,
            Cardinality::Many { max } => max,
        };
        let attribute = || declared.short.to_string();
        if values.len() > most {
            let found = Found::Values(values.len());
            return Err(MappingRefusal::AttributeRepeated {
                attribute: attribute(),
                expected: Found::Values(most),
                found,
            });
        }
        if values.sent() > 1 && !declared.merged {
            let (expected, found) = (Found::Attributes(1), Found::Attributes(values.sent()));
            return Err(MappingRefusal::AttributeRepeated { attribute: attribute(), expected, found });
        }
        match values.iter().map(str::len).max() {
            Some(found) if found > declared.max_bytes => {
                Err(MappingRefusal::AttributeTooLong { attribute: attribute(), expected: declared.max_bytes, found })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The names that were sent and are most like this one. The same name in another format is that, and nothing else.
    fn nearest(&self, declared: &Declared) -> Vec<String> {
        let same = self.facts.attributes.iter().find(|attribute| attribute.name == declared.name);
        if let Some(attribute) = same {
            let format = attribute.name_format.as_deref().unwrap_or("none");
            return vec![format!("`{}` of the format `{format}`", attribute.name)];
        }
        let sent = self.facts.attributes.iter().map(|attribute| attribute.name.as_str());
        nearest(&declared.name, sent, 3).into_iter().map(|name| format!("`{name}`")).collect()
    }
}

fn expected_name(declared: &Declared) -> String {
    match &declared.format {
        None => declared.name.clone(),
        Some(format) => format!("{} of the format {format}", declared.name),
    }
}
