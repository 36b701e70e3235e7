//! What was received, sorted to what is declared.

use std::sync::Arc;

use super::{Run, Step};
use crate::decision::{Fact, Finding, Stage};
use crate::diagnostic::nearest;
use crate::ground::attribute::Attribute;
use crate::mapping::compiled::{Cardinality, Declared};
use crate::mapping::received::Received;
use crate::mapping::refusal::{Came, Found, MappingRefusal};

/// Values of an attribute that is refused, for whoever may see them.
const MOST_SHOWN: usize = 20;
/// Names that are not declared and may be likened to those that are.
const MOST_UNDECLARED: usize = 64;
/// How much names may be likened in a request, in pairs of letters: some twenty pairs of long names.
const LIKENING: usize = 1 << 16;
/// Names of undeclared attributes in a record: the source chooses how many there are.
const MAX_NOTED: usize = 32;

impl<'f> Run<'f, '_> {
    pub(super) fn attributes(&mut self) -> Step<()> {
        let received = self.receive();
        for (declared, values) in self.mapping.attributes.iter().zip(&received) {
            let values = values.as_ref();
            self.at.set(declared.line);
            if let Err(refusal) = self.check_received(declared, values) {
                let shown = self.shown(values, MOST_SHOWN);
                return self.refuse_with(Stage::Attribute, Some(&declared.short), refusal, shown);
            }
            let facts = match values {
                None => self.absent(declared),
                Some(_) => self.shown(values, usize::MAX),
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

    /// An optional attribute that did not come: perhaps it came under another name. That is looked for at the desk, and
    /// where a claim is refused for it: it takes longer than the rest of the mapping.
    fn absent(&self, declared: &Declared) -> Vec<Fact> {
        let near = if self.trail.guesses() { self.nearest(declared) } else { Vec::new() };
        let mut facts = vec![Fact::public("found", "absent"), Fact::public("expected", expected_name(declared))];
        facts.extend((!near.is_empty()).then(|| Fact::public("nearest", near.join(", "))));
        facts
    }

    /// The values, for whoever may see them.
    fn shown(&self, values: Option<&Received<'_>>, most: usize) -> Vec<Fact> {
        if !self.trail.explains() {
            return Vec::new();
        }
        values.into_iter().flat_map(Received::iter).take(most).map(|value| Fact::private("value", value)).collect()
    }

    /// Sorts what was sent to what is declared. What is not declared is noted by its name and never read.
    fn receive(&mut self) -> Vec<Option<Received<'f>>> {
        let mut received: Vec<Option<Received<'f>>> = self.mapping.attributes.iter().map(|_| None).collect();
        let mut undeclared = 0_usize;
        for attribute in &self.facts.attributes {
            if let Some(values) = self.place_of(attribute).and_then(|place| received.get_mut(place)) {
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

    /// As which declared attribute it counts.
    fn place_of(&self, attribute: &Attribute) -> Option<usize> {
        let format_fits = |place: &&usize| {
            let declared = self.mapping.attributes.get(**place);
            declared.is_some_and(|declared| declared.format.is_none() || declared.format == attribute.name_format)
        };
        self.mapping.by_name.get(&attribute.name)?.iter().find(format_fits).copied()
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
        let came = || {
            let alike = values.iter().all(|value| Some(value) == values.first());
            Some(Came { attributes: values.sent(), alike, many: declared.cardinality != Cardinality::One })
        };
        if values.len() > most {
            let (expected, found) = (Found::Values(most), Found::Values(values.len()));
            return Err(MappingRefusal::AttributeRepeated { attribute: attribute(), expected, found, came: came() });
        }
        if values.sent() > 1 && !declared.merged {
            let (expected, found) = (Found::Attributes(1), Found::Attributes(values.sent()));
            return Err(MappingRefusal::AttributeRepeated { attribute: attribute(), expected, found, came: came() });
        }
        match values.iter().map(str::len).max() {
            Some(found) if found > declared.max_bytes => {
                Err(MappingRefusal::AttributeTooLong { attribute: attribute(), expected: declared.max_bytes, found })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The names that were sent, are not declared, and are most like this one. The same name in another format is that,
    /// and nothing else. A request compares so many names, and no more.
    pub(super) fn nearest(&self, declared: &Declared) -> Vec<String> {
        let most = if self.trail.explains() { usize::MAX } else { MOST_UNDECLARED };
        let is_undeclared = |attribute: &&Attribute| self.place_of(attribute).is_none();
        let undeclared = || self.facts.attributes.iter().filter(is_undeclared).take(most);
        let same = undeclared().find(|attribute| attribute.name == declared.name);
        if let Some(attribute) = same {
            let format = attribute.name_format.as_deref().unwrap_or("none");
            return vec![format!("`{}` of the format `{format}`", attribute.name)];
        }
        let mut left = LIKENING;
        let is_affordable = |name: &&str| {
            let rest = left.checked_sub(name.len() * declared.name.len());
            left = rest.unwrap_or_default();
            rest.is_some() || self.trail.guesses()
        };
        let sent = undeclared().map(|attribute| attribute.name.as_str()).take_while(is_affordable);
        nearest(&declared.name, sent, 3).into_iter().map(|name| format!("`{name}`")).collect()
    }
}

pub(super) fn expected_name(declared: &Declared) -> String {
    match &declared.format {
        None => declared.name.clone(),
        Some(format) => format!("{} of the format {format}", declared.name),
    }
}
