//! Keys, signatures, digests and sealing: the only user of aws-lc-rs and of jsonwebtoken.
//!
//! Floor 1. Pure but for [`SystemEntropy`](entropy::SystemEntropy), which is handed in where chance is needed, and for
//! key generation ([`keys::SigningKey::generate`]), which the library feeds itself.
//!
//! ```text
//! master key file ─▶ MasterKeys ─open─▶ StoredKey ─▶ KeyRing ─▶ SigningKey ─ jws::sign ─▶ token
//!                                  └──▶ SubjectKey ─▶ sub, keys of links   └─▶ Jwks (document and ETag)
//! ```
//!
//! **Invariant.** A private key is parsed once, when the ring is loaded; signing prepares nothing.
//!
//! **Invariant.** Whatever is secret sits in [`Secret`](crate::ground::secret::Secret) or in a type of aws-lc-rs that
//! erases itself; no type here prints, compares or serialises a secret by accident.
//!
//! **Absent on purpose.** Verifying JWTs at a door (none takes one yet), and any read of a clock: jsonwebtoken's own time
//! checks are used by `demo` and in tests only.

pub mod audit;
pub mod client_secret;
pub mod digest;
pub mod entropy;
pub mod jwk;
pub mod jws;
pub mod keys;
pub mod link;
pub mod mac;
pub mod recording;
pub mod ring;
pub mod seal;
pub mod sign_raw;
pub mod standard;
pub mod stored;
pub mod subject;
pub mod verify;

#[cfg(test)]
pub(crate) mod testing;
