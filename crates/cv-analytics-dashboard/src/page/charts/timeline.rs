//! A chart of many columns in the order of time, as wide as the page.

use cv_analytics_insights::view::text::number;
use serde::Serialize;

use super::{Bar, Segment, Tick, step};

/// The timeline's heights, pixels: of its columns, under them, of a mark, and of what stands above
/// a column. Its width is that of the page, so that places along it are percent.
const TIMELINE_HEIGHT: u64 = 190;
const UNDER_TIMELINE: u64 = 24;
const MARK_HEIGHT: u64 = 15;
const ABOVE_COLUMN: u64 = 26;
/// About how wide a sign of a label is, and what stands free beside it, pixels.
const CHARACTER_PIXELS: usize = 7;
const LABEL_GAP_PIXELS: usize = 12;
/// The room that labels have on a desk and on a phone, pixels.
const DESK_PIXELS: usize = 900;
const PHONE_PIXELS: usize = 270;
const MAX_COLUMN_PERCENT: f64 = 7.0;
/// From here on columns leave the Tab order, which would take minutes; the table has the same links.
const DENSE_FROM_COLUMNS: usize = 27;

/// A chart of many columns in the order of time, as wide as the page.
#[derive(Debug, Serialize)]
pub(crate) struct Timeline {
    height: u64,
    base: u64,
    ticks: Vec<Tick>,
    columns: Vec<TimelineColumn>,
    /// Whether its columns are out of the order of Tab.
    dense: bool,
}

#[derive(Debug, Serialize)]
struct TimelineColumn {
    /// Percent of the width: of the whole place, of the column in it, and of the middle.
    left: String,
    place: String,
    x: String,
    width: String,
    middle: String,
    label: Option<TimelineLabel>,
    title: String,
    link: Option<String>,
    segments: Vec<Segment>,
    /// The top of the column, pixels.
    top: u64,
    missing: bool,
    faint: bool,
    flag: Option<Flag>,
    marks: Vec<TimelineMark>,
}

#[derive(Debug, Serialize)]
struct TimelineLabel {
    text: String,
    /// Whether a phone has no room for it.
    on_desk_only: bool,
}

#[derive(Debug, Serialize)]
struct Flag {
    text: &'static str,
    y: u64,
    /// `start`, `middle` or `end`, so that it stays within the drawing.
    anchor: &'static str,
}

#[derive(Debug, Serialize)]
struct TimelineMark {
    kind: &'static str,
    title: String,
    y: u64,
}

