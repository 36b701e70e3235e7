//! Why a metadata file cannot be trusted: the configuration turns it into a diagnostic.

use std::fmt;

use crate::crypto::verify::KeyRejection;

use super::super::arena::Element;
use super::super::rejection::SamlRejection;

/// Which element, in words: `EntityDescriptor https://idp.example, IDPSSODescriptor, KeyDescriptor 2`. Elements of one
/// name are counted from 1 where there are several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    pub(super) fn of(element: Element<'_>) -> Self {
        let mut names = Vec::new();
        let mut around = Some(element);
        while let Some(element) = around {
            names.push(name(element));
            around = element.parent();
        }
        names.reverse();
        Self(names.join(", "))
    }
}

fn name(element: Element<'_>) -> String {
    let expanded = element.expanded_name();
    let local = expanded.rsplit('}').next().unwrap_or_default();
    if let Some(id) = element.attribute("entityID") {
        return format!("{local} {id}");
    }
    let Some(parent) = element.parent() else { return local.to_owned() };
    let mut alike = parent.children().filter(|sibling| sibling.expanded_name() == expanded);
    let place = alike.position(|sibling| sibling.id() == element.id()).unwrap_or_default();
    if place == 0 && alike.next().is_none() { local.to_owned() } else { format!("{local} {}", place + 1) }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// In the order of the checks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataRejection {
    /// Not XML of the accepted kind, or too large.
    #[error("not readable XML: {0}")]
    Xml(#[from] SamlRejection),
    /// Something else than metadata.
    #[error("the root element is `{found}`, not an EntityDescriptor or EntitiesDescriptor of SAML 2.0 metadata")]
    Root {
        /// Its expanded name.
        found: String,
    },
    /// `EntitiesDescriptor` inside each other.
    #[error("EntitiesDescriptor elements are nested deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// SAML Core 8.3.6 allows 1024 characters; it is a lasting name, and stands in the store.
    #[error("an entityID of {found} bytes is over the limit of {limit}")]
    EntityIdTooLong {
        /// Its length.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// No `entityID`.
    #[error("`{place}` has no entityID")]
    EntityIdMissing {
        /// Which.
        place: Place,
    },
    /// Not `xs:dateTime` in UTC.
    #[error("validUntil of `{place}` is `{found}`, not a moment in UTC such as 2026-03-01T12:00:00Z")]
    ValidUntilMalformed {
        /// Of which element.
        place: Place,
        /// As written.
        found: String,
    },
    /// An aggregate without the entity that is asked for.
    #[error("there is no entity `{expected}`, only {}", listed(found))]
    EntityMissing {
        /// As configured.
        expected: String,
        /// What there is.
        found: Vec<String>,
    },
    /// An aggregate with the entity twice.
    #[error("the entity `{entity_id}` is there more than once")]
    EntityRepeated {
        /// Its ID.
        entity_id: String,
    },
    /// An aggregate, and nothing that says which entity is meant.
    #[error("there are several identity providers, and none is named: {}", listed(found))]
    ChoiceNeeded {
        /// What there is.
        found: Vec<String>,
    },
    /// An aggregate without an identity provider.
    #[error("there is no identity provider")]
    NoProvider,
    /// No `IDPSSODescriptor` for SAML 2.0.
    #[error("`{place}` has no IDPSSODescriptor whose protocolSupportEnumeration names SAML 2.0")]
    RoleMissing {
        /// Which entity.
        place: Place,
    },
    /// `KeyDescriptor@use`.
    #[error("use of `{place}` is `{found}`, not `signing` or `encryption`")]
    UseUnknown {
        /// Which key.
        place: Place,
        /// As written.
        found: String,
    },
    /// None, or more than the profile permits.
    #[error("`{place}` has {found} X509Certificate elements, expected exactly one")]
    CertificateCount {
        /// Which key.
        place: Place,
        /// How many.
        found: usize,
    },
    /// Not base64.
    #[error("`{place}` is not base64")]
    CertificateMalformed {
        /// Which certificate.
        place: Place,
    },
    /// A key that cannot be trusted with signatures.
    #[error("the key in `{place}` is refused: {why}")]
    KeyRefused {
        /// Which key.
        place: Place,
        /// Why.
        why: KeyRejection,
    },
    /// No key that signs: never "no check needed".
    #[error("`{place}` has no KeyDescriptor for signing")]
    KeyMissing {
        /// Which entity.
        place: Place,
    },
    /// Each key is tried on each assertion.
    #[error("`{place}` has {found} signing keys, the limit is {limit}")]
    TooManyKeys {
        /// Which entity.
        place: Place,
        /// How many.
        found: usize,
        /// The limit.
        limit: usize,
    },
}

impl MetadataRejection {
    /// Where in the text, as a byte offset, for faults of the XML itself.
    pub const fn at(&self) -> Option<usize> {
        if let Self::Xml(SamlRejection::Xml { at, .. }) = self { Some(*at) } else { None }
    }
}

/// At most ten names.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(10).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(10) {
        0 if names.is_empty() => "nothing".to_owned(),
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_and_those_beyond_ten_are_counted() {
        let names = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(listed(&[]), "nothing");
        assert_eq!(listed(&names(2)), "`0`, `1`");
        assert!(listed(&names(10)).ends_with("`9`"));
        assert!(listed(&names(12)).contains("2 more"), "{}", listed(&names(12)));
    }
}
