//! Teaches from alerts whose truth is known, one after another.

use super::{HOT_MS, Learned};
use crate::assess::Assessed;
use crate::hashes::{machine, stable};
use crate::statistics::BoundedMap;

const HOUR: i64 = 3_600_000;
/// Machines, and rules on machines, that are kept apart.
const BOUND: usize = 57_344;

/// The hashes of a rule, by its identity as [`rule_key`](crate::rule_key) gives it, and of a machine.
pub fn pair(rule_key: &str, machine_name: &str) -> (u64, u64) {
    let rule = rule_key.split_once('/').unwrap_or(("", rule_key));
    (stable(&rule), machine(machine_name))
}

/// Tells episodes, and what they say.
#[derive(Debug)]
pub struct Teacher {
    learned: Learned,
    hot: BoundedMap<u64, i64>,
    pairs: BoundedMap<(u64, u64), Hour>,
}

/// A rule on a machine in the current hour.
#[derive(Debug, Clone, Copy)]
struct Hour {
    hour: i64,
    alerts: u64,
    /// Which episodes were counted: by whether the machine was hot, and whether it was an attack.
    counted: [bool; 4],
}

impl Teacher {
    /// Goes on from what was learned.
    pub fn new(learned: Learned) -> Self {
        Self { learned, hot: BoundedMap::new(BOUND), pairs: BoundedMap::new(BOUND) }
    }

    /// An alert about which somebody knows the truth. `time` is in milliseconds since 1970, and does not go back.
    pub fn alert(&mut self, assessed: &Assessed, name: &str, time: i64, is_hostile: bool, weight: f64) {
        self.episode((assessed.entities.rule, assessed.entities.asset), name, time, is_hostile, weight);
    }

    /// The same, of a rule on a machine, by their hashes.
    pub fn episode(&mut self, pair: (u64, u64), name: &str, time: i64, is_hostile: bool, weight: f64) {
        let (rule, host) = pair;
        let hot = self.hot.entry(host, || i64::MIN);
        let is_hot = *hot != i64::MIN && time.saturating_sub(*hot) <= HOT_MS;
        if is_hostile {
            *hot = time.max(*hot);
        }
        let now = time.div_euclid(HOUR);
        let hour = self.pairs.entry(pair, || Hour { hour: now, alerts: 0, counted: [false; 4] });
        if hour.hour != now {
            *hour = Hour { hour: now, alerts: 0, counted: [false; 4] };
        }
        hour.alerts += 1;
        let episode = usize::from(is_hot) * 2 + usize::from(is_hostile);
        if !std::mem::replace(&mut hour.counted[episode], true) {
            self.learned.add(rule, name, is_hot, is_hostile, weight);
        }
        if !is_hostile {
            let alerts = hour.alerts;
            self.learned.peak(rule, name, alerts);
        }
    }

    /// What was learned.
    pub fn learned(self) -> Learned {
        self.learned
    }
}
