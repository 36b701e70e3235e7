//! A small reader for canonical XML that xmlsec has verified. It shares nothing with the arena but quick-xml's
//! tokens, takes every element by its path, and knows only what is compared.

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::{NsReader, XmlVersion};

use crate::ground::attribute::{Attribute, NameId};

const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// What the second verifier saw.
pub(super) struct Seen {
    pub issuer: String,
    pub id: String,
    pub name_id: NameId,
    pub audience_restrictions: Vec<Vec<String>>,
    pub attributes: Vec<Attribute>,
}

impl Seen {
    /// `None` for anything that is not one assertion, alone or directly in a response.
    pub(super) fn of(canonical: &str) -> Option<Self> {
        let mut seen = Self {
            issuer: String::new(),
            id: String::new(),
            name_id: NameId { value: String::new(), format: None, name_qualifier: None, sp_name_qualifier: None },
            audience_restrictions: Vec::new(),
            attributes: Vec::new(),
        };
        let mut reader = NsReader::from_str(canonical);
        let mut path: Vec<String> = Vec::new();
        let mut assertions = 0;
        loop {
            let (namespace, event) = reader.read_resolved_event().ok()?;
            match event {
                Event::Start(start) => {
                    path.push(word(&namespace, start.local_name().as_ref()));
                    let place = inside(&path);
                    assertions += usize::from(place.as_deref() == Some(&[]));
                    seen.start(place.as_deref().unwrap_or(&["?"]), &start)?;
                }
                Event::End(_) => {
                    path.pop()?;
                }
                Event::Text(text) => seen.text(inside(&path).as_deref().unwrap_or(&["?"]), &text),
                Event::GeneralRef(reference) => {
                    let character = match (reference.resolve_char_ref().ok()?, &*reference) {
                        (Some(character), _) => character,
                        (None, "amp") => '&',
                        (None, "lt") => '<',
                        (None, "gt") => '>',
                        // Canonical XML has no others in text.
                        (None, _) => return None,
                    };
                    seen.text(inside(&path).as_deref().unwrap_or(&["?"]), character.encode_utf8(&mut [0; 4]));
                }
                Event::Eof => break,
                // Canonical XML has none of these.
                Event::Empty(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_) => return None,
            }
        }
        (assertions == 1 && path.is_empty()).then_some(seen)
    }

    fn start(&mut self, place: &[&str], start: &BytesStart<'_>) -> Option<()> {
        let attribute = |name: &str| match start.try_get_attribute(name) {
            Ok(found) => Some(
                found
                    .map(|found| found.normalized_value(XmlVersion::Explicit1_0).map(String::from))
                    .transpose()
                    .ok()?,
            ),
            Err(_) => None,
        };
        match place {
            [] => self.id = attribute("ID")??,
            ["Subject", "NameID"] => {
                self.name_id.format = attribute("Format")?;
                self.name_id.name_qualifier = attribute("NameQualifier")?;
                self.name_id.sp_name_qualifier = attribute("SPNameQualifier")?;
            }
            ["Conditions", "AudienceRestriction"] => self.audience_restrictions.push(Vec::new()),
            ["Conditions", "AudienceRestriction", "Audience"] => {
                self.audience_restrictions.last_mut()?.push(String::new());
            }
            ["AttributeStatement", "Attribute"] => self.attributes.push(Attribute {
                name: attribute("Name")??,
                name_format: attribute("NameFormat")?,
                friendly_name: attribute("FriendlyName")?,
                values: Vec::new(),
            }),
            ["AttributeStatement", "Attribute", "AttributeValue"] => {
                self.attributes.last_mut()?.values.push(String::new());
            }
            // A value that holds one NameID is that name: white space before it does not count.
            ["AttributeStatement", "Attribute", "AttributeValue", "NameID"] => {
                self.attributes.last_mut()?.values.last_mut()?.clear();
            }
            _ => {}
        }
        Some(())
    }

    fn text(&mut self, place: &[&str], text: &str) {
        let into = match place {
            ["Issuer"] => Some(&mut self.issuer),
            ["Subject", "NameID"] => Some(&mut self.name_id.value),
            ["Conditions", "AudienceRestriction", "Audience"] => {
                self.audience_restrictions.last_mut().and_then(|restriction| restriction.last_mut())
            }
            ["AttributeStatement", "Attribute", "AttributeValue"]
            | ["AttributeStatement", "Attribute", "AttributeValue", "NameID"] => {
                self.attributes.last_mut().and_then(|attribute| attribute.values.last_mut())
            }
            _ => None,
        };
        if let Some(into) = into {
            into.push_str(text);
        }
    }
}

/// The local name of an element of SAML; another's never looks like one.
fn word(namespace: &ResolveResult<'_>, local: &str) -> String {
    match namespace {
        ResolveResult::Bound(Namespace(ASSERTION)) => local.to_owned(),
        ResolveResult::Bound(Namespace(PROTOCOL)) => format!("samlp:{local}"),
        ResolveResult::Bound(_) | ResolveResult::Unbound | ResolveResult::Unknown(_) => "?".to_owned(),
    }
}

/// The path below the assertion; `None` outside it.
fn inside(path: &[String]) -> Option<Vec<&str>> {
    let words: Vec<_> = path.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["Assertion", below @ ..] | ["samlp:Response", "Assertion", below @ ..] => Some(below.to_vec()),
        _ => None,
    }
}
