//! The store under random orders, repeats, lost answers, kills, full disks and clocks that jump, beside a
//! model of what must be there.
//!
//! A run that fails says its seed and how to run it again. Syncs are left out, so that many seeds fit: that one comes
//! before each answer is tested from outside (`cargo xtask test durability`), and so are full file systems.

mod counts;
mod disk;
mod model;
mod traffic;
mod world;

use cv_analytics_harness::seeded::{Counts as _, each_seed, is_one_seed};

use super::setup::run;
use counts::Counts;
use world::World;

/// Seeds in every run of the tests.
const SEEDS: u64 = 100;
/// What runs one seed again.
const REPLAY: &str = "cargo test --workspace --lib simulation";

#[test]
fn everything_acknowledged_is_there_and_nothing_erased_is() {
    let runs = each_seed(0..SEEDS, REPLAY, |seed| run(World::new(seed).live()));
    let total = Counts::total(&runs);
    println!("{total:?}");
    // Whatever can happen did: else the rest says little.
    assert!(is_one_seed() || total.least() >= runs.len() as u64 / 8, "{total:?}");
}
