//! Writes and signs SAML: the test identity provider of `demo`, and later our own messages.
//!
//! Floor 2. Times and IDs are given.
//!
//! ```text
//! draft ─ canonical text ─▶ digest ─▶ SignedInfo ─ RawSigningKey ─▶ document
//! ```
//!
//! What is written is already in the form of Exclusive XML Canonicalization (namespaces where they are first used,
//! attributes in order, no empty-element tags), so that the text is the octets that are signed; nothing here depends
//! on our own canonicaliser, and each checks the other in the tests.
//!
//! **Absent on purpose.** `xsi:type` on values: a prefix in content is one more thing to canonicalise.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::crypto::digest::{hex, sha256};
use crate::crypto::keys::SigningError;
use crate::crypto::sign_raw::{RawKeyKind, RawSigningKey};
use crate::ground::attribute::{Attribute, NameId};
use crate::ground::entropy::Entropy;
use crate::ground::id::EntityId;
use crate::ground::time::Timestamp;

use super::assertion::AuthnStatement;

const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const ECDSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";

/// Why a message could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// XML 1.0 section 2.2 has no way to write it.
    #[error("a value holds a character that XML cannot carry")]
    Character,
    /// The key failed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

/// An ID for a message (SAML Core 1.3.4): 128 bits of chance, as an `NCName`.
pub fn fresh_id(entropy: &dyn Entropy) -> String {
    format!("_{}", hex(&entropy.bytes::<16>()))
}

/// An assertion to be written (SAML Core 2.3.3): one bearer confirmation, one audience restriction.
#[derive(Debug, Clone)]
pub struct AssertionDraft {
    /// `ID`: an `NCName`.
    pub id: String,
    /// Who says it.
    pub issuer: EntityId,
    /// When.
    pub issue_instant: Timestamp,
    /// Of whom.
    pub name_id: NameId,
    /// Where it may be presented.
    pub recipient: String,
    /// The request that it answers.
    pub in_response_to: Option<String>,
    /// For whom; one of them is enough.
    pub audiences: Vec<String>,
    /// From when on, inclusive.
    pub not_before: Timestamp,
    /// Until when, exclusive; of the conditions and the confirmation.
    pub not_on_or_after: Timestamp,
    /// How the person was authenticated.
    pub authentication: Option<AuthnStatement>,
    /// What else is said.
    pub attributes: Vec<Attribute>,
}

impl AssertionDraft {
    /// The signed assertion, ready to be presented or wrapped.
    pub fn sign(&self, key: &RawSigningKey) -> Result<String, SignerError> {
        let mut xml = Xml::default();
        let instant = self.issue_instant.to_string();
        xml.open(
            "saml:Assertion",
            &[("xmlns:saml", ASSERTION), ("ID", &self.id), ("IssueInstant", &instant), ("Version", "2.0")],
        );
        xml.leaf("saml:Issuer", &[], self.issuer.as_str());
        let place = xml.text.len();
        self.subject(&mut xml);
        self.conditions(&mut xml);
        if let Some(statement) = &self.authentication {
            authn_statement(&mut xml, statement);
        }
        if !self.attributes.is_empty() {
            attribute_statement(&mut xml, &self.attributes);
        }
        xml.close("saml:Assertion");
        xml.signed(&self.id, place, key)
    }

    fn subject(&self, xml: &mut Xml) {
        let not_on_or_after = self.not_on_or_after.to_string();
        xml.open("saml:Subject", &[]);
        let name_id = &self.name_id;
        let attributes = present([
            ("Format", name_id.format.as_deref()),
            ("NameQualifier", name_id.name_qualifier.as_deref()),
            ("SPNameQualifier", name_id.sp_name_qualifier.as_deref()),
        ]);
        xml.leaf("saml:NameID", &attributes, &name_id.value);
        xml.open("saml:SubjectConfirmation", &[("Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer")]);
        let data = present([
            ("InResponseTo", self.in_response_to.as_deref()),
            ("NotOnOrAfter", Some(&not_on_or_after)),
            ("Recipient", Some(&self.recipient)),
        ]);
        xml.leaf("saml:SubjectConfirmationData", &data, "");
        xml.close("saml:SubjectConfirmation");
        xml.close("saml:Subject");
    }

    fn conditions(&self, xml: &mut Xml) {
        let (not_before, not_on_or_after) = (self.not_before.to_string(), self.not_on_or_after.to_string());
        xml.open("saml:Conditions", &[("NotBefore", &not_before), ("NotOnOrAfter", &not_on_or_after)]);
        xml.open("saml:AudienceRestriction", &[]);
        for audience in &self.audiences {
            xml.leaf("saml:Audience", &[], audience);
        }
        xml.close("saml:AudienceRestriction");
        xml.close("saml:Conditions");
    }
}

