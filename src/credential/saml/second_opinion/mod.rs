//! The second verifier: samael over xmlsec and libxml2, asked about what ours has accepted, and about nothing else.
//!
//! Floor 2. Behind the feature `second-opinion`.
//!
//! ```text
//! accepted text ─samael, xmlsec─▶ the octets that it verified ─ reader of our own ─▶ Seen ─ compared with ─ Assertion
//! ```
//!
//! What makes samael and xmlsec dangerous is gone by then: the gate has admitted one Reference to the parent's own ID,
//! two harmless transforms, no DOCTYPE; algorithms and certificates are named here, so `KeyInfo` chooses nothing.
//!
//! What is compared is read from the octets that xmlsec hashed, canonicalised by libxml2. samael's own types are not
//! used for it: they carry no qualifiers of a `NameID` and stop at a value that holds an element.
//!
//! **Invariant.** A difference is a refusal and an alarm, whoever is right.
//!
//! **Concurrency.** xmlsec is initialised once, behind a lock of samael; [`prepare`] does it before the first request.
//! After that contexts and keys belong to one call, and libxml2 keeps its state for each thread.
//!
//! **Absent on purpose.** RSA-PSS, which samael cannot allow: a provider that signs with it is refused here. Two
//! signatures with keys of two kinds in one response: xmlsec stops at a key that does not fit.

mod seen;
#[cfg(test)]
mod tests;

use samael::crypto::{AllowedSignatureAlgorithm, CertificateDer, Crypto, CryptoProvider as _, ReduceMode};

use crate::crypto::verify::PublicKey;

use super::assertion::Assertion;
use super::gate::Document;
use super::rejection::SamlRejection;
use super::signature::Signed;
use super::trust::TrustSource;
use seen::Seen;

/// What samael may accept. Without a list it accepts SHA-1 and MD5.
const ALGORITHMS: [AllowedSignatureAlgorithm; 6] = [
    AllowedSignatureAlgorithm::RsaSha256,
    AllowedSignatureAlgorithm::RsaSha384,
    AllowedSignatureAlgorithm::RsaSha512,
    AllowedSignatureAlgorithm::EcdsaSha256,
    AllowedSignatureAlgorithm::EcdsaSha384,
    AllowedSignatureAlgorithm::EcdsaSha512,
];

/// Initialises xmlsec, while nobody else is about.
pub(super) fn prepare(certificate: &[u8]) {
    // There is no signature in it, so the answer is no; what counts is that the key was loaded.
    let _ = Crypto::verify_signed_xml("<prepare/>", &CertificateDer::from(certificate.to_vec()), None);
}

/// Verifies again, and compares issuer, ID, `NameID` with format and qualifiers, audiences and attributes.
pub(super) fn check(
    text: &str,
    document: &Document<'_>,
    signed: &Signed<'_>,
    assertion: &Assertion,
    source: &TrustSource,
) -> Result<(), SamlRejection> {
    let Some(about) = differs(text, &certificates(document, signed, source), assertion) else { return Ok(()) };
    // One of two verifiers has a fault, or somebody has found a difference between them; the flow raises the alarm.
    Err(SamlRejection::SecondOpinion { about })
}

/// The source's certificates whose keys fit the signatures, because xmlsec fails, instead of going on, at a key of
/// another kind; the one that our verifier found first, because xmlsec writes a line to standard error for each that
/// does not verify. It tries the others all the same.
fn certificates(document: &Document<'_>, signed: &Signed<'_>, source: &TrustSource) -> Vec<CertificateDer> {
    let fits = |key: &PublicKey| document.signatures().any(|(_, form)| key.fits(form.algorithm));
    let mut keys: Vec<_> = source.keys().iter().zip(source.certificates()).filter(|(key, _)| fits(key)).collect();
    let found = signed.fingerprint();
    keys.sort_by_key(|(key, _)| key.fingerprint() != found);
    keys.into_iter().map(|(_, der)| CertificateDer::from(der.clone())).collect()
}

fn differs(text: &str, certificates: &[CertificateDer], assertion: &Assertion) -> Option<&'static str> {
    let verified = Crypto::reduce_xml_to_signed_with_allowed_algorithms(
        text,
        certificates,
        ReduceMode::PreDigest,
        Some(&ALGORITHMS),
    );
    let Ok(verified) = verified else { return Some("the signature") };
    let Some(seen) = Seen::of(&verified) else { return Some("the form of what was signed") };
    let comparisons = [
        ("the issuer", seen.issuer == assertion.issuer.as_str()),
        ("the assertion's ID", seen.id == assertion.id),
        ("the NameID", seen.name_id == assertion.subject.name_id),
        (
            "the audiences",
            assertion.conditions.as_ref().is_none_or(|ours| ours.audience_restrictions == seen.audience_restrictions),
        ),
        ("the attributes", seen.attributes == assertion.attributes),
    ];
    comparisons.into_iter().find(|(_, agree)| !agree).map(|(about, _)| about)
}
