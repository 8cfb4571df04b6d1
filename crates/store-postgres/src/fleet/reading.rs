//! What a worker asks before it judges, and what is made when it is asked for first.

use crate::Postgres;
use crate::failure::{Doing, Failure};
use crate::found::{
    DECISION, LEDGER_TOTALS, bytes, column, decision, ledger_total, optional_text, small, text, unsigned,
};
use crate::text::Text;
use std::collections::HashMap;
use tokio_postgres::types::Type;
use watchfire_store::fleet::{
    AlertKey, FleetAlert, FleetAlertRow, FleetSource, MOST_DECISIONS, MOST_WORDS, PatternSpan, PutOut,
};
use watchfire_store::{AnalystDecisionRow, DecisionRow, LedgerTotal};

/// Tags that are tried for a source: that two of them are another's is a chance of one in 2^80.
const TAGS: usize = 8;

/// The source of a partition.
pub(super) async fn source(
    postgres: &Postgres,
    topic: &str,
    partition: i32,
    now: i64,
) -> Result<FleetSource, Failure> {
    let (hash, length, name, tags) = FleetSource::known_by(topic, partition);
    let known = || async {
        let rows = postgres
            .ask(
                Doing::Reading,
                "SELECT id, tag, first_seen FROM sources WHERE head_hash = $1 AND head_len = $2",
                &[Type::BYTEA, Type::INT8],
                &[&hash.as_slice(), &length],
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(FleetSource::new(column(row, 0)?, bytes(row, 1)?, column(row, 2)?)))
    };
    if let Some(source) = known().await? {
        return Ok(source);
    }
    for tag in tags.take(TAGS) {
        // Where nothing is inserted, another worker was first, or another source has this tag.
        postgres
            .ask(
                Doing::Writing,
                "INSERT INTO sources (tag, head_len, head_hash, name, first_seen, seed)
                 VALUES ($1, $2, $3, $4, $5, ('x' || left(md5(gen_random_uuid()::text), 16))::bit(64)::bigint)
                 ON CONFLICT DO NOTHING",
                &[Type::BYTEA, Type::INT8, Type::BYTEA, Type::TEXT, Type::INT8],
                &[&tag.as_slice(), &length, &hash.as_slice(), &Text(&name), &now],
            )
            .await?;
        if let Some(source) = known().await? {
            return Ok(source);
        }
    }
    Err(Failure::Refused(format!("no free tag for partition {partition} of a topic")))
}

/// The greatest ordinal of a source.
pub(super) async fn stored(postgres: &Postgres, source: FleetSource) -> Result<Option<u64>, Failure> {
    let rows = postgres
        .ask(Doing::Reading, "SELECT greatest FROM sources WHERE id = $1", &[Type::INT8], &[&source.row()])
        .await?;
    let Some(row) = rows.first() else {
        return Err(Failure::Refused(format!("there is no source {source}")));
    };
    Ok(column::<Option<i64>>(row, 0)?.map(|greatest| greatest as u64))
}

/// How far a source was put out.
pub(super) async fn put_out(
    postgres: &Postgres,
    group: &str,
    source: FleetSource,
) -> Result<Option<PutOut>, Failure> {
    let query = "SELECT next, done, reach FROM put_out WHERE source = $1 AND consumers = $2";
    let types = [Type::INT8, Type::TEXT];
    let rows = postgres.ask(Doing::Reading, query, &types, &[&source.row(), &Text(group)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(PutOut { source, next: column(row, 0)?, text: text(row, 1)?, reach: column(row, 2)? }))
}

/// Alerts by their keys.
pub(super) async fn alerts(
    postgres: &Postgres,
    keys: &[AlertKey],
) -> Result<HashMap<AlertKey, FleetAlert>, Failure> {
    let mut found = HashMap::with_capacity(keys.len());
    if keys.is_empty() {
        return Ok(found);
    }
    let sources: Vec<i64> = keys.iter().map(|(source, _)| *source).collect();
    let ordinals: Vec<i64> = keys.iter().map(|(_, ordinal)| *ordinal as i64).collect();
    // The limit makes it a look into the index for each, whatever the planner thinks of how many there are.
    let query = format!(
        "SELECT a.source, a.ordinal, a.\"time\", a.pattern, a.severity, a.priority, a.src, a.dst, a.\"user\", {DECISION}
         FROM unnest($1, $2) AS w (source, ordinal)
         CROSS JOIN LATERAL (
             SELECT * FROM alerts s WHERE s.source = w.source AND s.ordinal = w.ordinal LIMIT 1) a
         CROSS JOIN LATERAL (SELECT * FROM decisions e WHERE e.id = a.decision LIMIT 1) d"
    );
    let types = [Type::INT8_ARRAY, Type::INT8_ARRAY];
    for row in postgres.ask(Doing::Reading, &query, &types, &[&sources, &ordinals]).await? {
        let decision = decision(&row, 9)?;
        let alert = FleetAlertRow {
            source: column(&row, 0)?,
            ordinal: unsigned(&row, 1)?,
            time: column(&row, 2)?,
            pattern: column(&row, 3)?,
            decision: decision.id,
            severity: small(&row, 4)?,
            priority: small(&row, 5)?,
            src: optional_text(&row, 6)?,
            dst: optional_text(&row, 7)?,
            user: optional_text(&row, 8)?,
        };
        found.insert(alert.key(), FleetAlert { alert, decision });
    }
    Ok(found)
}

/// Decisions on patterns in their spans.
pub(super) async fn decisions_on(
    postgres: &Postgres,
    asked: &[PatternSpan],
) -> Result<Vec<DecisionRow>, Failure> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let patterns: Vec<i64> = asked.iter().map(|span| span.pattern).collect();
    let from: Vec<i64> = asked.iter().map(|span| span.from).collect();
    let until: Vec<i64> = asked.iter().map(|span| span.until).collect();
    let query = format!(
        "SELECT {DECISION}
         FROM unnest($1, $2, $3) WITH ORDINALITY AS w (pattern, since, until, place)
         CROSS JOIN LATERAL (
             SELECT * FROM decisions e
             WHERE e.pattern = w.pattern AND e.valid_from <= w.until AND e.valid_until > w.since
             ORDER BY e.valid_from DESC, e.id LIMIT {MOST_DECISIONS}) d
         ORDER BY w.place, d.valid_from DESC, d.id"
    );
    let types = [Type::INT8_ARRAY, Type::INT8_ARRAY, Type::INT8_ARRAY];
    let rows = postgres.ask(Doing::Reading, &query, &types, &[&patterns, &from, &until]).await?;
    rows.iter().map(|row| decision(row, 0)).collect()
}

