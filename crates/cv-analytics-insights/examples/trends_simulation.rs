//! Simulates weeks of questions and says how often the trends of the report would be wrong: false
//! arrows, changes that are missed, and falls beside a campaign. `cargo xtask bench trends` runs it.
//!
//! Beside the report's rule stands the one before it: Fisher's exact test of this week's
//! interactions against last week's, which the same test on conversations had to confirm.

use std::cmp::Ordering;
use std::process::ExitCode;
use std::time::Instant;

use cv_analytics_insights::model::Trend;
use cv_analytics_insights::report::fisher::{TwoGroups, benjamini_hochberg};
use cv_analytics_insights::report::trends::movements;
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const NAMES: usize = 40;
const WEEKS: usize = 8;
const QUESTIONS_A_WEEK: [f64; 5] = [30.0, 50.0, 100.0, 300.0, 1000.0];
/// Simulated weeks in each cell of the table, unless the first argument says otherwise.
const RUNS: usize = 4_000;
const SEED: u64 = 12;
/// The name of which people ask three times as much, and its share of the questions.
const TRIPLED: usize = 4;
const TRIPLED_SHARE: f64 = 0.05;
/// The name that the campaign is about, and the questions that it brings.
const CAMPAIGN: usize = 2;
const CAMPAIGN_QUESTIONS: f64 = 150.0;
/// Weeks are larger and smaller by about this much.
const SIZE_SPREAD: f64 = 0.3;
/// Of 100 conversations, those with 1, 2, … 5 questions.
const LENGTHS: [f64; 5] = [50.0, 20.0, 15.0, 10.0, 5.0];
/// How often a question is about the same name as the one before it in its conversation.
const FOLLOW_UP: f64 = 0.3;

/// Names for which the time of the rule is measured.
const MANY_NAMES: u64 = 40_000;

type Problem = Box<dyn std::error::Error>;

/// What is simulated, and what is counted.
#[derive(Clone, Copy)]
struct Scenario {
    title: &'static str,
    counts: Counted,
    /// How much the share of each name differs from week to week beyond chance.
    unrest: f64,
    /// This week's size against the others.
    size: f64,
    tripled: bool,
    campaign: bool,
    base_weeks: usize,
}

#[derive(Clone, Copy)]
enum Counted {
    /// Weeks in which any name has an arrow.
    AnyArrow,
    /// Weeks in which the tripled name rises.
    TripledRises,
    /// Weeks in which a name other than the campaign's falls.
    AnotherFalls,
    /// Weeks in which the campaign's name rises.
    CampaignRises,
}

const CHANCE: Scenario = Scenario {
    title: "chance alone: any arrow",
    counts: Counted::AnyArrow,
    unrest: 0.0,
    size: 1.0,
    tripled: false,
    campaign: false,
    base_weeks: 7,
};

const TRIPLING: Scenario = Scenario {
    title: "a name of 5 % triples: it rises",
    counts: Counted::TripledRises,
    tripled: true,
    ..CHANCE
};

const BESIDE_CAMPAIGN: Scenario = Scenario {
    title: "150 extra questions for one name: another falls",
    counts: Counted::AnotherFalls,
    campaign: true,
    ..CHANCE
};

const SCENARIOS: [Scenario; 12] = [
    CHANCE,
    Scenario { title: "traffic falls to a third: any arrow", size: 1.0 / 3.0, ..CHANCE },
    Scenario { title: "shares vary by a quarter: any arrow", unrest: 0.25, ..CHANCE },
    Scenario { title: "chance alone, three earlier weeks: any arrow", base_weeks: 3, ..CHANCE },
    Scenario { title: "chance alone, one earlier week: any arrow", base_weeks: 1, ..CHANCE },
    TRIPLING,
    Scenario { title: "the same where shares vary by a quarter", unrest: 0.25, ..TRIPLING },
    Scenario { title: "the same with three earlier weeks", base_weeks: 3, ..TRIPLING },
    Scenario { title: "the same with one earlier week", base_weeks: 1, ..TRIPLING },
    BESIDE_CAMPAIGN,
    Scenario { title: "the same where shares vary by a quarter", unrest: 0.25, ..BESIDE_CAMPAIGN },
    Scenario {
        title: "150 extra questions for one name: it rises",
        counts: Counted::CampaignRises,
        ..BESIDE_CAMPAIGN
    },
];

/// The counts of one week.
#[derive(Clone)]
struct Week {
    questions: u64,
    conversations: u64,
    /// Questions and conversations of each name.
    names: [(u64, u64); NAMES],
}

