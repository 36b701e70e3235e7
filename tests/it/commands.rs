//! The commands through the built binary: what they print, where, and how they end.

mod files;
pub(crate) mod folder;
mod import;
mod state;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use folder::{Folder, MAPPING};

const NOW: &str = "2026-03-01T12:00:00Z";

#[test]
fn every_command_has_help_with_an_example() {
    let folder = Folder::new();
    let commands = [
        "check",
        "mapping test",
        "import",
        "mapping explain",
        "mapping new",
        "schema",
        "mapping diff",
        "mapping shadow",
        "mapping replay",
        "recordings forget",
        "status",
        "explain",
        "trace",
        "keys init",
        "keys list",
        "distrust",
        "bench",
        "",
    ];
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let ran = folder.run(&words);
        assert_eq!(ran.code, 0, "{command}");
        assert!(ran.out.contains("Example: drawbridge"), "{command}: {}", ran.out);
        assert_eq!(ran.err, "", "{command}");
    }
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let folder = Folder::new();
    for words in [
        vec![],
        vec!["chek"],
        vec!["check", "--nonsense"],
        vec!["explain"],
        vec!["keys"],
        vec!["trace", "nonsense"],
        vec!["mapping", "explain"],
        vec!["mapping", "explain", "--credential", "x", "--now", "yesterday"],
    ] {
        let ran = folder.run(&words);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{words:?}");
        assert!(!ran.err.is_empty(), "{words:?}");
    }
    let ran = folder.run_at("yesterday", &["check"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("DRAWBRIDGE_NOW is not a moment"), "{}", ran.err);
}

#[test]
fn check_says_yes_to_a_good_folder() {
    let folder = Folder::new();
    let ran = folder.run(&["check"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.contains("1 identity provider, 1 session source, 1 client, 1 API, 1 mapping"), "{}", ran.out);
    assert!(ran.out.contains("ok  1 test passed"), "{}", ran.out);
    assert!(!ran.out.contains('\u{1b}'), "no colours where nobody sees them");
    let json = folder.run(&["check", "--json"]).json();
    assert_eq!(json["ok"], true);
    assert_eq!(json["diagnostics"], serde_json::json!([]));
    assert_eq!(json["tests"][0]["passed"], true);
    assert_eq!(json["revision"].as_str().unwrap().len(), 64);
}

#[test]
fn check_shows_every_problem_of_every_file_with_its_place() {
    let folder = Folder::new();
    folder.replace("drawbridge.yaml", "until: 2026-12-31", "untill: 2026-12-31");
    folder.replace("drawbridge.yaml", "clock_skew: 30s", "clock_skew: 30");
    folder.replace("mappings/payroll.yaml", "email: mail", "email: mial");
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 1);
    for expected in [
        "error[config.duration_malformed]: `clock_skew` is no duration: `30`",
        "--> drawbridge.yaml:8:64",
        "= help: write `30s`, `10m`, `1h` or `7d`",
        "error[file.key_unknown]: `forwards` has no key `untill`",
        "= help: did you mean `until`?",
        "error[mapping.attribute_unknown]",
        "--> mappings/payroll.yaml:",
        "= help: did you mean `mail`?",
    ] {
        assert!(ran.out.contains(expected), "{expected}\n{}", ran.out);
    }
    let json = folder.run(&["check", "--json"]).json();
    assert_eq!(json["ok"], false);
    let of_skew = &json["diagnostics"][0];
    assert_eq!((&of_skew["span"]["line"], &of_skew["span"]["column"]), (&8.into(), &64.into()));
}

