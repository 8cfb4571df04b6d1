//! What is known of indicators and rules: what lists and services said, and what is learned from.

use super::putting::enter;
use super::transaction::{Transaction, Tries};
use super::{PostgresRecords, all, count};
use crate::failure::Failure;
use crate::found::{column, optional_text, small, text};
use crate::text::Text;
use std::collections::BTreeMap;
use watchfire_store::records::{Answer, LearningRecords, ReputationRecords, ServiceAnswerRecords};
use watchfire_store::{LedgerRow, ReputationRow, ServiceAnswerRow, ToldRow};

/// Indicators in one statement.
const PART: usize = 5_000;

impl ReputationRecords for PostgresRecords {
    fn reputations(&self, version: [u8; 16], limit: usize) -> Answer<'_, Vec<ReputationRow>> {
        Box::pin(async move {
            let sql = "SELECT kind, value, reputation FROM reputations WHERE version = $1 ORDER BY kind, value LIMIT $2";
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            all(&self.read(sql, &[&version.as_slice(), &limit]).await?, |row| {
                Ok(ReputationRow { kind: small(row, 0)?, value: text(row, 1)?, reputation: small(row, 2)? })
            })
        })
    }

    fn put_reputations<'a>(&'a self, version: [u8; 16], rows: &'a [ReputationRow]) -> Answer<'a, ()> {
        Box::pin(async move {
            let sorted: BTreeMap<(u8, &str), u8> =
                rows.iter().map(|row| ((row.kind, row.value.as_str()), row.reputation)).collect();
            let sorted: Vec<_> = sorted.into_iter().collect();
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let done = put_reputations(&transaction, version, &sorted).await;
                if let Some(ended) = Self::ended(transaction, done, &mut tries).await {
                    return ended;
                }
            }
        })
    }
}

async fn put_reputations(
    transaction: &Transaction,
    version: [u8; 16],
    sorted: &[((u8, &str), u8)],
) -> Result<(), Failure> {
    let sql = "INSERT INTO reputations (kind, value, version, reputation)
        SELECT u.kind, u.value, $3::bytea, u.reputation
        FROM unnest($1::smallint[], $2::text[], $4::smallint[]) AS u (kind, value, reputation)
        ON CONFLICT (kind, digest(value)) DO UPDATE SET version = excluded.version, reputation = excluded.reputation";
    for part in sorted.chunks(PART) {
        let kinds: Vec<i16> = part.iter().map(|((kind, _), _)| (*kind).into()).collect();
        let values: Vec<Text<'_>> = part.iter().map(|((_, value), _)| Text(value)).collect();
        let reputations: Vec<i16> = part.iter().map(|(_, reputation)| (*reputation).into()).collect();
        transaction.ask(sql, &[&kinds, &values, &version.as_slice(), &reputations]).await?;
    }
    Ok(())
}

impl ServiceAnswerRecords for PostgresRecords {
    fn service_answers(&self, limit: usize) -> Answer<'_, Vec<ServiceAnswerRow>> {
        Box::pin(async move {
            let sql = "SELECT service, kind, value, reputation, evidence, at, until FROM service_answers
                ORDER BY until DESC LIMIT $1";
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            all(&self.read(sql, &[&limit]).await?, |row| {
                Ok(ServiceAnswerRow {
                    service: text(row, 0)?,
                    kind: small(row, 1)?,
                    value: text(row, 2)?,
                    reputation: small(row, 3)?,
                    evidence: optional_text(row, 4)?,
                    at: column(row, 5)?,
                    until: column(row, 6)?,
                })
            })
        })
    }

    fn has_service_answers(&self) -> Answer<'_, bool> {
        Box::pin(async {
            let rows = self.read("SELECT 1 FROM service_answers LIMIT 1", &[]).await?;
            Ok(!rows.is_empty())
        })
    }

    fn put_service_answers<'a>(
        &'a self,
        answers: &'a [ServiceAnswerRow],
        ledger: &'a [LedgerRow],
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let done = put_answers(&transaction, answers, ledger).await;
                if let Some(ended) = Self::ended(transaction, done, &mut tries).await {
                    return ended;
                }
            }
        })
    }

    fn forget_service_answers(&self, until: i64) -> Answer<'_, u64> {
        Box::pin(async move {
            let sql = "WITH gone AS (DELETE FROM service_answers WHERE until < $1 RETURNING 1) SELECT count(*) FROM gone";
            count(&self.write(sql, &[&until]).await?)
        })
    }
}

