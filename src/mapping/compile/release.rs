//! `scopes` and `release`.

use std::collections::{BTreeMap, BTreeSet};

use super::Compiler;
use crate::diagnostic::suggest;
use crate::ground::claim::ClaimName;
use crate::ground::id::Audience;
use crate::ground::scope::{Scope, ScopeSet};
use crate::mapping::compiled::ScopeRule;
use crate::mapping::file::Word;

type Audiences<'a> = Option<&'a BTreeSet<Audience>>;

impl Compiler<'_, '_, '_> {
    pub(super) fn scopes(&mut self, raw: &[(Word, Option<Word>)], audiences: Audiences<'_>) -> Vec<ScopeRule> {
        let mut scopes = Vec::with_capacity(raw.len());
        for (name, rule) in raw {
            let scope = self.scope(name, audiences);
            let expression = rule.as_ref().and_then(|rule| self.truth(rule, "the rule of a scope"));
            if let (Some(rule), Some(expression)) = (rule, &expression) {
                self.check_scope_rule(name, rule, expression);
            }
            let line = name.span.line;
            scopes.extend(scope.zip(expression).map(|(scope, expression)| ScopeRule { line, scope, expression }));
        }
        scopes
    }

    /// A scope that one of the APIs offers, as far as they are known; a finding otherwise.
    fn scope(&mut self, name: &Word, audiences: Audiences<'_>) -> Option<Scope> {
        let Ok(scope) = Scope::parse(&name.value) else {
            let message = format!("`{}` is not a scope", name.value);
            let problem = self.findings.error("mapping.name_malformed", name.span, message);
            problem.help("a scope is printable ASCII without space, quote and backslash (RFC 6749 section 3.3)");
            return None;
        };
        let Some(apis) = &self.context.apis else { return Some(scope) };
        let applies = |audience: &Audience| audiences.is_none_or(|audiences| audiences.contains(audience));
        let offered =
            || apis.iter().filter(|(audience, _)| applies(audience)).flat_map(|(_, scopes)| ScopeSet::iter(scopes));
        if !offered().any(|offered| *offered == scope) {
            let suggestion = suggest(&name.value, offered().map(Scope::as_str));
            let message = format!("no API that this mapping applies to offers the scope `{}`", name.value);
            let problem = self.findings.error("mapping.scope_unknown", name.span, message);
            problem.did_you_mean(suggestion);
        }
        Some(scope)
    }

    pub(super) fn release(
        &mut self,
        raw: &[(Word, Vec<Word>)],
        audiences: Audiences<'_>,
    ) -> BTreeMap<Audience, Vec<ClaimName>> {
        let mut release = BTreeMap::new();
        for (audience, names) in raw {
            self.check_audience(audience);
            let to = Audience::new(audience.value.as_str());
            if audiences.is_some_and(|audiences| !audiences.contains(&to)) {
                let message = format!("this mapping does not apply to `{}`", audience.value);
                let problem = self.findings.error("mapping.audience_unknown", audience.span, message);
                problem.help("add it to `for.audiences`, or remove it here");
            }
            let mut released: Vec<ClaimName> = Vec::with_capacity(names.len());
            for name in names {
                self.check_claim(name);
                let claim = ClaimName::new(name.value.as_str());
                if !released.contains(&claim) {
                    released.push(claim);
                }
            }
            release.insert(to, released);
        }
        release
    }
}
