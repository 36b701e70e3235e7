//! Credentials in: from untrusted bytes to an [`Identity`].
//!
//! Floor 2. Given `now`; never asks for it. No I/O, no async.
//!
//! **Invariant.** Nothing of a credential is read but from bytes whose signature or MAC has been verified;
//! `rg 'vouch\('` lists every place where trust begins.
//!
//! **Absent on purpose.** Single use: it needs memory. See [`crate::store::admit`].

mod identity;
pub mod saml;
pub mod session;
#[cfg(test)]
pub(crate) mod testing;
mod verified;

pub use identity::{Authentication, CredentialKind, Facts, Identity};
pub use verified::Verified;
