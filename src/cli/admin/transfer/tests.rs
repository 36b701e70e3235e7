//! An export and what may happen to it on its way.

use crate::crypto::jws::{self, TokenType};
use crate::crypto::keys::{SigningAlgorithm, SigningKey};
use crate::crypto::ring::KeyRing;
use crate::crypto::stored::{KeyState, StoredKey};
use crate::ground::time::Timestamp;

use super::super::RefusalKind;
use super::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);
const HEAD: &str = r#"{"export":{"version":1,"issuer":"https://bridge.example","made":"2026-03-01T12:00:00Z"}}"#;
const ANA: &str = r#"{"link":{"namespace":"n","format":"f","value":"ana","sub":"s1","made":"2026-03-01T12:00:00Z"}}"#;
const BOB: &str = r#"{"link":{"namespace":"n","format":"f","name_qualifier":"q","sp_name_qualifier":"sp","value":"bob","sub":"s2","made":"2026-03-01T12:00:00Z"}}"#;
const OLD: &str = r#"{"distrust":{"source":"old","mark":"2026-03-01T12:00:00Z"}}"#;

fn ring() -> KeyRing {
    let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    KeyRing::load(&[StoredKey::of(&key, KeyState::Active(NOW), NOW).unwrap()]).unwrap()
}

fn signed(ring: &KeyRing, typ: TokenType, manifest: &Manifest) -> String {
    let claims = serde_json::to_vec(manifest).unwrap();
    jws::sign(ring.any_signer().unwrap(), typ, &claims).unwrap().expose().clone()
}

fn manifest(before: &str) -> Manifest {
    Manifest {
        iss: Some("https://bridge.example".into()),
        iat: NOW.unix_seconds(),
        links: before.matches("\"link\"").count() as u64,
        distrust: before.matches("\"distrust\"").count() as u64,
        sha256: hex(&sha256(before.as_bytes())),
    }
}

/// These lines, and the last one as a bridge writes it.
fn export(ring: &KeyRing, lines: &[&str]) -> String {
    let before = lines.join("\n") + "\n";
    let manifest = manifest(&before);
    let jws = signed(ring, TokenType::Export, &manifest);
    let Manifest { links, distrust, sha256, .. } = manifest;
    let end = serde_json::to_string(&Line::End(End { links, distrust, sha256, jws })).unwrap();
    format!("{before}{end}\n")
}

fn refused(text: &str, jwks: &str) -> String {
    Transfer::read(text, jwks).unwrap_err().to_string()
}

#[test]
fn a_whole_export_is_read() {
    let ring = ring();
    let transfer = Transfer::read(&export(&ring, &[HEAD, ANA, BOB, OLD]), ring.jwks().json()).unwrap();
    assert_eq!(transfer.issuer.as_deref(), Some("https://bridge.example"));
    let values: Vec<_> = transfer.links.iter().map(|link| (link.value.as_str(), link.sub.as_str())).collect();
    assert_eq!(values, [("ana", "s1"), ("bob", "s2")]);
    assert_eq!((transfer.links[1].name_qualifier.as_str(), transfer.links[1].sp_name_qualifier.as_str()), ("q", "sp"));
    assert_eq!(transfer.distrust[0].source, "old");
    let empty = Transfer::read(&export(&ring, &[HEAD]), ring.jwks().json()).unwrap();
    assert_eq!((empty.links, empty.distrust), (Vec::new(), Vec::new()));
    // The same person twice with one sub is said twice, and is no contradiction.
    assert!(Transfer::read(&export(&ring, &[HEAD, ANA, ANA]), ring.jwks().json()).is_ok());
}

#[test]
fn a_line_is_written_as_it_is_read() {
    for line in [HEAD, ANA, BOB, OLD] {
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Line>(line).unwrap()).unwrap(), line);
    }
}

#[test]
fn each_change_of_an_export_is_found() {
    let ring = ring();
    let (good, jwks) = (export(&ring, &[HEAD, ANA, BOB, OLD]), ring.jwks().json());
    let body = [HEAD, ANA, BOB, OLD].join("\n") + "\n";
    let end = good.lines().last().unwrap().to_owned();
    for (what, text, expected) in [
        ("another sub", good.replacen("s1", "s9", 1), "its content is not as its last line says"),
        ("a link more", good.replacen(OLD, &format!("{ANA}\n{OLD}"), 1), "its content is not"),
        ("a link less", good.replacen(&format!("{ANA}\n"), "", 1), "its content is not"),
        ("another order", good.replacen(&format!("{ANA}\n{BOB}"), &format!("{BOB}\n{ANA}"), 1), "its content is not"),
        ("blanks", good.replacen("\"s1\"", " \"s1\"", 1), "its content is not"),
        ("cut", body.clone(), "its last line is missing"),
        ("cut in a line", good[..good.len() - 1].to_owned(), "its last line is missing"),
        ("nothing", String::new(), "its last line is missing"),
        ("only the end", format!("{end}\n"), "does not begin as an export does"),
        ("another count", good.replace("\"links\":2", "\"links\":3"), "the number of its lines is not"),
        ("something behind", format!("{good}{OLD}\n"), "its last line is missing"),
        ("two ends", format!("{good}{end}\n"), "it stands in the middle"),
    ] {
        let found = refused(&text, jwks);
        assert!(found.contains(expected), "{what}: {found}");
    }
}

