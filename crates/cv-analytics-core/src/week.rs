//! ISO 8601 weeks in UTC: `2026-W47` runs from Monday 00:00 to the next Monday 00:00.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{ISOWeekDate, Weekday};
use jiff::{Span, ToSpan};

use crate::timestamp::Timestamp;

/// One ISO 8601 week, UTC. Weeks are ordered by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IsoWeek {
    monday: ISOWeekDate,
}

/// A text that names no week, or one that no event is in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeekError {
    /// It has another form, or that year has no such week.
    #[error("invalid week {0:?}: write the year and the week as in 2026-W47")]
    NotAWeek(String),
    /// No event's timestamp is accepted in it.
    #[error("invalid week {0}: outside the years 2000 to 2100, in which events are accepted")]
    OutsideOfEvents(String),
}

impl IsoWeek {
    /// The week that holds `moment` (ISO 8601: the year of the week's Thursday).
    pub fn containing(moment: Timestamp) -> Self {
        let date = moment.civil_date().iso_week_date();
        let monday = ISOWeekDate::new(date.year(), date.week(), Weekday::Monday).unwrap_or(date);
        Self { monday }
    }

    /// The last week that is over at `now`: the one that a Monday report covers.
    pub fn last_closed(now: Timestamp) -> Self {
        Self::containing(now).earlier(1)
    }

    /// The first moment of the week.
    pub fn start(self) -> Timestamp {
        Timestamp::from_civil_date(self.monday.date())
    }

    /// The first moment after the week.
    pub fn end(self) -> Timestamp {
        self.later(1).start()
    }

    /// The week `weeks` before this one.
    #[must_use]
    pub fn earlier(self, weeks: u8) -> Self {
        self.shifted(-i64::from(weeks).weeks())
    }

    /// The week `weeks` after this one.
    #[must_use]
    pub fn later(self, weeks: u8) -> Self {
        self.shifted(i64::from(weeks).weeks())
    }

    fn shifted(self, span: Span) -> Self {
        let date = self.monday.date().saturating_add(span);
        Self { monday: date.iso_week_date() }
    }
}

impl fmt::Display for IsoWeek {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-W{:02}", self.monday.year(), self.monday.week())
    }
}

impl fmt::Debug for IsoWeek {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for IsoWeek {
    type Err = WeekError;

    fn from_str(text: &str) -> Result<Self, WeekError> {
        let refused = || WeekError::NotAWeek(text.chars().take(40).collect());
        let (year, week) = text.split_once("-W").ok_or_else(refused)?;
        if year.len() != 4
            || week.len() != 2
            || !text.bytes().all(|byte| byte.is_ascii_digit() || b"-W".contains(&byte))
        {
            return Err(refused());
        }
        let year: i16 = year.parse().map_err(|_| refused())?;
        let week: i8 = week.parse().map_err(|_| refused())?;
        let monday = ISOWeekDate::new(year, week, Weekday::Monday).map_err(|_| refused())?;
        // The first day of 2000 is in 1999-W52, the last of 2100 in its own last week.
        if !((1999, 52)..=(2100, 52)).contains(&(year, week)) {
            return Err(WeekError::OutsideOfEvents(text.to_owned()));
        }
        Ok(Self { monday })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(day: &str, expect: &str) {
        let moment = Timestamp::read(&json!(day)).unwrap();
        assert_eq!(IsoWeek::containing(moment).to_string(), expect, "{day}");
    }

    #[test]
    fn the_week_of_a_day_follows_iso_8601() {
        check("2026-11-16", "2026-W47");
        check("2026-11-22T23:59:59.999Z", "2026-W47");
        check("2026-11-23T00:00:00Z", "2026-W48");
        check("2021-01-03", "2020-W53");
        check("2024-12-30", "2025-W01");
        check("2027-01-01", "2026-W53");
        check("2000-01-01", "1999-W52");
    }

    #[test]
    fn only_weeks_in_which_events_are_accepted_are_read() {
        for (moment, week) in
            [("2000-01-01T00:00:00Z", "1999-W52"), ("2100-12-31T23:59:59.999Z", "2100-W52")]
        {
            check(moment, week);
            assert_eq!(week.parse::<IsoWeek>().unwrap().to_string(), week);
        }
        for week in ["1999-W51", "1999-W01", "0001-W01", "2101-W01", "9999-W01"] {
            let error = week.parse::<IsoWeek>().unwrap_err().to_string();
            let expect = format!(
                "invalid week {week}: outside the years 2000 to 2100, in which events are accepted"
            );
            assert_eq!(error, expect);
        }
    }

    #[test]
    fn a_week_knows_its_bounds_and_neighbours() {
        let week: IsoWeek = "2026-W53".parse().unwrap();
        assert_eq!(week.start().to_string(), "2026-12-28T00:00:00Z");
        assert_eq!(week.end().to_string(), "2027-01-04T00:00:00Z");
        assert_eq!(week.later(1).to_string(), "2027-W01");
        assert_eq!(week.earlier(53).to_string(), "2025-W52");
        assert_eq!(IsoWeek::last_closed(week.start()).to_string(), "2026-W52");
    }

    #[test]
    fn a_text_that_names_no_week_is_refused() {
        for text in [
            "",
            "2026-47",
            "2026-W54",
            "2025-W53",
            "2026-W00",
            "2026-w47",
            "+026-W47",
            "2026-W4",
            "2026-W47 ",
        ] {
            let refusal = text.parse::<IsoWeek>().unwrap_err().to_string();
            assert!(refusal.ends_with("write the year and the week as in 2026-W47"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_lies_within_its_week(millis in 946_684_800_000_i64..4_133_980_800_000) {
            let moment = Timestamp::from_millis(millis);
            let week = IsoWeek::containing(moment);
            prop_assert!(week.start() <= moment && moment < week.end());
            prop_assert_eq!(week.to_string().parse::<IsoWeek>().unwrap(), week);
            prop_assert_eq!(week.end().as_millis() - week.start().as_millis(), 7 * 86_400_000);
        }
    }
}
