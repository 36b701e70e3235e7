//! Reload of a running server: a broken set of files never replaces a good one, and a `sub` never changes by accident.

use super::files::{MAPPING, PAYROLL};
use super::provider::{CORP, PARTNER};
use super::server::Door;
use super::verify::claims;
use super::{Files, Server};

const KEPT: &str = "the last good revision goes on serving";

fn told(server: &Server, client: &str) -> String {
    let answer = server.post(client, &Door::Exchange.form(&CORP.present(|_| {})));
    if answer.status == 200 { "token".to_owned() } else { answer.reason() }
}

fn sub(server: &Server) -> String {
    let body = server.token("portal", &Door::Bearer.form(&CORP.present(|_| {})));
    claims(server, body["access_token"].as_str().unwrap(), PAYROLL)["sub"].as_str().unwrap().to_owned()
}

/// Changes a file, sends SIGHUP, and waits for what the log says.
fn reload(server: &Server, change: impl FnOnce(), says: &str) -> String {
    let before = server.log.len();
    change();
    server.signal("HUP");
    server.log.wait_for(before, says)
}

#[test]
fn a_broken_file_never_replaces_a_good_one() {
    let files = Files::new();
    let server = Server::start(&files);
    let good = files.read("drawbridge.yaml");
    assert_eq!(told(&server, "other"), "policy.source_refused");
    for (file, text, why) in [
        ("drawbridge.yaml", good.replace("clients:", "cleints:"), "file.key_unknown"),
        ("drawbridge.yaml", "[".to_owned(), "drawbridge.yaml"),
        ("mappings/payroll.yaml", MAPPING.replace("from: groups", "from: gruops"), "mapping.attribute_unknown"),
        ("corp.xml", "<marker/>".to_owned(), "corp.xml"),
        ("secrets/client", "short".to_owned(), "config.secret_short"),
        ("drawbridge.yaml", good.replace("algorithm: hmac-sha256", "algorithm: hmac-md5"), "drawbridge.yaml"),
        (
            "drawbridge.yaml",
            good.replace("https://bridge.example\n", "https://other.example\n"),
            "issuer: changes with a restart only",
        ),
    ] {
        let before = files.read(file);
        let line = reload(&server, || files.write(file, &text), KEPT);
        assert!(line.contains(why), "{file}: {why} is not in: {line}");
        assert_eq!(
            (told(&server, "portal").as_str(), told(&server, "other").as_str()),
            ("token", "policy.source_refused")
        );
        reload(&server, || files.write(file, &before), "reloaded");
    }
}

#[test]
fn a_good_set_changes_the_answer() {
    let files = Files::new();
    let server = Server::start(&files);
    assert_eq!(told(&server, "other"), "policy.source_refused");
    let good = files.read("drawbridge.yaml");
    let wider = good
        .replace("grants: [token-exchange]\n    sources: [partner]", "grants: [token-exchange]\n    sources: [corp]");
    assert_ne!(good, wider);
    reload(&server, || files.write("drawbridge.yaml", &wider), "reloaded");
    assert_eq!(told(&server, "other"), "token");
    // A secret is part of the set.
    reload(&server, || files.write("secrets/client", "another-secret-of-32-characters!"), "reloaded");
    assert_eq!(told(&server, "other"), "client.authentication_failed");
    // And so are metadata: this provider signs with the other's key now, which is not what its name is known for.
    let exchanged = PARTNER.metadata().replace(PARTNER.entity_id, CORP.entity_id);
    let back = || files.write("secrets/client", super::files::SECRET);
    reload(&server, back, "reloaded");
    reload(&server, || files.write("corp.xml", &exchanged), "reloaded");
    assert!(["saml.signature_invalid", "saml.algorithm_refused"].contains(&told(&server, "other").as_str()));
}

/// Nobody sends a signal where files are mounted into a container: a change is noticed.
#[test]
fn a_change_is_noticed_without_a_signal() {
    let files = Files::new();
    let server = Server::start(&files);
    let before = server.log.len();
    files.replace("drawbridge.yaml", "lifetime: 10m", "lifetime: 7m");
    server.log.wait_for(before, "reloaded");
    assert_eq!(server.token("portal", &Door::Bearer.form(&CORP.present(|_| {})))["expires_in"], 420);
}

/// An API that asks for another algorithm finds its key made, and published before it signs.
#[test]
fn an_algorithm_that_comes_with_a_reload_gets_its_key() {
    let files = Files::new();
    let server = Server::start(&files);
    let change = || files.replace("drawbridge.yaml", "lifetime: 10m }", "lifetime: 10m, algorithm: PS256 }");
    reload(&server, change, "reloaded");
    sub(&server);
    let keys = server.get("/jwks").json();
    assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["alg"] == "PS256"), "{keys}");
}

