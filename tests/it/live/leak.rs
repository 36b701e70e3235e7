//! Nothing of a person and no secret appears where it should not.
//!
//! Every value of a person and every secret of the fixtures holds the word `marker`, in names that are matched without
//! regard to case. Searched for are that word, its octets in base64 at every alignment and in hexadecimal, whatever was
//! presented, and what was issued.
//!
//! Allowed by design: IDs of assertions, issuers, audiences, recipients, client ids that are known, keyed hashes.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::files::{COOKIE_KEY, SECRET, session};
use super::provider::CORP;
use super::refusals::{Case, cases};
use super::server::{Door, INTRANET, basic, exchange};
use super::{Files, Server};
use crate::wire::Answer;

/// What must not be found, and what it is.
#[derive(Default)]
struct Forbidden(Vec<(&'static str, Vec<u8>)>);

impl Forbidden {
    fn new(files: &Files) -> Self {
        let mut forbidden = Self::default();
        for word in ["marker", "Marker", "MARKER"] {
            for shift in 0..3 {
                // What every base64 of a text with that word holds, wherever the word begins.
                let padded = [vec![b' '; shift], word.as_bytes().to_vec()].concat();
                let encoded = STANDARD.encode(padded);
                let encoded = encoded.trim_end_matches('=');
                let (from, to) =
                    ([0, 2, 3][shift], encoded.len() - usize::from(!(shift + word.len()).is_multiple_of(3)));
                forbidden.add("base64 of a marker", &encoded[from..to]);
            }
            forbidden.add("hexadecimal of a marker", &drawbridge::crypto::digest::hex(word.as_bytes()));
        }
        forbidden.add("a client secret", SECRET);
        forbidden.add("a cookie key", COOKIE_KEY);
        forbidden.add("Basic", basic("portal", SECRET).trim_start_matches("Basic "));
        let master = files.read("master.key");
        forbidden.add("the master key", master.split_whitespace().last().unwrap());
        forbidden
    }

    fn add(&mut self, what: &'static str, text: &str) {
        self.0.push((what, text.as_bytes().to_vec()));
    }

    /// A credential or token: its middle, which no other has.
    fn add_whole(&mut self, what: &'static str, text: &str) {
        let middle = text.len() / 2;
        if let Some(part) = text.get(middle..middle + 24) {
            self.add(what, part);
        }
    }

    fn check(&self, place: &str, octets: &[u8]) {
        let folded = octets.to_ascii_lowercase();
        assert!(find(&folded, b"marker").is_none(), "{place}: {}", around(octets, find(&folded, b"marker")));
        for (what, forbidden) in &self.0 {
            let found = find(octets, forbidden);
            assert!(found.is_none(), "{place} holds {what}: {}", around(octets, found));
        }
    }
}

fn find(octets: &[u8], part: &[u8]) -> Option<usize> {
    octets.windows(part.len()).position(|window| window == part)
}

fn around(octets: &[u8], place: Option<usize>) -> String {
    let place = place.unwrap_or_default();
    String::from_utf8_lossy(&octets[place.saturating_sub(300)..octets.len().min(place + 100)]).into_owned()
}

/// Every octet of every file below a folder.
fn octets_below(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            octets_below(&path, found);
        } else if kind.is_file() {
            found.push((path.display().to_string(), fs::read(path).unwrap()));
        }
    }
}

#[test]
fn markers_are_found_where_they_are() {
    let forbidden = Forbidden::new(&Files::new());
    for before in ["", "a", "ab", "abc"] {
        for word in ["marker", "Marker"] {
            let text = format!("{before}{word}-value");
            for hidden in [
                STANDARD.encode(&text),
                URL_SAFE_NO_PAD.encode(&text),
                drawbridge::crypto::digest::hex(text.as_bytes()),
            ] {
                assert!(forbidden.0.iter().any(|(_, part)| find(hidden.as_bytes(), part).is_some()), "{text}");
            }
        }
    }
}

