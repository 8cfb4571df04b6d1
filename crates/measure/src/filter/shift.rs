//! When what was rejected is what has become of the series.
//!
//! A level may change for good. What is rejected is held as a candidate for the new level: after `k` values in a row that agree
//! with each other it is taken up. Values that are rejected and don't agree are taken up too, after four times as many: then the series
//! has become wilder, and is believed to be. So nothing is rejected for ever.
//!
//! A series that changes between a few levels (day and night, idle and busy) would have its first values rejected at each
//! change. So levels that were left are remembered, and a value that fits one of them is a return, not an outlier.

/// Levels that are remembered.
pub(crate) const MOST_LEVELS: usize = 4;
/// So many times as many values are needed where they don't agree.
const DISPERSED: u32 = 4;

/// Rejected values in a row.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Candidate {
    /// The last ones that agree with each other.
    pub agreeing: u32,
    /// All in a row.
    pub run: u32,
    /// Mean of those that agree.
    pub mean: f64,
    /// Mean of all in a row, and the sum of squares around it (B. P. Welford 1962).
    pub run_mean: f64,
    pub run_squares: f64,
}

/// What a run of rejected values came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TakenUp {
    pub level: f64,
    /// Variance of the values, where they did not agree.
    pub variance: Option<f64>,
}

impl Candidate {
    /// Takes in a rejected value; `width` is how far apart values may be that agree. Tells the new level when it is to be taken up.
    pub(crate) fn reject(&mut self, value: f64, width: f64, after: u32) -> Option<TakenUp> {
        if self.agreeing > 0 && (value - self.mean).abs() <= width {
            self.agreeing += 1;
            self.mean += (value - self.mean) / f64::from(self.agreeing);
        } else {
            self.agreeing = 1;
            self.mean = value;
        }
        self.run += 1;
        let difference = value - self.run_mean;
        self.run_mean += difference / f64::from(self.run);
        self.run_squares += difference * (value - self.run_mean);
        if self.agreeing >= after {
            Some(TakenUp { level: self.mean, variance: None })
        } else if self.run >= after.saturating_mul(DISPERSED) {
            let variance = self.run_squares / f64::from(self.run.max(2) - 1);
            Some(TakenUp { level: self.run_mean, variance: Some(variance) })
        } else {
            None
        }
    }
}

/// Levels that were left, the last one last.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Levels(pub Vec<f64>);

impl Levels {
    /// Remembers a level; one within `width` of it is the same.
    pub(crate) fn leave(&mut self, level: f64, width: f64) {
        self.0.retain(|known| (known - level).abs() > width);
        if self.0.len() >= MOST_LEVELS {
            self.0.remove(0);
        }
        self.0.push(level);
    }

    /// The level nearest to a value, if it is within `width`.
    pub(crate) fn fitting(&self, value: f64, width: f64) -> Option<f64> {
        self.0
            .iter()
            .copied()
            .filter(|level| (level - value).abs() <= width)
            .min_by(|one, another| (one - value).abs().total_cmp(&(another - value).abs()))
    }
}
