//! What is known of a user: a series per metric, judged, counted and remembered.
//!
//! Whatever is asked of a state twice changes it once. A measurement is known by the hash of its id, or of its time and value, among the
//! newest points, and by time and value among those in the history. What is older than all that is remembered is older than the newest
//! too, and stale; it changes nothing. So there is no measurement that could be applied twice, remembered or not. Values that are not
//! finite, out of range or in an unknown unit are judged without looking at the state, and leave no trace in it.

mod bytes;
mod codec;
mod point;

#[cfg(test)]
mod tests;

pub use point::Point;

use crate::filter::{Estimate, Filter, Outcome, Reason};
use crate::measurement::Measurement;
use crate::settings::MetricSettings;
use point::{BLOCK, MOST_RECENT, Points};
use twox_hash::XxHash3_64;

/// Metrics of a user at most: with 512 points of history each they stay below what a store takes.
pub const MOST_SERIES: usize = 16;

/// Bytes that an allocation takes beside what is in it, on average: allocators have sizes an eighth apart.
const ALLOCATION: usize = 24;

/// Bytes that are no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// They end too soon.
    #[error("the stored state ends too soon")]
    Short,
    /// They were written by a later version of this program.
    #[error("the stored state has version {0}, which this program does not know")]
    Version(u8),
    /// They are not what was written.
    #[error("the stored state is damaged")]
    Damaged,
    /// A part of it can't be.
    #[error("the stored state has a wrong {0}")]
    Wrong(&'static str),
}

/// The user has as many metrics as one may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the user has {MOST_SERIES} metrics already")]
pub struct TooManySeries;

/// All that is known of a user.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UserState {
    /// By name. A list, since most users have one or two: a tree's smallest node takes room for eleven.
    series: Vec<(Box<str>, Series)>,
}

/// All that is known of a metric of a user.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    filter: Filter,
    accepted: u64,
    rejected: u64,
    points: Points,
}

impl UserState {
    /// Judges a measurement of this user, and says whether the state changed.
    pub fn judge(
        &mut self,
        settings: &MetricSettings,
        measurement: &Measurement,
    ) -> Result<(Outcome, bool), TooManySeries> {
        let refused = |reason| Ok((Outcome::refused(reason), false));
        let Some(value) = settings.in_base_unit(measurement.value, measurement.unit.as_deref()) else {
            return refused(Reason::UnknownUnit);
        };
        if !value.is_finite() {
            return refused(Reason::NotFinite);
        }
        let [least, greatest] = settings.range;
        if !(least..=greatest).contains(&value) {
            return refused(Reason::OutOfRange);
        }
        // Minus nought is nought, and is told apart from it by nothing but its bits.
        let value = value + 0.0;
        let time_ms = measurement.time.as_millis();
        let identity = identity(measurement.id.as_deref(), time_ms, value);
        let at = match self.place(&measurement.metric) {
            Ok(at) => return Ok(self.series[at].1.judge(settings, identity, time_ms, value)),
            Err(at) => at,
        };
        if self.series.len() >= MOST_SERIES {
            return Err(TooManySeries);
        }
        let (filter, step) = Filter::begin(settings, time_ms, value);
        let point = Point { identity, time_ms, value, step };
        let points = Points { blocks: Vec::new(), recent: vec![point] };
        let series = Series { filter, accepted: 1, rejected: 0, points };
        self.series.reserve_exact(1);
        self.series.insert(at, (measurement.metric.as_str().into(), series));
        Ok((point.outcome(), true))
    }

    /// Where a metric's series is, or would be.
    fn place(&self, metric: &str) -> Result<usize, usize> {
        self.series.binary_search_by(|(name, _)| (**name).cmp(metric))
    }

    /// A series by its metric.
    pub fn series(&self, metric: &str) -> Option<&Series> {
        self.place(metric).ok().map(|at| &self.series[at].1)
    }

    /// The metrics' names, in their order.
    pub fn metrics(&self) -> impl Iterator<Item = &str> {
        self.series.iter().map(|(name, _)| &**name)
    }

    /// Bytes that it takes in memory; an allocation counts with what allocators add to it.
    pub fn weight(&self) -> usize {
        let of_series = |(name, series): &(Box<str>, Series)| {
            let Points { blocks, recent } = &series.points;
            let packed: usize = blocks.iter().map(|block| block.capacity() + ALLOCATION).sum();
            let lists = recent.capacity() * size_of::<Point>() + blocks.capacity() * size_of::<Vec<u8>>();
            name.len()
                + packed
                + lists
                + series.filter.levels.0.capacity() * size_of::<f64>()
                + 4 * ALLOCATION
        };
        let series: usize = self.series.iter().map(of_series).sum();
        size_of::<Self>() + self.series.capacity() * size_of::<(Box<str>, Series)>() + series + 2 * ALLOCATION
    }
}

impl Series {
    fn judge(
        &mut self,
        settings: &MetricSettings,
        identity: u64,
        time_ms: i64,
        value: f64,
    ) -> (Outcome, bool) {
        if let Some(known) = self.points.recent.iter().rev().find(|point| point.identity == identity) {
            let outcome = if known.is(time_ms, value) {
                Outcome { repeated: true, ..known.outcome() }
            } else {
                Outcome::refused(Reason::Duplicate)
            };
            return (outcome, false);
        }
        if self.is_stale(time_ms) {
            let outcome = self.points.earlier(time_ms, value).map_or_else(
                || Outcome::refused(Reason::Stale),
                |known| Outcome { repeated: true, ..known.outcome() },
            );
            return (outcome, false);
        }
        let step = self.filter.judge(settings, time_ms, value);
        if step.accepted {
            self.accepted = self.accepted.saturating_add(1);
        } else {
            self.rejected = self.rejected.saturating_add(1);
        }
        let point = Point { identity, time_ms, value, step };
        self.points.push(point, (settings.history as usize).div_ceil(BLOCK));
        (point.outcome(), true)
    }

    /// Older than the newest; or as old, where not all that are as old are among the newest, so that it can't be told whether it is new.
    fn is_stale(&self, time_ms: i64) -> bool {
        let full = self.points.recent.len() >= MOST_RECENT - BLOCK;
        time_ms < self.filter.time_ms
            || (time_ms == self.filter.time_ms
                && full
                && self.points.recent.first().is_some_and(|oldest| oldest.time_ms == time_ms))
    }

    /// What the filter believes.
    pub const fn estimate(&self) -> &Estimate {
        self.filter.estimate()
    }

    /// Values that were accepted.
    pub const fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Values that were rejected as outliers.
    pub const fn rejected(&self) -> u64 {
        self.rejected
    }

    /// The points that are remembered, oldest first.
    pub fn points(&self) -> Result<Vec<Point>, StateError> {
        self.points.all()
    }
}

fn identity(id: Option<&str>, time_ms: i64, value: f64) -> u64 {
    let hash = match id {
        Some(id) => XxHash3_64::oneshot(id.as_bytes()),
        None => {
            let mut bytes = [0; 17];
            // A byte that no UTF-8 text has, so that no id is the same.
            bytes[0] = 0xff;
            bytes[1..9].copy_from_slice(&time_ms.to_le_bytes());
            bytes[9..].copy_from_slice(&value.to_bits().to_le_bytes());
            XxHash3_64::oneshot(&bytes)
        }
    };
    // 0 stands for none.
    hash.max(1)
}
