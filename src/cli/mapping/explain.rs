//! `drawbridge mapping explain`: a credential through the stream without a server, with a trail that keeps values.

use serde_json::{Value, json};

use crate::config::{Environment, Extent, LoadError, Loaded, load};
use crate::decision::{Detail, Trail};
use crate::diagnostic::suggest;
use crate::ground::id::{ClientId, MappingId, SourceId, TraceId};
use crate::ground::reason::ReasonCode;
use crate::ground::scope::ScopeSet;
use crate::ground::time::Timestamp;
use crate::mapping::Mapping;
use crate::policy::{AskedTarget, Client};

use super::super::args::MappingExplainArgs;
use super::super::check::show_refused;
use super::super::exit::{Answer, Exit, Failure};
use super::super::report::{Shown, counted, not_loaded};
use super::super::screen::{BAD, FAINT, GOOD, HINT, NOTE, STRONG, Screen, styled, visible, wrapped};
use super::super::view::{StepView, show_steps, steps_json};
use super::crossing::{Crossed, Request, door_of};
use super::presented::{self, Presented};

/// Sends the credential through and shows every step.
pub(in crate::cli) fn run(
    args: &MappingExplainArgs,
    environment: &dyn Environment,
    now: Timestamp,
    screen: &mut Screen<'_>,
) -> Answer {
    let now = super::moment(args.now.as_deref(), now)?;
    let loaded = match load(&args.config.config, Extent::Explain, environment, now) {
        Ok(loaded) => loaded,
        Err(LoadError::Refused(refused)) => {
            show_refused(&refused, args.json.form(), Shown::Telling, screen)?;
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
        let scope = args.scope.as_deref().or(presented.scope.as_deref()).map(ScopeSet::parse).transpose();
        let scope = scope.map_err(|rejection| Failure::no(format!("the scope that is asked for is {rejection}")))?;
        let door = presented.grant.unwrap_or_else(|| door_of(loaded, client, session.is_some()));
        Ok(Self { loaded, presented, client, door, session, source, mapping, target, scope, now })
    }

    fn show(
        &self,
        outcome: &Result<Crossed, ReasonCode>,
        trail: &Trail,
        screen: &mut Screen<'_>,
    ) -> Result<(), Failure> {
        let failed = self.loaded.tests.iter().filter(|test| !test.passed()).count();
        if failed > 0 {
            let tests = counted(failed, "test of these mappings fails", "tests of these mappings fail");
            screen.line(styled(NOTE, format!("{tests}: a server would not take them")))?;
        }
        let head = format!("presented by {} at {}, {}", self.client.id, self.now, self.door.short());
        screen.line(styled(FAINT, visible(&head)))?;
        screen.line("")?;
        let steps: Vec<StepView> = trail.steps().iter().map(StepView::of_step).collect();
        show_steps(&steps, screen)?;
        screen.line("")?;
        match outcome {
            Ok(crossed) => show_crossed(crossed, screen)?,
            Err(code) => show_refusal(code, trail, screen)?,
        }
        screen.line("")?;
        if self.scope.is_none() {
            screen.line(styled(FAINT, "no scope was asked for: a request that names some is judged with `--scope`"))?;
        }
        LEFT_OUT.iter().try_for_each(|line| screen.line(styled(FAINT, line)))?;
        Ok(())
    }

    fn json(&self, outcome: &Result<Crossed, ReasonCode>, trail: &Trail) -> Value {
        let steps: Vec<StepView> = trail.steps().iter().map(StepView::of_step).collect();
        let mut json = json!({
            "client": self.client.id.as_str(),
            "door": self.door.short(),
            "now": self.now.to_string(),
            "steps": steps_json(&steps),
        });
        let outcome = match outcome {
            Ok(crossed) => ("token", token_json(crossed)),
            Err(code) => ("reason", code.to_string().into()),
        };
        if let Some(fields) = json.as_object_mut() {
            fields.insert(outcome.0.into(), outcome.1);
        }
        json
    }
}

fn show_crossed(crossed: &Crossed, screen: &mut Screen<'_>) -> Result<(), Failure> {
    screen.line(format!("{}  it would become this token:", styled(GOOD, "yes")))?;
    format!("{:#}", token_json(crossed)).lines().try_for_each(|line| screen.line(visible(line)))?;
    Ok(())
}

fn show_refusal(code: &ReasonCode, trail: &Trail, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let reason = code.reason();
    screen.line(format!("{}  {}: {}", styled(BAD, "no"), styled(STRONG, code), reason.sentence()))?;
    // The step that failed may have said what to do about this very case.
    let is_told = trail.steps().last().is_some_and(|step| step.facts.iter().any(|fact| fact.label == "help"));
    for line in wrapped(if is_told { "" } else { reason.remedy() }, 96) {
        screen.line(format!("    {line}"))?;
    }
    screen.line(styled(HINT, format!("    drawbridge explain {code}")))?;
    Ok(())
}

/// What only the store knows.
const LEFT_OUT: [&str; 3] = [
    "not looked at here: whether it was used before, whether its source is distrusted, and links:",
    "one in the store decides over what `sub` is made of here (`drawbridge subject show`),",
    "and two that contradict each other refuse (`drawbridge subject conflicts`)",
];

/// What the token would say. Its `iss`, `jti` and `sub` are made when it is issued: `sub` is a keyed hash, whose key is
/// sealed in the store, so what it would be made of is shown instead.
fn token_json(Crossed { permit, named }: &Crossed) -> Value {
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
    let of = json!([named.namespace.as_str(), named.format, named.qualifiers, named.value]);
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
