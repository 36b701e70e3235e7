//! Why an expression failed on somebody.

use std::fmt;

use ::cel::ExecutionError;

/// Why an expression failed on this identity. `Debug` hides values.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::mapping) struct Failure {
    /// What happened, without values.
    pub(in crate::mapping) what: &'static str,
    /// More of it, with values unless `is_public`. May be empty.
    pub(in crate::mapping) detail: String,
    /// Whether `detail` has fixed words and names of the file only.
    pub(in crate::mapping) is_public: bool,
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

/// See [`Failure::what`].
pub(super) const ABSENT: &str = "it reads something that is absent";
/// See [`Failure::what`].
pub(super) const BEHIND_THE_END: &str = "it reads a place behind the end of a list";
/// See [`Failure::what`].
pub(super) const FUNCTION: &str = "a function cannot use its argument";
/// See [`Failure::what`].
pub(super) const TOO_LONG: &str = "a value is longer than expressions read";

/// Functions of ours: why they fail is told in fixed words.
const OURS: [&str; 11] =
    ["matches", "split", "replace", "substring", "join", "distinct", "sort", "emailLocal", "emailDomain", "dn", "rdns"];

impl Failure {
    /// Nothing more is to be said of it.
    pub(super) const fn plain(what: &'static str) -> Self {
        Self { what, detail: String::new(), is_public: true }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that is not exhaustive")]
    pub(super) fn of(error: &ExecutionError) -> Self {
        match error {
            // What a name stands for was settled at load: what there is not is absent. A key may be a value.
            ExecutionError::NoSuchKey(name) | ExecutionError::UndeclaredReference(name) => {
                Self { what: ABSENT, detail: format!("there is no `{name}`"), is_public: false }
            }
            ExecutionError::IndexOutOfBounds(_) => Self::plain(BEHIND_THE_END),
            ExecutionError::NoSuchOverload(_)
            | ExecutionError::UnexpectedType { .. }
            | ExecutionError::UnsupportedBinaryOperator(..)
            | ExecutionError::ValuesNotComparable(..) => {
                Self::plain("a value is of another type than an operator needs")
            }
            ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => Self::plain("it divides by zero"),
            ExecutionError::Overflow(..) => Self::plain("a number grows beyond 64 bits"),
            ExecutionError::FunctionError { function, message } => Self::of_function(function, message),
            _ => Self { what: "it cannot be evaluated", detail: error.to_string(), is_public: false },
        }
    }

    fn of_function(function: &str, message: &str) -> Self {
        let fixed = match function {
            "int" => Some("this is not a whole number"),
            "bool" => Some("this is neither true nor false"),
            ours if OURS.contains(&ours) => Some(message),
            _ => None,
        };
        Self { what: FUNCTION, detail: fixed.unwrap_or(message).to_owned(), is_public: fixed.is_some() }
    }
}
