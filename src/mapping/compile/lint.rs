//! What is not wrong, but cannot have been meant: names that nothing uses, rules that can never do anything.

use std::collections::{BTreeMap, BTreeSet};

use super::Compiler;
use crate::ground::claim::ClaimName;
use crate::ground::id::Audience;
use crate::ground::scope::{Scope, ScopeSet};
use crate::mapping::file::{MappingFile, RawClaim, Word};

impl Compiler<'_, '_, '_> {
    pub(super) fn lint(
        &mut self,
        file: &MappingFile,
        audiences: Option<&BTreeSet<Audience>>,
        release: &BTreeMap<Audience, Vec<ClaimName>>,
    ) {
        // Where something is broken, nobody knows what it would have used.
        if self.findings.diagnostics.has_errors() {
            return;
        }
        self.check_unreleased(&file.claims, release);
        self.check_scopes(file, audiences, release);
        self.check_unused(file);
        for name in self.tables.unused() {
            let message = format!("nothing uses the table `{}`", name.value);
            let problem = self.findings.warning("mapping.table_unused", name.span, message);
            problem.label("never looked into").help("use it in a claim, `table: …`, or remove it");
        }
    }

    fn check_unreleased(&mut self, claims: &[RawClaim], release: &BTreeMap<Audience, Vec<ClaimName>>) {
        let released: BTreeSet<_> = release.values().flatten().map(ClaimName::as_str).collect();
        let is_idle = |claim: &&RawClaim| {
            let name = claim.name.value.as_str();
            !released.contains(name) && !self.claims_read.contains(name)
        };
        let idle: Vec<&Word> = claims.iter().filter(is_idle).map(|claim| &claim.name).collect();
        match idle.as_slice() {
            [first, _, ..] if release.is_empty() => {
                let message = format!("the file has no `release`: none of its {} claims leaves", claims.len());
                let names: Vec<&str> = idle.iter().take(3).map(|name| name.value.as_str()).collect();
                let names = if idle.len() > 3 { format!("{}, …", names.join(", ")) } else { names.join(", ") };
                let problem = self.findings.warning("mapping.claim_unreleased", first.span, message);
                problem.label("made for nothing, as those below");
                problem.help(format!("say which API may see which: `release: {{ https://…: [{names}] }}`"));
            }
            idle => {
                for name in idle {
                    let message = format!("no audience may see the claim `{}`, and no expression reads it", name.value);
                    let problem = self.findings.warning("mapping.claim_unreleased", name.span, message);
                    problem.label("made for nothing").help("list it under `release`, or remove it");
                }
            }
        }
    }

    /// Policy grants what everybody allows, and refuses a request of which nothing remains, unless the API has no
    /// scopes and none was asked for.
    fn check_scopes(
        &mut self,
        file: &MappingFile,
        audiences: Option<&BTreeSet<Audience>>,
        release: &BTreeMap<Audience, Vec<ClaimName>>,
    ) {
        let Some(id) = &file.id else { return };
        if file.shadow.is_some() || file.scopes.as_ref().is_some_and(|scopes| !scopes.is_empty()) {
            return;
        }
        // Without `for.audiences` it is meant for those that it releases claims to, or for all.
        let is_meant = |audience: &Audience| match audiences {
            Some(audiences) => audiences.contains(audience),
            None => release.is_empty() || release.contains_key(audience),
        };
        let (whom, scope) = match &self.context.apis {
            Some(apis) => {
                let offers = |(audience, scopes): &(&Audience, &ScopeSet)| is_meant(audience) && !scopes.is_empty();
                let Some((audience, scopes)) = apis.iter().find(offers) else { return };
                (format!("for `{audience}`"), scopes.iter().next().map_or("read", Scope::as_str))
            }
            None if file.scopes.is_some() => return,
            None => ("for an API that has scopes".to_owned(), "api.read"),
        };
        let is_known = self.context.apis.is_some();
        let message = format!("no scope is declared, so no token {whom} comes of it");
        let problem = self.findings.warning("mapping.scopes_none", id.span, message);
        problem.label("every such request is refused with `policy.scope_exceeds`");
        problem.help(format!(
            "say who can get what: `scopes: {{ {scope}: \"'HR' in attr.groups\" }}`, or `\"true\"` for all"
        ));
        if !is_known {
            problem.help("if the API has none, say so: `scopes: {}`");
        }
    }

    /// An attribute that no rule reads is most often the other half of a misspelling.
    fn check_unused(&mut self, file: &MappingFile) {
        for attribute in &file.attributes {
            let short = &attribute.short;
            if self.used.contains(&short.value) || self.attributes_read.contains(&short.value) {
                continue;
            }
            let message = format!("no rule uses the attribute `{}`", short.value);
            let problem = self.findings.warning("mapping.attribute_unused", short.span, message);
            problem.label("declared for nothing");
            problem.help(if attribute.optional {
                "use it, or remove it: what is not declared is reported, and never read"
            } else {
                "use it, or remove it: as it stands, people without it are refused"
            });
        }
    }
}
