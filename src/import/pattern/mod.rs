//! Regular expressions of other products.
//!
//! Most of them ask whether a value is one of a few, or how it begins or ends. Those become tests that everybody can
//! read; others become `matches(…)`, where the dialects mean the same. What is not understood is `None`, and its importer
//! says so.

mod regex;

use super::expression::literal;

/// How a product applies a regular expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Somewhere in the value.
    Find,
    /// The value as a whole.
    Whole,
    /// Releases differ: only what means the same both ways is understood.
    Either,
}

/// What a regular expression asks of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    asks: Asks,
    ignore_case: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Asks {
    /// For one of these texts, with what may stand before it and behind it.
    Texts(Vec<String>, Rest, Rest),
    /// For a match of a regular expression in the syntax of our expressions.
    Match(String),
}

/// What may stand beside a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    Anything,
    Something,
}

/// More alternatives are not understood.
const MOST: usize = 32;

impl Pattern {
    /// Understands a regular expression, or does not.
    pub(super) fn read(regex: &str, reading: Reading) -> Option<Self> {
        let simple = match reading {
            Reading::Either => {
                let whole = Self::of(regex, Rest::Nothing);
                whole.filter(|whole| Self::of(regex, Rest::Anything).as_ref() == Some(whole))
            }
            Reading::Find => Self::of(regex, Rest::Anything),
            Reading::Whole => Self::of(regex, Rest::Nothing),
        };
        simple.or_else(|| {
            let (rest, mut ignore_case) = without_flag(regex);
            let rest = match rest.strip_prefix("^(?i)") {
                Some(rest) => {
                    ignore_case = true;
                    format!("^{rest}")
                }
                None => rest.to_owned(),
            };
            let asks = Asks::Match(regex::rewrite(&rest, reading, ignore_case)?);
            Some(Self { asks, ignore_case })
        })
    }

    /// `open` is what stands beside a text where no anchor says otherwise.
    fn of(regex: &str, open: Rest) -> Option<Self> {
        let (regex, mut ignore_case) = without_flag(regex);
        let (regex, starts) = regex.strip_prefix('^').map_or((regex, false), |rest| (rest, true));
        let (regex, flag) = without_flag(regex);
        ignore_case |= flag;
        let ends = regex.ends_with('$') && !regex.ends_with("\\$");
        let regex = if ends { regex.strip_suffix('$')? } else { regex };
        let (regex, before) = wild(regex, |regex, wild| regex.strip_prefix(wild));
        let (regex, after) = wild(regex, |regex, wild| {
            regex.strip_suffix(wild).filter(|rest| !rest.ends_with('\\') && !rest.ends_with('('))
        });
        let side = |anchored: bool, wild: Option<Rest>| wild.unwrap_or(if anchored { Rest::Nothing } else { open });
        // A wild card without an anchor: something before, and then anything before that.
        let (before, after) = (side(starts, before), side(ends, after));
        // `.+x` could find its x at the very beginning and another behind it: a length says too little there.
        let loose = |one: Rest, other: Rest| one == Rest::Something && other != Rest::Nothing;
        if !regex.is_empty() && (loose(before, after) || loose(after, before)) {
            return None;
        }
        let texts = if regex.is_empty() { vec![String::new()] } else { alternatives(regex)? };
        if ignore_case && !texts.iter().all(|text| folds_like_ascii(text)) {
            return None;
        }
        // `^a|b$` anchors each alternative by itself.
        if texts.len() > 1 && has_bare_bar(regex) && (starts || ends || before != open || after != open) {
            return None;
        }
        Some(Self { asks: Asks::Texts(texts, before, after), ignore_case })
    }

    /// The values themselves, where the pattern asks for exactly these.
    pub(super) fn exact(&self) -> Option<&[String]> {
        match &self.asks {
            Asks::Texts(texts, Rest::Nothing, Rest::Nothing) if !self.ignore_case => Some(texts.as_slice()),
            Asks::Texts(..) | Asks::Match(_) => None,
        }
    }

