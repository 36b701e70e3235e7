//! Conditions and values of rules as expressions.

use super::super::pattern::{Pattern, Reading};
use super::expression::literal;
use super::grammar::{Asks, Condition, Expr, Rule};
use super::replace::replace;

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
                // What these leave out is told: see `unasked`.
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

/// What the conditions of a rule ask of claims that nothing asks here, so that the rule holds for more.
pub(super) fn unasked(rule: &Rule) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for test in rule.conditions.iter().flat_map(|condition| &condition.tests) {
        let wanted = if let Expr::Text(text) = &test.operand { text.as_str() } else { "that of another claim" };
        let why = match (test.property.as_str(), test.sign) {
            ("issuer" | "originalissuer", _) => format!(
                "it held for claims of the issuer `{wanted}` only, and who said a claim first is not known here: decide \
                 whether it may hold for whatever the source sends"
            ),
            ("valuetype", sign) => format!(
                "it held for claims with `ValueType {sign} {wanted}` only, which is not asked here: decide whether it may \
                 hold for whatever the source sends"
            ),
            _ => continue,
        };
        if !found.contains(&why) {
            found.push(why);
        }
    }
    found
}

/// `Issuer == "AD AUTHORITY"` says that this federation server said it, and is told; anything else cannot be known.
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

/// The variables that a value reads, each once.
pub(super) fn variables(value: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Expr::Text(_) => {}
            Expr::Property(variable, _) if found.contains(variable) => {}
            Expr::Property(variable, _) => found.push(variable.clone()),
            Expr::Call(_, inside) | Expr::Sum(inside) | Expr::List(inside) => waiting.extend(inside),
        }
    }
    found
}

/// What becomes of the values that variables stand for; each has a name in the expression.
pub(super) fn per_value(value: &Expr, names: &[(String, String)]) -> Result<String, String> {
    let value_of = |variable: &str, property: &str| {
        let name = names.iter().find(|(known, _)| known == variable).map(|(_, name)| name.clone());
        let why = || format!("`{property}` of a claim has no counterpart");
        name.filter(|_| property == "value").ok_or_else(why)
    };
    match value {
        Expr::Text(text) => Ok(literal(text)),
        Expr::Property(variable, property) => value_of(variable, property),
        Expr::Sum(terms) => {
            let terms: Result<Vec<String>, String> = terms.iter().map(|term| per_value(term, names)).collect();
            Ok(terms?.join(" + "))
        }
        Expr::Call(function, arguments) => match (function.as_str(), arguments.as_slice()) {
            ("regexreplace", [Expr::Property(variable, property), Expr::Text(pattern), Expr::Text(replacement)]) => {
                let name = value_of(variable, property)?;
                let why = || format!("the regular expression `{pattern}` is not understood");
                replace(&name, pattern, replacement).ok_or_else(why)
            }
            _ => Err(format!("the function `{function}` has no counterpart in this form")),
        },
        Expr::List(_) => Err("a list is no value".into()),
    }
}
