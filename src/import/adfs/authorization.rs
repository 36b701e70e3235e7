//! Rules that permit and deny: who gets a token at all.

use super::grammar::{Expr, Rule, Test};
use super::{Draft, Requirement, made};

pub(super) const PERMIT: &str = "http://schemas.microsoft.com/authorization/claims/permit";
pub(super) const DENY: &str = "http://schemas.microsoft.com/authorization/claims/deny";
/// What both have in common.
const EITHER: &str = "authorization/claims";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Permit,
    Deny,
}

/// What was said so far of who may come in.
#[derive(Debug, Default)]
pub(super) struct Authorization {
    /// Conditions of which one must hold; `None` is everybody.
    permits: Vec<Option<String>>,
    /// Conditions of which none may hold; `None` is nobody.
    denies: Vec<Option<String>>,
    /// Whether somebody is permitted or denied in a way that is not understood.
    permit_lost: bool,
    deny_lost: bool,
    /// Whether a rule only adds for the rules behind it, which lets nobody in and keeps nobody out; or whether the whole
    /// set is one of authorization.
    added: bool,
}

impl Authorization {
    /// What a rule does, if it is one of authorization.
    pub(super) fn effect(rule: &Rule) -> Option<Effect> {
        let kinds = made::kinds(rule);
        // Types that are selected by a pattern may be both: then it is the one that keeps people out.
        let is_either = |test: &Test| matches!(&test.operand, Expr::Text(text) if text.contains(EITHER));
        let selects_either = || {
            rule.conditions.iter().flat_map(|asked| &asked.tests).any(|test| test.property == "type" && is_either(test))
        };
        if kinds.contains(&Some(DENY)) || (kinds.contains(&None) && selects_either()) {
            Some(Effect::Deny)
        } else {
            kinds.contains(&Some(PERMIT)).then_some(Effect::Permit)
        }
    }

    /// Whether a rule issues a type that is computed, which may be the one that denies.
    pub(super) fn may_deny(rule: &Rule) -> bool {
        rule.issues && Self::effect(rule).is_none() && made::kinds(rule).contains(&None)
    }

    /// Takes a set of rules that says who may come in: whom none of them permits does not.
    pub(super) fn expect(&mut self) {
        self.added = true;
    }

    /// Notes that a rule beside those of authorization cannot be read: it may have denied.
    pub(super) fn add_unread(&mut self) -> &'static str {
        self.deny_lost = true;
        "; it may deny, so everybody is refused until `deny_not_carried` under `require` is replaced"
    }

    /// Takes a rule that only adds.
    pub(super) fn add_idle(&mut self) -> Result<(), String> {
        self.added = true;
        Err("it only adds for the rules behind it, which permits and denies nobody".into())
    }

    /// Takes a rule with its condition, or notes that it was not understood.
    pub(super) fn add(&mut self, effect: Effect, condition: Result<Option<String>, String>) -> Result<(), String> {
        match (effect, condition) {
            (Effect::Permit, Ok(condition)) => self.permits.push(condition),
            (Effect::Deny, Ok(condition)) => self.denies.push(condition),
            (Effect::Permit, Err(why)) => {
                self.permit_lost = true;
                return Err(format!("{why}; whom it permits is refused"));
            }
            (Effect::Deny, Err(why)) => {
                self.deny_lost = true;
                return Err(format!(
                    "{why}; everybody is refused until `deny_not_carried` under `require` is replaced"
                ));
            }
        }
        Ok(())
    }

    /// Writes what must hold.
    pub(super) fn write(self, draft: &mut Draft) {
        let mut add = |id: &str, cel: String, message: &str| {
            draft.require.push(Requirement { id: id.into(), cel, message: message.into(), note: None });
        };
        let permits: Option<Vec<String>> = self.permits.into_iter().collect();
        match permits {
            Some(conditions) if !conditions.is_empty() => {
                add("permitted", conditions.join(" || "), "nothing permits this person");
            }
            // AD FS lets nobody in whom no rule permits.
            Some(_) if self.permit_lost || self.deny_lost || !self.denies.is_empty() || self.added => {
                add("permitted", "false".into(), "no rule permits anybody");
            }
            Some(_) | None => {}
        }
        for (place, condition) in self.denies.into_iter().enumerate() {
            let cel = condition.map_or_else(|| "false".to_owned(), |condition| format!("!({condition})"));
            add(&format!("not_denied_{}", place + 1), cel, "this person is denied");
        }
        if self.deny_lost {
            add("deny_not_carried", "false".into(), "a rule that denies was not carried");
        }
    }
}