fn main() -> ExitCode {
    let runs = std::env::args().nth(1).and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    match print_table(runs) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("trends_simulation: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn print_table(runs: usize) -> Result<(), Problem> {
    let begun = Instant::now();
    println!(
        "{runs} weeks a cell, seed {SEED}: {NAMES} names with shares like 1 ÷ rank, conversations of 1 to 5 \
         questions of which {:.0} % stay with their name, weeks larger and smaller by {:.0} %.\n\
         Per cent of weeks, by the report's rule / by the rule before it.\n",
        FOLLOW_UP * 100.0,
        SIZE_SPREAD * 100.0
    );
    let sizes: Vec<String> = QUESTIONS_A_WEEK.iter().map(ToString::to_string).collect();
    println!(
        "| questions a week | {} |\n| --- |{}",
        sizes.join(" | "),
        " --- |".repeat(sizes.len())
    );
    for scenario in SCENARIOS {
        let mut cells = Vec::new();
        for questions in QUESTIONS_A_WEEK {
            let (now, before) = simulate(scenario, questions, runs)?;
            cells.push(format!("{now:.1} / {before:.1}"));
        }
        println!("| {} | {} |", scenario.title, cells.join(" | "));
    }
    println!("\nMade in {:.0} seconds.", begun.elapsed().as_secs_f64());
    print_speed();
    Ok(())
}

/// Says how long the report's rule takes for a million conversations a week and more names than any
/// site has, each asked now and then, some of them every other minute.
fn print_speed() {
    let names: Vec<[u64; WEEKS]> = (1..=MANY_NAMES)
        .map(|rank| std::array::from_fn(|week| 200_000 / rank + (rank * 7 + week as u64 * 5) % 9))
        .collect();
    let begun = Instant::now();
    let moved = movements(&[Some(1_000_000); WEEKS], &names);
    println!("{} names in {:.1} ms.", moved.len(), begun.elapsed().as_secs_f64() * 1e3);
    // A site that had seven conversations and now has a million: each distribution has a long tail.
    let names: Vec<[u64; WEEKS]> = (1..=MANY_NAMES)
        .map(|rank| [rank % 2, 0, 0, 0, 0, 0, rank % 3 / 2, 400 * (rank % 1000)])
        .collect();
    let begun = Instant::now();
    let mut totals = [Some(1); WEEKS];
    totals[WEEKS - 1] = Some(1_000_000);
    let moved = movements(&totals, &names);
    println!(
        "{} names after a start from nothing in {:.1} ms.",
        moved.len(),
        begun.elapsed().as_secs_f64() * 1e3
    );
}

/// Per cent of weeks in which the scenario's count is met, by the report's rule and by the one before.
#[expect(clippy::cast_precision_loss, reason = "some thousand runs")]
fn simulate(scenario: Scenario, questions: f64, runs: usize) -> Result<(f64, f64), Problem> {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let (mut now, mut before) = (0, 0);
    for _ in 0..runs {
        let weeks = scenario.weeks(questions, &mut random)?;
        now += usize::from(scenario.counts.is_met(&report_rule(&weeks)));
        before += usize::from(scenario.counts.is_met(&rule_before(&weeks)));
    }
    let per_cent = |count: usize| count as f64 * 100.0 / runs as f64;
    Ok((per_cent(now), per_cent(before)))
}

impl Counted {
    fn is_met(self, trends: &[Trend]) -> bool {
        let rises = |name: usize| trends.get(name).is_some_and(|trend| trend.grows());
        let falls = |trend: &Trend| matches!(trend, Trend::Falling | Trend::Gone);
        match self {
            Self::AnyArrow => trends.iter().any(|trend| trend.moved()),
            Self::TripledRises => rises(TRIPLED),
            Self::CampaignRises => rises(CAMPAIGN),
            Self::AnotherFalls => {
                trends.iter().enumerate().any(|(name, trend)| name != CAMPAIGN && falls(trend))
            }
        }
    }
}

impl Scenario {
    /// Eight weeks, oldest first; those before the base weeks are empty.
    fn weeks(self, questions: f64, random: &mut ChaCha8Rng) -> Result<Vec<Week>, Problem> {
        let mut weeks = vec![Week::EMPTY; WEEKS - 1 - self.base_weeks];
        while weeks.len() < WEEKS {
            let is_this_week = weeks.len() + 1 == WEEKS;
            let mut shares = usual_shares();
            for share in &mut shares {
                *share *= log_normal(self.unrest, random);
            }
            let mut size = questions * log_normal(SIZE_SPREAD, random);
            if is_this_week {
                size *= self.size;
                if let Some(share) = shares.get_mut(TRIPLED).filter(|_| self.tripled) {
                    *share *= 3.0;
                }
            }
            let mut week = Week::EMPTY;
            week.ask(size, &shares, random)?;
            if is_this_week && self.campaign {
                let mut alone = [0.0; NAMES];
                alone[CAMPAIGN] = 1.0;
                week.ask(CAMPAIGN_QUESTIONS, &alone, random)?;
            }
            weeks.push(week);
        }
        Ok(weeks)
    }
}

impl Week {
    const EMPTY: Self = Self { questions: 0, conversations: 0, names: [(0, 0); NAMES] };

    /// Adds conversations with about `size` questions.
    fn ask(&mut self, size: f64, shares: &[f64], random: &mut ChaCha8Rng) -> Result<(), Problem> {
        let (lengths, names) = (WeightedIndex::new(LENGTHS)?, WeightedIndex::new(shares)?);
        let mut left = size;
        while left >= 0.5 {
            let mut asked = [0_u64; NAMES];
            let mut last = names.sample(random);
            for place in 0..=lengths.sample(random) {
                if place > 0 && !random.random_bool(FOLLOW_UP) {
                    last = names.sample(random);
                }
                if let Some(count) = asked.get_mut(last) {
                    *count += 1;
                }
                self.questions += 1;
                left -= 1.0;
            }
            self.conversations += 1;
            for (count, asked) in self.names.iter_mut().zip(asked) {
                count.0 += asked;
                count.1 += u64::from(asked > 0);
            }
        }
        Ok(())
    }
}

/// Shares like 1 ÷ rank, but for the one name whose share is given.
#[expect(clippy::cast_precision_loss, reason = "ranks up to forty")]
fn usual_shares() -> Vec<f64> {
    let mut shares: Vec<f64> = (1..=NAMES).map(|rank| 1.0 / rank as f64).collect();
    if let Some(share) = shares.get_mut(TRIPLED) {
        *share = 0.0;
    }
    let others: f64 = shares.iter().sum();
    if let Some(share) = shares.get_mut(TRIPLED) {
        *share = others * TRIPLED_SHARE / (1.0 - TRIPLED_SHARE);
    }
    shares
}

/// A factor with mean 1 that varies by about `spread` (Box and Muller 1958).
fn log_normal(spread: f64, random: &mut ChaCha8Rng) -> f64 {
    let (one, other): (f64, f64) = (1.0 - random.random::<f64>(), random.random());
    let normal = (-2.0 * libm::log(one)).sqrt() * libm::cos(std::f64::consts::TAU * other);
    libm::exp(spread * normal - spread * spread / 2.0)
}

fn report_rule(weeks: &[Week]) -> Vec<Trend> {
    let week = |place: usize| weeks.get(place).filter(|week| week.conversations > 0);
    let totals = std::array::from_fn(|place| week(place).map(|week| week.conversations));
    let conversations = |place, name| {
        let counts = week(place).and_then(|week| week.names.get(name));
        counts.map_or(0, |(_, conversations)| *conversations)
    };
    let names: Vec<[u64; WEEKS]> =
        (0..NAMES).map(|name| std::array::from_fn(|place| conversations(place, name))).collect();
    movements(&totals, &names).iter().map(|movement| movement.trend).collect()
}

/// The rule of report version 1: both tests, each with all names together, must find the same.
fn rule_before(weeks: &[Week]) -> Vec<Trend> {
    let [.., before, this] = weeks else { return Vec::new() };
    let tables: Vec<(TwoGroups, TwoGroups)> = this
        .names
        .iter()
        .zip(before.names)
        .map(|(now, before_name)| {
            let table =
                |with, all, other_with, other_all| TwoGroups { with, all, other_with, other_all };
            (
                table(now.0, this.questions, before_name.0, before.questions),
                table(now.1, this.conversations, before_name.1, before.conversations),
            )
        })
        .collect();
    let is_tested = |table: &TwoGroups| table.with + table.other_with >= 5;
    let tested: Vec<_> = tables.iter().filter(|(table, _)| is_tested(table)).collect();
    let significant = |p_values: Vec<f64>| benjamini_hochberg(&p_values, 0.10);
    let questions = significant(tested.iter().map(|(table, _)| table.fisher_p()).collect());
    let conversations = significant(tested.iter().map(|(_, table)| table.fisher_p()).collect());
    let mut verdicts = questions.into_iter().zip(conversations);
    let judge = |(questions, conversations): &(TwoGroups, TwoGroups)| {
        if !is_tested(questions) {
            return Trend::TooFew;
        }
        let agree = questions.direction() == conversations.direction();
        match questions.direction() {
            _ if verdicts.next() != Some((true, true)) || !agree => Trend::Steady,
            Ordering::Greater => Trend::Rising,
            Ordering::Less => Trend::Falling,
            Ordering::Equal => Trend::Steady,
        }
    };
    tables.iter().map(judge).collect()
}