fn authn_statement(xml: &mut Xml, statement: &AuthnStatement) {
    let instant = statement.instant.to_string();
    let ends = statement.session_not_on_or_after.map(|ends| ends.to_string());
    let attributes = present([
        ("AuthnInstant", Some(&instant)),
        ("SessionIndex", statement.session_index.as_deref()),
        ("SessionNotOnOrAfter", ends.as_deref()),
    ]);
    xml.open("saml:AuthnStatement", &attributes);
    xml.open("saml:AuthnContext", &[]);
    // SAML Core 2.7.2.2: without a class there would have to be a declaration.
    let class = statement.context_class.as_deref().unwrap_or("urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified");
    xml.leaf("saml:AuthnContextClassRef", &[], class);
    xml.close("saml:AuthnContext");
    xml.close("saml:AuthnStatement");
}

fn attribute_statement(xml: &mut Xml, attributes: &[Attribute]) {
    xml.open("saml:AttributeStatement", &[]);
    for attribute in attributes {
        let names = present([
            ("FriendlyName", attribute.friendly_name.as_deref()),
            ("Name", Some(&attribute.name)),
            ("NameFormat", attribute.name_format.as_deref()),
        ]);
        xml.open("saml:Attribute", &names);
        for value in &attribute.values {
            xml.leaf("saml:AttributeValue", &[], value);
        }
        xml.close("saml:Attribute");
    }
    xml.close("saml:AttributeStatement");
}

/// A response around an assertion (SAML Core 3.3.3), with the status Success.
#[derive(Debug, Clone)]
pub struct ResponseDraft {
    /// `ID`: an `NCName`, not that of the assertion.
    pub id: String,
    /// Who says it.
    pub issuer: EntityId,
    /// When.
    pub issue_instant: Timestamp,
    /// Where it is sent.
    pub destination: Option<String>,
    /// The request that it answers.
    pub in_response_to: Option<String>,
}

impl ResponseDraft {
    /// Around an assertion from [`AssertionDraft::sign`]; the response itself is not signed.
    pub fn wrap(&self, assertion: &str) -> Result<String, SignerError> {
        self.write(assertion).0.finish()
    }

    /// Around an assertion from [`AssertionDraft::sign`], and signed as well.
    pub fn sign(&self, assertion: &str, key: &RawSigningKey) -> Result<String, SignerError> {
        let (xml, place) = self.write(assertion);
        xml.signed(&self.id, place, key)
    }

    fn write(&self, assertion: &str) -> (Xml, usize) {
        let mut xml = Xml::default();
        let instant = self.issue_instant.to_string();
        let attributes = present([
            ("xmlns:samlp", Some(PROTOCOL)),
            ("Destination", self.destination.as_deref()),
            ("ID", Some(&self.id)),
            ("InResponseTo", self.in_response_to.as_deref()),
            ("IssueInstant", Some(&instant)),
            ("Version", Some("2.0")),
        ]);
        xml.open("samlp:Response", &attributes);
        xml.leaf("saml:Issuer", &[("xmlns:saml", ASSERTION)], self.issuer.as_str());
        let place = xml.text.len();
        xml.open("samlp:Status", &[]);
        xml.leaf("samlp:StatusCode", &[("Value", "urn:oasis:names:tc:SAML:2.0:status:Success")], "");
        xml.close("samlp:Status");
        xml.text.push_str(assertion);
        xml.close("samlp:Response");
        (xml, place)
    }
}

/// Metadata of an identity provider with these certificates, DER, as its signing keys (SAML Metadata 2.4.3).
pub fn render_metadata(entity_id: &EntityId, sign_on: &str, certificates: &[Vec<u8>]) -> Result<String, SignerError> {
    let mut xml = Xml::default();
    xml.open("md:EntityDescriptor", &[("xmlns:md", METADATA), ("entityID", entity_id.as_str())]);
    xml.open("md:IDPSSODescriptor", &[("protocolSupportEnumeration", PROTOCOL)]);
    for certificate in certificates {
        xml.open("md:KeyDescriptor", &[("use", "signing")]);
        xml.open("ds:KeyInfo", &[("xmlns:ds", SIGNATURE)]);
        xml.open("ds:X509Data", &[]);
        xml.leaf("ds:X509Certificate", &[], &BASE64_STANDARD.encode(certificate));
        xml.close("ds:X509Data");
        xml.close("ds:KeyInfo");
        xml.close("md:KeyDescriptor");
    }
    let binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
    xml.leaf("md:SingleSignOnService", &[("Binding", binding), ("Location", sign_on)], "");
    xml.close("md:IDPSSODescriptor");
    xml.close("md:EntityDescriptor");
    xml.finish()
}

