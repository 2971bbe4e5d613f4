//! Moments as the owner reads them: in the owner's own time zone, and how long ago they were. Weeks stay UTC.

use std::fmt::{Display, Formatter, Result as FormatResult};
use std::str::FromStr;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::view::text::{counted, long_date};
use jiff::ZonedDateTime;
use jiff::tz::TimeZone;
use serde::Serialize;

const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The time zone that moments are shown in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerZone(TimeZone);

/// A text that names no time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0:?}: expected a name of the IANA database, such as Europe/London")]
pub struct OwnerZoneError(String);

impl OwnerZone {
    /// UTC.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone that this machine is set to; UTC where it is set to none.
    pub fn of_the_system() -> Self {
        TimeZone::try_system().ok().filter(|zone| !zone.is_unknown()).map_or(Self::UTC, Self)
    }
}

impl FromStr for OwnerZone {
    type Err = OwnerZoneError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let zone = TimeZone::get(text.trim());
        zone.map(Self).map_err(|_| OwnerZoneError(text.chars().take(60).collect()))
    }
}

/// The zone's name in the IANA database, where it has one.
impl Display for OwnerZone {
    fn fmt(&self, to: &mut Formatter<'_>) -> FormatResult {
        match self.0.iana_name() {
            Some("UTC" | "Etc/UTC" | "Zulu") => to.write_str("UTC"),
            Some(name) => to.write_str(name),
            None => to.write_str("the system's zone"),
        }
    }
}

/// A moment on a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Moment {
    /// `4 minutes ago`, `yesterday at 09:30`, `17 November at 09:30`.
    pub(crate) text: String,
    /// `Tuesday 17 November 2026, 09:30:05 GMT`.
    pub(crate) full: String,
    /// ISO 8601, UTC.
    pub(crate) datetime: String,
}

/// Writes moments as they are read at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    zone: OwnerZone,
    pub(crate) now: Timestamp,
}

impl Times {
    /// As they are read at `now` in `zone`.
    pub(crate) fn new(zone: OwnerZone, now: Timestamp) -> Self {
        Self { zone, now }
    }

    /// Which zone times are in, as a sentence.
    pub(crate) fn note(&self) -> String {
        match self.zone.to_string().as_str() {
            "UTC" => "Times are UTC.".to_owned(),
            zone => format!("Times are in {zone}; weeks are UTC."),
        }
    }

    /// The moment for a page.
    pub(crate) fn moment(&self, at: Timestamp) -> Moment {
        let full = self.in_zone(at).map(|at| at.strftime("%A %-d %B %Y, %H:%M:%S %Z").to_string());
        Moment {
            text: self.relative(at),
            full: full.unwrap_or_else(|| at.to_string()),
            datetime: at.to_string(),
        }
    }

    /// The moment within a sentence: `17 November 2026 at 09:30 GMT`.
    pub(crate) fn exact(&self, at: Timestamp) -> String {
        let exact = self.in_zone(at).map(|at| at.strftime("%-d %B %Y at %H:%M %Z").to_string());
        exact.unwrap_or_else(|| at.to_string())
    }

    /// The hour and the minute: `09:30`.
    pub(crate) fn clock(&self, at: Timestamp) -> String {
        self.in_zone(at).map(|at| at.strftime("%H:%M").to_string()).unwrap_or_default()
    }

    /// The day: `17 November 2026`.
    pub(crate) fn day(&self, at: Timestamp) -> String {
        self.in_zone(at).map(|at| long_date(at.date())).unwrap_or_default()
    }

    fn relative(&self, at: Timestamp) -> String {
        let past_ms = self.now.as_millis() - at.as_millis();
        if (0..MINUTE_MS).contains(&past_ms) {
            return "just now".to_owned();
        }
        if (0..DAY_MS).contains(&past_ms) {
            return format!("{} ago", length(past_ms));
        }
        let Some((at, now)) = self.in_zone(at).zip(self.in_zone(self.now)) else {
            return at.to_string();
        };
        let time = at.strftime("%H:%M");
        if now.date().yesterday().is_ok_and(|yesterday| yesterday == at.date()) {
            return format!("yesterday at {time}");
        }
        let day = if at.year() == now.year() { "%-d %B" } else { "%-d %B %Y" };
        format!("{} at {time}", at.strftime(day))
    }

