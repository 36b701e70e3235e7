//! Whom the token is about, and who that is at a linked source.

use super::{Run, Step};
use crate::decision::{Fact, Stage};
use crate::ground::attribute::format::{EMAIL, TRANSIENT, UNSPECIFIED};
use crate::ground::claim::ClaimValue;
use crate::mapping::claims::{Linked, Subject};
use crate::mapping::compiled::{Link, SubjectRule};
use crate::mapping::received::Received;
use crate::mapping::refusal::MappingRefusal;

/// The format of a subject that a rule made; a provider that sends it as a `NameID` format is refused.
const MAPPED: &str = "mapped";

/// How somebody is named at one source.
struct Named {
    format: String,
    qualifiers: [String; 2],
    value: String,
}

impl Run<'_, '_> {
    pub(super) fn subject(&mut self) -> Step<(Subject, Option<Linked>)> {
        let spec = &self.mapping.subject;
        self.at.set(spec.line);
        let found =
            self.named(&spec.rule).map_err(|refusal| (refusal, &spec.rule)).and_then(|named| match &spec.link {
                None => Ok((named, None)),
                Some(link) => match self.linked(link) {
                    Ok(linked) => Ok((named, Some(linked))),
                    Err(refusal) => Err((refusal, &link.rule)),
                },
            });
        let (named, linked) = match found {
            Ok(found) => found,
            Err((refusal, rule)) => {
                let parts = self.parts_of(rule);
                return self.refuse_with(Stage::Subject, None, refusal, parts);
            }
        };
        let Named { format, qualifiers, value } = named;
        let mut facts = self.parts_of(&spec.rule);
        facts.push(Fact::public("format", &format));
        if self.trail.explains() {
            facts.push(Fact::private("value", &value));
        }
        if let Some(linked) = &linked {
            facts.push(Fact::public("same_as_at", &linked.source));
            if self.trail.explains() {
                facts.push(Fact::private("value_there", &linked.value));
            }
        }
        self.trail.passed(Stage::Subject, facts);
        Ok((Subject { namespace: self.facts.namespace.clone(), format, qualifiers, value }, linked))
    }

    fn parts_of(&self, rule: &SubjectRule) -> Vec<Fact> {
        match rule {
            SubjectRule::Cel(expression) => self.parts(expression),
            SubjectRule::NameId | SubjectRule::Attribute(_) => Vec::new(),
        }
    }

    fn linked(&self, link: &Link) -> Step<Linked> {
        self.at.set(link.line);
        let Named { format, qualifiers, value } = self.named(&link.rule)?;
        let format = link.format.clone().unwrap_or(format);
        Ok(Linked { source: link.source.clone(), format, qualifiers, value })
    }

    fn named(&self, rule: &SubjectRule) -> Step<Named> {
        match rule {
            SubjectRule::NameId => self.name_id(),
            SubjectRule::Attribute(place) => {
                let value = self.received.get(*place).and_then(Option::as_ref).and_then(Received::first);
                mapped(value.map(str::to_owned))
            }
            SubjectRule::Cel(expression) => {
                if expression.reads.name_id {
                    // SAML Core 8.3.8: whatever a rule makes of a transient identifier stands for nobody tomorrow.
                    self.check_name_id()?;
                }
                match self.scope.evaluate(expression) {
                    Ok(Some(ClaimValue::Text(text))) => mapped(Some(text)),
                    Ok(None) => mapped(None),
                    Ok(Some(_)) => Err(missing("something that is not text")),
                    Err(failure) => Err(self.failed("subject".into(), expression, failure)),
                }
            }
        }
    }

    fn name_id(&self) -> Step<Named> {
        let name_id = self.facts.name_id.as_ref().ok_or_else(|| missing("no NameID"))?;
        let format = name_id.format.as_deref().unwrap_or(UNSPECIFIED);
        self.check_name_id()?;
        if format == MAPPED {
            return Err(missing("a NameID whose format is that of mapped values"));
        }
        let qualifier = |text: &Option<String>| text.clone().unwrap_or_default();
        Ok(Named {
            format: format.to_owned(),
            qualifiers: [qualifier(&name_id.name_qualifier), qualifier(&name_id.sp_name_qualifier)],
            value: not_empty(name_id.value.clone())?,
        })
    }

    /// Whether this person can be known by the `NameID` that was sent.
    fn check_name_id(&self) -> Step<()> {
        let format = self.facts.name_id.as_ref().and_then(|name_id| name_id.format.as_deref());
        match format {
            Some(TRANSIENT) => Err(missing("a transient NameID")),
            Some(EMAIL) if !self.mapping.subject.email_proven => Err(MappingRefusal::EmailUnproven),
            Some(_) | None => Ok(()),
        }
    }
}

const fn missing(why: &'static str) -> MappingRefusal {
    MappingRefusal::SubjectMissing { why }
}

fn mapped(value: Option<String>) -> Step<Named> {
    let value = not_empty(value.unwrap_or_default())?;
    Ok(Named { format: MAPPED.to_owned(), qualifiers: [String::new(), String::new()], value })
}

fn not_empty(value: String) -> Step<String> {
    if value.trim().is_empty() { Err(missing("nothing")) } else { Ok(value) }
}
