//! Any text as a mapping file, and as an expression in a sound one: no panic, no overflow, no long run, whatever the
//! identity; the largest that the declarations let in as well.
#![no_main]

use drawbridge::credential::{Authentication, Facts};
use drawbridge::decision::{Detail, Trail};
use drawbridge::diagnostic::Source;
use drawbridge::ground::attribute::{Attribute, NameId};
use drawbridge::ground::id::{Audience, ClientId, Namespace, SourceId, TraceId};
use drawbridge::ground::time::Timestamp;
use drawbridge::mapping::{CompileContext, Mappings, RequestFacts, compile};
use libfuzzer_sys::fuzz_target;

/// Bytes of the longest text that an expression reads.
const LONGEST: usize = 4096;
/// The longest list that an attribute may be without saying so.
const MOST: usize = 200;

fn largest(text: &str) -> Facts {
    let long: String = text.chars().chain("CN=a,OU=b@c.".chars()).cycle().take(LONGEST).collect();
    let end = (0..=LONGEST).rev().find(|end| long.is_char_boundary(*end)).unwrap_or(0);
    let long = &long[..end];
    let attribute =
        |name: &str, values| Attribute { name: name.into(), name_format: None, friendly_name: None, values };
    Facts {
        source: SourceId::new("fuzz"),
        namespace: Namespace::new("fuzz"),
        name_id: Some(NameId {
            value: long.into(),
            format: Some(long.into()),
            name_qualifier: None,
            sp_name_qualifier: None,
        }),
        attributes: vec![attribute("mail", vec![long.into()]), attribute("groups", vec![long.into(); MOST])],
        authentication: Authentication { instant: None, context_class: Some(long.into()), session_index: None },
    }
}

fn apply(mappings: &Mappings, facts: &Facts) {
    let (client, audience) = (ClientId::new("fuzz"), Audience::new("https://fuzz.example"));
    let now = Timestamp::from_unix_seconds(0);
    for mapping in mappings {
        let mut trail = Trail::open(TraceId::from_bytes([0; 16]), now, Detail::Explain);
        let _ = mapping.apply(facts, &RequestFacts { client: &client, audience: &audience, now }, &mut trail);
    }
}

fuzz_target!(|text: &str| {
    let nothing_known = CompileContext { sources: None, clients: None, apis: None };
    let run = |file: String| {
        if let Ok(mappings) = compile(&[Source::new("fuzz.yaml", file)], &nothing_known) {
            let _ = mappings.run_tests(Timestamp::from_unix_seconds(0));
            apply(&mappings, &largest("a"));
            apply(&mappings, &largest(text));
        }
    };
    run(text.to_owned());
    let expression = serde_json::to_string(text).unwrap_or_default();
    for rule in [
        format!("subject: {{ cel: {expression} }}"),
        format!("subject: {{ from: name_id }}\nscopes:\n  a: {expression}"),
    ] {
        run(format!(
            "kind: mapping\nversion: 1\nid: fuzz\nsource: fuzz\nattributes:\n  mail: {{ name: mail, optional: true }}\n  \
             groups: {{ name: groups, many: true }}\n{rule}\ntests:\n  - name: t\n    given: {{ attributes: {{ mail: \
             [a@b.example], groups: [x, y, z] }} }}\n    expect: {{ scopes: [] }}\n"
        ));
    }
});
