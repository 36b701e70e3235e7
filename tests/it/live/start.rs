//! When a server starts, and when it does not: exit code, a clear message, and nothing made over old state.

use std::fs;

use drawbridge::config::master_key;
use drawbridge::crypto::entropy::SystemEntropy;

use super::provider::CORP;
use super::server::{Door, Ended};
use super::{Files, Server};

fn does_not_start(files: &Files) -> Ended {
    match Server::start_by(files.command(&["serve", "--listen", "127.0.0.1:0"])) {
        Ok(server) => panic!("it started, at {}", server.address),
        Err(ended) => ended,
    }
}

#[test]
fn a_second_server_on_the_same_data_is_turned_away() {
    let files = Files::new();
    let server = Server::start(&files);
    let ended = does_not_start(&files);
    assert_eq!((ended.code, ended.out.as_str()), (Some(3), ""));
    assert!(ended.err.contains("is in use by another process"), "{}", ended.err);
    assert!(ended.err.contains("is another bridge running on this data folder?"), "{}", ended.err);
    // The first goes on, and so does its socket.
    server.token("portal", &Door::Bearer.form(&CORP.present(|_| {})));
    assert_eq!(files.run(&["keys", "list"]).code, 0);
}

#[test]
fn a_port_that_is_taken_is_exit_code_3() {
    let files = Files::new();
    let other = Files::new();
    let server = Server::start(&other);
    let address = server.address.to_string();
    let ran = files.run(&["serve", "--listen", &address]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    assert!(ran.err.contains(&format!("cannot listen on {address}")), "{}", ran.err);
    assert!(!files.at("data").exists(), "nothing was made");
}

#[test]
fn files_with_problems_are_exit_code_1_and_shown() {
    let files = Files::new();
    files.replace("mappings/payroll.yaml", "from: groups", "from: gruops");
    let ended = does_not_start(&files);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.out.contains("did you mean `groups`?"), "{}", ended.out);
    assert!(!files.at("data").exists(), "nothing was made");
    let missing = files.run(&["serve", "--config", "none.yaml"]);
    assert_eq!(missing.code, 3);
    assert!(missing.err.contains("`none.yaml` cannot be read"), "{}", missing.err);
    assert_eq!(files.run(&["serve", "--listen", "nowhere"]).code, 2);
}

/// Missing, wrong, or open to everybody: the server does not start, and never makes new keys over old state.
#[test]
fn without_its_master_key_a_server_does_not_start() {
    let files = Files::new();
    let server = Server::start(&files);
    let keys = server.get("/jwks").body;
    server.stop();
    let right = files.read("master.key");

    fs::remove_file(files.at("master.key")).unwrap();
    let missing = does_not_start(&files);
    // The files name what is not there: that is a problem of the files.
    assert_eq!(missing.code, Some(1), "{}", missing.err);
    assert!(missing.out.contains("there is no master key at `master.key`"), "{}", missing.out);
    assert!(!files.at("master.key").exists(), "none is made");

    master_key::init(&files.at("master.key"), &SystemEntropy).unwrap();
    let wrong = does_not_start(&files);
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(3), ""), "{}", wrong.err);
    assert!(wrong.err.contains("the keys cannot be opened"), "{}", wrong.err);

    files.write("master.key", "marker is no key\n");
    let broken = does_not_start(&files);
    assert!(matches!(broken.code, Some(1 | 3)), "{}", broken.err);
    assert!(!format!("{}{}", broken.out, broken.err).contains("marker"), "{}", broken.err);

    // With the right one everything is as it was.
    files.write("master.key", &right);
    let server = Server::start(&files);
    assert_eq!(server.get("/jwks").body, keys);
}

#[test]
fn a_first_start_without_a_master_key_makes_nothing() {
    let files = Files::new();
    fs::remove_file(files.at("master.key")).unwrap();
    let ended = does_not_start(&files);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains("`drawbridge keys init` makes one"), "{}", ended.out);
    assert!(!files.at("data").exists());
    let init = files.run(&["keys", "init"]);
    assert_eq!(init.code, 0, "{}", init.err);
    let key = files.read("master.key");
    let again = files.run(&["keys", "init"]);
    assert_eq!((again.code, files.read("master.key")), (1, key), "never over one that is there");
    Server::start(&files);
}

#[test]
fn a_server_stops_with_exit_code_0_on_either_signal() {
    let files = Files::new();
    for name in ["TERM", "INT"] {
        let server = Server::start(&files);
        server.signal(name);
        let (status, log) = server.wait();
        assert_eq!(status.code(), Some(0), "{name}: {log}");
        assert!(log.contains("stopping"), "{log}");
    }
}

/// The clock of one-shot commands is no clock of a server.
#[test]
fn a_server_has_no_other_clock() {
    let files = Files::new();
    let mut command = files.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("DRAWBRIDGE_NOW", "2001-01-01T00:00:00Z");
    let server = Server::start_by(command).unwrap();
    server.token("portal", &Door::Bearer.form(&CORP.present(|_| {})));
    server.log.wait_for(0, "DRAWBRIDGE_NOW is set and has no effect");
}
