//! How noisy a series is, learned from it.
//!
//! Of a local level, the differences `d` of values that follow each other tell both variances by their moments (Harvey
//! 1989, section 2.4.1): `E[d²] = q·Δt + 2·r` and `E[dᵢ·dᵢ₋₁] = −r`. So `r` is the negative covariance of differences that
//! follow each other, and `q` what is left. Both are means that forget exponentially. Where a level wanders far less than its values scatter,
//! `q` is mostly what the scatter of the means makes of it, and too large: the filter follows faster than it need, and its gate is a little wider.
//!
//! This was chosen before estimation from the filter's own innovations (R. K. Mehra, "On the Identification of Variances
//! and Adaptive Kalman Filtering", IEEE Transactions on Automatic Control 15, 1970) because it does not feed back: a filter
//! that believes something wrong can't make itself believe it more. Differences are clipped at four standard deviations, so one
//! absurd value changes a scale by a few percent, and a hundred of them do change it.

use super::model::{Model, Variances};

/// Values after which the past counts for 1/e.
const MEMORY: f64 = 1000.0;
/// Differences are clipped at so many of their standard deviations.
const CLIP: f64 = 4.0;
/// What is believed before there are differences: a quarter of their mean square is measurement noise, with so much weight.
const PRIOR_WEIGHT: f64 = 10.0;
const PRIOR_SHARE: f64 = 0.25;
/// The level is never taken to stand still: the variance of its wandering in one step is at least this share of a measurement's.
const LEAST_WANDERING: f64 = 1e-4;
/// No series is taken to be exacter than this share of its level.
const LEAST_RELATIVE: f64 = 1e-3;
/// And none exacter than this, in its unit.
const LEAST: f64 = 1e-9;
/// The wandering of a slope in one step, as a share of the level's.
const SLOPE_SHARE: f64 = 1e-4;

/// What was learned of a series' noise.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Learned {
    /// The last value, whatever was judged of it.
    pub last: f64,
    /// The difference before.
    pub difference: f64,
    /// Mean square of differences: unit².
    pub square: f64,
    /// Mean product of differences that follow each other: unit².
    pub product: f64,
    /// Mean time between values: seconds.
    pub step: f64,
    /// Differences seen.
    pub seen: f64,
}

impl Learned {
    pub(crate) fn of_one(value: f64) -> Self {
        Self { last: value, ..Self::default() }
    }

    /// Takes in a value that came `seconds` after the last.
    pub(crate) fn learn(&mut self, value: f64, seconds: f64) {
        // The smaller of both: an absurd value must not widen what its way back is clipped at.
        let clip = CLIP * self.square.max(least_variance(self.last.abs().min(value.abs()))).sqrt();
        let mut difference = value - self.last;
        if self.seen >= 3.0 {
            difference = difference.clamp(-clip, clip);
        }
        self.seen += 1.0;
        let rate = self.seen.min(MEMORY).recip();
        self.square += rate * (difference * difference - self.square);
        self.step += rate * (seconds - self.step);
        if self.seen > 1.0 {
            let rate = (self.seen - 1.0).min(MEMORY).recip();
            self.product += rate * (difference * self.difference - self.product);
        }
        self.difference = difference;
        self.last = value;
    }

    /// A series that came to be wilder than it was: what is seen is believed at once.
    pub(crate) fn at_least(&mut self, variance: f64) {
        self.square = self.square.max(2.0 * variance);
    }

    /// What the filter works with, at this level.
    pub(crate) fn variances(&self, model: Model, level: f64, least: f64) -> Variances {
        let floor = least_variance(level).max(least * least);
        let square = self.square.max(floor);
        let weight = self.seen.min(MEMORY);
        let covariance =
            (weight * -self.product + PRIOR_WEIGHT * PRIOR_SHARE * square) / (weight + PRIOR_WEIGHT);
        let measurement = covariance.clamp(0.0, square / 2.0).max(floor / 2.0);
        let step = if self.step > 0.0 { self.step } else { 1.0 };
        let wandering = (square - 2.0 * measurement).max(LEAST_WANDERING * measurement);
        let level = wandering / step;
        let slope = match model {
            Model::LocalLevel => 0.0,
            Model::LocalLinearTrend => SLOPE_SHARE * level / (step * step),
        };
        Variances { level, slope, measurement }
    }
}

fn least_variance(level: f64) -> f64 {
    (LEAST_RELATIVE * level.abs()).max(LEAST).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Roughly normal, variance 1.
    fn normal(rng: &mut ChaCha8Rng) -> f64 {
        (0..12).map(|_| rng.random_range(0.0..1.0)).sum::<f64>() - 6.0
    }

    #[test]
    fn both_variances_are_found_within_a_third() {
        for (level, measurement) in [(1.0, 1.0), (1.0, 4.0), (4.0, 1.0)] {
            let mut rng = ChaCha8Rng::seed_from_u64(7);
            let (mut truth, mut learned) = (100.0, Learned::of_one(100.0));
            let (mut levels, mut measurements, mut count) = (0.0, 0.0, 0.0);
            for index in 0..20_000 {
                truth += f64::sqrt(level * 10.0) * normal(&mut rng);
                learned.learn(truth + f64::sqrt(measurement * 10.0) * normal(&mut rng), 10.0);
                if index > 1_000 {
                    let found = learned.variances(Model::LocalLevel, 0.0, 0.0);
                    levels += found.level;
                    measurements += found.measurement;
                    count += 1.0;
                }
            }
            let (levels, measurements) = (levels / count, measurements / count);
            assert!((levels / level - 1.0).abs() < 0.34, "{levels} for {level}");
            assert!(
                (measurements / (measurement * 10.0) - 1.0).abs() < 0.34,
                "{measurements} for {measurement}"
            );
        }
    }

    #[test]
    fn one_absurd_value_hardly_changes_the_scale() {
        let mut learned = Learned::of_one(10.0);
        for index in 0..500 {
            learned.learn(10.0 + f64::from(index % 3), 1.0);
        }
        let before = learned.square;
        learned.learn(1e12, 1.0);
        learned.learn(10.0, 1.0);
        assert!(learned.square < 1.2 * before);
    }
}
