//! Words of the configuration that are more than text: durations, sizes, networks, dates, addresses, host names.
//!
//! Floor 6. Each is read from its text alone; places and messages are the business of the checks that ask.

mod bytes;
mod duration;
mod host;
mod issuer;
mod network;
mod size;
mod until;

pub(super) use bytes::{bytes_of_base64, bytes_of_hex};
pub(super) use duration::{parse_duration, render_duration};
pub(super) use host::is_host_name;
pub use issuer::{Addresses, Issuer, IssuerRejection};
pub use network::{Network, NetworkRejection};
pub(super) use size::parse_size;
pub(super) use until::parse_until;
