//! What is to be simulated: the load, who decides, the machines, the budgets.

use super::CapacityError;
use serde::{Deserialize, Serialize};

/// A fleet and its load. Shares are of 1, times in the unit that their names say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Alerts a second, as the mean of a day.
    pub alerts_per_s: f64,
    /// The busiest hours' rate, as so many times the mean.
    pub peak: f64,
    /// How long that lasts each day.
    pub peak_hours: f64,
    /// How much time is simulated.
    pub hours: f64,
    /// For how long all workers stand still, from the beginning of the peak on.
    pub outage_s: f64,

    /// Worker processes.
    pub workers: u64,
    /// Cores of each.
    pub cores: u64,
    /// Partitions of the intake topic.
    pub partitions: u64,
    /// Entities (the records' keys).
    pub entities: u64,
    /// Zipf's exponent of alerts over entities; 0: all alike.
    pub entity_zipf: f64,
    /// Most alerts in one batch of a worker.
    pub batch_alerts: u64,
    /// Bytes of an alert in the intake topic, compressed as it is there.
    pub alert_bytes: f64,
    /// Bytes of a verdict in its topic, likewise.
    pub verdict_bytes: f64,
    /// Cores of the PostgreSQL server.
    pub postgres_cores: u64,
    /// Kafka's brokers.
    pub kafka_brokers: u64,
    /// Cores of each.
    pub kafka_cores: u64,
    /// Cores of the one machine that workers, PostgreSQL and Kafka share; 0: each has its own.
    pub shared_cores: u64,
    /// Copies that Kafka keeps of each record.
    pub replication: u64,

    /// Patterns that come again and again.
    pub patterns: u64,
    /// Zipf's exponent of alerts over patterns; 0: all alike.
    pub zipf: f64,
    /// Alerts of a pattern that come together, on average; bursts come by chance.
    pub burst: f64,
    /// Share of alerts whose pattern never came before, and does not come again.
    pub new_share: f64,
    /// How long a model's first verdict on a pattern stands.
    pub first_life_h: f64,
    /// How many times longer the next one does.
    pub life_growth: f64,
    /// And at most.
    pub life_h: f64,
    /// Whether nothing is known of any pattern at the beginning.
    pub cold: bool,
    /// Share of alerts that rules decide.
    pub by_rules: f64,
    /// Share of alerts that analysts' earlier words decide.
    pub by_analysts: f64,
    /// Share of alerts that statistics decide. What is left is open: a model's.
    pub by_statistics: f64,
    /// Share of reused verdicts that are asked about nevertheless.
    pub checked_share: f64,
    /// After how long in the queue an open alert is put out with what the embedded deciders said; 0: never.
    pub patience_s: f64,
    /// What models allow. Empty: no model is asked.
    pub budgets: Vec<BudgetGroup>,
    /// All chance follows from it.
    pub seed: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            alerts_per_s: 1_000.0,
            peak: 1.0,
            peak_hours: 4.0,
            hours: 24.0,
            outage_s: 0.0,
            workers: 3,
            cores: 2,
            partitions: 12,
            entities: 10_000,
            entity_zipf: 1.0,
            batch_alerts: 2_000,
            alert_bytes: 400.0,
            verdict_bytes: 400.0,
            postgres_cores: 4,
            kafka_brokers: 3,
            kafka_cores: 2,
            shared_cores: 0,
            replication: 3,
            patterns: 10_000,
            zipf: 1.1,
            burst: 15.0,
            new_share: 0.0001,
            first_life_h: 1.0,
            life_growth: 4.0,
            life_h: 24.0,
            cold: false,
            by_rules: 0.6,
            by_analysts: 0.05,
            by_statistics: 0.15,
            checked_share: 0.0005,
            patience_s: 0.0,
            budgets: vec![BudgetGroup::default()],
            seed: 0,
        }
    }
}

/// Budgets that are alike. Each is of one provider's key, and has its own share of the patterns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetGroup {
    /// How many.
    pub budgets: u64,
    /// The share of open patterns that one of them has, as a weight beside those of other groups.
    pub weight: f64,
    /// Calls in any window.
    pub calls: u64,
    /// The window.
    pub window_s: f64,
    /// Calls from midnight to midnight; 0: as many as you like.
    pub calls_per_day: u64,
    /// Calls at once.
    pub concurrency: u64,
    /// From sending a call to its answer.
    pub latency_s: f64,
    /// Most questions in one call.
    pub alerts_per_call: u64,
    /// How long a question waits for others to go with it.
    pub linger_s: f64,
    /// Price of a call without its questions.
    pub usd_per_call: f64,
    /// Price of each question in it, with its answer.
    pub usd_per_question: f64,
}

