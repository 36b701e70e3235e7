//! Small houses, each with one fault that must be found, and the honest shapes that must not be taken for one.

use std::collections::BTreeSet;

use super::rules::{Crates, Rule, judge};
use super::scan::{Source, Tree};
use super::table::{FLOORS, LIBRARIES, MAX_FILE_LINES, MAX_FUNCTION_LINES};

/// All floors as empty files, `credential::saml` as a submodule, then the files given (which replace those).
fn house(files: &[(&str, &str)]) -> Tree {
    let lib = FLOORS.map(|(name, _)| format!("pub mod {name};")).join("\n");
    let mut sources = vec![
        ("lib.rs".to_owned(), lib),
        ("main.rs".to_owned(), "fn main() -> std::process::ExitCode { drawbridge::cli::main() }".to_owned()),
    ];
    for (name, _) in FLOORS {
        let text = if name == "credential" { "mod identity; pub mod saml; pub use identity::Identity;" } else { "" };
        sources.push((format!("{name}/mod.rs"), text.to_owned()));
    }
    for file in ["credential/saml/mod.rs", "credential/identity.rs"] {
        sources.push((file.to_owned(), String::new()));
    }
    for (path, text) in files {
        sources.retain(|(there, _)| there != path);
        sources.push(((*path).to_owned(), (*text).to_owned()));
    }
    let sources: Vec<Source> = sources.into_iter().map(|(path, text)| Source { path, text }).collect();
    Tree::of(&sources)
}

fn crates() -> Crates {
    let rows = LIBRARIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    Crates::new(rows, ["proptest", "rand"].map(str::to_owned).into())
}

fn found(files: &[(&str, &str)]) -> BTreeSet<(String, usize, Rule)> {
    let violations = judge(&house(files), &crates()).broken;
    violations.into_iter().map(|violation| (violation.file, violation.line, violation.rule)).collect()
}

/// One file, one fault, on the line that has `HERE` in it.
fn faults(path: &str, cases: &[(&str, Rule)]) {
    for (text, rule) in cases {
        let line = text.lines().position(|line| line.contains("HERE")).map_or(1, |index| index + 1);
        assert_eq!(found(&[(path, text)]), [(path.to_owned(), line, *rule)].into(), "{text}");
    }
}

/// One file without a fault.
fn honest(path: &str, cases: &[&str]) {
    for text in cases {
        assert_eq!(found(&[(path, text)]), BTreeSet::new(), "{text}");
    }
}

#[test]
fn an_empty_house_has_no_fault() {
    assert_eq!(found(&[]), BTreeSet::new());
}

#[test]
fn an_upward_import_is_found_in_every_shape() {
    faults(
        "mapping/file.rs",
        &[
            ("use crate::flow::Bridge;", Rule::Upward),
            ("pub use crate::flow::Bridge;", Rule::Upward),
            ("pub(crate) use crate::flow::Bridge as B;", Rule::Upward),
            ("use crate::{ground::time::Timestamp, policy::{Policy, Grant}};", Rule::Upward),
            ("use crate::{\n    ground,\n    token, // HERE\n};", Rule::Upward),
            ("use crate as root;\nfn f() { root::http::serve() } // HERE", Rule::Upward),
            ("use super::super::flow;", Rule::Upward),
            ("fn f() { crate::flow::run() }", Rule::Upward),
            ("fn f() { super::super::flow::run() }", Rule::Upward),
            ("fn f() -> Option<crate::policy::Grant> { None }", Rule::Upward),
            ("type G = <crate::policy::Grant as Clone>::Owned;", Rule::Upward),
            ("fn f() {\n    let x = vec![crate::flow::X]; // HERE\n}", Rule::Upward),
            ("macro_rules! m { () => { $crate::flow::run() } }", Rule::Upward),
            ("fn f() { use crate::token; }", Rule::Upward),
            ("#[derive(crate::token::Issue)] struct S;", Rule::Upward),
            ("#[serde(default = \"crate::config::raw::yes\")] struct S;", Rule::Upward),
            ("pub(in crate::cli) fn f() {}", Rule::Upward),
            ("use drawbridge::cli;", Rule::Upward),
            ("use crate::r#flow::Bridge;", Rule::Upward),
            ("mod inner { use super::super::super::flow; }", Rule::Upward),
            ("extern crate self as us; use crate::http as web;", Rule::Upward),
            ("#[cfg(test)]\nmod tests {\n    use crate::flow::Bridge; // HERE\n}", Rule::Upward),
            ("fn f<'a>() -> impl Iterator + use<'a> { let x = 1; crate::flow::run(x) }", Rule::Upward),
        ],
    );
}