#[test]
fn ten_mistakes_in_a_mapping_are_ten_diagnostics() {
    let folder = Folder::new();
    folder.write(
        "mappings/payroll.yaml",
        r#"kind: mapping
version: 2
id: payroll
source: crop
for: { clients: [portall], audiences: [https://payrol.example] }
attributes:
  mail: { nme: mail }
requires: []
subject: { cel: "attr.upn" }
claims:
  sub: mail
  email: mial
  login: { cel: "attr.mail.split(" }
scopes:
  payroll.read: "1 + 1"
release:
  https://payroll.example: [emial]
tests:
  - name: somebody
    given: { attributes: { phone: [1] } }
    expect: { claims: { nobody: x } }
"#,
    );
    let json = folder.run(&["check", "--json"]).json();
    let diagnostics = json["diagnostics"].as_array().unwrap();
    let of_mapping = |diagnostic: &&serde_json::Value| diagnostic["file"] == "mappings/payroll.yaml";
    let of_mapping: Vec<_> = diagnostics.iter().filter(of_mapping).collect();
    assert!(of_mapping.len() >= 10, "{}: {json:#}", of_mapping.len());
    for diagnostic in &of_mapping {
        assert!(diagnostic["span"]["line"].as_u64().unwrap() > 0, "{diagnostic:#}");
        assert!(diagnostic["span"]["column"].as_u64().unwrap() > 0, "{diagnostic:#}");
    }
    let helped = of_mapping.iter().filter(|diagnostic| !diagnostic["help"].as_array().unwrap().is_empty()).count();
    assert!(helped >= 10, "{helped}: {json:#}");
}

#[test]
fn a_secret_never_appears_in_what_is_printed() {
    let folder = Folder::new();
    folder.write("secrets/portal", "marker-value-x\n");
    let short = folder.run(&["check"]);
    folder.replace("drawbridge.yaml", "{ file: ./secrets/portal }", "marker-value-of-some-length");
    let literal = folder.run(&["check"]);
    let json = folder.run(&["check", "--json"]);
    let sarif = folder.run(&["check", "--sarif"]);
    assert_eq!((short.code, literal.code, json.code, sarif.code), (1, 1, 1, 1));
    assert!(literal.out.contains("config.secret_literal"), "{}", literal.out);
    assert!(sarif.out.contains("config.secret_literal"), "{}", sarif.out);
    for ran in [&short, &json, &sarif] {
        assert!(!ran.out.contains("marker-value") && !ran.err.contains("marker-value"), "{}", ran.out);
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_exit_code_3() {
    let folder = Folder::new();
    for words in [vec!["check"], vec!["mapping", "test"], vec!["keys", "init"], vec!["distrust", "corp"]] {
        let words: Vec<&str> = words.into_iter().chain(["--config", "none.yaml"]).collect();
        let ran = folder.run(&words);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{words:?}");
        assert!(ran.err.contains("`none.yaml` cannot be read: it does not exist"), "{}", ran.err);
    }
}

#[test]
fn the_clock_of_check_can_be_set() {
    let folder = Folder::new();
    let late = folder.run_at("2026-12-20T00:00:00Z", &["check"]);
    assert_eq!(late.code, 0);
    assert!(late.out.contains("warning[config.until_near]: the forward of `portal` ends in 12 days"), "{}", late.out);
    let early = folder.run_at("2025-06-01T00:00:00Z", &["check"]);
    assert_eq!(early.code, 1);
    assert!(early.out.contains("config.until_too_far"), "{}", early.out);
}

#[test]
fn mapping_tests_fail_with_what_was_expected_and_found() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["mapping", "test"]).code, 0);
    folder.replace("mappings/payroll.yaml", "email: ana@corp.example }", "email: bob@corp.example }");
    for words in [&["mapping", "test"][..], &["mapping", "test", "mappings/payroll.yaml"], &["check"]] {
        let ran = folder.run(words);
        assert_eq!(ran.code, 1, "{words:?}");
        for expected in ["FAIL  somebody", "bob@corp.example", "ana@corp.example", "FAIL  1 of 1 test"] {
            assert!(ran.out.contains(expected), "{expected}\n{}", ran.out);
        }
    }
    let json = folder.run(&["mapping", "test", "--json"]).json();
    assert_eq!((&json["ok"], &json["tests"][0]["passed"]), (&false.into(), &false.into()));
}

/// Required by the sections on `run`, `result`, `physicalLocation` and `region` of SARIF 2.1.0.
fn assert_sarif(log: &serde_json::Value) -> Vec<serde_json::Value> {
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().ends_with("sarif-schema-2.1.0.json"));
    let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("{log:#}") };
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "drawbridge");
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        let text = |field: &str| !rule[field]["text"].as_str().unwrap().is_empty();
        assert!(["shortDescription", "fullDescription", "help"].into_iter().all(text), "{rule:#}");
    }
    let results = run["results"].as_array().unwrap();
    for result in results {
        assert_eq!(rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()]["id"], result["ruleId"]);
        assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()), "{result:#}");
        assert!(!result["message"]["text"].as_str().unwrap().is_empty(), "{result:#}");
        let physical = &result["locations"][0]["physicalLocation"];
        let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.starts_with('/') && !uri.contains(".."), "{uri}");
        let region = &physical["region"];
        if !region.is_null() {
            let number = |field: &str| region[field].as_u64();
            let (start, end) = (number("startLine"), number("endLine"));
            assert!(start > Some(0) && number("startColumn") > Some(0), "{result:#}");
            assert!(end.is_none() || (end, number("endColumn")) > (start, number("startColumn")), "{result:#}");
        }
    }
    results.clone()
}

