//! One request from start to end: the only place that awaits.
//!
//! Floor 6. Reads the clock once a request, asks the entropy source, and hands both down as values.
//!
//! ```text
//! presented ─ parse ─ authenticate ─ establish ─ target ─ map ─ decide ─ find sub ─ commit (use + record + links) ─ issue ─▶ tokens
//! ```
//!
//! **Invariant.** No grant can skip a phase: a grant only says how its credential is established.
//!
//! **Invariant.** The commit that consumes the credential carries the decision record, and precedes the signature.
//!
//! **Invariant.** Nothing of a credential is decoded before the client is authenticated.

mod beside;
mod bridge;
mod client;
mod keys;
mod limit;
mod recorder;
mod refusal;
mod reloads;
mod replay;
mod request;
mod shadow;
mod subject;
pub mod token;

pub use bridge::{Addresses, Bridge, OpenError, Parts, Revision, SubjectRuleChanged};
pub use client::ClientRejection;
pub use keys::{KeyMaker, Keys, KeysError};
pub use limit::FailureLimiter;
pub use recorder::{KeepFacts, Keeping, Recorded, RecordedPage, Recorder, RecorderError, values_of};
pub use refusal::Refusal;
pub use reloads::{Reloads, Went};
pub use replay::{Replay, Touched, replay};
pub use request::{Presented, RequestRejection};
pub use shadow::{Shadows, Tally};
pub use subject::SubjectRejection;
