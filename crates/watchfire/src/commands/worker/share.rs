//! The model's budget and breaker, where workers share them.

use crate::config::Settings;
use crate::exit::{Problem, Status};
use std::sync::Arc;
use std::time::Duration;
use watchfire_engine::{Asker, SharedGates};
use watchfire_flow::Clock;
use watchfire_shared::{SharedBreaker, SharedBudget};

/// How long the outcome of a call that finds out whether the model is back is waited for, beyond the call's own time.
const PROBED: Duration = Duration::from_secs(5);
/// How long calls that are on their way may take when the worker ends.
const LEAVING: Duration = Duration::from_secs(5);

/// The model's budget, where it is shared.
pub(super) struct Share {
    budget: Option<SharedBudget>,
}

impl Share {
    /// So many workers use it.
    pub(super) fn members(&self, count: usize) {
        if let Some(budget) = &self.budget {
            budget.set_members(u32::try_from(count).unwrap_or(u32::MAX));
        }
    }

    /// Leaves its share to the others.
    pub(super) async fn leave(self) {
        if let Some(budget) = self.budget {
            budget.leave(LEAVING).await;
        }
    }
}

/// Lets the model go by the budget and the breaker that all workers share, where there is a server for it.
pub(super) fn share(
    settings: &Settings,
    asker: &mut Option<Asker>,
    clock: &Arc<dyn Clock>,
) -> Result<Share, Problem> {
    let (Some(asker), Some(redis)) = (asker, settings.redis.settings()?) else {
        return Ok(Share { budget: None });
    };
    let budget = SharedBudget::start(&redis, &asker.name, &asker.limits, Arc::clone(clock))
        .map_err(|error| Problem::from_error(Status::Usage, &error, error.hint()))?;
    let breaker = SharedBreaker::start(&redis, &asker.name, asker.breaker, asker.timeout + PROBED)
        .map_err(|error| Problem::from_error(Status::Usage, &error, error.hint()))?;
    asker.shared = Some(SharedGates { budget: budget.budget().clone(), breaker: Arc::new(breaker) });
    Ok(Share { budget: Some(budget) })
}
