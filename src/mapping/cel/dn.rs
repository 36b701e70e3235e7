//! Distinguished names: text (RFC 4514) to types and values, in the order of the text.
//!
//! Types are folded to lower case, because they are compared without regard to it; an object identifier stays as it
//! is written, and is never taken for the short name of the same type. Of what older writers produce, two things are
//! read because they can mean only one thing: spaces around `,`, `+` and `=` (a space that belongs to a value is
//! escaped), and values in quotes (RFC 2253 section 4).
//!
//! **Absent on purpose.** Values in hexadecimal (`#0401…`), which are BER and not text; `;` between names, slashes, and
//! NUL in a value: who reads on may take that for its end.

use ::cel::common::types::{CelList, CelMap, CelMapKey, CelString};
use ::cel::common::value::Val;
use ::cel::{DeclarationError, Env};

use super::limits::MAX_PIECES;
use super::text::{Outcome, fails};

/// Declares `dn(x)` and `rdns(x, type)`.
pub(super) fn extension(env: &mut Env) -> Result<(), DeclarationError> {
    ::cel::add_overload!(env, fn dn: (CelString<'_>) -> Result<CelMap<'_>>)?;
    ::cel::add_overload!(env, fn rdns: (CelString<'_>, CelString<'_>) -> Result<CelList<'_>>)
}

/// The first value of each type.
fn dn(text: &CelString<'_>) -> Outcome<CelMap<'static>> {
    let pairs = parse(text.inner()).or_else(|why| fails("dn", why))?;
    // The last insertion wins: from the end, so that it is the first of the text.
    let fields = pairs.into_iter().rev().map(|(kind, value)| (CelMapKey::from(kind), boxed(value)));
    Ok(CelMap::from(fields.collect::<std::collections::HashMap<_, _>>()))
}

/// Every value of one type.
fn rdns(text: &CelString<'_>, kind: &CelString<'_>) -> Outcome<CelList<'static>> {
    let pairs = parse(text.inner()).or_else(|why| fails("rdns", why))?;
    let values = pairs.into_iter().filter(|(found, _)| found.eq_ignore_ascii_case(kind.inner()));
    Ok(CelList::from(values.map(|(_, value)| boxed(value)).collect::<Vec<_>>()))
}

fn boxed(text: String) -> Box<dyn Val> {
    Box::new(CelString::from(text))
}

type Read<T> = Result<T, &'static str>;

/// Types and values. The empty text is the empty name.
fn parse(text: &str) -> Read<Vec<(String, String)>> {
    let mut rest = Rest(text);
    let mut pairs = Vec::new();
    rest.skip_spaces();
    if rest.0.is_empty() {
        return Ok(pairs);
    }
    loop {
        if pairs.len() == MAX_PIECES {
            return Err("it has too many parts");
        }
        let kind = rest.kind()?;
        pairs.push((kind, rest.value()?));
        match rest.next() {
            None => return Ok(pairs),
            // Whether two stand side by side or one above the other is not asked.
            Some(',' | '+') => rest.skip_spaces(),
            Some(_) => return Err("there is something behind a value"),
        }
    }
}

/// What is still to be read.
struct Rest<'t>(&'t str);

impl Rest<'_> {
    fn peek(&self) -> Option<char> {
        self.0.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.0.chars();
        let next = chars.next();
        self.0 = chars.as_str();
        next
    }

    fn skip_spaces(&mut self) {
        self.0 = self.0.trim_start_matches(' ');
    }

    /// A type and the `=` behind it.
    fn kind(&mut self) -> Read<String> {
        let (kind, rest) = self.0.split_once('=').ok_or("a part has no `=`")?;
        self.0 = rest;
        let kind = kind.trim_end_matches(' ');
        if is_short_name(kind) || is_object_identifier(kind) {
            Ok(kind.to_ascii_lowercase())
        } else {
            Err("what stands before a `=` is no attribute type")
        }
    }

    /// A value up to the separator behind it.
    fn value(&mut self) -> Read<String> {
        self.skip_spaces();
        let bytes = match self.peek() {
            Some('#') => return Err("a value is in hexadecimal"),
            Some('"') => self.quoted()?,
            _ => self.plain()?,
        };
        self.skip_spaces();
        if bytes.contains(&0) {
            return Err("a value has a NUL");
        }
        String::from_utf8(bytes).map_err(|_| "the bytes of a value are no text")
    }

    fn plain(&mut self) -> Read<Vec<u8>> {
        let mut bytes = Vec::new();
        // Spaces at the end do not belong to it, unless they are escaped.
        let mut kept = 0;
        while let Some(next) = self.peek().filter(|next| !matches!(next, ',' | '+')) {
            self.next();
            match next {
                '\\' => bytes.push(self.escaped()?),
                '"' | ';' | '<' | '>' => return Err("a value has a character that must be escaped"),
                _ => push(&mut bytes, next),
            }
            if next != ' ' {
                kept = bytes.len();
            }
        }
        bytes.truncate(kept);
        Ok(bytes)
    }

    fn quoted(&mut self) -> Read<Vec<u8>> {
        self.next();
        let mut bytes = Vec::new();
        loop {
            match self.next() {
                None => return Err("a quoted value does not end"),
                Some('"') => return Ok(bytes),
                Some('\\') => bytes.push(self.escaped()?),
                Some(next) => push(&mut bytes, next),
            }
        }
    }

    /// What stands behind a backslash: one byte, as itself or by two hexadecimal digits.
    fn escaped(&mut self) -> Read<u8> {
        const BAD: &str = "a backslash stands before something that is not escaped";
        let first = self.next().and_then(|next| u8::try_from(next).ok()).ok_or(BAD)?;
        if br##" "#+,;<=>\"##.contains(&first) {
            return Ok(first);
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let second = self.next().and_then(|next| u8::try_from(next).ok());
        match (digit(first), second.and_then(digit)) {
            (Some(high), Some(low)) => Ok(high << 4 | low),
            _ => Err(BAD),
        }
    }
}

