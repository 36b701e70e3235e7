//! Our canonical form against what two engines that share no code agree on, and against octets that signatures prove.
//!
//! `fixtures/saml/c14n/sample.tsv` is always compared. `scripts/test` makes 50,000 more documents with
//! `fixtures/saml/make/c14n_differential.py`, takes the interoperability sets of signxml's source package with
//! `interop_signxml.py`, and names the two files in the variables below.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::arena::{Cdata, Comments, XmlPrefix};
use super::*;
use crate::crypto::digest::{hex, sha256};

const GENERATED: &str = "DRAWBRIDGE_C14N_CASES";
const INTEROP: &str = "DRAWBRIDGE_C14N_INTEROP";
/// The generator writes CDATA sections, which messages may not have; the interoperability sets are larger.
const LENIENT: Limits =
    Limits { comments: Comments::Drop, cdata: Cdata::AsText, xml_prefix: XmlPrefix::MayBeDeclared, ..Limits::MESSAGE };

/// A document, and the SHA-256 of the canonical form of one of its elements.
struct Case<'f> {
    of: &'f str,
    text: String,
    apex: Apex<'f>,
    omit: Option<usize>,
    prefixes: &'f str,
    digest: &'f str,
}

enum Apex<'f> {
    Id(&'f str),
    Number(usize),
}

#[expect(clippy::disallowed_methods, reason = "a switch of the test, not of the product")]
fn named_by(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

fn lines(file: &str) -> impl Iterator<Item = Vec<&str>> {
    file.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

fn decoded(base64: &str) -> String {
    String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap()
}

/// `document, ID of the apex, PrefixList, digest`.
fn generated<'f>(line: &[&'f str]) -> Case<'f> {
    let [document, id, prefixes, digest] = line[..] else { panic!("{} columns", line.len()) };
    Case { of: document, text: decoded(document), apex: Apex::Id(id), omit: None, prefixes, digest }
}

/// `path, document, number of the apex, number of the Signature to leave out, PrefixList, digest`.
fn interop<'f>(line: &[&'f str]) -> Case<'f> {
    let [path, document, apex, omit, prefixes, digest] = line[..] else { panic!("{} columns", line.len()) };
    let (apex, omit) = (Apex::Number(apex.parse().unwrap()), (omit != "-").then(|| omit.parse().unwrap()));
    Case { of: path, text: decoded(document), apex, omit, prefixes, digest }
}

fn check(case: &Case<'_>) {
    let arena = Arena::parse(&case.text, &LENIENT).unwrap_or_else(|refused| panic!("{}: {refused}", case.of));
    let apex = match case.apex {
        Apex::Id(id) => arena.elements().find(|element| element.attribute("ID") == Some(id)),
        Apex::Number(number) => arena.elements().nth(number),
    };
    let omit = case.omit.and_then(|number| arena.elements().nth(number));
    let prefix = |word: &str| if word == "#default" { Some(Prefix::DEFAULT) } else { arena.prefix(word) };
    let prefixes: Vec<_> = case.prefixes.split(' ').filter(|word| *word != "-").filter_map(prefix).collect();
    let mut out = Vec::new();
    canonicalize(apex.unwrap(), omit.map(Element::id), &prefixes, &mut out).unwrap();
    assert_eq!(hex(&sha256(&out)), case.digest, "{}\n{}\n{}", case.of, case.text, String::from_utf8_lossy(&out));
}

fn check_file(path: &Path, at_least: usize, read: impl for<'f> Fn(&[&'f str]) -> Case<'f>) {
    let file = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let count = lines(&file).map(|line| check(&read(&line))).count();
    assert!(count >= at_least, "{count} cases in {}", path.display());
}

#[test]
fn the_canonical_form_is_what_other_engines_and_foreign_signatures_prove() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/saml/c14n/sample.tsv");
    check_file(&sample, 500, generated);
    if let Some(made) = named_by(GENERATED) {
        check_file(&made, 50_000, generated);
    }
    if let Some(fetched) = named_by(INTEROP) {
        check_file(&fetched, 95, interop);
    }
}
