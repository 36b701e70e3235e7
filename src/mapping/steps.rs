//! What is done with the values of an attribute before they become a claim, always in one order:
//!
//! ```text
//! split ─▶ strip_prefix ─▶ case ─▶ table ─▶ (said once) ─▶ sort ─▶ take or join
//! ```
//!
//! What nothing is done with is not copied.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::ground::claim::ClaimValue;

/// Values of a source, and what they become.
pub(super) type Rows = HashMap<String, ClaimValue>;

/// Each is left out where nothing is to be done.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub(super) split: Option<String>,
    pub(super) strip_prefix: Option<String>,
    pub(super) case: Option<Case>,
    pub(super) table: Option<Arc<Rows>>,
    pub(super) sort: bool,
    pub(super) take: Option<Take>,
    pub(super) join: Option<String>,
}

/// `case`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
}

/// `take`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    One,
    First,
}

/// What came of the values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stepped {
    /// Nothing.
    Nothing,
    /// This.
    Value(ClaimValue),
    /// `take: one`, and so many remained.
    Several(usize),
    /// More values than any list may have.
    TooMany(usize),
}

/// How values were lost on their way.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lost {
    /// How many there were, after `split`.
    pub(super) values: usize,
    /// Those without the prefix.
    pub(super) by_prefix: usize,
    /// Those without a row.
    pub(super) by_table: usize,
    /// Those that differ only in letter case from what the file has.
    pub(super) near_but_case: usize,
    /// Those that differ only by blanks around them.
    pub(super) near_but_blanks: usize,
    /// Those that differ by both.
    pub(super) near_but_both: usize,
}

/// What `split` makes is no longer than any list.
pub(super) const MAX_VALUES: usize = 1_000;
/// Up to so many values each is compared with all.
const FEW: usize = 32;

/// Values, each once: two of a source may become one.
#[derive(Default)]
struct Distinct {
    made: Vec<ClaimValue>,
    /// The same, once there are many.
    seen: HashSet<ClaimValue>,
}

impl Distinct {
    fn push(&mut self, value: ClaimValue) {
        if self.made.len() < FEW {
            if !self.made.contains(&value) {
                self.made.push(value);
            }
            return;
        }
        if self.seen.is_empty() {
            self.seen.extend(self.made.iter().cloned());
        }
        if self.seen.insert(value.clone()) {
            self.made.push(value);
        }
    }
}

impl Case {
    pub(super) fn of(self, text: &str) -> Cow<'_, str> {
        let changes = |c: char| match self {
            Self::Lower => c.is_ascii_uppercase(),
            Self::Upper => c.is_ascii_lowercase(),
        };
        match (text.contains(changes), self) {
            (false, _) => Cow::Borrowed(text),
            (true, Self::Lower) => Cow::Owned(text.to_ascii_lowercase()),
            (true, Self::Upper) => Cow::Owned(text.to_ascii_uppercase()),
        }
    }
}

impl Steps {
    /// Whether a single value comes of a list.
    pub(super) const fn makes_one(&self) -> bool {
        self.take.is_some() || self.join.is_some()
    }

