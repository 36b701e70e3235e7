//! `check` and `mapping test` over several files: recorded credentials, includes, examples, coverage.

use super::folder::{Folder, MAPPING};

const RECORDED: &str = "  - name: recorded
    given: { credential: ../alice.xml, now: 2026-03-01T12:00:00Z, client: portal }
    expect: { subject: alice@example.com }
  - name: recorded too late
    given: { credential: ../alice.xml, now: 2026-03-02T12:00:00Z, client: portal }
    expect: { refused: saml.expired }
";

fn with_recorded() -> Folder {
    let folder = Folder::new();
    let mapping = MAPPING.replace("mail: { name: mail }", "mail: { name: mail, optional: true }");
    folder.write("mappings/payroll.yaml", &format!("{mapping}{RECORDED}"));
    folder.write("alice.xml", &std::fs::read_to_string(Folder::fixture("good/no-attributes")).unwrap());
    folder
}

#[test]
fn a_recorded_credential_is_tested_at_its_own_time() {
    let folder = with_recorded();
    // Long after the assertion has ended.
    for words in [&["check"][..], &["mapping", "test"], &["mapping", "test", "mappings/payroll.yaml"]] {
        let ran = folder.run_at("2026-06-01T00:00:00Z", words);
        assert!(ran.out.contains("3 tests passed"), "{words:?}: {}{}", ran.out, ran.err);
        assert_eq!(ran.code, 0, "{words:?}");
    }
    folder.replace("mappings/payroll.yaml", "subject: alice@", "subject: bob@");
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("subject: expected `bob@example.com`, found `alice@example.com`"), "{}", ran.out);
    assert!(ran.out.contains("ok    subject") && !ran.out.contains("signature"), "what differs is shown: {}", ran.out);
    for words in [&["check", "--verbose"][..], &["mapping", "test", "--verbose"]] {
        let ran = folder.run(words);
        assert!(ran.out.contains("ok    signature"), "the whole way is shown: {}", ran.out);
    }
    // What CI keeps and passes on has no value of a person.
    for form in ["--json", "--sarif"] {
        let ran = folder.run(&["check", form]);
        assert!(ran.out.contains("subject: expected `bob@example.com`; what was found is shown on a screen only"));
        assert!(!ran.out.contains("alice@example.com"), "{form}: {}", ran.out);
    }
}

