//! `docs/reference/diagnostics/`: a page for each code of `drawbridge check`. Its example is loaded as a server would
//! load it, and the page shows what an administrator then reads, to the character.
//!
//! A page is written by hand, but for that text. The index is generated.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::config::{Extent, LoadError, load, master_key, problem};
use crate::crypto::entropy::SystemEntropy;
use crate::diagnostic::{Color, Diagnostics, Source, render};
use crate::ground::time::Timestamp;
use crate::mapping::TestReport;

use super::super::sarif::first_sentence;
use super::{is_as_generated, is_update};

/// The day on which the examples are checked.
const NOW: &str = "2026-03-01T12:00:00Z";

/// What an example has where it brings no file of its own.
const CONFIGURATION: &str = "\
# drawbridge.yaml
issuer: https://bridge.example
master_key: { file: ./master.key }
mappings: ./mappings
storage: { sled: { path: ./data } }
saml:
  identity_providers:
    - { id: corp, metadata: { file: ./corp.xml } }
    - { id: partner, metadata: { file: ./partner.xml } }
clients:
  - id: portal
    secret: { file: ./secrets/portal }
    grants: [saml2-bearer, token-exchange]
    sources: [corp, partner]
    audiences: [https://payroll.example, https://reports.example]
apis:
  - { audience: https://payroll.example, scopes: [payroll.read, payroll.write] }
  - { audience: https://reports.example, scopes: [reports.read] }
";
const MAPPING: &str = "\
# mappings/payroll.yaml
kind: mapping
version: 1
id: payroll
source: corp
subject: { from: name_id }
scopes: { payroll.read: \"true\" }
";

/// What else lies in the folder, and the line of the index that says so.
const FILES: [(&str, Content, u32, &str); 11] = [
    ("corp.xml", Content::Metadata("idp-a.xml"), 0o600, "metadata of `https://idp-a.example/saml`"),
    ("partner.xml", Content::Metadata("idp-b.xml"), 0o600, "metadata of `https://idp-b.example/saml`"),
    ("expired.xml", Content::Metadata("expired.xml"), 0o600, "metadata whose `validUntil` has passed"),
    ("no-key.xml", Content::Metadata("no-signing-key.xml"), 0o600, "metadata without a signing key"),
    ("secrets/portal", Content::Text("wGhx1UpzM0Qd7qkZb3oT9yVr\n"), 0o600, "a good secret"),
    ("secrets/desk", Content::Text("Xe5iD1oGhU7lWq2pFz9aKs3n\n"), 0o600, "another"),
    ("secrets/short", Content::Text("fifteen-bytes-x\n"), 0o600, "a secret of 15 bytes"),
    ("secrets/weak", Content::Text("sixteen-bytes-xx\n"), 0o600, "a secret of 16 bytes"),
    ("secrets/two-lines", Content::Text("a secret that is\nin two lines of text\n"), 0o600, "a secret in two lines"),
    ("secrets/readable", Content::Text("Pq0vY2nB8sLkT5wZ1xHc7dRf\n"), 0o644, "a good secret that everybody may read"),
    ("secrets/writable", Content::Text("Jm4rE9uKaX3gN6tQyV0bC8zS\n"), 0o666, "a good secret that everybody may change"),
];
const INTRANET_KEY: (&str, &str) = ("INTRANET_KEY", "00112233445566778899aabbccddeeff");

enum Content {
    Text(&'static str),
    /// A file of `fixtures/saml/metadata/`.
    Metadata(&'static str),
}

/// Codes whose page has no example, and why. The page says it in the same words.
const WITHOUT_EXAMPLE: [(&str, &str); 6] = [
    ("config.policy_refused", "it stands for what the checks before it have not thought of"),
    ("config.provider_refused", "it takes metadata with more keys than fit on a page"),
    ("config.second_opinion_missing", "whether it occurs depends on how the program was built"),
    ("file.too_large", "it would be larger than this page should be"),
    ("file.unreadable", "it is about a file that cannot be shown"),
    ("mapping.subject_rule_changed", "whether it occurs depends on what the server has issued before"),
];

const SECTIONS: [&str; 4] = ["## What it does", "## Why it is a problem", "## Example", "## Instead"];
const SECTIONS_WITHOUT_EXAMPLE: [&str; 3] = ["## What it does", "## Why it is a problem", "## What to do"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/diagnostics")
}

/// The text below a heading, up to the next.
fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no `{heading}`: {page}"));
    rest.split_once("\n## ").map_or(rest, |(section, _)| section)
}

/// What stands in the fenced blocks of one language.
fn blocks<'p>(section: &'p str, language: &str) -> Vec<&'p str> {
    let open = format!("```{language}\n");
    section.split(open.as_str()).skip(1).map(|rest| rest.split_once("```").expect("a block that ends").0).collect()
}

/// Path and text of each file of an example. The first line may name the path.
fn files<'p>(code: &str, section: &'p str) -> Vec<(&'p str, &'p str)> {
    let usual = if code.starts_with("config.") { "drawbridge.yaml" } else { "mappings/payroll.yaml" };
    let named = |text: &'p str| {
        let path = text.strip_prefix("# ")?.lines().next()?;
        (Path::new(path).extension().is_some() && !path.contains(' ')).then_some(path)
    };
    let files: Vec<_> = blocks(section, "yaml").into_iter().map(|text| (named(text).unwrap_or(usual), text)).collect();
    assert!(!files.is_empty(), "{code}: no file in {section}");
    files
}

/// What loading these files comes to, as `drawbridge check` would show it in their folder.
fn loaded(files: &[(&str, &str)]) -> (Diagnostics, String) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for (name, content, mode, _) in &FILES {
        match content {
            Content::Text(text) => write(name, text, *mode),
            Content::Metadata(fixture) => {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/saml/metadata").join(fixture);
                write(name, &fs::read_to_string(path).unwrap(), *mode);
            }
        }
    }
    for name in ["empty", "data"] {
        fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    for name in ["master.key", "data/master.key"] {
        master_key::init(&folder.path().join(name), &SystemEntropy).unwrap();
    }
    write("drawbridge.yaml", CONFIGURATION, 0o600);
    if !files.iter().any(|(name, _)| name.starts_with("mappings/")) {
        write("mappings/payroll.yaml", MAPPING, 0o600);
    }
    for (name, text) in files {
        write(name, text, 0o600);
    }
    let variables = BTreeMap::from([(INTRANET_KEY.0.to_owned(), INTRANET_KEY.1.to_owned())]);
    let now = Timestamp::parse_utc(NOW).unwrap();
    let (mut diagnostics, sources, tests) =
        match load(&folder.path().join("drawbridge.yaml"), Extent::Start, &variables, now) {
            Ok(loaded) => (loaded.warnings, loaded.sources, loaded.tests),
            Err(LoadError::Refused(refused)) => (refused.diagnostics, refused.sources, refused.tests),
            Err(error) => panic!("{error}"),
        };
    for failed in tests.iter().filter_map(TestReport::diagnostic) {
        diagnostics.push(failed);
    }
    let shown = shown(&diagnostics, &sources, folder.path());
    (diagnostics, shown)
}

/// As in the folder itself: paths are relative there.
fn shown(diagnostics: &Diagnostics, sources: &[Source], folder: &Path) -> String {
    render(diagnostics, sources, Color::Never).replace(&format!("{}/", folder.display()), "").trim_end().to_owned()
}

/// The page with the text that its example really yields.
fn with_shown(page: &str, shown: &str) -> String {
    let example = section(page, "## Example");
    let start = example.as_ptr() as usize - page.as_ptr() as usize;
    let open = start + example.find("```text\n").expect("a block of text") + "```text\n".len();
    let close = open + page[open..].find("```").expect("a block that ends");
    format!("{}{shown}\n{}", &page[..open], &page[close..])
}

/// The page as it should be, or what is wrong with it.
fn checked(code: &str, page: &str) -> Result<String, String> {
    let ensure = |holds: bool, wrong: String| if holds { Ok(()) } else { Err(format!("{code}: {wrong}")) };
    ensure(page.starts_with(&format!("# `{code}`\n")), "its title is another".into())?;
    for target in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        ensure(folder().join(target).exists(), format!("`{target}` does not exist"))?;
    }
    let headings: Vec<_> = page.lines().filter(|line| line.starts_with("## ")).collect();
    if let Some((_, reason)) = WITHOUT_EXAMPLE.iter().find(|(exception, _)| *exception == code) {
        ensure(headings == SECTIONS_WITHOUT_EXAMPLE, format!("its sections are {headings:?}"))?;
        let line = format!("There is no example here: {reason}.");
        ensure(page.contains(&line), format!("it does not say `{line}`"))?;
        return Ok(page.to_owned());
    }
    ensure(headings == SECTIONS, format!("its sections are {headings:?}"))?;
    let example = section(page, "## Example");
    ensure(blocks(example, "text").len() == 1, "its example shows not one text".into())?;
    let (diagnostics, shown) = loaded(&files(code, example));
    let found: BTreeSet<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    ensure(found == BTreeSet::from([code]), format!("its example has not this problem alone:\n{shown}"))?;
    let (left, shown_instead) = loaded(&files(code, section(page, "## Instead")));
    ensure(left.is_empty(), format!("what it says under `Instead` is not good either:\n{shown_instead}"))?;
    Ok(with_shown(page, &shown))
}

