//! The negative binomial distribution, and how unlikely a count is under it.
//!
//! Weights come from Loader's saddle-point expansion, tails from a continued fraction, so nothing loops over the
//! counts. Logarithms come from `libm` and not from the platform, whose last bits differ between processors.

use std::f64::consts::TAU;

/// The constant of Stirling's formula: half the logarithm of 2π.
const HALF_LN_TAU: f64 = 0.918_938_533_204_672_8;
/// Stirling's series is exact in double precision from here.
const STIRLING_FROM: f64 = 15.0;
/// A step that changes the fraction by less than this is its last.
const PRECISION: f64 = 1e-15;
/// Far more steps than any count needs, so that the loop ends for any input.
const MAX_STEPS: u32 = 100_000;

#[derive(Clone, Copy, Debug)]
pub(crate) struct NegativeBinomial {
    mean: f64,
    /// Variance ÷ mean.
    dispersion: f64,
    /// The shape, mean² ÷ (variance − mean).
    shape: f64,
    /// Mean ÷ variance.
    success: f64,
    /// 1 − `success`.
    failure: f64,
}

impl NegativeBinomial {
    /// The distribution of that `mean` whose variance is `mean + excess`; both above 0.
    pub(crate) fn new(mean: f64, excess: f64) -> Self {
        let variance = mean + excess;
        Self {
            mean,
            dispersion: variance / mean,
            shape: mean * (mean / excess),
            success: mean / variance,
            failure: excess / variance,
        }
    }

    /// Twice the smaller tail, with half the weight of `observed` itself (the mid-p of Lancaster 1961): from 0 to 1.
    pub(crate) fn mid_p(self, observed: f64) -> f64 {
        let weight = self.weight(observed);
        let (upper, lower) = if observed > self.mean {
            let upper = self.upper_tail(observed, weight);
            (upper, 1.0 - upper + weight)
        } else {
            let lower = self.lower_tail(observed, weight);
            (1.0 - lower + weight, lower)
        };
        (2.0 * (upper.min(lower) - weight / 2.0)).clamp(0.0, 1.0)
    }

    /// P(X = x), for a whole `x` from 0 up.
    ///
    /// C. Loader, Fast and Accurate Computation of Binomial Probabilities (2000), as the binomial
    /// weight of `shape` among `shape + x`.
    fn weight(self, x: f64) -> f64 {
        if x < 0.5 {
            return libm::exp(-self.shape * libm::log1p(self.dispersion - 1.0));
        }
        let all = self.shape + x;
        // shape − all · success without the cancellation; that of x is the same below 0.
        let difference = self.success * (self.mean - x);
        let logarithm = stirling_error(all)
            - stirling_error(self.shape)
            - stirling_error(x)
            - deviance(self.shape, all * self.success, difference)
            - deviance(x, all * self.failure, -difference);
        (self.shape / (TAU * all * x)).sqrt() * libm::exp(logarithm)
    }

    /// P(X ≥ x), given the weight of `x`, which is above the mean.
    fn upper_tail(self, x: f64, weight: f64) -> f64 {
        let offset = self.success * (x - self.mean) + 1.0;
        x * weight / beta_fraction(x, self.shape, self.failure, offset)
    }

    /// P(X ≤ x), given the weight of `x`, which is not above the mean.
    fn lower_tail(self, x: f64, weight: f64) -> f64 {
        let offset = self.success * (self.mean - x - 1.0) + 1.0;
        let fraction = beta_fraction(self.shape, x + 1.0, self.success, offset);
        self.failure * (self.shape + x) * weight / fraction
    }
}

/// What Stirling's formula leaves of the logarithm of `x!`.
fn stirling_error(x: f64) -> f64 {
    if x < STIRLING_FROM {
        return libm::lgamma(x + 1.0) - (x + 0.5) * libm::log(x) + x - HALF_LN_TAU;
    }
    let square = x * x;
    let tail = 1.0 / 1680.0 - 1.0 / 1188.0 / square;
    let tail = 1.0 / 1260.0 - tail / square;
    let tail = 1.0 / 360.0 - tail / square;
    (1.0 / 12.0 - tail / square) / x
}

