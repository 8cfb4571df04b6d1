//! Every kind of record in PostgreSQL, with SQL of its own: the same promises as those of the SQLite store.
//!
//! - One file for each kind, as in `watchfire_store::records`; `tables` is all of them, to copy and to compare.
//! - Each read is one statement. What has to be written together is one transaction, which is tried again where it crossed
//!   another one's way (`transaction`).
//! - Numbers are widened by the statement (`::bigint`), so that a column's own width is no matter here.

mod alerts;
mod asking;
mod dead;
mod decisions;
mod filter;
mod intake;
mod knowledge;
mod outbox;
mod patterns;
mod putting;
mod service;
mod sources;
mod tables;
mod transaction;
mod values;
mod words;

use crate::Postgres;
use crate::failure::{Doing, Failure};
use crate::found::column;
use crate::partitions::Partitions;
use std::sync::Arc;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};
use transaction::Tries;
use watchfire_store::records::RecordError;

/// Every kind of record in a PostgreSQL database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct PostgresRecords {
    postgres: Postgres,
    partitions: Arc<Partitions>,
}

impl PostgresRecords {
    /// The records of this database.
    pub fn new(postgres: Postgres) -> Self {
        Self { postgres, partitions: Arc::default() }
    }

    /// Asks one statement that changes nothing.
    async fn read(&self, text: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, RecordError> {
        self.postgres.ask(Doing::Reading, text, &[], values).await.map_err(failed)
    }

    /// Asks one statement that writes, again where it crossed another one's way; the rows that it returns.
    async fn write(&self, text: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, RecordError> {
        let mut tries = Tries::default();
        loop {
            match self.postgres.ask(Doing::Writing, text, &[], values).await {
                Err(failure) if tries.again(&failure) => {}
                done => return done.map_err(failed),
            }
        }
    }
}

/// What the first row holds, if there is one.
fn first<T>(rows: &[Row], of: impl FnOnce(&Row) -> Result<T, Failure>) -> Result<Option<T>, RecordError> {
    rows.first().map(of).transpose().map_err(failed)
}

/// What all rows hold.
fn all<T>(rows: &[Row], of: impl Fn(&Row) -> Result<T, Failure>) -> Result<Vec<T>, RecordError> {
    rows.iter().map(of).collect::<Result<_, _>>().map_err(failed)
}

/// A count in the first row.
fn count(rows: &[Row]) -> Result<u64, RecordError> {
    Ok(first(rows, |row| column::<i64>(row, 0))?.unwrap_or(0).max(0) as u64)
}

/// What a failure means for whoever called.
pub(crate) fn failed(failure: Failure) -> RecordError {
    match failure {
        Failure::Throttled => RecordError::Unavailable("there was no free connection in time".into()),
        Failure::Failed(message) | Failure::Crossed(message) => RecordError::Unavailable(message.into()),
        Failure::Lost(message) => RecordError::Lost(message.into()),
        Failure::Refused(message) => RecordError::Refused(message.into()),
    }
}

/// What stands in a column; what can't be read is a table that is not as it should be.
fn get<'r, T: FromSql<'r>>(row: &'r Row, place: usize) -> Result<T, RecordError> {
    row.try_get(place).map_err(|error| RecordError::Refused(Box::new(error)))
}
