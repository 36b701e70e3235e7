//! `include`: files of tables and vocabularies, found among the files of the same set by their paths, without cycles.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::crypto::digest::{hex, sha256, sha256_of_parts};
use crate::diagnostic::{Diagnostic, Diagnostics, Findings, Source, Span, slip, suggest};
use crate::ground::claim::ClaimValue;
use crate::mapping::file::{self, File, MappingFile, RawRows, Word};
use crate::mapping::steps::Rows;
use crate::mapping::vocabulary::{Vocabulary, built_in};
use crate::mapping::yaml;

/// What files may include.
#[derive(Default)]
pub(super) struct Library {
    shared: BTreeMap<String, Shared>,
    /// The paths that some mapping includes, directly or not.
    used: BTreeSet<String>,
    /// The paths of files that cannot be included.
    others: BTreeSet<String>,
    /// The paths of files that cannot be read, or include what is not there.
    broken: BTreeSet<String>,
    /// What each attribute name is perhaps a slip of: sources have few names, and files many.
    slips: HashMap<String, Option<&'static str>>,
    /// Whether some include leads nowhere: then nobody knows what it was meant to use.
    incomplete: bool,
}

/// One file that others may include.
struct Shared {
    /// The paths that it includes.
    include: Vec<String>,
    tables: Vec<(Word, Arc<Table>)>,
    vocabulary: Option<Arc<Vocabulary>>,
    text: Vec<u8>,
}

/// A table: as written, and as it is looked into.
pub(super) struct Table {
    pub(super) keys: Vec<Word>,
    pub(super) rows: Arc<Rows>,
}

/// The tables that one mapping may name.
#[derive(Default)]
pub(super) struct Tables {
    known: BTreeMap<String, Arc<Table>>,
    own: Vec<Word>,
    used: BTreeSet<String>,
    /// Whether all that is included is there: else nobody knows which names it has.
    pub(super) incomplete: bool,
}

