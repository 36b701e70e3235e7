//! What a running bridge holds: state, keys, and the revision in force.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arc_swap::ArcSwap;

use crate::credential::Facts;
use crate::credential::saml::Forward;
use crate::credential::saml::trust::{TrustSource, TrustSources};
use crate::credential::session::SessionSource;
use crate::crypto::audit::AuditKey;
use crate::crypto::digest::{hex, sha256};
use crate::crypto::ring::KeyRing;
use crate::crypto::seal::MasterKeys;
use crate::diagnostic::{Diagnostic, placed_line};
use crate::ground::clock::Clock;
use crate::ground::entropy::Entropy;
use crate::ground::id::{ClientId, Namespace, SourceId};
use crate::mapping::{Mapping, MappingStage, Mappings};
use crate::policy::Policy;
use crate::store::{ByteBudget, Mark, MarkKind, Store, StoreError};
use crate::token::Issuer;

use super::limit::FailureLimiter;
use super::recorder::{Keeping, Recorder};
use super::reloads::Reloads;
use super::shadow::Shadows;

/// Records of refusals before the client is known: kept within this, counted beyond.
const STRANGERS_BYTES_PER_MINUTE: u64 = 16 * 1024;

/// Our own addresses. They come from configuration, never from a request's headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The issuer identifier (RFC 8414 section 2).
    pub issuer: String,
    /// Audiences of an assertion that mean us: issuer, token endpoint, SAML entity ID (RFC 7522 section 3 item 2).
    pub audiences: Vec<String>,
    /// Recipients that mean the token endpoint (RFC 7522 section 3 item 5).
    pub recipients: Vec<String>,
    /// Our assertion consumer service: what is meant for it is refused at the token endpoint.
    pub acs: String,
}

/// Everything that an operator's files say, checked, as one value: a request keeps the one that it began with.
pub struct Revision {
    /// SHA-256 over the content of all files, hexadecimal.
    pub hash: Arc<str>,
    /// Our own addresses.
    pub addresses: Addresses,
    /// The RFC 8414 document, true to what these files enable.
    pub metadata: String,
    /// Identity providers.
    pub trust: TrustSources,
    /// Session sources.
    pub sessions: BTreeMap<SourceId, SessionSource>,
    /// What each client may forward.
    pub forwards: BTreeMap<ClientId, Forward>,
    /// Mapping files.
    pub mappings: Mappings,
    /// What is kept of requests beside their records.
    pub keeping: Keeping,
    /// Clients and APIs.
    pub policy: Policy,
}

/// A mapping in use would give people another `sub` than before; said as a problem of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRuleChanged(pub Box<Diagnostic>);

impl fmt::Display for SubjectRuleChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", placed_line(&self.0), self.0.help.join("; "))
    }
}

impl std::error::Error for SubjectRuleChanged {}

/// What the wiring puts together.
pub struct Parts {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of chance.
    pub entropy: Arc<dyn Entropy>,
    /// The state.
    pub store: Arc<dyn Store>,
    /// Signing keys.
    pub ring: Arc<KeyRing>,
    /// Seals the identifiers of links.
    pub master_keys: Arc<MasterKeys>,
    /// Signs what is granted.
    pub issuer: Issuer,
    /// Makes the keyed hashes of records.
    pub audit_key: AuditKey,
    /// Keeps what an operator asked for.
    pub recorder: Recorder,
    /// What the files say.
    pub revision: Revision,
}

/// Where an administrator ended the trust.
#[derive(Default)]
struct Distrusted {
    namespaces: BTreeSet<Namespace>,
    /// Ids that no file named when the marks were read: a reload may bring such a source.
    unresolved: BTreeSet<SourceId>,
}

