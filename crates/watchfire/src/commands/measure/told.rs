//! What a run tells: a line for each measurement, and a summary.

use crate::terminal::{grouped, words};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;
use watchfire_engine::measuring::as_json;
use watchfire_judge::tame;
use watchfire_measure::batch::{Counts, Statistics};
use watchfire_measure::{Answer, Judged, Measurement, Reason};

/// Users that are counted one by one. Beyond it is only said that there are more: memory is bounded whatever comes in.
const MOST_USERS: usize = 1 << 16;
/// Slowest users that are told.
const SLOWEST: usize = 3;

/// A measurement and what was said of it.
pub(super) fn line(measurement: &Measurement, answer: &Answer) -> Value {
    let mut line = as_json(measurement);
    let outcome = match answer {
        Answer::Failed { attempts, reason } => {
            line["status"] = json!("failed");
            line["reason"] = json!(reason.to_string());
            line["attempts"] = json!(attempts);
            return line;
        }
        Answer::Judged(outcome) => outcome,
    };
    line["status"] = json!(if outcome.is_accepted() { "accepted" } else { "rejected" });
    if let Some(reason) = outcome.reason() {
        line["reason"] = json!(reason.as_str());
    }
    line["quality"] = json!(outcome.quality);
    if let Some(band) = outcome.band {
        line["expected"] = json!(band.expected);
        line["lower"] = json!(band.lower);
        line["upper"] = json!(band.upper);
    }
    for (name, is_so) in [("shift", outcome.shift), ("repeated", outcome.repeated)] {
        if is_so {
            line[name] = json!(true);
        }
    }
    line
}

/// `1 read`, `2 reads`.
fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// What is counted of a run.
pub(super) struct Totals {
    store: &'static str,
    pub(super) counts: Counts,
    pub(super) bad_lines: u64,
    pub(super) alerts: u64,
    pub(super) kept_letters: u64,
    pub(super) dropped_letters: u64,
    batches: u64,
    users: HashSet<u64>,
    hasher: RandomState,
}

impl Totals {
    pub(super) fn new(store: &'static str) -> Self {
        Self {
            store,
            counts: Counts::default(),
            bad_lines: 0,
            alerts: 0,
            kept_letters: 0,
            dropped_letters: 0,
            batches: 0,
            users: HashSet::new(),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn add(&mut self, batch: &[Measurement], judged: &Judged) {
        self.batches += 1;
        self.counts.add(&judged.counts);
        for measurement in batch {
            // One more than is counted, to know that there are more.
            if self.users.len() > MOST_USERS {
                break;
            }
            self.users.insert(self.hasher.hash_one(&measurement.user));
        }
    }

    /// The summary for people.
    pub(super) fn text(
        &self,
        took: Duration,
        statistics: &Statistics,
        hints: &[String],
        tells_alerts: bool,
    ) -> String {
        let counts = &self.counts;
        let seconds = took.as_secs_f64().max(1e-6);
        let users = match self.users.len() {
            many if many > MOST_USERS => format!("more than {} users", grouped(MOST_USERS as u64)),
            few => counted(few as u64, "user"),
        };
        let batches = if self.batches == 1 { "batch" } else { "batches" };
        let mut text = format!(
            "\n{} of {users} in {} {batches}: {seconds:.2} s, {} a second\n",
            counted(counts.measurements, "measurement"),
            grouped(self.batches),
            grouped((counts.measurements as f64 / seconds) as u64),
        );
        let mut row = |name: &str, count: u64, more: String| {
            let more = if more.is_empty() { more } else { format!("   {more}") };
            text.push_str(&format!("  {name:<10}{:>12}{more}\n", grouped(count)));
        };
        row(
            "accepted",
            counts.accepted,
            format!(
                "mean quality of all {:.2}{}",
                counts.mean_quality(),
                match counts.shifts {
                    0 => String::new(),
                    1 => ", 1 level changed".to_owned(),
                    many => format!(", {} levels changed", grouped(many)),
                }
            ),
        );
        let reasons: Vec<String> = Reason::ALL
            .into_iter()
            .filter(|reason| counts.rejected[*reason as usize] > 0)
            .map(|reason| format!("{} {}", words(reason.as_str()), grouped(counts.rejected[reason as usize])))
            .collect();
        row("rejected", counts.rejected.iter().sum(), reasons.join(", "));
        if counts.repeated > 0 {
            row(
                "repeated",
                counts.repeated,
                "of these were judged before, and answered as they were".to_owned(),
            );
        }
        let letters = match (self.kept_letters, self.dropped_letters) {
            (0, 0) => String::new(),
            (kept, 0) => format!("{} are dead letters: send the file again, or replay them", grouped(kept)),
            (kept, dropped) => format!(
                "{} are dead letters, {} were dropped for lack of room: send the file again",
                grouped(kept),
                grouped(dropped)
            ),
        };
        row("failed", counts.failed, letters);
        if self.bad_lines > 0 {
            row("bad lines", self.bad_lines, "told above; not judged".to_owned());
        }
        if tells_alerts {
            row("alerts", self.alerts, String::new());
        }
        text.push_str(&format!(
            "  store     {}: {}, {}: {}, {} kB{}\n",
            self.store,
            counted(counts.loads, "read"),
            counted(counts.saves, "write"),
            counted(counts.written, "user"),
            grouped(counts.written_bytes / 1000),
            if counts.throttles + counts.conflicts + counts.retries == 0 {
                String::new()
            } else {
                format!(
                    "; {} throttled, {} conflicts, {} retries",
                    grouped(counts.throttles),
                    grouped(counts.conflicts),
                    grouped(counts.retries)
                )
            }
        ));
        let slowest: Vec<String> = statistics
            .slowest
            .iter()
            .take(SLOWEST)
            .map(|(user, took)| format!("{} {:.1} ms", tame(user, 40), took.as_secs_f64() * 1e3))
            .collect();
        if !slowest.is_empty() {
            text.push_str(&format!("  slowest   {}\n", slowest.join(", ")));
        }
        for hint in hints {
            text.push_str(&format!("hint: {}\n", tame(hint, 600)));
        }
        text
    }

    /// The summary for programs.
    pub(super) fn json(&self, took: Duration, statistics: &Statistics, hints: &[String]) -> Value {
        let counts = &self.counts;
        let seconds = took.as_secs_f64();
        let rejected: serde_json::Map<String, Value> = Reason::ALL
            .into_iter()
            .map(|reason| (reason.as_str().to_owned(), json!(counts.rejected[reason as usize])))
            .collect();
        let slowest: Vec<Value> = statistics
            .slowest
            .iter()
            .map(|(user, took)| json!({ "user": user, "ms": took.as_secs_f64() * 1e3 }))
            .collect();
        json!({
            "measurements": counts.measurements, "accepted": counts.accepted, "rejected": rejected,
            "repeated": counts.repeated, "failed": counts.failed, "bad_lines": self.bad_lines,
            "shifts": counts.shifts, "mean_quality": counts.mean_quality(), "alerts": self.alerts,
            "users": self.users.len().min(MOST_USERS), "more_users": self.users.len() > MOST_USERS,
            "batches": self.batches, "seconds": seconds,
            "per_second": counts.measurements as f64 / seconds.max(1e-6),
            "dead_letters": { "kept": self.kept_letters, "dropped": self.dropped_letters },
            "store": {
                "name": self.store, "reads": counts.loads, "writes": counts.saves, "users_written": counts.written,
                "bytes_written": counts.written_bytes, "throttles": counts.throttles,
                "conflicts": counts.conflicts, "retries": counts.retries,
            },
            "slowest": slowest, "hints": hints,
        })
    }
}
