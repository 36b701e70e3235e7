//! `drawbridge mapping explain`: a credential through the stream without a server.
//!
//! The same functions as `flow`, in the same order, with a trail that keeps values. What needs memory is left out:
//! whether the credential was used before, and whether its source is distrusted.

use serde_json::{Value, json};

use crate::config::{Environment, Extent, LoadError, Loaded, load};
use crate::credential::saml::{self, Expected};
use crate::credential::{Identity, session};
use crate::decision::{Detail, Fact, Rejection, Stage, Trail};
use crate::diagnostic::suggest;
use crate::ground::id::{ClientId, MappingId, SourceId, TraceId};
use crate::ground::oauth::GrantType;
use crate::ground::reason::{Reason, ReasonCode};
use crate::ground::scope::ScopeSet;
use crate::ground::time::Timestamp;
use crate::mapping::{Mapping, RequestFacts};
use crate::policy::{Asked, AskedTarget, Client, Permit, decide};

use super::super::args::MappingExplainArgs;
use super::super::check::show_refused;
use super::super::exit::{Answer, Exit, Failure};
use super::super::report::not_loaded;
use super::super::screen::{BAD, FAINT, GOOD, HINT, STRONG, Screen, styled, visible, wrapped};
use super::super::view::{StepView, show_steps, steps_json};
use super::presented::{self, Presented};

/// Sends the credential through and shows every step.
pub(in crate::cli) fn run(
    args: &MappingExplainArgs,
    environment: &dyn Environment,
    now: Timestamp,
    screen: &mut Screen<'_>,
) -> Answer {
    let now = match &args.now {
        Some(text) => Timestamp::parse_utc(text).map_err(|no| Failure::usage(format!("`--now {text}` is {no}")))?,
        None => now,
    };
    let loaded = match load(&args.config.config, Extent::Revision, environment, now) {
        Ok(loaded) => loaded,
        Err(LoadError::Refused(refused)) => {
            show_refused(&refused, args.json.form(), screen)?;
            return Ok(Exit::No);
        }
        Err(error @ (LoadError::Unreadable { .. } | LoadError::Changing)) => return Err(not_loaded(&error)),
    };
    let presented = presented::load(&args.credential)?;
    let request = Request::of(args, &loaded, &presented, now)?;
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), now, Detail::Explain);
    let outcome = request.cross(&mut trail);
    if args.json.json {
        screen.json(&request.json(&outcome, &trail))?;
    } else {
        request.show(&outcome, &trail, screen)?;
    }
    Ok(if outcome.is_ok() { Exit::Done } else { Exit::No })
}

