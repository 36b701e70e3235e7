//! From files to a revision: read twice until two readings agree, judged, tested.
//!
//! ```text
//! path ─read, again until equal─▶ Snapshot ─resolve, compile─▶ Settings, Mappings ─tests─▶ Loaded, or Refused
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::crypto::digest::hex;
use crate::diagnostic::{Diagnostic, Diagnostics, Findings, Source, Span, Value, suggest};
use crate::ground::id::{Audience, ClientId, SourceId};
use crate::ground::time::Timestamp;
use crate::mapping::{CompileContext, KINDS, Mappings, TestReport, compile, includes, yaml};

use super::environment::Environment;
use super::master_key;
use super::raw::Raw;
use super::redact;
use super::settings::{self, KnownSources, Settings, resolve};
use super::snapshot::{Content, Reading, Snapshot, beside, read_mapping, source_of};

/// After so many readings of which no two in a row agree, somebody is still writing.
const MAX_READINGS: usize = 8;

/// A whole set of files, checked and tested: a revision.
#[derive(Debug)]
pub struct Loaded {
    /// What the configuration means.
    pub settings: Settings,
    /// Every mapping.
    pub mappings: Mappings,
    /// The tests of the mappings; all passed, unless it was loaded for [`Extent::Explain`].
    pub tests: Vec<TestReport>,
    /// What is not wrong, but should be looked at.
    pub warnings: Diagnostics,
    /// The files, for rendering the warnings.
    pub sources: Vec<Source>,
    /// SHA-256 over everything that was read, hexadecimal.
    pub revision: String,
}

/// A set that cannot be taken: it has errors, or tests failed.
#[derive(Debug, Default)]
pub struct Refused {
    /// Every problem of every file, warnings included.
    pub diagnostics: Diagnostics,
    /// The files, for rendering.
    pub sources: Vec<Source>,
    /// The tests of the mappings, where they could be run.
    pub tests: Vec<TestReport>,
}

/// Why there is no revision.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The configuration file itself cannot be read.
    #[error("`{}` cannot be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// A phrase.
        why: String,
    },
    /// No two readings agreed.
    #[error("the files changed while they were read, {MAX_READINGS} times over")]
    Changing,
    /// The files have problems.
    #[error("the files have problems")]
    Refused(Box<Refused>),
}

/// How much is asked of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The revision, whatever its tests say: `explain` is asked for most when one fails.
    Explain,
    /// The revision alone: what a server loads again and again.
    Revision,
    /// The master key as well: whether a server could start.
    Start,
}

/// Reads and judges everything. The environment is asked for the variables that the configuration names.
pub fn load(path: &Path, extent: Extent, environment: &dyn Environment, now: Timestamp) -> Result<Loaded, LoadError> {
    let snapshot = settled(path, environment)?;
    let mut judged = Judged::of(&snapshot, path);
    if extent == Extent::Start {
        judged.check_master_key(&snapshot, path);
    }
    judged.finish(&snapshot, path, now, extent)
}

/// The sources of the configuration, each by itself: neither mappings nor clients need be good.
pub fn known_sources(path: &Path, environment: &dyn Environment, now: Timestamp) -> Result<KnownSources, LoadError> {
    let snapshot = settled(path, environment)?;
    let Some(raw) = &snapshot.raw else {
        let (diagnostics, sources) = (snapshot.problems.clone(), vec![snapshot.source]);
        return Err(LoadError::Refused(Box::new(Refused { diagnostics, sources, tests: Vec::new() })));
    };
    Ok(settings::known_sources(&snapshot, raw, path, now))
}

/// A hash over everything that the configuration names, as it lies there now, unjudged: tells a server cheaply that
/// something has changed.
pub fn fingerprint(path: &Path, environment: &dyn Environment) -> Result<[u8; 32], String> {
    Snapshot::read(path, environment).map(|snapshot| snapshot.hash())
}

/// The last of two equal readings.
fn settled(path: &Path, environment: &dyn Environment) -> Result<Snapshot, LoadError> {
    let read =
        || Snapshot::read(path, environment).map_err(|why| LoadError::Unreadable { path: path.to_path_buf(), why });
    let mut hash = read()?.hash();
    for _ in 1..MAX_READINGS {
        let snapshot = read()?;
        let next = snapshot.hash();
        if next == hash {
            return Ok(snapshot);
        }
        hash = next;
    }
    Err(LoadError::Changing)
}

/// What the judgement has come to so far.
struct Judged {
    diagnostics: Diagnostics,
    sources: Vec<Source>,
    mapping_files: Vec<Source>,
}

impl Judged {
    fn of(snapshot: &Snapshot, path: &Path) -> Self {
        let mut judged = Self {
            diagnostics: snapshot.problems.clone(),
            sources: vec![snapshot.source.clone()],
            mapping_files: Vec::new(),
        };
        judged.take_mappings(snapshot, path);
        judged
    }

