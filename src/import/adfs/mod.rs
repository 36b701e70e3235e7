//! AD FS: the claim rules of a relying party.
//!
//! ```text
//! text ─lexer─▶ tokens ─grammar─▶ rules ─reader─▶ attributes, claims, subject, require
//! ```
//!
//! The types that rules read become attributes, the types that they issue become claims. What a rule fetches from a store
//! is declared as an attribute: AD FS goes on fetching it, and has to send it. Rules of authorization become `require`.
//!
//! **Invariant.** A rule that is not understood issues nothing. A rule that denies, or a set that permits, and that is not
//! understood, refuses everybody until somebody has looked at it.
//!
//! **Absent on purpose.** Who said something first: `Issuer` of a claim is always the source here.

mod authorization;
mod grammar;
mod lexer;
mod outputs;
mod reader;
mod replace;
#[cfg(test)]
mod tests;
mod values;

use super::draft::{Attribute, ClaimRule, Draft, Requirement, SubjectRule};
use super::{ImportError, Imported, Losses, bounded, expression, names, not_by_email};

/// Larger files are refused.
const MAX_BYTES: usize = 1 << 20;

pub(super) fn import(text: &str) -> Result<Imported, ImportError> {
    if text.len() > MAX_BYTES {
        return Err(ImportError::new(0, format!("the file is larger than {} MiB", MAX_BYTES >> 20)));
    }
    let rules = grammar::rules(&lexer::tokens(text));
    bounded(rules.len(), "rules", 1)?;
    if rules.iter().all(Result::is_err) {
        let (line, why) = rules.into_iter().find_map(Result::err).unwrap_or((1, "it is empty".into()));
        return Err(ImportError::new(line, format!("this holds no claim rule: {why}")));
    }
    let mut reader = reader::Reader::new();
    for rule in rules {
        match rule {
            Ok(rule) => reader.rule(&rule),
            Err((line, why)) => reader.losses.add(line, "a rule", format!("it cannot be read: {why}")),
        }
    }
    Ok(reader.finish())
}
