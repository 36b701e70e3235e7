//! `GET /metrics` at the admin socket: the text format of Prometheus.
//!
//! Names and labels are ours and the operator's: nothing of a person or a request.

use std::fmt::Write as _;

use crate::flow::Bridge;

/// Every metric, now.
pub(super) fn render(bridge: &Bridge) -> String {
    let mut text = String::new();
    let went = bridge.reloads().so_far();
    let good = u8::from(went.problems().is_empty());
    metric(&mut text, "config_last_reload_success", "gauge", "Whether the last set of files was taken.", good);
    // Writing into a string does not fail.
    let _ = writeln!(text, "# HELP drawbridge_config_reloads_total Sets of files that came after the start.");
    let _ = writeln!(text, "# TYPE drawbridge_config_reloads_total counter");
    let _ = writeln!(text, "drawbridge_config_reloads_total{{result=\"taken\"}} {}", went.taken);
    let _ = writeln!(text, "drawbridge_config_reloads_total{{result=\"kept\"}} {}", went.kept);
    let at = went.last.map_or(0, |(at, _)| at.unix_seconds());
    metric(&mut text, "config_last_reload_timestamp_seconds", "gauge", "When the last set of files came.", at);
    let ready = u8::from(bridge.store().health().is_ok());
    metric(&mut text, "ready", "gauge", "Whether the bridge can issue.", ready);
    let dropped = bridge.recorder().dropped();
    metric(&mut text, "recordings_dropped_total", "counter", "Recordings for which there was no room.", dropped);
    let _ = writeln!(text, "# HELP drawbridge_shadow_requests_total Requests that a shadow ran beside.");
    let _ = writeln!(text, "# TYPE drawbridge_shadow_requests_total counter");
    for (mapping, tally) in bridge.shadows().tallies() {
        for (result, count) in [("same", tally.same), ("differing", tally.differing)] {
            // Ids of mappings are letters, digits, `-`, `_` and `.`.
            let _ =
                writeln!(text, "drawbridge_shadow_requests_total{{mapping=\"{mapping}\",result=\"{result}\"}} {count}");
        }
    }
    text
}

fn metric(text: &mut String, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "# HELP drawbridge_{name} {help}");
    let _ = writeln!(text, "# TYPE drawbridge_{name} {kind}");
    let _ = writeln!(text, "drawbridge_{name} {value}");
}
