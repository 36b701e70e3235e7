//! The gate: which documents are looked at any further.
//!
//! Floor 2.
//!
//! ```text
//! text ─arena─▶ root, version ─▶ IDs ─▶ each Signature: place and form ─▶ status ─▶ one assertion, covered ─▶ Document
//! ```
//!
//! The order decides which reason a document with several faults is given: what looks like an attack on the signature
//! is named as one before anything is counted.
//!
//! **Invariant.** A [`Document`] has exactly one `Assertion`, as its root or directly inside the root `Response`; at
//! most one `Signature` on each of the two, and none anywhere else; each refers to the ID of the element it stands in,
//! and no two elements share an ID. So what a signature covers is where the reader looks, by construction.
//!
//! **Invariant.** Nothing here trusts anything: what is read before the signature is used to refuse or to choose keys.

mod ids;
mod signature;
#[cfg(test)]
mod tests;

pub(super) use signature::SignatureForm;

use super::arena::{Arena, Element, Limits, Namespace, NodeId};
use super::rejection::SamlRejection;
use crate::crypto::digest::Sha2;
use crate::crypto::verify::SignatureAlgorithm;

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// An admissible document: one assertion, and at least one signature that claims to cover it. Nothing in it is trusted.
pub struct Document<'a> {
    arena: Arena<'a>,
    response: Option<NodeId>,
    assertion: NodeId,
    response_signature: Option<SignatureForm>,
    assertion_signature: Option<SignatureForm>,
}

impl<'a> Document<'a> {
    /// Admits a document or says why not. Does no cryptography.
    pub fn parse(text: &'a str) -> Result<Self, SamlRejection> {
        let arena = Arena::parse(text, &Limits::MESSAGE)?;
        let (response, assertion, signatures) = admit(&arena)?;
        let [response_signature, assertion_signature] = signatures;
        Ok(Self { arena, response, assertion, response_signature, assertion_signature })
    }

    /// The entity ID that the assertion claims to be from: it chooses the keys, nothing else.
    pub fn issuer(&self) -> &str {
        self.assertion().and_then(issuer_of).unwrap_or_default()
    }

    /// The algorithms of the signatures, so that a source with a shorter list can refuse them before any is verified.
    pub fn algorithms(&self) -> impl Iterator<Item = (SignatureAlgorithm, Sha2)> {
        self.signatures().map(|(_, form)| (form.algorithm, form.digest))
    }

    /// The response, where there is one; unsigned or not.
    pub(super) fn response(&self) -> Option<Element<'_>> {
        self.response.and_then(|id| self.arena.element(id))
    }

    /// The assertion; unsigned or not.
    pub(super) fn assertion(&self) -> Option<Element<'_>> {
        self.arena.element(self.assertion)
    }

    /// The signatures, that of the response first.
    pub(super) fn signatures(&self) -> impl Iterator<Item = (&'static str, &SignatureForm)> {
        let response = self.response_signature.iter().map(|form| ("Response", form));
        response.chain(self.assertion_signature.iter().map(|form| ("Assertion", form)))
    }

    pub(super) const fn arena(&self) -> &Arena<'a> {
        &self.arena
    }

    /// Whether the response carries a signature.
    pub(super) const fn is_response_signed(&self) -> bool {
        self.response_signature.is_some()
    }
}

impl std::fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({:?})", self.arena)
    }
}

type Admitted = (Option<NodeId>, NodeId, [Option<SignatureForm>; 2]);

fn admit(arena: &Arena<'_>) -> Result<Admitted, SamlRejection> {
    let root = arena.root().ok_or(SamlRejection::Root { found: String::new() })?;
    let is_response = check_root(root)?;
    ids::check(arena)?;
    let found = Found::of(arena);
    let [response_signature, assertion_signature] = signature::forms(root, &found)?;
    if is_response {
        check_status(root)?;
    }
    let assertion = single(root, &found)?;
    if response_signature.is_none() && assertion_signature.is_none() {
        return Err(SamlRejection::SignatureMissing);
    }
    let response = is_response.then_some(root);
    if let Some(response) = response {
        check_response(response)?;
        // For a bare assertion this was the root's.
        check_version(assertion)?;
    }
    if issuer_of(assertion).is_none_or(str::is_empty) {
        return Err(SamlRejection::IssuerUnknown { found: String::new() });
    }
    Ok((response.map(Element::id), assertion.id(), [response_signature, assertion_signature]))
}

/// The elements that the gate counts, wherever they stand.
struct Found<'d> {
    signatures: Vec<Element<'d>>,
    assertions: Vec<Element<'d>>,
    encrypted: usize,
}

