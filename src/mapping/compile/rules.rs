//! Rules looked at together: what never differs from person to person, what asks for a value that never comes, a guard
//! that tells apart what the subject does not.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Compiler;
use crate::diagnostic::suggest;
use crate::ground::claim::ClaimValue;
use crate::ground::id::{ClientId, SourceId};
use crate::mapping::cel::{Compared, Expression, Fold, Name, Spelling};
use crate::mapping::compiled::{
    AuthenticationTable, ClaimRule, Missing, Origin, Require, ScopeRule, SubjectRule, SubjectSpec,
};
use crate::mapping::file::{MappingFile, RawRequire, Word};

/// The only texts that claims can have, where the file lists them.
pub(super) type Possible = BTreeMap<String, BTreeSet<String>>;

/// The only texts that a claim of this rule can have, alone or in a list; `None` where it can have any.
pub(super) fn possible(rule: &ClaimRule) -> Option<BTreeSet<String>> {
    let mut texts = BTreeSet::new();
    match &rule.origin {
        Origin::Value(value) => collect(value, &mut texts)?,
        Origin::Attribute(_, Some(steps)) if steps.join.is_none() => {
            steps.table.as_ref()?.values().try_for_each(|value| collect(value, &mut texts))?;
        }
        Origin::Attribute(..) | Origin::Cel(_) | Origin::Object(_) => return None,
    }
    if let Missing::Default(value) = &rule.missing {
        collect(value, &mut texts)?;
    }
    Some(texts)
}

/// `None` where there is something else than texts.
fn collect(value: &ClaimValue, texts: &mut BTreeSet<String>) -> Option<()> {
    match value {
        ClaimValue::Text(text) => {
            texts.insert(text.clone());
            Some(())
        }
        ClaimValue::List(items) => items.iter().try_for_each(|item| collect(item, texts)),
        ClaimValue::Bool(_) | ClaimValue::Int(_) | ClaimValue::Object(_) => None,
    }
}

