//! What the documentation says exists, exists.

use std::fs;
use std::path::{Path, PathBuf};

use drawbridge::ground::reason::{Reason, ReasonCode};

struct Page {
    path: PathBuf,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn markdown_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "md"))
}

/// The pages that people write; `docs/reference/` is generated and has tests of its own.
fn pages() -> Vec<Page> {
    let folders = [root().to_owned(), root().join("docs")];
    let pages: Vec<_> = folders
        .iter()
        .flat_map(|folder| markdown_in(folder))
        .map(|path| Page { text: fs::read_to_string(&path).unwrap(), path })
        .collect();
    assert!(pages.iter().any(|page| page.path.ends_with("README.md")) && pages.len() > 10, "{} pages", pages.len());
    pages
}

/// What stands between `open` and `close`, wherever that is.
fn between<'a>(text: &'a str, open: &'a str, close: char) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
}

#[test]
fn links_lead_somewhere() {
    for page in pages() {
        for target in between(&page.text, "](", ')').filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { page.path.clone() } else { page.path.parent().unwrap().join(file) };
            // Written by the test that compares it.
            if file.ends_with("reference/reasons.md") {
                continue;
            }
            assert!(path.exists(), "{}: {target}", page.path.display());
            if !anchor.is_empty() {
                let text = fs::read_to_string(&path).unwrap();
                let is_it = |line: &str| {
                    let title = line.trim_start_matches('#').trim().to_lowercase();
                    line.starts_with('#') && title.replace(|c: char| !c.is_alphanumeric(), "-") == anchor
                };
                assert!(text.lines().any(is_it), "{}: {target}", page.path.display());
            }
        }
    }
}

#[test]
fn reason_codes_are_those_of_the_code() {
    let areas: Vec<&str> = Reason::ALL.iter().filter_map(|reason| reason.code().split('.').next()).collect();
    let mut seen = 0;
    for page in pages() {
        for word in page.text.lines().flat_map(|line| between(line, "`", '`')) {
            let code = word.trim_end_matches("<id>").trim_end_matches('…').trim_end_matches('.');
            let is_code = code.split_once('.').is_some_and(|(area, what)| {
                areas.contains(&area)
                    && !what.is_empty()
                    && what.bytes().all(|b| b == b'_' || b == b'.' || b.is_ascii_lowercase())
            });
            let is_file = Path::new(code).extension().is_some_and(|extension| extension == "md" || extension == "rs");
            if is_code && !is_file {
                assert!(ReasonCode::parse(code).is_some(), "{}: `{word}`", page.path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen} codes");
}

/// `src/crypto/jws.rs` and the like, in every page but the changelog, which tells of the past.
#[test]
fn files_that_are_named_are_there() {
    let folders = ["src/", "tests/", "scripts/", ".ci/"];
    for page in pages().into_iter().filter(|page| !page.path.ends_with("CHANGELOG.md")) {
        for word in page.text.lines().flat_map(|line| between(line, "`", '`')) {
            let is_path = folders.iter().any(|folder| word.starts_with(folder)) && !word.contains(['<', '…', '*', ' ']);
            assert!(!is_path || root().join(word).exists(), "{}: `{word}`", page.path.display());
        }
    }
}
