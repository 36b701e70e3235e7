//! HTTP manners of the public listener: sizes, methods, media types, headers, documents, shutdown.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use super::files::{ISSUER, SECRET};
use super::provider::CORP;
use super::server::{BEARER, Door, EXCHANGE, basic};
use super::{Files, Server};
use crate::wire::{self, Answer};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn told(answer: &Answer) -> (u16, String) {
    (answer.status, answer.reason())
}

fn expected(status: u16, reason: &str) -> (u16, String) {
    (status, reason.to_owned())
}

/// Two hundred and fifty-six KiB, and not an octet more.
#[test]
fn a_body_is_bounded_before_it_is_read() {
    let server = Server::start(&Files::new());
    let too_large = expected(413, "request.body_too_large");
    let head = |length: &str| {
        format!("POST /token HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{}: {}\r\n{length}\r\n\r\n", FORM.0, FORM.1)
    };
    // Declared, and none of it sent: the answer does not wait for it.
    let declared = head("Content-Length: 1073741824");
    assert_eq!(told(&wire::raw(server.address, declared.as_bytes())), too_large);
    // Asked before it is sent: the answer is final, not `100 Continue`.
    let asked = head("Content-Length: 262145\r\nExpect: 100-continue");
    assert_eq!(told(&wire::raw(server.address, asked.as_bytes())), too_large);
    // Not declared at all.
    let chunk = format!("{:x}\r\n{}\r\n", 64 * 1024, "x".repeat(64 * 1024));
    let chunked = format!("{}{}0\r\n\r\n", head("Transfer-Encoding: chunked"), chunk.repeat(5));
    assert_eq!(told(&wire::raw(server.address, chunked.as_bytes())), too_large);
    // The last size that fits is read, and then judged.
    let body = format!("scope={}", "x".repeat(256 * 1024 - 6));
    let fits = format!("{}{body}", head(&format!("Content-Length: {}", body.len())));
    assert_eq!(told(&wire::raw(server.address, fits.as_bytes())), expected(400, "request.parameter_missing"));
    assert_eq!(server.get("/healthz").status, 200);
}

/// More bodies announced than there is room for: whoever sends nothing takes none of it.
#[test]
fn what_is_only_announced_takes_no_room() {
    let server = Server::start(&Files::new());
    let announced: Vec<TcpStream> = (0..300)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address).unwrap();
            write!(
                stream,
                "POST /token HTTP/1.1\r\nHost: test\r\n{}: {}\r\nContent-Length: 262144\r\n\r\n",
                FORM.0, FORM.1
            )
            .unwrap();
            stream
        })
        .collect();
    let answer = server.post("portal", &Door::Bearer.form(&CORP.present(|_| {})));
    assert_eq!(answer.status, 200, "{}", answer.reason());
    drop(announced);
}

#[test]
fn only_a_form_is_read() {
    let server = Server::start(&Files::new());
    let post = |headers: &[(&str, &str)], body: &str| {
        told(&wire::raw(server.address, wire::request("POST", "/token", headers, body).as_bytes()))
    };
    let refused = expected(415, "request.media_type");
    assert_eq!(post(&[], "grant_type=x"), refused, "no content type");
    assert_eq!(post(&[("Content-Type", "application/json")], "{}"), refused);
    assert_eq!(post(&[("Content-Type", "multipart/form-data; boundary=x")], "--x--"), refused);
    assert_eq!(post(&[FORM, FORM], "grant_type=x"), refused, "two content types");
    for body in ["a=%", "a=%zz", "a=%C3", "%ff=1"] {
        assert_eq!(post(&[FORM], body), refused, "{body}");
    }
    assert_eq!(post(&[FORM], ""), expected(400, "request.parameter_missing"));
}

/// RFC 6749 section 3.2: parameters once; only what RFC 8693 and RFC 8707 let repeat may.
#[test]
fn no_parameter_stands_twice() {
    let server = Server::start(&Files::new());
    for (grant, name, repeats) in [
        (BEARER, "assertion", false),
        (BEARER, "grant_type", false),
        (BEARER, "client_id", false),
        (BEARER, "unheard_of", false),
        (BEARER, "audience", false),
        (BEARER, "resource", true),
        (EXCHANGE, "subject_token", false),
        (EXCHANGE, "audience", true),
        (EXCHANGE, "resource", true),
    ] {
        let form = [("grant_type", grant), (name, "portal"), (name, "portal")];
        let header = basic("portal", SECRET);
        let answer = wire::post_form(server.address, "/token", &[("Authorization", &header)], &form);
        let is_repeated = answer.reason() == "request.parameter_repeated";
        // `grant_type` three times is no grant either.
        let is_refused = is_repeated || (name == "grant_type" && answer.reason() == "request.grant_unsupported");
        assert_eq!((answer.status, is_refused), (400, !repeats), "{name}: {}", answer.body);
    }
}

