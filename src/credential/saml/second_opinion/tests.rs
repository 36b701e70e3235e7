//! Both verifiers on what ours accepts, and a difference in each thing that is compared.

use std::sync::LazyLock;
use std::time::Duration;

use crate::crypto::sign_raw::{RawKeyKind, RawSigningKey};
use crate::crypto::verify::PublicKey;
use crate::ground::attribute::{Attribute, NameId};
use crate::ground::id::{EntityId, SourceId};
use crate::ground::time::Timestamp;

use super::super::assertion::read;
use super::super::signature::verify_signature;
use super::super::signer::{AssertionDraft, ResponseDraft};
use super::super::trust::{Provider, TrustSettings, TrustSources};
use super::super::vectors;
use super::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400); // 2026-03-01T12:00:00Z
const IDP: &str = "https://idp.example";

static RSA: LazyLock<RawSigningKey> = LazyLock::new(|| RawSigningKey::generate(RawKeyKind::RsaSha256).unwrap());
static EC: LazyLock<RawSigningKey> = LazyLock::new(|| RawSigningKey::generate(RawKeyKind::EcdsaSha256).unwrap());

fn source_of(certificates: Vec<Vec<u8>>) -> TrustSource {
    let provider = Provider {
        entity_id: EntityId::new(IDP),
        keys: certificates.iter().map(|der| PublicKey::from_certificate(der).unwrap()).collect(),
        certificates,
        valid_until: None,
    };
    let source = TrustSource::new(SourceId::new("corp"), provider, TrustSettings::default()).unwrap();
    let sources = TrustSources::new(vec![source.clone()]).unwrap().with_second_opinion();
    assert!(sources.wants_second_opinion());
    source
}

fn source() -> TrustSource {
    // An older RSA key first, and both kinds.
    let older = RawSigningKey::generate(RawKeyKind::RsaSha256).unwrap();
    source_of([&older, &*EC, &*RSA].map(|key| key.certificate("TEST", NOW, NOW).unwrap()).to_vec())
}

fn name_id() -> NameId {
    NameId {
        value: " ana <&> \"ruiz\"".to_owned(),
        format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
        name_qualifier: Some("https://idp.example?a=b&c=\"d\"".to_owned()),
        sp_name_qualifier: Some("https://bridge.example/saml".to_owned()),
    }
}

fn bare(key: &RawSigningKey) -> String {
    let attribute = |name: &str, values: &[&str]| Attribute {
        name: name.to_owned(),
        name_format: Some("urn:oasis:names:tc:SAML:2.0:attrname-format:basic".to_owned()),
        friendly_name: (name == "groups").then(|| "é\t".to_owned()),
        values: values.iter().map(|&value| value.to_owned()).collect(),
    };
    let draft = AssertionDraft {
        id: "_a1".to_owned(),
        issuer: EntityId::new(IDP),
        issue_instant: NOW,
        name_id: name_id(),
        recipient: "https://bridge.example/token".to_owned(),
        in_response_to: None,
        audiences: vec!["https://bridge.example/saml?a&b".to_owned(), "https://x.example".to_owned()],
        not_before: NOW,
        not_on_or_after: NOW.after(Duration::from_secs(300)),
        authentication: None,
        attributes: vec![attribute("groups", &["a<b>&\"c\"\t\r\n", "", " \n ", "]]>", "𝄞"]), attribute("none", &[])],
    };
    draft.sign(key).unwrap()
}

fn response() -> ResponseDraft {
    ResponseDraft {
        id: "_r1".to_owned(),
        issuer: EntityId::new(IDP),
        issue_instant: NOW,
        destination: None,
        in_response_to: None,
    }
}

/// Our verdict first, as in production; then a change of what we say we read; then the second opinion.
fn about(text: &str, source: &TrustSource, change: fn(&mut Assertion)) -> Option<&'static str> {
    let document = Document::parse(text).unwrap();
    let signed = verify_signature(&document, source.keys()).unwrap();
    let (_, mut assertion) = read(&signed).unwrap();
    change(&mut assertion);
    match check(text, &document, &signed, &assertion, source) {
        Ok(()) => None,
        Err(SamlRejection::SecondOpinion { about }) => Some(about),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn both_verifiers_agree_on_what_ours_accepts() {
    for key in [&*RSA, &*EC] {
        let bare = bare(key);
        let wrapped = response().wrap(&bare).unwrap();
        let both = response().sign(&bare, key).unwrap();
        for text in [&bare, &wrapped, &both, &format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{both}")] {
            assert_eq!(about(text, &source(), |_| {}), None, "{text}");
        }
    }
    let pem = include_str!("../../../../fixtures/saml/vectors/TEST-idp.pem");
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, body).unwrap();
    for name in ["00_assertion_signed", "01_response_with_signed_assertion", "02_response_signed"] {
        assert_eq!(about(vectors::vector(name), &source_of(vec![der.clone()]), |_| {}), None, "{name}");
    }
}

