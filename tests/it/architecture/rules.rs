//! The tables applied to a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::resolve::{BINARY, Resolver, Target};
use super::scan::{Kind, Mention, Tree};
use super::table::{
    Allowed, BY_OUTPUT_ONLY, FLOORS, FOR_TESTS, IMPURE, IMPURE_PLACES, Impurity, LIBRARIES, LONG_FILES, LONG_FUNCTIONS,
    MAX_FILE_LINES, MAX_FUNCTION_LINES, NEVER_ASYNC, PRINTING, PURE_TOO, PURE_UP_TO, STREAM,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    Upward,
    Sideways,
    OutputOnly,
    RootOnlyDeclares,
    BinaryOnlyCallsCli,
    UnknownFloor,
    UnknownName,
    LibraryOutOfPlace,
    LibraryWithoutRow,
    Io,
    Clock,
    Chance,
    Async,
    Include,
    Oddity,
    LongFile,
    LongFunction,
    RowWithoutUse,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Violation {
    pub file: String,
    pub line: usize,
    pub rule: Rule,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "src/{}:{}: {:?}: {}", self.file, self.line, self.rule, self.what)
    }
}

/// The crates that `Cargo.toml` lets code name, and the standard library's.
pub(super) struct Crates {
    dependencies: BTreeSet<String>,
    nameable: BTreeSet<String>,
}

impl Crates {
    /// `dev` dependencies can be named, and only in tests: the compiler sees to that.
    pub(super) fn new(dependencies: BTreeSet<String>, dev: BTreeSet<String>) -> Self {
        let standard = ["std", "core", "alloc"].map(str::to_owned);
        let nameable = dependencies.iter().cloned().chain(dev).chain(standard).collect();
        Self { dependencies, nameable }
    }
}

/// What the tables say of a tree.
pub(super) struct Verdict {
    pub broken: BTreeSet<Violation>,
    /// Rows of the tables that nothing needs: for the real tree only, a self-test needs none of them.
    pub unneeded: BTreeSet<Violation>,
}

pub(super) fn judge(tree: &Tree, crates: &Crates) -> Verdict {
    let resolver = Resolver::new(tree, &crates.nameable);
    let mut judge = Judge { tree, resolver, found: BTreeSet::new(), used: BTreeSet::new() };
    for mention in &tree.mentions {
        judge.mention(mention);
    }
    judge.modules();
    judge.lengths();
    judge.dependencies(crates);
    let broken = std::mem::take(&mut judge.found);
    judge.rows(crates);
    Verdict { broken, unneeded: judge.found }
}

struct Judge<'a> {
    tree: &'a Tree,
    resolver: Resolver<'a>,
    found: BTreeSet<Violation>,
    /// Rows of the lists of exceptions that held back a violation.
    used: BTreeSet<String>,
}

fn floor_of(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

fn is_pure(mention: &Mention, floor: Option<u8>) -> bool {
    let top = mention.module.first().map(String::as_str).unwrap_or_default();
    floor.is_some_and(|floor| floor <= PURE_UP_TO) || PURE_TOO.contains(&top)
}

/// A rule's path, or one below it, or (for a glob) one above it.
fn touches(path: &str, rule: &str, kind: Kind) -> bool {
    let below = |inner: &str, outer: &str| {
        inner == outer || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with("::"))
    };
    below(path, rule) || (kind == Kind::Glob && below(rule, path))
}

fn is_in(file: &str, places: &[&str]) -> bool {
    let file = file.trim_end_matches(".rs");
    places.iter().any(|place| match place.strip_suffix('*') {
        Some(beginning) => file.starts_with(beginning),
        None => file == *place || file.strip_prefix(place).is_some_and(|rest| rest.starts_with('/')),
    })
}

