//! Conditions of rules as expressions.

use super::super::pattern::{Pattern, Reading};
use super::expression::literal;
use super::grammar::{Asks, Condition, Expr};

/// Issuers that only say "this federation server".
const OWN_ISSUERS: [&str; 3] = ["AD AUTHORITY", "LOCAL AUTHORITY", "SELF AUTHORITY"];

/// What a condition selects: claims of a type, some of their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) kind: String,
    /// Tests of a value.
    pub(super) tests: Vec<ValueTest>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ValueTest {
    Is(String),
    IsNot(String),
    Finds(Pattern),
    FindsNot(Pattern),
}

impl Selection {
    /// Understands the tests of a condition, or says why not.
    pub(super) fn of(condition: &Condition) -> Result<Self, String> {
        let mut kind = None;
        let mut tests = Vec::new();
        for test in &condition.tests {
            match (test.property.as_str(), test.sign, &test.operand) {
                ("type", "==", Expr::Text(text)) if kind.is_none() => kind = Some(text.clone()),
                ("type", ..) => return Err("it selects types by more than their name".into()),
                ("value", sign, Expr::Text(text)) => tests.push(value_test(sign, text)?),
                ("valuetype", ..) => {}
                ("issuer" | "originalissuer", sign, operand) => check_issuer(sign, operand)?,
                (property, ..) => return Err(format!("it asks for `{property}` in a way that has no counterpart")),
            }
        }
        let kind = kind.ok_or("it selects claims of every type, and only declared attributes are read")?;
        Ok(Self { kind, tests })
    }

    /// The only values that pass, where they are listed.
    pub(super) fn exact(&self) -> Option<Vec<String>> {
        match self.tests.as_slice() {
            [ValueTest::Is(value)] => Some(vec![value.clone()]),
            [ValueTest::Finds(pattern)] => pattern.exact().map(<[String]>::to_vec),
            _ => None,
        }
    }

    /// Whether a value with this name passes; `None` where every value does.
    pub(super) fn test(&self, name: &str) -> Option<String> {
        let tests = self.tests.iter().filter(|test| !test.is_nothing()).map(|test| test.cel(name));
        let tests: Vec<String> = tests.collect();
        match tests.as_slice() {
            [] => None,
            [only] => Some(only.clone()),
            several => Some(format!("({})", several.join(" && "))),
        }
    }

    /// Of a list the values that pass.
    pub(super) fn filtered(&self, list: &str) -> String {
        self.test("v").map_or_else(|| list.to_owned(), |test| format!("{list}.filter(v, {test})"))
    }

    /// Whether a list has one that passes.
    pub(super) fn some(&self, list: &str) -> String {
        match (self.exact(), self.test("v")) {
            (Some(values), _) if !values.is_empty() => {
                let tests: Vec<String> = values.iter().map(|value| format!("{} in {list}", literal(value))).collect();
                if let [only] = tests.as_slice() { only.clone() } else { format!("({})", tests.join(" || ")) }
            }
            (_, Some(test)) => format!("{list}.exists(v, {test})"),
            (_, None) => format!("size({list}) > 0"),
        }
    }

    /// The condition as a truth.
    pub(super) fn holds(&self, asks: &Asks, list: &str) -> String {
        match asks {
            Asks::Each | Asks::Exists => self.some(list),
            Asks::NotExists => format!("!({})", self.some(list)),
            Asks::Count(sign, number) => format!("size({}) {sign} {number}", self.filtered(list)),
        }
    }
}

impl ValueTest {
    fn is_nothing(&self) -> bool {
        matches!(self, Self::Finds(pattern) if pattern.test("v") == "true")
    }

    fn cel(&self, name: &str) -> String {
        match self {
            Self::Is(value) => format!("{name} == {}", literal(value)),
            Self::IsNot(value) => format!("{name} != {}", literal(value)),
            Self::Finds(pattern) => pattern.test(name),
            Self::FindsNot(pattern) => format!("!({})", pattern.test(name)),
        }
    }
}

fn value_test(sign: &str, text: &str) -> Result<ValueTest, String> {
    let pattern = || {
        Pattern::read(text, Reading::Find).ok_or_else(|| format!("the regular expression `{text}` is not understood"))
    };
    match sign {
        "==" => Ok(ValueTest::Is(text.into())),
        "!=" => Ok(ValueTest::IsNot(text.into())),
        "=~" => pattern().map(ValueTest::Finds),
        _ => pattern().map(ValueTest::FindsNot),
    }
}

/// `Issuer == "AD AUTHORITY"` says what is so anyway; anything else narrows, and cannot be known.
fn check_issuer(sign: &str, operand: &Expr) -> Result<(), String> {
    let narrows = || Err("it asks who said the claim first, which is not known here".to_owned());
    let Expr::Text(text) = operand else { return narrows() };
    match sign {
        "==" if OWN_ISSUERS.contains(&text.as_str()) => Ok(()),
        "=~" => {
            let pattern = Pattern::read(text, Reading::Find);
            let own = pattern
                .as_ref()
                .and_then(Pattern::exact)
                .is_some_and(|issuers| issuers.iter().all(|issuer| OWN_ISSUERS.contains(&issuer.as_str())));
            if own { Ok(()) } else { narrows() }
        }
        _ => narrows(),
    }
}
