//! Mapping files: an identity becomes claims.

mod claims;

pub use claims::{Claims, Subject};
