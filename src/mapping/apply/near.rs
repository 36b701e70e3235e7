//! Whether a rule that does not hold would, were it not for letter case or blanks around a value.
//!
//! Looked at only when the request is refused anyway, and told in fixed words: no value is shown.

use std::borrow::Cow;

use super::Run;
use crate::mapping::cel::{Expression, MAX_MAPPING_COST, Name, Scope};
use crate::mapping::compiled::{Cardinality, Declared};
use crate::mapping::received::Received;

/// So often the rule is evaluated once more.
const TRIES: u64 = 7;

/// What is done about letter case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Kept,
    /// A value becomes the literal that it is compared with, where both differ in nothing else.
    OfLiteral,
    Lower,
    Upper,
}

impl<'f> Run<'f, '_> {
    pub(super) fn would_hold(&self, expression: &Expression) -> Option<&'static str> {
        if expression.cost.saturating_mul(TRIES) > MAX_MAPPING_COST {
            return None;
        }
        // Where something must not hold, another case is no slip: `!x.endsWith('@Guest')`.
        let cases: &[Case] =
            if expression.says_no() { &[Case::OfLiteral] } else { &[Case::OfLiteral, Case::Lower, Case::Upper] };
        let any = |trims: bool| cases.iter().any(|case| self.holds_with(expression, *case, trims));
        if self.holds_with(expression, Case::Kept, true) {
            Some("it would hold without the blanks around a value")
        } else if any(false) {
            Some("it would hold if letter case did not count")
        } else if any(true) {
            Some("it would hold if letter case and blanks around a value did not count")
        } else {
            None
        }
    }

    fn holds_with(&self, expression: &Expression, case: Case, trims: bool) -> bool {
        let is_read = |(declared, _): &(&'f Declared, _)| expression.reads.attributes.contains(&*declared.short);
        let all = self.mapping.attributes.iter().zip(&self.received).filter(is_read);
        let changed: Vec<(&'f Declared, Option<Vec<Cow<'_, str>>>)> = all
            .map(|(declared, values)| {
                let change = |value| changed(value, declared, expression, case, trims);
                (declared, values.as_ref().map(|values| Received::iter(values).map(change).collect()))
            })
            .collect();
        let mut scope = Scope::new(&self.beside);
        if let Some(acr) = self.acr {
            scope.set_acr(acr);
        }
        for (declared, values) in &changed {
            let mut values = values.as_ref().map(|values| values.iter().map(Cow::as_ref));
            match declared.cardinality {
                Cardinality::One => {
                    scope.add_single(&declared.short, values.as_mut().and_then(Iterator::next));
                }
                Cardinality::Many { .. } => scope.add_many(&declared.short, values),
            }
        }
        matches!(scope.holds(expression), Ok(true))
    }
}

fn changed<'v>(value: &'v str, of: &Declared, expression: &'v Expression, case: Case, trims: bool) -> Cow<'v, str> {
    let value = if trims { value.trim() } else { value };
    let lower = |text: &str| text.to_lowercase();
    match case {
        Case::Kept => value.into(),
        Case::Lower => lower(value).into(),
        Case::Upper => value.to_uppercase().into(),
        Case::OfLiteral => {
            let is_of = |name: &Name| matches!(name, Name::Attribute(name) if *name == *of.short);
            let literals = expression.usage().literals.iter().filter(|compared| is_of(&compared.name));
            let mut literals = literals.map(|compared| compared.literal.as_str());
            literals.find(|literal| lower(literal) == lower(value)).unwrap_or(value).into()
        }
    }
}
