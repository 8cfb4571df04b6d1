//! What is written together: one transaction, tried again where it crossed another one's way.
//!
//! Workers and services write to the same patterns at the same time. Where two of them wait for each other, the server ends
//! one's transaction; nothing of it was done, and it is simply made again.

use super::{PostgresRecords, failed};
use crate::failure::{Doing, Failure};
use crate::pool::Lent;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use watchfire_store::records::RecordError;

/// How often a transaction is tried that others cross.
const TRIES: u32 = 8;

/// How often it was tried.
#[derive(Debug, Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// Whether to try again after this failure: only what crossed another one's way, and not for ever.
    pub(super) fn again(&mut self, failure: &Failure) -> bool {
        self.0 += 1;
        matches!(failure, Failure::Crossed(_)) && self.0 < TRIES
    }
}

/// A transaction that is open.
pub(super) struct Transaction {
    lent: Lent,
}

impl Transaction {
    /// Asks one statement.
    pub(super) async fn ask(&self, text: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Failure> {
        let prepared = self.lent.prepare(text, &[]).await?;
        // Until it is committed, nothing is done.
        self.lent.query(Doing::Reading, &prepared, values).await
    }

    /// From now on its answers are waited for so long.
    pub(super) fn wait_for(&mut self, answer: std::time::Duration) {
        self.lent.wait_for(answer);
    }

    /// The connection that it is on.
    pub(super) fn lent(&self) -> &Lent {
        &self.lent
    }
}

impl PostgresRecords {
    /// Opens a transaction.
    pub(super) async fn begin_with(&self, settings: &str) -> Result<Transaction, Failure> {
        let lent = self.postgres.lend().await?;
        lent.batch(Doing::Reading, &format!("BEGIN; {settings}")).await?;
        Ok(Transaction { lent })
    }

    /// Ends a transaction; durable once it is answered.
    pub(super) async fn commit_it(transaction: Transaction) -> Result<(), Failure> {
        transaction.lent.batch(Doing::Writing, "COMMIT").await?;
        transaction.lent.give_back();
        Ok(())
    }

    /// Opens a transaction.
    pub(super) async fn begin_it(&self) -> Result<Transaction, RecordError> {
        self.begin_with("").await.map_err(failed)
    }

    /// Ends a transaction in which this came of the work: commits it, or takes everything back. `None` if it is to be tried
    /// again.
    pub(super) async fn ended<T>(
        transaction: Transaction,
        done: Result<T, Failure>,
        tries: &mut Tries,
    ) -> Option<Result<T, RecordError>> {
        let ended = match done {
            Ok(value) => Self::commit_it(transaction).await.map(|()| value),
            // A connection that is not given back is closed, and the transaction with it.
            Err(failure) => Err(failure),
        };
        match ended {
            Err(failure) if tries.again(&failure) => None,
            ended => Some(ended.map_err(failed)),
        }
    }
}