#[test]
fn other_methods_and_addresses_are_refused() {
    let server = Server::start(&Files::new());
    for (method, path, allowed) in [
        ("GET", "/token", "POST"),
        ("PUT", "/token", "POST"),
        ("OPTIONS", "/token", "POST"),
        ("POST", "/jwks", "GET, HEAD"),
        ("DELETE", "/.well-known/oauth-authorization-server", "GET, HEAD"),
        ("POST", "/errors/saml.expired", "GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
        ("POST", "/readyz", "GET, HEAD"),
    ] {
        let answer = wire::raw(server.address, wire::request(method, path, &[], "").as_bytes());
        assert_eq!((told(&answer), answer.header("allow")), (expected(405, "request.method"), Some(allowed)), "{path}");
    }
    let head = wire::raw(server.address, wire::request("HEAD", "/token", &[], "").as_bytes());
    assert_eq!((head.status, head.header("allow"), head.body.as_str()), (405, Some("POST"), ""));
    for path in ["/", "/Token", "/token/", "/admin/api/keys", "/saml/acs", "/..", "/errors/"] {
        assert_eq!(told(&server.get(path)), expected(404, "request.not_found"), "{path}");
    }
    // A credential in an address is not taken.
    let line = "POST /token?grant_type=x&client_id=portal HTTP/1.1\r\nHost: test\r\n";
    let octets = format!("{line}Connection: close\r\nContent-Length: 0\r\n{}: {}\r\n\r\n", FORM.0, FORM.1);
    assert_eq!(told(&wire::raw(server.address, octets.as_bytes())), expected(400, "request.parameter_missing"));
}

/// What is no HTTP/1.1 gets no answer of ours, and does no harm.
#[test]
fn what_is_no_http_is_turned_away() {
    let server = Server::start(&Files::new());
    let large = "x".repeat(200 * 1024);
    for (octets, status) in [
        ("nonsense\r\n\r\n".to_owned(), 400),
        (format!("GET /healthz HTTP/1.1\r\nHost: test\r\nX: {large}\r\n\r\n"), 431),
        (format!("GET /healthz HTTP/1.1\r\nHost: test\r\n{}\r\n", "X: y\r\n".repeat(200)), 431),
        ("POST /token HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx".to_owned(), 400),
        ("POST /token HTTP/1.1\r\nHost: test\r\nContent-Length: -1\r\n\r\n".to_owned(), 400),
        ("POST /token HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(), 400),
        ("GET /healthz HTTP/1.1\r\nHost : test\r\n\r\n".to_owned(), 400),
        ("GET /healthz HTTP/1.1\r\n folded\r\n\r\n".to_owned(), 400),
    ] {
        let mut stream = wire::connect(server.address);
        let _ = stream.write_all(octets.as_bytes());
        let answer = wire::read_answer(&mut stream);
        assert_eq!(answer.status, status, "{}", octets.get(..60).unwrap_or(&octets));
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn nothing_of_a_request_decides_what_we_call_ourselves() {
    let server = Server::start(&Files::new());
    let headers =
        [("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "http"), ("Forwarded", "host=evil.example")];
    for path in ["/.well-known/oauth-authorization-server", "/jwks", "/none", "/errors/saml.expired"] {
        assert!(!wire::get(server.address, path, &headers).body.contains("evil"), "{path}");
        let other_host = format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
        assert!(!wire::raw(server.address, other_host.as_bytes()).body.contains("evil"), "{path}");
    }
}

#[test]
fn every_answer_has_the_security_headers() {
    let server = Server::start(&Files::new());
    let post = |form: &[(&str, String)]| server.post("portal", form);
    let answers = [
        server.get("/healthz"),
        server.get("/readyz"),
        server.get("/jwks"),
        server.get("/.well-known/oauth-authorization-server"),
        server.get("/errors/saml.expired"),
        server.get("/none"),
        server.get("/token"),
        post(&Door::Bearer.form(&CORP.present(|_| {}))),
        post(&Door::Bearer.form("x")),
        server.post_with(&[], &[]),
    ];
    for answer in answers {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{}", answer.head);
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{}", answer.head);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(answer.header("cache-control").is_some(), "{}", answer.head);
        assert_eq!(answer.header("server"), None);
    }
}

#[test]
fn a_bridge_says_that_it_is_alive_and_ready() {
    let server = Server::start(&Files::new());
    for (path, body) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn keys_are_not_sent_again_to_whoever_has_them() {
    let server = Server::start(&Files::new());
    let first = server.get("/jwks");
    assert_eq!(first.header("content-type"), Some("application/jwk-set+json"));
    assert_eq!(first.header("cache-control"), Some("public, max-age=3600"));
    let etag = first.header("etag").unwrap();
    for tags in [etag.to_owned(), format!("\"other\", W/{etag}"), "*".to_owned()] {
        let again = wire::get(server.address, "/jwks", &[("If-None-Match", &tags)]);
        assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", Some(etag)), "{tags}");
    }
    let other = wire::get(server.address, "/jwks", &[("If-None-Match", "\"other\"")]);
    assert_eq!((other.status, other.body), (200, first.body));
}

/// RFC 8414: true to what is enabled.
#[test]
fn the_metadata_document_says_what_is_there() {
    let server = Server::start(&Files::new());
    let answer = server.get("/.well-known/oauth-authorization-server");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let metadata = answer.json();
    assert_eq!(metadata["issuer"], ISSUER);
    assert_eq!(metadata["token_endpoint"], format!("{ISSUER}/token"));
    assert_eq!(metadata["jwks_uri"], format!("{ISSUER}/jwks"));
    assert_eq!(metadata["grant_types_supported"], serde_json::json!([BEARER, EXCHANGE]));
    assert_eq!(
        metadata["token_endpoint_auth_methods_supported"],
        serde_json::json!(["client_secret_basic", "client_secret_post"])
    );
    for absent in ["authorization_endpoint", "introspection_endpoint", "revocation_endpoint"] {
        assert_eq!(metadata.get(absent), None);
    }
    assert_eq!(server.get("/.well-known/openid-configuration").status, 404, "comes with /authorize");
}

/// RFC 8414 section 3.1: the well-known part goes between host and path.
#[test]
fn an_issuer_with_a_path_has_everything_below_it() {
    let files = Files::new();
    files.replace("drawbridge.yaml", "issuer: https://bridge.example", "issuer: https://bridge.example/eu/hr");
    let server = Server::start(&files);
    let metadata = server.get("/.well-known/oauth-authorization-server/eu/hr").json();
    assert_eq!(metadata["issuer"], "https://bridge.example/eu/hr");
    assert_eq!(metadata["jwks_uri"], "https://bridge.example/eu/hr/jwks");
    for path in ["/eu/hr/jwks", "/eu/hr/healthz", "/eu/hr/readyz", "/eu/hr/errors/saml.expired"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    for path in ["/.well-known/oauth-authorization-server", "/jwks", "/eu/hr/.well-known/oauth-authorization-server"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    let presented = CORP.present(|draft| {
        draft.audiences = vec!["https://bridge.example/eu/hr".into()];
        draft.recipient = "https://bridge.example/eu/hr/token".into();
    });
    let form = Door::Bearer.form(&presented);
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let header = basic("portal", SECRET);
    let answer = wire::post_form(server.address, "/eu/hr/token", &[("Authorization", &header)], &form);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let refused = wire::post_form(server.address, "/eu/hr/token", &[("Authorization", &header)], &form).json();
    assert_eq!(refused["error_uri"], "https://bridge.example/eu/hr/errors/saml.replayed");
}

#[test]
fn a_bridge_listens_on_ipv6() {
    let files = Files::new();
    let server = Server::start_by(files.command(&["serve", "--listen", "[::1]:0"])).unwrap();
    assert!(server.address.is_ipv6());
    server.token("portal", &Door::Exchange.form(&CORP.present(|_| {})));
}

#[test]
fn a_connection_serves_many_requests() {
    let server = Server::start(&Files::new());
    let mut stream = wire::connect(server.address);
    stream.write_all("GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n".repeat(3).as_bytes()).unwrap();
    let mut answers = String::new();
    let mut buffer = [0; 4096];
    while answers.matches("\r\n\r\nok\n").count() < 3 {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "{answers}");
        answers.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
}

/// A request under way is answered; nothing new is begun.
#[test]
fn a_stop_finishes_what_is_under_way() {
    let files = Files::new();
    let server = Server::start(&files);
    let form = Door::Bearer.form(&CORP.present(|_| {}));
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let body = wire::encoded(&form);
    let (first, second) = body.split_at(body.len() / 2);
    let mut idle = wire::connect(server.address);
    let mut stream = wire::connect(server.address);
    let header = basic("portal", SECRET);
    let head = format!(
        "POST /token HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: {}\r\nAuthorization: {header}\r\n{}: \
         {}\r\n\r\n",
        body.len(),
        FORM.0,
        FORM.1
    );
    stream.write_all(head.as_bytes()).unwrap();
    // Whoever is told to go on has a request that is being read.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(first.as_bytes()).unwrap();
    server.signal("TERM");
    server.log.wait_for(0, "stopping");
    // The listener is closed, and so is a connection on which nothing is under way.
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    stream.write_all(second.as_bytes()).unwrap();
    let answer = wire::read_answer(&mut stream);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.json()["access_token"].is_string());
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!files.at("data/admin.sock").exists());
    // And it is durable: the store opens, and knows the use.
    let server = Server::start(&files);
    let keys: Value = server.get("/jwks").json();
    assert!(!keys["keys"].as_array().unwrap().is_empty());
    let form: Vec<(&str, String)> = form.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    assert_eq!(server.post("portal", &form).reason(), "saml.replayed");
}
