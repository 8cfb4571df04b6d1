//! Calls and failures of the last while, in fixed memory: ten spans of time, of which the oldest is forgotten whole.

use std::time::Duration;
use tokio::time::Instant;

const SPANS: usize = 10;

#[derive(Debug, Clone, Copy, Default)]
struct Span {
    calls: u32,
    failures: u32,
}

#[derive(Debug)]
pub(super) struct Window {
    span: Duration,
    spans: [Span; SPANS],
    /// When the current span began, and its place.
    current: Option<(Instant, usize)>,
}

impl Window {
    pub(super) fn new(length: Duration) -> Self {
        let span = (length / SPANS as u32).max(Duration::from_nanos(1));
        Self { span, spans: [Span::default(); SPANS], current: None }
    }

    pub(super) fn record(&mut self, now: Instant, failed: bool) {
        let place = self.turn_to(now);
        if let Some(span) = self.spans.get_mut(place) {
            span.calls = span.calls.saturating_add(1);
            span.failures = span.failures.saturating_add(u32::from(failed));
        }
    }

    /// Calls in the window, as of the last one recorded.
    pub(super) fn calls(&self) -> u32 {
        self.spans.iter().fold(0, |sum, span| sum.saturating_add(span.calls))
    }

    /// The share of them that failed.
    pub(super) fn failure_rate(&self) -> f64 {
        let failures = self.spans.iter().fold(0_u32, |sum, span| sum.saturating_add(span.failures));
        f64::from(failures) / f64::from(self.calls().max(1))
    }

    /// Forgets what is too old, and gives the place of the span that `now` lies in.
    fn turn_to(&mut self, now: Instant) -> usize {
        let Some((began, place)) = self.current else {
            self.current = Some((now, 0));
            return 0;
        };
        let passed = now.saturating_duration_since(began).as_nanos() / self.span.as_nanos();
        if passed == 0 {
            return place;
        }
        if passed >= SPANS as u128 {
            self.spans = [Span::default(); SPANS];
            self.current = Some((now, 0));
            return 0;
        }
        let passed = passed as usize;
        for step in 1..=passed {
            self.spans[(place + step) % SPANS] = Span::default();
        }
        let place = (place + passed) % SPANS;
        self.current = Some((began + self.span * passed as u32, place));
        place
    }
}
