//! Over a store in memory.

use crate::backends::memory::MemoryStore;
use crate::crypto::entropy::SystemEntropy;
use crate::crypto::keys::{SigningAlgorithm, SigningKey};
use crate::crypto::stored::KeyState;
use crate::crypto::subject::SubjectKey;
use crate::ground::id::Sub;
use crate::mapping::Subject;
use crate::store::{
    Commit, ConflictSeen, Conflicts as _, Ledger as _, Link, Links as _, Marks as _, Relink, Side, Vault as _,
};
use crate::token::LinkMaker;

use super::super::subject::{Called, Resolve, Resolved, SubjectQuery, Unlink, Unlinked};
use super::super::transfer::{Checked, Contradiction, ImportPart, Imported, LinkLine, Transfer};
use super::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

static NO_NAMESPACES: BTreeMap<SourceId, Namespace> = BTreeMap::new();

fn state<'a>(store: &'a MemoryStore, sources: &'a [SourceId]) -> State<'a> {
    State {
        store,
        master_keys: None,
        keys: None,
        entropy: &SystemEntropy,
        sources,
        namespaces: &NO_NAMESPACES,
        bridge: None,
        issuer: None,
        now: NOW,
    }
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

/// A store with keys, as a bridge has them, and what answers are made from.
struct House {
    store: MemoryStore,
    master: MasterKeys,
    subjects: Subjects,
    ring: KeyRing,
    namespaces: BTreeMap<SourceId, Namespace>,
}

impl House {
    fn new() -> Self {
        let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
        let stored = StoredKey::of(&key, KeyState::Active(NOW), NOW).unwrap();
        let namespaces = [("corp", "https://idp.example"), ("old", "https://old.example")];
        Self {
            store: MemoryStore::new(),
            master: MasterKeys::parse(&MasterKeys::new_line(&SystemEntropy)).unwrap(),
            subjects: Subjects::new(SubjectKey::generate(&SystemEntropy)),
            ring: KeyRing::load(&[stored]).unwrap(),
            namespaces: namespaces.map(|(id, name)| (SourceId::new(id), Namespace::new(name))).into(),
        }
    }

    fn state(&self) -> State<'_> {
        State {
            master_keys: Some(&self.master),
            keys: Some(OpenedKeys { subjects: &self.subjects, ring: &self.ring, master: &self.master }),
            namespaces: &self.namespaces,
            issuer: Some("https://bridge.example"),
            ..state(&self.store, &[])
        }
    }

    async fn ask(&self, request: Request) -> Result<Answer, Refusal> {
        answer(&request, self.state()).await
    }

    /// Links somebody, and says under which key.
    async fn link(&self, subject: &Subject, sub: &str) -> NewLink {
        let by = Some(TraceId::from_bytes([3; 16]));
        let (subjects, master) = (&self.subjects, &self.master);
        let maker = LinkMaker { subjects, master, entropy: &SystemEntropy, now: NOW, by };
        let new = maker.link(subject, Sub::new(sub));
        let change = Relink { key: new.key, expected: None, link: Some(new.link.clone()) };
        self.store.relink(vec![change]).await.unwrap();
        new
    }

    async fn sub_of(&self, new: &NewLink) -> Option<String> {
        self.store.link(&new.key).await.unwrap().map(|link| link.sub.to_string())
    }

    async fn export(&self) -> Result<String, Refusal> {
        let (mut export, mut text) = (Export::begin(self.state()), String::new());
        while let Some(lines) = export.lines().await? {
            text.push_str(&lines);
        }
        Ok(text)
    }

    async fn import(&self, text: &str, jwks: &str, dry_run: bool) -> Imported {
        let transfer = Transfer::read(text, jwks).unwrap();
        let part = ImportPart { dry_run, links: transfer.links, distrust: transfer.distrust };
        let Answer::Import(imported) = self.ask(Request::Import(part)).await.unwrap() else { panic!() };
        imported
    }
}

fn person(namespace: &str, format: &str, value: &str) -> Subject {
    let qualifiers = [String::new(), String::new()];
    Subject { namespace: Namespace::new(namespace), format: format.into(), qualifiers, value: value.into() }
}

