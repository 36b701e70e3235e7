//! The rules of the house, as tables. A row that nothing needs any more fails the test, as a broken rule does.

/// Top-level modules and their floors. `lib.rs` only declares them; `main.rs` only calls `cli`.
pub(super) const FLOORS: [(&str, u8); 15] = [
    ("ground", 0),
    ("crypto", 1),
    ("decision", 1),
    ("diagnostic", 1),
    ("store", 1),
    ("credential", 2),
    ("mapping", 3),
    ("policy", 4),
    ("token", 5),
    ("backends", 6),
    ("config", 6),
    ("flow", 6),
    ("import", 6),
    ("http", 7),
    ("cli", 8),
];

/// The highest floor without I/O, clock and chance.
pub(super) const PURE_UP_TO: u8 = 5;
/// Modules above it that do without as well.
pub(super) const PURE_TOO: [&str; 1] = ["import"];
/// The floors that never wait. (The storage contract, on floor 1, is made of async traits.)
pub(super) const NEVER_ASYNC: std::ops::RangeInclusive<u8> = 2..=5;
/// The floors that see those of the stream below them by what these re-export at their top, never by their modules.
pub(super) const BY_OUTPUT_ONLY: std::ops::RangeInclusive<u8> = 3..=5;
/// The floors of the stream.
pub(super) const STREAM: std::ops::RangeInclusive<u8> = 2..=5;

/// Where a library may be named.
pub(super) enum Allowed {
    Anywhere,
    /// Below these modules or in these files (without `.rs`); `*` at the end stands for the rest of a file's name.
    In(&'static [&'static str]),
}

/// Every dependency has a row: a new one is decided here.
pub(super) const LIBRARIES: &[(&str, Allowed)] = &[
    ("annotate_snippets", Allowed::In(&["diagnostic"])),
    ("anstream", Allowed::In(&["diagnostic", "cli"])),
    ("arc_swap", Allowed::In(&["config", "flow", "http", "cli"])),
    ("async_trait", Allowed::In(&["store", "backends", "flow", "http", "cli"])),
    ("aws_lc_rs", Allowed::In(&["crypto"])),
    ("axum", Allowed::In(&["http", "cli/serve*", "cli/demo*", "cli/bench*", "cli/admin*"])),
    ("base64", Allowed::Anywhere),
    ("cel", Allowed::In(&["mapping"])),
    ("clap", Allowed::In(&["cli"])),
    ("form_urlencoded", Allowed::In(&["flow", "http", "cli"])),
    ("http_body_util", Allowed::In(&["http", "cli/serve*", "cli/demo*", "cli/bench*", "cli/admin*"])),
    ("hyper", Allowed::In(&["http", "cli/serve*", "cli/demo*", "cli/bench*", "cli/admin*"])),
    ("tokio_io_timeout", Allowed::In(&["http"])),
    ("tower", Allowed::In(&["http"])),
    ("hyper_util", Allowed::In(&["http", "cli/serve*", "cli/demo*", "cli/bench*", "cli/admin*"])),
    ("jsonwebtoken", Allowed::In(&["crypto"])),
    ("memchr", Allowed::In(&["http"])),
    ("quick_xml", Allowed::In(&["credential/saml", "import/xml"])),
    ("regex_automata", Allowed::In(&["mapping/cel"])),
    ("regex_syntax", Allowed::In(&["mapping/cel"])),
    ("samael", Allowed::In(&["credential/saml"])),
    ("serde", Allowed::Anywhere),
    ("serde_json", Allowed::Anywhere),
    ("rustix", Allowed::In(&["cli/reload"])),
    ("serde_saphyr", Allowed::In(&["mapping", "config"])),
    ("sled", Allowed::In(&["backends/sled"])),
    ("strsim", Allowed::In(&["diagnostic"])),
    ("tempfile", Allowed::In(&["backends", "config", "cli"])),
    ("thiserror", Allowed::Anywhere),
    ("time", Allowed::In(&["ground"])),
    ("tokio", Allowed::In(&["flow", "backends", "http", "cli"])),
    ("tower", Allowed::In(&["http", "cli/serve*", "cli/demo*", "cli/admin*"])),
    ("tracing", Allowed::In(&["flow", "backends", "config", "http", "cli"])),
    ("tracing_subscriber", Allowed::In(&["cli"])),
    ("x509_cert", Allowed::In(&["crypto"])),
    ("zeroize", Allowed::Anywhere),
];

