//! What the configuration means: valid, complete, cross-checked.
//!
//! ```text
//! Snapshot + now ─resolve─▶ Settings, and every problem that needs a second key, a file, a variable or the clock
//! ```
//!
//! **Invariant.** [`Settings`] exist only where nothing is wrong; every id in them names something that is there.
//!
//! **Invariant.** A missing key, audience or algorithm is a problem here, never "no check needed" later.

mod clients;
mod secrets;
mod server;
mod sources;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::credential::saml::Forward;
use crate::credential::saml::trust::TrustSources;
use crate::credential::session::SessionSource;
use crate::crypto::keys::SigningAlgorithm;
use crate::diagnostic::{Diagnostics, Findings, Source, Span, suggest};
use crate::ground::id::{ClientId, EntityId, SourceId};
use crate::ground::time::Timestamp;
use crate::policy::Policy;

use super::raw::{At, Raw};
use super::snapshot::Snapshot;
use super::word::{Addresses, Issuer, Network};

pub(super) use server::is_below;

/// What the configuration means.
#[derive(Debug)]
pub struct Settings {
    /// The issuer, exactly as configured.
    pub issuer: Issuer,
    /// Every public address.
    pub addresses: Addresses,
    /// Our SAML entity ID.
    pub entity_id: EntityId,
    /// Where the public listener listens.
    pub listen: SocketAddr,
    /// Whose `X-Forwarded-For` is believed; empty on a listener that only this machine reaches directly.
    pub trusted_proxies: Vec<Network>,
    /// Where state lives.
    pub storage: Storage,
    /// What becomes of decision records.
    pub audit: Audit,
    /// What is kept of requests beside their records.
    pub keeping: Keeping,
    /// The master key file; read by [`super::master_key`] alone.
    pub master_key: PathBuf,
    /// What signs for an API that asks for nothing else.
    pub signing: SigningAlgorithm,
    /// Identity providers, with the second opinion where it is asked for.
    pub trust: TrustSources,
    /// Session sources.
    pub sessions: BTreeMap<SourceId, SessionSource>,
    /// What each client may forward.
    pub forwards: BTreeMap<ClientId, Forward>,
    /// Clients and APIs.
    pub policy: Policy,
}

/// What is kept of requests beside their records; nothing unless declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keeping {
    /// The values of the steps, for so long.
    pub values: Option<Duration>,
    /// Verified facts, for so long.
    pub facts: Option<Duration>,
    /// Of so many requests at most.
    pub facts_at_most: u64,
    /// Names of attributes that are never kept.
    pub redact: Vec<String>,
}

/// Where state lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The data folder: the store, the admin socket and, unless said otherwise, the audit file.
    pub data: PathBuf,
    /// sled's cache, in bytes.
    pub cache_bytes: u64,
}

/// What becomes of decision records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The JSON lines.
    pub file: PathBuf,
    /// How long the store keeps a record.
    pub keep: Duration,
}

impl Storage {
    /// The folder of the store itself.
    pub fn store(&self) -> PathBuf {
        store_of(&self.data)
    }
}

/// The folder of the store below a data folder. sled keeps its files in a folder of its own.
pub fn store_of(data: &Path) -> PathBuf {
    data.join("store")
}

impl Settings {
    /// Audiences of an assertion that mean us (RFC 7522 section 3 item 2, rfc7523bis).
    pub fn saml_audiences(&self) -> Vec<String> {
        vec![self.issuer.as_str().to_owned(), self.addresses.token_endpoint.clone(), self.entity_id.as_str().to_owned()]
    }

    /// Recipients that mean the token endpoint (RFC 7522 section 3 item 5).
    pub fn saml_recipients(&self) -> Vec<String> {
        vec![self.addresses.token_endpoint.clone()]
    }

    /// Every source, identity providers first.
    pub fn source_ids(&self) -> Vec<SourceId> {
        self.trust.iter().map(|source| source.id().clone()).chain(self.sessions.keys().cloned()).collect()
    }
}

/// What is at hand while the settings are made.
struct Resolving<'s> {
    snapshot: &'s Snapshot,
    raw: &'s Raw,
    path: &'s Path,
    now: Timestamp,
    findings: Findings<'s>,
}

/// Makes the settings, or finds out why not. `None` comes with at least one error.
pub(super) fn resolve(snapshot: &Snapshot, raw: &Raw, path: &Path, now: Timestamp) -> (Option<Settings>, Diagnostics) {
    let mut resolving = Resolving { snapshot, raw, path, now, findings: Findings::of(&snapshot.source) };
    let settings = resolving.settings();
    (settings, resolving.findings.diagnostics)
}

/// The sources of a configuration by themselves: those that can be read, whatever else is wrong.
#[derive(Debug)]
pub struct KnownSources {
    /// The id of each identity provider, and its entity ID.
    pub providers: Vec<(SourceId, EntityId)>,
    /// Session sources.
    pub sessions: BTreeMap<SourceId, SessionSource>,
    /// What is wrong with the others.
    pub diagnostics: Diagnostics,
    /// The configuration, for rendering that.
    pub file: Source,
}

