//! `drawbridge.yaml` as written.
//!
//! Floor 6.
//!
//! ```text
//! Source ─yaml─▶ Node ─read, key by key─▶ Raw, and every problem of form
//! ```
//!
//! What one key says by itself is checked here: its type, its words, its range. What needs another key, another file,
//! the environment or the clock is checked in [`super::settings`].
//!
//! **Invariant.** Where a part of [`Raw`] is missing although it is required, a finding says so: a `Raw` without
//! errors is whole.
//!
//! **Invariant.** A key of a later version is a finding of its own, never "unknown" and never ignored.

mod client;
mod observe;
mod read;
mod saml;
mod server;
mod session;
pub mod shapes;

use crate::diagnostic::{Findings, Node};

use client::{read_api, read_client};
use shapes::DRAWBRIDGE;

pub(super) use client::{RawApi, RawClient, RawForwards, RawSubjectType};
pub(super) use observe::{RawRecordings, RawTrace};
pub(super) use read::{At, RawSecret};
pub(super) use saml::{RawProvider, RawSaml};
pub(super) use server::RawServer;
pub(super) use session::{KeyEncoding, RawSession, RawSessionKey};

/// The file as written, with places.
#[derive(Debug)]
pub(super) struct Raw {
    /// The keys that concern the server itself.
    pub(super) server: RawServer,
    /// `trace:`; `None` where the key is not there.
    pub(super) trace: Option<RawTrace>,
    /// `recordings:`; `None` where the key is not there.
    pub(super) recordings: Option<RawRecordings>,
    /// `saml:`; `None` where the key is not there.
    pub(super) saml: Option<RawSaml>,
    /// `sessions:`.
    pub(super) sessions: Vec<RawSession>,
    /// `clients:`.
    pub(super) clients: Vec<RawClient>,
    /// `apis:`.
    pub(super) apis: Vec<RawApi>,
    /// Which of these lists lack something.
    pub(super) unread: Unread,
}

/// Lists with elements that could not be read, which a name elsewhere may mean: what is not there is then not missed,
/// else one mistake would be told twice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unread {
    /// Identity providers and sessions.
    pub(super) sources: bool,
    pub(super) clients: bool,
    pub(super) apis: bool,
}

impl Raw {
    /// Every identity provider that could be read.
    pub(super) fn providers(&self) -> impl Iterator<Item = &RawProvider> {
        self.saml.iter().flat_map(|saml| &saml.identity_providers)
    }

    /// Whether an identity provider has this id.
    pub(super) fn is_provider(&self, id: &str) -> bool {
        self.providers().any(|provider| provider.id.value == id)
    }

    /// The id of every source, identity providers first.
    pub(super) fn source_ids(&self) -> impl Iterator<Item = &At<String>> {
        self.providers().map(|provider| &provider.id).chain(self.sessions.iter().map(|session| &session.id))
    }
}

/// Reads the whole tree. `None` where it is no table.
pub(super) fn read(root: &Node, findings: &mut Findings<'_>) -> Option<Raw> {
    let table = root.shaped("drawbridge.yaml", &DRAWBRIDGE, findings)?;
    read::report_later_keys(&table, DRAWBRIDGE.later, findings);
    let server = server::read(&table, findings);
    let trace = table.get("trace").and_then(|node| observe::read_trace(node, findings));
    let recordings = table.get("recordings").and_then(|node| observe::read_recordings(node, findings));
    let saml = table.get("saml").and_then(|node| saml::read(node, findings));
    let no_provider = table.get("saml").is_some() && saml.as_ref().is_none_or(|saml| saml.is_unread);
    let (sessions, no_session) = read_each(table.get("sessions"), "`sessions`", findings, session::read);
    let (clients, no_client) = read_each(table.required("clients", findings), "`clients`", findings, read_client);
    let (apis, no_api) = read_each(table.required("apis", findings), "`apis`", findings, read_api);
    // A client with an empty list has a finding for it.
    let no_list = clients.iter().any(|client| client.sources.is_empty() || client.audiences.is_empty());
    let unread = Unread { sources: no_provider || no_session, clients: no_client || no_list, apis: no_api };
    Some(Raw { server, trace, recordings, saml, sessions, clients, apis, unread })
}

/// Every element that can be read, and whether there should be more; an absent key is an empty list, an empty list is a
/// finding.
fn read_each<T>(
    node: Option<&Node>,
    what: &str,
    findings: &mut Findings<'_>,
    element: impl Fn(&Node, &mut Findings<'_>) -> Option<T>,
) -> (Vec<T>, bool) {
    let Some(node) = node else { return (Vec::new(), false) };
    let Some(nodes) = node.list(what, findings) else { return (Vec::new(), true) };
    if nodes.is_empty() {
        read::report_empty_list(findings, node.span, what);
    }
    let elements: Vec<T> = nodes.iter().filter_map(|node| element(node, findings)).collect();
    let is_unread = nodes.is_empty() || elements.len() < nodes.len();
    (elements, is_unread)
}

#[cfg(test)]
mod tests;
