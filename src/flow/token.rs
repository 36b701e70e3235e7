//! `POST /token`: RFC 7522, RFC 8693 and session tokens, through one stream.

use std::sync::{Arc, OnceLock, PoisonError};

use crate::credential::saml::Expected;
use crate::credential::{Identity, saml, session};
use crate::crypto::audit::Hashed;
use crate::decision::{self, Detail, Fact, Rejection as _, Stage, Trail};
use crate::ground::id::{SourceId, TraceId};
use crate::ground::oauth::GrantType;
use crate::ground::reason::Reason;
use crate::ground::time::Timestamp;
use crate::mapping::{Claims, Mapping, RequestFacts, Subject};
use crate::policy::{Api, Asked, Client, Permit, decide};
use crate::store::{AdmissionError, Commit, CommitError, PersonKey, Sampled, admit};
use crate::token::IssuedTokens;

use super::bridge::{Bridge, Revision};
use super::client::authenticate;
use super::refusal::Refusal;
use super::request::{Credential, Presented, RequestRejection, TokenRequest};
use super::subject::{Finder, Found, Person, SubjectRejection};

/// What the caller is told.
pub struct Answer {
    /// The request, for the support desk.
    pub trace_id: TraceId,
    /// The door, where the request said so: it decides the OAuth error.
    pub grant: Option<GrantType>,
    /// Tokens, or why there are none.
    pub result: Result<Issued, Refusal>,
}

/// Tokens, and how the answer names their type.
pub struct Issued {
    /// What was issued.
    pub tokens: IssuedTokens,
    /// `issued_token_type` at token exchange (RFC 8693 section 2.2.1).
    pub issued_type: Option<&'static str>,
}

/// Runs a request in a task of its own: a caller that hangs up cannot leave a credential burnt without a record.
pub async fn run(bridge: Arc<Bridge>, presented: Presented) -> Answer {
    let now = bridge.clock.now();
    let trace_id = TraceId::new(now, bridge.entropy.bytes());
    let grant = presented.grant().ok();
    let task = tokio::spawn(exchange(Arc::clone(&bridge), presented, trace_id, now));
    let result = match task.await {
        Ok(result) => result,
        Err(fault) => {
            // Not the message of a panic: nobody knows what it quotes.
            tracing::error!(%trace_id, panicked = fault.is_panic(), "a token request was abandoned");
            abandon(&bridge, trace_id, now, grant).await;
            Err(Refusal::Abandoned)
        }
    };
    Answer { trace_id, grant, result }
}

/// The trail went with the task; who asks for the trace learns at least how it ended.
async fn abandon(bridge: &Bridge, trace_id: TraceId, now: Timestamp, grant: Option<GrantType>) {
    let mut trail = Trail::open(trace_id, now, Detail::Record);
    trail.known.door = grant.map(GrantType::short);
    let record = trail.close(decision::Outcome::Abandoned).to_json().into_bytes();
    if let Err(error) = bridge.store.commit(Commit { consume: None, trace_id, record, links: Vec::new() }).await {
        tracing::warn!(%trace_id, %error, "the record of an abandoned request was not kept");
    }
}

async fn exchange(
    bridge: Arc<Bridge>,
    presented: Presented,
    trace_id: TraceId,
    now: Timestamp,
) -> Result<Issued, Refusal> {
    let revision = bridge.revision();
    let detail = if revision.keeping.values.is_some() { Detail::Values } else { Detail::Record };
    let mut trail = Trail::open(trace_id, now, detail);
    trail.known.revision = Some(revision.hash.clone());
    let flow = Flow { bridge: &bridge, revision: &revision, trace_id, now, person: OnceLock::new() };
    let client = match flow.admit_client(&presented, &mut trail) {
        Ok(client) => client,
        Err(refusal) => {
            flow.refuse_stranger(&refusal, &mut trail).await;
            return Err(refusal);
        }
    };
    let crossed = flow.crossing(client, &presented, &mut trail).await;
    flow.keep_values(&trail);
    match crossed {
        Ok(issued) => Ok(issued),
        Err(refusal) => Err(flow.refuse(refusal, &trail).await),
    }
}

/// One request: what it may look at, and its one instant.
pub(super) struct Flow<'a> {
    pub(super) bridge: &'a Bridge,
    pub(super) revision: &'a Revision,
    pub(super) trace_id: TraceId,
    pub(super) now: Timestamp,
    /// Whom the request is about, once something is to be kept of it.
    pub(super) person: OnceLock<PersonKey>,
}

/// Writes the failing step, unless the floor that refused has done so.
fn failing<T, E>(trail: &mut Trail, stage: Stage, result: Result<T, E>) -> Result<T, Refusal>
where
    Refusal: From<E>,
{
    result.map_err(|error| {
        let refusal = Refusal::from(error);
        trail.failed(stage, &refusal);
        refusal
    })
}