#[test]
fn a_sideways_import_is_found() {
    faults(
        "store/mod.rs",
        &[
            ("use crate::crypto::digest::sha256;", Rule::Sideways),
            ("fn f() { crate::decision::Trail::open() }", Rule::Sideways),
            ("#[cfg(not(test))] use crate::crypto;", Rule::Sideways),
            ("#[cfg(any(test, feature = \"x\"))] use crate::crypto;", Rule::Sideways),
        ],
    );
    faults("flow/mod.rs", &[("use crate::config::Settings;", Rule::Sideways)]);
}

#[test]
fn a_re_export_is_seen_through() {
    let root = "pub mod ground; pub mod flow; pub mod policy; pub use flow::Bridge; // HERE";
    let through = found(&[("lib.rs", root), ("policy/mod.rs", "\nuse crate::Bridge;")]);
    assert!(through.contains(&("policy/mod.rs".to_owned(), 2, Rule::Upward)), "{through:?}");
    assert!(through.contains(&("lib.rs".to_owned(), 1, Rule::RootOnlyDeclares)), "{through:?}");

    let clock = "pub use std::time::SystemTime as Machine;";
    let through = found(&[
        ("ground/clock.rs", clock),
        ("ground/mod.rs", "pub mod clock;"),
        ("policy/mod.rs", "use crate::ground::clock::Machine;"),
    ]);
    assert_eq!(through, [("policy/mod.rs".to_owned(), 1, Rule::Clock)].into());

    let glob = "use crate::ground::clock::*;\nfn f() { Machine::now() }";
    let through = found(&[("ground/clock.rs", clock), ("ground/mod.rs", "pub mod clock;"), ("policy/mod.rs", glob)]);
    assert_eq!(through, [("policy/mod.rs".to_owned(), 2, Rule::Clock)].into());
}

#[test]
fn test_code_may_meet_its_neighbours_and_read_files() {
    honest(
        "store/mod.rs",
        &[
            "#[cfg(test)] use crate::crypto::digest;",
            "#[cfg(all(test, feature = \"x\"))] mod tests { use crate::crypto; }",
            "#[cfg(any(test, all(test, unix)))] mod tests { use crate::crypto; }",
            "#[cfg(test)] mod tests { use std::fs; fn f() { println!(\"{:?}\", std::env::var(\"X\")); } }",
            "#[cfg(test)] fn f<A, B>(a: A, b: B) { crate::crypto::x() }",
            "#[cfg(test)] const C: S<A, B> = S { a: 1 }.with(crate::crypto::K);",
            "#[cfg(test)] mod tests { use tokio::task::JoinSet; #[tokio::test] async fn f() {} }",
        ],
    );
    let long = format!("use crate::crypto::digest;\nfn f() {{\n{}}}\n", "// a line\n".repeat(MAX_FILE_LINES));
    let declared = [("store/mod.rs", "#[cfg(test)]\nmod tests;"), ("store/tests.rs", &long)];
    assert_eq!(found(&declared), BTreeSet::new());
    // The item behind is not test code.
    faults(
        "store/mod.rs",
        &[
            ("#[cfg(test)] fn t() {}\nuse crate::crypto; // HERE", Rule::Sideways),
            ("#[cfg(test)] use crate::{crypto};\nuse crate::crypto; // HERE", Rule::Sideways),
            ("#[cfg(test)] const fn t() {}\nuse crate::crypto; // HERE", Rule::Sideways),
            ("struct S {\n#[cfg(test)] a: crate::crypto::A,\nb: crate::crypto::B // HERE\n}", Rule::Sideways),
            ("#[cfg(test)] const C: [u8; 2] = { [1, 2] };\nuse crate::crypto; // HERE", Rule::Sideways),
            ("#[cfg(test)]\nmod tests { fn f() { std::time::SystemTime::now(); } } // HERE", Rule::Clock),
            ("#[cfg(test)]\nmod tests { fn f() { rand::random(); } } // HERE", Rule::Chance),
        ],
    );
}

