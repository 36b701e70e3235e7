//! The whole stream of this floor: what our signer writes, what others signed, and where each refusal stands in the trail.

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

use crate::crypto::digest::Sha2;
use crate::crypto::sign_raw::{RawKeyKind, RawSigningKey};
use crate::crypto::verify::SignatureAlgorithm;
use crate::decision::{Detail, Finding, Rejection as _};
use crate::ground::attribute::{Attribute, NameId};
use crate::ground::id::{ClientId, SourceId, TraceId};
use crate::ground::oauth::GrantType;

use super::super::assertion::AuthnStatement;
use super::super::metadata;
use super::super::signer::{AssertionDraft, ResponseDraft, SignerError, render_metadata};
use super::super::trust::{Provider, TrustSettings};
use super::super::vectors;
use super::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400); // 2026-03-01T12:00:00Z
const IDP: &str = "https://idp.example";
const OTHER: &str = "https://other-idp.example";
const ACS: &str = "https://bridge.example/saml/acs";
const TOKEN: &str = "https://bridge.example/token";

static RSA: LazyLock<RawSigningKey> = LazyLock::new(|| RawSigningKey::generate(RawKeyKind::RsaSha256).unwrap());
static EC: LazyLock<RawSigningKey> = LazyLock::new(|| RawSigningKey::generate(RawKeyKind::EcdsaSha256).unwrap());

fn provider(entity_id: &str, keys: &[&RawSigningKey]) -> Provider {
    let certificates: Vec<_> =
        keys.iter().map(|key| key.certificate("TEST", NOW, NOW.after(Duration::from_secs(1))).unwrap()).collect();
    let text = render_metadata(&EntityId::new(entity_id), "https://idp.example/sso", &certificates).unwrap();
    metadata::parse(&text, None).unwrap()
}

fn sources() -> TrustSources {
    let corp = TrustSource::new(SourceId::new("corp"), provider(IDP, &[&EC, &RSA]), TrustSettings::default());
    let other = RawSigningKey::generate(RawKeyKind::EcdsaSha256).unwrap();
    let other = TrustSource::new(SourceId::new("other"), provider(OTHER, &[&other]), TrustSettings::default());
    trusting(vec![corp.unwrap(), other.unwrap()])
}

/// With the second verifier as an oracle, where it is built in.
fn trusting(sources: Vec<TrustSource>) -> TrustSources {
    let sources = TrustSources::new(sources).unwrap();
    #[cfg(feature = "second-opinion")]
    let sources = sources.with_second_opinion();
    sources
}

fn draft() -> AssertionDraft {
    AssertionDraft {
        id: "_a1".to_owned(),
        issuer: EntityId::new(IDP),
        issue_instant: NOW,
        name_id: NameId {
            value: "ana <&> \"ruiz\"".to_owned(),
            format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
            name_qualifier: Some(IDP.to_owned()),
            sp_name_qualifier: None,
        },
        recipient: TOKEN.to_owned(),
        in_response_to: None,
        audiences: vec!["https://bridge.example/saml".to_owned()],
        not_before: NOW,
        not_on_or_after: NOW.after(Duration::from_secs(300)),
        authentication: Some(AuthnStatement {
            instant: NOW,
            session_index: Some("_s1".to_owned()),
            session_not_on_or_after: Some(NOW.after(Duration::from_secs(3600))),
            context_class: Some("urn:oasis:names:tc:SAML:2.0:ac:classes:Password".to_owned()),
        }),
        attributes: vec![
            Attribute {
                name: "groups \"\t\n\r<&>".to_owned(),
                name_format: Some("urn:oasis:names:tc:SAML:2.0:attrname-format:basic".to_owned()),
                friendly_name: Some("é".to_owned()),
                values: vec!["a<b>&\"c\"\t\r\n".to_owned(), String::new(), "]]>".to_owned()],
            },
            Attribute { name: "empty".to_owned(), name_format: None, friendly_name: None, values: vec![] },
        ],
    }
}

fn response() -> ResponseDraft {
    ResponseDraft {
        id: "_r1".to_owned(),
        issuer: EntityId::new(IDP),
        issue_instant: NOW,
        destination: Some(TOKEN.to_owned()),
        in_response_to: Some("_q1".to_owned()),
    }
}

fn encoded(document: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(document)
}

/// Where it stopped, and why.
fn judged(document: &str, sources: &TrustSources, acs: &str, now: Timestamp) -> Result<Identity, (Stage, String)> {
    let expected = Expected {
        audiences: &["https://bridge.example".to_owned(), "https://bridge.example/saml".to_owned()],
        recipients: &[TOKEN.to_owned()],
        acs,
        client: &ClientId::new("payroll-portal"),
        door: GrantType::Saml2Bearer,
        forward: None,
    };
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), now, Detail::Record);
    let result = establish(&encoded(document), sources, &expected, now, &mut trail);
    assert_eq!(trail.known.credential_digest, Some(hex(&sha256(document.as_bytes()))));
    let last = trail.steps().last().expect("every call leaves a step");
    result.map_err(|rejection| {
        assert_eq!(last.finding, Finding::Failed(rejection.code()), "the trail names the reason");
        (last.stage, rejection.code().to_string())
    })
}

