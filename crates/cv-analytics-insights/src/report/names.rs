//! The rows of skills and topics, with those that few conversations asked for folded into one.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use rustc_hash::FxBuildHasher;

use crate::model::{
    NameFigures, NameType, OTHERS, SkillReport, TopicReport, Trend, Trending, Variant, WEEKS,
};
use crate::report::trends::{Movement, movements};
use crate::tally::names::{Name, Names};
use crate::tally::weeks::{NameTally, WeekTally};

/// So many rows are always complete.
const MAX_COMPLETE_ROWS: usize = 500;
/// At most this many names get their own row: a visitor who steers the model can make it name any number.
const MAX_ROWS: usize = 2_000;
/// Beyond the complete ones, a name that fewer conversations asked for is folded.
const MIN_CONVERSATIONS: u64 = 3;

/// The rows of one report.
pub(crate) struct NameRows {
    pub(crate) skills: Vec<SkillReport>,
    pub(crate) topics: Vec<TopicReport>,
    pub(crate) trending: Vec<Trending>,
    /// The names that a row of others stands for.
    pub(crate) folded: HashSet<Name, FxBuildHasher>,
}

/// One name on its way to its row.
struct Row {
    name: Name,
    text: String,
    figures: NameFigures,
}

impl NameRows {
    /// The rows of the names that were asked for in the last two of `weeks`.
    pub(crate) fn new(weeks: &mut [WeekTally], names: &Names<'_>) -> Self {
        let movements = Movements::of(weeks, names);
        let trending = movements.trending(names);
        let mut rows: Vec<Row> = Vec::new();
        for (&name, movement) in &movements.by_name {
            rows.extend(Row::new(name, movement, weeks, names));
        }
        rows.sort_by(|a, b| {
            (Reverse(a.figures.queries), &a.text).cmp(&(Reverse(b.figures.queries), &b.text))
        });
        let mut folded = HashSet::default();
        let (skills, topics): (Vec<Row>, Vec<Row>) =
            rows.into_iter().partition(|row| row.name.name_type() == NameType::Skill);
        let skills = fold(skills, weeks, &mut folded);
        let topics = fold(topics, weeks, &mut folded);
        let this = weeks.last();
        Self {
            skills: skills
                .into_iter()
                .map(|row| SkillReport {
                    skill: row.text,
                    figures: row.figures,
                    variants: match row.name {
                        Name::Skill(skill) => {
                            this.map(|week| variants(week, skill)).unwrap_or_default()
                        }
                        Name::Topic(_) => Vec::new(),
                    },
                })
                .collect(),
            topics: topics
                .into_iter()
                .map(|row| TopicReport { topic: row.text, figures: row.figures })
                .collect(),
            trending,
            folded,
        }
    }
}

/// How every name of the eight weeks moves.
struct Movements {
    by_name: HashMap<Name, ([u64; WEEKS as usize], Movement), FxBuildHasher>,
    /// The last earlier week with data.
    before: Option<usize>,
}

impl Movements {
    fn of(weeks: &mut [WeekTally], names: &Names<'_>) -> Self {
        let mut totals = [None; WEEKS as usize];
        let mut series: HashMap<Name, [u64; WEEKS as usize], FxBuildHasher> = HashMap::default();
        for (place, week) in weeks.iter_mut().enumerate() {
            if let Some(total) = totals.get_mut(place) {
                *total = (week.interactions > 0).then(|| week.conversations());
            }
            for (&name, tally) in &mut week.names {
                if let Some(count) = series.entry(name).or_default().get_mut(place) {
                    *count = tally.conversations.count();
                }
            }
        }
        // In the order of their texts: sums of fractions depend on the order.
        let mut series: Vec<(Name, [u64; WEEKS as usize])> = series.into_iter().collect();
        let key = |name: Name| (names.of(name), name.name_type());
        series.sort_unstable_by(|a, b| key(a.0).cmp(&key(b.0)));
        let counts: Vec<[u64; WEEKS as usize]> = series.iter().map(|(_, counts)| *counts).collect();
        let judged = movements(&totals, &counts);
        let by_name = series
            .into_iter()
            .zip(judged)
            .map(|((name, counts), movement)| (name, (counts, movement)))
            .collect();
        let before = (0..usize::from(WEEKS) - 1)
            .rev()
            .find(|&place| totals.get(place).copied().flatten().is_some());
        Self { by_name, before }
    }