#[test]
fn a_difference_in_anything_that_is_compared_is_found() {
    type Change = fn(&mut Assertion);
    let cases: [(Change, &str); 14] = [
        (|a| a.issuer = EntityId::new("https://idp.example/"), "the issuer"),
        (|a| a.id = "_a2".to_owned(), "the assertion's ID"),
        (|a| a.subject.name_id.value = "ana".to_owned(), "the NameID"),
        (|a| a.subject.name_id.format = None, "the NameID"),
        (|a| a.subject.name_id.name_qualifier = None, "the NameID"),
        (|a| a.subject.name_id.sp_name_qualifier = Some(String::new()), "the NameID"),
        (|a| a.conditions.as_mut().unwrap().audience_restrictions[0].push("https://y".to_owned()), "the audiences"),
        (|a| a.conditions.as_mut().unwrap().audience_restrictions.push(vec![]), "the audiences"),
        (|a| a.attributes[0].values[0].push(' '), "the attributes"),
        (|a| a.attributes[0].values.swap(0, 1), "the attributes"),
        (|a| a.attributes[0].name.push('x'), "the attributes"),
        (|a| a.attributes[0].name_format = None, "the attributes"),
        (|a| drop(a.attributes.pop()), "the attributes"),
        (|a| a.attributes.swap(0, 1), "the attributes"),
    ];
    let text = bare(&RSA);
    for (change, expected) in cases {
        assert_eq!(about(&text, &source(), change), Some(expected));
    }
}

#[test]
fn the_second_verifier_verifies() {
    let text = bare(&RSA);
    let document = Document::parse(&text).unwrap();
    let source = source();
    let signed = verify_signature(&document, source.keys()).unwrap();
    let (_, assertion) = read(&signed).unwrap();
    let refused = Err(SamlRejection::SecondOpinion { about: "the signature" });
    let changed = text.replacen("ana ", "eve ", 1);
    assert_eq!(check(&changed, &document, &signed, &assertion, &source), refused);
    let foreign = RawSigningKey::generate(RawKeyKind::RsaSha256).unwrap();
    let foreign = source_of(vec![foreign.certificate("TEST", NOW, NOW).unwrap()]);
    assert_eq!(check(&text, &document, &signed, &assertion, &foreign), refused);
    let unfit = source_of(vec![EC.certificate("TEST", NOW, NOW).unwrap()]);
    assert_eq!(check(&text, &document, &signed, &assertion, &unfit), refused);
}

#[test]
fn threads_may_ask_at_once() {
    let (text, source) = (response().sign(&bare(&RSA), &RSA).unwrap(), source());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(about(&text, &source, |_| {}), None);
                }
            });
        }
    });
}

#[test]
fn only_one_assertion_in_its_place_is_seen() {
    let assertion = |content: &str| {
        format!("<a:Assertion xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_1\">{content}</a:Assertion>")
    };
    assert_eq!(Seen::of(&assertion("<a:Issuer>x&amp;&#xD;</a:Issuer>")).unwrap().issuer, "x&\r");
    let one = assertion("");
    let strange = format!("<x>{one}</x>");
    let twice = format!("<p:Response xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\">{one}{one}</p:Response>");
    for text in ["", "text", "<x/>", &strange, &twice, &one[..20], &assertion("<!-- -->"), &assertion("&x;")] {
        assert!(Seen::of(text).is_none(), "{text}");
    }
    let name = |content: &str| {
        let value = format!("<a:AttributeValue>{content}</a:AttributeValue>");
        let attribute =
            format!("<a:AttributeStatement><a:Attribute Name=\"n\">{value}</a:Attribute></a:AttributeStatement>");
        Seen::of(&assertion(&attribute)).unwrap().attributes[0].values.clone()
    };
    assert_eq!(name("<a:NameID>n</a:NameID>"), ["n"]);
}
