//! Which names moved against what their earlier weeks let expect, and how sure that is.
//!
//! The unit is the conversation. With three earlier weeks or more, this week's count is held against a negative
//! binomial distribution: its mean is the name's share of the earlier weeks, its variance knows chance, how unsteady
//! shares are on this site, and how little is known of a rare name. With one or two, Fisher's exact test compares with
//! the last of them. All names are judged together by Benjamini–Hochberg.
//!
//! The results have the same bits on any processor and for any order of the names.

use std::cmp::Ordering;

use crate::model::Trend;
use crate::report::fisher::{TwoGroups, benjamini_hochberg};
use crate::report::negative_binomial::NegativeBinomial;

/// Eight weeks, oldest first, the report's own last.
pub type EightWeeks<T> = [T; 8];

/// Fewer conversations than this in all weeks together say nothing.
const MIN_CONVERSATIONS: f64 = 5.0;
/// One in ten of the arrows may be false.
const FALSE_DISCOVERY_RATE: f64 = 0.10;
/// Fewer earlier weeks than this do not show how unsteady the site is.
const MIN_BASE_WEEKS: usize = 3;
/// A name of which fewer conversations are expected says nothing about the size of the week.
const MIN_EXPECTED_FOR_SIZE: f64 = 2.0;
/// The size of the week is taken from its names where more than this many can say it.
const MAX_NAMES_WITHOUT_SIZE: usize = 6;
/// The least that remains of a week's size beside a crowd for few names.
const MIN_SIZE: f64 = 0.2;
/// The variance is at least this share of the mean above the mean.
const MIN_EXCESS: f64 = 0.0001;

/// What can be said of one name's movement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Movement {
    /// Which way, if any.
    pub trend: Trend,
    /// The conversations to expect this week, to one digit; `None` with fewer than three earlier weeks.
    pub expected: Option<f64>,
    /// How often chance alone would differ as much, to five digits; `None` where the name was not judged.
    pub p: Option<f64>,
}

/// The movement of each of `names`, in their order.
///
/// `totals` are the conversations of each week, `None` for a week without any data. `names` are the conversations that
/// asked for a name in each week: *all* names of the eight weeks, since they show together how unsteady the site is.
pub fn movements(totals: &EightWeeks<Option<u64>>, names: &[EightWeeks<u64>]) -> Vec<Movement> {
    let site = Site::new(totals);
    let compared: Vec<Comparison> = if site.base.len() >= MIN_BASE_WEEKS {
        let rule = Expectation::fit(&site, names);
        names.iter().map(|name| rule.compare(&site.counts(name))).collect()
    } else {
        names.iter().map(|name| site.compare_with_last(&site.counts(name))).collect()
    };
    let p_values: Vec<f64> = compared.iter().filter_map(|comparison| comparison.p).collect();
    let mut significant = benjamini_hochberg(&p_values, FALSE_DISCOVERY_RATE).into_iter();
    let judge = |(name, comparison): (&EightWeeks<u64>, Comparison)| {
        let counts = site.counts(name);
        let is_significant = comparison.p.is_some() && significant.next().unwrap_or(false);
        Movement {
            trend: counts.trend(comparison.direction.filter(|_| is_significant)),
            expected: comparison.expected.map(|expected| rounded(expected, 10.0)),
            p: comparison.p.map(|p| rounded(p, 100_000.0)),
        }
    };
    names.iter().zip(compared).map(judge).collect()
}

/// One name's count against what it is compared with, before all names are judged together.
struct Comparison {
    expected: Option<f64>,
    p: Option<f64>,
    direction: Option<Ordering>,
}

/// The conversations of the site.
struct Site {
    /// The earlier weeks that have data: their place among the eight, and their conversations.
    base: Vec<(usize, f64)>,
    base_sum: f64,
    this_week: f64,
}

/// The conversations of one name.
struct WeeklyCounts {
    this_week: f64,
    /// In the last earlier week with data.
    last: f64,
    base_sum: f64,
}

impl Site {
    fn new(totals: &EightWeeks<Option<u64>>) -> Self {
        let [earlier @ .., this_week] = totals;
        let with_data = |total: &Option<u64>| total.filter(|&total| total > 0).map(float);
        let weeks = earlier.iter().enumerate();
        let base: Vec<(usize, f64)> =
            weeks.filter_map(|(place, total)| Some((place, with_data(total)?))).collect();
        Self {
            base_sum: base.iter().map(|(_, total)| total).sum(),
            base,
            this_week: this_week.map_or(0.0, float),
        }
    }

    /// The name's conversations in each base week, beside the site's.
    fn base_weeks(&self, name: &EightWeeks<u64>) -> impl Iterator<Item = (f64, f64)> {
        self.base.iter().map(|&(place, total)| (name.get(place).copied().map_or(0.0, float), total))
    }

    fn counts(&self, name: &EightWeeks<u64>) -> WeeklyCounts {
        let [.., this_week] = *name;
        WeeklyCounts {
            this_week: float(this_week),
            last: self.base_weeks(name).last().map_or(0.0, |(count, _)| count),
            base_sum: self.base_weeks(name).map(|(count, _)| count).sum(),
        }
    }

