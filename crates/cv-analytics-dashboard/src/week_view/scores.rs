//! Match scores: how they spread, and whether they say how questions ended, week by week.

use cv_analytics_core::event::Outcome;
use cv_analytics_insights::report::{Calibration, Report, ScoreBand};
use cv_analytics_insights::report_sentences as say;
use cv_analytics_insights::report_words::{counted, foreign as line, number};
use serde::Serialize;

use crate::charts::{Bar, Cell, ColumnChart, columns};
use crate::question_query::questions_of;
use crate::question_view::outcome_words;

#[derive(Debug, Serialize)]
pub(super) struct ScoresView {
    histogram: ColumnChart,
    /// What stands above the table of bands.
    heads: Vec<&'static str>,
    bands: Vec<BandRow>,
    /// That scores mislead, where there is enough to say so.
    warning: Option<Cell>,
    examples: Vec<ExampleView>,
    band_names: Vec<String>,
    weeks: Vec<WeekRow>,
}

#[derive(Debug, Serialize)]
struct BandRow {
    name: String,
    scored: Cell,
    outcomes: Vec<Cell>,
    disagreeing: Cell,
}

#[derive(Debug, Serialize)]
struct ExampleView {
    question: Option<String>,
    text: String,
}

#[derive(Debug, Serialize)]
struct WeekRow {
    week: Cell,
    bands: Vec<BandCell>,
}

/// A week's scores of one band.
#[derive(Debug, Serialize)]
struct BandCell {
    scored: Cell,
    /// Those whose outcome disagrees, where there are some.
    disagreeing: Option<Cell>,
}

impl ScoresView {
    /// `None` where no score is known.
    pub(super) fn of(report: &Report) -> Option<Self> {
        let calibration = report.calibration.as_ref()?;
        let ended: Vec<Outcome> = Outcome::ALL
            .iter()
            .copied()
            .filter(|outcome| calibration.bands.iter().any(|band| count(band, *outcome) > 0))
            .collect();
        Some(Self {
            histogram: histogram(calibration, &report.week),
            heads: ended.iter().map(|outcome| outcome_words(Some(*outcome))).collect(),
            bands: calibration.bands.iter().map(|band| row(band, &ended, &report.week)).collect(),
            warning: calibration.disagrees.then(|| Cell {
                value: say::disagreeing(calibration),
                href: Some(questions_of(&report.week, &[("disagree", "yes")])),
            }),
            examples: calibration
                .examples
                .iter()
                .map(|example| ExampleView {
                    question: example.query.as_ref().map(|text| line(text, 200)),
                    text: say::disagreement(example, 40),
                })
                .collect(),
            band_names: calibration.bands.iter().map(name).collect(),
            weeks: weeks(report),
        })
    }
}

fn name(band: &ScoreBand) -> String {
    format!("{}–{}", band.from, band.to)
}

/// The range of a band in an address: to below where the next one begins.
fn range(from: u32, width: u32) -> String {
    format!("{from}-{}", from + width)
}

fn histogram(calibration: &Calibration, week: &str) -> ColumnChart {
    let bars = (0_u32..).step_by(10).zip(&calibration.histogram).map(|(from, count)| {
        let href = questions_of(week, &[("score", &range(from, 10))]);
        Bar {
            label: from.to_string(),
            name: format!("{from}–{}", if from == 90 { 100 } else { from + 9 }),
            parts: Some(vec![("score", *count)]),
            cells: vec![Cell { value: number(*count), href: Some(href.clone()) }],
            href,
        }
    });
    let description = format!(
        "How many of {} had a score of 0 to 9, of 10 to 19, and so on up to 90 to 100.",
        counted(calibration.scored, "question", "questions")
    );
    columns(
        "histogram",
        ("Match scores".to_owned(), description),
        &[],
        &["Score", "Questions"],
        bars.collect(),
    )
}

fn count(band: &ScoreBand, outcome: Outcome) -> u64 {
    let outcomes = &band.outcomes;
    match outcome {
        Outcome::Answered => outcomes.answered,
        Outcome::NoMatch => outcomes.no_match,
        Outcome::Blocked => outcomes.blocked,
        Outcome::OffHours => outcomes.off_hours,
        Outcome::Quota => outcomes.quota,
        Outcome::AiError => outcomes.ai_error,
        Outcome::Error => outcomes.error,
    }
}

/// A count with its questions, where there are some.
fn cell(count: u64, week: &str, filters: &[(&str, &str)]) -> Cell {
    let href = (count > 0).then(|| questions_of(week, filters));
    Cell { value: number(count), href }
}

fn row(band: &ScoreBand, ended: &[Outcome], week: &str) -> BandRow {
    let score = range(band.from, 20);
    let score = ("score", score.as_str());
    let outcome = |outcome: &Outcome| {
        cell(count(band, *outcome), week, &[("outcome", outcome.code()), score])
    };
    BandRow {
        name: name(band),
        scored: cell(band.scored, week, &[score]),
        outcomes: ended.iter().map(outcome).collect(),
        disagreeing: cell(band.disagreeing, week, &[score, ("disagree", "yes")]),
    }
}

fn weeks(report: &Report) -> Vec<WeekRow> {
    let row = |week: &cv_analytics_insights::report::HistoryWeek| {
        let bands = week.figures.as_ref()?.score_bands.as_ref()?;
        let in_band = |band: &ScoreBand| {
            let score = range(band.from, 20);
            let score = ("score", score.as_str());
            let disagree = cell(band.disagreeing, &week.week, &[score, ("disagree", "yes")]);
            BandCell {
                scored: cell(band.scored, &week.week, &[score]),
                disagreeing: (band.disagreeing > 0)
                    .then(|| Cell { value: format!("{} disagree", disagree.value), ..disagree }),
            }
        };
        let href = Some(format!("/weeks/{}", week.week));
        Some(WeekRow {
            week: Cell { value: week.week.clone(), href },
            bands: bands.iter().map(in_band).collect(),
        })
    };
    report.history.iter().rev().filter_map(row).collect()
}