#[test]
fn a_used_subject_rule_changes_only_where_the_file_says_so() {
    let files = Files::new();
    let server = Server::start(&files);
    let changed = MAPPING.replace("attr.upn.lowerAscii()\" }", "attr.upn\" }");
    assert_ne!(changed, MAPPING);
    // Not used yet: nobody's `sub` could change.
    reload(&server, || files.write("mappings/payroll.yaml", &changed), "reloaded");
    reload(&server, || files.write("mappings/payroll.yaml", MAPPING), "reloaded");
    let before = sub(&server);

    let line = reload(&server, || files.write("mappings/payroll.yaml", &changed), KEPT);
    assert!(line.contains("mapping `payroll` has another `subject` rule"), "{line}");
    let place = changed.lines().position(|line| line.starts_with("subject:")).unwrap() + 1;
    let written = format!("payroll.yaml:{place}:17: error[mapping.subject_rule_changed]");
    assert!(line.contains(&written), "{written}: {line}");
    assert_eq!(sub(&server), before);
    let status = files.run(&["status"]).out;
    assert!(status.contains("drawbridge explain mapping.subject_rule_changed"), "{status}");
    assert!(!status.contains("drawbridge check"), "check does not open the store: {status}");
    let old = line.split("subject_replaces: ").nth(1).unwrap();
    let old: String = old.chars().take_while(char::is_ascii_alphanumeric).collect();

    // Nor does a restart take it.
    server.stop();
    let refused = files.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    assert!(refused.err.contains(&format!("subject_replaces: {old}")), "{}", refused.err);
    assert!(refused.err.contains("error[mapping.subject_rule_changed]"), "{}", refused.err);

    files.write("mappings/payroll.yaml", MAPPING);
    let server = Server::start(&files);
    let meant = changed.replace("subject: {", &format!("subject_replaces: {old}\nsubject: {{"));
    reload(&server, || files.write("mappings/payroll.yaml", &meant), "reloaded");
    assert_ne!(sub(&server), before);
    // Used under the new rule, the old one would now be the change.
    reload(&server, || files.write("mappings/payroll.yaml", MAPPING), KEPT);
    // And without the note, the new rule is the known one.
    reload(&server, || files.write("mappings/payroll.yaml", &changed), "reloaded");
}

/// A set of files of which none works with those of another number: API and mapping must name the same scope.
fn write_numbered(files: &Files, good: &str, number: u32, between: impl Fn()) {
    let scope = format!("payroll.v{number}");
    files.write("drawbridge.yaml", &good.replace("[payroll.read, payroll.write]", &format!("[{scope}]")));
    between();
    let mapping = MAPPING
        .replace("payroll.read: \"size(claims.roles) > 0\"", &format!("{scope}: \"true\""))
        .replace("  payroll.write: \"'payroll-admin' in claims.roles\"\n  expenses.read: \"true\"\n", "")
        .replace("login: { cel: \"attr.upn.split('@')[0]\" }", &format!("login: {{ value: 'v{number}' }}"));
    files.write("mappings/payroll.yaml", &mapping);
}

