//! What a few failures among so many checks say of the share of failures: exact bounds for a binomial.
//!
//! Clopper and Pearson (Biometrika 26, 1934): the upper bound is the share at which seeing so few failures would have
//! become as improbable as the confidence allows, and the lower bound likewise for so many. They hold for every share and
//! every number of checks, also for none failed of few, where approximations by a normal distribution say *certainly 0*.
//! The price is that they are rather too wide than too narrow.
//!
//! Both are one-sided. A two-sided interval of 95 % is made of two one-sided bounds of 97.5 %.

/// Halvings of the interval: as many as a number has bits that tell.
const STEPS: usize = 60;
/// A term that is so much smaller than the largest, as a logarithm, adds nothing.
const NEGLIGIBLE: f64 = -45.0;

/// The largest share of failures that goes with seeing at most `failures` among so many `checks`, one-sided, at this
/// confidence (0–1). 1 if nothing was checked or everything failed. Takes time by the number of failures.
pub fn upper(failures: u64, checks: u64, confidence: f64) -> f64 {
    if failures >= checks {
        return 1.0;
    }
    let choose = ln_choose(failures, checks);
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..STEPS {
        let share = f64::midpoint(low, high);
        if at_most(failures, checks, share, choose) > 1.0 - confidence {
            low = share;
        } else {
            high = share;
        }
    }
    high
}

/// The smallest share of failures that goes with seeing at least `failures` among so many `checks`, one-sided, at this
/// confidence (0–1). 0 if nothing was checked or nothing failed. Takes time by the number of checks that did not fail.
pub fn lower(failures: u64, checks: u64, confidence: f64) -> f64 {
    1.0 - upper(checks.saturating_sub(failures), checks, confidence)
}

/// The probability of at most so many failures, if each check fails with this probability (above 0, below 1).
///
/// From the last term down, since the ratio of neighbouring terms is simple; as logarithms, since all of them may be
/// too small for a number.
fn at_most(failures: u64, checks: u64, share: f64, choose: f64) -> f64 {
    let (success, odds) = ((-share).ln_1p(), share.ln() - (-share).ln_1p());
    let mut term = choose + failures as f64 * odds + checks as f64 * success;
    let (mut largest, mut sum) = (term, 1.0);
    for count in (1..=failures).rev() {
        // C(n, k−1) / C(n, k) = k / (n − k + 1)
        let step = (count as f64 / (checks - count + 1) as f64).ln() - odds;
        term += step;
        if term > largest {
            sum = sum * (largest - term).exp() + 1.0;
            largest = term;
        } else {
            sum += (term - largest).exp();
            if step < 0.0 && term - largest < NEGLIGIBLE {
                break;
            }
        }
    }
    (largest + sum.ln()).exp()
}

/// The logarithm of the number of ways to choose.
fn ln_choose(chosen: u64, from: u64) -> f64 {
    let chosen = chosen.min(from - chosen);
    (1..=chosen).map(|index| ((from - chosen + index) as f64 / index as f64).ln()).sum()
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
}