    /// Sorts the files below the folder of mappings: those that are, and those that are not.
    fn take_mappings(&mut self, snapshot: &Snapshot, path: &Path) {
        let named = snapshot.raw.as_ref().and_then(|raw| raw.server.mappings.as_ref());
        let Some(named) = named else { return };
        match &snapshot.mappings {
            Err(why) => {
                let folder = beside(path, &named.value);
                let message = format!("the mappings in `{}` cannot be read: {why}", folder.display());
                self.diagnostics
                    .push(Diagnostic::error("config.mappings_unread", &snapshot.source.path, named.span, message))
                    .note("relative paths begin at the folder of this file");
            }
            Ok(files) => {
                for (path, reading) in files {
                    self.take_mapping(path, reading);
                }
                if self.mapping_files.is_empty() && !self.diagnostics.has_errors() {
                    let message = format!("no mapping was found below `{}`", named.value);
                    self.diagnostics
                        .push(Diagnostic::warning(
                            "config.mappings_missing",
                            &snapshot.source.path,
                            named.span,
                            message,
                        ))
                        .help("a mapping is a file with `kind: mapping` and the extension .yaml");
                }
            }
        }
    }

    fn take_mapping(&mut self, path: &Path, reading: &Reading) {
        match read_mapping_source(path, reading) {
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
            }
            Ok(source) if path.extension().is_some_and(|extension| extension == "yml") => {
                let message = "this file is not read: its extension is .yml";
                self.diagnostics
                    .push(Diagnostic::warning("config.mapping_ignored", source.path, Span::FILE, message))
                    .help("name it .yaml");
            }
            Ok(source) => {
                if let Some((kind, span)) = foreign_kind(&source) {
                    let message = format!("this file is not read: its kind is `{kind}`");
                    self.diagnostics
                        .push(Diagnostic::warning("config.mapping_ignored", &source.path, span, message))
                        .help(format!("the kinds are {}", KINDS.join(", ")));
                } else {
                    self.mapping_files.push(source.clone());
                }
                self.sources.push(source);
            }
        }
    }

    /// A mapping file that was named, with everything that it includes.
    fn take_named(&mut self, file: &Path) {
        let mut waiting = vec![(file.to_path_buf(), true)];
        while let Some((path, named)) = waiting.pop() {
            if self.mapping_files.iter().any(|source| Path::new(&source.path) == path) {
                continue;
            }
            match read_mapping_source(&path, &read_mapping(&path)) {
                // Whatever an include names, nothing is shown of a file that is none of ours.
                Ok(source) if !named && !is_shared(&source) => {}
                Ok(source) => {
                    waiting.extend(includes(&source).into_iter().map(|path| (PathBuf::from(path), false)));
                    self.sources.push(source.clone());
                    self.mapping_files.push(source);
                }
                Err(diagnostic) if named => {
                    self.diagnostics.push(*diagnostic);
                }
                // Whoever includes it is told that it is not there.
                Err(_) => {}
            }
        }
    }

    /// Whether a server could open its store.
    fn check_master_key(&mut self, snapshot: &Snapshot, path: &Path) {
        let Some(at) = snapshot.raw.as_ref().and_then(|raw| raw.server.master_key.as_ref()) else { return };
        if let Err(error) = master_key::load(&beside(path, &at.value)) {
            let file = &snapshot.source.path;
            self.diagnostics
                .push(Diagnostic::error(error.code(), file, at.span, error.to_string()))
                .label("named here")
                .help(error.help());
        }
    }

    fn finish(mut self, snapshot: &Snapshot, path: &Path, now: Timestamp, extent: Extent) -> Result<Loaded, LoadError> {
        let resolved = snapshot.raw.as_ref().map(|raw| resolve(snapshot, raw, path, now));
        let settings = resolved.and_then(|(settings, problems)| {
            self.diagnostics.extend(problems);
            settings
        });
        let compiled = compile(&self.mapping_files, &context(snapshot));
        let tests = compiled.as_ref().map(|mappings| mappings.run_tests(now)).unwrap_or_default();
        let mappings = match compiled {
            Ok(mappings) => {
                self.diagnostics.extend(mappings.warnings().clone());
                let raw = snapshot.raw.iter();
                let suspects = raw.flat_map(|raw| redact::suspects(raw, &mappings, &snapshot.source.path));
                for suspect in suspects {
                    self.diagnostics.push(suspect);
                }
                Some(mappings)
            }
            Err(problems) => {
                self.diagnostics.extend(problems);
                None
            }
        };
        let passed = extent == Extent::Explain || tests.iter().all(TestReport::passed);
        match (settings, mappings) {
            (Some(settings), Some(mappings)) if passed && !self.diagnostics.has_errors() => Ok(Loaded {
                settings,
                mappings,
                tests,
                warnings: self.diagnostics,
                sources: self.sources,
                revision: hex(&snapshot.public_hash()),
            }),
            (_, _) => {
                let refused = Refused { diagnostics: self.diagnostics, sources: self.sources, tests };
                Err(LoadError::Refused(Box::new(refused)))
            }
        }
    }
}

