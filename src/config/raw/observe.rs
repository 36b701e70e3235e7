//! `trace` and `recordings`: what is kept of requests beside their records.

use std::time::Duration;

use crate::diagnostic::{Findings, Node};

use super::read::{At, read_duration};
use super::shapes::{RECORDINGS, TRACE};

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

/// `trace:`.
#[derive(Debug)]
pub(in crate::config) struct RawTrace {
    /// How long values are kept.
    pub(in crate::config) keep: Option<At<Duration>>,
    /// Whether values are kept at all.
    pub(in crate::config) values: bool,
}

/// `recordings:`.
#[derive(Debug)]
pub(in crate::config) struct RawRecordings {
    /// How long.
    pub(in crate::config) keep: Option<At<Duration>>,
    /// How many requests.
    pub(in crate::config) at_most: Option<u64>,
    /// Names of attributes that are never kept.
    pub(in crate::config) redact: Vec<At<String>>,
}

const MOST_RECORDINGS: i64 = 100_000;

pub(super) fn read_trace(node: &Node, findings: &mut Findings<'_>) -> Option<RawTrace> {
    let table = node.shaped("`trace`", &TRACE, findings)?;
    let keep = table.get("keep").and_then(|node| read_duration(node, "`keep`", &(MINUTE..=DAY * 30), findings));
    let values = table.get("values").and_then(|node| node.truth("`values`", findings)).unwrap_or(false);
    if let Some(at) = keep.as_ref().filter(|_| !values) {
        findings
            .error("config.trace_without_values", at.span, "`keep` says how long values are kept, and none are")
            .help("add `values: true`, or remove `trace`: records are kept as `audit.keep` says");
    }
    Some(RawTrace { keep, values })
}

pub(super) fn read_recordings(node: &Node, findings: &mut Findings<'_>) -> Option<RawRecordings> {
    let table = node.shaped("`recordings`", &RECORDINGS, findings)?;
    let keep = table.required("keep", findings);
    let keep = keep.and_then(|node| read_duration(node, "`keep`", &(MINUTE..=DAY * 30), findings));
    let at_most = table.get("at_most").and_then(|node| {
        let number = node.int("`at_most`", findings)?;
        if !(1..=MOST_RECORDINGS).contains(&number) {
            let message = format!("`at_most` must be from 1 to {MOST_RECORDINGS}");
            findings.error("config.number_out_of_range", node.span, message).help("unless told it is 1000");
        }
        u64::try_from(number).ok()
    });
    let redact = table.get("redact").and_then(|node| node.texts("`redact`", findings)).unwrap_or_default();
    Some(RawRecordings {
        keep,
        at_most,
        redact: redact.into_iter().map(|(text, span)| At { value: text.to_owned(), span }).collect(),
    })
}
