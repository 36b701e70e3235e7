//! Links and conflicts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::ground::id::{Namespace, Sub};
use crate::ground::time::Timestamp;
use crate::store::{
    Commit, CommitError, Committed, Conflict, ConflictSeen, Link, LinkError, LinkKey, MAX_COMMIT_LINKS, MAX_CONFLICTS,
    MAX_NAME_BYTES, MAX_RELINK_BYTES, MAX_RELINKS, MAX_SUB_BYTES, MAX_VALUE_BYTES, NewLink, Relink, Side, Store,
    StoreError, UseRule,
};

use super::{HOUR, Harness, LONG_AGO, T0, consuming, key, recording, records, trace};

/// A key for a name; names up to 31 bytes do not collide.
fn link_key(name: &str) -> LinkKey {
    LinkKey::from_hash(*key(name).as_bytes())
}

fn link(sub: &str) -> Link {
    Link {
        sub: Sub::new(sub),
        namespace: Namespace::new("https://idp.example"),
        sealed: vec![7; 100],
        made: T0,
        by: Some(trace(1)),
    }
}

fn new_link(name: &str, sub: &str) -> NewLink {
    NewLink { key: link_key(name), link: link(sub) }
}

/// Consumes a credential of the name and links so.
fn linking(credential: &str, links: &[(&str, &str)]) -> Commit {
    let links = links.iter().map(|(name, sub)| new_link(name, sub)).collect();
    Commit { links, ..consuming(key(credential), UseRule::Once) }
}

fn conflict(name: &str, found: &str) -> CommitError {
    CommitError::LinkConflict { key: link_key(name), found: Sub::new(found) }
}

async fn sub_of(store: &dyn Store, name: &str) -> Option<String> {
    store.link(&link_key(name)).await.unwrap().map(|link| link.sub.to_string())
}

pub(crate) async fn a_link_is_made_with_its_commit(harness: &dyn Harness) {
    let store = harness.open();
    assert_eq!(store.link(&link_key("ana")).await, Ok(None));
    let by_nobody = Link { by: None, namespace: Namespace::new(""), sealed: Vec::new(), ..link("s2") };
    let new = NewLink { key: link_key("old ana"), link: by_nobody.clone() };
    let mut commit = linking("a", &[("ana", "s1")]);
    commit.links.push(new);
    assert_eq!(store.commit(commit).await, Ok(Committed { uses: 1 }));
    assert_eq!(store.link(&link_key("ana")).await, Ok(Some(link("s1"))));
    assert_eq!(store.link(&link_key("old ana")).await, Ok(Some(by_nobody)));
    assert_eq!(store.link(&link_key("eve")).await, Ok(None));
    // A commit that consumes nothing may link as well.
    let refusal = Commit { links: vec![new_link("eve", "s3")], ..recording(2) };
    assert_eq!(store.commit(refusal).await, Ok(Committed { uses: 0 }));
    assert_eq!(sub_of(&*store, "eve").await.as_deref(), Some("s3"));
    assert_eq!(records(&*store).await.len(), 2);
}

pub(crate) async fn a_link_that_is_there_stays_as_it_is(harness: &dyn Harness) {
    let store = harness.open();
    store.commit(linking("a", &[("ana", "s1")])).await.unwrap();
    let later = Link { sealed: vec![8; 50], made: T0.after(HOUR), by: Some(trace(9)), ..link("s1") };
    let again = Commit {
        links: vec![NewLink { key: link_key("ana"), link: later }, new_link("bob", "s1")],
        ..consuming(key("b"), UseRule::Once)
    };
    assert_eq!(store.commit(again).await, Ok(Committed { uses: 1 }));
    assert_eq!(store.link(&link_key("ana")).await, Ok(Some(link("s1"))));
    assert_eq!(sub_of(&*store, "bob").await.as_deref(), Some("s1"));
}

pub(crate) async fn a_link_with_another_sub_refuses_the_whole_commit(harness: &dyn Harness) {
    let store = harness.open();
    store.commit(linking("a", &[("ana", "s1")])).await.unwrap();
    for links in [[("ana", "s2"), ("bob", "s2")], [("bob", "s2"), ("ana", "s2")]] {
        let refused = Commit { trace_id: trace(5), ..linking("b", &links) };
        assert_eq!(store.commit(refused).await, Err(conflict("ana", "s1")));
    }
    assert_eq!(sub_of(&*store, "ana").await.as_deref(), Some("s1"));
    assert_eq!(sub_of(&*store, "bob").await, None);
    assert_eq!(store.record(trace(5)).await, Ok(None));
    assert_eq!(records(&*store).await.len(), 1);
    // The credential is not burnt.
    assert_eq!(store.commit(linking("b", &[("bob", "s2")])).await, Ok(Committed { uses: 1 }));
}

