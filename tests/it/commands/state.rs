//! Commands that need state, both ways: at a server that holds the store, and in the store itself.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use drawbridge::backends::sled::{SledOptions, SledStore};
use drawbridge::cli::admin::answer::{State, answer};
use drawbridge::cli::admin::{Request, socket};
use drawbridge::config::{master_key, store_of};
use drawbridge::crypto::entropy::SystemEntropy;
use drawbridge::crypto::keys::{SigningAlgorithm, SigningKey};
use drawbridge::crypto::stored::{KeyState, StoredKey};
use drawbridge::decision::{Detail, Fact, Outcome, Stage, Trail};
use drawbridge::ground::id::{Namespace, SourceId, Sub, TraceId};
use drawbridge::ground::reason::Reason;
use drawbridge::ground::time::Timestamp;
use drawbridge::store::{
    Commit, ConflictSeen, Conflicts as _, Ledger as _, Link, LinkKey, Links as _, MarkKind, Marks as _, Relink, Side,
    Vault as _,
};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::UnixListener;

use super::folder::Folder;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);
const TRACE: TraceId = TraceId::from_bytes([0xab; 16]);

fn open(folder: &Folder) -> SledStore {
    SledStore::open(&SledOptions::at(store_of(&folder.at("data")))).unwrap()
}

/// A record and a signing key.
async fn fill(store: &SledStore, folder: &Folder) -> String {
    let mut trail = Trail::open(TRACE, NOW, Detail::Record);
    trail.passed(Stage::Signature, vec![Fact::public("key", "d0d0603f")]);
    trail.passed(Stage::Subject, vec![Fact::private("found", "ana@corp.example")]);
    let record = trail.close(Outcome::Refused(Reason::SamlExpired.into())).to_json().into_bytes();
    store.commit(Commit { consume: None, trace_id: TRACE, record, links: Vec::new() }).await.unwrap();
    let master_keys = master_key::load(&folder.at("master.key")).unwrap();
    let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let sealed = StoredKey::of(&key, KeyState::Active(NOW), NOW).unwrap().seal(&master_keys, &SystemEntropy);
    store.replace(&sealed.name, None, Some(&sealed.sealed)).await.unwrap();
    for (place, [one, other]) in [["s1", "s2"], ["s3", "s4"]].into_iter().enumerate() {
        let sides = [(one, 2 * place), (other, 2 * place + 1)].map(|(sub, number)| {
            let key = LinkKey::from_hash([u8::try_from(number).unwrap(); 32]);
            Side { key, sub: Sub::new(sub), namespace: Namespace::new(format!("https://{sub}.example")) }
        });
        let link = |side: &Side| Link {
            sub: side.sub.clone(),
            namespace: side.namespace.clone(),
            sealed: Vec::new(),
            made: NOW,
            by: None,
        };
        let change = |side: &Side| Relink { key: side.key, expected: None, link: Some(link(side)) };
        store.relink(sides.iter().map(change).collect()).await.unwrap();
        store.note_conflict(ConflictSeen { sides, at: NOW, trace_id: TRACE }).await.unwrap();
    }
    key.key_id().to_string()
}

