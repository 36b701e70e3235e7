//! Identity providers that we accept, with their keys.
//!
//! Floor 2. Built when the configuration is loaded, from a [`Provider`] that [`super::metadata`] read; looked up by
//! the exact entity ID that a document claims.
//!
//! **Invariant.** A [`TrustSource`] without a key or without an algorithm cannot be built, so "no key configured"
//! cannot mean "signature not needed".
//!
//! **Invariant.** One entity ID, one source: replay memory and `sub` hang on the entity ID.
//!
//! **Absent on purpose.** Certificate chains and certificate dates: metadata is the source of trust and a certificate
//! a container for a key (SAML V2.0 Metadata Interoperability Profile 2.6.1).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::crypto::digest::Sha2;
use crate::crypto::verify::{PublicKey, SignatureAlgorithm};
use crate::ground::id::{EntityId, Namespace, SourceId};
use crate::ground::time::Timestamp;

/// No source may allow more difference between clocks.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_secs(300);
/// The longest `max_age` of a configuration: after it, and the skew, an assertion is accepted by nobody, whatever it says.
pub const LONGEST_MAX_AGE: Duration = Duration::from_secs(24 * 3600);
/// No provider may have more signing keys: each is tried on each assertion.
pub const MAX_KEYS: usize = 8;

/// What a bridge that asks for nothing else accepts: RSA and ECDSA with SHA-2.
pub const ALGORITHMS: [SignatureAlgorithm; 9] = [
    SignatureAlgorithm::RsaPkcs1(Sha2::Sha256),
    SignatureAlgorithm::RsaPkcs1(Sha2::Sha384),
    SignatureAlgorithm::RsaPkcs1(Sha2::Sha512),
    SignatureAlgorithm::RsaPss(Sha2::Sha256),
    SignatureAlgorithm::RsaPss(Sha2::Sha384),
    SignatureAlgorithm::RsaPss(Sha2::Sha512),
    SignatureAlgorithm::Ecdsa(Sha2::Sha256),
    SignatureAlgorithm::Ecdsa(Sha2::Sha384),
    SignatureAlgorithm::Ecdsa(Sha2::Sha512),
];

/// An identity provider as its metadata describes it.
#[derive(Debug, Clone)]
pub struct Provider {
    /// `EntityDescriptor@entityID`.
    pub entity_id: EntityId,
    /// Every signing key, in document order; parsed once, for every algorithm that fits it.
    pub keys: Vec<PublicKey>,
    /// The certificates that carried them, in the same order, DER: the second verifier parses them by itself.
    pub certificates: Vec<Vec<u8>>,
    /// The earliest `validUntil` from the root down to the role, exclusive; judged at each request.
    pub valid_until: Option<Timestamp>,
}

/// What the operator sets for one provider.
#[derive(Debug, Clone)]
pub struct TrustSettings {
    /// How far the provider's clock may differ from ours; at most [`MAX_CLOCK_SKEW`].
    pub clock_skew: Duration,
    /// How old an assertion may be when it is presented (RFC 7521 section 5.1), skew not included.
    pub max_age: Duration,
    /// How far ahead `Conditions@NotOnOrAfter` may lie, skew not included.
    pub max_lifetime: Duration,
    /// How far ahead `NotOnOrAfter` of the bearer confirmation may lie, skew not included.
    pub max_confirmation_lifetime: Duration,
    /// The only algorithms that this provider may sign with.
    pub algorithms: Vec<SignatureAlgorithm>,
}

/// 60 s of skew, 10 minutes of age, 24 h of `Conditions`, 1 h of confirmation, [`ALGORITHMS`]: nothing here opens.
impl Default for TrustSettings {
    fn default() -> Self {
        Self {
            clock_skew: Duration::from_secs(60),
            max_age: Duration::from_secs(600),
            max_lifetime: Duration::from_secs(24 * 3600),
            max_confirmation_lifetime: Duration::from_secs(3600),
            algorithms: ALGORITHMS.to_vec(),
        }
    }
}

/// Why no trust can be built from what is configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustRejection {
    /// Metadata without a signing key.
    #[error("identity provider `{0}` has no signing key")]
    NoKey(EntityId),
    /// More keys than [`MAX_KEYS`].
    #[error("identity provider `{entity_id}` has {found} signing keys, the limit is {MAX_KEYS}")]
    TooManyKeys {
        /// The provider.
        entity_id: EntityId,
        /// How many.
        found: usize,
    },
    /// An empty list of algorithms, or one that fits none of the provider's keys.
    #[error("no key of identity provider `{0}` fits any of its allowed algorithms")]
    NoAlgorithm(EntityId),
    /// More than [`MAX_CLOCK_SKEW`].
    #[error("a clock skew of {} s is over the limit of {} s", .0.as_secs(), MAX_CLOCK_SKEW.as_secs())]
    ClockSkew(Duration),
    /// A `max_age` or lifetime of zero accepts nothing.
    #[error("`{0}` must be more than zero")]
    Zero(&'static str),
    /// Two sources with one entity ID: replay memory and `sub` could not tell them apart.
    #[error("`{second}` and `{first}` are both the identity provider `{entity_id}`")]
    EntityIdRepeated {
        /// The provider.
        entity_id: EntityId,
        /// The source that came first.
        first: SourceId,
        /// The source that repeats it.
        second: SourceId,
    },
    /// Two sources with one id.
    #[error("two identity providers have the id `{0}`")]
    IdRepeated(SourceId),
}

