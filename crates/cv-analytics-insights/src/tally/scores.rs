//! Match scores against outcomes: whether the agent's own score says how a question ended.
//!
//! Score and outcome disagree where a score of 60 or more stands beside an outcome other than `answered` or beside
//! match type none, and where a score under 40 stands beside an answer whose match type is neither partial nor none.

use std::cmp::Reverse;

use cv_analytics_core::event::{MatchScore, MatchType, Outcome};
use cv_analytics_core::store::observation_page::PagedObservation;
use cv_analytics_core::timestamp::Timestamp;

use crate::model::{Calibration, Disagreement, ResponseOutcomes, ScoreBand};

/// Bands of twenty; the last holds 100 too.
const BANDS: usize = 5;
/// Bins of ten; the last holds 100 too.
const BINS: usize = 10;
const MIN_HIGH_SCORE: f64 = 60.0;
const LOW_SCORE_BELOW: f64 = 40.0;
/// Questions that show a disagreement.
const MAX_EXAMPLES: usize = 5;
/// Under so many disagreements, or so few of the scored ones, nothing is said of them.
const MIN_DISAGREEMENTS: u64 = 5;
const MIN_DISAGREEING_ONE_IN: u64 = 50;

/// Counts one week's scores.
#[derive(Debug, Default)]
pub(crate) struct ScoreTally {
    bands: [[u64; Outcome::ALL.len()]; BANDS],
    disagreeing: [u64; BANDS],
    bins: [u64; BINS],
}

impl ScoreTally {
    /// Counts an interaction; says whether score and outcome disagree.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a score lies between 0 and 100"
    )]
    pub(crate) fn add(
        &mut self,
        score: MatchScore,
        outcome: Outcome,
        match_type: Option<MatchType>,
    ) -> bool {
        let value = score.value();
        let band = ((value / 20.0) as usize).min(BANDS - 1);
        let bin = ((value / 10.0) as usize).min(BINS - 1);
        let counted = self.bands.get_mut(band).and_then(|band| band.get_mut(outcome as usize));
        if let Some(count) = counted {
            *count += 1;
        }
        if let Some(count) = self.bins.get_mut(bin) {
            *count += 1;
        }
        let disagree = disagree(value, outcome, match_type);
        if disagree && let Some(count) = self.disagreeing.get_mut(band) {
            *count += 1;
        }
        disagree
    }

    fn scored(&self) -> u64 {
        self.bins.iter().sum()
    }

    /// The bands; `None` where no interaction has a score.
    pub(crate) fn bands(&self) -> Option<Vec<ScoreBand>> {
        let bands = self.bands.iter().zip(&self.disagreeing).zip((0_u32..).step_by(20));
        let bands = bands.map(|((outcomes, &disagreeing), from)| ScoreBand {
            from,
            to: if from == 80 { 100 } else { from + 19 },
            scored: outcomes.iter().sum(),
            disagreeing,
            outcomes: by_outcome(outcomes),
        });
        (self.scored() > 0).then(|| bands.collect())
    }

    /// The week's calibration; `None` where no interaction has a score.
    pub(crate) fn calibration(&self, examples: &DisagreementExamples) -> Option<Calibration> {
        let (scored, disagreeing) = (self.scored(), self.disagreeing.iter().sum());
        Some(Calibration {
            bands: self.bands()?,
            scored,
            disagreeing,
            disagrees: disagreeing >= MIN_DISAGREEMENTS
                && disagreeing * MIN_DISAGREEING_ONE_IN >= scored,
            examples: examples.0.iter().map(|(_, _, _, example)| example.clone()).collect(),
            histogram: self.bins.to_vec(),
        })
    }
}

fn by_outcome(counts: &[u64; Outcome::ALL.len()]) -> ResponseOutcomes {
    let mut outcomes = ResponseOutcomes::default();
    for outcome in Outcome::ALL {
        *outcomes.count_mut(*outcome) = counts.get(*outcome as usize).copied().unwrap_or_default();
    }
    outcomes
}

/// Whether a score says something else than how the question ended.
pub(crate) fn disagree(score: f64, outcome: Outcome, match_type: Option<MatchType>) -> bool {
    let answered = outcome == Outcome::Answered && match_type != Some(MatchType::None);
    if answered {
        score < LOW_SCORE_BELOW && match_type != Some(MatchType::Partial)
    } else {
        score >= MIN_HIGH_SCORE
    }
}

/// The plainest disagreements of a week: the score furthest from its outcome first, then by time and request id.
#[derive(Debug, Default)]
pub(crate) struct DisagreementExamples(Vec<(Reverse<u32>, Timestamp, String, Disagreement)>);

impl DisagreementExamples {
    /// Takes an interaction in where it is one of the first.
    pub(crate) fn add(&mut self, observation: &PagedObservation<'_>, at: Timestamp) {
        let Some(response) = &observation.response else { return };
        let Some(score) = response.match_score.map(MatchScore::value) else { return };
        let distance = Reverse(distance(score));
        let later = |(other, time, id, _): &(Reverse<u32>, Timestamp, String, Disagreement)| {
            (*other, *time, id.as_str()) > (distance, at, observation.request_id)
        };
        if self.0.len() >= MAX_EXAMPLES && !self.0.last().is_some_and(later) {
            return;
        }
        let place = self.0.iter().position(later).unwrap_or(self.0.len());
        let example = Disagreement {
            query: observation.query.as_ref().map(|query| query.text.to_owned()),
            score,
            outcome: response.outcome.code().to_owned(),
            match_type: response.match_type.map(|match_type| match_type.code().to_owned()),
        };
        self.0.insert(place, (distance, at, observation.request_id.to_owned(), example));
        self.0.truncate(MAX_EXAMPLES);
    }
}

/// How far a score lies from where its outcome would put it, in hundredths.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a score lies between 0 and 100"
)]
fn distance(score: f64) -> u32 {
    let distance = if score >= MIN_HIGH_SCORE { score } else { 100.0 - score };
    (distance * 100.0).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn score_and_outcome_disagree_by_the_documented_rule() {
        use MatchType::{Full, None as Nothing, Partial};
        use Outcome::{Answered, NoMatch, Quota};
        for (score, outcome, match_type, expect) in [
            (83.0, Quota, None, true),
            (60.0, NoMatch, None, true),
            (59.9, NoMatch, None, false),
            (90.0, Answered, Some(Nothing), true),
            (90.0, Answered, Some(Full), false),
            (90.0, Answered, None, false),
            (39.9, Answered, Some(Full), true),
            (39.9, Answered, None, true),
            (10.0, Answered, Some(Partial), false),
            (40.0, Answered, Some(Full), false),
            (10.0, NoMatch, Some(Nothing), false),
        ] {
            assert_eq!(disagree(score, outcome, match_type), expect, "{score} {outcome}");
        }
    }

    #[test]
    fn a_band_holds_twenty_scores_and_the_last_a_hundred_too() {
        let mut tally = ScoreTally::default();
        for score in [0.0, 19.99, 20.0, 79.0, 80.0, 100.0] {
            tally.add(MatchScore::new(score).unwrap(), Outcome::Answered, Some(MatchType::Partial));
        }
        let scored: Vec<u64> = tally.bands().unwrap().iter().map(|band| band.scored).collect();
        assert_eq!(scored, [2, 1, 0, 1, 2]);
        assert_eq!(tally.bins, [1, 1, 1, 0, 0, 0, 0, 1, 1, 1]);
    }
}
