//! Weeks, months and quarters: what the overview's columns are. A week belongs to the month and the
//! quarter of its Thursday, as ISO 8601 gives it to the year of its Thursday.

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::questions::filter::{MAX_WEEKS as MAX_SEARCHED_WEEKS, QuestionFilter};
use cv_analytics_insights::view::text::{day, days};
use jiff::civil::Date;
use jiff::tz::TimeZone;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// Columns of one page: two years of weeks, five of months, ten of quarters.
const MAX_WEEKS: usize = 104;
const MAX_MONTHS: usize = 60;
const MAX_QUARTERS: usize = 40;
const QUARTER_WEEKS: u8 = 14;

/// How weeks are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Week,
    Month,
    Quarter,
}

impl By {
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [Self::Week, Self::Month, Self::Quarter].into_iter().find(|by| by.code() == code)
    }

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Week => "Week",
            Self::Month => "Month",
            Self::Quarter => "Quarter",
        }
    }

    const fn most(self) -> usize {
        match self {
            Self::Week => MAX_WEEKS,
            Self::Month => MAX_MONTHS,
            Self::Quarter => MAX_QUARTERS,
        }
    }

    /// About how many weeks a page shows, at most as many as a step of [`IsoWeek::later`] takes.
    pub(crate) fn window_weeks(self) -> u8 {
        let weeks = match self {
            Self::Week => self.most(),
            Self::Month => self.most() * 4,
            Self::Quarter => self.most() * 13,
        };
        u8::try_from(weeks).unwrap_or(u8::MAX)
    }

    /// The periods up to the week `newest`, not before that of `first`, in the order of time.
    pub(crate) fn last_periods(self, first: IsoWeek, newest: IsoWeek) -> Vec<Period> {
        let mut periods: Vec<Period> = Vec::new();
        let mut week = newest;
        loop {
            let key = self.key(week);
            let count = periods.len();
            match periods.last_mut().filter(|period| period.key == key) {
                Some(period) => period.weeks.insert(0, week),
                None if count == self.most() => break,
                None => periods.push(Period::new(self, key, week)),
            }
            if week <= first {
                break;
            }
            week = week.earlier(1);
        }
        periods.reverse();
        periods
    }

    fn key(self, week: IsoWeek) -> String {
        let thursday = thursday(week);
        match self {
            Self::Week => week.to_string(),
            Self::Month => thursday.strftime("%Y-%m").to_string(),
            Self::Quarter => format!("{:04}-Q{}", thursday.year(), quarter(thursday)),
        }
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) by: By,
    /// `2026-W47`, `2026-11`, `2026-Q4`.
    pub(crate) key: String,
    /// `2026-W47`, `November 2026`, `Q4 2026`.
    pub(crate) name: String,
    /// In the order of time.
    pub(crate) weeks: Vec<IsoWeek>,
}

impl Period {
    fn new(by: By, key: String, week: IsoWeek) -> Self {
        let thursday = thursday(week);
        let name = match by {
            By::Week => key.clone(),
            By::Month => thursday.strftime("%B %Y").to_string(),
            By::Quarter => format!("Q{} {:04}", quarter(thursday), thursday.year()),
        };
        Self { by, key, name, weeks: vec![week] }
    }

    /// Each week for itself.
    pub(crate) fn each(weeks: &[IsoWeek]) -> Vec<Self> {
        weeks.iter().map(|week| Self::new(By::Week, week.to_string(), *week)).collect()
    }

    /// `16–22 November 2026`.
    pub(crate) fn days(&self) -> String {
        let bounds = self.weeks.first().zip(self.weeks.last());
        bounds
            .map(|(first, last)| days(&first.start().to_string(), &last.end().to_string()))
            .unwrap_or_default()
    }

