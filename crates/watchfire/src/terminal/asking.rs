//! Progress while a language model is asked: what is done, what it waits for, and what it costs.

use super::grouped;
use super::progress::{ProgressMode, clock};
use super::watch::{Told, watching};
use std::time::Duration;
use watchfire_engine::{AskProgress, AskSnapshot};

/// Runs `work` and tells how far asking has come meanwhile.
pub(crate) fn with_ask_progress<T>(
    mode: ProgressMode,
    model: &str,
    progress: &AskProgress,
    work: impl FnOnce() -> T,
) -> T {
    watching(mode, &Asking { model, progress }, work)
}

struct Asking<'a> {
    model: &'a str,
    progress: &'a AskProgress,
}

impl Told for Asking<'_> {
    fn percent(&self) -> u64 {
        percent(&self.progress.snapshot())
    }

    fn line(&self, elapsed: Duration) -> String {
        line(self.model, &self.progress.snapshot(), elapsed)
    }

    fn event(&self, elapsed: Duration, over: bool) -> String {
        event(if over { "asked" } else { "asking" }, self.model, &self.progress.snapshot(), elapsed)
    }
}

fn percent(snapshot: &AskSnapshot) -> u64 {
    let done: u64 = snapshot.answered + snapshot.given_up;
    (100 * done).checked_div(snapshot.questions).unwrap_or(0).min(100)
}

/// How long it will take yet: as it has gone so far, but not less than the limits allow.
pub(super) fn remaining(snapshot: &AskSnapshot, elapsed: Duration) -> Option<Duration> {
    let done = snapshot.answered + snapshot.given_up;
    let left = snapshot.questions.saturating_sub(done);
    let allowed = Duration::from_millis(snapshot.predicted_ms);
    let so_far = (done > 0).then(|| elapsed.mul_f64(left as f64 / done as f64));
    match so_far {
        Some(so_far) => Some(so_far.max(allowed)),
        None if allowed > Duration::ZERO => Some(allowed),
        None => None,
    }
}

fn line(model: &str, snapshot: &AskSnapshot, elapsed: Duration) -> String {
    let mut text = format!(
        "{model}: {} of {} questions, {} calls",
        grouped(snapshot.answered + snapshot.given_up),
        grouped(snapshot.questions),
        grouped(snapshot.calls),
    );
    if snapshot.rate_limited > 0 {
        text.push_str(&format!(", rate limited {}×", grouped(snapshot.rate_limited)));
    }
    if snapshot.next_slot_ms > 0 {
        text.push_str(&format!(", next slot in {} s", snapshot.next_slot_ms.div_ceil(1000)));
    }
    text.push_str(&format!(", ${:.4}, {}", snapshot.cost_nano as f64 / 1e9, clock(elapsed)));
    if let Some(remaining) = remaining(snapshot, elapsed) {
        text.push_str(&format!(", ETA {}", clock(remaining)));
    }
    text
}

fn event(kind: &str, model: &str, snapshot: &AskSnapshot, elapsed: Duration) -> String {
    serde_json::json!({
        "event": kind,
        "model": model,
        "questions": snapshot.questions,
        "answered": snapshot.answered,
        "given_up": snapshot.given_up,
        "calls": snapshot.calls,
        "in_flight": snapshot.in_flight,
        "retries": snapshot.retries,
        "rate_limited": snapshot.rate_limited,
        "next_slot_s": snapshot.next_slot_ms as f64 / 1e3,
        "cost_usd": snapshot.cost_nano as f64 / 1e9,
        "elapsed_s": elapsed.as_secs_f64(),
        "eta_s": remaining(snapshot, elapsed).map(|remaining| remaining.as_secs_f64()),
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::{event, line};
    use std::time::Duration;
    use watchfire_engine::AskSnapshot;

    #[test]
    fn the_line_tells_the_wait() {
        let snapshot = AskSnapshot {
            questions: 200,
            answered: 45,
            given_up: 5,
            calls: 60,
            rate_limited: 2,
            cost_nano: 12_300_000,
            next_slot_ms: 12_400,
            predicted_ms: 600_000,
            ..AskSnapshot::default()
        };
        assert_eq!(
            line("gemini-2.5-flash", &snapshot, Duration::from_secs(75)),
            "gemini-2.5-flash: 50 of 200 questions, 60 calls, rate limited 2×, next slot in 13 s, $0.0123, 1:15, ETA 10:00"
        );
        assert!(event("asking", "m", &snapshot, Duration::from_secs(75)).contains("\"eta_s\":600.0"));
    }
}
