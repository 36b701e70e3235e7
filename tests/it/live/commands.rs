//! Commands that need state, beside a running server and without one; what they change acts at once and lasts.

use std::os::unix::fs::PermissionsExt as _;

use super::files::session;
use super::provider::{CORP, encoded};
use super::server::{Door, INTRANET, exchange};
use super::{Files, Server};

/// `keys list` and `trace`, whoever answers.
fn check_reading(files: &Files, kid: &str, issued: &str, refused: &str) {
    let keys = files.run(&["keys", "list", "--json"]);
    assert_eq!(keys.code, 0, "{}", keys.err);
    let keys = keys.json();
    let rows: Vec<_> = keys["keys"].as_array().unwrap().iter().map(|key| (&key["kid"], &key["state"])).collect();
    assert!(rows.contains(&(&kid.into(), &"active".into())), "{keys:#}");
    assert!(files.run(&["keys", "list"]).out.contains(kid));

    let traced = files.run(&["trace", issued, "--json"]).json();
    assert_eq!((&traced["record"]["outcome"], &traced["uses"]), (&"issued".into(), &1.into()), "{traced:#}");
    assert_eq!(traced["record"]["client_id"], "portal");
    let stages: Vec<&str> =
        traced["record"]["steps"].as_array().unwrap().iter().filter_map(|s| s["stage"].as_str()).collect();
    let order = ["client", "decode", "parse", "trust", "signature", "conditions", "mapping", "policy", "issue"];
    let places: Vec<_> = order.iter().map(|stage| stages.iter().position(|found| found == stage)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{stages:?}");

    let traced = files.run(&["trace", refused]);
    assert_eq!(traced.code, 0, "{}", traced.err);
    assert!(traced.out.contains("refused  saml.replayed"), "{}", traced.out);
    assert!(traced.out.contains("drawbridge explain saml.replayed"), "{}", traced.out);
    // The support desk asks next who was first.
    assert!(traced.out.contains(issued), "{issued}\n{}", traced.out);
    assert_eq!(files.run(&["trace", "00000000000000000000000000000000"]).code, 1);
}

#[test]
fn state_is_read_beside_a_server_and_without_one() {
    let files = Files::new();
    let server = Server::start(&files);
    let presented = CORP.present(|_| {});
    server.token("portal", &Door::Bearer.form(&presented));
    let refused = server.post("portal", &Door::Bearer.form(&presented)).json()["trace_id"].as_str().unwrap().to_owned();
    let kid = server.get("/jwks").json()["keys"].as_array().unwrap().iter().find(|key| key["alg"] == "ES256").unwrap()
        ["kid"]
        .as_str()
        .unwrap()
        .to_owned();
    // The answer with a token names no trace; its record does. The line is written behind the answer, so look until
    // it is there, each time behind another answer.
    let line = (0..10_000).find_map(|_| {
        server.get("/healthz");
        let audit = files.read("data/audit.jsonl");
        audit.lines().find(|line| line.contains("\"outcome\":\"issued\"")).map(str::to_owned)
    });
    let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
    let issued = line["trace_id"].as_str().unwrap().to_owned();
    let socket = files.at("data/admin.sock");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(files.at("data")).unwrap().permissions().mode() & 0o777, 0o700);
    check_reading(&files, &kid, &issued, &refused);
    server.stop();
    assert!(!socket.exists());
    check_reading(&files, &kid, &issued, &refused);
}

#[test]
fn a_dead_socket_is_no_server() {
    let files = Files::new();
    let server = Server::start(&files);
    let refused = server.post("portal", &Door::Bearer.form("x")).json()["trace_id"].as_str().unwrap().to_owned();
    drop(server);
    assert!(files.at("data/admin.sock").exists(), "killed, it left its socket behind");
    let traced = files.run(&["trace", &refused]);
    assert_eq!(traced.code, 0, "{}", traced.err);
    // And the next server takes the place.
    let _server = Server::start(&files);
    assert_eq!(files.run(&["keys", "list"]).code, 0);
}

fn reason_of_assertion(server: &Server, door: Door) -> String {
    let answer = server.post("portal", &door.form(&CORP.present(|_| {})));
    if answer.status == 200 { "token".to_owned() } else { answer.reason() }
}

fn reason_of_session(server: &Server, user: &str) -> String {
    let answer = server.post("portal", &exchange(INTRANET, &session(user)));
    if answer.status == 200 { "token".to_owned() } else { answer.reason() }
}

#[test]
fn distrust_acts_at_once_and_lasts() {
    let files = Files::new();
    let server = Server::start(&files);
    let ran = |words: &[&str]| {
        let ran = files.run(words);
        assert_eq!(ran.code, 0, "{words:?}: {}", ran.err);
        ran.out
    };
    let before = encoded(&CORP.assertion(|_| {}));
    assert_eq!(reason_of_assertion(&server, Door::Bearer), "token");
    assert!(ran(&["distrust", "corp"]).contains("`corp` is no longer trusted"));
    for door in Door::BOTH {
        assert_eq!(reason_of_assertion(&server, door), "source.distrusted");
        let answer = server.post("portal", &door.form(&before));
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(door.error())));
    }
    assert_eq!(reason_of_session(&server, "marker-a"), "token", "another source");
    assert!(ran(&["distrust", "intranet"]).contains("`intranet` is no longer trusted"));
    assert_eq!(reason_of_session(&server, "marker-b"), "source.distrusted");
    server.stop();

    let server = Server::start(&files);
    assert_eq!(reason_of_assertion(&server, Door::Bearer), "source.distrusted", "after a restart");
    assert_eq!(reason_of_session(&server, "marker-c"), "source.distrusted");
    // Whatever state the files are in, and while it is.
    let good = files.read("drawbridge.yaml");
    files.write("drawbridge.yaml", &good.replace("issuer:", "isuer:"));
    assert!(ran(&["distrust", "intranet", "--undo"]).contains("`intranet` is trusted again"));
    files.write("drawbridge.yaml", "[");
    assert!(ran(&["distrust", "corp", "--undo", "--data", "data"]).contains("`corp` is trusted again"));
    files.write("drawbridge.yaml", &good);
    assert_eq!(reason_of_session(&server, "marker-d"), "token");
    assert_eq!(reason_of_assertion(&server, Door::Exchange), "token");
    let unknown = files.run(&["distrust", "crop"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("did you mean `corp`?"), "{}", unknown.err);
    server.stop();

    // Without a server, in the store itself.
    ran(&["distrust", "corp"]);
    let server = Server::start(&files);
    assert_eq!(reason_of_assertion(&server, Door::Bearer), "source.distrusted");
}

/// A refusal because of a lost trust does not use an assertion up.
#[test]
fn what_was_refused_for_lost_trust_is_not_burnt() {
    let files = Files::new();
    let server = Server::start(&files);
    let presented = CORP.present(|_| {});
    assert_eq!(files.run(&["distrust", "corp"]).code, 0);
    assert_eq!(server.post("portal", &Door::Bearer.form(&presented)).reason(), "source.distrusted");
    assert_eq!(files.run(&["distrust", "corp", "--undo"]).code, 0);
    server.token("portal", &Door::Bearer.form(&presented));
}
