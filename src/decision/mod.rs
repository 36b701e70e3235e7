//! One record per request: every step in order, what was expected and found, and how it ended.
//!
//! Floor 1. The audit log, `explain`, traces and reports are views of it.
//!
//! ```text
//! Trail (open, abandoned) ─ steps ─▶ Trail ─ close(outcome) ─▶ Decision ─▶ JSON for the store and the audit file
//! ```
//!
//! **Invariant.** A fact is [`Shown::Public`] or [`Shown::Private`] from birth. The record shows a private one by its
//! shape only; `mapping explain`, which runs beside the operator's own file, shows its value.
//!
//! **Invariant.** A trail that nobody closed reads `abandoned`.

mod record;
mod trail;

pub use record::{Decision, MAX_RECORD_BYTES, Outcome};
pub use trail::{Detail, Fact, Finding, Known, Rejection, Shown, Stage, Step, Trail};
