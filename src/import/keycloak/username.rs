//! Templates of user names: `${ALIAS}.${ATTRIBUTE.mail | lowercase}`.

use super::Provider;
use super::expression::{self, literal};

/// A template as an expression, or why it is none.
pub(super) fn expression(template: &str, provider: &mut Provider<'_>, line: usize) -> Result<String, String> {
    let mut terms: Vec<String> = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((variable, behind)) = after.split_once('}') else { break };
        if !before.is_empty() {
            terms.push(literal(before));
        }
        terms.push(term(variable, provider, line)?);
        rest = behind;
    }
    if !rest.is_empty() || terms.is_empty() {
        terms.push(literal(rest));
    }
    Ok(terms.join(" + "))
}

fn term(variable: &str, provider: &mut Provider<'_>, line: usize) -> Result<String, String> {
    let (name, how) = match variable.split_once('|') {
        Some((name, how)) => (name.trim(), Some(how.trim())),
        None => (variable.trim(), None),
    };
    let value = match name {
        "ALIAS" => literal(&provider.alias),
        "NAMEID" => "name_id".to_owned(),
        _ => match name.strip_prefix("ATTRIBUTE.") {
            Some(attribute) => of_attribute(attribute, provider, line),
            None => return Err(format!("`${{{variable}}}` has no counterpart")),
        },
    };
    match how {
        None => Ok(value),
        Some("lowercase") => Ok(format!("{value}.lowerAscii()")),
        Some("uppercase") => Ok(format!("{value}.upperAscii()")),
        Some("localpart") => Ok(format!("{value}.split('@')[0]")),
        Some(other) => Err(format!("`{other}` has no counterpart")),
    }
}

/// An attribute that a name is made of must be there, once: an empty part would make two people one.
fn of_attribute(name: &str, provider: &mut Provider<'_>, line: usize) -> String {
    let is_friendly = !name.contains([':', '/']) && provider.draft.attribute(name).is_none();
    let known = is_friendly && super::names::of_friendly(name, &super::VOCABULARIES).is_some();
    let place = if known {
        provider.declare(None, Some(name), false, line)
    } else {
        provider.declare(Some(name), None, false, line)
    };
    let Some(attribute) = provider.draft.attributes.get_mut(place) else { return "''".into() };
    attribute.optional = false;
    if attribute.many { format!("{}[0]", expression::name(attribute)) } else { expression::name(attribute) }
}
