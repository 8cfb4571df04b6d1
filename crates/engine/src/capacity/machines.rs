//! What the machines carry: for each of them, how many alerts a second are its limit.
//!
//! Each alert takes a fixed time of each machine, so each is used up at a rate that can be said at once (the utilisation
//! law); the least of these rates bounds the fleet.

use super::calibration::Calibration;
use super::scenario::Scenario;
use super::skew::Skew;
use serde::Serialize;

/// What an alert passes, and what may run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The cores of the busiest worker.
    WorkerCores,
    /// The busiest worker's batches: it judges one at a time, on one core, and waits until it is stored.
    WorkerBatches,
    /// The cores of PostgreSQL.
    PostgresCores,
    /// The cores of Kafka's brokers.
    KafkaCores,
    /// What the brokers take in.
    KafkaBytes,
    /// Checks of shared budgets.
    RedisChecks,
    /// The cores of one machine that all of them share.
    SharedCores,
    /// What the models allow.
    Model,
}

impl Part {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::WorkerCores => "cores of the busiest worker",
            Self::WorkerBatches => "batches of the busiest worker",
            Self::PostgresCores => "cores of PostgreSQL",
            Self::KafkaCores => "cores of Kafka",
            Self::KafkaBytes => "bytes into Kafka",
            Self::RedisChecks => "budget checks of Redis",
            Self::SharedCores => "the machine's cores, shared by all",
            Self::Model => "the models' budgets",
        }
    }
}

/// One part, and how much of it is used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Resource {
    /// Which.
    pub part: Part,
    /// Alerts a second that it carries; none if it carries any number.
    pub carries_per_s: Option<f64>,
    /// How much of it is used on average; 1 is all.
    pub used: f64,
    /// How much of it would be used in the busiest hours; more than 1 is a queue.
    pub used_at_peak: f64,
}

impl Resource {
    pub(super) fn new(part: Part, carries_per_s: f64, scenario: &Scenario) -> Self {
        let used = scenario.alerts_per_s / carries_per_s;
        Self {
            part,
            carries_per_s: Some(carries_per_s).filter(|rate| rate.is_finite()),
            used,
            used_at_peak: used * scenario.peak,
        }
    }
}

/// What alerts lead to: questions and calls for one alert, on average.
#[derive(Debug, Clone, Copy)]
pub(super) struct Led {
    pub(super) questions: f64,
    pub(super) calls: f64,
}

/// Every machine's limit.
pub(super) fn machines(
    scenario: &Scenario,
    calibration: &Calibration,
    skew: Skew,
    led: Led,
) -> Vec<Resource> {
    let c = calibration;
    let worker_us = c.read_us + c.judge_us + c.edge_us + led.questions * c.question_us;
    // A batch is judged on one core and stored; while it is put out the next one is judged.
    let batch = scenario.batch_alerts as f64;
    let batch_s = (batch * worker_us / 1e6 + c.postgres_batch_ms / 1e3).max(c.kafka_transaction_ms / 1e3);
    let postgres_us = c.postgres_us + led.questions * c.postgres_question_us;
    let shared = scenario.shared_cores as f64;
    let bytes = (scenario.alert_bytes + scenario.verdict_bytes) * scenario.replication as f64;
    let brokers = scenario.kafka_brokers as f64;
    let per_s = [
        (Part::WorkerCores, scenario.cores as f64 * 1e6 / worker_us / skew.worker),
        (Part::WorkerBatches, batch / batch_s / skew.worker),
        (Part::PostgresCores, scenario.postgres_cores as f64 * 1e6 / postgres_us),
        (Part::KafkaCores, brokers * scenario.kafka_cores as f64 * 1e6 / c.kafka_us),
        (Part::KafkaBytes, brokers * c.kafka_mb_per_s * 1e6 / bytes),
        (Part::SharedCores, shared * 1e6 / (worker_us + postgres_us + c.kafka_us)),
        (Part::RedisChecks, c.redis_checks_per_s / (led.calls * c.redis_checks_per_call)),
    ];
    per_s
        .into_iter()
        .filter(|(part, _)| *part != Part::SharedCores || scenario.shared_cores > 0)
        .map(|(part, rate)| Resource::new(part, rate, scenario))
        .collect()
}

/// MB that the busiest worker has resident. `waits_s` is how long an open alert waits on average, of which there are so many
/// a second; `behind` says whether alerts ever lie in the intake topic.
pub(super) fn memory_mb(
    scenario: &Scenario,
    calibration: &Calibration,
    skew: Skew,
    (open_per_s, waits_s): (f64, f64),
    behind: bool,
) -> f64 {
    let c = calibration;
    let workers = scenario.workers.min(scenario.partitions) as f64;
    // New patterns come without end, so that they fill what there is room for within the time simulated.
    let new = scenario.new_share * scenario.alerts_per_s * scenario.hours * 3_600.0;
    let patterns = ((scenario.patterns as f64 + new) * skew.worker).min(c.kept_patterns);
    let entities = (scenario.entities as f64 / workers).min(c.kept_entities);
    // One batch is judged and one put out, and whoever waits for an answer is held (Little's law). Records are compressed in
    // the topic, some five times, and lie unpacked in the worker.
    let alerts = 2.0 * scenario.batch_alerts as f64 + open_per_s * waits_s * skew.worker;
    let unpacked = 5.0 * alerts * (scenario.alert_bytes + scenario.verdict_bytes) / 1e6;
    let held = if behind { c.held_mb } else { unpacked.min(c.held_mb) };
    c.idle_mb + (patterns * c.pattern_kb + entities * c.entity_kb) / 1e3 + c.fetched_mb + held
}
