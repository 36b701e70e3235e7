//! The keys that concern the server itself: where it lives, what it listens to, where it keeps things.

use std::net::SocketAddr;
use std::time::Duration;

use crate::crypto::keys::SigningAlgorithm;
use crate::diagnostic::{Findings, Node, Table};

use super::super::word::{Issuer, Network, parse_size};
use super::read::{At, Choice, read_duration, read_file, read_word, report_empty_list, report_later_keys};
use super::shapes::{AUDIT, MASTER_KEY, SIGNING, SLED, STORAGE};

const DAY: Duration = Duration::from_secs(86_400);

/// See the module.
#[derive(Debug)]
pub(in crate::config) struct RawServer {
    /// Required.
    pub(in crate::config) issuer: Option<At<Issuer>>,
    /// Default `127.0.0.1:8080`.
    pub(in crate::config) listen: Option<At<SocketAddr>>,
    /// `None` where the key is not there.
    pub(in crate::config) trusted_proxies: Option<Vec<Network>>,
    /// A file; required.
    pub(in crate::config) master_key: Option<At<String>>,
    /// A folder; required.
    pub(in crate::config) mappings: Option<At<String>>,
    /// Required.
    pub(in crate::config) storage: Option<RawSled>,
    /// `None` where the key is not there.
    pub(in crate::config) audit: Option<RawAudit>,
    /// `None` where the key is not there.
    pub(in crate::config) signing: Option<SigningAlgorithm>,
}

/// `storage.sled:`.
#[derive(Debug)]
pub(in crate::config) struct RawSled {
    /// The data folder.
    pub(in crate::config) path: At<String>,
    /// In bytes.
    pub(in crate::config) cache: Option<u64>,
}

/// `audit:`.
#[derive(Debug)]
pub(in crate::config) struct RawAudit {
    /// Where the JSON lines go.
    pub(in crate::config) file: Option<At<String>>,
    /// How long the store keeps a decision record.
    pub(in crate::config) keep: Option<Duration>,
}

/// How an algorithm is written in `signing` and at an API.
pub(super) const ALGORITHM: Choice<'static, SigningAlgorithm> = Choice {
    what: "`algorithm`",
    words: &[
        ("ES256", SigningAlgorithm::Es256),
        ("EdDSA", SigningAlgorithm::EdDsa),
        ("RS256", SigningAlgorithm::Rs256),
        ("PS256", SigningAlgorithm::Ps256),
    ],
    later: &[],
};

pub(super) fn read(table: &Table<'_>, findings: &mut Findings<'_>) -> RawServer {
    RawServer {
        issuer: table.required("issuer", findings).and_then(|node| read_issuer(node, findings)),
        listen: table.get("listen").and_then(|node| read_listen(node, findings)),
        trusted_proxies: table.get("trusted_proxies").and_then(|node| read_networks(node, findings)),
        master_key: table.required("master_key", findings).and_then(|node| read_file(node, &MASTER_KEY, findings)),
        mappings: table.required("mappings", findings).and_then(|node| read_word(node, "`mappings`", findings)),
        storage: table.required("storage", findings).and_then(|node| read_storage(node, findings)),
        audit: table.get("audit").and_then(|node| read_audit(node, findings)),
        signing: table.get("signing").and_then(|node| read_signing(node, findings)),
    }
}

fn read_issuer(node: &Node, findings: &mut Findings<'_>) -> Option<At<Issuer>> {
    let text = node.word("`issuer`", findings)?;
    match Issuer::parse(text) {
        Ok(issuer) => Some(At::new(issuer, node.span)),
        Err(rejection) => {
            findings
                .error("config.issuer_malformed", node.span, format!("`{text}` cannot be the issuer: {rejection}"))
                .help("write it as tokens will carry it, such as `https://bridge.example.com`")
                .note("everybody who trusts our tokens compares it character by character");
            None
        }
    }
}

fn read_listen(node: &Node, findings: &mut Findings<'_>) -> Option<At<SocketAddr>> {
    let text = node.word("`listen`", findings)?;
    let address = text.parse().ok();
    if address.is_none() {
        findings
            .error("config.listen_malformed", node.span, format!("`listen` is no address and port: `{text}`"))
            .help("write `127.0.0.1:8080` or `[::1]:8080`; port 0 takes any free one");
    }
    address.map(|address| At::new(address, node.span))
}

fn read_networks(node: &Node, findings: &mut Findings<'_>) -> Option<Vec<Network>> {
    let texts = node.texts("`trusted_proxies`", findings)?;
    if texts.is_empty() {
        report_empty_list(findings, node.span, "`trusted_proxies`");
    }
    let mut networks = Vec::with_capacity(texts.len());
    for (text, span) in texts {
        match Network::parse(text) {
            Ok(network) => networks.push(network),
            Err(rejection) => {
                findings.error("config.network_malformed", span, format!("`{text}` is no network: {rejection}"));
            }
        }
    }
    Some(networks)
}

fn read_storage(node: &Node, findings: &mut Findings<'_>) -> Option<RawSled> {
    let table = node.shaped("`storage`", &STORAGE, findings)?;
    report_later_keys(&table, STORAGE.later, findings);
    if table.entry("postgres").is_some() && table.entry("sled").is_none() {
        return None;
    }
    let sled = table.required("sled", findings)?.shaped("`sled`", &SLED, findings)?;
    let cache = sled.get("cache").and_then(|node| read_cache(node, findings));
    let path = read_word(sled.required("path", findings)?, "`path`", findings)?;
    Some(RawSled { path, cache })
}

fn read_cache(node: &Node, findings: &mut Findings<'_>) -> Option<u64> {
    let text = node.word("`cache`", findings)?;
    let fits = |size: &u64| (1 << 20..=64 << 30).contains(size);
    let size = parse_size(text).filter(fits);
    if size.is_none() {
        findings
            .error("config.size_malformed", node.span, format!("`cache` is no size between 1MiB and 64GiB: `{text}`"))
            .help("write `64MiB` or `1GiB`");
    }
    size
}

fn read_audit(node: &Node, findings: &mut Findings<'_>) -> Option<RawAudit> {
    let table = node.shaped("`audit`", &AUDIT, findings)?;
    let range = DAY..=DAY * 3660;
    let keep = table.get("keep").and_then(|node| read_duration(node, "`keep`", &range, findings));
    let file = table.get("file").and_then(|node| read_word(node, "`file`", findings));
    Some(RawAudit { file, keep: keep.map(|at| at.value) })
}

fn read_signing(node: &Node, findings: &mut Findings<'_>) -> Option<SigningAlgorithm> {
    let table = node.shaped("`signing`", &SIGNING, findings)?;
    report_later_keys(&table, SIGNING.later, findings);
    ALGORITHM.read(table.get("algorithm")?, findings).map(|at| at.value)
}
