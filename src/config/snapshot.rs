//! Everything that the configuration names, as it was read at one time.
//!
//! ```text
//! drawbridge.yaml ─▶ Raw ─which files, variables, folders─▶ Snapshot
//! ```
//!
//! **Invariant.** After a snapshot nothing else is read: what is judged is what was hashed.
//!
//! **Invariant.** Only regular files are read, each up to its limit: a FIFO or a device cannot hang or fill a server.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use zeroize::Zeroizing;

use crate::crypto::digest::sha256_of_parts;
use crate::diagnostic::{Findings, Source, Span};
use crate::mapping::yaml;

use super::environment::Environment;
use super::raw::{self, Raw, RawSecret};

const MAX_SECRET_BYTES: u64 = 64 * 1024;
/// Federations describe thousands of providers in one file; a provider's own is a few KiB.
const MAX_METADATA_BYTES: u64 = 16 * 1024 * 1024;
const MAX_YAML_BYTES: u64 = 1 << 20;
const MAX_MAPPINGS: usize = 4096;
const MAX_DEPTH: usize = 8;

/// A file, or why there is none.
pub(super) type Reading = Result<Content, String>;

/// What a file held.
#[derive(PartialEq, Eq)]
pub(super) struct Content {
    /// Zeroed when dropped: it may be a secret.
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The permission bits.
    pub(super) mode: u32,
}

/// See the module.
pub(super) struct Snapshot {
    /// The configuration's text.
    pub(super) source: Source,
    /// What stands in it, and what is wrong with its form.
    pub(super) raw: Option<Raw>,
    /// Problems of its form.
    pub(super) problems: crate::diagnostic::Diagnostics,
    /// Secrets and metadata, by the path as written.
    pub(super) files: BTreeMap<String, Reading>,
    /// Variables, by name.
    pub(super) variables: BTreeMap<String, Option<Zeroizing<String>>>,
    /// Mapping files, by path; the error is that of the folder.
    pub(super) mappings: Result<BTreeMap<PathBuf, Reading>, String>,
}

impl Snapshot {
    /// Reads the configuration and all that it names. Fails only where the configuration itself cannot be read.
    pub(super) fn read(path: &Path, environment: &dyn Environment) -> Result<Self, String> {
        let source = read_source(path)?;
        let mut findings = Findings::of(&source);
        let root = yaml::parse(&mut findings);
        let raw = root.and_then(|root| raw::read(&root, &mut findings));
        let problems = findings.diagnostics;
        let mut snapshot = Self {
            source,
            raw: None,
            problems,
            files: BTreeMap::new(),
            variables: BTreeMap::new(),
            mappings: Ok(BTreeMap::new()),
        };
        if let Some(raw) = &raw {
            snapshot.follow(raw, path, environment);
        }
        Ok(Self { raw, ..snapshot })
    }

    fn follow(&mut self, raw: &Raw, path: &Path, environment: &dyn Environment) {
        for secret in secrets(raw) {
            match secret {
                RawSecret::File(file) => {
                    let reading = read_file(&beside(path, &file.value), MAX_SECRET_BYTES);
                    self.files.insert(file.value.clone(), reading);
                }
                RawSecret::Env(name) => {
                    let value = environment.variable(&name.value).map(Zeroizing::new);
                    self.variables.insert(name.value.clone(), value);
                }
            }
        }
        for provider in raw.saml.iter().flat_map(|saml| &saml.identity_providers) {
            let file = &provider.metadata.value;
            self.files.insert(file.clone(), read_file(&beside(path, file), MAX_METADATA_BYTES));
        }
        if let Some(folder) = &raw.server.mappings {
            self.mappings = read_mappings(&beside(path, &folder.value));
        }
    }

    /// SHA-256 over everything that was read, secrets included: two equal snapshots have one hash. Never shown: with it
    /// an unknown secret could be guessed.
    pub(super) fn hash(&self) -> [u8; 32] {
        self.hash_with(|parts, name, value| parts.extend([name, value]))
    }

