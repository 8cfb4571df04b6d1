//! What became of the questions, of one budget or of many.

use super::waits::Waits;

/// Moments, evenly over the whole time, at which it is noted how many questions wait.
pub(super) const SAMPLES: usize = 96;

/// Questions and the alerts behind them. Each question that came up is in exactly one of `answered`, `given_up`, `waiting`
/// and `flying`.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Came up because a pattern's verdict no longer stood.
    pub(super) known: u64,
    /// Came up because nobody knew the pattern.
    pub(super) new: u64,
    /// Came up to check a verdict.
    pub(super) checks: u64,
    pub(super) answered: u64,
    pub(super) given_up: u64,
    /// Wait for a call at the end.
    pub(super) waiting: u64,
    /// Were sent, and not answered at the end.
    pub(super) flying: u64,
    pub(super) calls: u64,
    /// Questions in these calls.
    pub(super) sent: u64,
    pub(super) usd: f64,
    /// Open alerts that an earlier answer decided.
    pub(super) reused: f64,
    pub(super) alerts_answered: f64,
    pub(super) alerts_given_up: f64,
    /// Open at the end.
    pub(super) alerts_open: f64,
    /// How long alerts waited until they were put out.
    pub(super) waits: Waits,
    /// Questions that waited, at [`SAMPLES`] moments.
    pub(super) backlog: Vec<f64>,
}

impl Asked {
    pub(super) fn new() -> Self {
        Self {
            known: 0,
            new: 0,
            checks: 0,
            answered: 0,
            given_up: 0,
            waiting: 0,
            flying: 0,
            calls: 0,
            sent: 0,
            usd: 0.0,
            reused: 0.0,
            alerts_answered: 0.0,
            alerts_given_up: 0.0,
            alerts_open: 0.0,
            waits: Waits::new(),
            backlog: Vec::new(),
        }
    }

    pub(super) fn questions(&self) -> u64 {
        self.known + self.new + self.checks
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.known += other.known;
        self.new += other.new;
        self.checks += other.checks;
        self.answered += other.answered;
        self.given_up += other.given_up;
        self.waiting += other.waiting;
        self.flying += other.flying;
        self.calls += other.calls;
        self.sent += other.sent;
        self.usd += other.usd;
        self.reused += other.reused;
        self.alerts_answered += other.alerts_answered;
        self.alerts_given_up += other.alerts_given_up;
        self.alerts_open += other.alerts_open;
        self.waits.merge(&other.waits);
        if self.backlog.len() < other.backlog.len() {
            self.backlog.resize(other.backlog.len(), 0.0);
        }
        for (mine, theirs) in self.backlog.iter_mut().zip(&other.backlog) {
            *mine += theirs;
        }
    }
}
