//! The figures, for people and for programs: every aim as a ratio to what the same run measured.

use std::io;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::cli::screen::{BAD, FAINT, GOOD, STRONG, Screen, columns, styled};
use crate::crypto::keys::SigningAlgorithm;

use super::load::{AT_ONCE, Burst};
use super::machine::processors;
use super::steps::{Step, Steps};

/// 64 at once.
pub(super) struct Loads {
    /// base64, SHA-256, RSA verify and ES256 sign.
    pub(super) floor: Burst,
    pub(super) in_memory: Burst,
    pub(super) durable: Burst,
    pub(super) bare: Burst,
    pub(super) over_http: Burst,
}

/// Over HTTP, below saturation.
pub(super) struct Latency {
    /// Requests a second.
    pub(super) rate: f64,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    /// The same while a thousand mappings are reloaded, again and again.
    pub(super) reloading_p99: Duration,
    /// Median of one reload, beside the load.
    pub(super) reload: Duration,
    /// Median of one commit in an idle store: one flush, one fdatasync.
    pub(super) flush: Duration,
    /// The 99th percentile of the same: what the disk itself takes now and then, whoever waits for it.
    pub(super) flush_p99: Duration,
    /// Median of as many bytes appended to a file, and fdatasync.
    pub(super) append: Duration,
}

/// Resident memory, load generator included.
pub(super) struct Memory {
    pub(super) exchanges: u32,
    pub(super) before: Option<u64>,
    pub(super) after: Option<u64>,
    pub(super) cache_bytes: u64,
}

/// Everything that was measured.
pub(super) struct Figures {
    pub(super) steps: Steps,
    pub(super) loads: Loads,
    pub(super) latency: Latency,
    pub(super) memory: Memory,
    pub(super) algorithms: Vec<(SigningAlgorithm, Burst)>,
}

/// What we want, and what there is.
struct Aim {
    name: &'static str,
    what: &'static str,
    /// The measure, and what it is measured by.
    ratio: f64,
    at_most: f64,
}

impl Aim {
    fn of(name: &'static str, what: &'static str, (found, base): (Duration, Duration), at_most: f64) -> Self {
        Self { name, what, ratio: found.as_secs_f64() / base.as_secs_f64().max(f64::EPSILON), at_most }
    }

    fn holds(&self) -> bool {
        self.ratio <= self.at_most
    }
}

const MEMORY_LIMIT: u64 = 60_000_000;

impl Figures {
    fn aims(&self) -> [Aim; 5] {
        let (steps, loads, latency) = (&self.steps, &self.loads, &self.latency);
        let floor = loads.floor.each();
        let verification = (steps.verification, steps.verification_floor());
        let durable = (loads.durable.each(), floor);
        let http = (loads.over_http.each(), floor + loads.bare.each());
        [
            Aim::of("verification", "verification / (base64 + SHA-256 + RSA verify)", verification, 2.0),
            Aim::of("durable", "durable exchange under load / (that + ES256 sign)", durable, 2.5),
            Aim::of("http", "over HTTP / (that + ES256 sign + bare handler)", http, 2.0),
            Aim::of("p99", "p99 below saturation / one flush with fdatasync", (latency.p99, latency.flush), 5.0),
            Aim::of("reload", "p99 while mappings are reloaded / p99", (latency.reloading_p99, latency.p99), 2.0),
        ]
    }

    /// What is resident beyond the store's cache; `None` where the machine does not say.
    fn own_memory(&self) -> Option<u64> {
        self.memory.after.map(|after| after.saturating_sub(self.memory.cache_bytes))
    }

    /// For people.
    pub(super) fn show(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        let Self { steps, loads, latency, memory, .. } = self;
        screen.line(format!(
            "{} processors, a response of {} bytes, a decision record of {} bytes\n",
            processors(),
            steps.document,
            steps.record,
        ))?;
        screen.line(styled(STRONG, "The floor: what no implementation can avoid"))?;
        show_rows(steps.floor.iter().map(|step| vec![words(step), micros(step.takes)]), screen)?;
        screen.line(styled(STRONG, "\nThe stream, step by step"))?;
        show_rows(steps.stream.iter().map(|step| vec![words(step), micros(step.takes)]), screen)?;
        let together = [("whole verification", steps.verification), ("whole exchange, in memory", steps.exchange)];
        show_rows(together.iter().map(|(name, takes)| vec![(*name).to_owned(), micros(*takes)]), screen)?;
        let title = format!("\n{AT_ONCE} at once: processor time of one, and how many a second");
        screen.line(styled(STRONG, title))?;
        let kinds = [
            ("the floor alone", loads.floor),
            ("in process, in memory", loads.in_memory),
            ("in process, durable", loads.durable),
            ("over HTTP, bare handler", loads.bare),
            ("over HTTP, durable", loads.over_http),
        ];
        show_rows(kinds.iter().map(|(name, burst)| load_row((*name).to_owned(), burst)), screen)?;
        let by_algorithm = |(name, burst): &(SigningAlgorithm, Burst)| load_row(format!("durable, {name}"), burst);
        show_rows(self.algorithms.iter().map(by_algorithm), screen)?;
        screen.line(styled(STRONG, format!("\nOver HTTP at {:.0} a second", latency.rate)))?;
        let times = [
            ("p50", latency.p50),
            ("p99", latency.p99),
            ("p99 while reloading", latency.reloading_p99),
            ("a reload of 1,000 mappings", latency.reload),
            ("one flush with fdatasync", latency.flush),
            ("its p99", latency.flush_p99),
            ("append and fdatasync alone", latency.append),
        ];
        show_rows(times.iter().map(|(name, takes)| vec![(*name).to_owned(), micros(*takes)]), screen)?;
        self.show_verdicts(memory, screen)
    }

