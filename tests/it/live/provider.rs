//! Identity providers that sign now, with our own signer; documents by other implementations are in `fixtures/`.

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use drawbridge::credential::saml::AuthnStatement;
use drawbridge::credential::saml::signer::{AssertionDraft, ResponseDraft, render_metadata};
use drawbridge::crypto::digest::{hex, sha256};
use drawbridge::crypto::entropy::SystemEntropy;
use drawbridge::crypto::sign_raw::{RawKeyKind, RawSigningKey};
use drawbridge::ground::attribute::{Attribute, NameId};
use drawbridge::ground::clock::{Clock as _, SystemClock};
use drawbridge::ground::entropy::Entropy;
use drawbridge::ground::id::EntityId;
use drawbridge::ground::time::Timestamp;

use super::files::{ISSUER, TOKEN_ENDPOINT};

pub(super) const UPN: &str = "urn:example:upn";
pub(super) const GROUPS: &str = "urn:example:groups";

/// A provider: its name and its key.
pub(super) struct Provider {
    pub(super) entity_id: &'static str,
    key: RawSigningKey,
}

/// The one that every mapping is for.
pub(super) static CORP: LazyLock<Provider> =
    LazyLock::new(|| Provider::new("https://idp.corp.example", RawKeyKind::RsaSha256));
/// Trusted, but no mapping is for it.
pub(super) static PARTNER: LazyLock<Provider> =
    LazyLock::new(|| Provider::new("https://idp.partner.example", RawKeyKind::EcdsaSha256));
/// Trusted until its metadata ended.
pub(super) static SUNSET: LazyLock<Provider> =
    LazyLock::new(|| Provider::new("https://idp.sunset.example", RawKeyKind::EcdsaSha256));

pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

/// SAML Core 1.3.4.
pub(super) fn fresh_id() -> String {
    let entropy: &dyn Entropy = &SystemEntropy;
    format!("_{}", hex(&entropy.bytes::<16>()))
}

fn attribute(name: &str, values: &[&str]) -> Attribute {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Attribute { name: name.to_owned(), name_format: None, friendly_name: None, values }
}

impl Provider {
    fn new(entity_id: &'static str, kind: RawKeyKind) -> Self {
        Self { entity_id, key: RawSigningKey::generate(kind).unwrap() }
    }

    pub(super) fn metadata(&self) -> String {
        let year = now().after(Duration::from_secs(365 * 24 * 3600));
        let certificate = self.key.certificate("TEST", now(), year).unwrap();
        render_metadata(&EntityId::new(self.entity_id), "https://idp.example/sso", &[certificate]).unwrap()
    }

    /// A good assertion for our own names; everything of the person is a marker.
    pub(super) fn draft(&self) -> AssertionDraft {
        let now = now();
        AssertionDraft {
            id: fresh_id(),
            issuer: EntityId::new(self.entity_id),
            issue_instant: now,
            name_id: NameId {
                value: "marker-name-id".to_owned(),
                format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
                name_qualifier: None,
                sp_name_qualifier: None,
            },
            recipient: TOKEN_ENDPOINT.to_owned(),
            in_response_to: None,
            audiences: vec![ISSUER.to_owned()],
            not_before: now,
            not_on_or_after: now.after(Duration::from_secs(300)),
            authentication: Some(AuthnStatement {
                instant: now,
                session_index: Some("_marker-session-index".to_owned()),
                session_not_on_or_after: Some(now.after(Duration::from_secs(8 * 3600))),
                context_class: Some("urn:oasis:names:tc:SAML:2.0:ac:classes:Password".to_owned()),
            }),
            attributes: vec![
                attribute(UPN, &["Marker-Upn@corp.example"]),
                attribute(GROUPS, &["marker-group", "HR-Readers"]),
                attribute("urn:example:undeclared", &["marker-undeclared"]),
            ],
        }
    }

    /// A good assertion with a change, as XML.
    pub(super) fn assertion(&self, change: impl FnOnce(&mut AssertionDraft)) -> String {
        let mut draft = self.draft();
        change(&mut draft);
        draft.sign(&self.key).unwrap()
    }

    /// The same, as it is posted.
    pub(super) fn present(&self, change: impl FnOnce(&mut AssertionDraft)) -> String {
        encoded(&self.assertion(change))
    }

    /// A good assertion whose text is changed before it is signed; what is written must be canonical.
    pub(super) fn present_text(&self, change: impl FnOnce(String) -> String) -> String {
        let draft = self.draft();
        let signed = draft.sign(&self.key).unwrap();
        let (start, end) = (signed.find("<ds:Signature ").unwrap(), signed.find("</ds:Signature>").unwrap());
        let whole = signed.get(start..end + "</ds:Signature>".len()).unwrap();
        let unsigned = change(signed.replace(whole, ""));
        let place = unsigned.find("</saml:Issuer>").unwrap() + "</saml:Issuer>".len();
        encoded(&self.sign_text(&unsigned, &draft.id, place, whole))
    }

    /// Puts a new digest and a new value into the form of an old signature.
    fn sign_text(&self, unsigned: &str, id: &str, place: usize, old: &str) -> String {
        assert!(unsigned.contains(id) && old.contains(id));
        let digest = STANDARD.encode(sha256(unsigned.as_bytes()));
        let old_digest = between(old, "<ds:DigestValue>", "</ds:DigestValue>");
        let mut signature = old.replace(old_digest, &digest);
        let info = between(&signature, "<ds:SignedInfo>", "</ds:SignedInfo>");
        let declared = "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">";
        let value = self.key.sign(format!("{declared}{info}</ds:SignedInfo>").as_bytes()).unwrap();
        let old_value = between(&signature, "<ds:SignatureValue>", "</ds:SignatureValue>").to_owned();
        signature = signature.replace(&old_value, &STANDARD.encode(value));
        let mut document = unsigned.to_owned();
        document.insert_str(place, &signature);
        document
    }

    /// A response around an assertion, the assertion alone signed.
    pub(super) fn response(&self, assertion: &str, change: impl FnOnce(&mut ResponseDraft)) -> String {
        let mut response = ResponseDraft {
            id: fresh_id(),
            issuer: EntityId::new(self.entity_id),
            issue_instant: now(),
            destination: None,
            in_response_to: None,
        };
        change(&mut response);
        response.wrap(assertion).unwrap()
    }
}

fn between<'t>(text: &'t str, open: &str, close: &str) -> &'t str {
    text.split_once(open).and_then(|(_, rest)| rest.split_once(close)).unwrap().0
}

/// As a browser posts it.
pub(super) fn encoded(xml: &str) -> String {
    STANDARD.encode(xml)
}
