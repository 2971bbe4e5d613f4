//! The report's eight weeks as figures: what a page draws week by week.

use cv_analytics_core::week::IsoWeek;
use serde::{Deserialize, Serialize};

use crate::model::{Latency, MatchCounts, Outcomes, WEEKS};
use crate::tally::scores::ScoreBand;
use crate::tally::weeks::{WeekTally, distinct};

/// One of the eight weeks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryWeek {
    /// The ISO 8601 week.
    pub week: String,
    /// Its figures; `None` for a week without any data.
    pub figures: Option<WeekFigures>,
}

/// The figures of one week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WeekFigures {
    /// Interactions that count.
    pub interactions: u64,
    /// Of them those with a query half.
    pub queries: u64,
    /// With both halves.
    pub joined: u64,
    /// Queries without a response.
    pub unanswered: u64,
    /// Distinct sessions; `None` where none is known.
    pub sessions: Option<u64>,
    /// Joined ÷ all, to four digits.
    pub join_rate: Option<f64>,
    /// How well the questions were covered.
    #[serde(rename = "match")]
    pub matches: MatchCounts,
    /// How the handlings ended.
    pub outcomes: Outcomes,
    /// How long the answers took, milliseconds.
    pub latency_ms: Latency,
    /// Scores against outcomes, in bands; `None` where no interaction has a score.
    pub score_bands: Option<Vec<ScoreBand>>,
}

/// The figures of the eight weeks that end with `week`, oldest first.
pub(crate) fn history(week: IsoWeek, weeks: &mut [WeekTally]) -> Vec<HistoryWeek> {
    let names = (0..WEEKS).rev().map(|back| week.earlier(back).to_string());
    names.zip(weeks).map(|(week, tally)| HistoryWeek { week, figures: tally.figures() }).collect()
}

impl WeekTally {
    fn figures(&mut self) -> Option<WeekFigures> {
        (self.interactions > 0).then(|| WeekFigures {
            interactions: self.interactions,
            queries: self.queries,
            joined: self.joined,
            unanswered: self.queries - self.joined,
            sessions: distinct(&mut self.sessions),
            join_rate: self.join_rate(),
            matches: self.match_counts(),
            outcomes: self.outcomes.clone(),
            latency_ms: self.latency(),
            score_bands: self.scores.bands(),
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
}
