//! The model's budget, where workers share it.

use crate::config::Settings;
use crate::exit::{Problem, Status};
use std::sync::Arc;
use std::time::Duration;
use watchfire_engine::Asker;
use watchfire_flow::Clock;
use watchfire_shared::SharedBudget;

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

/// Lets the model go by the budget that all workers share, where there is a server for it.
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
    asker.shared = Some(budget.budget().clone());
    Ok(Share { budget: Some(budget) })
}
