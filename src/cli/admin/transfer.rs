//! An export of links and distrust, as it is written and read.
//!
//! ```text
//! {"export":{"version":1,"issuer":"https://bridge.example","made":"2026-03-01T12:00:00Z"}}
//! {"link":{"namespace":"…","format":"…","value":"…","sub":"…","made":"…"}}
//! {"distrust":{"source":"…","mark":"…"}}
//! {"end":{"links":1,"distrust":1,"sha256":"…","jws":"…"}}
//! ```
//!
//! `sha256` is over every octet before the last line. `jws` signs it with the counts: a compact JWS of the type
//! `drawbridge-export+jwt`, whose claims are a [`Manifest`]. One line that says `error` ends an export that broke off.
//!
//! **Invariant.** Nothing of an export is believed before its whole content is what was signed.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::crypto::digest::{RunningSha256, hex, sha256};
use crate::crypto::standard::{self, StandardError};

use super::Refusal;

/// The form that is written and read.
pub const VERSION: u32 = 1;

/// One line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// The first.
    Export(Head),
    /// A link.
    Link(LinkLine),
    /// A source without trust.
    Distrust(DistrustLine),
    /// The last.
    End(End),
    /// The last of one that broke off.
    Error(Refusal),
}

/// What the file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// [`VERSION`].
    pub version: u32,
    /// Whose links they are, where the configuration could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When it was made, RFC 3339.
    pub made: String,
}

/// A link. `Debug` hides what the source calls the person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkLine {
    /// The lasting name of the source.
    pub namespace: String,
    /// The format of the `NameID`, or `mapped`.
    pub format: String,
    /// `NameQualifier`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name_qualifier: String,
    /// `SPNameQualifier`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sp_name_qualifier: String,
    /// What the source calls the person.
    pub value: String,
    /// The `sub`.
    pub sub: String,
    /// When the link was made, RFC 3339.
    pub made: String,
}

impl fmt::Debug for LinkLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkLine({} in {})", self.sub, self.namespace)
    }
}

/// A source without trust, as it is marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistrustLine {
    /// The id of the source.
    pub source: String,
    /// Since when, and the lasting name of the source where it is known.
    pub mark: String,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// How many links there are.
    pub links: u64,
    /// How many sources without trust.
    pub distrust: u64,
    /// SHA-256 over everything before this line, hexadecimal.
    pub sha256: String,
    /// The signature.
    pub jws: String,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Whose links they are, where the configuration could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// When it was signed (RFC 7519 section 4.1.6).
    pub iat: i64,
    /// How many links.
    pub links: u64,
    /// How many sources without trust.
    pub distrust: u64,
    /// SHA-256 over everything before the last line, hexadecimal.
    pub sha256: String,
}

/// Why a file cannot be imported. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// A line is none of an export.
    #[error("line {line} is none of an export: {why}")]
    Line {
        /// Which line.
        line: usize,
        /// What the reader of JSON says.
        why: String,
    },
    /// The first line is not that of an export.
    #[error("the file does not begin as an export does")]
    NoHead,
    /// Another form.
    #[error("the export has form {found}, and this version reads {VERSION}")]
    Version {
        /// The form.
        found: u32,
    },
    /// There is no last line: the export broke off, or the file was cut.
    #[error("the export is not whole: its last line is missing")]
    NoEnd,
    /// It broke off, and says why.
    #[error("the export broke off: {0}")]
    BrokenOff(Refusal),
    /// One person stands there twice, with two subs.
    #[error("line {line} links an identifier again, to another subject")]
    Contradicts {
        /// Which line.
        line: usize,
    },
    /// The content is not what its last line says.
    #[error("the file was changed: {what} is not as its last line says")]
    Changed {
        /// What differs.
        what: &'static str,
    },
    /// The signature is not of a key of the document.
    #[error("the signature cannot be trusted: {0}")]
    Signature(#[from] StandardError),
    /// The signature is of something else.
    #[error("the signature is of another export")]
    OfAnother,
}

/// A file that was read, and is what somebody signed.
#[derive(Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Whose links they are, where the signature says so.
    pub issuer: Option<String>,
    /// In the order of the file.
    pub links: Vec<LinkLine>,
    /// In the order of the file.
    pub distrust: Vec<DistrustLine>,
}

impl Transfer {
    /// Reads and verifies a whole file; `jwks` are the keys that are trusted to sign it.
    pub fn read(text: &str, jwks: &str) -> Result<Self, TransferError> {
        let (before, end) = split_end(text)?;
        let mut transfer = Self { issuer: None, links: Vec::new(), distrust: Vec::new() };
        let mut known: BTreeMap<[&str; 5], String> = BTreeMap::new();
        for (place, text) in before.lines().enumerate() {
            let number = place + 1;
            match (number, parsed(number, text)?) {
                (1, Line::Export(head)) if head.version == VERSION => {}
                (1, Line::Export(head)) => return Err(TransferError::Version { found: head.version }),
                (1, _) => return Err(TransferError::NoHead),
                (_, Line::Link(link)) => transfer.links.push(link),
                (_, Line::Distrust(distrust)) => transfer.distrust.push(distrust),
                (_, Line::Error(refusal)) => return Err(TransferError::BrokenOff(refusal)),
                (_, Line::Export(_) | Line::End(_)) => {
                    let why = "it stands in the middle".to_owned();
                    return Err(TransferError::Line { line: number, why });
                }
            }
        }
        if before.is_empty() {
            return Err(TransferError::NoHead);
        }
        for (place, link) in transfer.links.iter().enumerate() {
            let earlier = known.insert(link.identifier(), link.sub.clone());
            if earlier.is_some_and(|earlier| earlier != link.sub) {
                // Links stand behind the first line, one after the other.
                return Err(TransferError::Contradicts { line: place + 2 });
            }
        }
        let manifest = transfer.check(before, &end, jwks)?;
        Ok(Self { issuer: manifest.iss, ..transfer })
    }

