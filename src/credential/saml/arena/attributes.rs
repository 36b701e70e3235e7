//! The inside of a tag: attributes as XML 1.0 section 3.1 has them, values normalised by section 3.3.3.
//!
//! Floor 2. quick-xml finds where a tag ends; what stands inside is read here, strictly.

use std::borrow::Cow;

use super::super::rejection::XmlFault;
use super::names::{is_char, is_space};

/// An attribute as written, its value normalised.
pub(super) struct RawAttribute<'a> {
    pub name: &'a str,
    pub value: Cow<'a, str>,
    /// Whether canonicalisation writes the value as it is.
    pub plain: bool,
}

/// `(S Attribute)* S?` of productions 40 and 44.
pub(super) struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Attributes<'a> {
    /// What follows the name in a tag.
    pub(super) const fn of(rest: &'a str) -> Self {
        Self { rest }
    }

    /// The next attribute, or `None` at the end of the tag.
    pub(super) fn next(&mut self) -> Result<Option<RawAttribute<'a>>, XmlFault> {
        let trimmed = trim_start(self.rest);
        if trimmed.is_empty() {
            return Ok(None);
        }
        if trimmed.len() == self.rest.len() {
            return Err(XmlFault::IllFormed("no white space before an attribute"));
        }
        let (name, rest) = split_name(trimmed);
        let rest = trim_start(rest).strip_prefix('=').map(trim_start).unwrap_or_default();
        let quote = rest.bytes().next().filter(|byte| matches!(byte, b'"' | b'\''));
        let (Some(quote), Some(rest)) = (quote, rest.get(1..)) else {
            return Err(XmlFault::IllFormed("an attribute without a quoted value"));
        };
        let (raw, rest) = rest
            .split_once(char::from(quote))
            .ok_or(XmlFault::IllFormed("an attribute value without its closing quote"))?;
        self.rest = rest;
        let (value, plain) = normalise(raw)?;
        Ok(Some(RawAttribute { name, value, plain }))
    }
}

/// Splits before the first white space or `=`.
fn split_name(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| is_space(byte) || byte == b'=').unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn trim_start(text: &str) -> &str {
    let blank = text.bytes().take_while(|byte| is_space(*byte)).count();
    text.get(blank..).unwrap_or_default()
}

/// XML 1.0 sections 2.11 and 3.3.3, for attributes of type CDATA: literal white space becomes blanks, a line end one,
/// and what a character reference names stays as it is. Borrows where nothing changes.
fn normalise(raw: &str) -> Result<(Cow<'_, str>, bool), XmlFault> {
    let (mut less_than, mut changes, mut quote) = (false, false, false);
    // Control characters but for white space were refused before. Written so that it can be done on many bytes at once.
    for &byte in raw.as_bytes() {
        less_than |= byte == b'<';
        changes |= byte == b'&' || byte < b' ';
        quote |= byte == b'"';
    }
    // Production 10.
    if less_than {
        return Err(XmlFault::IllFormed("a `<` in an attribute value"));
    }
    if !changes {
        return Ok((Cow::Borrowed(raw), !quote));
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.bytes().position(|byte| byte == b'&' || byte < b' ') {
        let (before, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
        value.push_str(before);
        rest = if let Some(reference) = special.strip_prefix('&') {
            let (name, after) = reference.split_once(';').ok_or(XmlFault::Reference)?;
            value.push(resolve(name)?);
            after
        } else {
            value.push(' ');
            special.strip_prefix("\r\n").or_else(|| special.get(1..)).unwrap_or_default()
        };
    }
    value.push_str(rest);
    Ok((Cow::Owned(value), false))
}

/// What a reference stands for: a character (XML 1.0 section 4.1, production 66) or one of the five predefined entities
/// (section 4.6). There are no others without a document type declaration.
pub(super) fn resolve(name: &str) -> Result<char, XmlFault> {
    match name {
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "amp" => return Ok('&'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => {}
    }
    let number = name.strip_prefix('#').ok_or(XmlFault::Reference)?;
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    // `from_str_radix` alone would take a sign.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(XmlFault::Reference);
    }
    let code = u32::from_str_radix(digits, radix).map_err(|_| XmlFault::Reference)?;
    char::from_u32(code).filter(|c| is_char(*c)).ok_or(XmlFault::Reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<(String, String)>, XmlFault> {
        let mut attributes = Attributes::of(text);
        let mut found = Vec::new();
        while let Some(attribute) = attributes.next()? {
            found.push((attribute.name.to_owned(), attribute.value.into_owned()));
        }
        Ok(found)
    }

    fn value(raw: &str) -> String {
        normalise(raw).unwrap().0.into_owned()
    }

    #[test]
    fn attributes_are_split_as_xml_has_them() {
        let found = all(" a=\"1\"\n b:c = '\"'\t").unwrap();
        assert_eq!(found, [("a".into(), "1".into()), ("b:c".into(), "\"".into())]);
        for text in [
            "a=\"1\"",
            " a=\"1\"b=\"2\"",
            " a",
            " a=",
            " a=1",
            " a='1",
            " a=\"1'",
            " a\"1\"",
            " =\"1\"x",
            " a=='1'",
            " a='<'",
            " /",
        ] {
            assert!(all(text).is_err(), "{text}");
        }
    }

    #[test]
    fn literal_white_space_becomes_blanks_and_references_stay() {
        assert_eq!(value("a\tb\nc\rd\r\ne"), "a b c d e");
        assert_eq!(value("a&#9;b&#xA;c&#13;d&#x20;e"), "a\tb\nc\rd e");
        assert_eq!(value("&lt;&gt;&amp;&quot;&apos;&#x10FFFF;"), "<>&\"'\u{10FFFF}");
        assert!(matches!(normalise("é>").unwrap(), (Cow::Borrowed("é>"), true)));
        assert!(matches!(normalise("\"").unwrap(), (Cow::Borrowed("\""), false)));
    }

    #[test]
    fn references_to_anything_else_are_refused() {
        for name in [
            "",
            "nbsp",
            "#",
            "#x",
            "#0",
            "#x0",
            "#8",
            "#xB",
            "#xD800",
            "#xFFFE",
            "#xFFFF",
            "#x110000",
            "#X41",
            "#+65",
            "#-65",
            "#x+41",
            "# 65",
            "#4294967361",
            "LT",
            "lt ",
            "#6a",
        ] {
            assert_eq!(resolve(name), Err(XmlFault::Reference), "{name}");
        }
        assert_eq!(resolve("#x0000000000041"), Ok('A'));
        assert_eq!(normalise("a & b").unwrap_err(), XmlFault::Reference);
    }
}
