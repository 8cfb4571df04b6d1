//! A judge of several workers, from outside.
//!
//! Whether every alert ends exactly once can't be said by the program that has to see to it: its own counts would be wrong
//! in the same place. So this one uses nothing of it. It feeds records whose outcome it knows by how it made them, starts
//! real processes against real servers, and disturbs all of them by a script that follows from a seed. When everything is
//! through, it reads what is there: the intake topic, the topics of verdicts and dead letters, the tables, and what the
//! stand-in for a model counted. From that alone it says what was lost, doubled, out of order, or different in two places.
//!
//! Each worker reaches each server through a [proxy] of its own, so that a single link can be cut or hung. Kafka tells
//! its clients where it is, so it needs a listener for each proxy that tells the proxy's port
//! ([`Servers`](servers::Servers)); `checks/fleet` starts everything that way.
//!
//! - [`intake`]: records of real data, with alerts that are none and broken ones among them.
//! - [`feeding`], [`watching`], [`reading`]: what goes into the log, and what comes out of it, while it runs and after it.
//! - [`servers`], [`fleet`], [`process`](mod@process): what runs, and how it is ended.
//! - [`strike`], [`storm`], [`race`]: what is done to it.
//! - [`judging`], [`stored`], [`report`]: what came of it.

pub mod error;
pub mod feeding;
pub mod fleet;
pub mod intake;
pub mod judging;
pub mod links;
pub mod log;
pub mod process;
pub mod proxy;
pub mod race;
pub mod reading;
pub mod report;
pub mod servers;
pub mod settings;
pub mod stored;
pub mod storm;
pub mod strike;
pub mod told;
pub mod topics;
pub mod watching;
pub mod worker;
