//! The 39 shared documents: what decoding, gate, signature and reader make of each.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{Assertion, Document, Envelope, SamlRejection, decode, read, verify_signature};
use crate::crypto::verify::PublicKey;
use crate::decision::Rejection as _;

macro_rules! vectors {
    ($($name:literal => $verdict:literal,)+) => {
        const VECTORS: [(&str, &str, &str); [$($name),+].len()] =
            [$(($name, include_str!(concat!("../../../fixtures/saml/vectors/", $name, ".xml")), $verdict)),+];
    };
}

// What is `accepted` here and refused in the manifest (50 to 55, 57, 58) is for the conditions. 56 is of an unknown
// issuer, for whom there are no keys; with keys at hand, its response names another. Codes are those of the manifest but for: 12 (it says multi_assertion), where the wrapping is named as what
// it is; 30 and 31 (subject_malformed) and 32 (sig_invalid), refused as received; 33, which is free.
vectors! {
    "00_assertion_signed" => "accepted",
    "01_response_with_signed_assertion" => "accepted",
    "02_response_signed" => "accepted",
    "10_xsw1" => "saml.signature_profile",
    "11_xsw2" => "saml.signature_profile",
    "12_xsw3" => "saml.signature_profile",
    "13_xsw4" => "saml.signature_profile",
    "14_xsw5" => "saml.signature_profile",
    "15_xsw6" => "saml.signature_profile",
    "16_xsw7" => "saml.signature_profile",
    "17_xsw8" => "saml.signature_profile",
    "18_dup_id" => "saml.id_repeated",
    "20_unsigned" => "saml.signature_missing",
    "21_empty_signature" => "saml.signature_profile",
    "22_tampered_nameid" => "saml.signature_invalid",
    "23_attacker_keyvalue" => "saml.signature_invalid",
    "24_attacker_x509" => "saml.signature_invalid",
    "25_hmac_with_cert" => "saml.algorithm_refused",
    "26_sha1" => "saml.algorithm_refused",
    "27_xpath_false_tampered" => "saml.signature_profile",
    "28_void_c14n" => "saml.signature_profile",
    "29_comment_in_digest" => "saml.signature_profile",
    "30_comment_nameid_signed" => "saml.xml_refused",
    "31_comment_inserted_after_signing" => "saml.xml_refused",
    "32_pi_inserted" => "saml.xml_refused",
    "33_cdata" => "saml.xml_refused",
    "40_doctype" => "saml.xml_refused",
    "41_xxe" => "saml.xml_refused",
    "42_billion_laughs" => "saml.xml_refused",
    "50_wrong_audience" => "accepted",
    "51_audience_prefix" => "accepted",
    "52_audience_slash" => "accepted",
    "53_expired" => "accepted",
    "54_future" => "accepted",
    "55_wrong_recipient" => "accepted",
    "56_wrong_issuer" => "saml.issuer_mismatch",
    "57_two_audience_restrictions" => "accepted",
    "58_unknown_condition" => "accepted",
    "59_empty_nameid" => "saml.subject_missing",
}

/// The honest document of that name.
pub(super) fn vector(name: &str) -> &'static str {
    VECTORS.iter().find(|(vector, ..)| *vector == name).unwrap().1
}

/// The key of the provider that signed them.
pub(super) fn key() -> PublicKey {
    let pem = include_str!("../../../fixtures/saml/vectors/TEST-idp.pem");
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    PublicKey::from_certificate(&STANDARD.decode(body).unwrap()).unwrap()
}

/// The stream of this module, from the parameter on.
pub(super) fn judge(parameter: &str, keys: &[PublicKey]) -> Result<(Envelope, Assertion), SamlRejection> {
    let text = decode(parameter)?;
    let document = Document::parse(&text)?;
    read(&verify_signature(&document, keys)?)
}

#[test]
fn each_vector_is_judged_as_written() {
    let keys = [key()];
    for (name, text, verdict) in VECTORS {
        let judged = judge(&URL_SAFE_NO_PAD.encode(text), &keys);
        let found = judged.as_ref().map_or_else(|refused| refused.code().to_string(), |_| "accepted".to_owned());
        assert_eq!(found, verdict, "{name}: {judged:?}");
        if let Ok((_, assertion)) = judged {
            assert_eq!(assertion.subject.name_id.value, "alice@example.com", "{name}");
        }
    }
}

#[test]
fn every_vector_of_the_manifest_is_here() {
    let manifest: serde_json::Value =
        serde_json::from_str(include_str!("../../../fixtures/saml/vectors/manifest.json")).unwrap();
    let manifest = manifest.as_array().unwrap();
    assert_eq!(manifest.len(), VECTORS.len());
    for (entry, (name, _, verdict)) in manifest.iter().zip(VECTORS) {
        assert_eq!(entry["file"], format!("{name}.xml"));
        if entry["expect"] == "accept" {
            assert_eq!(verdict, "accepted", "{name}");
        }
    }
}

#[test]
fn no_vector_is_accepted_with_another_key() {
    let other = crate::crypto::testing::TestKey::new(crate::crypto::verify::SignatureAlgorithm::RsaPkcs1(
        crate::crypto::digest::Sha2::Sha256,
    ));
    for (name, text, _) in VECTORS {
        assert!(judge(&STANDARD.encode(text), std::slice::from_ref(&other.public)).is_err(), "{name}");
        assert!(judge(&STANDARD.encode(text), &[]).is_err(), "{name}");
    }
}

#[test]
fn the_honest_response_is_read_whole() {
    let (envelope, assertion) = judge(&STANDARD.encode(vector("02_response_signed")), &[key()]).unwrap();
    assert_eq!(envelope.destination.as_deref(), Some("https://bridge.example/saml/acs"));
    assert_eq!(envelope.in_response_to, None);
    assert_eq!((assertion.id.as_str(), assertion.issuer.as_str()), ("_a1", "https://idp.example"));
    assert_eq!(assertion.issue_instant.to_string(), "2026-01-01T00:00:00Z");
    let subject = &assertion.subject;
    assert_eq!(subject.name_id.format.as_deref(), Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"));
    let [confirmation] = subject.confirmations.as_slice() else { panic!("{subject:?}") };
    assert_eq!(confirmation.method, "urn:oasis:names:tc:SAML:2.0:cm:bearer");
    let data = confirmation.data.as_ref().unwrap();
    assert_eq!(data.recipient.as_deref(), Some("https://bridge.example/token"));
    assert_eq!(data.not_on_or_after.unwrap().to_string(), "2036-01-01T00:00:00Z");
    let conditions = assertion.conditions.as_ref().unwrap();
    assert_eq!(conditions.audience_restrictions, [["https://bridge.example"]]);
    assert_eq!(conditions.not_before.unwrap().to_string(), "2026-01-01T00:00:00Z");
    assert!(!conditions.one_time_use && conditions.unknown.is_empty());
    let [statement] = assertion.authn_statements.as_slice() else { panic!("{assertion:?}") };
    assert_eq!(statement.session_index.as_deref(), Some("_s1"));
    assert!(statement.context_class.as_deref().unwrap().ends_with(":PasswordProtectedTransport"));
    let [attribute] = assertion.attributes.as_slice() else { panic!("{assertion:?}") };
    assert_eq!((attribute.name.as_str(), attribute.values.as_slice()), ("role", ["user".to_owned()].as_slice()));
}
