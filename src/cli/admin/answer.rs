//! Answers to the requests of [`super`], from a store: the same for a running server and for a one-shot command.

use crate::crypto::recording::RecordingKey;
use crate::crypto::seal::MasterKeys;
use crate::crypto::stored::StoredKey;
use crate::diagnostic::{Source, suggest};
use crate::flow::{Bridge, Tally, Touched, replay, values_of};
use crate::ground::id::{MappingId, SourceId, TraceId};
use crate::ground::time::Timestamp;
use crate::mapping::{CompileContext, compile};
use crate::store::{Mark, MarkKind, Store, StoreError};

use super::{
    Answer, ChangeRow, Distrust, Distrusted, Edited, Forget, Forgot, KeyRow, Keys, Refusal, RefusalKind, Replayed,
    Request, ShadowRow, Shadowed, Status, Traced,
};

/// What an answer is made from.
#[derive(Clone, Copy)]
pub struct State<'a> {
    /// The store, held by whoever answers.
    pub store: &'a dyn Store,
    /// Opens the signing keys; only [`Request::Keys`] needs it.
    pub master_keys: Option<&'a MasterKeys>,
    /// The sources that are configured; empty where the files cannot be read, and then any id is taken.
    pub sources: &'a [SourceId],
    /// The running bridge: it alone knows what shadows have seen, and what recorded requests would become.
    pub bridge: Option<&'a Bridge>,
    /// When it is asked.
    pub now: Timestamp,
}

/// Answers one request. A change is durable before this returns; a server that keeps marks in memory reads them again
/// after [`Answer::Distrust`] and before it passes the answer on.
pub async fn answer(request: &Request, state: State<'_>) -> Result<Answer, Refusal> {
    match request {
        Request::Trace(id) => trace(*id, state).await.map(Answer::Trace),
        Request::Keys => keys(state).await.map(Answer::Keys),
        Request::Shadows => shadows(state).map(Answer::Shadows),
        Request::Status => status(state).map(Answer::Status),
        Request::Replay(edited) => replayed(edited, state).await.map(Answer::Replay),
        Request::Forget(forget) => forgot(forget, state).await.map(Answer::Forgot),
        Request::Distrust(distrusted) => distrust(distrusted, state).await.map(Answer::Distrust),
    }
}

async fn trace(id: TraceId, state: State<'_>) -> Result<Traced, Refusal> {
    let stored = state.store.record(id).await.map_err(|error| unavailable(&error))?;
    let Some(stored) = stored else {
        return Err(Refusal::new(RefusalKind::NotFound, format!("no record has the trace id {id}")));
    };
    let record = serde_json::from_slice(&stored.record)
        .map_err(|_| Refusal::new(RefusalKind::Unavailable, format!("the record of {id} is damaged")))?;
    let values = values(id, state).await?;
    Ok(Traced { uses: stored.uses, record, values })
}

/// The values of the steps, where they were kept and can be opened.
async fn values(id: TraceId, state: State<'_>) -> Result<Option<serde_json::Value>, Refusal> {
    let Some(master_keys) = state.master_keys else { return Ok(None) };
    let entries = state.store.list(RecordingKey::VAULT_NAME).await.map_err(|error| unavailable(&error))?;
    let Some(entry) = entries.iter().find(|entry| entry.name == RecordingKey::VAULT_NAME) else { return Ok(None) };
    let refused = |error: String| Refusal::new(RefusalKind::Unavailable, error);
    let key = RecordingKey::open(master_keys, &entry.sealed).map_err(|error| refused(error.to_string()))?;
    let values = values_of(state.store, &key, id).await.map_err(|error| refused(error.to_string()))?;
    Ok(values.and_then(|json| serde_json::from_slice(json.expose()).ok()))
}

async fn keys(state: State<'_>) -> Result<Keys, Refusal> {
    let Some(master_keys) = state.master_keys else {
        return Err(Refusal::new(RefusalKind::Unavailable, "without the master key no signing key can be opened"));
    };
    let entries = state.store.list(StoredKey::VAULT_PREFIX).await.map_err(|error| unavailable(&error))?;
    let mut keys = Vec::with_capacity(entries.len());
    for entry in entries {
        let key = StoredKey::open(master_keys, &entry.name, &entry.sealed)
            .map_err(|error| Refusal::new(RefusalKind::Unavailable, error.to_string()))?;
        keys.push(KeyRow {
            kid: key.key_id.to_string(),
            algorithm: key.algorithm.as_str().to_owned(),
            state: key.state.as_str().to_owned(),
            since: key.state.since().to_string(),
        });
    }
    keys.sort_by(|left, right| {
        (&left.algorithm, &left.since, &left.kid).cmp(&(&right.algorithm, &right.since, &right.kid))
    });
    Ok(Keys { keys })
}

