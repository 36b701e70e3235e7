//! What a token says of a person: typed values under names.
//!
//! Floor 0.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Claims that belong to the issuer; a mapping never sets them (RFC 9068 section 2.2, RFC 8693 section 4).
pub const RESERVED: [&str; 19] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "client_id",
    "scope",
    "act",
    "may_act",
    "cnf",
    "acr",
    "amr",
    "auth_time",
    "sid",
    "txn",
    "typ",
    "authorization_details",
];

/// The name of a claim. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimName(Arc<str>);

impl ClaimName {
    /// Any non-empty text; whether it is reserved is the caller's question ([`ClaimName::is_reserved`]).
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The same text, for records.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The name as it stands in the token.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the issuer alone may set it.
    pub fn is_reserved(&self) -> bool {
        RESERVED.contains(&self.as_str())
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The value of a claim. `Debug` shows its type only.
#[derive(Clone, PartialEq, Eq)]
pub enum ClaimValue {
    /// JSON string.
    Text(String),
    /// JSON boolean.
    Bool(bool),
    /// JSON number without a fraction.
    Int(i64),
    /// JSON array.
    List(Vec<ClaimValue>),
    /// JSON object; keys in order, so that equal claims are equal bytes.
    Object(BTreeMap<String, ClaimValue>),
}

impl ClaimValue {
    /// The word for the type, as mapping files and messages write it.
    pub const fn type_word(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::List(_) => "list",
            Self::Object(_) => "object",
        }
    }

    /// As a JSON value.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => serde_json::Value::from(text.as_str()),
            Self::Bool(truth) => serde_json::Value::from(*truth),
            Self::Int(number) => serde_json::Value::from(*number),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Object(fields) => {
                serde_json::Value::Object(fields.iter().map(|(key, value)| (key.clone(), value.to_json())).collect())
            }
        }
    }
}

impl fmt::Debug for ClaimValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.type_word())
    }
}
