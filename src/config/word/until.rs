//! The end of a permission: a day or a moment.

use std::time::Duration;

use crate::ground::time::Timestamp;

/// Reads `2027-06-30`, which lasts to the end of that day in UTC, or a moment such as `2027-06-30T12:00:00Z`.
/// The result is the first moment at which the permission no longer holds.
pub(in crate::config) fn parse_until(text: &str) -> Option<Timestamp> {
    if text.len() == 10 {
        let midnight = Timestamp::parse_utc(&format!("{text}T00:00:00Z")).ok()?;
        return Some(midnight.after(Duration::from_secs(86_400)));
    }
    Timestamp::parse_utc(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_lasts_to_its_end_and_a_moment_is_exact() {
        assert_eq!(parse_until("2027-06-30").unwrap().to_string(), "2027-07-01T00:00:00Z");
        assert_eq!(parse_until("2027-06-30T12:00:00Z").unwrap().to_string(), "2027-06-30T12:00:00Z");
        for text in
            ["", "2027-02-30", "30.06.2027", "2027-6-30", "2027-06-30 12:00", "2027-06-30T12:00:00+02:00", "é027-06-3"]
        {
            assert_eq!(parse_until(text), None, "{text}");
        }
    }
}