/// One provider that we accept, with keys.
#[derive(Debug, Clone)]
pub struct TrustSource {
    id: SourceId,
    provider: Provider,
    settings: TrustSettings,
}

impl TrustSource {
    /// Refuses what could verify nothing, and settings that would open a window too far.
    pub fn new(id: SourceId, provider: Provider, settings: TrustSettings) -> Result<Self, TrustRejection> {
        let entity_id = || provider.entity_id.clone();
        if provider.keys.is_empty() {
            return Err(TrustRejection::NoKey(entity_id()));
        }
        if provider.keys.len() > MAX_KEYS {
            return Err(TrustRejection::TooManyKeys { entity_id: entity_id(), found: provider.keys.len() });
        }
        let can_verify = |algorithm: &SignatureAlgorithm| provider.keys.iter().any(|key| key.fits(*algorithm));
        if !settings.algorithms.iter().any(can_verify) {
            return Err(TrustRejection::NoAlgorithm(entity_id()));
        }
        if settings.clock_skew > MAX_CLOCK_SKEW {
            return Err(TrustRejection::ClockSkew(settings.clock_skew));
        }
        let spans = [
            ("max_age", settings.max_age),
            ("max_lifetime", settings.max_lifetime),
            ("max_confirmation_lifetime", settings.max_confirmation_lifetime),
        ];
        if let Some((name, _)) = spans.into_iter().find(|(_, span)| span.is_zero()) {
            return Err(TrustRejection::Zero(name));
        }
        Ok(Self { id, provider, settings })
    }

    /// The word for it in configuration and mappings.
    pub const fn id(&self) -> &SourceId {
        &self.id
    }

    /// Its lasting name.
    pub const fn entity_id(&self) -> &EntityId {
        &self.provider.entity_id
    }

    /// The lasting name under which replay memory and `sub` know it.
    pub fn namespace(&self) -> Namespace {
        Namespace::new(self.provider.entity_id.as_str())
    }

    /// Every key that may have signed; never empty, at most [`MAX_KEYS`].
    pub fn keys(&self) -> &[PublicKey] {
        &self.provider.keys
    }

    /// The certificates of [`Self::keys`], in the same order, DER.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.provider.certificates
    }

    /// Whether this provider may sign with that algorithm.
    pub fn allows(&self, algorithm: SignatureAlgorithm) -> bool {
        self.settings.algorithms.contains(&algorithm)
    }

    /// Until when its metadata holds, exclusive.
    pub const fn valid_until(&self) -> Option<Timestamp> {
        self.provider.valid_until
    }

    /// What the operator set for it.
    pub const fn settings(&self) -> &TrustSettings {
        &self.settings
    }
}

/// Every provider that we accept.
#[derive(Debug, Clone, Default)]
pub struct TrustSources {
    by_entity_id: BTreeMap<EntityId, TrustSource>,
    second_opinion: bool,
}

impl TrustSources {
    /// Refuses two sources with one entity ID or one id. An empty set trusts nobody.
    pub fn new(sources: Vec<TrustSource>) -> Result<Self, TrustRejection> {
        let mut by_entity_id = BTreeMap::<EntityId, TrustSource>::new();
        for source in sources {
            if by_entity_id.values().any(|other| other.id == source.id) {
                return Err(TrustRejection::IdRepeated(source.id));
            }
            let entity_id = source.entity_id().clone();
            if let Some(first) = by_entity_id.get(&entity_id) {
                return Err(TrustRejection::EntityIdRepeated { entity_id, first: first.id.clone(), second: source.id });
            }
            by_entity_id.insert(entity_id, source);
        }
        Ok(Self { by_entity_id, second_opinion: false })
    }

    /// Also asks the second verifier about whatever ours accepts. A build without the feature `second-opinion` has
    /// none: the configuration refuses to ask for it there.
    #[cfg(feature = "second-opinion")]
    #[must_use]
    pub fn with_second_opinion(self) -> Self {
        if let Some(certificate) = self.iter().find_map(|source| source.certificates().first()) {
            super::second_opinion::prepare(certificate);
        }
        Self { second_opinion: true, ..self }
    }

    /// Whether the second verifier is asked.
    pub const fn wants_second_opinion(&self) -> bool {
        self.second_opinion
    }

