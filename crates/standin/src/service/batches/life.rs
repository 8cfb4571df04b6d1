//! One batch and how far it has come.
//!
//! Its requests are worked on one after the other, evenly over its time, of which the first tenth is waiting. So there is
//! always a part that was done when it is cancelled, or when it expires because it would take longer than it may. What was
//! done by then keeps its result and is billed; what was not is cancelled or expired, and is not billed. Sources for that:
//! the `Batch` resource of OpenAI's reference (a cancelled batch "will have partial results (if any) available in the
//! output file") and Anthropic's page on cancelling (it "may not result in any canceled requests"). *From memory:* that
//! both bill what was completed and nothing else. *Unchecked:* all of this for Gemini, whose guide is said to grant an
//! expired batch no results, while reports have them, paid for.

use crate::llm::{Ask, Outcome};
use crate::provider::Provider;
use serde_json::Value;
use std::time::Duration;

/// One batch.
#[derive(Debug)]
pub(super) struct Batch {
    pub provider: Provider,
    /// The how-manieth it is.
    pub number: u64,
    pub id: String,
    pub model: String,
    pub name: String,
    pub input_file: String,
    pub metadata: Value,
    pub created: Duration,
    /// When the last request will have been worked on.
    pub ready: Duration,
    /// When it expires, if it is not ready by then.
    pub deadline: Duration,
    pub cancelled: Option<Duration>,
    /// How long cancelling takes.
    pub cancelling: Duration,
    /// What is wrong with it as a whole: then none of its requests is worked on.
    pub complaints: Vec<Value>,
    pub settled: bool,
    pub entries: Vec<Entry>,
}

/// One request of a batch.
#[derive(Debug)]
pub(super) struct Entry {
    /// OpenAI's and Anthropic's `custom_id`, Gemini's `metadata`.
    pub key: Value,
    pub end: End,
}

/// How a request will end, if it is worked on in time.
#[derive(Debug)]
pub(super) enum End {
    Answered(Ask, Outcome),
    /// The status and body that a single call would have got.
    Failed(u16, Value),
    Expired,
}

/// How a request ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ended<'a> {
    Answered(&'a Ask, &'a Outcome),
    Failed(u16, &'a Value),
    Expired,
    Cancelled,
}

/// Where a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Waiting,
    Running,
    /// Everything is worked on, and nothing to be had yet: OpenAI writes its files.
    Finalizing,
    Cancelling,
    Done,
    Expired,
    Cancelled,
    Failed,
}

impl Phase {
    /// Whether nothing will change any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Expired | Self::Cancelled | Self::Failed)
    }
}

/// How many requests ended how; what is not over is in none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub answered: usize,
    pub failed: usize,
    pub expired: usize,
    pub cancelled: usize,
}

impl Batch {
    /// When it is taken up.
    pub fn begins(&self) -> Duration {
        (self.created + self.ready.saturating_sub(self.created) / 10).min(self.deadline)
    }

    /// When the last request is worked on: OpenAI's files are written afterwards.
    fn worked(&self) -> Duration {
        let length = self.ready.saturating_sub(self.created);
        if matches!(self.provider, Provider::OpenAi | Provider::Moonshot) {
            self.created + length / 20 * 19
        } else {
            self.ready
        }
    }

    /// What is not worked on by then never will be.
    fn cutoff(&self) -> Duration {
        self.cancelled.unwrap_or(self.ready.min(self.deadline))
    }

    /// When nothing changes any more, as it looks now.
    pub fn ends(&self) -> Duration {
        match self.cancelled {
            _ if !self.complaints.is_empty() => self.begins(),
            Some(at) => at + self.cancelling,
            None => self.ready.min(self.deadline),
        }
    }

    pub fn phase(&self, now: Duration) -> Phase {
        if !self.complaints.is_empty() {
            return if now >= self.begins() { Phase::Failed } else { Phase::Waiting };
        }
        if self.cancelled.is_some() {
            return if now >= self.ends() { Phase::Cancelled } else { Phase::Cancelling };
        }
        if now >= self.ends() {
            let late = self.ready > self.deadline;
            let some = || self.entries.iter().any(|entry| matches!(entry.end, End::Expired));
            return if late || some() { Phase::Expired } else { Phase::Done };
        }
        if now < self.begins() {
            Phase::Waiting
        } else if now >= self.worked() {
            Phase::Finalizing
        } else {
            Phase::Running
        }
    }

    /// When the request in this place is worked on.
    fn turn(&self, place: usize) -> Duration {
        let begins = self.created + self.ready.saturating_sub(self.created) / 10;
        let share = (place as f64 + 1.0) / self.entries.len().max(1) as f64;
        begins + self.worked().saturating_sub(begins).mul_f64(share.clamp(0.0, 1.0))
    }

    /// How each request ended, or will if nothing else happens, in the order of the results.
    pub fn endings(&self) -> impl Iterator<Item = (&Entry, Ended<'_>)> {
        let cutoff = self.cutoff();
        self.entries.iter().enumerate().map(move |(place, entry)| {
            let ended = match &entry.end {
                _ if self.cancelled.is_some() && self.turn(place) > cutoff => Ended::Cancelled,
                End::Expired if self.cancelled.is_some() => Ended::Cancelled,
                End::Expired => Ended::Expired,
                _ if self.turn(place) > cutoff => Ended::Expired,
                End::Answered(ask, outcome) => Ended::Answered(ask, outcome),
                End::Failed(status, body) => Ended::Failed(*status, body),
            };
            (entry, ended)
        })
    }

    /// The requests that have ended by now.
    pub fn counts(&self, now: Duration) -> Counts {
        let over = self.phase(now).is_over();
        let mut counts = Counts::default();
        if !self.complaints.is_empty() {
            return counts;
        }
        for (place, (_, ended)) in self.endings().enumerate() {
            let reached = over || self.turn(place) <= now;
            match ended {
                Ended::Answered(..) if reached => counts.answered += 1,
                Ended::Failed(..) if reached => counts.failed += 1,
                Ended::Expired if over => counts.expired += 1,
                Ended::Cancelled if over => counts.cancelled += 1,
                _ => {}
            }
        }
        counts
    }
}
