//! `claims`: in file order, each seeing those above it.

use std::collections::HashMap;

use super::Compiler;
use crate::diagnostic::suggest;
use crate::ground::claim::{ClaimName, ClaimValue, RESERVED};
use crate::mapping::cel::{Kind, Known, MAX_TEXT_READ};
use crate::mapping::compiled::{Cardinality, ClaimRule, Declared, Origin};
use crate::mapping::file::{RawClaim, RawRule, Word};

impl Compiler<'_, '_, '_> {
    pub(super) fn claims(&mut self, raw: &[RawClaim], declared: &[Declared]) -> Vec<ClaimRule> {
        let mut rules = Vec::with_capacity(raw.len());
        for claim in raw {
            self.check_claim_name(&claim.name);
            let made = claim.rule.as_ref().and_then(|rule| self.origin(rule, declared));
            let known = match &made {
                Some((_, known)) => Known { kind: known.kind.clone(), optional: known.optional && !claim.required },
                // Known even where its rule is broken: one problem, not one for each use.
                None => Known { kind: Kind::Any { count: 0, bytes: 0 }, optional: false },
            };
            self.claims.insert(claim.name.value.clone(), known);
            if let Some((origin, _)) = made {
                let name = ClaimName::new(claim.name.value.as_str());
                rules.push(ClaimRule { name, origin, required: claim.required, read: false });
            }
        }
        rules
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
            RawRule::From { attribute, table } => {
                let place = self.attribute(attribute, declared)?;
                let attribute = declared.get(place)?;
                let many = match attribute.cardinality {
                    Cardinality::One => None,
                    Cardinality::Many { max } => Some(max as u64),
                };
                match table {
                    None => {
                        let kind = of_cardinality(many, Kind::Text { bytes: MAX_TEXT_READ as u64 });
                        Some((Origin::Attribute(place), Known { kind, optional: attribute.optional }))
                    }
                    Some(rows) => {
                        let row = rows.iter().map(|(_, value)| kind_of(value)).reduce(|a, b| a.or(&b));
                        let kind = of_cardinality(many, row.unwrap_or(Kind::Null));
                        // A single value that is not in the table leaves nothing.
                        let optional = attribute.optional || many.is_none();
                        let rows: HashMap<_, _> = rows.iter().cloned().collect();
                        Some((Origin::Table(place, rows), Known { kind, optional }))
                    }
                }
            }
            RawRule::Value(value) => {
                let known = Known { kind: kind_of(value), optional: false };
                Some((Origin::Value(value.clone()), known))
            }
            RawRule::Cel(cel) => {
                let expression = self.expression(cel)?;
                // Null leaves the claim out.
                let optional = expression.kind.may_be(&Kind::Null);
                let known = Known { kind: expression.kind.clone(), optional };
                Some((Origin::Cel(expression), known))
            }
        }
    }

    /// Reports a claim that is not defined.
    pub(super) fn check_claim(&mut self, name: &Word) {
        if self.all_claims.contains(&name.value) {
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

fn of_cardinality(many: Option<u64>, one: Kind) -> Kind {
    match many {
        None => one,
        Some(max) => Kind::list(max, one),
    }
}

fn kind_of(value: &ClaimValue) -> Kind {
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