/// A running bridge.
pub struct Bridge {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) store: Arc<dyn Store>,
    pub(super) strangers: Mutex<ByteBudget>,
    pub(super) ring: ArcSwap<KeyRing>,
    pub(super) master_keys: Arc<MasterKeys>,
    pub(super) issuer: Issuer,
    pub(super) audit_key: AuditKey,
    pub(super) failures: FailureLimiter,
    pub(super) shadows: Shadows,
    reloads: Reloads,
    pub(super) recorder: Recorder,
    revision: ArcSwap<Revision>,
    distrusted: RwLock<Distrusted>,
    distrust_turn: tokio::sync::Mutex<()>,
    /// Under which `subject` rules people of a source have got their `sub`.
    subject_rules: RwLock<BTreeSet<(Namespace, String)>>,
}

impl Bridge {
    /// Opens for business: reads the marks of the store and checks the revision against them.
    pub async fn open(parts: Parts) -> Result<Self, OpenError> {
        let marks = parts.store.marks(MarkKind::SubjectRule).await?;
        let known = marks.into_iter().filter_map(|mark| Some((Namespace::new(mark.value), rule_of(&mark.key)?)));
        let subject_rules: BTreeSet<_> = known.collect();
        check_subject_rules(&parts.revision, &subject_rules)?;
        let bridge = Self {
            clock: parts.clock,
            entropy: parts.entropy,
            store: parts.store,
            strangers: Mutex::new(ByteBudget::per_minute(STRANGERS_BYTES_PER_MINUTE)),
            ring: ArcSwap::new(parts.ring),
            master_keys: parts.master_keys,
            issuer: parts.issuer,
            audit_key: parts.audit_key,
            failures: FailureLimiter::default(),
            shadows: Shadows::default(),
            reloads: Reloads::default(),
            recorder: parts.recorder,
            revision: ArcSwap::from_pointee(parts.revision),
            distrusted: RwLock::default(),
            distrust_turn: tokio::sync::Mutex::default(),
            subject_rules: RwLock::new(subject_rules),
        };
        bridge.refresh_distrust().await?;
        Ok(bridge)
    }

    /// The revision in force.
    pub fn revision(&self) -> Arc<Revision> {
        self.revision.load_full()
    }

    /// Replaces the revision between requests. One that would change the `sub` of people is refused.
    pub fn replace_revision(&self, revision: Revision) -> Result<(), SubjectRuleChanged> {
        let rules = self.subject_rules.read().unwrap_or_else(PoisonError::into_inner);
        check_subject_rules(&revision, &rules)?;
        self.revision.store(Arc::new(revision));
        Ok(())
    }

    /// What was kept of requests beside their records.
    pub const fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// How reloads went.
    pub const fn reloads(&self) -> &Reloads {
        &self.reloads
    }

    /// What shadows made otherwise than the live mappings.
    pub const fn shadows(&self) -> &Shadows {
        &self.shadows
    }

    /// Signs what is granted.
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The signing keys in force.
    pub fn ring(&self) -> Arc<KeyRing> {
        self.ring.load_full()
    }

    /// Puts a new ring of keys in force between requests.
    pub fn replace_ring(&self, ring: Arc<KeyRing>) {
        self.ring.store(ring);
    }

    /// The state.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The source of chance.
    pub fn entropy(&self) -> &dyn Entropy {
        self.entropy.as_ref()
    }

    /// Reads again in which sources an administrator ended the trust: called after each change of these marks, and by
    /// [`Self::open`]. A mark names a source as the files did; what it means lastingly is the source's namespace, which is
    /// written into the mark the first time, so that giving the source another id does not bring it back.
    pub async fn refresh_distrust(&self) -> Result<(), StoreError> {
        // One after the other: an older look at the marks must not be put in the place of a newer one.
        let _turn = self.distrust_turn.lock().await;
        let revision = self.revision();
        let (mut distrusted, mut named) = (Distrusted::default(), Vec::new());
        for mark in self.store.marks(MarkKind::Distrust).await? {
            let lasting = mark.value.split_once(' ').map(|(_, namespace)| Namespace::new(namespace));
            let Some(namespace) = lasting.clone().or_else(|| revision.namespace(&SourceId::new(mark.key.as_str())))
            else {
                tracing::warn!(source = mark.key, "a source without trust is not among those that are configured");
                distrusted.unresolved.insert(SourceId::new(mark.key));
                continue;
            };
            if lasting.is_none() {
                named.push(Mark { value: format!("{} {namespace}", mark.value), ..mark });
            }
            distrusted.namespaces.insert(namespace);
        }
        // Before anything is written: a store that fails must not keep trust alive.
        *self.distrusted.write().unwrap_or_else(PoisonError::into_inner) = distrusted;
        for mark in named {
            self.store.mark(mark).await?;
        }
        Ok(())
    }

