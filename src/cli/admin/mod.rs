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
/// No request has a larger body, in bytes.
pub const MAX_REQUEST_BYTES: usize = 4 * 1024;

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
}

/// A decision record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traced {
    /// Which use of its credential it was; 0 where none was consumed.
    pub uses: u32,
    /// The record, as `decision` writes it.
    pub record: serde_json::Value,
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
            Self::Trace(_) | Self::Keys | Self::Shadows => "GET",
            Self::Distrust(_) => "POST",
        }
    }

    /// The path; it never has a query.
    pub fn path(&self) -> String {
        match self {
            Self::Trace(id) => format!("{TRACE}{id}"),
            Self::Keys => KEYS.to_owned(),
            Self::Shadows => SHADOWS.to_owned(),
            Self::Distrust(_) => DISTRUST.to_owned(),
        }
    }

    /// The JSON body; empty for `GET`.
    pub fn body(&self) -> String {
        match self {
            Self::Trace(_) | Self::Keys | Self::Shadows => String::new(),
            Self::Distrust(distrust) => serde_json::json!(distrust).to_string(),
        }
    }

    /// Reads a request as [`Self::method`], [`Self::path`] and [`Self::body`] write it.
    pub fn parse(method: &str, path: &str, body: &[u8]) -> Result<Self, Refusal> {
        match (method, path) {
            ("GET", KEYS) => Ok(Self::Keys),
            ("GET", SHADOWS) => Ok(Self::Shadows),
            ("POST", DISTRUST) => serde_json::from_slice(body).map(Self::Distrust).map_err(|error| {
                Refusal::new(RefusalKind::BadRequest, format!("the body is not what this address expects: {error}"))
            }),
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
        for request in [trace, Request::Keys, Request::Shadows, Request::Distrust(distrust)] {
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
            Answer::Trace(Traced { uses: 1, record: serde_json::json!({"keys": []}) }),
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