    fn check(&self, before: &str, end: &End, jwks: &str) -> Result<Manifest, TransferError> {
        if end.sha256 != hex(&sha256(before.as_bytes())) {
            return Err(TransferError::Changed { what: "its content" });
        }
        if (end.links, end.distrust) != (self.links.len() as u64, self.distrust.len() as u64) {
            return Err(TransferError::Changed { what: "the number of its lines" });
        }
        let claims = standard::verify_export(jwks, &end.jws)?;
        let manifest: Manifest = serde_json::from_value(claims).map_err(|_| TransferError::OfAnother)?;
        let signed = (&manifest.sha256, manifest.links, manifest.distrust);
        if signed == (&end.sha256, end.links, end.distrust) { Ok(manifest) } else { Err(TransferError::OfAnother) }
    }
}

impl LinkLine {
    fn identifier(&self) -> [&str; 5] {
        [&self.namespace, &self.format, &self.name_qualifier, &self.sp_name_qualifier, &self.value]
    }
}

fn parsed(line: usize, text: &str) -> Result<Line, TransferError> {
    serde_json::from_str(text).map_err(|error| TransferError::Line { line, why: without_values(&error) })
}

/// Where the reader of JSON stopped. Its own message may quote what it found.
fn without_values(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "its keys or values are others",
        serde_json::error::Category::Syntax => "it is no JSON",
        serde_json::error::Category::Eof | serde_json::error::Category::Io => "it ends too early",
    };
    format!("{what}, at column {}", error.column())
}

/// The last line, and everything before it.
fn split_end(text: &str) -> Result<(&str, End), TransferError> {
    let whole = text.strip_suffix('\n').ok_or(TransferError::NoEnd)?;
    let start = whole.rfind('\n').map_or(0, |place| place + 1);
    let (before, last) = text.split_at_checked(start).ok_or(TransferError::NoEnd)?;
    match parsed(before.lines().count() + 1, last.trim_end_matches('\n'))? {
        Line::End(end) => Ok((before, end)),
        Line::Error(refusal) => Err(TransferError::BrokenOff(refusal)),
        Line::Export(_) | Line::Link(_) | Line::Distrust(_) => Err(TransferError::NoEnd),
    }
}

/// Checks an export while it goes by: whether it came whole, and what its last line says.
pub struct Passing {
    running: RunningSha256,
    /// The last line so far, perhaps not whole yet.
    last: Vec<u8>,
}

impl Passing {
    /// Nothing has come yet.
    pub fn begin() -> Self {
        Self { running: RunningSha256::begin(), last: Vec::new() }
    }

    /// The next octets.
    pub fn take(&mut self, octets: &[u8]) {
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            if self.last.ends_with(b"\n") {
                self.running.update(&self.last);
                self.last.clear();
            }
            self.last.extend_from_slice(line);
        }
    }

    /// All has come.
    pub fn end(self) -> Result<End, TransferError> {
        let last = std::str::from_utf8(&self.last).map_err(|_| TransferError::NoEnd)?;
        let (_, end) = split_end(last)?;
        if end.sha256 == hex(&self.running.finish()) {
            Ok(end)
        } else {
            Err(TransferError::Changed { what: "its content" })
        }
    }
}

/// The body of `POST /admin/api/import`: a part of a file that the command has verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportPart {
    /// Only look.
    pub dry_run: bool,
    /// At most as many as one step may link.
    pub links: Vec<LinkLine>,
    /// Sources without trust.
    pub distrust: Vec<DistrustLine>,
}

/// To [`ImportPart`]. Where there are conflicts, nothing of the part was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    /// Links that were not there.
    pub new_links: u64,
    /// Links that were there with the same `sub`.
    pub same_links: u64,
    /// Sources that had trust.
    pub new_distrust: u64,
    /// Links that are there with another `sub`.
    pub contradictions: Vec<Contradiction>,
}

impl Imported {
    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.new_links += other.new_links;
        self.same_links += other.same_links;
        self.new_distrust += other.new_distrust;
        self.contradictions.extend(other.contradictions);
        self
    }
}

/// A link of the file that contradicts the store; nothing of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contradiction {
    /// The source.
    pub namespace: String,
    /// The `sub` in the store.
    pub here: String,
    /// The `sub` in the file.
    pub there: String,
}

/// To `GET /admin/api/check`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// Links.
    pub links: u64,
    /// Links by source.
    pub links_by_namespace: BTreeMap<String, u64>,
    /// Conflicts that wait.
    pub conflicts: u64,
    /// Decision records.
    pub records: u64,
    /// Recordings.
    pub recordings: u64,
    /// Keys and other sealed values.
    pub sealed: u64,
    /// Sources without trust.
    pub distrusted: u64,
    /// What is wrong: the first of them.
    pub problems: Vec<String>,
    /// How many there are.
    pub problem_count: u64,
}

#[cfg(test)]
mod tests;
