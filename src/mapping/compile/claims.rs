//! `claims`: in file order, each seeing those above it.

use super::Compiler;
use super::rules::possible;
use crate::diagnostic::suggest;
use crate::ground::claim::{ClaimName, ClaimValue, RESERVED};
use crate::mapping::cel::{Kind, Known};
use crate::mapping::claim_type::ClaimType;
use crate::mapping::compiled::{Cardinality, ClaimRule, Declared, Missing, Origin};
use crate::mapping::file::{RawClaim, RawMissing, RawRule, RawSteps, Word};

impl Compiler<'_, '_, '_> {
    pub(super) fn claims(&mut self, raw: &[RawClaim], declared: &[Declared]) -> Vec<ClaimRule> {
        let mut rules = Vec::with_capacity(raw.len());
        for claim in raw {
            self.check_claim_name(&claim.name);
            let made = self.claim(claim, declared);
            // Known even where its rule is broken: one problem, not one for each use.
            let unknown = || Known { kind: Kind::Any { count: 0, bytes: 0 }, optional: false };
            let known = made.as_ref().map_or_else(unknown, |(_, known)| known.clone());
            self.claims.insert(claim.name.value.clone(), known);
            if let (Some((rule, _)), Some(RawRule::Cel(cel))) = (&made, &claim.rule)
                && let Origin::Cel(expression) = &rule.origin
            {
                self.check_claim_rule(&claim.name, cel, expression);
            }
            if let Some(texts) = made.as_ref().and_then(|(rule, _)| possible(rule)) {
                self.possible.insert(claim.name.value.clone(), texts);
            }
            rules.extend(made.map(|(rule, _)| rule));
        }
        rules
    }

    /// The rule of a claim or of a member, and what expressions may know of it.
    fn claim(&mut self, raw: &RawClaim, declared: &[Declared]) -> Option<(ClaimRule, Known)> {
        let (origin, mut known) = self.origin(raw.rule.as_ref()?, declared)?;
        let kind = raw.kind.as_ref().and_then(|word| ClaimType::parse(&word.value));
        if let (Some(kind), Some(word)) = (kind, &raw.kind) {
            known.kind = self.converted(kind, word, &origin, &known.kind)?;
        }
        let missing = match &raw.missing {
            RawMissing::Omit => Missing::Omit,
            RawMissing::Refuse => Missing::Refuse,
            RawMissing::Default(value) => {
                let default = kind_of(&value.value);
                if !default.may_be(&known.kind) && !matches!(known.kind, Kind::Null) {
                    let message =
                        format!("the default is {}, and the claim is otherwise {}", default.word(), known.kind.word());
                    let problem = self.findings.error("mapping.type_mismatch", value.span, message);
                    problem.help("a claim has one type: whoever reads it should not have to ask");
                }
                known.kind = known.kind.or(&default);
                Missing::Default(value.value.clone())
            }
        };
        known.optional &= matches!(missing, Missing::Omit);
        let (line, name) = (raw.name.span.line, ClaimName::new(raw.name.value.as_str()));
        Some((ClaimRule { line, name, origin, kind, missing, read: false }, known))
    }

    /// The kind that `type` makes of it, or a finding.
    fn converted(&mut self, kind: ClaimType, word: &Word, origin: &Origin, of: &Kind) -> Option<Kind> {
        let fixed = match origin {
            Origin::Value(value) => Some(kind.convert(value.clone()).is_some()),
            Origin::Attribute(..) | Origin::Cel(_) | Origin::Object(_) => None,
        };
        let made = kind.kind(of).filter(|_| fixed != Some(false));
        if made.is_none() {
            let message = format!("`type: {}` cannot be made of {}", kind.as_str(), of.word());
            let problem = self.findings.error("mapping.type_mismatch", word.span, message);
            problem.help(match (kind, of) {
                (ClaimType::Object, _) => "an object is written `object:` with its members, or made by an expression",
                (_, Kind::Object { .. }) => "leave `type` out, or write `type: object`",
                (_, _) => "write the type that the rule yields, or another rule",
            });
        }
        made
    }

    fn check_claim_name(&mut self, name: &Word) {
        if name.value.is_empty() {
            self.findings.error("mapping.name_malformed", name.span, "a claim needs a name");
        }
        if !ClaimName::new(name.value.as_str()).is_reserved() {
            return;
        }
        let message = format!("the claim `{}` belongs to the issuer", name.value);
        let problem = self.findings.error("mapping.claim_reserved", name.span, message);
        problem.label("reserved");
        match name.value.as_str() {
            "sub" => problem.help("whom a token is about is said by `subject`"),
            "scope" => problem.help("what a token may do is said by `scopes`"),
            "acr" | "auth_time" => problem.help("the bridge takes it over from the source by itself"),
            _ => problem.help("choose another name"),
        };
        problem.note(format!("reserved are {}", RESERVED.join(", ")));
    }

    /// Where the value comes from, and what expressions may know of it.
    fn origin(&mut self, rule: &RawRule, declared: &[Declared]) -> Option<(Origin, Known)> {
        match rule {
            RawRule::From { attribute, steps } => self.of_attribute(attribute, steps, declared),
            RawRule::Value(value) => {
                let known = Known { kind: kind_of(&value.value), optional: false };
                Some((Origin::Value(value.value.clone()), known))
            }
            RawRule::Cel(cel) => {
                let expression = self.expression(cel)?;
                // Null leaves the claim out.
                let optional = expression.kind.may_be(&Kind::Null);
                let known = Known { kind: expression.kind.clone(), optional };
                Some((Origin::Cel(expression), known))
            }
            RawRule::Object(members) => {
                let made: Vec<_> = members.iter().filter_map(|member| self.claim(member, declared)).collect();
                let kinds = made.iter().map(|(_, known)| &known.kind);
                let names: u64 = made.iter().map(|(rule, _)| rule.name.as_str().len() as u64).sum();
                let total = kinds.clone().map(Kind::bytes).fold(names, u64::saturating_add);
                let item = kinds.cloned().reduce(|a, b| a.or(&b)).unwrap_or(Kind::Null);
                let kind = Kind::Object { count: made.len() as u64, total, item: Box::new(item) };
                // Without any member there is no object.
                let optional = made.iter().all(|(_, known)| known.optional);
                Some((Origin::Object(made.into_iter().map(|(rule, _)| rule).collect()), Known { kind, optional }))
            }
        }
    }

    fn of_attribute(&mut self, attribute: &Word, steps: &RawSteps, declared: &[Declared]) -> Option<(Origin, Known)> {
        let place = self.attribute(attribute, declared)?;
        let attribute = declared.get(place)?;
        let many = match attribute.cardinality {
            Cardinality::One => None,
            Cardinality::Many { max } => Some(max as u64),
        };
        let one = Kind::Text { bytes: attribute.max_bytes as u64 };
        let (steps, kind) = self.steps(steps, &one, many);
        // A list stays a list, even an empty one; of a single value nothing may remain.
        let loses = steps.as_ref().is_some_and(|steps| steps.table.is_some() || steps.strip_prefix.is_some());
        let makes_one = steps.as_ref().is_some_and(|steps| steps.makes_one());
        let optional = attribute.optional || makes_one || (loses && !matches!(kind, Kind::List { .. }));
        Some((Origin::Attribute(place, steps), Known { kind, optional }))
    }

    /// Reports a claim that is not defined.
    pub(super) fn check_claim(&mut self, name: &Word) {
        if self.all_claims.contains(&name.value) || self.unread.has("claims") {
            return;
        }
        let message = format!("`{}` is not among the claims", name.value);
        let suggestion = suggest(&name.value, self.all_claims.iter().map(String::as_str));
        let problem = self.findings.error("mapping.claim_unknown", name.span, message);
        problem.label("no claim of this name");
        match suggestion {
            Some(_) => problem.did_you_mean(suggestion),
            None => problem.help(format!("define it: `claims: {{ {}: … }}`", name.value)),
        };
    }
}

/// The kind of a fixed value.
pub(super) fn kind_of(value: &ClaimValue) -> Kind {
    let of_all = |values: &mut dyn Iterator<Item = &ClaimValue>| {
        let kinds: Vec<_> = values.map(kind_of).collect();
        let total = kinds.iter().map(Kind::bytes).sum();
        let item = kinds.iter().cloned().reduce(|a, b| a.or(&b)).unwrap_or(Kind::Null);
        (kinds.len() as u64, total, Box::new(item))
    };
    match value {
        ClaimValue::Text(text) => Kind::Text { bytes: text.len() as u64 },
        ClaimValue::Bool(_) => Kind::Bool,
        ClaimValue::Int(_) => Kind::Int,
        ClaimValue::List(items) => {
            let (count, total, item) = of_all(&mut items.iter());
            Kind::List { count, total, item }
        }
        ClaimValue::Object(fields) => {
            let (count, total, item) = of_all(&mut fields.values());
            let keys: usize = fields.keys().map(String::len).sum();
            Kind::Object { count, total: total + keys as u64, item }
        }
    }
}
