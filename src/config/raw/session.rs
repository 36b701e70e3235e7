//! `sessions`: legacy session tokens whose format the operator declares.
//!
//! ```yaml
//! sessions:
//!   - id: intranet
//!     kind: hmac
//!     namespace: intranet.corp.example    # never changes: reuse is counted and `sub` is made under it
//!     outer: percent                      # around the whole token; plain where absent
//!     mac: { algorithm: hmac-sha256, encoding: hex, separator: ".", place: end, covers: received }
//!     keys:
//!       - { id: k1, secret: { file: ./secrets/intranet.k1 }, encoding: hex, until: 2027-06-30 }
//!     payload: base64url                  # around all fields together; plain where absent
//!     layout: { separator: "|" }          # fields in this order; with `assign: "="` it is name=value in any order
//!     fields:
//!       - { name: user, role: subject }
//!       - { name: groups, encoding: percent, list: { separator: ",", cut: before_decoding } }
//!       - { name: issued, role: issued_at }
//!       - { name: expires, role: expires_at }
//!     times: seconds                      # seconds | milliseconds | rfc3339
//!     max_age: 8h
//!     clock_skew: 60s
//!     reuse: { at_most: 100 }             # how often one client may exchange one token
//! ```
//!
//! Whether the declaration is sound as a whole is the business of
//! [`SessionSource::new`](crate::credential::session::SessionSource::new).

use std::time::Duration;

use crate::credential::session::{
    Covers, Encoding, FieldDeclaration, KeyDeclaration, Layout, ListSplit, MacDeclaration, MacPlace, Role,
    SessionDeclaration, TimeUnit,
};
use crate::crypto::mac::MacAlgorithm;
use crate::diagnostic::{Findings, Node, Span, Table, Value};
use crate::ground::id::{Namespace, SourceId};
use crate::ground::time::Timestamp;

use super::client::read_until;
use super::read::{At, Choice, RawSecret, check_name, read_duration, read_id, read_secret, read_word};
use super::shapes::{FIELD, KEY, LAYOUT, LIST, MAC, REUSE, SESSION};

/// One of `sessions`.
#[derive(Debug)]
pub(in crate::config) struct RawSession {
    /// Where it begins.
    pub(in crate::config) span: Span,
    /// Where its id stands.
    pub(in crate::config) id: At<String>,
    /// Where its namespace stands.
    pub(in crate::config) namespace: At<String>,
    /// Everything but the keys.
    pub(in crate::config) declaration: SessionDeclaration,
    /// The keys, without their secrets.
    pub(in crate::config) keys: Vec<RawSessionKey>,
}

impl RawSession {
    /// The declaration with its keys.
    pub(in crate::config) fn declared(&self, keys: Vec<KeyDeclaration>) -> SessionDeclaration {
        let format = &self.declaration;
        SessionDeclaration {
            id: format.id.clone(),
            namespace: format.namespace.clone(),
            outer: format.outer,
            mac: format.mac.clone(),
            keys,
            key_id_separator: format.key_id_separator.clone(),
            payload: format.payload,
            layout: format.layout.clone(),
            fields: format.fields.clone(),
            time_unit: format.time_unit,
            max_age: format.max_age,
            clock_skew: format.clock_skew,
            reuse_at_most: format.reuse_at_most,
        }
    }
}

/// One of `keys`.
#[derive(Debug)]
pub(in crate::config) struct RawSessionKey {
    /// How traces name it.
    pub(in crate::config) id: At<String>,
    /// Where it is kept.
    pub(in crate::config) secret: RawSecret,
    /// How the kept text stands for the key's bytes.
    pub(in crate::config) encoding: KeyEncoding,
    /// From then on it verifies nothing.
    pub(in crate::config) until: Option<Timestamp>,
}

/// How a key is written in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum KeyEncoding {
    /// The text itself is the key.
    Text,
    /// Hexadecimal.
    Hex,
    /// Base64 or base64url, with or without padding.
    Base64,
}

