//! Storage and audit backends.
//!
//! Floor 6. Nobody but the wiring in `cli` names them; everybody else sees the contract of [`crate::store`].

pub mod audit;
pub mod memory;
pub mod sled;

#[cfg(test)]
mod conformance {
    use crate::store::conformance::storage_conformance;

    storage_conformance!(sled, crate::backends::sled::SledHarness::new());
    storage_conformance!(memory, crate::backends::memory::MemoryHarness::new());
    storage_conformance!(audited, crate::backends::audit::AuditedHarness::new());
}
