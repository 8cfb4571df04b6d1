//! The floor that everything else stands on: order, bounds and meters, with no idea of what flows.
//!
//! - [`Budget`]: a provider's limits, used in full and never exceeded; [`Budgets`]: one for each of many users.
//! - [`Turnstile`]: work done in parallel, with one section that is passed in input order.
//! - [`Retry`], [`Breaker`], [`Deadline`]: whether to call, whether to call again, and how long that may take.
//! - [`SingleFlight`]: a cache that asks once, however many want to know.
//! - [`DependentCache`]: a cache that is exact when what its values depend on is written; [`Habits`]: what to load ahead of time.
//! - [`Batcher`]: batches by size or age, in order, with nothing lost.
//! - [`KeyedLanes`]: order per key, with bounded parallelism.
//! - [`Meters`]: counters and gauges with fixed names.
//! - [`Histogram`]: percentiles of durations in fixed memory.
//! - [`Clock`]: time as an input, so that tests can hold it still.

mod batcher;
mod breaker;
mod breaking;
mod budget;
mod clock;
mod deadline;
mod dependent_cache;
mod habits;
mod histogram;
mod lanes;
mod meter;
mod retry;
mod single_flight;
mod turnstile;
mod watermark;

pub use batcher::{
    Batch, BatchRunner, BatchSettings, BatchStatistics, BatchWarning, Batcher, Gate, NotPushed, Traffic,
    Trigger,
};
pub use breaker::{Breaker, BreakerPermit, BreakerSettings, BreakerState, Open};
pub use breaking::{Breaking, Breaks, CallPermit};
pub use budget::{
    Ask, Budget, BudgetConfig, BudgetError, BudgetState, Budgets, Check, Closing, ColdStart, Counted, Denied,
    Outlook, Period, Quota, Slot, Spent,
};
pub use clock::{Clock, Stopwatch, SystemClock};
pub use deadline::{Deadline, DeadlinePassed};
pub use dependent_cache::{CacheSettings, CacheStatistics, Dependent, DependentCache};
pub use habits::{HabitSettings, Habits};
pub use histogram::Histogram;
pub use lanes::{JobLost, KeyedLanes, LaneRunner, LanesClosed, Submitted};
pub use meter::{MeterKind, MeterName, Meters, NoMeters, Raised, Reading};
pub use retry::{Backoff, Retry, RetryBudget};
pub use single_flight::{FlightStatistics, Fresh, SingleFlight};
pub use turnstile::{Turn, Turnstile};
pub use watermark::{MOST_TEXT, Watermark, reach};

/// The other side of a [`Budget`] that several processes share: [`Budget::governed`].
pub mod governed {
    pub use crate::budget::{Ended, Flown, Governor, How, Log, PARTS, QuotaLog, Said, Told, Wanted};
}

/// The examples of the README are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