const KIND: Choice<'static, ()> = Choice {
    what: "`kind`",
    words: &[("hmac", ())],
    later: &[
        "ltpa",
        "ltpa2",
        "aspnet-forms",
        "aspnet-core",
        "django",
        "rails",
        "rack",
        "flask",
        "express",
        "php",
        "laravel",
        "jwt",
        "opentoken",
        "callback",
        "introspection",
        "header",
        "kerberos",
    ],
};
const ENCODINGS: &[(&str, Encoding)] = &[
    ("plain", Encoding::Plain),
    ("hex", Encoding::Hex),
    ("base64", Encoding::Base64),
    ("base64url", Encoding::Base64Url),
    ("percent", Encoding::Percent),
    ("form", Encoding::Form),
];

pub(super) fn read(node: &Node, findings: &mut Findings<'_>) -> Option<RawSession> {
    if is_of_later_kind(node) {
        // Of another kind every other key would be called unknown: the kind alone is the answer.
        KIND.read(kind_of(node)?, findings);
        return None;
    }
    let table = node.shaped("a session source", &SESSION, findings)?;
    let id = table.required("id", findings).and_then(|node| read_id(node, "`id`", findings));
    let kind = table.required("kind", findings).and_then(|node| KIND.read(node, findings));
    let namespace = table
        .required("namespace", findings)
        .and_then(|node| read_word(node, "`namespace`", findings))
        .filter(|at| check_name(at, "`namespace`", findings));
    let mac = table.required("mac", findings).and_then(|node| read_mac(node, findings));
    let keys = table.required("keys", findings).map(|node| read_keys(node, findings)).unwrap_or_default();
    let layout = table.required("layout", findings).and_then(|node| read_layout(node, findings));
    let fields = table.required("fields", findings).and_then(|node| read_fields(node, findings));
    let reuse = table.required("reuse", findings).and_then(|node| read_reuse(node, findings));
    let optional = read_optional(&table, findings);
    let (id, namespace, _) = (id?, namespace?, kind?);
    let declaration = SessionDeclaration {
        id: SourceId::new(id.value.as_str()),
        namespace: Namespace::new(namespace.value.as_str()),
        outer: optional.outer,
        mac: mac?,
        keys: Vec::new(),
        key_id_separator: optional.key_id_separator,
        payload: optional.payload,
        layout: layout?,
        fields: fields?,
        time_unit: optional.time_unit,
        max_age: optional.max_age,
        clock_skew: optional.clock_skew,
        reuse_at_most: reuse?,
    };
    Some(RawSession { span: node.span, id, namespace, declaration, keys })
}

fn kind_of(node: &Node) -> Option<&Node> {
    let Value::Table(entries) = &node.value else { return None };
    entries.iter().find(|entry| entry.key == "kind").map(|entry| &entry.value)
}

fn is_of_later_kind(node: &Node) -> bool {
    matches!(kind_of(node).map(|kind| &kind.value), Some(Value::Text(word)) if KIND.later.contains(&word.as_str()))
}

/// What may be left out, with its defaults.
struct Optional {
    outer: Encoding,
    payload: Encoding,
    key_id_separator: Option<String>,
    time_unit: TimeUnit,
    max_age: Option<Duration>,
    clock_skew: Duration,
}

