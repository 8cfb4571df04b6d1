//! Progress while services are asked about indicators: how far each is, and what it waits for.

use super::asking::remaining;
use super::grouped;
use super::progress::{ProgressMode, clock};
use super::watch::{Told, watching};
use std::time::Duration;
use watchfire_engine::{EnrichProgress, EnrichSnapshot};

/// Runs `work` and tells how far asking has come meanwhile.
pub(crate) fn with_enrich_progress<T>(
    mode: ProgressMode,
    progress: &EnrichProgress,
    work: impl FnOnce() -> T,
) -> T {
    watching(mode, progress, work)
}

impl Told for EnrichProgress {
    fn percent(&self) -> u64 {
        let services = self.snapshot();
        let (done, all) = services.iter().fold((0, 0), |(done, all), (_, service)| {
            (done + service.answered + service.given_up, all + service.questions)
        });
        (100 * done).checked_div(all).unwrap_or(0).min(100)
    }

    fn line(&self, elapsed: Duration) -> String {
        line(&self.snapshot(), elapsed)
    }

    fn event(&self, elapsed: Duration, over: bool) -> String {
        event(if over { "enriched" } else { "enriching" }, &self.snapshot(), elapsed)
    }
}

/// Only services that are not done yet are worth a word.
fn line(services: &[EnrichSnapshot], elapsed: Duration) -> String {
    let mut parts = Vec::new();
    let mut eta = None;
    for (name, service) in services {
        let done = service.answered + service.given_up;
        if done >= service.questions {
            continue;
        }
        let mut part = format!("{name} {} of {}", grouped(done), grouped(service.questions));
        if service.rate_limited > 0 {
            part.push_str(&format!(", rate limited {}×", grouped(service.rate_limited)));
        }
        if service.next_slot_ms > 0 {
            part.push_str(&format!(", next slot in {} s", service.next_slot_ms.div_ceil(1000)));
        }
        parts.push(part);
        eta = eta.max(remaining(service, elapsed));
    }
    if parts.is_empty() {
        parts.push("done".to_owned());
    }
    let eta = eta.map_or(String::new(), |eta| format!(", ETA {}", clock(eta)));
    format!("indicators: {} · {}{eta}", parts.join(" · "), clock(elapsed))
}

fn event(kind: &str, services: &[EnrichSnapshot], elapsed: Duration) -> String {
    let services: Vec<serde_json::Value> = services
        .iter()
        .map(|(name, service)| {
            serde_json::json!({
                "service": name,
                "indicators": service.questions,
                "answered": service.answered,
                "given_up": service.given_up,
                "calls": service.calls,
                "in_flight": service.in_flight,
                "retries": service.retries,
                "rate_limited": service.rate_limited,
                "next_slot_s": service.next_slot_ms as f64 / 1e3,
                "eta_s": remaining(service, elapsed).map(|remaining| remaining.as_secs_f64()),
            })
        })
        .collect();
    serde_json::json!({ "event": kind, "services": services, "elapsed_s": elapsed.as_secs_f64() }).to_string()
}

#[cfg(test)]
mod tests {
    use super::{event, line};
    use std::time::Duration;
    use watchfire_engine::AskSnapshot;

    #[test]
    fn the_line_tells_who_is_waited_for() {
        let done = AskSnapshot { questions: 9, answered: 9, ..AskSnapshot::default() };
        let slow = AskSnapshot {
            questions: 100,
            answered: 8,
            rate_limited: 1,
            next_slot_ms: 12_400,
            predicted_ms: 1_500_000,
            ..AskSnapshot::default()
        };
        let services = [("abuseipdb".to_owned(), done), ("virustotal".to_owned(), slow)];
        let after = Duration::from_secs(75);
        assert_eq!(
            line(&services, after),
            "indicators: virustotal 8 of 100, rate limited 1×, next slot in 13 s · 1:15, ETA 25:00"
        );
        assert_eq!(line(&services[..1], after), "indicators: done · 1:15");
        assert!(event("enriching", &services, after).contains("\"eta_s\":1500.0"));
    }
}