    /// This week against the last one with data, by Fisher's exact test; nothing where there is none.
    fn compare_with_last(&self, counts: &WeeklyCounts) -> Comparison {
        let last_total = self.base.last().map(|(_, total)| *total);
        let groups = last_total.filter(|_| counts.suffice()).map(|last_total| TwoGroups {
            with: whole(counts.this_week),
            all: whole(self.this_week),
            other_with: whole(counts.last),
            other_all: whole(last_total),
        });
        Comparison {
            expected: None,
            p: groups.map(TwoGroups::fisher_p),
            direction: groups.map(TwoGroups::direction),
        }
    }
}

impl WeeklyCounts {
    /// Whether there are enough conversations to judge.
    fn suffice(&self) -> bool {
        self.this_week + self.base_sum >= MIN_CONVERSATIONS
    }

    /// The trend, given a significant `direction`: an arrow needs the plain counts to agree.
    fn trend(&self, direction: Option<Ordering>) -> Trend {
        let plain = self.this_week.total_cmp(&self.last);
        match direction.filter(|direction| *direction == plain) {
            _ if !self.suffice() => Trend::TooFew,
            Some(Ordering::Greater) if self.base_sum < 0.5 => Trend::New,
            Some(Ordering::Greater) => Trend::Rising,
            Some(Ordering::Less) if self.this_week < 0.5 => Trend::Gone,
            Some(Ordering::Less) => Trend::Falling,
            Some(Ordering::Equal) | None => Trend::Steady,
        }
    }
}

/// What the base weeks let expect of this week.
struct Expectation {
    /// Conversations of a name this week for one in all base weeks.
    scale: f64,
    /// What the site's own unrest adds to the variance, as a share of the squared mean.
    unrest: f64,
}

impl Expectation {
    fn fit(site: &Site, names: &[EightWeeks<u64>]) -> Self {
        // Sums of floating-point numbers depend on their order, so the names are brought into one.
        let mut names: Vec<&EightWeeks<u64>> = names.iter().collect();
        names.sort_unstable();
        let weeks = float(site.base.len() as u64);
        let usual = site.this_week * crowd_correction(site, &names);
        Self {
            scale: usual / (site.base_sum + 1.0),
            unrest: unrest(site, &names, weeks) * (1.0 + 1.0 / weeks),
        }
    }

    fn compare(&self, counts: &WeeklyCounts) -> Comparison {
        let base = counts.base_sum + 0.5;
        let expected = base * self.scale;
        let excess = (MIN_EXCESS * expected).max(expected * expected * (self.unrest + 1.0 / base));
        let judge = || {
            // Only a week without a conversation lets expect none.
            if expected > 0.0 {
                NegativeBinomial::new(expected, excess).mid_p(counts.this_week)
            } else {
                1.0
            }
        };
        Comparison {
            expected: Some(expected),
            p: counts.suffice().then(judge),
            direction: Some(counts.this_week.total_cmp(&expected)),
        }
    }
}

/// How much shares differ from week to week beyond chance (τ²), by moments: the squared differences
/// less those of chance, relative to the squared expectation.
fn unrest(site: &Site, names: &[&EightWeeks<u64>], weeks: f64) -> f64 {
    let (mut beyond_chance, mut squares) = (0.0, 0.0);
    for name in names {
        let base_sum = site.counts(name).base_sum;
        // The mean expectation is the mean count.
        if base_sum < weeks {
            continue;
        }
        let share = base_sum / site.base_sum;
        for (count, total) in site.base_weeks(name) {
            let expected = share * total;
            let difference = count - expected;
            beyond_chance +=
                difference * difference * weeks / (weeks - 1.0) - expected * (1.0 - share);
            squares += expected * expected;
        }
    }
    if squares > 0.0 { (beyond_chance / squares).max(0.0) } else { 0.0 }
}

/// This week's usual size: the median growth of names, so that a crowd for one makes no other fall; 1 for too few
/// names.
fn crowd_correction(site: &Site, names: &[&EightWeeks<u64>]) -> f64 {
    let growth = |name: &&EightWeeks<u64>| {
        let counts = site.counts(name);
        // In whole numbers the comparison is exact.
        let enough = counts.base_sum * site.this_week >= MIN_EXPECTED_FOR_SIZE * site.base_sum;
        let expected = counts.base_sum * site.this_week / site.base_sum;
        enough.then(|| counts.this_week / expected)
    };
    let mut growth: Vec<f64> = names.iter().filter_map(growth).collect();
    if growth.len() <= MAX_NAMES_WITHOUT_SIZE {
        return 1.0;
    }
    growth.sort_unstable_by(f64::total_cmp);
    let middle = growth.len() / 2;
    let at = |place: usize| growth.get(place).copied().unwrap_or(1.0);
    let median =
        if growth.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle - 1), at(middle)) };
    median.clamp(MIN_SIZE, 1.0)
}

/// Half up, to the digits that `unit` has zeroes.
fn rounded(value: f64, unit: f64) -> f64 {
    (value * unit).round() / unit
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far under 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was a count")]
fn whole(count: f64) -> u64 {
    count as u64
}
