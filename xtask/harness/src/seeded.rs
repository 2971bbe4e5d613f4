//! Random numbers that are the same for the same seed, on any machine and in any version.

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