const CORP: &str = "https://idp.example";

fn whose(called: Called) -> SubjectQuery {
    SubjectQuery { source: Some("corp".into()), namespace: None, called }
}

fn by_name(value: &str, format: Option<&str>) -> SubjectQuery {
    whose(Called::NameId { value: value.into(), format: format.map(str::to_owned) })
}

#[tokio::test]
async fn a_person_is_found_by_what_an_administrator_knows() {
    let house = House::new();
    let qualified = Subject { qualifiers: ["q".into(), "sp".into()], ..person(CORP, "persistent", "ana") };
    house.link(&qualified, "s1").await;
    house.link(&person(CORP, "email", "ana"), "s2").await;
    house.link(&person(CORP, "mapped", "ana"), "s3").await;
    house.link(&person("https://old.example", "persistent", "ana"), "s4").await;
    let subs = |query: SubjectQuery| async {
        let Answer::Subject(shown) = house.ask(Request::Subject(query)).await.unwrap() else { panic!() };
        let mut subs: Vec<String> = shown.linked.into_iter().map(|row| row.sub).collect();
        subs.sort_unstable();
        assert_eq!(shown.unreadable, 0);
        (subs.join(" "), shown.would_be)
    };
    assert_eq!(subs(by_name("ana", None)).await, ("s1 s2".into(), None));
    assert_eq!(subs(by_name("ana", Some("persistent"))).await, ("s1".into(), None));
    assert_eq!(subs(whose(Called::Mapped("ana".into()))).await, ("s3".into(), None));
    let by_namespace = SubjectQuery {
        source: None,
        namespace: Some("https://old.example".into()),
        called: Called::NameId { value: "ana".into(), format: None },
    };
    assert_eq!(subs(by_namespace).await, ("s4".into(), None));
    // Somebody who has not come in yet.
    assert_eq!(subs(by_name("bob", None)).await, (String::new(), None));
    let derived = |format: &str| Some(house.subjects.derived(&person(CORP, format, "bob")).to_string());
    assert_eq!(subs(by_name("bob", Some("email"))).await, (String::new(), derived("email")));
    assert_eq!(subs(whose(Called::Mapped("bob".into()))).await, (String::new(), derived("mapped")));

    let unknown = SubjectQuery { source: Some("crop".into()), ..by_name("ana", None) };
    let refusal = house.ask(Request::Subject(unknown)).await.unwrap_err();
    assert_eq!((refusal.error, refusal.suggestion.as_deref()), (RefusalKind::NotFound, Some("corp")));
    let both = SubjectQuery { namespace: Some("n".into()), ..by_name("ana", None) };
    assert_eq!(house.ask(Request::Subject(both)).await.unwrap_err().error, RefusalKind::BadRequest);
}

#[tokio::test]
async fn a_link_that_cannot_be_opened_is_counted_and_not_passed_over() {
    let house = House::new();
    let ana = house.link(&person(CORP, "email", "ana"), "s1").await;
    let bob = house.subjects.link_key(&person(CORP, "email", "bob"));
    // Under another key than that of its identifier.
    let change = Relink { key: bob, expected: None, link: Some(ana.link) };
    house.store.relink(vec![change]).await.unwrap();
    let Answer::Subject(shown) = house.ask(Request::Subject(by_name("bob", None))).await.unwrap() else { panic!() };
    assert_eq!((shown.linked, shown.unreadable), (Vec::new(), 1));
    let Answer::Check(checked) = house.ask(Request::Check).await.unwrap() else { panic!() };
    assert_eq!((checked.links, checked.problem_count), (2, 1));
    assert!(checked.problems[0].contains(&bob.to_string()) && !checked.problems[0].contains("ana"), "{checked:?}");
    let refusal = house.export().await.unwrap_err();
    assert!(refusal.message.contains(&bob.to_string()), "{refusal}");
}

