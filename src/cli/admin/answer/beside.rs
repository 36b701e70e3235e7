//! Answers of a running bridge alone: shadows, recordings, reloads; and the values of a trace.

use crate::crypto::recording::RecordingKey;
use crate::diagnostic::{Source, suggest};
use crate::flow::{Bridge, Tally, Touched, replay, values_of};
use crate::ground::id::{MappingId, SourceId, TraceId};
use crate::mapping::{CompileContext, compile};

use super::super::beside::{ChangeRow, Edited, Forget, Forgot, Replayed, ShadowRow, Shadowed, Status, Who};
use super::super::{Refusal, RefusalKind};
use super::{State, unavailable};

fn bridge(state: State<'_>) -> Result<&Bridge, Refusal> {
    state.bridge.ok_or_else(|| Refusal::new(RefusalKind::Unavailable, "no server runs, and this is known to one alone"))
}

pub(super) async fn replayed(edited: &Edited, state: State<'_>) -> Result<Replayed, Refusal> {
    let bridge = bridge(state)?;
    let sources: Vec<Source> = edited.files.iter().map(|file| Source::new(&file.path, &file.text)).collect();
    let mappings = compile(&sources, &CompileContext::default()).map_err(|_| {
        Refusal::new(RefusalKind::BadRequest, "the edited mapping has problems: `drawbridge mapping test` shows them")
    })?;
    let replay = replay(bridge, mappings).await;
    let replay = replay.map_err(|error| Refusal::new(RefusalKind::Unavailable, error.to_string()))?;
    let row = |(what, touched): (String, Touched)| ChangeRow {
        what,
        requests: touched.requests,
        people: touched.people,
        examples: touched.examples.into_iter().map(|(trace_id, person)| (trace_id.to_string(), person)).collect(),
    };
    let changes = replay.differences.into_iter().map(row).collect();
    Ok(Replayed {
        requests: replay.requests,
        people: replay.people,
        same: replay.same,
        redacted: replay.redacted,
        unreadable: replay.unreadable,
        changes,
    })
}

pub(super) async fn forgot(forget: &Forget, state: State<'_>) -> Result<Forgot, Refusal> {
    let bridge = bridge(state)?;
    let source = SourceId::new(forget.source.as_str());
    let Some(namespace) = bridge.revision().namespace(&source) else {
        let known = state.sources.iter().map(SourceId::as_str);
        let refusal = Refusal::new(RefusalKind::NotFound, format!("there is no source `{source}`"));
        let suggestion = suggest(source.as_str(), known).map(str::to_owned);
        return Err(Refusal { suggestion, ..refusal });
    };
    let recorder = bridge.recorder();
    let removed = match &forget.who {
        Who::NameId(name_id) => recorder.forget(&recorder.person_of(&namespace, name_id)).await,
        Who::Value(value) => recorder.forget_value(&namespace, value).await,
    };
    let removed = removed.map_err(|error| unavailable(&error))?;
    Ok(Forgot { removed })
}

pub(super) fn status(state: State<'_>) -> Result<Status, Refusal> {
    let no_server = || {
        let message = "no server runs on this data folder; `status` asks a running one";
        Refusal::new(RefusalKind::Unavailable, message)
    };
    let bridge = state.bridge.ok_or_else(no_server)?;
    let health = bridge.store().health();
    let went = bridge.reloads().so_far();
    Ok(Status {
        ready: health.is_ok(),
        store: health.err().map(|error| error.to_string()),
        revision: bridge.revision().hash.to_string(),
        reloaded: went.last.as_ref().map(|(at, _)| at.to_string()),
        in_force_since: went.in_force_since.map(|at| at.to_string()),
        not_taken_since: went.not_taken_since.map(|at| at.to_string()),
        reload_problems: went.problems().to_vec(),
    })
}

pub(super) fn shadows(state: State<'_>) -> Result<Shadowed, Refusal> {
    let shadows = bridge(state)?.shadows();
    let row = |(mapping, tally): (MappingId, Tally)| ShadowRow {
        mapping: mapping.to_string(),
        hash: tally.hash.to_string(),
        same: tally.same,
        differing: tally.differing,
        differences: tally.differences,
        samples: tally.samples.iter().map(ToString::to_string).collect(),
    };
    Ok(Shadowed { shadows: shadows.tallies().into_iter().map(row).collect() })
}

/// The values of the steps, where they were kept and can be opened.
pub(super) async fn values(id: TraceId, state: State<'_>) -> Result<Option<serde_json::Value>, Refusal> {
    let Some(master_keys) = state.master_keys else { return Ok(None) };
    let entries = state.store.list(RecordingKey::VAULT_NAME).await.map_err(|error| unavailable(&error))?;
    let Some(entry) = entries.iter().find(|entry| entry.name == RecordingKey::VAULT_NAME) else { return Ok(None) };
    let refused = |error: String| Refusal::new(RefusalKind::Unavailable, error);
    let key = RecordingKey::open(master_keys, &entry.sealed).map_err(|error| refused(error.to_string()))?;
    let values = values_of(state.store, &key, id).await.map_err(|error| refused(error.to_string()))?;
    Ok(values.and_then(|json| serde_json::from_slice(json.expose()).ok()))
}
