//! What stops a run. Records and inputs that can't be read do not: they are in the summary.

use std::io;
use watchfire_store::StoreError;

/// Why a run could not be finished. What was committed before stays; the same command goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store that workers share failed, and trying again does not help.
    #[error(transparent)]
    Fleet(#[from] watchfire_store::fleet::FleetError),
    /// The output can't be written.
    #[error("can't write the output")]
    Output(#[source] io::Error),
    /// An input that must be read whole can't be.
    #[error("{name}: {reason}")]
    Unreadable {
        /// The input.
        name: String,
        /// What is wrong with it.
        reason: String,
        /// What can be done about it.
        hint: &'static str,
    },
    /// A worker failed in a way that is a bug.
    #[error("a worker stopped: {0}")]
    Worker(String),
    /// Records got lost on the way, which is a bug.
    #[error("the balance is off: received {received}, accounted for {accounted}")]
    Unbalanced {
        /// Records read.
        received: u64,
        /// Records judged, set aside, dead or pending.
        accounted: u64,
    },
    /// No threads can be had to make calls with.
    #[error("can't start making calls")]
    Runtime(#[source] io::Error),
    /// The limits of a service can't be kept.
    #[error("the limits of the service can't be kept")]
    Budget(#[source] watchfire_flow::BudgetError),
    /// A batch could not be cancelled.
    #[error("the batch could not be cancelled: {0}")]
    NotCancelled(String),
    /// There is no such alert.
    #[error("there is no alert {0} in this store")]
    NoSuchAlert(String),
    /// What is stored can't be understood.
    #[error("the store holds a {0} that can't be understood")]
    Corrupt(&'static str),
}

impl EngineError {
    /// What the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Store(error) => error.hint(),
            Self::Fleet(_) => {
                "the shared store refuses what it is told: does it have this version's tables, and may this user write them?"
            }
            Self::Output(error) if error.kind() == io::ErrorKind::StorageFull => {
                "free some space and run the same command again: what was decided is in the store"
            }
            Self::Output(_) => "check the path given with --out; what was decided is in the store",
            Self::Unreadable { hint, .. } => hint,
            Self::Unbalanced { .. } => "this is a bug: please report it, with the input if you can",
            Self::Worker(_) => "this is a bug: please report it with the record that caused it",
            Self::Runtime(_) => "how many threads may this user have? see `ulimit -u`",
            Self::Budget(_) => "check the limits in the settings: docs/llm.md describes them",
            Self::NotCancelled(_) => {
                "run triage again: it finds out where the batch is, and reads what is there"
            }
            Self::NoSuchAlert(_) => {
                "ids look like 5f3a9c01be-1532; `watchfire report` and every output show them"
            }
            Self::Corrupt(_) => "was it written by a newer version? try another --store",
        }
    }
}
