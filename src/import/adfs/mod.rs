//! AD FS: the claim rules of a relying party.
//!
//! ```text
//! text ─lexer─▶ tokens ─grammar─▶ rules ─reader─▶ attributes, claims, subject, require
//! ```
//!
//! The rules of authorization of a relying party stand in a file of their own: with the issuance rules they make **one**
//! mapping. Claims without their authorization would be more than AD FS gave.
//!
//! The types that rules read become attributes, the types that they issue become claims. What a rule fetches from a store
//! is declared as an attribute: AD FS goes on fetching it, and has to send it. Rules of authorization become `require`.
//!
//! **Invariant.** A rule that is not understood issues nothing. A rule that denies, or a set that permits, and that is not
//! understood, refuses everybody until somebody has looked at it. What such a rule makes is not taken for absent: a rule
//! that reads it is not carried either.
//!
//! **Absent on purpose.** Who said something first: `Issuer` of a claim is always the source here.

mod authorization;
mod grammar;
mod lexer;
mod lost;
mod made;
mod outputs;
mod reader;
mod replace;
#[cfg(test)]
mod tests;
mod values;

use super::draft::{Attribute, ClaimRule, Draft, Requirement, SubjectRule};
use super::{ImportError, Imported, Losses, bounded, expression, names, not_by_email};
use authorization::Authorization;

/// Larger files are refused.
const MAX_BYTES: usize = 1 << 20;

/// The rules of one file.
struct RuleSet(Vec<grammar::Read>);

impl RuleSet {
    fn read(text: &str) -> Result<Self, ImportError> {
        if text.len() > MAX_BYTES {
            return Err(ImportError::new(0, format!("the file is larger than {} MiB", MAX_BYTES >> 20)));
        }
        let rules = grammar::rules(&lexer::tokens(text));
        bounded(rules.len(), "rules", 1)?;
        if rules.iter().all(Result::is_err) {
            let first = rules.into_iter().find_map(Result::err);
            let (line, why) = first.map_or((1, "it is empty".to_owned()), |unread| (unread.line, unread.why));
            return Err(ImportError::new(line, format!("this holds no claim rule: {why}")));
        }
        Ok(Self(rules))
    }

    /// Whether it says anything of who may come in.
    fn admits(&self) -> bool {
        self.0.iter().flatten().any(|rule| Authorization::effect(rule).is_some())
    }

    /// Whether it issues claims; a set that issues none is one of authorization.
    fn issues(&self) -> bool {
        // A type that is computed may be one of authorization, where others are.
        let admits = self.admits();
        let is_claim = |rule: &grammar::Rule| {
            rule.issues && Authorization::effect(rule).is_none() && !(admits && Authorization::may_deny(rule))
        };
        self.0.iter().flatten().any(is_claim)
    }
}

pub(super) fn import(texts: &[&str]) -> Result<Imported, ImportError> {
    let read = |(file, text): (usize, &&str)| RuleSet::read(text).map_err(|error| ImportError { file, ..error });
    let sets = texts.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
    match sets.as_slice() {
        [one, two] if !one.issues() && two.issues() && !two.admits() => return Ok(together((0, one), (1, two))),
        [one, two] if one.issues() && !one.admits() && !two.issues() => return Ok(together((1, two), (0, one))),
        [_] | [] => {}
        several => {
            if let Some(file) = several.iter().position(|set| !set.issues()) {
                let message = "this says who may come in, but not to which of the other files it belongs: import it \
                               with the issuance rules of its own relying party, these two files and no other";
                return Err(ImportError { file, ..ImportError::new(0, message) });
            }
        }
    }
    let mut all = Imported::default();
    for (file, set) in sets.iter().enumerate() {
        all.add(file, alone(set));
    }
    Ok(all)
}

/// Who may come in, and what is said of them, as one mapping. AD FS asks the first before it makes any of the second.
fn together(admission: (usize, &RuleSet), claims: (usize, &RuleSet)) -> Imported {
    let mut reader = reader::Reader::new();
    for (file, set) in [admission, claims] {
        reader.losses.file = file;
        reader.outputs.seal();
        reader.rules(set);
    }
    reader.finish()
}

fn alone(set: &RuleSet) -> Imported {
    let mut reader = reader::Reader::new();
    reader.rules(set);
    let together = "`drawbridge import adfs issuance.txt authorization.txt` makes one mapping of both";
    if !set.issues() {
        let why = format!(
            "these rules only say who may come in, and belong to the claims of their relying party: {together}"
        );
        reader.losses.add(1, "claims", why);
    } else if !set.admits() {
        let note = format!(
            "Who may come in is not said here: AD FS keeps that in the authorization rules of the relying party. {together}."
        );
        reader.draft.notes.push(note);
    }
    reader.finish()
}