#[test]
fn what_is_no_export_is_refused_without_its_values() {
    let ring = ring();
    let jwks = ring.jwks().json();
    let newer = HEAD.replace("\"version\":1", "\"version\":2");
    let other_key = ANA.replace("\"value\"", "\"valu\"");
    let with_more = ANA.replace("\"value\"", "\"force\":true,\"value\"");
    let contradicts = ANA.replace("s1", "s2");
    for (lines, expected) in [
        (vec![newer.as_str(), ANA], "form 2, and this version reads 1"),
        (vec![ANA, BOB], "does not begin as an export does"),
        (vec![HEAD, "marker", ANA], "line 2 is none of an export: it is no JSON"),
        (vec![HEAD, "{\"link\":{", ANA], "line 2 is none of an export: it ends too early"),
        (vec![HEAD, &other_key], "line 2 is none of an export: its keys or values are others"),
        (vec![HEAD, &with_more], "line 2 is none of an export: its keys or values are others"),
        (vec![HEAD, "{\"marker\":1}"], "line 2 is none of an export: its keys or values are others"),
        (vec![HEAD, ANA, HEAD], "line 3 is none of an export: it stands in the middle"),
        (vec![HEAD, ANA, BOB, &contradicts], "line 4 links an identifier again"),
    ] {
        let found = refused(&export(&ring, &lines), jwks);
        assert!(found.contains(expected) && !found.contains("marker") && !found.contains("ana"), "{expected}: {found}");
    }
}

#[test]
fn only_a_trusted_signature_of_this_very_export_is_believed() {
    let (ours, theirs) = (ring(), ring());
    let good = export(&ours, &[HEAD, ANA]);
    assert!(refused(&good, theirs.jwks().json()).contains("the signature cannot be trusted"));
    assert!(refused(&good, "{\"keys\":[]}").contains("the signature cannot be trusted"));
    assert!(refused(&good, "no document").contains("the signature cannot be trusted"));
    let with_jws = |jws: &str| {
        let start = good.find("\"jws\":\"").unwrap() + 7;
        let length = good[start..].find('"').unwrap();
        format!("{}{jws}{}", &good[..start], &good[start + length..])
    };
    let before = format!("{HEAD}\n{ANA}\n");
    let mine = manifest(&before);
    let jwks = ours.jwks().json();
    assert!(Transfer::read(&with_jws(&signed(&ours, TokenType::Export, &mine)), jwks).is_ok());
    // Good signatures by the right key, of something else.
    let token = signed(&ours, TokenType::AccessToken, &mine);
    assert!(refused(&with_jws(&token), jwks).contains("not an export of a store"));
    for other in [
        Manifest { sha256: "00".into(), ..mine.clone() },
        Manifest { links: 2, ..mine.clone() },
        Manifest { distrust: 1, ..mine },
    ] {
        assert!(refused(&with_jws(&signed(&ours, TokenType::Export, &other)), jwks).contains("of another export"));
    }
    let claims = jws::sign(ours.any_signer().unwrap(), TokenType::Export, b"{\"iss\":1}").unwrap();
    assert!(refused(&with_jws(claims.expose()), jwks).contains("of another export"));
    assert!(refused(&with_jws("a.b.c"), jwks).contains("the signature cannot be trusted"));
}

#[test]
fn an_export_that_broke_off_says_why() {
    let refusal = Refusal::new(RefusalKind::Unavailable, "no space");
    let line = serde_json::to_string(&Line::Error(refusal)).unwrap();
    assert_eq!(refused(&format!("{HEAD}\n{line}\n"), "{}"), "the export broke off: no space");
    let mut passing = Passing::begin();
    passing.take(format!("{HEAD}\n{ANA}\n{line}\n").as_bytes());
    assert_eq!(passing.end().unwrap_err().to_string(), "the export broke off: no space");
}

#[test]
fn an_export_is_checked_while_it_goes_by_however_it_is_cut() {
    let good = export(&ring(), &[HEAD, ANA, BOB, OLD]);
    for size in [1, 7, 100, good.len()] {
        let mut passing = Passing::begin();
        good.as_bytes().chunks(size).for_each(|piece| passing.take(piece));
        let end = passing.end().unwrap();
        assert_eq!((end.links, end.distrust), (2, 1), "{size}");
    }
    let changed = good.replacen("ana", "eve", 1);
    for text in [&changed, "", "\n", &good[..good.len() - 1], &good[..=HEAD.len()], "\u{e9}\n"] {
        let mut passing = Passing::begin();
        passing.take(text.as_bytes());
        assert!(passing.end().is_err(), "{text}");
    }
}

#[test]
fn nothing_of_a_person_is_printed() {
    let line = serde_json::from_str::<Line>(ANA).unwrap();
    assert!(!format!("{line:?}").contains("ana"));
}
