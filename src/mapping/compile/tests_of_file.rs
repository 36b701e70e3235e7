//! `tests`: names resolved, so that a misspelt one is a problem of the file and not a failing test.

use std::collections::BTreeMap;

use super::Compiler;
use crate::diagnostic::{Span, suggest};
use crate::ground::reason::ReasonCode;
use crate::mapping::compiled::Declared;
use crate::mapping::file::{Expected, MappingFile, RawRequire, RawTrial, Word};
use crate::mapping::refusal::REFUSALS;
use crate::mapping::trial::Trial;

impl Compiler<'_, '_, '_> {
    pub(super) fn trials(&mut self, file: &MappingFile, declared: &[Declared]) -> Vec<Trial> {
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
            self.check_expected_scope(scope, &file.scopes);
        }
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
        if scopes.iter().any(|(known, _)| known.value == scope.value) {
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
        if known.contains(&code.value) {
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
