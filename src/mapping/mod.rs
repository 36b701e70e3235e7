//! Mapping files: an identity becomes claims.

mod cel;
mod claims;
pub mod yaml;

pub use claims::{Claims, Subject};