#[test]
fn forges_and_editors_get_every_problem_and_failed_test_as_sarif() {
    let folder = Folder::new();
    let good = folder.run(&["check", "--sarif"]);
    assert_eq!((good.code, assert_sarif(&good.json())), (0, vec![]));
    folder.replace("mappings/payroll.yaml", "email: ana@corp.example }", "email: bob@corp.example }");
    let near = "2026-12-20T00:00:00Z";
    let failing = folder.run_at(near, &["check", "--sarif"]);
    let results = assert_sarif(&failing.json());
    let seen: Vec<_> = results.iter().map(|result| (result["ruleId"].as_str().unwrap(), &result["level"])).collect();
    assert_eq!(failing.code, 1);
    assert_eq!(seen, [("config.until_near", &"warning".into()), ("mapping.test_failed", &"error".into())]);
    let of_test = &results[1]["locations"][0]["physicalLocation"];
    assert_eq!(of_test["artifactLocation"]["uri"], "mappings/payroll.yaml");
    assert_eq!(of_test["region"]["startLine"], 15);
    folder.replace("mappings/payroll.yaml", "email: mail", "email: mial");
    for words in [&["mapping", "test", "--sarif"][..], &["mapping", "test", "mappings/payroll.yaml", "--sarif"]] {
        let ran = folder.run(words);
        let results = assert_sarif(&ran.json());
        assert_eq!((ran.code, results.len()), (1, 1), "{results:#?}");
        assert_eq!(results[0]["ruleId"], "mapping.attribute_unknown");
    }
    assert_eq!(folder.run(&["check", "--sarif", "--json"]).code, 2);
}

#[test]
fn explain_knows_reasons_and_diagnostics_and_suggests() {
    let folder = Folder::new();
    for code in ["saml.expired", "mapping.require.employees_only", "config.listen_exposed", "file.key_unknown"] {
        let ran = folder.run(&["explain", code]);
        assert_eq!(ran.code, 0, "{code}: {}", ran.err);
        assert!(ran.out.starts_with(code) && ran.out.contains("What to do"), "{}", ran.out);
        let page = ran.out.lines().find_map(|line| line.strip_prefix("more: ")).unwrap();
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(page).exists(), "{code}: {page}");
    }
    let ran = folder.run(&["explain", "saml.expird"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("did you mean `saml.expired`?"), "{}", ran.err);
    let json = folder.run(&["explain", "saml.expired", "--json"]).json();
    assert_eq!(json["sentence"], "the assertion has expired");
}

