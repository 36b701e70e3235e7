//! `clients` and `apis`.

use std::time::Duration;

use crate::crypto::keys::SigningAlgorithm;
use crate::diagnostic::{Findings, Node, Span};
use crate::ground::oauth::GrantType;
use crate::ground::scope::ScopeSet;
use crate::ground::time::Timestamp;

use super::super::word::{is_host_name, parse_until};
use super::read::{
    At, Choice, RawSecret, check_name, read_duration, read_scopes, read_secret, read_word, read_words,
    report_empty_list,
};
use super::server::ALGORITHM;
use super::shapes::{API, CLIENT, FORWARDS, TOKEN};

/// One of `clients`.
#[derive(Debug)]
pub(in crate::config) struct RawClient {
    /// `client_id`.
    pub(in crate::config) id: At<String>,
    /// `None` where a finding says why.
    pub(in crate::config) secret: Option<RawSecret>,
    /// Each once, with its place.
    pub(in crate::config) grants: Vec<At<GrantType>>,
    /// Ids of sources.
    pub(in crate::config) sources: Vec<At<String>>,
    /// Audiences of APIs.
    pub(in crate::config) audiences: Vec<At<String>>,
    /// `None`: whatever the APIs offer.
    pub(in crate::config) scopes: Option<At<ScopeSet>>,
    /// `None` for public subjects.
    pub(in crate::config) subject_type: Option<At<RawSubjectType>>,
    /// A host name.
    pub(in crate::config) sector: Option<At<String>>,
    /// For an application that can only pass on what its service provider received.
    pub(in crate::config) forwards: Option<RawForwards>,
}

/// The words of `subject_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum RawSubjectType {
    /// Every API sees the same `sub` of a person.
    Public,
    /// Each sector sees its own.
    Pairwise,
}

/// `forwards:` of a client.
#[derive(Debug)]
pub(in crate::config) struct RawForwards {
    /// Where the key stands.
    pub(in crate::config) span: Span,
    /// Id of an identity provider.
    pub(in crate::config) source: At<String>,
    /// ACS addresses of the legacy service provider.
    pub(in crate::config) recipients: Vec<At<String>>,
    /// Entity IDs of the legacy service provider.
    pub(in crate::config) audiences: Vec<At<String>>,
    /// The first moment at which it no longer holds.
    pub(in crate::config) until: At<Timestamp>,
}

/// One of `apis`.
#[derive(Debug)]
pub(in crate::config) struct RawApi {
    /// Compared character by character.
    pub(in crate::config) audience: At<String>,
    /// What it offers.
    pub(in crate::config) scopes: ScopeSet,
    /// Of a token; `None` for the default.
    pub(in crate::config) lifetime: Option<Duration>,
    /// `None` for that of `signing`.
    pub(in crate::config) algorithm: Option<SigningAlgorithm>,
}

const GRANTS: Choice<'static, GrantType> = Choice {
    what: "`grants`",
    words: &[("saml2-bearer", GrantType::Saml2Bearer), ("token-exchange", GrantType::TokenExchange)],
    later: &["refresh_token", "authorization_code", "client_credentials", "jwt-bearer"],
};
const SUBJECT_TYPE: Choice<'static, RawSubjectType> = Choice {
    what: "`subject_type`",
    words: &[("public", RawSubjectType::Public), ("pairwise", RawSubjectType::Pairwise)],
    later: &[],
};

pub(super) fn read_client(node: &Node, findings: &mut Findings<'_>) -> Option<RawClient> {
    let table = node.shaped("a client", &CLIENT, findings)?;
    let id = table.required("id", findings).and_then(|node| read_client_id(node, findings));
    let secret = table.required("secret", findings).and_then(|node| read_secret(node, "`secret`", findings));
    let grants = table.required("grants", findings).map(|node| read_grants(node, findings)).unwrap_or_default();
    let words = |key: &str, findings: &mut Findings<'_>| {
        table
            .required(key, findings)
            .and_then(|node| read_words(node, &format!("`{key}`"), findings))
            .unwrap_or_default()
    };
    let sources = words("sources", findings);
    let audiences = words("audiences", findings);
    let scopes = table.get("scopes").and_then(|node| read_scopes(node, "`scopes`", findings));
    let subject_type = table.get("subject_type").and_then(|node| SUBJECT_TYPE.read(node, findings));
    let sector = table.get("sector").and_then(|node| read_sector(node, findings));
    let forwards = table.entry("forwards").and_then(|entry| read_forwards(&entry.value, entry.key_span, findings));
    Some(RawClient { id: id?, secret, grants, sources, audiences, scopes, subject_type, sector, forwards })
}