#[test]
fn a_recorded_credential_that_is_not_there_fails_its_test() {
    let folder = with_recorded();
    folder.replace("mappings/payroll.yaml", "../alice.xml", "../bob.xml");
    let ran = folder.run(&["mapping", "test"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("the credential `../bob.xml` cannot be read"), "{}", ran.out);
    folder.replace("drawbridge.yaml", "issuer:", "isuer:");
    let ran = folder.run(&["mapping", "test", "mappings/payroll.yaml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("the configuration does not load"), "{}", ran.out);
}

#[test]
fn what_a_mapping_includes_comes_along() {
    let folder = Folder::new();
    let mapping = MAPPING
        .replace("attributes:\n", "include: [shared/t.yaml]\nattributes:\n")
        .replace("email: mail", "email: { from: mail, table: people }");
    folder.write("mappings/payroll.yaml", &mapping);
    folder.write(
        "mappings/shared/t.yaml",
        "kind: tables\nversion: 1\nid: t\ninclude: [u.yaml]\ntables: { other: { a: b } }\n",
    );
    folder.write(
        "mappings/shared/u.yaml",
        "kind: tables\nversion: 1\nid: u\ntables: { people: { ana@corp.example: ana@corp.example } }\n",
    );
    for words in [&["check"][..], &["mapping", "test", "mappings/payroll.yaml"], &["mapping", "test"]] {
        let ran = folder.run(words);
        assert_eq!(ran.code, 0, "{words:?}: {}{}", ran.out, ran.err);
    }
    let before = folder.run(&["check", "--json"]).json()["revision"].clone();
    folder.replace("mappings/shared/u.yaml", "ana@corp.example: ana", "ana@corp.example: bob");
    let ran = folder.run(&["check", "--json"]);
    assert_eq!(ran.code, 1, "the test of the mapping sees what it includes");
    assert_ne!(ran.json()["revision"], before);
}

#[test]
fn examples_are_not_loaded_unless_they_are_named() {
    let folder = Folder::new();
    folder.write("mappings/examples/broken.yaml", "kind: mapping\n");
    assert_eq!(folder.run(&["check"]).code, 0);
    folder.replace("drawbridge.yaml", "./mappings", "./mappings/examples");
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("broken.yaml"), "{}", ran.out);
}

#[test]
fn a_good_file_without_tests_is_said_to_be_good() {
    let folder = Folder::new();
    let text = "kind: mapping\nversion: 1\nid: bare\nsource: corp\nsubject: { from: name_id }\n";
    folder.write("bare.yaml", &format!("{text}scopes: {{ payroll.read: 'true' }}\n"));
    let ran = folder.run(&["mapping", "test", "bare.yaml"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "ok  bare: no problems; it has no tests yet\n"));
    folder.write("bare.yaml", text);
    let ran = folder.run(&["mapping", "test", "bare.yaml"]);
    assert!(ran.out.contains("warning[mapping.scopes_none]"), "{}", ran.out);
    assert!(ran.out.ends_with("ok  bare: 1 warning; it has no tests yet\n"), "{}", ran.out);
}

#[test]
fn rules_that_no_test_reaches_are_named() {
    let folder = Folder::new();
    let words = ["mapping", "test", "--coverage"];
    let mapping = MAPPING
        .replace("subject:", "require: [{ id: known, cel: \"attr.mail != 'bob'\", message: no bob }]\nsubject:")
        .replace("email: mail", "email: { from: mail, table: { ana@corp.example: a, b: c }, default: d }");
    let mapping = mapping.replace("claims: { email: ana@corp.example }", "claims: { email: a }");
    folder.write("mappings/payroll.yaml", &mapping);
    let ran = folder.run(&words);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    for missed in [
        "the tests reach 3 of 6 rules",
        "the rule `known` of `require` refuses nobody",
        "the row `b` of the claim `email` is never found",
        "the default of the claim `email` is never used",
    ] {
        assert!(ran.out.contains(missed), "{missed}\n{}", ran.out);
    }
    let more = "  - { name: b, given: { name_id: x, attributes: { mail: b } }, expect: { claims: { email: c } } }
  - { name: none, given: { name_id: x, attributes: { mail: z } }, expect: { claims: { email: d } } }
  - { name: bob, given: { name_id: x, attributes: { mail: bob } }, expect: { refused: mapping.require.known } }
";
    folder.write("mappings/payroll.yaml", &format!("{mapping}{more}"));
    let ran = folder.run(&words);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("the tests reach all of 6 rules"), "{}", ran.out);
    let json = folder.run(&["mapping", "test", "--coverage", "--json"]).json();
    assert_eq!((&json["coverage"][0]["rules"], &json["coverage"][0]["missed"]), (&6.into(), &serde_json::json!([])));
}

#[test]
fn a_changed_mapping_says_what_it_does_otherwise() {
    let folder = Folder::new();
    let changed = MAPPING.replace("email: mail", "email: { from: mail, case: upper }\n  tenant: { value: corp }");
    let changed =
        changed.replace("email: ana@corp.example }", "email: ANA@CORP.EXAMPLE }").replace("[email]", "[email, tenant]");
    folder.write("edited.yaml", &changed);
    let ran = folder.run(&["mapping", "diff", "mappings/payroll.yaml", "edited.yaml"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    for line in [
        "otherwise  for 1 of 1 person of the tests",
        "claim `email` has another value  \"ana@corp.example\" → \"ANA@CORP.EXAMPLE\"",
        "claim `tenant` is new  nothing → \"corp\"",
    ] {
        assert!(ran.out.contains(line), "{line}\n{}", ran.out);
    }
    let same = folder.run(&["mapping", "diff", "mappings/payroll.yaml", "mappings/payroll.yaml"]);
    assert_eq!(same.code, 0);
    assert!(same.out.contains("nothing differs for 1 person of the tests"), "{}", same.out);
    let json = folder.run(&["mapping", "diff", "mappings/payroll.yaml", "edited.yaml", "--json"]).json();
    assert_eq!(json[0]["differences"][1]["what"], "claim `tenant` is new");
    folder.write("edited.yaml", "kind: mapping\n");
    assert_eq!(folder.run(&["mapping", "diff", "mappings/payroll.yaml", "edited.yaml"]).code, 1);
}