#[test]
fn keys_init_makes_one_master_key_and_never_a_second() {
    let folder = Folder::new();
    let before = fs::read(folder.at("master.key")).unwrap();
    let again = folder.run(&["keys", "init"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("there is already something at `master.key`"), "{}", again.err);
    assert_eq!(fs::read(folder.at("master.key")).unwrap(), before);
    fs::remove_file(folder.at("master.key")).unwrap();
    let made = folder.run(&["keys", "init", "--json"]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert_eq!(fs::metadata(folder.at("master.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(folder.at("master.key")).unwrap();
    assert!(text.contains(made.json()["id"].as_str().unwrap()));
    let key = text.split_whitespace().last().unwrap();
    assert!(!made.out.contains(key) && !made.err.contains(key));
}

#[test]
fn keys_init_makes_no_folder_and_nothing_beside_what_it_seals() {
    let folder = Folder::new();
    folder.replace("drawbridge.yaml", "./master.key", "./none/master.key");
    let ran = folder.run(&["keys", "init"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("the folder `none` does not exist"), "{}", ran.err);
    folder.replace("drawbridge.yaml", "./none/master.key", "./data/../data/master.key");
    fs::create_dir(folder.at("data")).unwrap();
    let ran = folder.run(&["keys", "init"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("lies in the data folder"), "{}", ran.err);
    assert!(fs::read_dir(folder.at("data")).unwrap().next().is_none());
}

#[test]
fn a_credential_is_explained_step_by_step() {
    let folder = Folder::new();
    let good =
        folder.run(&["mapping", "explain", "--credential", &Folder::fixture("good/predefined-entities"), "--now", NOW]);
    assert!(good.out.contains("ok    signature"), "{}", good.out);
    assert!(good.out.contains("FAIL  attribute mail  mapping.attribute_missing"), "{}", good.out);
    assert_eq!(good.code, 1);
    folder.write(
        "mappings/payroll.yaml",
        &MAPPING.replace("mail: { name: mail }", "mail: { name: mail, optional: true }"),
    );
    let good =
        folder.run(&["mapping", "explain", "--credential", &Folder::fixture("good/no-attributes"), "--now", NOW]);
    assert_eq!(good.code, 0, "{}{}", good.out, good.err);
    assert!(good.out.contains("it would become this token"), "{}", good.out);
    assert!(good.out.contains("alice@example.com"), "the operator sees values: {}", good.out);
    let late = folder.run_at(
        "2026-03-02T12:00:00Z",
        &["mapping", "explain", "--credential", &Folder::fixture("good/no-attributes")],
    );
    assert_eq!(late.code, 1);
    assert!(late.out.contains("FAIL  conditions  saml.expired"), "{}", late.out);
    assert!(late.out.contains("drawbridge explain saml.expired"), "{}", late.out);
}

#[test]
fn a_session_in_a_form_body_is_explained() {
    let folder = Folder::new();
    folder.write(
        "mappings/intranet.yaml",
        &MAPPING
            .replace("id: payroll", "id: intranet")
            .replace("source: corp", "source: intranet")
            .replace("mail: { name: mail }", "mail: { name: mail, optional: true }"),
    );
    let token = Folder::session("ana|1772366500");
    let form = form_of(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token_type", "urn:drawbridge:token-type:session:intranet"),
        ("subject_token", &token),
        ("scope", "payroll.read"),
    ]);
    folder.write("form.txt", &form);
    let ran = folder.run(&["mapping", "explain", "--credential", "form.txt", "--now", NOW, "--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let json = ran.json();
    assert_eq!((&json["door"], &json["token"]["scope"]), (&"token-exchange".into(), &"payroll.read".into()));
    assert_eq!(json["token"]["exp"], 1_772_366_500, "no longer than the session");
    folder.write("token.txt", &format!("{token}\n"));
    let ran = folder.run(&["mapping", "explain", "--source", "intranet", "--credential", "token.txt", "--now", NOW]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    folder.write("token.txt", &token.replace("ana", "bob"));
    let ran = folder.run(&["mapping", "explain", "--source", "intranet", "--credential", "token.txt", "--now", NOW]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("FAIL  signature  session.signature_invalid"), "{}", ran.out);
}

#[test]
fn what_cannot_be_explained_is_said_with_a_suggestion() {
    let folder = Folder::new();
    let credential = Folder::fixture("good/no-attributes");
    for (words, expected) in [
        (["--source", "crop"], "did you mean `corp`?"),
        (["--client", "portl"], "did you mean `portal`?"),
        (["--mapping", "payrol"], "did you mean `payroll`?"),
    ] {
        let words: Vec<&str> = ["mapping", "explain", "--credential", &credential].into_iter().chain(words).collect();
        let ran = folder.run(&words);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{words:?}");
        assert!(ran.err.contains(expected), "{}", ran.err);
    }
    let ran = folder.run(&["mapping", "explain", "--credential", "none.xml"]);
    assert_eq!(ran.code, 3);
}

fn form_of(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