/// Libraries that test code may use on any floor: the traits of the store are async, and so are their tests.
pub(super) const FOR_TESTS: [&str; 1] = ["tokio"];

/// What a pure floor does not touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Impurity {
    /// Tests may: they read fixtures.
    Io,
    /// Tests may not: a fixture has its own clock.
    Clock,
    /// Tests may not: a failure must come back. (But for the source that aws-lc-rs wants to be handed when it signs.)
    Chance,
}

/// Paths of other crates, and all below them.
pub(super) const IMPURE: &[(&str, Impurity)] = &[
    ("std::fs", Impurity::Io),
    ("std::net", Impurity::Io),
    ("std::env", Impurity::Io),
    ("std::process", Impurity::Io),
    ("std::thread", Impurity::Io),
    ("std::os", Impurity::Io),
    // `Path::exists`, `canonicalize` and their like ask the file system without naming `std::fs`.
    ("std::path", Impurity::Io),
    ("std::io::stdin", Impurity::Io),
    ("std::io::stdout", Impurity::Io),
    ("std::io::stderr", Impurity::Io),
    ("tempfile", Impurity::Io),
    ("tokio", Impurity::Io),
    ("std::time::SystemTime", Impurity::Clock),
    ("std::time::Instant", Impurity::Clock),
    ("std::time::UNIX_EPOCH", Impurity::Clock),
    ("time::OffsetDateTime::now_utc", Impurity::Clock),
    ("time::OffsetDateTime::now_local", Impurity::Clock),
    ("time::UtcDateTime::now", Impurity::Clock),
    ("jsonwebtoken::get_current_timestamp", Impurity::Clock),
    ("aws_lc_rs::rand", Impurity::Chance),
    ("rand", Impurity::Chance),
    ("getrandom", Impurity::Chance),
    ("fastrand", Impurity::Chance),
    ("std::hash::RandomState", Impurity::Chance),
    ("std::collections::hash_map::RandomState", Impurity::Chance),
];

/// Macros that write to the terminal; a pure floor calls none outside its tests.
pub(super) const PRINTING: [&str; 5] = ["println", "eprintln", "print", "eprint", "dbg"];

/// The only places of the pure floors that touch what they must not: file, path, reason.
pub(super) const IMPURE_PLACES: &[(&str, &str, &str)] = &[
    ("ground/clock.rs", "std::time::SystemTime", "`SystemClock`, which the wiring hands in as `dyn Clock`"),
    ("crypto/entropy.rs", "aws_lc_rs::rand", "`SystemEntropy`, which the wiring hands in as `dyn Entropy`"),
    ("crypto/keys.rs", "aws_lc_rs::rand", "ECDSA and RSA-PSS draw a nonce or salt; aws-lc-rs takes its own type only"),
    ("crypto/sign_raw.rs", "aws_lc_rs::rand", "as crypto/keys.rs"),
];

/// Outside `#[cfg(test)]`.
pub(super) const MAX_FILE_LINES: usize = 400;
/// Of the body, between its braces.
pub(super) const MAX_FUNCTION_LINES: usize = 60;

/// Longer files: path, reason.
pub(super) const LONG_FILES: &[(&str, &str)] =
    &[("ground/reason/table.rs", "one table; splitting it would hide a code that is used twice")];

/// Longer functions: path, name, reason.
pub(super) const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];