    fn show_verdicts(&self, memory: &Memory, screen: &mut Screen<'_>) -> io::Result<()> {
        screen.line(styled(STRONG, "\nAims"))?;
        for aim in self.aims() {
            let mark = if aim.holds() { styled(GOOD, "ok") } else { styled(BAD, "no") };
            screen.line(format!("  {mark}  {:5.2} ≤ {:.1}  {}", aim.ratio, aim.at_most, aim.what))?;
        }
        if let Some((own, after)) = self.own_memory().zip(memory.after) {
            let mark = if own <= MEMORY_LIMIT { styled(GOOD, "ok") } else { styled(BAD, "no") };
            screen.line(format!(
                "  {mark}  {} MB ≤ {} MB  resident after {} exchanges beyond the store's cache ({} MB in all, {} MB before)",
                own / 1_000_000,
                MEMORY_LIMIT / 1_000_000,
                memory.exchanges,
                after / 1_000_000,
                memory.before.unwrap_or_default() / 1_000_000,
            ))?;
        }
        screen.line(styled(FAINT, "\nCompare ratios, never microseconds of two machines: docs/performance.md"))
    }

    /// For programs; times in microseconds.
    pub(super) fn to_json(&self) -> Value {
        let Self { steps, loads, latency, memory, .. } = self;
        let times = |steps: &[Step]| -> Map<String, Value> {
            steps.iter().map(|step| (step.name.to_owned(), number(step.takes))).collect()
        };
        let burst = |burst: &Burst| json!({ "processor_us": number(burst.each()), "per_second": burst.rate().round() });
        let algorithms: Map<String, Value> =
            self.algorithms.iter().map(|(name, found)| (name.to_string(), burst(found))).collect();
        let aims: Map<String, Value> = self.aims().iter().map(|aim| (aim.name.to_owned(), aim_json(aim))).collect();
        json!({
            "processors": processors(),
            "document_bytes": steps.document,
            "record_bytes": steps.record,
            "floor_us": times(&steps.floor),
            "stream_us": times(&steps.stream),
            "verification_us": number(steps.verification),
            "exchange_us": number(steps.exchange),
            "load": {
                "at_once": AT_ONCE,
                "floor": burst(&loads.floor),
                "in_memory": burst(&loads.in_memory),
                "durable": burst(&loads.durable),
                "http_bare": burst(&loads.bare),
                "http": burst(&loads.over_http),
            },
            "algorithms": algorithms,
            "latency_us": {
                "per_second": latency.rate.round(),
                "p50": number(latency.p50),
                "p99": number(latency.p99),
                "p99_reloading": number(latency.reloading_p99),
                "reload": number(latency.reload),
                "flush_fdatasync": number(latency.flush),
                "flush_fdatasync_p99": number(latency.flush_p99),
                "append_fdatasync": number(latency.append),
            },
            "memory_bytes": {
                "exchanges": memory.exchanges,
                "before": memory.before,
                "after": memory.after,
                "cache": memory.cache_bytes,
            },
            "aims": aims,
        })
    }
}

fn aim_json(aim: &Aim) -> Value {
    json!({ "ratio": (aim.ratio * 100.0).round() / 100.0, "at_most": aim.at_most, "holds": aim.holds() })
}

fn show_rows(rows: impl Iterator<Item = Vec<String>>, screen: &mut Screen<'_>) -> io::Result<()> {
    for line in columns(&rows.map(aligned).collect::<Vec<_>>()) {
        screen.line(format!("  {line}"))?;
    }
    Ok(())
}

/// Names of one width and figures to the right, so that all tables stand below each other.
fn aligned(mut row: Vec<String>) -> Vec<String> {
    for (place, cell) in row.iter_mut().enumerate() {
        *cell = if place == 0 { format!("{cell:27}") } else { format!("{cell:>12}") };
    }
    row
}

fn load_row(name: String, burst: &Burst) -> Vec<String> {
    vec![name, micros(burst.each()), format!("{:.0}/s", burst.rate())]
}

fn words(step: &Step) -> String {
    step.name.replace('_', " ")
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

/// Microseconds with one digit behind the point.
fn number(time: Duration) -> Value {
    Value::from((time.as_secs_f64() * 1e7).round() / 10.0)
}
