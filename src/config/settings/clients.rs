//! Clients, APIs and forwards.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::credential::saml::Forward;
use crate::crypto::client_secret::ClientSecretDigest;
use crate::diagnostic::Span;
use crate::ground::id::{Audience, ClientId, Sector, SourceId};
use crate::ground::oauth::GrantType;
use crate::ground::scope::{Scope, ScopeSet};
use crate::policy::{Api, Client, Policy, SubjectType};

use super::super::raw::{At, RawApi, RawClient, RawForwards, RawSubjectType};
use super::{Own, Resolving};

const DAY: Duration = Duration::from_secs(86_400);
/// A year, and the day that it may have more.
const FORWARD_AT_MOST: Duration = Duration::from_secs(366 * 86_400);
const FORWARD_WARNING: Duration = Duration::from_secs(30 * 86_400);
const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);

impl Resolving<'_> {
    /// Who may ask for what; `None` where something is missing.
    pub(super) fn policy(&mut self, own: Option<&Own>) -> Option<Policy> {
        let raw = self.raw;
        self.check_apis(own);
        self.check_client_ids();
        let mut secrets: Vec<(&RawClient, zeroize::Zeroizing<Vec<u8>>)> = Vec::new();
        let mut clients = Vec::with_capacity(raw.clients.len());
        for client in &raw.clients {
            self.check_client(client);
            let Some(secret) = client.secret.as_ref().and_then(|secret| self.client_secret(secret)) else { continue };
            if let Some((other, _)) =
                secrets.iter().find(|(other, earlier)| *earlier == secret && other.id.value != client.id.value)
            {
                let message = format!("`{}` and `{}` have one secret", client.id.value, other.id.value);
                self.findings
                    .warning("config.secret_shared", client.id.span, message)
                    .help("give each client its own: whoever leaks it can then be told apart and shut out");
            }
            clients.push(policy_client(client, &secret));
            secrets.push((client, secret));
        }
        self.check_used();
        let apis = raw.apis.iter().map(|api| self.policy_api(api)).collect();
        if clients.len() < raw.clients.len() {
            return None;
        }
        // What does not fit has been found above, with its place; the answer here is for what we did not think of.
        Policy::new(clients, apis).map_err(|error| self.refused_after_all("config.policy_refused", &error)).ok()
    }

    fn policy_api(&self, raw: &RawApi) -> Api {
        Api {
            audience: Audience::new(raw.audience.value.as_str()),
            scopes: raw.scopes.clone(),
            lifetime: raw.lifetime.unwrap_or(DEFAULT_LIFETIME),
            algorithm: raw.algorithm.or(self.raw.server.signing),
        }
    }

    fn check_apis(&mut self, own: Option<&Own>) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for RawApi { audience, .. } in &self.raw.apis {
            if let Some(meaning) = own.and_then(|own| own.names(&audience.value)) {
                let message = format!("`{}` is {meaning}, not an API", audience.value);
                self.findings.error("config.audience_own", audience.span, message);
            }
            match seen.get(audience.value.as_str()) {
                Some(first) => {
                    let message = format!("two APIs have the audience `{}`", audience.value);
                    self.repeated("config.audience_repeated", audience.span, *first, message);
                }
                None => {
                    seen.insert(&audience.value, audience.span);
                }
            }
        }
    }

    fn check_client_ids(&mut self) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for RawClient { id, .. } in &self.raw.clients {
            match seen.get(id.value.as_str()) {
                Some(first) => {
                    let message = format!("two clients have the id `{}`", id.value);
                    self.repeated("config.id_repeated", id.span, *first, message);
                }
                None => {
                    seen.insert(&id.value, id.span);
                }
            }
        }
    }

    /// What a client names is there, and of use to it.
    fn check_client(&mut self, client: &RawClient) {
        let raw = self.raw;
        let sources: Vec<&str> = raw.source_ids().map(|at| at.value.as_str()).collect();
        let is_unknown = |at: &&At<String>| !raw.unread.sources && !sources.contains(&at.value.as_str());
        for source in client.sources.iter().filter(is_unknown) {
            self.unknown("config.source_unknown", source, "source", &sources);
        }
        let audiences: Vec<&str> = raw.apis.iter().map(|api| api.audience.value.as_str()).collect();
        let is_unknown = |at: &&At<String>| !raw.unread.apis && !audiences.contains(&at.value.as_str());
        for audience in client.audiences.iter().filter(is_unknown) {
            self.unknown("config.audience_unknown", audience, "API with the audience", &audiences);
        }
        self.check_scopes(client);
        self.check_subject_type(client);
        let provides = |source: &At<String>| raw.is_provider(&source.value);
        let sessions = client.sources.iter().find(|at| raw.sessions.iter().any(|s| s.id.value == at.value));
        let has_none = !raw.unread.sources && !client.sources.is_empty() && !client.sources.iter().any(provides);
        if let Some(grant) = grant_of(client, GrantType::Saml2Bearer).filter(|_| has_none) {
            self.findings
                .warning("config.grant_useless", grant.span, "saml2-bearer needs an identity provider among `sources`")
                .help("remove the grant, or add the provider");
        }
        if let Some(session) = sessions.filter(|_| grant_of(client, GrantType::TokenExchange).is_none()) {
            let message =
                format!("sessions of `{}` come in by token-exchange, which this client may not use", session.value);
            self.findings
                .warning("config.grant_useless", session.span, message)
                .help("add `token-exchange` to `grants`");
        }
    }

    fn check_scopes(&mut self, client: &RawClient) {
        let Some(scopes) = client.scopes.as_ref().filter(|_| !self.raw.unread.apis) else { return };
        let named = |api: &&RawApi| client.audiences.iter().any(|at| at.value == api.audience.value);
        let offered: ScopeSet = self.raw.apis.iter().filter(named).flat_map(|api| api.scopes.iter().cloned()).collect();
        let offered_words: Vec<&str> = offered.iter().map(Scope::as_str).collect();
        for scope in scopes.value.difference(&offered).iter() {
            let at = At::new(scope.as_str().to_owned(), scopes.span);
            self.unknown("config.scope_unknown", &at, "API of this client with the scope", &offered_words);
        }
    }

    /// Pairwise and a sector come together, or neither does.
    fn check_subject_type(&mut self, client: &RawClient) {
        match (subject_type_of(client), &client.subject_type, &client.sector) {
            (RawSubjectType::Pairwise, Some(at), None) => {
                self.findings
                    .error("config.sector_missing", at.span, format!("`{}` has pairwise subjects and no `sector`", client.id.value))
                    .help("add `sector` with the host name of the application; clients of one sector see the same subjects");
            }
            (RawSubjectType::Public, _, Some(sector)) => {
                self.findings
                    .error(
                        "config.sector_idle",
                        sector.span,
                        format!("`{}` has a sector and public subjects", client.id.value),
                    )
                    .help("add `subject_type: pairwise`, or remove `sector`");
            }
            (RawSubjectType::Pairwise, _, Some(_)) | (RawSubjectType::Pairwise | RawSubjectType::Public, _, None) => {}
        }
    }

    /// An API that no client may ask for, a source that none may present: nothing breaks, nothing works.
    fn check_used(&mut self) {
        let raw = self.raw;
        if raw.unread.clients {
            return; // Who could not be read may be who uses it.
        }
        let audiences: BTreeSet<&str> =
            raw.clients.iter().flat_map(|client| &client.audiences).map(|at| at.value.as_str()).collect();
        for api in raw.apis.iter().filter(|api| !audiences.contains(api.audience.value.as_str())) {
            let message = format!("no client may ask for `{}`", api.audience.value);
            self.findings
                .warning("config.api_unused", api.audience.span, message)
                .help("add it to the `audiences` of a client");
        }
        let sources: BTreeSet<&str> =
            raw.clients.iter().flat_map(|client| &client.sources).map(|at| at.value.as_str()).collect();
        for source in raw.source_ids().filter(|at| !sources.contains(at.value.as_str())) {
            let message = format!("no client may present credentials of `{}`", source.value);
            self.findings
                .warning("config.source_unused", source.span, message)
                .help("add it to the `sources` of a client");
        }
    }

    /// What each client may forward. Their problems are found even where the client has others.
    pub(super) fn forwards(&mut self, own: Option<&Own>) -> BTreeMap<ClientId, Forward> {
        let raw = self.raw;
        let mut taken: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
        let mut forwards = BTreeMap::new();
        for client in &raw.clients {
            let Some(forward) = &client.forwards else { continue };
            self.check_forward(client, forward);
            for at in forward.recipients.iter().chain(&forward.audiences) {
                if let Some(meaning) = own.and_then(|own| own.names(&at.value)) {
                    self.findings
                        .error("config.forward_own", at.span, format!("`{}` is {meaning}", at.value))
                        .help("a forward names what a legacy service provider received; what is meant for us is never forwarded");
                }
                match taken.get(at.value.as_str()) {
                    Some((other, first)) if *other != client.id.value => {
                        let message = format!("`{}` is already forwarded by `{other}`", at.value);
                        self.repeated("config.forward_repeated", at.span, *first, message);
                    }
                    // One text as recipient and as audience of one client is usual: an entity ID that is an address.
                    Some(_) => {}
                    None => {
                        taken.insert(&at.value, (&client.id.value, at.span));
                    }
                }
            }
            forwards.insert(ClientId::new(client.id.value.as_str()), saml_forward(forward));
        }
        forwards
    }

    fn check_forward(&mut self, client: &RawClient, forward: &RawForwards) {
        let source = &forward.source;
        if !self.raw.is_provider(&source.value) {
            if !self.raw.unread.sources {
                let providers: Vec<&str> = self.raw.providers().map(|provider| provider.id.value.as_str()).collect();
                self.unknown("config.source_unknown", source, "identity provider", &providers);
            }
        } else if !client.sources.is_empty() && !client.sources.iter().any(|at| at.value == source.value) {
            let message = format!("`{}` is not among the `sources` of `{}`", source.value, client.id.value);
            self.findings
                .error("config.forward_source", source.span, message)
                .help(format!("add `{}` to its `sources`", source.value));
        }
        if grant_of(client, GrantType::TokenExchange).is_none() {
            self.findings
                .error(
                    "config.forward_grant",
                    forward.span,
                    "`forwards` works at token-exchange only, which this client may not use",
                )
                .help("add `token-exchange` to `grants`");
        }
        self.check_forward_until(client, forward);
    }

    fn check_forward_until(&mut self, client: &RawClient, forward: &RawForwards) {
        let At { value: until, span } = forward.until;
        let id = &client.id.value;
        if until > self.now.after(FORWARD_AT_MOST) {
            self.findings
                .error("config.until_too_far", span, "`until` is more than a year ahead")
                .help("a forward is a bridge for the time of a migration: choose a day within a year");
        } else if until <= self.now {
            self.findings
                .warning("config.until_passed", span, format!("the forward of `{id}` has ended"))
                .help("remove `forwards`, or choose a later day");
        } else if until <= self.now.after(FORWARD_WARNING) {
            let days = until.since(self.now).as_secs() / DAY.as_secs();
            let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
            self.findings.warning("config.until_near", span, format!("the forward of `{id}` ends in {days}"));
        }
    }
}

