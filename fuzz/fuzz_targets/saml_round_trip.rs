//! Any values into a signed message and out again: what is read is what was signed, or a clear refusal.
#![no_main]

use std::sync::OnceLock;
use std::time::Duration;

use arbitrary::Arbitrary;
use base64::Engine as _;
use drawbridge::credential::saml::signer::{AssertionDraft, ResponseDraft};
use drawbridge::credential::saml::{Document, decode, read, verify_signature};
use drawbridge::crypto::sign_raw::{RawKeyKind, RawSigningKey};
use drawbridge::crypto::verify::PublicKey;
use drawbridge::ground::attribute::{Attribute, NameId};
use drawbridge::ground::id::EntityId;
use drawbridge::ground::time::Timestamp;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Values {
    name_id: String,
    format: Option<String>,
    qualifier: Option<String>,
    audiences: Vec<String>,
    attributes: Vec<(String, Option<String>, Vec<String>)>,
    wrapped: bool,
}

fn keys() -> &'static (RawSigningKey, [PublicKey; 1]) {
    static KEYS: OnceLock<(RawSigningKey, [PublicKey; 1])> = OnceLock::new();
    KEYS.get_or_init(|| {
        let key = RawSigningKey::generate(RawKeyKind::EcdsaSha256).unwrap();
        let (from, until) = (Timestamp::from_unix_seconds(0), Timestamp::from_unix_seconds(4_000_000_000));
        let public = PublicKey::from_certificate(&key.certificate("TEST", from, until).unwrap()).unwrap();
        (key, [public])
    })
}

fuzz_target!(|values: Values| {
    let (key, public) = keys();
    let now = Timestamp::from_unix_seconds(1_772_366_400);
    let attributes: Vec<Attribute> = values
        .attributes
        .iter()
        .map(|(name, format, texts)| Attribute {
            name: name.clone(),
            name_format: format.clone(),
            friendly_name: None,
            values: texts.clone(),
        })
        .collect();
    let draft = AssertionDraft {
        id: "_a".into(),
        issuer: EntityId::new("https://idp.example"),
        issue_instant: now,
        name_id: NameId {
            value: values.name_id.clone(),
            format: values.format.clone(),
            name_qualifier: values.qualifier.clone(),
            sp_name_qualifier: None,
        },
        recipient: "https://bridge.example/token".into(),
        in_response_to: None,
        audiences: values.audiences.clone(),
        not_before: now,
        not_on_or_after: now.after(Duration::from_secs(60)),
        authentication: None,
        attributes: attributes.clone(),
    };
    let Ok(mut text) = draft.sign(key) else { return };
    if values.wrapped {
        let response = ResponseDraft {
            id: "_r".into(),
            issuer: EntityId::new("https://idp.example"),
            issue_instant: now,
            destination: None,
            in_response_to: None,
        };
        text = response.wrap(&text).unwrap();
    }
    let encoded = base64::engine::general_purpose::STANDARD.encode(&text);
    let Ok(decoded) = decode(&encoded) else { return };
    let Ok(document) = Document::parse(&decoded) else { return };
    let signed = verify_signature(&document, public).expect("what we sign, we verify");
    let Ok((_, assertion)) = read(&signed) else { return };
    assert_eq!(assertion.subject.name_id.value, values.name_id);
    assert_eq!(assertion.attributes, attributes);
});
