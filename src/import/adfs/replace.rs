//! `RegExReplace`, where its pattern cuts a value at one separator or looks for one text.
//!
//! ```text
//! (?<domain>[^\\]+)\\(?<user>.+)  ─▶ what stands before and behind a backslash
//! @.*$                            ─▶ everything from the first @ on
//! ^APP-                           ─▶ a beginning
//! ```

use super::super::expression::literal;

/// The expression that makes the new text of the value called `v`; `None` where the pattern is not understood.
pub(super) fn replace(v: &str, pattern: &str, replacement: &str) -> Option<String> {
    let pattern = Cut::read(pattern)?;
    let replacement = pieces(replacement)?;
    match (&pattern.left, &pattern.right) {
        (None, None) => of_text(v, &pattern, &replacement),
        (left, right) => Some(of_parts(v, &pattern, left.as_ref(), right.as_ref(), &replacement)?),
    }
}

/// A pattern: something, a separator, something.
struct Cut {
    starts: bool,
    ends: bool,
    left: Option<Part>,
    separator: String,
    right: Option<Part>,
}

/// A part, and the character at which it stops.
type Stopping = Option<(Part, Option<char>)>;

struct Part {
    /// Its name or number, where it is a group.
    group: Option<String>,
    /// Whether it stops at the separator.
    stops: bool,
    may_be_empty: bool,
}

impl Cut {
    fn read(pattern: &str) -> Option<Self> {
        let (starts, rest) = pattern.strip_prefix('^').map_or((false, pattern), |rest| (true, rest));
        let ends = rest.ends_with('$') && !rest.ends_with("\\$");
        let rest = if ends { rest.strip_suffix('$')? } else { rest };
        let mut groups = 0;
        let (left, rest) = part(rest, &mut groups)?;
        let (separator, rest) = text(rest);
        let (right, rest) = part(rest, &mut groups)?;
        if !rest.is_empty() || separator.is_empty() {
            return None;
        }
        // A part that stops stops at this separator, which must then be one character.
        let fits = |part: &Stopping| {
            part.as_ref().is_none_or(|(_, stop)| stop.is_none_or(|stop| separator == stop.to_string()))
        };
        if !fits(&left) || !fits(&right) {
            return None;
        }
        let bare = |part: Stopping| part.map(|(part, _)| part);
        Some(Self { starts, ends, left: bare(left), separator, right: bare(right) })
    }
}

/// `(?<name>[^@]+)`, `(.*)`, `[^@]+` or `.+` at the beginning; nothing where there is none. The character is where it
/// stops.
fn part<'p>(pattern: &'p str, groups: &mut usize) -> Option<(Stopping, &'p str)> {
    let (group, inside, behind) = if let Some(rest) = pattern.strip_prefix('(') {
        let (inside, behind) = rest.split_once(')')?;
        if let Some(named) = inside.strip_prefix("?<") {
            let (name, inside) = named.split_once('>')?;
            (Some(name.to_owned()), inside, behind)
        } else {
            *groups += 1;
            (Some(groups.to_string()), inside, behind)
        }
    } else {
        let length = loose_length(pattern);
        (None, pattern.get(..length)?, pattern.get(length..)?)
    };
    if inside.is_empty() && group.is_none() {
        return Some((None, pattern));
    }
    let may_be_empty = match inside.chars().last()? {
        '*' => true,
        '+' => false,
        _ => return None,
    };
    let what = inside.get(..inside.len() - 1)?;
    let stop = match what {
        "." => None,
        _ => Some(class(what)?),
    };
    Some((Some((Part { group, stops: stop.is_some(), may_be_empty }, stop)), behind))
}

/// The one character that `[^x]` excludes.
fn class(what: &str) -> Option<char> {
    let inside = what.strip_prefix("[^")?.strip_suffix(']')?;
    let mut chars = inside.strip_prefix('\\').unwrap_or(inside).chars();
    let (Some(only), None) = (chars.next(), chars.next()) else { return None };
    Some(only).filter(|c| !c.is_ascii_alphanumeric() || !inside.starts_with('\\'))
}