fn grant_of(client: &RawClient, grant: GrantType) -> Option<&At<GrantType>> {
    client.grants.iter().find(|at| at.value == grant)
}

fn subject_type_of(client: &RawClient) -> RawSubjectType {
    client.subject_type.as_ref().map_or(RawSubjectType::Public, |at| at.value)
}

fn policy_client(raw: &RawClient, secret: &[u8]) -> Client {
    let subject_type = match (subject_type_of(raw), &raw.sector) {
        (RawSubjectType::Pairwise, Some(sector)) => SubjectType::Pairwise(Sector::new(sector.value.as_str())),
        // Pairwise without a sector has its finding: these settings never come into force.
        (RawSubjectType::Pairwise, None) | (RawSubjectType::Public, _) => SubjectType::Public,
    };
    Client {
        id: ClientId::new(raw.id.value.as_str()),
        secret: ClientSecretDigest::of(secret),
        grants: raw.grants.iter().map(|at| at.value).collect(),
        sources: raw.sources.iter().map(|at| SourceId::new(at.value.as_str())).collect(),
        audiences: raw.audiences.iter().map(|at| Audience::new(at.value.as_str())).collect(),
        scopes: raw.scopes.as_ref().map(|at| at.value.clone()),
        subject_type,
    }
}

fn saml_forward(raw: &RawForwards) -> Forward {
    let texts = |list: &[At<String>]| list.iter().map(|at| at.value.clone()).collect();
    Forward {
        recipients: texts(&raw.recipients),
        audiences: texts(&raw.audiences),
        until: raw.until.value,
        source: SourceId::new(raw.source.value.as_str()),
    }
}
