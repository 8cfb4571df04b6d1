//! Invented alerts, for machines without the public data sets: the project's own examples, as many days as it takes.

use super::Fed;
use serde_json::Value;
use std::collections::VecDeque;
use watchfire_examples::day;
use watchfire_examples::moment::Day;

/// Days before the example day that records are made of; then they begin anew with another seed.
const DAYS: u32 = 3000;

/// Records of Suricata and Wazuh, whose outcome is plain to see.
pub(super) struct Examples {
    seed: u64,
    made: u32,
    alerts: VecDeque<Fed>,
    asides: VecDeque<Fed>,
}

impl Examples {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, made: 0, alerts: VecDeque::new(), asides: VecDeque::new() }
    }

    pub(super) fn next_alert(&mut self) -> Fed {
        loop {
            if let Some(alert) = self.alerts.pop_front() {
                return alert;
            }
            self.make_day();
        }
    }

    pub(super) fn next_aside(&mut self) -> Fed {
        loop {
            if let Some(aside) = self.asides.pop_front() {
                return aside;
            }
            self.make_day();
        }
    }

    fn make_day(&mut self) {
        let back = DAYS - self.made % DAYS;
        let seed = self.seed.wrapping_add(u64::from(self.made));
        self.made += 1;
        for record in day(seed, Day::EXAMPLE.before(back)) {
            let Ok(event) = serde_json::from_str::<Value>(&record.line) else { continue };
            let text = |path: &str| event.pointer(path).and_then(Value::as_str).map(str::to_owned);
            let Some(kind) = text("/event_type").filter(|_| event.get("timestamp").is_some()) else {
                if event.pointer("/rule/id").is_some()
                    && event.get("integration").is_none()
                    && event.pointer("/data/integration").is_none()
                    && event.get("timestamp").is_some()
                    && let Some(name) = text("/agent/name")
                {
                    self.alerts.push_back(Fed::alert(name, record.line));
                }
                continue;
            };
            let key = text("/src_ip").unwrap_or_else(|| "sensor".to_owned());
            if kind != "alert" {
                self.asides.push_back(Fed::aside(key, record.line));
            } else if event.get("alert").is_some_and(Value::is_object) {
                self.alerts.push_back(Fed::alert(key, record.line));
            }
        }
        // A day has more of them than are ever asked for.
        self.asides.truncate(1000);
    }
}
