//! Match scores: how they spread, and whether they say how questions ended.

use serde::Serialize;

use super::limits::Limits;
use super::linked_text::LinkedText;
use super::links::WeekLinks;
use super::phrases as say;
use super::text::{number, sanitize};
use crate::model::{Report, ScoreBand};
use crate::questions::filter::QuestionFilter;

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
    /// `None` where no score is known.
    pub(super) fn of(report: &Report, at: &WeekLinks<'_>, limits: &Limits) -> Option<Self> {
        let calibration = report.calibration.as_ref()?;
        let examples = calibration.examples.iter().take(limits.disagreements);
        let examples = examples.map(|example| DisagreementView {
            figures: say::disagreement(example, limits.word_columns),
            query: example.query.as_ref().map(|query| sanitize(query, limits.question_columns)),
        });
        let bin = |(from, count): (u32, &u64)| ScoreBin {
            scores: format!("{from}–{}", if from == 90 { 100 } else { from + 9 }),
            count: *count,
            text: counted(*count, at.this_week().score(from, from + 10), at),
        };
        let weeks = report.history.iter().filter_map(|week| {
            let bands = week.figures.as_ref()?.score_bands.as_ref()?;
            Some(WeekBands { week: sanitize(&week.week, 10), bands: rows(bands, &week.week, at) })
        });
        Some(Self {
            text: say::disagreeing(calibration, at),
            disagrees: calibration.disagrees,
            examples: examples.collect(),
            bands: rows(&calibration.bands, at.week_name(), at),
            histogram: (0..100).step_by(10).zip(&calibration.histogram).map(bin).collect(),
            weeks: weeks.collect(),
            link: at.questions(at.this_week().disagreeing()),
        })
    }
}

fn rows(bands: &[ScoreBand], week: &str, at: &WeekLinks<'_>) -> Vec<BandRow> {
    bands.iter().rev().map(|band| row(band, week, at)).collect()
}

fn row(band: &ScoreBand, week: &str, at: &WeekLinks<'_>) -> BandRow {
    let outcomes = &band.outcomes;
    let sum = |parts: &[u64]| parts.iter().copied().fold(0, u64::saturating_add);
    // A band goes up to below the next one, and the last to 100 itself.
    let below = if band.to >= 100 { 100 } else { band.to.saturating_add(1) };
    let scores = || QuestionFilter::of_week(week).score(band.from, below);
    let count = |count: u64, filter| counted(count, filter, at);
    let counts = [
        count(outcomes.answered, scores().outcome("answered")),
        count(outcomes.no_match, scores().outcome("no_match")),
        count(sum(&[outcomes.blocked, outcomes.off_hours]), scores().handled("refused")),
        count(
            sum(&[outcomes.quota, outcomes.ai_error, outcomes.error]),
            scores().handled("failed"),
        ),
    ];
    let [answered, no_match, refused, failed] = counts.clone();
    BandRow {
        scores: format!("{}–{}", band.from, band.to),
        scored: count(band.scored, scores()),
        answered,
        no_match,
        refused,
        failed,
        counts,
        disagreeing: count(band.disagreeing, scores().disagreeing()),
    }
}

/// A count with its questions, where there are some.
fn counted(count: u64, filter: QuestionFilter, at: &WeekLinks<'_>) -> LinkedText {
    at.linked(number(count), (count > 0).then_some(filter))
}