/// Decisions by their ids.
pub(super) async fn decisions(postgres: &Postgres, ids: &[i64]) -> Result<Vec<DecisionRow>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = format!("SELECT {DECISION} FROM decisions d WHERE d.id = ANY ($1)");
    let rows = postgres.ask(Doing::Reading, &query, &[Type::INT8_ARRAY], &[&ids]).await?;
    rows.iter().map(|row| decision(row, 0)).collect()
}

/// Those whose question is not open.
pub(super) async fn resolved(postgres: &Postgres, ids: &[i64]) -> Result<Vec<DecisionRow>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = format!(
        "SELECT {DECISION} FROM decisions d
         WHERE d.id = ANY ($1) AND NOT EXISTS (SELECT 1 FROM questions q WHERE q.decision = d.id)"
    );
    let rows = postgres.ask(Doing::Reading, &query, &[Type::INT8_ARRAY], &[&ids]).await?;
    rows.iter().map(|row| decision(row, 0)).collect()
}

/// Sums over the ledger.
pub(super) async fn ledger_since(postgres: &Postgres, at: i64) -> Result<Vec<LedgerTotal>, Failure> {
    let [sums, groups] = LEDGER_TOTALS;
    let query = format!("{sums} WHERE at >= $1 {groups}");
    let rows = postgres.ask(Doing::Reading, &query, &[Type::INT8], &[&at]).await?;
    rows.iter().map(ledger_total).collect()
}

/// Analysts' decisions, if their version is another.
pub(super) async fn words(
    postgres: &Postgres,
    known: Option<i64>,
) -> Result<Option<(i64, Vec<AnalystDecisionRow>)>, Failure> {
    // One statement, so that the version is that of these rows.
    let query = format!(
        "SELECT v.version, w.pattern_key, w.verdict, w.reason, w.analyst, w.decided_at, w.alert, w.description
         FROM versions v LEFT JOIN LATERAL (
             SELECT a.* FROM analyst_decisions a
             WHERE a.id IN (SELECT max(id) FROM analyst_decisions WHERE undone = 0 GROUP BY pattern_key)
                 AND v.version >= 0
             ORDER BY a.id DESC LIMIT {MOST_WORDS}) w ON true
         WHERE v.name = 'analyst_decisions' AND v.version IS DISTINCT FROM $1
         ORDER BY w.id"
    );
    let rows = postgres.ask(Doing::Reading, &query, &[Type::INT8], &[&known]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let version = column(first, 0)?;
    if column::<Option<&[u8]>>(first, 1)?.is_none() {
        return Ok(Some((version, Vec::new())));
    }
    let word = |row| {
        Ok(AnalystDecisionRow {
            pattern_key: bytes(row, 1)?,
            verdict: small(row, 2)?,
            reason: text(row, 3)?,
            analyst: text(row, 4)?,
            decided_at: column(row, 5)?,
            alert: text(row, 6)?,
            description: text(row, 7)?,
        })
    };
    Ok(Some((version, rows.iter().map(word).collect::<Result<_, _>>()?)))
}

/// A secret, made where there is none.
pub(super) async fn secret(postgres: &Postgres, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], Failure> {
    let known = || async {
        let rows = postgres
            .ask(Doing::Reading, "SELECT value FROM secrets WHERE name = $1", &[Type::TEXT], &[&Text(name)])
            .await?;
        rows.first().map(|row| bytes(row, 0)).transpose()
    };
    if let Some(secret) = known().await? {
        return Ok(secret);
    }
    postgres
        .ask(
            Doing::Writing,
            "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            &[Type::TEXT, Type::BYTEA],
            &[&Text(name), &fresh.as_slice()],
        )
        .await?;
    known().await?.ok_or_else(|| Failure::Failed("a secret was taken away as it was made".to_owned()))
}
