//! Random streams of events over weeks, through the join's own steps, a queue and two tables that
//! fail in every way, under a virtual clock.
//!
//! A run that fails says its seed, and how to run it again.

mod checks;
mod counts;
mod pipeline;
mod queue;
mod sweep;
mod tables;
mod traffic;
mod worker;

use std::ops::Range;

use cv_analytics_harness::seeded::{Counts as _, each_seed, is_one_seed};

use crate::join::law::Bodies;
use counts::Counts;
use pipeline::Pipeline;

/// What runs one seed again; the test's name follows.
const REPLAY: &str = "cargo test --workspace --features cv-analytics/aws --test it";

/// Runs each seed, and says what came to pass in all.
fn run(test: &str, seeds: Range<u64>, bodies: Bodies) {
    let replay = format!("{REPLAY} {test}");
    let counts = each_seed(seeds, &replay, |seed| Pipeline::new(seed, bodies).run());
    let total = Counts::total(&counts);
    println!("{total:?}");
    // Whatever can happen did, and often: else the rest says little. Of few seeds that is too much to ask.
    let are_few = is_one_seed() || counts.len() < 500;
    assert!(are_few || total.least() > counts.len() as u64 / 50, "{total:?}");
}

#[test]
fn every_seed_ends_in_the_records_of_the_joining_law() {
    run("every_seed_ends_in_the_records", 0..2_000, Bodies::One);
}

#[test]
fn of_different_bodies_for_one_half_one_is_kept_whole() {
    run("of_different_bodies", 10_000_000..10_000_500, Bodies::Several);
}
