//! Every row of the table, and a race, over a bridge in memory.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::backends::memory::MemoryStore;
use crate::credential::saml::trust::TrustSources;
use crate::credential::session::{
    Covers, Encoding, FieldDeclaration, KeyDeclaration, Layout, MacDeclaration, MacPlace, Role, SessionDeclaration,
    SessionSource, TimeUnit,
};
use crate::crypto::client_secret::ClientSecretDigest;
use crate::crypto::digest::hex;
use crate::crypto::entropy::SystemEntropy;
use crate::crypto::keys::{SigningAlgorithm, SigningKey};
use crate::crypto::mac::{MacAlgorithm, MacKey};
use crate::crypto::ring::KeyRing;
use crate::crypto::seal::MasterKeys;
use crate::crypto::stored::{KeyState, StoredKey};
use crate::crypto::subject::SubjectKey;
use crate::decision::Detail;
use crate::flow::{Addresses, Parts, Presented, Revision, token};
use crate::ground::clock::FixedClock;
use crate::ground::id::{Audience, ClientId, Namespace, SourceId};
use crate::ground::oauth::GrantType;
use crate::ground::scope::ScopeSet;
use crate::ground::secret::Secret;
use crate::mapping::{CompileContext, SourceFile, compile};
use crate::policy::{Api, Client, Policy, SubjectType};
use crate::store::{Conflicts as _, Links as _, MarkKind, Marks as _, Records as _, Relink};
use crate::token::Issuer;

use super::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);
const TRACE: TraceId = TraceId::from_bytes([9; 16]);
const COOKIE_KEY: &[u8] = b"a TEST key of the intranet";
const MAPPING: &str = "kind: mapping\nversion: 1\nid: intranet\nsource: intranet\nsubject: { from: name_id }\n\
                       scopes: { payroll.read: \"true\" }\n";

fn intranet() -> SessionSource {
    let field = |name: &str, role| FieldDeclaration { name: name.into(), encoding: Encoding::Plain, list: None, role };
    SessionSource::new(SessionDeclaration {
        id: SourceId::new("intranet"),
        namespace: Namespace::new("intranet.example"),
        outer: Encoding::Plain,
        mac: MacDeclaration {
            algorithm: MacAlgorithm::HmacSha256,
            place: MacPlace::End,
            separator: ".".into(),
            encoding: Encoding::Hex,
            truncated_to: None,
            covers: Covers::Received,
        },
        keys: vec![KeyDeclaration { id: "k".into(), secret: Secret::new(COOKIE_KEY.to_vec()), until: None }],
        key_id_separator: None,
        payload: Encoding::Plain,
        layout: Layout::Ordered { separator: "|".into() },
        fields: vec![field("user", Role::Subject), field("expires", Role::ExpiresAt)],
        time_unit: TimeUnit::Seconds,
        max_age: None,
        clock_skew: Duration::from_secs(60),
        reuse_at_most: 2,
    })
    .unwrap()
}

fn revision() -> Revision {
    let payroll = Audience::new("https://payroll.example");
    let client = Client {
        id: ClientId::new("portal"),
        secret: ClientSecretDigest::of(b"a TEST secret of the portal"),
        grants: GrantType::ALL.to_vec(),
        sources: vec![SourceId::new("intranet")],
        audiences: vec![payroll.clone()],
        scopes: None,
        subject_type: SubjectType::Public,
    };
    let scopes = ScopeSet::parse("payroll.read").unwrap();
    let api = Api { audience: payroll, scopes, lifetime: Duration::from_secs(600), algorithm: None };
    let file = SourceFile::new("intranet.yaml", MAPPING);
    Revision {
        hash: "of a test".into(),
        addresses: Addresses {
            issuer: "https://bridge.example".into(),
            audiences: Vec::new(),
            recipients: Vec::new(),
            acs: String::new(),
        },
        metadata: "{}".into(),
        trust: TrustSources::default(),
        sessions: BTreeMap::from([(SourceId::new("intranet"), intranet())]),
        forwards: BTreeMap::new(),
        mappings: compile(&[file], &CompileContext::default()).unwrap(),
        policy: Policy::new(vec![client], vec![api]).unwrap(),
        keeping: crate::flow::Keeping::default(),
    }
}

