//! When to ask a feed again, learned from how often there was something new.
//!
//! The gap between new entries is estimated as for a Poisson process whose rate drifts: time watched divided by entries seen,
//! both forgotten by and by (the estimator of J. Cho and H. Garcia-Molina, "Estimating frequency of change", ACM TOIT 3:3,
//! 2003, with entries counted instead of changes, and with exponential forgetting). After a poll that comes *t* after the last
//! and brings *n* new entries, with *k* = min(*n*, 6):
//!
//! ```text
//! d      = exp(−t / (6 · gap))          forgets over about six gaps, however long a gap is
//! events = d · events + k
//! span   = d · span   + t
//! gap    = span / events
//! wait   = clamp(max(gap, what the feed asks for), shortest, longest), spread by ±5 %
//! ```
//!
//! Why so: the ratio of two sums does not depend on how often we look, so that looking more often does not make a feed seem
//! slower or faster, as smoothing the interval itself does. A silent feed makes `span` grow and `events` shrink, so its gap
//! grows faster and faster. *k* is bounded because forty entries in one digest are one event more than forty; but it is
//! more than one, so that a feed that is faster than its polls is noticed. A gap is never thought longer than twice the longest
//! wait, and `span` never longer than six of these, so that a feed that wakes after a year is noticed within days.
//!
//! After *f* failures in a row the wait is drawn from the upper half of `min(longest, wait · 2^(f−1))`. Chance comes from a
//! seed that is part of the state, so that the same history gives the same moments, also across a restart.

mod skipped;
#[cfg(test)]
mod tests;

pub use skipped::Skipped;

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many gaps are remembered, about.
const MEMORY: f64 = 6.0;
/// So many entries of one poll count.
const COUNTED: u32 = 6;
/// No gap is thought longer than so many of the longest waits.
const LONGEST_GAP: f64 = 2.0;
/// What is thought of a feed at first, in seconds.
const FIRST_GAP_S: f64 = 3600.0;
/// How far waits are spread.
const SPREAD: f64 = 0.05;

/// Between which waits to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    shortest: Duration,
    longest: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { shortest: Duration::from_secs(15 * 60), longest: Duration::from_secs(24 * 3600) }
    }
}

impl Bounds {
    /// From `shortest`, at least a second, to `longest`, at most thirty days and at least `shortest`.
    pub fn new(shortest: Duration, longest: Duration) -> Self {
        let month = Duration::from_secs(30 * 86_400);
        let shortest = shortest.clamp(Duration::from_secs(1), month);
        Self { shortest, longest: longest.clamp(shortest, month) }
    }

    /// The shortest wait.
    pub fn shortest(&self) -> Duration {
        self.shortest
    }

    /// The longest wait.
    pub fn longest(&self) -> Duration {
        self.longest
    }
}

/// What a feed says itself about when to come again. What it asks for beyond the longest wait counts as that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hints {
    /// `ttl` of RSS 2.0.
    pub ttl: Option<Duration>,
    /// `sy:updatePeriod` divided by `sy:updateFrequency`, of the syndication module of RSS 1.0.
    pub update_every: Option<Duration>,
    /// How long the answer is good for by its `Cache-Control`.
    pub fresh_for: Option<Duration>,
    /// `skipHours` and `skipDays` of RSS 2.0.
    pub skipped: Skipped,
}

/// What came of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// An answer with so many entries that had not been there before; 0 also where nothing was modified. Of the first poll
    /// the number does not count, since nobody knows when they came.
    Entries(u32),
    /// The server asks to come later, in milliseconds since 1970.
    Later(i64),
    /// It did not work, or was refused.
    Failed,
    /// It is gone for good.
    Gone,
}

/// When a feed is to be asked, and what that was learned from. To be stored with the feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// The state of the source of chance.
    chance: u64,
    /// New entries seen, the old ones forgotten by and by.
    events: f64,
    /// The time they were seen in, likewise, in seconds.
    span_s: f64,
    /// When the feed last answered.
    answered_ms: Option<i64>,
    /// Failures since then.
    failures: u32,
    /// When to ask; `None` for never again.
    next_ms: Option<i64>,
}

impl Schedule {
    /// A feed that is to be asked at once. `seed` should be another for each feed: a hash of its address, say.
    pub fn new(seed: u64, now_ms: i64) -> Self {
        Self {
            chance: seed,
            events: 1.0,
            span_s: FIRST_GAP_S,
            answered_ms: None,
            failures: 0,
            next_ms: Some(now_ms),
        }
    }

    /// When to ask, in milliseconds since 1970; `None` for never again.
    pub fn next_ms(&self) -> Option<i64> {
        self.next_ms
    }