async fn put_answers(
    transaction: &Transaction,
    answers: &[ServiceAnswerRow],
    ledger: &[LedgerRow],
) -> Result<(), Failure> {
    let sorted: BTreeMap<(u8, &str, &str), &ServiceAnswerRow> =
        answers.iter().map(|row| ((row.kind, row.value.as_str(), row.service.as_str()), row)).collect();
    let sorted: Vec<&ServiceAnswerRow> = sorted.into_values().collect();
    let sql = "INSERT INTO service_answers (service, kind, value, reputation, evidence, at, until)
        SELECT * FROM unnest($1::text[], $2::smallint[], $3::text[], $4::smallint[], $5::text[], $6::bigint[], $7::bigint[])
        ON CONFLICT (kind, digest(value), service) DO UPDATE SET reputation = excluded.reputation,
            evidence = excluded.evidence, at = excluded.at, until = excluded.until";
    for part in sorted.chunks(PART) {
        let services: Vec<Text<'_>> = part.iter().map(|row| Text(&row.service)).collect();
        let kinds: Vec<i16> = part.iter().map(|row| row.kind.into()).collect();
        let values: Vec<Text<'_>> = part.iter().map(|row| Text(&row.value)).collect();
        let reputations: Vec<i16> = part.iter().map(|row| row.reputation.into()).collect();
        let evidence: Vec<Option<Text<'_>>> =
            part.iter().map(|row| row.evidence.as_deref().map(Text)).collect();
        let at: Vec<i64> = part.iter().map(|row| row.at).collect();
        let until: Vec<i64> = part.iter().map(|row| row.until).collect();
        transaction.ask(sql, &[&services, &kinds, &values, &reputations, &evidence, &at, &until]).await?;
    }
    enter(transaction, ledger).await
}

impl LearningRecords for PostgresRecords {
    fn told(&self, limit: u32) -> Answer<'_, Vec<ToldRow>> {
        Box::pin(async move {
            let sql = "SELECT d.valid_from, a.at, d.verdict, d.pattern, p.description
                FROM (SELECT decision, at FROM answered ORDER BY at DESC LIMIT $1) a
                JOIN decisions d ON d.id = a.decision
                JOIN patterns p ON p.id = d.pattern
                ORDER BY d.valid_from, d.id";
            all(&self.read(sql, &[&i64::from(limit)]).await?, |row| {
                Ok(ToldRow {
                    time: column(row, 0)?,
                    at: column(row, 1)?,
                    verdict: small(row, 2)?,
                    pattern: column(row, 3)?,
                    description: text(row, 4)?,
                })
            })
        })
    }

    fn forget<'a>(&'a self, rule: &'a str, before: i64) -> Answer<'a, ()> {
        Box::pin(async move {
            let sql = "INSERT INTO forgotten AS f (rule, before) VALUES ($1, $2)
                ON CONFLICT (rule) DO UPDATE SET before = greatest(f.before, excluded.before)";
            self.write(sql, &[&Text(rule), &before]).await.map(drop)
        })
    }

    fn forgotten(&self) -> Answer<'_, Vec<(String, i64)>> {
        Box::pin(async {
            let rows = self.read("SELECT rule, before FROM forgotten ORDER BY rule", &[]).await?;
            all(&rows, |row| Ok((text(row, 0)?, column(row, 1)?)))
        })
    }
}
