//! Holds `src/` to the floors: imports go down only, libraries have one place, pure floors stay pure.
//!
//! The rules are in `docs/ARCHITECTURE.md` ("Floors"), their tables in [`table`]. What is exempt in test code
//! (`#[cfg(test)]`, and files of modules declared under it): importing a neighbour, tokio, reading files, printing,
//! length.
//! Not exempt: importing upwards (such a test belongs in `tests/`), a library out of its place, a clock, chance.

mod resolve;
mod rules;
mod scan;
mod self_test;
mod table;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rules::{Crates, Violation, judge};
use scan::{Source, Tree};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, below: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, below, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(below).unwrap().components();
            let names: Vec<_> = relative.map(|part| part.as_os_str().to_str().unwrap()).collect();
            found.push(Source { path: names.join("/"), text: fs::read_to_string(&path).unwrap() });
        }
    }
}

fn the_house() -> Tree {
    let mut found = Vec::new();
    sources(&root().join("src"), &root().join("src"), &mut found);
    assert!(found.iter().any(|source| source.path == "lib.rs"), "src/lib.rs is not where it is looked for");
    Tree::of(&found)
}

fn crates() -> Crates {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let names = |section: &str| -> BTreeSet<String> {
        manifest[section].as_table().unwrap().keys().map(|name| name.replace('-', "_")).collect()
    };
    Crates::new(names("dependencies"), names("dev-dependencies"))
}

fn show(violations: &BTreeSet<Violation>) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_house_keeps_its_rules() {
    let violations = judge(&the_house(), &crates()).broken;
    assert!(violations.is_empty(), "{} broken:\n{}", violations.len(), show(&violations));
}

#[test]
fn every_exception_is_needed() {
    let rows = judge(&the_house(), &crates()).unneeded;
    assert!(rows.is_empty(), "{}", show(&rows));
}

/// A scanner that reads nothing finds nothing wrong: these are known to be there.
#[test]
fn the_scanner_sees_the_house() {
    let tree = the_house();
    let names = |file: &str, path: &[&str]| tree.mentions.iter().any(|m| m.file == file && m.segments == path);
    assert!(names("ground/clock.rs", &["std", "time", "SystemTime"]));
    assert!(names("credential/identity.rs", &["crate", "store", "UseKey"]));
    assert!(tree.functions.iter().any(|function| function.name == "parse_utc" && function.lines > 10));
    assert!(tree.lengths["ground/time.rs"] > 50, "{}", tree.lengths["ground/time.rs"]);
    assert_eq!(tree.exported_macros.len(), 0);
}