    /// Takes the values through. `is_list` says whether the attribute is one. `hit` hears of each value that came to the
    /// table, and whether it has a row: for explanations and coverage.
    pub(super) fn apply<'f>(
        &self,
        values: impl Iterator<Item = &'f str>,
        is_list: bool,
        hit: &mut dyn FnMut(&str, bool),
    ) -> Stepped {
        let mut distinct = Distinct::default();
        let mut count = 0;
        let mut keep = |text: &str| {
            let Some(text) = self.strip_prefix.as_deref().map_or(Some(text), |prefix| text.strip_prefix(prefix)) else {
                return;
            };
            let text = self.case.map_or(Cow::Borrowed(text), |case| case.of(text));
            let value = match &self.table {
                None => ClaimValue::Text(text.into_owned()),
                Some(rows) => match rows.get(text.as_ref()) {
                    None => return hit(&text, false),
                    Some(row) => {
                        hit(&text, true);
                        row.clone()
                    }
                },
            };
            distinct.push(value);
        };
        for value in values {
            match &self.split {
                None => keep(value),
                Some(separator) => {
                    let parts = value.split(separator.as_str()).map(str::trim).filter(|part| !part.is_empty());
                    for part in parts {
                        count += 1;
                        if count > MAX_VALUES {
                            return Stepped::TooMany(count);
                        }
                        keep(part);
                    }
                }
            }
        }
        let mut made = distinct.made;
        if self.sort {
            made.sort_by(order);
        }
        self.shape(made, is_list)
    }

    /// Where the values were lost, for a refusal: nothing of them is told.
    pub(super) fn lost<'f>(&self, values: impl Iterator<Item = &'f str>) -> Lost {
        let folded: HashSet<String> = self.table.iter().flat_map(|rows| rows.keys()).map(|key| fold(key)).collect();
        let mut lost = Lost::default();
        for value in values.flat_map(|value| self.pieces(value)).take(MAX_VALUES) {
            lost.values += 1;
            if let Some(prefix) = self.strip_prefix.as_deref().filter(|prefix| !value.starts_with(prefix)) {
                lost.by_prefix += 1;
                lost.note(value, |text| text.starts_with(prefix), |text| fold(text).starts_with(&fold(prefix)));
                continue;
            }
            let text = self.strip_prefix.as_deref().and_then(|prefix| value.strip_prefix(prefix)).unwrap_or(value);
            let cased = |text: &str| self.case.map_or_else(|| text.to_owned(), |case| case.of(text).into_owned());
            let Some(rows) = self.table.as_ref().filter(|rows| !rows.contains_key(&cased(text))) else { continue };
            lost.by_table += 1;
            lost.note(text, |text| rows.contains_key(&cased(text)), |text| folded.contains(&fold(text)));
        }
        lost
    }

    fn pieces<'v>(&self, value: &'v str) -> Vec<&'v str> {
        match &self.split {
            None => vec![value],
            Some(separator) => value.split(separator.as_str()).map(str::trim).filter(|part| !part.is_empty()).collect(),
        }
    }

    fn shape(&self, mut made: Vec<ClaimValue>, is_list: bool) -> Stepped {
        match (self.take, &self.join) {
            (Some(Take::One), _) if made.len() > 1 => return Stepped::Several(made.len()),
            (Some(Take::First), _) => made.truncate(1),
            (_, Some(separator)) => {
                let texts: Vec<String> = made.into_iter().map(text_of).collect();
                let joined = (!texts.is_empty()).then(|| ClaimValue::Text(texts.join(separator)));
                return joined.map_or(Stepped::Nothing, Stepped::Value);
            }
            (Some(Take::One) | None, None) => {}
        }
        if !self.makes_one() && (is_list || self.split.is_some()) {
            return Stepped::Value(ClaimValue::List(made));
        }
        made.pop().map_or(Stepped::Nothing, Stepped::Value)
    }
}

impl Lost {
    fn note(&mut self, value: &str, fits: impl Fn(&str) -> bool, fits_folded: impl Fn(&str) -> bool) {
        let near = match (fits(value.trim()), fits_folded(value), fits_folded(value.trim())) {
            (true, ..) => &mut self.near_but_blanks,
            (false, true, _) => &mut self.near_but_case,
            (false, false, true) => &mut self.near_but_both,
            (false, false, false) => return,
        };
        *near += 1;
    }
}

fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Texts by code points, numbers by size; a table may mix them.
fn order(a: &ClaimValue, b: &ClaimValue) -> std::cmp::Ordering {
    match (a, b) {
        (ClaimValue::Text(a), ClaimValue::Text(b)) => a.cmp(b),
        (ClaimValue::Int(a), ClaimValue::Int(b)) => a.cmp(b),
        (ClaimValue::Bool(a), ClaimValue::Bool(b)) => a.cmp(b),
        (a, b) => a.type_word().cmp(b.type_word()),
    }
}