fn bridge(state: State<'_>) -> Result<&Bridge, Refusal> {
    state.bridge.ok_or_else(|| Refusal::new(RefusalKind::Unavailable, "no server runs, and this is known to one alone"))
}

async fn replayed(edited: &Edited, state: State<'_>) -> Result<Replayed, Refusal> {
    let bridge = bridge(state)?;
    let sources: Vec<Source> = edited.files.iter().map(|file| Source::new(&file.path, &file.text)).collect();
    let mappings = compile(&sources, &CompileContext::default()).map_err(|_| {
        Refusal::new(RefusalKind::BadRequest, "the edited mapping has problems: `drawbridge mapping test` shows them")
    })?;
    let replay = replay(bridge, &mappings).await;
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
        changes,
    })
}

async fn forgot(forget: &Forget, state: State<'_>) -> Result<Forgot, Refusal> {
    let bridge = bridge(state)?;
    let source = SourceId::new(forget.source.as_str());
    let Some(namespace) = bridge.revision().namespace(&source) else {
        let known = state.sources.iter().map(SourceId::as_str);
        let refusal = Refusal::new(RefusalKind::NotFound, format!("there is no source `{source}`"));
        let suggestion = suggest(source.as_str(), known).map(str::to_owned);
        return Err(Refusal { suggestion, ..refusal });
    };
    let person = bridge.recorder().person_of(&namespace, &forget.name_id);
    let removed = bridge.recorder().forget(&person).await.map_err(|error| unavailable(&error))?;
    Ok(Forgot { removed })
}

fn status(state: State<'_>) -> Result<Status, Refusal> {
    let bridge = bridge(state)?;
    let health = bridge.store().health();
    let went = bridge.reloads().so_far();
    Ok(Status {
        ready: health.is_ok(),
        store: health.err().map(|error| error.to_string()),
        revision: bridge.revision().hash.to_string(),
        reloaded: went.last.as_ref().map(|(at, _)| at.to_string()),
        reload_problem: went.problem().map(str::to_owned),
    })
}