#[tokio::test]
async fn a_link_is_removed_only_with_the_sub_that_it_has() {
    let house = House::new();
    let ana = house.link(&person(CORP, "email", "ana"), "s1").await;
    let ask = |sub: &str| Request::Unlink(Unlink { whose: by_name("ana", None), sub: sub.into() });
    assert_eq!(house.ask(ask("s2")).await.unwrap_err().error, RefusalKind::NotFound);
    assert_eq!(house.sub_of(&ana).await.as_deref(), Some("s1"));
    assert_eq!(house.ask(ask("s1")).await, Ok(Answer::Unlink(Unlinked { unlinked: 1 })));
    assert_eq!(house.sub_of(&ana).await, None);
    assert_eq!(house.ask(ask("s1")).await.unwrap_err().error, RefusalKind::NotFound);
}

/// Two links that contradict each other, and the name of their conflict.
async fn conflict(house: &House) -> (NewLink, NewLink, String) {
    let ana = house.link(&person(CORP, "email", "ana"), "s1").await;
    let old = house.link(&person("https://old.example", "email", "ana"), "s2").await;
    let side = |new: &NewLink| Side { key: new.key, sub: new.link.sub.clone(), namespace: new.link.namespace.clone() };
    let trace_id = TraceId::from_bytes([3; 16]);
    house.store.note_conflict(ConflictSeen { sides: [side(&ana), side(&old)], at: NOW, trace_id }).await.unwrap();
    let Answer::Conflicts(shown) = house.ask(Request::Conflicts).await.unwrap() else { panic!() };
    let [row] = &shown.conflicts[..] else { panic!("{shown:?}") };
    let mut subs = row.sides.each_ref().map(|side| side.sub.as_str());
    subs.sort_unstable();
    assert_eq!((subs, row.count, row.trace_id.as_str()), (["s1", "s2"], 1, trace_id.to_string().as_str()));
    (ana, old, row.id.clone())
}

#[tokio::test]
async fn a_conflict_ends_with_the_sub_that_is_kept() {
    for (keep, given_up) in [("s1", "s2"), ("s2", "s1")] {
        let house = House::new();
        let (ana, old, id) = conflict(&house).await;
        house.link(&person(CORP, "email", "ana.ruiz"), "s2").await;
        let resolve = |keep: &str| Request::Resolve(Resolve { conflict: id.clone(), keep: Some(keep.into()) });
        let refusal = house.ask(resolve("s9")).await.unwrap_err();
        assert_eq!(refusal.error, RefusalKind::Conflict);
        assert!(refusal.message.contains("`s1`") && refusal.message.contains("`s2`"), "{refusal}");
        let answer = house.ask(resolve(keep)).await;
        let still_there = u64::from(keep == "s1");
        let (kept, given_up) = (Some(keep.to_owned()), Some(given_up.to_owned()));
        assert_eq!(answer, Ok(Answer::Resolve(Resolved { resolved: id.clone(), kept, given_up, still_there })));
        for new in [&ana, &old] {
            assert_eq!(house.sub_of(new).await.as_deref(), Some(keep));
            // Whom it is about is still known.
            let link = house.store.link(&new.key).await.unwrap().unwrap();
            house.subjects.opened(&NewLink { key: new.key, link }, &house.master).unwrap();
        }
        assert_eq!(house.store.conflicts().await, Ok(Vec::new()));
        assert_eq!(house.ask(resolve(keep)).await.unwrap_err().error, RefusalKind::NotFound);
    }
}

#[tokio::test]
async fn a_conflict_is_judged_by_what_its_links_have_now() {
    let house = House::new();
    let (ana, old, id) = conflict(&house).await;
    let moved =
        Relink { key: ana.key, expected: Some(Sub::new("s1")), link: Some(Link { sub: Sub::new("s7"), ..ana.link }) };
    house.store.relink(vec![moved]).await.unwrap();
    let resolve = |keep: &str| Request::Resolve(Resolve { conflict: id.clone(), keep: Some(keep.into()) });
    assert_eq!(house.ask(resolve("s1")).await.unwrap_err().error, RefusalKind::Conflict);
    let Answer::Resolve(resolved) = house.ask(resolve("s7")).await.unwrap() else { panic!() };
    assert_eq!((resolved.given_up.as_deref(), house.sub_of(&old).await.as_deref()), (Some("s2"), Some("s7")));
}