fn present<'v, const N: usize>(attributes: [(&'v str, Option<&'v str>); N]) -> Vec<(&'v str, &'v str)> {
    attributes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Canonical text in the making. Callers give declarations first and attributes by name.
#[derive(Default)]
struct Xml {
    text: String,
    unwritable: bool,
}

impl Xml {
    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            self.look_at(value);
            self.text.extend([" ", *name, "=\""]);
            // C14N section 2.3, "Attribute Nodes".
            escape(value, &['"', '\t', '\n'], &mut self.text);
            self.text.push('"');
        }
        self.text.push('>');
    }

    fn close(&mut self, name: &str) {
        self.text.extend(["</", name, ">"]);
    }

    fn leaf(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.open(name, attributes);
        self.look_at(text);
        // C14N section 2.3, "Text Nodes".
        escape(text, &['>'], &mut self.text);
        self.close(name);
    }

    /// XML 1.0 section 2.2.
    fn look_at(&mut self, value: &str) {
        let is_char = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
        self.unwritable |= !value.chars().all(is_char);
    }

    fn finish(self) -> Result<String, SignerError> {
        if self.unwritable { Err(SignerError::Character) } else { Ok(self.text) }
    }

    /// Puts the signature of the whole at `place`, behind the issuer (SAML Core 5.4): the enveloped transform takes it
    /// out again, so what stands here now is what is digested.
    fn signed(self, id: &str, place: usize, key: &RawSigningKey) -> Result<String, SignerError> {
        let mut document = self.finish()?;
        let method = match key.kind() {
            RawKeyKind::RsaSha256 => RSA_SHA256,
            RawKeyKind::EcdsaSha256 => ECDSA_SHA256,
        };
        let info = signed_info(id, method, &BASE64_STANDARD.encode(sha256(document.as_bytes())));
        let opening = format!("<ds:SignedInfo xmlns:ds=\"{SIGNATURE}\">");
        let value = BASE64_STANDARD.encode(key.sign(format!("{opening}{info}</ds:SignedInfo>").as_bytes())?);
        let signature = format!(
            "<ds:Signature xmlns:ds=\"{SIGNATURE}\"><ds:SignedInfo>{info}</ds:SignedInfo>\
             <ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>"
        );
        document.insert_str(place, &signature);
        Ok(document)
    }
}

/// Canonical escapes: `&`, `<`, the carriage return, and what the place asks for besides. quick-xml writes other
/// references for the same characters, which a digest would notice.
fn escape(text: &str, besides: &[char], out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '\r' => out.push_str("&#xD;"),
            '>' if besides.contains(&c) => out.push_str("&gt;"),
            '"' if besides.contains(&c) => out.push_str("&quot;"),
            '\t' if besides.contains(&c) => out.push_str("&#x9;"),
            '\n' if besides.contains(&c) => out.push_str("&#xA;"),
            plain => out.push(plain),
        }
    }
}

/// What stands inside `SignedInfo`.
fn signed_info(id: &str, method: &str, digest: &str) -> String {
    let mut xml = Xml::default();
    xml.leaf("ds:CanonicalizationMethod", &[("Algorithm", EXC_C14N)], "");
    xml.leaf("ds:SignatureMethod", &[("Algorithm", method)], "");
    xml.open("ds:Reference", &[("URI", &format!("#{id}"))]);
    xml.open("ds:Transforms", &[]);
    xml.leaf("ds:Transform", &[("Algorithm", ENVELOPED)], "");
    xml.leaf("ds:Transform", &[("Algorithm", EXC_C14N)], "");
    xml.close("ds:Transforms");
    xml.leaf("ds:DigestMethod", &[("Algorithm", SHA256)], "");
    xml.leaf("ds:DigestValue", &[], digest);
    xml.close("ds:Reference");
    xml.text
}

#[cfg(test)]
mod tests {
    use crate::credential::saml::arena::is_ncname;
    use crate::ground::entropy::CountingEntropy;

    use super::*;

    #[test]
    fn an_id_is_a_name_of_128_fresh_bits() {
        let entropy: &dyn Entropy = &CountingEntropy::default();
        let (first, second) = (fresh_id(entropy), fresh_id(entropy));
        assert_eq!(first, format!("_{}", "0".repeat(32)));
        assert_eq!(second, format!("_{}1{}1", "0".repeat(15), "0".repeat(15)));
        assert!(is_ncname(&first) && is_ncname(&second));
    }
}
