//! Mapping files: an identity becomes claims.

mod cel;
mod claims;
#[cfg(test)]
pub(crate) mod testing;
pub mod yaml;

pub use claims::{Claims, Subject};
