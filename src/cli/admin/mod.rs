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
pub mod beside;
pub mod client;
mod metrics;
pub(in crate::cli) mod server;
pub mod subject;
pub mod transfer;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::ground::id::TraceId;

use self::beside::{Edited, Forget, Forgot, Replayed, Shadowed, Status};
use self::subject::{ConflictsShown, Resolve, Resolved, SubjectQuery, SubjectsShown, Unlink, Unlinked};
use self::transfer::{Checked, ImportPart, Imported};

/// Below the data folder.
const SOCKET: &str = "admin.sock";
const TRACE: &str = "/admin/api/trace/";
const KEYS: &str = "/admin/api/keys";
const DISTRUST: &str = "/admin/api/distrust";
const SHADOWS: &str = "/admin/api/shadows";
const STATUS: &str = "/readyz";
const REPLAY: &str = "/admin/api/replay";
const FORGET: &str = "/admin/api/recordings/forget";
const JWKS: &str = "/admin/api/jwks";
const SUBJECT: &str = "/admin/api/subject";
const UNLINK: &str = "/admin/api/unlink";
const CONFLICTS: &str = "/admin/api/conflicts";
const RESOLVE: &str = "/admin/api/resolve";
const IMPORT: &str = "/admin/api/import";
const CHECK: &str = "/admin/api/check";
/// `GET`: the whole export, as `application/x-ndjson`; see [`transfer`]. The one answer that is no [`Answer`].
const EXPORT: &str = "/admin/api/export";
/// No request has a larger body, in bytes: a part of an import, in which any octet may be
/// written as an escape, or mapping files.
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
    /// `GET /admin/api/jwks`: the public keys, as the public listener shows them.
    Jwks,
    /// `POST /admin/api/subject`: the `sub` of somebody.
    Subject(SubjectQuery),
    /// `POST /admin/api/unlink`: remove a link.
    Unlink(Unlink),
    /// `GET /admin/api/conflicts`: those that wait.
    Conflicts,
    /// `POST /admin/api/resolve`: end a conflict.
    Resolve(Resolve),
    /// `POST /admin/api/import`: take links over.
    Import(ImportPart),
    /// `GET /admin/api/check`: read everything.
    Check,
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
    /// To [`Request::Status`].
    Status(Status),
    /// To [`Request::Replay`].
    Replay(Replayed),
    /// To [`Request::Forget`].
    Forgot(Forgot),
    /// To [`Request::Jwks`].
    Jwks(Published),
    /// To [`Request::Subject`].
    Subject(SubjectsShown),
    /// To [`Request::Unlink`].
    Unlink(Unlinked),
    /// To [`Request::Conflicts`].
    Conflicts(ConflictsShown),
    /// To [`Request::Resolve`].
    Resolve(Resolved),
    /// To [`Request::Import`].
    Import(Imported),
    /// To [`Request::Check`].
    Check(Checked),
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

/// The public keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The document (RFC 7517 section 5).
    pub jwks: serde_json::Value,
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
    /// 404: no such record, source, person or conflict.
    NotFound,
    /// 409: what is there is not as the request believes.
    Conflict,
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
            RefusalKind::Conflict => 409,
            RefusalKind::Unavailable => 503,
        }
    }
}

impl Request {
    /// `GET` or `POST`.
    pub fn method(&self) -> &'static str {
        if self.body().is_empty() { "GET" } else { "POST" }
    }

    /// The path; it never has a query.
    pub fn path(&self) -> String {
        match self {
            Self::Trace(id) => return format!("{TRACE}{id}"),
            Self::Keys => KEYS,
            Self::Distrust(_) => DISTRUST,
            Self::Jwks => JWKS,
            Self::Subject(_) => SUBJECT,
            Self::Unlink(_) => UNLINK,
            Self::Conflicts => CONFLICTS,
            Self::Resolve(_) => RESOLVE,
            Self::Import(_) => IMPORT,
            Self::Check => CHECK,
            Self::Shadows => SHADOWS,
            Self::Status => STATUS,
            Self::Replay(_) => REPLAY,
            Self::Forget(_) => FORGET,
        }
        .to_owned()
    }

    /// The JSON body; empty for `GET`.
    pub fn body(&self) -> String {
        match self {
            Self::Trace(_) | Self::Keys | Self::Shadows | Self::Status | Self::Jwks | Self::Conflicts | Self::Check => {
                return String::new();
            }
            Self::Distrust(body) => serde_json::json!(body),
            Self::Subject(body) => serde_json::json!(body),
            Self::Unlink(body) => serde_json::json!(body),
            Self::Resolve(body) => serde_json::json!(body),
            Self::Import(body) => serde_json::json!(body),
            Self::Replay(body) => serde_json::json!(body),
            Self::Forget(body) => serde_json::json!(body),
        }
        .to_string()
    }

    /// Reads a request as [`Self::method`], [`Self::path`] and [`Self::body`] write it.
    pub fn parse(method: &str, path: &str, body: &[u8]) -> Result<Self, Refusal> {
        match (method, path) {
            ("GET", KEYS) => Ok(Self::Keys),
            ("GET", JWKS) => Ok(Self::Jwks),
            ("GET", CONFLICTS) => Ok(Self::Conflicts),
            ("GET", CHECK) => Ok(Self::Check),
            ("POST", DISTRUST) => read(body).map(Self::Distrust),
            ("POST", SUBJECT) => read(body).map(Self::Subject),
            ("POST", UNLINK) => read(body).map(Self::Unlink),
            ("POST", RESOLVE) => read(body).map(Self::Resolve),
            ("POST", IMPORT) => read(body).map(Self::Import),
            ("GET", SHADOWS) => Ok(Self::Shadows),
            ("GET", STATUS) => Ok(Self::Status),
            ("POST", REPLAY) => read(body).map(Self::Replay),
            ("POST", FORGET) => read(body).map(Self::Forget),
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

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        Refusal::new(RefusalKind::BadRequest, format!("the body is not what this address expects: {error}"))
    })
}

