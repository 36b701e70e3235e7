//! One person at two sources: where a mapping links them, the `sub` is kept.

use super::files::PAYROLL;
use super::provider::{CORP, PARTNER, UPN};
use super::server::Door;
use super::verify::claims;
use super::{Files, Server};
use crate::wire::Answer;

const LINKED: &str = r#"kind: mapping
version: 1
id: partner
source: partner
for: { clients: [narrow] }
attributes: { upn: { name: "urn:example:upn" } }
subject: { from: name_id, link: { source: corp, cel: "attr.upn.lowerAscii()" } }
scopes: { payroll.read: "true" }
"#;

fn sub(server: &Server, answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    claims(server, &token, PAYROLL)["sub"].as_str().unwrap().to_owned()
}

fn at_corp(server: &Server, upn: &str) -> Answer {
    let assertion = CORP.present(|draft| {
        let attribute = draft.attributes.iter_mut().find(|attribute| attribute.name == UPN).unwrap();
        attribute.values = vec![upn.to_owned()];
    });
    server.post("portal", &Door::Bearer.form(&assertion))
}

fn at_partner(server: &Server, name_id: &str, upn: &str) -> Answer {
    let assertion = PARTNER.present(|draft| {
        draft.name_id.value = name_id.to_owned();
        let attribute = draft.attributes.iter_mut().find(|attribute| attribute.name == UPN).unwrap();
        attribute.values = vec![upn.to_owned()];
    });
    server.post("narrow", &Door::Bearer.form(&assertion))
}

#[test]
fn a_person_keeps_the_sub_when_the_next_source_is_attached() {
    let files = Files::new();
    files.write("mappings/partner.yaml", LINKED);
    let server = Server::start(&files);
    let ana = sub(&server, &at_corp(&server, "Marker-Ana@corp.example"));
    assert_eq!(sub(&server, &at_partner(&server, "marker-p-1", "marker-ana@CORP.example")), ana);
    // Who came to the partner first, and to the other source later.
    let bob = sub(&server, &at_partner(&server, "marker-p-2", "marker-bob@corp.example"));
    assert_ne!(bob, ana);
    assert_eq!(sub(&server, &at_corp(&server, "marker-bob@corp.example")), bob);
    // Linked once: what the partner says later of the same name is no other person.
    let claims_to_be_ana = at_partner(&server, "marker-p-2", "marker-ana@corp.example");
    assert_eq!((claims_to_be_ana.status, claims_to_be_ana.reason().as_str()), (400, "subject.conflict"));
}

/// Of what the server would derive the `sub`, and that a link decides over it.
#[test]
fn what_is_explained_is_what_the_server_derives() {
    let files = Files::new();
    files.write("mappings/partner.yaml", LINKED);
    let assertion = PARTNER.present(|draft| {
        let attribute = draft.attributes.iter_mut().find(|attribute| attribute.name == UPN).unwrap();
        attribute.values = vec!["Marker-Ana@corp.example".to_owned()];
    });
    files.write("response.b64", &assertion);
    let words = ["mapping", "explain", "--credential", "response.b64", "--client", "narrow"];
    let explained = files.run(&[&words[..], &["--json"]].concat());
    assert_eq!(explained.code, 0, "{}{}", explained.out, explained.err);
    let expected = serde_json::json!([CORP.entity_id, "mapped", ["", ""], "marker-ana@corp.example"]);
    assert_eq!(explained.json()["token"]["sub"]["keyed_hash_of"], expected);
    let shown = files.run(&words).out;
    for expected in ["drawbridge subject show", "drawbridge subject conflicts", "\"Marker-Ana@corp.example\""] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let server = Server::start(&files);
    let show = ["subject", "show", "--source", "corp", "--value", "marker-ana@corp.example", "--json"];
    let would_be = files.run(&show).json()["would_be"].as_str().unwrap().to_owned();
    assert_eq!(sub(&server, &server.post("narrow", &Door::Bearer.form(&assertion))), would_be);
}

#[test]
fn what_was_two_people_before_the_link_is_never_guessed() {
    let files = Files::new();
    let alone = LINKED.replace(", link: { source: corp, cel: \"attr.upn.lowerAscii()\" }", "");
    files.write("mappings/partner.yaml", &alone.replace("attributes: { upn: { name: \"urn:example:upn\" } }\n", ""));
    let (at_one, at_other);
    {
        let server = Server::start(&files);
        at_one = sub(&server, &at_corp(&server, "marker-ana@corp.example"));
        at_other = sub(&server, &at_partner(&server, "marker-p-1", "marker-ana@corp.example"));
        assert_ne!(at_one, at_other);
    }
    files.write("mappings/partner.yaml", LINKED);
    let server = Server::start(&files);
    let refused = at_partner(&server, "marker-p-1", "marker-ana@corp.example");
    assert_eq!((refused.status, refused.reason().as_str()), (400, "subject.conflict"));
    // The record does not look as if a token had been given.
    let traced = files.run(&["trace", refused.json()["trace_id"].as_str().unwrap(), "--json"]).json();
    let granted = ["expires", "scope_granted", "jti"].map(|key| traced["record"].get(key));
    assert_eq!((granted, &traced["record"]["outcome"]), ([None; 3], &"refused".into()), "{traced:#}");
    // And the list does not choose: whoever copies its command must.
    let listed = files.run(&["subject", "conflicts"]).out;
    assert!(listed.contains("--keep SUB") && listed.contains("usually the older one"), "{listed}");
    assert_eq!(listed.matches("  since 20").count(), 2, "{listed}");
    // Neither has changed.
    assert_eq!(sub(&server, &at_corp(&server, "marker-ana@corp.example")), at_one);
}

/// A source that says another name of a person each time must not bind everybody at the linked source to this one.
#[test]
fn nobody_is_bound_to_a_person_who_is_known_already() {
    let files = Files::new();
    files.write("mappings/partner.yaml", LINKED);
    let server = Server::start(&files);
    let mallory = sub(&server, &at_partner(&server, "marker-p-1", "marker-mallory@corp.example"));
    // Eve has never come: whatever the partner says now, her name stays hers.
    assert_eq!(sub(&server, &at_partner(&server, "marker-p-1", "marker-eve@corp.example")), mallory);
    assert_ne!(sub(&server, &at_corp(&server, "marker-eve@corp.example")), mallory);
    // And then the two contradict each other.
    let refused = at_partner(&server, "marker-p-1", "marker-eve@corp.example");
    assert_eq!((refused.status, refused.reason().as_str()), (400, "subject.conflict"));
}
