//! Fisher's exact test for a 2×2 table, two-sided, and the Benjamini–Hochberg procedure.
//!
//! The test sums hypergeometric weights by their ratios, outward from the mode. So it needs no
//! logarithm of a factorial, gives the same bits on every machine, and takes time in proportion to
//! the standard deviation rather than to the counts.

use std::cmp::Ordering;

/// Weights under this share of the mode's add nothing to a sum in double precision.
const NEGLIGIBLE: f64 = 1e-30;
/// Tables count as equally likely as the observed one up to this relative difference: rounding.
const EQUAL_WITHIN: f64 = 1.0 + 1e-9;

/// Counts with and without a property in two groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoGroups {
    /// First group, with the property.
    pub with: u64,
    /// First group, all.
    pub all: u64,
    /// Second group, with the property.
    pub other_with: u64,
    /// Second group, all.
    pub other_all: u64,
}

impl TwoGroups {
    /// The probability, were both groups alike, of a table as unlikely as this one or more so (R. A. Fisher 1935;
    /// two-sided by the sum of small probabilities, as R's `fisher.test`). From 0 to 1; 1 where one group is empty.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far under 2^53")]
    pub fn fisher_p(self) -> f64 {
        let (group, other) = (self.all.max(self.with), self.other_all.max(self.other_with));
        let total = group + other;
        let with = self.with + self.other_with;
        let least = with.saturating_sub(other);
        let most = with.min(group);
        if least == most {
            return 1.0;
        }
        let (k, n, g) = (with as f64, total as f64, group as f64);
        // The ratio of the weights of x + 1 and x.
        let ratio = |x: f64| (k - x) * (g - x) / ((x + 1.0) * (n - k - g + x + 1.0));
        let mode = (((k + 1.0) * (g + 1.0) / (n + 2.0)).floor()).clamp(least as f64, most as f64);

        let observed = self.with as f64;
        let mut observed_weight = if observed.total_cmp(&mode).is_eq() { 1.0 } else { 0.0 };
        let mut weights = vec![1.0];
        let (mut x, mut weight) = (mode, 1.0);
        while x < most as f64 && weight > NEGLIGIBLE {
            weight *= ratio(x);
            x += 1.0;
            weights.push(weight);
            if x.total_cmp(&observed).is_eq() {
                observed_weight = weight;
            }
        }
        (x, weight) = (mode, 1.0);
        while x > least as f64 && weight > NEGLIGIBLE {
            x -= 1.0;
            weight /= ratio(x);
            weights.push(weight);
            if x.total_cmp(&observed).is_eq() {
                observed_weight = weight;
            }
        }
        weights.sort_by(f64::total_cmp);
        let all: f64 = weights.iter().sum();
        let unlikely: f64 =
            weights.iter().filter(|&&weight| weight <= observed_weight * EQUAL_WITHIN).sum();
        (unlikely / all).clamp(0.0, 1.0)
    }

    /// Whether the share is larger in the first group, exactly.
    pub fn direction(self) -> Ordering {
        let first = u128::from(self.with) * u128::from(self.other_all);
        first.cmp(&(u128::from(self.other_with) * u128::from(self.all)))
    }
}

/// Which of `p_values` are significant together when one in ten of the findings may be false at a
/// `rate` of 0.10 (Benjamini and Hochberg 1995).
#[expect(clippy::cast_precision_loss, reason = "the number of tests stays far under 2^53")]
pub fn benjamini_hochberg(p_values: &[f64], rate: f64) -> Vec<bool> {
    let mut sorted = p_values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let threshold = sorted
        .iter()
        .enumerate()
        .rev()
        .find(|(rank, p)| **p <= rate * (*rank as f64 + 1.0) / count)
        .map(|(_, p)| *p);
    p_values.iter().map(|p| threshold.is_some_and(|threshold| *p <= threshold)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(table: [u64; 4], expect: f64) {
        let [with, without, other_with, other_without] = table;
        let groups = TwoGroups {
            with,
            all: with + without,
            other_with,
            other_all: other_with + other_without,
        };
        let p = groups.fisher_p();
        assert!(
            (p - expect).abs() <= 1e-9 * expect.max(1e-12),
            "{table:?}: {p} instead of {expect}"
        );
    }

    /// Expected values by exact rational arithmetic over all tables with the same margins.
    #[test]
    fn p_values_equal_those_of_exact_arithmetic() {
        check([8, 2, 1, 5], 0.034_965_034_965_034_96);
        check([3, 1, 1, 3], 0.485_714_285_714_285_7);
        check([0, 10, 0, 12], 1.0);
        check([5, 0, 0, 0], 1.0);
        check([10, 90, 40, 60], 1.243_340_557_387_740_2e-6);
        check([47, 64, 14, 73], 8.935_205_456_012_52e-5);
        check([20, 80, 35, 65], 0.026_117_952_125_054_356);
    }

    #[test]
    fn ten_million_are_tested_quickly_and_alike() {
        let groups = TwoGroups {
            with: 500_000,
            all: 10_000_000,
            other_with: 501_500,
            other_all: 10_000_000,
        };
        let p = groups.fisher_p();
        assert!((0.1..0.13).contains(&p), "{p}");
        assert!(TwoGroups { with: 900_000, ..groups }.fisher_p() < 1e-12);
    }

    #[test]
    fn findings_are_judged_together() {
        assert_eq!(benjamini_hochberg(&[0.01, 0.04, 0.5, 0.06], 0.10), [true, true, false, true]);
        assert_eq!(benjamini_hochberg(&[0.05, 0.9], 0.10), [true, false]);
        assert_eq!(benjamini_hochberg(&[0.06, 0.9], 0.10), [false, false]);
        assert!(benjamini_hochberg(&[], 0.10).is_empty());
    }

    proptest! {
        #[test]
        fn p_is_a_probability_and_the_groups_may_be_swapped(a in 0..60_u64, b in 0..60_u64, c in 0..60_u64, d in 0..60_u64) {
            let one = TwoGroups { with: a, all: a + b, other_with: c, other_all: c + d };
            let two = TwoGroups { with: c, all: c + d, other_with: a, other_all: a + b };
            prop_assert!((0.0..=1.0).contains(&one.fisher_p()));
            prop_assert!((one.fisher_p() - two.fisher_p()).abs() < 1e-9);
        }
    }
}