    /// The names with an arrow, by conversations, then by name.
    fn trending(&self, names: &Names<'_>) -> Vec<Trending> {
        let moved = self.by_name.iter().filter(|(_, (_, movement))| movement.trend.moved());
        let mut trending: Vec<Trending> = moved
            .map(|(&name, (counts, movement))| Trending {
                name: names.of(name).to_owned(),
                name_type: name.name_type(),
                trend: movement.trend,
                conversations: counts.last().copied().unwrap_or_default(),
                expected: movement.expected,
                previous: self
                    .before
                    .and_then(|place| counts.get(place).copied())
                    .unwrap_or_default(),
                p: movement.p.unwrap_or(1.0),
            })
            .collect();
        trending.sort_by(|a, b| {
            (Reverse(a.conversations), &a.name, a.name_type).cmp(&(
                Reverse(b.conversations),
                &b.name,
                b.name_type,
            ))
        });
        trending.truncate(MAX_ROWS);
        trending
    }
}

impl Row {
    /// The row; `None` for a name that nobody asked for this week or the week before.
    fn new(
        name: Name,
        (counts, movement): &([u64; WEEKS as usize], Movement),
        weeks: &[WeekTally],
        names: &Names<'_>,
    ) -> Option<Self> {
        let queries = |week: &WeekTally| {
            (week.interactions > 0).then(|| week.names.get(&name).map_or(0, |tally| tally.queries))
        };
        let series: Vec<Option<u64>> = weeks.iter().map(queries).collect();
        let none = NameTally::default();
        let this = weeks.last().and_then(|week| week.names.get(&name)).unwrap_or(&none);
        let previous = series.iter().rev().nth(1).copied().flatten();
        (this.queries > 0 || previous.is_some_and(|previous| previous > 0)).then(|| Self {
            name,
            text: names.of(name).to_owned(),
            figures: NameFigures {
                queries: this.queries,
                conversations: counts.last().copied().unwrap_or_default(),
                previous,
                trend: movement.trend,
                expected: movement.expected,
                weeks: series,
                full: this.matches.full,
                partial: this.matches.partial,
                none: this.matches.none,
                unanswered: this.unanswered,
                failing: this.failing,
                names: None,
            },
        })
    }

    /// Whether it may be folded: one with an arrow says something, however few asked.
    fn is_small(&self) -> bool {
        self.figures.conversations < MIN_CONVERSATIONS && !self.figures.trend.moved()
    }
}

/// Puts one row in the place of all that are beyond the complete ones and small, or beyond the most.
fn fold(
    mut rows: Vec<Row>,
    weeks: &mut [WeekTally],
    folded: &mut HashSet<Name, FxBuildHasher>,
) -> Vec<Row> {
    let beyond = rows.split_off(rows.len().min(MAX_COMPLETE_ROWS));
    let (mut small, mut large): (Vec<Row>, Vec<Row>) = beyond.into_iter().partition(Row::is_small);
    small.extend(large.split_off(large.len().min(MAX_ROWS - MAX_COMPLETE_ROWS)));
    rows.extend(large);
    let Some(first) = small.first() else { return rows };
    let mut this = NameTally::default();
    let mut sums: Vec<Option<u64>> =
        weeks.iter().map(|week| (week.interactions > 0).then_some(0)).collect();
    for row in &small {
        folded.insert(row.name);
        for (sum, count) in sums.iter_mut().zip(&row.figures.weeks) {
            *sum = sum.zip(*count).map(|(sum, count)| sum + count);
        }
        if let Some(week) = weeks.last_mut()
            && let Some(tally) = week.names.get_mut(&row.name)
        {
            this.merge(NameTally {
                queries: tally.queries,
                conversations: tally.conversations.clone(),
                matches: tally.matches,
                unanswered: tally.unanswered,
                failing: tally.failing,
            });
        }
    }
    rows.push(Row {
        name: first.name,
        text: OTHERS.to_owned(),
        figures: NameFigures {
            queries: this.queries,
            conversations: this.conversations.count(),
            previous: sums.iter().rev().nth(1).copied().flatten(),
            trend: Trend::TooFew,
            expected: None,
            weeks: sums,
            full: this.matches.full,
            partial: this.matches.partial,
            none: this.matches.none,
            unanswered: this.unanswered,
            failing: this.failing,
            names: Some(small.len() as u64),
        },
    });
    rows
}

/// The words that were used for a skill, most often first.
fn variants(week: &WeekTally, skill: crate::tally::names::SkillIndex) -> Vec<Variant> {
    let words = week.variants.get(&skill).into_iter().flatten();
    let mut variants: Vec<Variant> =
        words.map(|(text, tally)| Variant { text: text.clone(), queries: tally.queries }).collect();
    variants.sort_by(|a, b| (Reverse(a.queries), &a.text).cmp(&(Reverse(b.queries), &b.text)));
    variants
}
