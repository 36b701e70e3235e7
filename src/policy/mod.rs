//! Claims and what was asked become a permit, or a denial; a permit and an admission become a grant.
//!
//! Floor 4. Given `now`; never asks for it. Of the floors below it sees `Identity` and `Claims` alone.
//!
//! ```text
//! request ─ check_grant, check_source, target ─▶ Api ┐
//! Identity, Claims ──────────────────────────────────┴─ decide(now) ─▶ Permit ─ admit(Admission) ─▶ Grant
//! ```
//!
//! **Invariant.** Deny by default: what no client and no API names is refused. Nothing widens: the granted scope is the
//! intersection of what was asked, what the mapping allows, what the client may have and what the API offers; the
//! released claims are those that the mapping releases to this audience; nothing outlives the identity.
//!
//! **Invariant.** Only [`decide()`] makes a [`Permit`], and only [`Grant::admit`] a [`Grant`]: from a permit and the
//! admission of the same credential.
//!
//! **Absent on purpose.** Rules across clients, delegation and actors: they come with their issue.

mod client;
mod decide;
mod denial;
mod grant;
mod permit;
mod target;

pub use client::{Api, Client, Policy, PolicyError, SubjectType};
pub use decide::{Asked, decide};
pub use denial::Denial;
pub use grant::{AdmissionOfAnother, Grant};
pub use permit::Permit;
pub use target::AskedTarget;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
