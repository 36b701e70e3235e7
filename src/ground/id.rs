//! Names of things: each its own type, so that one cannot stand for another.
//!
//! Floor 0.

use std::fmt;
use std::sync::Arc;

use super::time::Timestamp;

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
    /// The lasting `sub` of a person, as it is linked: what a client with pairwise subjects is told is derived from it.
    Sub;
    /// A host name whose clients see one `sub` of a person, and those of other sectors another (`OpenID` Connect Core
    /// section 8.1: the sector identifier).
    Sector;
}

/// As many milliseconds as 48 bits hold: the year 10889.
const LAST_MILLIS: u64 = (1 << 48) - 1;

/// One request: the millisecond in which it began (48 bits) and 80 bits from the entropy source, written as 32
/// hexadecimal digits. So a record is found by its trace id without an index beside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId([u8; 16]);

impl TraceId {
    /// `chance`: fresh bytes.
    pub fn new(began: Timestamp, chance: [u8; 10]) -> Self {
        let millis = u64::try_from(began.unix_millis()).unwrap_or(0).min(LAST_MILLIS);
        let mut tail = [0; 16];
        for (place, byte) in tail.iter_mut().skip(6).zip(chance) {
            *place = byte;
        }
        Self((u128::from(millis) << 80 | u128::from_be_bytes(tail)).to_be_bytes())
    }

    /// As [`TraceId::as_bytes`] gives them.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// When the request began, to the millisecond.
    pub const fn began(&self) -> Timestamp {
        let millis = u128::from_be_bytes(self.0) >> 80;
        // 48 bits are left.
        Timestamp::from_unix_millis(millis as i64)
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
    fn a_trace_id_says_when_its_request_began() {
        let began = Timestamp::from_unix_millis(1_772_366_400_123);
        let id = TraceId::new(began, [0xAB; 10]);
        assert_eq!((id.began(), id.to_string().as_str()), (began, "019ca9450a7babababababababababab"));
        for (millis, kept) in [(0, 0), (-1, 0), (i64::MAX, (1 << 48) - 1), ((1 << 48) - 1, (1 << 48) - 1)] {
            let id = TraceId::new(Timestamp::from_unix_millis(millis), [0xFF; 10]);
            assert_eq!((id.began().unix_millis(), &id.as_bytes()[6..]), (kept, [0xFF; 10].as_slice()), "{millis}");
        }
    }

    #[test]
    fn a_trace_id_is_read_as_it_is_written() {
        let id = TraceId::from_bytes([7; 16]);
        assert_eq!(TraceId::parse(&id.to_string()), Some(id));
        for text in ["", "07", "+7070707070707070707070707070707", "zz070707070707070707070707070707"] {
            assert_eq!(TraceId::parse(text), None, "{text}");
        }
    }
}
