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

/// One name that was asked for this week or the week before.
struct Asked<'m> {
    name: Name,
    /// Conversations of each week.
    counts: &'m [u64; WEEKS as usize],
    movement: &'m Movement,
    /// This week's interactions.
    queries: u64,
}

/// A name with its row's figures.
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
        let weeks = &*weeks;
        // No more of each name than its order needs: a visitor who makes names up makes many.
        let mut asked: Vec<Asked<'_>> =
            movements.each().filter_map(|moved| Asked::of(moved, weeks)).collect();
        asked.sort_by(|a, b| {
            (Reverse(a.queries), names.of(a.name)).cmp(&(Reverse(b.queries), names.of(b.name)))
        });
        let mut folded = HashSet::default();
        let (skills, topics): (Vec<Asked<'_>>, Vec<Asked<'_>>) =
            asked.into_iter().partition(|asked| asked.name.name_type() == NameType::Skill);
        let skills = rows(skills, weeks, names, &mut folded);
        let topics = rows(topics, weeks, names, &mut folded);
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

/// How every name of the eight weeks moves: its conversations of each week, and what they mean.
struct Movements {
    names: Vec<Name>,
    counts: Vec<[u64; WEEKS as usize]>,
    judged: Vec<Movement>,
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
        let (names, counts): (Vec<Name>, Vec<[u64; WEEKS as usize]>) = series.into_iter().unzip();
        let judged = movements(&totals, &counts);
        let before = (0..usize::from(WEEKS) - 1)
            .rev()
            .find(|&place| totals.get(place).copied().flatten().is_some());
        Self { names, counts, judged, before }
    }

    fn each(&self) -> impl Iterator<Item = (Name, &[u64; WEEKS as usize], &Movement)> {
        let names = self.names.iter().zip(&self.counts).zip(&self.judged);
        names.map(|((&name, counts), movement)| (name, counts, movement))
    }

    /// The names with an arrow, by conversations, then by name.
    fn trending(&self, names: &Names<'_>) -> Vec<Trending> {
        let moved = self.each().filter(|(_, _, movement)| movement.trend.moved());
        let mut trending: Vec<Trending> = moved
            .map(|(name, counts, movement)| Trending {
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

impl<'m> Asked<'m> {
    /// `None` for a name that nobody asked for this week or the week before.
    fn of(
        (name, counts, movement): (Name, &'m [u64; WEEKS as usize], &'m Movement),
        weeks: &[WeekTally],
    ) -> Option<Self> {
        let mut last = weeks.iter().rev().map(|week| week.names.get(&name));
        let [this, previous] = [last.next()?, last.next()?];
        let queries = |tally: Option<&NameTally>| tally.map_or(0, |tally| tally.queries);
        (queries(this) > 0 || queries(previous) > 0).then(|| Self {
            name,
            counts,
            movement,
            queries: queries(this),
        })
    }

    fn row(&self, weeks: &[WeekTally], names: &Names<'_>) -> Row {
        let series = series(self.name, weeks);
        let none = NameTally::default();
        let this = weeks.last().and_then(|week| week.names.get(&self.name)).unwrap_or(&none);
        Row {
            name: self.name,
            text: names.of(self.name).to_owned(),
            figures: NameFigures {
                queries: this.queries,
                conversations: self.conversations(),
                previous: series.iter().rev().nth(1).copied().flatten(),
                trend: self.movement.trend,
                expected: self.movement.expected,
                weeks: series,
                full: this.matches.full,
                partial: this.matches.partial,
                none: this.matches.none,
                unanswered: this.unanswered,
                failing: this.failing,
                feedback: this.thumbs.if_any(),
                names: None,
            },
        }
    }

    fn conversations(&self) -> u64 {
        self.counts.last().copied().unwrap_or_default()
    }

    /// Whether it may be folded: one with an arrow says something, however few asked.
    fn is_small(&self) -> bool {
        self.conversations() < MIN_CONVERSATIONS && !self.movement.trend.moved()
    }
}

/// A name's interactions of each week, `None` for one without any data.
fn series(name: Name, weeks: &[WeekTally]) -> Vec<Option<u64>> {
    let queries = |week: &WeekTally| {
        (week.interactions > 0).then(|| week.names.get(&name).map_or(0, |tally| tally.queries))
    };
    weeks.iter().map(queries).collect()
}

/// The rows of the names; small ones beyond the complete ones share a row, `others`.
fn rows(
    mut asked: Vec<Asked<'_>>,
    weeks: &[WeekTally],
    names: &Names<'_>,
    folded: &mut HashSet<Name, FxBuildHasher>,
) -> Vec<Row> {
    let beyond = asked.split_off(asked.len().min(MAX_COMPLETE_ROWS));
    let (mut small, mut large): (Vec<Asked<'_>>, Vec<Asked<'_>>) =
        beyond.into_iter().partition(Asked::is_small);
    small.extend(large.split_off(large.len().min(MAX_ROWS - MAX_COMPLETE_ROWS)));
    let mut rows: Vec<Row> =
        asked.iter().chain(&large).map(|asked| asked.row(weeks, names)).collect();
    let Some(first) = small.first() else { return rows };
    let mut this = NameTally::default();
    let mut sums: Vec<Option<u64>> =
        weeks.iter().map(|week| (week.interactions > 0).then_some(0)).collect();
    for &Asked { name, .. } in &small {
        folded.insert(name);
        for (sum, week) in sums.iter_mut().zip(weeks) {
            if let (Some(sum), Some(tally)) = (sum, week.names.get(&name)) {
                *sum += tally.queries;
            }
        }
        if let Some(tally) = weeks.last().and_then(|week| week.names.get(&name)) {
            this.merge(tally.clone());
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
            feedback: this.thumbs.if_any(),
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
