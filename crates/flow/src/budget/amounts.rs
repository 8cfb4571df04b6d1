//! How much, and when.

use super::config::Counted;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::Instant;

/// Longer than anything waits. A provider's word, a setting or a saved state may hold any number.
pub(super) const FAR: Duration = Duration::from_secs(10 * 365 * 86_400);

/// That much later, or in the far future where that is beyond the clock.
pub(super) fn later(instant: Instant, by: Duration) -> Instant {
    instant + by.min(FAR)
}

/// What a call takes of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Amounts {
    pub(super) requests: u64,
    pub(super) tokens: u64,
    pub(super) micro_usd: u64,
}

impl Amounts {
    pub(super) const fn of(&self, counted: Counted) -> u64 {
        match counted {
            Counted::Requests => self.requests,
            Counted::Tokens => self.tokens,
            Counted::MicroUsd => self.micro_usd,
        }
    }
}

/// What many calls take together. Wide enough that no number of calls overflows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Demand {
    requests: u128,
    tokens: u128,
    micro_usd: u128,
}

impl Demand {
    /// So many calls of this kind.
    pub(super) fn calls(number: u64, each: &Amounts) -> Self {
        let times = |amount: u64| u128::from(number) * u128::from(amount);
        Self { requests: u128::from(number), tokens: times(each.tokens), micro_usd: times(each.micro_usd) }
    }

    pub(super) const fn requests(&self) -> u128 {
        self.requests
    }

    pub(super) const fn of(&self, counted: Counted) -> u128 {
        match counted {
            Counted::Requests => self.requests,
            Counted::Tokens => self.tokens,
            Counted::MicroUsd => self.micro_usd,
        }
    }

    pub(super) fn add(&mut self, cost: &Amounts) {
        self.requests += u128::from(cost.requests);
        self.tokens += u128::from(cost.tokens);
        self.micro_usd += u128::from(cost.micro_usd);
    }

    pub(super) fn remove(&mut self, cost: &Amounts) {
        self.requests -= u128::from(cost.requests);
        self.tokens -= u128::from(cost.tokens);
        self.micro_usd -= u128::from(cost.micro_usd);
    }

    pub(super) const fn and(self, other: &Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            tokens: self.tokens.saturating_add(other.tokens),
            micro_usd: self.micro_usd.saturating_add(other.micro_usd),
        }
    }

    /// About what so many of its calls take.
    pub(super) fn part(&self, calls: u128) -> Self {
        if calls >= self.requests {
            return *self;
        }
        let share = |amount: u128| (amount / self.requests.max(1)).saturating_mul(calls);
        Self { requests: calls, tokens: share(self.tokens), micro_usd: share(self.micro_usd) }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was never sent.
    Unsent,
    /// It was sent, and the provider does not count it.
    Uncounted,
    /// It took this much.
    Spent(Amounts),
}

impl Fate {
    pub(super) const fn spent(&self, counted: Counted) -> u64 {
        match self {
            Self::Unsent | Self::Uncounted => 0,
            Self::Spent(amounts) => amounts.of(counted),
        }
    }
}

/// The time by both clocks: the one that never goes back, and the wall's, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) at: Instant,
    pub(super) unix_ms: i64,
}

impl Now {
    /// What the wall clock said at this earlier moment.
    pub(super) fn unix_ms_of(&self, earlier: Instant) -> i64 {
        let ago = self.at.saturating_duration_since(earlier).as_millis();
        self.unix_ms.saturating_sub(i64::try_from(ago).unwrap_or(i64::MAX))
    }
}

/// When a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Now,
    At(Instant),
    /// When a call that is on its way has ended; nobody knows when that is.
    AfterAnEnd,
    Never,
}

impl When {
    /// The later of two.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::AfterAnEnd, _) | (_, Self::AfterAnEnd) => Self::AfterAnEnd,
            (Self::At(one), Self::At(two)) => Self::At(one.max(two)),
            (Self::Now, other) | (other, Self::Now) => other,
        }
    }
}