    /// Somebody wants it asked now. What was learned stays.
    pub fn ask_at(&mut self, now_ms: i64) {
        self.next_ms = Some(now_ms);
    }

    /// What is thought to be the time between new entries.
    pub fn gap(&self) -> Duration {
        Duration::try_from_secs_f64(self.gap_s()).unwrap_or(Duration::from_secs(FIRST_GAP_S as u64))
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// After a restart: what should have been asked meanwhile is spread over the shortest wait, so that not all feeds are
    /// asked at the same moment. So is what lies too far ahead, because a clock was wrong.
    pub fn resume(&mut self, now_ms: i64, bounds: Bounds) {
        let Some(next_ms) = self.next_ms else { return };
        // Skipped days may take a week.
        let farthest = now_ms.saturating_add(millis(bounds.longest)).saturating_add(7 * 86_400_000);
        if next_ms <= now_ms || next_ms > farthest {
            let wait = millis(bounds.shortest) as f64 * self.draw();
            self.next_ms = Some(now_ms.saturating_add(wait as i64));
        }
    }

    /// Takes what came of a poll, and says when the next is. That is within the bounds from now, but for the hours and days
    /// that the feed wants skipped.
    pub fn heard(&mut self, now_ms: i64, heard: Heard, hints: &Hints, bounds: Bounds) -> Option<i64> {
        let wait_s = match heard {
            Heard::Gone => {
                self.next_ms = None;
                return None;
            }
            Heard::Entries(new) => {
                self.learn(now_ms, new, bounds);
                let spread = 1.0 - SPREAD + 2.0 * SPREAD * self.draw();
                self.wait_s(hints, bounds) * spread
            }
            Heard::Failed | Heard::Later(_) => {
                self.failures = self.failures.saturating_add(1);
                let doublings = self.failures.saturating_sub(1).min(32);
                let ceiling = self.wait_s(hints, bounds) * 2_f64.powi(doublings as i32);
                ceiling.min(bounds.longest.as_secs_f64()) * (0.5 + 0.5 * self.draw())
            }
        };
        let asked_s = match heard {
            Heard::Later(until_ms) => until_ms.saturating_sub(now_ms) as f64 / 1000.0,
            _ => 0.0,
        };
        let least_s = asked_s.max(hinted_s(hints));
        let (shortest, longest) = (bounds.shortest.as_secs_f64(), bounds.longest.as_secs_f64());
        let wait_s = wait_s.max(least_s).clamp(shortest, longest);
        let next_ms = now_ms.saturating_add((wait_s * 1000.0) as i64);
        let next_ms = hints.skipped.next_allowed(next_ms, self.draw());
        self.next_ms = Some(next_ms);
        self.next_ms
    }

    fn learn(&mut self, now_ms: i64, new: u32, bounds: Bounds) {
        self.failures = 0;
        let Some(before_ms) = self.answered_ms.replace(now_ms) else { return };
        let longest_s = LONGEST_GAP * bounds.longest.as_secs_f64();
        let gap_s = self.gap_s().min(longest_s);
        // A clock that went back, or a pause of months, teaches nothing.
        let passed_s = (now_ms.saturating_sub(before_ms) as f64 / 1000.0).clamp(0.0, longest_s);
        let kept = (-passed_s / (MEMORY * gap_s)).exp();
        // By way of the gap, so that nothing that was stored leads to what is no number.
        let span_s = if self.span_s.is_finite() { self.span_s.clamp(1.0, MEMORY * longest_s) } else { gap_s };
        self.events = span_s / gap_s * kept + f64::from(new.min(COUNTED));
        self.span_s = span_s * kept + passed_s;
    }

    /// The gap in seconds, whatever was stored: at least a second, at most two months.
    fn gap_s(&self) -> f64 {
        let gap_s = self.span_s / self.events;
        if gap_s.is_nan() { FIRST_GAP_S } else { gap_s.clamp(1.0, 60.0 * 86_400.0) }
    }

    fn wait_s(&self, hints: &Hints, bounds: Bounds) -> f64 {
        self.gap_s().max(hinted_s(hints)).clamp(bounds.shortest.as_secs_f64(), bounds.longest.as_secs_f64())
    }

    /// A number from 0 to below 1: splitmix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators",
    /// OOPSLA 2014), because its whole state is one number that can be stored.
    fn draw(&mut self) -> f64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The longest of what a feed asks for.
fn hinted_s(hints: &Hints) -> f64 {
    let asked = hints.ttl.max(hints.update_every).max(hints.fresh_for);
    asked.unwrap_or_default().as_secs_f64()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