fn unsigned(document: &str) -> String {
    let (head, rest) = document.split_once("<ds:Signature ").unwrap();
    format!("{head}{}", rest.split_once("</ds:Signature>").unwrap().1)
}

fn refused(document: &str) -> (Stage, String) {
    judged(document, &sources(), ACS, NOW).unwrap_err()
}

#[test]
fn what_our_signer_writes_is_verified_and_read_back_as_it_was() {
    for key in [&*RSA, &*EC] {
        let bare = draft().sign(key).unwrap();
        let documents = [
            bare.clone(),
            response().wrap(&bare).unwrap(),
            response().sign(&bare, key).unwrap(),
            format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", response().sign(&bare, key).unwrap()),
        ];
        for document in documents {
            let identity = judged(&document, &sources(), ACS, NOW).unwrap();
            let facts = identity.facts();
            assert_eq!(facts.name_id.as_ref(), Some(&draft().name_id));
            assert_eq!(facts.attributes, draft().attributes);
            assert_eq!(facts.source, SourceId::new("corp"));
            assert_eq!(facts.namespace.as_str(), IDP);
            assert_eq!(facts.authentication.session_index.as_deref(), Some("_s1"));
            assert_eq!(identity.ends(), Some(NOW.after(Duration::from_secs(3600))));
            assert_eq!(identity.consumption().rule, UseRule::Once);
            assert_eq!(identity.consumption().until, NOW.after(Duration::from_secs(600)));
        }
    }
}

#[test]
fn the_trail_shows_the_stages_in_order() {
    let document = draft().sign(&EC).unwrap();
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), NOW, Detail::Record);
    let expected = Expected {
        audiences: &["https://bridge.example/saml".to_owned()],
        recipients: &[TOKEN.to_owned()],
        acs: ACS,
        client: &ClientId::new("c"),
        door: GrantType::TokenExchange,
        forward: None,
    };
    establish(&encoded(&document), &sources(), &expected, NOW, &mut trail).unwrap();
    let stages: Vec<_> = trail.steps().iter().map(|step| step.stage).collect();
    let second = cfg!(feature = "second-opinion").then_some(Stage::SecondOpinion);
    let first = [Stage::Decode, Stage::Parse, Stage::Trust, Stage::Signature];
    assert_eq!(stages, first.into_iter().chain(second).chain([Stage::Conditions]).collect::<Vec<_>>());
    assert!(trail.steps().iter().all(|step| step.finding == Finding::Passed && !step.facts.is_empty()));
    assert_eq!(trail.known.source, Some(SourceId::new("corp")));
}

#[test]
fn two_uses_of_one_assertion_are_one_key_and_two_providers_are_two() {
    let key_of = |document: &str| judged(document, &sources(), ACS, NOW).unwrap().consumption().key;
    let bare = draft().sign(&EC).unwrap();
    let again = AssertionDraft { attributes: vec![], ..draft() }.sign(&RSA).unwrap();
    let next = AssertionDraft { id: "_a2".to_owned(), ..draft() }.sign(&EC).unwrap();
    assert_eq!(key_of(&bare), key_of(&response().wrap(&bare).unwrap()));
    assert_eq!(key_of(&bare), key_of(&again), "provider and ID make the key, nothing else");
    assert_ne!(key_of(&bare), key_of(&next));
}

#[test]
fn each_stage_refuses_in_its_place() {
    let bare = draft().sign(&EC).unwrap();
    let of = |issuer: &str| AssertionDraft { issuer: EntityId::new(issuer), ..draft() }.sign(&EC).unwrap();
    let foreign = RawSigningKey::generate(RawKeyKind::EcdsaSha256).unwrap();
    let expired = AssertionDraft { not_on_or_after: NOW.before(Duration::from_secs(60)), ..draft() };
    let cases = [
        ("not a document", "<x".to_owned(), Stage::Parse, "saml.xml_refused"),
        ("unsigned", unsigned(&bare), Stage::Parse, "saml.signature_missing"),
        ("an issuer that nobody knows", of("https://idp.example/"), Stage::Trust, "saml.issuer_unknown"),
        ("the key of one provider, the name of another", of(OTHER), Stage::Signature, "saml.signature_invalid"),
        ("a foreign key", draft().sign(&foreign).unwrap(), Stage::Signature, "saml.signature_invalid"),
        ("another name", bare.replacen("ana ", "eve ", 1), Stage::Signature, "saml.signature_invalid"),
        ("expired", expired.sign(&EC).unwrap(), Stage::Conditions, "saml.expired"),
    ];
    for (name, document, stage, code) in cases {
        let (found_stage, found) = refused(&document);
        assert_eq!((found_stage, found.as_str()), (stage, code), "{name}");
    }
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), NOW, Detail::Record);
    let expected = Expected {
        audiences: &[],
        recipients: &[],
        acs: ACS,
        client: &ClientId::new("c"),
        door: GrantType::Saml2Bearer,
        forward: None,
    };
    let rejection = establish("not base64!", &sources(), &expected, NOW, &mut trail).unwrap_err();
    assert_eq!(rejection.code().to_string(), "saml.encoding");
    assert_eq!(trail.steps().last().unwrap().stage, Stage::Decode);
}

