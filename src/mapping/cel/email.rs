//! E-mail addresses: `emailLocal(x)` and `emailDomain(x)`.
//!
//! Only what is exactly `local@domain` has either (RFC 5321 `Mailbox`, RFC 6531 for letters beyond ASCII before the
//! `@`). Whoever cuts at an `@` by himself finds `corp.example` in `eve@corp.example@evil.example` or in
//! `eve@evil.example <x@corp.example>`; these fail.
//!
//! **Absent on purpose.** Address literals (`x@[192.0.2.1]`), comments, display names, and domains beyond ASCII: one
//! domain would have two spellings.

use ::cel::common::types::CelString;
use ::cel::{DeclarationError, Env};

use super::text::{Outcome, fails};

/// Declares the two.
pub(super) fn extension(env: &mut Env) -> Result<(), DeclarationError> {
    ::cel::add_overload!(env, fn email_local: (CelString<'_>) -> Result<CelString<'_>>)?;
    ::cel::add_overload!(env, fn email_domain: (CelString<'_>) -> Result<CelString<'_>>)
}

/// As it is written: whether it has two spellings is known to that domain only (RFC 5321 section 2.4).
fn email_local(text: &CelString<'_>) -> Outcome<CelString<'static>> {
    match parts(text.inner()) {
        Some((local, _)) => Ok(local.to_owned().into()),
        None => fails("emailLocal", "this is not an e-mail address"),
    }
}

/// In lower case.
fn email_domain(text: &CelString<'_>) -> Outcome<CelString<'static>> {
    match parts(text.inner()) {
        Some((_, domain)) => Ok(domain.to_ascii_lowercase().into()),
        None => fails("emailDomain", "this is not an e-mail address"),
    }
}

fn parts(text: &str) -> Option<(&str, &str)> {
    let (local, domain) = text.rsplit_once('@')?;
    ((is_dot_string(local) || is_quoted(local)) && is_domain(domain)).then_some((local, domain))
}

/// Words of `atext` (RFC 5322 section 3.2.3) with single dots between them.
fn is_dot_string(local: &str) -> bool {
    let is_atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_letter_beyond(c);
    local.split('.').all(|word| !word.is_empty() && word.chars().all(is_atext))
}

/// Beyond ASCII, and neither a space nor a control character.
fn is_letter_beyond(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() && !c.is_control()
}

/// Text in quotes, in which a backslash stands before quotes and backslashes.
fn is_quoted(local: &str) -> bool {
    let Some(inside) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return false };
    let mut chars = inside.chars();
    while let Some(next) = chars.next() {
        let found = if next == '\\' { chars.next().filter(char::is_ascii) } else { Some(next) };
        if (next == '"') || !found.is_some_and(|c| c == ' ' || c.is_ascii_graphic() || is_letter_beyond(c)) {
            return false;
        }
    }
    true
}

/// Labels of letters, digits and inner hyphens (RFC 1123 section 2.1).
fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|label| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_has_two_parts() {
        for (text, local, domain) in [
            ("Ana.Ruiz@Corp.EXAMPLE", "Ana.Ruiz", "Corp.EXAMPLE"),
            ("a@b", "a", "b"),
            ("o'neill+x/y=z@mail-1.corp.example", "o'neill+x/y=z", "mail-1.corp.example"),
            ("josé@corp.example", "josé", "corp.example"),
            (r#""a b@c\"d\\"@corp.example"#, r#""a b@c\"d\\""#, "corp.example"),
            ("a@1.2", "a", "1.2"),
        ] {
            assert_eq!(parts(text), Some((local, domain)), "{text}");
        }
        assert_eq!(email_domain(&CelString::from("a@Corp.EXAMPLE")).unwrap().inner(), "corp.example");
        assert_eq!(email_local(&CelString::from("A@Corp.EXAMPLE")).unwrap().inner(), "A");
    }

    #[test]
    fn what_is_not_exactly_an_address_has_none() {
        for text in [
            "",
            "@",
            "a@",
            "@b",
            "corp.example",
            "eve@corp.example@evil.example",
            "eve@evil.example <x@corp.example>",
            "<x@corp.example>",
            "x@corp.example ",
            " x@corp.example",
            "x@corp.example\n",
            "x\n@corp.example",
            "x\0@corp.example",
            "x@corp..example",
            "x@corp.example.",
            "x@.corp.example",
            "x@-corp.example",
            "x@corp-.example",
            "x@corp_x.example",
            "x@[192.0.2.1]",
            "x@corp.example,y@corp.example",
            "x@corp。example",
            "x@cörp.example",
            "x..y@corp.example",
            ".x@corp.example",
            "x.@corp.example",
            "x y@corp.example",
            "x,y@corp.example",
            "CORP\\x@corp.example",
            r#""a"b"@corp.example"#,
            r#""a\"@corp.example"#,
            r#""@corp.example"#,
            "\u{a0}x@corp.example",
        ] {
            assert_eq!(parts(text), None, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_domain_is_all_that_stands_behind_the_last_sign(text in prop_oneof![any::<String>(), "[a-b@.\"\\\\ ]{0,12}"]) {
            if let Some((local, domain)) = parts(&text) {
                prop_assert_eq!(&format!("{local}@{domain}"), &text);
                prop_assert!(!domain.contains('@') && !domain.is_empty() && !local.is_empty());
                prop_assert!(!local.contains('@') || local.starts_with('"'));
            }
        }
    }
}
