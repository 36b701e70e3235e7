//! `POST /token`: both doors for an assertion, the one for a session, and what the tokens say.

use serde_json::{Value, json};

use super::files::{EXPENSES, PAYROLL, session};
use super::provider::{CORP, GROUPS, PARTNER, encoded};
use super::server::{Door, INTRANET, exchange};
use super::verify::claims;
use super::{Files, Server};
use crate::wire::Answer;

/// RFC 6749 section 5.1: exactly these members, and an answer that nobody keeps.
fn check_shape(answer: &Answer, issued_type: Option<&str>, scope: &str, expires_in: u64) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), (Some("no-store"), Some("no-cache")));
    let mut body = answer.json();
    let token = body["access_token"].take();
    let mut expected = json!({
        "access_token": null, "token_type": "Bearer", "expires_in": expires_in, "scope": scope
    });
    if let Some(issued_type) = issued_type {
        expected["issued_token_type"] = issued_type.into();
    }
    assert_eq!(body, expected);
    token.as_str().unwrap().to_owned()
}

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

#[test]
fn an_assertion_becomes_a_token_at_both_doors() {
    let files = Files::new();
    let server = Server::start(&files);
    let assertion = |_: &mut _| {};
    let mut subjects = Vec::new();
    for (door, issued_type) in [(Door::Bearer, None), (Door::Exchange, Some(ACCESS_TOKEN))] {
        for response in [false, true] {
            let xml = CORP.assertion(assertion);
            let xml = if response { CORP.response(&xml, |_| {}) } else { xml };
            let answer = server.post("portal", &door.form(&encoded(&xml)));
            let token = check_shape(&answer, issued_type, "payroll.read", 600);
            let claims = claims(&server, &token, PAYROLL);
            assert_eq!(names(&claims), PORTAL_CLAIMS);
            assert_eq!(claims["iss"], "https://bridge.example");
            assert_eq!((&claims["aud"], &claims["client_id"]), (&PAYROLL.into(), &"portal".into()));
            assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
            assert_eq!(claims["roles"], json!(["payroll-reader"]), "the other group is not in the table");
            assert_eq!(claims["login"], "Marker-Upn");
            assert_eq!(claims["acr"], "urn:oasis:names:tc:SAML:2.0:ac:classes:Password");
            subjects.push(claims["sub"].as_str().unwrap().to_owned());
        }
    }
    subjects.dedup();
    assert_eq!(subjects.len(), 1, "one person, one `sub`");
    assert_eq!(subjects[0].len(), 43, "a keyed hash, never the value");
}

/// `domain` is not released.
const PORTAL_CLAIMS: &[&str] =
    &["acr", "aud", "auth_time", "client_id", "exp", "iat", "iss", "jti", "login", "roles", "scope", "sub"];

