//! One good token, one change, one reason.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;

use crate::crypto::mac::{MacAlgorithm, MacKey};
use crate::decision::{Detail, Finding, Rejection as _, Step};
use crate::ground::id::{Namespace, SourceId, TraceId};
use crate::ground::secret::Secret;

use super::*;

type Change = fn(&mut SessionDeclaration);

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_366_400); // 2026-03-01T12:00:00Z
const SECRET: &[u8] = b"TEST-intranet-secret-one";
const OLDER: &[u8] = b"TEST-intranet-secret-two";

fn field(name: &str, role: Role) -> FieldDeclaration {
    FieldDeclaration { name: name.to_owned(), encoding: Encoding::Plain, list: None, role }
}

/// `user|mail|groups|issued|expires|key id`, base64url, `.`, HMAC-SHA256 in hex.
fn declaration() -> SessionDeclaration {
    SessionDeclaration {
        id: SourceId::new("intranet"),
        namespace: Namespace::new("https://intranet.example"),
        outer: Encoding::Plain,
        mac: MacDeclaration {
            algorithm: MacAlgorithm::HmacSha256,
            place: MacPlace::End,
            separator: ".".to_owned(),
            encoding: Encoding::Hex,
            truncated_to: None,
            covers: Covers::Received,
        },
        keys: vec![key("2026", SECRET, None), key("2025", OLDER, Some(NOW.after(Duration::from_secs(1))))],
        key_id_separator: None,
        payload: Encoding::Base64Url,
        layout: Layout::Ordered { separator: "|".to_owned() },
        fields: vec![
            field("user", Role::Subject),
            FieldDeclaration { encoding: Encoding::Percent, ..field("mail", Role::Attribute) },
            FieldDeclaration {
                list: Some(ListSplit::BeforeDecoding(",".to_owned())),
                encoding: Encoding::Percent,
                ..field("groups", Role::Attribute)
            },
            field("issued", Role::IssuedAt),
            field("expires", Role::ExpiresAt),
            field("key", Role::KeyId),
        ],
        time_unit: TimeUnit::Seconds,
        max_age: Some(Duration::from_secs(3600)),
        clock_skew: Duration::from_secs(60),
        reuse_at_most: 3,
    }
}

fn key(id: &str, secret: &[u8], until: Option<Timestamp>) -> KeyDeclaration {
    KeyDeclaration { id: id.to_owned(), secret: Secret::new(secret.to_vec()), until }
}

fn source() -> SessionSource {
    SessionSource::new(declaration()).unwrap()
}

fn payload() -> String {
    let issued = NOW.unix_seconds() - 100;
    format!("ana|ana%7Cruiz%40corp.example|HR%2CReaders,Staff|{issued}|{}|2026", issued + 1800)
}

fn signed_with(secret: &[u8], payload: &str) -> String {
    let text = BASE64_URL_SAFE_NO_PAD.encode(payload);
    let mac = MacKey::new(MacAlgorithm::HmacSha256, secret).mac(text.as_bytes());
    format!("{text}.{}", hex(&mac))
}

fn signed(payload: &str) -> String {
    signed_with(SECRET, payload)
}

fn establish_at(
    token: &str,
    source: &SessionSource,
    now: Timestamp,
) -> (Result<Identity, SessionRejection>, Vec<Step>) {
    let mut trail = Trail::open(TraceId::from_bytes([0; 16]), now, Detail::Explain);
    let result = establish(token, source, &ClientId::new("payroll-portal"), now, &mut trail);
    (result, trail.steps().to_vec())
}

fn code(token: &str, source: &SessionSource, now: Timestamp) -> String {
    let (result, steps) = establish_at(token, source, now);
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(rejection) => {
            let last = steps.last().expect("a refusal is a step");
            assert_eq!(last.finding, Finding::Failed(rejection.code()), "the trail names the reason");
            assert!(!last.facts.is_empty(), "{rejection}: no facts");
            rejection.code().to_string()
        }
    }
}

