//! The three states, and what leads from one to another. Knows the time only as an argument.

use super::window::Window;
use super::{BreakerSettings, BreakerState, Open};
use std::time::Duration;
use tokio::time::Instant;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Success,
    Failure,
    Ignored,
}

/// When calls may flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    Now,
    At(Instant),
    AfterChange,
}

#[derive(Debug)]
enum State {
    Closed { failed_in_a_row: u32, window: Window },
    Open { until: Instant },
    HalfOpen { out: u32, succeeded: u32 },
}

#[derive(Debug)]
pub(super) struct Machine {
    settings: BreakerSettings,
    state: State,
    /// Rises with every change of state, and is written on every permit: outcomes of earlier epochs come too late.
    epoch: u64,
    opened_in_a_row: u32,
    times_opened: u64,
}

impl Machine {
    pub(super) fn new(settings: BreakerSettings) -> Self {
        let state = closed(&settings);
        Self { settings, state, epoch: 0, opened_in_a_row: 0, times_opened: 0 }
    }

    pub(super) fn times_opened(&self) -> u64 {
        self.times_opened
    }

    pub(super) fn state(&self, now: Instant) -> BreakerState {
        match self.state {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { until } if now < until => BreakerState::Open { until },
            State::Open { .. } | State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    pub(super) fn readiness(&self, now: Instant) -> Readiness {
        match self.state {
            State::Closed { .. } => Readiness::Now,
            State::Open { until } if now < until => Readiness::At(until),
            State::Open { .. } => Readiness::Now,
            State::HalfOpen { out, succeeded } if out + succeeded < self.probes() => Readiness::Now,
            State::HalfOpen { .. } => Readiness::AfterChange,
        }
    }

    /// Lets a call through, and says in which epoch.
    pub(super) fn admit(&mut self, now: Instant) -> Result<u64, Open> {
        if let State::Open { until } = self.state {
            if now < until {
                return Err(Open { until });
            }
            self.become_half_open();
        }
        let probes = self.probes();
        if let State::HalfOpen { out, succeeded } = &mut self.state {
            if *out + *succeeded >= probes {
                return Err(Open { until: later(now, self.open_time()) });
            }
            *out += 1;
        }
        Ok(self.epoch)
    }

    /// Takes in how a call ended. True if somebody who waits for calls to flow should look again.
    pub(super) fn record(&mut self, epoch: u64, outcome: Outcome, now: Instant) -> bool {
        if epoch != self.epoch {
            return false;
        }
        match &mut self.state {
            State::Closed { failed_in_a_row, window } => {
                match outcome {
                    Outcome::Success => *failed_in_a_row = 0,
                    Outcome::Failure => *failed_in_a_row = failed_in_a_row.saturating_add(1),
                    Outcome::Ignored => return false,
                }
                window.record(now, outcome == Outcome::Failure);
                let dead = *failed_in_a_row >= self.settings.failures_in_a_row.max(1);
                let sick = outcome == Outcome::Failure
                    && window.calls() >= self.settings.least_calls
                    && window.failure_rate() >= self.settings.failure_rate;
                if dead || sick {
                    self.become_open(now);
                }
                // Nobody waits while the breaker is closed.
                false
            }
            State::HalfOpen { out, succeeded } => {
                *out = out.saturating_sub(1);
                match outcome {
                    Outcome::Success => {
                        *succeeded += 1;
                        if *succeeded >= self.settings.probes.max(1) {
                            self.become_closed();
                        }
                    }
                    Outcome::Failure => self.become_open(now),
                    Outcome::Ignored => {}
                }
                true
            }
            State::Open { .. } => {
                debug_assert!(false, "no permit is given in an epoch that is open");
                false
            }
        }
    }

    fn become_open(&mut self, now: Instant) {
        self.opened_in_a_row = self.opened_in_a_row.saturating_add(1);
        self.times_opened += 1;
        self.epoch += 1;
        self.state = State::Open { until: later(now, self.open_time()) };
    }

    fn become_half_open(&mut self) {
        self.epoch += 1;
        self.state = State::HalfOpen { out: 0, succeeded: 0 };
    }

    fn become_closed(&mut self) {
        self.opened_in_a_row = 0;
        self.epoch += 1;
        self.state = closed(&self.settings);
    }

    /// `open · 2^(times in succession − 1)`, bounded.
    fn open_time(&self) -> Duration {
        let doublings = 2_u32.saturating_pow(self.opened_in_a_row.saturating_sub(1));
        self.settings.open.saturating_mul(doublings).min(self.settings.longest_open)
    }

    fn probes(&self) -> u32 {
        self.settings.probes.max(1)
    }
}

fn closed(settings: &BreakerSettings) -> State {
    State::Closed { failed_in_a_row: 0, window: Window::new(settings.window) }
}

/// A moment that can't be written is a year away.
fn later(now: Instant, wait: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    now + wait.min(YEAR)
}
