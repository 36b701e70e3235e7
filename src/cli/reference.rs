//! `docs/reference/`: what is generated from the code, and compared with it. Here the table of reasons.

mod diagnostics;
mod generated;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::ground::reason::Reason;

const HEAD: &str = "# Reason codes

<!-- Generated from src/ground/reason/table.rs. `UPDATE_DOCS=1 cargo test reference` rewrites it; `cargo test` compares. -->

An answer carries one of these codes as `reason`, its sentence as `error_description` and a `trace_id`. What was
expected and found stands in the decision record: `drawbridge trace TRACE_ID`. `drawbridge explain CODE` prints an
entry. A code is never reused for another meaning.
";

/// The whole page.
pub(super) fn render_reasons() -> String {
    let mut page = String::from(HEAD);
    let mut area = "";
    for reason in Reason::ALL {
        let code = reason.code();
        let its_area = code.split('.').next().unwrap_or_default();
        if its_area != area {
            area = its_area;
            // Writing into a `String` cannot fail.
            let _ = write!(page, "\n## {}\n", title(area));
        }
        let name = if reason == Reason::MappingRequire { format!("{code}.<id>") } else { code.to_owned() };
        let _ = write!(
            page,
            "\n### `{name}`\n\n> {}\n\n{}\n\n**What to do.** {}\n",
            reason.sentence(),
            reason.cause(),
            reason.remedy(),
        );
    }
    page
}

fn title(area: &str) -> &str {
    match area {
        "request" => "request: the request itself",
        "client" => "client: who asks",
        "saml" => "saml: assertions and responses",
        "session" => "session: legacy sessions",
        "source" => "source: where credentials come from",
        "mapping" => "mapping: from an identity to claims",
        "subject" => "subject: who a person is",
        "policy" => "policy: what may be granted",
        "bridge" => "bridge: the bridge's own faults",
        other => other,
    }
}

/// Whether files that are generated shall be written, and not compared.
#[expect(clippy::disallowed_methods, reason = "a switch of the test, not of the product")]
fn is_update() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

/// Compares a file that is checked in with what the code makes; rewrites it where that is asked for.
fn is_as_generated(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if is_update() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "{name} is old: run `UPDATE_DOCS=1 cargo test reference`");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_reasons_is_what_the_code_says() {
        is_as_generated("docs/reference/reasons.md", &render_reasons());
    }

    #[test]
    fn the_codes_of_an_area_stand_together() {
        let page = render_reasons();
        let mut areas: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let count = areas.len();
        areas.sort_unstable();
        areas.dedup();
        assert_eq!(areas.len(), count);
    }
}
