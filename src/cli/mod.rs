//! Commands.
pub mod admin;
mod args;
mod exit;
mod explain;
#[cfg(test)]
mod reference;
mod screen;
mod view;