    /// Whether an administrator ended the trust in the source of these facts.
    pub fn is_distrusted(&self, facts: &Facts) -> bool {
        let distrusted = self.distrusted.read().unwrap_or_else(PoisonError::into_inner);
        distrusted.namespaces.contains(&facts.namespace) || distrusted.unresolved.contains(&facts.source)
    }

    /// Remembers under which `subject` rule people of a source get their `sub`, and forgets the one that it replaces, so
    /// that going back is a change as well. Writes only the first time.
    pub(super) async fn remember_subject_rule(&self, source: &Namespace, mapping: &Mapping) -> Result<(), StoreError> {
        let entry = |rule: &str| (source.clone(), rule.to_owned());
        let now = entry(mapping.subject_rule_hash());
        // A request that began before a swap must not bring back what has been replaced meanwhile.
        let revision = self.revision();
        let in_force = revision.mappings.by_id(mapping.id());
        if in_force.is_none_or(|in_force| in_force.subject_rule_hash() != mapping.subject_rule_hash()) {
            return Ok(());
        }
        if self.subject_rules.read().unwrap_or_else(PoisonError::into_inner).contains(&now) {
            return Ok(());
        }
        let key = subject_rule_key(source, mapping.subject_rule_hash());
        self.store.mark(Mark { kind: MarkKind::SubjectRule, key, value: source.to_string() }).await?;
        let replaced = mapping.subject_replaces();
        if let Some(rule) = replaced {
            self.store.unmark(MarkKind::SubjectRule, &subject_rule_key(source, rule)).await?;
        }
        let mut rules = self.subject_rules.write().unwrap_or_else(PoisonError::into_inner);
        rules.insert(now);
        if let Some(rule) = replaced {
            rules.remove(&entry(rule));
        }
        Ok(())
    }
}

/// A namespace may be longer than a key.
fn subject_rule_key(source: &Namespace, rule: &str) -> String {
    format!("{} {rule}", hex(&sha256(source.as_str().as_bytes())))
}

impl Revision {
    /// The lasting name of a source.
    pub fn namespace(&self, id: &SourceId) -> Option<Namespace> {
        let provider = self.trust.by_id(id).map(TrustSource::namespace);
        provider.or_else(|| self.sessions.get(id).map(|source| source.namespace().clone()))
    }
}

fn rule_of(key: &str) -> Option<String> {
    key.split_once(' ').map(|(_, rule)| rule.to_owned())
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge").field("revision", &self.revision().hash).finish_non_exhaustive()
    }
}

/// Why a bridge does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files would change the `sub` of people.
    #[error(transparent)]
    SubjectRule(#[from] SubjectRuleChanged),
}

/// A source whose people have a `sub` keeps its rules; a mapping may bring another one only if it says which it replaces.
fn check_subject_rules(revision: &Revision, known: &BTreeSet<(Namespace, String)>) -> Result<(), SubjectRuleChanged> {
    // A shadow gives nobody a `sub`.
    let live = revision.mappings.iter().filter(|mapping| mapping.stage() == MappingStage::Live);
    for mapping in live {
        let Some(namespace) = revision.namespace(mapping.source()) else { continue };
        let of_source: Vec<&str> =
            known.iter().filter(|(of, _)| *of == namespace).map(|(_, rule)| rule.as_str()).collect();
        let is_meant = |rule: &str| of_source.contains(&rule);
        if let Some(before) = of_source.first()
            && !is_meant(mapping.subject_rule_hash())
            && !mapping.subject_replaces().is_some_and(is_meant)
        {
            return Err(SubjectRuleChanged(Box::new(mapping.subject_rule_changed(before))));
        }
    }
    Ok(())
}
