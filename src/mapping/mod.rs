//! Mapping files: an identity becomes claims.

mod claims;
pub mod yaml;

pub use claims::{Claims, Subject};
