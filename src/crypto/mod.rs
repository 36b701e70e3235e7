//! Keys, signatures, digests and sealing: the only user of aws-lc-rs and of jsonwebtoken.
//!
//! Floor 1. Pure but for [`SystemEntropy`](entropy::SystemEntropy), which is handed in where chance is needed.

pub mod digest;
pub mod mac;
#[cfg(test)]
pub(crate) mod testing;
pub mod verify;
