//! The week's figures: totals, coverage over time, outcomes, latency, capture.

use cv_analytics_core::event::MatchType;
use cv_analytics_insights::handling_words::coverage_words;
use cv_analytics_insights::linked_text::Piece;
use cv_analytics_insights::model::{HistoryWeek, MatchCounts, Report};
use cv_analytics_insights::questions::filter::{Opens, QuestionFilter};
use cv_analytics_insights::report_figures::{self as say, Figure};
use cv_analytics_insights::report_words::{counted, number, share};
use serde::Serialize;

use super::{cell, pieces};
use crate::charts::{Bar, Cell, ColumnChart, columns};

#[derive(Debug, Serialize)]
pub(super) struct Figures {
    totals: Vec<Figure>,
    coverage: Vec<CoveragePart>,
    coverage_note: Vec<Piece>,
    quality: ColumnChart,
    outcomes: Vec<Figure>,
    latency: Vec<Figure>,
    /// How many latencies there are.
    samples: Cell,
}

/// A part of the covered questions.
#[derive(Debug, Serialize)]
struct CoveragePart {
    kind: &'static str,
    name: &'static str,
    value: Cell,
    share: Option<String>,
    before: Option<Cell>,
    /// Of 1,000 units of the bar: where it begins, how long it is.
    x: u64,
    width: u64,
}

impl Figures {
    pub(super) fn of(report: &Report) -> Self {
        Self {
            totals: linked(say::totals(report)),
            coverage: coverage(report),
            coverage_note: pieces(say::coverage_note(report)),
            quality: quality(&report.history),
            outcomes: linked(say::outcomes(report)),
            latency: linked(say::latency(report)),
            samples: cell(
                counted(report.latency_ms.samples, "answer", "answers"),
                QuestionFilter::of_week(&report.week).timed(),
            ),
        }
    }
}

fn linked(figures: Vec<Figure>) -> Vec<Figure> {
    figures.into_iter().map(|figure| figure.linked(|opens| Some(opens.path()))).collect()
}

fn coverage(report: &Report) -> Vec<CoveragePart> {
    let counts = &report.matches.this_week;
    let whole = counts.rated();
    if whole == 0 {
        return Vec::new();
    }
    let mut x = 0;
    let part = |match_type: &MatchType| {
        let (kind, count) = (match_type.code(), counts.count(*match_type));
        let width = count * 1000 / whole;
        x += width;
        let before = report.matches.previous.as_ref().map(|counts| counts.count(*match_type));
        let before = before.zip(QuestionFilter::of_week_before(&report.week));
        CoveragePart {
            kind,
            name: coverage_words(*match_type),
            value: cell(number(count), QuestionFilter::of_week(&report.week).coverage(kind)),
            share: share(count, whole),
            before: before.map(|(count, week)| cell(number(count), week.coverage(kind))),
            x: x - width,
            width,
        }
    };
    MatchType::ALL.iter().map(part).collect()
}

/// Match quality over the eight weeks.
fn quality(history: &[HistoryWeek]) -> ColumnChart {
    let bars = history.iter().map(|HistoryWeek { week: name, figures }| {
        let counts = figures.as_ref().map(|figures| &figures.matches);
        let of_week = || QuestionFilter::of_week(name);
        let count_of = |match_type: &MatchType| match counts {
            Some(counts) => {
                cell(number(counts.count(*match_type)), of_week().coverage(match_type.code()))
            }
            None => cell("no data".to_owned(), None),
        };
        let mean = match counts.and_then(|counts| counts.mean_score) {
            Some(mean) => cell(format!("{mean:.1}"), of_week().scored()),
            None => cell("not collected".to_owned(), None),
        };
        let part = |counts: &MatchCounts, kind: &MatchType| (kind.code(), counts.count(*kind));
        Bar {
            label: name.get(5..).unwrap_or_default().to_owned(),
            href: format!("/weeks/{name}"),
            parts: counts
                .map(|counts| MatchType::ALL.iter().map(|kind| part(counts, kind)).collect()),
            cells: MatchType::ALL.iter().map(count_of).chain([mean]).collect(),
            name: name.clone(),
        }
    });
    let description = "How many questions of each of the eight weeks were fully, partly and not covered, by the agent’s own rating.";
    columns(
        "quality",
        ("Match quality over eight weeks".to_owned(), description.to_owned()),
        &[MatchType::Full, MatchType::Partial, MatchType::None]
            .map(|kind| (kind.code(), coverage_words(kind))),
        &["Week", "Fully", "Partly", "Not", "Mean score"],
        bars.collect(),
    )
}

/// Capture health and deliveries.
pub(super) fn capture(report: &Report) -> Vec<Figure> {
    let mut figures = linked(say::capture(report));
    for figure in &mut figures {
        // Where the letters are, in words: here they are a link away.
        if figure.opens == Some(Opens::DeadLetters) {
            figure.note_pieces.clear();
        }
    }
    figures
}