/// How long `.*`, `.+`, `[^x]+` at the beginning is; 0 where there is none.
fn loose_length(pattern: &str) -> usize {
    let what = if pattern.starts_with('.') {
        1
    } else if pattern.starts_with("[^") {
        pattern.find(']').map_or(0, |at| at + 1)
    } else {
        0
    };
    match pattern.get(what..).and_then(|rest| rest.chars().next()) {
        Some('*' | '+') if what > 0 => what + 1,
        _ => 0,
    }
}

/// Text without meaning to regular expressions, from the beginning on.
fn text(pattern: &str) -> (String, &str) {
    let mut found = String::new();
    let mut rest = pattern;
    loop {
        let mut chars = rest.chars();
        let c = match (chars.next(), chars.clone().next()) {
            (Some('\\'), Some(c)) if !c.is_ascii_alphanumeric() => {
                chars.next();
                c
            }
            (Some(c), _) if !".[]{}()*+?^$|\\".contains(c) => c,
            _ => return (found, rest),
        };
        // What is repeated is not a text.
        if matches!(chars.clone().next(), Some('*' | '+' | '?' | '{')) {
            return (found, rest);
        }
        found.push(c);
        rest = chars.as_str();
    }
}

/// Text, and groups by name or number.
enum Piece {
    Text(String),
    Group(String),
}

fn pieces(replacement: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let (group, behind) = match after.strip_prefix('{') {
            Some(named) => named.split_once('}')?,
            None => after.split_at(after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len())),
        };
        if group.is_empty() {
            return None;
        }
        pieces.push(Piece::Group(group.to_owned()));
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Some(pieces)
}

/// One text is looked for and replaced.
fn of_text(v: &str, cut: &Cut, replacement: &[Piece]) -> Option<String> {
    let new = match replacement {
        [] => String::new(),
        [Piece::Text(text)] => text.clone(),
        _ => return None,
    };
    let (old, length) = (literal(&cut.separator), cut.separator.chars().count());
    let plus = |new: &str, front: bool| match (new, front) {
        ("", _) => String::new(),
        (new, true) => format!("{} + ", literal(new)),
        (new, false) => format!(" + {}", literal(new)),
    };
    Some(match (cut.starts, cut.ends) {
        (false, false) => format!("{v}.replace({old}, {})", literal(&new)),
        (true, false) => format!("({v}.startsWith({old}) ? {}{v}.substring({length}) : {v})", plus(&new, true)),
        (false, true) => {
            format!("({v}.endsWith({old}) ? {v}.substring(0, size({v}) - {length}){} : {v})", plus(&new, false))
        }
        (true, true) => format!("({v} == {old} ? {} : {v})", literal(&new)),
    })
}

