//! A definition whose value is not sent, made from values that are.

use super::super::draft::ClaimRule;
use super::super::expression::{list, literal, name};
use super::super::pattern::{Pattern, Reading};
use super::resolver::id;
use super::{Attribute, Element, Origin, Reader};

/// What stands behind a definition, or why nothing does.
pub(super) fn compute(definition: &Element, definitions: &[&Element], reader: &Reader) -> Result<Origin, String> {
    match definition.kind() {
        "Simple" | "Prescoped" => Ok(Origin::Sent(one_input(definition, definitions, reader)?.1)),
        "Scoped" => scoped(definition, definitions, reader),
        "Mapped" => mapped(definition, definitions, reader),
        "Template" => template(definition, reader),
        "PrincipalName" => Err("the login name is not sent".into()),
        "ScriptedAttribute" => Err("a script makes it, and nothing sends it".into()),
        _ => Err("definitions of this type are not carried, and nothing sends it".into()),
    }
}

/// The attribute that a definition reads, where it reads one that is sent.
fn one_input<'r>(
    definition: &Element,
    definitions: &[&Element],
    reader: &'r Reader,
) -> Result<(&'r Attribute, Vec<usize>), String> {
    let is_definition = |wanted: &str| definitions.iter().any(|definition| id(definition) == wanted);
    let mut inputs: Vec<&str> = Vec::new();
    for input in &definition.children {
        let reference = input.attribute("ref").unwrap_or_default();
        match input.local.as_str() {
            "InputAttributeDefinition" => inputs.push(reference),
            // The old form names definitions and data connectors alike.
            "Dependency" if is_definition(reference) => inputs.push(reference),
            "Dependency" | "InputDataConnector" => {
                return Err(format!("its value comes from the data connector `{reference}`, and nothing sends it"));
            }
            _ => {}
        }
    }
    let [input] = inputs.as_slice() else {
        return Err(format!("it has {} inputs, and nothing sends it", inputs.len()));
    };
    let places = reader.as_input(input).ok_or_else(|| format!("its input `{input}` is not sent"))?;
    match reader.attributes(places).as_slice() {
        [only] => Ok((only, places.to_vec())),
        _ => Err(format!("its input `{input}` is sent under several names")),
    }
}

/// Each value with a scope behind it.
fn scoped(definition: &Element, definitions: &[&Element], reader: &Reader) -> Result<Origin, String> {
    let scope = definition.attribute("scope").unwrap_or_default();
    if scope.is_empty() || scope.contains("%{") {
        return Err(format!("its scope `{scope}` is a setting of the identity provider"));
    }
    let (input, _) = one_input(definition, definitions, reader)?;
    let scope = literal(&format!("@{scope}"));
    let name = name(input);
    Ok(Origin::Computed(ClaimRule::Cel(match (input.many, input.optional) {
        (true, _) => format!("{}.map(v, v + {scope})", list(input)),
        (false, true) => format!("has({name}) ? {name} + {scope} : null"),
        (false, false) => format!("{name} + {scope}"),
    })))
}

/// Values that become others.
fn mapped(definition: &Element, definitions: &[&Element], reader: &Reader) -> Result<Origin, String> {
    let (input, _) = one_input(definition, definitions, reader)?;
    if definition
        .first("DefaultValue")
        .is_some_and(|default| !default.text.trim().is_empty() || default.attribute("passThru") == Some("true"))
    {
        return Err("a default for values that are not in the map is not carried".into());
    }
    let mut rows: Vec<(String, String)> = Vec::new();
    for map in definition.all("ValueMap") {
        let becomes = map.first("ReturnValue").map(|value| value.text.trim().to_owned()).unwrap_or_default();
        for source in map.all("SourceValue") {
            let text = source.text.trim();
            let anyhow = source.attribute("partialMatch") == Some("true")
                || source.attribute("ignoreCase") == Some("true")
                || source.attribute("caseSensitive") == Some("false");
            let pattern = Pattern::read(text, Reading::Whole);
            let exact = pattern.as_ref().and_then(Pattern::exact).filter(|_| !anyhow && !becomes.contains('$'));
            for value in exact.ok_or_else(|| format!("its source value `{text}` is not an exact value"))? {
                match rows.iter().find(|(known, _)| known == value) {
                    Some((_, other)) if *other != becomes => {
                        return Err(format!("`{value}` becomes several values"));
                    }
                    Some(_) => {}
                    None => rows.push((value.clone(), becomes.clone())),
                }
            }
        }
    }
    if rows.is_empty() {
        Err("its map is empty".into())
    } else {
        Ok(Origin::Computed(ClaimRule::Table(input.short.clone(), rows)))
    }
}

/// Text with the values of attributes in it, where each has one.
fn template(definition: &Element, reader: &Reader) -> Result<Origin, String> {
    let text = definition.first("Template").map(|template| template.text.trim().to_owned()).unwrap_or_default();
    let (mut terms, mut guards) = (Vec::new(), Vec::new());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('$') {
        if !before.is_empty() {
            terms.push(literal(before));
        }
        let (wanted, behind) = match after.strip_prefix('{').and_then(|after| after.split_once('}')) {
            Some(found) => found,
            None => after.split_at(after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len())),
        };
        let places = reader.as_input(wanted).ok_or_else(|| format!("`{wanted}` in its template is not sent"))?;
        match reader.attributes(places).as_slice() {
            [only] if !only.many => {
                if only.optional {
                    guards.push(format!("has({})", name(only)));
                }
                terms.push(name(only));
            }
            _ => return Err(format!("`{wanted}` in its template may have several values")),
        }
        rest = behind;
    }
    if !rest.is_empty() || terms.is_empty() {
        terms.push(literal(rest));
    }
    let value = terms.join(" + ");
    guards.dedup();
    Ok(Origin::Computed(ClaimRule::Cel(if guards.is_empty() {
        value
    } else {
        format!("{} ? {value} : null", guards.join(" && "))
    })))
}