#[test]
fn a_good_token_becomes_an_identity() {
    let (result, steps) = establish_at(&signed(&payload()), &source(), NOW);
    let identity = result.unwrap();
    let facts = identity.facts();
    let name_id = facts.name_id.as_ref().unwrap();
    assert_eq!(name_id.value, "ana");
    assert_eq!(name_id.format.as_deref(), Some("urn:drawbridge:session:https://intranet.example"));
    assert_eq!(facts.source, SourceId::new("intranet"));
    let values: Vec<_> = facts.attributes.iter().map(|a| (a.name.as_str(), a.values.clone())).collect();
    // The separators inside decoded values moved nothing.
    assert_eq!(
        values,
        [
            ("mail", vec!["ana|ruiz@corp.example".to_owned()]),
            ("groups", vec!["HR,Readers".to_owned(), "Staff".to_owned()])
        ]
    );
    let issued = NOW.before(Duration::from_secs(100));
    assert_eq!(facts.authentication.instant, Some(issued));
    let ends = issued.after(Duration::from_secs(1800));
    assert_eq!((identity.ends(), identity.consumption().until), (Some(ends), ends));
    assert_eq!(identity.consumption().rule, UseRule::AtMost(3));
    assert_eq!(
        steps.iter().map(|step| step.stage).collect::<Vec<_>>(),
        [Stage::Signature, Stage::Parse, Stage::Conditions]
    );
}

#[test]
fn each_check_is_needed() {
    let issued = NOW.unix_seconds() - 100;
    let with = |payload: &str| signed(payload);
    let cases: Vec<(&str, String, &str)> = vec![
        ("as it is", signed(&payload()), "accepted"),
        ("under the older key", signed_with(OLDER, &payload().replace("2026", "2025")), "accepted"),
        ("too long", "a".repeat(MAX_TOKEN_BYTES + 1), "session.too_large"),
        ("as long as allowed", "a".repeat(MAX_TOKEN_BYTES), "session.malformed"),
        ("empty", String::new(), "session.malformed"),
        ("no mac", payload(), "session.malformed"),
        ("mac is not hex", format!("{}.zz", "YQ"), "session.malformed"),
        ("mac is cut", signed(&payload())[..signed(&payload()).len() - 2].to_owned(), "session.malformed"),
        ("mac is empty", "YQ.".to_owned(), "session.malformed"),
        ("foreign key", signed_with(b"TEST-a-foreign-secret", &payload()), "session.signature_invalid"),
        ("names another key", with(&payload().replace("2026", "2025")), "session.signature_invalid"),
        ("payload is not base64url", mac_over("YQ=.="), "session.malformed"),
        ("payload is not UTF-8", mac_over("_w"), "session.malformed"),
        ("a field too many", with(&format!("{}|x", payload())), "session.malformed"),
        ("a field too few", with("ana|m|g|1|2"), "session.malformed"),
        ("a value that is not percent-encoded", with(&payload().replace("%40", "%g0")), "session.malformed"),
        ("a control character", with(&payload().replace("%40", "%00")), "session.malformed"),
        ("a control character in the subject", with(&payload().replace("ana|", "an\na|")), "session.malformed"),
        ("an empty subject", with(&payload().replacen("ana|", "|", 1)), "session.malformed"),
        ("a blank subject", with(&payload().replacen("ana|", " |", 1)), "session.malformed"),
        ("a signed time", with(&format!("ana|m|g|+{issued}|{}|2026", issued + 9)), "session.malformed"),
        ("a negative time", with(&format!("ana|m|g|-{issued}|{}|2026", issued + 9)), "session.malformed"),
        ("no time", with(&format!("ana|m|g|{issued}||2026")), "session.malformed"),
        ("a time after the year 9999", with(&format!("ana|m|g|{issued}|253402300800|2026")), "session.malformed"),
        ("a time beyond 64 bits", with(&format!("ana|m|g|{issued}|99999999999999999999|2026")), "session.malformed"),
    ];
    for (name, token, expected) in cases {
        assert_eq!(code(&token, &source(), NOW), expected, "{name}");
    }
}

/// A token whose payload's text is this, rightly signed.
fn mac_over(text: &str) -> String {
    format!("{text}.{}", hex(&MacKey::new(MacAlgorithm::HmacSha256, SECRET).mac(text.as_bytes())))
}

#[test]
fn times_hold_to_the_millisecond() {
    let at = |millis: i64| Timestamp::from_unix_millis(NOW.unix_millis() + millis);
    let issued = NOW.unix_seconds();
    let both = signed(&format!("ana|m|g|{issued}|{}|2026", issued + 1800));
    let aged = signed(&format!("ana|m|g|{issued}|{}|2026", issued + 90_000));
    let cases = [
        (&both, -60_001, "session.not_yet_valid"),
        (&both, -60_000, "accepted"),
        (&both, 1_799_999, "accepted"),
        (&both, 1_800_000, "session.expired"),
        (&aged, 3_599_999, "accepted"),
        (&aged, 3_600_000, "session.expired"),
    ];
    for (token, millis, expected) in cases {
        assert_eq!(code(token, &source(), at(millis)), expected, "{millis}");
    }
    let older = signed_with(OLDER, &payload().replace("2026", "2025"));
    assert_eq!(code(&older, &source(), at(999)), "accepted");
    assert_eq!(code(&older, &source(), at(1000)), "session.signature_invalid", "a key holds until its date, exclusive");
}

