//! Client authentication (RFC 6749 section 2.3.1): both methods, its failures, and the limit on them.

use serde_json::Value;

use super::files::SECRET;
use super::provider::CORP;
use super::server::{Door, basic};
use super::{Files, Server};
use crate::wire::{self, Answer};

const WRONG: &str = "marker-wrong-secret-7kZb3oT9yVr";

fn with(form: Vec<(&'static str, String)>, more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    form.into_iter().chain(more.iter().map(|(name, value)| (*name, (*value).to_owned()))).collect()
}

/// Status, error, reason, and whether there is a challenge.
fn told(answer: &Answer) -> (u16, String, String, bool) {
    let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
    (answer.status, error, answer.reason(), answer.header("www-authenticate").is_some())
}

fn expected(status: u16, error: &str, reason: &str, challenge: bool) -> (u16, String, String, bool) {
    (status, error.to_owned(), reason.to_owned(), challenge)
}

#[test]
fn a_client_proves_itself_by_header_or_by_form() {
    let server = Server::start(&Files::new());
    let form = || Door::Bearer.form(&CORP.present(|_| {}));
    let header = basic("portal", SECRET);
    assert_eq!(server.post_with(&[("Authorization", &header)], &form()).status, 200);
    let lower = header.replacen("Basic", "bASIC", 1);
    assert_eq!(server.post_with(&[("Authorization", &lower)], &form()).status, 200, "RFC 7617 section 2");
    let by_form = with(form(), &[("client_id", "portal"), ("client_secret", SECRET)]);
    assert_eq!(server.post_with(&[], &by_form).status, 200);
    let both_ids = with(form(), &[("client_id", "portal")]);
    assert_eq!(server.post_with(&[("Authorization", &header)], &both_ids).status, 200);
}

/// RFC 6749 section 5.2: the challenge comes exactly where the header was used.
#[test]
fn each_failure_has_its_answer() {
    let server = Server::start(&Files::new());
    let form = || Door::Bearer.form(&CORP.present(|_| {}));
    let (right, wrong) = (basic("portal", SECRET), basic("portal", WRONG));
    let by_header = |header: &str| told(&server.post_with(&[("Authorization", header)], &form()));
    let by_form = |more: &[(&'static str, &str)]| told(&server.post_with(&[], &with(form(), more)));
    let failed = |challenge| expected(401, "invalid_client", "client.authentication_failed", challenge);
    let missing = expected(401, "invalid_client", "client.authentication_missing", false);
    let repeated = expected(400, "invalid_request", "client.authentication_repeated", false);
    assert_eq!(by_header(&wrong), failed(true));
    for header in ["Basic", "Basic !", "Basic bWFya2Vy", "Bearer marker-token", "Basic /////w==", "", "Digest a=b"] {
        assert_eq!(by_header(header), failed(true), "{header}");
    }
    assert_eq!(by_form(&[("client_id", "portal"), ("client_secret", WRONG)]), failed(false));
    assert_eq!(by_form(&[]), missing);
    assert_eq!(by_form(&[("client_id", "portal")]), missing);
    assert_eq!(by_form(&[("client_secret", SECRET)]), missing);
    assert_eq!(by_form(&[("client_id", "portal"), ("client_secret", "")]), missing, "empty is absent");
    let assertion = [("client_assertion", "x"), ("client_assertion_type", "y")];
    assert_eq!(by_form(&assertion), expected(401, "invalid_client", "client.assertion_refused", false));
    for more in [
        &[("client_id", "portal"), ("client_secret", SECRET)][..],
        &[("client_secret", SECRET)],
        &[("client_id", "suite")],
        &assertion,
    ] {
        let answer = server.post_with(&[("Authorization", &right)], &with(form(), more));
        assert_eq!(told(&answer), repeated, "{more:?}");
    }
    let twice = server.post_with(&[("Authorization", &right), ("Authorization", &right)], &form());
    assert_eq!(told(&twice), repeated);
}

/// An unknown client and a wrong secret are one answer, octet by octet, but for the trace id.
#[test]
fn an_unknown_client_is_not_told_from_a_wrong_secret() {
    let server = Server::start(&Files::new());
    let form = || Door::Exchange.form(&CORP.present(|_| {}));
    let by_header =
        |client: &str, secret: &str| server.post_with(&[("Authorization", &basic(client, secret))], &form());
    let by_form = |client: &str, secret: &str| {
        server.post_with(&[], &with(form(), &[("client_id", client), ("client_secret", secret)]))
    };
    let plain = |answer: &Answer| {
        let trace_id = answer.json()["trace_id"].as_str().unwrap().to_owned();
        assert_eq!(trace_id.len(), 32);
        let date = answer.header("date").unwrap_or_default();
        (answer.head.replace(date, "").replace(&trace_id, ""), answer.body.replace(&trace_id, ""))
    };
    assert_eq!(plain(&by_header("portal", WRONG)), plain(&by_header("nobody", SECRET)));
    assert_eq!(plain(&by_form("portal", WRONG)), plain(&by_form("nobody", SECRET)));
}

/// Nothing of a credential is decoded before the client is known, and the record says so.
#[test]
fn the_client_comes_before_the_credential() {
    let files = Files::new();
    let server = Server::start(&files);
    for door in Door::BOTH {
        let answer = server.post_with(&[("Authorization", &basic("portal", WRONG))], &door.form("*no base64*"));
        assert_eq!(answer.reason(), "client.authentication_failed");
        let traced = files.run(&["trace", answer.json()["trace_id"].as_str().unwrap(), "--json"]).json();
        let steps = traced["record"]["steps"].as_array().unwrap();
        let stages: Vec<&Value> = steps.iter().map(|step| &step["stage"]).collect();
        assert_eq!(stages, ["client"], "{traced:#}");
        assert_eq!(traced["record"].get("credential_digest"), None);
        // The same, by the right client, gets as far as the credential.
        assert_eq!(server.post("portal", &door.form("*no base64*")).reason(), "saml.encoding");
    }
    // Nor is the assertion used up by it.
    let presented = CORP.present(|_| {});
    server.post_with(&[("Authorization", &basic("portal", WRONG))], &Door::Bearer.form(&presented));
    server.token("portal", &Door::Bearer.form(&presented));
}

#[test]
fn failures_are_limited_and_a_right_secret_is_not() {
    let server = Server::start(&Files::new());
    let wrong = |client: &str| server.post_with(&[("Authorization", &basic(client, WRONG))], &Door::Bearer.form("x"));
    // Twenty in a minute; a new minute may begin meanwhile, once.
    let refused = (0..50).map(|_| wrong("portal")).find(|answer| answer.status != 401).unwrap();
    assert_eq!(told(&refused), expected(429, "invalid_client", "client.too_many_failures", false));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    server.token("portal", &Door::Bearer.form(&CORP.present(|_| {})));
    assert_eq!(wrong("suite").status, 401, "another client");
}

/// A client id that could break a header or a record is an unknown client, no more.
#[test]
fn strange_client_ids_are_unknown_clients() {
    let server = Server::start(&Files::new());
    for id in ["\r\nX: y", "\u{0}", "é", "%", &"x".repeat(5_000)] {
        let answer = server.post_with(&[("Authorization", &basic(id, SECRET))], &Door::Bearer.form("x"));
        assert_eq!(answer.reason(), "client.authentication_failed", "{id:?}");
        assert_eq!(answer.header("x"), None);
    }
    // Not text at all: the octets are no header value of ours.
    let body = wire::encoded(&[("grant_type", "x")]);
    let mut octets = wire::request("POST", "/token", &[("Authorization", "Basic ?")], &body).into_bytes();
    let place = octets.iter().position(|octet| *octet == b'?').unwrap();
    octets[place] = 0xff;
    assert!((400..500).contains(&wire::raw(server.address, &octets).status));
}
