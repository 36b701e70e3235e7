//! What a credential at hand says, so that a mapping can be begun.
//!
//! ```text
//! XML of an assertion or a response ─▶ Seen        facts of a verified identity ─▶ Seen
//! ```
//!
//! An assertion is read **unverified**: its signature, times, audience and recipient are looked at by nobody. A [`Seen`]
//! therefore is not [`Facts`], and nothing makes one into the other: it serves to write a draft, which is judged and
//! tested before it maps anybody.

use super::ImportError;
use super::xml::{self, Element};
use crate::credential::Facts;

const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// What a credential says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Whose credential it is.
    pub issuer: String,
    /// Whether somebody has verified it.
    pub verified: bool,
    /// The value of the `NameID`.
    pub name_id: Option<String>,
    /// Its format.
    pub name_id_format: Option<String>,
    /// In the order in which they were sent.
    pub attributes: Vec<SeenAttribute>,
}

/// An attribute with its values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeenAttribute {
    /// `Name`
    pub name: String,
    /// `NameFormat`
    pub format: Option<String>,
    /// `FriendlyName`
    pub friendly: Option<String>,
    /// As texts; those that are XML are left out.
    pub values: Vec<String>,
    /// Whether a value is XML, which no mapping reads.
    pub has_xml: bool,
}

/// Reads the one assertion of a document, without verifying anything.
///
/// # Errors
/// What is no XML, or holds not one assertion that can be read.
pub fn seen(text: &str) -> Result<Seen, ImportError> {
    let root = xml::parse(text)?;
    let all = root.walk();
    let of_kind = |local: &str| -> Vec<&Element> {
        all.iter().copied().filter(|e| e.local == local && e.namespace == ASSERTION).collect()
    };
    let assertions = of_kind("Assertion");
    let assertion = match assertions.as_slice() {
        [only] => *only,
        [] if !of_kind("EncryptedAssertion").is_empty() => {
            return Err(ImportError::new(root.line, "the assertion is encrypted, and no key for it is at hand"));
        }
        [] => return Err(ImportError::new(root.line, "this holds no SAML 2.0 assertion")),
        several => return Err(ImportError::new(root.line, format!("this holds {} assertions", several.len()))),
    };
    let text_of = |element: Option<&Element>| element.map(|element| element.text.trim().to_owned());
    let name_id = assertion.first("Subject").and_then(|subject| subject.first("NameID"));
    let attributes =
        assertion.all("AttributeStatement").flat_map(|statement| statement.all("Attribute")).map(attribute);
    Ok(Seen {
        issuer: text_of(assertion.first("Issuer")).unwrap_or_default(),
        verified: false,
        name_id: text_of(name_id),
        name_id_format: name_id.and_then(|name_id| name_id.attribute("Format")).map(str::to_owned),
        attributes: attributes.collect(),
    })
}

fn attribute(element: &Element) -> SeenAttribute {
    let of = |name: &str| element.attribute(name).map(str::to_owned);
    let (texts, markup): (Vec<&Element>, Vec<&Element>) =
        element.all("AttributeValue").partition(|value| value.children.is_empty());
    SeenAttribute {
        name: of("Name").unwrap_or_default(),
        format: of("NameFormat"),
        friendly: of("FriendlyName"),
        values: texts.into_iter().map(|value| value.text.clone()).collect(),
        has_xml: !markup.is_empty(),
    }
}

impl Seen {
    /// What a verified identity says.
    pub fn of_facts(facts: &Facts) -> Self {
        let attributes = facts.attributes.iter().map(|attribute| SeenAttribute {
            name: attribute.name.clone(),
            format: attribute.name_format.clone(),
            friendly: attribute.friendly_name.clone(),
            values: attribute.values.clone(),
            has_xml: false,
        });
        Self {
            issuer: facts.namespace.as_str().to_owned(),
            verified: true,
            name_id: facts.name_id.as_ref().map(|name_id| name_id.value.clone()),
            name_id_format: facts.name_id.as_ref().and_then(|name_id| name_id.format.clone()),
            attributes: attributes.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_not_one_readable_assertion_is_told() {
        let wrapped = |inside: &str| format!("<r xmlns:a='{ASSERTION}'>{inside}</r>");
        for (text, expected) in [
            (wrapped(""), "this holds no SAML 2.0 assertion"),
            (wrapped("<Assertion/>"), "this holds no SAML 2.0 assertion"),
            (wrapped("<a:Assertion/><a:Assertion/>"), "this holds 2 assertions"),
            (wrapped("<a:EncryptedAssertion/>"), "the assertion is encrypted, and no key for it is at hand"),
        ] {
            assert_eq!(seen(&text).unwrap_err().message, expected);
        }
    }
}
