//! When the mail is sent: a cron expression as EventBridge reads it, in UTC.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use cv_analytics_core::timestamp::Timestamp;

/// Moments by minute, hour, day, month, day of the week and year, as `cron(0 9 ? * MON *)`.
#[derive(Clone, Debug)]
pub struct Schedule {
    text: String,
    cron: Cron,
}

/// A text that is not a schedule: which field is wrong, and what may stand there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid schedule {text:?}: {wrong}")]
pub struct ScheduleError {
    text: String,
    wrong: String,
}

/// A time in which a schedule has no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The moment before it.
    pub from: Timestamp,
    /// The moment after it; `None` where none comes.
    pub to: Option<Timestamp>,
}

/// One of the six fields: its values, and what stands for some of them.
struct Field {
    name: &'static str,
    values: std::ops::RangeInclusive<u16>,
    /// Names of the values, from the first on.
    names: &'static [&'static str],
    /// What else may stand there, in words.
    hint: &'static str,
}

const DAY_MS: i64 = 24 * 3600 * 1000;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const MINUTES: Field = Field { name: "minutes", values: 0..=59, names: &[], hint: "0 to 59" };
const HOURS: Field = Field { name: "hours", values: 0..=23, names: &[], hint: "0 to 23" };
const DAY_OF_MONTH: Field = Field {
    name: "day-of-month",
    values: 1..=31,
    names: &[],
    hint: "1 to 31, L for the last, 15W for the weekday nearest to the 15th, or ?",
};
const MONTH: Field =
    Field { name: "month", values: 1..=12, names: &MONTHS, hint: "1 to 12, or JAN to DEC" };
const DAY_OF_WEEK: Field = Field {
    name: "day-of-week",
    values: 1..=7,
    names: &DAYS,
    hint: "1 (Sunday) to 7, SUN to SAT, 6L for the month's last Friday, 2#1 for its first Monday, or ?",
};
const YEAR: Field = Field { name: "year", values: 1970..=2199, names: &[], hint: "1970 to 2199" };

impl Schedule {
    /// Mondays at nine.
    pub const DEFAULT: &str = "cron(0 9 ? * MON *)";

    /// The first moment of the schedule at `moment` or after it; `None` where none is left.
    pub fn next_from(&self, moment: Timestamp) -> Option<Timestamp> {
        // croner reckons in whole seconds, and would take a moment just past for the moment itself.
        let seconds =
            moment.as_millis().div_euclid(1000) + i64::from(moment.as_millis() % 1000 != 0);
        let from: DateTime<Utc> = DateTime::from_timestamp(seconds, 0)?;
        let next = self.cron.find_next_occurrence(&from, true).ok()?;
        Some(Timestamp::from_millis(next.timestamp_millis()))
    }

    /// The first pause of more than `days` that begins before `until`, as if `from` were one of the schedule's moments.
    pub fn pause_over(&self, days: u32, from: Timestamp, until: Timestamp) -> Option<Pause> {
        let mut moment = from;
        while moment < until {
            let latest = moment.plus_millis(i64::from(days) * DAY_MS);
            let next = self.next_from(moment.plus_millis(1));
            if next.is_none_or(|next| next > latest) {
                return Some(Pause { from: moment, to: next });
            }
            // No pause before the last moment that is near enough is longer than the way to it.
            moment = self.last_until(latest).or(next)?;
        }
        None
    }

