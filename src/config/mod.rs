//! `drawbridge.yaml`: as written, and as meant.
//!
//! Floor 6. Reads files and the environment; the clock comes in as `now`.
mod environment;
pub mod problem;
mod raw;
mod snapshot;
mod word;

pub use environment::{Environment, ProcessEnvironment};
pub use word::{Addresses, Issuer, IssuerRejection, Network, NetworkRejection};
