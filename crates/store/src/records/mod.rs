//! Records, wherever they are kept: one narrow trait for each kind, and one suite of promises for all stores of them.
//!
//! A kind's trait says what the program asks of it, and nothing of how a store does it: SQLite answers with what
//! [`Store`](crate::Store) has, PostgreSQL with its own SQL. What only one of them has (a log that is brought into the file, the
//! file's size) is in no trait. Calls are futures, since a server is waited for; those of SQLite work on threads that may
//! block. A write whose future is dropped may still be done.
//!
//! - [`tables`] is every table as both have it, for whoever goes through all records: [`copy`] brings them from one store to
//!   another, and [`compare`] reads both and says where they differ.
//! - [`failure`] says of an error whether to come again.

mod alerts;
mod asking;
pub mod compare;
pub mod copy;
mod dead;
mod decisions;
pub mod failure;
mod knowledge;
mod patterns;
mod service;
mod sources;
mod sqlite;
#[cfg(any(test, feature = "suite"))]
pub mod suite;
pub mod tables;

pub use alerts::{AlertChunk, AlertRecords};
pub use asking::{BatchRecords, BudgetRecords, LedgerRecords, QuestionRecords, SecretRecords};
pub use dead::{DeadRecords, MeasurementDeadRecords};
pub use decisions::{AnalystsId, DecisionRecords, Weighing, WordRecords};
pub use failure::RecordError;
pub use knowledge::{LearningRecords, ReputationRecords, ServiceAnswerRecords};
pub use patterns::{PatternRecords, containing};
pub use service::{ChoiceRecords, OutboxRecords, RequestRecords, RunRecords, TokenRecords};
pub use sources::{HEAD_BYTES, IntakeRecords, NETWORK_HEAD, SourceRecords, heads, ids};
pub use sqlite::SqliteRecords;

use std::future::Future;
use std::pin::Pin;

/// What a call is waited for with.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, RecordError>> + Send + 'a>>;

/// A store of every kind of record.
pub trait Records:
    SourceRecords
    + IntakeRecords
    + AlertRecords
    + PatternRecords
    + DecisionRecords
    + WordRecords
    + DeadRecords
    + MeasurementDeadRecords
    + QuestionRecords
    + BatchRecords
    + LedgerRecords
    + BudgetRecords
    + SecretRecords
    + ReputationRecords
    + ServiceAnswerRecords
    + LearningRecords
    + RequestRecords
    + TokenRecords
    + ChoiceRecords
    + RunRecords
    + OutboxRecords
{
}

impl<Store> Records for Store where
    Store: SourceRecords
        + IntakeRecords
        + AlertRecords
        + PatternRecords
        + DecisionRecords
        + WordRecords
        + DeadRecords
        + MeasurementDeadRecords
        + QuestionRecords
        + BatchRecords
        + LedgerRecords
        + BudgetRecords
        + SecretRecords
        + ReputationRecords
        + ServiceAnswerRecords
        + LearningRecords
        + RequestRecords
        + TokenRecords
        + ChoiceRecords
        + RunRecords
        + OutboxRecords
{
}