    /// The last moment of the schedule at `moment` or before it.
    fn last_until(&self, moment: Timestamp) -> Option<Timestamp> {
        let until: DateTime<Utc> =
            DateTime::from_timestamp(moment.as_millis().div_euclid(1000), 0)?;
        let last = self.cron.find_previous_occurrence(&until, true).ok()?;
        Some(Timestamp::from_millis(last.timestamp_millis()))
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let text = text.trim();
        let shown = || text.chars().take(120).collect();
        let refused = |wrong: String| ScheduleError { text: shown(), wrong };
        let fields = text.strip_prefix("cron(").and_then(|rest| rest.strip_suffix(')'));
        let fields = fields.ok_or_else(|| {
            refused(format!("write it as EventBridge does, like {}", Self::DEFAULT))
        })?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let [minutes, hours, day_of_month, month, day_of_week, year] = fields[..] else {
            return Err(refused(format!(
                "it has {} fields instead of six: minutes, hours, day-of-month, month, day-of-week, year",
                fields.len()
            )));
        };
        if (day_of_month == "?") == (day_of_week == "?") {
            return Err(refused(
                "exactly one of day-of-month and day-of-week is ?, since only one can decide"
                    .to_owned(),
            ));
        }
        let plain = |field: &Field, text| field.plain(text).map_err(refused);
        let pattern = format!(
            "0 {} {} {} {} {} {}",
            plain(&MINUTES, minutes)?,
            plain(&HOURS, hours)?,
            days_of_month(day_of_month).map_err(refused)?,
            plain(&MONTH, month)?,
            days_of_week(day_of_week).map_err(refused)?,
            plain(&YEAR, year)?,
        );
        let parser = CronParser::builder().seconds(Seconds::Required).year(Year::Required).build();
        let cron = parser.parse(&pattern).map_err(|error| refused(error.to_string()))?;
        Ok(Self { text: text.to_owned(), cron })
    }
}

/// The day-of-month field for croner.
fn days_of_month(text: &str) -> Result<String, String> {
    match text {
        "?" => Ok("*".to_owned()),
        "L" | "l" => Ok("L".to_owned()),
        _ => match text.strip_suffix(['W', 'w']) {
            Some(day) => DAY_OF_MONTH.value(day, text).map(|day| format!("{day}W")),
            None => DAY_OF_MONTH.plain(text),
        },
    }
}

/// The day-of-week field for croner, which counts from Sunday as 0.
fn days_of_week(text: &str) -> Result<String, String> {
    if matches!(text, "?" | "*") {
        return Ok("*".to_owned());
    }
    if matches!(text, "L" | "l") {
        return Ok("6".to_owned());
    }
    if let Some(day) = text.strip_suffix(['L', 'l']) {
        return DAY_OF_WEEK.value(day, text).map(|day| format!("{}L", day - 1));
    }
    if let Some((day, nth)) = text.split_once('#') {
        let day = DAY_OF_WEEK.value(day, text)?;
        let nth = nth.parse::<u8>().ok().filter(|nth| (1..=5).contains(nth));
        let nth = nth.ok_or_else(|| DAY_OF_WEEK.refusal(text))?;
        return Ok(format!("{}#{nth}", day - 1));
    }
    let days = DAY_OF_WEEK.list(text)?.into_iter().map(|day| (day - 1).to_string());
    Ok(days.collect::<Vec<_>>().join(","))
}

impl Field {
    /// `*`, or the values that `text` names, with commas between them.
    fn plain(&self, text: &str) -> Result<String, String> {
        if text == "*" {
            return Ok(text.to_owned());
        }
        let values = self.list(text)?;
        Ok(values.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
    }

    /// Values, ranges and steps, with commas between them.
    fn list(&self, text: &str) -> Result<BTreeSet<u16>, String> {
        let mut values = BTreeSet::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => {
                    let step = step.parse::<u16>().ok().filter(|step| *step > 0);
                    (range, Some(step.ok_or_else(|| self.refusal(part))?))
                }
                None => (part, None),
            };
            let (first, last) = match range.split_once('-') {
                Some((first, last)) => (self.value(first, part)?, self.value(last, part)?),
                None if range == "*" => (*self.values.start(), *self.values.end()),
                None => {
                    let first = self.value(range, part)?;
                    (first, if step.is_some() { *self.values.end() } else { first })
                }
            };
            if first > last {
                return Err(self.refusal(part));
            }
            values.extend((first..=last).step_by(usize::from(step.unwrap_or(1))));
        }
        Ok(values)
    }

    /// One value, by number or name.
    fn value(&self, text: &str, part: &str) -> Result<u16, String> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|place| u16::try_from(place).ok());
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let value = match named {
            Some(place) => Some(self.values.start() + place),
            None if digits => text.parse().ok(),
            None => None,
        };
        value.filter(|value| self.values.contains(value)).ok_or_else(|| self.refusal(part))
    }

    fn refusal(&self, part: &str) -> String {
        format!("{part:?} cannot stand in the field {}, which takes {}", self.name, self.hint)
    }
}

#[cfg(test)]
mod tests;
