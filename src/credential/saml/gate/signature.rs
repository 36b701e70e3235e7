//! The form of a signature: the SAML signature profile (SAML Core 5.4), and nothing beside it.
//!
//! Floor 2.
//!
//! ```text
//! Signature(SignedInfo(CanonicalizationMethod, SignatureMethod,
//!           Reference #ID-of-parent (Transforms(enveloped, exc-c14n), DigestMethod, DigestValue)),
//!           SignatureValue, KeyInfo?)
//! ```
//!
//! Every element, attribute and text that is not in this picture is refused; `KeyInfo` is carried but never looked at,
//! because keys come from metadata. Nothing is computed here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::arena::{Children, Element, Namespace, NodeId, Prefix, is_space};
use super::super::rejection::SamlRejection;
use super::{Found, is_in_place};
use crate::crypto::digest::Sha2;
use crate::crypto::verify::SignatureAlgorithm;

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// What is accepted (XML Signature 1.1 section 6.4, RFC 6931 sections 2.3.3 to 2.3.10). SHA-1, MD5, HMAC, DSA and
/// parameters are not: what is not in this table does not exist.
pub(super) const SIGNATURE_ALGORITHMS: [(&str, SignatureAlgorithm); 9] = [
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", SignatureAlgorithm::RsaPkcs1(Sha2::Sha256)),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", SignatureAlgorithm::RsaPkcs1(Sha2::Sha384)),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", SignatureAlgorithm::RsaPkcs1(Sha2::Sha512)),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", SignatureAlgorithm::Ecdsa(Sha2::Sha256)),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", SignatureAlgorithm::Ecdsa(Sha2::Sha384)),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", SignatureAlgorithm::Ecdsa(Sha2::Sha512)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", SignatureAlgorithm::RsaPss(Sha2::Sha256)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1", SignatureAlgorithm::RsaPss(Sha2::Sha384)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1", SignatureAlgorithm::RsaPss(Sha2::Sha512)),
];

pub(super) const DIGEST_ALGORITHMS: [(&str, Sha2); 3] = [
    ("http://www.w3.org/2001/04/xmlenc#sha256", Sha2::Sha256),
    ("http://www.w3.org/2001/04/xmldsig-more#sha384", Sha2::Sha384),
    ("http://www.w3.org/2001/04/xmlenc#sha512", Sha2::Sha512),
];

/// RSA of 8192 bits, the longest key that is accepted.
const LONGEST_VALUE: usize = 1024;
const LONGEST_PREFIX_LIST: usize = 16;

/// A signature of the profile, taken apart. Unverified.
pub(in super::super) struct SignatureForm {
    /// The element that it claims to sign: its parent.
    pub signed: NodeId,
    /// The `Signature` itself, which the enveloped transform takes out.
    pub signature: NodeId,
    /// `SignedInfo`, which the signature value is over.
    pub signed_info: NodeId,
    /// The prefixes that canonicalisation of `SignedInfo` includes.
    pub signed_info_prefixes: Vec<Prefix>,
    /// The prefixes that canonicalisation of the signed element includes.
    pub reference_prefixes: Vec<Prefix>,
    /// `SignatureMethod`.
    pub algorithm: SignatureAlgorithm,
    /// The same as it is written.
    pub algorithm_uri: &'static str,
    /// `DigestMethod`.
    pub digest: Sha2,
    /// `DigestValue`, decoded.
    pub digest_value: Vec<u8>,
    /// `SignatureValue`, decoded.
    pub value: Vec<u8>,
}

/// The signatures of the response and of the assertion, in this order. Every `Signature` of the document is one of them.
pub(super) fn forms(root: Element<'_>, found: &Found<'_>) -> Result<[Option<SignatureForm>; 2], SamlRejection> {
    let [mut of_response, mut of_assertion] = [None, None];
    for signature in &found.signatures {
        let parent = signature.parent().ok_or(profile("a Signature on its own"))?;
        let is_assertion = parent.is(Namespace::ASSERTION, "Assertion") && is_in_place(parent, root);
        let is_response = parent.is(Namespace::PROTOCOL, "Response") && parent.id() == root.id();
        let place = match (is_response, is_assertion) {
            (true, _) => &mut of_response,
            (false, true) => &mut of_assertion,
            (false, false) => return Err(profile("a Signature that is no child of the Response or the Assertion")),
        };
        check_place(*signature, parent)?;
        if place.replace(form(*signature, parent)?).is_some() {
            return Err(profile("a second Signature"));
        }
    }
    Ok([of_response, of_assertion])
}

