//! Measurements: what is said of each, of a batch, of a user, and of how it goes.

use super::words::moment;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use watchfire_flow::Histogram;
use watchfire_judge::tame;
use watchfire_measure::batch::Counts;
use watchfire_measure::{Answer, Engine, Point, Reason, Series, StateError};
use watchfire_store::StoredMeasurementDead;

/// What is said of one measurement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeasurementAnswer {
    /// Its place in the batch, from 0.
    index: usize,
    /// `accepted`, `rejected`, or `failed`: then it was not judged.
    status: &'static str,
    /// Why it was rejected or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<f64>,
    /// What was most likely, in the metric's base unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<f64>,
    /// The least value that is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    lower: Option<f64>,
    /// The greatest value that is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    upper: Option<f64>,
    /// Whether the series changed its level with it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shift: bool,
    /// Whether it was judged before, and this is what was said then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    repeated: bool,
}

impl MeasurementAnswer {
    /// Of what could not be read or not be judged.
    pub(crate) const fn failed(index: usize, reason: String) -> Self {
        Self {
            index,
            status: "failed",
            reason: Some(reason),
            quality: None,
            expected: None,
            lower: None,
            upper: None,
            shift: false,
            repeated: false,
        }
    }

    pub(crate) fn of(index: usize, answer: &Answer) -> Self {
        let outcome = match answer {
            Answer::Failed { reason, .. } => return Self::failed(index, tame(&reason.to_string(), 300)),
            Answer::Judged(outcome) => outcome,
        };
        Self {
            index,
            status: if outcome.is_accepted() { "accepted" } else { "rejected" },
            reason: outcome.reason().map(|reason| reason.as_str().to_owned()),
            quality: Some(outcome.quality),
            expected: outcome.band.map(|band| band.expected),
            lower: outcome.band.map(|band| band.lower),
            upper: outcome.band.map(|band| band.upper),
            shift: outcome.shift,
            repeated: outcome.repeated,
        }
    }
}

/// Rejected measurements by reason.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Rejected {
    outlier: u64,
    stale: u64,
    duplicate: u64,
    out_of_range: u64,
    not_finite: u64,
    unknown_unit: u64,
}

/// What was counted.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct MeasurementCounts {
    /// Measurements that were read.
    measurements: u64,
    /// Those that are believed.
    accepted: u64,
    /// Those that are not.
    rejected: Rejected,
    /// Those that were judged before, and answered as they were; each is accepted or rejected, too.
    repeated: u64,
    /// Those that could not be judged.
    failed: u64,
    /// Levels that changed.
    shifts: u64,
    /// Mean quality of what was judged.
    mean_quality: f64,
    /// Users, each once per batch.
    users: u64,
    /// Users that could not be read or written.
    failed_users: u64,
    /// Users whose state was at hand.
    cached: u64,
    /// Calls to the store to read.
    store_reads: u64,
    /// Calls to the store to write.
    store_writes: u64,
    /// Users that were written.
    users_written: u64,
    /// Bytes that were written.
    bytes_written: u64,
    /// Users that the store wanted later.
    throttles: u64,
    /// Users that somebody else wrote meanwhile.
    conflicts: u64,
    /// Users that were tried again.
    retries: u64,
}

impl MeasurementCounts {
    pub(crate) fn of(counts: &Counts) -> Self {
        let rejected = |reason: Reason| counts.rejected[reason as usize];
        Self {
            measurements: counts.measurements,
            accepted: counts.accepted,
            rejected: Rejected {
                outlier: rejected(Reason::Outlier),
                stale: rejected(Reason::Stale),
                duplicate: rejected(Reason::Duplicate),
                out_of_range: rejected(Reason::OutOfRange),
                not_finite: rejected(Reason::NotFinite),
                unknown_unit: rejected(Reason::UnknownUnit),
            },
            repeated: counts.repeated,
            failed: counts.failed,
            shifts: counts.shifts,
            mean_quality: counts.mean_quality(),
            users: counts.users,
            failed_users: counts.failed_users,
            cached: counts.cached,
            store_reads: counts.loads,
            store_writes: counts.saves,
            users_written: counts.written,
            bytes_written: counts.written_bytes,
            throttles: counts.throttles,
            conflicts: counts.conflicts,
            retries: counts.retries,
        }
    }
}

/// What a batch came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchStatistics {
    #[serde(flatten)]
    pub(crate) counts: MeasurementCounts,
    /// Items that could not be read.
    pub(crate) unreadable: u64,
    /// Rejected values that became alerts now.
    pub(crate) alerts: u64,
    /// Failed measurements that are kept as dead letters.
    pub(crate) dead_letters: u64,
    /// Failed measurements that would be dead letters, if there was room.
    pub(crate) dropped: u64,
    /// How long judging took, in milliseconds.
    pub(crate) took_ms: f64,
}

/// Answers in the order of the input.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchAnswers {
    pub(crate) answers: Vec<MeasurementAnswer>,
    pub(crate) statistics: BatchStatistics,
}

