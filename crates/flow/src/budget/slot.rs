//! The right to make one call.

use super::amounts::{Amounts, Fate};
use super::ask::Spent;
use super::{Budget, Shared};
use std::sync::Arc;
use tokio::time::Instant;

/// The right to make one call, to be made at once. Dropped without a word, because the call timed out or was cancelled,
/// it is held until the longest flight is over.
#[derive(Debug)]
#[must_use = "a slot that is dropped is held as if its call were still on its way"]
pub struct Slot {
    shared: Arc<Shared>,
    id: u64,
    cost: Amounts,
    sent: Instant,
    ended: bool,
}

impl Slot {
    pub(super) fn new(budget: &Budget, id: u64, cost: Amounts, sent: Instant) -> Self {
        Self { shared: Arc::clone(&budget.shared), id, cost, sent, ended: false }
    }

    /// The response is here.
    pub fn settle(self, spent: Spent) {
        let amounts = Amounts {
            requests: 1,
            tokens: spent.tokens.unwrap_or(self.cost.tokens),
            micro_usd: spent.micro_usd.unwrap_or(self.cost.micro_usd),
        };
        self.end(&Fate::Spent(amounts));
    }

    /// The call was not sent: all of it is given back at once.
    pub fn cancel(self) {
        self.end(&Fate::Unsent);
    }

    /// The response is here, and by it the provider does not count the call. Spacing counts from now even so.
    pub fn uncounted(self) {
        self.end(&Fate::Uncounted);
    }

    fn end(mut self, fate: &Fate) {
        self.ended = true;
        let now = self.shared.now();
        let mut state = self.shared.lock();
        state.pass(now);
        state.end(self.id, fate, now);
        if let Fate::Spent(_) = fate {
            state.responded(now.at.saturating_duration_since(self.sent), now);
        }
        state.dispatch(None, now);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.ended {
            let now = self.shared.now();
            let mut state = self.shared.lock();
            state.lose(self.id, self.sent);
            state.dispatch(None, now);
        }
    }
}
