//! A mapping with `stage: shadow` runs beside the live one: it changes no answer, and what differs is counted.

use super::files::MAPPING;
use super::provider::CORP;
use super::server::Door;
use super::{Files, Server};

#[test]
fn a_shadow_is_counted_and_answers_nobody() {
    let files = Files::new();
    let shadow = MAPPING
        .replace("id: payroll", "id: payroll-next\nstage: shadow")
        .replace("login: { cel: \"attr.upn.split('@')[0]\" }", "login: { value: marker-of-the-shadow }")
        .replace("HR-Readers: payroll-reader", "HR-Others: payroll-reader");
    files.write("mappings/next.yaml", &shadow);
    let server = Server::start(&files);
    assert!(files.run(&["mapping", "shadow"]).out.contains("no shadow has run"));
    let mut last = String::new();
    for _ in 0..3 {
        let answer = server.post("portal", &Door::Bearer.form(&CORP.present(|_| {})));
        assert_eq!(answer.status, 200, "{}", answer.body);
        last = answer.header("trace-id").unwrap().to_owned();
    }
    let seen = files.run(&["mapping", "shadow"]);
    assert_eq!(seen.code, 0, "{}", seen.err);
    assert!(seen.out.contains("payroll-next  otherwise for 3 of 3 requests"), "{}", seen.out);
    assert!(seen.out.contains("3  refused now, with mapping.claim_missing"), "{}", seen.out);
    let json = files.run(&["mapping", "shadow", "--json"]).json();
    assert_eq!(json["shadows"][0]["samples"][2], last.as_str());
    let record = files.run(&["trace", &last]).out;
    assert!(record.contains("note  shadow payroll-next"), "{record}");
    assert!(record.contains("refused now, with mapping.claim_missing"), "{record}");
}

#[test]
fn a_shadow_of_nobody_is_warned_of() {
    let files = Files::new();
    files.write(
        "mappings/next.yaml",
        &MAPPING.replace("id: payroll", "id: next\nstage: shadow").replace("source: corp", "source: sunset"),
    );
    let ran = files.run(&["check"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("warning[mapping.shadow_alone]"), "{}", ran.out);
}
