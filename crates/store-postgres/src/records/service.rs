//! What a service keeps beside alerts: requests, tokens, choices, runs.

use super::filter::Filter;
use super::{PostgresRecords, all, count, first};
use crate::failure::Failure;
use crate::found::{bytes, column, optional_text, small, text, unsigned};
use crate::text::{Text, written};
use tokio_postgres::Row;
use watchfire_store::records::{
    Answer, ChoiceRecords, RecordError, RequestRecords, RunRecords, TokenRecords, ids,
};
use watchfire_store::{ChoiceRow, ChoiceSearch, RequestRow, RunRow, TokenRow};

/// Runs that are kept.
const MOST_RUNS: i64 = 1_000;
const CHOICE: &str =
    "SELECT id, at, alert, pattern, type, proposed, chosen, verdict, analyst, reason, outcome, outcome_at
    FROM choices";

impl RequestRecords for PostgresRecords {
    fn request(&self, key: [u8; 32]) -> Answer<'_, Option<RequestRow>> {
        Box::pin(async move {
            let sql =
                "SELECT key, body, first_ordinal, records, set_aside, dead FROM requests WHERE key = $1";
            first(&self.read(sql, &[&key.as_slice()]).await?, |row| {
                let count = |place| unsigned(row, place);
                Ok(RequestRow {
                    key: bytes(row, 0)?,
                    body: bytes(row, 1)?,
                    first_ordinal: count(2)?,
                    records: count(3)?,
                    set_aside: count(4)?,
                    dead: count(5)?,
                })
            })
        })
    }

    fn forget_requests(&self, before: i64) -> Answer<'_, u64> {
        Box::pin(async move {
            // Who forgets at the same time takes others.
            let sql = "WITH old AS (SELECT key FROM requests WHERE at < $1 ORDER BY at LIMIT 10000 FOR UPDATE SKIP LOCKED),
                    gone AS (DELETE FROM requests r USING old WHERE r.key = old.key RETURNING 1)
                SELECT count(*) FROM gone";
            count(&self.write(sql, &[&before]).await?)
        })
    }
}

impl TokenRecords for PostgresRecords {
    fn put_token<'a>(&'a self, token: &'a TokenRow) -> Answer<'a, i64> {
        Box::pin(async move {
            let sql =
                "INSERT INTO tokens (name, hash, scopes, per_minute, created_at) VALUES ($1, $2, $3, $4, $5)
                RETURNING id";
            let (scopes, rate) = (i64::from(token.scopes), token.per_minute.map(i64::from));
            let (name, hash) = (Text(&token.name), token.hash.as_slice());
            number(&self.write(sql, &[&name, &hash, &scopes, &rate, &token.created_at]).await?)
        })
    }

    fn tokens(&self) -> Answer<'_, Vec<TokenRow>> {
        Box::pin(async {
            let sql =
                "SELECT id, name, hash, scopes, per_minute, created_at, revoked_at FROM tokens ORDER BY id";
            all(&self.read(sql, &[]).await?, |row| {
                Ok(TokenRow {
                    id: column(row, 0)?,
                    name: text(row, 1)?,
                    hash: bytes(row, 2)?,
                    scopes: column::<i64>(row, 3)? as u8,
                    per_minute: column::<Option<i64>>(row, 4)?.map(|rate| rate as u32),
                    created_at: column(row, 5)?,
                    revoked_at: column(row, 6)?,
                })
            })
        })
    }

    fn revoke_tokens<'a>(&'a self, name: &'a str, now: i64) -> Answer<'a, u64> {
        Box::pin(async move {
            let sql = "UPDATE tokens SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL RETURNING id";
            Ok(self.write(sql, &[&Text(name), &now]).await?.len() as u64)
        })
    }
}

