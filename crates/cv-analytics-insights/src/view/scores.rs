//! Match scores: how they spread, and whether they say how questions ended.

use cv_analytics_core::event::Outcome;
use serde::Serialize;

use super::context::ViewContext;
use super::links::text::LinkedText;
use super::phrases as say;
use super::text::sanitize;
use crate::model::{Calibration, HistoryWeek, ScoreBand};
use crate::questions::filter::QuestionFilter;
use crate::questions::parameters::Handled;

/// The week's scores, and those of the weeks before.
#[derive(Clone, Debug, Serialize)]
pub struct ScoresView {
    /// How many scores disagree with how their questions ended.
    pub text: LinkedText,
    /// Whether there are enough of them to warn.
    pub disagrees: bool,
    /// The plainest disagreements.
    pub examples: Vec<DisagreementView>,
    /// Bands of scores, the highest first.
    pub bands: Vec<BandRow>,
    /// Ten bins of ten, the lowest first.
    pub histogram: Vec<ScoreBin>,
    /// The bands of each of the eight weeks that has scores, oldest first.
    pub weeks: Vec<WeekBands>,
    /// The questions whose score and outcome disagree.
    pub link: Option<String>,
}

/// A question whose score and outcome disagree.
#[derive(Clone, Debug, Serialize)]
pub struct DisagreementView {
    /// `Score 83: quota used up`.
    pub figures: String,
    /// The question, where it is known.
    pub query: Option<String>,
}

/// One band of scores; each count has its questions.
#[derive(Clone, Debug, Serialize)]
pub struct BandRow {
    /// `80–100`.
    pub scores: String,
    /// All with such a score.
    pub scored: LinkedText,
    /// Answered.
    pub answered: LinkedText,
    /// Without a match.
    pub no_match: LinkedText,
    /// Stopped by a filter or outside hours.
    pub refused: LinkedText,
    /// A quota, the model or an error.
    pub failed: LinkedText,
    /// The last four in this order.
    pub counts: [LinkedText; 4],
    /// Those whose outcome disagrees with the score.
    pub disagreeing: LinkedText,
}

/// Scores from a multiple of ten on.
#[derive(Clone, Debug, Serialize)]
pub struct ScoreBin {
    /// `70–79`.
    pub scores: String,
    /// How many.
    pub count: u64,
    /// The same, with its questions.
    pub text: LinkedText,
}

/// The bands of a week.
#[derive(Clone, Debug, Serialize)]
pub struct WeekBands {
    /// The ISO 8601 week.
    pub week: String,
    /// Its bands, the highest first.
    pub bands: Vec<BandRow>,
}

impl ScoresView {
    pub(super) fn of(
        calibration: &Calibration,
        history: &[HistoryWeek],
        at: &ViewContext<'_>,
    ) -> Self {
        let examples = calibration.examples.iter().take(at.limits.disagreements);
        let examples = examples.map(|example| DisagreementView {
            figures: say::disagreement(example, at.limits.word_columns),
            query: example.query.as_ref().map(|query| at.question(query)),
        });
        let bin = |(from, count): (u32, &u64)| ScoreBin {
            scores: format!("{from}–{}", if from == 90 { 100 } else { from + 9 }),
            count: *count,
            text: at.count_if_any(*count, at.this_week().score(from, from + 10)),
        };
        let weeks = history.iter().filter_map(|week| {
            let bands = week.figures.as_ref()?.score_bands.as_ref()?;
            Some(WeekBands { week: sanitize(&week.week, 10), bands: rows(bands, &week.week, at) })
        });
        Self {
            text: say::disagreeing(calibration, at),
            disagrees: calibration.disagrees,
            examples: examples.collect(),
            bands: rows(&calibration.bands, at.week_name(), at),
            histogram: (0..100).step_by(10).zip(&calibration.histogram).map(bin).collect(),
            weeks: weeks.collect(),
            link: at.questions(at.this_week().disagreeing()),
        }
    }
}

/// The rows of a week's bands, the highest first.
fn rows(bands: &[ScoreBand], week: &str, at: &ViewContext<'_>) -> Vec<BandRow> {
    let row = |band: &ScoreBand| {
        let outcomes = &band.outcomes;
        // A band goes up to below the next one, and the last to 100 itself.
        let below = if band.to >= 100 { 100 } else { band.to.saturating_add(1) };
        let scores = || QuestionFilter::of_week(week).score(band.from, below);
        let counts = [
            at.count_if_any(outcomes.answered, scores().outcome(Outcome::Answered)),
            at.count_if_any(outcomes.no_match, scores().outcome(Outcome::NoMatch)),
            at.count_if_any(outcomes.refused(), scores().handled(Handled::Refused)),
            at.count_if_any(outcomes.failed(), scores().handled(Handled::Failed)),
        ];
        let [answered, no_match, refused, failed] = counts.clone();
        BandRow {
            scores: format!("{}–{}", band.from, band.to),
            scored: at.count_if_any(band.scored, scores()),
            answered,
            no_match,
            refused,
            failed,
            counts,
            disagreeing: at.count_if_any(band.disagreeing, scores().disagreeing()),
        }
    };
    bands.iter().rev().map(row).collect()
}
