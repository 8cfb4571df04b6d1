//! What several workers share, on PostgreSQL.
//!
//! A call is one statement, or one transaction of a few whose statements are sent together where none needs another's answer.
//! Rows travel as arrays (`unnest`), so that a batch is as many statements however large it is.
//!
//! **Who waits for whom.** Workers that write the same patterns are the normal case. Every transaction goes through the tables in
//! one order (sources, decisions, alerts with their hours, dead letters, questions, patterns) and through a table's rows in the order of
//! their keys: so they wait for one another, and never in a circle. Where one does all the same, as behind somebody who changes
//! the tables, the server ends one of them, and it begins again.

mod answering;

mod reading;
mod taking;

use crate::failure::Failure;
use crate::partitions::Partitions;
use crate::{Postgres, PostgresError, PostgresSettings};
use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;
use watchfire_store::fleet::{
    AlertKey, Calling, FleetAlert, FleetAnswer, FleetBatch, FleetError, FleetSource, FleetStore, LedgerEntry,
    MOST_ASKED, PatternSpan, PutOut, Taken,
};
use watchfire_store::{AnalystDecisionRow, DecisionRow, LedgerTotal, QuestionRow};

/// How often a transaction that got into another's way begins again at once.
const CROSSED: u32 = 5;

/// What workers share, in a PostgreSQL database. Its calls need the tokio runtime in which it was connected.
#[derive(Debug)]
pub struct PostgresFleet {
    postgres: Postgres,
    partitions: Partitions,
}

impl PostgresFleet {
    /// Connects, and brings the tables to the current version. Of several instances that do so at once, one makes them.
    pub async fn connect(settings: &PostgresSettings) -> Result<Self, PostgresError> {
        Ok(Self::of(Postgres::connect(settings).await?))
    }

    /// Over connections that others use too.
    pub fn of(postgres: Postgres) -> Self {
        Self { postgres, partitions: Partitions::default() }
    }

    /// The database, for maintenance and retention.
    pub fn postgres(&self) -> &Postgres {
        &self.postgres
    }
}

/// Does a transaction, again where it was in another's way.
async fn uncrossed<T, F>(doing: impl Fn() -> F + Send + Sync) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>> + Send,
{
    for _ in 1..CROSSED {
        match doing().await {
            Err(Failure::Crossed(_)) => {}
            done => return done,
        }
    }
    doing().await
}

fn bounded(asked: usize) -> Result<(), FleetError> {
    if asked > MOST_ASKED {
        return Err(FleetError::Refused(format!("{asked} at once, and {MOST_ASKED} are allowed")));
    }
    Ok(())
}

impl FleetStore for PostgresFleet {
    fn source<'a>(&'a self, topic: &'a str, partition: i32, now: i64) -> Calling<'a, FleetSource> {
        Box::pin(async move { Ok(reading::source(&self.postgres, topic, partition, now).await?) })
    }

    fn stored(&self, source: FleetSource) -> Calling<'_, Option<u64>> {
        Box::pin(async move { Ok(reading::stored(&self.postgres, source).await?) })
    }

    fn put_out<'a>(&'a self, group: &'a str, source: FleetSource) -> Calling<'a, Option<PutOut>> {
        Box::pin(async move { Ok(reading::put_out(&self.postgres, group, source).await?) })
    }

    fn note_put_out<'a>(&'a self, group: &'a str, notes: &'a [PutOut]) -> Calling<'a, ()> {
        Box::pin(async move {
            bounded(notes.len())?;
            Ok(uncrossed(|| taking::note_put_out(&self.postgres, group, notes)).await?)
        })
    }

    fn alerts<'a>(&'a self, keys: &'a [AlertKey]) -> Calling<'a, HashMap<AlertKey, FleetAlert>> {
        Box::pin(async move {
            bounded(keys.len())?;
            Ok(reading::alerts(&self.postgres, keys).await?)
        })
    }

    fn decisions_on<'a>(&'a self, asked: &'a [PatternSpan]) -> Calling<'a, Vec<DecisionRow>> {
        Box::pin(async move {
            bounded(asked.len())?;
            Ok(reading::decisions_on(&self.postgres, asked).await?)
        })
    }

    fn decisions<'a>(&'a self, ids: &'a [i64]) -> Calling<'a, Vec<DecisionRow>> {
        Box::pin(async move {
            bounded(ids.len())?;
            Ok(reading::decisions(&self.postgres, ids).await?)
        })
    }

    fn take_in<'a>(&'a self, batch: &'a FleetBatch, now: i64) -> Calling<'a, Taken> {
        Box::pin(async move {
            batch.check()?;
            if batch.is_empty() {
                return Ok(Taken::default());
            }
            let times = batch.alerts.iter().map(|alert| alert.time);
            self.partitions.make_sure(&self.postgres, times).await?;
            let rows = taking::Rows::of(batch);
            Ok(uncrossed(|| taking::take_in(&self.postgres, &rows, now)).await?)
        })
    }

    fn claim<'a>(
        &'a self,
        decisions: &'a [i64],
        who: &'a str,
        lease: Duration,
        limit: usize,
    ) -> Calling<'a, Vec<QuestionRow>> {
        Box::pin(async move {
            bounded(decisions.len())?;
            Ok(answering::claim(&self.postgres, decisions, who, lease, limit).await?)
        })
    }

    fn resolved<'a>(&'a self, decisions: &'a [i64]) -> Calling<'a, Vec<DecisionRow>> {
        Box::pin(async move {
            bounded(decisions.len())?;
            Ok(reading::resolved(&self.postgres, decisions).await?)
        })
    }

    fn answer<'a>(&'a self, answers: &'a [FleetAnswer], paid: &'a LedgerEntry) -> Calling<'a, Vec<i64>> {
        Box::pin(async move {
            bounded(answers.len())?;
            Ok(uncrossed(|| answering::answer(&self.postgres, answers, paid)).await?)
        })
    }

    fn give_back<'a>(&'a self, decisions: &'a [i64], who: &'a str, most_attempts: u32) -> Calling<'a, ()> {
        Box::pin(async move {
            bounded(decisions.len())?;
            let given = || answering::give_back(&self.postgres, decisions, who, most_attempts);
            Ok(uncrossed(given).await?)
        })
    }

    fn ledger<'a>(&'a self, paid: &'a LedgerEntry) -> Calling<'a, ()> {
        Box::pin(async move { Ok(answering::enter(&self.postgres, paid).await?) })
    }

    fn ledger_since(&self, at: i64) -> Calling<'_, Vec<LedgerTotal>> {
        Box::pin(async move { Ok(reading::ledger_since(&self.postgres, at).await?) })
    }

    fn words(&self, known: Option<i64>) -> Calling<'_, Option<(i64, Vec<AnalystDecisionRow>)>> {
        Box::pin(async move { Ok(reading::words(&self.postgres, known).await?) })
    }

    fn secret<'a>(&'a self, name: &'a str, fresh: [u8; 32]) -> Calling<'a, [u8; 32]> {
        Box::pin(async move { Ok(reading::secret(&self.postgres, name, fresh).await?) })
    }
}
