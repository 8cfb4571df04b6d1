//! What is asked of models and services: questions, batches, what it cost, and what is kept so that limits hold.

use super::putting::answer;
use super::transaction::{Transaction, Tries};
use super::{PostgresRecords, all, count, first};
use crate::failure::Failure;
use crate::found::{LEDGER_TOTALS, bytes, column, ledger_total, optional_text, small, text};
use crate::text::Text;
use tokio_postgres::Row;
use watchfire_store::records::{
    Answer, BatchRecords, BudgetRecords, LedgerRecords, QuestionRecords, RecordError, SecretRecords,
};
use watchfire_store::{AnsweredRow, BatchRow, DecisionRow, LedgerRow, LedgerTotal, QuestionRow};

const BATCH: &str = "SELECT name, asker, number, requests, at, body FROM batches";

impl QuestionRecords for PostgresRecords {
    fn questions(&self, limit: u32, attempts: u32) -> Answer<'_, Vec<QuestionRow>> {
        Box::pin(async move {
            let sql = "SELECT decision, priority, attempts, body FROM questions WHERE attempts < $2
                ORDER BY priority DESC, decision LIMIT $1";
            all(&self.read(sql, &[&i64::from(limit), &i64::from(attempts)]).await?, |row| {
                Ok(QuestionRow {
                    decision: column(row, 0)?,
                    priority: small(row, 1)?,
                    attempts: column::<i64>(row, 2)? as u32,
                    body: text(row, 3)?,
                })
            })
        })
    }

    fn question_count(&self) -> Answer<'_, u64> {
        Box::pin(async { count(&self.read("SELECT count(*) FROM questions", &[]).await?) })
    }

    fn answered(&self, decision: i64) -> Answer<'_, Option<AnsweredRow>> {
        Box::pin(async move {
            let rows = self.read("SELECT at, body FROM answered WHERE decision = $1", &[&decision]).await?;
            first(&rows, |row| Ok(AnsweredRow { at: column(row, 0)?, body: text(row, 1)? }))
        })
    }

    fn answer<'a>(
        &'a self,
        decisions: &'a [DecisionRow],
        unanswered: &'a [i64],
        ledger: &'a [LedgerRow],
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let done = answer(&transaction, decisions, unanswered, ledger).await;
                if let Some(ended) = Self::ended(transaction, done, &mut tries).await {
                    return ended;
                }
            }
        })
    }
}

impl BatchRecords for PostgresRecords {
    fn batches<'a>(&'a self, asker: &'a str) -> Answer<'a, Vec<BatchRow>> {
        Box::pin(async move {
            let sql = format!("{BATCH} WHERE asker = $1 ORDER BY at, name");
            all(&self.read(&sql, &[&Text(asker)]).await?, batch)
        })
    }

    fn all_batches(&self) -> Answer<'_, Vec<BatchRow>> {
        Box::pin(async { all(&self.read(&format!("{BATCH} ORDER BY at, name"), &[]).await?, batch) })
    }

    fn put_batch<'a>(&'a self, batch: &'a BatchRow) -> Answer<'a, ()> {
        Box::pin(async move {
            let sql = "INSERT INTO batches (name, asker, number, requests, at, body) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (name) DO UPDATE SET asker = excluded.asker, number = excluded.number,
                    requests = excluded.requests, at = excluded.at, body = excluded.body";
            let number = batch.number.as_deref().map(Text);
            let (name, asker, body) = (Text(&batch.name), Text(&batch.asker), Text(&batch.body));
            let requests = i64::from(batch.requests);
            self.write(sql, &[&name, &asker, &number, &requests, &batch.at, &body]).await.map(drop)
        })
    }

    fn end_batch<'a>(
        &'a self,
        name: &'a str,
        decisions: &'a [DecisionRow],
        unanswered: &'a [i64],
        ledger: &'a [LedgerRow],
    ) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let done = end(&transaction, name, decisions, unanswered, ledger).await;
                if let Some(ended) = Self::ended(transaction, done, &mut tries).await {
                    return ended;
                }
            }
        })
    }
}

async fn end(
    transaction: &Transaction,
    name: &str,
    decisions: &[DecisionRow],
    unanswered: &[i64],
    ledger: &[LedgerRow],
) -> Result<bool, Failure> {
    let gone = transaction.ask("DELETE FROM batches WHERE name = $1 RETURNING name", &[&Text(name)]).await?;
    if gone.is_empty() {
        return Ok(false);
    }
    answer(transaction, decisions, unanswered, ledger).await?;
    Ok(true)
}

fn batch(row: &Row) -> Result<BatchRow, Failure> {
    Ok(BatchRow {
        name: text(row, 0)?,
        asker: text(row, 1)?,
        number: optional_text(row, 2)?,
        requests: column::<i64>(row, 3)? as u32,
        at: column(row, 4)?,
        body: text(row, 5)?,
    })
}

impl LedgerRecords for PostgresRecords {
    fn ledger(&self, since: i64, until: i64) -> Answer<'_, Vec<LedgerTotal>> {
        Box::pin(async move {
            let [sums, groups] = LEDGER_TOTALS;
            let sql = format!("{sums} WHERE at >= $1 AND at < $2 {groups}");
            all(&self.read(&sql, &[&since, &until]).await?, ledger_total)
        })
    }
}

impl BudgetRecords for PostgresRecords {
    fn budget<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(String, i64)>> {
        Box::pin(async move {
            let rows = self.read("SELECT state, at FROM budgets WHERE name = $1", &[&Text(name)]).await?;
            first(&rows, |row| Ok((text(row, 0)?, column(row, 1)?)))
        })
    }

    fn put_budget<'a>(&'a self, name: &'a str, state: &'a str, now: i64) -> Answer<'a, ()> {
        Box::pin(async move {
            let sql = "INSERT INTO budgets (name, state, at) VALUES ($1, $2, $3)
                ON CONFLICT (name) DO UPDATE SET state = excluded.state, at = excluded.at";
            self.write(sql, &[&Text(name), &Text(state), &now]).await.map(drop)
        })
    }
}

impl SecretRecords for PostgresRecords {
    fn secret<'a>(&'a self, name: &'a str) -> Answer<'a, [u8; 32]> {
        Box::pin(async move {
            // The server's own randomness: each of these is 122 random bits.
            let sql = "INSERT INTO secrets (name, value)
                VALUES ($1, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
                    || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())))
                ON CONFLICT (name) DO NOTHING";
            self.write(sql, &[&Text(name)]).await?;
            let rows = self.read("SELECT value FROM secrets WHERE name = $1", &[&Text(name)]).await?;
            let missing = || RecordError::refused("a secret is not there although it was made");
            first(&rows, |row| bytes(row, 0))?.ok_or_else(missing)
        })
    }
}
