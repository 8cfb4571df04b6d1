//! The edge on a real broker: `checks/kafka` starts one and says where it is.
//!
//! What is promised is always the same: of every record that came in, exactly one verdict is there for those who read
//! committed ones, whatever happened in between.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "all of this is tests, also what they share; a child speaks by what it prints"
)]

mod broker;
mod child;
mod exactly;
mod membership;
mod reading;
mod refusals;
mod restart;
#[cfg(feature = "tls")]
mod secured;
mod verdicts;
mod worker;
mod zombie;