#[test]
fn every_time_unit_is_read() {
    for (unit, issued) in [
        (TimeUnit::Seconds, "1772366399"),
        (TimeUnit::Milliseconds, "1772366399000"),
        (TimeUnit::Rfc3339, "2026-03-01T11:59:59Z"),
    ] {
        let mut declared = declaration();
        declared.time_unit = unit;
        declared.fields = vec![field("issued", Role::IssuedAt)];
        let source = SessionSource::new(declared).unwrap();
        let identity = establish_at(&signed(issued), &source, NOW).0.unwrap();
        assert_eq!(identity.ends(), Some(NOW.after(Duration::from_secs(3599))), "{unit:?}");
        assert!(identity.facts().name_id.is_none());
    }
}

#[test]
fn pairs_stand_once_each_and_in_any_order() {
    let mut declared = declaration();
    declared.layout = Layout::Pairs { separator: "&".to_owned(), assign: "=".to_owned() };
    declared.fields = vec![
        field("u", Role::Subject),
        FieldDeclaration {
            list: Some(ListSplit::AfterDecoding(";".to_owned())),
            encoding: Encoding::Form,
            ..field("g", Role::Attribute)
        },
        field("x", Role::ExpiresAt),
        field("junk", Role::Ignore),
    ];
    declared.max_age = None;
    let source = SessionSource::new(declared).unwrap();
    let x = NOW.unix_seconds() + 60;
    let cases = [
        (format!("u=ana&g=a+b%3Bc%26d&x={x}&junk=%"), "accepted"),
        (format!("x={x}&junk=a=b&g=&u=ana"), "accepted"),
        (format!("u=ana&g=&x={x}"), "session.malformed"),
        (format!("u=ana&g=&x={x}&junk=&junk="), "session.malformed"),
        (format!("u=ana&u=eve&x={x}&junk="), "session.malformed"),
        (format!("u=ana&g=&x={x}&other="), "session.malformed"),
        (format!("u=ana&g=&x={x}&junk"), "session.malformed"),
    ];
    for (payload, expected) in &cases {
        assert_eq!(code(&signed(payload), &source, NOW), *expected, "{payload}");
    }
    let twice = establish_at(&signed(&format!("u=ana&u=eve&x={x}&junk=")), &source, NOW).0.unwrap_err();
    assert_eq!(twice, SessionRejection::FieldRepeated { name: "u".to_owned() });
    let groups =
        |payload: &str| establish_at(&signed(payload), &source, NOW).0.unwrap().facts().attributes[0].values.clone();
    assert_eq!(groups(&cases[0].0), ["a b", "c&d"]);
    assert!(groups(&cases[1].0).is_empty(), "an empty list");
}

#[test]
fn the_mac_stands_where_it_is_declared() {
    let text = BASE64_URL_SAFE_NO_PAD.encode(payload());
    let mac = |algorithm, covered: &[u8]| MacKey::new(algorithm, SECRET).mac(covered);
    let whole = mac(MacAlgorithm::HmacSha256, text.as_bytes());
    let over_payload = mac(MacAlgorithm::HmacSha512, payload().as_bytes());
    let sha1 = mac(MacAlgorithm::HmacSha1, text.as_bytes());
    let cases: Vec<(&str, Change, String)> = vec![
        ("start", |d| d.mac.place = MacPlace::Start, format!("{}.{text}", hex(&whole))),
        (
            "start, no separator",
            |d| (d.mac.place, d.mac.separator) = (MacPlace::Start, String::new()),
            format!("{}{text}", hex(&whole)),
        ),
        ("end, no separator", |d| d.mac.separator = String::new(), format!("{text}{}", hex(&whole))),
        ("base64", |d| d.mac.encoding = Encoding::Base64, format!("{text}.{}", BASE64_STANDARD.encode(&whole))),
        (
            "base64url",
            |d| d.mac.encoding = Encoding::Base64Url,
            format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(&whole)),
        ),
        ("cut", |d| d.mac.truncated_to = Some(16), format!("{text}.{}", hex(&whole[..16]))),
        (
            "over the decoded payload",
            |d| (d.mac.algorithm, d.mac.covers) = (MacAlgorithm::HmacSha512, Covers::Decoded),
            format!("{text}.{}", hex(&over_payload)),
        ),
        ("sha-1", |d| d.mac.algorithm = MacAlgorithm::HmacSha1, format!("{text}.{}", hex(&sha1))),
        (
            "percent-encoded cookie",
            |d| (d.outer, d.mac.encoding) = (Encoding::Percent, Encoding::Base64),
            format!("{text}.{}", BASE64_STANDARD.encode(&whole)).replace('=', "%3D").replace('/', "%2f"),
        ),
    ];
    for (name, change, token) in cases {
        let mut declared = declaration();
        change(&mut declared);
        let other = SessionSource::new(declared).unwrap();
        assert_eq!(code(&token, &other, NOW), "accepted", "{name}");
        assert_ne!(code(&token, &source(), NOW), "accepted", "{name}, read by another declaration");
    }
}

