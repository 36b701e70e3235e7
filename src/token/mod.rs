//! A grant becomes tokens.
//!
//! Floor 5. Given `now` (in the permit) and the `jti`; asks for neither.
//!
//! ```text
//! Subject ─ Subjects ─▶ link key, derived sub        which of the two holds is for the flow to find out
//! Permit ─ prepare(sub, jti, ring) ─▶ Draft ┐   what the decision record says of the token, before the credential is burnt
//! store ──────────────────────── Admission ─┴─ issue ─▶ Grant ─▶ IssuedTokens
//! ```
//!
//! **Invariant.** Only [`Issuer::issue`] makes [`IssuedTokens`], and only through a [`Grant`](crate::policy::Grant).
//!
//! **Invariant.** What a mapping releases never stands where the issuer speaks: reserved names are left out
//! ([`AccessTokenClaims`]), whatever the floors below have checked.
//!
//! **Absent on purpose.** Opaque, split and wrapped tokens, ID and refresh tokens, introspection: they come with their
//! issues.

mod claims;
mod issuer;
mod metadata;
mod subjects;

pub use claims::AccessTokenClaims;
pub use issuer::{Draft, IssueError, IssuedTokens, Issuer};
pub use metadata::{Offered, ServerMetadata};
pub use subjects::{LinkDamage, LinkMaker, Subjects};