    fn in_zone(&self, at: Timestamp) -> Option<ZonedDateTime> {
        let at = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
        Some(at.to_zoned_datetime(self.zone.0.clone()))
    }
}

/// Milliseconds from one moment to a later one; from a minute on those between the minutes that clocks show.
pub(crate) fn between(first: Timestamp, last: Timestamp) -> i64 {
    let minute = |at: Timestamp| at.as_millis().div_euclid(MINUTE_MS) * MINUTE_MS;
    match last.as_millis() - first.as_millis() {
        short @ ..MINUTE_MS => short,
        _ => minute(last) - minute(first),
    }
}

/// A stretch of time in its largest unit, rounded down: `40 seconds`, `4 minutes`, `3 hours`, `2 days`.
pub(crate) fn length(millis: i64) -> String {
    let whole = |unit: i64| u64::try_from(millis / unit).unwrap_or_default();
    if millis < MINUTE_MS {
        counted(whole(1000), "second", "seconds")
    } else if millis < HOUR_MS {
        counted(whole(MINUTE_MS), "minute", "minutes")
    } else if millis < DAY_MS {
        counted(whole(HOUR_MS), "hour", "hours")
    } else {
        counted(whole(DAY_MS), "day", "days")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn what_is_recent_says_how_long_ago_it_was() {
        let times = Times::new("Europe/London".parse().unwrap(), at("2026-07-01T10:00:00Z"));
        for (moment, expect) in [
            ("2026-07-01T09:59:30Z", "just now"),
            ("2026-07-01T09:58:59Z", "1 minute ago"),
            ("2026-07-01T09:00:01Z", "59 minutes ago"),
            ("2026-06-30T10:00:01Z", "23 hours ago"),
            ("2026-06-30T09:59:00Z", "yesterday at 10:59"),
            // Midnight is that of the zone.
            ("2026-06-29T23:30:00Z", "yesterday at 00:30"),
            ("2026-06-29T22:30:00Z", "29 June at 23:30"),
            ("2025-12-31T23:30:00Z", "31 December 2025 at 23:30"),
            ("2026-07-01T12:00:00Z", "1 July at 13:00"),
        ] {
            assert_eq!(times.moment(at(moment)).text, expect, "{moment}");
        }
    }

    #[test]
    fn a_whole_moment_names_its_zone_in_winter_and_summer() {
        let times = |zone: &str| Times::new(zone.parse().unwrap(), at("2026-07-01T10:00:00Z"));
        let london = times("Europe/London");
        let winter = london.moment(at("2026-11-17T09:30:05Z"));
        assert_eq!(winter.full, "Tuesday 17 November 2026, 09:30:05 GMT");
        assert_eq!(winter.datetime, "2026-11-17T09:30:05Z");
        assert_eq!(london.exact(at("2026-06-17T09:30:05Z")), "17 June 2026 at 10:30 BST");
        assert_eq!(london.note(), "Times are in Europe/London; weeks are UTC.");
        assert_eq!(times("UTC").note(), "Times are UTC.");
        let kathmandu = times("Asia/Kathmandu");
        assert_eq!(kathmandu.day(at("2026-11-17T18:30:00Z")), "18 November 2026");
        assert_eq!(kathmandu.clock(at("2026-11-17T18:30:00Z")), "00:15");
    }

    #[test]
    fn a_name_of_no_zone_is_refused() {
        let error = "Europe/Londinium".parse::<OwnerZone>().unwrap_err().to_string();
        let expect = "unknown time zone \"Europe/Londinium\": expected a name of the IANA database, such \
                      as Europe/London";
        assert_eq!(error, expect);
    }
}
