//! What may stand in a file: one description for those who read it, for editors (JSON Schema) and for the reference.
//!
//! ```text
//! Keys ─▶ Node::shaped: which keys a reader may ask for, and which are unknown
//!      ├▶ json_schema: docs/reference/schema/
//!      └▶ reference: docs/reference/mapping.md, configuration.md
//! ```
//!
//! A reader asks [`Node::shaped`](super::Node::shaped) for the keys of a place. The table that it gets refuses, where
//! debug assertions are on, to be asked for a key that is not described; documents that are made of the description
//! (in tests) find a key that is described and not read.
//!
//! **Invariant.** A schema accepts whatever its reader accepts. It cannot refuse all that a reader refuses: names that
//! nothing has, ranges of durations, what only other files or the clock can tell.

mod reference;
#[cfg(test)]
pub(crate) mod sample;
mod schema;

pub use reference::reference;
pub use schema::json_schema;

/// What may stand in one place.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text that is not empty.
    Text,
    /// Any text.
    AnyText,
    /// One of these words.
    Words(&'static [&'static str]),
    /// `true` or `false`.
    Truth,
    /// A whole number within these bounds.
    Int(i64, i64),
    /// A moment in UTC, RFC 3339.
    Moment,
    /// A number and a unit, within these bounds: `10s`, `1d`.
    Duration(&'static str, &'static str),
    /// Text of a form.
    Pattern(&'static Pattern),
    /// A value of a claim: text, number, truth, list or object.
    Value,
    /// A value of a claim that is no list and no object.
    Scalar,
    /// A list.
    List(&'static Self),
    /// A list in which nothing stands twice.
    Set(&'static Self),
    /// A table whose keys are the operator's own.
    Entries(&'static Self),
    /// A list or a table of the operator's own keys that is not empty.
    Filled(&'static Self),
    /// A table whose keys are ours.
    Keys(&'static Keys),
    /// Any of these.
    Either(&'static [Self]),
}

impl Shape {
    /// The shapes that it is made of; the keys of a table are not among them.
    pub const fn parts(self) -> &'static [Self] {
        match self {
            Self::List(item) | Self::Set(item) | Self::Entries(item) | Self::Filled(item) => std::slice::from_ref(item),
            Self::Either(shapes) => shapes,
            Self::Keys(_)
            | Self::Text
            | Self::AnyText
            | Self::Words(_)
            | Self::Truth
            | Self::Int(..)
            | Self::Moment
            | Self::Duration(..)
            | Self::Pattern(_)
            | Self::Value
            | Self::Scalar => &[],
        }
    }
}

/// A form of text.
#[derive(Debug)]
pub struct Pattern {
    /// As an ECMA 262 pattern, anchored. It lets through all that the reader accepts.
    pub form: &'static str,
    /// The words for it: `` an address and port ``.
    pub words: &'static str,
    /// Text that the reader accepts.
    pub example: &'static str,
}

/// A table whose keys are ours.
#[derive(Debug)]
pub struct Keys {
    /// Begins messages: `` a mapping ``, `` `for` ``. No two tables of a file share it.
    pub what: &'static str,
    /// What it is for, a sentence.
    pub about: &'static str,
    /// Its keys, in the order of the reference.
    pub keys: &'static [Key],
    /// What holds between the keys.
    pub rules: &'static [Rule],
    /// Keys of a later version: known, so that they are no typing errors, and refused.
    pub later: &'static [&'static str],
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Its value.
    pub shape: Shape,
    /// What it does, a sentence.
    pub about: &'static str,
}

/// What holds between the keys of a table.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// Exactly one of these is there.
    OneOf(&'static [&'static str]),
    /// Where one of these is there, so is the other.
    Needs(&'static [&'static str], &'static str),
    /// Where the first is there, none of the others is.
    Alone(&'static str, &'static [&'static str]),
    /// Where the key has this word, the other key is there.
    When(&'static str, &'static str, &'static str),
    /// At least one key is there.
    Some,
}

/// A table of which nothing is said, to say the rest of.
pub const BLANK: Keys = Keys { what: "", about: "", keys: &[], rules: &[], later: &[] };

/// A key that must be there.
pub const fn required(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, required: true, shape, about }
}

/// A key that may be left out.
pub const fn optional(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, required: false, shape, about }
}

impl Keys {
    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.keys.iter().map(|key| key.name)
    }

    /// The names, those of a later version last.
    pub fn known(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.names().chain(self.later.iter().copied())
    }

    /// Whether a table can be incomplete for want of this key.
    pub fn can_lack(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name && key.required)
            || self.rules.iter().any(|rule| matches!(rule, Rule::OneOf(names) if names.contains(&name)))
    }

    /// This table and all tables in it, each once and before those that are in it.
    pub fn all(&'static self) -> Vec<&'static Self> {
        let mut found: Vec<&'static Self> = Vec::new();
        let mut waiting = vec![Shape::Keys(self)];
        while let Some(shape) = waiting.pop() {
            let Shape::Keys(keys) = shape else {
                waiting.extend(shape.parts().iter().rev());
                continue;
            };
            if !found.iter().any(|known| std::ptr::eq(*known, keys)) {
                found.push(keys);
                waiting.extend(keys.keys.iter().rev().map(|key| key.shape));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) static INNER: Keys = Keys { what: "`inner`", about: "Inside.", ..BLANK };
    pub(super) static OUTER: Keys = Keys {
        what: "a thing",
        about: "Outside.",
        keys: &[
            required("id", Shape::Text, "Its name."),
            optional("in", Shape::Either(&[Shape::Truth, Shape::List(&Shape::Keys(&INNER))]), "More | less."),
            optional("again", Shape::Filled(&Shape::Entries(&Shape::Keys(&OUTER))), "Itself."),
            optional("way", Shape::Words(&["here", "there"]), "Whereto."),
            optional("late", Shape::Duration("1s", "1d"), "How much."),
        ],
        rules: &[
            Rule::OneOf(&["in", "again"]),
            Rule::Needs(&["late"], "way"),
            Rule::Needs(&["in", "again"], "id"),
            Rule::Alone("late", &["again"]),
            Rule::When("way", "there", "late"),
        ],
        later: &["soon"],
    };

    #[test]
    fn every_table_is_found_once() {
        let whats: Vec<_> = OUTER.all().iter().map(|keys| keys.what).collect();
        assert_eq!(whats, ["a thing", "`inner`"]);
    }

    #[test]
    fn what_a_table_can_lack_is_required_or_one_of_several() {
        let lacks: Vec<_> = OUTER.known().filter(|name| OUTER.can_lack(name)).collect();
        assert_eq!(lacks, ["id", "in", "again"]);
    }
}
