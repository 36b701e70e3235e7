//! Statements: how the person was authenticated, and what is said of them.
//!
//! Floor 2.

use super::super::arena::Namespace;
use super::super::rejection::SamlRejection;
use super::super::signature::SignedElement;
use super::AuthnStatement;
use super::read::{Sequence, required_time, time};
use crate::ground::attribute::Attribute;

/// SAML Core 2.7.2.
pub(super) fn authn_statement(element: SignedElement<'_>) -> Result<AuthnStatement, SamlRejection> {
    let mut parts = Sequence::of(element, "AuthnStatement")?;
    parts.take("SubjectLocality");
    let context = parts
        .take("AuthnContext")
        .ok_or_else(|| SamlRejection::StatementRefused { found: element.expanded_name(), fault: "no AuthnContext" })?;
    parts.end()?;
    Ok(AuthnStatement {
        instant: required_time(element, "AuthnInstant")?,
        session_index: element.attribute("SessionIndex").map(str::to_owned),
        session_not_on_or_after: time(element, "SessionNotOnOrAfter")?,
        context_class: context_class(context)?,
    })
}

/// SAML Core 2.7.2.2: `AuthnContextClassRef` comes first, where there is one, and once: of two another reader may take
/// the other. Declarations and authorities are left unread.
fn context_class(context: SignedElement<'_>) -> Result<Option<String>, SamlRejection> {
    let mut parts = Sequence::of(context, "AuthnContext")?;
    let class = parts.take("AuthnContextClassRef");
    if parts.take("AuthnContextDecl").is_none() {
        parts.take("AuthnContextDeclRef");
    }
    while parts.take("AuthenticatingAuthority").is_some() {}
    parts.end()?;
    let text = |class: SignedElement<'_>| {
        class
            .text()
            .map(str::to_owned)
            .ok_or(SamlRejection::Structure { of: "AuthnContextClassRef", fault: "elements inside" })
    };
    class.map(text).transpose()
}

/// SAML Core 2.7.3. Adds to what earlier statements said.
pub(super) fn attribute_statement(
    element: SignedElement<'_>,
    attributes: &mut Vec<Attribute>,
) -> Result<(), SamlRejection> {
    for child in Sequence::of(element, "AttributeStatement")?.rest() {
        if child.is(Namespace::ASSERTION, "EncryptedAttribute") {
            return Err(SamlRejection::EncryptionUnsupported { found: "EncryptedAttribute" });
        }
        if !child.is(Namespace::ASSERTION, "Attribute") {
            return Err(SamlRejection::Structure { of: "AttributeStatement", fault: "a child out of place" });
        }
        attributes.push(attribute(child)?);
    }
    Ok(())
}

/// SAML Core 2.7.3.1.
fn attribute(element: SignedElement<'_>) -> Result<Attribute, SamlRejection> {
    let name = element.attribute("Name").unwrap_or_default();
    let malformed = |fault| SamlRejection::AttributeMalformed { attribute: name.to_owned(), fault };
    if name.is_empty() {
        return Err(malformed("no Name"));
    }
    if !element.is_element_only() {
        return Err(malformed("text beside the values"));
    }
    let mut values = Vec::with_capacity(1);
    for child in element.children() {
        if !child.is(Namespace::ASSERTION, "AttributeValue") {
            return Err(malformed("something else than an AttributeValue"));
        }
        values.push(value(child).map_err(malformed)?.to_owned());
    }
    let optional = |local| element.attribute(local).map(str::to_owned);
    let (name_format, friendly_name) = (optional("NameFormat"), optional("FriendlyName"));
    Ok(Attribute { name: name.to_owned(), name_format, friendly_name, values })
}

/// SAML Core 2.7.3.1.1, as the module of the reader says.
fn value(element: SignedElement<'_>) -> Result<&str, &'static str> {
    let nil = element.attribute_of(Namespace::INSTANCE, "nil").is_some_and(|nil| matches!(nil.trim(), "true" | "1"));
    match element.text() {
        // XML Schema 1 section 2.6.2: an element that is nil is empty.
        Some(text) if nil && !text.is_empty() => Err("a value that is nil and not empty"),
        Some(text) => Ok(text),
        None => only_name_id(element).and_then(SignedElement::text).ok_or("elements inside a value"),
    }
}

fn only_name_id(element: SignedElement<'_>) -> Option<SignedElement<'_>> {
    let mut children = element.children();
    let (first, second) = (children.next(), children.next());
    let only = first.filter(|first| first.is(Namespace::ASSERTION, "NameID"));
    only.filter(|_| second.is_none() && element.is_element_only())
}