async fn bridge_over(store: &MemoryStore) -> Arc<Bridge> {
    let subject_key = SubjectKey::generate(&SystemEntropy);
    let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let stored = StoredKey::of(&key, KeyState::Active(NOW), NOW).unwrap();
    let parts = Parts {
        clock: Arc::new(FixedClock(NOW)),
        entropy: Arc::new(SystemEntropy),
        store: Arc::new(store.clone()),
        ring: Arc::new(KeyRing::load(&[stored]).unwrap()),
        master_keys: Arc::new(MasterKeys::parse(&MasterKeys::new_line(&SystemEntropy)).unwrap()),
        audit_key: subject_key.audit_key(),
        recorder: crate::flow::Recorder::new(
            crate::crypto::recording::RecordingKey::generate(&SystemEntropy).unwrap(),
            subject_key.audit_key(),
            Arc::new(store.clone()),
            Arc::new(SystemEntropy),
        ),
        issuer: Issuer::new("https://bridge.example".into(), subject_key, SigningAlgorithm::Es256),
        revision: revision(),
    };
    Arc::new(Bridge::open(parts).await.unwrap())
}

/// A store, a bridge over it, and what a test asks them.
struct World {
    store: MemoryStore,
    bridge: Arc<Bridge>,
}

impl World {
    async fn new() -> Self {
        let store = MemoryStore::new();
        let bridge = bridge_over(&store).await;
        Self { store, bridge }
    }

    fn finder(&self) -> Finder<'_> {
        Finder { bridge: &self.bridge, trace_id: TRACE, now: NOW }
    }

    async fn link(&self, subject: &Subject, sub: &str) {
        let key = self.bridge.issuer.subjects().link_key(subject);
        let namespace = subject.namespace.clone();
        let link = Link { sub: Sub::new(sub), namespace, sealed: Vec::new(), made: NOW, by: None };
        self.store.relink(vec![Relink { key, expected: None, link: Some(link) }]).await.unwrap();
    }

    fn derived(&self, subject: &Subject) -> Sub {
        self.bridge.issuer.subjects().derived(subject)
    }

    async fn find(&self, own: &Subject, linked: Option<&Subject>) -> Result<(Found, String), Refusal> {
        let mut trail = Trail::open(TRACE, NOW, Detail::Record);
        let found = self.finder().find(Person { own, linked }, &mut trail).await?;
        Ok((found, format!("{:?}", trail.steps())))
    }

    /// The `sub` of the token for a session, or the refusal.
    async fn exchange(&self, user: &str) -> Result<String, Refusal> {
        let payload = format!("{user}|{}", NOW.unix_seconds() + 600);
        let mac = MacKey::new(MacAlgorithm::HmacSha256, COOKIE_KEY).mac(payload.as_bytes());
        let pairs = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange".to_owned()),
            ("subject_token_type", "urn:drawbridge:token-type:session:intranet".into()),
            ("subject_token", format!("{payload}.{}", hex(&mac))),
            ("client_id", "portal".into()),
            ("client_secret", "a TEST secret of the portal".into()),
        ];
        let form = pairs.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let presented = Presented { form, authorization: None, peer: IpAddr::V4(Ipv4Addr::LOCALHOST) };
        let answer = token::run(Arc::clone(&self.bridge), presented).await;
        let issued = answer.result?;
        let token = issued.tokens.access_token().expose();
        let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&payload).unwrap();
        Ok(claims["sub"].as_str().unwrap().to_owned())
    }

    /// The newest decision record.
    async fn record(&self) -> Value {
        serde_json::from_slice(&self.store.recent(1).await.unwrap()[0].record).unwrap()
    }
}

fn subject(namespace: &str, value: &str) -> Subject {
    Subject {
        namespace: Namespace::new(namespace),
        format: "mapped".into(),
        qualifiers: [String::new(), String::new()],
        value: value.into(),
    }
}

/// As a session of the intranet has it.
fn of_intranet(user: &str) -> Subject {
    Subject { format: "urn:drawbridge:session:intranet.example".into(), ..subject("intranet.example", user) }
}