/// Every `sub` of the sector hangs on this text, so there is one way to write it.
fn read_sector(node: &Node, findings: &mut Findings<'_>) -> Option<At<String>> {
    let sector = read_word(node, "`sector`", findings)?;
    if !is_host_name(&sector.value) {
        findings
            .error("config.sector_malformed", sector.span, format!("`sector` is no host name: `{}`", sector.value))
            .label("a host name in lower case")
            .help("write the host that the applications of this sector share, such as `payroll.example`: no scheme, no port, no path");
    }
    // Also a malformed one is there: it is not missed as well.
    Some(sector)
}

fn read_client_id(node: &Node, findings: &mut Findings<'_>) -> Option<At<String>> {
    let id = read_word(node, "`id`", findings)?;
    // RFC 6749 appendix A.1: VSCHAR. A colon would break HTTP Basic for clients that do not encode it.
    let fits = |byte: u8| matches!(byte, 0x21..=0x7e) && byte != b':';
    if id.value.len() <= 128 && id.value.bytes().all(fits) {
        return Some(id);
    }
    findings
        .error("config.id_malformed", id.span, format!("`{}` cannot be the id of a client", id.value))
        .help("a client's id has up to 128 printable ASCII characters without space and colon");
    None
}

fn read_grants(node: &Node, findings: &mut Findings<'_>) -> Vec<At<GrantType>> {
    let nodes = node.list("`grants`", findings).unwrap_or_default();
    if nodes.is_empty() {
        report_empty_list(findings, node.span, "`grants`");
    }
    let mut grants: Vec<At<GrantType>> = Vec::new();
    for node in nodes {
        let Some(grant) = GRANTS.read(node, findings) else { continue };
        match grants.iter().find(|earlier| earlier.value == grant.value).map(|earlier| earlier.span) {
            Some(first) => {
                let message = format!("`{}` stands twice in `grants`", grant.value.short());
                findings.error("config.list_repeats", grant.span, message).label("again").related(first, "first");
            }
            None => grants.push(grant),
        }
    }
    grants
}

fn read_forwards(node: &Node, span: Span, findings: &mut Findings<'_>) -> Option<RawForwards> {
    let table = node.shaped("`forwards`", &FORWARDS, findings)?;
    let source = table.required("source", findings).and_then(|node| read_word(node, "`source`", findings));
    let names = |key: &str, findings: &mut Findings<'_>| {
        let words = read_words(table.required(key, findings)?, &format!("`{key}`"), findings)?;
        Some(words.into_iter().filter(|at| check_name(at, &format!("`{}`", at.value), findings)).collect())
    };
    let recipients = names("recipients", findings);
    let audiences = names("audiences", findings);
    let until = table.required("until", findings).and_then(|node| read_until(node, findings));
    Some(RawForwards { span, source: source?, recipients: recipients?, audiences: audiences?, until: until? })
}

/// A day or a moment at which something ends.
pub(super) fn read_until(node: &Node, findings: &mut Findings<'_>) -> Option<At<Timestamp>> {
    let text = node.word("`until`", findings)?;
    let until = parse_until(text);
    if until.is_none() {
        findings
            .error("config.until_malformed", node.span, format!("`until` is no date: `{text}`"))
            .help("write a day such as `2027-06-30`, which lasts to its end in UTC, or `2027-06-30T12:00:00Z`");
    }
    until.map(|until| At::new(until, node.span))
}

pub(super) fn read_api(node: &Node, findings: &mut Findings<'_>) -> Option<RawApi> {
    let table = node.shaped("an API", &API, findings)?;
    let audience = table
        .required("audience", findings)
        .and_then(|node| read_word(node, "`audience`", findings))
        .filter(|at| check_name(at, "`audience`", findings));
    let scopes = table.required("scopes", findings).and_then(|node| read_scopes(node, "`scopes`", findings));
    let (lifetime, algorithm) = table.get("token").map(|node| read_token(node, findings)).unwrap_or_default();
    Some(RawApi { audience: audience?, scopes: scopes?.value, lifetime, algorithm })
}

fn read_token(node: &Node, findings: &mut Findings<'_>) -> (Option<Duration>, Option<SigningAlgorithm>) {
    const FORMAT: Choice<'_, ()> =
        Choice { what: "`format`", words: &[("jwt", ())], later: &["opaque", "split", "wrapped"] };
    let Some(table) = node.shaped("`token`", &TOKEN, findings) else { return (None, None) };
    if let Some(format) = table.get("format") {
        FORMAT.read(format, findings);
    }
    // A stolen token lives this long: RFC 9068 tokens are not looked up, so they cannot be revoked.
    let range = Duration::from_secs(10)..=Duration::from_secs(86_400);
    let lifetime = table.get("lifetime").and_then(|node| read_duration(node, "`lifetime`", &range, findings));
    let algorithm = table.get("algorithm").and_then(|node| ALGORITHM.read(node, findings));
    (lifetime.map(|at| at.value), algorithm.map(|at| at.value))
}
