//! What could not be read or judged, until it can.

use super::Answer;
use crate::{DeadState, MeasurementDeadRow, StoredDead, StoredMeasurementDead};

/// Records that could not be read.
pub trait DeadRecords: Send + Sync {
    /// The dead letters that wait, oldest first, from the one after `after`.
    fn dead_letters(&self, after: i64, limit: usize) -> Answer<'_, Vec<StoredDead>>;

    /// The dead letters of these numbers that wait, in the order that was asked for; at most 10,000.
    fn dead_by_id<'a>(&'a self, ids: &'a [i64]) -> Answer<'a, Vec<StoredDead>>;

    /// Drops a dead letter; whether it waited.
    fn drop_dead(&self, id: i64) -> Answer<'_, bool>;

    /// How many dead letters wait.
    fn dead_count(&self) -> Answer<'_, u64>;

    /// Marks dead letters as tried again: with what became of them.
    fn dead_tried<'a>(&'a self, outcomes: &'a [(i64, DeadState)]) -> Answer<'a, ()>;
}

/// Measurements that could not be judged.
pub trait MeasurementDeadRecords: Send + Sync {
    /// Keeps letters; one that waits already has more attempts, and the new reason. Says how many were dropped for lack of room.
    fn keep_measurement_dead<'a>(&'a self, rows: &'a [MeasurementDeadRow]) -> Answer<'a, u64>;

    /// The letters that wait, oldest first, from the one after `after`.
    fn measurement_dead(&self, after: i64, limit: usize) -> Answer<'_, Vec<StoredMeasurementDead>>;

    /// Letters that wait, and those that were dropped for lack of room.
    fn measurement_dead_counts(&self) -> Answer<'_, (u64, u64)>;

    /// Takes letters away, once they were judged. Says how many there were.
    fn forget_measurement_dead<'a>(&'a self, ids: &'a [i64]) -> Answer<'a, u64>;
}
