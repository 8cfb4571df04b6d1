//! What several kinds of transaction write: decisions, questions, answers, lines of the ledger, choices.
//!
//! Each kind is one statement for all rows, by arrays. Rows are sorted by their keys, so that two writers wait for one another
//! and never in a circle; of rows with the same key the last counts.

use super::transaction::Transaction;
use crate::failure::Failure;
use crate::found::column;
use crate::text::Text;
use std::collections::BTreeMap;
use watchfire_store::{ChoiceRow, DecisionRow, LedgerRow, QuestionRow};

/// Decisions in arrays.
struct Columns<'d> {
    ids: Vec<i64>,
    patterns: Vec<i64>,
    from: Vec<i64>,
    until: Vec<i64>,
    volumes: Vec<i16>,
    verdicts: Vec<i16>,
    severities: Vec<i16>,
    deciders: Vec<i16>,
    confidences: Vec<f64>,
    details: Vec<Text<'d>>,
}

impl<'d> Columns<'d> {
    fn of(decisions: impl IntoIterator<Item = &'d DecisionRow>) -> Self {
        let sorted: BTreeMap<i64, &DecisionRow> =
            decisions.into_iter().map(|decision| (decision.id, decision)).collect();
        let rows = || sorted.values();
        Self {
            ids: sorted.keys().copied().collect(),
            patterns: rows().map(|row| row.pattern).collect(),
            from: rows().map(|row| row.valid_from).collect(),
            until: rows().map(|row| row.valid_until).collect(),
            volumes: rows().map(|row| row.volume.into()).collect(),
            verdicts: rows().map(|row| row.verdict.into()).collect(),
            severities: rows().map(|row| row.severity.into()).collect(),
            deciders: rows().map(|row| row.decider.into()).collect(),
            confidences: rows().map(|row| row.confidence).collect(),
            details: rows().map(|row| Text(&row.detail)).collect(),
        }
    }
}

/// Writes decisions, in the place of those with the same number.
pub(super) async fn put_decisions<'d>(
    transaction: &Transaction,
    decisions: impl IntoIterator<Item = &'d DecisionRow>,
) -> Result<(), Failure> {
    let all = Columns::of(decisions);
    if all.ids.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO decisions
            (id, pattern, valid_from, valid_until, volume, verdict, severity, decider, confidence, detail)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::smallint[],
            $6::smallint[], $7::smallint[], $8::smallint[], $9::float8[], $10::text[])
        ON CONFLICT (id) DO UPDATE SET pattern = excluded.pattern, valid_from = excluded.valid_from,
            valid_until = excluded.valid_until, volume = excluded.volume, verdict = excluded.verdict,
            severity = excluded.severity, decider = excluded.decider, confidence = excluded.confidence,
            detail = excluded.detail";
    transaction
        .ask(
            sql,
            &[
                &all.ids,
                &all.patterns,
                &all.from,
                &all.until,
                &all.volumes,
                &all.verdicts,
                &all.severities,
                &all.deciders,
                &all.confidences,
                &all.details,
            ],
        )
        .await
        .map(drop)
}

/// Writes questions; one that waits already keeps its attempts.
pub(super) async fn put_questions(
    transaction: &Transaction,
    questions: &[QuestionRow],
) -> Result<(), Failure> {
    let sorted: BTreeMap<i64, &QuestionRow> = questions.iter().map(|row| (row.decision, row)).collect();
    if sorted.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = sorted.keys().copied().collect();
    let priorities: Vec<i16> = sorted.values().map(|row| row.priority.into()).collect();
    let attempts: Vec<i64> = sorted.values().map(|row| row.attempts.into()).collect();
    let bodies: Vec<Text<'_>> = sorted.values().map(|row| Text(&row.body)).collect();
    let sql = "INSERT INTO questions (decision, priority, attempts, body)
        SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::text[])
        ON CONFLICT (decision) DO UPDATE SET priority = excluded.priority, body = excluded.body";
    transaction.ask(sql, &[&ids, &priorities, &attempts, &bodies]).await.map(drop)
}

/// Writes answers, what they cost, and what was asked in vain.
pub(super) async fn answer(
    transaction: &Transaction,
    decisions: &[DecisionRow],
    unanswered: &[i64],
    ledger: &[LedgerRow],
) -> Result<(), Failure> {
    let all = Columns::of(decisions);
    if !all.ids.is_empty() {
        let sql = "UPDATE decisions d SET verdict = n.verdict, severity = n.severity, decider = n.decider,
                confidence = n.confidence, detail = n.detail, valid_until = n.until
            FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::smallint[], $5::float8[], $6::text[],
                $7::bigint[]) AS n (id, verdict, severity, decider, confidence, detail, until)
            WHERE d.id = n.id";
        transaction
            .ask(
                sql,
                &[
                    &all.ids,
                    &all.verdicts,
                    &all.severities,
                    &all.deciders,
                    &all.confidences,
                    &all.details,
                    &all.until,
                ],
            )
            .await?;
        let at = ledger.iter().map(|line| line.at).max().unwrap_or_default();
        let sql = "WITH gone AS (DELETE FROM questions WHERE decision = ANY ($1) RETURNING decision, body)
            INSERT INTO answered (decision, at, body) SELECT decision, $2::bigint, body FROM gone ORDER BY decision
            ON CONFLICT (decision) DO UPDATE SET at = excluded.at, body = excluded.body";
        transaction.ask(sql, &[&all.ids, &at]).await?;
    }
    if !unanswered.is_empty() {
        let sql = "UPDATE questions q SET attempts = q.attempts + n.times
            FROM (SELECT decision, count(*) AS times FROM unnest($1::bigint[]) AS u (decision) GROUP BY 1) n
            WHERE q.decision = n.decision";
        transaction.ask(sql, &[&unanswered]).await?;
    }
    enter(transaction, ledger).await
}

/// Adds lines to the ledger, in their order.
pub(super) async fn enter(transaction: &Transaction, ledger: &[LedgerRow]) -> Result<(), Failure> {
    let sql = "INSERT INTO ledger (at, service, model, tier, outcome, items, input, cached_input, cache_write, output,
            thinking, cost_nano, latency_ms, checks)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    for row in ledger {
        let [input, cached, write, output] =
            [row.input, row.cached_input, row.cache_write, row.output].map(|count| count as i64);
        transaction
            .ask(
                sql,
                &[
                    &row.at,
                    &Text(&row.service),
                    &Text(&row.model),
                    &Text(&row.tier),
                    &Text(&row.outcome),
                    &i64::from(row.items),
                    &input,
                    &cached,
                    &write,
                    &output,
                    &(row.thinking as i64),
                    &row.cost_nano,
                    &(row.latency_ms as i64),
                    &i64::from(row.checks),
                ],
            )
            .await?;
    }
    Ok(())
}

/// Adds an entry to the log of choices; its number.
pub(super) async fn put_choice(transaction: &Transaction, row: &ChoiceRow) -> Result<i64, Failure> {
    let sql = "INSERT INTO choices (at, alert, pattern, type, proposed, chosen, verdict, analyst, reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id";
    let rows = transaction
        .ask(
            sql,
            &[
                &row.at,
                &Text(&row.alert),
                &row.pattern,
                &Text(&row.kind),
                &Text(&row.proposed),
                &Text(&row.chosen),
                &i16::from(row.verdict),
                &Text(&row.analyst),
                &Text(&row.reason),
            ],
        )
        .await?;
    rows.first().map_or(Ok(0), |row| column(row, 0))
}