pub(crate) async fn a_commit_that_contradicts_itself_is_refused(harness: &dyn Harness) {
    let store = harness.open();
    let refused = store.commit(linking("a", &[("ana", "s1"), ("ana", "s2")])).await;
    assert_eq!(refused, Err(conflict("ana", "s1")));
    assert_eq!(sub_of(&*store, "ana").await, None);
    assert_eq!(store.commit(linking("a", &[("ana", "s1"), ("ana", "s1")])).await, Ok(Committed { uses: 1 }));
    assert_eq!(sub_of(&*store, "ana").await.as_deref(), Some("s1"));
}

pub(crate) async fn whether_a_credential_may_be_used_is_judged_before_its_links(harness: &dyn Harness) {
    let store = harness.open();
    store.commit(linking("a", &[("ana", "s1")])).await.unwrap();
    let again = store.commit(linking("a", &[("ana", "s2")])).await;
    assert_eq!(again, Err(CommitError::SeenBefore(trace(0))));
}

pub(crate) async fn of_many_commits_that_link_one_key_one_wins(harness: &dyn Harness) {
    let store = harness.open();
    for round in 0..8 {
        let mut tasks = JoinSet::new();
        let name = format!("ana {round}");
        for task in 0..64 {
            let (store, name) = (Arc::clone(&store), name.clone());
            let (credential, sub) = (format!("{round} {task}"), format!("s{task}"));
            tasks.spawn(async move {
                let outcome = store.commit(linking(&credential, &[(&name, &sub)])).await;
                (credential, sub, outcome)
            });
        }
        let outcomes = tasks.join_all().await;
        let winners: Vec<&String> =
            outcomes.iter().filter(|(.., outcome)| outcome.is_ok()).map(|(_, sub, _)| sub).collect();
        let [winner] = winners[..] else { panic!("{winners:?} won") };
        assert_eq!(sub_of(&*store, &name).await.as_ref(), Some(winner));
        for (credential, _, outcome) in outcomes.iter().filter(|(.., outcome)| outcome.is_err()) {
            assert_eq!(*outcome, Err(conflict(&name, winner)));
            // Whoever lost has lost nothing.
            assert_eq!(store.commit(linking(credential, &[(&name, winner)])).await, Ok(Committed { uses: 1 }));
        }
    }
    assert_eq!(records(&*store).await.len(), 8 * 64);
}

pub(crate) async fn a_link_survives_reopening(harness: &dyn Harness) {
    let store = harness.open();
    store.commit(linking("a", &[("ana", "s1"), ("bob", "s2")])).await.unwrap();
    store.unlink(&link_key("bob"), &Sub::new("s2")).await.unwrap();
    drop(store);
    let store = harness.open();
    assert_eq!(store.link(&link_key("ana")).await, Ok(Some(link("s1"))));
    assert_eq!(store.link(&link_key("bob")).await, Ok(None));
    assert_eq!(store.commit(linking("b", &[("ana", "s2")])).await, Err(conflict("ana", "s1")));
}

pub(crate) async fn pages_show_every_link_once_and_in_order(harness: &dyn Harness) {
    let store = harness.open();
    let names: Vec<String> = (0..25).map(|number| number.to_string()).collect();
    for name in &names {
        store.commit(linking(name, &[(name, name)])).await.unwrap();
    }
    let mut expected: Vec<NewLink> = names.iter().map(|name| new_link(name, name)).collect();
    expected.sort_by_key(|new| new.key);
    for limit in [0, 1, 3, 25, 100] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.links_page(after, limit).await.unwrap();
            assert!(page.links.len() <= limit.max(1));
            found.extend(page.links);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{limit}");
    }
    let last = store.links_page(Some(LinkKey::from_hash([255; 32])), 9).await.unwrap();
    assert_eq!((last.links, last.next), (Vec::new(), None));
}