impl Judge<'_> {
    fn add(&mut self, file: &str, line: usize, rule: Rule, what: String) {
        self.found.insert(Violation { file: file.to_owned(), line, rule, what });
    }

    fn of(&mut self, mention: &Mention, rule: Rule, what: String) {
        self.add(&mention.file, mention.line, rule, what);
    }

    fn mention(&mut self, mention: &Mention) {
        let from = mention.module.first().map(String::as_str);
        let floor = from.and_then(floor_of);
        self.word(mention, floor);
        for target in self.resolver.targets(mention) {
            match target {
                Target::Ours(path) => {
                    self.ours(mention, from, floor, &path);
                    self.by_output(mention, from, floor, &path);
                }
                Target::Behind(path) => self.ours(mention, from, floor, &path),
                Target::Theirs(path) => self.theirs(mention, floor, &path),
            }
        }
    }

    /// Macros and keywords that need no path.
    fn word(&mut self, mention: &Mention, floor: Option<u8>) {
        let pure = is_pure(mention, floor);
        let name = mention.segments.last().cloned().unwrap_or_default();
        let standard = mention.segments.len() == 1 || mention.segments.iter().any(|segment| segment == "std");
        match mention.kind {
            Kind::Macro if standard && name == "include" => {
                self.of(mention, Rule::Include, "`include!` brings in code that nobody reads here".to_owned());
            }
            Kind::Macro if standard && pure && !mention.test && PRINTING.contains(&name.as_str()) => {
                self.of(mention, Rule::Io, format!("`{name}!` on a pure floor"));
            }
            Kind::Keyword if !mention.test && floor.is_some_and(|floor| NEVER_ASYNC.contains(&floor)) => {
                self.of(mention, Rule::Async, "`async` on a floor that never waits".to_owned());
            }
            Kind::Macro | Kind::Keyword | Kind::Path | Kind::Glob => {}
        }
    }

    fn ours(&mut self, mention: &Mention, from: Option<&str>, floor: Option<u8>, path: &[String]) {
        let Some(top) = self.top_of(mention, path) else { return };
        match (from, floor) {
            (None, _) => {
                let what =
                    format!("`lib.rs` names `{}`: it declares the modules and re-exports nothing", path.join("::"));
                self.of(mention, Rule::RootOnlyDeclares, what);
            }
            (Some(BINARY), _) if top == "cli" || top == BINARY => {}
            (Some(BINARY), _) => self.of(mention, Rule::BinaryOnlyCallsCli, format!("`main.rs` names `{top}`")),
            (Some(_), None) => {} // `modules` says it once
            (Some(from), Some(floor)) => match floor_of(&top) {
                Some(other) if other > floor => {
                    self.of(mention, Rule::Upward, format!("`{from}` ({floor}) names `{}` ({other})", path.join("::")));
                }
                Some(other) if other == floor && top != from && !mention.test => {
                    let what = format!("`{from}` names its neighbour `{}` on floor {floor}", path.join("::"));
                    self.of(mention, Rule::Sideways, what);
                }
                Some(_) | None => {}
            },
        }
    }

    /// The top-level module of a path of ours; `None` after telling what is wrong with it.
    fn top_of(&mut self, mention: &Mention, path: &[String]) -> Option<String> {
        let Some(first) = path.first() else {
            if mention.kind == Kind::Glob {
                let what = "a glob over the crate root names every floor".to_owned();
                self.of(mention, Rule::UnknownName, what);
            }
            return None;
        };
        if let Some(module) = self.tree.exported_macros.get(first) {
            return module.first().cloned();
        }
        let known =
            first == BINARY || self.tree.modules.get(&Vec::new()).is_some_and(|root| root.children.contains(first));
        if known {
            return Some(first.clone());
        }
        // A name that the root imports: what is behind it is judged instead.
        let imported = self.tree.modules.get(&Vec::new()).is_some_and(|root| root.names.contains_key(first));
        if !imported {
            self.of(mention, Rule::UnknownName, format!("`crate::{}` is no module of the crate root", path.join("::")));
        }
        None
    }

    /// Rule 3 of the house: `mapping` knows `credential::Identity`, not `credential::saml`.
    fn by_output(&mut self, mention: &Mention, from: Option<&str>, floor: Option<u8>, path: &[String]) {
        let [top, second, ..] = path else { return };
        let sees_by_output = floor.is_some_and(|floor| BY_OUTPUT_ONLY.contains(&floor)) && from != Some(top.as_str());
        let in_stream = floor_of(top).is_some_and(|floor| STREAM.contains(&floor));
        let is_module = self.tree.modules.contains_key(&vec![top.clone(), second.clone()]);
        if sees_by_output && in_stream && is_module && !mention.test {
            let what = format!("`{}` is seen by what `{top}` puts out, not by its module `{second}`", path.join("::"));
            self.of(mention, Rule::OutputOnly, what);
        }
    }

    fn theirs(&mut self, mention: &Mention, floor: Option<u8>, path: &[String]) {
        let name = path.first().map(String::as_str).unwrap_or_default();
        if let Some((_, Allowed::In(places))) = LIBRARIES.iter().find(|(row, _)| *row == name)
            && !is_in(&mention.file, places)
            && !(mention.test && FOR_TESTS.contains(&name))
        {
            let what = format!("`{}`: `{name}` is named in {} only", path.join("::"), places.join(", "));
            self.of(mention, Rule::LibraryOutOfPlace, what);
        }
        if mention.module.first().is_some_and(|first| first == BINARY) && name != "std" {
            self.of(mention, Rule::BinaryOnlyCallsCli, format!("`main.rs` names `{name}`"));
        }
        if is_pure(mention, floor) {
            self.impure(mention, &path.join("::"));
        }
    }

    fn impure(&mut self, mention: &Mention, path: &str) {
        for (rule_path, impurity) in IMPURE.iter().filter(|(rule_path, _)| touches(path, rule_path, mention.kind)) {
            let rule = match impurity {
                Impurity::Io if mention.test => continue,
                Impurity::Chance if mention.test && *rule_path == "aws_lc_rs::rand" => continue,
                Impurity::Io => Rule::Io,
                Impurity::Clock => Rule::Clock,
                Impurity::Chance => Rule::Chance,
            };
            let excused = IMPURE_PLACES.iter().find(|(file, what, _)| *file == mention.file && what == rule_path);
            if let Some((file, what, _)) = excused {
                self.used.insert(format!("{file} {what}"));
            } else {
                self.of(mention, rule, format!("`{path}` on a pure floor"));
            }
        }
    }

    /// Every top-level module stands on a floor.
    fn modules(&mut self) {
        for source in self.tree.lengths.keys() {
            let top = source.split('/').next().unwrap_or_default().trim_end_matches(".rs");
            if !matches!(top, "lib" | BINARY) && floor_of(top).is_none() {
                self.found.insert(Violation {
                    file: source.clone(),
                    line: 1,
                    rule: Rule::UnknownFloor,
                    what: format!("`{top}` stands on no floor"),
                });
            }
        }
        for oddity in &self.tree.oddities {
            self.found.insert(Violation {
                file: oddity.file.clone(),
                line: oddity.line,
                rule: Rule::Oddity,
                what: oddity.what.clone(),
            });
        }
    }

    fn lengths(&mut self) {
        for (file, lines) in self.tree.lengths.iter().filter(|(_, lines)| **lines > MAX_FILE_LINES) {
            if LONG_FILES.iter().any(|(row, _)| row == file) {
                self.used.insert(file.clone());
            } else {
                self.add(file, *lines, Rule::LongFile, format!("{lines} lines without tests, over {MAX_FILE_LINES}"));
            }
        }
        let long: BTreeMap<_, _> = self
            .tree
            .functions
            .iter()
            .filter(|function| function.lines > MAX_FUNCTION_LINES && !function.test)
            .map(|function| ((&function.file, function.line), (&function.name, function.lines)))
            .collect();
        for ((file, line), (name, lines)) in long {
            if LONG_FUNCTIONS.iter().any(|(row, row_name, _)| row == file && row_name == name) {
                self.used.insert(format!("{file} {name}"));
            } else {
                let what = format!("`{name}` has {lines} lines, over {MAX_FUNCTION_LINES}");
                self.add(file, line, Rule::LongFunction, what);
            }
        }
    }

    fn dependencies(&mut self, crates: &Crates) {
        for name in &crates.dependencies {
            if !LIBRARIES.iter().any(|(row, _)| row == name) {
                let what = format!("`{name}` is a dependency without a row: decide where it may be named");
                self.add("../Cargo.toml", 0, Rule::LibraryWithoutRow, what);
            }
        }
    }

    fn rows(&mut self, crates: &Crates) {
        let excuses = IMPURE_PLACES.iter().map(|(file, path, _)| format!("{file} {path}"));
        let files = LONG_FILES.iter().map(|(file, _)| (*file).to_owned());
        let functions = LONG_FUNCTIONS.iter().map(|(file, name, _)| format!("{file} {name}"));
        let gone = LIBRARIES.iter().filter(|(name, _)| !crates.dependencies.contains(*name));
        let rows: Vec<String> = excuses.chain(files).chain(functions).filter(|row| !self.used.contains(row)).collect();
        for row in rows.into_iter().chain(gone.map(|(name, _)| (*name).to_owned())) {
            let what = format!("nothing needs the row `{row}` any more");
            self.add("../tests/it/architecture/table.rs", 0, Rule::RowWithoutUse, what);
        }
    }
}
