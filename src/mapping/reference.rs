//! Everything that may stand in a mapping file and in what it includes, as a page for people.
//!
//! ```text
//! shapes, names, vocabularies, expressions, bounds, codes ─page─▶ docs/reference/mapping.md
//! ```

use std::fmt::Write as _;

use super::cel::expressions;
use super::compile::{DEFAULT_BUDGET, DEFAULT_MAX, DEFAULT_MAX_BYTES, MOST_BUDGET};
use super::file::shapes::{MAPPING, MOST_BYTES, MOST_VALUES, TABLES, VOCABULARY};
use super::vocabulary::built_in;
use super::yaml::{MAX_DEPTH, MAX_FILE_BYTES};
use super::{PROBLEMS, REFUSALS};
use crate::diagnostic::Explanation;
use crate::diagnostic::shape::reference;
use crate::ground::claim::RESERVED;
use crate::ground::reason::Reason;

/// The page without its head.
pub fn page() -> String {
    let mut page = String::new();
    for keys in [&MAPPING, &TABLES, &VOCABULARY] {
        page.push_str(&reference(keys));
    }
    names(&mut page);
    vocabularies(&mut page);
    page.push_str(&expressions());
    bounds(&mut page);
    refusals(&mut page);
    problems(&mut page);
    page
}

/// The keys that are the operator's own.
fn names(page: &mut String) {
    let reserved: Vec<String> = RESERVED.iter().map(|name| format!("`{name}`")).collect();
    // Writing into a string does not fail.
    let _ = write!(
        page,
        "\n## Names of your own\n\n| | |\n|---|---|\n\
         | short names of attributes | letters, digits and `_`, no digit first; not `name_id`, and no word that CEL \
         reads as something else, such as `in` |\n\
         | claims, and members of an `object` | any name; as claims {} belong to the issuer |\n\
         | scopes | printable ASCII without space, quote and backslash |\n\
         | audiences under `release` | those of `apis` in drawbridge.yaml, character by character |\n\
         | tables, and their rows | any name; a row is compared character by character |\n\
         | friendly names | letters, digits and `_`, a letter first |\n",
        reserved.join(", "),
    );
}

fn vocabularies(page: &mut String) {
    page.push_str(
        "\n## Vocabularies that are built in\n\nNamed under `vocabulary` by their id; an included file of the same id comes \
         before it. Their names are in the files of `mappings/vocabulary/`.\n\n| id | whose names |\n|---|---|\n",
    );
    for vocabulary in built_in() {
        let _ = writeln!(page, "| `{}` | {} |", vocabulary.id, cell(&vocabulary.description));
    }
}

fn bounds(page: &mut String) {
    let _ = write!(
        page,
        "\n## Bounds\n\n| | unless told | at most |\n|---|---|---|\n\
         | size of a file | | {} KiB |\n\
         | levels of a file | | {MAX_DEPTH} |\n\
         | values of an attribute with `many`: `max` | {DEFAULT_MAX} | {MOST_VALUES} |\n\
         | bytes of a value of an attribute: `max_bytes` | {DEFAULT_MAX_BYTES} | {MOST_BYTES} |\n\
         | claims for one audience, as JSON: `budget` | {} KiB | {} KiB |\n",
        MAX_FILE_BYTES >> 10,
        DEFAULT_BUDGET >> 10,
        MOST_BUDGET >> 10,
    );
}

fn refusals(page: &mut String) {
    page.push_str(
        "\n## What a mapping refuses with\n\nSo `expect.refused`, the caller and the decision record have it; \
         [reasons.md](reasons.md) says what to do.\n\n| code | |\n|---|---|\n",
    );
    let _ = writeln!(page, "| `mapping.require.<id>` | {} |", cell(Reason::MappingRequire.cause()));
    for reason in REFUSALS {
        let _ = writeln!(page, "| `{}` | {} |", reason.code(), cell(reason.cause()));
    }
}

fn problems(page: &mut String) {
    page.push_str(
        "\n## What may be wrong with a file\n\nFound when it is loaded, by `drawbridge check` and by `drawbridge mapping test`. \
         Each code has a page with an example.\n\n| code | |\n|---|---|\n",
    );
    let row = |problem: &Explanation| {
        let code = problem.code;
        format!("| [`{code}`](diagnostics/{code}.md) | {} |\n", cell(problem.cause))
    };
    page.extend(crate::diagnostic::PROBLEMS.iter().chain(&PROBLEMS).map(row));
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::decision::Rejection as _;
    use crate::ground::id::Audience;
    use crate::mapping::{Emptied, Found, MappingRefusal};

    #[test]
    fn each_section_stands_there_once() {
        let page = page();
        let sections: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(sections.iter().collect::<BTreeSet<_>>().len(), sections.len(), "{sections:?}");
        for section in ["A mapping", "A file of tables", "A vocabulary", "A claim", "Expressions", "Bounds"] {
            assert!(sections.contains(&section), "{section}: {sections:?}");
        }
    }

    /// A variant that is new does not compile here before somebody has looked at the list.
    #[test]
    fn every_refusal_is_listed() {
        let text = String::new;
        let mut listed = REFUSALS.map(Reason::code).to_vec();
        let all = [
            MappingRefusal::AttributeMissing { attribute: text(), expected: text(), nearest: Vec::new() },
            MappingRefusal::AttributeRepeated {
                attribute: text(),
                expected: Found::Values(1),
                found: Found::Attributes(2),
                came: None,
            },
            MappingRefusal::AttributeTooLong { attribute: text(), expected: 1, found: 2 },
            MappingRefusal::ClaimMissing { claim: text(), emptied: Box::new(Emptied::default()) },
            MappingRefusal::ClaimAmbiguous { claim: text(), found: 2 },
            MappingRefusal::ClaimType { claim: text(), expected: "", found: "" },
            MappingRefusal::EmailUnproven,
            MappingRefusal::BudgetExceeded { audience: Audience::new("a"), expected: 1, found: 2, largest: text() },
            MappingRefusal::SubjectMissing { why: "" },
        ];
        for refusal in &all {
            match refusal {
                MappingRefusal::AttributeMissing { .. }
                | MappingRefusal::AttributeRepeated { .. }
                | MappingRefusal::AttributeTooLong { .. }
                | MappingRefusal::ClaimMissing { .. }
                | MappingRefusal::ClaimAmbiguous { .. }
                | MappingRefusal::ClaimType { .. }
                | MappingRefusal::EmailUnproven
                | MappingRefusal::BudgetExceeded { .. }
                | MappingRefusal::SubjectMissing { .. }
                // Made below, with what is private; and `mapping.require.<id>`.
                | MappingRefusal::ExpressionFailed { .. }
                | MappingRefusal::Require { .. } => listed.retain(|code| *code != refusal.code().to_string()),
            }
        }
        assert_eq!(listed, ["mapping.expression_failed"]);
    }
}
