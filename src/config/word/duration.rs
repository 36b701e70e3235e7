//! Durations: a number and one of `s`, `m`, `h`, `d`.

use std::time::Duration;

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads `30s`, `10m`, `1h` or `7d`. No sign, fraction, space or second unit; `None` where it is anything else or does
/// not fit.
pub(in crate::config) fn parse_duration(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    let digits = text.get(..text.len() - 1)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

/// The shortest way to write a whole number of seconds: `90s`, `10m`, `7d`.
pub(in crate::config) fn render_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let fits = |(_, unit): &(char, u64)| seconds > 0 && seconds.is_multiple_of(*unit);
    let (name, unit) = UNITS.into_iter().find(fits).unwrap_or(('s', 1));
    format!("{}{name}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, seconds) in [("30s", 30), ("10m", 600), ("1h", 3_600), ("7d", 604_800), ("0s", 0)] {
            assert_eq!(parse_duration(text), Some(Duration::from_secs(seconds)), "{text}");
            assert_eq!(render_duration(Duration::from_secs(seconds)), text);
        }
        assert_eq!(render_duration(Duration::from_secs(90)), "90s");
    }

    #[test]
    fn anything_else_is_no_duration() {
        for text in
            ["", "s", "30", "-1s", "+1s", "1.5h", "1 h", "1h30m", "1w", "1S", "٣s", "99999999999999999999s", "é"]
        {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert_eq!(parse_duration(&format!("{}d", u64::MAX)), None);
    }
}
