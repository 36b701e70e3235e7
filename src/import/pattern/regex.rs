//! Regular expressions of Java and .NET in the syntax of our expressions, where the two mean the same.
//!
//! Everything is taken apart and put together again, so that nothing passes that this module does not know: literal
//! characters, classes, groups, alternatives, repetition, and anchors at the ends.
//!
//! **Absent on purpose.** Look-around, back-references, `\b`, properties of Unicode, and whatever differs between the
//! dialects.

use super::{Reading, folds_like_ascii};

/// Longer results are not made.
const LONGEST: usize = 512;
/// Groups inside each other.
const DEEPEST: usize = 12;
/// Nothing is repeated more often than this by number.
const MOST: u32 = 32;

/// The expression for `matches`, which searches.
pub(super) fn rewrite(regex: &str, reading: Reading, ignore_case: bool) -> Option<String> {
    let (starts, rest) = regex.strip_prefix('^').map_or((false, regex), |rest| (true, rest));
    let ends = rest.ends_with('$') && rest.chars().rev().skip(1).take_while(|c| *c == '\\').count() % 2 == 0;
    let rest = if ends { rest.strip_suffix('$')? } else { rest };
    let mut parser = Parser { rest, ignore_case, ascii_classes: reading != Reading::Find };
    let choice = parser.choice(0)?;
    if !parser.rest.is_empty() || choice.text.len() > LONGEST {
        return None;
    }
    // An anchor belongs to the alternative beside it.
    if choice.several && (starts || ends) {
        return None;
    }
    let inside = if choice.several { format!("(?:{})", choice.text) } else { choice.text };
    let (starts, ends) = match reading {
        Reading::Find => (starts, ends),
        Reading::Whole => (true, true),
        Reading::Either => {
            let open = |anchored: bool, wild: bool| anchored || wild;
            if !open(starts, rest.starts_with(".*")) || !open(ends, rest.ends_with(".*") && !rest.ends_with("\\.*")) {
                return None;
            }
            (true, true)
        }
    };
    if choice.may_be_empty && !starts && !ends {
        return None;
    }
    let (front, back) = (if starts { "^" } else { "" }, if ends { "$" } else { "" });
    Some(format!("{front}{inside}{back}"))
}

struct Parser<'r> {
    rest: &'r str,
    ignore_case: bool,
    /// Whether `\d`, `\w` and `\s` are about ASCII.
    ascii_classes: bool,
}

