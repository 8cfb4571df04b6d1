//! Zipf's law: the `n`th most frequent comes with a frequency in proportion to `n` to the power of −s.

/// The shares of the first `shown` of `count` things, and what all others have together. Sums to 1.
///
/// The others are summed by the midpoint rule, which is right to one part in a million from the hundredth on.
pub(super) fn shares(count: u64, exponent: f64, shown: usize) -> (Vec<f64>, f64) {
    let shown = shown.min(usize::try_from(count).unwrap_or(usize::MAX));
    let mut shares: Vec<f64> = (1..=shown).map(|rank| (rank as f64).powf(-exponent)).collect();
    let (from, to) = (shown as f64 + 0.5, count as f64 + 0.5);
    let rest = if (count as usize) <= shown {
        0.0
    } else if (exponent - 1.0).abs() < 1e-9 {
        (to / from).ln()
    } else {
        (to.powf(1.0 - exponent) - from.powf(1.0 - exponent)) / (1.0 - exponent)
    };
    let all = shares.iter().sum::<f64>() + rest;
    for share in &mut shares {
        *share /= all;
    }
    (shares, rest / all)
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn the_rest_is_what_summing_it_would_find() {
        for exponent in [0.0, 0.5, 1.0, 1.3, 2.5] {
            let (all, none) = shares(50_000, exponent, 50_000);
            assert!(none == 0.0 && (all.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            let (some, rest) = shares(50_000, exponent, 500);
            assert!((rest - all[500..].iter().sum::<f64>()).abs() < 1e-6, "{exponent}");
            assert!((some[0] - all[0]).abs() < 1e-6);
        }
    }

    #[test]
    fn few_things_are_few() {
        let (one, rest) = shares(1, 1.0, 4_096);
        assert_eq!((one, rest), (vec![1.0], 0.0));
    }
}
