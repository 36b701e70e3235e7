//! Random documents on whose exclusive canonical form libxml2 and the JDK agree: ours must be the same, to the octet.
//!
//! 500 are stored. `DRAWBRIDGE_C14N_CASES` names a file with more, from fixtures/saml/make/c14n_differential.py;
//! `scripts/test` makes 50,000.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::arena::{Arena, Cdata, Limits, Prefix};
use super::canonicalize;
use crate::crypto::digest::{hex, sha256};

const SAMPLE: &str = include_str!("../../../../fixtures/saml/c14n/sample.tsv");
/// The documents are what the gate admits, but for CDATA.
const LIMITS: Limits = Limits { cdata: Cdata::AsText, ..Limits::MESSAGE };

#[test]
fn two_other_engines_agree_with_ours_on_the_sample() {
    assert_eq!(compare(SAMPLE), 500);
}

/// Without the variable there is nothing to compare; `scripts/test` has a part that sets it, and lists the part where it
/// cannot run.
#[test]
fn two_other_engines_agree_with_ours_on_the_cases_that_were_made() {
    #[expect(clippy::disallowed_methods, reason = "the configuration of a test, not of the bridge")]
    let Some(path) = std::env::var_os("DRAWBRIDGE_C14N_CASES").filter(|path| !path.is_empty()) else { return };
    let cases = std::fs::read_to_string(&path).unwrap();
    let compared = compare(&cases);
    println!("{compared} documents have the canonical form that libxml2 and the JDK agree on");
    assert!(compared >= 1_000, "{} has only {compared} cases", path.display());
}

/// How many documents were compared; all differences at once.
fn compare(cases: &str) -> usize {
    let lines: Vec<_> = cases.lines().filter(|line| !line.starts_with('#')).collect();
    let different: Vec<_> = lines.iter().filter_map(|line| difference(line)).collect();
    let shown = different.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(different.is_empty(), "{} of {} differ\n{shown}", different.len(), lines.len());
    lines.len()
}

fn difference(line: &str) -> Option<String> {
    let [document, apex, list, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
    let document = String::from_utf8(STANDARD.decode(document).unwrap()).unwrap();
    let arena = match Arena::parse(&document, &LIMITS) {
        Ok(arena) => arena,
        Err(refused) => return Some(format!("{document}\nis refused: {refused}")),
    };
    let apex = arena.elements().find(|element| element.attribute("ID") == Some(apex)).unwrap();
    let known = |token| if token == "#default" { Some(Prefix::DEFAULT) } else { arena.prefix(token) };
    let inclusive: Vec<_> = list.split_ascii_whitespace().filter(|list| *list != "-").filter_map(known).collect();
    let mut canonical = Vec::new();
    canonicalize(apex, None, &inclusive, &mut canonical).unwrap();
    let found = hex(&sha256(&canonical));
    (found != expected).then(|| format!("{document}\nwith `{list}` is\n{}", String::from_utf8(canonical).unwrap()))
}
