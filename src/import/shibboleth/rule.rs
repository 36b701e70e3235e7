//! The rules of a filter: which values, and of whom.

use super::super::draft::Attribute;
use super::super::expression::{has_value, literal, some_value};
use super::super::pattern::{Pattern, Reading, folds_like_ascii};
use super::Element;

/// References are followed this far.
const MOST_STEPS: usize = 8;

/// Which values of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Values {
    Any,
    Exact { value: String, ignore_case: bool },
    Regex(Pattern),
    Or(Vec<Self>),
    And(Vec<Self>),
    Not(Box<Self>),
}

/// Why a rule is not understood, and where.
pub(super) type Lost = (usize, String);

impl Values {
    /// A test of a value with this name.
    pub(super) fn test(&self, name: &str) -> String {
        let all = |parts: &[Self], between: &str| {
            let parts: Vec<String> = parts.iter().map(|part| part.test(name)).collect();
            if let [only] = parts.as_slice() { only.clone() } else { format!("({})", parts.join(between)) }
        };
        match self {
            Self::Any => "true".into(),
            Self::Exact { value, ignore_case: true } => {
                format!("{name}.lowerAscii() == {}", literal(&value.to_ascii_lowercase()))
            }
            Self::Exact { value, ignore_case: false } => format!("{name} == {}", literal(value)),
            Self::Regex(pattern) => pattern.test(name),
            Self::Or(parts) => all(parts, " || "),
            Self::And(parts) => all(parts, " && "),
            Self::Not(part) => format!("!({})", part.test(name)),
        }
    }

    /// The values themselves, where the rule lists them.
    pub(super) fn exact(&self) -> Option<Vec<String>> {
        match self {
            Self::Exact { value, ignore_case: false } => Some(vec![value.clone()]),
            Self::Regex(pattern) => pattern.exact().map(<[String]>::to_vec),
            Self::Or(parts) => parts.iter().map(Self::exact).collect::<Option<Vec<_>>>().map(|values| values.concat()),
            Self::Any | Self::Exact { .. } | Self::And(_) | Self::Not(_) => None,
        }
    }
}

/// The rules of a file, so that references find them.
pub(super) struct Rules<'e> {
    pub(super) all: Vec<&'e Element>,
}

impl<'e> Rules<'e> {
    pub(super) fn of(root: &'e Element) -> Self {
        Self { all: root.walk() }
    }

    /// The rule itself, where this only refers to it.
    pub(super) fn resolve(&self, rule: &'e Element) -> Result<&'e Element, Lost> {
        let mut rule = rule;
        for _ in 0..MOST_STEPS {
            let Some(wanted) = rule.attribute("ref").filter(|_| rule.local.ends_with("Reference")) else {
                return Ok(rule);
            };
            let is_it = |e: &&&Element| e.attribute("id") == Some(wanted) && e.local.ends_with("Rule");
            let lost = || (rule.line, format!("there is no rule `{wanted}` in this file"));
            rule = self.all.iter().find(is_it).ok_or_else(lost)?;
        }
        Err((rule.line, "rules refer to each other in a circle".into()))
    }

    /// Which values a rule means. What an `OR` cannot understand is left out and told; everywhere else it ends the matter.
    pub(super) fn values(&self, rule: &'e Element, lost: &mut Vec<Lost>, depth: usize) -> Result<Values, Lost> {
        let rule = self.resolve(rule)?;
        if depth > MOST_STEPS {
            return Err((rule.line, "the rules nest too deep".into()));
        }
        if rule.attribute("attributeID").is_some() {
            return Err((rule.line, "a rule about another attribute's values is not carried".into()));
        }
        match kind(rule) {
            "OR" => {
                let mut parts = Vec::new();
                for part in inside(rule) {
                    match self.values(part, lost, depth + 1) {
                        Ok(part) => parts.push(part),
                        Err(why) => lost.push(why),
                    }
                }
                if parts.is_empty() {
                    Err((rule.line, "nothing of it is understood".into()))
                } else {
                    Ok(Values::Or(parts))
                }
            }
            "AND" => {
                let parts =
                    inside(rule).into_iter().map(|part| self.strict(part, depth)).collect::<Result<Vec<_>, _>>()?;
                if parts.is_empty() { Err((rule.line, "it holds no rule".into())) } else { Ok(Values::And(parts)) }
            }
            "NOT" => match inside(rule).as_slice() {
                [only] => Ok(Values::Not(Box::new(self.strict(only, depth)?))),
                _ => Err((rule.line, "it holds not one rule".into())),
            },
            _ => values_of(rule),
        }
    }

    /// Inside of `AND` and `NOT` leaving something out would widen what passes.
    fn strict(&self, rule: &'e Element, depth: usize) -> Result<Values, Lost> {
        let mut lost = Vec::new();
        let values = self.values(rule, &mut lost, depth + 1)?;
        match lost.into_iter().next() {
            Some(lost) => Err(lost),
            None => Ok(values),
        }
    }
}

/// The rules inside of a rule.
pub(super) fn inside(rule: &Element) -> Vec<&Element> {
    let is_rule = |child: &&Element| child.local.ends_with("Rule") || child.local.ends_with("RuleReference");
    rule.children.iter().filter(is_rule).collect()
}

/// A rule that stands for itself.
pub(super) fn values_of(rule: &Element) -> Result<Values, Lost> {
    let ignore_case = rule.attribute("ignoreCase") == Some("true") || rule.attribute("caseSensitive") == Some("false");
    match kind(rule) {
        "ANY" => Ok(Values::Any),
        "Value" => {
            let value = rule.attribute("value").ok_or_else(|| (rule.line, "it has no value".to_owned()))?;
            if ignore_case && !folds_like_ascii(value) {
                let why =
                    format!("`{value}` has letters beyond ASCII, which cannot be compared without regard to case");
                return Err((rule.line, why));
            }
            Ok(Values::Exact { value: value.into(), ignore_case })
        }
        "ValueRegex" => {
            let regex = rule.attribute("regex").unwrap_or_default();
            let flagged = if ignore_case { format!("(?i){regex}") } else { regex.to_owned() };
            let pattern = Pattern::read(&flagged, Reading::Either);
            let lost = || (rule.line, format!("the regular expression `{regex}` is not understood"));
            pattern.map(Values::Regex).ok_or_else(lost)
        }
        other => Err((rule.line, format!("rules of the type `{other}` are not carried"))),
    }
}

/// The type of a rule, under the name that it has today.
pub(super) fn kind(rule: &Element) -> &str {
    match rule.kind() {
        "AttributeRequesterString" => "Requester",
        "AttributeRequesterInEntityGroup" => "InEntityGroup",
        "AttributeValueString" => "Value",
        "AttributeValueRegex" => "ValueRegex",
        other => other,
    }
}

/// Whether an attribute has such a value.
pub(super) fn some(attribute: &Attribute, values: &Values) -> String {
    match values.exact() {
        Some(exact) if !exact.is_empty() => {
            let tests: Vec<String> = exact.iter().map(|value| has_value(attribute, value)).collect();
            if let [only] = tests.as_slice() { only.clone() } else { format!("({})", tests.join(" || ")) }
        }
        Some(_) | None => some_value(attribute, &values.test("v")),
    }
}
