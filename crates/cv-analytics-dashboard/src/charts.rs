//! Columns and sparklines as plain geometry; the templates draw it as SVG.

use serde::Serialize;

/// The drawing's width, and where its columns begin and end, in its own units. A phone shows it
/// about as large.
const WIDTH: u64 = 360;
const LEFT: u64 = 34;
const TOP: u64 = 10;
const BASE: u64 = 160;
const HEIGHT: u64 = 184;

/// A chart of columns, each of one part or several.
#[derive(Debug, Serialize)]
pub(crate) struct ColumnChart {
    pub(crate) id: &'static str,
    pub(crate) title: String,
    /// What the drawing shows, in a sentence.
    pub(crate) description: String,
    width: u64,
    height: u64,
    left: u64,
    base: u64,
    ticks: Vec<Tick>,
    columns: Vec<Column>,
    /// The names of the parts; empty where there is but one.
    legend: Vec<LegendEntry>,
    /// The heads of the table's columns.
    heads: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Tick {
    y: u64,
    label: String,
}

#[derive(Debug, Serialize)]
struct LegendEntry {
    class: &'static str,
    name: &'static str,
}

#[derive(Debug, Serialize)]
struct Column {
    x: u64,
    width: u64,
    middle: u64,
    label: String,
    name: String,
    href: String,
    segments: Vec<Segment>,
    /// Whether nothing is known, which is no zero.
    missing: bool,
    cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
struct Segment {
    class: &'static str,
    y: u64,
    height: u64,
}

/// A figure of the table, with the questions behind it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) value: String,
    pub(crate) href: Option<String>,
}

/// One column before it is drawn.
pub(crate) struct Bar {
    /// What stands under it.
    pub(crate) label: String,
    /// What it is called in the table.
    pub(crate) name: String,
    pub(crate) href: String,
    /// Class of the stylesheet and count, from the bottom up; `None` where nothing is known.
    pub(crate) parts: Option<Vec<(&'static str, u64)>>,
    /// The table's cells after the name.
    pub(crate) cells: Vec<Cell>,
}

/// Lays out the bars; `legend` names the classes of the parts.
pub(crate) fn columns(
    id: &'static str,
    (title, description): (String, String),
    legend: &[(&'static str, &'static str)],
    heads: &[&str],
    bars: Vec<Bar>,
) -> ColumnChart {
    let total = |bar: &Bar| bar.parts.iter().flatten().map(|(_, count)| count).sum::<u64>();
    let highest = bars.iter().map(total).max().unwrap_or_default();
    let step = step(highest);
    let top = highest.div_ceil(step).max(1) * step;
    let room = (WIDTH - LEFT) / (bars.len() as u64).max(1);
    let up = |count: u64| BASE - count * (BASE - TOP) / top;
    let columns = (0..).zip(bars).map(|(place, bar)| {
        let (x, width) = (LEFT + place * room + room / 6, room - room / 3);
        let mut below = 0;
        let missing = bar.parts.is_none();
        let segments = bar.parts.into_iter().flatten().filter_map(|(class, count)| {
            let (bottom, y) = (up(below), up(below + count));
            below += count;
            (count > 0).then_some(Segment { class, y, height: bottom.saturating_sub(y).max(1) })
        });
        Column {
            x,
            width,
            middle: x + width / 2,
            segments: segments.collect(),
            missing,
            label: bar.label,
            name: bar.name,
            href: bar.href,
            cells: bar.cells,
        }
    });
    ColumnChart {
        id,
        title,
        description,
        width: WIDTH,
        height: HEIGHT,
        left: LEFT,
        base: BASE,
        ticks: (0..=top / step)
            .map(|tick| Tick {
                y: up(tick * step),
                label: cv_analytics_insights::view::text::number(tick * step),
            })
            .collect(),
        columns: columns.collect(),
        legend: legend.iter().map(|(class, name)| LegendEntry { class, name }).collect(),
        heads: heads.iter().map(|head| (*head).to_owned()).collect(),
    }
}

/// The distance of the lines behind the columns: 1, 2 or 5 times a power of ten, four at the most.
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

/// A bar of a sparkline: 12 wide in all, 28 high.
#[derive(Debug, Serialize)]
pub(crate) struct SparkBar {
    x: u64,
    y: u64,
    height: u64,
    class: &'static str,
}

/// The height of a sparkline.
const SPARK: u64 = 28;

/// The bars of a sparkline; a week without any data has a dash, one without a question a line.
pub(crate) fn spark(weeks: &[Option<u64>]) -> Vec<SparkBar> {
    let highest = weeks.iter().flatten().copied().max().unwrap_or_default().max(1);
    let last = weeks.len().saturating_sub(1);
    let bar = |(place, week): (usize, &Option<u64>)| {
        let class = match week {
            None => "no-data",
            Some(_) if place == last => "now",
            Some(_) => "past",
        };
        let height = week.map_or(1, |count| (count * SPARK / highest).max(1));
        SparkBar { x: place as u64 * 11, y: SPARK - height, height, class }
    };
    weeks.iter().enumerate().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let bar = |parts| Bar {
            label: "W1".to_owned(),
            name: "W1".to_owned(),
            href: "/".to_owned(),
            parts,
            cells: Vec::new(),
        };
        let text = || (String::new(), String::new());
        let bars = vec![bar(None), bar(Some(vec![("a", 0)])), bar(Some(vec![("a", 3)]))];
        let chart = columns("c", text(), &[], &[], bars);
        let drawn: Vec<_> =
            chart.columns.iter().map(|column| (column.missing, column.segments.len())).collect();
        assert_eq!(drawn, [(true, 0), (false, 0), (false, 1)]);
    }

    #[test]
    fn columns_stay_within_the_drawing() {
        let bar = |count| Bar {
            label: "W1".to_owned(),
            name: "W1".to_owned(),
            href: "/".to_owned(),
            parts: Some(vec![("a", count), ("b", 1)]),
            cells: Vec::new(),
        };
        let text = || (String::new(), String::new());
        let chart = columns("c", text(), &[], &[], vec![bar(0), bar(7), bar(999_983)]);
        for column in &chart.columns {
            assert!(column.x + column.width <= WIDTH);
            for segment in &column.segments {
                assert!(segment.y >= TOP - 1 && segment.y + segment.height <= BASE + 1);
            }
        }
    }
}
