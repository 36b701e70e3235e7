//! `saml`: our own name and the identity providers.

use std::time::Duration;

use crate::credential::saml::trust::{LONGEST_MAX_AGE, MAX_CLOCK_SKEW, TrustSettings};
use crate::diagnostic::{Findings, Node, Span, Table};

use super::read::{At, Choice, check_name, read_duration, read_file, read_id, read_word, report_empty_list};
use super::shapes::{METADATA, PROVIDER, SAML};

/// `saml:`.
#[derive(Debug)]
pub(in crate::config) struct RawSaml {
    /// Default: the issuer and `/saml`.
    pub(in crate::config) entity_id: Option<At<String>>,
    /// Where it is asked for.
    pub(in crate::config) second_opinion: Option<Span>,
    /// Every one that can be read.
    pub(in crate::config) identity_providers: Vec<RawProvider>,
    /// Whether one could not be read.
    pub(in crate::config) is_unread: bool,
}

/// One of `identity_providers`.
#[derive(Debug)]
pub(in crate::config) struct RawProvider {
    /// The word for it.
    pub(in crate::config) id: At<String>,
    /// Its metadata file.
    pub(in crate::config) metadata: At<String>,
    /// Which provider of the file, where it describes several.
    pub(in crate::config) entity_id: Option<At<String>>,
    /// Defaults filled in.
    pub(in crate::config) settings: TrustSettings,
}

pub(super) fn read(node: &Node, findings: &mut Findings<'_>) -> Option<RawSaml> {
    const OPINION: Choice<'_, ()> = Choice { what: "`second_opinion`", words: &[("samael", ())], later: &[] };
    let table = node.shaped("`saml`", &SAML, findings)?;
    let entity_id = table.get("entity_id").and_then(|node| read_name(node, findings));
    let second_opinion = table.get("second_opinion").and_then(|node| OPINION.read(node, findings)).map(|at| at.span);
    let providers = table.required("identity_providers", findings);
    let nodes = providers.and_then(|node| node.list("`identity_providers`", findings)).unwrap_or_default();
    if let Some(empty) = providers.filter(|_| nodes.is_empty()) {
        report_empty_list(findings, empty.span, "`identity_providers`");
    }
    let identity_providers: Vec<_> = nodes.iter().filter_map(|node| read_provider(node, findings)).collect();
    let is_unread = nodes.is_empty() || identity_providers.len() < nodes.len();
    Some(RawSaml { entity_id, second_opinion, identity_providers, is_unread })
}

fn read_name(node: &Node, findings: &mut Findings<'_>) -> Option<At<String>> {
    read_word(node, "`entity_id`", findings).filter(|at| check_name(at, "`entity_id`", findings))
}

fn read_provider(node: &Node, findings: &mut Findings<'_>) -> Option<RawProvider> {
    let table = node.shaped("an identity provider", &PROVIDER, findings)?;
    let id = table.required("id", findings).and_then(|node| read_id(node, "`id`", findings));
    let metadata = table.required("metadata", findings).and_then(|node| read_file(node, &METADATA, findings));
    let entity_id = table.get("entity_id").and_then(|node| read_name(node, findings));
    let settings = read_settings(&table, findings);
    Some(RawProvider { id: id?, metadata: metadata?, entity_id, settings })
}

fn read_settings(table: &Table<'_>, findings: &mut Findings<'_>) -> TrustSettings {
    let second = Duration::from_secs(1);
    let default = TrustSettings::default();
    let mut duration = |key: &str, least: Duration, most: Duration, default: Duration| {
        let read = |node| read_duration(node, &format!("`{key}`"), &(least..=most), findings);
        table.get(key).and_then(read).map_or(default, |at| at.value)
    };
    let (hour, day) = (3_600 * second, 86_400 * second);
    TrustSettings {
        clock_skew: duration("clock_skew", Duration::ZERO, MAX_CLOCK_SKEW, default.clock_skew),
        max_age: duration("max_age", second, LONGEST_MAX_AGE, default.max_age),
        max_lifetime: duration("max_lifetime", second, 30 * day, default.max_lifetime),
        max_confirmation_lifetime: duration(
            "max_confirmation_lifetime",
            second,
            24 * hour,
            default.max_confirmation_lifetime,
        ),
        algorithms: default.algorithms,
    }
}
