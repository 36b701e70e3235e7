//! Steps of a decision as a person reads them: for `trace`, from a record; for `mapping explain`, from a trail.

use std::io;

use serde_json::{Map, Value, json};

use crate::decision::{Fact, Finding, Shown, Step};

use super::screen::{BAD, FAINT, GOOD, NOTE, STRONG, Screen, styled, visible};

/// One step, wherever it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StepView {
    stage: String,
    of: Option<String>,
    mark: Mark,
    reason: Option<String>,
    facts: Vec<Told>,
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    label: String,
    text: String,
    /// It is a value as it came: where it ends must be seen.
    is_quoted: bool,
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
        let stage = step.stage.as_str();
        let told = |fact: &Fact| {
            let (text, is_private) = match &fact.value {
                Shown::Public(text) => (text, false),
                Shown::Private(text) => (text, true),
            };
            let is_quoted = is_private && (is_as_it_came(stage, fact.label) || fact.label == "received");
            Told { label: fact.label.to_owned(), text: text.clone(), is_quoted }
        };
        let facts = step.facts.iter().map(told).collect();
        Self { stage: stage.to_owned(), of: step.subject.as_deref().map(str::to_owned), mark, reason, facts }
    }

    /// A step of a record; `None` where it is not one.
    fn of_record(step: &Value) -> Option<Self> {
        let fields = step.as_object()?;
        let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
        let stage = text("stage")?;
        let mark = match fields.get("finding")?.as_str()? {
            "passed" => Mark::Passed,
            "failed" => Mark::Failed,
            _ => Mark::Noted,
        };
        let is_fact = |key: &str| !matches!(key, "stage" | "of" | "finding" | "reason");
        let facts = fields.iter().filter(|(key, _)| is_fact(key)).flat_map(|(key, value)| {
            // A list is several facts of one label.
            let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
            let told = |value: &Value| {
                // Without values there is a shape, which is an object; a public fact has none of these labels.
                let is_quoted = value.is_string() && is_as_it_came(&stage, key);
                Told { label: key.clone(), text: plain(value), is_quoted }
            };
            values.iter().map(told).collect::<Vec<_>>()
        });
        let facts = facts.collect();
        Some(Self { stage: stage.clone(), of: text("of"), mark, reason: text("reason"), facts })
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
        let width = self.facts.iter().map(|told| told.label.chars().count()).max().unwrap_or(0);
        for Told { label, text, is_quoted } in &self.facts {
            let text = if *is_quoted { format!("\"{}\"", visible(text)) } else { visible(text) };
            screen.line(format!("        {}  {text}", styled(FAINT, format!("{label:width$}"))))?;
        }
        Ok(())
    }
}

/// Whether the private fact of this label is a value as the source sent it. A claim is JSON, which has quotes of its own.
fn is_as_it_came(stage: &str, label: &str) -> bool {
    match label {
        "value" => stage != "claim",
        _ => matches!(label, "value_there" | "row" | "no_row" | "nearest_row"),
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
        let mut facts: Map<String, Value> = Map::new();
        for Told { label, text, .. } in &step.facts {
            let text = Value::from(text.as_str());
            match facts.get_mut(label) {
                None => {
                    facts.insert(label.clone(), text);
                }
                // Several of one label are a list.
                Some(Value::Array(all)) => all.push(text),
                Some(one) => *one = Value::Array(vec![one.take(), text]),
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Stage;

    fn step(stage: Stage, facts: Vec<Fact>) -> Step {
        Step { stage, subject: None, finding: Finding::Passed, facts }
    }

    fn shown(views: &[StepView]) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        show_steps(views, &mut Screen { out: &mut out, err: &mut err }).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    #[test]
    fn where_a_value_ends_is_seen() {
        let value = |text: &str| Fact::private("value", text);
        let text = shown(&[
            StepView::of_step(&step(
                Stage::Attribute,
                vec![value("HR "), value("a\u{a0}b"), Fact::public("found", "x ")],
            )),
            StepView::of_step(&step(Stage::Claim, vec![Fact::private("row", "HR "), value(r#"["x"]"#)])),
        ]);
        for expected in
            ["value  \"HR \"\n", "value  \"a\\u{a0}b\"\n", "found  x \n", "row    \"HR \"\n", "value  [\"x\"]\n"]
        {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }

    #[test]
    fn values_of_a_record_are_quoted_and_shapes_are_not() {
        let view = |value: Value| {
            let record = json!({ "stage": "attribute", "of": "a", "finding": "passed", "value": value });
            shown(&[StepView::of_record(&record).unwrap()])
        };
        assert!(view(json!(["HR ", "b"])).contains("value  \"HR \"\n        value  \"b\"\n"));
        assert!(view(json!({ "shape": "1-16 characters" })).contains("value  (1-16 characters, not recorded)\n"));
    }

    #[test]
    fn several_facts_of_one_label_are_a_list_for_a_program() {
        let facts = ["a", "b", "c"].map(|text| Fact::private("value", text)).into();
        let views = [StepView::of_step(&step(Stage::Attribute, facts))];
        assert_eq!(steps_json(&views)[0]["facts"], json!({ "value": ["a", "b", "c"] }));
    }
}
