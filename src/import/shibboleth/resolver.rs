//! `attribute-resolver.xml`: the definitions of an identity provider.

use super::definition::compute;
use super::{Element, Known, Origin, Reader};

pub(super) fn read(root: &Element, reader: &mut Reader) {
    let all = root.walk();
    let definitions: Vec<&Element> = all.iter().copied().filter(|e| e.local == "AttributeDefinition").collect();
    for connector in all.iter().filter(|element| element.local == "DataConnector") {
        let what = format!("data connector `{}` ({})", id(connector), connector.kind());
        reader.losses.know(connector.line, what, "the identity provider asks it, the bridge asks nobody");
    }
    for definition in &definitions {
        if definition.kind() == "ScriptedAttribute" {
            let what = format!("script of `{}`", id(definition));
            reader.losses.add(
                definition.line,
                what,
                "scripts are not carried; the value is read as the identity provider sends it",
            );
        }
        reader.line = definition.line;
        sent(definition, reader);
    }
    for definition in &definitions {
        reader.line = definition.line;
        if reader.known(id(definition)).is_none() {
            computed(definition, &definitions, reader);
        }
    }
}

pub(super) fn id(element: &Element) -> &str {
    element.attribute("id").unwrap_or_default()
}

/// What an encoder sends.
fn sent(definition: &Element, reader: &mut Reader) {
    let id = id(definition);
    let hidden = definition.attribute("dependencyOnly") == Some("true");
    let mut claim = None;
    let mut found = false;
    for encoder in definition.all("AttributeEncoder") {
        let Some(name) = encoder.attribute("name") else { continue };
        match encoder.kind() {
            kind if kind.starts_with("OIDC") => claim = Some(name.to_owned()),
            kind if kind.starts_with("SAML1") => {}
            "SAML2XMLObject" => {
                let what = format!("`{id}` as XML");
                reader.losses.add(encoder.line, what, "a value that is XML is refused; let it be sent as text");
            }
            _ => {
                let many = if definition.kind() == "PrincipalName" { Some(false) } else { None };
                reader.sent(id, name, many);
                found = true;
            }
        }
    }
    // Newer releases encode attributes with usual ids by rules of their own.
    let has_encoder = definition.first("AttributeEncoder").is_some();
    let is_sent = found || (!has_encoder && !hidden && reader.by_vocabulary(id));
    if let (true, Some(known)) = (is_sent, reader.ids.iter_mut().find(|known| known.id == id)) {
        known.hidden = hidden;
        known.claim = claim;
    }
}

/// What is not sent may still be made from what is.
fn computed(definition: &Element, definitions: &[&Element], reader: &mut Reader) {
    let id = id(definition).to_owned();
    let hidden = definition.attribute("dependencyOnly") == Some("true");
    let claim = definition.all("AttributeEncoder").find(|encoder| encoder.kind().starts_with("OIDC"));
    let claim = claim.and_then(|encoder| encoder.attribute("name")).map(str::to_owned);
    match compute(definition, definitions, reader) {
        Ok(from) => {
            let from = Known { id, claim, from, hidden, file: reader.losses.file, line: reader.line };
            reader.ids.push(from);
        }
        // What is only there for others is missed, and told, where it is used.
        Err(_) if hidden => {}
        Err(why) => {
            let what = format!("attribute `{id}` ({})", definition.kind());
            reader.losses.add(definition.line, what, why);
        }
    }
}

impl Reader {
    /// The names under which an id is sent, where it is.
    pub(super) fn as_input(&self, id: &str) -> Option<&[usize]> {
        match &self.known(id)?.from {
            Origin::Sent(places) => Some(places),
            Origin::Computed(_) => None,
        }
    }
}