/// Makes what can be made of the sources.
pub(super) fn known_sources(snapshot: &Snapshot, raw: &Raw, path: &Path, now: Timestamp) -> KnownSources {
    let mut resolving = Resolving { snapshot, raw, path, now, findings: Findings::of(&snapshot.source) };
    let providers = raw.saml.iter().flat_map(|saml| &saml.identity_providers);
    let providers = providers.filter_map(|provider| resolving.provider(provider));
    let providers = providers.map(|source| (source.id().clone(), source.entity_id().clone())).collect();
    let sessions = raw.sessions.iter().filter_map(|session| resolving.session(session));
    let sessions = sessions.map(|source| (source.id().clone(), source)).collect();
    KnownSources { providers, sessions, diagnostics: resolving.findings.diagnostics, file: snapshot.source.clone() }
}

impl Resolving<'_> {
    fn settings(&mut self) -> Option<Settings> {
        let own = self.own();
        // Every part is looked at before any of them may end it: all problems at once.
        let server = self.server();
        let sources = self.sources(own.as_ref());
        let forwards = self.forwards(own.as_ref());
        let policy = self.policy(own.as_ref());
        let own = own?;
        let server = server?;
        let (trust, sessions) = sources?;
        Some(Settings {
            issuer: own.issuer,
            addresses: own.addresses,
            entity_id: own.entity_id,
            listen: server.listen,
            trusted_proxies: self.raw.server.trusted_proxies.clone().unwrap_or_default(),
            storage: server.storage,
            audit: server.audit,
            keeping: self.keeping(),
            master_key: server.master_key,
            signing: self.raw.server.signing.unwrap_or(SigningAlgorithm::Es256),
            trust,
            sessions,
            forwards,
            policy: policy?,
        })
    }

    fn keeping(&self) -> Keeping {
        const DAY: Duration = Duration::from_secs(86_400);
        let trace = self.raw.trace.as_ref().filter(|trace| trace.values);
        let recordings = self.raw.recordings.as_ref();
        Keeping {
            values: trace.map(|trace| trace.keep.as_ref().map_or(DAY, |at| at.value)),
            facts: recordings.and_then(|recordings| recordings.keep.as_ref()).map(|at| at.value),
            facts_at_most: recordings.and_then(|recordings| recordings.at_most).unwrap_or(1000),
            redact: recordings.iter().flat_map(|recordings| &recordings.redact).map(|at| at.value.clone()).collect(),
        }
    }

    /// Our own names; `None` where the issuer is not known.
    fn own(&self) -> Option<Own> {
        let issuer = self.raw.server.issuer.as_ref()?.value.clone();
        let written = self.raw.saml.as_ref().and_then(|saml| saml.entity_id.as_ref());
        let entity_id = written.map_or_else(|| issuer.below("/saml"), |at| at.value.clone());
        Some(Own { addresses: Addresses::below(&issuer), entity_id: EntityId::new(entity_id), issuer })
    }

    /// Reports that nothing has this name.
    fn unknown(&mut self, code: &'static str, at: &At<String>, what: &str, known: &[&str]) {
        let suggestion = suggest(&at.value, known.iter().copied());
        let problem = self.findings.error(code, at.span, format!("there is no {what} `{}`", at.value));
        problem.label("nothing has this name").did_you_mean(suggestion);
        if suggestion.is_none() && !known.is_empty() && known.len() <= 12 {
            problem.help(format!("there is {}", known.join(", ")));
        }
    }

    /// Reports what a lower floor refuses although nothing was found here: a `None` never comes without an error.
    fn refused_after_all(&mut self, code: &'static str, error: &dyn std::error::Error) {
        if !self.findings.diagnostics.has_errors() && !self.snapshot.problems.has_errors() {
            self.findings.error(code, Span::FILE, error.to_string());
        }
    }

    /// Reports that two things have one name.
    fn repeated(&mut self, code: &'static str, second: Span, first: Span, message: String) {
        self.findings.error(code, second, message).label("again").related(first, "first");
    }
}

/// Our own names.
struct Own {
    issuer: Issuer,
    addresses: Addresses,
    entity_id: EntityId,
}

impl Own {
    /// What the name means, where it is one of ours.
    fn names(&self, name: &str) -> Option<&'static str> {
        let ours = [
            (self.issuer.as_str(), "our own issuer"),
            (self.addresses.token_endpoint.as_str(), "our own token endpoint"),
            (self.addresses.acs.as_str(), "our own assertion consumer service"),
            (self.entity_id.as_str(), "our own entity ID"),
        ];
        ours.into_iter().find(|(own, _)| *own == name).map(|(_, meaning)| meaning)
    }
}