fn shadows(state: State<'_>) -> Result<Shadowed, Refusal> {
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

async fn distrust(asked: &Distrust, state: State<'_>) -> Result<Distrusted, Refusal> {
    let source = SourceId::new(asked.source.as_str());
    let marks = state.store.marks(MarkKind::Distrust).await.map_err(|error| unavailable(&error))?;
    let is_marked = marks.iter().any(|mark| mark.key == source.as_str());
    let is_known = state.sources.is_empty() || state.sources.contains(&source) || is_marked;
    if !is_known || asked.source.is_empty() {
        let known = state.sources.iter().map(SourceId::as_str);
        let refusal = Refusal::new(RefusalKind::NotFound, format!("there is no source `{source}`"));
        let suggestion = suggest(source.as_str(), known).map(str::to_owned);
        return Err(Refusal { suggestion, ..refusal });
    }
    let changed = is_marked == asked.undo;
    if changed && asked.undo {
        state.store.unmark(MarkKind::Distrust, source.as_str()).await.map_err(|error| unavailable(&error))?;
    } else if changed {
        let mark = Mark { kind: MarkKind::Distrust, key: source.to_string(), value: state.now.to_string() };
        state.store.mark(mark).await.map_err(|error| unavailable(&error))?;
    }
    Ok(Distrusted { source: asked.source.clone(), distrusted: !asked.undo, changed })
}

fn unavailable(error: &StoreError) -> Refusal {
    Refusal::new(RefusalKind::Unavailable, error.to_string())
}

#[cfg(test)]
mod tests {
    use crate::backends::memory::MemoryStore;
    use crate::crypto::entropy::SystemEntropy;
    use crate::crypto::keys::{SigningAlgorithm, SigningKey};
    use crate::crypto::stored::KeyState;
    use crate::store::{Commit, Ledger as _, Marks as _, Vault as _};

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

    fn state<'a>(store: &'a MemoryStore, sources: &'a [SourceId]) -> State<'a> {
        State { store, master_keys: None, sources, bridge: None, now: NOW }
    }

    #[tokio::test]
    async fn a_record_is_found_by_its_trace_id() {
        let store = MemoryStore::new();
        let trace_id = TraceId::from_bytes([3; 16]);
        let record = br#"{"outcome":"issued"}"#.to_vec();
        store.commit(Commit { consume: None, trace_id, record, links: Vec::new() }).await.unwrap();
        let found = answer(&Request::Trace(trace_id), state(&store, &[])).await.unwrap();
        assert_eq!(
            found,
            Answer::Trace(Traced { uses: 0, record: serde_json::json!({"outcome": "issued"}), values: None })
        );
        let missing = answer(&Request::Trace(TraceId::from_bytes([4; 16])), state(&store, &[])).await.unwrap_err();
        assert_eq!((missing.error, missing.status()), (RefusalKind::NotFound, 404));
    }

    #[tokio::test]
    async fn a_source_is_distrusted_once_and_trusted_again() {
        let store = MemoryStore::new();
        let sources = [SourceId::new("corp-adfs")];
        let ask = |source: &str, undo| Request::Distrust(Distrust { source: source.to_owned(), undo });
        for (undo, distrusted, changed) in
            [(true, false, false), (false, true, true), (false, true, false), (true, false, true)]
        {
            let found = answer(&ask("corp-adfs", undo), state(&store, &sources)).await.unwrap();
            assert_eq!(found, Answer::Distrust(Distrusted { source: "corp-adfs".into(), distrusted, changed }));
            assert_eq!(store.marks(MarkKind::Distrust).await.unwrap().len(), usize::from(distrusted));
        }
    }

    #[tokio::test]
    async fn an_unknown_source_is_refused_unless_the_files_say_nothing() {
        let store = MemoryStore::new();
        let sources = [SourceId::new("corp-adfs")];
        let ask = Request::Distrust(Distrust { source: "corp-adsf".into(), undo: false });
        let refusal = answer(&ask, state(&store, &sources)).await.unwrap_err();
        assert_eq!((refusal.error, refusal.suggestion.as_deref()), (RefusalKind::NotFound, Some("corp-adfs")));
        assert!(answer(&ask, state(&store, &[])).await.is_ok());
        // Once distrusted it can be trusted again, although no file names it.
        let undo = Request::Distrust(Distrust { source: "corp-adsf".into(), undo: true });
        assert!(answer(&undo, state(&store, &sources)).await.is_ok());
    }

    #[tokio::test]
    async fn keys_are_listed_without_anything_secret() {
        let store = MemoryStore::new();
        let master_keys = MasterKeys::parse(&MasterKeys::new_line(&SystemEntropy)).unwrap();
        let key = SigningKey::generate(SigningAlgorithm::EdDsa).unwrap();
        let stored = StoredKey::of(&key, KeyState::Active(NOW), NOW).unwrap();
        let sealed = stored.seal(&master_keys, &SystemEntropy);
        store.replace(&sealed.name, None, Some(&sealed.sealed)).await.unwrap();
        let state = state(&store, &[]);
        let found = answer(&Request::Keys, State { master_keys: Some(&master_keys), ..state }).await.unwrap();
        let row = KeyRow {
            kid: key.key_id().to_string(),
            algorithm: "EdDSA".into(),
            state: "active".into(),
            since: NOW.to_string(),
        };
        assert_eq!(found, Answer::Keys(Keys { keys: vec![row] }));
        let refusal = answer(&Request::Keys, state).await.unwrap_err();
        assert_eq!(refusal.error, RefusalKind::Unavailable);
    }

    #[tokio::test]
    async fn a_store_that_failed_is_said_to_be_unavailable() {
        let store = MemoryStore::new();
        store.poison("no space");
        let ask = Request::Distrust(Distrust { source: "a".into(), undo: false });
        let refusal = answer(&ask, state(&store, &[])).await.unwrap_err();
        assert_eq!((refusal.error, refusal.status()), (RefusalKind::Unavailable, 503));
    }
}
