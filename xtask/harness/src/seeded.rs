//! Random numbers that are the same for the same seed, on any machine and in any version; and simulations,
//! each run of which is one seed's.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

/// The one seed that is to be run again.
pub const SEED_VARIABLE: &str = "CV_ANALYTICS_SEED";
/// How many seeds are to be run instead of those that every run of the tests has.
pub const SEEDS_VARIABLE: &str = "CV_ANALYTICS_SEEDS";

/// Runs a simulation with each of `seeds`, or with those that the variables ask for, and gives what came of each. Says
/// now and then how far it is. One that fails says its seed, and that `replay`, a command, runs it again.
#[expect(clippy::disallowed_methods, reason = "who runs the tests says which seeds they have")]
pub fn each_seed<T>(seeds: Range<u64>, replay: &str, simulation: impl Fn(u64) -> T) -> Vec<T> {
    let number = |variable| std::env::var(variable).ok()?.parse::<u64>().ok();
    let seeds = match (number(SEED_VARIABLE), number(SEEDS_VARIABLE)) {
        (Some(only), _) => only..only.saturating_add(1),
        (None, Some(count)) => seeds.start..seeds.start.saturating_add(count),
        (None, None) => seeds,
    };
    let begun = Instant::now();
    let count = seeds.end.saturating_sub(seeds.start);
    let say = |done: u64| {
        let seconds = begun.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a speed for people")]
        let speed = done as f64 / seconds.max(0.001);
        println!("{done} of {count} seeds in {seconds:.1} s, {speed:.1} a second: {replay}");
    };
    let mut outcomes = Vec::new();
    for seed in seeds {
        match catch_unwind(AssertUnwindSafe(|| simulation(seed))) {
            Ok(outcome) => outcomes.push(outcome),
            Err(failure) => {
                eprintln!("seed {seed} fails; rerun only it: {SEED_VARIABLE}={seed} {replay}");
                resume_unwind(failure);
            }
        }
        let done = outcomes.len() as u64;
        if done.is_multiple_of(1_000) || done == count {
            say(done);
        }
    }
    outcomes
}

/// Whether only one seed is to be run.
#[expect(clippy::disallowed_methods, reason = "who runs the tests says which seeds they have")]
pub fn is_one_seed() -> bool {
    std::env::var_os(SEED_VARIABLE).is_some()
}

/// How often each thing happened in a run of a simulation.
pub trait Counts: Copy + Default {
    /// Every count.
    fn each(&mut self) -> Vec<&mut u64>;

    /// Those of all runs together.
    fn total(runs: &[Self]) -> Self {
        let mut total = Self::default();
        for mut run in runs.iter().copied() {
            for (sum, count) in total.each().into_iter().zip(run.each()) {
                *sum += *count;
            }
        }
        total
    }

    /// How often that happened which happened least.
    fn least(mut self) -> u64 {
        self.each().into_iter().map(|count| *count).min().unwrap_or_default()
    }
}

/// `SplitMix64` (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// The numbers of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to `bound`, without it; 0 where there is none.
    pub fn below(&mut self, bound: usize) -> usize {
        // The high half of a 128-bit product: no division, and a bias far under anything seen here.
        let product = u128::from(self.bits()) * bound as u128;
        usize::try_from(product >> 64).unwrap_or_default()
    }

    /// Whether something of that chance happens now.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Whole milliseconds from 0 to `longest`: short ones as likely as long ones, on a scale of powers.
    pub fn millis(&mut self, longest: i64) -> i64 {
        let longest = longest.unsigned_abs();
        let powers = u64::BITS - longest.leading_zeros() + 1;
        let shift = self.below(powers as usize);
        let most = usize::try_from((longest >> shift) + 1).unwrap_or(usize::MAX);
        i64::try_from(self.below(most)).unwrap_or_default()
    }

    /// One of `choices`.
    pub fn choice<'c, T>(&mut self, choices: &'c [T]) -> Option<&'c T> {
        choices.get(self.below(choices.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_paper() {
        // Seed 1234567, from the reference implementation at <https://prng.di.unimi.it/splitmix64.c>.
        let mut seeded = Seeded::new(1_234_567);
        assert_eq!(seeded.bits(), 6_457_827_717_110_365_317);
        assert_eq!(seeded.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn numbers_stay_below_their_bound() {
        let mut seeded = Seeded::new(1);
        assert!((0..1000).all(|_| seeded.below(7) < 7));
        assert_eq!(seeded.choice::<u8>(&[]), None);
    }
}
