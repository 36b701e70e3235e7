//! Which characters, names and namespace names are what they claim to be.
//!
//! Floor 2. XML 1.0 (fifth edition), Namespaces in XML 1.0 (third edition), RFC 3986.

/// Whether `c` may appear in a document at all (XML 1.0 section 2.2, production 2).
pub(super) const fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// White space between markup (XML 1.0 section 2.3, production 3).
pub(in super::super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// What a byte may be part of, as bits; one look at a table for each byte of a document's names and values.
struct Class;

impl Class {
    /// The first byte of an ASCII `NCName`.
    const NAME_START: u8 = 1;
    /// A further byte of an ASCII `NCName`.
    const NAME: u8 = 2;
    /// A character of a URI.
    const URI: u8 = 4;
    const TABLE: [u8; 256] = Self::table();

    /// The bits of one byte.
    fn of(byte: u8) -> u8 {
        Self::TABLE.get(usize::from(byte)).copied().unwrap_or_default()
    }

    const fn table() -> [u8; 256] {
        let mut table = [0; 256];
        let mut byte = u8::MAX;
        let mut rest: &mut [u8] = &mut table;
        while let [before @ .., last] = rest {
            *last = Self::bits(byte);
            rest = before;
            byte = byte.saturating_sub(1);
        }
        table
    }

    const fn bits(byte: u8) -> u8 {
        let mut bits = 0;
        if byte.is_ascii_alphabetic() || byte == b'_' {
            bits |= Self::NAME_START;
        }
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') {
            bits |= Self::NAME;
        }
        if is_uri_byte(byte) {
            bits |= Self::URI;
        }
        bits
    }
}

/// An `NCName` (Namespaces in XML section 3, production 4): a Name (XML 1.0 production 5) without a colon.
pub(in super::super) fn is_ncname(text: &str) -> bool {
    let mut bytes = text.bytes();
    let starts = bytes.next().is_some_and(|first| Class::of(first) & Class::NAME_START != 0);
    if starts && bytes.all(|byte| Class::of(byte) & Class::NAME != 0) {
        return true;
    }
    let mut chars = text.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name)
}

/// Splits a `QName` (Namespaces in XML section 4) into prefix, empty where there is none, and local part.
pub(super) fn split_qname(name: &str) -> Option<(&str, &str)> {
    match name.split_once(':') {
        None => is_ncname(name).then_some(("", name)),
        Some((prefix, local)) => (is_ncname(prefix) && is_ncname(local)).then_some((prefix, local)),
    }
}

/// Whether a namespace name is an absolute URI (RFC 3986 section 3): a scheme, then only characters of a URI. Canonical
/// XML 1.0 section 1.3 refuses relative ones; what other engines would make of the rest, nobody needs to find out.
pub(super) fn is_absolute_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let mut scheme = scheme.bytes();
    scheme.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && scheme.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && rest.bytes().all(|byte| Class::of(byte) & Class::URI != 0)
}

const fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'%'
                | b':'
                | b'/'
                | b'?'
                | b'#'
                | b'@'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
        )
}

/// XML 1.0 production 4, without the colon.
const fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

/// XML 1.0 production 4a, without the colon.
const fn is_name(c: char) -> bool {
    is_name_start(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_xml_1_0() {
        for name in ["a", "_", "saml", "A-b.c_9", "é", "名前", "a\u{B7}", "\u{10000}"] {
            assert!(is_ncname(name), "{name}");
        }
        for name in ["", "-a", ".a", "9a", "a:b", ":", "a b", "a/", "\u{B7}a", "a\u{D7}", "é!", "a\u{2190}", "<"] {
            assert!(!is_ncname(name), "{name}");
        }
    }

    #[test]
    fn a_qname_has_at_most_one_colon() {
        assert_eq!(split_qname("a"), Some(("", "a")));
        assert_eq!(split_qname("a:b"), Some(("a", "b")));
        for name in ["a:b:c", ":a", "a:", ":", "", "a:9"] {
            assert_eq!(split_qname(name), None, "{name}");
        }
    }

    #[test]
    fn a_namespace_name_is_an_absolute_uri() {
        for uri in ["urn:x", "http://www.w3.org/2000/09/xmldsig#", "a+b-c.1:/?x=%20&y"] {
            assert!(is_absolute_uri(uri), "{uri}");
        }
        for uri in ["", "1", "a", "./a", "//a/b", ":a", "1a:b", "urn:", "urn:a b", "urn:é", "urn:\"", "u_n:x", "#a"] {
            assert!(!is_absolute_uri(uri), "{uri}");
        }
    }
}
