//! Any text as a mapping file, and as an expression in a sound one: no panic, no overflow, no long run.
#![no_main]

use drawbridge::diagnostic::Source;
use drawbridge::ground::time::Timestamp;
use drawbridge::mapping::{CompileContext, compile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let nothing_known = CompileContext { sources: None, clients: None, apis: None };
    let run = |text: String| {
        if let Ok(mappings) = compile(&[Source::new("fuzz.yaml", text)], &nothing_known) {
            let _ = mappings.run_tests(Timestamp::from_unix_seconds(0));
        }
    };
    run(text.to_owned());
    let expression = serde_json::to_string(text).unwrap_or_default();
    run(format!(
        "kind: mapping\nversion: 1\nid: fuzz\nsource: fuzz\nattributes:\n  mail: {{ name: mail, optional: true }}\n  \
         groups: {{ name: groups, many: true }}\nsubject: {{ cel: {expression} }}\nscopes:\n  a: {expression}\ntests:\n  - \
         name: t\n    given: {{ attributes: {{ mail: [a@b.example], groups: [x, y, z] }} }}\n    expect: {{ scopes: [a] }}\n"
    ));
});
