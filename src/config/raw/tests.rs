use insta::assert_snapshot;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::diagnostic::{Findings, Source, one_line};
use crate::mapping::yaml;

use super::*;

const GOOD: &str = r#"
issuer: https://bridge.example
listen: "[::1]:8080"
master_key: { file: /etc/drawbridge/master.key }
mappings: ./mappings
storage: { sled: { path: ./data, cache: 32MiB } }
audit: { file: ./audit.jsonl, keep: 30d }
signing: { algorithm: EdDSA }
saml:
  entity_id: https://bridge.example/saml
  identity_providers:
    - id: corp-adfs
      metadata: { file: ./idp.xml }
      clock_skew: 30s
      max_age: 5m
sessions:
  - id: intranet
    kind: hmac
    namespace: intranet.corp.example
    outer: percent
    mac: { algorithm: hmac-sha256, encoding: hex, separator: "." }
    keys:
      - { id: k1, secret: { env: INTRANET_KEY }, encoding: hex, until: 2027-06-30 }
    layout: { separator: "|" }
    fields:
      - { name: user, role: subject }
      - { name: groups, encoding: percent, list: { separator: ",", cut: before_decoding } }
      - { name: expires, role: expires_at }
    reuse: { at_most: 100 }
clients:
  - id: payroll-portal
    secret: { file: ./secrets/payroll-portal }
    grants: [saml2-bearer, token-exchange]
    sources: [corp-adfs, intranet]
    audiences: [https://payroll.example]
    scopes: [payroll.read]
    subject_type: pairwise
    sector: portal.example
    forwards:
      source: corp-adfs
      recipients: [https://portal.example/saml/acs]
      audiences: [https://portal.example/saml]
      until: 2026-12-31
apis:
  - audience: https://payroll.example
    scopes: [payroll.read, payroll.write]
    token: { format: jwt, lifetime: 10m, algorithm: RS256 }
"#;

fn problems_of(text: &str) -> (Option<Raw>, String) {
    let source = Source::new("drawbridge.yaml", text);
    let mut findings = Findings::of(&source);
    let root = yaml::parse(&mut findings);
    let raw = root.and_then(|root| read(&root, &mut findings));
    let lines: Vec<String> = findings.diagnostics.iter().map(one_line).collect();
    (raw, lines.join("\n"))
}

/// The good file with one text replaced: what is wrong with it.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    problems_of(&GOOD.replacen(from, to, 1)).1
}

#[test]
fn every_key_of_the_contract_is_read() {
    let (raw, problems) = problems_of(GOOD);
    assert_eq!(problems, "");
    let raw = raw.unwrap();
    assert_eq!(raw.server.issuer.unwrap().value.as_str(), "https://bridge.example");
    assert_eq!(raw.server.storage.unwrap().cache, Some(32 << 20));
    let provider = &raw.saml.unwrap().identity_providers[0];
    assert_eq!((provider.settings.clock_skew.as_secs(), provider.settings.max_age.as_secs()), (30, 300));
    let session = &raw.sessions[0];
    assert_eq!(session.declaration.fields.len(), 3);
    assert_eq!(session.declaration.reuse_at_most, 100);
    assert_eq!(session.keys[0].until.unwrap().to_string(), "2027-07-01T00:00:00Z");
    let client = &raw.clients[0];
    assert_eq!(client.grants.len(), 2);
    assert_eq!(client.subject_type.as_ref().map(|at| at.value), Some(RawSubjectType::Pairwise));
    assert_eq!(client.sector.as_ref().unwrap().value, "portal.example");
    assert_eq!(client.forwards.as_ref().unwrap().until.value.to_string(), "2027-01-01T00:00:00Z");
    assert_eq!(raw.apis[0].lifetime.unwrap().as_secs(), 600);
}

#[test]
fn every_mistake_of_a_file_is_reported_at_once() {
    let (_, problems) = problems_of(
        r#"
issuer: https://bridge.example/
listn: 127.0.0.1:8080
listen: everywhere
listen: 127.0.0.1:9090
master_key: ./master.key
mappings: 7
storage: { sled: { path: ./data, cache: 64MB } }
clients:
  - id: a b
    secret: hunter2
    grants: [saml2-bearer, saml2_bearer, refresh_token, saml2-bearer]
    sources: []
    audiences: [x, x]
apis:
  - audience: https://payroll.example
    scopes: ["payroll read"]
    token: { format: opaque, lifetime: 10 }
"#,
    );
    assert_snapshot!(problems, @r"
    config.issuer_malformed 2:9 `https://bridge.example/` cannot be the issuer: an issuer ends without a slash
    file.key_unknown 3:1 drawbridge.yaml has no key `listn`
    config.listen_malformed 4:9 `listen` is no address and port: `everywhere`
    file.key_repeated 5:1 key `listen` stands here twice
    file.wrong_type 6:13 `master_key` must be keys and values, not text
    file.wrong_type 7:11 `mappings` must be text, not a whole number
    config.size_malformed 8:41 `cache` is no size between 1MiB and 64GiB: `64MB`
    config.id_malformed 10:9 `a b` cannot be the id of a client
    config.secret_literal 11:13 `secret` is written into this file
    config.word_unknown 12:28 `grants` has no value `saml2_bearer`
    config.not_in_this_version 12:42 `grants` `refresh_token` is not in this version of drawbridge
    config.list_repeats 12:57 `saml2-bearer` stands twice in `grants`
    config.list_empty 13:14 `sources` must not be empty
    config.list_repeats 14:20 `x` stands twice in `audiences`
    config.scope_malformed 17:14 `payroll read` is not a scope: a scope is printable ASCII without space, quote and backslash
    config.not_in_this_version 18:22 `format` `opaque` is not in this version of drawbridge
    config.duration_malformed 18:40 `lifetime` is no duration: `10`
    ");
}

#[test]
fn a_later_feature_is_neither_unknown_nor_ignored() {
    for (from, to, expected) in [
        (
            "issuer:",
            "tls: { cert: x }\nissuer:",
            "config.not_in_this_version 2:1 `tls` is not in this version of drawbridge",
        ),
        (
            "issuer:",
            "gateway: {}\nissuer:",
            "config.not_in_this_version 2:1 `gateway` is not in this version of drawbridge",
        ),
        (
            "issuer:",
            "admin: {}\nissuer:",
            "config.not_in_this_version 2:1 `admin` is not in this version of drawbridge",
        ),
        (
            "{ sled: { path: ./data, cache: 32MiB } }",
            "{ postgres: { url: { env: DATABASE_URL } } }",
            "config.not_in_this_version 6:12 `postgres` is not in this version of drawbridge",
        ),
        (
            "{ file: ./idp.xml }",
            "{ url: https://idp.example/metadata, refresh: 1h }",
            "config.not_in_this_version 13:19 `url` is not in this version of drawbridge\n\
             config.not_in_this_version 13:54 `refresh` is not in this version of drawbridge",
        ),
        (
            "format: jwt",
            "format: split",
            "config.not_in_this_version 47:22 `format` `split` is not in this version of drawbridge",
        ),
        (
            "[saml2-bearer, token-exchange]",
            "[client_credentials]",
            "config.not_in_this_version 33:14 `grants` `client_credentials` is not in this version of drawbridge",
        ),
        (
            "kind: hmac",
            "kind: ltpa2\n    realm: corp",
            "config.not_in_this_version 18:11 `kind` `ltpa2` is not in this version of drawbridge",
        ),
        (
            "algorithm: EdDSA",
            "rotate_every: 30d",
            "config.not_in_this_version 8:12 `rotate_every` is not in this version of drawbridge",
        ),
    ] {
        assert_eq!(with(from, to), expected, "{to}");
    }
}

#[test]
fn a_secret_in_the_file_is_refused_and_never_repeated() {
    let problems = with("{ file: ./secrets/payroll-portal }", "correct-horse-battery-staple");
    assert_eq!(problems, "config.secret_literal 32:13 `secret` is written into this file");
    let problems = with("{ file: ./secrets/payroll-portal }", "{ env: correct-horse-battery-staple }");
    assert_eq!(problems, "config.env_malformed 32:20 `env` is not the name of an environment variable");
    let problems = with("{ file: ./secrets/payroll-portal }", "{ file: x, env: Y }");
    assert_eq!(problems, "config.one_of 32:13 `secret` names both `file` and `env`");
    let problems = with("{ file: ./secrets/payroll-portal }", "{}");
    assert_eq!(problems, "config.one_of 32:13 `secret` names neither `file` nor `env`");
}

#[test]
fn each_value_is_checked_at_its_place() {
    for (from, to, expected) in [
        (
            "clock_skew: 30s",
            "clock_skew: 10m",
            "config.duration_out_of_range 14:19 `clock_skew` must be between `0s` and `5m`, not `10m`",
        ),
        ("max_age: 5m", "max_age: 300", "config.duration_malformed 15:16 `max_age` is no duration: `300`"),
        (
            "lifetime: 10m",
            "lifetime: 2d",
            "config.duration_out_of_range 47:37 `lifetime` must be between `10s` and `1d`, not `2d`",
        ),
        (
            "keep: 30d",
            "keep: 1h",
            "config.duration_out_of_range 7:37 `keep` must be between `1d` and `3660d`, not `1h`",
        ),
        ("until: 2026-12-31", "until: 31.12.2026", "config.until_malformed 43:14 `until` is no date: `31.12.2026`"),
        ("id: corp-adfs", "id: corp/adfs", "config.id_malformed 12:11 `corp/adfs` cannot be an id"),
        (
            "subject_type: pairwise",
            "subject_type: pair",
            "config.word_unknown 37:19 `subject_type` has no value `pair`",
        ),
        (
            "sector: portal.example",
            "sector: https://portal.example",
            "config.sector_malformed 38:13 `sector` is no host name: `https://portal.example`",
        ),
        (
            "id: payroll-portal",
            "id: payroll:portal",
            "config.id_malformed 31:9 `payroll:portal` cannot be the id of a client",
        ),
        ("algorithm: RS256", "algorithm: HS256", "config.word_unknown 47:53 `algorithm` has no value `HS256`"),
        (
            "at_most: 100",
            "at_most: 0",
            "config.number_out_of_range 29:23 `at_most` must be between 1 and 1000000, not 0",
        ),
        ("\"[::1]:8080\"", "localhost", "config.listen_malformed 3:9 `listen` is no address and port: `localhost`"),
        (
            "[https://portal.example/saml]",
            "[\"https://portal.example/ saml\"]",
            "config.name_malformed 42:19 `https://portal.example/ saml` has spaces or control characters, or is too long",
        ),
        ("role: subject", "role: subjekt", "config.word_unknown 26:29 `role` has no value `subjekt`"),
        (
            "listen:",
            "trusted_proxies: [10.0.0.1/8]\nlisten:",
            "config.network_malformed 3:19 `10.0.0.1/8` is no network: bits are set behind the prefix",
        ),
        (
            "saml:\n  entity_id: https://bridge.example/saml\n  identity_providers:",
            "saml:\n  identity_provider:",
            "file.key_unknown 10:3 `saml` has no key `identity_provider`",
        ),
    ] {
        assert_eq!(with(from, to), expected, "{to}");
    }
}

#[test]
fn a_file_that_is_no_table_is_one_problem() {
    for text in ["", "- a", "7"] {
        let (raw, problems) = problems_of(text);
        assert!(raw.is_none());
        assert_eq!(problems.lines().count(), 1, "{text}: {problems}");
    }
}

#[test]
fn what_is_required_is_missed() {
    let (_, problems) = problems_of("listen: 127.0.0.1:8080\n");
    assert_snapshot!(problems, @r"
    file.key_missing 1:1 drawbridge.yaml lacks the key `issuer`
    file.key_missing 1:1 drawbridge.yaml lacks the key `master_key`
    file.key_missing 1:1 drawbridge.yaml lacks the key `mappings`
    file.key_missing 1:1 drawbridge.yaml lacks the key `storage`
    file.key_missing 1:1 drawbridge.yaml lacks the key `clients`
    file.key_missing 1:1 drawbridge.yaml lacks the key `apis`
    ");
}

/// The good file with some of its lines left out, doubled or with a value of another kind.
fn damaged(changes: &[(usize, u8)]) -> String {
    let mut lines: Vec<String> = GOOD.lines().map(str::to_owned).collect();
    for (place, change) in changes {
        let at = place % lines.len();
        let key = lines[at].split(':').next().unwrap_or_default().to_owned();
        match change % 7 {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => lines[at] = format!("{key}: 7"),
            3 => lines[at] = format!("{key}: []"),
            4 => lines[at] = format!("{key}: {{}}"),
            5 => lines[at] = format!("{key}:"),
            _ => lines[at] = lines[at].replace('e', "é"),
        }
    }
    lines.join("\n")
}

proptest! {
    #[test]
    fn a_damaged_file_is_whole_or_has_a_problem(changes in vec((0..64_usize, any::<u8>()), 1..6)) {
        let text = damaged(&changes);
        let (raw, problems) = problems_of(&text);
        if problems.is_empty() {
            let raw = raw.expect("a file without problems is read");
            let server = raw.server;
            prop_assert!(server.issuer.is_some() && server.master_key.is_some() && server.mappings.is_some());
            prop_assert!(server.storage.is_some() && !raw.clients.is_empty() && !raw.apis.is_empty());
            for client in &raw.clients {
                prop_assert!(client.secret.is_some() && !client.grants.is_empty() && !client.sources.is_empty());
            }
        }
    }
}
