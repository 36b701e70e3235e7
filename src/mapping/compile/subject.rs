//! `subject`, its link to another source, and the hash by which a change of it is noticed.

use super::Compiler;
use crate::crypto::digest::{hex, sha256_of_parts};
use crate::ground::id::SourceId;
use crate::mapping::cel::{Kind, words};
use crate::mapping::compiled::{Cardinality, Declared, Link, SubjectRule, SubjectSpec};
use crate::mapping::file::{MappingFile, RawLink, RawSubject, RawSubjectRule, Word};

impl Compiler<'_, '_, '_> {
    pub(super) fn subject(
        &mut self,
        raw: &RawSubject,
        file: &MappingFile,
        declared: &[Declared],
    ) -> Option<(SubjectSpec, String)> {
        let made = self.subject_rule(&raw.rule, declared);
        if let Some((rule, _)) = &made {
            self.check_email(&raw.rule, raw.email_proven, rule, declared);
        }
        let link = raw.link.as_ref().map(|link| self.link(link, raw.email_proven, file, declared));
        let (rule, hash) = made?;
        let link = match link {
            None => None,
            Some(link) => Some(link?),
        };
        Some((SubjectSpec { line: line_of(&raw.rule), rule, email_proven: raw.email_proven, link }, hash))
    }

    /// The rule, and its hash.
    fn subject_rule(&mut self, raw: &RawSubjectRule, declared: &[Declared]) -> Option<(SubjectRule, String)> {
        match raw {
            RawSubjectRule::From(word) if word.value == "name_id" => {
                Some((SubjectRule::NameId, rule_hash(&["name_id"], &[])))
            }
            RawSubjectRule::From(word) => {
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
            RawSubjectRule::Cel(cel) => {
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

    /// Who has an address today may not be who had it yesterday, and not every provider checks that it is theirs.
    fn check_email(&mut self, raw: &RawSubjectRule, proven: bool, rule: &SubjectRule, declared: &[Declared]) {
        let is_email = |attribute: &Declared| self.is_email(&attribute.name);
        let found = match rule {
            SubjectRule::NameId => None,
            SubjectRule::Attribute(place) => declared.get(*place).filter(|attribute| is_email(attribute)),
            SubjectRule::Cel(expression) => declared
                .iter()
                .find(|attribute| expression.reads.attributes.contains(&*attribute.short) && is_email(attribute)),
        };
        let Some(attribute) = found.filter(|_| !proven) else { return };
        let message =
            format!("`{}` is an e-mail address, and nothing says that this source proves it", attribute.short);
        let problem = self.findings.error("mapping.email_identity", raw.word().span, message);
        problem
            .label("somebody else may get this address")
            .help("choose an identifier that is never given to another person")
            .help("or, if this source proves addresses and never reassigns them, say `email_proven: true` beside it");
    }

    fn link(&mut self, raw: &RawLink, proven: bool, file: &MappingFile, declared: &[Declared]) -> Option<Link> {
        let (rule, hash) = self.subject_rule(&raw.rule, declared)?;
        if file.source.as_ref().is_some_and(|source| source.value == raw.source.value) {
            let message = "a source names the same people as itself anyway";
            let problem = self.findings.error("mapping.link_to_itself", raw.source.span, message);
            problem.help("name the source that people come from, or remove the link");
            return None;
        }
        self.check_link_source(&raw.source);
        self.check_email(&raw.rule, proven, &rule, declared);
        if let (SubjectRule::NameId, Some(format)) = (&rule, &raw.format) {
            let message = "`from: name_id` brings its own format along";
            let problem = self.findings.error("mapping.rule_ambiguous", format.span, message);
            problem.help("remove `format`, or read the value by `{ cel: name_id }`");
        }
        let format = raw.format.as_ref().map(|format| format.value.clone());
        let (line, source) = (line_of(&raw.rule), SourceId::new(raw.source.value.as_str()));
        Some(Link { line, source, rule, format, hash })
    }

    fn check_link_source(&mut self, word: &Word) {
        let known = self.context.sources.as_ref().map(|known| known.iter().map(SourceId::as_str).collect());
        self.check_known("mapping.source_unknown", "source", word, known);
    }
}

const fn line_of(raw: &RawSubjectRule) -> usize {
    raw.word().span.line
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
