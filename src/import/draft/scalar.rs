//! Text as a YAML scalar, and as a comment.

use std::fmt::Write as _;

use crate::ground::visible::wrapped;

/// Words that some reader of YAML takes for something other than text.
const NOT_TEXT: [&str; 11] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"];

/// Text as it stands, where every reader takes it for text; in double quotes otherwise. Good in block and flow style,
/// as a key and as a value.
pub(super) fn text(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Letters first, then what has no meaning to YAML; a colon only inside a word.
fn is_plain(text: &str) -> bool {
    let may_stand =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@' | '+' | ' ' | ':' | '(' | ')');
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(may_stand)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains("  ")
        && !NOT_TEXT.contains(&text.to_ascii_lowercase().as_str())
}

/// Text in double quotes (YAML 1.2 section 7.3.1).
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_visible(c) => out.push(c),
            c => {
                let code = u32::from(c);
                // Writing into a string does not fail.
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
    out
}

/// The lines of a comment, of some `width` characters, without what ends a comment or cannot be seen.
pub(super) fn comment(text: &str, width: usize) -> Vec<String> {
    let clean: String = text.chars().map(|c| if is_visible(c) { c } else { ' ' }).collect();
    wrapped(&clean, width)
}

/// Printable (YAML 1.2 section 5.1), no line break of any reader, and nothing that turns the direction of text.
fn is_visible(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    !c.is_control() && !turns && !breaks
}
