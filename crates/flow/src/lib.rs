//! The floor that everything else stands on: order, bounds and meters, with no idea of what flows.
//!
//! - [`Turnstile`]: work done in parallel, with one section that is passed in input order.
//! - [`Histogram`]: percentiles of durations in fixed memory.
//! - [`Clock`]: time as an input, so that tests can hold it still.

mod clock;
mod histogram;
mod turnstile;

pub use clock::{Clock, Stopwatch, SystemClock};
pub use histogram::Histogram;
pub use turnstile::{Turn, Turnstile};
