//! `attribute-map.xml`: what a service provider reads, and what it calls it.

use super::{Element, Reader};

/// Names under which a service provider shows the `NameID` itself.
const NAME_ID: &str = ":nameid-format:";

pub(super) fn read(root: &Element, reader: &mut Reader) {
    for attribute in root.all("Attribute") {
        let (Some(name), Some(id)) = (attribute.attribute("name"), attribute.attribute("id")) else {
            let why = "it has no `name` or no `id`";
            reader.losses.add(attribute.line, "an Attribute", why);
            continue;
        };
        let decoder = attribute.first("AttributeDecoder");
        if name.contains(NAME_ID) {
            reader.subject_is_name_id |= name.ends_with(":persistent");
            reader.losses.know(
                attribute.line,
                format!("the NameID as attribute `{id}`"),
                "it is the subject; APIs see `sub`",
            );
            continue;
        }
        if attribute.attribute("nameFormat").is_some_and(|format| format.contains("shibboleth:1.0")) {
            reader.losses.know(attribute.line, format!("`{name}`"), "a name of SAML 1; only SAML 2.0 is read");
            continue;
        }
        let kind = decoder.map(Element::kind).unwrap_or_default();
        if matches!(
            kind,
            "NameIDAttributeDecoder"
                | "NameIDFromScopedAttributeDecoder"
                | "XMLAttributeDecoder"
                | "DOMAttributeDecoder"
        ) {
            let what = format!("attribute `{id}` ({kind})");
            reader.losses.add(attribute.line, what, "a value that is XML is refused; let it be sent as text");
            continue;
        }
        reader.line = attribute.line;
        let place = reader.sent(id, name, None);
        if let (Some(format), Some(declared)) =
            (attribute.attribute("nameFormat"), reader.draft.attributes.get_mut(place))
        {
            declared.format = Some(format.to_owned());
        }
        if attribute.attribute("aliases").is_some() {
            reader.losses.know(attribute.line, format!("aliases of `{id}`"), "a claim has one name");
        }
    }
}
