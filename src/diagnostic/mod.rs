//! Problems in an operator's file: every one of them, each with its place, and what to do.
//!
//! Floor 1. No I/O: whoever read a file hands it in as a [`Source`].
//!
//! ```text
//! Source ─parse (yaml: mapping, config)─▶ Node ─Findings─▶ Diagnostics ─render─▶ what a person reads, or JSON
//! ```
//!
//! A reader goes through the [`Node`]s of a file key by key and reports to [`Findings`] instead of stopping at the
//! first problem, which is what deserializing into a type would do.
//!
//! **Invariant.** [`Diagnostics`] are sorted by file and place, whatever the order of the checks.
//!
//! **Invariant.** A message may repeat a key or name of the file; it never repeats a value of a secret.
//!
//! **Absent on purpose.** The YAML library: it is named where files are read. Only annotate-snippets is named here.

mod node;
mod problem;
mod render;
pub mod shape;
mod source;
mod suggest;

pub use node::PROBLEMS;
pub use node::{Entry, Findings, Node, Table, Value};
pub use problem::{Diagnostic, Diagnostics, Explanation, Severity};
pub use render::{Color, one_line, placed_line, render, to_json};
pub use source::{Source, Span};
pub use suggest::{nearest, slip, suggest};