/// The same where the step was written down as holding: see [`Trail::failed_after_all`].
fn failing_after_all<T, E>(trail: &mut Trail, stage: Stage, result: Result<T, E>) -> Result<T, Refusal>
where
    Refusal: From<E>,
{
    result.map_err(|error| {
        let refusal = Refusal::from(error);
        trail.failed_after_all(stage, &refusal);
        refusal
    })
}

impl<'a> Flow<'a> {
    /// Shape of the request, then the client: nothing of a credential is decoded before.
    fn admit_client(&self, presented: &Presented, trail: &mut Trail) -> Result<&'a Client, Refusal> {
        let grant = failing(trail, Stage::Request, presented.grant())?;
        trail.known.door = Some(grant.short());
        failing(trail, Stage::Request, presented.check_repetition())?;
        let client = authenticate(&self.revision.policy, presented, &self.bridge.failures, self.now);
        let client = failing(trail, Stage::Client, client)?;
        trail.known.client = Some(client.id.clone());
        trail.passed(Stage::Client, Vec::new());
        Ok(client)
    }

    /// The stream.
    async fn crossing(&self, client: &Client, presented: &Presented, trail: &mut Trail) -> Result<Issued, Refusal> {
        let (bridge, policy) = (self.bridge, &self.revision.policy);
        let grant = failing(trail, Stage::Request, presented.grant())?;
        failing(trail, Stage::Client, client.check_grant(grant))?;
        let request = failing(trail, Stage::Request, presented.parse(grant))?;
        let api = failing(trail, Stage::Target, policy.target(client, &request.target))?;
        let identity = self.establish(client, &request, trail)?;
        let mapping = self.mapping(client, api, &identity, trail)?;
        let facts = RequestFacts { client: &client.id, audience: &api.audience, now: self.now };
        let outcome = mapping.apply(identity.facts(), &facts, trail);
        self.shadow(&identity, &facts, &outcome, trail);
        self.keep_facts(&identity, &facts);
        let claims = outcome?;
        let asked = Asked { client, api, scope: request.scope.as_ref() };
        let permit = decide(&asked, &identity, &claims, self.now, trail).map_err(Refusal::Denied)?;
        let namespace = &identity.facts().namespace;
        bridge.remember_subject_rule(namespace, mapping).await.map_err(Refusal::Store)?;
        let linked = failing(trail, Stage::Link, self.linked(&claims))?;
        let person = Person { own: claims.subject(), linked: linked.as_ref() };
        let finder = Finder { bridge, trace_id: self.trace_id, now: self.now };
        let found = finder.find(person, trail).await?;
        let issued_type = (grant == GrantType::TokenExchange).then_some(request.issued_type);
        match self.issue(permit, found, &identity, trail).await {
            Ok(tokens) => Ok(Issued { tokens, issued_type }),
            Err(refusal) => Err(finder.look_again(refusal, person).await),
        }
    }

    /// Who the person is at the source that the mapping links to.
    fn linked(&self, claims: &Claims) -> Result<Option<Subject>, SubjectRejection> {
        let Some(linked) = claims.linked() else { return Ok(None) };
        let gone = || SubjectRejection::SourceGone(linked.source.clone());
        Ok(Some(Subject {
            namespace: self.revision.namespace(&linked.source).ok_or_else(gone)?,
            format: linked.format.clone(),
            qualifiers: linked.qualifiers.clone(),
            value: linked.value.clone(),
        }))
    }

    /// The one step in which doors differ: how the credential is proven.
    fn establish(&self, client: &Client, request: &TokenRequest<'_>, trail: &mut Trail) -> Result<Identity, Refusal> {
        let identity = match request.credential {
            Credential::Saml2(presented) => self.establish_saml(presented, client, request.grant, trail)?,
            Credential::Session(source, presented) => self.establish_session(source, presented, client, trail)?,
        };
        let facts = identity.facts();
        if self.bridge.is_distrusted(facts) {
            let refusal = Refusal::Distrusted(facts.source.clone());
            trail.failed(Stage::Trust, &refusal);
            return Err(refusal);
        }
        Ok(identity)
    }

    fn establish_saml(
        &self,
        presented: &str,
        client: &Client,
        door: GrantType,
        trail: &mut Trail,
    ) -> Result<Identity, Refusal> {
        let addresses = &self.revision.addresses;
        let expected = Expected {
            audiences: &addresses.audiences,
            recipients: &addresses.recipients,
            acs: &addresses.acs,
            client: &client.id,
            door,
            forward: self.revision.forwards.get(&client.id),
        };
        let identity = saml::establish(presented, &self.revision.trust, &expected, self.now, trail)?;
        // Only the document says whose it is.
        failing(trail, Stage::Trust, client.check_source(&identity.facts().source))?;
        Ok(identity)
    }

    fn establish_session(
        &self,
        source: &str,
        presented: &str,
        client: &Client,
        trail: &mut Trail,
    ) -> Result<Identity, Refusal> {
        let id = SourceId::new(source);
        let source = self.revision.sessions.get(&id).ok_or_else(|| RequestRejection::SourceUnknown(id.clone()));
        let source = failing(trail, Stage::Trust, source)?;
        // Before the token is looked at: a client that may not present this source learns nothing of its keys.
        failing(trail, Stage::Trust, client.check_source(&id))?;
        session::establish(presented, source, &client.id, self.now, trail).map_err(Refusal::Session)
    }

    fn mapping(
        &self,
        client: &Client,
        api: &Api,
        identity: &Identity,
        trail: &mut Trail,
    ) -> Result<&'a Mapping, Refusal> {
        let source = &identity.facts().source;
        let Some(mapping) = self.revision.mappings.select(source, &client.id, &api.audience) else {
            let others = self.revision.mappings.why_not(source, &client.id, &api.audience);
            let (source, client, audience) = (source.clone(), client.id.clone(), api.audience.clone());
            let refusal = Refusal::MappingMissing { source, client, audience, others };
            trail.failed(Stage::Mapping, &refusal);
            return Err(refusal);
        };
        trail.passed(Stage::Mapping, vec![Fact::public("found", mapping.id())]);
        Ok(mapping)
    }

    /// Commits the use, the record and the links, durably; only then is anything signed.
    async fn issue(
        &self,
        permit: Permit,
        found: Found,
        identity: &Identity,
        trail: &mut Trail,
    ) -> Result<IssuedTokens, Refusal> {
        let bridge = self.bridge;
        let ring = bridge.ring();
        let draft = bridge.issuer.prepare(permit, &found.sub, bridge.entropy.bytes(), &ring);
        if draft.is_err() {
            trail.take_back(Stage::Link);
        }
        let draft = failing(trail, Stage::Issue, draft)?;
        trail.known.jti = Some(draft.jti().to_string());
        // Of the person, whatever the token's client is shown.
        trail.known.subject_hash = Some(bridge.audit_key.hash(Hashed::Subject, found.sub.as_str().as_bytes()));
        // True wherever it can be read: this record is kept only together with the use of the credential.
        trail.passed(Stage::Replay, Vec::new());
        trail.passed(Stage::Issue, vec![Fact::public("kid", draft.key_id())]);
        let commit =
            Commit { links: found.missing, ..self.commit_of(trail.close(decision::Outcome::Issued).to_json()) };
        let admission = admit(bridge.store.as_ref(), identity.consumption().clone(), commit).await;
        let stage =
            if matches!(admission, Err(AdmissionError::LinkConflict { .. })) { Stage::Link } else { Stage::Replay };
        if admission.is_err() && stage == Stage::Replay {
            // No link was made either.
            trail.take_back(Stage::Link);
        }
        let admission = failing_after_all(trail, stage, admission)?;
        failing_after_all(trail, Stage::Issue, bridge.issuer.issue(draft, admission))
    }

    /// Keeps the record of a refusal. Where even that fails, the caller hears of the store instead.
    async fn refuse(&self, refusal: Refusal, trail: &Trail) -> Refusal {
        let record = trail.close(refusal.outcome()).to_json();
        if refusal.code().reason() == Reason::SamlSecondOpinion {
            let facts = refusal.facts();
            tracing::error!(trace_id = %self.trace_id, ?facts, "ALARM: two verifiers disagree about an assertion");
        } else {
            tracing::info!(trace_id = %self.trace_id, reason = %refusal.code(), "refused");
        }
        match self.bridge.store.commit(self.commit_of(record)).await {
            // A refusal consumes nothing and links nothing.
            Ok(_)
            | Err(
                CommitError::SeenBefore(_)
                | CommitError::UsedUp { .. }
                | CommitError::Forgotten { .. }
                | CommitError::LinkConflict { .. },
            ) => refusal,
            Err(CommitError::Store(error)) => Refusal::Store(error),
        }
    }

    /// The sender is unknown: the record is kept within a budget of bytes and only counted beyond, so that garbage
    /// cannot fill the disk. The answer does not wait on the store's health.
    async fn refuse_stranger(&self, refusal: &Refusal, trail: &mut Trail) {
        let size = trail.close(refusal.outcome()).to_json().len();
        let sampled = self.bridge.strangers.lock().unwrap_or_else(PoisonError::into_inner).take(size, self.now);
        let Sampled::Keep { counted_before } = sampled else { return };
        let (trace_id, reason) = (self.trace_id, refusal.code());
        tracing::info!(%trace_id, %reason, counted_before, "refused before the client was known");
        trail.known.counted_before = (counted_before > 0).then_some(counted_before);
        let record = trail.close(refusal.outcome()).to_json();
        if let Err(error) = self.bridge.store.commit(self.commit_of(record)).await {
            tracing::warn!(trace_id = %self.trace_id, %error, "the record of a refusal was not kept");
        }
    }

    fn commit_of(&self, record: String) -> Commit {
        Commit { consume: None, trace_id: self.trace_id, record: record.into_bytes(), links: Vec::new() }
    }
}