fn read_optional(table: &Table<'_>, findings: &mut Findings<'_>) -> Optional {
    const TIMES: Choice<'_, TimeUnit> = Choice {
        what: "`times`",
        words: &[
            ("seconds", TimeUnit::Seconds),
            ("milliseconds", TimeUnit::Milliseconds),
            ("rfc3339", TimeUnit::Rfc3339),
        ],
        later: &[],
    };
    let second = Duration::from_secs(1);
    let skew = Duration::ZERO..=300 * second;
    let age = second..=366 * 86_400 * second;
    let clock_skew = table.get("clock_skew").and_then(|node| read_duration(node, "`clock_skew`", &skew, findings));
    let max_age = table.get("max_age").and_then(|node| read_duration(node, "`max_age`", &age, findings));
    Optional {
        outer: read_encoding(table, "outer", findings),
        payload: read_encoding(table, "payload", findings),
        key_id_separator: read_separator(table, "key_id_separator", findings),
        time_unit: table
            .get("times")
            .and_then(|node| TIMES.read(node, findings))
            .map_or(TimeUnit::Seconds, |at| at.value),
        max_age: max_age.map(|at| at.value),
        clock_skew: clock_skew.map_or(60 * second, |at| at.value),
    }
}

fn read_encoding(table: &Table<'_>, key: &str, findings: &mut Findings<'_>) -> Encoding {
    let what = format!("`{key}`");
    let choice = Choice { what: &what, words: ENCODINGS, later: &[] };
    table.get(key).and_then(|node| choice.read(node, findings)).map_or(Encoding::Plain, |at| at.value)
}

fn read_separator(table: &Table<'_>, key: &str, findings: &mut Findings<'_>) -> Option<String> {
    Some(table.get(key)?.text(&format!("`{key}`"), findings)?.to_owned())
}

fn read_mac(node: &Node, findings: &mut Findings<'_>) -> Option<MacDeclaration> {
    const ALGORITHMS: Choice<'_, MacAlgorithm> = Choice {
        what: "`algorithm`",
        words: &[
            ("hmac-sha256", MacAlgorithm::HmacSha256),
            ("hmac-sha384", MacAlgorithm::HmacSha384),
            ("hmac-sha512", MacAlgorithm::HmacSha512),
            // A word at which a reviewer stops.
            ("hmac-sha1-for-legacy-use-only", MacAlgorithm::HmacSha1),
        ],
        later: &[],
    };
    const PLACES: Choice<'_, MacPlace> =
        Choice { what: "`place`", words: &[("start", MacPlace::Start), ("end", MacPlace::End)], later: &[] };
    const COVERS: Choice<'_, Covers> =
        Choice { what: "`covers`", words: &[("received", Covers::Received), ("decoded", Covers::Decoded)], later: &[] };
    let table = node.shaped("`mac`", &MAC, findings)?;
    let algorithm = table.required("algorithm", findings).and_then(|node| ALGORITHMS.read(node, findings));
    let encodings = Choice { what: "`encoding`", words: ENCODINGS, later: &[] };
    let encoding = table.required("encoding", findings).and_then(|node| encodings.read(node, findings));
    let separator = table.required("separator", findings).and_then(|node| node.text("`separator`", findings));
    let place = table.get("place").and_then(|node| PLACES.read(node, findings));
    let covers = table.get("covers").and_then(|node| COVERS.read(node, findings));
    let truncated_to = table.get("truncated_to").and_then(|node| read_count(node, "`truncated_to`", findings));
    Some(MacDeclaration {
        algorithm: algorithm?.value,
        place: place.map_or(MacPlace::End, |at| at.value),
        separator: separator?.to_owned(),
        encoding: encoding?.value,
        truncated_to: truncated_to.and_then(|count| usize::try_from(count).ok()),
        covers: covers.map_or(Covers::Received, |at| at.value),
    })
}

fn read_keys(node: &Node, findings: &mut Findings<'_>) -> Vec<RawSessionKey> {
    let nodes = node.list("`keys`", findings).unwrap_or_default();
    if nodes.is_empty() {
        super::read::report_empty_list(findings, node.span, "`keys`");
    }
    nodes.iter().filter_map(|node| read_key(node, findings)).collect()
}