#[tokio::test]
async fn every_row_of_the_table() {
    let (own, linked) = (subject("https://new.example", "ana"), subject("https://old.example", "a.ruiz"));
    let derived = None;
    for (own_has, linked_has, is_linked, sub, made, from) in [
        (Some("a"), None, false, Some("a"), 0, Origin::Own),
        (None, None, false, derived, 1, Origin::Derived),
        (Some("a"), Some("a"), true, Some("a"), 0, Origin::Own),
        // Another person at the linked source must not be bound to this one: nothing is made.
        (Some("a"), None, true, Some("a"), 0, Origin::Own),
        (None, Some("b"), true, Some("b"), 1, Origin::Linked),
        (None, None, true, derived, 2, Origin::Derived),
        // Without the mapping's word the other source is nobody.
        (None, Some("b"), false, derived, 1, Origin::Derived),
    ] {
        let world = World::new().await;
        for (subject, has) in [(&own, own_has), (&linked, linked_has)] {
            if let Some(sub) = has {
                world.link(subject, sub).await;
            }
        }
        let row = format!("{own_has:?} {linked_has:?} {is_linked}");
        let (found, steps) = world.find(&own, is_linked.then_some(&linked)).await.unwrap();
        let expected = sub.map_or_else(|| world.derived(if is_linked { &linked } else { &own }), Sub::new);
        assert_eq!((found.missing.len(), found.from, &found.sub), (made, from, &expected), "{row}");
        assert_eq!(steps.contains("links_made"), made > 0, "{row}: {steps}");
        for new in &found.missing {
            let of = world.bridge.issuer.subjects().opened(new, &world.bridge.master_keys).unwrap();
            assert!([&own, &linked].contains(&&of) && world.store.link(&new.key).await == Ok(None), "{row}");
            assert_eq!((&new.link.sub, new.link.made, new.link.by), (&expected, NOW, Some(TRACE)), "{row}");
        }
    }
}

#[tokio::test]
async fn two_links_with_two_subs_are_refused_and_wait_for_an_administrator() {
    let world = World::new().await;
    let (own, linked) = (subject("https://new.example", "ana"), subject("https://old.example", "a.ruiz"));
    world.link(&own, "a").await;
    world.link(&linked, "b").await;
    let mut trail = Trail::open(TRACE, NOW, Detail::Record);
    let refusal = world.finder().find(Person { own: &own, linked: Some(&linked) }, &mut trail).await.unwrap_err();
    assert_eq!(refusal.code().to_string(), "subject.conflict");
    let conflicts = world.store.conflicts().await.unwrap();
    let [conflict] = &conflicts[..] else { panic!("{conflicts:?}") };
    let mut subs = conflict.sides.each_ref().map(|side| side.sub.as_str());
    subs.sort_unstable();
    assert_eq!((subs, conflict.count, conflict.trace_id, conflict.last_seen), (["a", "b"], 1, TRACE, NOW));
    // The record says how the conflict is named, and of which sources it is; of the person it says nothing.
    let record = trail.close(refusal.outcome()).to_json();
    for said in [conflict.id().as_str(), "https://new.example", "https://old.example", "\"stage\":\"link\""] {
        assert!(record.contains(said), "{said}: {record}");
    }
    assert!(!record.contains("ruiz"), "{record}");
    world.find(&own, Some(&linked)).await.unwrap_err();
    assert_eq!(world.store.conflicts().await.unwrap()[0].count, 2);
}

#[tokio::test]
async fn a_source_that_is_linked_to_itself_is_one() {
    let world = World::new().await;
    let own = subject("https://idp.example", "ana");
    let (found, _) = world.find(&own, Some(&own)).await.unwrap();
    assert_eq!((found.missing.len(), found.sub), (1, world.derived(&own)));
}

#[tokio::test]
async fn an_identifier_that_cannot_be_kept_gets_no_sub() {
    let world = World::new().await;
    let own = subject("https://idp.example", &"a".repeat(crate::store::MAX_VALUE_BYTES));
    let refusal = world.find(&own, None).await.unwrap_err();
    assert_eq!(refusal.code().to_string(), "subject.too_long");
    let short = subject("https://idp.example", "ana");
    assert_eq!(world.find(&short, Some(&own)).await.unwrap_err().code().to_string(), "subject.too_long");
}

#[tokio::test]
async fn a_store_that_fails_is_no_conflict() {
    let world = World::new().await;
    world.store.poison("injected");
    let refusal = world.find(&subject("https://idp.example", "ana"), None).await.unwrap_err();
    assert_eq!(refusal.code().to_string(), "bridge.store_unavailable");
}

#[tokio::test]
async fn the_first_exchange_makes_the_link_that_later_ones_follow() {
    let world = World::new().await;
    let derived = world.derived(&of_intranet("ana")).to_string();
    assert_eq!(world.exchange("ana").await.unwrap(), derived);
    let record = world.record().await;
    let step = record["steps"].as_array().unwrap().iter().find(|step| step["stage"] == "link").unwrap();
    assert_eq!((&step["sub"], &step["links_made"]), (&"derived".into(), &"1".into()));
    let made = world.store.links_page(None, 9).await.unwrap().links;
    assert_eq!((made.len(), made[0].link.sub.as_str()), (1, derived.as_str()));
    assert_eq!(made[0].link.by.unwrap().to_string(), record["trace_id"].as_str().unwrap());
    assert_eq!(world.exchange("ana").await.unwrap(), derived);
    assert!(!world.record().await.to_string().contains("links_made"));
    assert_eq!(world.store.links_page(None, 9).await.unwrap().links, made);
}

