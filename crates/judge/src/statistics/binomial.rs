//! What a few failures among so many checks say of the share of failures: exact bounds for a binomial.
//!
//! Clopper and Pearson (Biometrika 26, 1934): the upper bound is the share at which seeing so few failures would have
//! become as improbable as the confidence allows, and the lower bound likewise for so many. They hold for every share and
//! every number of checks, also for none failed of few, where approximations by a normal distribution say *certainly 0*.
//! The price is that they are rather too wide than too narrow. They are quantiles of beta distributions.
//!
//! Both are one-sided. A two-sided interval of 95 % is made of two one-sided bounds of 97.5 %.

use statrs::function::beta::checked_beta_reg;

/// Halvings of the interval: as many as a number has bits that tell.
const STEPS: usize = 60;

/// The largest share of failures that goes with seeing at most `failures` among so many `checks`, one-sided, at this
/// confidence (0–1). 1 if nothing was checked or everything failed.
pub fn upper(failures: u64, checks: u64, confidence: f64) -> f64 {
    if failures >= checks {
        return 1.0;
    }
    quantile(failures as f64 + 1.0, (checks - failures) as f64, confidence)
}

/// The smallest share of failures that goes with seeing at least `failures` among so many `checks`, one-sided, at this
/// confidence (0–1). 0 if nothing was checked or nothing failed.
pub fn lower(failures: u64, checks: u64, confidence: f64) -> f64 {
    1.0 - upper(checks.saturating_sub(failures), checks, confidence)
}

/// The quantile of a beta distribution with these two parameters, both above 0.
pub(crate) fn quantile(a: f64, b: f64, probability: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        if checked_beta_reg(a, b, middle).is_ok_and(|below| below < probability) {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::{lower, upper};

    #[track_caller]
    fn is(value: f64, expected: f64) {
        assert!((value - expected).abs() < 5e-7, "{value} is not {expected}");
    }

    #[test]
    fn without_failures_the_bound_is_the_root_of_what_is_left_to_chance() {
        // 1 − 0.05^(1/n): the exact form of the rule of three.
        for checks in [1, 2, 10, 298, 299, 5000] {
            is(upper(0, checks, 0.95), 1.0 - 0.05_f64.powf(1.0 / checks as f64));
            is(lower(checks, checks, 0.95), 0.05_f64.powf(1.0 / checks as f64));
        }
        // Where all but one failed, only the last term is missing: 1 − share^200 = 0.1.
        is(upper(199, 200, 0.9), 0.9_f64.powf(1.0 / 200.0));
        // 299 checks without a failure are the fewest that show less than 1 %.
        is(upper(0, 298, 0.95), 0.010_002_4);
        assert!(upper(0, 299, 0.95) < 0.01 && upper(0, 298, 0.95) > 0.01);
    }

    #[test]
    fn bounds_are_those_of_the_published_tables() {
        // Two-sided 95 %; as R's binom.test(1, 10), binom.test(5, 20), binom.test(10, 100) give them.
        for (failures, checks, low, high) in [
            (1, 10, 0.002_528_579, 0.445_016_1),
            (5, 20, 0.086_571_47, 0.491_045_9),
            (10, 100, 0.049_004_69, 0.176_222_6),
        ] {
            is(lower(failures, checks, 0.975), low);
            is(upper(failures, checks, 0.975), high);
        }
    }

    #[test]
    fn nothing_checked_says_nothing_and_everything_failed_has_no_upper_bound() {
        assert_eq!((lower(0, 0, 0.95), upper(0, 0, 0.95)), (0.0, 1.0));
        assert_eq!((lower(0, 50, 0.95), upper(50, 50, 0.95)), (0.0, 1.0));
    }

    #[test]
    fn large_numbers_neither_overflow_nor_vanish() {
        // The normal approximation is good here: 0.3 ± 1.96 · sqrt(0.3 · 0.7 / 10^6).
        let (low, high) = (lower(300_000, 1_000_000, 0.975), upper(300_000, 1_000_000, 0.975));
        assert!((low - 0.299_102).abs() < 2e-6 && (high - 0.300_899).abs() < 2e-6, "{low} {high}");
    }

    #[test]
    fn the_share_at_a_bound_is_as_improbable_as_was_said() {
        // The plain sum below begins with (1 − share)^checks, which must not be too small for a number.
        for (failures, checks) in [(0, 5), (3, 17), (40, 60)] {
            let share = upper(failures, checks, 0.9);
            let (mut sum, mut term) = (0.0, (1.0 - share).powi(checks as i32));
            for count in 0..=failures {
                sum += term;
                term *= (checks - count) as f64 / (count + 1) as f64 * share / (1.0 - share);
            }
            assert!((sum - 0.1).abs() < 1e-9, "{failures} of {checks}: {sum}");
        }
    }

    proptest::proptest! {
        #[test]
        fn more_failures_or_more_confidence_never_lower_the_bound(checks in 1_u64..2000, failures in 0_u64..2000, confidence in 0.5_f64..0.999) {
            let failures = failures.min(checks - 1);
            let bound = upper(failures, checks, confidence);
            proptest::prop_assert!(upper(failures + 1, checks, confidence) >= bound);
            proptest::prop_assert!(upper(failures, checks, confidence.midpoint(1.0)) >= bound - 1e-9);
            proptest::prop_assert!(lower(failures, checks, confidence) <= bound + 1e-9);
            proptest::prop_assert!((0.0..=1.0).contains(&bound));
        }
    }
}