/// Right behind `Issuer`, which a response may lack (SAML Core 2.3.3 and 3.2.2).
fn check_place(signature: Element<'_>, parent: Element<'_>) -> Result<(), SamlRejection> {
    let mut before = parent.children().take_while(|child| child.id() != signature.id());
    let (first, second) = (before.next(), before.next());
    let issuer = first.is_some_and(|first| first.is(Namespace::ASSERTION, "Issuer"));
    let absent = first.is_none() && parent.is(Namespace::PROTOCOL, "Response");
    if (issuer || absent) && second.is_none() { Ok(()) } else { Err(profile("a Signature that is not behind Issuer")) }
}

fn form(signature: Element<'_>, parent: Element<'_>) -> Result<SignatureForm, SamlRejection> {
    check_attributes(signature, &["Id"])?;
    let mut parts = Parts::of(signature)?;
    let signed_info = parts.take("SignedInfo")?;
    check_attributes(signed_info, &["Id"])?;
    let mut inner = Parts::of(signed_info)?;
    let signed_info_prefixes = exclusive(inner.take("CanonicalizationMethod")?)?;
    let (algorithm_uri, algorithm) = algorithm(inner.take("SignatureMethod")?, &SIGNATURE_ALGORITHMS)?;
    let reference = reference(inner.take("Reference")?, parent)?;
    inner.end()?;
    let value = base64_text(parts.take("SignatureValue")?, &["Id"])?;
    // An opaque hint: what it says chooses nothing and vouches for nothing. `Signature`s in it were refused by place.
    parts.take_if("KeyInfo");
    parts.end()?;
    Ok(SignatureForm {
        signed: parent.id(),
        signature: signature.id(),
        signed_info: signed_info.id(),
        signed_info_prefixes,
        reference_prefixes: reference.prefixes,
        algorithm,
        algorithm_uri,
        digest: reference.digest,
        digest_value: reference.value,
        value,
    })
}

struct Reference {
    prefixes: Vec<Prefix>,
    digest: Sha2,
    value: Vec<u8>,
}

fn reference(element: Element<'_>, parent: Element<'_>) -> Result<Reference, SamlRejection> {
    check_attributes(element, &["Id", "URI"])?;
    // SAML Core 5.4.2: the ID of the signed element, and nothing that an XPointer could say.
    let refers_to = element.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
    match (refers_to, parent.attribute("ID")) {
        (Some(refers_to), Some(id)) if refers_to == id => {}
        _ => return Err(profile("a Reference to something else than the parent")),
    }
    let mut parts = Parts::of(element)?;
    let prefixes = transforms(parts.take("Transforms")?)?;
    let (_, digest) = algorithm(parts.take("DigestMethod")?, &DIGEST_ALGORITHMS)?;
    let value = base64_text(parts.take("DigestValue")?, &[])?;
    parts.end()?;
    Ok(Reference { prefixes, digest, value })
}

/// SAML Core 5.4.4: enveloped signature, then exclusive canonicalisation.
fn transforms(element: Element<'_>) -> Result<Vec<Prefix>, SamlRejection> {
    check_attributes(element, &[])?;
    let mut parts = Parts::of(element)?;
    let enveloped = parts.take("Transform")?;
    check_attributes(enveloped, &["Algorithm"])?;
    if enveloped.attribute("Algorithm") != Some(ENVELOPED) {
        return Err(profile("a first Transform other than enveloped-signature"));
    }
    Parts::of(enveloped)?.end()?;
    let prefixes = exclusive(parts.take("Transform")?)?;
    parts.end()?;
    Ok(prefixes)
}