impl Table {
    pub(super) fn of(rows: &RawRows) -> Self {
        let cells = rows.iter().map(|(key, value)| (key.value.clone(), value.clone()));
        Self { keys: rows.iter().map(|(key, _)| key.clone()).collect(), rows: Arc::new(cells.collect()) }
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &ClaimValue> {
        self.rows.values()
    }
}

impl Tables {
    /// The table of this name, which is then used.
    pub(super) fn take(&mut self, name: &str) -> Option<Arc<Table>> {
        let table = self.known.get(name)?;
        self.used.insert(name.to_owned());
        Some(Arc::clone(table))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// The tables of the file itself that nothing has taken.
    pub(super) fn unused(&self) -> Vec<Word> {
        self.own.iter().filter(|name| !self.used.contains(&name.value)).cloned().collect()
    }
}

impl Library {
    /// Of all files; what is wrong with their includes is reported to themselves.
    pub(super) fn of(read: &mut [(Option<File>, Findings<'_>)]) -> Self {
        let mut library = Self::default();
        for (file, findings) in read.iter() {
            let path = normal(&findings.source.path);
            let text = findings.source.text.as_bytes().to_vec();
            let empty = Shared { include: Vec::new(), tables: Vec::new(), vocabulary: None, text };
            let shared = match file {
                Some(File::Tables(file)) => {
                    let include = file.include.iter().filter_map(|word| resolve(&path, &word.value)).collect();
                    let table = |(name, rows): &(Word, RawRows)| (name.clone(), Arc::new(Table::of(rows)));
                    Shared { include, tables: file.tables.iter().map(table).collect(), ..empty }
                }
                Some(File::Vocabulary(vocabulary)) => {
                    Shared { vocabulary: Some(Arc::new(vocabulary.clone())), ..empty }
                }
                Some(File::Mapping(_)) | None => {
                    if file.is_none() && findings.diagnostics.has_errors() {
                        library.broken.insert(path.clone());
                    }
                    library.others.insert(path);
                    continue;
                }
            };
            library.shared.insert(path, shared);
        }
        for (file, findings) in read {
            if let Some(File::Tables(file)) = file {
                let path = normal(&findings.source.path);
                for word in &file.include {
                    if library.check_include(&path, word, findings).is_none() {
                        library.broken.insert(path.clone());
                    }
                }
            }
        }
        library
    }

    /// Whether there is such a file, and whether it leads back here.
    fn check_include(&self, from: &str, word: &Word, findings: &mut Findings<'_>) -> Option<String> {
        let Some(path) = resolve(from, &word.value).filter(|path| self.shared.contains_key(path)) else {
            let is_in = |paths: &BTreeSet<String>| resolve(from, &word.value).is_some_and(|path| paths.contains(&path));
            // It is there, and what is wrong with it was found.
            if is_in(&self.broken) {
                return None;
            }
            let is_other = is_in(&self.others);
            let message = if is_other {
                format!("`{}` is not a file of tables or a vocabulary", word.value)
            } else {
                format!("there is no file `{}` below the folder of mappings", word.value)
            };
            let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
            let others = self.shared.keys().filter(|path| *path != from);
            let known: Vec<String> = others.map(|path| relative(folder, path)).collect();
            let problem = findings.error("mapping.include_unknown", word.span, message);
            match suggest(&word.value, known.iter().map(String::as_str)) {
                Some(suggestion) => problem.did_you_mean(Some(suggestion)),
                None => problem
                    .help("paths begin at the folder of this file; it must say `kind: tables` or `kind: vocabulary`"),
            };
            return None;
        };
        if path == from || self.reachable(&path).contains(from) {
            let message = format!("`{}` includes this file in turn", word.value);
            let problem = findings.error("mapping.include_cycle", word.span, message);
            problem.help("put what both need into a third file");
            return None;
        }
        Some(path)
    }

    /// The file itself and everything that it includes.
    fn reachable(&self, path: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::from([path.to_owned()]);
        let mut waiting = vec![path.to_owned()];
        while let Some(path) = waiting.pop() {
            for next in self.shared.get(&path).into_iter().flat_map(|shared| &shared.include) {
                if found.insert(next.clone()) {
                    waiting.push(next.clone());
                }
            }
        }
        found
    }

    /// The tables that a mapping may name: its own, and those of the files that it includes.
    pub(super) fn tables_of(&mut self, file: &MappingFile, findings: &mut Findings<'_>) -> Tables {
        let from = normal(&findings.source.path);
        let mut tables = Tables::default();
        let mut places: BTreeMap<String, Span> = BTreeMap::new();
        for (name, rows) in &file.tables {
            tables.known.insert(name.value.clone(), Arc::new(Table::of(rows)));
            tables.own.push(name.clone());
            places.insert(name.value.clone(), name.span);
        }
        let mut included = BTreeSet::new();
        for word in &file.include {
            let Some(path) = self.check_include(&from, word, findings) else {
                tables.incomplete = true;
                self.incomplete = true;
                continue;
            };
            for path in self.reachable(&path) {
                if !included.insert(path.clone()) {
                    continue;
                }
                tables.incomplete |= self.broken.contains(&path);
                for (name, table) in self.shared.get(&path).into_iter().flat_map(|shared| &shared.tables) {
                    if let Some(first) = places.insert(name.value.clone(), word.span) {
                        let message = format!("the table `{}` of `{path}` is there already", name.value);
                        let problem = findings.error("mapping.table_repeated", word.span, message);
                        problem
                            .related(first, "the first")
                            .help("rename one of the two: which one counts would be chance");
                    }
                    tables.known.entry(name.value.clone()).or_insert_with(|| Arc::clone(table));
                }
            }
        }
        self.used.extend(included);
        tables
    }

    /// The vocabularies that a mapping includes.
    pub(super) fn vocabularies_of(&self, file: &MappingFile, source: &Source) -> Vec<Arc<Vocabulary>> {
        let from = normal(&source.path);
        let paths = file.include.iter().filter_map(|word| resolve(&from, &word.value));
        let paths: BTreeSet<String> = paths.flat_map(|path| self.reachable(&path)).collect();
        paths.iter().filter_map(|path| self.shared.get(path)?.vocabulary.clone()).collect()
    }

    /// What a name that no built-in vocabulary has is perhaps a slip of.
    pub(super) fn slip(&mut self, name: &str) -> Option<&'static str> {
        if let Some(known) = self.slips.get(name) {
            return *known;
        }
        let names = || built_in().iter().flat_map(|vocabulary| &vocabulary.names).map(|entry| entry.name.as_str());
        let found = if names().any(|known| known == name) { None } else { slip(name, names()) };
        self.slips.insert(name.to_owned(), found);
        found
    }

    /// SHA-256, hexadecimal, over a mapping and all that it includes.
    pub(super) fn hash_of(&self, source: &Source, file: &MappingFile) -> String {
        let from = normal(&source.path);
        let paths: BTreeSet<String> = file
            .include
            .iter()
            .filter_map(|word| resolve(&from, &word.value))
            .flat_map(|path| self.reachable(&path))
            .collect();
        if paths.is_empty() {
            return hex(&sha256(source.text.as_bytes()));
        }
        let included = paths.iter().filter_map(|path| self.shared.get(path));
        let parts = std::iter::once(source.text.as_bytes()).chain(included.map(|shared| shared.text.as_slice()));
        hex(&sha256_of_parts(&parts.collect::<Vec<_>>()))
    }

    /// Files that no mapping includes.
    pub(super) fn unused(&self) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        for path in self.shared.keys().filter(|path| !self.incomplete && !self.used.contains(*path)) {
            let message = "no mapping includes this file";
            diagnostics
                .push(Diagnostic::warning("mapping.include_unused", path, Span::FILE, message))
                .help("name it under `include` of a mapping, or remove it");
        }
        diagnostics
    }
}

/// The paths of the files that a file includes, seen from where its own path is seen from.
pub fn includes(source: &Source) -> Vec<String> {
    let mut findings = Findings::of(source);
    let tree = yaml::parse(&mut findings);
    let file = tree.and_then(|tree| file::read(&tree, &mut findings));
    let words = match &file {
        Some(File::Mapping(file)) => file.include.as_slice(),
        Some(File::Tables(file)) => file.include.as_slice(),
        Some(File::Vocabulary(_)) | None => &[],
    };
    words.iter().filter_map(|word| resolve(&normal(&source.path), &word.value)).collect()
}

/// A path without `.` and `a/..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|last| !last.is_empty() && *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// An include, seen from the file that it stands in. `None` where it is no relative path.
fn resolve(from: &str, include: &str) -> Option<String> {
    if include.is_empty() || include.starts_with('/') {
        return None;
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let joined =
        if folder.is_empty() && !from.starts_with('/') { include.to_owned() } else { format!("{folder}/{include}") };
    Some(normal(&joined))
}

/// A path as it would be written in a file of that folder.
fn relative(folder: &str, path: &str) -> String {
    let from: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let to: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - common);
    up.chain(to.iter().skip(common).copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_at_the_folder_of_the_file() {
        for (from, include, expected) in [
            ("mappings/a.yaml", "t.yaml", Some("mappings/t.yaml")),
            ("mappings/x/a.yaml", "../t/b.yaml", Some("mappings/t/b.yaml")),
            ("a.yaml", "./t.yaml", Some("t.yaml")),
            ("/etc/d/a.yaml", "../../../x.yaml", Some("/../x.yaml")),
            ("a.yaml", "/etc/passwd", None),
            ("a.yaml", "", None),
        ] {
            assert_eq!(resolve(from, include).as_deref(), expected, "{from} {include}");
        }
        assert_eq!(relative("mappings/x", "mappings/t/b.yaml"), "../t/b.yaml");
        assert_eq!(relative("", "t.yaml"), "t.yaml");
    }
}
