//! `drawbridge mapping test` and `drawbridge mapping explain`.

mod explain;
mod presented;
mod test;

pub(super) use explain::run as explain;
pub(super) use test::run as test;