#[tokio::test]
async fn a_conflict_that_is_none_any_more_is_forgotten() {
    let house = House::new();
    let (ana, old, id) = conflict(&house).await;
    let wrong = Resolve { conflict: id.replace('-', ""), keep: None };
    assert_eq!(house.ask(Request::Resolve(wrong)).await.unwrap_err().error, RefusalKind::NotFound);
    let forget = Request::Resolve(Resolve { conflict: id.clone(), keep: None });
    let forgotten = Resolved { resolved: id, kept: None, given_up: None, still_there: 0 };
    assert_eq!(house.ask(forget).await, Ok(Answer::Resolve(forgotten)));
    assert_eq!(house.store.conflicts().await, Ok(Vec::new()));
    assert_eq!((house.sub_of(&ana).await.as_deref(), house.sub_of(&old).await.as_deref()), (Some("s1"), Some("s2")));
}

#[tokio::test]
async fn what_one_bridge_exports_another_imports() {
    let (here, there) = (House::new(), House::new());
    let ana = Subject { qualifiers: ["q".into(), "sp".into()], ..person(CORP, "persistent", "ana \"\n\u{e9}") };
    here.link(&ana, "s1").await;
    for number in 0..PAGE * 2 {
        here.link(&person("https://old.example", "mapped", &number.to_string()), &number.to_string()).await;
    }
    let mark = Mark { kind: MarkKind::Distrust, key: "old".into(), value: "2026-03-01T12:00:00Z n".into() };
    here.store.mark(mark.clone()).await.unwrap();
    let text = here.export().await.unwrap();
    let links = PAGE as u64 * 2 + 1;

    // Of 513 links a step takes 64; the command divides them.
    let jwks = here.ring.jwks().json();
    let transfer = Transfer::read(&text, jwks).unwrap();
    assert_eq!(transfer.issuer.as_deref(), Some("https://bridge.example"));
    assert_eq!((transfer.links.len() as u64, transfer.distrust.len()), (links, 1));
    for (dry_run, new, same) in [(true, links, 0), (false, links, 0), (false, 0, links)] {
        let mut imported = Imported::default();
        for (place, part) in transfer.links.chunks(64).enumerate() {
            let distrust = if place == 0 { transfer.distrust.clone() } else { Vec::new() };
            let part = ImportPart { dry_run, links: part.to_vec(), distrust };
            let Answer::Import(answered) = there.ask(Request::Import(part)).await.unwrap() else { panic!() };
            imported = imported.and(answered);
        }
        assert_eq!((imported.new_links, imported.same_links, imported.contradictions.len()), (new, same, 0));
        assert_eq!(imported.new_distrust, u64::from(new > 0));
        let is_there = there.store.link(&there.subjects.link_key(&ana)).await.unwrap();
        assert_eq!(is_there.is_some(), !dry_run);
    }
    let link = there.store.link(&there.subjects.link_key(&ana)).await.unwrap().unwrap();
    assert_eq!((link.sub.as_str(), link.made, link.by), ("s1", NOW, None));
    let new = NewLink { key: there.subjects.link_key(&ana), link };
    assert_eq!(there.subjects.opened(&new, &there.master), Ok(ana));
    assert_eq!(there.store.marks(MarkKind::Distrust).await, Ok(vec![mark]));
    let Answer::Check(checked) = there.ask(Request::Check).await.unwrap() else { panic!() };
    assert_eq!((checked.links, checked.problem_count, checked.distrusted), (links, 0, 1));
    assert_eq!(checked.links_by_namespace["https://old.example"], links - 1);
}

#[tokio::test]
async fn an_import_that_contradicts_the_store_writes_nothing() {
    let (here, there) = (House::new(), House::new());
    for (value, sub) in [("ana", "s1"), ("bob", "s2")] {
        here.link(&person(CORP, "email", value), sub).await;
    }
    let bob = there.link(&person(CORP, "email", "bob"), "of here").await;
    let text = here.export().await.unwrap();
    for dry_run in [true, false] {
        let imported = there.import(&text, here.ring.jwks().json(), dry_run).await;
        let contradiction = Contradiction { namespace: CORP.into(), here: "of here".into(), there: "s2".into() };
        assert_eq!(imported.contradictions, [contradiction]);
        assert_eq!(there.store.link(&there.subjects.link_key(&person(CORP, "email", "ana"))).await, Ok(None));
        assert_eq!(there.sub_of(&bob).await.as_deref(), Some("of here"));
    }
}

