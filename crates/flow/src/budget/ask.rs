//! What is asked of a budget, and what it says.

use super::amounts::Amounts;
use std::time::Duration;
use tokio::time::Instant;

/// What a call wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ask {
    /// On whose behalf: users of one priority take turns.
    pub user: u64,
    /// How urgent: a higher number goes first.
    pub priority: u8,
    /// Tokens that it may take.
    pub tokens: u64,
    /// Money that it may take, in millionths of a US dollar.
    pub micro_usd: u64,
    /// There is no use in a slot after this.
    pub deadline: Option<Instant>,
}

impl Ask {
    pub(super) const fn amounts(&self) -> Amounts {
        Amounts { requests: 1, tokens: self.tokens, micro_usd: self.micro_usd }
    }
}

/// What a call took in the end; `None` where nobody knows: then what was reserved stands.
///
/// What it took beyond its reservation counts from now on; what it left is free at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Tokens.
    pub tokens: Option<u64>,
    /// Money, in millionths of a US dollar.
    pub micro_usd: Option<u64>,
}

/// Why a budget lets nobody through any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Closing {
    /// The program ends.
    #[error("the program is shutting down")]
    ShuttingDown,
    /// The provider will not work without being paid.
    #[error("the provider says that the money is spent")]
    SpendExhausted,
}

/// Whether a call may be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// It may.
    Allowed,
    /// After so long, as far as is known; a call that is on its way may end sooner.
    Wait(Duration),
    /// It never may: it takes more than the quota at this place of [`BudgetConfig::quotas`] has in all.
    ///
    /// [`BudgetConfig::quotas`]: super::BudgetConfig::quotas
    Never(usize),
    /// Nobody may any more.
    Closed(Closing),
}

/// Why there is no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The call takes more than a quota has in all.
    #[error("the call takes more than limit number {} allows in all", quota.saturating_add(1))]
    Never {
        /// The quota's place in [`BudgetConfig::quotas`](super::BudgetConfig::quotas).
        quota: usize,
    },
    /// The wait would end after the deadline.
    #[error("the wait for a slot would be longer than there is time ({0:?} by what is known)")]
    Deadline(Duration),
    /// Too many wait already.
    #[error("{0} calls wait already")]
    QueueFull(usize),
    /// Nobody gets one any more.
    #[error("{0}")]
    Closed(Closing),
}

/// What a budget does now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// How many wait.
    pub waiting: usize,
    /// How many calls are on their way.
    pub in_flight: usize,
    /// Until the next call of the least size may be made; `None` while that depends on calls that are on their way.
    pub next_slot: Option<Duration>,
    /// How long everybody pauses yet because the provider said so.
    pub paused_for: Duration,
    /// About how long whoever comes now would wait.
    pub predicted_wait: Duration,
    /// The share of the limit on calls that is made use of, 0–1: less than 1 after refusals.
    pub allowance: f64,
}
