//! `drawbridge subject …`: who a person is.

mod conflicts;
mod show;

pub(super) use conflicts::{list as conflicts, resolve};
pub(super) use show::{show, unlink};
