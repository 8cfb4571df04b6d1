//! What several workers share of what they judge: one narrow trait, whatever keeps it.
//!
//! A worker reads records from partitions of a topic, judges them, stores what it found and then puts it out. Another worker may
//! have read the same records before it fell, or may still hold them without knowing that they were taken away. So every call
//! may be made again, after an answer that was lost too, and changes nothing twice; and what is put out is what the store has:
//!
//! - **An alert is stored once**, by its source and its ordinal there. Who comes second is told, and nothing is counted.
//! - **A decision is made once**, by its id. Who comes second is told how it stands.
//! - **A question is answered once, or closed.** It leaves with the decision that it left open being replaced, or not; whoever
//!   waited for it finds it [`resolved`](FleetStore::resolved). After that, nothing a worker does changes the decision.
//! - **How far a source was put out only grows.**
//! - **A call that was paid for is entered once**, by its [`LedgerEntry`]'s id.
//!
//! Where the store can't be reached, each call says [`FleetError::Unavailable`], and the worker waits and makes it again.

#[cfg(any(test, feature = "suite"))]
pub mod made;
#[cfg(any(test, feature = "suite"))]
pub mod memory;
mod rows;
#[cfg(any(test, feature = "suite"))]
pub mod suite;

pub use rows::{
    FleetAlert, FleetAlertRow, FleetAnswer, FleetBatch, FleetDead, FleetSource, LedgerEntry, PatternSpan,
    PutOut, Taken,
};

use crate::{AnalystDecisionRow, DecisionRow, LedgerTotal, QuestionRow};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// Alerts, dead letters, decisions, patterns and questions of a batch, each at most.
pub const MOST_IN_BATCH: usize = 20_000;
/// Ids or spans in one question to the store at most.
pub const MOST_ASKED: usize = 20_000;
/// Decisions on a pattern that are looked at: the latest.
pub const MOST_DECISIONS: usize = 16;
/// Analysts' decisions that are loaded: the latest.
pub const MOST_WORDS: usize = 100_000;

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// The store can't be reached, or has no time: come again, with the same. Whether it was done is not known, and does not
    /// matter.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// Coming again does not help: the tables are not there, the user may not write, the batch is beyond its bounds.
    #[error("the store refuses it: {0}")]
    Refused(String),
}

impl FleetError {
    /// Whether the same call may succeed later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Refused(_) => false,
        }
    }

    /// What the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => {
                "see whether the server runs and can be reached; the worker goes on by itself"
            }
            Self::Refused(_) => "see whether the tables are this version's and this user may write them",
        }
    }
}

/// What a call is waited for with. Dropping it leaves open whether it was done.
pub type Calling<'a, T> = Pin<Box<dyn Future<Output = Result<T, FleetError>> + Send + 'a>>;

/// Where an alert stands: its source's row, and its ordinal there.
pub type AlertKey = (i64, u64);

/// What workers share. Every implementation passes the same suite.
pub trait FleetStore: Send + Sync {
    /// The source that stands for this partition of a topic, made if it is new: the same for every worker. `now` is in milliseconds
    /// since 1970.
    fn source<'a>(&'a self, topic: &'a str, partition: i32, now: i64) -> Calling<'a, FleetSource>;

    /// The greatest ordinal that is stored of a source, as an alert or a dead letter. What comes with a greater one is new.
    fn stored(&self, source: FleetSource) -> Calling<'_, Option<u64>>;

    /// How far workers of this group put a source out, as far as that was noted.
    fn put_out<'a>(&'a self, group: &'a str, source: FleetSource) -> Calling<'a, Option<PutOut>>;

    /// Notes how far workers of this group put sources out, each of them once at most. Of a source, the note that reaches furthest
    /// stands: one that is late changes nothing.
    fn note_put_out<'a>(&'a self, group: &'a str, notes: &'a [PutOut]) -> Calling<'a, ()>;

    /// What is stored of these alerts, at most [`MOST_ASKED`].
    fn alerts<'a>(&'a self, keys: &'a [AlertKey]) -> Calling<'a, HashMap<AlertKey, FleetAlert>>;

    /// The decisions on these patterns, at most [`MOST_ASKED`], that hold somewhere in their spans; of each pattern the latest first,
    /// at most [`MOST_DECISIONS`].
    fn decisions_on<'a>(&'a self, asked: &'a [PatternSpan]) -> Calling<'a, Vec<DecisionRow>>;

    /// The decisions with these ids, at most [`MOST_ASKED`], in any order.
    fn decisions<'a>(&'a self, ids: &'a [i64]) -> Calling<'a, Vec<DecisionRow>>;

    /// Writes a batch, wholly or not; `now` is in milliseconds since 1970. What is there already stays as it is:
    ///
    /// - alerts and dead letters by their source and ordinal;
    /// - decisions by their id, with their questions: a question is written only with its decision.
    ///
    /// A pattern is stretched by what is written of it, and gains as many alerts as are new. It shows the decision of its alert with
    /// the greatest priority, the last of equals. Each alert's pattern has to be in the batch.
    fn take_in<'a>(&'a self, batch: &'a FleetBatch, now: i64) -> Calling<'a, Taken>;

    /// The open questions of these decisions that nobody else holds, the most urgent first and at most `limit`: they are held by
    /// `who` until `lease` is over. Who asks again gets its own again.
    fn claim<'a>(
        &'a self,
        decisions: &'a [i64],
        who: &'a str,
        lease: Duration,
        limit: usize,
    ) -> Calling<'a, Vec<QuestionRow>>;

    /// Those of these decisions whose question is not open any more, as they stand.
    fn resolved<'a>(&'a self, decisions: &'a [i64]) -> Calling<'a, Vec<DecisionRow>>;

    /// Puts answers in the place of the decisions that left their questions open, keeps what was asked, and enters what the call
    /// cost; in one transaction. An answer whose question is not open any more is left out. Gives the decisions that stand
    /// as these answers say.
    fn answer<'a>(&'a self, answers: &'a [FleetAnswer], paid: &'a LedgerEntry) -> Calling<'a, Vec<i64>>;

    /// Gives back questions that `who` holds and that were asked in vain. One that was asked in vain `most_attempts` times is
    /// closed: what was decided stands.
    fn give_back<'a>(&'a self, decisions: &'a [i64], who: &'a str, most_attempts: u32) -> Calling<'a, ()>;

    /// Enters what a call cost that brought no answers.
    fn ledger<'a>(&'a self, paid: &'a LedgerEntry) -> Calling<'a, ()>;

    /// The ledger's sums from this moment on (milliseconds since 1970), by service, model, tier and outcome, the dearest first.
    fn ledger_since(&self, at: i64) -> Calling<'_, Vec<LedgerTotal>>;

    /// What analysts decided and did not take back, of each pattern the last, oldest first, with a version that changes when any of it
    /// does; `None` if that is still `known`. Cheap to ask where nothing changed.
    fn words(&self, known: Option<i64>) -> Calling<'_, Option<(i64, Vec<AnalystDecisionRow>)>>;

    /// A secret that all workers share: `fresh` where there is none yet.
    fn secret<'a>(&'a self, name: &'a str, fresh: [u8; 32]) -> Calling<'a, [u8; 32]>;
}