#[test]
fn a_whole_mac_is_refused_where_a_cut_one_is_declared() {
    let mut declared = declaration();
    declared.mac.truncated_to = Some(16);
    let source = SessionSource::new(declared).unwrap();
    assert_eq!(code(&signed(&payload()), &source, NOW), "session.malformed");
}

#[test]
fn a_key_id_in_front_of_the_payload_must_name_the_key_that_verifies() {
    let mut declared = declaration();
    declared.key_id_separator = Some(":".to_owned());
    let source = SessionSource::new(declared).unwrap();
    let token = |id: &str| {
        let rest = format!("{id}{}", BASE64_URL_SAFE_NO_PAD.encode(payload()));
        mac_over(&rest)
    };
    assert_eq!(code(&token("2026:"), &source, NOW), "accepted");
    assert_eq!(code(&token("2025:"), &source, NOW), "session.signature_invalid");
    assert_eq!(code(&token(""), &source, NOW), "session.malformed");
}

#[test]
fn reuse_is_counted_for_each_client_and_for_the_covered_bytes() {
    let token = signed(&payload());
    let key_of = |token: &str, client: &str| {
        let mut trail = Trail::open(TraceId::from_bytes([0; 16]), NOW, Detail::Record);
        let identity = establish(token, &source(), &ClientId::new(client), NOW, &mut trail).unwrap();
        identity.consumption().key
    };
    assert_eq!(key_of(&token, "a"), key_of(&token, "a"));
    assert_ne!(key_of(&token, "a"), key_of(&token, "b"));
    let (text, mac) = token.split_once('.').unwrap();
    assert_eq!(key_of(&format!("{text}.{}", mac.to_uppercase()), "a"), key_of(&token, "a"), "the same session");
}

#[test]
fn an_unsound_declaration_is_refused() {
    use DeclarationRejection as D;
    let cases: Vec<(Change, D)> = vec![
        (|d| d.namespace = Namespace::new(""), D::NamespaceEmpty),
        (|d| d.keys.clear(), D::KeyCount(0)),
        (|d| d.keys = (0..9u8).map(|n| key(&n.to_string(), &[SECRET, &[n]].concat(), None)).collect(), D::KeyCount(9)),
        (|d| d.keys.push(key("2026", b"TEST-another-secret-x", None)), D::KeyId("2026".to_owned())),
        (|d| d.keys.push(key("", b"TEST-another-secret-x", None)), D::KeyId(String::new())),
        (|d| d.keys.push(key("s", b"fifteen-bytes-x", None)), D::WeakSecret("s".to_owned())),
        (|d| d.keys.push(key("s", &[7; 64], None)), D::WeakSecret("s".to_owned())),
        (|d| d.keys.push(key("s", SECRET, None)), D::SecretRepeated("s".to_owned())),
        (|d| d.mac.truncated_to = Some(15), D::Truncation { found: 15, whole: 32 }),
        (|d| d.mac.truncated_to = Some(33), D::Truncation { found: 33, whole: 32 }),
        (|d| d.mac.encoding = Encoding::Plain, D::MacEncoding),
        (|d| d.mac.separator = "a".to_owned(), D::MacSeparator("a".to_owned())),
        (
            |d| (d.mac.separator, d.mac.encoding) = ("--".to_owned(), Encoding::Base64Url),
            D::MacSeparator("--".to_owned()),
        ),
        (|d| (d.mac.separator, d.mac.encoding) = (String::new(), Encoding::Base64), D::MacSeparator(String::new())),
        (|d| d.key_id_separator = Some(String::new()), D::Separator(String::new())),
        (|d| d.layout = Layout::Ordered { separator: String::new() }, D::Separator(String::new())),
        (
            |d| d.layout = Layout::Pairs { separator: "&".to_owned(), assign: "&&".to_owned() },
            D::Separator("&&".to_owned()),
        ),
        (
            |d| d.layout = Layout::Pairs { separator: "&".to_owned(), assign: "s".to_owned() },
            D::Separator("s".to_owned()),
        ),
        (|d| d.fields[2].list = Some(ListSplit::BeforeDecoding("|".to_owned())), D::Separator("|".to_owned())),
        (|d| d.fields[2].list = Some(ListSplit::AfterDecoding(String::new())), D::Separator(String::new())),
        (|d| d.fields.clear(), D::FieldCount(0)),
        (|d| d.fields = (0..65).map(|n| field(&n.to_string(), Role::Attribute)).collect(), D::FieldCount(65)),
        (|d| d.fields[1].name = "user".to_owned(), D::FieldName("user".to_owned())),
        (|d| d.fields[1].name = String::new(), D::FieldName(String::new())),
        (|d| d.fields[1].role = Role::Subject, D::FieldRole("mail".to_owned())),
        (|d| d.fields[2].role = Role::Ignore, D::FieldRole("groups".to_owned())),
        (|d| d.fields[3].role = Role::Ignore, D::MaxAge),
        (|d| d.max_age = Some(Duration::ZERO), D::MaxAge),
        (|d| (d.max_age, d.fields[4].role) = (None, Role::Ignore), D::NoExpiry),
        (|d| d.clock_skew = Duration::from_secs(301), D::ClockSkew(Duration::from_secs(301))),
        (|d| d.reuse_at_most = 0, D::Reuse),
    ];
    for (change, expected) in cases {
        let mut declared = declaration();
        change(&mut declared);
        assert_eq!(SessionSource::new(declared).unwrap_err(), expected);
    }
}

