//! Expressions of a mapping as text, built from parts that are safe to put together.
//!
//! **Invariant.** An optional attribute is read behind `has(…)`, and text from outside only as a literal.

use std::fmt::Write as _;

use super::draft::Attribute;

/// Text as a literal of CEL.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                // Writing into a string does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// `attr.<short>`
pub(super) fn name(attribute: &Attribute) -> String {
    format!("attr.{}", attribute.short)
}

/// The values of an attribute as a list; empty where it is absent.
pub(super) fn list(attribute: &Attribute) -> String {
    let name = name(attribute);
    match (attribute.many, attribute.optional) {
        (true, false) => name,
        (true, true) => format!("(has({name}) ? {name} : [])"),
        (false, false) => format!("[{name}]"),
        (false, true) => format!("(has({name}) ? [{name}] : [])"),
    }
}

/// Whether one of its values is this one.
pub(super) fn has_value(attribute: &Attribute, value: &str) -> String {
    let (name, value) = (name(attribute), literal(value));
    let test = if attribute.many { format!("{value} in {name}") } else { format!("{name} == {value}") };
    guarded(attribute, &test)
}

/// Whether a value, read as `v`, passes this test.
pub(super) fn some_value(attribute: &Attribute, test: &str) -> String {
    format!("{}.exists(v, {test})", list(attribute))
}

/// Whether it was sent at all.
pub(super) fn is_there(attribute: &Attribute) -> String {
    match (attribute.many, attribute.optional) {
        (_, true) => format!("has({})", name(attribute)),
        (true, false) => format!("size({}) > 0", name(attribute)),
        (false, false) => "true".into(),
    }
}

/// A test that reads the attribute, false where it is absent.
pub(super) fn guarded(attribute: &Attribute, test: &str) -> String {
    if attribute.optional { format!("(has({}) && {test})", name(attribute)) } else { format!("({test})") }
}

/// The first of several attributes that is there, as one claim: a text, or a list of all values.
pub(super) fn first_of(attributes: &[&Attribute]) -> String {
    if attributes.iter().any(|attribute| attribute.many) {
        return attributes.iter().map(|attribute| list(attribute)).collect::<Vec<_>>().join(" + ");
    }
    let mut out = String::new();
    for attribute in attributes {
        let name = name(attribute);
        if !attribute.optional {
            return out + &name;
        }
        let _ = write!(out, "has({name}) ? {name} : ");
    }
    out + "null"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(short: &str, many: bool, optional: bool) -> Attribute {
        Attribute { short: short.into(), name: short.into(), many, optional, ..Attribute::default() }
    }

    #[test]
    fn an_optional_attribute_is_asked_for_before_it_is_read() {
        let (one, many) = (attribute("a", false, true), attribute("b", true, true));
        assert_eq!(has_value(&one, "x"), "(has(attr.a) && attr.a == 'x')");
        assert_eq!(has_value(&many, "x'y"), "(has(attr.b) && 'x\\'y' in attr.b)");
        assert_eq!(first_of(&[&one, &attribute("c", false, false)]), "has(attr.a) ? attr.a : attr.c");
        assert_eq!(first_of(&[&one]), "has(attr.a) ? attr.a : null");
        assert_eq!(first_of(&[&one, &many]), "(has(attr.a) ? [attr.a] : []) + (has(attr.b) ? attr.b : [])");
        assert_eq!(is_there(&attribute("d", true, false)), "size(attr.d) > 0");
    }
}
