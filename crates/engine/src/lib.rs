//! Pipelines: what happens to an alert from its bytes to its stored verdict.
//!
//! ```text
//!  framer thread        workers, in parallel                          in order            in parallel      writer
//!  open ▸ unpack ▸ cut ─▶ read ▸ facts ▸ rules ▸ pattern ─▶ turnstile ─▶ judge ▸ tally ─▶ rows ▸ output ─▶ commit
//! ```
//!
//! One piece of work is a chunk of input (about 256 KiB of whole records). A worker keeps it from reading to output, so
//! alerts borrow from it all the way and nothing is copied between threads; only the decisions are made in the order
//! of the input, by passing a turnstile. The writer commits what is waiting in one transaction, then writes the output.
//!
//! Everything is bounded: chunks in flight, patterns, entities, reputations, names in lists.

mod archive;
pub mod articles;
mod asking;
pub mod capacity;
mod deadletters;
mod decide;
mod enriching;
mod error;
mod evaluating;
mod findings;
mod gates;
mod input;
mod learning;
pub mod measuring;
mod names;
mod pipeline;
mod progress;
mod projection;
mod record;
mod reputation;
pub mod service;
mod sink;
mod summary;
mod tally;
mod timeline;
mod verifying;
mod work;
pub mod worker;

pub use archive::{decision_from_row, decision_to_row};
pub use asking::{ASKER_PREFIX, AskProgress, AskSnapshot, Asker, Quote};
pub use deadletters::{ReplayOutcome, replay};
pub use decide::{Decided, decide, history};
pub use enriching::{Desk, EnrichProgress, EnrichSnapshot, Enricher, Forecast, LOOKUP, Wanted};
pub use error::EngineError;
pub use evaluating::{
    Answers, Evaluation, Figures, Key, Labels, Lies, NextFigures, NextPart, NextScenario, NextWay,
    NextWindow, ScenarioFigures, Step, Who,
};
pub use gates::SharedGates;
pub use input::Input;
pub use learning::learned;
pub use pipeline::{Output, Triage, triage};
pub use progress::{Progress, Snapshot};
pub use projection::Projection;
pub use record::{Named, RecordAgain, record_again};
pub use reputation::ReputationCache;
pub use summary::{
    Asked, Count, Counts, Enriched, EnrichedBy, Finding, HitRate, InputSummary, Percentiles, Ranked, Reused,
    StageLatency, Summary, TacticCount, TechniqueCount, Timeline,
};
pub use verifying::{Flip, Part, Rate, Sample, Verified};