impl Default for BudgetGroup {
    fn default() -> Self {
        Self {
            budgets: 1,
            weight: 1.0,
            calls: 1_000,
            window_s: 60.0,
            calls_per_day: 0,
            concurrency: 16,
            latency_s: 4.0,
            alerts_per_call: 6,
            linger_s: 0.5,
            // Gemini 2.5 Flash: 1,200 tokens of instructions and schema; 600 of an alert and 150 of its answer.
            usd_per_call: 0.00036,
            usd_per_question: 0.000555,
        }
    }
}

/// Where a value is.
enum Place<'s> {
    Number(&'s mut f64),
    Whole(&'s mut u64),
}

/// A number of the scenario.
struct Key {
    name: &'static str,
    low: f64,
    high: f64,
    place: fn(&mut Scenario) -> Place<'_>,
}

/// A number of a group of budgets.
struct BudgetKey {
    name: &'static str,
    low: f64,
    high: f64,
    place: fn(&mut BudgetGroup) -> Place<'_>,
}

const DAY_H: f64 = 24.0;

/// Every number, and what it may be.
const KEYS: [Key; 31] = [
    Key { name: "alerts_per_s", low: 0.001, high: 1e7, place: |s| Place::Number(&mut s.alerts_per_s) },
    Key { name: "peak", low: 1.0, high: 1_000.0, place: |s| Place::Number(&mut s.peak) },
    Key { name: "peak_hours", low: 0.01, high: 23.9, place: |s| Place::Number(&mut s.peak_hours) },
    Key { name: "hours", low: 0.001, high: 744.0, place: |s| Place::Number(&mut s.hours) },
    Key { name: "outage_s", low: 0.0, high: 86_400.0, place: |s| Place::Number(&mut s.outage_s) },
    Key { name: "workers", low: 1.0, high: 10_000.0, place: |s| Place::Whole(&mut s.workers) },
    Key { name: "cores", low: 1.0, high: 1_024.0, place: |s| Place::Whole(&mut s.cores) },
    Key { name: "partitions", low: 1.0, high: 10_000.0, place: |s| Place::Whole(&mut s.partitions) },
    Key { name: "entities", low: 1.0, high: 1e9, place: |s| Place::Whole(&mut s.entities) },
    Key { name: "entity_zipf", low: 0.0, high: 5.0, place: |s| Place::Number(&mut s.entity_zipf) },
    Key { name: "batch_alerts", low: 1.0, high: 1e6, place: |s| Place::Whole(&mut s.batch_alerts) },
    Key { name: "alert_bytes", low: 1.0, high: 16_777_216.0, place: |s| Place::Number(&mut s.alert_bytes) },
    Key {
        name: "verdict_bytes",
        low: 1.0,
        high: 16_777_216.0,
        place: |s| Place::Number(&mut s.verdict_bytes),
    },
    Key { name: "postgres_cores", low: 1.0, high: 1_024.0, place: |s| Place::Whole(&mut s.postgres_cores) },
    Key { name: "kafka_brokers", low: 1.0, high: 1_000.0, place: |s| Place::Whole(&mut s.kafka_brokers) },
    Key { name: "kafka_cores", low: 1.0, high: 1_024.0, place: |s| Place::Whole(&mut s.kafka_cores) },
    Key { name: "shared_cores", low: 0.0, high: 4_096.0, place: |s| Place::Whole(&mut s.shared_cores) },
    Key { name: "replication", low: 1.0, high: 10.0, place: |s| Place::Whole(&mut s.replication) },
    Key { name: "patterns", low: 1.0, high: 5e6, place: |s| Place::Whole(&mut s.patterns) },
    Key { name: "zipf", low: 0.0, high: 5.0, place: |s| Place::Number(&mut s.zipf) },
    Key { name: "burst", low: 1.0, high: 1e6, place: |s| Place::Number(&mut s.burst) },
    Key { name: "new_share", low: 0.0, high: 1.0, place: |s| Place::Number(&mut s.new_share) },
    Key { name: "first_life_h", low: 0.0, high: 8_760.0, place: |s| Place::Number(&mut s.first_life_h) },
    Key { name: "life_growth", low: 1.0, high: 100.0, place: |s| Place::Number(&mut s.life_growth) },
    Key { name: "life_h", low: 0.0, high: 8_760.0, place: |s| Place::Number(&mut s.life_h) },
    Key { name: "by_rules", low: 0.0, high: 1.0, place: |s| Place::Number(&mut s.by_rules) },
    Key { name: "by_analysts", low: 0.0, high: 1.0, place: |s| Place::Number(&mut s.by_analysts) },
    Key { name: "by_statistics", low: 0.0, high: 1.0, place: |s| Place::Number(&mut s.by_statistics) },
    Key { name: "checked_share", low: 0.0, high: 1.0, place: |s| Place::Number(&mut s.checked_share) },
    Key { name: "patience_s", low: 0.0, high: 31_536_000.0, place: |s| Place::Number(&mut s.patience_s) },
    // A sweep over seeds shows what is chance.
    Key { name: "seed", low: 0.0, high: 9e15, place: |s| Place::Whole(&mut s.seed) },
];

/// The same of budgets.
const BUDGET_KEYS: [BudgetKey; 11] = [
    BudgetKey { name: "budgets", low: 1.0, high: 100_000.0, place: |b| Place::Whole(&mut b.budgets) },
    BudgetKey { name: "weight", low: 1e-6, high: 1e6, place: |b| Place::Number(&mut b.weight) },
    BudgetKey { name: "calls", low: 1.0, high: 1e9, place: |b| Place::Whole(&mut b.calls) },
    BudgetKey { name: "window_s", low: 0.001, high: 86_400.0, place: |b| Place::Number(&mut b.window_s) },
    BudgetKey { name: "calls_per_day", low: 0.0, high: 1e12, place: |b| Place::Whole(&mut b.calls_per_day) },
    BudgetKey { name: "concurrency", low: 1.0, high: 1e6, place: |b| Place::Whole(&mut b.concurrency) },
    BudgetKey { name: "latency_s", low: 0.001, high: 3_600.0, place: |b| Place::Number(&mut b.latency_s) },
    BudgetKey {
        name: "alerts_per_call",
        low: 1.0,
        high: 1_000.0,
        place: |b| Place::Whole(&mut b.alerts_per_call),
    },
    BudgetKey { name: "linger_s", low: 0.0, high: 3_600.0, place: |b| Place::Number(&mut b.linger_s) },
    BudgetKey { name: "usd_per_call", low: 0.0, high: 1e6, place: |b| Place::Number(&mut b.usd_per_call) },
    BudgetKey {
        name: "usd_per_question",
        low: 0.0,
        high: 1e6,
        place: |b| Place::Number(&mut b.usd_per_question),
    },
];

/// All numbers that [`Scenario::set`] knows.
pub(super) fn names() -> Vec<&'static str> {
    KEYS.iter().map(|key| key.name).chain(BUDGET_KEYS.iter().map(|key| key.name)).collect()
}

