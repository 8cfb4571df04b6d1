//! What one alert, call and pattern takes, and where each figure is from.
//!
//! One table ([`constants`]), which docs/capacity.md repeats. A file may set any of them anew: what was measured on the
//! machines in question is always better.

use super::CapacityError;
use serde::{Deserialize, Serialize};

/// How sure a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Measured as BENCHMARKS.md says.
    Measured,
    /// What the program sets itself.
    Bound,
    /// Assumed, until it is measured.
    Assumed,
}

impl Standing {
    /// As a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Bound => "bound",
            Self::Assumed => "assumed",
        }
    }
}

/// The constants of the model. A core is one of the machine that they were measured on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calibration {
    /// µs of a worker's core to read an alert.
    pub read_us: f64,
    /// µs of a worker's core for facts, rules, pattern, judging and rows.
    pub judge_us: f64,
    /// µs of a worker's core to take an alert from Kafka, write its rows to PostgreSQL and its verdict to Kafka.
    pub edge_us: f64,
    /// µs of a worker's core for a question: prompt, call, checked answer.
    pub question_us: f64,
    /// ms that a worker waits for PostgreSQL with a batch, during which it judges nothing.
    pub postgres_batch_ms: f64,
    /// ms of a transaction of Kafka, during which a worker judges the next batch.
    pub kafka_transaction_ms: f64,
    /// µs of a core of PostgreSQL for an alert.
    pub postgres_us: f64,
    /// µs of a core of PostgreSQL for a question, claimed and answered.
    pub postgres_question_us: f64,
    /// µs of a broker's core for an alert and its verdict.
    pub kafka_us: f64,
    /// MB/s that a broker takes in, copies included.
    pub kafka_mb_per_s: f64,
    /// Checks of shared budgets that one Redis server does in a second.
    pub redis_checks_per_s: f64,
    /// Checks for a call: to take a slot, and to settle it.
    pub redis_checks_per_call: f64,
    /// MB of a worker that does nothing.
    pub idle_mb: f64,
    /// KB for each pattern that a worker keeps.
    pub pattern_kb: f64,
    /// Patterns that a worker keeps at most.
    pub kept_patterns: f64,
    /// KB for each entity that a worker keeps.
    pub entity_kb: f64,
    /// Entities that a worker keeps at most.
    pub kept_entities: f64,
    /// MB of records that a worker has fetched and not begun, at most.
    pub fetched_mb: f64,
    /// MB of records that a worker holds at most, beyond which it reads no more.
    pub held_mb: f64,
}

/// A constant, for people.
#[derive(Debug, Clone, Copy)]
pub struct Constant {
    /// Its key in a calibration file.
    pub name: &'static str,
    /// Its value, if no file says otherwise.
    pub value: f64,
    /// How sure it is.
    pub standing: Standing,
    /// The measurement it is from.
    pub source: &'static str,
    place: fn(&mut Calibration) -> &mut f64,
}

/// Every constant.
pub fn constants() -> &'static [Constant] {
    &CONSTANTS
}

