use proptest::prelude::*;

use super::super::testing::compiled;
use super::*;
use crate::diagnostic::{Findings, Node, Source, Value};
use crate::ground::time::Timestamp;
use crate::mapping::yaml;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

fn example() -> Draft {
    let mut draft = Draft::new("payroll", "corp-adfs", "Corporate assertions: for the payroll API.").for_source("corp");
    draft.notes.push("Written by a test. ".repeat(12));
    draft.declare("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", Some("upn"), false);
    draft.declare("http://schemas.xmlsoap.org/claims/Group", Some("groups"), true);
    draft.attributes.iter_mut().for_each(|attribute| attribute.optional = false);
    draft.attributes[1].note = Some("a list".into());
    draft.require.push(Requirement {
        id: "employees_only".into(),
        cel: "!attr.upn.lowerAscii().endsWith('@guest.example')".into(),
        message: "guests are not migrated yet".into(),
        note: None,
    });
    draft.subject = Subject { rule: SubjectRule::Cel("attr.upn.lowerAscii()".into()), note: Some("stable".into()) };
    let rows = |count: usize| (0..count).map(|n| (format!("APP-Payroll-{n}"), format!("role {n}"))).collect();
    draft.claim("login", ClaimRule::From("upn".into()));
    draft.claim("few", ClaimRule::Table("groups".into(), rows(2)));
    draft.claim("many", ClaimRule::Table("groups".into(), rows(6)));
    draft.claim("tenant", ClaimRule::Value(ClaimValue::List(vec![ClaimValue::Int(7), ClaimValue::Text("7".into())])));
    draft.claims[0].note = Some("what the old application showed".repeat(4));
    draft.scopes.push(("payroll.read".into(), "size(claims.few) > 0".into()));
    draft.release.push(("https://payroll.example".into(), vec!["login".into(), "few".into()]));
    draft.tests.push(Trial {
        name: "a clerk".into(),
        attributes: vec![
            ("upn".into(), vec!["Ana@corp.example".into()]),
            ("groups".into(), vec!["APP-Payroll-1".into()]),
        ],
        given: vec![("name_id", "yes".into())],
        claims: vec![("few".into(), ClaimValue::List(vec![ClaimValue::Text("role 1".into())]))],
        absent: vec![],
        subject: Some("ana@corp.example".into()),
        refused: None,
        once_mended: None,
    });
    draft
}

#[test]
fn the_commented_blocks_only_have_to_be_uncommented() {
    let mut draft = Draft::new("x", "s", "");
    draft.claim("level", ClaimRule::Value(ClaimValue::Int(7)));
    let text = draft.to_yaml();
    assert!(text.contains("\n# request is refused with `policy.scope_exceeds`.\n# scopes:\n"), "{text}");
    let is_block = |line: &str| line == "# scopes:" || line == "# release:" || line.starts_with("#   ");
    let open = |line: &str| if is_block(line) { line.get(2..).unwrap_or_default().to_owned() } else { line.to_owned() };
    let written: String = text.lines().map(|line| open(line) + "\n").collect();
    assert!(written.contains("\nscopes:\n  api.read: \"true\""), "{written}");
    let mappings = compiled(&written);
    assert_eq!(mappings.warnings().iter().count(), 0, "{written}");
}

#[test]
fn a_draft_is_written_in_the_layout_of_the_examples() {
    let text = example().to_yaml();
    let mappings = compiled(&text);
    for report in mappings.run_tests(NOW) {
        assert_eq!(report.lines(), Vec::<String>::new());
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_smallest_draft_compiles_and_shows_how_claims_are_released() {
    let mut draft = Draft::new("x", "s", "");
    compiled(&draft.to_yaml());
    draft.claim("_helps", ClaimRule::Value(ClaimValue::Bool(true)));
    draft.claim("a b", ClaimRule::Value(ClaimValue::Bool(true)));
    draft.tests.push(Trial { name: "anybody".into(), ..Trial::default() });
    let text = draft.to_yaml();
    assert!(text.contains("#   https://api.example: [a b]\n"), "{text}");
    assert!(text.contains("source: s   # a guess: "), "{text}");
    compiled(&text);
}

fn get<'n>(node: &'n Node, path: &[&str]) -> &'n Node {
    path.iter().fold(node, |node, key| {
        let place = key.parse::<usize>();
        match &node.value {
            Value::Table(entries) => &entries.iter().find(|entry| entry.key == *key).unwrap().value,
            Value::List(items) => &items[place.unwrap()],
            other @ (Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_)) => {
                panic!("{other:?}")
            }
        }
    })
}

fn text(node: &Node, path: &[&str]) -> String {
    let Value::Text(text) = &get(node, path).value else { panic!("{path:?} is no text") };
    text.clone()
}