impl Place<'_> {
    fn get(self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Whole(number) => *number as f64,
        }
    }

    fn set(self, key: &str, value: f64) -> Result<(), CapacityError> {
        match self {
            Self::Number(number) => *number = value,
            Self::Whole(_) if value.fract() != 0.0 => {
                return Err(CapacityError::NotWhole { key: key.to_owned(), value });
            }
            Self::Whole(number) => *number = value as u64,
        }
        Ok(())
    }
}

fn within(key: &str, value: f64, low: f64, high: f64) -> Result<(), CapacityError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(CapacityError::OutOfRange { key: key.to_owned(), value, low, high })
}

impl Scenario {
    /// Sets a number by its name: those of the scenario, and those of its budgets if all of them are one group.
    ///
    /// # Errors
    /// If there is no such number, it may not have this value, or there are several groups of budgets.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), CapacityError> {
        if let Some(key) = KEYS.iter().find(|key| key.name == name) {
            within(name, value, key.low, key.high)?;
            return (key.place)(self).set(name, value);
        }
        let Some(key) = BUDGET_KEYS.iter().find(|key| key.name == name) else {
            return Err(CapacityError::UnknownKey(name.chars().take(60).collect()));
        };
        within(name, value, key.low, key.high)?;
        let groups = self.budgets.len();
        let [group] = self.budgets.as_mut_slice() else {
            return Err(CapacityError::SeveralGroups { key: name.to_owned(), groups });
        };
        (key.place)(group).set(name, value)
    }

    /// Says what can't be simulated.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), CapacityError> {
        let mut copy = self.clone();
        for key in &KEYS {
            within(key.name, (key.place)(&mut copy).get(), key.low, key.high)?;
        }
        for group in &mut copy.budgets {
            for key in &BUDGET_KEYS {
                within(key.name, (key.place)(group).get(), key.low, key.high)?;
            }
        }
        within("budgets in all", self.budgets_in_all() as f64, 0.0, 100_000.0)?;
        let decided = self.by_rules + self.by_analysts + self.by_statistics;
        if decided > 1.0 + 1e-9 {
            return Err(CapacityError::Shares(decided));
        }
        if self.peak * self.peak_hours > DAY_H {
            return Err(CapacityError::Peak { peak: self.peak, hours: self.peak_hours });
        }
        if self.peak > 1.0 && self.hours < DAY_H {
            return Err(CapacityError::PartOfADay(self.hours));
        }
        Ok(())
    }

    /// Budgets of all groups.
    pub fn budgets_in_all(&self) -> u64 {
        self.budgets.iter().fold(0, |sum, group| sum.saturating_add(group.budgets))
    }

    /// Share of alerts that nobody embedded decides.
    pub fn open_share(&self) -> f64 {
        (1.0 - self.by_rules - self.by_analysts - self.by_statistics).max(0.0)
    }

    /// How long the `n`th verdict on a pattern stands, in seconds; the first is 0.
    pub(super) fn life_s(&self, n: u8) -> f64 {
        // More than sixty steps of any growth are more than any life.
        let grown = self.first_life_h * self.life_growth.powi(i32::from(n.min(60)));
        3_600.0 * grown.clamp(0.0, self.life_h.max(self.first_life_h))
    }

    /// How long a verdict on a pattern stands that was confirmed again and again, in seconds.
    pub(super) fn longest_life_s(&self) -> f64 {
        if self.life_growth > 1.0 && self.first_life_h > 0.0 { self.life_s(u8::MAX) } else { self.life_s(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::{BudgetGroup, CapacityError, Scenario};

    #[test]
    fn what_makes_no_sense_is_refused_by_its_name() {
        let mut scenario = Scenario::default();
        assert!(scenario.check().is_ok());
        assert!(
            matches!(scenario.set("workers", 0.0), Err(CapacityError::OutOfRange { key, .. }) if key == "workers")
        );
        assert!(matches!(scenario.set("workers", 1.5), Err(CapacityError::NotWhole { .. })));
        assert!(matches!(scenario.set("workers", f64::NAN), Err(CapacityError::OutOfRange { .. })));
        assert!(matches!(scenario.set("calls", f64::INFINITY), Err(CapacityError::OutOfRange { .. })));
        let unknown = scenario.set("wrokers", 1.0).unwrap_err();
        assert!(unknown.hint().contains("workers"));
        scenario.alerts_per_s = f64::NAN;
        assert!(scenario.check().is_err());
        let peak = Scenario { peak: 10.0, peak_hours: 4.0, ..Scenario::default() };
        assert!(matches!(peak.check(), Err(CapacityError::Peak { .. })));
        let hour = Scenario { peak: 2.0, hours: 1.0, ..Scenario::default() };
        assert!(matches!(hour.check(), Err(CapacityError::PartOfADay(_))));
        let shares = Scenario { by_rules: 0.9, by_analysts: 0.2, ..Scenario::default() };
        assert!(matches!(shares.check(), Err(CapacityError::Shares(_))));
    }

    #[test]
    fn one_value_does_not_go_to_several_groups() {
        let mut scenario =
            Scenario { budgets: vec![BudgetGroup::default(), BudgetGroup::default()], ..Scenario::default() };
        assert!(matches!(scenario.set("calls", 5.0), Err(CapacityError::SeveralGroups { groups: 2, .. })));
    }

    #[test]
    fn a_verdict_lives_longer_the_more_often_it_was_confirmed() {
        let scenario = Scenario::default();
        let lives: Vec<f64> = (0..5).map(|n| scenario.life_s(n) / 3_600.0).collect();
        assert_eq!(lives, [1.0, 4.0, 16.0, 24.0, 24.0]);
        assert!((scenario.longest_life_s() - 86_400.0).abs() < 1e-9);
    }
}
