//! What survives: sources read, alerts and their decisions, patterns, analysts' decisions, dead letters, runs.
//!
//! One SQLite file, used as a server would use it: write-ahead log, one writer that groups what is waiting into one
//! transaction, prepared statements. The store knows nothing of how records come to be; it takes rows and gives rows.
//!
//! **The unit of durability is the chunk.** [`Store::commit`] writes a chunk's alerts, the decisions they refer to,
//! its dead letters and the mark that the chunk is done in one transaction. After a kill at any instant a chunk is
//! either wholly there or wholly absent, and reading the same source again finds out which by its records' hashes.

mod alerts;
pub mod articles;
mod batches;
mod choices;
mod commit;
mod dead;
mod decisions;
mod error;
pub mod fleet;
mod learning;
mod ledger;
mod measurement_dead;
pub mod measurements;
mod open;
mod outbox;
mod overrides;
mod patterns;
mod questions;
mod queue;
pub mod records;
mod reputation;
mod rows;
mod runs;
mod search;
mod service;
mod services;
mod sources;
mod tokens;

pub use articles::{
    Action, ArticleCursor, ArticleId, ArticleOrder, ArticlePage, ArticleQuery, Articles, Columns, FeedCheck,
    FeedId, FeedRow, ListedArticle, MOST_ENTITIES, MOST_ENTITY_BYTES, MOST_LISTED, MOST_TEXT_BYTES,
    NewArticle, PlaceRow, ProfileRow, RelevanceRow, Upserted, UserId, WaitingLocation,
};
pub use choices::{ChoiceRow, ChoiceSearch};
pub use error::StoreError;
pub use learning::ToldRow;
pub use measurement_dead::{MOST_MEASUREMENT_DEAD, MeasurementDeadRow, StoredMeasurementDead};
pub use open::{Checkpointer, Location, Store};
pub use outbox::{
    Deliveries, DeliveryRow, MOST_DEAD, MOST_WAITING, MOST_WAITING_BYTES, Outbox, StoredDelivery,
};
pub use overrides::{Overridden, Weight};
pub use queue::{After, Order, QueuedPattern, Wanted};
pub use rows::{
    AlertRow, AlertRows, AnalystDecisionRow, AnalystWordRow, AnsweredRow, BatchRow, ChunkRow, Commit,
    DeadRow, DeadState, DecisionRow, LedgerRow, LedgerTotal, PatternRow, QuestionRow, ReputationRow, RunRow,
    ServiceAnswerRow, StoredAlert, StoredDead,
};
pub use search::{FoundAlert, Place, Search};
pub use service::{Arrival, RequestRow};
pub use sources::SourceId;
pub use tokens::TokenRow;