    /// Whether a week of it is not over.
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        self.weeks.last().is_some_and(|week| week.end() > now)
    }

    /// What stands under its column: among a few weeks `W47`, else `Nov 2026` or `Q4 2026`.
    pub(crate) fn label(&self, among_few: bool) -> String {
        let first = self.weeks.first().copied();
        match self.by {
            By::Quarter => self.name.clone(),
            By::Week if among_few => self.key.split('-').next_back().unwrap_or_default().to_owned(),
            By::Week | By::Month => {
                first.map(|week| thursday(week).strftime("%b %Y").to_string()).unwrap_or_default()
            }
        }
    }

    /// Whether its label is worth its place: a month begins among weeks, a year among quarters.
    pub(crate) fn begins_something(&self, is_first: bool) -> bool {
        let Some(week) = self.weeks.first().copied() else { return false };
        let thursday = thursday(week);
        match self.by {
            By::Week => is_first || thursday.day() <= 7,
            By::Month => thursday.month() % 3 == 1,
            By::Quarter => quarter(thursday) == 1,
        }
    }

    /// The questions of all its weeks; `None` where they are more than a search takes.
    pub(crate) fn questions(&self) -> Option<QuestionFilter> {
        let (last, count) = (self.weeks.last()?, self.weeks.len());
        let weeks = u8::try_from(count).ok().filter(|count| *count <= MAX_SEARCHED_WEEKS)?;
        let weeks = Some(weeks).filter(|weeks| *weeks > 1);
        Some(QuestionFilter { weeks, ..QuestionFilter::of_week(&last.to_string()) })
    }
}

/// The weeks of a month or a quarter by its key, `2026-11` or `2026-Q4`.
pub(crate) fn weeks_of(key: &str) -> Option<Vec<IsoWeek>> {
    let (year, part) = key.split_once('-')?;
    let (by, month) = match part.strip_prefix('Q') {
        Some(quarter) => (
            By::Quarter,
            quarter.parse::<i8>().ok()?.checked_sub(1)?.checked_mul(3)?.checked_add(1)?,
        ),
        None => (By::Month, part.parse().ok()?),
    };
    let year: i16 = year.parse().ok().filter(|year| (2000..=2100).contains(year))?;
    let first = Date::new(year, month, 1).ok()?;
    let first = TimeZone::UTC.to_timestamp(first.at(0, 0, 0, 0)).ok()?;
    let first = IsoWeek::containing(Timestamp::from_millis(first.as_millisecond()));
    let weeks = (0..=QUARTER_WEEKS).map(|weeks| first.later(weeks));
    let weeks: Vec<IsoWeek> = weeks.filter(|week| by.key(*week) == key).collect();
    (!weeks.is_empty()).then_some(weeks)
}

fn thursday(week: IsoWeek) -> Date {
    day(&week.start().plus_millis(3 * DAY_MS).to_string()).unwrap_or_default()
}

fn quarter(day: Date) -> i8 {
    (day.month() + 2) / 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(text: &str) -> IsoWeek {
        text.parse().unwrap()
    }

    fn names(periods: &[Period]) -> Vec<String> {
        let weeks = |period: &Period| format!("{} {:?}", period.name, period.weeks);
        periods.iter().map(weeks).collect()
    }

    #[test]
    fn a_week_belongs_to_the_month_of_its_thursday() {
        let months = By::Month.last_periods(week("2026-W39"), week("2026-W41"));
        // Thursday 1 October is in W40, which begins in September.
        assert_eq!(
            names(&months),
            ["September 2026 [2026-W39]", "October 2026 [2026-W40, 2026-W41]"]
        );
        let quarters = By::Quarter.last_periods(week("2026-W52"), week("2027-W01"));
        // The last week of 2026 ends in January.
        assert_eq!(names(&quarters), ["Q4 2026 [2026-W52, 2026-W53]", "Q1 2027 [2027-W01]"]);
    }

    #[test]
    fn a_page_has_two_years_of_weeks_and_more_of_months() {
        let first = week("2015-W01");
        for (by, count) in [(By::Week, 104), (By::Month, 60), (By::Quarter, 40)] {
            let periods = by.last_periods(first, week("2026-W47"));
            assert_eq!(periods.len(), count);
            assert_eq!(periods.last().unwrap().weeks.last(), Some(&week("2026-W47")));
        }
        assert_eq!(By::Week.last_periods(first, week("2014-W01")).len(), 1);
    }

    #[test]
    fn a_month_and_a_quarter_are_found_by_their_keys() {
        let weeks = |key: &str| weeks_of(key).map(|weeks| (weeks.len(), weeks[0].to_string()));
        assert_eq!(weeks("2026-10"), Some((5, "2026-W40".to_owned())));
        assert_eq!(weeks("2026-Q4"), Some((14, "2026-W40".to_owned())));
        assert_eq!(weeks("2027-Q1"), Some((12, "2027-W01".to_owned())));
        for key in
            ["2026", "2026-13", "2026-Q5", "2026-Q0", "1999-12", "2101-01", "2026-Q", "-", "2026-1"]
        {
            assert_eq!(weeks(key), None, "{key}");
        }
    }
}