#[test]
fn metadata_holds_until_its_date_exclusive() {
    let document = draft().sign(&EC).unwrap();
    for (valid_until, expected) in [(NOW, Some("saml.metadata_expired")), (NOW.after(Duration::from_millis(1)), None)] {
        let provider = Provider { valid_until: Some(valid_until), ..provider(IDP, &[&EC]) };
        let source = TrustSource::new(SourceId::new("corp"), provider, TrustSettings::default()).unwrap();
        let sources = trusting(vec![source]);
        let found = judged(&document, &sources, ACS, NOW).err();
        assert_eq!(found, expected.map(|code| (Stage::Trust, code.to_owned())));
    }
}

#[test]
fn a_source_is_held_to_its_own_algorithms() {
    let settings =
        TrustSettings { algorithms: vec![SignatureAlgorithm::RsaPkcs1(Sha2::Sha256)], ..TrustSettings::default() };
    let source = TrustSource::new(SourceId::new("corp"), provider(IDP, &[&EC, &RSA]), settings).unwrap();
    let sources = trusting(vec![source]);
    assert!(judged(&draft().sign(&RSA).unwrap(), &sources, ACS, NOW).is_ok());
    let found = judged(&draft().sign(&EC).unwrap(), &sources, ACS, NOW).unwrap_err();
    assert_eq!(found, (Stage::Signature, "saml.algorithm_refused".to_owned()));
}

#[test]
fn an_assertion_of_another_issuer_is_no_assertion_of_this_source() {
    let text = draft().sign(&EC).unwrap();
    let (document, sources) = (Document::parse(&text).unwrap(), sources());
    let corp = sources.by_entity_id(&EntityId::new(IDP)).unwrap();
    let (_, assertion) = read(&verify_signature(&document, corp.keys()).unwrap()).unwrap();
    assert_eq!(check_issuer(&assertion, corp), Ok(()));
    let rejection = check_issuer(&assertion, sources.by_entity_id(&EntityId::new(OTHER)).unwrap()).unwrap_err();
    assert_eq!(rejection.code().to_string(), "saml.issuer_mismatch");
}

#[test]
fn the_shared_documents_get_their_verdicts_here_too() {
    // As their README says: pinned clock, age checks relaxed, and an assertion consumer service elsewhere, because the
    // honest responses are addressed to it.
    let now = Timestamp::parse_utc("2027-01-01T00:00:00Z").unwrap();
    let years = Duration::from_secs(20 * 366 * 86_400);
    let settings = TrustSettings {
        max_age: years,
        max_lifetime: years,
        max_confirmation_lifetime: years,
        ..TrustSettings::default()
    };
    let pem = include_str!("../../../../fixtures/saml/vectors/TEST-idp.pem");
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let certificates = vec![BASE64_STANDARD.decode(body).unwrap()];
    let provider = Provider { keys: vec![vectors::key()], certificates, ..provider(IDP, &[&RSA]) };
    let sources = trusting(vec![TrustSource::new(SourceId::new("corp"), provider, settings).unwrap()]);
    let code = |name: &str, acs: &str| match judged(vectors::vector(name), &sources, acs, now) {
        Ok(_) => "accepted".to_owned(),
        Err((_, code)) => code,
    };
    let cases = [
        ("00_assertion_signed", "accepted"),
        ("01_response_with_signed_assertion", "accepted"),
        ("02_response_signed", "accepted"),
        ("50_wrong_audience", "saml.audience_mismatch"),
        ("51_audience_prefix", "saml.audience_mismatch"),
        ("52_audience_slash", "saml.audience_mismatch"),
        ("53_expired", "saml.expired"),
        ("54_future", "saml.not_yet_valid"),
        ("55_wrong_recipient", "saml.recipient_mismatch"),
        ("56_wrong_issuer", "saml.issuer_unknown"),
        ("57_two_audience_restrictions", "saml.audience_mismatch"),
        ("58_unknown_condition", "saml.condition_unknown"),
        ("59_empty_nameid", "saml.subject_missing"),
    ];
    for (name, expected) in cases {
        assert_eq!(code(name, "https://bridge.example/elsewhere"), expected, "{name}");
    }
    for name in ["01_response_with_signed_assertion", "02_response_signed"] {
        assert_eq!(code(name, ACS), "saml.meant_for_acs", "{name}");
    }
}

#[test]
fn a_value_that_xml_cannot_carry_is_not_written() {
    let mut unwritable = draft();
    unwritable.name_id.value = "a\u{0}b".to_owned();
    assert_eq!(unwritable.sign(&EC), Err(SignerError::Character));
    let mut unwritable = draft();
    unwritable.attributes[0].name = "a\u{FFFE}".to_owned();
    assert_eq!(unwritable.sign(&EC), Err(SignerError::Character));
}