fn no_such_address(method: &str, path: &str) -> Refusal {
    Refusal::new(RefusalKind::NoSuchAddress, format!("nothing answers {method} {path}"))
}

#[cfg(test)]
mod tests {
    use super::subject::Called;
    use super::transfer::LinkLine;
    use super::*;

    fn query(called: Called) -> SubjectQuery {
        SubjectQuery { source: Some("corp".into()), namespace: None, called }
    }

    #[test]
    fn a_request_is_read_as_it_is_written() {
        let distrust = Distrust { source: "a \"quoted\" source".into(), undo: true };
        let by_name = Called::NameId { value: "ana\n".into(), format: Some("f".into()) };
        let link = LinkLine {
            namespace: "n".into(),
            format: "f".into(),
            name_qualifier: "q".into(),
            sp_name_qualifier: String::new(),
            value: "ana".into(),
            sub: "s".into(),
            made: "2026-03-01T12:00:00Z".into(),
        };
        for request in [
            Request::Trace(TraceId::from_bytes([9; 16])),
            Request::Keys,
            Request::Shadows,
            Request::Status,
            Request::Replay(Edited { files: vec![beside::EditedFile { path: "a".into(), text: "b: \"c\"\n".into() }] }),
            Request::Forget(Forget { source: "a".into(), who: beside::Who::NameId("b".into()) }),
            Request::Distrust(distrust),
            Request::Jwks,
            Request::Subject(query(by_name)),
            Request::Subject(SubjectQuery {
                source: None,
                namespace: Some("n".into()),
                called: Called::NameId { value: "ana".into(), format: None },
            }),
            Request::Unlink(Unlink { whose: query(Called::Mapped("ana".into())), sub: "s".into() }),
            Request::Conflicts,
            Request::Resolve(Resolve { conflict: "a-b".into(), keep: None }),
            Request::Resolve(Resolve { conflict: "a-b".into(), keep: Some("s".into()) }),
            Request::Import(ImportPart { dry_run: true, links: vec![link], distrust: Vec::new() }),
            Request::Check,
        ] {
            let read = Request::parse(request.method(), &request.path(), request.body().as_bytes());
            assert_eq!(read, Ok(request));
        }
    }

    #[test]
    fn a_request_about_a_person_does_not_print_the_person() {
        let whose = query(Called::NameId { value: "marker-ana".into(), format: None });
        let shown = format!("{:?}", Request::Unlink(Unlink { whose, sub: "s".into() }));
        assert!(shown.contains("corp") && !shown.contains("marker"), "{shown}");
    }

    #[test]
    fn anything_else_is_refused() {
        for (method, path, body, status) in [
            ("GET", "/admin/api/trace/xyz", "", 400),
            ("POST", "/admin/api/trace/00000000000000000000000000000000", "", 404),
            ("GET", "/admin/api/distrust", "", 404),
            ("POST", "/admin/api/distrust", "", 400),
            ("POST", "/admin/api/distrust", r#"{"source":"a","force":true}"#, 400),
            ("POST", "/admin/api/resolve", r#"{"conflict":"a","force":true}"#, 400),
            ("POST", "/admin/api/subject", r#"{"called":{"name_id":{"value":"a","x":1}}}"#, 400),
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
            Answer::Replay(Replayed {
                requests: 1,
                people: 1,
                same: 0,
                redacted: 0,
                unreadable: 0,
                changes: Vec::new(),
            }),
            Answer::Forgot(Forgot { removed: 3 }),
            Answer::Status(Status {
                ready: true,
                store: None,
                revision: "r".into(),
                reloaded: None,
                in_force_since: None,
                not_taken_since: Some("t".into()),
                reload_problems: vec!["p".into()],
            }),
            Answer::Keys(Keys { keys: Vec::new() }),
            Answer::Shadows(Shadowed { shadows: Vec::new() }),
            Answer::Distrust(Distrusted { source: "a".into(), distrusted: true, changed: false }),
            Answer::Jwks(Published { jwks: serde_json::json!({"keys": []}) }),
            Answer::Subject(SubjectsShown { namespace: "n".into(), linked: Vec::new(), would_be: None, unreadable: 0 }),
            Answer::Unlink(Unlinked { unlinked: 1 }),
            Answer::Conflicts(ConflictsShown { conflicts: Vec::new() }),
            Answer::Resolve(Resolved { resolved: "a-b".into(), kept: None, given_up: None, still_there: 0 }),
            Answer::Import(Imported::default()),
            Answer::Check(Checked::default()),
        ];
        for answer in answers {
            let json = serde_json::to_string(&answer).unwrap();
            assert_eq!(serde_json::from_str::<Answer>(&json).unwrap(), answer);
        }
    }
}
