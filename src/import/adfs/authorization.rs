//! Rules that permit and deny: who gets a token at all.

use super::grammar::{Body, Expr, Rule};
use super::{Draft, Requirement};

const PERMIT: &str = "http://schemas.microsoft.com/authorization/claims/permit";
const DENY: &str = "http://schemas.microsoft.com/authorization/claims/deny";

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
    /// Whether a rule only adds for the rules behind it, which lets nobody in and keeps nobody out.
    added: bool,
}

impl Authorization {
    /// What a rule does, if it is one of authorization.
    pub(super) fn effect(rule: &Rule) -> Option<Effect> {
        let Body::Make(pairs) = &rule.body else { return None };
        let (_, kind) = pairs.iter().find(|(key, _)| key == "type")?;
        match kind {
            Expr::Text(kind) if kind == PERMIT => Some(Effect::Permit),
            Expr::Text(kind) if kind == DENY => Some(Effect::Deny),
            Expr::Text(_) | Expr::Property(..) | Expr::Call(..) | Expr::Sum(_) | Expr::List(_) => None,
        }
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