/// Exclusive canonicalisation without comments, with at most a list of prefixes to include
/// (Exclusive XML Canonicalization 1.0 section 4).
fn exclusive(element: Element<'_>) -> Result<Vec<Prefix>, SamlRejection> {
    check_attributes(element, &["Algorithm"])?;
    if element.attribute("Algorithm") != Some(EXC_C14N) {
        return Err(profile("a canonicalisation other than exclusive, without comments"));
    }
    let mut parts = Parts::of(element)?;
    let mut prefixes = Vec::new();
    if let Some(list) = parts.next.take_if(|next| next.is(Namespace::EXC_C14N, "InclusiveNamespaces")) {
        parts.advance();
        check_attributes(list, &["PrefixList"])?;
        Parts::of(list)?.end()?;
        let tokens = list.attribute("PrefixList").ok_or(profile("InclusiveNamespaces without PrefixList"))?;
        for token in tokens.split(|c: char| c.is_ascii() && is_space(c as u8)).filter(|token| !token.is_empty()) {
            let prefix = if token == "#default" { Some(Prefix::DEFAULT) } else { element.arena().prefix(token) };
            // A prefix that the document does not have is never in scope.
            prefixes.extend(prefix.filter(|prefix| !prefixes.contains(prefix)));
        }
    }
    parts.end()?;
    if prefixes.len() > LONGEST_PREFIX_LIST {
        return Err(profile("a PrefixList of over 16 prefixes"));
    }
    Ok(prefixes)
}

fn algorithm<T: Copy>(element: Element<'_>, known: &[(&'static str, T)]) -> Result<(&'static str, T), SamlRejection> {
    let uri = element.attribute("Algorithm").unwrap_or_default();
    let found = known.iter().find(|(name, _)| *name == uri).copied();
    let found = found.ok_or_else(|| SamlRejection::Algorithm { found: uri.to_owned() })?;
    // No HMACOutputLength (CVE-2009-0217), no RSA-PSS parameters.
    check_attributes(element, &["Algorithm"])?;
    Parts::of(element)?.end()?;
    Ok(found)
}

/// `ds:CryptoBinary` and `ds:DigestValueType`: base64 with white space (XML Schema 2 section 3.2.16), padded, unused bits
/// zero, and not a node beside the text.
fn base64_text(element: Element<'_>, attributes: &[&str]) -> Result<Vec<u8>, SamlRejection> {
    check_attributes(element, attributes)?;
    let text = element.text().ok_or(profile("elements inside a base64 value"))?;
    let mut digits: Vec<u8> = Vec::with_capacity(text.len());
    digits.extend(text.bytes().filter(|byte| !is_space(*byte)));
    let value = STANDARD.decode(&digits).map_err(|_| profile("a value that is not base64"))?;
    if value.is_empty() || value.len() > LONGEST_VALUE { Err(profile("an empty or overlong value")) } else { Ok(value) }
}

/// Only attributes of these names, in no namespace.
fn check_attributes(element: Element<'_>, known: &[&str]) -> Result<(), SamlRejection> {
    let mut attributes = element.attributes().iter();
    if attributes.all(|attribute| attribute.namespace == Namespace::NONE && known.contains(&attribute.local)) {
        Ok(())
    } else {
        Err(profile("an attribute that does not belong there"))
    }
}

/// The children of an element of the signature, taken one by one.
struct Parts<'d> {
    children: Children<'d>,
    next: Option<Element<'d>>,
}

impl<'d> Parts<'d> {
    /// Refuses text between them, but for white space.
    fn of(element: Element<'d>) -> Result<Self, SamlRejection> {
        if !element.is_element_only() {
            return Err(profile("text between elements"));
        }
        let mut children = element.children();
        Ok(Self { next: children.next(), children })
    }

    fn advance(&mut self) {
        self.next = self.children.next();
    }

    fn take_if(&mut self, local: &str) -> Option<Element<'d>> {
        let taken = self.next.filter(|next| next.is(Namespace::SIGNATURE, local))?;
        self.advance();
        Some(taken)
    }

    fn take(&mut self, local: &'static str) -> Result<Element<'d>, SamlRejection> {
        self.take_if(local).ok_or(profile(local))
    }

    fn end(&self) -> Result<(), SamlRejection> {
        if self.next.is_none() { Ok(()) } else { Err(profile("an element that does not belong there")) }
    }
}

const fn profile(part: &'static str) -> SamlRejection {
    SamlRejection::SignatureProfile { part }
}
