//! Metadata of identity providers: from a local file to a [`Provider`] with its signing keys (SAML Metadata 2.3, 2.4).
//!
//! Floor 2. Given text; loads nothing.
//!
//! ```text
//! text ─arena, comments dropped─▶ EntitiesDescriptor… ─▶ EntityDescriptor ─▶ IDPSSODescriptor ─▶ KeyDescriptor ─▶ Provider
//! ```
//!
//! **Invariant.** A provider that is read has at least one signing key, and every key that it names for signing is one
//! that can verify: a key that could not is an error that names it, never silently left out.
//!
//! **Invariant.** `validUntil` is kept, the earliest from the root down to the role, and judged at each request.
//!
//! **Absent on purpose.** Dates and chains of certificates: a certificate is a container for a key (SAML V2.0 Metadata
//! Interoperability Profile 2.6.1), and an expired one is read like any other. Signatures of metadata: a local file is
//! trusted because the operator put it there. `cacheDuration`, which says when to fetch and never what is valid. Bare
//! `KeyValue`: what administrators compare is a certificate's fingerprint.

mod rejection;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::crypto::verify::PublicKey;
use crate::ground::id::EntityId;
use crate::ground::time::Timestamp;

use super::arena::{Arena, Cdata, Comments, Element, Limits, Namespace, XmlPrefix};
use super::trust::{MAX_KEYS, Provider};
pub use rejection::MetadataRejection;
use rejection::Place;

/// Levels of `EntitiesDescriptor` inside each other.
/// SAML Core 8.3.6, in bytes.
const LONGEST_ENTITY_ID: usize = 1024;
const MAX_NESTING: usize = 4;

/// Of a metadata file: an aggregate of a federation is large, and the operator put it there.
const LIMITS: Limits = Limits {
    bytes: 16 * 1024 * 1024,
    depth: 48,
    nodes: 2_000_000,
    attributes: 64,
    namespaces: 256,
    comments: Comments::Drop,
    cdata: Cdata::AsText,
    xml_prefix: XmlPrefix::MayBeDeclared,
};

const SAML2: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads the one provider of a file, or the one that `entity_id` names. An aggregate with several needs the name.
pub fn parse(text: &str, entity_id: Option<&EntityId>) -> Result<Provider, MetadataRejection> {
    let arena = arena(text)?;
    let entities = entities(&arena)?;
    let is_wanted = |entity: &&Entity<'_>| match entity_id {
        Some(wanted) => entity.id == wanted.as_str(),
        None => entity.is_identity_provider(),
    };
    let mut wanted = entities.iter().filter(is_wanted);
    match (wanted.next(), wanted.next()) {
        (Some(entity), None) => entity.provider(),
        (Some(entity), Some(_)) if entity_id.is_some() => {
            Err(MetadataRejection::EntityRepeated { entity_id: entity.id.to_owned() })
        }
        (Some(_), Some(_)) => Err(MetadataRejection::ChoiceNeeded {
            found: entities.iter().filter(|entity| entity.is_identity_provider()).map(|e| e.id.to_owned()).collect(),
        }),
        (None, _) => Err(match (entity_id, entities.as_slice()) {
            // The only entity there is says best what it lacks.
            (None, [only]) => return only.provider(),
            (None, [] | [_, _, ..]) => MetadataRejection::NoProvider,
            (Some(wanted), _) => MetadataRejection::EntityMissing {
                expected: wanted.to_string(),
                found: entities.iter().map(|entity| entity.id.to_owned()).collect(),
            },
        }),
    }
}

/// Reads every identity provider of a file; other entities are passed over.
pub fn parse_all(text: &str) -> Result<Vec<Provider>, MetadataRejection> {
    let arena = arena(text)?;
    entities(&arena)?.iter().filter(|entity| entity.is_identity_provider()).map(Entity::provider).collect()
}

fn arena(text: &str) -> Result<Arena<'_>, MetadataRejection> {
    // Microsoft's tools write a byte order mark.
    Ok(Arena::parse(text.strip_prefix('\u{FEFF}').unwrap_or(text), &LIMITS)?)
}

/// An `EntityDescriptor`, with what the elements around it say.
struct Entity<'d> {
    element: Element<'d>,
    id: &'d str,
    valid_until: Option<Timestamp>,
}

