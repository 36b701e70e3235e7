//! A legacy cookie's format as an operator declares it; only a sound one becomes a [`super::SessionSource`].
//!
//! ```text
//! token = outer( [mac separator] [key-id separator] payload( field separator field … ) [separator mac] )
//! ```

use std::time::Duration;

use crate::crypto::mac::MacAlgorithm;
use crate::ground::id::{Namespace, SourceId};
use crate::ground::secret::Secret;
use crate::ground::time::Timestamp;

use super::encoding::Encoding;

/// A token has no more fields.
pub(super) const MAX_FIELDS: usize = 64;
/// A source has no more keys: each is tried on each token.
pub(super) const MAX_KEYS: usize = 8;
/// A MAC key has at least so many bytes.
pub(super) const MIN_SECRET_BYTES: usize = 16;
/// A MAC is never cut below so many bytes.
pub(super) const MIN_MAC_BYTES: usize = 16;
/// No source may allow more difference between clocks.
pub(super) const MAX_CLOCK_SKEW: Duration = Duration::from_secs(300);

/// Where the MAC stands in the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacPlace {
    /// `mac separator rest`.
    Start,
    /// `rest separator mac`.
    End,
}

/// What the MAC was computed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covers {
    /// Everything but the MAC and its separator, exactly as it stands in the token (the outer encoding removed).
    Received,
    /// The payload's bytes after its encoding is removed; a key id in front of it is not covered.
    Decoded,
}

/// The MAC of a token.
#[derive(Debug, Clone)]
pub struct MacDeclaration {
    /// See [`mac_algorithm`] for the words.
    pub algorithm: MacAlgorithm,
    /// Where it stands.
    pub place: MacPlace,
    /// What stands between it and the rest. May be empty only beside a hexadecimal MAC, whose length is fixed.
    pub separator: String,
    /// [`Encoding::Hex`], [`Encoding::Base64`] or [`Encoding::Base64Url`].
    pub encoding: Encoding,
    /// Cut to exactly so many bytes from the left (RFC 2104 section 5); at least 16.
    pub truncated_to: Option<usize>,
    /// What it was computed over.
    pub covers: Covers,
}

/// The word for an algorithm in a declaration. HMAC-SHA1 must be asked for by a word that a reviewer stops at.
pub fn mac_algorithm(word: &str) -> Option<MacAlgorithm> {
    match word {
        "hmac-sha256" => Some(MacAlgorithm::HmacSha256),
        "hmac-sha384" => Some(MacAlgorithm::HmacSha384),
        "hmac-sha512" => Some(MacAlgorithm::HmacSha512),
        "hmac-sha1-for-legacy-use-only" => Some(MacAlgorithm::HmacSha1),
        _ => None,
    }
}

/// A MAC key.
#[derive(Debug)]
pub struct KeyDeclaration {
    /// How traces and tokens name it.
    pub id: String,
    /// The key's bytes.
    pub secret: Secret<Vec<u8>>,
    /// From then on tokens under it are refused; judged at each request.
    pub until: Option<Timestamp>,
}

/// How the payload is cut into fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Every field, in the declared order.
    Ordered {
        /// Between two fields.
        separator: String,
    },
    /// `name=value`, every field once, in any order.
    Pairs {
        /// Between two pairs.
        separator: String,
        /// Between name and value; the first one counts.
        assign: String,
    },
}

/// How a field that holds a list is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListSplit {
    /// Each item was encoded by itself.
    BeforeDecoding(String),
    /// The whole list was encoded; an item that contains the separator cannot be told from two.
    AfterDecoding(String),
}

impl ListSplit {
    pub(super) const fn separator(&self) -> &String {
        match self {
            Self::BeforeDecoding(separator) | Self::AfterDecoding(separator) => separator,
        }
    }
}

/// What a field is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An attribute that mappings may read under the field's name.
    Attribute,
    /// Whom the session is about.
    Subject,
    /// When it was issued.
    IssuedAt,
    /// When it expires, exclusive.
    ExpiresAt,
    /// The id of the key that made the MAC.
    KeyId,
    /// Must be there and is not looked at.
    Ignore,
}