pub(crate) async fn a_sweep_leaves_links_alone(harness: &dyn Harness) {
    let store = harness.open();
    store.commit(linking("a", &[("ana", "s1")])).await.unwrap();
    note(&*store, ("ana", "s1"), ("bob", "s2"), 0).await;
    let end = Timestamp::from_unix_millis(i64::MAX);
    assert_eq!(store.sweep(end, end).await, Ok(2));
    assert_eq!(store.link(&link_key("ana")).await, Ok(Some(link("s1"))));
    assert_eq!(store.conflicts().await.unwrap().len(), 1);
}

pub(crate) async fn too_large_a_link_is_refused_and_uses_nothing(harness: &dyn Harness) {
    let store = harness.open();
    let good = link("s1");
    let texts = good.sub.as_str().len() + good.namespace.as_str().len();
    let large = Link { sealed: vec![7; MAX_VALUE_BYTES - texts + 1], ..good.clone() };
    let long = Link { sub: Sub::new("s".repeat(MAX_SUB_BYTES + 1)), ..good.clone() };
    for (link, found, limit) in
        [(large, MAX_VALUE_BYTES + 1, MAX_VALUE_BYTES), (long, MAX_SUB_BYTES + 1, MAX_SUB_BYTES)]
    {
        let refused = StoreError::TooLarge { found, limit };
        let new = NewLink { key: link_key("ana"), link: link.clone() };
        let commit = Commit { links: vec![new], ..consuming(key("a"), UseRule::Once) };
        assert_eq!(store.commit(commit).await, Err(CommitError::Store(refused.clone())));
        let change = Relink { key: link_key("ana"), expected: None, link: Some(link) };
        assert_eq!(store.relink(vec![change]).await, Err(LinkError::Store(refused)));
    }
    let many = ["a", "b", "c"].map(|name| (name, "s1"));
    let refused = StoreError::TooMany { found: 3, limit: MAX_COMMIT_LINKS };
    assert_eq!(store.commit(linking("a", &many)).await, Err(CommitError::Store(refused)));
    assert_eq!(store.link(&link_key("ana")).await, Ok(None));
    let largest = Link { sealed: vec![7; MAX_VALUE_BYTES - texts], ..good };
    let new = NewLink { key: link_key("ana"), link: largest.clone() };
    let commit = Commit { links: vec![new], ..consuming(key("a"), UseRule::Once) };
    assert_eq!(store.commit(commit).await, Ok(Committed { uses: 1 }));
    assert_eq!(store.link(&link_key("ana")).await, Ok(Some(largest)));
}

fn relink(name: &str, expected: Option<&str>, sub: Option<&str>) -> Relink {
    Relink { key: link_key(name), expected: expected.map(Sub::new), link: sub.map(link) }
}

pub(crate) async fn links_are_changed_only_as_expected_and_all_or_none(harness: &dyn Harness) {
    let store = harness.open();
    store.commit(linking("a", &[("ana", "s1"), ("bob", "s2")])).await.unwrap();
    let refused = |name: &str| Err(LinkError::Changed(link_key(name)));
    for (changes, wrong) in [
        (vec![relink("ana", Some("s1"), Some("s9")), relink("bob", Some("s1"), Some("s9"))], "bob"),
        (vec![relink("ana", Some("s1"), None), relink("eve", Some("s3"), None)], "eve"),
        (vec![relink("eve", None, Some("s3")), relink("ana", None, Some("s1"))], "ana"),
        (vec![relink("ana", Some("s1"), Some("s9")), relink("ana", Some("s1"), Some("s8"))], "ana"),
    ] {
        assert_eq!(store.relink(changes).await, refused(wrong));
    }
    assert_eq!(store.unlink(&link_key("ana"), &Sub::new("s2")).await, refused("ana"));
    assert_eq!(store.unlink(&link_key("eve"), &Sub::new("s2")).await, refused("eve"));
    assert_eq!(sub_of(&*store, "ana").await.as_deref(), Some("s1"));
    assert_eq!((sub_of(&*store, "bob").await.as_deref(), sub_of(&*store, "eve").await), (Some("s2"), None));

    let changes = vec![
        relink("ana", Some("s1"), Some("s2")),
        relink("bob", Some("s2"), None),
        relink("eve", None, Some("s3")),
        relink("eve", Some("s3"), Some("s4")),
    ];
    assert_eq!(store.relink(changes).await, Ok(()));
    assert_eq!(store.relink(Vec::new()).await, Ok(()));
    assert_eq!(sub_of(&*store, "ana").await.as_deref(), Some("s2"));
    assert_eq!((sub_of(&*store, "bob").await, sub_of(&*store, "eve").await.as_deref()), (None, Some("s4")));
    // A link that was removed may be made again, with another sub.
    assert_eq!(store.commit(linking("b", &[("bob", "s5")])).await, Ok(Committed { uses: 1 }));
    assert_eq!(sub_of(&*store, "bob").await.as_deref(), Some("s5"));
}

