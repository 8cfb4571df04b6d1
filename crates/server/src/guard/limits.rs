//! How often each caller may come: exact, over any 60 seconds.

use super::who::{Caller, Counted};
use crate::app::AppSettings;
use crate::problem::Problem;
use axum::http::StatusCode;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use watchfire_flow::{Ask, Budget, BudgetConfig, Check, Clock, Counted as Counts, Quota, Slot};

const WINDOW: Duration = Duration::from_secs(60);
/// Refused tokens that are told so in a minute; beyond that, everybody without one waits.
const STRANGERS: u64 = 600;

/// Budgets by caller. There is one per token that holds, and one for its pages: as many as somebody made tokens.
pub(super) struct Limits {
    clock: Arc<dyn Clock>,
    per_minute: u32,
    page_per_minute: u32,
    budgets: Mutex<HashMap<(Counted, u32), Budget>>,
    strangers: Option<Budget>,
}

/// A request that may be made.
pub(super) struct Taken {
    pub(super) slot: Slot,
    pub(super) limit: u32,
    pub(super) left: u64,
    pub(super) reset_s: u64,
}

impl Limits {
    pub(super) fn new(clock: Arc<dyn Clock>, settings: &AppSettings) -> Self {
        let strangers = budget(STRANGERS, &clock);
        Self {
            clock,
            per_minute: settings.requests_per_minute,
            page_per_minute: settings.page_requests_per_minute,
            budgets: Mutex::default(),
            strangers,
        }
    }

    /// Takes a request of this caller's; `None` where nothing limits them.
    pub(super) fn take(&self, caller: &Caller) -> Result<Option<Taken>, Problem> {
        let limit = match caller.counted {
            // Whoever is on this machine may do with it what they like.
            Counted::Local => 0,
            Counted::Token(_) => caller.per_minute.unwrap_or(self.per_minute),
            Counted::Page(_) => self.page_per_minute,
        };
        if limit == 0 {
            return Ok(None);
        }
        let Some(budget) = self.budget(caller.counted, limit) else { return Ok(None) };
        let ask = Ask::default();
        match budget.try_acquire(&ask) {
            Some(slot) => {
                let left = budget.left().unwrap_or_default();
                // What is used longest is free again a window after its answer, at the latest.
                let reset_s = if left > 0 { WINDOW.as_secs() } else { wait(&budget, &ask).as_secs().max(1) };
                Ok(Some(Taken { slot, limit, left, reset_s }))
            }
            None => Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                format!("this token made {limit} requests within a minute"),
                "wait as long as Retry-After says; watchfire token new NAME --per-minute makes one with more",
            )
            .after(wait(&budget, &ask))),
        }
    }

    fn budget(&self, counted: Counted, limit: u32) -> Option<Budget> {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(budget) = budgets.get(&(counted, limit)) {
            return Some(budget.clone());
        }
        let made = budget(u64::from(limit), &self.clock)?;
        budgets.insert((counted, limit), made.clone());
        Some(made)
    }

    /// What somebody without a token that holds is told: not who knows how often, so that tokens can't be tried out.
    pub(super) fn strangers(&self, problem: Problem) -> Problem {
        let Some(budget) = &self.strangers else { return problem };
        if let Some(slot) = budget.try_acquire(&Ask::default()) {
            drop(slot);
            return problem;
        }
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too many requests without a token that holds",
            "wait a minute; then send a token that holds",
        )
        .after(wait(budget, &Ask::default()))
    }
}

fn budget(limit: u64, clock: &Arc<dyn Clock>) -> Option<Budget> {
    let quotas = vec![Quota::Rolling { counted: Counts::Requests, limit, window: WINDOW }];
    let config = BudgetConfig { quotas, longest_flight: WINDOW, ..BudgetConfig::default() };
    // A limit of at least one over a window of a minute can be kept.
    Budget::new(config, Arc::clone(clock)).ok()
}

fn wait(budget: &Budget, ask: &Ask) -> Duration {
    match budget.check(ask) {
        Check::Wait(wait) => wait.clamp(Duration::from_secs(1), WINDOW),
        _ => Duration::from_secs(1),
    }
}
