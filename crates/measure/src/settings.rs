//! What is known of metrics beforehand: models, noise, units, ranges.

use crate::filter::Model;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The settings of all metrics.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MeasureSettings {
    /// For metrics that are not named.
    pub default: MetricSettings,
    /// By a metric's name.
    pub metrics: BTreeMap<String, MetricSettings>,
}

/// The settings of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricSettings {
    /// What the series is taken for.
    pub model: Model,
    /// Where the filter's variances come from.
    pub noise: Noise,
    /// The share of ordinary values that may be rejected: the gate is where so many are beyond it. Above 0, at most 0.1.
    pub false_rejections: f64,
    /// Values after which a filter that learns is as strict as it will be; before, the gate is wider. At least 1.
    pub warm_up: u32,
    /// Rejected values in a row that agree with each other after which they are the new level. At least 2.
    pub shift_after: u32,
    /// The least and the greatest value that is possible, in the base unit.
    pub range: [f64; 2],
    /// The unit that values are kept in; a measurement without one is in it.
    pub unit: Option<String>,
    /// Other units.
    pub units: BTreeMap<String, Conversion>,
    /// Points that are kept for the page beside the 32 to 64 newest: rounded up to 32s, at most 512.
    pub history: u32,
}

/// Where the filter's variances come from. Seconds are the unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Noise {
    /// From the series.
    Learned {
        /// The least standard deviation that is believed, in the base unit: a sensor's resolution.
        #[serde(default)]
        least: f64,
    },
    /// From here.
    Given {
        /// Of the level's wandering: unit² per second.
        level: f64,
        /// Of the slope's wandering: unit² per second³.
        #[serde(default)]
        slope: f64,
        /// Of a measurement: unit². Above 0.
        measurement: f64,
    },
}

/// `base = factor · value + offset`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversion {
    /// By what it is multiplied.
    pub factor: f64,
    /// What is added then.
    #[serde(default)]
    pub offset: f64,
}

/// Settings that make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{metric}.{key} {wrong}")]
pub struct SettingsError {
    /// The metric, or `default`.
    pub metric: String,
    /// The key.
    pub key: &'static str,
    /// What is wrong with it.
    pub wrong: &'static str,
}

impl Default for MetricSettings {
    fn default() -> Self {
        Self {
            model: Model::default(),
            noise: Noise::Learned { least: 0.0 },
            false_rejections: 1e-4,
            warm_up: 30,
            shift_after: 4,
            range: [-1e15, 1e15],
            unit: None,
            units: BTreeMap::new(),
            history: 128,
        }
    }
}

impl MetricSettings {
    /// Whether the noise is given.
    pub(crate) const fn is_given(&self) -> bool {
        matches!(self.noise, Noise::Given { .. })
    }

    /// A value in the base unit; `None` where the unit is not known.
    pub(crate) fn in_base_unit(&self, value: f64, unit: Option<&str>) -> Option<f64> {
        let Some(unit) = unit else { return Some(value) };
        if self.unit.as_deref() == Some(unit) {
            return Some(value);
        }
        self.units.get(unit).map(|conversion| value.mul_add(conversion.factor, conversion.offset))
    }

    fn wrong(&self) -> Option<(&'static str, &'static str)> {
        let [least, greatest] = self.range;
        let positive = |number: f64| number.is_finite() && number > 0.0;
        let not_negative = |number: f64| number.is_finite() && number >= 0.0;
        let noise = match self.noise {
            Noise::Learned { least } => not_negative(least),
            Noise::Given { level, slope, measurement } => {
                not_negative(level) && not_negative(slope) && positive(measurement)
            }
        };
        if !(1e-12..=0.1).contains(&self.false_rejections) {
            Some(("false_rejections", "is not between 1e-12 and 0.1"))
        } else if !noise {
            Some(("noise", "has a variance that is negative or no number, or no measurement noise"))
        } else if !(1..=100_000).contains(&self.warm_up) {
            Some(("warm_up", "is not between 1 and 100000"))
        } else if !(2..=1_000_000).contains(&self.shift_after) {
            Some(("shift_after", "is not between 2 and 1000000"))
        } else if !(least < greatest && least >= -1e15 && greatest <= 1e15) {
            Some(("range", "is empty, or goes beyond ±1e15"))
        } else if self
            .units
            .values()
            .any(|unit| !unit.factor.is_finite() || unit.factor == 0.0 || !unit.offset.is_finite())
        {
            Some(("units", "has a factor of 0 or a number that is none"))
        } else if self.history > 512 {
            Some(("history", "is more than 512"))
        } else {
            None
        }
    }
}

impl MeasureSettings {
    /// The settings of a metric.
    pub fn of(&self, metric: &str) -> &MetricSettings {
        self.metrics.get(metric).unwrap_or(&self.default)
    }

    /// Finds what makes no sense.
    pub fn check(&self) -> Result<(), SettingsError> {
        let named = self.metrics.iter().map(|(name, settings)| (name.as_str(), settings));
        for (metric, settings) in std::iter::once(("default", &self.default)).chain(named) {
            if let Some((key, wrong)) = settings.wrong() {
                return Err(SettingsError { metric: metric.to_owned(), key, wrong });
            }
        }
        Ok(())
    }
}
