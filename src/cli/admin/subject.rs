//! Words about people: whose `sub` is asked for, conflicts, and what becomes of them.
//!
//! `Debug` hides what a source calls a person.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The body of `POST /admin/api/subject`: whom it is about.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectQuery {
    /// The id of a source; or else `namespace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The lasting name of a source, which may no longer be configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What the source calls the person.
    pub called: Called,
}

/// What a source calls a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Called {
    /// By a `NameID`, whatever its qualifiers.
    NameId {
        /// The text.
        value: String,
        /// Only of this format.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<String>,
    },
    /// By what a mapping makes of attributes.
    Mapped(String),
}

/// To [`SubjectQuery`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectsShown {
    /// The lasting name of the source.
    pub namespace: String,
    /// Everybody who is called so: usually one or nobody.
    pub linked: Vec<LinkedRow>,
    /// What a first token would say; where there is no link, and format and qualifiers are known.
    pub would_be: Option<String>,
    /// Links of this source that could not be opened, so that nobody knows whom they are about.
    pub unreadable: u64,
}

/// A link, opened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkedRow {
    /// The format of the `NameID`, or `mapped`.
    pub format: String,
    /// `NameQualifier` and `SPNameQualifier`; empty where absent.
    pub qualifiers: [String; 2],
    /// What the source calls the person.
    pub value: String,
    /// The `sub`.
    pub sub: String,
    /// When the link was made, RFC 3339.
    pub made: String,
    /// The request that made it; absent where an administrator did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Its key, which names it in the store.
    pub key: String,
}

/// The body of `POST /admin/api/unlink`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlink {
    /// Whose.
    pub whose: SubjectQuery,
    /// The `sub` that the link has: nothing is removed that the administrator has not seen.
    pub sub: String,
}

/// To [`Unlink`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlinked {
    /// How many links were removed.
    pub unlinked: u64,
}

/// To `GET /admin/api/conflicts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConflictsShown {
    /// The one that was seen last is first.
    pub conflicts: Vec<ConflictRow>,
}

/// Two links that should be of one person; nothing of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConflictRow {
    /// How it is named.
    pub id: String,
    /// The two links.
    pub sides: [SideRow; 2],
    /// RFC 3339.
    pub first_seen: String,
    /// RFC 3339.
    pub last_seen: String,
    /// How often it was seen.
    pub count: u64,
    /// The request that saw it last.
    pub trace_id: String,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideRow {
    /// The source.
    pub namespace: String,
    /// The `sub` there.
    pub sub: String,
    /// When the link with it was made, RFC 3339; absent where it is gone, or has another `sub` now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// The body of `POST /admin/api/resolve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// Which conflict.
    pub conflict: String,
    /// The `sub` that both links get; without it the conflict is taken from the list, and the links stay as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<String>,
}

/// To [`Resolve`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resolved {
    /// Which conflict.
    pub resolved: String,
    /// The `sub` that both links have now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// The `sub` that was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<String>,
    /// How many other links still have the `sub` that was given up.
    pub still_there: u64,
}

impl fmt::Debug for SubjectQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.source.as_deref().or(self.namespace.as_deref()).unwrap_or_default();
        write!(f, "SubjectQuery(somebody of {source})")
    }
}

impl fmt::Debug for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Called(..)")
    }
}

impl fmt::Debug for LinkedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkedRow({} of {})", self.key, self.sub)
    }
}
