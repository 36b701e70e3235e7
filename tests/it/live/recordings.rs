//! What is kept beside records, only where it is declared: values for traces, facts for what-if.

use std::fs;

use super::files::MAPPING;
use super::provider::CORP;
use super::server::Door;
use super::{Files, Server};
use crate::wire::Answer;

fn serving(more: &str) -> (Files, Server) {
    let files = Files::new();
    files.replace("drawbridge.yaml", "clients:\n", &format!("{more}\nclients:\n"));
    let server = Server::start(&files);
    (files, server)
}

fn present(server: &Server, name_id: &str) -> Answer {
    server.post("portal", &Door::Bearer.form(&CORP.present(|draft| draft.name_id.value = name_id.to_owned())))
}

fn trace_of(answer: &Answer) -> String {
    answer.header("trace-id").unwrap().to_owned()
}

/// A recording is written behind the answer; a later request of the same connection to the store finds it.
fn until(holds: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        std::thread::yield_now();
    }
    assert!(holds(), "it never came to hold");
}

#[test]
fn values_are_shown_only_where_the_setting_keeps_them() {
    let (files, server) = serving("");
    let trace = trace_of(&present(&server, "marker-1"));
    let shown = files.run(&["trace", &trace]).out;
    assert!(!shown.to_lowercase().contains("marker"), "{shown}");
    drop(server);
    let (files, server) = serving("trace: { keep: 1h, values: true }");
    let answer = present(&server, "marker-1");
    assert_eq!(answer.status, 200, "{}", answer.body);
    let trace = trace_of(&answer);
    until(|| files.run(&["trace", &trace]).out.contains("Marker-Upn@corp.example"));
    let shown = files.run(&["trace", &trace]).out;
    assert!(shown.contains("value  \"payroll-reader\"") || shown.contains("payroll-reader"), "{shown}");
    let json = files.run(&["trace", &trace, "--json"]).json();
    assert!(!json["record"].to_string().to_lowercase().contains("marker"), "the record itself has no values: {json:#}");
    assert!(json["values"].to_string().contains("Marker-Upn@corp.example"));
    // Not in the audit file, and not in the clear in the store.
    assert!(!files.read("data/audit.jsonl").to_lowercase().contains("marker"));
    let in_clear = fs::read_dir(files.at("data/store")).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        bytes.windows(10).any(|window| window == b"Marker-Upn").then_some(path)
    });
    assert_eq!(in_clear.collect::<Vec<_>>(), Vec::<std::path::PathBuf>::new());
    // Also where no server runs.
    drop(server);
    assert!(files.run(&["trace", &trace]).out.contains("Marker-Upn@corp.example"));
}

#[test]
fn a_value_is_forgotten_where_only_traces_have_it() {
    let (files, server) = serving("trace: { keep: 1h, values: true }");
    let trace = trace_of(&present(&server, "marker-1"));
    let shown = || files.run(&["trace", &trace]).out;
    until(|| shown().contains("Marker-Upn@corp.example"));
    let forget = |value: &str| files.run(&["recordings", "forget", "--source", "corp", "--value", value]);
    assert_eq!(forget("Marker-Upn").code, 1, "a part of a value is not the value");
    assert_eq!(forget("Marker-Upn@corp.example").out.trim(), "1 recording removed");
    assert!(!shown().contains("Marker-Upn"), "{}", shown());
}

#[test]
fn recorded_requests_are_tried_on_an_edited_mapping() {
    let (files, server) = serving("recordings: { keep: 1h, redact: ['urn:example:undeclared'] }");
    for name_id in ["marker-1", "marker-1", "marker-2"] {
        assert_eq!(present(&server, name_id).status, 200);
    }
    let edited = MAPPING
        .replace("login: { cel: \"attr.upn.split('@')[0]\" }", "login: { value: marker-always }")
        .replace("payroll.read: \"size(claims.roles) > 0\"", "payroll.read: \"size(claims.roles) > 5\"");
    files.write("edited.yaml", &edited);
    let ask = || files.run(&["mapping", "replay", "--with", "edited.yaml", "--json"]);
    until(|| ask().json()["requests"] == 3);
    let json = ask().json();
    assert_eq!((&json["people"], &json["same"], &json["redacted"]), (&2.into(), &0.into(), &3.into()), "{json:#}");
    let changes = json["changes"].as_array().unwrap();
    let what: Vec<&str> = changes.iter().map(|change| change["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["claim `login` has another value", "scope `payroll.read` can no longer be had"]);
    assert_eq!((&changes[0]["requests"], &changes[0]["people"]), (&3.into(), &2.into()));
    assert!(!json.to_string().contains("marker"), "no value leaves the server: {json:#}");
    let shown = files.run(&["mapping", "replay", "--with", "edited.yaml"]);
    assert_eq!(shown.code, 1);
    assert!(shown.out.contains("otherwise  3 of 3 recorded requests of 2 people"), "{}", shown.out);
    files.write("same.yaml", MAPPING);
    let same = files.run(&["mapping", "replay", "--with", "same.yaml"]);
    assert_eq!(same.code, 0);
    assert!(same.out.contains("nothing differs for 3 recorded requests of 2 people"), "{}", same.out);
    // A person can be taken out.
    let gone = files.run(&["recordings", "forget", "--source", "corp", "--name-id", "marker-1"]);
    assert_eq!((gone.code, gone.out.trim()), (0, "2 recordings removed"), "{}", gone.err);
    assert_eq!(ask().json()["people"], 1);
    let everybody = files.run(&["recordings", "forget", "--source", "corp", "--value", "Marker-Upn@corp.example"]);
    assert_eq!((everybody.code, everybody.out.trim()), (0, "1 recording removed"), "{}", everybody.err);
    assert_eq!(files.run(&["recordings", "forget", "--source", "corp", "--value", "marker"]).code, 1);
    assert_eq!(files.run(&["recordings", "forget", "--source", "corp"]).code, 2);
    assert_eq!(files.run(&["recordings", "forget", "--source", "crop", "--name-id", "x"]).code, 1);
    drop(server);
    let ran = ask();
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert!(ran.err.contains("no server runs"), "{}", ran.err);
}

/// Somebody with one credential cannot push out what is kept of others.
#[test]
fn a_credential_that_is_presented_again_is_recorded_once() {
    let (files, server) = serving("recordings: { keep: 1h, at_most: 2 }");
    let form = Door::Bearer.form(&CORP.present(|draft| draft.name_id.value = "marker-1".to_owned()));
    for expected in [200, 400, 400, 400] {
        assert_eq!(server.post("portal", &form).status, expected);
    }
    assert_eq!(present(&server, "marker-2").status, 200);
    files.write("same.yaml", MAPPING);
    let ask = || files.run(&["mapping", "replay", "--with", "same.yaml", "--json"]).json();
    until(|| ask()["people"] == 2);
    assert_eq!(ask()["requests"], 2);
}

#[test]
fn nothing_is_recorded_unless_it_is_declared() {
    let (files, server) = serving("");
    assert_eq!(present(&server, "marker-1").status, 200);
    files.write("edited.yaml", &MAPPING.replace("HR-Readers: payroll-reader", "HR-Readers: other"));
    let ran = files.run(&["mapping", "replay", "--with", "edited.yaml"]);
    assert!(ran.out.contains("nothing is recorded"), "{}", ran.out);
}