/// A column of a timeline before it is drawn.
pub(crate) struct Span {
    pub(crate) bar: Bar,
    /// Whether its label is among those that are kept where not all fit.
    pub(crate) begins: bool,
    /// Drawn paler: it is not over, or too small for a share.
    pub(crate) faint: bool,
    /// A word above it.
    pub(crate) flag: Option<&'static str>,
    /// What happened in it: a class of the stylesheet, and words.
    pub(crate) marks: Vec<(&'static str, String)>,
}

/// Lays out a timeline, by counts or by each column's shares.
pub(crate) fn timeline(spans: Vec<Span>, shares: bool) -> Timeline {
    let highest = spans.iter().map(|span| span.bar.total()).max().unwrap_or_default();
    let step = if shares { 25 } else { step(highest) };
    let most = if shares { 100 } else { highest.div_ceil(step).max(1) * step };
    let kinds = spans.iter().map(|span| span.marks.len()).max().unwrap_or_default() as u64;
    let top = kinds * MARK_HEIGHT + ABOVE_COLUMN;
    let base = top + TIMELINE_HEIGHT;
    let up = |count: u64, whole: u64| base - count * TIMELINE_HEIGHT / whole.max(1);
    let labels = labels(&spans);
    let many = spans.len();
    let place = 100.0 / percent(many.max(1));
    let width =
        (place * if many >= DENSE_FROM_COLUMNS { 0.86 } else { 0.72 }).min(MAX_COLUMN_PERCENT);
    let columns = spans.into_iter().zip(labels).enumerate().map(|(number, (span, label))| {
        let Span { bar, faint, flag, marks, .. } = span;
        let left = percent(number) * place;
        let middle = left + place / 2.0;
        let whole = if shares { bar.total() } else { most };
        let missing = bar.parts.is_none();
        let segments = bar.segments(|count| up(count, whole));
        let column_top = segments.iter().map(|segment| segment.y).min().unwrap_or(base);
        let marks = (0..).zip(marks).map(|(row, (kind, title))| TimelineMark {
            kind,
            title,
            y: row * MARK_HEIGHT + MARK_HEIGHT / 2,
        });
        TimelineColumn {
            left: format!("{left:.3}%"),
            place: format!("{place:.3}%"),
            x: format!("{:.3}%", middle - width / 2.0),
            width: format!("{width:.3}%"),
            middle: format!("{middle:.3}%"),
            flag: flag.map(|text| Flag {
                text,
                y: column_top.saturating_sub(11),
                anchor: match middle {
                    ..6.0 => "start",
                    94.0.. => "end",
                    _ => "middle",
                },
            }),
            marks: marks.collect(),
            top: column_top,
            label,
            title: bar.title,
            link: bar.link,
            segments,
            missing,
            faint,
        }
    });
    Timeline {
        height: base + UNDER_TIMELINE,
        base,
        columns: columns.collect(),
        dense: many >= DENSE_FROM_COLUMNS,
        ticks: (0..=most / step)
            .map(|tick| Tick {
                y: up(tick * step, most),
                label: if shares { format!("{}%", tick * step) } else { number(tick * step) },
            })
            .collect(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the number of a column")]
fn percent(number: usize) -> f64 {
    number as f64
}

/// Which columns have room for a label, on a desk and on a phone: all, else those that begin something, else some.
fn labels(spans: &[Span]) -> Vec<Option<TimelineLabel>> {
    let longest = spans.iter().map(|span| span.bar.label.chars().count()).max().unwrap_or_default();
    let fit =
        |count: usize, room: usize| count * (longest * CHARACTER_PIXELS + LABEL_GAP_PIXELS) <= room;
    let all = fit(spans.len(), DESK_PIXELS);
    let mut shown: Vec<bool> = spans.iter().map(|span| all || span.begins).collect();
    let every = |count: usize, room: usize| {
        (1..=count.max(1)).find(|every| fit(count.div_ceil(*every), room)).unwrap_or(1)
    };
    let keep = |shown: &mut Vec<bool>, every: usize| {
        for (place, shown) in shown.iter_mut().filter(|shown| **shown).enumerate() {
            *shown = place.is_multiple_of(every);
        }
    };
    let count = |shown: &[bool]| shown.iter().filter(|shown| **shown).count();
    let on_desk = every(count(&shown), DESK_PIXELS);
    keep(&mut shown, on_desk);
    let mut on_phone = shown.clone();
    let every_on_phone = every(count(&shown), PHONE_PIXELS);
    keep(&mut on_phone, every_on_phone);
    let label = |(span, (shown, on_phone)): (&Span, (bool, bool))| {
        shown.then(|| TimelineLabel { text: span.bar.label.clone(), on_desk_only: !on_phone })
    };
    spans.iter().zip(shown.into_iter().zip(on_phone)).map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(parts: Option<Vec<(&'static str, u64)>>) -> Bar {
        Bar { label: "W1".to_owned(), title: "W1".to_owned(), link: None, parts }
    }

    fn span(label: &str, begins: bool, parts: Option<Vec<(&'static str, u64)>>) -> Span {
        let bar = Bar { label: label.to_owned(), ..bar(parts) };
        Span { bar, begins, faint: false, flag: None, marks: Vec::new() }
    }

    #[test]
    fn two_years_of_weeks_have_labels_that_do_not_meet() {
        let weeks = (0..104).map(|week| span("Jan 2026", week % 4 == 0, Some(vec![("a", week)])));
        let chart = timeline(weeks.collect(), false);
        assert!(chart.dense);
        let places = |on_phone: bool| -> Vec<usize> {
            let columns = chart.columns.iter().enumerate();
            let shown = columns.filter(|(_, column)| {
                column.label.as_ref().is_some_and(|label| !on_phone || !label.on_desk_only)
            });
            shown.map(|(place, _)| place).collect()
        };
        assert_eq!(places(false).len(), 13);
        assert_eq!(places(true), [0, 40, 80]);
        assert!(chart.columns.iter().all(|column| column.segments.len() <= 1));
    }

    #[test]
    fn a_share_fills_its_column_and_a_count_its_part() {
        let parts = || Some(vec![("a", 3), ("b", 1)]);
        for (shares, expect) in [(true, [48, 142]), (false, [31, 95])] {
            let other = span("W2", false, Some(vec![("a", 6)]));
            let chart = timeline(vec![span("W1", false, parts()), other], shares);
            let mut heights: Vec<u64> =
                chart.columns[0].segments.iter().map(|segment| segment.height).collect();
            heights.sort_unstable();
            assert_eq!(heights, expect);
        }
    }

    #[test]
    fn marks_have_room_above_the_columns() {
        let mut marked = span("W1", false, Some(vec![("a", 1)]));
        marked.marks = vec![("have-it", "Go".to_owned()), ("version", "m".to_owned())];
        marked.flag = Some("worst");
        let chart = timeline(vec![marked], false);
        let column = &chart.columns[0];
        assert_eq!(column.marks.iter().map(|mark| mark.y).collect::<Vec<_>>(), [7, 22]);
        assert!(column.flag.as_ref().is_some_and(|flag| flag.y > 40 && flag.y < column.top));
    }
}
