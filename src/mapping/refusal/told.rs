//! What is told of a refusal: what was expected and found, and what to do. Nothing in it is of the person, but for the
//! private facts.

use super::{Came, Emptied, Found, MappingRefusal};
use crate::decision::Fact;
use crate::mapping::file::shapes::MOST_VALUES;

fn compared(of: (&'static str, &str), expected: impl std::fmt::Display, found: impl std::fmt::Display) -> Vec<Fact> {
    vec![Fact::public(of.0, of.1), Fact::public("expected", expected), Fact::public("found", found)]
}

fn nearest(names: &[String]) -> Option<Fact> {
    (!names.is_empty()).then(|| Fact::public("nearest", names.join(", ")))
}

/// What was expected and found.
pub(super) fn facts(refusal: &MappingRefusal) -> Vec<Fact> {
    use MappingRefusal as M;
    match refusal {
        M::AttributeMissing { attribute, expected, nearest: names } => {
            let mut facts = vec![Fact::public("attribute", attribute), Fact::public("expected", expected)];
            facts.extend(nearest(names));
            facts
        }
        M::AttributeRepeated { attribute, expected, found, came } => repeated(attribute, *expected, *found, *came),
        M::AttributeTooLong { attribute, expected, found } => {
            compared(("attribute", attribute), format!("at most {expected} bytes"), format!("{found} bytes"))
        }
        M::EmailUnproven => {
            vec![Fact::public("expected", "`email_proven: true`"), Fact::public("found", "format emailAddress")]
        }
        M::ClaimAmbiguous { claim, found } => compared(("claim", claim), "one value", format!("{found} values")),
        M::ClaimType { claim, expected, found } => compared(("claim", claim), expected, found),
        M::BudgetExceeded { audience, expected, found, largest } => {
            let (expected, found) = (format!("at most {expected} bytes"), format!("{found} bytes"));
            let mut facts = compared(("audience", audience.as_str()), expected, found);
            facts.push(Fact::public("largest", largest));
            facts
        }
        M::Require { message, .. } => vec![Fact::public("message", message)],
        M::SubjectMissing { why } => vec![Fact::public("found", why)],
        M::ClaimMissing { claim, emptied } => {
            let Emptied { from, found, expected, nearest: names, near, help: _ } = &**emptied;
            let mut facts = vec![Fact::public("claim", claim)];
            facts.extend(from.iter().map(|from| Fact::public("from", from)));
            facts.push(Fact::public("found", found));
            facts.extend(near.iter().map(|near| Fact::public("near", near)));
            facts.extend(expected.iter().map(|expected| Fact::public("expected", expected)));
            facts.extend(nearest(names));
            facts
        }
        M::ExpressionFailed { of, what, part, detail, help: _ } => {
            let mut facts = vec![Fact::public("rule", of), Fact::public("found", what)];
            facts.extend(part.iter().map(|part| Fact::public("failed", part)));
            facts.extend((!detail.0.is_empty()).then(|| Fact::private("detail", &detail.0)));
            facts
        }
    }
}

fn repeated(attribute: &str, expected: Found, found: Found, came: Option<Came>) -> Vec<Fact> {
    let expected_words = format!("at most {expected}");
    let Some(Came { attributes, alike, many }) = came else {
        return compared(("attribute", attribute), expected_words, format!("{found}: too many"));
    };
    let words = match (found, attributes) {
        (Found::Attributes(_), _) => found.to_string(),
        (Found::Values(_), 1) if many => format!("{found}, too many, in one attribute"),
        (Found::Values(_), 1) => format!("{found} in one attribute"),
        (Found::Values(_), several) if many => format!("{found}, too many, in {several} attributes of this name"),
        (Found::Values(_), several) => format!("{found} in {several} attributes of this name"),
    };
    let mut facts = compared(("attribute", attribute), expected_words, words);
    facts.push(Fact::public("values", if alike { "all the same" } else { "they differ" }));
    facts
}

/// What to do, where it depends on more than the code.
pub(super) fn help(refusal: &MappingRefusal) -> Option<String> {
    use MappingRefusal as M;
    match refusal {
        M::AttributeRepeated { found, came, .. } => Some(help_of_repeated(*found, *came)),
        M::AttributeMissing { .. } => {
            Some("mend its `name`, have the source send it, or say `optional: true`".to_owned())
        }
        M::BudgetExceeded { .. } => Some(
            "keep fewer values, by `strip_prefix` or a table; or give what is released a `max` and a `max_bytes` that fit, \
             and then raise `budget`, to at most 64KiB"
                .to_owned(),
        ),
        M::ClaimMissing { emptied, .. } => Some(emptied.help.to_owned()),
        M::ClaimAmbiguous { .. } => Some("`take: first` chooses by the order in which they came".to_owned()),
        M::ClaimType { .. } => Some("mend the source, or take `type` away".to_owned()),
        M::ExpressionFailed { help, .. } => Some(help.clone()),
        M::AttributeTooLong { .. }
        | M::EmailUnproven
        | M::Require { .. }
        | M::SubjectMissing { .. } => None,
    }
}

fn help_of_repeated(found: Found, came: Option<Came>) -> String {
    let Some(Came { attributes, many, .. }) = came else {
        return format!("`split` makes at most {MOST_VALUES} values: have the source send fewer");
    };
    let keys = match (found, many, attributes) {
        (Found::Attributes(_), true, _) => {
            return "write `repeated: merge`: several attributes of this name are then one list".to_owned();
        }
        (Found::Values(_), true, _) => {
            return format!(
                "raise `max`, to at most {MOST_VALUES}, if that many are honest; or have the source send fewer"
            );
        }
        (_, false, 1) => "`many: true`",
        (_, false, _) => "`many: true` and `repeated: merge`",
    };
    format!(
        "write {keys} if a person may have several: its claim is then a list, of which `take: first` or `take: one` makes \
         one value; not so where the subject is made of it, for the order of the values would decide who it is"
    )
}
