//! Identity providers and session sources.

use std::collections::BTreeMap;

use crate::credential::saml::metadata;
use crate::credential::saml::trust::{Provider, TrustRejection, TrustSource, TrustSources};
use crate::credential::session::{KeyDeclaration, SessionSource};
use crate::diagnostic::Span;
use crate::ground::id::{EntityId, SourceId};
use crate::ground::secret::Secret;

use super::super::raw::{RawProvider, RawSession};
use super::super::snapshot::report_unread;
use super::{Own, Resolving};

/// Lasting names: who took which, and where it says so.
type Namespaces<'s> = BTreeMap<String, (&'s str, Span)>;

impl Resolving<'_> {
    /// Every source; `None` where one of them is unsound.
    pub(super) fn sources(&mut self, own: Option<&Own>) -> Option<(TrustSources, BTreeMap<SourceId, SessionSource>)> {
        self.check_second_opinion();
        self.check_ids();
        let mut namespaces = Namespaces::new();
        let raw = self.raw;
        let raw_providers = raw.saml.as_ref().map(|saml| saml.identity_providers.as_slice()).unwrap_or_default();
        let mut trusted = Vec::new();
        for provider in raw_providers {
            let Some(source) = self.provider(provider) else { continue };
            let name = source.entity_id().as_str().to_owned();
            self.check_namespace(own, &name, (&provider.id.value, provider.id.span), &mut namespaces);
            self.check_validity(provider, &source);
            trusted.push(source);
        }
        let mut sessions = BTreeMap::new();
        for session in &raw.sessions {
            let (name, span) = (session.namespace.value.clone(), session.namespace.span);
            self.check_namespace(own, &name, (&session.id.value, span), &mut namespaces);
            if let Some(source) = self.session(session) {
                sessions.insert(source.id().clone(), source);
            }
        }
        let complete = trusted.len() == raw_providers.len() && sessions.len() == raw.sessions.len();
        if !complete {
            return None;
        }
        // Two of one name have been found above, with their places; the answer here is for what we did not think of.
        let trust = TrustSources::new(trusted);
        let trust = trust.map_err(|error| self.refused_after_all("config.provider_refused", &error)).ok()?;
        Some((self.with_second_opinion(trust), sessions))
    }

    #[cfg(feature = "second-opinion")]
    fn with_second_opinion(&self, trust: TrustSources) -> TrustSources {
        let wanted = self.raw.saml.as_ref().is_some_and(|saml| saml.second_opinion.is_some());
        if wanted { trust.with_second_opinion() } else { trust }
    }

    #[cfg(not(feature = "second-opinion"))]
    #[expect(clippy::unused_self, reason = "the other build reads the configuration")]
    fn with_second_opinion(&self, trust: TrustSources) -> TrustSources {
        trust
    }

    fn check_second_opinion(&mut self) {
        let asked = self.raw.saml.as_ref().and_then(|saml| saml.second_opinion);
        if let Some(span) = asked.filter(|_| !cfg!(feature = "second-opinion")) {
            self.findings
                .error("config.second_opinion_missing", span, "this build has no second verifier")
                .label("asked for here")
                .help("build with `--features second-opinion`, or remove the key");
        }
    }

    /// Providers and sessions share one set of ids: mappings and clients name them alike.
    fn check_ids(&mut self) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for id in self.raw.source_ids() {
            match seen.get(id.value.as_str()) {
                Some(first) => {
                    let message = format!("two sources have the id `{}`", id.value);
                    self.repeated("config.id_repeated", id.span, *first, message);
                }
                None => {
                    seen.insert(&id.value, id.span);
                }
            }
        }
    }

    fn check_namespace<'n>(
        &mut self,
        own: Option<&Own>,
        namespace: &str,
        (id, span): (&'n str, Span),
        seen: &mut Namespaces<'n>,
    ) {
        if let Some(meaning) = own.and_then(|own| own.names(namespace)) {
            self.findings
                .error("config.source_own", span, format!("`{id}` is {meaning}: `{namespace}`"))
                .help("what the bridge itself issued never comes in again as a foreign credential");
        }
        if let Some((first, first_span)) = seen.get(namespace) {
            let message = format!("`{id}` and `{first}` have one lasting name: `{namespace}`");
            self.findings
                .error("config.namespace_repeated", span, message)
                .label("again")
                .related(*first_span, "first")
                .help("single use and `sub` hang on this name: keep one of the two sources");
        } else {
            seen.insert(namespace.to_owned(), (id, span));
        }
    }

    pub(super) fn provider(&mut self, raw: &RawProvider) -> Option<TrustSource> {
        let file = &raw.metadata;
        let content = match self.snapshot.files.get(&file.value)? {
            Ok(content) => content,
            Err(why) => {
                report_unread(&mut self.findings, file.span, &file.value, why);
                return None;
            }
        };
        let Ok(text) = std::str::from_utf8(&content.bytes) else {
            report_unread(&mut self.findings, file.span, &file.value, "it is not UTF-8");
            return None;
        };
        let wanted = raw.entity_id.as_ref().map(|at| EntityId::new(at.value.as_str()));
        let provider = metadata::parse(text, wanted.as_ref()).map_err(|rejection| {
            let message = format!("the metadata in `{}` cannot be used: {rejection}", file.value);
            self.findings.error("config.metadata_refused", file.span, message).label("named here");
        });
        self.trusted(raw, provider.ok()?)
    }

    fn trusted(&mut self, raw: &RawProvider, provider: Provider) -> Option<TrustSource> {
        let source = TrustSource::new(SourceId::new(raw.id.value.as_str()), provider, raw.settings.clone());
        let refused = |rejection: TrustRejection| {
            let message = format!("`{}` cannot be trusted: {rejection}", raw.id.value);
            self.findings.error("config.provider_refused", raw.metadata.span, message);
        };
        source.map_err(refused).ok()
    }

    /// Expired metadata is judged at each request; a server still starts, for the sake of its other sources.
    fn check_validity(&mut self, raw: &RawProvider, source: &TrustSource) {
        if let Some(until) = source.valid_until().filter(|until| *until <= self.now) {
            let message = format!("the metadata of `{}` has expired: validUntil is {until}", raw.id.value);
            self.findings
                .warning("config.metadata_expired", raw.metadata.span, message)
                .help("fetch it again; until then every assertion of this provider is refused");
        }
    }

    pub(super) fn session(&mut self, raw: &RawSession) -> Option<SessionSource> {
        let mut keys = Vec::with_capacity(raw.keys.len());
        for key in &raw.keys {
            if key.until.is_some_and(|until| until <= self.now) {
                let message = format!("key `{}` of `{}` has ended", key.id.value, raw.id.value);
                self.findings
                    .warning("config.until_passed", key.id.span, message)
                    .help("remove it once no session under it is left");
            }
            let Some(secret) = self.session_key(key) else { continue };
            // Into the declaration, which prepares the key and forgets these bytes.
            let secret = Secret::new(secret.to_vec());
            keys.push(KeyDeclaration { id: key.id.value.clone(), secret, until: key.until });
        }
        if keys.len() < raw.keys.len() || raw.keys.is_empty() {
            return None; // Each missing key has its finding.
        }
        let source = SessionSource::new(raw.declared(keys));
        let refused = |rejection| {
            let message = format!("session source `{}` is not sound: {rejection}", raw.id.value);
            self.findings.error("config.session_refused", raw.span, message);
        };
        source.map_err(refused).ok()
    }
}
