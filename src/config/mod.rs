//! `drawbridge.yaml`: as written, and as meant.
//!
//! Floor 6. Reads files and the environment; the clock comes in as `now`.
mod environment;
mod load;
pub mod master_key;
mod places;
pub mod problem;
mod raw;
mod redact;
mod settings;
mod snapshot;
mod word;

pub use environment::{Environment, ProcessEnvironment};
pub use load::{Extent, LoadError, Loaded, Refused, Tested, fingerprint, known_sources, load, test_mappings};
pub use master_key::{InitError, MasterKeyError};
pub use places::{Places, places};
pub use raw::shapes;
pub use settings::{Audit, Keeping, KnownSources, Settings, Storage, store_of};
pub use word::{Addresses, Issuer, IssuerRejection, Network, NetworkRejection};

#[cfg(test)]
mod tests;