/// What mappings may name. Where a part of the configuration could not be read, nothing is said: else a broken client
/// would make every mapping that names it wrong as well.
fn context(snapshot: &Snapshot) -> CompileContext {
    match &snapshot.raw {
        Some(raw) if !snapshot.problems.has_errors() => context_of(raw),
        Some(_) | None => CompileContext::default(),
    }
}

fn context_of(raw: &Raw) -> CompileContext {
    let apis: BTreeMap<_, _> =
        raw.apis.iter().map(|api| (Audience::new(api.audience.value.as_str()), api.scopes.clone())).collect();
    CompileContext {
        sources: Some(raw.source_ids().map(|at| SourceId::new(at.value.as_str())).collect()),
        clients: Some(raw.clients.iter().map(|client| ClientId::new(client.id.value.as_str())).collect()),
        apis: Some(apis),
    }
}

fn read_mapping_source(path: &Path, reading: &Reading) -> Result<Source, Box<Diagnostic>> {
    let shown = path.to_string_lossy();
    let unreadable = |why: &str| {
        let message = format!("the file cannot be read: {why}");
        Box::new(Diagnostic::error("file.unreadable", shown.as_ref(), Span::FILE, message))
    };
    let content: &Content = reading.as_ref().map_err(|why| unreadable(why))?;
    source_of(path, content).ok_or_else(|| unreadable("it is not UTF-8"))
}

/// Whether a file says that it is one that others may include.
fn is_shared(source: &Source) -> bool {
    let Some(root) = yaml::parse(&mut Findings::of(source)) else { return false };
    let Value::Table(entries) = root.value else { return false };
    let kind = entries.into_iter().find(|entry| entry.key == "kind").map(|entry| entry.value.value);
    matches!(kind, Some(Value::Text(word)) if word != "mapping" && KINDS.contains(&word.as_str()))
}

/// The kind of a file that is neither a mapping nor what one may include. A missing kind, or a misspelt one, is the compiler's to
/// report.
fn foreign_kind(source: &Source) -> Option<(String, Span)> {
    let root = yaml::parse(&mut Findings::of(source))?;
    let Value::Table(entries) = root.value else { return None };
    let kind = entries.into_iter().find(|entry| entry.key == "kind")?.value;
    match kind.value {
        Value::Text(word) if !KINDS.contains(&word.as_str()) && suggest(&word, KINDS).is_none() => {
            Some((word, kind.span))
        }
        Value::Text(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::List(_)
        | Value::Table(_) => None,
    }
}

/// What `drawbridge mapping test` found.
#[derive(Debug)]
pub struct Tested {
    /// Problems of the mapping files alone.
    pub diagnostics: Diagnostics,
    /// The files, for rendering.
    pub sources: Vec<Source>,
    /// Every self-contained test that could be run.
    pub tests: Vec<TestReport>,
    /// The mappings, where they have no errors.
    pub mappings: Mappings,
}

/// Compiles and tests these mapping files, or without any those of the configuration. Files can be tested without a
/// configuration: what it would know is then taken as they say.
pub fn test_mappings(
    path: &Path,
    files: &[PathBuf],
    environment: &dyn Environment,
    now: Timestamp,
) -> Result<Tested, LoadError> {
    let snapshot = match settled(path, environment) {
        Ok(snapshot) => Some(snapshot),
        Err(LoadError::Unreadable { .. }) if !files.is_empty() => None,
        Err(error) => return Err(error),
    };
    let sources = snapshot.iter().map(|snapshot| snapshot.source.clone()).collect();
    let mut judged = Judged { diagnostics: Diagnostics::new(), sources, mapping_files: Vec::new() };
    if let Some(snapshot) = snapshot.as_ref().filter(|_| files.is_empty()) {
        judged.take_mappings(snapshot, path);
    }
    for file in files {
        judged.take_named(file);
    }
    let context = snapshot.as_ref().map(context).unwrap_or_default();
    let mappings = match compile(&judged.mapping_files, &context) {
        Ok(mappings) => {
            judged.diagnostics.extend(mappings.warnings().clone());
            mappings
        }
        Err(problems) => {
            judged.diagnostics.extend(problems);
            Mappings::default()
        }
    };
    let tests = mappings.run_tests(now);
    Ok(Tested { diagnostics: judged.diagnostics, sources: judged.sources, tests, mappings })
}
