use super::super::seen::seen;
use super::super::testing::compiled;
use super::*;
use crate::ground::time::Timestamp;

fn fixture(case: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/saml/good");
    std::fs::read_to_string(format!("{folder}/{case}/document.xml")).unwrap()
}

/// Compiles, and passes its own tests.
fn passes(draft: &Draft) -> String {
    let text = draft.to_yaml();
    let reports = compiled(&text).run_tests(Timestamp::from_unix_seconds(1_772_366_400));
    assert!(!reports.is_empty());
    for report in reports {
        assert_eq!(report.lines(), Vec::<String>::new(), "{}\n{text}", report.name);
    }
    text
}

#[test]
fn the_mapping_of_an_assertion_of_entra() {
    insta::assert_snapshot!(passes(&first(&seen(&fixture("entra")).unwrap(), "corp", "entra")));
}

#[test]
fn the_mapping_of_an_assertion_of_shibboleth() {
    insta::assert_snapshot!(passes(&first(&seen(&fixture("shibboleth")).unwrap(), "campus", "campus")));
}

#[test]
fn every_honest_assertion_gets_a_mapping_that_passes_its_own_tests() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/saml/good");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let case = entry.unwrap().file_name().into_string().unwrap();
        let seen = seen(&fixture(&case)).unwrap_or_else(|error| panic!("{case}: {error}"));
        let text = passes(&first(&seen, "x", "idp"));
        for value in seen.attributes.iter().filter(|a| vocabulary::is_email(&a.name)).flat_map(|a| &a.values) {
            assert!(!value.contains('@') || !text.contains(value.as_str()), "{case}: {value}\n{text}");
        }
        count += 1;
    }
    assert!(count > 50, "{count}");
}

fn attribute(name: &str, values: &[&str]) -> SeenAttribute {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    SeenAttribute { name: name.into(), values, ..SeenAttribute::default() }
}

#[test]
fn a_name_that_no_file_can_have_as_a_key_becomes_a_short_one() {
    let (long, control) = (format!("urn:x:{}", "n".repeat(1_100)), "urn:x:a\u{1}b");
    let attributes = vec![attribute(&long, &["x"]), attribute(control, &["x"])];
    let draft = first(&Seen { name_id: Some("p-1".into()), attributes, ..Seen::default() }, "x", "s");
    passes(&draft);
    let claims: Vec<&str> = draft.claims.iter().map(|claim| claim.name.as_str()).collect();
    assert_eq!(claims, ["n".repeat(40).as_str(), "a_b"]);
}

#[test]
fn types_and_cardinality_are_guessed_from_the_values() {
    let seen = Seen {
        name_id: Some("p-1".into()),
        name_id_format: Some(PERSISTENT.into()),
        attributes: vec![
            attribute("urn:x:level", &["7"]),
            attribute("urn:x:active", &["true"]),
            attribute("urn:x:number", &["0047"]),
            attribute("urn:x:rooms", &["1", "2"]),
            attribute("urn:x:sub", &["x"]),
            attribute("urn:x:nothing", &[]),
            attribute("", &["x"]),
        ],
        ..Seen::default()
    };
    let draft = first(&seen, "x", "s");
    passes(&draft);
    let rules: Vec<String> = draft.claims.iter().map(|claim| format!("{} {:?}", claim.name, claim.rule)).collect();
    assert_eq!(
        rules,
        [
            r#"level Typed("level", "int")"#,
            r#"active Typed("active", "bool")"#,
            r#"number From("number")"#,
            r#"rooms Typed("rooms", "int")"#,
            r#"source_sub From("sub")"#,
        ]
    );
    assert!(draft.attributes[3].many && !draft.attributes[0].many);
}

#[test]
fn one_name_in_two_formats_is_two_attributes() {
    let of = |format: &str| SeenAttribute { format: Some(format.into()), ..attribute("mail", &["a@x.example"]) };
    let seen = Seen { name_id: Some("n".into()), attributes: vec![of("f:1"), of("f:2"), of("f:1")], ..Seen::default() };
    let draft = first(&seen, "x", "s");
    passes(&draft);
    let shorts: Vec<_> = draft.attributes.iter().map(|a| (a.short.as_str(), a.format.as_deref(), a.many)).collect();
    assert_eq!(shorts.len(), 2);
    assert_eq!((shorts[0].1, shorts[1].1), (Some("f:1"), Some("f:2")));
}

#[test]
fn who_cannot_be_known_again_is_refused_by_a_test() {
    for (format, code) in [(TRANSIENT, "mapping.subject_missing"), (EMAIL, "mapping.email_unproven")] {
        let seen = Seen {
            name_id: Some("ana@corp.example".into()),
            name_id_format: Some(format.into()),
            attributes: vec![attribute("urn:oid:0.9.2342.19200300.100.1.3", &["ana@corp.example"])],
            ..Seen::default()
        };
        let draft = first(&seen, "x", "s");
        assert_eq!(draft.tests[0].refused.as_deref(), Some(code));
        passes(&draft);
    }
}

#[test]
fn whoever_says_that_addresses_are_proven_only_uncomments_the_test() {
    let seen = Seen {
        name_id: Some("Ana@corp.example".into()),
        name_id_format: Some(EMAIL.into()),
        attributes: vec![attribute("urn:x:level", &["7"])],
        ..Seen::default()
    };
    let text = passes(&first(&seen, "x", "s"));
    let mended: String = text
        .replace("subject: { from: name_id }", "subject: { from: name_id, email_proven: true }")
        .lines()
        .filter(|line| !line.contains("expect: { refused") && !line.contains("# Once `email_proven"))
        .map(|line| line.replacen("    # ", "    ", 1) + "\n")
        .collect();
    let reports = compiled(&mended).run_tests(Timestamp::from_unix_seconds(1_772_366_400));
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].lines(), Vec::<String>::new(), "{mended}");
    assert!(mended.contains("    expect:\n      subject: ana@example.org\n      claims:\n        level: "), "{mended}");
}

#[test]
fn what_cannot_be_declared_is_told() {
    let unnamed = SeenAttribute { friendly: Some("badge".into()), ..attribute("", &["x"]) };
    let seen = Seen { name_id: Some("n".into()), attributes: vec![unnamed], ..Seen::default() };
    let text = passes(&first(&seen, "x", "s"));
    assert!(text.contains("# An attribute (FriendlyName `badge`) has no `Name`, so it cannot be declared"), "{text}");
}