/// Neither needs a key.
fn check_conflicts(folder: &Folder) {
    let (first, second) = ("00000000-01010101", "02020202-03030303");
    let listed = folder.run(&["subject", "conflicts"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    for expected in [first, second, "s1", "https://s2.example", "seen 1 time", "drawbridge trace abab"] {
        assert!(listed.out.contains(expected), "{expected}\n{}", listed.out);
    }
    let ids = || {
        let json = folder.run(&["subject", "conflicts", "--json"]).json();
        json["conflicts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids().len(), 2);
    let neither = folder.run(&["subject", "resolve", first, "--keep", "s3"]);
    assert_eq!(neither.code, 1);
    assert!(neither.err.contains("`s3` is not one of the two: keep `s1` or `s2`"), "{}", neither.err);
    let unknown = folder.run(&["subject", "resolve", "00000000-01010102", "--keep", "s1"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains(&format!("did you mean `{first}`?")), "{}", unknown.err);
    let resolved = folder.run(&["subject", "resolve", first, "--keep", "s2"]);
    assert_eq!(resolved.code, 0, "{}", resolved.err);
    assert!(resolved.out.contains("both identifiers are s2 now") && resolved.out.contains("s1"), "{}", resolved.out);
    assert_eq!(ids(), [second]);
    let forgotten = folder.run(&["subject", "resolve", second, "--forget", "--json"]);
    assert_eq!((forgotten.code, forgotten.json()["resolved"].as_str()), (0, Some(second)));
    assert!(folder.run(&["subject", "conflicts"]).out.contains("no conflict waits"));
}

/// Every command, whoever answers.
fn check_commands(folder: &Folder, kid: &str) {
    let traced = folder.run(&["trace", &TRACE.to_string()]);
    assert_eq!(traced.code, 0, "{}", traced.err);
    for expected in [TRACE.to_string().as_str(), "refused  saml.expired", "ok    signature", "d0d0603f", "not recorded"]
    {
        assert!(traced.out.contains(expected), "{expected}\n{}", traced.out);
    }
    let json = folder.run(&["trace", &TRACE.to_string(), "--json"]).json();
    assert_eq!((&json["uses"], &json["record"]["reason"]), (&0.into(), &"saml.expired".into()));
    let missing = folder.run(&["trace", &TraceId::from_bytes([1; 16]).to_string()]);
    assert_eq!((missing.code, missing.out.as_str()), (1, ""));
    let keys = folder.run(&["keys", "list"]);
    assert_eq!(keys.code, 0, "{}", keys.err);
    assert!(keys.out.contains(kid) && keys.out.contains("ES256") && keys.out.contains("active"), "{}", keys.out);
    assert_eq!(folder.run(&["keys", "list", "--json"]).json()["keys"][0]["kid"], *kid);
    let unknown = folder.run(&["distrust", "crop"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("did you mean `corp`?"), "{}", unknown.err);
    for (words, distrusted, changed) in [
        (&["distrust", "corp", "--json"][..], true, true),
        (&["distrust", "corp", "--json"], true, false),
        (&["distrust", "corp", "--undo", "--json"], false, true),
        (&["distrust", "intranet", "--json"], true, true),
    ] {
        let ran = folder.run(words);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!((&ran.json()["distrusted"], &ran.json()["changed"]), (&distrusted.into(), &changed.into()));
    }
}

#[tokio::test]
async fn without_a_server_the_store_is_opened() {
    let folder = Folder::new();
    let store = open(&folder);
    let kid = fill(&store, &folder).await;
    drop(store);
    check_commands(&folder, &kid);
    check_conflicts(&folder);
    let store = open(&folder);
    for (number, sub) in [(0, "s2"), (1, "s2"), (2, "s3"), (3, "s4")] {
        assert_eq!(store.link(&LinkKey::from_hash([number; 32])).await.unwrap().unwrap().sub.as_str(), sub);
    }
    drop(store);
    let marks = open(&folder).marks(MarkKind::Distrust).await.unwrap();
    assert_eq!(marks.iter().map(|mark| mark.key.as_str()).collect::<Vec<_>>(), ["intranet"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_server_its_socket_is_asked() {
    let folder = Folder::new();
    let store = Arc::new(open(&folder));
    let kid = fill(&store, &folder).await;
    listen(&folder, Arc::clone(&store));
    check_commands(&folder, &kid);
    check_conflicts(&folder);
    let marks = store.marks(MarkKind::Distrust).await.unwrap();
    assert_eq!(marks.iter().map(|mark| mark.key.as_str()).collect::<Vec<_>>(), ["intranet"]);
}

#[tokio::test]
async fn a_store_that_is_held_without_a_socket_is_exit_code_3() {
    let folder = Folder::new();
    let store = open(&folder);
    let ran = folder.run(&["distrust", "corp"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    assert!(ran.err.contains("is in use by another process"), "{}", ran.err);
    drop(store);
}

#[test]
fn a_command_that_asks_makes_no_store() {
    let folder = Folder::new();
    for words in [
        &["trace", "00000000000000000000000000000000"][..],
        &["keys", "list"],
        &["distrust", "corp"],
        &["subject", "conflicts"],
        &["subject", "show", "--source", "corp", "--value", "x"],
        &["store", "export"],
        &["store", "check"],
    ] {
        let ran = folder.run(words);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{words:?}");
    }
    assert!(!folder.at("data").exists());
}

#[tokio::test]
async fn distrust_works_whatever_state_the_files_are_in() {
    let folder = Folder::new();
    drop(open(&folder));
    folder.replace("drawbridge.yaml", "issuer:", "isuer: [\nissuer:");
    let lost = folder.run(&["distrust", "corp"]);
    assert_eq!(lost.code, 3);
    assert!(lost.err.contains("--data DIR"), "{}", lost.err);
    let ran = folder.run(&["distrust", "corp", "--data", "data"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    fs::remove_file(folder.at("drawbridge.yaml")).unwrap();
    assert_eq!(folder.run(&["distrust", "corp", "--data", "data", "--undo"]).code, 0);
}

/// What a server does at its admin socket.
fn listen(folder: &Folder, store: Arc<SledStore>) {
    let listener = UnixListener::bind(socket(&folder.at("data"))).unwrap();
    let key = Arc::<Path>::from(folder.at("master.key"));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (store, key) = (Arc::clone(&store), Arc::clone(&key));
            let service = service_fn(move |http| {
                let (store, key) = (Arc::clone(&store), Arc::clone(&key));
                async move { Ok::<_, Infallible>(serve(&store, &key, http).await) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
}

async fn serve(store: &SledStore, key: &Path, http: hyper::Request<Incoming>) -> hyper::Response<Full<Bytes>> {
    let (head, body) = http.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let sources = [SourceId::new("corp"), SourceId::new("intranet")];
    let master_keys = master_key::load(key).unwrap();
    let namespaces = BTreeMap::new();
    let state = State {
        store,
        master_keys: Some(&master_keys),
        keys: None,
        entropy: &SystemEntropy,
        sources: &sources,
        namespaces: &namespaces,
        bridge: None,
        issuer: None,
        now: NOW,
    };
    let answered = match Request::parse(head.method.as_str(), head.uri.path(), &body) {
        Ok(request) => answer(&request, state).await,
        Err(refusal) => Err(refusal),
    };
    let (status, json) = match &answered {
        Ok(answer) => (200, serde_json::to_vec(answer)),
        Err(refusal) => (refusal.status(), serde_json::to_vec(refusal)),
    };
    hyper::Response::builder().status(status).body(Full::new(Bytes::from(json.unwrap()))).unwrap()
}
