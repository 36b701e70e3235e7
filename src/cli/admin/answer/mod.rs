//! Answers to the requests of [`super`], from a store: the same for a running server and for a one-shot command.

mod beside;
mod check;
mod export;
mod import;
mod subject;

use std::collections::BTreeMap;

use crate::crypto::ring::KeyRing;
use crate::crypto::seal::MasterKeys;
use crate::crypto::stored::StoredKey;
use crate::diagnostic::suggest;
use crate::flow::Bridge;
use crate::ground::entropy::Entropy;
use crate::ground::id::{Namespace, SourceId, TraceId};
use crate::ground::time::Timestamp;
use crate::store::{Mark, MarkKind, NewLink, Store, StoreError};
use crate::token::Subjects;

use super::{Answer, Distrust, Distrusted, KeyRow, Keys, Published, Refusal, RefusalKind, Request, Traced};

pub use self::export::{Export, broken_off};

/// So many links or records are read at once; others have their turn in between.
const PAGE: usize = 256;

/// What an answer is made from.
#[derive(Clone, Copy)]
pub struct State<'a> {
    /// The store, held by whoever answers.
    pub store: &'a dyn Store,
    /// Opens what is sealed; `None` where the request needs nothing of that.
    pub master_keys: Option<&'a MasterKeys>,
    /// The keys of the store, opened; `None` where the request does not need them, or the store is new.
    pub keys: Option<OpenedKeys<'a>>,
    /// Chance, for what is to be sealed.
    pub entropy: &'a dyn Entropy,
    /// The sources that are configured; empty where the files cannot be read, and then any id is taken.
    pub sources: &'a [SourceId],
    /// The lasting name of each source, where it is known.
    pub namespaces: &'a BTreeMap<SourceId, Namespace>,
    /// The running bridge: it alone knows what shadows have seen, and what recorded requests would become.
    pub bridge: Option<&'a Bridge>,
    /// Who we are, where the configuration says so.
    pub issuer: Option<&'a str>,
    /// When it is asked.
    pub now: Timestamp,
}

/// The keys that say who a person is, and those that sign.
#[derive(Clone, Copy)]
pub struct OpenedKeys<'a> {
    /// Makes subs and keys of links.
    pub subjects: &'a Subjects,
    /// Signs.
    pub ring: &'a KeyRing,
    /// Seals identifiers.
    pub master: &'a MasterKeys,
}

impl<'a> State<'a> {
    fn opened_keys(&self) -> Result<OpenedKeys<'a>, Refusal> {
        let missing =
            || Refusal::new(RefusalKind::Unavailable, "the store has no keys: the first start of a server makes them");
        self.keys.ok_or_else(missing)
    }
}

/// Answers one request. A change is durable before this returns; a server that keeps marks in memory reads them again
/// after [`Answer::Distrust`] and [`Answer::Import`], and before it passes the answer on.
pub async fn answer(request: &Request, state: State<'_>) -> Result<Answer, Refusal> {
    match request {
        Request::Trace(id) => trace(*id, state).await.map(Answer::Trace),
        Request::Keys => keys(state).await.map(Answer::Keys),
        Request::Distrust(distrusted) => distrust(distrusted, state).await.map(Answer::Distrust),
        Request::Shadows => beside::shadows(state).map(Answer::Shadows),
        Request::Status => beside::status(state).map(Answer::Status),
        Request::Replay(edited) => beside::replayed(edited, state).await.map(Answer::Replay),
        Request::Forget(forget) => beside::forgot(forget, state).await.map(Answer::Forgot),
        Request::Jwks => published(state).map(Answer::Jwks),
        Request::Subject(query) => subject::show(query, state).await.map(Answer::Subject),
        Request::Unlink(asked) => subject::unlink(asked, state).await.map(Answer::Unlink),
        Request::Conflicts => subject::conflicts(state).await.map(Answer::Conflicts),
        Request::Resolve(asked) => subject::resolve(asked, state).await.map(Answer::Resolve),
        Request::Import(part) => import::import(part, state).await.map(Answer::Import),
        Request::Check => check::check(state).await.map(Answer::Check),
    }
}

async fn trace(id: TraceId, state: State<'_>) -> Result<Traced, Refusal> {
    let stored = state.store.record(id).await.map_err(|error| unavailable(&error))?;
    let Some(stored) = stored else {
        return Err(Refusal::new(RefusalKind::NotFound, format!("no record has the trace id {id}")));
    };
    let record = serde_json::from_slice(&stored.record)
        .map_err(|_| Refusal::new(RefusalKind::Unavailable, format!("the record of {id} is damaged")))?;
    let values = beside::values(id, state).await?;
    Ok(Traced { uses: stored.uses, record, values })
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

fn published(state: State<'_>) -> Result<Published, Refusal> {
    let jwks = serde_json::from_str(state.opened_keys()?.ring.jwks().json());
    let jwks = jwks.map_err(|error| Refusal::new(RefusalKind::Unavailable, error.to_string()))?;
    Ok(Published { jwks })
}

/// Reads every link, page by page, and lets others have their turn in between.
async fn each_link(store: &dyn Store, mut take: impl FnMut(NewLink) + Send) -> Result<(), Refusal> {
    let mut after = None;
    loop {
        let page = store.links_page(after, PAGE).await.map_err(|error| unavailable(&error))?;
        page.links.into_iter().for_each(&mut take);
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

fn unavailable(error: &StoreError) -> Refusal {
    Refusal::new(RefusalKind::Unavailable, error.to_string())
}

#[cfg(test)]
mod tests;
