//! `kill -9` of the real server under load, and the order of its system calls.

mod order;

use std::collections::HashMap;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use crate::bridge::{Bridge, Door, Process, Running, post};

const KILLS: usize = 50;
const THREADS: usize = 4;
/// Presented one after the other while strace looks.
const REQUESTS: usize = 20;

/// What is known of the assertions of all runs.
#[derive(Default)]
struct Book {
    /// By ID: the parameter, and how many tokens it got.
    presented: HashMap<String, (String, usize)>,
    /// Requests that had no whole answer: consumed or not, nobody knows.
    unanswered: Vec<String>,
    /// How many of these there were in all.
    lost: usize,
}

impl Book {
    fn with_token(&self) -> Vec<(&String, &String)> {
        let mut found: Vec<_> = self.presented.iter().filter(|(_, (_, tokens))| *tokens > 0).collect();
        found.sort();
        found.into_iter().map(|(id, (parameter, _))| (id, parameter)).collect()
    }
}

#[test]
fn no_assertion_gets_a_second_token_however_often_the_server_is_killed() {
    let bridge = Bridge::new();
    let book = Mutex::new(Book::default());
    let mut keys = None;
    for run in 0..KILLS {
        if run % 10 == 9 {
            // Dies while it opens the store.
            bridge.spawn().kill_once_it_holds("/data/store/db");
            continue;
        }
        let server = bridge.start();
        let kids = kids(&server);
        assert_eq!(*keys.get_or_insert(kids.clone()), kids, "the keys of run {run} are those of the first");
        check_known(&server, &mut book.lock().unwrap(), run);
        load_until_killed(&bridge, server, &book, run);
    }
    let server = bridge.start();
    assert_eq!(keys, Some(kids(&server)));
    let book = book.into_inner().unwrap();
    let with_token = book.with_token();
    println!("{KILLS} kills, {} tokens, {} requests without an answer", with_token.len(), book.lost);
    assert!(with_token.len() > 500 && book.lost > KILLS, "there was no load");
    for (id, parameter) in with_token {
        assert_eq!(server.post(Door::Exchange, parameter).reason(), "saml.replayed", "{id}");
    }
    assert!(book.presented.values().all(|(_, tokens)| *tokens <= 1));
}

fn kids(server: &Running) -> Vec<String> {
    let jwks: Value = serde_json::from_str(&server.page("/jwks")).unwrap();
    let mut kids: Vec<_> =
        jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
    assert!(!kids.is_empty());
    kids.sort();
    kids
}

/// After a restart: what got a token is known, and what had no answer gets at most one more.
fn check_known(server: &Running, book: &mut Book, run: usize) {
    for (id, parameter) in book.with_token().into_iter().step_by(7) {
        let answer = server.post(Door::Bearer, parameter);
        assert_eq!(answer.reason(), "saml.replayed", "{id} after the kill before run {run}: {}", answer.status);
    }
    for id in std::mem::take(&mut book.unanswered) {
        let (parameter, tokens) = book.presented.get_mut(&id).unwrap();
        for door in [Door::Bearer, Door::Exchange] {
            *tokens += usize::from(server.post(door, parameter).status == 200);
        }
        assert!(*tokens <= 1, "{id} got {tokens} tokens");
    }
}

/// Threads present fresh assertions and old ones; one of them kills the server after so many tokens.
fn load_until_killed(bridge: &Bridge, server: Running, book: &Mutex<Book>, run: usize) {
    let until = 5 + run * 7 % 40;
    let (address, tokens, server) = (server.address, AtomicUsize::new(0), Mutex::new(Some(server)));
    let kill = || {
        if let Some(server) = server.lock().unwrap().take() {
            server.kill();
        }
    };
    let work = |thread: usize| {
        for number in 0.. {
            let id = format!("_r{run}-t{thread}-{number}");
            let parameter = bridge.assertion(&id);
            book.lock().unwrap().presented.insert(id.clone(), (parameter.clone(), 0));
            let door = if number % 2 == 0 { Door::Bearer } else { Door::Exchange };
            let Some(answer) = post(address, door, &parameter) else {
                let mut book = book.lock().unwrap();
                book.lost += 1;
                book.unanswered.push(id);
                return;
            };
            assert_eq!(answer.status, 200, "{id}: {}", answer.body);
            book.lock().unwrap().presented.get_mut(&id).unwrap().1 += 1;
            if tokens.fetch_add(1, Ordering::Relaxed) == until {
                kill();
            }
            if number % 3 == 0 {
                // At once, by the other door: known, or the server is gone.
                let Some(again) = post(address, door.other(), &parameter) else { return };
                assert_eq!(again.reason(), "saml.replayed", "{id}");
            }
        }
    };
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let work = &work;
            scope.spawn(move || work(thread));
        }
    });
    assert!(server.into_inner().unwrap().is_none());
}

#[expect(clippy::disallowed_methods, reason = "the configuration of a test, not of the bridge")]
fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

const SYSTEM_CALLS: &str =
    "trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,pwritev,fdatasync,fsync";

/// The page cache survives a `kill -9`, so that the test above cannot see a missing sync: this one does.
///
/// `scripts/test` installs strace; where it cannot, it sets `DRAWBRIDGE_SKIP_STRACE` and lists the part as left out.
#[test]
fn no_token_leaves_before_the_sync_of_its_batch_has_returned() {
    if is_set("DRAWBRIDGE_SKIP_STRACE") {
        println!("left out: DRAWBRIDGE_SKIP_STRACE is set");
        return;
    }
    let bridge = Bridge::new();
    let trace = bridge.at("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-s", "64", "-e", SYSTEM_CALLS, "-o"]).arg(&trace);
    // strace ends, with its file complete, when what it traces does; so that is what has to be told to end.
    command.args(["sh", "-c", "echo $$; exec \"$@\"", "sh"]).args(bridge.serve());
    let found = Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success());
    assert!(found, "no strace here: run `scripts/test`, which installs it; DRAWBRIDGE_SKIP_STRACE=1 leaves this out");
    let server = Process::of(&mut command).serving();
    for number in 0..REQUESTS {
        let door = if number % 2 == 0 { Door::Bearer } else { Door::Exchange };
        let answer = server.post(door, &bridge.assertion(&format!("_a{number}")));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert!(Command::new("kill").args(["-TERM", server.said.first().unwrap()]).status().unwrap().success());
    server.wait();
    let trace = std::fs::read_to_string(trace).unwrap();
    assert_eq!(order::check(&trace), Ok(REQUESTS), "answers with a token");

    // The check sees what it is for: without the syncs, with syncs that fail, and with syncs that come too late.
    let is_sync = |line: &&str| line.contains("fdatasync");
    let without: Vec<&str> = trace.lines().filter(|line| !is_sync(line)).collect();
    let fail = |line| if is_sync(&line) { line.replace("= 0", "= -1 EIO") } else { line.to_owned() };
    let failing: Vec<String> = trace.lines().map(fail).collect();
    let mut late: Vec<&str> = Vec::new();
    let mut held = None;
    for line in trace.lines() {
        match held {
            None if is_sync(&line) => held = Some(line),
            Some(sync) if line.contains("HTTP/1.1 200") => {
                late.extend([line, sync]);
                held = None;
            }
            None | Some(_) => late.push(line),
        }
    }
    for (what, trace) in
        [("no sync", without.join("\n")), ("failing syncs", failing.join("\n")), ("late syncs", late.join("\n"))]
    {
        assert!(order::check(&trace).is_err(), "{what}");
    }
}
