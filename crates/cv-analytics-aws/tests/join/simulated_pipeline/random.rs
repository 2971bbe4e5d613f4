//! Random numbers that a seed gives again on any machine and with any version of any crate.

use super::traffic::MINUTE_MS;

/// `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number from 0 to before `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A place in a list of `count`.
    pub(super) fn place(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap()
    }

    /// Milliseconds from 0 to `longest`, short ones as probable as long ones on a scale of powers.
    pub(super) fn millis(&mut self, longest: i64) -> i64 {
        let longest = longest.unsigned_abs();
        let shift = self.below(u64::from(u64::BITS - longest.leading_zeros()) + 1);
        i64::try_from(self.below((longest >> shift) + 1)).unwrap()
    }

    /// How long an executor hangs, milliseconds: often until its messages are delivered again.
    pub(super) fn hang_ms(&mut self) -> i64 {
        self.millis(MINUTE_MS) + if self.chance(50) { MINUTE_MS } else { 0 }
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
