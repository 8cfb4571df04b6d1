//! A budget for each of many users, addresses or keys, under the same limits.

use super::{Ask, Budget, BudgetConfig, BudgetError, Check};
use crate::Clock;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Budgets by identifier. One that is idle, so that it says the same as a new one, is forgotten when room is needed.
#[derive(Debug)]
pub struct Budgets<K> {
    config: BudgetConfig,
    clock: ClockHandle,
    bound: usize,
    budgets: Mutex<HashMap<K, Budget>>,
}

struct ClockHandle(Arc<dyn Clock>);

impl std::fmt::Debug for ClockHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl<K: Hash + Eq + Clone> Budgets<K> {
    /// At most `bound` budgets of this kind, each made when its identifier is first seen.
    pub fn new(config: BudgetConfig, bound: usize, clock: Arc<dyn Clock>) -> Result<Self, BudgetError> {
        Budget::new(config.clone(), Arc::clone(&clock))?;
        Ok(Self {
            config,
            clock: ClockHandle(clock),
            bound: bound.max(1),
            budgets: Mutex::new(HashMap::new()),
        })
    }

    /// The budget of an identifier; `None` if there is no room for another, because so many are in use.
    pub fn of(&self, identifier: &K) -> Option<Budget> {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(budget) = budgets.get(identifier) {
            return Some(budget.clone());
        }
        if budgets.len() >= self.bound {
            budgets.retain(|_, budget| !budget.is_idle());
        }
        if budgets.len() >= self.bound {
            return None;
        }
        let budget = Budget::new(self.config.clone(), Arc::clone(&self.clock.0)).ok()?;
        budgets.insert(identifier.clone(), budget.clone());
        Some(budget)
    }

    /// Whether a call may be made for this identifier, or how long to wait. Without room for another identifier the
    /// answer is to wait.
    pub fn check(&self, identifier: &K, ask: &Ask) -> Check {
        self.of(identifier).map_or(Check::Wait(std::time::Duration::from_secs(1)), |budget| budget.check(ask))
    }

    /// How many identifiers are remembered.
    pub fn len(&self) -> usize {
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
