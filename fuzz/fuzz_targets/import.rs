//! Any text as a file of each product: no panic, no long run, and what is written can be read as a mapping.
#![no_main]

use drawbridge::diagnostic::Source;
use drawbridge::import::{Kind, import};
use drawbridge::mapping::{CompileContext, compile};
use libfuzzer_sys::fuzz_target;

const KINDS: [Kind; 6] =
    [Kind::Satosa, Kind::Keycloak, Kind::Shibboleth, Kind::Adfs, Kind::Simplesamlphp, Kind::Entra];

/// What the administrator has to settle: which names exist, what is released, what applies to whom.
const OF_FORM: [&str; 6] =
    ["file.syntax", "file.wrong_type", "file.wrong_value", "file.key_unknown", "file.key_missing", "file.key_repeated"];

fuzz_target!(|text: &str| {
    let nothing_known = CompileContext { sources: None, clients: None, apis: None };
    for kind in KINDS {
        let Ok(imported) = import(kind, &[text]) else { continue };
        for draft in &imported.drafts {
            let written = draft.to_yaml();
            if let Err(problems) = compile(&[Source::new("draft.yaml", written.clone())], &nothing_known) {
                let malformed = problems.iter().find(|problem| OF_FORM.contains(&problem.code));
                assert!(malformed.is_none(), "{malformed:?} in\n{written}\nof {kind:?}");
            }
        }
    }
});
