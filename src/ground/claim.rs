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
#[derive(Clone, PartialEq, Eq, Hash)]
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

    /// How many bytes it takes as JSON without white space.
    pub fn json_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text_bytes(text),
            Self::Bool(truth) => 5 - usize::from(*truth),
            Self::Int(number) => {
                let digits = number.unsigned_abs().checked_ilog10().map_or(1, |log| log as usize + 1);
                digits + usize::from(*number < 0)
            }
            // Brackets, and a comma between two.
            Self::List(items) => items.iter().map(|item| item.json_bytes() + 1).sum::<usize>().max(1) + 1,
            Self::Object(fields) => {
                let field = |(key, value): (&String, &Self)| text_bytes(key) + 1 + value.json_bytes() + 1;
                fields.iter().map(field).sum::<usize>().max(1) + 1
            }
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

/// With quotes and escapes, as RFC 8259 section 7 has them in their shortest form.
fn text_bytes(text: &str) -> usize {
    let escapes = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..=0x1f => 5,
        _ => 0,
    };
    text.len() + 2 + text.bytes().map(escapes).sum::<usize>()
}

impl fmt::Debug for ClaimValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.type_word())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn some_value() -> impl Strategy<Value = ClaimValue> {
        let leaf = prop_oneof![
            any::<String>().prop_map(ClaimValue::Text),
            "[\\x00-\\x7f]*".prop_map(ClaimValue::Text),
            any::<bool>().prop_map(ClaimValue::Bool),
            any::<i64>().prop_map(ClaimValue::Int),
            Just(ClaimValue::Int(0)),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(ClaimValue::List),
                proptest::collection::btree_map(any::<String>(), inner, 0..4).prop_map(ClaimValue::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_size_of_a_value_is_that_of_its_json(value in some_value()) {
            prop_assert_eq!(value.json_bytes(), value.to_json().to_string().len());
        }
    }
}
