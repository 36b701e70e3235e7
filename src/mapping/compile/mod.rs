//! Files to mappings: every name resolved, every expression compiled, every problem of every file found.

mod attributes;
mod authentication;
mod budget;
mod claims;
mod expression;
mod include;
mod lint;
mod names;
mod overlap;
mod release;
mod rules;
mod steps;
mod subject;
mod tests_of_file;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cel::{Known, MAX_MAPPING_COST};
use super::compiled::{Mapping, MappingStage, Require};
use super::file::{self, File, MappingFile, RawRequire, Unread, Word};
use super::{Mappings, yaml};
use crate::diagnostic::{Diagnostics, Findings, Source, Span, suggest};
use crate::ground::id::{Audience, ClientId, MappingId, SourceId};
use crate::ground::scope::ScopeSet;
pub use attributes::RESERVED_WORDS;
use include::Library;
pub use include::includes;

pub(super) use attributes::{DEFAULT_MAX, DEFAULT_MAX_BYTES};
pub(super) use budget::{DEFAULT_BUDGET, MOST_BUDGET};

/// What the configuration knows. `None` is not known: then names of that kind are taken as they are.
#[derive(Debug, Clone, Default)]
pub struct CompileContext {
    /// Every source of credentials.
    pub sources: Option<BTreeSet<SourceId>>,
    /// Every client.
    pub clients: Option<BTreeSet<ClientId>>,
    /// Every API with the scopes that it offers.
    pub apis: Option<BTreeMap<Audience, ScopeSet>>,
}

/// Compiles all files together: mappings, and what they include.
///
/// # Errors
/// Every problem of every file, warnings included, if one of them is an error. Without errors the warnings are
/// [`Mappings::warnings`].
pub fn compile(files: &[Source], context: &CompileContext) -> Result<Mappings, Diagnostics> {
    let mut read = Vec::with_capacity(files.len());
    for source in files {
        let mut findings = Findings::of(source);
        let tree = yaml::parse(&mut findings);
        let file = tree.and_then(|tree| file::read(&tree, &mut findings));
        read.push((file, findings));
    }
    let mut library = Library::of(&mut read);
    let mut diagnostics = Diagnostics::new();
    let mut mappings = Vec::with_capacity(files.len());
    for (file, findings) in &mut read {
        if let Some(File::Mapping(file)) = file {
            mappings.extend(Compiler::new(file, context, &mut library, findings).mapping(file));
        }
    }
    for (_, findings) in read {
        diagnostics.extend(findings.diagnostics);
    }
    diagnostics.extend(library.unused());
    overlap::check(&mappings, &mut diagnostics);
    if diagnostics.has_errors() { Err(diagnostics) } else { Ok(Mappings::new(mappings, diagnostics)) }
}

/// One file on its way.
struct Compiler<'c, 'f, 's> {
    context: &'c CompileContext,
    library: &'c mut Library,
    findings: &'f mut Findings<'s>,
    /// What the file says and could not be read.
    unread: &'c Unread,
    /// The attributes that expressions may read.
    attributes: BTreeMap<String, Known>,
    /// The claims made so far that expressions may read.
    claims: BTreeMap<String, Known>,
    all_claims: BTreeSet<String>,
    /// The tables of this file and those that it includes, with whether something uses them.
    tables: include::Tables,
    vocabularies: Vec<names::Known>,
    /// The names that some expression reads.
    attributes_read: BTreeSet<String>,
    claims_read: BTreeSet<String>,
    /// The attributes of whose length or form a rule of `require` asks.
    guarded: BTreeSet<String>,
    /// The short names that something uses.
    used: BTreeSet<String>,
    /// The only texts that some claims can have.
    possible: rules::Possible,
    /// The only texts that some facts can have.
    facts: BTreeMap<&'static str, BTreeSet<String>>,
    cost: u64,
    /// Regular expressions that were too large to be made, each after some milliseconds.
    made_in_vain: usize,
}

