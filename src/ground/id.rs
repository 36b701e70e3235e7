//! Names of things: each its own type, so that one cannot stand for another.
//!
//! Floor 0.

use std::fmt;
use std::sync::Arc;

/// Declares a name that is compared as a string, exactly (RFC 3986 section 6.2.1 where it is a URI). Clones share the
/// text: a request hands its names from step to step.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is; the edge that read it has bounded it.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

names! {
    /// A registered client of the token endpoint (RFC 6749 section 2.2).
    ClientId;
    /// A SAML entity ID (SAML Core 8.3.6).
    EntityId;
    /// A source of credentials as the configuration names it: an identity provider or a session source.
    SourceId;
    /// The lasting name of a source: the provider's entity ID or a declared `namespace`. Replay memory and `sub`
    /// hang on it, never on [`SourceId`].
    Namespace;
    /// A mapping file's `id`.
    MappingId;
    /// The audience of a token: an API (RFC 7519 section 4.1.3).
    Audience;
    /// The `kid` of a signing key: its RFC 7638 thumbprint.
    KeyId;
    /// The `jti` of a token.
    Jti;
}

/// One request: 128 bits from the entropy source, written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId([u8; 16]);

impl TraceId {
    /// From fresh bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads 32 hexadecimal digits of either case.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        u128::from_str_radix(text, 16).ok().map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_is_read_as_it_is_written() {
        let id = TraceId::new([7; 16]);
        assert_eq!(TraceId::parse(&id.to_string()), Some(id));
        for text in ["", "07", "+7070707070707070707070707070707", "zz070707070707070707070707070707"] {
            assert_eq!(TraceId::parse(text), None, "{text}");
        }
    }
}
