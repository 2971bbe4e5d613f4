//! The report's eight weeks as figures: what a page draws week by week.

use cv_analytics_core::week::IsoWeek;

use crate::model::{AfterNoMatch, HistoryWeek, Latency, WEEKS, WeekFigures};
use crate::tally::weeks::WeekTally;

/// The figures of the eight weeks that end with `week`, oldest first.
pub(crate) fn history(week: IsoWeek, weeks: &mut [WeekTally]) -> Vec<HistoryWeek> {
    let names = (0..WEEKS).rev().map(|back| week.earlier(back).to_string());
    names.zip(weeks).map(|(week, tally)| HistoryWeek { week, figures: tally.figures() }).collect()
}

impl WeekTally {
    pub(crate) fn figures(&mut self) -> Option<WeekFigures> {
        (self.interactions > 0).then(|| WeekFigures {
            interactions: self.interactions,
            queries: self.queries,
            joined: self.joined,
            unanswered: self.queries - self.joined,
            conversations: self.conversations(),
            join_rate: self.join_rate(),
            matches: self.match_counts(),
            outcomes: self.outcomes.clone(),
            latency_ms: self.latency(),
            score_bands: self.scores.bands(),
            after_no_match: self.after_no_match(),
        })
    }

    /// Percentiles by nearest rank.
    pub(crate) fn latency(&mut self) -> Latency {
        let latencies = &mut self.latencies_ms;
        let mut rank = |percent: usize| {
            let rank = (latencies.len() * percent).div_ceil(100);
            let place = rank.checked_sub(1)?;
            Some(*latencies.select_nth_unstable(place).1)
        };
        let (p50, p95, p99) = (rank(50), rank(95), rank(99));
        Latency { p50, p95, p99, samples: self.latencies_ms.len() as u64 }
    }

    /// How sessions went on after an answer that covered nothing; `None` where none is known.
    fn after_no_match(&mut self) -> Option<AfterNoMatch> {
        self.moments.sort_unstable();
        let mut after = None;
        for conversation in self.moments.chunk_by(|one, next| one.conversation == next.conversation)
        {
            let Some(end) = conversation.last().filter(|moment| moment.in_a_session) else {
                continue;
            };
            let AfterNoMatch { answers, asked_on, ended } = after.get_or_insert_default();
            for moment in conversation.iter().filter(|moment| moment.no_match) {
                *answers += 1;
                *(if moment.at < end.at { &mut *asked_on } else { &mut *ended }) += 1;
            }
        }
        after
    }
}