#[test]
fn a_declaration_may_reach_every_limit() {
    let cases: [Change; 4] = [
        |d| d.keys = (0..8u8).map(|n| key(&n.to_string(), &[SECRET, &[n]].concat(), None)).collect(),
        |d| d.keys = vec![key("2026", b"sixteen-bytes-xy", None)],
        |d| d.fields.extend((6..64).map(|n| field(&n.to_string(), Role::Attribute))),
        |d| d.clock_skew = Duration::from_secs(300),
    ];
    for change in cases {
        let mut declared = declaration();
        change(&mut declared);
        SessionSource::new(declared).unwrap();
    }
    assert_eq!(MAX_TOKEN_BYTES, 8192, "as docs/sessions.md says");
}

#[test]
fn mappings_may_read_the_attributes_and_nothing_else() {
    assert_eq!(source().attributes().collect::<Vec<_>>(), ["mail", "groups"]);
}

#[test]
fn sha_1_has_no_short_word() {
    assert_eq!(mac_algorithm("hmac-sha256"), Some(MacAlgorithm::HmacSha256));
    assert_eq!(mac_algorithm("hmac-sha384"), Some(MacAlgorithm::HmacSha384));
    assert_eq!(mac_algorithm("hmac-sha512"), Some(MacAlgorithm::HmacSha512));
    assert_eq!(mac_algorithm("hmac-sha1"), None);
    assert_eq!(mac_algorithm("hmac-sha1-for-legacy-use-only"), Some(MacAlgorithm::HmacSha1));
    for word in ["", "sha256", "none", "HMAC-SHA256", "hmac-md5"] {
        assert_eq!(mac_algorithm(word), None, "{word}");
    }
}

#[test]
fn nothing_of_a_person_or_a_key_is_printed() {
    let source = source();
    let token = signed(&payload().replace("%40", "%g0"));
    let (result, _) = establish_at(&token, &source, NOW);
    let shown = format!("{:?} {source:?}", result.unwrap_err());
    for marker in ["ana", "ruiz", "TEST-intranet", "HR"] {
        assert!(!shown.contains(marker), "{marker} in {shown}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*", payload in "[a-z|=&%,.0-9\\x00-\\x1f]{0,80}") {
        let _ = establish_at(&text, &source(), NOW);
        let _ = establish_at(&signed(&payload), &source(), NOW);
    }

    #[test]
    fn a_changed_byte_is_refused_or_changes_nothing(place in any::<prop::sample::Index>(), byte in 0x20u8..0x7F) {
        let token = signed(&payload());
        let mut changed = token.clone().into_bytes();
        let place = place.index(changed.len());
        changed[place] = byte;
        let changed = String::from_utf8(changed).unwrap();
        if let Ok(identity) = establish_at(&changed, &source(), NOW).0 {
            let good = establish_at(&token, &source(), NOW).0.unwrap();
            prop_assert_eq!(identity.facts(), good.facts());
            prop_assert_eq!(identity.consumption(), good.consumption());
        }
    }
}
