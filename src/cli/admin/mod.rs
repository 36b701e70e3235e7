//! Commands that need state, as a running server answers them over its admin socket.
//!
//! Floor 8.
//!
//! ```text
//! command ─Request─▶ a server holds the data folder?  yes: client ─HTTP/1.1 over <data>/admin.sock─▶ server ─┐
//!                                                     no:  the store, opened here ────────────────────────────┴▶ answer
//! ```
//!
//! [`answer`](answer::answer) is the one place that answers, whoever asks: the server hands in its store, a one-shot
//! command the store that it opened itself.
//!
//! **Invariant.** No request goes over the network: the socket has mode 0600 and lies below the data folder.
//!
//! **Absent on purpose.** A version in the paths: command and server are one binary.

pub mod answer;
pub mod client;
mod metrics;
pub(in crate::cli) mod server;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::ground::id::TraceId;

/// Below the data folder.
const SOCKET: &str = "admin.sock";
const TRACE: &str = "/admin/api/trace/";
const KEYS: &str = "/admin/api/keys";
const DISTRUST: &str = "/admin/api/distrust";
const SHADOWS: &str = "/admin/api/shadows";
const STATUS: &str = "/readyz";
const REPLAY: &str = "/admin/api/replay";
const FORGET: &str = "/admin/api/recordings/forget";
/// No request has a larger body, in bytes: the largest brings mapping files along.
pub const MAX_REQUEST_BYTES: usize = 4 << 20;

/// Where the server of a data folder listens.
pub fn socket(data: &Path) -> PathBuf {
    data.join(SOCKET)
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `GET /admin/api/trace/{trace_id}`: the decision record of one request.
    Trace(TraceId),
    /// `GET /admin/api/keys`: the signing keys.
    Keys,
    /// `GET /admin/api/shadows`: what shadows made otherwise than the live mappings.
    Shadows,
    /// `GET /readyz`: whether the bridge can issue, with what revision, and how the last reload went.
    Status,
    /// `POST /admin/api/replay`: recorded requests against edited mappings.
    Replay(Edited),
    /// `POST /admin/api/recordings/forget`: remove what was recorded of a person.
    Forget(Forget),
    /// `POST /admin/api/distrust`: end the trust in a source, or restore it.
    Distrust(Distrust),
}

/// The body of `POST /admin/api/distrust`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distrust {
    /// The id of a source.
    pub source: String,
    /// Whether to trust it again.
    #[serde(default)]
    pub undo: bool,
}

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
    /// The `NameID` there, or the identifier of a session.
    pub name_id: String,
}

/// What is answered, as JSON with status 200.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// To [`Request::Trace`].
    Trace(Traced),
    /// To [`Request::Keys`].
    Keys(Keys),
    /// To [`Request::Distrust`].
    Distrust(Distrusted),
    /// To [`Request::Shadows`].
    Shadows(Shadowed),
    /// To [`Request::Status`].
    Status(Status),
    /// To [`Request::Replay`].
    Replay(Replayed),
    /// To [`Request::Forget`].
    Forgot(Forgot),
}

/// A decision record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traced {
    /// Which use of its credential it was; 0 where none was consumed.
    pub uses: u32,
    /// The record, as `decision` writes it.
    pub record: serde_json::Value,
    /// The steps with their values, where the setting `trace.values` kept them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<serde_json::Value>,
}

/// The signing keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// By algorithm and age.
    pub keys: Vec<KeyRow>,
}

/// One signing key; nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRow {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// `ES256`, …
    pub algorithm: String,
    /// `pending`, `active` or `retiring`.
    pub state: String,
    /// Since when it is in that state, RFC 3339.
    pub since: String,
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
    /// Why that was not taken, naming file and problem; the revision before it goes on serving.
    pub reload_problem: Option<String>,
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

/// What became of the trust in a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distrusted {
    /// The source.
    pub source: String,
    /// Whether it is distrusted now.
    pub distrusted: bool,
    /// Whether that is new.
    pub changed: bool,
}

/// Why there is no answer, as JSON with [`Refusal::status`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// What kind.
    pub error: RefusalKind,
    /// A sentence for a person.
    pub message: String,
    /// What was perhaps meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// Kinds of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// 400: not a request of this page.
    BadRequest,
    /// 404: no such address.
    NoSuchAddress,
    /// 404: no such record or source.
    NotFound,
    /// 503: the store failed, or what is in it cannot be read.
    Unavailable,
}

impl Refusal {
    /// A refusal with its sentence.
    pub fn new(error: RefusalKind, message: impl Into<String>) -> Self {
        Self { error, message: message.into(), suggestion: None }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self.error {
            RefusalKind::BadRequest => 400,
            RefusalKind::NoSuchAddress | RefusalKind::NotFound => 404,
            RefusalKind::Unavailable => 503,
        }
    }
}