fn text_of(value: ClaimValue) -> String {
    match value {
        ClaimValue::Text(text) => text,
        ClaimValue::Int(number) => number.to_string(),
        ClaimValue::Bool(truth) => truth.to_string(),
        other @ (ClaimValue::List(_) | ClaimValue::Object(_)) => other.to_json().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stepped(steps: &Steps, values: &[&str]) -> String {
        match steps.apply(values.iter().copied(), values.len() != 1, &mut |_, _| {}) {
            Stepped::Nothing => "nothing".into(),
            Stepped::Value(value) => value.to_json().to_string(),
            Stepped::Several(count) => format!("{count} values"),
            Stepped::TooMany(count) => format!("too many: {count}"),
        }
    }

    fn with(change: impl FnOnce(&mut Steps)) -> Steps {
        let mut steps = Steps::default();
        change(&mut steps);
        steps
    }

    #[test]
    fn each_step_does_one_thing() {
        let table = || {
            let rows = [("a", ClaimValue::Text("x".into())), ("b", ClaimValue::Int(2)), ("c", ClaimValue::Int(2))];
            Some(Arc::new(rows.map(|(key, value)| (key.to_owned(), value)).into()))
        };
        let split = with(|s| s.split = Some(";".into()));
        assert_eq!(stepped(&split, &["a; b;;c "]), r#"["a","b","c"]"#);
        assert_eq!(stepped(&split, &["a;b", "c"]), r#"["a","b","c"]"#);
        let prefix = with(|s| s.strip_prefix = Some("APP-".into()));
        assert_eq!(stepped(&prefix, &["APP-x", "y", "APP-"]), r#"["x",""]"#);
        assert_eq!(stepped(&prefix, &["y"]), "nothing");
        assert_eq!(stepped(&with(|s| s.case = Some(Case::Lower)), &["Aé", "aé", "B"]), r#"["aé","b"]"#);
        assert_eq!(stepped(&with(|s| s.case = Some(Case::Upper)), &["aé"]), r#""Aé""#);
        assert_eq!(stepped(&with(|s| s.table = table()), &["c", "z", "a", "b"]), r#"[2,"x"]"#);
        assert_eq!(stepped(&with(|s| s.table = table()), &["z"]), "nothing");
        assert_eq!(stepped(&with(|s| s.sort = true), &["b", "a", "b"]), r#"["a","b"]"#);
        assert_eq!(stepped(&with(|s| s.join = Some(" ".into())), &["b", "a"]), r#""b a""#);
        assert_eq!(stepped(&with(|s| s.join = Some(" ".into())), &[]), "nothing");
        let one = with(|s| s.take = Some(Take::One));
        assert_eq!(stepped(&one, &["a", "b"]), "2 values");
        assert_eq!(stepped(&one, &["a", "a"]), r#""a""#);
        assert_eq!(stepped(&one, &[]), "nothing");
        assert_eq!(stepped(&with(|s| s.take = Some(Take::First)), &["b", "a"]), r#""b""#);
    }

    #[test]
    fn a_text_is_cut_into_as_many_values_as_a_list_may_have() {
        let split = with(|s| s.split = Some(",".into()));
        let text = |count: usize| (0..count).map(|at| (at % 700).to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(stepped(&split, &[&text(1_001)]), "too many: 1001");
        let made = split.apply([text(1_000).as_str()].into_iter(), false, &mut |_, _| {});
        assert!(matches!(made, Stepped::Value(ClaimValue::List(items)) if items.len() == 700), "each is said once");
    }

    #[test]
    fn the_order_is_always_the_same() {
        let rows: Rows = [("hr".to_owned(), ClaimValue::Text("people".into()))].into();
        let steps = Steps {
            split: Some(",".into()),
            strip_prefix: Some("APP-".into()),
            case: Some(Case::Lower),
            table: Some(Arc::new(rows)),
            sort: true,
            take: None,
            join: Some("+".into()),
        };
        let mut hits = Vec::new();
        let made = steps.apply(["APP-HR, hr, APP-IT"].into_iter(), false, &mut |row, found| {
            if found {
                hits.push(row.to_owned());
            }
        });
        assert_eq!(made, Stepped::Value(ClaimValue::Text("people".into())));
        assert_eq!(hits, ["hr"]);
    }
}
