//! People stay who they are: links, beside a running server and without one, and on the way to another bridge.

use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::JsonWebKey as _;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use serde_json::Value;

use super::files::{PAYROLL, Ran, session};
use super::provider::CORP;
use super::server::{Door, INTRANET, exchange};
use super::{Files, Server};

/// The `sub` of the token that this client gets.
fn sub_at(server: &Server, client: &str, form: &[(&str, String)]) -> String {
    let token = server.token(client, form)["access_token"].as_str().unwrap().to_owned();
    super::verify::claims(server, &token, PAYROLL)["sub"].as_str().unwrap().to_owned()
}

fn sub_of_session(server: &Server, user: &str) -> String {
    sub_at(server, "portal", &exchange(INTRANET, &session(user)))
}

fn ran(files: &Files, words: &[&str]) -> Ran {
    let ran = files.run(words);
    assert_eq!(ran.code, 0, "{words:?}: {}{}", ran.out, ran.err);
    ran
}

const SHOW_ANA: [&str; 6] = ["subject", "show", "--source", "intranet", "--name-id", "marker-ana"];

/// What a `sub` is and where it comes from, whoever answers.
fn check_showing(files: &Files, of_session: &str, of_assertion: &str) {
    let shown = ran(files, &SHOW_ANA).out;
    for expected in [of_session, "marker-ana", "urn:drawbridge:session:intranet.corp.example", "request 0"] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let json = ran(files, &[&SHOW_ANA[..], &["--json"]].concat()).json();
    assert_eq!((&json["linked"][0]["sub"], json["linked"].as_array().unwrap().len()), (&of_session.into(), 1));
    let by_namespace = ["subject", "show", "--namespace", "intranet.corp.example", "--name-id", "marker-ana"];
    assert!(ran(files, &by_namespace).out.contains(of_session));
    let mapped = ["subject", "show", "--source", "corp", "--value", "marker-upn@corp.example", "--json"];
    assert_eq!(ran(files, &mapped).json()["linked"][0]["sub"], of_assertion);

    let nobody = files.run(&["subject", "show", "--source", "corp", "--value", "marker-nobody", "--json"]);
    assert_eq!(nobody.code, 1, "{}", nobody.err);
    assert_eq!(nobody.json()["would_be"].as_str().unwrap().len(), 43);
    let wrong = files.run(&["subject", "show", "--source", "crop", "--value", "x"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("did you mean `corp`?"), "{}", wrong.err);
    for words in [
        &["subject", "show", "--source", "corp"][..],
        &["subject", "show", "--value", "x"],
        &["subject", "show", "--source", "corp", "--value", "x", "--name-id", "y"],
        &["subject", "show", "--source", "corp", "--value", "x", "--format", "y"],
        &["subject", "resolve", "a-b"],
        &["subject", "resolve", "a-b", "--keep", "s", "--forget"],
        &["store", "import", "x", "--unsigned"],
    ] {
        assert_eq!(files.run(words).code, 2, "{words:?}");
    }
    let checked = ran(files, &["store", "check", "--json"]).json();
    assert_eq!((&checked["links"], &checked["problem_count"]), (&2.into(), &0.into()), "{checked:#}");
    assert!(ran(files, &["store", "check"]).out.contains("everything can be read"));
    assert!(ran(files, &["subject", "conflicts"]).out.contains("no conflict waits"));
}

/// An export, and the claims that its last line signs: verified by another implementation, from the document alone.
fn check_export(text: &str, jwks: &str) -> Value {
    let (before, end) = text.trim_end_matches('\n').rsplit_once('\n').unwrap();
    let end: Value = serde_json::from_str(end).unwrap();
    let (signed, signature) = end["end"]["jws"].as_str().unwrap().rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let header: Value = serde_json::from_slice(&decoded(header)).unwrap();
    assert_eq!(header["typ"], "drawbridge-export+jwt");
    let keys: CoreJsonWebKeySet = serde_json::from_str(jwks).unwrap();
    let is_named = |key: &&CoreJsonWebKey| key.key_id().is_some_and(|id| header["kid"] == id.as_str());
    let key = keys.keys().iter().find(is_named).unwrap();
    let algorithm: CoreJwsSigningAlgorithm = serde_json::from_value(header["alg"].clone()).unwrap();
    key.verify_signature(&algorithm, signed.as_bytes(), &decoded(signature)).unwrap();
    let claims: Value = serde_json::from_slice(&decoded(payload)).unwrap();
    let content = format!("{before}\n");
    let digest = drawbridge::crypto::digest::sha256(content.as_bytes());
    assert_eq!(claims["sha256"], drawbridge::crypto::digest::hex(&digest));
    assert_eq!(claims["links"], content.matches("{\"link\":").count());
    claims
}

#[test]
fn a_person_is_shown_and_exported_beside_a_server_and_without_one() {
    let files = Files::new();
    let server = Server::start(&files);
    let (of_session, of_assertion) =
        (sub_of_session(&server, "marker-ana"), sub_at(&server, "portal", &Door::Bearer.form(&CORP.present(|_| {}))));
    assert_ne!(of_session, of_assertion);
    check_showing(&files, &of_session, &of_assertion);
    let jwks = server.get("/jwks").body;
    assert!(ran(&files, &["store", "export", "--out", "one.jsonl"]).out.contains("2 links"));
    assert_eq!(std::fs::metadata(files.at("one.jsonl")).unwrap().permissions().mode() & 0o777, 0o600);
    let to_screen = ran(&files, &["store", "export"]).out;
    server.stop();
    check_showing(&files, &of_session, &of_assertion);
    ran(&files, &["store", "export", "--out", "two.jsonl"]);
    for text in [files.read("one.jsonl"), files.read("two.jsonl"), to_screen, ran(&files, &["store", "export"]).out] {
        let claims = check_export(&text, &jwks);
        assert_eq!((&claims["iss"], &claims["links"]), (&"https://bridge.example".into(), &2.into()));
        assert!(text.contains("\"value\":\"marker-ana\"") && text.contains(&format!("\"sub\":\"{of_session}\"")));
    }
    assert!(!files.at("two.jsonl.being-written").exists());
}

/// With other keys of its own, and both ways of importing.
#[test]
fn people_keep_their_sub_on_another_bridge() {
    let old = Files::new();
    let server = Server::start(&old);
    let ana = sub_of_session(&server, "marker-ana");
    old.write("jwks.json", &server.get("/jwks").body);
    assert_eq!(old.run(&["distrust", "partner"]).code, 0);
    ran(&old, &["store", "export", "--out", "links.jsonl"]);
    // Its own export comes back without another document, and changes nothing.
    let again = ran(&old, &["store", "import", "links.jsonl", "--json"]).json();
    assert_eq!((&again["new_links"], &again["same_links"], &again["written"]), (&0.into(), &1.into(), &true.into()));
    server.stop();

    for beside_a_server in [true, false] {
        let new = Files::new();
        new.write("links.jsonl", &old.read("links.jsonl"));
        new.write("old.json", &old.read("jwks.json"));
        let mut server = Some(Server::start(&new));
        let import = ["store", "import", "links.jsonl", "--jwks", "old.json"];
        if !beside_a_server {
            server.take().unwrap().stop();
        }
        let untrusted = new.run(&["store", "import", "links.jsonl"]);
        assert_eq!(untrusted.code, 1);
        assert!(untrusted.err.contains("the signature cannot be trusted"), "{}", untrusted.err);
        let tried = ran(&new, &[&import[..], &["--dry-run"]].concat()).out;
        assert!(tried.contains("would be imported") && tried.contains("1 link is new"), "{tried}");
        assert!(new.run(&SHOW_ANA).code == 1, "nothing was written");
        let imported = ran(&new, &import).out;
        assert!(imported.contains("https://bridge.example") && imported.contains("1 link is new"), "{imported}");
        assert!(imported.contains("trust ends in 1 source"), "{imported}");
        let server = server.unwrap_or_else(|| Server::start(&new));
        assert_eq!(sub_of_session(&server, "marker-ana"), ana, "{beside_a_server}");
        assert_ne!(sub_of_session(&server, "marker-bob"), ana);
        let form = Door::Bearer.form(&super::provider::PARTNER.present(|_| {}));
        assert_eq!(server.post("portal", &form).reason(), "source.distrusted", "{beside_a_server}");
    }
}

#[test]
fn an_import_that_was_changed_or_contradicts_changes_nothing() {
    let (old, new) = (Files::new(), Files::new());
    let server = Server::start(&old);
    let ana = sub_of_session(&server, "marker-ana");
    new.write("old.json", &server.get("/jwks").body);
    ran(&old, &["store", "export", "--out", "links.jsonl"]);
    server.stop();
    let server = Server::start(&new);
    new.write("links.jsonl", &old.read("links.jsonl").replace("marker-ana", "marker-eve"));
    let import = ["store", "import", "links.jsonl", "--jwks", "old.json"];
    let changed = new.run(&import);
    assert_eq!(changed.code, 1);
    assert!(changed.err.contains("the file was changed"), "{}", changed.err);
    let own = sub_of_session(&server, "marker-ana");
    new.write("links.jsonl", &old.read("links.jsonl"));
    let refused = new.run(&import);
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.out.contains("nothing was written") && refused.out.contains(&ana), "{}", refused.out);
    assert!(!refused.out.contains("marker"), "{}", refused.out);
    assert_eq!(sub_of_session(&server, "marker-ana"), own);
    // The administrator decides for the old bridge: remove the link, import.
    let unlink = [&["subject", "unlink"], &SHOW_ANA[2..], &["--sub"]].concat();
    assert_eq!(new.run(&[&unlink[..], &[&ana]].concat()).code, 1, "another sub");
    assert_eq!(new.run(&[&unlink[..], &["-begins-so"]].concat()).code, 1, "one sub of 64 begins with a dash");
    ran(&new, &[&unlink[..], &[&own]].concat());
    ran(&new, &import);
    assert_eq!(sub_of_session(&server, "marker-ana"), ana);
}

