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
        let ran = folder.run(&words);
        assert_eq!(ran.code, 0, "{kind}: {}", ran.err);
        assert!(ran.out.contains("kind: mapping\nversion: 1\n"), "{kind}: {}", ran.out);
        assert!(ran.err.contains("not carried as it was:") && ran.err.contains("line "), "{kind}: {}", ran.err);
        assert!(!ran.err.contains('\u{1b}') && !ran.out.contains('\u{1b}'), "no colours where nobody sees them");
        words.push("--strict");
        assert_eq!(folder.run(&words).code, 1, "{kind}");
    }
}

#[test]
fn an_import_writes_into_a_folder_and_never_over_a_file() {
    let folder = Folder::new();
    let rules = fixture("adfs/authorization-rules.txt");
    let words = ["import", "adfs", &rules, "--source", "corp", "--id", "staff", "--out", "mappings"];
    let ran = folder.run(&words);
    assert_eq!((ran.code, ran.out.as_str()), (0, "mappings/staff.yaml\n"), "{}", ran.err);
    assert!(ran.err.contains("everything was carried"), "{}", ran.err);
    let text = fs::read_to_string(folder.at("mappings/staff.yaml")).unwrap();
    assert!(text.contains("source: corp\n") && !text.contains("a guess"), "{text}");
    let again = folder.run(&words);
    assert_eq!((again.code, again.out.as_str()), (1, ""));
    assert!(again.err.contains("there is already something at `mappings/staff.yaml`"), "{}", again.err);
    assert_eq!(fs::read_to_string(folder.at("mappings/staff.yaml")).unwrap(), text);
    // Of several none is written where one is there already.
    let realm = fixture("keycloak/realm-export.json");
    folder.write("out/corp-adfs.yaml", "mine\n");
    let several = folder.run(&["import", "keycloak", &realm, "--out", "out"]);
    assert_eq!(several.code, 1, "{}", several.err);
    assert_eq!(fs::read_to_string(folder.at("out/corp-adfs.yaml")).unwrap(), "mine\n");
    assert!(!folder.at("out/campus-idp.yaml").exists());
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
    assert_eq!(json["losses"][0]["line"], 21);
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