/// A value that was compared, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryPoint {
    /// When, in milliseconds since 1970.
    time: i64,
    value: f64,
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shift: bool,
    expected: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
}

impl HistoryPoint {
    fn of(point: &Point) -> Self {
        let outcome = point.outcome();
        Self {
            time: point.time_ms,
            value: point.value,
            accepted: outcome.is_accepted(),
            reason: outcome.reason().map(Reason::as_str),
            shift: outcome.shift,
            expected: outcome.band.map(|band| band.expected),
            lower: outcome.band.map(|band| band.lower),
            upper: outcome.band.map(|band| band.upper),
        }
    }
}

/// What is known of a metric of a user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MetricSeries {
    metric: String,
    /// The metric's base unit, if it has a name.
    unit: Option<String>,
    /// The level that is believed now.
    level: f64,
    /// What would be accepted by the newest value's band: the least and the greatest.
    lower: Option<f64>,
    upper: Option<f64>,
    accepted: u64,
    /// Rejected as outliers.
    rejected: u64,
    /// The newest values, oldest first, at most 576.
    points: Vec<HistoryPoint>,
}

impl MetricSeries {
    pub(crate) fn of(metric: &str, unit: Option<String>, series: &Series) -> Result<Self, StateError> {
        let points: Vec<HistoryPoint> = series.points()?.iter().map(HistoryPoint::of).collect();
        let newest = points.last();
        Ok(Self {
            metric: metric.to_owned(),
            unit,
            level: series.estimate().level,
            lower: newest.and_then(|point| point.lower),
            upper: newest.and_then(|point| point.upper),
            accepted: series.accepted(),
            rejected: series.rejected(),
            points,
        })
    }
}

/// What is known of a user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeasuredUser {
    pub(crate) user: String,
    /// By name, at most 16.
    pub(crate) metrics: Vec<MetricSeries>,
}

/// Half, 95 and 99 of a hundred take no longer, in milliseconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quantiles {
    p50: f64,
    p95: f64,
    p99: f64,
}

impl Quantiles {
    fn of(histogram: &Histogram) -> Self {
        let at = |share| millis(histogram.quantile(share));
        Self { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
    }
}

/// A user who took long.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlowUser {
    user: String,
    ms: f64,
}

/// How it goes with measurements since the start.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeasurementStatistics {
    #[serde(flatten)]
    counts: MeasurementCounts,
    batches: u64,
    /// Batches in which the time was not enough for somebody.
    timeouts: u64,
    batch_ms: Quantiles,
    user_ms: Quantiles,
    /// Slowest first, at most ten.
    slowest: Vec<SlowUser>,
    /// What to change, in sentences.
    hints: Vec<String>,
    cache: MeasurementCache,
    /// `sqlite`, `postgres` or `dynamodb`.
    store: &'static str,
    /// Rejected values that became alerts.
    alerts: u64,
    /// Dead letters that wait.
    dead_letters: u64,
    /// Dead letters that were dropped for lack of room, ever.
    dropped: u64,
    /// Measurements of a batch at most.
    most: usize,
}

/// States that are kept in memory.
#[derive(Debug, Serialize, ToSchema)]
struct MeasurementCache {
    users: usize,
    bytes: usize,
    /// The share of users whose state was at hand; null before the first.
    hit_rate: Option<f64>,
}

impl MeasurementStatistics {
    pub(crate) fn of(
        engine: &Engine,
        store: &'static str,
        most: usize,
        alerts: u64,
        (dead_letters, dropped): (u64, u64),
    ) -> Self {
        let statistics = engine.statistics();
        let (users, bytes) = engine.cached();
        let counts = &statistics.counts;
        let hit_rate = (counts.users > 0).then(|| counts.cached as f64 / counts.users as f64);
        let slowest = statistics.slowest.iter();
        Self {
            counts: MeasurementCounts::of(counts),
            batches: statistics.batches,
            timeouts: statistics.timeouts,
            batch_ms: Quantiles::of(&statistics.batch_time),
            user_ms: Quantiles::of(&statistics.user_time),
            slowest: slowest.map(|(user, took)| SlowUser { user: user.clone(), ms: millis(*took) }).collect(),
            hints: engine.hints(),
            cache: MeasurementCache { users, bytes, hit_rate },
            store,
            alerts,
            dead_letters,
            dropped,
            most,
        }
    }
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// A measurement that could not be judged.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadMeasurement {
    /// Its number.
    id: i64,
    /// As it would be sent again.
    #[schema(value_type = Object)]
    measurement: serde_json::Value,
    /// How often it was tried.
    attempts: u32,
    /// Why it was given up.
    reason: String,
    /// When.
    at: String,
}

impl DeadMeasurement {
    pub(crate) fn of(letter: StoredMeasurementDead) -> Self {
        Self {
            id: letter.id,
            measurement: serde_json::from_str(&letter.row.measurement).unwrap_or_default(),
            attempts: letter.row.attempts,
            reason: letter.row.reason,
            at: moment(letter.row.at),
        }
    }
}
