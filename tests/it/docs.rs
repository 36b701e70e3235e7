//! What the documentation says exists, exists.

mod tutorial;

use std::fs;
use std::path::{Path, PathBuf};

use drawbridge::config::problem;
use drawbridge::crypto::mac::{MacAlgorithm, MacKey};
use drawbridge::ground::reason::{Reason, ReasonCode};

use crate::commands::folder::Folder;

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
                let is_known = ReasonCode::parse(code).is_some() || problem::find(code).is_some();
                assert!(is_known, "{}: `{word}`", page.path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen} codes");
}

/// `src/crypto/jws.rs` and, below `src/`, `crypto/jws.rs`; in every page but the changelog, which tells of the past.
#[test]
fn files_that_are_named_are_there() {
    let floors: Vec<_> = fs::read_dir(root().join("src")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let tops = ["src", "tests", "scripts", "fixtures", "docs", "examples", ".ci"];
    let mut seen = 0;
    for page in pages().into_iter().filter(|page| !page.path.ends_with("CHANGELOG.md")) {
        for word in page.text.lines().flat_map(|line| between(line, "`", '`')) {
            let Some((top, _)) = word.split_once('/').filter(|_| !word.contains(['<', '…', '*', ' ', ':'])) else {
                continue;
            };
            let below_src = floors.iter().any(|floor| floor.to_str() == Some(top));
            if below_src || tops.contains(&top) {
                let path = if below_src { root().join("src").join(word) } else { root().join(word) };
                assert!(path.exists() || path.with_extension("rs").exists(), "{}: `{word}`", page.path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 40, "{seen} files");
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// The YAML examples of a page, without those that leave something out (`…`).
fn yaml_of(page: &str) -> Vec<&str> {
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|example| !example.contains('…')).collect()
}

/// The folder that `docs/getting-started.md` builds, made of its own examples.
fn as_getting_started() -> Folder {
    let page = page("getting-started.md");
    let [configuration, mapping, ..] = yaml_of(&page)[..] else { panic!("two examples") };
    let folder = Folder::new();
    folder.write("drawbridge.yaml", &configuration.replace("./secrets/master.key", "./master.key"));
    folder.write("mappings/payroll.yaml", mapping);
    folder.write("secrets/payroll-portal", "wGhx1UpzM0Qd7qkZb3oT9yVr\n");
    fs::copy(folder.at("idp-a.xml"), folder.at("idp.xml")).unwrap();
    folder
}

fn is_good(folder: &Folder, of: &str) {
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, 0, "{of}: {}{}", ran.out, ran.err);
    assert!(!ran.out.contains("warning"), "{of}: {}", ran.out);
}

#[test]
fn the_examples_of_getting_started_pass_check() {
    is_good(&as_getting_started(), "getting-started.md");
}

#[test]
fn the_example_of_a_session_source_reads_the_example_of_a_cookie() {
    const KEY: [u8; 16] = *b"a key of 16 byte";
    let (folder, page) = (as_getting_started(), page("sessions.md"));
    folder.replace("drawbridge.yaml", "clients:", &format!("{}clients:", yaml_of(&page)[0]));
    folder.replace("drawbridge.yaml", "sources: [corp-adfs]", "sources: [corp-adfs, intranet]");
    folder.write("secrets/intranet.k1", &hex(b"another key of 16"));
    folder.write("secrets/intranet.k2", &hex(&KEY));
    folder.write(
        "mappings/intranet.yaml",
        "kind: mapping\nversion: 1\nid: intranet\nsource: intranet\n\
         attributes: { groups: { name: groups, many: true } }\nsubject: { from: name_id }\nclaims: { groups: groups }\n\
         scopes: { payroll.read: \"'staff' in attr.groups\" }\nrelease: { https://payroll.example: [groups] }\n",
    );
    is_good(&folder, "sessions.md");

    let cookie = between(&page, "Say a cookie reads `", '`').next().unwrap();
    let (payload, _) = cookie.rsplit_once('.').unwrap();
    let mac = hex(&MacKey::new(MacAlgorithm::HmacSha256, &KEY).mac(payload.as_bytes()));
    folder.write("cookie.txt", &format!("{payload}.{mac}"));
    let ran = folder.run(&["mapping", "explain", "--source", "intranet", "--credential", "cookie.txt"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("ana.ruiz") && ran.out.contains("admins"), "{}", ran.out);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}