/// What would be asked, and by whom.
struct Request<'a> {
    loaded: &'a Loaded,
    presented: &'a Presented,
    client: &'a Client,
    door: GrantType,
    session: Option<SourceId>,
    source: Option<SourceId>,
    mapping: Option<&'a Mapping>,
    target: AskedTarget,
    scope: Option<ScopeSet>,
    now: Timestamp,
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
    /// What is not said is taken from the form, then from what the configuration leaves open.
    fn of(
        args: &MappingExplainArgs,
        loaded: &'a Loaded,
        presented: &'a Presented,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let source = args.source.as_deref().map(|id| find_source(loaded, id)).transpose()?;
        let named = presented.session.as_deref().map(|id| find_source(loaded, id)).transpose()?;
        let is_session = |id: &SourceId| loaded.settings.sessions.contains_key(id);
        let session = source.clone().filter(is_session).or(named);
        let client_id = args.client.as_deref().or(presented.client.as_deref());
        let client = find_client(loaded, client_id, session.as_ref().or(source.as_ref()))?;
        let mapping = args.mapping.as_deref().map(|id| find_mapping(loaded, id)).transpose()?;
        let mut target = AskedTarget { audiences: presented.audiences.clone(), resources: presented.resources.clone() };
        if let Some(audience) = &args.audience {
            target = AskedTarget { audiences: vec![audience.clone()], resources: Vec::new() };
        }
        let scope = presented.scope.as_deref().map(ScopeSet::parse).transpose();
        let scope = scope.map_err(|rejection| Failure::no(format!("`scope` of the form is {rejection}")))?;
        let door = presented.grant.unwrap_or_else(|| door_of(loaded, client, session.is_some()));
        Ok(Self { loaded, presented, client, door, session, source, mapping, target, scope, now })
    }

    /// The stream, in the order of `flow`.
    fn cross(&self, trail: &mut Trail) -> Result<Permit, ReasonCode> {
        let policy = &self.loaded.settings.policy;
        failing(trail, Stage::Client, self.client.check_grant(self.door))?;
        let facts = vec![Fact::public("client", &self.client.id), Fact::public("door", self.door.short())];
        trail.passed(Stage::Client, facts);
        let api = failing(trail, Stage::Target, policy.target(self.client, &self.target))?;
        trail.passed(Stage::Target, vec![Fact::public("audience", &api.audience)]);
        let identity = self.establish(trail)?;
        let found = &identity.facts().source;
        if let Some(expected) = self.source.as_ref().filter(|expected| *expected != found) {
            let facts = vec![Fact::public("expected", expected), Fact::public("found", found)];
            return failing(trail, Stage::Trust, Err(Refusal(Reason::PolicySourceRefused.into(), facts)));
        }
        failing(trail, Stage::Trust, self.client.check_source(found))?;
        let mapping = self.mapping(&identity, api, trail)?;
        let request = RequestFacts { client: &self.client.id, audience: &api.audience, now: self.now };
        let claims = mapping.apply(identity.facts(), &request, trail).map_err(|refusal| refusal.code())?;
        let asked = Asked { client: self.client, api, scope: self.scope.as_ref() };
        decide(&asked, &identity, &claims, self.now, trail).map_err(|denial| denial.code())
    }

    fn establish(&self, trail: &mut Trail) -> Result<Identity, ReasonCode> {
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

    fn mapping(
        &self,
        identity: &Identity,
        api: &crate::policy::Api,
        trail: &mut Trail,
    ) -> Result<&'a Mapping, ReasonCode> {
        let source = &identity.facts().source;
        let selected = self.loaded.mappings.select(source, &self.client.id, &api.audience);
        let Some(mapping) = self.mapping.or(selected) else {
            let facts = vec![
                Fact::public("source", source),
                Fact::public("client", &self.client.id),
                Fact::public("audience", &api.audience),
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

    fn show(
        &self,
        outcome: &Result<Permit, ReasonCode>,
        trail: &Trail,
        screen: &mut Screen<'_>,
    ) -> Result<(), Failure> {
        let head = format!("presented by {} at {}, {}", self.client.id, self.now, self.door.short());
        screen.line(styled(FAINT, visible(&head)))?;
        screen.line("")?;
        let steps: Vec<StepView> = trail.steps().iter().map(StepView::of_step).collect();
        show_steps(&steps, screen)?;
        screen.line("")?;
        match outcome {
            Ok(permit) => show_permit(permit, screen)?,
            Err(code) => show_refusal(code, screen)?,
        }
        screen.line("")?;
        let left_out = "not looked at here: whether it was used before, and whether its source is distrusted";
        screen.line(styled(FAINT, left_out))?;
        Ok(())
    }

    fn json(&self, outcome: &Result<Permit, ReasonCode>, trail: &Trail) -> Value {
        let steps: Vec<StepView> = trail.steps().iter().map(StepView::of_step).collect();
        let mut json = json!({
            "client": self.client.id.as_str(),
            "door": self.door.short(),
            "now": self.now.to_string(),
            "steps": steps_json(&steps),
        });
        let outcome = match outcome {
            Ok(permit) => ("token", token_json(permit)),
            Err(code) => ("reason", code.to_string().into()),
        };
        if let Some(fields) = json.as_object_mut() {
            fields.insert(outcome.0.into(), outcome.1);
        }
        json
    }
}

/// Writes the failing step.
fn failing<T>(trail: &mut Trail, stage: Stage, result: Result<T, impl Rejection>) -> Result<T, ReasonCode> {
    result.map_err(|rejection| {
        trail.failed(stage, &rejection);
        rejection.code()
    })
}

fn show_permit(permit: &Permit, screen: &mut Screen<'_>) -> Result<(), Failure> {
    screen.line(format!("{}  it would become this token:", styled(GOOD, "yes")))?;
    screen.line(format!("{:#}", token_json(permit)))?;
    Ok(())
}

fn show_refusal(code: &ReasonCode, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let reason = code.reason();
    screen.line(format!("{}  {}: {}", styled(BAD, "no"), styled(STRONG, code), reason.sentence()))?;
    for line in wrapped(reason.remedy(), 96) {
        screen.line(format!("    {line}"))?;
    }
    screen.line(styled(HINT, format!("    drawbridge explain {code}")))?;
    Ok(())
}

/// What the token would say. Its `iss`, `jti` and `sub` are made when it is issued: `sub` is a keyed hash, whose key is
/// sealed in the store, so what it would be made of is shown instead.
fn token_json(permit: &Permit) -> Value {
    let subject = permit.subject();
    let mut token = serde_json::Map::new();
    for (name, value) in permit.claims() {
        token.insert(name.to_string(), value.to_json());
    }
    token.insert("aud".into(), permit.audience().as_str().into());
    token.insert("client_id".into(), permit.client().as_str().into());
    token.insert("iat".into(), permit.decided().unix_seconds().into());
    token.insert("exp".into(), permit.expires().unix_seconds().into());
    token.insert("scope".into(), permit.scope().to_string().into());
    if let Some(acr) = permit.acr() {
        token.insert("acr".into(), acr.into());
    }
    if !permit.amr().is_empty() {
        token.insert("amr".into(), permit.amr().into());
    }
    if let Some(at) = permit.auth_time() {
        token.insert("auth_time".into(), at.unix_seconds().into());
    }
    let of = json!([subject.namespace.as_str(), subject.format, subject.qualifiers, subject.value]);
    token.insert("sub".into(), json!({ "keyed_hash_of": of }));
    Value::Object(token)
}

fn find_source(loaded: &Loaded, id: &str) -> Result<SourceId, Failure> {
    let known = loaded.settings.source_ids();
    known.iter().find(|source| source.as_str() == id).cloned().ok_or_else(|| {
        Failure::no(format!("there is no source `{id}`")).did_you_mean(suggest(id, known.iter().map(SourceId::as_str)))
    })
}

fn find_mapping<'a>(loaded: &'a Loaded, id: &str) -> Result<&'a Mapping, Failure> {
    loaded.mappings.by_id(&MappingId::new(id)).ok_or_else(|| {
        let known = loaded.mappings.iter().map(|mapping| mapping.id().as_str());
        Failure::no(format!("there is no mapping `{id}`")).did_you_mean(suggest(id, known))
    })
}

