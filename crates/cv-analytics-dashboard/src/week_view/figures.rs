//! The week's figures: totals, coverage over time, outcomes, latency, capture.

use cv_analytics_insights::report::{HistoryWeek, MatchCounts, Report};
use cv_analytics_insights::report_figures::{self as say, Opens};
use cv_analytics_insights::report_words::{counted, number, share};
use serde::Serialize;

use super::Figure;
use crate::charts::{Bar, Cell, ColumnChart, columns};
use crate::question_query::questions_of;

#[derive(Debug, Serialize)]
pub(super) struct Figures {
    totals: Vec<Figure>,
    coverage: Vec<CoveragePart>,
    coverage_note: String,
    /// The answered questions that the agent did not rate.
    unrated: Option<String>,
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
    value: String,
    href: String,
    share: Option<String>,
    before: Option<Cell>,
    /// Of 1,000 units of the bar: where it begins, how long it is.
    x: u64,
    width: u64,
}

impl Figures {
    pub(super) fn of(report: &Report) -> Self {
        Self {
            totals: totals(report),
            coverage: coverage(report),
            coverage_note: say::coverage_note(report),
            unrated: unrated(report),
            quality: quality(&report.history),
            outcomes: outcomes(report),
            latency: latency(report),
            samples: Cell {
                value: counted(report.latency_ms.samples, "answer", "answers"),
                href: Some(questions_of(&report.week, &[("took", "known")])),
            },
        }
    }
}

fn totals(report: &Report) -> Vec<Figure> {
    let before = report.history.iter().rev().nth(1).and_then(|week| week.figures.as_ref());
    let the_week_before = |count: u64| format!("{} the week before", number(count));
    let figure = |figure: say::Figure| {
        let (filters, change): (&[(&str, &str)], _) = match figure.name {
            "Questions" => (&[("half", "query")], before.map(|week| the_week_before(week.queries))),
            "Conversations" => (
                &[("session", "known")],
                before.and_then(|week| week.sessions).map(the_week_before),
            ),
            _ => (&[("score", "known")], None),
        };
        let notes: Vec<String> = figure.note.into_iter().chain(change).collect();
        Figure {
            name: figure.name,
            value: figure.value,
            note: (!notes.is_empty()).then(|| notes.join("; ")),
            href: Some(questions_of(&report.week, filters)),
        }
    };
    say::totals(report).into_iter().map(figure).collect()
}

/// The three match types with their counts.
fn parts(counts: &MatchCounts) -> [(&'static str, &'static str, u64); 3] {
    [
        ("full", "fully covered", counts.full),
        ("partial", "partly covered", counts.partial),
        ("none", "not covered", counts.none),
    ]
}

fn unrated(report: &Report) -> Option<String> {
    let rated: u64 = parts(&report.matches.this_week).iter().map(|(.., count)| count).sum();
    (rated < report.capture.responses).then(|| questions_of(&report.week, &[("match", "unrated")]))
}

fn coverage(report: &Report) -> Vec<CoveragePart> {
    let previous = report.matches.previous.as_ref().map(parts);
    let week_before = report.history.iter().rev().nth(1).map(|week| &week.week);
    let all = parts(&report.matches.this_week);
    let whole: u64 = all.iter().map(|(.., count)| count).sum();
    if whole == 0 {
        return Vec::new();
    }
    let mut x = 0;
    let part = |(place, (kind, name, count)): (usize, (&'static str, &'static str, u64))| {
        let width = count * 1000 / whole;
        x += width;
        let before = previous.zip(week_before).and_then(|(previous, week)| {
            let (.., count) = previous.get(place)?;
            let href = Some(questions_of(week, &[("match", kind)]));
            Some(Cell { value: number(*count), href })
        });
        CoveragePart {
            kind,
            name,
            value: number(count),
            href: questions_of(&report.week, &[("match", kind)]),
            share: share(count, whole),
            before,
            x: x - width,
            width,
        }
    };
    all.into_iter().enumerate().map(part).collect()
}

/// Match quality over the eight weeks.
fn quality(history: &[HistoryWeek]) -> ColumnChart {
    let bars = history.iter().map(|HistoryWeek { week: name, figures }| {
        let counts = figures.as_ref().map(|figures| parts(&figures.matches));
        let cell = |place: usize| {
            let count = counts.as_ref().and_then(|counts| counts.get(place));
            Cell {
                value: count.map_or("no data".to_owned(), |(.., count)| number(*count)),
                href: count.map(|(kind, ..)| questions_of(name, &[("match", kind)])),
            }
        };
        let mean = figures.as_ref().and_then(|figures| figures.matches.mean_score);
        let score = Cell {
            value: mean.map_or("not collected".to_owned(), |score| format!("{score:.1}")),
            href: mean.map(|_| questions_of(name, &[("score", "known")])),
        };
        Bar {
            label: name.get(5..).unwrap_or_default().to_owned(),
            href: format!("/weeks/{name}"),
            parts: counts
                .map(|counts| counts.iter().map(|(class, _, count)| (*class, *count)).collect()),
            cells: (0..3).map(cell).chain([score]).collect(),
            name: name.clone(),
        }
    });
    let description = "How many questions of each of the eight weeks were fully, partly and not covered, by the agent’s own rating.";
    columns(
        "quality",
        ("Match quality over eight weeks".to_owned(), description.to_owned()),
        &[("full", "fully covered"), ("partial", "partly covered"), ("none", "not covered")],
        &["Week", "Fully", "Partly", "Not", "Mean score"],
        bars.collect(),
    )
}

fn outcomes(report: &Report) -> Vec<Figure> {
    let figure = |figure: say::Figure| Figure {
        href: match figure.opens {
            Opens::Outcome(code) => Some(questions_of(&report.week, &[("outcome", code)])),
            _ => None,
        },
        name: figure.name,
        value: figure.value,
        note: figure.note,
    };
    say::outcomes(&report.outcomes).into_iter().map(figure).collect()
}

/// A percentile opens the questions that took as long or longer.
fn latency(report: &Report) -> Vec<Figure> {
    let latency = &report.latency_ms;
    let figure = |named: say::Figure| {
        let from = match named.name {
            "Half of the answers within" => latency.p50,
            "95 of 100 within" => latency.p95,
            _ => latency.p99,
        };
        let from = from.map(|ms| format!("{ms}-"));
        Figure {
            href: from.map(|from| questions_of(&report.week, &[("took", &from)])),
            name: named.name,
            value: named.value,
            note: named.note,
        }
    };
    say::latency(latency).into_iter().map(figure).collect()
}

/// Capture health and deliveries.
pub(super) fn capture(report: &Report) -> Vec<Figure> {
    let half = |half: &str| Some(questions_of(&report.week, &[("half", half)]));
    let figure = |named: say::Figure| Figure {
        href: match named.name {
            "Questions" => half("query"),
            "Answers" => half("response"),
            "Question and answer joined" => half("both"),
            "Questions without an answer" => {
                Some(questions_of(&report.week, &[("outcome", "unanswered")]))
            }
            "Answers without a question" => half("response-only"),
            "Messages that could not be read" => Some("/dead-letters".to_owned()),
            _ => None,
        },
        note: named.note.filter(|note| !note.contains("dead-letters list")),
        name: named.name,
        value: named.value,
    };
    say::capture(report).into_iter().map(figure).collect()
}
