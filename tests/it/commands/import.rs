//! `drawbridge import` and `drawbridge mapping new` through the built binary.

use std::fs;

use super::folder::Folder;

fn fixture(name: &str) -> String {
    format!("{}/fixtures/import/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_product_is_imported_and_its_losses_are_told() {
    let folder = Folder::new();
    for (kind, files) in [
        ("satosa", vec!["satosa/internal_attributes.yaml"]),
        ("keycloak", vec!["keycloak/realm-export.json"]),
        ("shibboleth", vec!["shibboleth/attribute-resolver.xml", "shibboleth/attribute-filter.xml"]),
        ("shibboleth", vec!["shibboleth/attribute-map.xml"]),
        ("adfs", vec!["adfs/issuance-rules.txt"]),
        ("simplesamlphp", vec!["simplesamlphp/campus2name.php"]),
        ("entra", vec!["entra/claims-mapping-policies.json"]),
    ] {
        let files: Vec<String> = files.into_iter().map(fixture).collect();
        let mut words = vec!["import", kind];
        words.extend(files.iter().map(String::as_str));
        let out = format!("out/{kind}-{}", files.len());
        words.extend(["--out", &out]);
        let ran = folder.run(&words);
        assert_eq!(ran.code, 0, "{kind}: {}", ran.err);
        let text = fs::read_to_string(folder.at(ran.out.lines().next().unwrap())).unwrap();
        assert!(text.contains("kind: mapping\nversion: 1\n"), "{kind}: {text}");
        assert!(ran.err.contains("were not carried as they were (decide on each):"), "{kind}: {}", ran.err);
        // What is told on the screen stands in the file as well.
        assert!(
            text.contains("# Not carried as it was. Decide on each, then delete its line:\n#   - "),
            "{kind}: {text}"
        );
        words.truncate(words.len() - 2);
        assert!(!ran.err.contains('\u{1b}') && !ran.out.contains('\u{1b}'), "no colours where nobody sees them");
        words.extend(["--strict", "--out", "strict"]);
        assert_eq!(folder.run(&words).code, 1, "{kind}");
        fs::remove_dir_all(folder.at("strict")).unwrap();
    }
}

#[test]
fn an_import_writes_into_a_folder_and_never_over_a_file() {
    let folder = Folder::new();
    folder.write("rules.txt", "=> issue(Type = \"x:level\", Value = \"7\");");
    let words = ["import", "adfs", "rules.txt", "--source", "corp", "--id", "staff", "--out", "new/folder"];
    let ran = folder.run(&words);
    assert_eq!((ran.code, ran.out.as_str()), (0, "new/folder/staff.yaml\n"), "{}", ran.err);
    assert!(ran.err.contains("everything was carried"), "{}", ran.err);
    let text = fs::read_to_string(folder.at("new/folder/staff.yaml")).unwrap();
    assert!(text.contains("source: corp\n") && !text.contains("a guess"), "{text}");
    let again = folder.run(&words);
    assert_eq!((again.code, again.out.as_str()), (1, ""));
    assert!(again.err.contains("there is already something at `new/folder/staff.yaml`"), "{}", again.err);
    assert_eq!(fs::read_to_string(folder.at("new/folder/staff.yaml")).unwrap(), text);
    // Of several none is written where one is there already.
    let realm = fixture("keycloak/realm-export.json");
    folder.write("out/corp-adfs.yaml", "mine\n");
    let several = folder.run(&["import", "keycloak", &realm, "--out", "out"]);
    assert_eq!(several.code, 1, "{}", several.err);
    assert_eq!(fs::read_to_string(folder.at("out/corp-adfs.yaml")).unwrap(), "mine\n");
    assert!(!folder.at("out/campus-idp.yaml").exists());
}

#[test]
fn several_mappings_never_go_into_one_file() {
    let folder = Folder::new();
    let realm = fixture("keycloak/realm-export.json");
    let ran = folder.run(&["import", "keycloak", &realm]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    assert!(ran.err.contains("this makes 2 mappings") && ran.err.contains("`--out DIR`"), "{}", ran.err);
    assert_eq!(folder.run(&["import", "keycloak", &realm, "--out", "out"]).code, 0);
    let second = fs::read_to_string(folder.at("out/corp-adfs.yaml")).unwrap();
    assert!(second.contains("stands in `campus-idp.yaml`.\n") && !second.contains("`github`"), "{second}");
    let first = fs::read_to_string(folder.at("out/campus-idp.yaml")).unwrap();
    assert!(first.contains("#   - line 85: identity provider `github` – "), "{first}");
}

#[test]
fn claims_and_authorization_of_one_relying_party_are_one_mapping() {
    let folder = Folder::new();
    let files = [fixture("adfs/issuance-rules.txt"), fixture("adfs/authorization-rules.txt")];
    let ran = folder.run(&["import", "adfs", &files[0], &files[1], "--source", "corp"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out.matches("kind: mapping").count(), 1);
    assert!(ran.out.contains("id: permitted") && ran.out.contains("email: mail"), "{}", ran.out);
    assert!(ran.out.contains("issuance-rules.txt line 3: "), "{}", ran.out);
    let alone = folder.run(&["import", "adfs", &files[1]]);
    assert!(alone.err.contains("makes one mapping of both"), "{}", alone.err);
}

#[test]
fn what_is_written_is_a_file_that_mapping_test_takes() {
    let folder = Folder::new();
    fs::remove_file(folder.at("mappings/payroll.yaml")).unwrap();
    let rules = fixture("adfs/issuance-rules.txt");
    let ran = folder.run(&["import", "adfs", &rules, "--source", "corp", "--out", "mappings"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let tested = folder.run(&["mapping", "test", "mappings/adfs.yaml"]);
    assert_eq!(tested.code, 0, "{}{}", tested.out, tested.err);
}

#[test]
fn a_program_is_told_all_of_an_import() {
    let folder = Folder::new();
    let json = folder.run(&["import", "keycloak", &fixture("keycloak/realm-export.json"), "--json"]).json();
    assert_eq!(json["mappings"].as_array().unwrap().len(), 2);
    assert_eq!(json["mappings"][0]["id"], "campus-idp");
    assert_eq!(json["mappings"][0]["file"], serde_json::Value::Null);
    assert!(json["mappings"][0]["text"].as_str().unwrap().contains("kind: mapping"));
    assert_eq!((&json["losses"][0]["line"], &json["losses"][0]["decide"]), (&21.into(), &true.into()));
    let numbers =
        json["losses"].as_array().unwrap().iter().find(|loss| loss["what"].as_str().unwrap().contains("numbers"));
    assert_eq!(numbers.unwrap()["mapping"], "campus-idp");
    assert!(json["losses"][0]["file"].as_str().unwrap().ends_with("realm-export.json"));
    assert_eq!(json["diagnostics"], serde_json::json!([]));
}

#[test]
fn a_file_of_powershell_is_read() {
    let folder = Folder::new();
    let text = fs::read_to_string(fixture("adfs/authorization-rules.txt")).unwrap();
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    fs::write(folder.at("rules.txt"), wide).unwrap();
    let ran = folder.run(&["import", "adfs", "rules.txt"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("id: permitted"), "{}", ran.out);
    fs::write(folder.at("rules.txt"), [0xff, 0xff, 0x80]).unwrap();
    assert_eq!(folder.run(&["import", "adfs", "rules.txt"]).code, 1);
}

#[test]
fn what_cannot_be_imported_is_said_with_its_file_and_line() {
    let folder = Folder::new();
    folder.write("a.xml", "<AttributeResolver>\n<open>\n</AttributeResolver>");
    let ran = folder.run(&["import", "shibboleth", "a.xml"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("`a.xml` line 3: this is no XML: "), "{}", ran.err);
    let missing = folder.run(&["import", "adfs", "none.txt"]);
    assert_eq!(missing.code, 3);
    let realm = fixture("keycloak/realm-export.json");
    for words in [
        vec!["import", "adfs"],
        vec!["import", "okta", &realm],
        vec!["import", "keycloak", &realm, "--id", "x"],
        vec!["import", "keycloak", &realm, "--source", "x"],
        vec!["import", "adfs", "a.xml", "--nonsense"],
    ] {
        assert_eq!(folder.run(&words).code, 2, "{words:?}");
    }
    let rules = fixture("adfs/authorization-rules.txt");
    for id in ["../x", ".hidden", "a/b", ""] {
        let ran = folder.run(&["import", "adfs", &rules, "--id", id, "--out", "mappings"]);
        assert_eq!(ran.code, 2, "{id}: {}", ran.err);
    }
    assert!(!folder.at("x.yaml").exists());
}

#[test]
fn a_mapping_is_begun_from_an_assertion_without_a_configuration() {
    let folder = Folder::new();
    let document = Folder::fixture("good/keycloak");
    let ran = folder.run(&["mapping", "new", "--from", &document, "--config", "none.yaml", "--source", "corp"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.contains("nobody has verified its signature"), "{}", ran.out);
    assert!(ran.out.contains("id: corp\n") && ran.out.contains("source: corp\n"), "{}", ran.out);
    assert!(!ran.out.contains("alice"), "no value of a person: {}", ran.out);
    // As base64, and as the form body that carried it.
    let text = fs::read_to_string(&document).unwrap();
    let form: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("SAMLResponse", &base64(text.as_bytes()))
        .append_pair("RelayState", "x")
        .finish();
    for (name, body) in [("response.b64", base64(text.as_bytes())), ("form.txt", form)] {
        folder.write(name, &body);
        assert_eq!(folder.run(&["mapping", "new", "--from", name, "--source", "corp"]).out, ran.out, "{name}");
    }
}

#[test]
fn the_source_of_an_assertion_is_found_in_the_configuration_and_its_draft_passes_its_tests() {
    let folder = Folder::new();
    let ran = folder.run(&["mapping", "new", "--from", &Folder::fixture("good/entra")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("source: corp\n"), "{}", ran.out);
    folder.write("mappings/payroll.yaml", &ran.out);
    let tested = folder.run(&["mapping", "test"]);
    assert_eq!(tested.code, 0, "{}{}", tested.out, tested.err);
    assert!(tested.out.contains("2 tests passed"), "{}", tested.out);
}

#[test]
fn the_source_is_found_whatever_is_wrong_with_mappings_and_clients() {
    let folder = Folder::new();
    folder.write("mappings/broken.yaml", "kind: mapping\nversion: 1\nid: [\n");
    folder.replace("drawbridge.yaml", "mappings: ", "mappings: gone/");
    let ran = folder.run(&["mapping", "new", "--from", &Folder::fixture("good/entra")]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.contains("source: corp\n"), "{}", ran.out);
    // Where it is a guess the file says why.
    let path = Folder::fixture("good/entra");
    let none = folder.run(&["mapping", "new", "--from", &path, "--config", "none.yaml"]);
    assert_eq!(none.code, 0, "{}", none.err);
    assert!(none.out.contains("(`none.yaml` cannot be read: "), "{}", none.out);
    let text = fs::read_to_string(&path).unwrap().replace("https://idp-a.example/saml", "https://nobody.example");
    folder.write("other.xml", &text);
    let other = folder.run(&["mapping", "new", "--from", "other.xml"]);
    assert!(other.out.contains("(no identity provider of `drawbridge.yaml` has "), "{}", other.out);
    folder.write("bad.yaml", "server: [\n");
    let bad = folder.run(&["mapping", "new", "--from", &path, "--config", "bad.yaml"]);
    assert!(bad.out.contains("(`bad.yaml` cannot be read as it is"), "{}", bad.out);
}

#[test]
fn a_mapping_is_begun_in_a_file_that_was_not_there() {
    let folder = Folder::new();
    let words = ["mapping", "new", "--from", &Folder::fixture("good/entra"), "--out", "mappings/corp.yaml"];
    let ran = folder.run(&words);
    assert_eq!((ran.code, ran.out.as_str()), (0, "mappings/corp.yaml\n"), "{}", ran.err);
    let text = fs::read_to_string(folder.at("mappings/corp.yaml")).unwrap();
    assert!(text.contains("kind: mapping"), "{text}");
    let again = folder.run(&words);
    assert_eq!((again.code, again.out.as_str()), (1, ""));
    assert!(again.err.contains("there is already something at `mappings/corp.yaml`"), "{}", again.err);
}

#[test]
fn what_is_no_assertion_is_said_to_be_none() {
    let folder = Folder::new();
    folder.write("what.txt", "hello\n");
    for (words, code) in [(vec![], 2), (vec!["--source", "intranet"], 3)] {
        let mut all = vec!["mapping", "new", "--from", "what.txt", "--config", "none.yaml"];
        all.extend(words);
        let ran = folder.run(&all);
        assert_eq!(ran.code, code, "{}", ran.err);
        assert!(ran.err.contains("`what.txt` is no SAML assertion"), "{}", ran.err);
        assert!(
            ran.err.contains("a session token needs its source, `--source ID`, and the configuration"),
            "{}",
            ran.err
        );
    }
}

#[test]
fn a_mapping_is_begun_from_a_session_that_its_source_proves() {
    let folder = Folder::new();
    folder.replace("drawbridge.yaml", "{ name: user, role: subject }", "{ name: user, role: subject }, { name: room }");
    folder.write("cookie.txt", &Folder::session("msilva|417|1772366700"));
    let ran = folder.run(&["mapping", "new", "--from", "cookie.txt", "--source", "intranet"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("room: { name: \"room\", optional: true }"), "{}", ran.out);
    assert!(ran.out.contains("subject: { from: name_id }"), "{}", ran.out);
    assert!(
        !ran.out.contains("nobody has verified") && !ran.out.contains("msilva") && !ran.out.contains("417"),
        "{}",
        ran.out
    );
    folder.write("mappings/intranet.yaml", &ran.out);
    assert_eq!(folder.run(&["mapping", "test", "mappings/intranet.yaml"]).code, 0);
    let forged = Folder::session("msilva|417|1772366700").replace("msilva", "root");
    folder.write("forged.txt", &forged);
    let refused = folder.run(&["mapping", "new", "--from", "forged.txt", "--source", "intranet"]);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    assert!(refused.err.contains("the session is refused: session.signature_invalid"), "{}", refused.err);
    assert_eq!(folder.run(&["mapping", "new", "--from", "cookie.txt"]).code, 2);
    assert_eq!(folder.run(&["mapping", "new", "--from", "cookie.txt", "--source", "intranett"]).code, 1);
    let late = ["mapping", "new", "--from", "cookie.txt", "--source", "intranet", "--now", "2026-03-01T13:00:00Z"];
    assert!(folder.run(&late).err.contains("session.expired"));
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