fn push(bytes: &mut Vec<u8>, next: char) {
    bytes.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
}

/// `descr` of RFC 4512: a letter, then letters, digits and hyphens.
fn is_short_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// `numericoid` of RFC 4512: numbers without leading zeros, two at least.
fn is_object_identifier(text: &str) -> bool {
    let is_number = |number: &str| {
        !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && (number == "0" || !number.starts_with('0'))
    };
    text.contains('.') && text.split('.').all(is_number)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn pairs(text: &str) -> Result<Vec<(String, String)>, &'static str> {
        parse(text)
    }

    fn shown(text: &str) -> String {
        match pairs(text) {
            Ok(pairs) => pairs.iter().map(|(kind, value)| format!("{kind}<{value}>")).collect::<Vec<_>>().join(" "),
            Err(why) => format!("no: {why}"),
        }
    }

    /// The first ones are the examples of RFC 4514 section 4, in their meaning.
    #[test]
    fn names_are_read_as_the_rfc_says() {
        for (text, expected) in [
            ("UID=jsmith,DC=example,DC=net", "uid<jsmith> dc<example> dc<net>"),
            ("OU=Sales+CN=J.  Smith,DC=example,DC=net", "ou<Sales> cn<J.  Smith> dc<example> dc<net>"),
            (r#"CN=James \"Jim\" Smith\, III,DC=net"#, r#"cn<James "Jim" Smith, III> dc<net>"#),
            (r"CN=Before\0dAfter,DC=net", "cn<Before\rAfter> dc<net>"),
            (r"CN=Lu\C4\8Di\C4\87", "cn<Lučić>"),
            ("1.3.6.1.4.1.1466.0=#04024869", "no: a value is in hexadecimal"),
            ("1.3.6.1.4.1.1466.0=x", "1.3.6.1.4.1.1466.0<x>"),
            ("", ""),
            ("  ", ""),
            ("CN=", "cn<>"),
            ("CN=,O=x", "cn<> o<x>"),
            ("cn = Ana Ruiz , o = Corp + ou = HR ", "cn<Ana Ruiz> o<Corp> ou<HR>"),
            (r"CN=\ a\ \ ,O=x", "cn< a  > o<x>"),
            (r"CN=\#1 = \=", "cn<#1 = =>"),
            (r#"CN="Ruiz, Ana + \"x\"" , O=x"#, r#"cn<Ruiz, Ana + "x"> o<x>"#),
            (r"CN=a\\b\+c\;d\<e\>", r"cn<a\b+c;d<e>>"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        for text in [
            "CN=Doe, John,OU=x",
            "CN=a,",
            "CN=a,,O=b",
            ",CN=a",
            "CN=a;O=b",
            "CN=a<b",
            r#"CN=a"b"#,
            r#"CN="a"b"#,
            r#"CN="a"#,
            r"CN=a\",
            r"CN=a\4",
            r"CN=a\zz",
            r"CN=a\é",
            r"CN=\ff",
            r"CN=a\00b",
            "CN=a\0b",
            "/C=DE/CN=x",
            "=x",
            "1=x",
            "1.=x",
            "1.02=x",
            "OID.1.2=x",
            "2x=x",
            "c n=x",
            "é=x",
            "CN",
        ] {
            assert!(pairs(text).is_err(), "{text}: {}", shown(text));
        }
    }

    #[test]
    fn the_parts_are_counted() {
        let name = |parts: usize| vec!["O=x"; parts].join(",");
        assert_eq!(pairs(&name(MAX_PIECES)).unwrap().len(), MAX_PIECES);
        assert!(pairs(&name(MAX_PIECES + 1)).is_err());
    }

    fn escaped(value: &str, quoted: bool) -> String {
        let mut text = String::new();
        for (at, next) in value.char_indices() {
            let at_edge = at == 0 || at + next.len_utf8() == value.len();
            match next {
                '"' | '\\' => text.extend(['\\', next]),
                '+' | ',' | ';' | '<' | '>' if !quoted => text.extend(['\\', next]),
                ' ' | '#' if at_edge && !quoted => text.extend(['\\', next]),
                _ if u32::from(next) % 3 == 0 => {
                    let bytes = next.to_string();
                    text.extend(bytes.bytes().map(|byte| format!("\\{byte:02x}")));
                }
                _ => text.push(next),
            }
        }
        if quoted { format!("\"{text}\"") } else { text }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_panics(text in prop_oneof![any::<String>(), r#"([a-zA-Z0-9.]{0,4}[ ]?[=,+;"\\#]?[0-9a-fA-F]{0,2}){0,12}"#]) {
            if let Ok(pairs) = pairs(&text) {
                let total: usize = pairs.iter().map(|(kind, value)| kind.len() + value.len()).sum();
                prop_assert!(total <= text.len());
                prop_assert!(pairs.len() <= text.len() / 2 + 1);
            }
        }

        #[test]
        fn what_is_escaped_comes_back(
            name in prop::collection::vec(("[a-zA-Z][a-zA-Z0-9-]{0,5}", "[^\0]{0,12}", any::<bool>(), any::<bool>()), 0..6),
        ) {
            let mut text = String::new();
            for (kind, value, quoted, beside) in &name {
                if !text.is_empty() {
                    text.push_str(if *beside { " + " } else { "," });
                }
                write!(text, "{kind}={}", escaped(value, *quoted)).unwrap();
            }
            let expected: Vec<_> =
                name.into_iter().map(|(kind, value, ..)| (kind.to_ascii_lowercase(), value)).collect();
            prop_assert_eq!(pairs(&text), Ok(expected));
        }
    }
}