#[tokio::test]
async fn a_link_overrides_what_would_be_derived() {
    let world = World::new().await;
    world.link(&of_intranet("ana"), "of an older life").await;
    assert_eq!(world.exchange("ana").await.unwrap(), "of an older life");
    let hash = |sub: &str| world.bridge.audit_key.hash(crate::crypto::audit::Hashed::Subject, sub.as_bytes());
    assert_eq!(world.record().await["subject_hash"], hash("of an older life"));
    assert_eq!(world.exchange("bob").await.unwrap(), world.derived(&of_intranet("bob")).as_str());
}

#[tokio::test]
async fn a_link_that_is_made_meanwhile_refuses_and_burns_nothing() {
    let world = World::new().await;
    world.link(&of_intranet("ana"), "made meanwhile").await;
    world.store.blind_once();
    let refusal = world.exchange("ana").await.unwrap_err();
    assert_eq!(refusal.code().to_string(), "subject.conflict");
    let record = world.record().await;
    assert_eq!((&record["outcome"], &record["reason"]), (&"refused".into(), &"subject.conflict".into()));
    assert_eq!((record.get("jti"), record.get("expires")), (None, None));
    let stages: Vec<_> = record["steps"].as_array().unwrap().iter().map(|step| step["stage"].clone()).collect();
    assert!(!stages.contains(&"replay".into()) && stages.last() == Some(&"link".into()), "{stages:?}");
    // There is nothing to decide: the next request finds the link. The session may be exchanged twice, and is.
    assert_eq!(world.store.conflicts().await, Ok(Vec::new()));
    for _ in 0..2 {
        assert_eq!(world.exchange("ana").await.unwrap(), "made meanwhile");
    }
    assert_eq!(world.exchange("ana").await.unwrap_err().code().to_string(), "session.reuse_exceeded");
}

#[tokio::test]
async fn a_race_between_two_links_of_one_person_is_on_the_list_at_once() {
    let world = World::new().await;
    let (own, linked) = (subject("https://new.example", "ana"), subject("https://old.example", "a.ruiz"));
    world.link(&own, "a").await;
    world.link(&linked, "b").await;
    let person = Person { own: &own, linked: Some(&linked) };
    let raced = || Refusal::Subject(SubjectRejection::Raced);
    let refusal = world.finder().look_again(raced(), person).await;
    assert!(matches!(refusal, Refusal::Subject(SubjectRejection::Conflict { .. })), "{refusal:?}");
    assert_eq!(world.store.conflicts().await.unwrap().len(), 1);
    let alone = world.finder().look_again(raced(), Person { own: &own, linked: None }).await;
    assert!(matches!(alone, Refusal::Subject(SubjectRejection::Raced)), "{alone:?}");
    let other = world.finder().look_again(Refusal::UsedUp(1), person).await;
    assert!(matches!(other, Refusal::UsedUp(1)), "{other:?}");
}

#[tokio::test]
async fn a_request_of_before_a_swap_does_not_bring_back_the_rule_that_was_replaced() {
    let store = MemoryStore::default();
    let bridge = bridge_over(&store).await;
    let namespace = Namespace::new("intranet.example");
    let before = bridge.revision();
    let old = before.mappings.iter().next().unwrap();
    bridge.remember_subject_rule(&namespace, old).await.unwrap();
    let subject = format!("subject: {{ cel: 'name_id + \"x\"' }}\nsubject_replaces: {}", old.subject_rule_hash());
    let file = SourceFile::new("intranet.yaml", MAPPING.replace("subject: { from: name_id }", &subject));
    let mappings = compile(&[file], &CompileContext::default()).unwrap();
    bridge.replace_revision(Revision { mappings, ..revision() }).unwrap();
    let after = bridge.revision();
    let new = after.mappings.iter().next().unwrap();
    bridge.remember_subject_rule(&namespace, new).await.unwrap();
    bridge.remember_subject_rule(&namespace, old).await.unwrap();
    let marks = store.marks(MarkKind::SubjectRule).await.unwrap();
    let rules: Vec<_> = marks.iter().map(|mark| mark.key.split(' ').next_back().unwrap()).collect();
    assert_eq!(rules, [new.subject_rule_hash()]);
}