fn read_key(node: &Node, findings: &mut Findings<'_>) -> Option<RawSessionKey> {
    const WRITTEN: Choice<'_, KeyEncoding> = Choice {
        what: "`encoding`",
        words: &[("text", KeyEncoding::Text), ("hex", KeyEncoding::Hex), ("base64", KeyEncoding::Base64)],
        later: &[],
    };
    let table = node.shaped("a key", &KEY, findings)?;
    let id = table.required("id", findings).and_then(|node| read_id(node, "`id`", findings));
    let secret = table.required("secret", findings).and_then(|node| read_secret(node, "`secret`", findings));
    let encoding = table.get("encoding").and_then(|node| WRITTEN.read(node, findings));
    let until = table.get("until").and_then(|node| read_until(node, findings)).map(|at| at.value);
    Some(RawSessionKey { id: id?, secret: secret?, encoding: encoding.map_or(KeyEncoding::Text, |at| at.value), until })
}

fn read_layout(node: &Node, findings: &mut Findings<'_>) -> Option<Layout> {
    let table = node.shaped("`layout`", &LAYOUT, findings)?;
    let assign = read_separator(&table, "assign", findings);
    let separator = table.required("separator", findings)?.word("`separator`", findings)?.to_owned();
    Some(match assign {
        Some(assign) => Layout::Pairs { separator, assign },
        None => Layout::Ordered { separator },
    })
}

fn read_fields(node: &Node, findings: &mut Findings<'_>) -> Option<Vec<FieldDeclaration>> {
    let nodes = node.list("`fields`", findings)?;
    let fields: Vec<_> = nodes.iter().filter_map(|node| read_field(node, findings)).collect();
    // With one field unread the soundness of the rest cannot be judged.
    (fields.len() == nodes.len()).then_some(fields)
}

fn read_field(node: &Node, findings: &mut Findings<'_>) -> Option<FieldDeclaration> {
    const ROLES: Choice<'_, Role> = Choice {
        what: "`role`",
        words: &[
            ("attribute", Role::Attribute),
            ("subject", Role::Subject),
            ("issued_at", Role::IssuedAt),
            ("expires_at", Role::ExpiresAt),
            ("key_id", Role::KeyId),
            ("ignore", Role::Ignore),
        ],
        later: &[],
    };
    let table = node.shaped("a field", &FIELD, findings)?;
    let role = table.get("role").map(|node| ROLES.read(node, findings).map(|at| at.value));
    let encoding = read_encoding(&table, "encoding", findings);
    let list = table.get("list").map(|node| read_list(node, findings));
    let name = table.required("name", findings)?.word("`name`", findings)?.to_owned();
    let list = list.map_or(Some(None), |list| list.map(Some))?;
    Some(FieldDeclaration { name, encoding, list, role: role.unwrap_or(Some(Role::Attribute))? })
}

fn read_list(node: &Node, findings: &mut Findings<'_>) -> Option<ListSplit> {
    const CUTS: Choice<'_, fn(String) -> ListSplit> = Choice {
        what: "`cut`",
        words: &[("before_decoding", ListSplit::BeforeDecoding), ("after_decoding", ListSplit::AfterDecoding)],
        later: &[],
    };
    let table = node.shaped("`list`", &LIST, findings)?;
    let cut = table.required("cut", findings).and_then(|node| CUTS.read(node, findings));
    let separator = table.required("separator", findings)?.word("`separator`", findings)?.to_owned();
    Some((cut?.value)(separator))
}

fn read_reuse(node: &Node, findings: &mut Findings<'_>) -> Option<u32> {
    let table = node.shaped("`reuse`", &REUSE, findings)?;
    read_count(table.required("at_most", findings)?, "`at_most`", findings)
}

/// A whole number from 1 to a million.
fn read_count(node: &Node, what: &str, findings: &mut Findings<'_>) -> Option<u32> {
    let number = node.int(what, findings)?;
    let count = u32::try_from(number).ok().filter(|count| (1..=1_000_000).contains(count));
    if count.is_none() {
        let message = format!("{what} must be between 1 and 1000000, not {number}");
        findings.error("config.number_out_of_range", node.span, message).label("out of range");
    }
    count
}
