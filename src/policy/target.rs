//! Which API a request is for: `audience` (RFC 8693 section 2.1) and `resource` (RFC 8707 section 2).

use crate::ground::id::Audience;

use super::client::{Api, Client, Policy};
use super::denial::Denial;

/// What a request names as its target; both parameters may repeat (RFC 8693 section 2.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AskedTarget {
    /// Every `audience`, in the order received.
    pub audiences: Vec<String>,
    /// Every `resource`, in the order received.
    pub resources: Vec<String>,
}

impl Policy {
    /// The one API that is asked for. Names are compared character by character (RFC 3986 section 6.2.1); all must be
    /// the same one, because a token is for one API. Nothing named: the client's only audience.
    pub fn target(&self, client: &Client, asked: &AskedTarget) -> Result<&Api, Denial> {
        if let Some(malformed) = asked.resources.iter().find(|resource| !is_resource(resource)) {
            return Err(Denial::ResourceMalformed { found: malformed.clone() });
        }
        let mut named: Vec<Audience> =
            asked.audiences.iter().chain(&asked.resources).map(|name| Audience::new(name.as_str())).collect();
        if let Some(refused) = named.iter().find(|name| !client.audiences.contains(name)) {
            return Err(Denial::AudienceRefused { found: refused.to_string(), allowed: client.audiences.clone() });
        }
        named.sort_unstable();
        named.dedup();
        let audience = match (named.as_slice(), client.audiences.as_slice()) {
            ([one], _) | ([], [one]) => one,
            ([], []) => return Err(Denial::AudienceRefused { found: "no target".to_owned(), allowed: Vec::new() }),
            ([], _) => return Err(Denial::AudienceNeeded { allowed: client.audiences.clone() }),
            (_, _) => return Err(Denial::AudiencesSeveral { found: named }),
        };
        // A policy's clients have no other audiences than its APIs'; a client of another policy might.
        let unknown = || Denial::AudienceRefused { found: audience.to_string(), allowed: client.audiences.clone() };
        self.api(audience).ok_or_else(unknown)
    }
}

/// RFC 8707 section 2: an absolute URI (RFC 3986 section 4.3: a scheme and what follows, no fragment). What follows is
/// not taken apart: it must be, character by character, the name of an API.
fn is_resource(text: &str) -> bool {
    let is_scheme_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
            && scheme.bytes().all(is_scheme_byte)
            && !rest.is_empty()
            && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_an_absolute_uri_without_fragment() {
        for text in ["https://payroll.example", "https://payroll.example/a?b=c", "urn:example:payroll", "x+y-z.1:a"] {
            assert!(is_resource(text), "{text}");
        }
        for text in [
            "",
            ":",
            "payroll",
            "/payroll",
            "//payroll.example",
            "https:",
            "1s:x",
            "-s:x",
            "https://payroll.example#",
            "https://payroll.example#a",
            "https://payroll.example/a b",
            "https://payroll.example/\u{e9}",
            "ht tps://x",
            "https://payroll.example\n",
            " https://payroll.example",
        ] {
            assert!(!is_resource(text), "{text}");
        }
    }
}