impl ChoiceRecords for PostgresRecords {
    fn choice(&self, id: i64) -> Answer<'_, Option<ChoiceRow>> {
        Box::pin(async move { first(&self.read(&format!("{CHOICE} WHERE id = $1"), &[&id]).await?, choice) })
    }

    fn choices<'a>(
        &'a self,
        search: &'a ChoiceSearch,
        after: Option<(i64, i64)>,
        limit: u32,
    ) -> Answer<'a, Vec<ChoiceRow>> {
        Box::pin(async move {
            let mut filter = Filter::default();
            if let Some(kind) = &search.kind {
                filter.and("type = ?", written(kind).into_owned());
            }
            if let Some(from) = search.from {
                filter.and("at >= ?", from);
            }
            if let Some(to) = search.to {
                filter.and("at < ?", to);
            }
            if let Some((at, id)) = after {
                let [at, id] = [at, id].map(|value| filter.value(value));
                filter.and_text(&format!("(at, id) < ({at}, {id})"));
            }
            let condition = filter.take();
            let limit = filter.value(i64::from(limit));
            let sql = format!("{CHOICE} WHERE {condition} ORDER BY at DESC, id DESC LIMIT {limit}");
            all(&self.read(&sql, &filter.values()).await?, choice)
        })
    }

    fn choices_about<'a>(&'a self, alerts: &'a [String]) -> Answer<'a, Vec<ChoiceRow>> {
        Box::pin(async move {
            let known: Vec<&str> =
                alerts.iter().filter(|id| ids::parse(id).is_some()).map(|id| id.trim()).collect();
            let sql = format!("{CHOICE} WHERE alert = ANY ($1) ORDER BY id DESC LIMIT 5000");
            all(&self.read(&sql, &[&known]).await?, choice)
        })
    }

    fn put_outcome<'a>(&'a self, id: i64, outcome: Option<&'a str>, now: i64) -> Answer<'a, bool> {
        Box::pin(async move {
            let sql = "UPDATE choices SET outcome = $2, outcome_at = $3 WHERE id = $1 RETURNING id";
            let (outcome, at) = (outcome.map(Text), outcome.map(|_| now));
            Ok(!self.write(sql, &[&id, &outcome, &at]).await?.is_empty())
        })
    }
}

fn choice(row: &Row) -> Result<ChoiceRow, Failure> {
    Ok(ChoiceRow {
        id: column(row, 0)?,
        at: column(row, 1)?,
        alert: text(row, 2)?,
        pattern: column(row, 3)?,
        kind: text(row, 4)?,
        proposed: text(row, 5)?,
        chosen: text(row, 6)?,
        verdict: small(row, 7)?,
        analyst: text(row, 8)?,
        reason: text(row, 9)?,
        outcome: optional_text(row, 10)?,
        outcome_at: column(row, 11)?,
    })
}

impl RunRecords for PostgresRecords {
    fn put_run<'a>(&'a self, started_at: i64, summary: &'a str) -> Answer<'a, i64> {
        Box::pin(async move {
            let sql = "INSERT INTO runs (started_at, summary) VALUES ($1, $2) RETURNING id";
            let id = number(&self.write(sql, &[&started_at, &Text(summary)]).await?)?;
            self.write("DELETE FROM runs WHERE id <= $1", &[&(id - MOST_RUNS)]).await?;
            Ok(id)
        })
    }

    fn run(&self, id: Option<i64>) -> Answer<'_, Option<RunRow>> {
        Box::pin(async move {
            let sql = "SELECT id, started_at, summary FROM runs WHERE $1::bigint IS NULL OR id = $1
                ORDER BY id DESC LIMIT 1";
            first(&self.read(sql, &[&id]).await?, |row| {
                Ok(RunRow { id: column(row, 0)?, started_at: column(row, 1)?, summary: text(row, 2)? })
            })
        })
    }
}

/// The number of a row that was added.
fn number(rows: &[Row]) -> Result<i64, RecordError> {
    let missing = || RecordError::refused("a row that was added has no number");
    first(rows, |row| column(row, 0))?.ok_or_else(missing)
}
