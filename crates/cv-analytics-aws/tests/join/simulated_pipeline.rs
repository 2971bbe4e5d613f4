//! Random streams of events over weeks, through the join's own steps, a queue and two tables that
//! fail in every way, under a virtual clock.
//!
//! A run that fails says its seed; `SIMULATION_SEED=N cargo test -p cv-analytics-aws --test join
//! simulated_pipeline` runs that one again.

mod checks;
mod counts;
mod pipeline;
mod queue;
mod random;
mod sweep;
mod tables;
mod traffic;
mod worker;

use std::ops::Range;
use std::panic::{catch_unwind, resume_unwind};
use std::time::Instant;

use crate::law::Bodies;
use counts::Counts;
use pipeline::Pipeline;

/// Runs each seed, and says what came to pass in all.
fn run(seeds: Range<u64>, bodies: Bodies) {
    #[expect(clippy::disallowed_methods, reason = "the one seed that is to be run again")]
    let only = std::env::var("SIMULATION_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let begun = Instant::now();
    let mut counts = Vec::new();
    for seed in only.map_or(seeds.clone(), |seed| seed..seed + 1) {
        match catch_unwind(|| Pipeline::new(seed, bodies).run()) {
            Ok(of_one) => counts.push(of_one),
            Err(failure) => {
                eprintln!("SIMULATION_SEED={seed} runs this one again");
                resume_unwind(failure);
            }
        }
    }
    let total = Counts::total(&counts);
    println!("seeds {seeds:?}: {total:?}; {:.1} s", begun.elapsed().as_secs_f64());
    // Whatever can happen did, and often: else the rest says little.
    assert!(only.is_some() || total.least() > 100, "{total:?}");
}

#[test]
fn the_first_five_thousand_seeds_end_in_the_records_of_the_joining_law() {
    run(0..5_000, Bodies::One);
}

#[test]
fn another_five_thousand_seeds_end_in_the_records_of_the_joining_law() {
    run(5_000..10_000, Bodies::One);
}

#[test]
fn of_different_bodies_for_one_half_one_is_kept_whole() {
    run(10_000..12_000, Bodies::Several);
}
