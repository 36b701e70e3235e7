//! What is asked and answered of shadows, recordings and reloads.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The body of `POST /admin/api/replay`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edited {
    /// A mapping, with everything that it includes.
    pub files: Vec<EditedFile>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditedFile {
    /// Its path, by which others include it.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The body of `POST /admin/api/recordings/forget`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forget {
    /// The id of a source.
    pub source: String,
    /// What is known of the person.
    pub who: Who,
}

/// By what a person is found among recordings. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Who {
    /// By the `NameID`, or the identifier of a session.
    NameId(String),
    /// By a value of any attribute.
    Value(String),
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Who(..)")
    }
}

/// What shadows have seen since they were loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shadowed {
    /// By mapping.
    pub shadows: Vec<ShadowRow>,
}

/// One shadow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShadowRow {
    /// The id of the mapping.
    pub mapping: String,
    /// SHA-256 of its content, hexadecimal.
    pub hash: String,
    /// Requests that came out the same.
    pub same: u64,
    /// Requests that did not.
    pub differing: u64,
    /// How often each difference was seen, in words without values.
    pub differences: std::collections::BTreeMap<String, u64>,
    /// The trace ids of the last requests that differed, newest last.
    pub samples: Vec<String>,
}

/// How a server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// Whether it can issue.
    pub ready: bool,
    /// Why not.
    pub store: Option<String>,
    /// The content hash of the revision in force.
    pub revision: String,
    /// When the last set of files came after the start, RFC 3339.
    pub reloaded: Option<String>,
    /// Since when the revision is in force; absent where it is that of the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force_since: Option<String>,
    /// When the files on disk were first not taken; absent where they are in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_taken_since: Option<String>,
    /// Why that was not taken, one line for each problem; the revision before it goes on serving.
    pub reload_problems: Vec<String>,
}

/// What edited mappings would have done otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replayed {
    /// Recorded requests that they apply to.
    pub requests: u64,
    /// By how many people.
    pub people: usize,
    /// Requests for which nothing differs.
    pub same: u64,
    /// Requests of which attributes were left out when they were recorded.
    pub redacted: u64,
    /// Recordings that cannot be read: sealed under another key, or damaged.
    pub unreadable: u64,
    /// What differs, in words without values.
    pub changes: Vec<ChangeRow>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeRow {
    /// What.
    pub what: String,
    /// For how many requests.
    pub requests: u64,
    /// Of how many people.
    pub people: usize,
    /// Some of the requests, each with a pseudonym of the person.
    pub examples: Vec<(String, String)>,
}

/// How much was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forgot {
    /// Recordings.
    pub removed: u64,
}
