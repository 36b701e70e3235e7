//! `subject`, and the hash by which a change of it is noticed.

use super::{Compiler, hex};
use crate::crypto::digest::sha256_of_parts;
use crate::mapping::cel::{Kind, words};
use crate::mapping::compiled::{Cardinality, Declared, SubjectRule};
use crate::mapping::file::RawSubject;

impl Compiler<'_, '_, '_> {
    pub(super) fn subject(&mut self, raw: &RawSubject, declared: &[Declared]) -> Option<(SubjectRule, String)> {
        match raw {
            RawSubject::From(word) if word.value == "name_id" => {
                Some((SubjectRule::NameId, rule_hash(&["name_id"], &[])))
            }
            RawSubject::From(word) => {
                let place = self.attribute(word, declared)?;
                let attribute = declared.get(place)?;
                if attribute.cardinality != Cardinality::One {
                    let message = format!("`{}` may have several values, and a subject is one", word.value);
                    let problem = self.findings.error("mapping.subject_many", word.span, message);
                    problem.help("choose an attribute with exactly one value, or pick one with `cel`");
                    return None;
                }
                Some((SubjectRule::Attribute(place), rule_hash(&["attribute"], &[attribute])))
            }
            RawSubject::Cel(cel) => {
                let expression = self.expression(cel)?;
                if !expression.kind.may_be(&Kind::Text { bytes: 0 }) {
                    let message = format!("a subject is text, and this is {}", expression.kind.word());
                    let problem = self.findings.error("mapping.expression_type", cel.span, message);
                    problem.help("a number becomes text with `string(…)`, one of a list is `list[0]`");
                    return None;
                }
                let mut parts = vec!["cel"];
                parts.extend(words(&cel.value));
                let reads = |attribute: &&Declared| expression.reads.attributes.contains(&*attribute.short);
                let read: Vec<_> = declared.iter().filter(reads).collect();
                let hash = rule_hash(&parts, &read);
                Some((SubjectRule::Cel(expression), hash))
            }
        }
    }
}

/// Over the rule without its layout, and over what each name in it stands for.
fn rule_hash(rule: &[&str], reads: &[&Declared]) -> String {
    let mut parts: Vec<&[u8]> = Vec::new();
    let count = rule.len().to_be_bytes();
    parts.push(&count);
    parts.extend(rule.iter().map(|part| part.as_bytes()));
    for attribute in reads {
        // An attribute that is read by `from` has the same meaning under any short name.
        let short = if rule.first() == Some(&"cel") { &*attribute.short } else { "" };
        parts.push(short.as_bytes());
        parts.push(attribute.name.as_bytes());
        parts.push(attribute.format.as_deref().unwrap_or_default().as_bytes());
    }
    hex(&sha256_of_parts(&parts))
}
