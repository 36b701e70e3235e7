//! Every integration test, in one binary: one link step instead of one per file.

// Marked as test code although the whole crate is: clippy's `allow-unwrap-in-tests` looks for the mark.
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod bridge;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod interop;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod live;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod storage_crash;
#[cfg(test)]
mod wire;
