//! SAML 2.0 at the token endpoint: from an untrusted parameter to what a trusted provider signed.
//!
//! Floor 2. Given `now`; never asks for it. No I/O, no async. The only user of quick-xml.
//!
//! ```text
//! parameter ─decode─▶ text ─arena, gate─▶ Document ─verify_signature─▶ Signed ─read─▶ (Envelope, Assertion)
//! ```
//!
//! **Invariant.** One parser sees the document, once. The nodes that were canonicalised and hashed are the nodes that
//! are read: [`Signed`] can only be made by [`verify_signature`], and it shows nothing else.
//!
//! **Invariant.** What the gate does not know, it refuses.
//!
//! **Absent on purpose.** Every transform, canonicalisation and key source but the one of the profile; DTDs, `XPath`,
//! `KeyInfo`; single use, which needs memory (see [`crate::store::admit`]).

mod arena;
mod assertion;
mod c14n;
mod conditions;
mod decode;
mod establish;
mod gate;
pub mod metadata;
mod rejection;
#[cfg(feature = "second-opinion")]
mod second_opinion;
mod signature;
pub mod signer;
#[cfg(test)]
mod testing;
pub mod trust;
#[cfg(test)]
mod vectors;

pub use assertion::{
    Assertion, AuthnStatement, Conditions, Envelope, ProxyRestriction, Subject, SubjectConfirmation,
    SubjectConfirmationData, read,
};
pub(crate) use conditions::check as check_conditions;
pub use conditions::{Clock, ConditionsRejection, Expected, Forward};
pub use decode::decode;
pub use establish::establish;
pub use gate::Document;
pub use rejection::{SamlRejection, SignaturePart, XmlFault};
pub use signature::{Signed, verify_signature};
