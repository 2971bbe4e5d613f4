//! A moment in time, as every part of the product writes it: milliseconds since 1970, UTC.

use std::fmt;

use jiff::civil;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// 2000-01-01T00:00:00Z, the earliest moment that an event may carry.
const EARLIEST_MS: i64 = 946_684_800_000;
/// 2101-01-01T00:00:00Z: an event's moment is before it.
const LATEST_MS: i64 = 4_133_980_800_000;
/// Numbers below this are seconds, the others milliseconds (10¹¹ ms is March 1973).
const MAX_UNIX_SECONDS: f64 = 1e11;

/// Why a value is not a moment that an event may carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// The value is neither a number nor a date that ISO 8601 knows.
    #[error("{0} is neither a number of milliseconds or seconds nor an ISO 8601 date and time")]
    Unreadable(String),
    /// The moment is readable, but no event can have happened then.
    #[error("{0} lies outside the years 2000 to 2100")]
    OutOfRange(String),
}

impl Timestamp {
    /// Makes a moment from milliseconds since 1970, unchecked: for clocks and stores.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The moment `millis` later (earlier where negative).
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Reads the moment that an event carries: milliseconds, seconds (numbers under 10¹¹) or
    /// ISO 8601 (UTC where it names no zone). The clock plays no part.
    ///
    /// # Errors
    /// [`TimestampError::Unreadable`], or [`TimestampError::OutOfRange`] outside 2000 to 2100.
    pub fn read(value: &Value) -> Result<Self, TimestampError> {
        let moment = match value {
            Value::Number(number) => number
                .as_i64()
                .map(Self::from_integer)
                .or_else(|| number.as_f64().and_then(Self::from_float)),
            Value::String(text) => Self::from_text(text.trim()),
            _ => None,
        };
        let moment = moment.ok_or_else(|| TimestampError::Unreadable(shown(value)))?;
        if (EARLIEST_MS..LATEST_MS).contains(&moment.0) {
            Ok(moment)
        } else {
            Err(TimestampError::OutOfRange(shown(value)))
        }
    }

    fn from_integer(number: i64) -> Self {
        if number < 100_000_000_000 { Self(number.saturating_mul(1000)) } else { Self(number) }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float outside i64 saturates, and is then out of range"
    )]
    fn from_float(number: f64) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        // To the nearest microsecond, which takes the noise of a float away, then down to the
        // millisecond as ISO 8601 is read: the last instant of a Sunday stays on Sunday.
        let micros = if number < MAX_UNIX_SECONDS { number * 1e6 } else { number * 1e3 };
        Some(Self((micros.round() as i64).div_euclid(1000)))
    }

    fn from_text(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<i64>() {
            return Some(Self::from_integer(number));
        }
        if let Ok(number) = text.parse::<f64>() {
            return Self::from_float(number);
        }
        // A named zone (RFC 9557) would have to be looked up; it is refused rather than ignored.
        if text.contains('[') {
            return None;
        }
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Some(Self(moment.as_millisecond()));
        }
        let date_time = text
            .parse::<civil::DateTime>()
            .or_else(|_| text.parse::<civil::Date>().map(civil::Date::into))
            .ok()?;
        let moment = TimeZone::UTC.to_timestamp(date_time).ok()?;
        Some(Self(moment.as_millisecond()))
    }

    pub(crate) fn civil_date(self) -> civil::Date {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => TimeZone::UTC.to_datetime(moment).date(),
            Err(_) if self.0 < 0 => civil::Date::MIN,
            Err(_) => civil::Date::MAX,
        }
    }

    pub(crate) fn from_civil_date(date: civil::Date) -> Self {
        TimeZone::UTC
            .to_timestamp(date.into())
            .map_or(Self(0), |moment| Self(moment.as_millisecond()))
    }
}

/// ISO 8601 in UTC, to the second, with milliseconds only where there are some.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(formatter, "{moment}"),
            Err(_) => write!(formatter, "{} ms", self.0),
        }
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: &Value, expect: &str) {
        let read = Timestamp::read(value);
        assert_eq!(
            read.map_or_else(|error| error.to_string(), |moment| moment.to_string()),
            expect,
            "{value}"
        );
    }

    #[test]
    fn milliseconds_seconds_and_iso_8601_are_read() {
        check(&json!(1_763_000_000_000_i64), "2025-11-13T02:13:20Z");
        check(&json!(1_763_000_000), "2025-11-13T02:13:20Z");
        check(&json!(1_763_000_000.5), "2025-11-13T02:13:20.5Z");
        check(&json!(1_763_337_599_999.6), "2025-11-16T23:59:59.999Z");
        check(&json!(1_763_337_599.999_6), "2025-11-16T23:59:59.999Z");
        check(&json!("2025-11-16T23:59:59.9996Z"), "2025-11-16T23:59:59.999Z");
        check(&json!(1_763_000_000.123), "2025-11-13T02:13:20.123Z");
        check(&json!("1763000000"), "2025-11-13T02:13:20Z");
        check(&json!("2025-11-13T02:13:20Z"), "2025-11-13T02:13:20Z");
        check(&json!("2025-11-13T02:13:20.250+01:00"), "2025-11-13T01:13:20.25Z");
        check(&json!("2025-11-13T02:13:20"), "2025-11-13T02:13:20Z");
        check(&json!("2025-11-13 02:13"), "2025-11-13T02:13:00Z");
        check(&json!("2025-11-13"), "2025-11-13T00:00:00Z");
    }

    #[test]
    fn the_years_2000_to_2100_are_accepted_and_no_others() {
        check(&json!("2000-01-01T00:00:00Z"), "2000-01-01T00:00:00Z");
        check(&json!("2100-12-31T23:59:59Z"), "2100-12-31T23:59:59Z");
        check(&json!(0), "0 lies outside the years 2000 to 2100");
        check(&json!("2999-01-01"), "\"2999-01-01\" lies outside the years 2000 to 2100");
        check(&json!(-5), "-5 lies outside the years 2000 to 2100");
        check(&json!(1e300), "1e+300 lies outside the years 2000 to 2100");
    }

    #[test]
    fn other_values_are_unreadable() {
        let ending = "is neither a number of milliseconds or seconds nor an ISO 8601 date and time";
        for value in [
            json!(null),
            json!("yesterday"),
            json!(""),
            json!({}),
            json!(true),
            json!("NaN"),
            json!("2026-11-17T09:00:00[Europe/Paris]"),
        ] {
            check(&value, &format!("{value} {ending}"));
        }
    }
}
