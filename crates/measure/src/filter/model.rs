//! The Kalman filter itself: predict, innovate, update.
//!
//! Written out for one and two dimensions instead of with matrices: a step is a dozen multiplications. The update is
//! Joseph's form (R. S. Bucy and P. D. Joseph, *Filtering for Stochastic Processes*, 1968), which keeps the covariance
//! positive where the short form loses it to rounding. The models are the local level and the local linear trend of
//! A. C. Harvey, *Forecasting, Structural Time Series Models and the Kalman Filter*, 1989, sections 2.3 and 9, in
//! continuous time, so that steps may be of any length. Equality with dense matrices is tested to 1e-9.

use serde::{Deserialize, Serialize};

/// What a series is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// A level that wanders: `level' = level + w`, `Var w = q·Δt`.
    #[default]
    LocalLevel,
    /// A level with a slope, both of which wander.
    LocalLinearTrend,
}

/// The variances that a step works with. Seconds are the unit of time, the metric's own unit that of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variances {
    /// Of the level's wandering, per second: unit² / s.
    pub level: f64,
    /// Of the slope's wandering: unit² / s³. Of no account for the local level.
    pub slope: f64,
    /// Of a measurement: unit².
    pub measurement: f64,
}

/// What is believed: level and slope, and how uncertain they are.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Estimate {
    /// In the metric's unit.
    pub level: f64,
    /// Per second; 0 for the local level.
    pub slope: f64,
    /// Variance of the level: unit².
    pub level_variance: f64,
    /// Covariance of level and slope: unit² / s.
    pub covariance: f64,
    /// Variance of the slope: unit² / s².
    pub slope_variance: f64,
}

/// How a value differs from what was expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Innovation {
    /// Value minus expectation.
    pub residual: f64,
    /// Its variance: that of the level plus that of a measurement.
    pub variance: f64,
}

impl Estimate {
    /// After one value: the level is the value, as uncertain as a measurement is.
    pub const fn of_one(value: f64, variances: &Variances) -> Self {
        Self {
            level: value,
            slope: 0.0,
            level_variance: variances.measurement,
            covariance: 0.0,
            slope_variance: 0.0,
        }
    }

    /// After two values `seconds` (more than 0) apart, for the local linear trend: the line through both (Y. Bar-Shalom, X. R. Li and
    /// T. Kirubarajan, *Estimation with Applications to Tracking and Navigation*, 2001, section 5.5.3).
    pub fn of_two(first: f64, second: f64, seconds: f64, variances: &Variances) -> Self {
        let measurement = variances.measurement;
        Self {
            level: second,
            slope: (second - first) / seconds,
            level_variance: measurement,
            covariance: measurement / seconds,
            slope_variance: 2.0 * measurement / (seconds * seconds)
                + variances.level / seconds
                + variances.slope * seconds / 3.0,
        }
    }

    /// Lets time pass: `seconds` of at least 0.
    pub fn predict(&mut self, model: Model, seconds: f64, variances: &Variances) {
        match model {
            Model::LocalLevel => self.level_variance += variances.level * seconds,
            Model::LocalLinearTrend => {
                let squared = seconds * seconds;
                self.level += self.slope * seconds;
                self.level_variance += seconds * (2.0 * self.covariance + seconds * self.slope_variance)
                    + variances.level * seconds
                    + variances.slope * squared * seconds / 3.0;
                self.covariance += seconds * self.slope_variance + variances.slope * squared / 2.0;
                self.slope_variance += variances.slope * seconds;
            }
        }
    }

    /// How `value` differs from the level.
    pub fn innovation(&self, value: f64, variances: &Variances) -> Innovation {
        Innovation { residual: value - self.level, variance: self.level_variance + variances.measurement }
    }

    /// Takes a value in.
    pub fn update(&mut self, innovation: &Innovation, variances: &Variances) {
        let Innovation { residual, variance } = *innovation;
        let measurement = variances.measurement;
        let (gain, slope_gain) = (self.level_variance / variance, self.covariance / variance);
        let keep = 1.0 - gain;
        self.level += gain * residual;
        self.slope += slope_gain * residual;
        if self.level_variance > 0.0 {
            // What of the slope's variance the level does not explain, and what is left of the rest. Joseph's form written out is a
            // difference here, and may end below nothing where steps are of very different lengths; this sum of squares can't.
            let explained = self.covariance * self.covariance / self.level_variance;
            self.slope_variance =
                (self.slope_variance - explained).max(0.0) + explained * measurement / variance;
        }
        self.covariance =
            keep * (self.covariance - slope_gain * self.level_variance) + gain * slope_gain * measurement;
        self.level_variance = keep * keep * self.level_variance + gain * gain * measurement;
    }

    /// Whether every number of it is one.
    pub fn is_finite(&self) -> bool {
        [self.level, self.slope, self.level_variance, self.covariance, self.slope_variance]
            .iter()
            .all(|number| number.is_finite())
    }
}