    /// A test of a value that is called `name`.
    pub(super) fn test(&self, name: &str) -> String {
        let name = if self.ignore_case { format!("{name}.lowerAscii()") } else { name.to_owned() };
        match &self.asks {
            Asks::Match(regex) if regex.contains('\'') => format!("{name}.matches({})", literal(regex)),
            Asks::Match(regex) => format!("{name}.matches(r'{regex}')"),
            Asks::Texts(texts, before, after) => {
                let all: Vec<String> = texts.iter().map(|text| self.test_of(&name, text, *before, *after)).collect();
                if let [only] = all.as_slice() { only.clone() } else { format!("({})", all.join(" || ")) }
            }
        }
    }

    fn test_of(&self, name: &str, text: &str, before: Rest, after: Rest) -> String {
        let text = if self.ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
        let (length, text) = (text.chars().count(), literal(&text));
        let longer = [before, after].iter().filter(|rest| **rest == Rest::Something).count();
        let asked = match (before, after) {
            (Rest::Nothing, Rest::Nothing) => return format!("{name} == {text}"),
            _ if length == 0 && longer == 0 => return "true".into(),
            _ if length == 0 => return format!("size({name}) >= {longer}"),
            (Rest::Nothing, Rest::Anything | Rest::Something) => format!("{name}.startsWith({text})"),
            (Rest::Anything | Rest::Something, Rest::Nothing) => format!("{name}.endsWith({text})"),
            (Rest::Anything | Rest::Something, Rest::Anything | Rest::Something) => format!("{name}.contains({text})"),
        };
        if longer == 0 { asked } else { format!("({asked} && size({name}) > {length})") }
    }
}

/// Whether the lower case of ASCII is all that a comparison without regard to case needs.
pub(super) fn folds_like_ascii(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii() || !c.is_alphabetic())
}

/// `(?i)` in front.
fn without_flag(regex: &str) -> (&str, bool) {
    match regex.strip_prefix("(?i)") {
        Some(rest) => (rest, true),
        None => (regex, false),
    }
}

/// A wild card at one end.
fn wild<'r>(regex: &'r str, strip: impl Fn(&'r str, &str) -> Option<&'r str>) -> (&'r str, Option<Rest>) {
    for (card, rest) in
        [("(.*)", Rest::Anything), ("(.+)", Rest::Something), (".*", Rest::Anything), (".+", Rest::Something)]
    {
        if let Some(regex) = strip(regex, card) {
            return (regex, Some(rest));
        }
    }
    (regex, None)
}

