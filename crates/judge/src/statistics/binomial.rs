//! Exact bounds on a share of which a sample is known: Clopper and Pearson, *Biometrika* 26 (1934) 404–413.
//!
//! The bounds are those shares at which a sample like the one seen, or one further out, would be as rare as the confidence
//! leaves room for. They hold for every sample size, which bounds from the normal distribution don't: of 299 checks
//! without a failure these make a share of at most 1 %, those would make it none.

/// Halvings of the interval; more than a float has digits.
const HALVINGS: u32 = 60;

/// The share that `failures` of `checks` speaks of is at most this, with `confidence` (0–1), on one side.
pub fn upper(failures: u64, checks: u64, confidence: f64) -> f64 {
    if failures >= checks {
        return 1.0;
    }
    bisect(|share| at_most(failures, checks, share) > 1.0 - confidence)
}

/// The share that `failures` of `checks` speaks of is at least this, with `confidence` (0–1), on one side.
pub fn lower(failures: u64, checks: u64, confidence: f64) -> f64 {
    if failures == 0 || failures > checks {
        return 0.0;
    }
    bisect(|share| 1.0 - at_most(failures - 1, checks, share) <= 1.0 - confidence)
}

/// The share up to which something holds.
fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The chance of at most `failures` failures in `checks` checks, each of which fails with chance `share`.
fn at_most(failures: u64, checks: u64, share: f64) -> f64 {
    if share <= 0.0 {
        return 1.0;
    }
    if share >= 1.0 {
        return if failures >= checks { 1.0 } else { 0.0 };
    }
    let (hit, miss) = (share.ln(), (-share).ln_1p());
    // The logarithm of the binomial coefficient, term by term: no factorial that overflows.
    let (mut coefficient, mut sum) = (0.0_f64, 0.0_f64);
    for k in 0..=failures {
        if k > 0 {
            coefficient += ((checks - k + 1) as f64).ln() - (k as f64).ln();
        }
        sum += (coefficient + k as f64 * hit + (checks - k) as f64 * miss).exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::{lower, upper};

    #[test]
    fn the_bounds_are_clopper_and_pearsons() {
        // Without failures the bound is 1 − (1 − confidence)^(1/checks).
        for checks in [1, 10, 298, 10_000] {
            let exact = 1.0 - 0.05_f64.powf(1.0 / checks as f64);
            assert!((upper(0, checks, 0.95) - exact).abs() < 1e-9);
        }
        assert!(upper(0, 299, 0.95) < 0.01 && upper(0, 298, 0.95) > 0.01);
        // The tabulated two-sided 95 % interval of 1 in 10, and of 5 in 10.
        assert!((lower(1, 10, 0.975) - 0.002_528_6).abs() < 1e-6);
        assert!((upper(1, 10, 0.975) - 0.445_016_1).abs() < 1e-6);
        assert!((lower(5, 10, 0.975) - 0.187_086_0).abs() < 1e-6);
        assert!((upper(5, 10, 0.975) - 0.812_914_0).abs() < 1e-6);
    }

    #[test]
    fn the_edges_are_the_whole() {
        assert!((upper(0, 0, 0.95) - 1.0).abs() < 1e-12 && (upper(7, 7, 0.95) - 1.0).abs() < 1e-12);
        assert!(lower(0, 7, 0.95).abs() < 1e-12 && lower(3, 0, 0.95).abs() < 1e-12);
        assert!(upper(3, 1_000_000, 0.95) < 8e-6 && upper(9, 3, 0.5) <= 1.0);
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