proptest! {
    /// Any text, anywhere, reads back as that text.
    #[test]
    fn the_file_reads_back_as_what_was_meant(t in proptest::collection::vec(any_text(), 20)) {
        let mut draft = Draft::new(&t[0], &t[1], &format!("{} ", t[2]));
        draft.notes.push(t[3].clone());
        draft.attributes.push(Attribute {
            short: t[4].clone(), name: t[5].clone(), format: Some(t[6].clone()), note: Some(t[7].clone()), ..Attribute::default()
        });
        draft.require.push(Requirement { id: t[8].clone(), cel: t[9].clone(), message: t[10].clone(), note: Some(t[3].clone()) });
        draft.subject = Subject { rule: SubjectRule::Cel(t[11].clone()), note: Some(t[12].clone()) };
        let claim = |name: &str, rule| Claim { name: name.into(), rule, note: Some(t[3].clone()) };
        draft.claims = vec![
            claim("table", ClaimRule::Table(t[13].clone(), vec![(t[14].clone(), t[15].clone())])),
            claim("value", ClaimRule::Value(ClaimValue::Object([(t[14].clone(), ClaimValue::Text(t[15].clone()))].into()))),
            claim("cel", ClaimRule::Cel(t[16].clone())),
            claim("from", ClaimRule::From(t[4].clone())),
        ];
        draft.release.push((t[17].clone(), vec![t[18].clone(), t[19].clone()]));
        draft.tests.push(Trial {
            name: t[0].clone(),
            attributes: vec![(t[4].clone(), vec![t[15].clone(), t[16].clone()])],
            given: vec![("name_id", t[19].clone())],
            claims: vec![(t[17].clone(), ClaimValue::Text(t[18].clone()))],
            absent: vec![t[14].clone()],
            subject: Some(t[13].clone()),
            refused: None,
            once_mended: None,
        });
        let source = Source::new("draft.yaml", draft.to_yaml());
        let mut findings = Findings::of(&source);
        let tree = yaml::parse(&mut findings);
        prop_assert!(tree.is_some(), "{:?}\n{}", findings.diagnostics, source.text);
        let tree = tree.unwrap();
        for (path, expected) in [
            (&["id"][..], &t[0]), (&["source"], &t[1]),
            (&["attributes", &t[4], "name"], &t[5]), (&["attributes", &t[4], "format"], &t[6]),
            (&["require", "0", "id"], &t[8]), (&["require", "0", "cel"], &t[9]), (&["require", "0", "message"], &t[10]),
            (&["subject", "cel"], &t[11]), (&["claims", "table", "from"], &t[13]),
            (&["claims", "table", "table", &t[14]], &t[15]), (&["claims", "value", "value", &t[14]], &t[15]),
            (&["claims", "cel", "cel"], &t[16]), (&["claims", "from"], &t[4]),
            (&["release", &t[17], "0"], &t[18]), (&["release", &t[17], "1"], &t[19]),
            (&["tests", "0", "name"], &t[0]), (&["tests", "0", "given", "name_id"], &t[19]),
            (&["tests", "0", "given", "attributes", &t[4], "1"], &t[16]),
            (&["tests", "0", "expect", "claims", &t[17]], &t[18]), (&["tests", "0", "expect", "absent", "0"], &t[14]),
            (&["tests", "0", "expect", "subject"], &t[13]),
        ] {
            prop_assert_eq!(&text(&tree, path), expected, "{}", source.text);
        }
    }

    /// A literal of an expression is the text that it was made from, as the evaluator sees it.
    #[test]
    fn a_literal_is_evaluated_to_its_text(wanted in any_text()) {
        let mut draft = Draft::new("x", "s", "");
        draft.claim("it", ClaimRule::Cel(super::super::expression::literal(&wanted)));
        draft.tests.push(Trial {
            name: "it".into(),
            given: vec![("name_id", "ana".into())],
            claims: vec![("it".into(), ClaimValue::Text(wanted.clone()))],
            ..Trial::default()
        });
        for report in compiled(&draft.to_yaml()).run_tests(NOW) {
            prop_assert_eq!(report.lines(), Vec::<String>::new());
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,12}",
        "[a-zA-Z0-9 :#,{}\\[\\]&*!|>'\"%@`~\\-\\\\./_?=\n\t\r\u{85}\u{2028}\u{2029}\u{feff}\u{202e}\u{0}\u{7f}\u{10ffff}]{0,12}",
        "(true|False|NULL|yes|~|0x1f|1e3|-1|\\.5|2026-03-01|[-?:] |- |a: b|a #b|---|\\.\\.\\.|<<|=|null|1_000|012|\\.inf|NaN)",
        proptest::string::string_regex("(?s).{0,6}").unwrap(),
    ]
}
