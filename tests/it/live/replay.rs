//! Single use, at the door.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use drawbridge::backends::sled::{SledOptions, SledStore};
use drawbridge::config::store_of;
use drawbridge::ground::clock::{Clock as _, SystemClock};
use drawbridge::ground::id::TraceId;
use drawbridge::store::{Commit, Consumption, Ledger as _, UseKey, UseRule};

use super::provider::{CORP, encoded};
use super::server::Door;
use super::{Files, Server};

#[test]
fn an_assertion_is_used_once_whatever_the_door_the_client_or_the_writing() {
    let files = Files::new();
    let server = Server::start(&files);
    for [first, second] in [[Door::Bearer, Door::Exchange], [Door::Exchange, Door::Bearer]] {
        let xml = CORP.assertion(|_| {});
        server.token("portal", &first.form(&encoded(&xml)));
        let wrapped = encoded(&CORP.response(&xml, |_| {}));
        for (client, presented) in [("portal", encoded(&xml)), ("portal", wrapped.clone()), ("legacy", wrapped)] {
            for door in [second, first] {
                let answer = server.post(client, &door.form(&presented));
                assert_eq!((answer.status, answer.reason().as_str()), (400, "saml.replayed"));
                assert_eq!(answer.json()["error"], door.error());
            }
        }
    }
}

#[test]
fn a_use_is_known_after_a_restart() {
    let files = Files::new();
    let server = Server::start(&files);
    let presented = CORP.present(|_| {});
    server.token("portal", &Door::Bearer.form(&presented));
    let sub = |server: &Server| {
        let body = server.token("portal", &Door::Bearer.form(&CORP.present(|_| {})));
        super::verify::claims(server, body["access_token"].as_str().unwrap(), super::files::PAYROLL)["sub"].clone()
    };
    let before = (sub(&server), server.get("/jwks").body);
    // Without a chance to tidy up: `kill -9`.
    drop(server);
    let server = Server::start(&files);
    assert_eq!(server.post("portal", &Door::Exchange.form(&presented)).reason(), "saml.replayed");
    assert_eq!((sub(&server), server.get("/jwks").body), before, "the same people, the same keys");
}

#[test]
fn of_many_at_once_exactly_one_gets_the_token() {
    let server = Server::start(&Files::new());
    let presented = CORP.present(|_| {});
    let answers: Vec<_> = thread::scope(|scope| {
        let posts: Vec<_> = (0..32)
            .map(|number| {
                let door = Door::BOTH[number % 2];
                let (server, presented) = (&server, &presented);
                scope.spawn(move || server.post("portal", &door.form(presented)))
            })
            .collect();
        posts.into_iter().map(|post| post.join().unwrap()).collect()
    });
    let tokens = answers.iter().filter(|answer| answer.status == 200).count();
    let replayed = answers.iter().filter(|answer| answer.status == 400 && answer.reason() == "saml.replayed").count();
    assert_eq!((tokens, replayed), (1, 31));
    let traces: HashSet<String> = answers.iter().map(|answer| answer.json()["trace_id"].to_string()).collect();
    assert_eq!(traces.len(), 32, "every refusal has its own trace id, the token none");
}

/// A clock that ran ahead for a while, and is set back: what was forgotten meanwhile may have been used.
#[tokio::test]
async fn what_is_older_than_the_forgotten_gets_no_token() {
    let files = Files::new();
    drop(Server::start(&files));
    let store = SledStore::open(&SledOptions::at(store_of(&files.at("data")))).unwrap();
    let ahead = SystemClock.now().after(Duration::from_secs(7200));
    let consume = Consumption { key: UseKey::from_digest([7; 32]), until: ahead, rule: UseRule::Once };
    let trace_id = TraceId::new(ahead, [7; 10]);
    let commit = Commit { consume: Some(consume), trace_id, record: b"{}".to_vec(), links: Vec::new() };
    store.commit(commit).await.unwrap();
    let forgotten = ahead.after(Duration::from_millis(1));
    assert_eq!(store.sweep(forgotten, SystemClock.now().before(Duration::from_secs(86_400))).await, Ok(1));
    drop(store);
    let server = Server::start(&files);
    for door in Door::BOTH {
        let answer = server.post("portal", &door.form(&CORP.present(|_| {})));
        assert_eq!((answer.status, answer.reason().as_str()), (400, "bridge.use_forgotten"));
        assert_eq!(answer.json()["error"], door.error());
    }
}
