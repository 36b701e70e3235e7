//! The JSON Schemas tell the truth, by another implementation's word: what our readers accept is valid, and what they
//! refuse for its form is not.
//!
//! The validator is the `jsonschema` of Python: see `interop.rs` for where it comes from.

mod change;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use drawbridge::config::{Extent, LoadError, load};
use drawbridge::diagnostic::{Diagnostics, Findings, Node, Source, Value};
use drawbridge::ground::time::Timestamp;
use drawbridge::mapping::{CompileContext, compile, yaml};
use serde_json::json;

use crate::commands::folder::Folder;
use crate::interop::{python, script};

use change::to_json;
use walk::Walk;

/// The file that a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Mapping,
    Drawbridge,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Mapping => "mapping",
            Self::Drawbridge => "drawbridge",
        }
    }

    /// The schema that is checked in, and therefore what the command prints.
    fn schema(self) -> serde_json::Value {
        let path = root().join(format!("docs/reference/schema/{}.schema.json", self.word()));
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }
}

/// What the readers say of the form of a file, and a schema must find as well.
const OF_FORM: [&str; 18] = [
    "file.wrong_type",
    "file.wrong_value",
    "file.empty",
    "file.key_unknown",
    "file.key_missing",
    "mapping.rule_ambiguous",
    "mapping.test_empty",
    "mapping.test_without_clock",
    "mapping.kind_unknown",
    "mapping.version_unknown",
    "config.one_of",
    "config.list_empty",
    "config.list_repeats",
    "config.word_unknown",
    "config.not_in_this_version",
    "config.secret_literal",
    "config.duration_malformed",
    "config.trace_without_values",
];
/// What they say of single words. A schema finds what a pattern can tell.
const OF_WORDS: [&str; 11] = [
    "mapping.name_malformed",
    "config.number_out_of_range",
    "config.size_malformed",
    "config.name_malformed",
    "config.id_malformed",
    "config.scope_malformed",
    "config.issuer_malformed",
    "config.listen_malformed",
    "config.network_malformed",
    "config.env_malformed",
    "config.until_malformed",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn parsed(text: &str) -> Option<Node> {
    yaml::parse(&mut Findings::of(&Source::new("x.yaml", text)))
}

/// Judges documents, each by the schema of its kind: what is wrong with it.
fn verdicts(python: &str, documents: &[(Kind, String)]) -> Vec<Option<String>> {
    let of_kind = |kind: Kind| (kind.word().to_owned(), kind.schema());
    let schemas: serde_json::Map<_, _> = [Kind::Mapping, Kind::Drawbridge].map(of_kind).into_iter().collect();
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let documents: Vec<_> = documents.iter().map(|(kind, text)| json!([kind.word(), value(text)])).collect();
    let given = json!({ "schemas": schemas, "documents": documents }).to_string();
    serde_json::from_str(&script(python, "validate_schema.py", &[], &given)).unwrap()
}

/// A folder in which files are read.
struct Desk {
    folder: Folder,
}

type Said = BTreeSet<(String, String)>;

impl Desk {
    fn new() -> Self {
        let folder = Folder::new();
        folder.write("secrets/intranet", "another-key-of-some-32-characters\n");
        Self { folder }
    }

    /// What the reader says of a file with this text: codes and messages.
    fn said(&self, kind: Kind, name: &str, text: &str) -> Said {
        let diagnostics = match kind {
            Kind::Mapping => {
                let beside: &[&str] = if name == "mapping.yaml" { &["tables.yaml", "vocabulary.yaml"] } else { &[] };
                let beside = beside.iter().map(|name| Source::new(*name, fixture(name)));
                let sources: Vec<_> = [Source::new(name, text)].into_iter().chain(beside).collect();
                match compile(&sources, &CompileContext::default()) {
                    Ok(mappings) => mappings.warnings().clone(),
                    Err(diagnostics) => diagnostics,
                }
            }
            Kind::Drawbridge => self.loaded(text),
        };
        let of_file = diagnostics.iter().filter(|problem| problem.file.ends_with(name));
        of_file.map(|problem| (problem.code.to_owned(), problem.message.clone())).collect()
    }

    fn loaded(&self, text: &str) -> Diagnostics {
        self.folder.write("drawbridge.yaml", text);
        let key = ("INTRANET_KEY".to_owned(), "an-intranet-key-of-32-characters".to_owned());
        let now = Timestamp::parse_utc("2026-03-01T12:00:00Z").unwrap();
        match load(&self.folder.at("drawbridge.yaml"), Extent::Revision, &BTreeMap::from([key]), now) {
            Ok(loaded) => loaded.warnings,
            Err(LoadError::Refused(refused)) => refused.diagnostics,
            Err(error) => panic!("{error}"),
        }
    }
}

fn fixture(name: &str) -> String {
    fs::read_to_string(root().join("fixtures/schema").join(name)).unwrap()
}

fn has(said: &Said, codes: &[&str]) -> bool {
    said.iter().any(|(code, _)| codes.contains(&code.as_str()))
}

/// The documents of fixtures/schema, which have every key.
fn complete() -> [(Kind, &'static str); 5] {
    [
        (Kind::Mapping, "mapping.yaml"),
        (Kind::Mapping, "another.yaml"),
        (Kind::Mapping, "tables.yaml"),
        (Kind::Mapping, "vocabulary.yaml"),
        (Kind::Drawbridge, "drawbridge.yaml"),
    ]
}

#[test]
fn the_complete_files_have_every_key_and_are_accepted() {
    let desk = Desk::new();
    let mut seen = BTreeSet::new();
    for (kind, name) in complete() {
        let text = fixture(name);
        let said = desk.said(kind, name, &text);
        assert!(!has(&said, &OF_FORM) && !has(&said, &OF_WORDS), "{name}: {said:?}");
        let schema = kind.schema();
        seen.extend(Walk::of(&schema, &parsed(&text).unwrap()).places.into_iter().map(|place| (kind, place.pointer)));
    }
    for kind in [Kind::Mapping, Kind::Drawbridge] {
        for pointer in walk::properties(&kind.schema()) {
            assert!(seen.contains(&(kind, pointer.clone())), "no file of fixtures/schema has {pointer}");
        }
    }
}

/// Refused by the reader for what a value means beside another; a schema goes by which keys are there.
const BY_MEANING: [&str; 1] = ["mapping.yaml: #/$defs/a_claim with default"];

/// A changed document, and what the reader then says that it did not say before.
struct Changed {
    what: String,
    kind: Kind,
    text: String,
    said: Said,
}

fn changed(kind: Kind, name: &str) -> Vec<Changed> {
    let of_kind = complete().into_iter().filter(|(other, _)| *other == kind);
    let trees: Vec<Node> = of_kind.map(|(_, name)| parsed(&fixture(name)).unwrap()).collect();
    let (desk, tree) = (Desk::new(), parsed(&fixture(name)).unwrap());
    let before = desk.said(kind, name, &to_json(&tree));
    let as_it_is = Changed { what: format!("{name} as it is"), kind, text: to_json(&tree), said: Said::new() };
    let changes = change::changes(&kind.schema(), &tree, &trees).into_iter().map(|(what, changed)| {
        let text = to_json(&changed);
        let said = desk.said(kind, name, &text).difference(&before).cloned().collect();
        Changed { what: format!("{name}: {what}"), kind, text, said }
    });
    std::iter::once(as_it_is).chain(changes).collect()
}

#[test]
fn reader_and_schema_agree_on_every_change_of_every_key() {
    let Some(python) = python() else { return };
    let changed: Vec<Changed> = std::thread::scope(|scope| {
        let threads = complete().map(|(kind, name)| scope.spawn(move || changed(kind, name)));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(changed.len() > 1_500, "{}", changed.len());
    let documents: Vec<_> = changed.iter().map(|changed| (changed.kind, changed.text.clone())).collect();
    let mut refused = 0;
    let mut wrong = BTreeMap::new();
    for (Changed { what, said, .. }, verdict) in changed.iter().zip(verdicts(&python, &documents)) {
        match verdict {
            Some(error) if said.is_empty() => drop(wrong.insert(what.as_str(), format!("only the schema: {error}"))),
            None if has(said, &OF_FORM) => drop(wrong.insert(what, format!("only the reader: {said:?}"))),
            Some(_) => refused += 1,
            None => {}
        }
    }
    for known in BY_MEANING {
        assert!(wrong.remove(known).is_some_and(|why| why.starts_with("only the reader")), "{known}");
    }
    assert!(wrong.is_empty(), "one alone refuses {} of {}: {wrong:#?}", wrong.len(), documents.len());
    assert!(refused > 1_000, "{refused}");
}

/// Every YAML file, and every example of a page that is a whole file.
fn repository() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["docs", "mappings", "fixtures"].map(|name| root().join(name)).into();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            match path.extension().and_then(|extension| extension.to_str()) {
                _ if path.is_dir() => folders.push(path),
                Some("yaml") => found.push((name, fs::read_to_string(&path).unwrap())),
                Some("md") => {
                    let page = fs::read_to_string(&path).unwrap();
                    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
                    found.extend(blocks.map(|block| (name.clone(), block.to_owned())));
                }
                _ => {}
            }
        }
    }
    let folder = Folder::new();
    for name in ["drawbridge.yaml", "mappings/payroll.yaml"] {
        found.push((format!("the folder of the tests: {name}"), fs::read_to_string(folder.at(name)).unwrap()));
    }
    found
}

fn kind_of(tree: &Node) -> Option<Kind> {
    let Value::Table(entries) = &tree.value else { return None };
    let has = |key: &str| entries.iter().any(|entry| entry.key == key);
    let is_foreign = entries.iter().any(|entry| entry.key == "kind" && !is_our_kind(&entry.value));
    match (has("kind"), has("issuer")) {
        (true, _) if !is_foreign => Some(Kind::Mapping),
        (false, true) => Some(Kind::Drawbridge),
        (_, _) => None,
    }
}

fn is_our_kind(kind: &Node) -> bool {
    matches!(&kind.value, Value::Text(word) if drawbridge::mapping::KINDS.contains(&word.as_str()))
}

#[test]
fn what_the_repository_has_is_valid_where_the_reader_accepts_it() {
    let Some(python) = python() else { return };
    let desk = Desk::new();
    let mut documents = Vec::new();
    let mut notes = Vec::new();
    for (what, text) in repository() {
        let Some(tree) = parsed(&text) else { continue };
        let Some(kind) = kind_of(&tree) else { continue };
        let name = if kind == Kind::Mapping { "new.yaml" } else { "drawbridge.yaml" };
        notes.push((what, desk.said(kind, name, &text)));
        documents.push((kind, to_json(&tree)));
    }
    let mut accepted = BTreeMap::from([(Kind::Mapping, 0), (Kind::Drawbridge, 0)]);
    for (((what, said), verdict), (kind, _)) in notes.iter().zip(verdicts(&python, &documents)).zip(&documents) {
        let of_form = has(said, &OF_FORM);
        if let Some(error) = verdict {
            assert!(of_form || has(said, &OF_WORDS), "{what}: only the schema refuses it: {error}");
        } else {
            assert!(!of_form, "{what}: only the reader refuses it: {said:?}");
            *accepted.get_mut(kind).unwrap() += 1;
        }
    }
    assert!(accepted[&Kind::Mapping] > 20 && accepted[&Kind::Drawbridge] > 3, "{accepted:?}");
}
