//! Words that every floor uses: types without I/O.
//!
//! Floor 0. Nothing here reads a clock or asks for chance; [`clock`] and [`entropy`] say what such a
//! thing looks like when it is handed in.

pub mod attribute;
pub mod claim;
pub mod clock;
pub mod entropy;
pub mod id;
pub mod oauth;
pub mod reason;
pub mod scope;
pub mod secret;
pub mod time;
pub mod visible;