impl Request {
    /// `GET` or `POST`.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Trace(_) | Self::Keys | Self::Shadows | Self::Status => "GET",
            Self::Distrust(_) | Self::Replay(_) | Self::Forget(_) => "POST",
        }
    }

    /// The path; it never has a query.
    pub fn path(&self) -> String {
        match self {
            Self::Trace(id) => format!("{TRACE}{id}"),
            Self::Keys => KEYS.to_owned(),
            Self::Shadows => SHADOWS.to_owned(),
            Self::Status => STATUS.to_owned(),
            Self::Replay(_) => REPLAY.to_owned(),
            Self::Forget(_) => FORGET.to_owned(),
            Self::Distrust(_) => DISTRUST.to_owned(),
        }
    }

    /// The JSON body; empty for `GET`.
    pub fn body(&self) -> String {
        match self {
            Self::Trace(_) | Self::Keys | Self::Shadows | Self::Status => String::new(),
            Self::Distrust(distrust) => serde_json::json!(distrust).to_string(),
            Self::Replay(edited) => serde_json::json!(edited).to_string(),
            Self::Forget(forget) => serde_json::json!(forget).to_string(),
        }
    }

    /// Reads a request as [`Self::method`], [`Self::path`] and [`Self::body`] write it.
    pub fn parse(method: &str, path: &str, body: &[u8]) -> Result<Self, Refusal> {
        match (method, path) {
            ("GET", KEYS) => Ok(Self::Keys),
            ("GET", SHADOWS) => Ok(Self::Shadows),
            ("GET", STATUS) => Ok(Self::Status),
            ("POST", DISTRUST) => from_body(body).map(Self::Distrust),
            ("POST", REPLAY) => from_body(body).map(Self::Replay),
            ("POST", FORGET) => from_body(body).map(Self::Forget),
            ("GET", path) => match path.strip_prefix(TRACE) {
                Some(id) => TraceId::parse(id)
                    .map(Self::Trace)
                    .ok_or_else(|| Refusal::new(RefusalKind::BadRequest, "a trace id has 32 hexadecimal digits")),
                None => Err(no_such_address(method, path)),
            },
            (method, path) => Err(no_such_address(method, path)),
        }
    }
}

fn from_body<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        Refusal::new(RefusalKind::BadRequest, format!("the body is not what this address expects: {error}"))
    })
}

fn no_such_address(method: &str, path: &str) -> Refusal {
    Refusal::new(RefusalKind::NoSuchAddress, format!("nothing answers {method} {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_is_written() {
        let distrust = Distrust { source: "a \"quoted\" source".into(), undo: true };
        let trace = Request::Trace(TraceId::from_bytes([9; 16]));
        let edited =
            Request::Replay(Edited { files: vec![EditedFile { path: "a".into(), text: "b: \"c\"\n".into() }] });
        let forget = Request::Forget(Forget { source: "a".into(), name_id: "b".into() });
        for request in
            [trace, Request::Keys, Request::Shadows, Request::Status, edited, forget, Request::Distrust(distrust)]
        {
            let read = Request::parse(request.method(), &request.path(), request.body().as_bytes());
            assert_eq!(read, Ok(request));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for (method, path, body, status) in [
            ("GET", "/admin/api/trace/xyz", "", 400),
            ("POST", "/admin/api/trace/00000000000000000000000000000000", "", 404),
            ("GET", "/admin/api/distrust", "", 404),
            ("POST", "/admin/api/distrust", "", 400),
            ("POST", "/admin/api/distrust", r#"{"source":"a","force":true}"#, 400),
            ("DELETE", "/admin/api/keys", "", 404),
            ("GET", "/", "", 404),
        ] {
            let refusal = Request::parse(method, path, body.as_bytes()).unwrap_err();
            assert_eq!(refusal.status(), status, "{method} {path}");
        }
    }

    #[test]
    fn answers_are_told_apart_by_their_keys() {
        let answers = [
            Answer::Trace(Traced { uses: 1, record: serde_json::json!({"keys": []}), values: None }),
            Answer::Replay(Replayed { requests: 1, people: 1, same: 0, redacted: 0, changes: Vec::new() }),
            Answer::Forgot(Forgot { removed: 3 }),
            Answer::Status(Status {
                ready: true,
                store: None,
                revision: "r".into(),
                reloaded: None,
                reload_problem: Some("p".into()),
            }),
            Answer::Keys(Keys { keys: Vec::new() }),
            Answer::Shadows(Shadowed { shadows: Vec::new() }),
            Answer::Distrust(Distrusted { source: "a".into(), distrusted: true, changed: false }),
        ];
        for answer in answers {
            let json = serde_json::to_string(&answer).unwrap();
            assert_eq!(serde_json::from_str::<Answer>(&json).unwrap(), answer);
        }
    }
}