/// Every entity of a document, in order.
fn entities<'d>(arena: &'d Arena<'d>) -> Result<Vec<Entity<'d>>, MetadataRejection> {
    let root = arena.root().ok_or(MetadataRejection::NoProvider)?;
    let mut found = Vec::new();
    // Depth first, so that the order is that of the document.
    let mut waiting = vec![(root, 1, None)];
    while let Some((element, level, valid_until)) = waiting.pop() {
        if element.is(Namespace::METADATA, "EntityDescriptor") {
            let id = element.attribute("entityID").filter(|id| !id.trim().is_empty());
            let id = id.ok_or_else(|| MetadataRejection::EntityIdMissing { place: Place::of(element) })?;
            // SAML Core 8.3.6.
            if id.len() > LONGEST_ENTITY_ID {
                return Err(MetadataRejection::EntityIdTooLong { found: id.len(), limit: LONGEST_ENTITY_ID });
            }
            found.push(Entity { element, id, valid_until: earliest(valid_until, element)? });
        } else if element.is(Namespace::METADATA, "EntitiesDescriptor") {
            if level > MAX_NESTING {
                return Err(MetadataRejection::TooDeep { limit: MAX_NESTING });
            }
            let valid_until = earliest(valid_until, element)?;
            let is_entity = |child: &Element<'_>| {
                child.is(Namespace::METADATA, "EntityDescriptor") || child.is(Namespace::METADATA, "EntitiesDescriptor")
            };
            let inside: Vec<_> = element.children().filter(is_entity).collect();
            waiting.extend(inside.into_iter().rev().map(|child| (child, level + 1, valid_until)));
        } else {
            return Err(MetadataRejection::Root { found: element.expanded_name() });
        }
    }
    Ok(found)
}

/// The earlier of what is known and `validUntil` here.
fn earliest(known: Option<Timestamp>, element: Element<'_>) -> Result<Option<Timestamp>, MetadataRejection> {
    let Some(text) = element.attribute("validUntil") else { return Ok(known) };
    let here = Timestamp::parse_utc(text)
        .map_err(|_| MetadataRejection::ValidUntilMalformed { place: Place::of(element), found: text.to_owned() })?;
    Ok(Some(known.map_or(here, |known| known.min(here))))
}

impl<'d> Entity<'d> {
    /// Its roles as a SAML 2.0 identity provider; AD FS writes `RoleDescriptor`s of WS-Federation beside them.
    fn roles(&self) -> impl Iterator<Item = Element<'d>> {
        self.element.children().filter(|child| {
            let protocols = child.attribute("protocolSupportEnumeration").unwrap_or_default();
            child.is(Namespace::METADATA, "IDPSSODescriptor")
                && protocols.split_ascii_whitespace().any(|protocol| protocol == SAML2)
        })
    }

    fn is_identity_provider(&self) -> bool {
        self.roles().next().is_some()
    }

    fn provider(&self) -> Result<Provider, MetadataRejection> {
        let entity_id = EntityId::new(self.id);
        let place = || Place::of(self.element);
        if !self.is_identity_provider() {
            return Err(MetadataRejection::RoleMissing { place: place() });
        }
        let mut provider =
            Provider { entity_id, keys: Vec::new(), certificates: Vec::new(), valid_until: self.valid_until };
        for role in self.roles() {
            provider.valid_until = earliest(provider.valid_until, role)?;
            for descriptor in role.children().filter(|child| child.is(Namespace::METADATA, "KeyDescriptor")) {
                add_key(&mut provider, descriptor)?;
            }
        }
        if provider.keys.is_empty() {
            return Err(MetadataRejection::KeyMissing { place: place() });
        }
        if provider.keys.len() > MAX_KEYS {
            return Err(MetadataRejection::TooManyKeys { place: place(), found: provider.keys.len(), limit: MAX_KEYS });
        }
        Ok(provider)
    }
}

/// Adds a key that is for signing, or for anything; the same certificate once.
fn add_key(provider: &mut Provider, descriptor: Element<'_>) -> Result<(), MetadataRejection> {
    let place = || Place::of(descriptor);
    match descriptor.attribute("use") {
        None | Some("signing") => {}
        Some("encryption") => return Ok(()),
        // SAML Metadata 2.4.1.1 knows these two.
        Some(found) => return Err(MetadataRejection::UseUnknown { place: place(), found: found.to_owned() }),
    }
    let der = certificate(descriptor)?;
    if provider.certificates.contains(&der) {
        return Ok(());
    }
    let key = PublicKey::from_certificate(&der).map_err(|why| MetadataRejection::KeyRefused { place: place(), why })?;
    provider.keys.push(key);
    provider.certificates.push(der);
    Ok(())
}

/// The one certificate of a `KeyDescriptor` (SAML V2.0 Metadata Interoperability Profile 2.6.1: only one is permitted;
/// a chain would trust its issuers with signing).
fn certificate(descriptor: Element<'_>) -> Result<Vec<u8>, MetadataRejection> {
    let infos = descriptor.children().filter(|child| child.is(Namespace::SIGNATURE, "KeyInfo"));
    let holders = infos.flat_map(Element::children).filter(|child| child.is(Namespace::SIGNATURE, "X509Data"));
    let certificates: Vec<_> =
        holders.flat_map(Element::children).filter(|child| child.is(Namespace::SIGNATURE, "X509Certificate")).collect();
    let [certificate] = certificates.as_slice() else {
        return Err(MetadataRejection::CertificateCount { place: Place::of(descriptor), found: certificates.len() });
    };
    let malformed = || MetadataRejection::CertificateMalformed { place: Place::of(*certificate) };
    let text = certificate.text().ok_or_else(malformed)?;
    let digits: String = text.split_ascii_whitespace().collect();
    BASE64.decode(digits).map_err(|_| malformed())
}
