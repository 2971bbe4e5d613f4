//! Which weeks changed since the store was opened, for those who remember what they read of them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cv_analytics_core::timestamp::Timestamp;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// A week by its number since the one that holds 1970-01-01, Monday to Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct WeekNumber(i64);

impl WeekNumber {
    /// The week that holds `moment`: an event a time, so without a calendar.
    pub(crate) fn of(moment: Timestamp) -> Self {
        // 1970-01-01 was a Thursday.
        Self(moment.as_millis().saturating_add(3 * DAY_MS).div_euclid(7 * DAY_MS))
    }
}

/// Numbers the changes.
#[derive(Debug, Default)]
pub(crate) struct Changes(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    last: u64,
    /// The last change of each week.
    weeks: HashMap<WeekNumber, u64>,
    /// The last change that may have been of any week.
    any: u64,
    /// What SQLite last told of other connections' changes.
    foreign: i64,
}

impl Changes {
    /// Notes a commit that changed `weeks`.
    pub(crate) fn note(&self, weeks: &[WeekNumber]) {
        let mut noted = self.noted();
        noted.last += 1;
        let number = noted.last;
        noted.weeks.extend(weeks.iter().map(|week| (*week, number)));
    }

    /// Notes a commit that may have changed any week.
    pub(crate) fn note_any(&self) {
        let mut noted = self.noted();
        noted.last += 1;
        noted.any = noted.last;
    }

    /// The last change of `period`. `foreign` is SQLite's `data_version`, which changes when another program writes.
    pub(crate) fn marker(&self, period: &Range<Timestamp>, foreign: i64) -> u64 {
        let mut noted = self.noted();
        if noted.foreign != foreign {
            noted.foreign = foreign;
            noted.last += 1;
            noted.any = noted.last;
        }
        let last = WeekNumber::of(period.end.plus_millis(-1));
        let first = WeekNumber::of(period.start);
        let within = noted.weeks.iter().filter(|(week, _)| (first..=last).contains(week));
        within.map(|(_, number)| *number).max().unwrap_or_default().max(noted.any)
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use cv_analytics_core::week::IsoWeek;

    use super::*;

    #[test]
    fn a_week_number_changes_on_mondays() {
        let mut week: IsoWeek = "1999-W52".parse().unwrap();
        let mut number = WeekNumber::of(week.start());
        for _ in 0..1_000 {
            assert_eq!(WeekNumber::of(week.end().plus_millis(-1)), number);
            week = week.later(1);
            let next = WeekNumber::of(week.start());
            assert_eq!(next.0, number.0 + 1, "{week}");
            number = next;
        }
    }

    #[test]
    fn a_marker_moves_with_its_own_weeks_alone() {
        let changes = Changes::default();
        let week: IsoWeek = "2026-W47".parse().unwrap();
        let period = week.start()..week.end();
        let first = changes.marker(&period, 1);
        changes.note(&[WeekNumber::of(week.later(1).start())]);
        assert_eq!(changes.marker(&period, 1), first);
        changes.note(&[WeekNumber::of(week.start())]);
        let second = changes.marker(&period, 1);
        assert_ne!(second, first);
        changes.note_any();
        let third = changes.marker(&period, 1);
        assert_ne!(third, second);
        assert_ne!(changes.marker(&period, 2), third);
    }
}
