//! What two mappings make of one person, side by side: for shadows, `mapping diff` and `mapping replay`.
//!
//! ```text
//! Result<Claims, MappingRefusal> × 2 ─differences─▶ what differs, in words; values apart, because they are of a person
//! ```

use std::collections::BTreeSet;
use std::fmt;

use super::claims::Claims;
use super::refusal::MappingRefusal;
use crate::decision::Rejection as _;
use crate::ground::claim::{ClaimName, ClaimValue};
use crate::ground::reason::ReasonCode;
use crate::ground::scope::Scope;

/// What a mapping came to.
pub type Outcome = Result<Claims, MappingRefusal>;

/// One thing that differs. `Display` has no value of a person in it; [`Difference::values`] has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Refused now, and not before.
    Refused(ReasonCode),
    /// Accepted now, and not before.
    Accepted(ReasonCode),
    /// Refused both times, for other reasons.
    RefusedOtherwise(ReasonCode, ReasonCode),
    /// Another `sub`.
    Subject,
    /// A claim: before and after.
    Claim(ClaimName, Option<ClaimValue>, Option<ClaimValue>),
    /// A claim that leaves now, or no longer.
    Release(ClaimName, bool),
    /// A scope that can be had now, or no longer.
    Scope(Scope, bool),
    /// `acr` or `amr`.
    Login(&'static str),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => write!(f, "refused now, with {code}"),
            Self::Accepted(code) => write!(f, "accepted now; refused before, with {code}"),
            Self::RefusedOtherwise(before, after) => write!(f, "refused with {after} instead of {before}"),
            Self::Subject => f.write_str("another `sub`"),
            Self::Claim(name, None, _) => write!(f, "claim `{name}` is new"),
            Self::Claim(name, _, None) => write!(f, "claim `{name}` is gone"),
            Self::Claim(name, Some(_), Some(_)) => write!(f, "claim `{name}` has another value"),
            Self::Release(name, true) => write!(f, "claim `{name}` leaves now"),
            Self::Release(name, false) => write!(f, "claim `{name}` leaves no longer"),
            Self::Scope(scope, true) => write!(f, "scope `{scope}` can be had now"),
            Self::Scope(scope, false) => write!(f, "scope `{scope}` can no longer be had"),
            Self::Login(what) => write!(f, "another `{what}`"),
        }
    }
}

impl Difference {
    /// Before and after as JSON, where there is something to show.
    pub fn values(&self) -> Option<String> {
        let shown =
            |value: &Option<ClaimValue>| value.as_ref().map_or("nothing".to_owned(), |v| v.to_json().to_string());
        match self {
            Self::Claim(_, before, after) => Some(format!("{} → {}", shown(before), shown(after))),
            Self::Refused(_)
            | Self::Accepted(_)
            | Self::RefusedOtherwise(..)
            | Self::Subject
            | Self::Release(..)
            | Self::Scope(..)
            | Self::Login(_) => None,
        }
    }
}

/// Everything that differs, refusals first, then in the order of a token.
pub fn differences(before: &Outcome, after: &Outcome) -> Vec<Difference> {
    match (before, after) {
        (Ok(before), Ok(after)) => of_claims(before, after),
        (Ok(_), Err(refusal)) => vec![Difference::Refused(refusal.code())],
        (Err(refusal), Ok(_)) => vec![Difference::Accepted(refusal.code())],
        (Err(before), Err(after)) if before.code() == after.code() => Vec::new(),
        (Err(before), Err(after)) => vec![Difference::RefusedOtherwise(before.code(), after.code())],
    }
}

fn of_claims(before: &Claims, after: &Claims) -> Vec<Difference> {
    let mut found = Vec::new();
    if before.subject() != after.subject() || before.linked() != after.linked() {
        found.push(Difference::Subject);
    }
    let names: BTreeSet<&ClaimName> = before.all().keys().chain(after.all().keys()).collect();
    for name in names {
        let (old, new) = (before.all().get(name), after.all().get(name));
        if old != new {
            found.push(Difference::Claim(name.clone(), old.cloned(), new.cloned()));
            continue;
        }
        let leaves = |claims: &Claims| claims.released_to(claims.audience()).contains_key(name);
        let (old, new) = (leaves(before), leaves(after));
        if old != new {
            found.push(Difference::Release(name.clone(), new));
        }
    }
    let scopes: BTreeSet<&Scope> = before.scopes().iter().chain(after.scopes().iter()).collect();
    for scope in scopes {
        let (old, new) = (before.scopes().contains(scope), after.scopes().contains(scope));
        if old != new {
            found.push(Difference::Scope(scope.clone(), new));
        }
    }
    if before.acr() != after.acr() {
        found.push(Difference::Login("acr"));
    }
    if before.amr() != after.amr() {
        found.push(Difference::Login("amr"));
    }
    found
}
