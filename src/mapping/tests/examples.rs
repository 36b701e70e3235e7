//! `mappings/examples/`: what administrators copy compiles without a warning, passes its own tests, whose coverage is
//! full, and shows the whole language.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::diagnostic::shape::{Keys, Shape};
use crate::diagnostic::{Findings, Node, Value};
use crate::mapping::cel;

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect();
    files.sort();
    files
}

/// Every file, with its path seen from the folder.
fn examples() -> Vec<SourceFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings/examples");
    let read = |path: PathBuf| {
        let shown = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
        SourceFile::new(shown, fs::read_to_string(&path).unwrap())
    };
    files_in(&folder).into_iter().map(read).collect()
}

/// A file and all that it includes, as `mapping test FILE` reads them.
fn with_included(file: &SourceFile, all: &[SourceFile]) -> Vec<SourceFile> {
    let mut files = vec![file.clone()];
    let mut next = 0;
    while let Some(paths) = files.get(next).map(includes) {
        next += 1;
        for path in paths {
            let included = all.iter().find(|other| other.path == path).unwrap_or_else(|| panic!("no {path}"));
            if !files.iter().any(|known| known.path == path) {
                files.push(included.clone());
            }
        }
    }
    files
}

fn check(files: &[SourceFile]) {
    let mappings = compile(files, &CompileContext::default())
        .unwrap_or_else(|found| panic!("{}", render(&found, files, Color::Never)));
    assert!(mappings.warnings().is_empty(), "{}", render(mappings.warnings(), files, Color::Never));
    let reports = mappings.run_tests(NOW);
    for report in &reports {
        assert_eq!(report.lines(), Vec::<String>::new(), "{}: {}", report.file, report.name);
    }
    for coverage in mappings.coverage(&reports) {
        assert_eq!(coverage.missed, Vec::<String>::new(), "{}", coverage.file);
    }
}

#[test]
fn each_is_good_alone_and_all_are_good_together() {
    let all = examples();
    let mappings: Vec<_> = all.iter().filter(|file| file.text.contains("kind: mapping\n")).collect();
    assert!(mappings.len() >= 12, "{}", mappings.len());
    for file in mappings {
        check(&with_included(file, &all));
    }
    check(&all);
}

/// A recorded credential needs a configuration with its keys, and a shadow a live mapping: `docs/mapping.md` tells of them.
const NOT_SHOWN: [&str; 2] = ["`given`.credential", "a mapping.stage: shadow"];

/// Takes away what this file shows.
fn note(node: &Node, shape: Shape, left: &mut BTreeSet<String>, of: &str) {
    match (shape, &node.value) {
        (Shape::Keys(keys), Value::Table(entries)) => {
            for entry in entries {
                let Some(key) = keys.keys.iter().find(|key| key.name == entry.key) else { continue };
                let place = format!("{}.{}", keys.what, key.name);
                left.remove(&place);
                note(&entry.value, key.shape, left, &place);
            }
        }
        (Shape::Words(_), Value::Text(word)) => {
            left.remove(&format!("{of}: {word}"));
        }
        (Shape::Filled(inner), _) => note(node, *inner, left, of),
        (Shape::Either(shapes), _) => shapes.iter().for_each(|shape| note(node, *shape, left, of)),
        (Shape::List(item) | Shape::Set(item), Value::List(nodes)) => {
            for node in nodes {
                note(node, *item, left, of);
            }
        }
        (Shape::Entries(value), Value::Table(entries)) => {
            for entry in entries {
                note(&entry.value, *value, left, of);
            }
        }
        (_, _) => {}
    }
}

/// Every key of every table, and every word that a key may have.
fn places(keys: &'static Keys, found: &mut BTreeSet<String>) {
    for key in keys.keys {
        let place = format!("{}.{}", keys.what, key.name);
        if found.insert(place.clone()) {
            places_of(key.shape, &place, found);
        }
    }
}

fn places_of(shape: Shape, place: &str, found: &mut BTreeSet<String>) {
    if let Shape::Keys(keys) = shape {
        places(keys, found);
    }
    if let Shape::Words(words) = shape {
        found.extend(words.iter().map(|word| format!("{place}: {word}")));
    }
    shape.parts().iter().for_each(|part| places_of(*part, place, found));
}

#[test]
fn every_key_and_every_word_of_the_language_is_shown() {
    let kinds = [("mapping", &shapes::MAPPING), ("tables", &shapes::TABLES), ("vocabulary", &shapes::VOCABULARY)];
    let mut left = BTreeSet::new();
    for (_, keys) in kinds {
        places(keys, &mut left);
    }
    let count = left.len();
    for file in examples() {
        let tree = yaml::parse(&mut Findings::of(&file)).unwrap();
        let (_, keys) = kinds.iter().find(|(kind, _)| file.text.contains(&format!("kind: {kind}\n"))).unwrap();
        note(&tree, Shape::Keys(keys), &mut left, "");
    }
    assert_eq!(left.into_iter().collect::<Vec<_>>(), NOT_SHOWN);
    assert!(count > 80, "{count}");
}

fn without_comment(line: &str) -> &str {
    line.split_once("# ").map_or(line, |(before, _)| before)
}

#[test]
fn every_function_and_name_of_expressions_is_shown() {
    let text: String = examples().iter().flat_map(|file| file.text.lines()).map(without_comment).collect();
    let words: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let called = cel::functions().filter(|name| !text.contains(&format!("{name}(")));
    let named = cel::names().filter(|name| !words.contains(name));
    assert_eq!(called.chain(named).collect::<Vec<_>>(), Vec::<&str>::new());
}
