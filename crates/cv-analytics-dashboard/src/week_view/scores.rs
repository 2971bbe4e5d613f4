//! Match scores: how they spread, and whether they say how questions ended, week by week.

use cv_analytics_core::event::Outcome;
use cv_analytics_insights::gap_sentences as say;
use cv_analytics_insights::handling_words::outcome_words;
use cv_analytics_insights::linked_text::Piece;
use cv_analytics_insights::model::{Calibration, HistoryWeek, Report, ScoreBand};
use cv_analytics_insights::questions::filter::QuestionFilter;
use cv_analytics_insights::report_words::{counted, foreign as line, number};
use serde::Serialize;

use super::{cell, pieces};
use crate::charts::{Bar, Cell, ColumnChart, columns};

#[derive(Debug, Serialize)]
pub(super) struct ScoresView {
    histogram: ColumnChart,
    /// What stands above the columns of outcomes.
    heads: Vec<&'static str>,
    bands: Vec<BandRow>,
    /// That scores mislead, where there is enough to say so.
    warning: Option<Vec<Piece>>,
    examples: Vec<ExampleView>,
    /// What stands above those of the weeks.
    week_heads: Vec<&'static str>,
    weeks: Vec<WeekRows>,
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

/// A week's bands.
#[derive(Debug, Serialize)]
struct WeekRows {
    week: Cell,
    bands: Vec<BandRow>,
}

impl ScoresView {
    /// `None` where no score is known.
    pub(super) fn of(report: &Report) -> Option<Self> {
        let calibration = report.calibration.as_ref()?;
        let ended = ended_in(calibration.bands.iter());
        let all_bands = report.history.iter().filter_map(bands_of).flatten();
        let ever_ended = ended_in(all_bands);
        let heads =
            |ended: &[Outcome]| ended.iter().map(|outcome| outcome_words(Some(*outcome))).collect();
        Some(Self {
            histogram: histogram(calibration, &report.week),
            heads: heads(&ended),
            bands: calibration.bands.iter().map(|band| row(band, &ended, &report.week)).collect(),
            warning: calibration
                .disagrees
                .then(|| pieces(say::disagreeing(calibration, &report.week))),
            examples: calibration
                .examples
                .iter()
                .map(|example| ExampleView {
                    question: example.query.as_ref().map(|text| line(text, 200)),
                    text: say::disagreement(example, 40),
                })
                .collect(),
            week_heads: heads(&ever_ended),
            weeks: weeks(report, &ever_ended),
        })
    }
}

/// The outcomes that there are in some of the bands.
fn ended_in<'b>(bands: impl Iterator<Item = &'b ScoreBand>) -> Vec<Outcome> {
    let bands: Vec<&ScoreBand> = bands.collect();
    let there = |outcome: &&Outcome| bands.iter().any(|band| band.outcomes.count(**outcome) > 0);
    Outcome::ALL.iter().filter(there).copied().collect()
}

fn bands_of(week: &HistoryWeek) -> Option<&[ScoreBand]> {
    week.figures.as_ref()?.score_bands.as_deref()
}

fn histogram(calibration: &Calibration, week: &str) -> ColumnChart {
    let bars = (0_u32..).step_by(10).zip(&calibration.histogram).map(|(from, count)| {
        let href = QuestionFilter::of_week(week).score(from, from + 10).path();
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

/// A count with its questions, where there are some.
fn counted_cell(count: u64, filter: QuestionFilter) -> Cell {
    cell(number(count), (count > 0).then_some(filter))
}

fn row(band: &ScoreBand, ended: &[Outcome], week: &str) -> BandRow {
    let scores = || band.filter(week);
    let outcome = |outcome: &Outcome| {
        counted_cell(band.outcomes.count(*outcome), scores().outcome(outcome.code()))
    };
    BandRow {
        name: band.name(),
        scored: counted_cell(band.scored, scores()),
        outcomes: ended.iter().map(outcome).collect(),
        disagreeing: counted_cell(band.disagreeing, scores().disagreeing()),
    }
}

/// The bands of each week that have scores, the newest week first.
fn weeks(report: &Report, ended: &[Outcome]) -> Vec<WeekRows> {
    let rows = |week: &HistoryWeek| {
        let bands = bands_of(week)?.iter().filter(|band| band.scored > 0);
        let href = Some(format!("/weeks/{}", week.week));
        Some(WeekRows {
            week: Cell { value: week.week.clone(), href },
            bands: bands.map(|band| row(band, ended, &week.week)).collect(),
        })
    };
    report.history.iter().rev().filter_map(rows).collect()
}
