//! A budget for each of many users, addresses or keys, under the same limits.

use super::state::State;
use super::{Ask, Budget, BudgetConfig, BudgetError, Check};
use crate::Clock;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// For room is looked only so often: in a flood of new identifiers, each would look through all the others.
const SWEEP: Duration = Duration::from_secs(1);

/// Budgets by identifier. One that is idle, so that it says the same as a new one, is forgotten when room is needed.
#[derive(Debug)]
pub struct Budgets<K> {
    /// What all begin as; never used.
    unused: Budget,
    started: Instant,
    bound: usize,
    known: Mutex<Known<K>>,
}

#[derive(Debug)]
struct Known<K> {
    budgets: HashMap<K, Budget>,
    swept_at: Option<Instant>,
}

impl<K: Hash + Eq + Clone> Budgets<K> {
    /// At most `bound` budgets of this kind, each made when its identifier is first seen.
    pub fn new(config: BudgetConfig, bound: usize, clock: Arc<dyn Clock>) -> Result<Self, BudgetError> {
        let started = Instant::now();
        Ok(Self {
            unused: Budget::with(State::new(Arc::new(config), started)?, clock),
            started,
            bound: bound.max(1),
            known: Mutex::new(Known { budgets: HashMap::new(), swept_at: None }),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known<K>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The budget of an identifier; `None` if there is no room for another, because so many are in use.
    pub fn of(&self, identifier: &K) -> Option<Budget> {
        let mut known = self.known();
        if let Some(budget) = known.budgets.get(identifier) {
            return Some(budget.clone());
        }
        if !self.has_room(&mut known) {
            return None;
        }
        let state = self.unused.shared.lock().fresh(self.started);
        let budget = Budget::with(state, Arc::clone(&self.unused.shared.clock));
        known.budgets.insert(identifier.clone(), budget.clone());
        Some(budget)
    }

    /// Whether a call may be made for this identifier, or how long to wait; nothing is remembered of one that is new.
    /// Without room for another identifier the answer is to wait.
    pub fn check(&self, identifier: &K, ask: &Ask) -> Check {
        let mut known = self.known();
        let budget = known.budgets.get(identifier).cloned();
        let room = budget.is_some() || self.has_room(&mut known);
        drop(known);
        match budget.as_ref().unwrap_or(&self.unused).check(ask) {
            Check::Allowed if !room => Check::Wait(SWEEP),
            check => check,
        }
    }

    fn has_room(&self, known: &mut Known<K>) -> bool {
        let now = Instant::now();
        if known.budgets.len() >= self.bound
            && known.swept_at.is_none_or(|at| now.saturating_duration_since(at) >= SWEEP)
        {
            known.swept_at = Some(now);
            // One that somebody else holds may be used the next moment, and a second one beside it would have the
            // limit again.
            known.budgets.retain(|_, budget| !budget.is_idle());
        }
        known.budgets.len() < self.bound
    }

    /// How many identifiers are remembered.
    pub fn len(&self) -> usize {
        self.known().budgets.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