    /// The same without the content of secrets: the name of a revision in records and on screens.
    pub(super) fn public_hash(&self) -> [u8; 32] {
        self.hash_with(|parts, name, _| parts.push(name))
    }

    fn hash_with<'s>(&'s self, secret: impl Fn(&mut Vec<&'s [u8]>, &'s [u8], &'s [u8])) -> [u8; 32] {
        let mut parts: Vec<&[u8]> = vec![b"drawbridge revision v1", self.source.text.as_bytes()];
        let secrets: Vec<&str> = self.raw.iter().flat_map(secrets).filter_map(RawSecret::file).collect();
        for (path, reading) in &self.files {
            parts.extend([b"file".as_slice(), path.as_bytes()]);
            let [word, content] = parts_of(reading);
            if secrets.contains(&path.as_str()) {
                secret(&mut parts, word, content);
            } else {
                parts.extend([word, content]);
            }
        }
        for (name, value) in &self.variables {
            parts.extend([b"variable".as_slice(), name.as_bytes()]);
            let [word, content] =
                value.as_ref().map_or([b"absent".as_slice(), b""], |value| [b"present", value.as_bytes()]);
            secret(&mut parts, word, content);
        }
        match &self.mappings {
            Err(error) => parts.extend([b"mappings unread", error.as_bytes()]),
            Ok(files) => {
                for (path, reading) in files {
                    parts.extend([b"mapping", path.as_os_str().as_encoded_bytes()]);
                    parts.extend(parts_of(reading));
                }
            }
        }
        sha256_of_parts(&parts)
    }
}

fn parts_of(reading: &Reading) -> [&[u8]; 2] {
    match reading {
        Ok(content) => [b"read", &content.bytes],
        Err(error) => [b"unread", error.as_bytes()],
    }
}

fn secrets(raw: &Raw) -> impl Iterator<Item = &RawSecret> {
    let clients = raw.clients.iter().filter_map(|client| client.secret.as_ref());
    clients.chain(raw.sessions.iter().flat_map(|session| session.keys.iter().map(|key| &key.secret)))
}

/// A path as written, seen from the folder of the configuration file, without `.` in it.
pub(super) fn beside(configuration: &Path, written: &str) -> PathBuf {
    let folder = configuration.parent().unwrap_or_else(|| Path::new(""));
    let path = folder.join(written);
    path.components().filter(|component| *component != Component::CurDir).collect()
}

/// A YAML file with its text.
pub(super) fn read_source(path: &Path) -> Result<Source, String> {
    let content = read_file(path, MAX_YAML_BYTES)?;
    source_of(path, &content).ok_or_else(|| "it is not UTF-8".to_owned())
}

/// A mapping file.
pub(super) fn read_mapping(path: &Path) -> Reading {
    read_file(path, MAX_YAML_BYTES)
}

/// The text of a file that was read; `None` where it is not UTF-8.
pub(super) fn source_of(path: &Path, content: &Content) -> Option<Source> {
    let text = String::from_utf8(content.bytes.to_vec()).ok()?;
    Some(Source::new(path.to_string_lossy(), text))
}

/// A regular file, up to a limit in bytes; the error is a phrase such as "permission denied".
pub(super) fn read_file(path: &Path, limit: u64) -> Reading {
    let phrase = |error: io::Error| words(&error);
    let metadata = fs::metadata(path).map_err(phrase)?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len().min(limit)).unwrap_or(0)));
    let file = File::open(path).map_err(phrase)?;
    // Of what is open, which may be another file than the one that was looked at.
    let mode = file.metadata().map_err(phrase)?.permissions().mode() & 0o777;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(phrase)?;
    if bytes.len() as u64 > limit {
        return Err(format!("it is larger than {} KiB", limit / 1024));
    }
    Ok(Content { bytes, mode })
}