#[test]
fn reloads_under_load_fail_no_request_and_are_never_half_applied() {
    let files = Files::new();
    // Only what the numbered sets need: the others name scopes of their own.
    let good = files.read("drawbridge.yaml").replace("    scopes: [payroll.read, expenses.read]\n", "");
    for mapping in ["mappings/intranet.yaml", "mappings/partner.yaml"] {
        std::fs::remove_file(files.at(mapping)).unwrap();
    }
    write_numbered(&files, &good, 0, || {});
    let server = Server::start(&files);
    let done = std::sync::atomic::AtomicBool::new(false);
    let load = |server: &Server| {
        let mut seen = std::collections::BTreeSet::new();
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            let answer = server.post("portal", &Door::Bearer.form(&CORP.present(|_| {})));
            assert_eq!(answer.status, 200, "{}", answer.body);
            let body = answer.json();
            let claims = claims(server, body["access_token"].as_str().unwrap(), PAYROLL);
            // The scope is of the configuration, the claim of the mapping.
            assert_eq!(claims["scope"], format!("payroll.{}", claims["login"].as_str().unwrap()));
            seen.insert(claims["login"].as_str().unwrap().to_owned());
        }
        seen
    };
    std::thread::scope(|threads| {
        let loads: Vec<_> = (0..2).map(|_| threads.spawn(|| load(&server))).collect();
        for number in 1..=8 {
            // Half of the new set is there, and somebody asks for a reload: it is refused, the old set serves.
            let half = server.log.len();
            write_numbered(&files, &good, number, || {
                server.signal("HUP");
                server.log.wait_for(half, KEPT);
            });
            let before = server.log.len();
            server.signal("HUP");
            server.log.wait_for(before, "reloaded");
            if number % 3 == 0 {
                // Flapping: broken, and good again, and broken.
                let mapping = files.read("mappings/payroll.yaml");
                for text in ["[", "kind: mapping\n", &mapping.replace("from: groups", "from: gruops")] {
                    reload(&server, || files.write("mappings/payroll.yaml", text), KEPT);
                }
                reload(&server, || files.write("mappings/payroll.yaml", &mapping), "reloaded");
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        let seen: Vec<_> = loads.into_iter().map(|load| load.join().unwrap()).collect();
        assert!(seen.iter().any(|seen| seen.len() > 2), "the load saw several revisions: {seen:?}");
    });
}

/// Whoever mended a file and is refused as before is told that the file is not in force, and why.
#[test]
fn a_refusal_says_that_the_files_on_disk_are_not_in_force() {
    let files = Files::new();
    let server = Server::start(&files);
    let refused = server.post("portal", &Door::Bearer.form("x")).json()["trace_id"].as_str().unwrap().to_owned();
    let says = "the files on disk are others, not in force: drawbridge status";
    assert!(!files.run(&["trace", &refused]).out.contains(says));
    let test = "tests:\n  - name: somebody\n    given: { attributes: { upn: ana@corp.example, groups: [HR-Admins] } }\n    \
                expect: { claims: { login: bob } }\n";
    let line = reload(&server, || files.write("mappings/payroll.yaml", &format!("{MAPPING}{test}")), KEPT);
    assert!(line.contains("claim `login`: expected") && line.contains("bob") && line.contains("ana"), "{line}");
    let traced = files.run(&["trace", &refused]).out;
    assert!(traced.contains("judged by revision ") && traced.contains(says), "{traced}");
    let first = files.run(&["status", "--json"]).json();
    reload(&server, || files.write("mappings/payroll.yaml", &format!("{MAPPING}{test}\n")), KEPT);
    let (status, later) = (files.run(&["status"]).out, files.run(&["status", "--json"]).json());
    for expected in [
        "in force since the start",
        "claim `login`: expected \"bob\", found \"ana\"",
        &format!("not in force: since {} they have problems", first["not_taken_since"].as_str().unwrap()),
        "drawbridge check shows them with help",
    ] {
        assert!(status.contains(expected), "{expected}: {status}");
    }
    assert_eq!(first["not_taken_since"], later["not_taken_since"]);
    // What is no error keeps nothing from being taken: the mapping has a claim that is not released.
    assert!(!status.contains("warning["), "{status}");
    server.stop();
    assert!(!files.run(&["trace", &refused]).out.contains(says), "nobody knows");
    let status = files.run(&["status"]);
    assert!(status.err.contains("no server runs on this data folder; `status` asks a running one"), "{}", status.err);
}

/// What the admin socket says to a collector of metrics.
fn metrics(files: &Files) -> String {
    use std::io::{Read as _, Write as _};
    let mut socket = std::os::unix::net::UnixStream::connect(files.at("data/admin.sock")).unwrap();
    socket.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    answer
}

#[test]
fn health_details_and_metrics_name_file_and_problem() {
    let files = Files::new();
    let server = Server::start(&files);
    let status = files.run(&["status"]);
    assert_eq!(status.code, 0, "{}", status.err);
    assert!(status.out.contains("ready") && status.out.contains("in force since the start"), "{}", status.out);
    let broken = MAPPING.replace("from: groups", "from: gruops");
    reload(&server, || files.write("mappings/payroll.yaml", &broken), KEPT);
    let status = files.run(&["status"]);
    assert_eq!(status.code, 1);
    assert!(status.out.contains("mappings/payroll.yaml:19:11: error[mapping.attribute_unknown]: "), "{}", status.out);
    let json = files.run(&["status", "--json"]).json();
    assert!(json["reload_problems"][0].as_str().unwrap().contains("gruops"), "{json:#}");
    let page = metrics(&files);
    assert!(page.contains("\ndrawbridge_config_last_reload_success 0\n"), "{page}");
    // Whoever looks for changes may have seen this one too, beside the signal.
    let kept = page.lines().find_map(|line| line.strip_prefix("drawbridge_config_reloads_total{result=\"kept\"} "));
    assert!(kept.is_some_and(|kept| kept.parse::<u64>().unwrap() >= 1), "{page}");
    reload(&server, || files.write("mappings/payroll.yaml", MAPPING), "reloaded");
    assert_eq!(files.run(&["status"]).code, 0);
    assert!(metrics(&files).contains("\ndrawbridge_config_last_reload_success 1\n"));
}