/// A part that is put together.
struct Made {
    text: String,
    may_be_empty: bool,
    /// Whether a bar stands in it.
    several: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = self.rest.get(c.len_utf8()..)?;
        Some(c)
    }

    fn takes(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn choice(&mut self, depth: usize) -> Option<Made> {
        let mut made = self.sequence(depth)?;
        while self.takes("|") {
            let other = self.sequence(depth)?;
            made.text = format!("{}|{}", made.text, other.text);
            made.may_be_empty |= other.may_be_empty;
            made.several = true;
        }
        Some(made)
    }

    fn sequence(&mut self, depth: usize) -> Option<Made> {
        let mut made = Made { text: String::new(), may_be_empty: true, several: false };
        while let Some(c) = self.peek().filter(|c| !matches!(c, '|' | ')')) {
            let atom = self.atom(c, depth)?;
            let (repeated, may_repeat_never) = self.repetition()?;
            made.text.push_str(&atom.text);
            made.text.push_str(&repeated);
            made.may_be_empty &= atom.may_be_empty || may_repeat_never;
            if made.text.len() > LONGEST {
                return None;
            }
        }
        Some(made)
    }

    fn atom(&mut self, c: char, depth: usize) -> Option<Made> {
        let one = |text: String| Some(Made { text, may_be_empty: false, several: false });
        match c {
            '(' => self.group(depth),
            '[' => {
                let class = self.class()?;
                one(class)
            }
            '.' => {
                self.next();
                one(".".into())
            }
            '\\' => {
                self.next();
                match self.next()? {
                    c if !c.is_ascii_alphanumeric() && c.is_ascii() => one(literal(c)),
                    c => {
                        let inside = self.named_class(c)?;
                        one(format!("[{inside}]"))
                    }
                }
            }
            '^' | '$' | '*' | '+' | '?' | '{' | '}' | ']' => None,
            c if c.is_control() => None,
            c => {
                self.next();
                let c = self.folded(c)?;
                one(literal(c))
            }
        }
    }

    /// In lower case, where case does not count; letters that fold otherwise than ASCII are not understood.
    fn folded(&self, c: char) -> Option<char> {
        match self.ignore_case {
            true if !folds_like_ascii(c.encode_utf8(&mut [0; 4])) => None,
            true => Some(c.to_ascii_lowercase()),
            false => Some(c),
        }
    }

    fn group(&mut self, depth: usize) -> Option<Made> {
        if depth >= DEEPEST {
            return None;
        }
        self.next();
        if self.takes("?") && !self.takes(":") {
            self.rest = self.rest.strip_prefix('<')?;
            let (name, rest) = self.rest.split_once('>')?;
            if name.is_empty() || !name.chars().all(char::is_alphanumeric) {
                return None;
            }
            self.rest = rest;
        }
        let inside = self.choice(depth + 1)?;
        if !self.takes(")") {
            return None;
        }
        Some(Made { text: format!("(?:{})", inside.text), may_be_empty: inside.may_be_empty, several: false })
    }

    /// `[…]`
    fn class(&mut self) -> Option<String> {
        self.next();
        let mut text = String::from("[");
        if self.takes("^") {
            text.push('^');
        }
        let mut some = false;
        while !self.takes("]") {
            let from = match self.next()? {
                '[' | '&' | '~' => return None,
                '\\' => match self.next()? {
                    c if !c.is_ascii_alphanumeric() && c.is_ascii() => c,
                    c => {
                        text.push_str(self.named_class(c)?);
                        some = true;
                        continue;
                    }
                },
                c if c.is_control() => return None,
                c => c,
            };
            some = true;
            // A hyphen at the end is one.
            if self.rest.starts_with("-]") || !self.takes("-") {
                text.push_str(&in_class(self.folded(from)?));
                continue;
            }
            let to = match self.next()? {
                '\\' => self.next().filter(|c| !c.is_ascii_alphanumeric() && c.is_ascii())?,
                '[' => return None,
                c => c,
            };
            let letters = |c: char| (c.is_ascii_lowercase(), c.is_ascii_uppercase());
            // A range whose ends are of different kinds folds to something else.
            if from > to || (self.ignore_case && letters(from) != letters(to)) {
                return None;
            }
            text.push_str(&in_class(self.folded(from)?));
            text.push('-');
            text.push_str(&in_class(self.folded(to)?));
        }
        text.push(']');
        some.then_some(text)
    }

    fn named_class(&self, c: char) -> Option<&'static str> {
        match c {
            'd' if self.ascii_classes => Some("0-9"),
            'w' if self.ascii_classes => Some("0-9A-Za-z_"),
            _ => None,
        }
    }

    /// What stands behind an atom, and whether the atom may then be missing.
    fn repetition(&mut self) -> Option<(String, bool)> {
        let (text, never) = match self.peek() {
            Some(c @ ('*' | '+' | '?')) => {
                self.next();
                (c.to_string(), c != '+')
            }
            Some('{') => {
                let (inside, rest) = self.rest.get(1..)?.split_once('}')?;
                let (from, to) = inside.split_once(',').map_or((inside, None), |(from, to)| (from, Some(to)));
                let number = |digits: &str| digits.parse::<u32>().ok().filter(|number| *number <= MOST);
                let least = number(from)?;
                let most = to.filter(|to| !to.is_empty()).map(number);
                if most.is_some_and(|most| most.is_none_or(|most| most < least)) {
                    return None;
                }
                self.rest = rest;
                (format!("{{{inside}}}"), least == 0)
            }
            _ => return Some((String::new(), false)),
        };
        // Lazy or not is the same to a test; possessive is not.
        self.takes("?");
        if matches!(self.peek(), Some('*' | '+' | '?' | '{')) { None } else { Some((text, never)) }
    }
}

/// A character as itself, outside of a class.
fn literal(c: char) -> String {
    if r"\.+*?()|[]{}^$#&-~".contains(c) { format!("\\{c}") } else { c.to_string() }
}

/// A character as itself, inside of a class.
fn in_class(c: char) -> String {
    if r"\]^-[&~".contains(c) { format!("\\{c}") } else { c.to_string() }
}
