//! `drawbridge mapping …`.

mod crossing;
mod diff;
mod explain;
mod new;
mod presented;
mod recorded;
mod replay;
mod shadow;
mod test;

pub(super) use diff::run as diff;
pub(super) use explain::run as explain;
pub(super) use new::run as new;
pub(super) use recorded::run as recorded;
pub(super) use replay::run as replay;
pub(super) use shadow::run as shadow;
pub(super) use test::run as test;

use super::exit::Failure;
use crate::ground::time::Timestamp;

/// The moment that `--now` names; without it, that of the command.
fn moment(asked: Option<&str>, now: Timestamp) -> Result<Timestamp, Failure> {
    let parsed = |text| Timestamp::parse_utc(text).map_err(|no| Failure::usage(format!("`--now {text}` is {no}")));
    asked.map_or(Ok(now), parsed)
}