const CONSTANTS: [Constant; 19] = [
    Constant {
        name: "read_us",
        value: 1.5,
        standing: Standing::Measured,
        source: "parse only, 1 thread: 680,000 alerts/s",
        place: |c| &mut c.read_us,
    },
    Constant {
        name: "judge_us",
        value: 8.3,
        standing: Standing::Measured,
        source: "triage, warm, new alerts of known patterns: 205,000/s on two cores, less reading",
        place: |c| &mut c.judge_us,
    },
    Constant {
        name: "edge_us",
        value: 52.0,
        standing: Standing::Measured,
        source: "one worker, 400,000 records: 24.9 s of a core, less reading and judging",
        place: |c| &mut c.edge_us,
    },
    Constant {
        name: "question_us",
        value: 500.0,
        standing: Standing::Assumed,
        source: "prompt, call and checked answer; not measured",
        place: |c| &mut c.question_us,
    },
    Constant {
        name: "postgres_batch_ms",
        value: 60.0,
        standing: Standing::Measured,
        source: "one worker, 10,714 records/s: what a batch of 2,000 takes beyond its core's time",
        place: |c| &mut c.postgres_batch_ms,
    },
    Constant {
        name: "kafka_transaction_ms",
        value: 30.0,
        standing: Standing::Assumed,
        source: "not measured",
        place: |c| &mut c.kafka_transaction_ms,
    },
    Constant {
        name: "postgres_us",
        value: 38.0,
        standing: Standing::Measured,
        source: "one worker, 400,000 records: 15.1 s of a core",
        place: |c| &mut c.postgres_us,
    },
    Constant {
        name: "postgres_question_us",
        value: 500.0,
        standing: Standing::Assumed,
        source: "claimed and answered; not measured",
        place: |c| &mut c.postgres_question_us,
    },
    Constant {
        name: "kafka_us",
        value: 22.0,
        standing: Standing::Measured,
        source: "one worker, 400,000 records: 8.9 s of a core",
        place: |c| &mut c.kafka_us,
    },
    Constant {
        name: "kafka_mb_per_s",
        value: 100.0,
        standing: Standing::Assumed,
        source: "a gigabit; not measured",
        place: |c| &mut c.kafka_mb_per_s,
    },
    Constant {
        name: "redis_checks_per_s",
        value: 12_500.0,
        standing: Standing::Measured,
        source: "eight at once: cargo bench -p watchfire-shared --bench budget",
        place: |c| &mut c.redis_checks_per_s,
    },
    Constant {
        name: "redis_checks_per_call",
        value: 2.0,
        standing: Standing::Assumed,
        source: "one script to take a slot, one to settle it; those who wait are told when to come again",
        place: |c| &mut c.redis_checks_per_call,
    },
    Constant {
        name: "idle_mb",
        value: 26.0,
        standing: Standing::Measured,
        source: "with the clients of Kafka, PostgreSQL and Redis: 25.7 to 26.6 MB",
        place: |c| &mut c.idle_mb,
    },
    Constant {
        name: "pattern_kb",
        value: 2.5,
        standing: Standing::Measured,
        source: "154 MB after 115,000 requests with as many patterns, of which 50,000 are kept",
        place: |c| &mut c.pattern_kb,
    },
    Constant {
        name: "kept_patterns",
        value: 50_000.0,
        standing: Standing::Bound,
        source: "ARCHITECTURE.md",
        place: |c| &mut c.kept_patterns,
    },
    Constant {
        name: "entity_kb",
        value: 1.2,
        standing: Standing::Measured,
        source: "86.4 MB after 6,000,000 requests from ever new addresses, less 10.3 idle and 2,658 patterns",
        place: |c| &mut c.entity_kb,
    },
    Constant {
        name: "kept_entities",
        value: 57_344.0,
        standing: Standing::Bound,
        source: "ARCHITECTURE.md",
        place: |c| &mut c.kept_entities,
    },
    Constant {
        name: "fetched_mb",
        value: 33.6,
        standing: Standing::Bound,
        source: "fetched and queued: kafka/src/settings.rs",
        place: |c| &mut c.fetched_mb,
    },
    Constant {
        name: "held_mb",
        value: 134.0,
        standing: Standing::Bound,
        source: "engine/src/worker/run.rs",
        place: |c| &mut c.held_mb,
    },
];

/// No constant is nothing, and none is more than this.
const LEAST: f64 = 1e-6;
const MOST: f64 = 1e9;

impl Default for Calibration {
    fn default() -> Self {
        let mut calibration = Self {
            read_us: 0.0,
            judge_us: 0.0,
            edge_us: 0.0,
            question_us: 0.0,
            postgres_batch_ms: 0.0,
            kafka_transaction_ms: 0.0,
            postgres_us: 0.0,
            postgres_question_us: 0.0,
            kafka_us: 0.0,
            kafka_mb_per_s: 0.0,
            redis_checks_per_s: 0.0,
            redis_checks_per_call: 0.0,
            idle_mb: 0.0,
            pattern_kb: 0.0,
            kept_patterns: 0.0,
            entity_kb: 0.0,
            kept_entities: 0.0,
            fetched_mb: 0.0,
            held_mb: 0.0,
        };
        for constant in &CONSTANTS {
            *(constant.place)(&mut calibration) = constant.value;
        }
        calibration
    }
}

impl Calibration {
    /// Says which constant can't be.
    ///
    /// # Errors
    /// The first that is nothing, less, or beyond everything.
    pub fn check(&self) -> Result<(), CapacityError> {
        let mut copy = self.clone();
        for constant in &CONSTANTS {
            let value = *(constant.place)(&mut copy);
            if !(LEAST..=MOST).contains(&value) {
                return Err(CapacityError::OutOfRange {
                    key: constant.name.to_owned(),
                    value,
                    low: LEAST,
                    high: MOST,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Calibration, Constant, constants};

    #[test]
    fn every_constant_is_in_the_table_and_there_once() {
        let calibration = Calibration::default();
        assert!(calibration.check().is_ok());
        let fields = serde_json::to_value(&calibration).unwrap();
        let names: Vec<&str> = constants().iter().map(|constant: &Constant| constant.name).collect();
        assert_eq!(fields.as_object().unwrap().len(), names.len());
        for constant in constants() {
            assert_eq!(fields[constant.name].as_f64(), Some(constant.value), "{}", constant.name);
        }
    }

    #[test]
    fn nothing_costs_nothing() {
        let free = Calibration { edge_us: 0.0, ..Calibration::default() };
        assert!(free.check().unwrap_err().to_string().contains("edge_us"));
        assert!(Calibration { idle_mb: f64::NAN, ..Calibration::default() }.check().is_err());
    }
}
