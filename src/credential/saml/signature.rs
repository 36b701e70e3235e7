//! The signatures of an admitted document, verified with the keys of its provider.
//!
//! Floor 2.
//!
//! ```text
//! Document ─ algorithm fits a key ─▶ canonical bytes ─digest─▶ SignedInfo ─signature value─▶ Signed
//! ```
//!
//! **Invariant.** [`Signed`] is made here and nowhere else, and shows only nodes that were canonicalised into bytes whose
//! digest a trusted key has signed. The `Signature` elements themselves are not among them.
//!
//! **Invariant.** Every signature of the document verifies, or none of it is read.
//!
//! **Absent on purpose.** `KeyInfo`, key search, certificates' dates: keys are the caller's, from metadata.

use super::arena::{Children, Element, Namespace, NodeId};
use super::assertion::Envelope;
use super::c14n::canonicalize;
use super::gate::{Document, SignatureForm};
use super::rejection::{SamlRejection, SignaturePart};
use crate::crypto::verify::PublicKey;

/// No provider publishes more keys at once; more would be work for an attacker to cause.
const MOST_KEYS: usize = 8;

/// The nodes that a trusted key has signed, and nothing else.
pub struct Signed<'d> {
    document: &'d Document<'d>,
    assertion: Element<'d>,
    hidden: Hidden,
    key: &'d PublicKey,
}

/// The `Signature` elements, which the enveloped transform took out of what was hashed.
type Hidden = [Option<NodeId>; 2];

impl Signed<'_> {
    /// The fingerprint of the key that verified; of the assertion's own signature where both are signed.
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint()
    }

    /// Whether the response is signed, and not only the assertion in it.
    pub fn covers_response(&self) -> bool {
        self.document.is_response_signed()
    }

    /// The signed assertion.
    pub(super) const fn assertion(&self) -> SignedElement<'_> {
        SignedElement { element: self.assertion, hidden: self.hidden }
    }

    /// `Response/Issuer`, where there is one. It may be unsigned: only good to refuse on.
    pub(super) fn response_issuer(&self) -> Option<&str> {
        let issuer = self.document.response()?.child(Namespace::ASSERTION, "Issuer")?;
        Some(issuer.text().unwrap_or_default())
    }

    /// What the response says of its way. It may be unsigned: only good to refuse on.
    pub(super) fn envelope(&self) -> Envelope {
        let attribute = |local| self.document.response()?.attribute(local).map(str::to_owned);
        Envelope { destination: attribute("Destination"), in_response_to: attribute("InResponseTo") }
    }
}

impl std::fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signed(by {})", self.fingerprint())
    }
}

/// An element that was canonicalised and hashed. Its children are those that were, too.
#[derive(Clone, Copy)]
pub(super) struct SignedElement<'d> {
    element: Element<'d>,
    hidden: Hidden,
}

impl<'d> SignedElement<'d> {
    /// Child elements, in order, without the enveloped signature.
    pub(super) const fn children(self) -> SignedChildren<'d> {
        SignedChildren { children: self.element.children(), hidden: self.hidden }
    }

    /// As [`Element::is`].
    pub(super) fn is(self, namespace: Namespace, local: &str) -> bool {
        self.element.is(namespace, local)
    }

    /// As [`Element::expanded_name`].
    pub(super) fn expanded_name(self) -> String {
        self.element.expanded_name()
    }

    /// As [`Element::attribute`].
    pub(super) fn attribute(self, local: &str) -> Option<&'d str> {
        self.element.attribute(local)
    }

    /// As [`Element::attribute_of`].
    pub(super) fn attribute_of(self, namespace: Namespace, local: &str) -> Option<&'d str> {
        self.element.attribute_of(namespace, local)
    }

    /// As [`Element::text`].
    pub(super) fn text(self) -> Option<&'d str> {
        self.element.text()
    }

    /// As [`Element::is_element_only`].
    pub(super) fn is_element_only(self) -> bool {
        self.element.is_element_only()
    }
}

/// The child elements of a signed element.
pub(super) struct SignedChildren<'d> {
    children: Children<'d>,
    hidden: Hidden,
}

impl<'d> Iterator for SignedChildren<'d> {
    type Item = SignedElement<'d>;

    fn next(&mut self) -> Option<SignedElement<'d>> {
        let Self { children, hidden } = self;
        let element = children.find(|child| !hidden.contains(&Some(child.id())))?;
        Some(SignedElement { element, hidden: *hidden })
    }
}

/// Verifies every signature of the document, each with the first of `keys` that fits its algorithm and verifies.
pub fn verify_signature<'d>(document: &'d Document<'d>, keys: &'d [PublicKey]) -> Result<Signed<'d>, SamlRejection> {
    // The algorithms are judged before anything is computed.
    for (_, form) in document.signatures() {
        if !keys.iter().any(|key| key.fits(form.algorithm)) {
            return Err(SamlRejection::Algorithm { found: form.algorithm_uri.to_owned() });
        }
    }
    let mut bytes = Vec::with_capacity(8 * 1024);
    let mut hidden: Hidden = [None, None];
    let mut verified = None;
    for (place, (of, form)) in hidden.iter_mut().zip(document.signatures()) {
        verified = Some(verify(document, (of, form), keys, &mut bytes)?);
        *place = Some(form.signature);
    }
    // The gate admits no document without a signature or an assertion; were it otherwise, nothing would be signed.
    let (Some(key), Some(assertion)) = (verified, document.assertion()) else {
        return Err(SamlRejection::SignatureMissing);
    };
    Ok(Signed { document, assertion, hidden, key })
}

fn verify<'k>(
    document: &Document<'_>,
    (of, form): (&'static str, &SignatureForm),
    keys: &'k [PublicKey],
    bytes: &mut Vec<u8>,
) -> Result<&'k PublicKey, SamlRejection> {
    let arena = document.arena();
    let invalid = |part, keys| SamlRejection::SignatureInvalid { part, of, keys };
    let (Some(signed), Some(signed_info)) = (arena.element(form.signed), arena.element(form.signed_info)) else {
        return Err(invalid(SignaturePart::Digest, Vec::new()));
    };
    let too_long = |_| SamlRejection::SignatureProfile { part: "a canonical form over the limit" };
    bytes.clear();
    canonicalize(signed, Some(form.signature), &form.reference_prefixes, bytes).map_err(too_long)?;
    if !form.digest.matches(bytes, &form.digest_value) {
        return Err(invalid(SignaturePart::Digest, Vec::new()));
    }
    bytes.clear();
    canonicalize(signed_info, None, &form.signed_info_prefixes, bytes).map_err(too_long)?;
    let mut candidates = keys.iter().filter(|key| key.fits(form.algorithm)).take(MOST_KEYS);
    candidates.find(|key| key.verifies(form.algorithm, bytes, &form.value)).ok_or_else(|| {
        let tried = keys.iter().filter(|key| key.fits(form.algorithm)).take(MOST_KEYS);
        invalid(SignaturePart::Value, tried.map(PublicKey::fingerprint).collect())
    })
}

#[cfg(test)]
mod tests;