/// Beside commits that link the same keys: whoever comes first, nothing is mixed.
pub(crate) async fn of_many_relinks_one_wins(harness: &dyn Harness) {
    let store = harness.open();
    let mut tasks = JoinSet::new();
    for task in 0..64 {
        let (store, sub) = (Arc::clone(&store), format!("s{task}"));
        tasks.spawn(async move {
            if task % 2 == 0 {
                let changes = vec![relink("ana", None, Some(&sub)), relink("bob", None, Some(&sub))];
                store.relink(changes).await.map_err(|error| assert_eq!(error, LinkError::Changed(link_key("ana"))))
            } else {
                let commit = linking(&sub, &[("ana", &sub), ("bob", &sub)]);
                let told = |error| assert!(matches!(error, CommitError::LinkConflict { .. }), "{error}");
                store.commit(commit).await.map(drop).map_err(told)
            }
        });
    }
    assert_eq!(tasks.join_all().await.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(sub_of(&*store, "ana").await.is_some());
    assert_eq!(sub_of(&*store, "ana").await, sub_of(&*store, "bob").await);
}

pub(crate) async fn too_much_at_once_is_not_relinked(harness: &dyn Harness) {
    let store = harness.open();
    let removals = |count: usize| vec![relink("ana", None, None); count];
    let refused = StoreError::TooMany { found: MAX_RELINKS + 1, limit: MAX_RELINKS };
    assert_eq!(store.relink(removals(MAX_RELINKS + 1)).await, Err(LinkError::Store(refused)));
    assert_eq!(store.relink(removals(MAX_RELINKS)).await, Ok(()));
    let of_bytes = |name: &str, bytes: usize| {
        let texts = link("s1").sub.as_str().len() + link("s1").namespace.as_str().len();
        Relink { link: Some(Link { sealed: vec![7; bytes - texts], ..link("s1") }), ..relink(name, None, None) }
    };
    let mut changes: Vec<Relink> = (0..8).map(|number| of_bytes(&number.to_string(), MAX_RELINK_BYTES / 8)).collect();
    changes.push(of_bytes("one too many", 100));
    let refused = StoreError::TooLarge { found: MAX_RELINK_BYTES + 100, limit: MAX_RELINK_BYTES };
    assert_eq!(store.relink(changes.clone()).await, Err(LinkError::Store(refused)));
    changes.pop();
    assert_eq!(store.relink(changes).await, Ok(()));
    assert_eq!(store.links_page(None, 100).await.unwrap().links.len(), 8);
}

fn side((name, sub): (&str, &str)) -> Side {
    Side { key: link_key(name), sub: Sub::new(sub), namespace: Namespace::new(format!("https://{name}.example")) }
}

async fn note(store: &dyn Store, one: (&str, &str), other: (&str, &str), second: u32) {
    let at = T0.after(Duration::from_secs(second.into()));
    store.note_conflict(ConflictSeen { sides: [side(one), side(other)], at, trace_id: trace(second) }).await.unwrap();
}

pub(crate) async fn a_conflict_is_noted_and_counted(harness: &dyn Harness) {
    let store = harness.open();
    let (ana, old) = (("ana", "s1"), ("old ana", "s2"));
    note(&*store, old, ana, 3).await;
    note(&*store, ("bob", "s3"), ("old bob", "s4"), 4).await;
    // Whichever side asks, it is one conflict; what its links have now is what counts.
    note(&*store, ("ana", "s9"), old, 7).await;
    let at = |second: u64| T0.after(Duration::from_secs(second));
    let of_ana = Conflict {
        sides: [side(("ana", "s9")), side(old)],
        first_seen: at(3),
        last_seen: at(7),
        count: 2,
        trace_id: trace(7),
    };
    let of_bob = Conflict {
        sides: [side(("bob", "s3")), side(("old bob", "s4"))],
        first_seen: at(4),
        last_seen: at(4),
        count: 1,
        trace_id: trace(4),
    };
    assert_eq!(store.conflicts().await, Ok(vec![of_ana, of_bob.clone()]));
    assert_eq!(store.forget_conflict([link_key("old ana"), link_key("ana")]).await, Ok(true));
    assert_eq!(store.forget_conflict([link_key("ana"), link_key("old ana")]).await, Ok(false));
    assert_eq!(store.conflicts().await, Ok(vec![of_bob]));
}

pub(crate) async fn conflicts_are_bounded_and_survive_reopening(harness: &dyn Harness) {
    let store = harness.open();
    let mut tasks = JoinSet::new();
    for number in 0..u32::try_from(MAX_CONFLICTS).unwrap() {
        let store = Arc::clone(&store);
        tasks.spawn(async move { note(&*store, (&number.to_string(), "s1"), ("old", "s2"), number).await });
    }
    tasks.join_all().await;
    // The oldest is seen again, so the second oldest is the one that goes.
    note(&*store, ("0", "s1"), ("old", "s2"), 1000).await;
    note(&*store, ("new", "s1"), ("old", "s2"), 999).await;
    drop(store);
    let conflicts = harness.open().conflicts().await.unwrap();
    assert_eq!(conflicts.len(), MAX_CONFLICTS);
    let keys: BTreeSet<LinkKey> = conflicts.iter().flat_map(Conflict::keys).collect();
    let is_there = |name: &str| keys.contains(&link_key(name));
    assert!(is_there("0") && !is_there("1") && is_there("2") && is_there("new"));
    assert!(conflicts.is_sorted_by_key(|conflict| std::cmp::Reverse(conflict.last_seen)));
}

pub(crate) async fn a_conflict_ends_with_the_change_that_ends_it(harness: &dyn Harness) {
    let store = harness.open();
    for (credential, name, sub) in [("a", "ana", "s1"), ("b", "old ana", "s2"), ("c", "older ana", "s3")] {
        store.commit(linking(credential, &[(name, sub)])).await.unwrap();
    }
    note(&*store, ("ana", "s1"), ("old ana", "s2"), 1).await;
    note(&*store, ("ana", "s1"), ("older ana", "s3"), 2).await;
    let open = || async { store.conflicts().await.unwrap().len() };
    // Another sub, and still two.
    store.relink(vec![relink("ana", Some("s1"), Some("s9"))]).await.unwrap();
    assert_eq!(open().await, 2);
    store.relink(vec![relink("ana", Some("s9"), Some("s2"))]).await.unwrap();
    assert_eq!(open().await, 1);
    store.unlink(&link_key("older ana"), &Sub::new("s3")).await.unwrap();
    assert_eq!(open().await, 0);
    // One that fails ends nothing.
    note(&*store, ("ana", "s2"), ("old ana", "s2"), 3).await;
    let refused = store.relink(vec![relink("ana", Some("s2"), None), relink("bob", Some("s"), None)]).await;
    assert_eq!(refused, Err(LinkError::Changed(link_key("bob"))));
    assert_eq!(open().await, 1);
}

pub(crate) async fn too_large_a_conflict_is_refused(harness: &dyn Harness) {
    let store = harness.open();
    let good = side(("ana", "s1"));
    let long = Side { sub: Sub::new("s".repeat(MAX_SUB_BYTES + 1)), ..good.clone() };
    let far = Side { namespace: Namespace::new("n".repeat(MAX_NAME_BYTES + 1)), ..good.clone() };
    for (bad, found, limit) in [(long, MAX_SUB_BYTES + 1, MAX_SUB_BYTES), (far, MAX_NAME_BYTES + 1, MAX_NAME_BYTES)] {
        for sides in [[good.clone(), bad.clone()], [bad.clone(), good.clone()]] {
            let seen = ConflictSeen { sides, at: T0, trace_id: trace(0) };
            assert_eq!(store.note_conflict(seen).await, Err(StoreError::TooLarge { found, limit }));
        }
    }
    assert_eq!(store.conflicts().await, Ok(Vec::new()));
    assert_eq!(store.sweep(T0, LONG_AGO).await, Ok(0));
}
