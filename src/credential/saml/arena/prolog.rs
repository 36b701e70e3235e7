//! Before the first tag: the characters of a document, and its XML declaration.
//!
//! Floor 2.

use super::super::rejection::XmlFault;
use super::attributes::{Attributes, RawAttribute};
use super::names::{is_char, is_space};

/// XML 1.0 section 2.2: every literal character is one that a document may have. Says whether there are carriage
/// returns, or where the first foreign character is.
pub(super) fn scan(text: &str) -> Result<bool, usize> {
    let (mut foreign, mut returns) = (false, false);
    for &byte in text.as_bytes() {
        returns |= byte == b'\r';
        // U+FFFE and U+FFFF begin with EF; only a document that has such bytes is looked at again.
        foreign |= (byte < b' ' && !is_space(byte)) || byte == 0xEF;
    }
    match foreign.then(|| text.find(|c| !is_char(c))).flatten() {
        Some(at) => Err(at),
        None => Ok(returns),
    }
}

/// XML 1.0 section 2.8, productions 23 to 26, 32, 80 and 81.
pub(super) fn declaration(content: &str) -> Result<(), XmlFault> {
    let mut attributes = Attributes::of(content);
    let mut expected = ["version", "encoding", "standalone"].iter();
    let mut version = false;
    while let Some(RawAttribute { name, value, .. }) = attributes.next()? {
        if !expected.any(|next| *next == name) {
            return Err(XmlFault::Declaration);
        }
        let accepted = match name {
            "version" => value == "1.0",
            "encoding" => value.eq_ignore_ascii_case("UTF-8"),
            _ => matches!(value.as_ref(), "yes" | "no"),
        };
        if !accepted {
            return Err(XmlFault::Declaration);
        }
        version |= name == "version";
    }
    if version { Ok(()) } else { Err(XmlFault::Declaration) }
}