impl<'c, 'f, 's> Compiler<'c, 'f, 's> {
    fn new(
        file: &'c MappingFile,
        context: &'c CompileContext,
        library: &'c mut Library,
        findings: &'f mut Findings<'s>,
    ) -> Self {
        let tables = library.tables_of(file, findings);
        Self {
            context,
            library,
            findings,
            unread: &file.unread,
            attributes: BTreeMap::new(),
            claims: BTreeMap::new(),
            all_claims: file.claims.iter().map(|claim| claim.name.value.clone()).collect(),
            tables,
            vocabularies: Vec::new(),
            attributes_read: BTreeSet::new(),
            claims_read: BTreeSet::new(),
            guarded: BTreeSet::new(),
            used: BTreeSet::new(),
            possible: rules::Possible::new(),
            facts: BTreeMap::new(),
            cost: 0,
            made_in_vain: 0,
        }
    }

    /// The mapping, or `None` where something that it cannot be without is missing; the findings say what.
    fn mapping(mut self, file: &MappingFile) -> Option<Mapping> {
        let id = self.id(file);
        let source = self.source(file);
        let clients = self.clients(file);
        let audiences = self.audiences(file);
        self.vocabularies = self.vocabularies(file);
        let mut attributes = self.declared(file);
        let authentication = file.authentication.as_ref().and_then(|raw| self.authentication(raw, &attributes));
        self.know_facts(source.as_ref(), clients.as_ref(), authentication.as_ref());
        let require = self.require(&file.require);
        let subject = file.subject.as_ref().and_then(|subject| self.subject(subject, file, &attributes));
        let mut claims = self.claims(&file.claims, &attributes);
        let scopes = self.scopes(file.scopes.as_deref().unwrap_or_default(), audiences.as_ref());
        if let Some((subject, _)) = &subject {
            self.check_guards(file, subject, (&require, &scopes));
        }
        let release = self.release(&file.release, audiences.as_ref());
        let line = |(to, _): &(Word, Vec<Word>)| (Audience::new(to.value.as_str()), to.span.line);
        let release_lines = file.release.iter().map(line).collect();
        let budget = self.budget(file, &release);
        let tests = self.trials(file, &attributes, (clients.as_ref(), audiences.as_ref()));
        self.check_cost(file);
        self.lint(file, audiences.as_ref(), &release);
        let by_name = attributes::by_name(&attributes);
        for attribute in &mut attributes {
            attribute.read = self.attributes_read.contains(&*attribute.short);
        }
        for claim in &mut claims {
            claim.read = self.claims_read.contains(claim.name.as_str());
        }
        let text = self.findings.source;
        let (subject, rule_hash) = subject?;
        Some(Mapping {
            id: id?,
            path: text.path.clone(),
            hash: self.library.hash_of(text, file).into(),
            source: source?,
            source_span: file.source.as_ref().map_or(Span::FILE, |source| source.span),
            stage: if file.shadow.is_some() { MappingStage::Shadow } else { MappingStage::Live },
            clients,
            audiences,
            budget,
            attributes,
            by_name,
            authentication,
            require,
            subject,
            subject_span: file.subject.as_ref().map_or(Span::FILE, |subject| subject.rule.word().span),
            subject_rule_hash: rule_hash,
            subject_replaces: file.subject_replaces.as_ref().map(|hash| hash.value.clone()),
            claims,
            scopes,
            release: Arc::new(release),
            release_lines,
            tests,
        })
    }

    fn id(&mut self, file: &MappingFile) -> Option<MappingId> {
        let id = file.id.as_ref()?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.value.len() > 64 || !id.value.chars().all(is_plain) {
            let problem = self.findings.error("mapping.name_malformed", id.span, "`id` is not a plain word");
            problem.help("at most 64 letters, digits, `-`, `_` and `.`");
        }
        Some(MappingId::new(id.value.as_str()))
    }

    fn source(&mut self, file: &MappingFile) -> Option<SourceId> {
        let word = file.source.as_ref()?;
        let known = self.context.sources.as_ref().map(|known| known.iter().map(SourceId::as_str).collect());
        self.check_known("mapping.source_unknown", "source", word, known);
        Some(SourceId::new(word.value.as_str()))
    }

