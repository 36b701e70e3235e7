//! `tests`: names resolved, so that a misspelt one is a problem of the file and not a failing test.

use super::Compiler;
use crate::diagnostic::suggest;
use crate::ground::reason::{Reason, ReasonCode};
use crate::mapping::compiled::Declared;
use crate::mapping::file::{RawRequire, RawTrial, Word};
use crate::mapping::trial::Trial;

impl Compiler<'_, '_, '_> {
    pub(super) fn trials(
        &mut self,
        raw: &[RawTrial],
        declared: &[Declared],
        scopes: &[(Word, Option<Word>)],
        require: &[RawRequire],
    ) -> Vec<Trial> {
        let mut trials = Vec::with_capacity(raw.len());
        for trial in raw {
            let mut attributes = Vec::with_capacity(trial.given.attributes.len());
            for (short, values) in &trial.given.attributes {
                attributes.extend(self.attribute(short, declared).map(|place| (place, values.clone())));
            }
            for name in trial.expect.claims.iter().map(|(name, _)| name).chain(&trial.expect.absent) {
                self.check_claim(name);
            }
            for scope in trial.expect.scopes.iter().flatten() {
                self.check_expected_scope(scope, scopes);
            }
            let refused = trial.expect.refused.as_ref().and_then(|code| self.refusal(code, require));
            trials.push(Trial::of(trial, attributes, refused));
        }
        trials
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
        let own = [
            Reason::MappingAttributeMissing,
            Reason::MappingAttributeRepeated,
            Reason::MappingClaimMissing,
            Reason::MappingSubjectMissing,
            Reason::MappingExpressionFailed,
        ];
        let known: Vec<String> = rules.chain(own.map(|reason| reason.code().to_owned())).collect();
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
