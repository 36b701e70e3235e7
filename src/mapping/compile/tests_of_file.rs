//! `tests`: names resolved, so that a misspelt one is a problem of the file and not a failing test.

use std::collections::{BTreeMap, BTreeSet};

use super::Compiler;
use crate::diagnostic::{Span, suggest};
use crate::ground::id::{Audience, ClientId};
use crate::ground::reason::ReasonCode;
use crate::mapping::compiled::Declared;
use crate::mapping::file::{Expected, MappingFile, RawRequire, RawTrial, Word};
use crate::mapping::refusal::REFUSALS;
use crate::mapping::trial::Trial;

/// What `for` names; `None` is all.
type For<'a> = (Option<&'a BTreeSet<ClientId>>, Option<&'a BTreeSet<Audience>>);

impl Compiler<'_, '_, '_> {
    pub(super) fn trials(&mut self, file: &MappingFile, declared: &[Declared], applies: For<'_>) -> Vec<Trial> {
        let mut trials = Vec::with_capacity(file.tests.len());
        let mut above: BTreeMap<&str, Span> = BTreeMap::new();
        for trial in &file.tests {
            let mut attributes = Vec::with_capacity(trial.given.attributes.len());
            for (short, values) in &trial.given.attributes {
                // A test that gives an attribute is no use of it.
                let used = self.used.clone();
                attributes.extend(self.attribute(short, declared).map(|place| (place, values.clone())));
                self.used = used;
            }
            self.check_request(trial, applies);
            self.check_expected(&trial.expect, file);
            self.check_same(trial, &above);
            // A whole credential can be refused before the mapping is asked.
            let any = trial.given.credential.is_some();
            let refused = trial.expect.refused.as_ref().and_then(|code| {
                ReasonCode::parse(&code.value).filter(|_| any).or_else(|| self.refusal(code, &file.require))
            });
            if let Some(first) = above.insert(&trial.name.value, trial.name.span) {
                let message = format!("two tests have the name `{}`", trial.name.value);
                let problem = self.findings.error("mapping.test_repeated", trial.name.span, message);
                problem.related(first, "the first").help("rename one");
            }
            trials.push(Trial::of(trial, attributes, refused));
        }
        trials
    }

    fn check_expected(&mut self, expect: &Expected, file: &MappingFile) {
        let claims = expect.claims.iter().map(|(name, _)| name);
        for name in claims.chain(&expect.absent).chain(expect.released.iter().flatten()) {
            self.check_claim(name);
        }
        for scope in expect.scopes.iter().flatten() {
            self.check_expected_scope(scope, file.scopes.as_deref().unwrap_or_default());
        }
    }

    /// A test of a request that never comes to this mapping proves nothing.
    fn check_request(&mut self, trial: &RawTrial, (clients, audiences): For<'_>) {
        // The refusal that a recorded credential meets may be just that.
        if trial.given.credential.is_some() && trial.expect.refused.is_some() {
            return;
        }
        if let Some(word) = &trial.given.client
            && self.check_client(word)
            && let Some(names) = clients
        {
            let names: Vec<&str> = names.iter().map(ClientId::as_str).collect();
            self.check_applies("mapping.client_unknown", ("client", "clients"), word, &names);
        }
        if let Some(word) = &trial.given.audience
            && self.check_audience(word)
            && let Some(names) = audiences
        {
            let names: Vec<&str> = names.iter().map(Audience::as_str).collect();
            self.check_applies("mapping.audience_unknown", ("audience", "audiences"), word, &names);
        }
    }

    fn check_applies(&mut self, code: &'static str, (what, key): (&str, &str), word: &Word, names: &[&str]) {
        if names.contains(&word.value.as_str()) || names.is_empty() {
            return;
        }
        let message = format!("this mapping does not apply to the {what} `{}`", word.value);
        let suggestion = suggest(&word.value, names.iter().copied());
        let problem = self.findings.error(code, word.span, message);
        match suggestion {
            Some(_) => problem.did_you_mean(suggestion),
            None => problem.help(format!("`for.{key}` has {}", names.join(", "))),
        };
    }

    /// `sub_same_as` names a test above.
    fn check_same(&mut self, trial: &RawTrial, above: &BTreeMap<&str, Span>) {
        let Some(name) = trial.expect.sub_same_as.as_ref() else { return };
        if above.contains_key(name.value.as_str()) {
            return;
        }
        let message = format!("no test above has the name `{}`", name.value);
        let suggestion = suggest(&name.value, above.keys().copied());
        let problem = self.findings.error("mapping.test_unknown", name.span, message);
        match suggestion {
            Some(_) => problem.did_you_mean(suggestion),
            None => problem.help("`sub_same_as` compares with a test that stands before this one"),
        };
    }

    /// Among those that are written, whether their rules are sound or not: one mistake is one problem.
    fn check_expected_scope(&mut self, scope: &Word, scopes: &[(Word, Option<Word>)]) {
        if scopes.iter().any(|(known, _)| known.value == scope.value) || self.unread.has("scopes") {
            return;
        }
        let message = format!("the mapping has no scope `{}`", scope.value);
        let suggestion = suggest(&scope.value, scopes.iter().map(|(known, _)| known.value.as_str()));
        self.findings.error("mapping.scope_unknown", scope.span, message).did_you_mean(suggestion);
    }

    /// A reason that this mapping can refuse with.
    fn refusal(&mut self, code: &Word, require: &[RawRequire]) -> Option<ReasonCode> {
        let rules =
            require.iter().filter_map(|rule| rule.id.as_ref()).map(|id| format!("mapping.require.{}", id.value));
        let known: Vec<String> = rules.chain(REFUSALS.map(|reason| reason.code().to_owned())).collect();
        if known.contains(&code.value) || self.unread.has("require") {
            return ReasonCode::parse(&code.value);
        }
        let message = format!("this mapping never refuses with `{}`", code.value);
        let suggestion = suggest(&code.value, known.iter().map(String::as_str));
        let problem = self.findings.error("mapping.reason_unknown", code.span, message);
        match suggestion {
            Some(_) => problem.did_you_mean(suggestion),
            None => problem.help(format!("it can refuse with {}", known.join(", "))),
        };
        None
    }
}
