//! Charts as plain geometry; the templates draw them as SVG: columns of a few weeks, and a timeline of many.

pub(crate) mod timeline;

use cv_analytics_insights::view::text::number;
use serde::Serialize;

/// The drawing's width, and where its columns begin and end, in its own units. A phone shows it about as large.
const WIDTH: u64 = 360;
const LEFT: u64 = 34;
const TOP: u64 = 10;
const BASE: u64 = 140;
const HEIGHT: u64 = 164;

/// A chart of columns, each of one part or several.
#[derive(Debug, Serialize)]
pub(crate) struct ColumnChart {
    width: u64,
    height: u64,
    left: u64,
    base: u64,
    ticks: Vec<Tick>,
    columns: Vec<Column>,
}

#[derive(Debug, Serialize)]
struct Tick {
    y: u64,
    label: String,
}

#[derive(Debug, Serialize)]
struct Column {
    x: u64,
    width: u64,
    middle: u64,
    label: String,
    /// What it says, for a tooltip and a screen reader.
    title: String,
    link: Option<String>,
    segments: Vec<Segment>,
    /// Whether nothing is known, which differs from zero.
    missing: bool,
}

#[derive(Debug, Serialize)]
struct Segment {
    class: &'static str,
    y: u64,
    height: u64,
}

/// One column before it is drawn.
pub(crate) struct Bar {
    /// What stands under it.
    pub(crate) label: String,
    /// What it says, in words.
    pub(crate) title: String,
    /// The page that it opens.
    pub(crate) link: Option<String>,
    /// Class of the stylesheet and count, from the bottom up; `None` where nothing is known.
    pub(crate) parts: Option<Vec<(&'static str, u64)>>,
}

impl Bar {
    fn total(&self) -> u64 {
        self.parts.iter().flatten().map(|(_, count)| count).sum()
    }

    /// Its parts from the bottom up, where a count is drawn `up` to.
    fn segments(&self, up: impl Fn(u64) -> u64) -> Vec<Segment> {
        let mut below = 0;
        let parts = self.parts.iter().flatten().filter_map(|&(class, count)| {
            let (bottom, y) = (up(below), up(below + count));
            below += count;
            (count > 0).then_some(Segment { class, y, height: bottom.saturating_sub(y).max(1) })
        });
        parts.collect()
    }
}

/// Lays out the bars.
pub(crate) fn columns(bars: Vec<Bar>) -> ColumnChart {
    let highest = bars.iter().map(Bar::total).max().unwrap_or_default();
    let step = step(highest);
    let top = highest.div_ceil(step).max(1) * step;
    let room = (WIDTH - LEFT) / (bars.len() as u64).max(1);
    let up = |count: u64| BASE - count * (BASE - TOP) / top;
    let columns = (0..).zip(bars).map(|(place, bar)| {
        let (x, width) = (LEFT + place * room + room / 6, room - room / 3);
        Column {
            x,
            width,
            middle: x + width / 2,
            missing: bar.parts.is_none(),
            segments: bar.segments(up),
            label: bar.label,
            title: bar.title,
            link: bar.link,
        }
    });
    ColumnChart {
        width: WIDTH,
        height: HEIGHT,
        left: LEFT,
        base: BASE,
        ticks: (0..=top / step)
            .map(|tick| Tick { y: up(tick * step), label: number(tick * step) })
            .collect(),
        columns: columns.collect(),
    }
}

/// The distance of the lines behind the columns: 1, 2 or 5 times a power of ten, four at most.
fn step(highest: u64) -> u64 {
    let mut step = 1;
    for factor in [2, 5, 10].into_iter().cycle() {
        if highest <= 4 * step {
            break;
        }
        // 1, 2, 5, 10, 20, 50, …
        step = match factor {
            5 => step / 2 * 5,
            _ => step * 2,
        };
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(parts: Option<Vec<(&'static str, u64)>>) -> Bar {
        Bar { label: "W1".to_owned(), title: "W1".to_owned(), link: None, parts }
    }

    #[test]
    fn lines_stand_at_round_numbers() {
        for (highest, expect) in
            [(0, 1), (4, 1), (5, 2), (9, 5), (20, 5), (21, 10), (41, 20), (111, 50), (4_321, 2_000)]
        {
            assert_eq!(step(highest), expect, "{highest}");
        }
    }

    #[test]
    fn a_zero_is_drawn_as_nothing_and_what_is_not_known_is_marked() {
        let chart = columns(vec![bar(None), bar(Some(vec![("a", 0)])), bar(Some(vec![("a", 3)]))]);
        let drawn: Vec<_> =
            chart.columns.iter().map(|column| (column.missing, column.segments.len())).collect();
        assert_eq!(drawn, [(true, 0), (false, 0), (false, 1)]);
    }

    #[test]
    fn columns_stay_within_the_drawing() {
        let bars = [0, 7, 999_983].map(|count| bar(Some(vec![("a", count), ("b", 1)])));
        let chart = columns(bars.into());
        for column in &chart.columns {
            assert!(column.x + column.width <= WIDTH);
            for segment in &column.segments {
                assert!(segment.y >= TOP - 1 && segment.y + segment.height <= BASE + 1);
            }
        }
    }
}
