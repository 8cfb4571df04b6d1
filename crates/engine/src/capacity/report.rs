//! What a simulation says.

use super::intake::Intake;
use super::machines::{Part, Resource};
use super::waits::Percentiles;
use serde::Serialize;

/// The whole of it. Counts are of the time simulated unless they say otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Alerts a second that come, as the mean of a day.
    pub offered_per_s: f64,
    /// Alerts a second that can be carried for ever, as the mean of a day; none if any number can.
    pub sustained_per_s: Option<f64>,
    /// By what that is bound.
    pub bound_by: Option<Part>,
    /// Every part, the scarcest first.
    pub parts: Vec<Resource>,
    /// Share of all alerts that the busiest worker has.
    pub busiest_worker: f64,
    /// Share of all alerts in the fullest partition.
    pub fullest_partition: f64,
    /// MB that the busiest worker has resident.
    pub worker_mb: f64,
    /// The intake topic.
    pub intake: Intake,
    /// Alerts by who decided them.
    pub decided: Decided,
    /// Questions to models.
    pub questions: Questions,
    /// How long an alert whose verdict is open waits until it is put out, in seconds.
    pub waits_s: Percentiles,
    /// What a day costs.
    pub day: Day,
    /// What it would cost if every open alert were asked about.
    pub day_without_reuse: Day,
    /// Alerts a second that the budgets would carry if every open alert were asked about.
    pub carried_without_reuse_per_s: Option<f64>,
}

/// Alerts by who decided. With `open` they are all that came.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Decided {
    /// Rules.
    pub rules: f64,
    /// What analysts said before.
    pub analysts: f64,
    /// Statistics.
    pub statistics: f64,
    /// An earlier answer of a model.
    pub reused: f64,
    /// A model, while they waited.
    pub asked: f64,
    /// Nobody: put out with what the embedded deciders made of them, for want of a model or of patience.
    pub fallback: f64,
    /// Nobody yet.
    pub open: f64,
}

impl Decided {
    /// All of them.
    pub fn all(&self) -> f64 {
        self.rules + self.analysts + self.statistics + self.reused + self.asked + self.fallback + self.open
    }
}

/// Questions. Each that came up was answered or given up, is on its way, or waits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Questions {
    /// About patterns whose verdict no longer stood.
    pub known: u64,
    /// About patterns that nobody knew.
    pub new: u64,
    /// Checks of verdicts that stood.
    pub checks: u64,
    /// Answered.
    pub answered: u64,
    /// Given up for want of patience.
    pub given_up: u64,
    /// On their way at the end.
    pub on_their_way: u64,
    /// Waiting for a call at the end.
    pub waiting: u64,
    /// Most that ever waited, of those moments that were looked at.
    pub most_waiting: f64,
    /// Of 1,000 alerts, how many were asked about.
    pub of_1000_alerts: f64,
    /// Questions in a call.
    pub in_a_call: f64,
    /// How many waited, evenly over the time simulated.
    pub backlog: Vec<f64>,
}

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Day {
    /// Calls.
    pub calls: f64,
    /// Dollars.
    pub usd: f64,
}