#[tokio::test]
async fn a_link_that_cannot_be_one_is_refused() {
    let house = House::new();
    let good = LinkLine {
        namespace: CORP.into(),
        format: "email".into(),
        name_qualifier: String::new(),
        sp_name_qualifier: String::new(),
        value: "ana".into(),
        sub: "s1".into(),
        made: NOW.to_string(),
    };
    let changes: [fn(&mut LinkLine); 8] = [
        |line| line.sub.clear(),
        |line| line.sub = "s".repeat(256),
        |line| line.sub = "a\nb".into(),
        |line| line.value.clear(),
        |line| line.namespace.clear(),
        |line| line.format.clear(),
        |line| line.made = "yesterday".into(),
        |line| line.value = "v".repeat(16 * 1024),
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let mut line = good.clone();
        change(&mut line);
        let part = ImportPart { dry_run: false, links: vec![good.clone(), line], distrust: Vec::new() };
        let refusal = house.ask(Request::Import(part)).await.unwrap_err();
        assert_eq!(refusal.error, RefusalKind::BadRequest, "{place}: {refusal}");
    }
    assert_eq!(house.store.links_page(None, 9).await.unwrap().links, []);
}

#[tokio::test]
async fn what_is_wrong_with_a_store_is_said() {
    let house = House::new();
    house.link(&person(CORP, "email", "ana"), "s1").await;
    let record = |number: u8, text: &str| Commit {
        consume: None,
        trace_id: TraceId::from_bytes([number; 16]),
        record: text.as_bytes().to_vec(),
        links: Vec::new(),
    };
    house.store.commit(record(1, "{}")).await.unwrap();
    let sealed = SubjectKey::generate(&SystemEntropy).seal(&house.master, &SystemEntropy);
    house.store.replace(SubjectKey::VAULT_NAME, None, Some(&sealed)).await.unwrap();
    let check = || async {
        let Answer::Check(checked) = house.ask(Request::Check).await.unwrap() else { panic!() };
        checked
    };
    let good = check().await;
    assert_eq!((good.links, good.records, good.sealed, good.problem_count), (1, 1, 1, 0));
    house.store.commit(record(2, "{")).await.unwrap();
    house.store.replace("signing/x", None, Some(b"garbage")).await.unwrap();
    house.store.replace("unknown", None, Some(b"x")).await.unwrap();
    house.store.replace(SubjectKey::VAULT_NAME, Some(&sealed), Some(b"x")).await.unwrap();
    let bad = check().await;
    assert_eq!((bad.records, bad.sealed, bad.problem_count), (2, 3, 4), "{bad:?}");
    for named in ["is no JSON", "signing/x", "`unknown`", "the subject key"] {
        assert!(bad.problems.iter().any(|problem| problem.contains(named)), "{named}: {bad:?}");
    }
    // Many are counted, and some named.
    for number in 3..60 {
        house.store.commit(record(number, "{")).await.unwrap();
    }
    let worse = check().await;
    assert_eq!((worse.problem_count, worse.problems.len()), (61, 20));
    // A new store has no keys, and nothing is wrong with that.
    let empty = MemoryStore::new();
    let nothing = answer(&Request::Check, State { master_keys: Some(&house.master), ..state(&empty, &[]) }).await;
    assert_eq!(nothing, Ok(Answer::Check(Checked::default())));
}

#[tokio::test]
async fn without_keys_nobody_is_named() {
    let store = MemoryStore::new();
    for request in [Request::Subject(by_name("ana", None)), Request::Jwks] {
        let namespaces = BTreeMap::from([(SourceId::new("corp"), Namespace::new(CORP))]);
        let state = State { namespaces: &namespaces, ..state(&store, &[]) };
        let refusal = answer(&request, state).await.unwrap_err();
        assert_eq!(refusal.error, RefusalKind::Unavailable, "{request:?}");
    }
}
