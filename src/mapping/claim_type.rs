//! `type`: what each value of a claim becomes.

use crate::ground::claim::ClaimValue;

use super::cel::Kind;

/// The words of `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClaimType {
    String,
    Int,
    Bool,
    /// A single value becomes a list of one.
    List,
    Object,
}

impl ClaimType {
    /// The word in files.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Bool => "bool",
            Self::List => "list",
            Self::Object => "object",
        }
    }

    /// The type of a word that the file may hold.
    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::String, Self::Int, Self::Bool, Self::List, Self::Object].into_iter().find(|kind| kind.as_str() == word)
    }

    /// The value as this type, each one of a list; `None` where one cannot be. Text is read as XML Schema writes numbers
    /// and truth values (part 2, sections 3.2.2 and 3.3.13), because that is how attributes carry them.
    pub(super) fn convert(self, value: ClaimValue) -> Option<ClaimValue> {
        match (self, value) {
            (Self::List, list @ ClaimValue::List(_)) => Some(list),
            (Self::List, single) => Some(ClaimValue::List(vec![single])),
            (_, ClaimValue::List(items)) => {
                items.into_iter().map(|item| self.convert(item)).collect::<Option<_>>().map(ClaimValue::List)
            }
            (Self::String, ClaimValue::Int(number)) => Some(ClaimValue::Text(number.to_string())),
            (Self::String, ClaimValue::Bool(truth)) => Some(ClaimValue::Text(truth.to_string())),
            (Self::Int, ClaimValue::Text(text)) => text.trim().parse().ok().map(ClaimValue::Int),
            (Self::Bool, ClaimValue::Text(text)) => match text.trim() {
                "true" | "1" => Some(ClaimValue::Bool(true)),
                "false" | "0" => Some(ClaimValue::Bool(false)),
                _ => None,
            },
            (Self::String, text @ ClaimValue::Text(_)) => Some(text),
            (Self::Int, number @ ClaimValue::Int(_)) => Some(number),
            (Self::Bool, truth @ ClaimValue::Bool(_)) => Some(truth),
            (Self::Object, object @ ClaimValue::Object(_)) => Some(object),
            (Self::String | Self::Int | Self::Bool | Self::Object, _) => None,
        }
    }

    /// What a value of that kind becomes; `None` where none of it can be converted.
    pub(super) fn kind(self, of: &Kind) -> Option<Kind> {
        match (self, of) {
            (Self::List, Kind::List { .. })
            | (Self::String, Kind::Text { .. })
            | (Self::Object, Kind::Object { .. } | Kind::Any { .. }) => Some(of.clone()),
            (Self::List, single) => Some(Kind::list(1, single.clone())),
            (_, Kind::List { count, item, .. }) => self.kind(item).map(|item| Kind::list(*count, item)),
            // A number of 64 bits has 20 characters.
            (Self::String, Kind::Int | Kind::Bool) => Some(Kind::Text { bytes: 20 }),
            (Self::String, Kind::Any { bytes, .. }) => Some(Kind::Text { bytes: (*bytes).max(20) }),
            (Self::Int, Kind::Int | Kind::Text { .. } | Kind::Any { .. }) => Some(Kind::Int),
            (Self::Bool, Kind::Bool | Kind::Text { .. } | Kind::Any { .. }) => Some(Kind::Bool),
            (Self::String | Self::Int | Self::Bool | Self::Object, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: ClaimType, value: ClaimValue) -> String {
        kind.convert(value).map_or_else(|| "none".into(), |value| value.to_json().to_string())
    }

    #[test]
    fn values_become_what_the_file_says_or_nothing() {
        let text = |text: &str| ClaimValue::Text(text.into());
        for (kind, value, expected) in [
            (ClaimType::Int, text(" 42 "), "42"),
            (ClaimType::Int, text("+7"), "7"),
            (ClaimType::Int, text("4.2"), "none"),
            (ClaimType::Int, text(""), "none"),
            (ClaimType::Int, text("9223372036854775808"), "none"),
            (ClaimType::Int, ClaimValue::Bool(true), "none"),
            (ClaimType::Bool, text("true"), "true"),
            (ClaimType::Bool, text("0"), "false"),
            (ClaimType::Bool, text("yes"), "none"),
            (ClaimType::Bool, ClaimValue::Int(1), "none"),
            (ClaimType::String, ClaimValue::Int(-1), r#""-1""#),
            (ClaimType::String, ClaimValue::Bool(true), r#""true""#),
            (ClaimType::List, text("a"), r#"["a"]"#),
            (ClaimType::Int, ClaimValue::List(vec![text("1"), text("2")]), "[1,2]"),
            (ClaimType::Int, ClaimValue::List(vec![text("1"), text("x")]), "none"),
            (ClaimType::Object, text("a"), "none"),
            (ClaimType::Object, ClaimValue::Object([("a".into(), text("b"))].into()), r#"{"a":"b"}"#),
        ] {
            assert_eq!(shown(kind, value), expected, "{kind:?}");
        }
    }

    #[test]
    fn what_is_known_at_load_agrees_with_what_happens() {
        let values = [
            ClaimValue::Text("1".into()),
            ClaimValue::Int(1),
            ClaimValue::Bool(true),
            ClaimValue::Object([].into()),
            ClaimValue::List(vec![ClaimValue::Text("1".into())]),
        ];
        let kinds = [
            Kind::Text { bytes: 1 },
            Kind::Int,
            Kind::Bool,
            Kind::Object { count: 0, total: 0, item: Box::new(Kind::Null) },
            Kind::list(1, Kind::Text { bytes: 1 }),
        ];
        for kind in [ClaimType::String, ClaimType::Int, ClaimType::Bool, ClaimType::List, ClaimType::Object] {
            for (value, of) in values.iter().zip(&kinds) {
                let (at_load, then) = (kind.kind(of), kind.convert(value.clone()));
                assert_eq!(at_load.is_some(), then.is_some(), "{kind:?} of {of:?}");
            }
        }
    }
}
