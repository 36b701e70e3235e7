//! Why an expression failed on somebody.

use std::fmt;

use ::cel::ExecutionError;

/// Why an expression failed on this identity. `Debug` hides values.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::mapping) struct Failure {
    /// What happened, without values.
    pub(in crate::mapping) what: &'static str,
    /// With values: for the operator's own eyes.
    pub(in crate::mapping) detail: String,
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

impl Failure {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that is not exhaustive")]
    pub(super) fn of(error: &ExecutionError) -> Self {
        let what = match error {
            // What a name stands for was settled at load: what there is not is absent.
            ExecutionError::NoSuchKey(_) | ExecutionError::UndeclaredReference(_) => {
                "it reads something that is absent"
            }
            ExecutionError::IndexOutOfBounds(_) => "it reads a place behind the end of a list",
            ExecutionError::NoSuchOverload(_)
            | ExecutionError::UnexpectedType { .. }
            | ExecutionError::UnsupportedBinaryOperator(..)
            | ExecutionError::ValuesNotComparable(..) => "a value is of another type than an operator needs",
            ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "it divides by zero",
            ExecutionError::Overflow(..) => "a number grows beyond 64 bits",
            ExecutionError::FunctionError { .. } => "a function cannot use its argument",
            _ => "it cannot be evaluated",
        };
        let detail = match error {
            ExecutionError::NoSuchKey(name) | ExecutionError::UndeclaredReference(name) => {
                format!("there is no `{name}`")
            }
            _ => error.to_string(),
        };
        Self { what, detail }
    }
}