/// `x · ln(x ÷ expected) − difference`, where `difference` is `x − expected`.
fn deviance(x: f64, expected: f64, difference: f64) -> f64 {
    let ratio = difference / (x + expected);
    if ratio.abs() >= 0.1 {
        return x * libm::log(x / expected) - difference;
    }
    // The logarithm is 2 artanh(ratio); its first term and the difference leave difference · ratio.
    let mut sum = difference * ratio;
    let mut power = 2.0 * x * ratio;
    let mut odd = 1.0;
    loop {
        power *= ratio * ratio;
        odd += 2.0;
        let next = sum + power / odd;
        if next.total_cmp(&sum).is_eq() {
            return sum;
        }
        sum = next;
    }
}

/// The continued fraction of the incomplete beta function, of which
/// `I_x(a, b) = x^a (1−x)^b ÷ (B(a, b) · fraction)`; `offset` is `a(1−x) − bx + 1`.
///
/// Algorithm 708 of the ACM (1992), evaluated by Lentz's method.
fn beta_fraction(a: f64, b: f64, x: f64, offset: f64) -> f64 {
    let mut fraction = a * offset / (a + 1.0);
    let (mut numerator_ratio, mut denominator_ratio) = (fraction, 0.0);
    for step in 1..=MAX_STEPS {
        let n = f64::from(step);
        let (before, after) = (a + 2.0 * n - 1.0, a + 2.0 * n + 1.0);
        let partial_numerator =
            (n * (a + n - 1.0) / before) * ((a + b + n - 1.0) / before) * (b - n) * x * x;
        let partial_denominator =
            n + n * (b - n) * x / before + (a + n) * (offset + n * (2.0 - x)) / after;
        denominator_ratio = 1.0 / (partial_denominator + partial_numerator * denominator_ratio);
        numerator_ratio = partial_denominator + partial_numerator / numerator_ratio;
        let factor = numerator_ratio * denominator_ratio;
        fraction *= factor;
        if (factor - 1.0).abs() <= PRECISION {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Mean, variance − mean, count, mid-p: by sums of all weights with sixty digits (mpmath).
    const REFERENCE: [(f64, f64, f64, f64); 41] = [
        (0.001, 1e-7, 0.0, 0.999_000_549_780_071_5),
        (0.3, 3e-5, 1.0, 0.296_114_758_373_230_54),
        (0.3, 0.034_615_384_615_384_62, 0.0, 0.752_828_254_320_188_2),
        (0.3, 0.034_615_384_615_384_62, 2.0, 0.051_669_735_917_983_29),
        (0.3, 0.243, 1.0, 0.261_514_859_552_000_66),
        (1.0, 0.0001, 0.0, 0.367_897_834_377_123_7),
        (1.0, 0.0001, 4.0, 0.022_656_434_408_077_793),
        (1.0, 0.133_333_333_333_333_33, 1.0, 0.872_634_627_295_369_7),
        (1.0, 2.7, 0.0, 0.615_963_413_438_264_8),
        (1.0, 2.7, 7.0, 0.043_242_011_631_694_11),
        (4.1, 0.000_41, 5.0, 0.621_385_707_883_428_7),
        (4.1, 0.575_684_931_506_849_3, 0.0, 0.021_567_889_206_700_278),
        (4.1, 0.575_684_931_506_849_3, 11.0, 0.008_859_984_499_535_61),
        (4.1, 45.387, 7.0, 0.382_291_826_001_431_7),
        (9.4, 0.000_94, 4.0, 0.058_855_321_527_405_476),
        (9.4, 0.000_94, 19.0, 0.005_584_660_271_935_761),
        (9.4, 1.332_730_015_082_956_2, 11.0, 0.594_984_786_781_343),
        (9.4, 238.572, 0.0, 0.297_578_759_610_210_7),
        (9.4, 238.572, 60.0, 0.039_565_430_995_787_44),
        (50.0, 0.005, 53.0, 0.658_253_550_532_584_7),
        (50.0, 7.132_667_617_689_016, 37.0, 0.075_063_073_206_75),
        (50.0, 7.132_667_617_689_016, 74.0, 0.003_109_918_160_625_482_2),
        (50.0, 6750.0, 83.0, 0.386_098_669_537_383_64),
        (300.0, 0.03, 271.0, 0.090_679_903_679_991_82),
        (300.0, 0.03, 355.0, 0.001_980_290_477_520_121_5),
        (300.0, 42.846_941_204_475_12, 307.0, 0.698_160_669_517_367_9),
        (300.0, 243_000.0, 0.0, 0.083_672_909_142_002_9),
        (300.0, 243_000.0, 1878.0, 0.039_966_840_620_685_104),
        (2000.0, 0.2, 2018.0, 0.685_060_830_397_635_7),
        (2000.0, 285.704_081_997_071_5, 1919.0, 0.088_619_750_924_046_96),
        (2000.0, 285.704_081_997_071_5, 2153.0, 0.001_577_713_108_002_264_4),
        (2000.0, 10_800_000.0, 3315.0, 0.386_123_238_421_533_7),
        (20_000.0, 2.0, 19_760.0, 0.089_283_193_866_797_9),
        (20_000.0, 2.0, 20_453.0, 0.001_411_895_000_383_397_1),
        (20_000.0, 2_857.132_653_097_667_6, 20_060.0, 0.690_590_048_004_313_6),
        (20_000.0, 1_080_000_000.0, 0.0, 0.017_670_896_848_969_116),
        (20_000.0, 1_080_000_000.0, 125_164.0, 0.039_941_850_162_676_686),
        (500_000.0, 50.0, 500_283.0, 0.688_861_705_893_992_8),
        (500_000.0, 71_428.561_224_491_25, 498_715.0, 0.089_049_828_818_015_24),
        (500_000.0, 71_428.561_224_491_25, 502_419.0, 0.001_386_620_074_899_404_7),
        (500_000.0, 675_000_000_000.0, 828_634.0, 0.386_162_145_844_339_55),
    ];

    #[test]
    fn mid_p_equals_that_of_sums_with_sixty_digits() {
        for (mean, excess, count, expect) in REFERENCE {
            let p = NegativeBinomial::new(mean, excess).mid_p(count);
            assert!(
                (p - expect).abs() <= 1e-11 * expect,
                "mean {mean}, excess {excess}, count {count}: {p} instead of {expect}"
            );
        }
    }

    /// Written down on `x86_64`; another processor, or another logarithm, must give the same.
    #[test]
    fn p_has_the_same_bits_on_every_machine() {
        let bits = REFERENCE.iter().fold(0_u64, |bits, &(mean, excess, count, _)| {
            let p = NegativeBinomial::new(mean, excess).mid_p(count);
            bits.rotate_left(5) ^ p.to_bits()
        });
        assert_eq!(bits, 0x8ade_97c2_16d5_bc28, "{bits:#x}");
    }

    #[test]
    fn extremes_give_a_probability() {
        for mean in [1e-9, 0.5, 1e5, 1e9] {
            for excess in [mean * 1e-4, mean * mean * 1e-3, mean * mean * 2.0, mean * mean * 12.0] {
                for count in [0.0, 1.0, 10.0, 1e5, 1e9] {
                    let p = NegativeBinomial::new(mean, excess).mid_p(count);
                    assert!((0.0..=1.0).contains(&p), "{mean} {excess} {count}: {p}");
                }
            }
        }
        let far_above = NegativeBinomial::new(1.0, 0.5).mid_p(1e6);
        assert!(far_above < 1e-100, "{far_above}");
    }

    proptest! {
        #[test]
        fn both_tails_and_the_sum_of_weights_agree(
            mean in 0.01..60.0_f64, share in 0.0001..3.0_f64, count in 0..120_u32
        ) {
            let distribution = NegativeBinomial::new(mean, (mean * 1e-4).max(mean * mean * share));
            let weights = |range: std::ops::RangeInclusive<u32>| -> f64 {
                range.map(|x| distribution.weight(f64::from(x))).sum()
            };
            let lower = weights(0..=count);
            let weight = distribution.weight(f64::from(count));
            let expect = 2.0 * (lower.min(1.0 - lower + weight) - weight / 2.0);
            let p = distribution.mid_p(f64::from(count));
            prop_assert!((p - expect.clamp(0.0, 1.0)).abs() < 1e-10, "{} {}", p, expect);
        }
    }
}
