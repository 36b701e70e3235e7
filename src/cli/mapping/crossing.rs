//! A credential through the stream without a server: for `mapping explain`, and for tests with a recorded credential.
//!
//! The same functions as `flow`, in the same order. What needs memory is left out: whether the credential was used
//! before, and whether its source is distrusted.

use crate::config::Loaded;
use crate::credential::saml::trust::TrustSource;
use crate::credential::saml::{self, Expected};
use crate::credential::{Identity, session};
use crate::decision::{Fact, Rejection, Stage, Trail};
use crate::ground::id::SourceId;
use crate::ground::oauth::GrantType;
use crate::ground::reason::{Reason, ReasonCode};
use crate::ground::scope::ScopeSet;
use crate::ground::time::Timestamp;
use crate::mapping::{Claims, Linked, Mapping, RequestFacts, Subject};
use crate::policy::{Api, Asked, AskedTarget, Client, Permit, decide};

use super::presented::Presented;

/// What would be asked, and by whom.
pub(super) struct Request<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) presented: &'a Presented,
    pub(super) client: &'a Client,
    pub(super) door: GrantType,
    pub(super) session: Option<SourceId>,
    pub(super) source: Option<SourceId>,
    pub(super) mapping: Option<&'a Mapping>,
    pub(super) target: AskedTarget,
    pub(super) scope: Option<ScopeSet>,
    pub(super) now: Timestamp,
}

/// What would become of it.
pub(super) struct Crossed {
    /// What the token would say.
    pub(super) permit: Permit,
    /// Of what its `sub` would be made, where no link says otherwise.
    pub(super) named: Subject,
}

/// A step of `explain` itself that fails.
struct Refusal(ReasonCode, Vec<Fact>);

impl Rejection for Refusal {
    fn code(&self) -> ReasonCode {
        self.0.clone()
    }

    fn facts(&self) -> Vec<Fact> {
        self.1.clone()
    }
}

impl<'a> Request<'a> {
    /// The stream, in the order of `flow`.
    pub(super) fn cross(&self, trail: &mut Trail) -> Result<Crossed, ReasonCode> {
        let policy = &self.loaded.settings.policy;
        failing(trail, Stage::Client, self.client.check_grant(self.door))?;
        let facts = vec![Fact::public("client", &self.client.id), Fact::public("door", self.door.short())];
        trail.passed(Stage::Client, facts);
        let api = failing(trail, Stage::Target, policy.target(self.client, &self.target))?;
        trail.passed(Stage::Target, vec![Fact::public("audience", &api.audience)]);
        let identity = self.establish(trail)?;
        let found = &identity.facts().source;
        if let Some(expected) = self.source.as_ref().filter(|expected| *expected != found) {
            let said = format!("the credential is of `{found}`, and `--source` says `{expected}`");
            return failing(
                trail,
                Stage::Trust,
                Err(Refusal(Reason::SourceUnknown.into(), vec![Fact::public("found", said)])),
            );
        }
        failing(trail, Stage::Trust, self.client.check_source(found))?;
        let mapping = self.mapping(&identity, api, trail)?;
        let request = RequestFacts { client: &self.client.id, audience: &api.audience, now: self.now };
        let claims = mapping.apply(identity.facts(), &request, trail).map_err(|refusal| refusal.code())?;
        let asked = Asked { client: self.client, api, scope: self.scope.as_ref() };
        let permit = decide(&asked, &identity, &claims, self.now, trail).map_err(|denial| denial.code())?;
        let named = failing(trail, Stage::Link, self.named(&claims))?;
        Ok(Crossed { permit, named })
    }

    /// By what the person is known where there is no link yet: at the source that the mapping links to, if it does.
    fn named(&self, claims: &Claims) -> Result<Subject, Refusal> {
        let Some(linked) = claims.linked() else { return Ok(claims.subject().clone()) };
        let Linked { source, format, qualifiers, value } = linked;
        let settings = &self.loaded.settings;
        let provider = settings.trust.by_id(source).map(TrustSource::namespace);
        let namespace = provider.or_else(|| settings.sessions.get(source).map(|session| session.namespace().clone()));
        let gone = || Refusal(Reason::SourceUnknown.into(), vec![Fact::public("found", source)]);
        let (format, qualifiers, value) = (format.clone(), qualifiers.clone(), value.clone());
        Ok(Subject { namespace: namespace.ok_or_else(gone)?, format, qualifiers, value })
    }

    pub(super) fn establish(&self, trail: &mut Trail) -> Result<Identity, ReasonCode> {
        let settings = &self.loaded.settings;
        let credential = &self.presented.credential;
        if let Some(id) = &self.session {
            failing(trail, Stage::Trust, self.client.check_source(id))?;
            let Some(source) = settings.sessions.get(id) else {
                let facts = vec![Fact::public("found", id)];
                return failing(trail, Stage::Trust, Err(Refusal(Reason::SourceUnknown.into(), facts)));
            };
            return session::establish(credential, source, &self.client.id, self.now, trail)
                .map_err(|rejection| rejection.code());
        }
        let (audiences, recipients) = (settings.saml_audiences(), settings.saml_recipients());
        let expected = Expected {
            audiences: &audiences,
            recipients: &recipients,
            acs: &settings.addresses.acs,
            client: &self.client.id,
            door: self.door,
            forward: settings.forwards.get(&self.client.id),
        };
        saml::establish(credential, &settings.trust, &expected, self.now, trail).map_err(|rejection| rejection.code())
    }

    fn mapping(&self, identity: &Identity, api: &Api, trail: &mut Trail) -> Result<&'a Mapping, ReasonCode> {
        let source = &identity.facts().source;
        let selected = self.loaded.mappings.select(source, &self.client.id, &api.audience);
        let Some(mapping) = self.mapping.or(selected) else {
            let facts = vec![
                Fact::public("source", source),
                Fact::public("client", &self.client.id),
                Fact::public("audience", &api.audience),
                Fact::public("not", self.loaded.mappings.why_not(source, &self.client.id, &api.audience).join("; ")),
            ];
            return failing(trail, Stage::Mapping, Err(Refusal(Reason::MappingMissing.into(), facts)));
        };
        let mut facts = vec![Fact::public("found", mapping.id()), Fact::public("file", mapping.path())];
        if selected.is_none_or(|selected| selected.id() != mapping.id()) {
            let would = selected.map_or("none", |selected| selected.id().as_str());
            facts.push(Fact::public("a request would select", would));
        }
        trail.passed(Stage::Mapping, facts);
        Ok(mapping)
    }
}

/// Writes the failing step.
fn failing<T>(trail: &mut Trail, stage: Stage, result: Result<T, impl Rejection>) -> Result<T, ReasonCode> {
    result.map_err(|rejection| {
        trail.failed(stage, &rejection);
        rejection.code()
    })
}

/// The door at which this client would come in: a session and a forward come in by token exchange only.
pub(super) fn door_of(loaded: &Loaded, client: &Client, is_session: bool) -> GrantType {
    let forwards = loaded.settings.forwards.contains_key(&client.id);
    let bearer = client.grants.contains(&GrantType::Saml2Bearer);
    if bearer && !is_session && !forwards { GrantType::Saml2Bearer } else { GrantType::TokenExchange }
}
