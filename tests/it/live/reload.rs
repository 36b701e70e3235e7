//! Reload of a running server: a broken set of files never replaces a good one, and a `sub` never changes by accident.

use super::files::{MAPPING, PAYROLL};
use super::provider::{CORP, PARTNER};
use super::server::Door;
use super::verify::claims;
use super::{Files, Server};

const KEPT: &str = "the last good revision goes on serving";

fn told(server: &Server, client: &str) -> String {
    let answer = server.post(client, &Door::Exchange.form(&CORP.present(|_| {})));
    if answer.status == 200 { "token".to_owned() } else { answer.reason() }
}

fn sub(server: &Server) -> String {
    let body = server.token("portal", &Door::Bearer.form(&CORP.present(|_| {})));
    claims(server, body["access_token"].as_str().unwrap(), PAYROLL)["sub"].as_str().unwrap().to_owned()
}

/// Changes a file, sends SIGHUP, and waits for what the log says.
fn reload(server: &Server, change: impl FnOnce(), says: &str) -> String {
    let before = server.log.len();
    change();
    server.signal("HUP");
    server.log.wait_for(before, says)
}

#[test]
fn a_broken_file_never_replaces_a_good_one() {
    let files = Files::new();
    let server = Server::start(&files);
    let good = files.read("drawbridge.yaml");
    assert_eq!(told(&server, "other"), "policy.source_refused");
    for (file, text, why) in [
        ("drawbridge.yaml", good.replace("clients:", "cleints:"), "file.key_unknown"),
        ("drawbridge.yaml", "[".to_owned(), "drawbridge.yaml"),
        ("mappings/payroll.yaml", MAPPING.replace("from: groups", "from: gruops"), "mapping.attribute_unknown"),
        ("corp.xml", "<marker/>".to_owned(), "corp.xml"),
        ("secrets/client", "short".to_owned(), "config.secret_short"),
        ("drawbridge.yaml", good.replace("algorithm: hmac-sha256", "algorithm: hmac-md5"), "drawbridge.yaml"),
        (
            "drawbridge.yaml",
            good.replace("https://bridge.example\n", "https://other.example\n"),
            "change with a restart only",
        ),
    ] {
        let before = files.read(file);
        let line = reload(&server, || files.write(file, &text), KEPT);
        assert!(line.contains(why), "{file}: {why} is not in: {line}");
        assert_eq!(
            (told(&server, "portal").as_str(), told(&server, "other").as_str()),
            ("token", "policy.source_refused")
        );
        reload(&server, || files.write(file, &before), "reloaded");
    }
}

#[test]
fn a_good_set_changes_the_answer() {
    let files = Files::new();
    let server = Server::start(&files);
    assert_eq!(told(&server, "other"), "policy.source_refused");
    let good = files.read("drawbridge.yaml");
    let wider = good
        .replace("grants: [token-exchange]\n    sources: [partner]", "grants: [token-exchange]\n    sources: [corp]");
    assert_ne!(good, wider);
    reload(&server, || files.write("drawbridge.yaml", &wider), "reloaded");
    assert_eq!(told(&server, "other"), "token");
    // A secret is part of the set.
    reload(&server, || files.write("secrets/client", "another-secret-of-32-characters!"), "reloaded");
    assert_eq!(told(&server, "other"), "client.authentication_failed");
    // And so are metadata: this provider signs with the other's key now, which is not what its name is known for.
    let exchanged = PARTNER.metadata().replace(PARTNER.entity_id, CORP.entity_id);
    let back = || files.write("secrets/client", super::files::SECRET);
    reload(&server, back, "reloaded");
    reload(&server, || files.write("corp.xml", &exchanged), "reloaded");
    assert!(["saml.signature_invalid", "saml.algorithm_refused"].contains(&told(&server, "other").as_str()));
}

/// Nobody sends a signal where files are mounted into a container: a change is noticed.
#[test]
fn a_change_is_noticed_without_a_signal() {
    let files = Files::new();
    let server = Server::start(&files);
    let before = server.log.len();
    files.replace("drawbridge.yaml", "lifetime: 10m", "lifetime: 7m");
    server.log.wait_for(before, "reloaded");
    assert_eq!(server.token("portal", &Door::Bearer.form(&CORP.present(|_| {})))["expires_in"], 420);
}

/// An API that asks for another algorithm finds its key made, and published before it signs.
#[test]
fn an_algorithm_that_comes_with_a_reload_gets_its_key() {
    let files = Files::new();
    let server = Server::start(&files);
    let change = || files.replace("drawbridge.yaml", "lifetime: 10m }", "lifetime: 10m, algorithm: PS256 }");
    reload(&server, change, "reloaded");
    sub(&server);
    let keys = server.get("/jwks").json();
    assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["alg"] == "PS256"), "{keys}");
}

#[test]
fn a_used_subject_rule_changes_only_where_the_file_says_so() {
    let files = Files::new();
    let server = Server::start(&files);
    let changed = MAPPING.replace("attr.upn.lowerAscii()\" }", "attr.upn\" }");
    assert_ne!(changed, MAPPING);
    // Not used yet: nobody's `sub` could change.
    reload(&server, || files.write("mappings/payroll.yaml", &changed), "reloaded");
    reload(&server, || files.write("mappings/payroll.yaml", MAPPING), "reloaded");
    let before = sub(&server);

    let line = reload(&server, || files.write("mappings/payroll.yaml", &changed), KEPT);
    assert!(line.contains("mapping `payroll` has another `subject` rule"), "{line}");
    assert_eq!(sub(&server), before);
    let old = line.split("subject_replaces: ").nth(1).unwrap();
    let old: String = old.chars().take_while(char::is_ascii_alphanumeric).collect();

    // Nor does a restart take it.
    server.stop();
    let refused = files.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    assert!(refused.err.contains(&format!("subject_replaces: {old}")), "{}", refused.err);

    files.write("mappings/payroll.yaml", MAPPING);
    let server = Server::start(&files);
    let meant = changed.replace("subject: {", &format!("subject_replaces: {old}\nsubject: {{"));
    reload(&server, || files.write("mappings/payroll.yaml", &meant), "reloaded");
    assert_ne!(sub(&server), before);
    // Used under the new rule, the old one would now be the change.
    reload(&server, || files.write("mappings/payroll.yaml", MAPPING), KEPT);
    // And without the note, the new rule is the known one.
    reload(&server, || files.write("mappings/payroll.yaml", &changed), "reloaded");
}