    /// The source whose entity ID is exactly this text (RFC 7522 section 3 item 1, RFC 3986 section 6.2.1).
    pub fn by_entity_id(&self, entity_id: &EntityId) -> Option<&TrustSource> {
        self.by_entity_id.get(entity_id)
    }

    /// The source with this id.
    pub fn by_id(&self, id: &SourceId) -> Option<&TrustSource> {
        self.by_entity_id.values().find(|source| source.id == *id)
    }

    /// All, by entity ID.
    pub fn iter(&self) -> impl Iterator<Item = &TrustSource> {
        self.by_entity_id.values()
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::sign_raw::{RawKeyKind, RawSigningKey};

    use super::*;

    fn provider(entity_id: &str, keys: usize) -> Provider {
        let now = Timestamp::from_unix_seconds(0);
        let make = |_| RawSigningKey::generate(RawKeyKind::EcdsaSha256).unwrap().certificate("TEST", now, now).unwrap();
        let certificates: Vec<_> = (0..keys).map(make).collect();
        Provider {
            entity_id: EntityId::new(entity_id),
            keys: certificates.iter().map(|der| PublicKey::from_certificate(der).unwrap()).collect(),
            certificates,
            valid_until: None,
        }
    }

    fn source(id: &str, entity_id: &str) -> TrustSource {
        TrustSource::new(SourceId::new(id), provider(entity_id, 1), TrustSettings::default()).unwrap()
    }

    #[test]
    fn what_could_verify_nothing_or_too_much_is_no_source() {
        type Change = fn(&mut Provider, &mut TrustSettings);
        let id = EntityId::new("https://idp.example");
        let cases: [(Change, TrustRejection); 9] = [
            (|p, _| p.keys.clear(), TrustRejection::NoKey(id.clone())),
            (
                |p, _| *p = provider("https://idp.example", 9),
                TrustRejection::TooManyKeys { entity_id: id.clone(), found: 9 },
            ),
            (|_, s| s.algorithms.clear(), TrustRejection::NoAlgorithm(id.clone())),
            (
                |_, s| s.algorithms = vec![SignatureAlgorithm::RsaPkcs1(Sha2::Sha256)],
                TrustRejection::NoAlgorithm(id.clone()),
            ),
            (
                |_, s| s.clock_skew = MAX_CLOCK_SKEW + Duration::from_millis(1),
                TrustRejection::ClockSkew(MAX_CLOCK_SKEW + Duration::from_millis(1)),
            ),
            (|_, s| s.max_age = Duration::ZERO, TrustRejection::Zero("max_age")),
            (|_, s| s.max_lifetime = Duration::ZERO, TrustRejection::Zero("max_lifetime")),
            (|_, s| s.max_confirmation_lifetime = Duration::ZERO, TrustRejection::Zero("max_confirmation_lifetime")),
            (|p, s| (p.keys.clear(), s.clock_skew = Duration::MAX).0, TrustRejection::NoKey(id.clone())),
        ];
        for (change, expected) in cases {
            let (mut provider, mut settings) = (provider("https://idp.example", 1), TrustSettings::default());
            change(&mut provider, &mut settings);
            assert_eq!(TrustSource::new(SourceId::new("corp"), provider, settings).unwrap_err(), expected);
        }
        let widest = TrustSettings { clock_skew: MAX_CLOCK_SKEW, ..TrustSettings::default() };
        assert!(TrustSource::new(SourceId::new("corp"), provider("https://idp.example", 8), widest).is_ok());
    }

    #[test]
    fn a_source_is_found_by_its_exact_names() {
        let sources =
            TrustSources::new(vec![source("a", "https://a.example"), source("b", "https://b.example")]).unwrap();
        let found =
            |entity_id: &str| sources.by_entity_id(&EntityId::new(entity_id)).map(|source| source.id().as_str());
        assert_eq!(found("https://a.example"), Some("a"));
        for other in ["", "https://a.example/", "https://A.example", " https://a.example", "a"] {
            assert_eq!(found(other), None, "{other}");
        }
        assert_eq!(sources.by_id(&SourceId::new("b")).unwrap().namespace().as_str(), "https://b.example");
        assert!(sources.by_id(&SourceId::new("https://b.example")).is_none());
        assert_eq!(sources.iter().count(), 2);
        assert!(!sources.wants_second_opinion());
    }

    #[test]
    fn two_sources_share_neither_name() {
        let twice = |one: TrustSource, other: TrustSource| TrustSources::new(vec![one, other]).unwrap_err();
        assert_eq!(
            twice(source("a", "https://a.example"), source("b", "https://a.example")).to_string(),
            "`b` and `a` are both the identity provider `https://a.example`"
        );
        assert_eq!(
            twice(source("a", "https://a.example"), source("a", "https://b.example")),
            TrustRejection::IdRepeated(SourceId::new("a"))
        );
    }
}
