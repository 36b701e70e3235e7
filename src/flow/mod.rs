//! One request from start to end: the only place that awaits.
//!
//! Floor 6. Reads the clock once a request, asks the entropy source, and hands both down as values.
//!
//! ```text
//! presented ─ parse ─ authenticate ─ establish ─ target ─ map ─ decide ─ commit (use + record) ─ issue ─▶ tokens
//! ```
//!
//! **Invariant.** No grant can skip a phase: a grant only says how its credential is established.
//!
//! **Invariant.** The commit that consumes the credential carries the decision record, and precedes the signature.
//!
//! **Invariant.** Nothing of a credential is decoded before the client is authenticated.

mod bridge;
mod client;
mod keys;
mod limit;
mod refusal;
mod request;
mod shadow;
pub mod token;

pub use bridge::{Addresses, Bridge, OpenError, Parts, Revision, SubjectRuleChanged};
pub use client::ClientRejection;
pub use keys::{KeyMaker, Keys, KeysError};
pub use limit::FailureLimiter;
pub use refusal::Refusal;
pub use request::{Presented, RequestRejection};
pub use shadow::{Shadows, Tally};
