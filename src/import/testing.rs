//! What the tests of every importer share. Tests only.

use super::{Imported, Loss, Weight};
use crate::credential::{Authentication, Facts};
use crate::decision::{Detail, Rejection as _, Trail};
use crate::diagnostic::{Color, Severity, Source, render};
use crate::ground::attribute::{Attribute, NameId};
use crate::ground::id::{Audience, ClientId, Namespace, SourceId, TraceId};
use crate::ground::time::Timestamp;
use crate::mapping::{CompileContext, Mappings, RequestFacts, compile};

/// The mappings as files, and what was lost.
pub(super) fn shown(imported: &Imported) -> String {
    let files: Vec<String> = imported.drafts.iter().map(super::Draft::to_yaml).collect();
    let lines = |weight: Weight| -> String {
        imported.losses.iter().filter(|loss| loss.weight == weight).map(|loss| line(loss) + "\n").collect()
    };
    let files = files.join("\n--- next file\n");
    format!("{files}\n--- to decide\n{}\n--- to know\n{}", lines(Weight::Decide), lines(Weight::Know))
}

fn line(loss: &Loss) -> String {
    format!("{} {}: {}", loss.line, loss.what, loss.why)
}

pub(super) fn losses(imported: &Imported) -> Vec<String> {
    imported.losses.iter().map(line).collect()
}

/// Every draft compiles, without errors and without a warning but those that a draft has.
pub(super) fn compiles(imported: &Imported) -> Vec<Mappings> {
    imported.drafts.iter().map(|draft| compiled(&draft.to_yaml())).collect()
}

/// What the mapping makes of these attributes: its claims as JSON, and the subject; the code where it refuses.
pub(super) fn outcome(draft: &super::Draft, name_id: Option<&str>, sent: &[(&str, &[&str])]) -> String {
    let attributes = sent.iter().map(|(name, values)| Attribute {
        name: (*name).to_owned(),
        name_format: None,
        friendly_name: None,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    });
    let facts = Facts {
        source: SourceId::new("s"),
        namespace: Namespace::new("https://idp.example"),
        name_id: name_id.map(|value| NameId {
            value: value.into(),
            format: None,
            name_qualifier: None,
            sp_name_qualifier: None,
        }),
        attributes: attributes.collect(),
        authentication: Authentication::default(),
    };
    let now = Timestamp::from_unix_seconds(1_772_366_400);
    let mappings = compiled(&draft.to_yaml());
    let mapping = mappings.iter().next().unwrap();
    let client = ClientId::new("portal");
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), now, Detail::Explain);
    match mapping.apply(
        &facts,
        &RequestFacts { client: &client, audience: &Audience::new("https://api.example"), now },
        &mut trail,
    ) {
        Ok(claims) => {
            let visible = claims.all().iter().filter(|(name, _)| !name.as_str().starts_with('_'));
            let fields = visible.map(|(name, value)| (name.to_string(), value.to_json()));
            format!("{} {}", claims.subject().value, serde_json::Value::Object(fields.collect()))
        }
        Err(refusal) => format!("{} {refusal}", refusal.code()),
    }
}

pub(super) fn compiled(text: &str) -> Mappings {
    let source = Source::new("draft.yaml", text);
    let mappings = compile(std::slice::from_ref(&source), &CompileContext::default())
        .unwrap_or_else(|found| panic!("{}\n{text}", render(&found, std::slice::from_ref(&source), Color::Never)));
    for warning in mappings.warnings() {
        assert_eq!(warning.severity, Severity::Warning);
        // A name that is nearly a usual one is the old product's; what is not used is left out by `import`.
        // A refusal that is not understood refuses everybody, until somebody has looked.
        // Who may have which scope no other product's file says.
        let expected = [
            "mapping.claim_unreleased",
            "mapping.name_suspect",
            "mapping.attribute_unused",
            "mapping.rule_constant",
            "mapping.scopes_none",
        ];
        assert!(expected.contains(&warning.code), "{} {}\n{text}", warning.code, warning.message);
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