/// Successes at every door. The answers are those to the same once more: replayed.
fn present_what_is_good(server: &Server, forbidden: &mut Forbidden) -> Vec<Answer> {
    let forwarded = CORP.present(|draft| {
        draft.audiences = vec!["https://legacy.example/saml".into()];
        draft.recipient = "https://legacy.example/acs".into();
        draft.in_response_to = Some("_marker-request".into());
    });
    let good = [
        ("portal", Door::Bearer.form(&CORP.present(|_| {}))),
        ("portal", Door::Exchange.form(&CORP.present(|_| {}))),
        ("legacy", Door::Exchange.form(&forwarded)),
    ];
    let mut again = Vec::new();
    for (client, form) in good {
        let body = server.token(client, &form);
        forbidden.add_whole("an issued token", body["access_token"].as_str().unwrap());
        forbidden.add_whole("a credential", &form.last().unwrap().1);
        again.push(server.post(client, &form));
    }
    let form = exchange(INTRANET, &session("marker-ana"));
    let body = server.token("portal", &form);
    forbidden.add_whole("an issued token", body["access_token"].as_str().unwrap());
    forbidden.add_whole("a credential", &form.last().unwrap().1);
    again
}

/// Every refusal of the table.
fn present_what_is_refused(server: &Server, forbidden: &mut Forbidden) -> Vec<Answer> {
    let is_credential = |name: &str| ["assertion", "subject_token"].contains(&name);
    let present = |case: &Case| {
        for (_, value) in case.form.iter().filter(|(name, _)| is_credential(name)) {
            forbidden.add_whole("a credential", value);
        }
        case.post(server)
    };
    cases().iter().map(present).collect()
}

/// What never becomes a request of the flow: everything in the wrong place.
fn present_what_is_misplaced(server: &Server, forbidden: &mut Forbidden) -> Vec<Answer> {
    let assertion = CORP.present(|_| {});
    forbidden.add_whole("a credential", &assertion);
    let form = Door::Bearer.form(&assertion);
    let marked = ["client_id", "client_secret", "grant_type"].map(|name| (name, "marker".to_owned()));
    vec![
        server.get(&format!("/token?assertion={assertion}&client_secret=marker")),
        server.get("/marker/marker"),
        server.get("/errors/marker.marker"),
        server.post_with(&[("Authorization", "Bearer marker-token"), ("Cookie", "marker")], &form),
        server.post_with(&[("Content-Type", "text/marker")], &form),
        server.post_with(&[], &marked),
    ]
}

fn nothing_leaks(format: &str) {
    let files = Files::new();
    let mut command = files.command(&["serve", "--listen", "127.0.0.1:0", "--log-format", format]);
    command.env("RUST_LOG", "trace");
    let server = Server::start_by(command).unwrap();
    let mut forbidden = Forbidden::new(&files);
    let mut refusals = present_what_is_good(&server, &mut forbidden);
    refusals.extend(present_what_is_refused(&server, &mut forbidden));
    refusals.extend(present_what_is_misplaced(&server, &mut forbidden));
    for answer in &refusals {
        assert!(answer.status >= 400, "{}", answer.body);
        forbidden.check("an answer", format!("{}\r\n{}", answer.head, answer.body).as_bytes());
    }
    // A file that is broken in a way that tempts to quote it.
    let before = server.log.len();
    files.write("secrets/client", "marker-short");
    server.signal("HUP");
    server.log.wait_for(before, "the last good revision goes on serving");

    let log = server.stop();
    assert!(log.matches("refused").count() > 100, "{log}");
    forbidden.check("the log", log.as_bytes());
    check_what_is_kept(&files, &forbidden);
}

/// The audit file, the store, and what a person reads of them.
fn check_what_is_kept(files: &Files, forbidden: &Forbidden) {
    let audit = files.read("data/audit.jsonl");
    assert!(audit.lines().count() > 100 && audit.contains("saml.signature_invalid"));
    let mut kept = Vec::new();
    octets_below(&files.at("data"), &mut kept);
    assert!(kept.len() >= 3, "the audit file and the store");
    for (path, octets) in &kept {
        forbidden.check(path, octets);
    }
    for line in audit.lines().step_by(7) {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let traced = files.run(&["trace", record["trace_id"].as_str().unwrap()]);
        assert_eq!(traced.code, 0, "{}", traced.err);
        forbidden.check("trace", traced.out.as_bytes());
    }
}

#[test]
fn nothing_of_a_person_and_no_secret_leaks_into_text() {
    nothing_leaks("text");
}

#[test]
fn nothing_of_a_person_and_no_secret_leaks_into_json() {
    nothing_leaks("json");
}