/// An error of the system in the words that people know, without its number.
pub(super) fn words(error: &io::Error) -> String {
    let kind = error.kind();
    if kind == io::ErrorKind::NotFound {
        "it does not exist".to_owned()
    } else if kind == io::ErrorKind::PermissionDenied {
        "permission denied".to_owned()
    } else {
        error.to_string()
    }
}

/// A folder of this name directly below that of the mappings is left out, unless it is itself named as that.
const EXAMPLES: &str = "examples";

/// Every `*.yaml` below a folder. Names that begin with a dot are left out: Kubernetes keeps what it swaps in
/// `..data`, editors their copies in `.swp`; so are examples.
fn read_mappings(folder: &Path) -> Result<BTreeMap<PathBuf, Reading>, String> {
    let phrase = |error: io::Error| words(&error);
    let mut found = BTreeMap::new();
    let mut folders = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        if depth > MAX_DEPTH {
            return Err(format!("its folders are nested more than {MAX_DEPTH} deep"));
        }
        for entry in fs::read_dir(&folder).map_err(phrase)? {
            let path = entry.map_err(phrase)?.path();
            if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
                continue;
            }
            let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
            if path.is_dir() {
                let is_examples = depth == 0 && path.file_name().is_some_and(|name| name == EXAMPLES);
                folders.extend((!is_examples).then_some((path, depth + 1)));
            } else if is_yaml {
                // Also a link to nothing: reading says what is wrong with it.
                let reading = read_mapping(&path);
                found.insert(path, reading);
            }
            if found.len() > MAX_MAPPINGS {
                return Err(format!("more than {MAX_MAPPINGS} files are in it"));
            }
        }
    }
    Ok(found)
}

/// Reports a file that the configuration names and that cannot be read.
pub(super) fn report_unread(findings: &mut Findings<'_>, span: Span, path: &str, why: &str) {
    findings
        .error("config.file_unread", span, format!("`{path}` cannot be read: {why}"))
        .label("named here")
        .note("relative paths begin at the folder of this file");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_at_the_folder_of_the_configuration() {
        for (configuration, written, expected) in [
            ("drawbridge.yaml", "./mappings", "mappings"),
            ("conf/drawbridge.yaml", "./mappings/./a", "conf/mappings/a"),
            ("conf/drawbridge.yaml", "../x", "conf/../x"),
            ("/etc/drawbridge.yaml", "/var/x", "/var/x"),
        ] {
            assert_eq!(beside(Path::new(configuration), written), Path::new(expected), "{written}");
        }
    }

    #[test]
    fn only_regular_files_are_read_and_only_up_to_their_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        fs::write(&file, "12345").unwrap();
        assert_eq!(*read_file(&file, 5).ok().unwrap().bytes, b"12345");
        assert_eq!(read_file(&file, 4).err().unwrap(), "it is larger than 0 KiB");
        assert_eq!(read_file(folder.path(), 4).err().unwrap(), "it is not a regular file");
        assert_eq!(read_file(Path::new("/dev/zero"), 4).err().unwrap(), "it is not a regular file");
        assert_eq!(read_file(&folder.path().join("g"), 4).err().unwrap(), "it does not exist");
    }

    #[test]
    fn mappings_are_found_at_every_depth_and_hidden_names_are_not() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "a.yaml",
            "b/c.yaml",
            "b/d.yml",
            "e.txt",
            ".f.yaml",
            "..data/g.yaml",
            "examples/h.yaml",
            "b/examples/i.yaml",
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "kind: mapping").unwrap();
        }
        std::os::unix::fs::symlink(folder.path().join("..data/g.yaml"), folder.path().join("g.yaml")).unwrap();
        let found = read_mappings(folder.path()).unwrap();
        let found: Vec<_> =
            found.keys().map(|path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(found, ["a.yaml", "b/c.yaml", "b/d.yml", "b/examples/i.yaml", "g.yaml"]);
    }
}