#[test]
fn a_floor_of_the_stream_is_seen_by_its_output() {
    faults(
        "policy/mod.rs",
        &[
            ("use crate::credential::saml::Assertion;", Rule::OutputOnly),
            ("use crate::credential;\nfn f() { credential::saml::verify() } // HERE", Rule::OutputOnly),
        ],
    );
    honest("policy/mod.rs", &["use crate::credential::Identity;", "use crate::ground::time::Timestamp;"]);
    honest("flow/mod.rs", &["use crate::credential::saml::TrustSources;"]);
}

#[test]
fn a_library_is_named_in_its_place_only() {
    faults(
        "flow/mod.rs",
        &[
            ("use sled::Db;", Rule::LibraryOutOfPlace),
            ("use {serde::Serialize, axum::{Router, routing}};", Rule::LibraryOutOfPlace),
            ("extern crate clap as arguments;", Rule::LibraryOutOfPlace),
            ("use ::jsonwebtoken as jwt;", Rule::LibraryOutOfPlace),
            ("fn f() { ::hyper::rt::x() }", Rule::LibraryOutOfPlace),
            ("fn f() -> ::cel::Program { x }", Rule::LibraryOutOfPlace),
            ("type T = Vec<quick_xml::Reader>;", Rule::LibraryOutOfPlace),
            ("#[derive(clap::Parser)] struct S;", Rule::LibraryOutOfPlace),
            ("fn f() { foo!(aws_lc_rs::digest::SHA256) }", Rule::LibraryOutOfPlace),
            ("pub use samael;", Rule::LibraryOutOfPlace),
            ("#[cfg(test)] use x509_cert::Certificate;", Rule::LibraryOutOfPlace),
            ("use jsonwebtoken;\nfn f() { }", Rule::LibraryOutOfPlace),
            ("#[serde(with = \"serde_saphyr::x\")] struct S;", Rule::LibraryOutOfPlace),
            ("fn f() { strsim::jaro(a, b); }", Rule::LibraryOutOfPlace),
        ],
    );
    for (path, text) in [
        ("backends/sled/tree.rs", "use sled::Db;"),
        ("credential/saml/reading.rs", "use quick_xml::Reader;"),
        ("cli/admin_client.rs", "use hyper::Request;"),
        ("cli/demo.rs", "use hyper::Request;"),
        ("config/raw.rs", "use serde_saphyr::Spanned;"),
    ] {
        honest(path, &[text]);
    }
    faults("cli/mod.rs", &[("use hyper::Request;", Rule::LibraryOutOfPlace)]);
    faults("credential/saml_like.rs", &[("use quick_xml::Reader;", Rule::LibraryOutOfPlace)]);
    faults("backends/sled2.rs", &[("use sled::Db;", Rule::LibraryOutOfPlace)]);
}

#[test]
fn a_dependency_without_a_row_is_found() {
    let more = LIBRARIES.iter().map(|(name, _)| *name).chain(["reqwest"]).map(str::to_owned).collect();
    let broken = judge(&house(&[]), &Crates::new(more, BTreeSet::new())).broken;
    assert_eq!(broken.iter().map(|violation| violation.rule).collect::<Vec<_>>(), [Rule::LibraryWithoutRow]);
    let fewer = LIBRARIES.iter().skip(1).map(|(name, _)| (*name).to_owned()).collect();
    let unneeded = judge(&house(&[]), &Crates::new(fewer, BTreeSet::new())).unneeded;
    assert!(unneeded.iter().any(|violation| violation.what.contains(LIBRARIES[0].0)), "{unneeded:?}");
}