/// Whether a bar stands outside of parentheses.
fn has_bare_bar(regex: &str) -> bool {
    let (mut depth, mut escaped) = (0_usize, false);
    for c in regex.chars() {
        match c {
            _ if escaped => {}
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => return true,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    false
}

/// Every text that a regular expression without wild cards stands for, if they are few.
fn alternatives(regex: &str) -> Option<Vec<String>> {
    let mut chars = regex.chars().peekable();
    let texts = choice(&mut chars, 0)?;
    // A parenthesis that nothing has opened.
    chars.next().is_none().then_some(texts)
}

type Chars<'r> = std::iter::Peekable<std::str::Chars<'r>>;

fn choice(chars: &mut Chars<'_>, depth: usize) -> Option<Vec<String>> {
    let mut texts: Vec<String> = Vec::new();
    loop {
        for text in sequence(chars, depth)? {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        if texts.len() > MOST || texts.iter().any(String::is_empty) {
            return None;
        }
        if chars.next_if_eq(&'|').is_none() {
            return Some(texts);
        }
    }
}

fn sequence(chars: &mut Chars<'_>, depth: usize) -> Option<Vec<String>> {
    let mut texts = vec![String::new()];
    while let Some(c) = chars.peek().copied() {
        let piece = match c {
            '|' | ')' => break,
            '(' if depth < 4 => {
                chars.next();
                group(chars, depth + 1)?
            }
            '\\' => {
                chars.next();
                vec![chars.next().filter(|c| !c.is_ascii_alphanumeric())?.to_string()]
            }
            '(' | '.' | '[' | ']' | '{' | '}' | '*' | '+' | '?' | '^' | '$' => return None,
            c => {
                chars.next();
                vec![c.to_string()]
            }
        };
        if matches!(chars.peek(), Some('*' | '+' | '?' | '{')) || texts.len() * piece.len() > MOST {
            return None;
        }
        texts = texts.iter().flat_map(|text| piece.iter().map(move |piece| format!("{text}{piece}"))).collect();
    }
    Some(texts)
}

/// A group, whatever it is called; the parenthesis is open.
fn group(chars: &mut Chars<'_>, depth: usize) -> Option<Vec<String>> {
    if chars.next_if_eq(&'?').is_some() {
        match chars.next()? {
            ':' => {}
            '<' if chars.peek().is_some_and(char::is_ascii_alphabetic) => while chars.next()? != '>' {},
            _ => return None,
        }
    }
    let texts = choice(chars, depth)?;
    (chars.next()? == ')').then_some(texts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn test(regex: &str, reading: Reading) -> String {
        Pattern::read(regex, reading).map_or("-".into(), |pattern| pattern.test("v"))
    }

    #[test]
    fn what_is_simple_becomes_a_test() {
        for (regex, find, whole) in [
            ("^abc$", "v == 'abc'", "v == 'abc'"),
            ("abc", "v.contains('abc')", "v == 'abc'"),
            ("^abc", "v.startsWith('abc')", "v == 'abc'"),
            ("abc$", "v.endsWith('abc')", "v == 'abc'"),
            ("^abc.*$", "v.startsWith('abc')", "v.startsWith('abc')"),
            ("^abc.*", "v.startsWith('abc')", "v.startsWith('abc')"),
            ("^APP-(.+)$", "(v.startsWith('APP-') && size(v) > 4)", "(v.startsWith('APP-') && size(v) > 4)"),
            (".*@example\\.org$", "v.endsWith('@example.org')", "v.endsWith('@example.org')"),
            ("^(staff|student)$", "(v == 'staff' || v == 'student')", "(v == 'staff' || v == 'student')"),
            ("(?i)^Abc$", "v.lowerAscii() == 'abc'", "v.lowerAscii() == 'abc'"),
            ("^(?i)512$", "v.lowerAscii() == '512'", "v.lowerAscii() == '512'"),
            ("^a(?:b|c)\\\\d$", "(v == 'ab\\\\d' || v == 'ac\\\\d')", "(v == 'ab\\\\d' || v == 'ac\\\\d')"),
            ("^(?<x>ab)$", "v == 'ab'", "v == 'ab'"),
            ("a|b", "(v.contains('a') || v.contains('b'))", "(v == 'a' || v == 'b')"),
            (".*", "true", "true"),
            ("^.+$", "size(v) >= 1", "size(v) >= 1"),
            ("", "true", "v == ''"),
        ] {
            assert_eq!(
                (test(regex, Reading::Find).as_str(), test(regex, Reading::Whole).as_str()),
                (find, whole),
                "{regex}"
            );
        }
    }

    #[test]
    fn what_is_not_simple_is_matched() {
        for (regex, find, whole) in [
            ("^[a-z]+$", "v.matches(r'^[a-z]+$')", "v.matches(r'^[a-z]+$')"),
            ("a.b", "v.matches(r'a.b')", "v.matches(r'^a.b$')"),
            ("^[0-9]{6}$", "v.matches(r'^[0-9]{6}$')", "v.matches(r'^[0-9]{6}$')"),
            ("(?i)^[A-Z]X-.$", "v.lowerAscii().matches(r'^[a-z]x\\-.$')", "v.lowerAscii().matches(r'^[a-z]x\\-.$')"),
            ("a.*b", "v.matches(r'a.*b')", "v.matches(r'^a.*b$')"),
            ("x(?<n>[^.@]+?)\\.y", "v.matches(r'x(?:[^.@]+)\\.y')", "v.matches(r'^x(?:[^.@]+)\\.y$')"),
            ("a(b)*c|d", "v.matches(r'(?:a(?:b)*c|d)')", "v.matches(r'^(?:a(?:b)*c|d)$')"),
            ("[\\]\\-a]b'", "v.matches('[\\\\]\\\\-a]b\\'')", "v.matches('^[\\\\]\\\\-a]b\\'$')"),
            ("\\d+", "-", "v.matches(r'^[0-9]+$')"),
            ("a.+.b", "v.matches(r'a.+.b')", "v.matches(r'^a.+.b$')"),
        ] {
            let found = (test(regex, Reading::Find), test(regex, Reading::Whole));
            assert_eq!((found.0.as_str(), found.1.as_str()), (find, whole), "{regex}");
        }
        assert_eq!(test("^[a-z]+@x$", Reading::Either), "v.matches(r'^[a-z]+@x$')");
    }

    #[test]
    fn everything_else_is_not_understood() {
        for regex in [
            "(a|b",
            "a)",
            "^a|b$",
            "\\b",
            "\\p{L}",
            "(?=a)b",
            "(?<!a)b",
            "(?i:a)",
            "^a$b",
            "a**",
            "a*+",
            "(a|)",
            "\\",
            "[",
            "[]",
            "(?<a",
            "[a[b]]",
            "[a&&b]",
            "a{2,1}",
            "a{99}",
            "a?",
            "[z-a]",
            "(?i)[A-z]b",
            "(?i)ü.",
            "(?i)^GÄSTE$",
            "^(?i)(a|Ä)$",
            "\\1",
            "a{",
            "((((((((((((((a))))))))))))))",
            "[a-z]*",
        ] {
            assert_eq!(test(regex, Reading::Find), "-", "{regex}");
        }
    }

    #[test]
    fn where_releases_differ_both_must_mean_the_same() {
        for regex in ["@", "[a-z]+", "^a.c", "a.c$"] {
            assert_eq!(test(regex, Reading::Either), "-", "{regex}");
        }
        assert_eq!(test("^urn:x:.*", Reading::Either), "v.startsWith('urn:x:')");
    }

    #[test]
    fn exact_values_can_be_asked_for() {
        let pattern = |regex| Pattern::read(regex, Reading::Find).unwrap();
        assert_eq!(pattern("^(a|b)$").exact(), Some(["a".to_owned(), "b".to_owned()].as_slice()));
        assert_eq!(pattern("(?i)^a$").exact(), None);
        assert_eq!(pattern("^[ab]$").exact(), None);
    }

    #[test]
    fn what_is_matched_compiles() {
        for regex in ["^[a-z0-9._-]+@(corp|campus)\\.example$", "a{2,5}.*\\/x", "^E[1-9][0-9]{0,3}( .+)?$"] {
            let mut draft = super::super::draft::Draft::new("x", "s", "");
            draft.declare("groups", None, true);
            let cel = super::super::expression::some_value(
                &draft.attributes[0],
                &Pattern::read(regex, Reading::Find).unwrap().test("v"),
            );
            draft.claim("it", super::super::draft::ClaimRule::Cel(cel));
            super::super::testing::compiled(&draft.to_yaml());
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(regex in "[ab.|()*+?\\\\^$<>:i\\[\\]{}]{0,24}") {
            for reading in [Reading::Find, Reading::Whole, Reading::Either] {
                let _ = Pattern::read(&regex, reading).map(|pattern| pattern.test("v"));
            }
        }
    }
}