impl<'d> Found<'d> {
    fn of(arena: &'d Arena<'_>) -> Self {
        let mut found = Self { signatures: Vec::with_capacity(2), assertions: Vec::with_capacity(1), encrypted: 0 };
        for element in arena.elements() {
            if element.is(Namespace::SIGNATURE, "Signature") {
                found.signatures.push(element);
            } else if element.is(Namespace::ASSERTION, "Assertion") {
                found.assertions.push(element);
            } else if element.is(Namespace::ASSERTION, "EncryptedAssertion") {
                found.encrypted += 1;
            }
        }
        found
    }
}

/// Says whether the root is a response.
fn check_root(root: Element<'_>) -> Result<bool, SamlRejection> {
    let is_response = root.is(Namespace::PROTOCOL, "Response");
    if is_response || root.is(Namespace::ASSERTION, "Assertion") {
        return check_version(root).map(|()| is_response);
    }
    if root.is(Namespace::ASSERTION, "EncryptedAssertion") {
        return Err(SamlRejection::EncryptionUnsupported { found: "EncryptedAssertion" });
    }
    let found = root.expanded_name();
    let older = found.starts_with("{urn:oasis:names:tc:SAML:1.0:");
    Err(if older { SamlRejection::Version { found } } else { SamlRejection::Root { found } })
}

/// SAML Core 2.3.3, 3.2.2 and 4.1.
fn check_version(element: Element<'_>) -> Result<(), SamlRejection> {
    match element.attribute("Version") {
        Some("2.0") => Ok(()),
        other => Err(SamlRejection::Version { found: other.unwrap_or_default().to_owned() }),
    }
}

/// SAML Core 3.2.2.2: whoever reports a failure vouches for nobody. The status may be unsigned; it can only refuse.
fn check_status(response: Element<'_>) -> Result<(), SamlRejection> {
    // A second one is out of place by the schema.
    let status = response.child(Namespace::PROTOCOL, "Status");
    let mut codes = Vec::new();
    let mut code = status.and_then(|status| status.child(Namespace::PROTOCOL, "StatusCode"));
    while let Some(element) = code {
        codes.push(element.attribute("Value").unwrap_or_default());
        code = element.child(Namespace::PROTOCOL, "StatusCode");
    }
    if codes.first() == Some(&SUCCESS) { Ok(()) } else { Err(SamlRejection::Status { found: codes.join(" ") }) }
}

/// Exactly one assertion, where it belongs.
fn single<'d>(root: Element<'d>, found: &Found<'d>) -> Result<Element<'d>, SamlRejection> {
    // An assertion that no signature covers, in a document that has signatures: wrapping, whatever else it is.
    let covered = |assertion: &Element<'d>| {
        let mut around = Some(*assertion);
        while let Some(element) = around {
            // The enveloped transform takes a Signature out of what it signs.
            if element.is(Namespace::SIGNATURE, "Signature") {
                return false;
            }
            if found.signatures.iter().any(|signature| signature.parent().map(Element::id) == Some(element.id())) {
                return true;
            }
            around = element.parent();
        }
        false
    };
    if !found.signatures.is_empty() && !found.assertions.iter().all(covered) {
        return Err(SamlRejection::SignatureProfile { part: "an assertion that the signature does not cover" });
    }
    match (found.assertions.as_slice(), found.encrypted) {
        (&[assertion], 0) if is_in_place(assertion, root) => Ok(assertion),
        ([], 1) => Err(SamlRejection::EncryptionUnsupported { found: "EncryptedAssertion" }),
        (assertions, encrypted) => Err(SamlRejection::AssertionCount { found: assertions.len() + encrypted }),
    }
}

/// The root itself, or directly inside the root response.
fn is_in_place(assertion: Element<'_>, root: Element<'_>) -> bool {
    let in_response = root.is(Namespace::PROTOCOL, "Response");
    assertion.id() == root.id() || in_response && assertion.parent().map(Element::id) == Some(root.id())
}

/// The children of a response, in the order of its schema (SAML Core 3.2.2 and 3.3.3), and nothing else.
fn check_response(response: Element<'_>) -> Result<(), SamlRejection> {
    let schema = [
        (Namespace::ASSERTION, "Issuer"),
        (Namespace::SIGNATURE, "Signature"),
        (Namespace::PROTOCOL, "Extensions"),
        (Namespace::PROTOCOL, "Status"),
        (Namespace::ASSERTION, "Assertion"),
    ];
    let mut expected = schema.iter();
    for child in response.children() {
        if !expected.any(|(namespace, local)| child.is(*namespace, local)) {
            return Err(SamlRejection::Structure { of: "Response", fault: "a child out of place" });
        }
    }
    if response.is_element_only() {
        Ok(())
    } else {
        Err(SamlRejection::Structure { of: "Response", fault: "text between the elements" })
    }
}

/// `Issuer` is the first child of an assertion (SAML Core 2.3.3).
fn issuer_of(assertion: Element<'_>) -> Option<&str> {
    assertion.children().next().filter(|first| first.is(Namespace::ASSERTION, "Issuer")).and_then(Element::text)
}