impl Compiler<'_, '_, '_> {
    /// What a rule can know of the facts: whose mapping it is, and which levels a login has.
    pub(super) fn know_facts(
        &mut self,
        source: Option<&SourceId>,
        clients: Option<&BTreeSet<ClientId>>,
        levels: Option<&AuthenticationTable>,
    ) {
        let texts = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
        self.facts.extend(source.map(|source| ("source", texts(vec![source.as_str()]))));
        let clients = clients.or(self.context.clients.as_ref());
        self.facts.extend(clients.map(|ids| ("client", texts(ids.iter().map(ClientId::as_str).collect()))));
        let acrs = |table: &AuthenticationTable| {
            texts([&table.lowest].into_iter().chain(&table.higher).map(|level| level.acr.as_str()).collect())
        };
        self.facts.extend(levels.map(|table| ("acr", acrs(table))));
    }

    /// A literal that no value of its name can be equal to is most often misspelt.
    pub(super) fn check_literals(&mut self, cel: &Word, expression: &Expression) {
        for Compared { name, fold, literal, range } in &expression.usage().literals {
            let possible = match name {
                Name::Claim(claim) => self.possible.get(claim),
                Name::Fact(fact) => self.facts.get(fact),
                Name::Attribute(_) => None,
            };
            let Some(possible) = possible else { continue };
            let folded = |text: &String| match fold {
                None => text.clone(),
                Some(Fold::Lower) => text.to_ascii_lowercase(),
                Some(Fold::Upper) => text.to_ascii_uppercase(),
            };
            let values: Vec<String> = possible.iter().map(folded).collect();
            if values.contains(literal) {
                continue;
            }
            let span = self.inner(cel, range);
            let message = format!("`{}` never has the value `{literal}`", shown(name));
            let suggestion = suggest(literal, values.iter().map(String::as_str));
            let problem = self.findings.warning("mapping.value_impossible", span, message);
            match suggestion {
                Some(_) => problem.did_you_mean(suggestion),
                None if values.is_empty() => problem.help("it has no text at all"),
                None => problem.help(format!("it can be {}", values.join(", "))),
            };
        }
    }

    /// A scope that nobody can get.
    pub(super) fn check_scope_rule(&mut self, name: &Word, rule: &Word, expression: &Expression) {
        let why = match expression.constant() {
            Some(Ok(Some(ClaimValue::Bool(true)))) | None => return,
            Some(Ok(_)) => "its rule is false for everybody",
            Some(Err(_)) => "its rule fails for everybody",
        };
        let message = format!("nobody can get the scope `{}`: {why}", name.value);
        let problem = self.findings.warning("mapping.scope_unreachable", rule.span, message);
        problem.help("mend the rule, or remove the scope");
    }

    /// A claim that nobody has.
    pub(super) fn check_claim_rule(&mut self, name: &Word, rule: &Word, expression: &Expression) {
        let why = match expression.constant() {
            Some(Ok(Some(_))) | None => return,
            Some(Ok(None)) => "its rule yields nothing for everybody",
            Some(Err(_)) => "its rule fails for everybody",
        };
        let message = format!("the claim `{}` can never have a value: {why}", name.value);
        let problem = self.findings.error("mapping.claim_never", rule.span, message);
        problem.help("mend the rule, or remove the claim");
    }

    /// A rule of `require` that asks nothing of the person.
    pub(super) fn check_require_rule(&mut self, rule: &Word, expression: &Expression) {
        let (what, help) = match expression.constant() {
            None => return,
            Some(Ok(Some(ClaimValue::Bool(true)))) => ("nobody", "remove it, or ask something of the person"),
            Some(Ok(_) | Err(_)) => {
                ("everybody", "ask something of the person; a mapping is switched off by removing it")
            }
        };
        let message = format!("this rule refuses {what}, whoever it is");
        self.findings.warning("mapping.rule_constant", rule.span, message).help(help);
    }

    /// A guard that tells `BOB` from `bob` beside a subject that does not: who is refused under one spelling is let in
    /// under another, as the same person. So does a scope that is kept from somebody, and a link to another source.
    pub(super) fn check_guards(
        &mut self,
        file: &MappingFile,
        subject: &SubjectSpec,
        (require, scopes): (&[Require], &[ScopeRule]),
    ) {
        let rules = [Some(&subject.rule), subject.link.as_ref().map(|link| &link.rule)];
        let usages = rules.into_iter().flatten().filter_map(|rule| match rule {
            SubjectRule::Cel(expression) => Some(expression.usage()),
            SubjectRule::NameId | SubjectRule::Attribute(_) => None,
        });
        let merged: BTreeSet<&(Name, Spelling)> = usages.flat_map(|usage| usage.merged.keys()).collect();
        for rule in require {
            let is_it = |raw: &&RawRequire| raw.id.as_ref().is_some_and(|id| id.value == *rule.id);
            let Some(cel) = file.require.iter().find(is_it).and_then(|raw| raw.cel.as_ref()) else { continue };
            let usage = rule.expression.usage();
            // Whoever writes a guard means the person; in one that lets in who is named, the person is not let in.
            let exact = usage.exact.iter().map(|(name, range)| ((name.clone(), Spelling::Case), range.clone()));
            let compared = usage.evaded.clone().into_iter().chain(exact);
            self.report_guard(cel, compared, &merged, "rule");
        }
        for ScopeRule { scope, expression, .. } in scopes {
            let is_it = |(name, _): &&(Word, Option<Word>)| name.value == scope.as_str();
            let Some((_, Some(cel))) = file.scopes.iter().flatten().find(is_it) else { continue };
            self.report_guard(cel, expression.usage().evaded.clone().into_iter(), &merged, "scope");
        }
    }

    fn report_guard(
        &mut self,
        cel: &Word,
        mut compared: impl Iterator<Item = ((Name, Spelling), Range<usize>)>,
        merged: &BTreeSet<&(Name, Spelling)>,
        what: &str,
    ) {
        let Some(((name, spelling), range)) = compared.find(|(compared, _)| merged.contains(compared)) else { return };
        let (name, span) = (shown(&name), self.inner(cel, &range));
        let (takes, help) = match spelling {
            Spelling::Case => ("in one case", format!("{name}.lowerAscii()")),
            Spelling::Blanks => ("without blanks at its ends", format!("{name}.trim()")),
            Spelling::Form => ("apart, by its grammar", format!("dn({name}).cn")),
        };
        let message = format!("the subject takes `{name}` {takes}, and this {what} as it comes");
        let problem = self.findings.error("mapping.guard_case", span, message);
        problem
            .label("another spelling of the same person passes")
            .help(format!("compare what the subject is made of: `{help}`"));
    }
}

/// As expressions write it.
fn shown(name: &Name) -> String {
    match name {
        Name::Attribute(name) => format!("attr.{name}"),
        Name::Claim(name) => format!("claims.{name}"),
        Name::Fact(name) => (*name).to_owned(),
    }
}