/// The value is cut at the first or the last separator, and what was matched replaced.
fn of_parts(v: &str, cut: &Cut, left: Option<&Part>, right: Option<&Part>, pieces: &[Piece]) -> Option<String> {
    let separator = literal(&cut.separator);
    let stops = |part: Option<&Part>| part.is_some_and(|part| part.stops);
    let anchored = match (left, right) {
        // Every occurrence is replaced: without an anchor there may be several.
        (_, None) => cut.starts,
        (None, Some(_)) => !cut.starts && (cut.ends || !stops(right)),
        (Some(_), Some(_)) => (cut.ends || !stops(right)) && (cut.starts || !(stops(left) && stops(right))),
    };
    if !anchored || (right.is_none() && cut.ends) {
        return None;
    }
    // What is greedy on the left runs to the last separator, and so does what stops on the right, seen from the end.
    let first = if left.is_none() { !stops(right) } else { stops(left) };
    let (before, behind) = if first {
        (format!("{v}.split({separator}, 2)[0]"), format!("{v}.split({separator}, 2)[1]"))
    } else {
        let last = format!("{v}.split({separator})[size({v}.split({separator})) - 1]");
        let length = cut.separator.chars().count();
        (format!("{v}.substring(0, size({v}) - size({last}) - {length})"), last)
    };
    let is = |part: Option<&Part>, group: &str| part.is_some_and(|part| part.group.as_deref() == Some(group));
    // What the pattern does not match stays.
    let mut terms = Vec::new();
    if left.is_none() {
        terms.push(before.clone());
    }
    for piece in pieces {
        terms.push(match piece {
            Piece::Text(text) => literal(text),
            Piece::Group(group) if is(left, group) => before.clone(),
            Piece::Group(group) if is(right, group) => behind.clone(),
            Piece::Group(_) => return None,
        });
    }
    if right.is_none() {
        terms.push(behind);
    }
    let new = if terms.is_empty() { "''".to_owned() } else { terms.join(" + ") };
    let mut matches = vec![format!("{v}.contains({separator})")];
    matches.extend(left.filter(|part| !part.may_be_empty).map(|_| format!("!{v}.startsWith({separator})")));
    matches.extend(right.filter(|part| !part.may_be_empty).map(|_| format!("!{v}.endsWith({separator})")));
    if stops(left) && stops(right) {
        matches.push(format!("size({v}.split({separator}, 3)) == 2"));
    }
    Some(format!("({} ? {new} : {v})", matches.join(" && ")))
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{ClaimRule, Draft, Trial};
    use super::super::super::testing::compiled;
    use super::*;
    use crate::ground::claim::ClaimValue;
    use crate::ground::time::Timestamp;

    /// What the expression makes of a value, as the evaluator sees it.
    fn check(pattern: &str, replacement: &str, cases: &[(&str, &str)]) {
        let cel = replace("attr.it", pattern, replacement).unwrap_or_else(|| panic!("{pattern}"));
        let mut draft = Draft::new("x", "s", "");
        draft.declare("it", None, false);
        draft.attributes[0].optional = false;
        draft.claim("it", ClaimRule::Cel(cel));
        for (value, expected) in cases {
            draft.tests.push(Trial {
                name: value.to_string(),
                attributes: vec![("it".into(), vec![(*value).into()])],
                given: vec![("name_id", "x".into())],
                claims: vec![("it".into(), ClaimValue::Text((*expected).into()))],
                ..Trial::default()
            });
        }
        for report in compiled(&draft.to_yaml()).run_tests(Timestamp::from_unix_seconds(0)) {
            assert_eq!(report.differences, Vec::<String>::new(), "{pattern} {replacement}: {}", report.name);
        }
    }

    #[test]
    fn values_are_cut_and_put_together_as_the_pattern_says() {
        check(
            r"(?<domain>[^\\]+)\\(?<user>.+)",
            "FABRIKAM\\${user}",
            &[("CORP\\ana", "FABRIKAM\\ana"), ("ana", "ana"), ("\\ana", "\\ana")],
        );
        check(
            r"^(?<user>[^@]+)@(.+)$",
            "${user}@campus.example",
            &[("ana@corp", "ana@campus.example"), ("a@b@c", "a@campus.example")],
        );
        check(r"@.*$", "", &[("ana@corp", "ana"), ("ana", "ana"), ("@x", "")]);
        check(r"^.*\\", "", &[("CORP\\ana", "ana"), ("A\\B\\ana", "ana"), ("ana", "ana"), ("\\ana", "ana")]);
        check(r"^[^\\]+\\", "", &[("CORP\\ana", "ana"), ("A\\B\\ana", "B\\ana")]);
        check(r"^(.+)@(.+)$", "$2:$1", &[("a@b@c", "c:a@b"), ("@b", "@b")]);
        check("@[^@]*$", "", &[("a@b@c", "a@b"), ("a", "a")]);
        check("^([^@]+)@([^@]+)$", "$1", &[("a@b", "a"), ("a@b@c", "a@b@c")]);
        check("^APP-", "", &[("APP-x", "x"), ("xAPP-", "xAPP-")]);
        check("-old$", "-new", &[("x-old", "x-new"), ("-older", "-older")]);
        check("corp", "campus", &[("corp.corp", "campus.campus")]);
        check("^a$", "b", &[("a", "b"), ("aa", "aa")]);
    }

    #[test]
    fn other_patterns_are_not_understood() {
        for (pattern, replacement) in [
            ("[a-z]+@", ""),
            ("(a|b)@.*", ""),
            ("^(?<u>[^@]+)@.*$", "${nobody}"),
            ("a", "$1"),
            ("", "x"),
            (r"\d+@.*", ""),
            ("a+", ""),
            ("(?i)a", ""),
            ("^@.*$", ""),
            ("[^x]+@.*", ""),
            ("a", "$"),
            (r"[^\\]+\\", ""),
            ("[^@]+@[^@]+$", "x"),
        ] {
            assert_eq!(replace("v", pattern, replacement), None, "{pattern}");
        }
    }
}