#[test]
fn a_sector_sees_its_own_sub_and_the_link_stays_the_same() {
    let files = Files::new();
    files.replace(
        "drawbridge.yaml",
        "  - id: suite\n",
        "  - id: suite\n    subject_type: pairwise\n    sector: suite.example\n",
    );
    let server = Server::start(&files);
    let form = || [Door::Exchange.form(&CORP.present(|_| {})), vec![("resource", PAYROLL.to_owned())]].concat();
    let (public, pairwise) = (sub_at(&server, "portal", &form()), sub_at(&server, "suite", &form()));
    assert_ne!(public, pairwise);
    assert_eq!(sub_at(&server, "suite", &form()), pairwise);
    let shown = ran(&files, &["subject", "show", "--source", "corp", "--value", "marker-upn@corp.example", "--json"]);
    assert_eq!(shown.json()["linked"][0]["sub"], public);
}

#[test]
fn an_export_that_cannot_be_whole_is_none() {
    let files = Files::new();
    let server = Server::start(&files);
    sub_of_session(&server, "marker-ana");
    server.stop();
    // The master key of another bridge opens nothing of this one.
    let key = files.read("master.key");
    files.write("master.key", &Files::new().read("master.key"));
    let lost = files.run(&["store", "export", "--out", "links.jsonl"]);
    assert_eq!((lost.code, lost.out.as_str()), (3, ""));
    assert!(!files.at("links.jsonl").exists() && !files.at("links.jsonl.being-written").exists());
    files.write("master.key", &key);
    let nowhere = files.run(&["store", "export", "--out", "no/such/folder"]);
    assert_eq!(nowhere.code, 3);
    ran(&files, &["store", "export", "--out", "links.jsonl"]);
}
