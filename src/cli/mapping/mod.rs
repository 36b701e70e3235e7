//! `drawbridge mapping test` and `drawbridge mapping explain`.

mod crossing;
mod explain;
mod presented;
mod recorded;
mod test;

pub(super) use explain::run as explain;
pub(super) use recorded::run as recorded;
pub(super) use test::run as test;