/// One field of the payload. Every declared field must be there, exactly once.
#[derive(Debug, Clone)]
pub struct FieldDeclaration {
    /// Its name: in the token with [`Layout::Pairs`], in mappings with [`Role::Attribute`].
    pub name: String,
    /// How its value stands in the token.
    pub encoding: Encoding,
    /// For an attribute with many values.
    pub list: Option<ListSplit>,
    /// What it is for.
    pub role: Role,
}

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Decimal seconds since 1970-01-01T00:00:00Z.
    Seconds,
    /// Decimal milliseconds since then.
    Milliseconds,
    /// RFC 3339 in UTC with `Z`.
    Rfc3339,
}

/// A format as declared.
#[derive(Debug)]
pub struct SessionDeclaration {
    /// The word for the source in configuration and mappings.
    pub id: SourceId,
    /// Its lasting name: replay memory and `sub` hang on it.
    pub namespace: Namespace,
    /// Around the whole token, such as percent-encoding of a cookie.
    pub outer: Encoding,
    /// The MAC.
    pub mac: MacDeclaration,
    /// All keys that may have made it; each is tried.
    pub keys: Vec<KeyDeclaration>,
    /// Where a key id stands in front of the payload: what stands between them.
    pub key_id_separator: Option<String>,
    /// Around the payload.
    pub payload: Encoding,
    /// How the payload is cut.
    pub layout: Layout,
    /// Its fields.
    pub fields: Vec<FieldDeclaration>,
    /// How [`Role::IssuedAt`] and [`Role::ExpiresAt`] are written.
    pub time_unit: TimeUnit,
    /// The greatest age from [`Role::IssuedAt`] on; with an expiry as well, the earlier counts.
    pub max_age: Option<Duration>,
    /// How far in the future the issue time may lie; at most five minutes. It never lengthens a session.
    pub clock_skew: Duration,
    /// How often one client may exchange one token.
    pub reuse_at_most: u32,
}

/// Why a declaration is not sound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeclarationRejection {
    /// `namespace` is empty.
    #[error("`namespace` is empty")]
    NamespaceEmpty,
    /// No key, or too many.
    #[error("{0} keys: there must be one, and at most {MAX_KEYS}")]
    KeyCount(usize),
    /// Empty, or there twice.
    #[error("key id `{0}` is empty or repeated")]
    KeyId(String),
    /// Too short, or one byte over and over.
    #[error("the secret of key `{0}` is weak: it must have at least {MIN_SECRET_BYTES} bytes, and not all the same")]
    WeakSecret(String),
    /// Two keys are one.
    #[error("key `{0}` has the same secret as another key")]
    SecretRepeated(String),
    /// Below 16 or over the length of the MAC.
    #[error("a MAC cut to {found} bytes: it must keep {MIN_MAC_BYTES} to {whole}")]
    Truncation {
        /// What was asked.
        found: usize,
        /// The whole length.
        whole: usize,
    },
    /// Plain or percent-encoded MACs do not exist.
    #[error("a MAC stands in hex, base64 or base64url")]
    MacEncoding,
    /// The MAC could be cut in two ways.
    #[error("the separator `{0}` beside the MAC is empty or uses characters of the MAC's own alphabet")]
    MacSeparator(String),
    /// A separator is empty or part of another.
    #[error("the separator `{0}` is empty, or cannot be told from another separator or a field's name")]
    Separator(String),
    /// No field, or too many.
    #[error("{0} fields: there must be one, and at most {MAX_FIELDS}")]
    FieldCount(usize),
    /// Empty, or there twice.
    #[error("field name `{0}` is empty or repeated")]
    FieldName(String),
    /// Only attributes are lists; subject, times and key id stand once.
    #[error("field `{0}`: only an attribute may be a list, and subject, issued_at, expires_at and key_id stand once")]
    FieldRole(String),
    /// Nothing says when a session ends.
    #[error("nothing says when a session ends: declare a field with expires_at, or issued_at with max_age")]
    NoExpiry,
    /// `max_age` of zero, or without a field to count from.
    #[error("`max_age` must be more than zero and needs a field with issued_at")]
    MaxAge,
    /// More than five minutes.
    #[error("a clock skew of {} s is over the limit of {} s", .0.as_secs(), MAX_CLOCK_SKEW.as_secs())]
    ClockSkew(Duration),
    /// `reuse: at_most 0` would accept nothing.
    #[error("`reuse` must allow at least one use")]
    Reuse,
}