#[test]
fn a_pure_floor_touches_no_io() {
    faults(
        "policy/mod.rs",
        &[
            ("use std::fs;", Rule::Io),
            ("use std::{collections::BTreeMap, fs::File};", Rule::Io),
            ("use std::{self as s};\nfn f() { s::net::x() } // HERE", Rule::Io),
            ("use std as s;\nfn f() { s::fs::read(x); } // HERE", Rule::Io),
            ("fn f() { std::env::args(); }", Rule::Io),
            ("fn f() { std::thread::spawn(g); }", Rule::Io),
            ("fn f() { std::process::exit(1); }", Rule::Io),
            ("fn f() { println!(\"x\"); }", Rule::Io),
            ("fn f() { std::eprintln!(\"x\"); }", Rule::Io),
            ("fn f() { ::std::print!(\"x\"); }", Rule::Io),
            ("use ::std::fs as files;", Rule::Io),
            ("fn f() { g(|| { dbg! { x } }); }", Rule::Io),
            ("use std::io::{self, Read};\nfn f() { io::stdout(); } // HERE", Rule::Io),
            ("async fn f() {}", Rule::Async),
            ("fn f() { async move { 1 }; }", Rule::Async),
            ("fn f() { include!(\"x.rs\"); }", Rule::Include),
        ],
    );
    let tokio = found(&[("policy/mod.rs", "use tokio::sync::Mutex;")]);
    let expected = [Rule::LibraryOutOfPlace, Rule::Io].map(|rule| ("policy/mod.rs".to_owned(), 1, rule));
    assert_eq!(tokio, expected.into());
    honest("flow/mod.rs", &["use std::fs; async fn f() { println!(\"x\"); }"]);
    honest("store/mod.rs", &["async fn f() {}"]);
}

#[test]
fn a_pure_module_of_a_higher_floor_touches_no_io_either() {
    faults("import/mod.rs", &[("use std::fs;", Rule::Io), ("fn f() { println!() }", Rule::Io)]);
    honest("config/mod.rs", &["use std::fs;"]);
}

#[test]
fn a_pure_floor_has_no_clock() {
    faults(
        "credential/saml/mod.rs",
        &[
            ("use std::time::{Duration, SystemTime};", Rule::Clock),
            ("use std::time::Instant as Moment;", Rule::Clock),
            ("use std::time;\nfn f() { time::SystemTime::now(); } // HERE", Rule::Clock),
            ("use std::time::*;", Rule::Clock),
            ("fn f() { std::time::UNIX_EPOCH.elapsed(); }", Rule::Clock),
        ],
    );
    let globs = found(&[("credential/saml/mod.rs", "use std::*;")]);
    assert!(globs.iter().any(|(_, _, rule)| *rule == Rule::Clock), "{globs:?}");
    faults(
        "ground/time.rs",
        &[("use time::OffsetDateTime;\nfn f() { OffsetDateTime::now_utc(); } // HERE", Rule::Clock)],
    );
    honest("ground/clock.rs", &["use std::time::SystemTime; fn f() { SystemTime::now(); }"]);
    honest("credential/saml/mod.rs", &["use std::time::Duration;", "use crate::ground::time::Timestamp;"]);
}

#[test]
fn a_pure_floor_has_no_chance() {
    faults(
        "crypto/digest.rs",
        &[
            ("use aws_lc_rs::rand::SystemRandom;", Rule::Chance),
            ("use aws_lc_rs::{digest, rand};", Rule::Chance),
            ("fn f() { rand::random(); }", Rule::Chance),
            ("use std::collections::hash_map::RandomState;", Rule::Chance),
        ],
    );
    honest("crypto/entropy.rs", &["fn f() { aws_lc_rs::rand::fill(buffer) }"]);
}