    fn clients(&mut self, file: &MappingFile) -> Option<BTreeSet<ClientId>> {
        let words = file.clients.as_ref()?;
        for word in words {
            self.check_client(word);
        }
        Some(words.iter().map(|word| ClientId::new(word.value.as_str())).collect())
    }

    fn audiences(&mut self, file: &MappingFile) -> Option<BTreeSet<Audience>> {
        let words = file.audiences.as_ref()?;
        for word in words {
            self.check_audience(word);
        }
        Some(words.iter().map(|word| Audience::new(word.value.as_str())).collect())
    }

    /// Whether the configuration has it, as far as it is known; a finding otherwise.
    fn check_client(&mut self, word: &Word) -> bool {
        let known = self.context.clients.as_ref().map(|known| known.iter().map(ClientId::as_str).collect());
        self.check_known("mapping.client_unknown", "client", word, known)
    }

    fn check_audience(&mut self, word: &Word) -> bool {
        let known = self.context.apis.as_ref().map(|known| known.keys().map(Audience::as_str).collect());
        self.check_known("mapping.audience_unknown", "API with the audience", word, known)
    }

    fn check_known(&mut self, code: &'static str, what: &str, word: &Word, known: Option<Vec<&str>>) -> bool {
        let Some(known) = known else { return true };
        if known.contains(&word.value.as_str()) {
            return true;
        }
        let message = format!("the configuration has no {what} `{}`", word.value);
        let suggestion = suggest(&word.value, known.iter().copied());
        let problem = self.findings.error(code, word.span, message);
        match suggestion {
            Some(_) => problem.did_you_mean(suggestion),
            None if known.is_empty() => problem.help("it has none at all"),
            None => problem.help(format!("it has {}", known.join(", "))),
        };
        false
    }

    fn require(&mut self, rules: &[RawRequire]) -> Vec<Require> {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let mut compiled = Vec::with_capacity(rules.len());
        for rule in rules {
            if let Some(id) = &rule.id {
                self.check_rule_id(id, &mut seen);
            }
            let expression = rule.cel.as_ref().and_then(|cel| self.truth(cel, "a rule of `require`"));
            if let (Some(cel), Some(expression)) = (&rule.cel, &expression) {
                self.check_require_rule(cel, expression);
                if expression.asks() {
                    self.guarded.extend(expression.reads.attributes.iter().cloned());
                }
            }
            if let (Some(id), Some(expression), Some(message)) = (&rule.id, expression, &rule.message) {
                let (line, id, message) = (id.span.line, id.value.clone(), message.value.clone());
                compiled.push(Require { line, id: id.into(), expression, message });
            }
        }
        compiled
    }

    /// The id becomes the last word of a reason code.
    fn check_rule_id<'r>(&mut self, id: &'r Word, seen: &mut BTreeMap<&'r str, Span>) {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if id.value.len() > 64 || !id.value.chars().all(is_plain) {
            let message = format!("the id `{}` cannot be the last word of a reason code", id.value);
            self.findings
                .error("mapping.name_malformed", id.span, message)
                .help("at most 64 lower-case letters, digits and `_`");
        }
        if let Some(first) = seen.insert(&id.value, id.span) {
            let message = format!("two rules of `require` have the id `{}`", id.value);
            let problem = self.findings.error("mapping.id_repeated", id.span, message);
            problem.related(first, "the first").help("rename one: the reason code of a refusal names the rule");
        }
    }

    fn check_cost(&mut self, file: &MappingFile) {
        if self.cost > MAX_MAPPING_COST {
            let span = file.id.as_ref().map_or(Span::FILE, |id| id.span);
            let message =
                format!("the expressions may take {} steps together; {MAX_MAPPING_COST} are allowed", self.cost);
            self.findings
                .error("mapping.expression_too_costly", span, message)
                .help("lower `max` of the attributes that loops go through (200 unless told)");
        }
    }
}
