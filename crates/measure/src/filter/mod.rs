//! A filter per user and metric: what to expect next, and whether what came is believed.
//!
//! One step: the noise as it is known so far → predict over the time that passed → compare → accept and update, or reject
//! and leave the estimate as predicted. `docs/measurements.md` has the equations in one place. A step is a pure function of the
//! state, the settings, the time and the value, of additions, multiplications, roots, `exp` and `ln`, so the same
//! measurements in the same order give the same bytes on every store.

mod gate;
mod model;
mod noise;
mod outcome;
mod shift;

#[cfg(test)]
mod tests;

pub use model::{Estimate, Innovation, Model, Variances};
pub use outcome::{Band, Judgement, Outcome, Reason};

pub(crate) use gate::{Tail, normal_gate};
pub(crate) use noise::Learned;
pub(crate) use shift::{Candidate, Levels, MOST_LEVELS};

use crate::settings::{MetricSettings, Noise};
use shift::TakenUp;

/// Values before which nothing is known to compare with.
const LEAST_SEEN: u64 = 3;

/// What is known of one series: about 300 bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub(crate) model: Model,
    pub(crate) time_ms: i64,
    /// Values that were compared, accepted or not.
    pub(crate) seen: u64,
    pub(crate) estimate: Estimate,
    pub(crate) learned: Learned,
    pub(crate) tail: Tail,
    pub(crate) candidate: Candidate,
    pub(crate) levels: Levels,
}

/// What came of a value. The numbers are as narrow as they are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    pub accepted: bool,
    pub shift: bool,
    /// Value minus expectation.
    pub residual: f32,
    /// Half the width of the band within which it would be accepted.
    pub half_width: f32,
    /// How warm the filter is, in 255ths.
    pub confidence: u8,
}

impl Filter {
    /// A filter that has seen one value, which is believed.
    pub(crate) fn begin(settings: &MetricSettings, time_ms: i64, value: f64) -> (Self, Step) {
        let learned = Learned::of_one(value);
        let mut filter = Self {
            model: settings.model,
            time_ms,
            seen: 1,
            // The level is known before its variance, which depends on it.
            estimate: Estimate { level: value, ..Estimate::default() },
            learned,
            tail: Tail::default(),
            candidate: Candidate::default(),
            levels: Levels::default(),
        };
        let variances = filter.variances(settings);
        filter.estimate = Estimate::of_one(value, &variances);
        let gate = filter.gate(settings);
        let half_width = (gate * (2.0 * variances.measurement).sqrt()) as f32;
        let confidence = filter.confidence(settings);
        (filter, Step { accepted: true, shift: false, residual: 0.0, half_width, confidence })
    }

    /// Judges a finite value that is no older than the last.
    pub(crate) fn judge(&mut self, settings: &MetricSettings, time_ms: i64, value: f64) -> Step {
        debug_assert!(time_ms >= self.time_ms && value.is_finite());
        if self.model != settings.model {
            self.change_model(settings);
        }
        let seconds = time_ms.saturating_sub(self.time_ms).max(0) as f64 / 1e3;
        let variances = self.variances(settings);
        let gate = self.gate(settings);
        let confidence = self.confidence(settings);
        // A slope is not known before two values in a row were believed; until then there is none to predict with.
        let flat = self.model == Model::LocalLinearTrend && self.estimate.slope_variance == 0.0;
        let (before, in_a_row) = (self.estimate.level, self.candidate.run == 0);
        self.estimate.predict(if flat { Model::LocalLevel } else { self.model }, seconds, &variances);
        let innovation = self.estimate.innovation(value, &variances);
        let half_width = gate * innovation.variance.sqrt();
        let fits =
            innovation.residual.abs() <= half_width || (self.seen < LEAST_SEEN && !settings.is_given());

        self.time_ms = time_ms;
        self.seen += 1;
        self.learned.learn(value, seconds);
        let told = |accepted, shift, residual| Step {
            accepted,
            shift,
            residual: narrow(residual),
            half_width: narrow(half_width),
            confidence,
        };
        if !settings.is_given() && self.seen > LEAST_SEEN {
            self.tail.learn(innovation.residual.abs() / innovation.variance.sqrt(), gate);
        }
        let step = if fits {
            if flat && in_a_row && seconds > 0.0 {
                self.estimate = Estimate::of_two(before, value, seconds, &variances);
            } else {
                self.estimate.update(&innovation, &variances);
            }
            self.candidate = Candidate::default();
            told(true, false, innovation.residual)
        } else if let Some(level) = self.levels.fitting(value, half_width) {
            self.move_to(level, half_width, &variances);
            let innovation = self.estimate.innovation(value, &variances);
            self.estimate.update(&innovation, &variances);
            told(true, true, innovation.residual)
        } else if let Some(taken) = self.candidate.reject(value, half_width, settings.shift_after) {
            self.take_up(taken, half_width, &variances);
            told(true, true, innovation.residual)
        } else {
            told(false, false, innovation.residual)
        };
        if !self.estimate.is_finite() {
            *self = Self::begin(settings, time_ms, value).0;
        }
        step
    }

    /// The variances that the next step works with.
    pub(crate) fn variances(&self, settings: &MetricSettings) -> Variances {
        match settings.noise {
            Noise::Given { level, slope, measurement } => Variances { level, slope, measurement },
            Noise::Learned { least } => self.learned.variances(self.model, self.estimate.level, least),
        }
    }

    /// How many standard deviations are accepted next.
    fn gate(&self, settings: &MetricSettings) -> f64 {
        if settings.is_given() {
            return normal_gate(settings.false_rejections);
        }
        // What was learned from few values is believed with reserve.
        let cold = f64::from(settings.warm_up) / self.seen.max(1) as f64;
        self.tail.gate(settings.false_rejections) * cold.max(1.0)
    }

    fn confidence(&self, settings: &MetricSettings) -> u8 {
        if settings.is_given() || self.seen >= u64::from(settings.warm_up) {
            return u8::MAX;
        }
        (255.0 * (self.seen + 1) as f64 / f64::from(settings.warm_up + 1)) as u8
    }

    fn take_up(&mut self, taken: TakenUp, width: f64, variances: &Variances) {
        match taken.variance {
            None => self.move_to(taken.level, width, variances),
            Some(variance) => {
                self.learned.at_least(variance);
                self.restart(taken.level, variances);
            }
        }
    }

    fn move_to(&mut self, level: f64, width: f64, variances: &Variances) {
        self.levels.0.retain(|known| *known != level);
        self.levels.leave(self.estimate.level, width);
        self.restart(level, variances);
    }

    fn restart(&mut self, level: f64, variances: &Variances) {
        let slope_variance = self.estimate.slope_variance;
        self.estimate = Estimate { slope_variance, ..Estimate::of_one(level, variances) };
        self.candidate = Candidate::default();
    }

    /// The settings name another model now: the level stays, the slope is learned anew.
    fn change_model(&mut self, settings: &MetricSettings) {
        self.model = settings.model;
        let level_variance = self.estimate.level_variance;
        let step = if self.learned.step > 0.0 { self.learned.step } else { 1.0 };
        let slope_variance = match self.model {
            Model::LocalLevel => 0.0,
            Model::LocalLinearTrend => level_variance / (step * step),
        };
        self.estimate =
            Estimate { slope: 0.0, covariance: 0.0, slope_variance, level_variance, ..self.estimate };
    }

    /// What is believed now.
    pub const fn estimate(&self) -> &Estimate {
        &self.estimate
    }
}

/// As it is stored: finite whatever it was.
fn narrow(number: f64) -> f32 {
    number.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
}