/// The client that is named, or the only one that could present such a credential.
fn find_client<'a>(loaded: &'a Loaded, id: Option<&str>, source: Option<&SourceId>) -> Result<&'a Client, Failure> {
    let policy = &loaded.settings.policy;
    if let Some(id) = id {
        return policy.client(&ClientId::new(id)).ok_or_else(|| {
            let known = policy.clients().map(|client| client.id.as_str());
            Failure::no(format!("there is no client `{id}`")).did_you_mean(suggest(id, known))
        });
    }
    let is_provider = |id: &SourceId| loaded.settings.trust.by_id(id).is_some();
    let could = |client: &&Client| match source {
        Some(source) => client.sources.contains(source),
        None => client.sources.iter().any(is_provider),
    };
    let candidates: Vec<&Client> = policy.clients().filter(could).collect();
    match candidates.as_slice() {
        [only] => Ok(only),
        [] => Err(Failure::no("no client may present such a credential").help("name one with `--client ID`")),
        several => {
            let names: Vec<&str> = several.iter().map(|client| client.id.as_str()).collect();
            let message = format!("{} clients could present it: {}", several.len(), names.join(", "));
            Err(Failure::usage(message).help("name one with `--client ID`"))
        }
    }
}

/// The door at which this client would come in: a session and a forward come in by token exchange only.
fn door_of(loaded: &Loaded, client: &Client, is_session: bool) -> GrantType {
    let forwards = loaded.settings.forwards.contains_key(&client.id);
    let bearer = client.grants.contains(&GrantType::Saml2Bearer);
    if bearer && !is_session && !forwards { GrantType::Saml2Bearer } else { GrantType::TokenExchange }
}
