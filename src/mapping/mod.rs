//! Mapping files: an identity becomes claims.

mod claims;
#[cfg(test)]
pub(crate) mod testing;

pub use claims::{Claims, Subject};
