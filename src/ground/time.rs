//! Instants and windows, in UTC, to the millisecond.
//!
//! Floor 0. No clock: see [`crate::ground::clock`].

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment in UTC: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is not a moment in UTC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a moment in UTC such as 2026-03-01T12:00:00Z")]
pub struct TimestampRejection;

impl Timestamp {
    /// Milliseconds since the epoch.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Seconds since the epoch; saturates at the ends of the range.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down: the `NumericDate` of RFC 7519 section 2.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment and a duration later; saturates.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// This moment and a duration earlier; saturates.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// How long from `earlier` until this moment; zero if it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads an `xs:dateTime` in UTC as SAML Core 1.3.3 demands it, or an RFC 3339 instant in UTC:
    /// four-digit year, `T`, seconds, at most nine fractional digits, `Z`. A zone offset, a missing zone,
    /// a leap second and `24:00:00` are refused.
    pub fn parse_utc(text: &str) -> Result<Self, TimestampRejection> {
        let bytes = text.as_bytes();
        let shape_is_right = (20..=30).contains(&bytes.len())
            && bytes.get(10) == Some(&b'T')
            && bytes.last() == Some(&b'Z')
            && bytes.get(17..19).is_some_and(|seconds| seconds < b"60".as_slice());
        if !shape_is_right {
            return Err(TimestampRejection);
        }
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| TimestampRejection)?;
        let nanos = moment.unix_timestamp_nanos().div_euclid(1_000_000);
        i64::try_from(nanos).map(Self).map_err(|_| TimestampRejection)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// RFC 3339 in UTC, with milliseconds only where there are any; outside the years it can write, the milliseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(moment) = OffsetDateTime::from_unix_timestamp(self.unix_seconds()) else {
            return write!(f, "{} ms", self.0);
        };
        let (year, month, day) = (moment.year(), u8::from(moment.month()), moment.day());
        let (hour, minute, second) = (moment.hour(), moment.minute(), moment.second());
        // In one piece: whoever collects it needs room once.
        let mut text = [0_u8; 40];
        let mut rest = text.as_mut_slice();
        let written = match self.0.rem_euclid(1000) {
            0 => write!(rest, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
            fraction => write!(rest, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z"),
        };
        let left = rest.len();
        let text = text.get(..text.len() - left).unwrap_or_default();
        written.map_err(|_| fmt::Error)?;
        f.write_str(str::from_utf8(text).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_utc_instant_is_read_and_written_back() {
        for text in ["2026-03-01T12:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"] {
            assert_eq!(Timestamp::parse_utc(text).unwrap().to_string(), text);
        }
        assert_eq!(
            Timestamp::parse_utc("2026-03-01T12:00:00.1234567Z").unwrap().to_string(),
            "2026-03-01T12:00:00.123Z"
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "2026-03-01",
            "2026-03-01T12:00:00",
            "2026-03-01T12:00:00+00:00",
            "2026-03-01T13:00:00+01:00",
            "2026-03-01 12:00:00Z",
            "2026-03-01t12:00:00z",
            "2026-03-01T12:00:60Z",
            "2026-03-01T24:00:00Z",
            "2026-02-30T12:00:00Z",
            "+2026-03-01T12:00:00Z",
            " 2026-03-01T12:00:00Z",
            "2026-03-01T12:00:00.Z",
            "12026-03-01T12:00:00Z",
            "2026-03-01T12:00:00.1234567890Z",
            "２026-03-01T12:00:00Z",
        ] {
            assert_eq!(Timestamp::parse_utc(text), Err(TimestampRejection), "{text}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Timestamp::from_unix_millis(i64::MAX);
        assert_eq!(end.after(Duration::MAX), end);
        assert_eq!(end.to_string(), "9223372036854775807 ms");
        assert_eq!(Timestamp::from_unix_seconds(5).since(Timestamp::from_unix_seconds(9)), Duration::ZERO);
    }
}