#[test]
fn the_binary_calls_the_command_line_only() {
    for (text, rule) in [
        ("fn main() { drawbridge::flow::run() }", Rule::BinaryOnlyCallsCli),
        ("use drawbridge::{cli, http}; fn main() {}", Rule::BinaryOnlyCallsCli),
        ("#[tokio::main] async fn main() {}", Rule::BinaryOnlyCallsCli),
    ] {
        assert!(
            found(&[("main.rs", text)]).iter().any(|(file, _, found)| file == "main.rs" && *found == rule),
            "{text}"
        );
    }
    honest("main.rs", &["use drawbridge::cli; fn main() -> std::process::ExitCode { cli::main() }"]);
}

#[test]
fn a_module_without_a_floor_is_found() {
    let found = found(&[("helpers/mod.rs", "")]);
    assert_eq!(found, [("helpers/mod.rs".to_owned(), 1, Rule::UnknownFloor)].into());
}

#[test]
fn a_name_that_cannot_be_placed_is_found() {
    faults(
        "policy/mod.rs",
        &[
            ("use crate::nowhere::X;", Rule::UnknownName),
            ("use crate::*;", Rule::UnknownName),
            ("#[path = \"../flow/mod.rs\"] mod stolen;", Rule::Oddity),
            ("#![cfg(test)]\nfn f() {}", Rule::Oddity),
            ("fn f() {", Rule::Oddity),
        ],
    );
    let exported = "#[macro_export] macro_rules! shout { () => {} }";
    let upward = found(&[("flow/mod.rs", exported), ("policy/mod.rs", "fn f() { crate::shout!() }")]);
    assert_eq!(upward, [("policy/mod.rs".to_owned(), 1, Rule::Upward)].into());
    let downward = found(&[("ground/mod.rs", exported), ("policy/mod.rs", "fn f() { crate::shout!() }")]);
    assert_eq!(downward, BTreeSet::new());
}

#[test]
fn comments_strings_and_local_names_are_no_paths() {
    honest(
        "policy/mod.rs",
        &[
            "//! See [`crate::flow::run`] and std::fs.\n/// `crate::http`\nfn f() {} // use crate::cli;\n/* use sled::Db; */",
            "const S: &str = \"crate::flow::run std::fs::read\"; const R: &str = r#\"use sled::Db;\"#;",
            "const B: &[u8] = b\"tokio::spawn\"; const C: char = '\"'; use crate::ground::id; const D: char = '\"';",
            "fn f<'a>(x: &'a str) -> impl Iterator<Item = u8> + use<'a> { x.bytes() }",
            "use crate::ground::time; fn f() { time::OffsetDateTime::now_utc(); }",
            "mod sled { pub fn open() {} } fn f() { sled::open(); }",
            "struct S; impl S { fn println(&self) {} } fn f(s: S) { s.println(); Self::fs::read(); }",
            "fn f() { if a != (b) { c } }",
            "fn f() { <T as crate::ground::clock::Clock>::rand::x(); S::<u8>::tokio::run(); }",
            "enum E { Fs } fn f() -> fn(u8) -> u8 { g }",
        ],
    );
}

#[test]
fn length_is_counted_without_tests() {
    let lines = |count: usize| "// a line\n".repeat(count);
    honest("policy/mod.rs", &[&lines(MAX_FILE_LINES)]);
    let long = found(&[("policy/mod.rs", &lines(MAX_FILE_LINES + 1))]);
    assert_eq!(long, [("policy/mod.rs".to_owned(), MAX_FILE_LINES + 1, Rule::LongFile)].into());
    let tests = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", lines(MAX_FILE_LINES), lines(300));
    honest("policy/mod.rs", &[&tests]);

    let function = |count: usize| format!("impl S {{\n    pub fn f(&self) {{\n{}    }}\n}}\n", lines(count));
    honest("policy/mod.rs", &[&function(MAX_FUNCTION_LINES)]);
    let long = found(&[("policy/mod.rs", &function(MAX_FUNCTION_LINES + 1))]);
    assert_eq!(long, [("policy/mod.rs".to_owned(), 2, Rule::LongFunction)].into());
    honest("policy/mod.rs", &[&format!("#[cfg(test)]\nmod tests {{\n{}}}", function(100))]);
}