#[test]
fn every_code_has_a_page_that_shows_what_an_administrator_reads() {
    let mut wrong = Vec::new();
    for code in problem::all().map(|problem| problem.code) {
        let path = folder().join(format!("{code}.md"));
        let Ok(page) = fs::read_to_string(&path) else {
            wrong.push(format!("{code}: write {}", path.display()));
            continue;
        };
        match checked(code, &page) {
            Ok(right) if right == page => {}
            Ok(right) if is_update() => fs::write(&path, &right).unwrap(),
            Ok(right) => {
                wrong.push(format!("{code}: its text is old, `UPDATE_DOCS=1 cargo test reference` makes it\n{right}"));
            }
            Err(problem) => wrong.push(problem),
        }
    }
    assert!(wrong.is_empty(), "{} pages are wrong\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn every_page_has_a_code() {
    let codes: BTreeSet<String> = problem::all().map(|problem| format!("{}.md", problem.code)).collect();
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages: BTreeSet<String> = entries.filter(|name| name != "README.md").collect();
    assert_eq!(pages.difference(&codes).collect::<Vec<_>>(), Vec::<&String>::new());
    for (code, _) in WITHOUT_EXAMPLE {
        assert!(codes.contains(&format!("{code}.md")), "{code}");
    }
}

#[test]
fn the_index_is_what_the_code_says() {
    is_as_generated("docs/reference/diagnostics/README.md", &render_index());
}

#[test]
fn the_files_of_the_index_are_good() {
    let (diagnostics, shown) = loaded(&[]);
    assert!(diagnostics.is_empty(), "{shown}");
}

const HEAD: &str = "# What `drawbridge check` says

<!-- Generated from the tables of codes and from src/cli/reference/diagnostics.rs. `UPDATE_DOCS=1 cargo test reference`
rewrites it; `cargo test` compares, runs the example of each page, and compares what is shown. -->

A page for each code: what it finds, why that is a problem, an example with what you then read, and how it is written
instead. `drawbridge explain CODE` says the same in short.

The examples are whole files. Those that bring no `drawbridge.yaml` stand beside this one, and those that bring no
mapping beside the second:
";

/// The whole page.
fn render_index() -> String {
    let mut page = format!("{HEAD}\n```yaml\n{CONFIGURATION}```\n\n```yaml\n{MAPPING}```\n\n");
    let _ = write!(
        page,
        "Beside them lie `master.key`, another in the folder `data`, a folder `empty` without files, and\n\n| file | what it is |\n|---|---|\n"
    );
    for (name, _, mode, what) in FILES {
        let mode = if mode == 0o600 { String::new() } else { format!(", mode {mode:04o}") };
        let _ = writeln!(page, "| `{name}` | {what}{mode} |");
    }
    let _ = write!(page, "\nThe variable `{}` holds 16 bytes in hexadecimal. The moment is {NOW}.\n", INTRANET_KEY.0);
    for (area, title) in [
        ("file", "file: any file"),
        ("mapping", "mapping: files below the folder of mappings"),
        ("config", "config: drawbridge.yaml, and what it names"),
    ] {
        let _ = write!(page, "\n## {title}\n\n| code | what it finds |\n|---|---|\n");
        let mut problems: Vec<_> =
            problem::all().filter(|problem| problem.code.split('.').next() == Some(area)).collect();
        problems.sort_by_key(|problem| problem.code);
        for problem in problems {
            let code = problem.code;
            let _ = writeln!(page, "| [`{code}`]({code}.md) | {} |", first_sentence(problem.cause));
        }
    }
    page
}
