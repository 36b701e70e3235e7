//! Steps of a decision as a person reads them: for `trace`, from a record; for `mapping explain`, from a trail.

use std::io;

use serde_json::{Map, Value, json};

use crate::decision::{Finding, Shown, Step};

use super::screen::{BAD, FAINT, GOOD, NOTE, STRONG, Screen, styled, visible};

/// One step, wherever it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StepView {
    stage: String,
    of: Option<String>,
    mark: Mark,
    reason: Option<String>,
    facts: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Passed,
    Failed,
    Noted,
}

impl Mark {
    /// The word in records.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Noted => "noted",
        }
    }
}

impl StepView {
    /// A step of a trail, private values shown: it is the operator's own file.
    pub(super) fn of_step(step: &Step) -> Self {
        let (mark, reason) = match &step.finding {
            Finding::Passed => (Mark::Passed, None),
            Finding::Failed(reason) => (Mark::Failed, Some(reason.to_string())),
            Finding::Noted => (Mark::Noted, None),
        };
        let shown = |value: &Shown| match value {
            Shown::Public(text) | Shown::Private(text) => text.clone(),
        };
        let facts = step.facts.iter().map(|fact| (fact.label.to_owned(), shown(&fact.value))).collect();
        Self {
            stage: step.stage.as_str().to_owned(),
            of: step.subject.as_deref().map(str::to_owned),
            mark,
            reason,
            facts,
        }
    }

    /// A step of a record; `None` where it is not one.
    fn of_record(step: &Value) -> Option<Self> {
        let fields = step.as_object()?;
        let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
        let mark = match fields.get("finding")?.as_str()? {
            "passed" => Mark::Passed,
            "failed" => Mark::Failed,
            _ => Mark::Noted,
        };
        let is_fact = |key: &str| !matches!(key, "stage" | "of" | "finding" | "reason");
        let facts = fields.iter().filter(|(key, _)| is_fact(key)).flat_map(|(key, value)| {
            // A list is several facts of one label.
            let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
            values.iter().map(|value| (key.clone(), plain(value))).collect::<Vec<_>>()
        });
        let facts = facts.collect();
        Some(Self { stage: text("stage")?, of: text("of"), mark, reason: text("reason"), facts })
    }

    fn show(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        let mark = match self.mark {
            Mark::Passed => styled(GOOD, "ok  "),
            Mark::Failed => styled(BAD, "FAIL"),
            Mark::Noted => styled(NOTE, "note"),
        };
        let of = self.of.as_deref().map(|of| format!(" {}", styled(STRONG, visible(of)))).unwrap_or_default();
        let reason =
            self.reason.as_deref().map(|reason| format!("  {}", styled(BAD, visible(reason)))).unwrap_or_default();
        screen.line(format!("  {mark}  {}{of}{reason}", self.stage))?;
        let width = self.facts.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
        for (label, value) in &self.facts {
            screen.line(format!("        {}  {}", styled(FAINT, format!("{label:width$}")), visible(value)))?;
        }
        Ok(())
    }
}

/// A value of a record: private ones stand there by their shape.
fn plain(value: &Value) -> String {
    match (value, value.get("shape").and_then(Value::as_str)) {
        (_, Some(shape)) => format!("({shape}, not recorded)"),
        (Value::String(text), None) => text.clone(),
        (other, None) => other.to_string(),
    }
}

/// Every step, in order.
pub(super) fn show_steps(steps: &[StepView], screen: &mut Screen<'_>) -> io::Result<()> {
    steps.iter().try_for_each(|step| step.show(screen))
}

/// The same for a program.
pub(super) fn steps_json(steps: &[StepView]) -> Value {
    let step = |step: &StepView| {
        let facts: Map<String, Value> =
            step.facts.iter().map(|(label, value)| (label.clone(), value.as_str().into())).collect();
        json!({
            "stage": step.stage,
            "of": step.of,
            "finding": step.mark.as_str(),
            "reason": step.reason,
            "facts": facts,
        })
    };
    steps.iter().map(step).collect()
}

/// A whole record: how it ended, what is known, every step; with their values where those were kept.
pub(super) fn show_record(record: &Value, values: Option<&Value>, screen: &mut Screen<'_>) -> io::Result<()> {
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
    let (outcome, reason) = (text("outcome"), text("reason"));
    let style = if outcome == "issued" { GOOD } else { BAD };
    let reason = if reason.is_empty() { String::new() } else { format!("  {}", styled(style, visible(reason))) };
    screen.line(format!(
        "{}  {}{reason}",
        styled(STRONG, visible(text("trace_id"))),
        styled(style, visible(outcome))
    ))?;
    let head = ["trace_id", "outcome", "reason", "steps", "steps_omitted"];
    let known: Vec<(&String, &Value)> =
        record.as_object().into_iter().flatten().filter(|(key, _)| !head.contains(&key.as_str())).collect();
    let width = known.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
    for (key, value) in known {
        screen.line(format!("  {}  {}", styled(FAINT, format!("{key:width$}")), visible(&plain(value))))?;
    }
    screen.line("")?;
    let steps = values.or_else(|| record.get("steps")).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let steps: Vec<StepView> = steps.iter().filter_map(StepView::of_record).collect();
    show_steps(&steps, screen)?;
    if let Some(omitted) = record.get("steps_omitted") {
        screen
            .line(format!("  {}", styled(FAINT, format!("({omitted} steps in the middle were too many to keep)"))))?;
    }
    Ok(())
}
