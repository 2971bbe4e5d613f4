//! The eight weeks of a report beside each other, for charts over time.

use crate::report::MatchCounts;
use crate::tally::{WeekTally, distinct};
use cv_analytics_core::week::IsoWeek;

/// One of the eight weeks.
#[derive(Clone, Debug, PartialEq)]
pub struct WeekTotals {
    /// The week.
    pub week: IsoWeek,
    /// Interactions that count.
    pub interactions: u64,
    /// Of them with a query half.
    pub queries: u64,
    /// Distinct sessions; `None` where none is known.
    pub sessions: Option<u64>,
    /// Match types and the mean score.
    pub matches: MatchCounts,
}

/// The weeks up to `last`, oldest first.
pub(crate) fn history(last: IsoWeek, weeks: &mut [WeekTally]) -> Vec<WeekTotals> {
    let count = weeks.len();
    let totals = weeks.iter_mut().enumerate().map(|(place, tally)| WeekTotals {
        week: last.earlier(u8::try_from(count - 1 - place).unwrap_or_default()),
        interactions: tally.interactions,
        queries: tally.queries,
        sessions: distinct(&mut tally.sessions),
        matches: tally.match_counts(),
    });
    totals.collect()
}
