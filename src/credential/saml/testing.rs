//! Honest documents for tests, and a signer for them.
//!
//! The signer uses the canonicalisation under test: what it shows is how signatures are checked. That the bytes are
//! right is shown by the documents that xmlsec1 signed (`vectors`) and by the examples beside `c14n`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::c14n::canonicalize;
use super::gate::Document;
use super::rejection::SamlRejection;
use super::{Assertion, read, verify_signature};
use crate::crypto::digest::Sha2;
use crate::crypto::testing::TestKey;
use crate::crypto::verify::SignatureAlgorithm;
use crate::decision::Rejection as _;

/// Stand where a digest and a signature value will be.
const DIGEST: &str = "RElHRVNU";
const VALUE: &str = "VkFMVUU=";

pub(super) const ES256: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(Sha2::Sha256);
pub(super) const ES256_URI: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
pub(super) const SHA256_URI: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// A `Signature` of the profile over the element of that ID, not yet computed.
pub(super) fn signature(id: &str, algorithm: &str, digest: &str) -> String {
    format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
         <ds:SignatureMethod Algorithm=\"{algorithm}\"/><ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\
         <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"{digest}\"/><ds:DigestValue>{DIGEST}</ds:DigestValue></ds:Reference></ds:SignedInfo>\
         <ds:SignatureValue>{VALUE}</ds:SignatureValue></ds:Signature>"
    )
}

/// An assertion with everything in it; `signature` behind its issuer.
pub(super) fn assertion(signature: &str) -> String {
    format!(
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a1\" Version=\"2.0\" \
         IssueInstant=\"2026-03-01T11:59:00Z\"><saml:Issuer>https://idp.example</saml:Issuer>{signature}<saml:Subject>\
         <saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\" NameQualifier=\"https://idp.example\" \
         SPNameQualifier=\"https://bridge.example\">ana &amp; ruiz</saml:NameID>\
         <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData \
         NotOnOrAfter=\"2026-03-01T12:04:00Z\" Recipient=\"https://bridge.example/token\" InResponseTo=\"_q1\" \
         Address=\"192.0.2.7\"/></saml:SubjectConfirmation></saml:Subject>\
         <saml:Conditions NotBefore=\"2026-03-01T11:58:00Z\" NotOnOrAfter=\"2026-03-01T12:04:00Z\">\
         <saml:AudienceRestriction><saml:Audience>https://bridge.example</saml:Audience></saml:AudienceRestriction>\
         </saml:Conditions><saml:AuthnStatement AuthnInstant=\"2026-03-01T11:50:00Z\" SessionIndex=\"_s1\" \
         SessionNotOnOrAfter=\"2026-03-01T20:00:00Z\"><saml:AuthnContext><saml:AuthnContextClassRef>\
         urn:oasis:names:tc:SAML:2.0:ac:classes:X509</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
         <saml:AttributeStatement><saml:Attribute Name=\"groups\" NameFormat=\"urn:x\" FriendlyName=\"Groups\">\
         <saml:AttributeValue xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\">staff</saml:AttributeValue>\
         <saml:AttributeValue>a&lt;b</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>"
    )
}

/// A response around it; `signature` behind its issuer.
pub(super) fn response(signature: &str, assertion: &str) -> String {
    format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_r1\" Version=\"2.0\" \
         IssueInstant=\"2026-03-01T11:59:00Z\" Destination=\"https://sp.example/acs\" InResponseTo=\"_q1\">\
         <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://idp.example</saml:Issuer>{signature}\
         <samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
         {assertion}</samlp:Response>"
    )
}

/// An assertion with a `Signature` that is not computed.
pub(super) fn unsigned() -> String {
    assertion(&signature("_a1", ES256_URI, SHA256_URI))
}

/// Computes the signature over the element of that ID.
pub(super) fn sign(text: &str, id: &str, key: &TestKey) -> String {
    let mut text = text.to_owned();
    for part in [DIGEST, VALUE] {
        let document = Document::parse(&text).unwrap_or_else(|refused| panic!("{refused}: {text}"));
        let is_of = |element| document.arena().element(element).and_then(|e| e.attribute("ID")) == Some(id);
        let (_, form) = document.signatures().find(|(_, form)| is_of(form.signed)).unwrap();
        let mut bytes = Vec::new();
        let (element, omit, prefixes) = if part == DIGEST {
            (form.signed, Some(form.signature), &form.reference_prefixes)
        } else {
            (form.signed_info, None, &form.signed_info_prefixes)
        };
        canonicalize(document.arena().element(element).unwrap(), omit, prefixes, &mut bytes).unwrap();
        let value = STANDARD.encode(if part == DIGEST { form.digest.of(&bytes) } else { key.sign(&bytes) });
        // The innermost signature comes last and is computed first.
        let at = text.rfind(part).unwrap();
        text.replace_range(at..at + part.len(), &value);
    }
    text
}

/// A document whose assertion is signed by `key`.
pub(super) fn signed(key: &TestKey) -> String {
    sign(&unsigned(), "_a1", key)
}

/// What gate, signature and reader make of a document: the assertion, or the code.
pub(super) fn judge(text: &str, key: &TestKey) -> Result<Assertion, String> {
    let judged = |text| -> Result<Assertion, SamlRejection> {
        let document = Document::parse(text)?;
        let keys = [key.public.clone()];
        let signed = verify_signature(&document, &keys)?;
        read(&signed).map(|(_, assertion)| assertion)
    };
    judged(text).map_err(|refused| refused.code().to_string())
}

/// That many items, one behind the other.
pub(super) fn repeat(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect()
}