fn names(claims: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_session_becomes_a_token() {
    let server = Server::start(&Files::new());
    let answer = server.post("portal", &exchange(INTRANET, &session("marker-ana")));
    let token = check_shape(&answer, Some(ACCESS_TOKEN), "payroll.read", 600);
    let claims = claims(&server, &token, PAYROLL);
    assert_eq!(claims["email"], "marker-mail@corp.example");
    assert_eq!(names(&claims), ["aud", "auth_time", "client_id", "email", "exp", "iat", "iss", "jti", "scope", "sub"]);
}

/// RFC 8693 section 2.2.1: the type of the answer is the one that was asked for.
#[test]
fn the_requested_token_type_is_the_one_that_is_issued() {
    let server = Server::start(&Files::new());
    for kind in [ACCESS_TOKEN, JWT] {
        let mut form = Door::Exchange.form(&CORP.present(|_| {}));
        form.push(("requested_token_type", kind.into()));
        check_shape(&server.post("portal", &form), Some(kind), "payroll.read", 600);
    }
}

#[test]
fn an_api_gets_tokens_of_its_own_algorithm_and_lifetime() {
    let server = Server::start(&Files::new());
    let mut form = Door::Bearer.form(&CORP.present(|_| {}));
    form.push(("resource", EXPENSES.into()));
    let token = check_shape(&server.post("suite", &form), None, "expenses.read", 300);
    let claims = claims(&server, &token, EXPENSES);
    assert_eq!(claims.get("login"), None, "nothing is released to this API");
    let jwks: Value = server.get("/jwks").json();
    let mut algorithms: Vec<&str> =
        jwks["keys"].as_array().unwrap().iter().map(|key| key["alg"].as_str().unwrap()).collect();
    algorithms.sort_unstable();
    assert_eq!(algorithms, ["ES256", "EdDSA"]);
}

#[test]
fn nothing_outlives_the_session_at_the_provider() {
    let server = Server::start(&Files::new());
    let presented = CORP.present(|draft| {
        let ends = draft.issue_instant.after(std::time::Duration::from_secs(120));
        draft.authentication.as_mut().unwrap().session_not_on_or_after = Some(ends);
    });
    let body = server.token("portal", &Door::Bearer.form(&presented));
    let expires_in = body["expires_in"].as_u64().unwrap();
    assert!((110..=120).contains(&expires_in), "{expires_in}");
}

/// What is asked, what the mapping allows, what the client may have, what the API offers: the intersection.
#[test]
fn scope_only_narrows() {
    let server = Server::start(&Files::new());
    let admin = || {
        CORP.present(|draft| {
            draft.attributes.iter_mut().find(|a| a.name == GROUPS).unwrap().values = vec!["HR-Admins".into()];
        })
    };
    let granted = |client: &str, asked: &[(&'static str, &str)]| {
        let mut form = Door::Exchange.form(&admin());
        form.extend(asked.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let answer = server.post(client, &form);
        (answer.status, answer.json()["scope"].as_str().unwrap_or(&answer.reason()).to_owned())
    };
    let ok = |scope: &str| (200, scope.to_owned());
    assert_eq!(granted("portal", &[]), ok("payroll.read payroll.write"));
    assert_eq!(granted("portal", &[("scope", "payroll.read")]), ok("payroll.read"));
    assert_eq!(
        granted("portal", &[("scope", "payroll.write payroll.read unheard.of")]),
        ok("payroll.read payroll.write")
    );
    assert_eq!(granted("suite", &[("audience", PAYROLL)]), ok("payroll.read"), "the client has no more");
    assert_eq!(
        granted("suite", &[("audience", EXPENSES), ("scope", "payroll.read expenses.read")]),
        ok("expenses.read")
    );
    let nothing = (400, "policy.scope_exceeds".to_owned());
    assert_eq!(granted("suite", &[("audience", PAYROLL), ("scope", "payroll.write")]), nothing);
    assert_eq!(granted("suite", &[("audience", PAYROLL), ("scope", "expenses.read")]), nothing);
}

#[test]
fn a_token_is_for_exactly_one_api() {
    let server = Server::start(&Files::new());
    let target = |client: &str, door: Door, asked: &[(&'static str, &str)]| {
        let mut form = door.form(&CORP.present(|_| {}));
        form.extend(asked.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let answer = server.post(client, &form);
        let body = answer.json();
        match body["access_token"].as_str() {
            Some(token) => payload(token)["aud"].as_str().unwrap().to_owned(),
            None => format!("{} {}", body["error"].as_str().unwrap(), answer.reason()),
        }
    };
    let refused = "invalid_target policy.audience_refused";
    for door in Door::BOTH {
        assert_eq!(target("portal", door, &[]), PAYROLL, "its only one");
        assert_eq!(target("portal", door, &[("resource", PAYROLL), ("resource", PAYROLL)]), PAYROLL);
        assert_eq!(target("suite", door, &[]), "invalid_target policy.audience_needed");
        assert_eq!(target("suite", door, &[("resource", EXPENSES)]), EXPENSES);
        assert_eq!(target("suite", door, &[("resource", PAYROLL), ("resource", EXPENSES)]), refused);
        assert_eq!(target("portal", door, &[("resource", EXPENSES)]), refused, "not this client's");
        assert_eq!(target("portal", door, &[("resource", "https://payroll.example/")]), refused);
        assert_eq!(target("portal", door, &[("resource", "https://payroll.example#x")]), refused);
    }
    let both = [("audience", PAYROLL), ("audience", EXPENSES)];
    assert_eq!(target("suite", Door::Exchange, &both), refused);
    assert_eq!(target("suite", Door::Exchange, &[("audience", EXPENSES), ("resource", EXPENSES)]), EXPENSES);
}

fn payload(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn what_nobody_mapped_is_refused() {
    let server = Server::start(&Files::new());
    for door in Door::BOTH {
        let answer = server.post("portal", &door.form(&PARTNER.present(|_| {})));
        assert_eq!((answer.status, answer.reason().as_str()), (400, "mapping.missing"));
        assert_eq!(answer.json()["error"], door.error());
    }
}

#[test]
fn a_session_is_exchanged_as_often_as_its_source_allows() {
    let server = Server::start(&Files::new());
    let (ana, bob) = (session("marker-ana"), session("marker-bob"));
    for _ in 0..3 {
        server.token("portal", &exchange(INTRANET, &ana));
    }
    let answer = server.post("portal", &exchange(INTRANET, &ana));
    assert_eq!((answer.status, answer.reason().as_str()), (400, "session.reuse_exceeded"));
    assert_eq!(answer.json()["error"], "invalid_request");
    server.token("portal", &exchange(INTRANET, &bob));
}
