//! Metrics of measurements.

use super::{BUCKETS, buckets, put};
use crate::measuring::Measuring;
use std::sync::atomic::Ordering;
use std::time::Duration;
use watchfire_measure::Reason;

/// Appends them to a text; `dead` are the dead letters that wait, and those that were dropped.
pub(super) fn tell(text: &mut String, measuring: &Measuring, dead: (u64, u64)) {
    let statistics = measuring.given.engine.statistics();
    let counts = &statistics.counts;
    let labelled = |name: &str, label: &str, value: u64| (format!("{{{name}=\"{label}\"}}"), value as f64);
    let plain = |value: u64| vec![(String::new(), value as f64)];
    let rejected: u64 = counts.rejected.iter().sum();
    let outcomes = [
        labelled("outcome", "accepted", counts.accepted),
        labelled("outcome", "rejected", rejected),
        labelled("outcome", "failed", counts.failed),
    ];
    put(text, "measurements", "counter", "Measurements by what became of them", &outcomes);
    let reasons =
        Reason::ALL.map(|reason| labelled("reason", reason.as_str(), counts.rejected[reason as usize]));
    put(text, "measurements_rejected", "counter", "Rejected measurements by reason", &reasons);
    let help = "Measurements that were judged before";
    put(text, "measurements_repeated", "counter", help, &plain(counts.repeated));
    let users = [
        labelled("outcome", "hit", counts.cached),
        labelled("outcome", "miss", counts.users.saturating_sub(counts.cached)),
    ];
    put(text, "measurement_cache", "counter", "Users by whether their state was at hand", &users);
    let (entries, bytes) = measuring.given.engine.cached();
    put(text, "measurement_cache_users", "gauge", "Users whose state is at hand", &plain(entries as u64));
    put(text, "measurement_cache_bytes", "gauge", "Bytes that these take, roughly", &plain(bytes as u64));
    let calls = [labelled("call", "read", counts.loads), labelled("call", "write", counts.saves)];
    put(text, "measurement_store_calls", "counter", "Calls to the store of measurements", &calls);
    let help = "Users that the store wanted later";
    put(text, "measurement_throttles", "counter", help, &plain(counts.throttles));
    let help = "Users that somebody else wrote meanwhile";
    put(text, "measurement_conflicts", "counter", help, &plain(counts.conflicts));
    put(text, "measurement_retries", "counter", "Users that were tried again", &plain(counts.retries));
    let help = "Rejected values that became alerts";
    put(text, "measurement_alerts", "counter", help, &plain(measuring.alerts.load(Ordering::Relaxed)));
    let (waiting, dropped) = dead;
    put(text, "measurement_dead_letters", "gauge", "Measurements that wait as dead letters", &plain(waiting));
    let help = "Dead letters of measurements that were dropped for lack of room";
    put(text, "measurement_dead_dropped", "counter", help, &plain(dropped));
    let sum = Duration::from_micros(measuring.micros.load(Ordering::Relaxed));
    let help = "How long a batch of measurements takes";
    buckets(text, "measurement_batch_seconds", help, &(statistics.batch_time, sum), &BUCKETS, 1.0);
}
