//! Transformations of claims as expressions.

use super::{Entry, Node, Text, expression, get, json_text, list};

/// What a transformation makes, or why it makes nothing here.
pub(super) fn cel(transformation: &Node, entries: &[Entry]) -> Result<Text, String> {
    let method = json_text(transformation, "TransformationMethod").unwrap_or_default();
    let inputs = Inputs::read(transformation, entries)?;
    // Some pages write the methods with parentheses.
    match method.trim_end_matches("()").to_lowercase().as_str() {
        "join" => {
            let separator = inputs.get("separator").map_or_else(|_| expression::literal(""), |separator| separator.cel);
            let (one, two) = (inputs.get("string1")?, inputs.get("string2")?);
            Ok(made(format!("{} + {separator} + {}", one.cel, two.cel), [one, two]))
        }
        "extractmailprefix" => {
            let mail = inputs.get("mail").or_else(|_| inputs.only())?;
            Ok(made(format!("{}.split('@')[0]", mail.cel), [mail]))
        }
        "tolowercase" | "tolower" => {
            let text = inputs.only()?;
            Ok(made(format!("{}.lowerAscii()", text.cel), [text]))
        }
        "touppercase" | "toupper" => {
            let text = inputs.only()?;
            Ok(made(format!("{}.upperAscii()", text.cel), [text]))
        }
        "createstringclaim" => inputs.get("value"),
        _ => Err(format!("the method `{method}` is not carried")),
    }
}

fn made<const N: usize>(cel: String, of: [Text; N]) -> Text {
    let mut there: Vec<String> = Vec::new();
    for test in of.into_iter().flat_map(|text| text.there) {
        if !there.contains(&test) {
            there.push(test);
        }
    }
    Text { cel, there }
}

/// What a transformation reads, by its own names in lower case.
struct Inputs(Vec<(String, Text)>);

impl Inputs {
    fn read(transformation: &Node, entries: &[Entry]) -> Result<Self, String> {
        let mut inputs = Vec::new();
        for claim in list(get(transformation, "InputClaims")) {
            let wanted = json_text(claim, "ClaimTypeReferenceId").unwrap_or_default();
            let entry = entries.iter().find(|entry| entry.id == wanted.to_lowercase());
            let entry = entry.ok_or_else(|| format!("no assertion carries its input `{wanted}`"))?;
            let name = json_text(claim, "TransformationClaimType").unwrap_or_default();
            inputs.push((name.to_lowercase(), entry.value.clone()));
        }
        for parameter in list(get(transformation, "InputParameters")) {
            let (name, value) = (json_text(parameter, "ID").unwrap_or_default(), get(parameter, "Value"));
            let value = value.and_then(super::as_text).ok_or_else(|| format!("its parameter `{name}` is no text"))?;
            inputs.push((name.to_lowercase(), Text { cel: expression::literal(value), there: Vec::new() }));
        }
        Ok(Self(inputs))
    }

    fn get(&self, name: &str) -> Result<Text, String> {
        let found = self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone());
        found.ok_or_else(|| format!("its input `{name}` is missing"))
    }

    fn only(&self) -> Result<Text, String> {
        if let [(_, only)] = self.0.as_slice() { Ok(only.clone()) } else { Err("it has not one input".into()) }
    }
}
