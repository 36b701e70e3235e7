//! What the tests of every importer share. Tests only.

use super::Imported;
use crate::diagnostic::{Color, Severity, Source, render};
use crate::mapping::{CompileContext, Mappings, compile};

/// The mappings as files, and what was lost.
pub(super) fn shown(imported: &Imported) -> String {
    let files: Vec<String> = imported.drafts.iter().map(super::Draft::to_yaml).collect();
    format!("{}\n--- lost\n{}\n", files.join("\n--- next file\n"), losses(imported).join("\n"))
}

pub(super) fn losses(imported: &Imported) -> Vec<String> {
    imported.losses.iter().map(|loss| format!("{} {}: {}", loss.line, loss.what, loss.why)).collect()
}

/// Every draft compiles, without errors and without a warning but that no API sees its claims yet.
pub(super) fn compiles(imported: &Imported) -> Vec<Mappings> {
    imported.drafts.iter().map(|draft| compiled(&draft.to_yaml())).collect()
}

pub(super) fn compiled(text: &str) -> Mappings {
    let source = Source::new("draft.yaml", text);
    let mappings = compile(std::slice::from_ref(&source), &CompileContext::default())
        .unwrap_or_else(|found| panic!("{}\n{text}", render(&found, &[source.clone()], Color::Never)));
    for warning in mappings.warnings() {
        assert_eq!(warning.severity, Severity::Warning);
        assert_eq!(warning.code, "mapping.claim_unreleased", "{}\n{text}", warning.message);
    }
    assert_eq!(mappings.iter().count(), 1, "{text}");
    mappings
}

/// No text makes an importer panic: neither noise, nor a good file with a piece cut out, doubled or changed. What it
/// makes of it compiles.
macro_rules! survives_garbage {
    ($file:expr) => {
        proptest::proptest! {
            #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

            #[test]
            fn noise_never_panics(text in "[\\PC\n]{0,200}") {
                let _ = import(&text);
            }

            #[test]
            fn a_broken_file_never_panics(from in 0usize..9999, length in 0usize..60, noise in "[\\PC\n\"'{}<>&;\\[\\]]{0,6}") {
                let file: &str = $file;
                let border = |place: usize| (0..=place.min(file.len())).rev().find(|at| file.is_char_boundary(*at)).unwrap_or(0);
                let (from, to) = (border(from % (file.len() + 1)), border(from % (file.len() + 1) + length));
                let text = format!("{}{noise}{}", &file[..from], &file[to..]);
                if let Ok(imported) = import(&text) {
                    for draft in &imported.drafts {
                        let source = crate::diagnostic::Source::new("draft.yaml", draft.to_yaml());
                        let mut findings = crate::diagnostic::Findings::of(&source);
                        proptest::prop_assert!(crate::mapping::yaml::parse(&mut findings).is_some(), "{}", source.text);
                    }
                }
            }
        }
    };
}
pub(super) use survives_garbage;
