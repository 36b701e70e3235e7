//! IDs: each stands once in a document, under whatever name another reader might take for one.
//!
//! Floor 2.

use super::super::arena::{Arena, Attribute, Element, Namespace, is_ncname};
use super::super::rejection::SamlRejection;

/// Refuses a document in which one ID stands twice, or in which the ID of its response or of an assertion is absent or
/// not an `NCName` (SAML Core 1.3.4). Sorts, so that many IDs cost little more than few.
pub(super) fn check(arena: &Arena<'_>) -> Result<(), SamlRejection> {
    let ids = arena.all_attributes().iter().filter(|attribute| is_id(attribute));
    let mut ids: Vec<&str> = ids.map(|attribute| attribute.value.as_ref()).collect();
    ids.sort_unstable();
    if let Some([id, _]) = ids.windows(2).find(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(SamlRejection::IdRepeated { id: (*id).to_owned() });
    }
    for element in arena.elements() {
        if element.is(Namespace::ASSERTION, "Assertion") {
            check_form(element, "Assertion")?;
        } else if element.is(Namespace::PROTOCOL, "Response") {
            check_form(element, "Response")?;
        }
    }
    Ok(())
}

fn check_form(element: Element<'_>, of: &'static str) -> Result<(), SamlRejection> {
    if element.attribute("ID").is_some_and(is_ncname) { Ok(()) } else { Err(SamlRejection::IdMalformed { of }) }
}

/// `ID`, `Id`, `id`, `xml:id` and what SAML 1.1 calls its IDs; in any namespace, because some readers ignore it.
fn is_id(attribute: &Attribute<'_>) -> bool {
    attribute.local.eq_ignore_ascii_case("id") || matches!(attribute.local, "AssertionID" | "RequestID" | "ResponseID")
}
