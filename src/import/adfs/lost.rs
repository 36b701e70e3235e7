//! What rules would have made that are not carried: rules below must not take it for absent.

use std::collections::HashMap;

use super::authorization::{Authorization, Effect};
use super::grammar::{Asks, Body, Expr, Rule};
use super::made;

/// The types that nothing makes here, although a rule does in AD FS.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// Each with the line of its rule.
    kinds: HashMap<String, usize>,
    /// The line of a rule that may make claims of any type.
    any: Option<usize>,
}

impl Lost {
    /// Notes a rule that is not carried.
    pub(super) fn rule(&mut self, rule: &Rule) {
        // A copy makes nothing that is not there without it.
        if matches!(rule.body, Body::Copy(_)) {
            return;
        }
        for kind in made::kinds(rule) {
            match kind {
                Some(kind) => self.kind(kind, rule.line),
                None => self.unread(rule.line),
            }
        }
    }

    /// Notes a type that nothing makes here.
    pub(super) fn kind(&mut self, kind: &str, line: usize) {
        self.kinds.entry(kind.to_owned()).or_insert(line);
    }

    /// Notes a rule that may make any type.
    pub(super) fn unread(&mut self, line: usize) {
        self.any.get_or_insert(line);
    }

    /// Refuses a rule that reads what is lost. Of what may be anything only those suffer that hold where it is absent:
    /// the others only give less.
    pub(super) fn check(&self, rule: &Rule) -> Result<(), String> {
        for test in rule.conditions.iter().flat_map(|condition| &condition.tests) {
            if let ("type", Expr::Text(kind)) = (test.property.as_str(), &test.operand)
                && let Some(line) = self.kinds.get(kind)
            {
                return Err(format!(
                    "it reads `{kind}`, which the rule of line {line} makes in a way that is not carried"
                ));
            }
        }
        match self.any {
            Some(line) if gives_more_without(rule) => Err(format!(
                "it asks for claims that may come from the rule of line {line}, which is not carried, and would hold \
                 without them"
            )),
            Some(_) | None => Ok(()),
        }
    }
}

/// Whether somebody may get more by a rule because a claim is missing.
fn gives_more_without(rule: &Rule) -> bool {
    let denies = !rule.conditions.is_empty() && Authorization::effect(rule) == Some(Effect::Deny);
    denies || rule.conditions.iter().any(|condition| condition.asks.may_ask_for_absence())
}

impl Asks {
    /// Whether it may hold because claims are missing.
    pub(super) fn may_ask_for_absence(&self) -> bool {
        match self {
            Self::Each | Self::Exists => false,
            Self::NotExists => true,
            Self::Count(sign, _) => !matches!(*sign, ">" | ">="),
        }
    }
}
