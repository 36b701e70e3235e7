//! Assertions that others sign, posted to the real binary; tokens that others verify.
//!
//! `DRAWBRIDGE_PYTHON` names a Python with the packages of fixtures/saml/make/requirements.txt; `scripts/test` makes one
//! and sets it. Without it the tests here fail, unless `DRAWBRIDGE_SKIP_INTEROP` says that this is known: `scripts/test`
//! sets it where it could not install, and lists the part as left out.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::bridge::{AUDIENCE, Bridge, Door, ISSUER};

#[expect(clippy::disallowed_methods, reason = "the configuration of a test, not of the bridge")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The interpreter; `None` where the tests are skipped on purpose.
pub(crate) fn python() -> Option<String> {
    if variable("DRAWBRIDGE_SKIP_INTEROP").is_some() {
        println!("left out: DRAWBRIDGE_SKIP_INTEROP is set");
        return None;
    }
    Some(variable("DRAWBRIDGE_PYTHON").expect(
        "DRAWBRIDGE_PYTHON names no Python: run `scripts/test`, which makes one, or make one yourself with the packages \
         of fixtures/saml/make/requirements.txt; DRAWBRIDGE_SKIP_INTEROP=1 leaves these tests out",
    ))
}

/// What a script of tests/interop prints.
pub(crate) fn script(python: &str, name: &str, words: &[&str], input: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(name);
    let mut command = Command::new(python);
    command.arg("-W").arg("ignore").arg(path).args(words);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{name} {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Each signer at both doors, in every shape that it can write; a `Response` as well as a bare `Assertion`.
const PRESENTED: [(&str, &str, Door); 11] = [
    ("xmlsec1", "assertion", Door::Bearer),
    ("xmlsec1", "response", Door::Exchange),
    ("xmlsec1", "both", Door::Bearer),
    ("xmlsec1", "bare", Door::Exchange),
    ("pysaml2", "assertion", Door::Exchange),
    ("pysaml2", "response", Door::Bearer),
    ("pysaml2", "both", Door::Exchange),
    ("signxml", "assertion", Door::Bearer),
    ("signxml", "response", Door::Exchange),
    ("signxml", "both", Door::Exchange),
    ("signxml", "bare", Door::Bearer),
];

#[test]
fn what_others_sign_becomes_a_token_that_others_verify() {
    let Some(python) = python() else { return };
    let bridge = Bridge::new();
    let server = bridge.start();
    let jwks = format!("http://{}/jwks", server.address);
    let mut subjects = Vec::new();
    for (by, sign, door) in PRESENTED {
        let words = ["--by", by, "--sign", sign, "--attribute", "role=clerk"];
        let presented = script(&python, "post_assertion.py", &words, "");
        let answer = server.post(door, &presented);
        assert_eq!(answer.status, 200, "{by} {sign} {door:?}: {}", answer.body);
        let body = answer.json();
        assert_eq!((&body["token_type"], &body["scope"]), (&"Bearer".into(), &"payroll.read".into()), "{by} {sign}");
        assert_eq!(body.get("issued_token_type").is_some(), door == Door::Exchange, "RFC 8693 section 2.2.1");
        let token = body["access_token"].as_str().unwrap();
        // PyJWT and Authlib, with nothing but the JWKS of the running server; both must read the same.
        let words = ["--jwks", &jwks, "--issuer", ISSUER, "--audience", AUDIENCE];
        let claims: Value = serde_json::from_str(&script(&python, "verify_token.py", &words, token)).unwrap();
        assert_eq!((&claims["client_id"], &claims["role"]), (&"portal".into(), &"clerk".into()), "{by} {sign}");
        subjects.push((by, claims["sub"].as_str().unwrap().to_owned()));
        for door in [door, door.other()] {
            assert_eq!(server.post(door, &presented).reason(), "saml.replayed", "{by} {sign} at {door:?} again");
        }
    }
    // One person, one `sub`, whatever the shape and the door. pysaml2 writes the NameID with an SPNameQualifier.
    let of =
        |by: &str| subjects.iter().filter(|(signer, _)| *signer == by).map(|(_, sub)| sub).collect::<BTreeSet<_>>();
    assert_eq!((of("xmlsec1").len(), of("pysaml2").len()), (1, 1), "{subjects:?}");
    assert_eq!(of("signxml"), of("xmlsec1"), "{subjects:?}");
    assert_ne!(of("pysaml2"), of("xmlsec1"), "qualifiers are a part of the name");
}

/// That they said yes counts, because they say no to another audience, another issuer and a changed signature.
#[test]
fn the_verifiers_of_others_do_refuse() {
    let Some(python) = python() else { return };
    let bridge = Bridge::new();
    let server = bridge.start();
    let body = server.post(Door::Bearer, &bridge.assertion("_a1")).json();
    let token = body["access_token"].as_str().unwrap();
    let jwks = format!("http://{}/jwks", server.address);
    let (head, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let changed = format!("{head}.{claims}.{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..]);
    for (by, token, issuer, audience, good) in [
        ("pyjwt", token, ISSUER, AUDIENCE, true),
        ("authlib", token, ISSUER, AUDIENCE, true),
        ("pyjwt", token, ISSUER, "https://other.example", false),
        ("authlib", token, ISSUER, "https://other.example", false),
        ("pyjwt", token, "https://other.example", AUDIENCE, false),
        ("authlib", token, "https://other.example", AUDIENCE, false),
        ("pyjwt", &changed, ISSUER, AUDIENCE, false),
        ("authlib", &changed, ISSUER, AUDIENCE, false),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/verify_token.py");
        let words = ["--jwks", &jwks, "--issuer", issuer, "--audience", audience, "--by", by, "--token", token];
        let output = Command::new(&python).arg("-W").arg("ignore").arg(path).args(words).output().unwrap();
        assert_eq!(output.status.success(), good, "{by}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// What `docs/subjects.md` shows, run as it stands there.
#[test]
fn an_export_is_verified_as_the_page_says() {
    let Some(python) = python() else { return };
    let bridge = Bridge::new();
    let server = bridge.start();
    assert_eq!(server.post(Door::Bearer, &bridge.assertion("_a1")).status, 200);
    let at = |name: &str| bridge.at(name).into_os_string().into_string().unwrap();
    fs::write(at("jwks.json"), server.page("/jwks")).unwrap();
    let [program, ..] = bridge.serve();
    let words = ["store", "export", "--config", &at("drawbridge.yaml"), "--out", &at("links.jsonl")];
    assert!(Command::new(program).args(words).output().unwrap().status.success());

    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/subjects.md")).unwrap();
    let example = page.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    fs::write(at("verify.py"), example).unwrap();
    let verify = |export: &str| {
        let words = [at("verify.py"), at(export), at("jwks.json")];
        Command::new(&python).args(["-W", "ignore"]).args(words).output().unwrap()
    };
    let good = verify("links.jsonl");
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    assert!(String::from_utf8_lossy(&good.stdout).starts_with(ISSUER) && good.stdout.ends_with(b" 1\n"));
    let text = fs::read_to_string(at("links.jsonl")).unwrap();
    fs::write(at("changed.jsonl"), text.replacen("ana", "eve", 1)).unwrap();
    let changed = verify("changed.jsonl");
    assert!(!changed.status.success());
    assert!(String::from_utf8_lossy(&changed.stderr).contains("the file was changed"), "the example looks");
}
