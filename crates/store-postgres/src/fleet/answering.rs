//! Questions: who asks them, what is answered, and what it cost.

use crate::Postgres;
use crate::failure::{Doing, Failure};
use crate::found::{DECISION, column, decision, small, text};
use crate::pool::Lent;
use crate::text::Text;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;
use tokio_postgres::types::{ToSql, Type};
use watchfire_store::fleet::{FleetAnswer, LedgerEntry};
use watchfire_store::{DecisionRow, LedgerRow, QuestionRow};

/// Leases that are said to be longer are this long: a day.
const LONGEST_LEASE: Duration = Duration::from_secs(86_400);

/// Holds open questions that nobody else holds. Who is about to be answered, or claimed by another, is passed over.
pub(super) async fn claim(
    postgres: &Postgres,
    decisions: &[i64],
    who: &str,
    lease: Duration,
    limit: usize,
) -> Result<Vec<QuestionRow>, Failure> {
    if decisions.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let lease_ms = lease.min(LONGEST_LEASE).as_millis() as f64;
    let rows = postgres
        .ask(
            Doing::Writing,
            "WITH free AS (
                 SELECT decision FROM questions
                 WHERE decision = ANY ($1)
                     AND (held_until IS NULL OR held_until <= clock_timestamp() OR held_by = $2)
                 ORDER BY priority DESC, decision LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED),
             held AS (
                 UPDATE questions q
                 SET held_by = $2, held_until = clock_timestamp() + $3 * interval '1 millisecond'
                 FROM free f WHERE q.decision = f.decision
                 RETURNING q.decision, q.priority, q.attempts, q.body)
             SELECT * FROM held ORDER BY priority DESC, decision",
            &[Type::INT8_ARRAY, Type::TEXT, Type::FLOAT8, Type::INT8],
            &[&decisions, &Text(who), &lease_ms, &i64::try_from(limit).unwrap_or(i64::MAX)],
        )
        .await?;
    let question = |row| {
        Ok(QuestionRow {
            decision: column(row, 0)?,
            priority: small(row, 1)?,
            attempts: u32::try_from(column::<i64>(row, 2)?).unwrap_or(u32::MAX),
            body: text(row, 3)?,
        })
    };
    rows.iter().map(question).collect()
}

/// Gives back what was asked in vain, or closes it. The rows are locked in order before either.
pub(super) async fn give_back(
    postgres: &Postgres,
    decisions: &[i64],
    who: &str,
    most_attempts: u32,
) -> Result<(), Failure> {
    if decisions.is_empty() {
        return Ok(());
    }
    postgres
        .ask(
            Doing::Writing,
            "WITH held AS (
                 SELECT decision, attempts + 1 AS attempts FROM questions
                 WHERE decision = ANY ($1) AND held_by = $2 ORDER BY decision FOR UPDATE),
             closed AS (
                 DELETE FROM questions q USING held h WHERE q.decision = h.decision AND h.attempts >= $3)
             UPDATE questions q SET attempts = h.attempts, held_by = NULL, held_until = NULL
             FROM held h WHERE q.decision = h.decision AND h.attempts < $3",
            &[Type::INT8_ARRAY, Type::TEXT, Type::INT8],
            &[&decisions, &Text(who), &i64::from(most_attempts)],
        )
        .await?;
    Ok(())
}

/// Puts answers in the place of open decisions.
pub(super) async fn answer(
    postgres: &Postgres,
    answers: &[FleetAnswer],
    paid: &LedgerEntry,
) -> Result<Vec<i64>, Failure> {
    if answers.is_empty() {
        enter(postgres, paid).await?;
        return Ok(Vec::new());
    }
    // Each decision once, in order; of several answers to one the first.
    let mut given: BTreeMap<i64, &FleetAnswer> = BTreeMap::new();
    for answer in answers {
        given.entry(answer.decision.id).or_insert(answer);
    }
    let ids: Vec<i64> = given.keys().copied().collect();
    let lent = postgres.lend().await?;
    let locking = "SELECT decision FROM questions WHERE decision = ANY ($1) ORDER BY decision FOR UPDATE";
    let asked: [&(dyn ToSql + Sync); 1] = [&ids];
    let (begun, open) = tokio::join!(
        biased;
        lent.batch(Doing::Reading, "BEGIN"),
        lent.ask(locking, &[Type::INT8_ARRAY], &asked),
    );
    begun?;
    let open: HashSet<i64> = open?.iter().map(|row| column(row, 0)).collect::<Result<_, _>>()?;
    let taken: Vec<&FleetAnswer> =
        given.values().copied().filter(|answer| open.contains(&answer.decision.id)).collect();
    let others: Vec<i64> = ids.iter().copied().filter(|id| !open.contains(id)).collect();
    let ((), others, ()) = tokio::try_join!(
        biased;
        replace(&lent, &taken),
        as_they_stand(&lent, &others),
        put_entry(&lent, Doing::Reading, paid),
    )?;
    lent.batch(Doing::Writing, "COMMIT").await?;
    lent.give_back();
    let stands = |id: &i64| {
        open.contains(id) || others.get(id).is_some_and(|stands| *stands == as_answered(stands, given[id]))
    };
    Ok(ids.iter().copied().filter(stands).collect())
}

/// What an answer makes of a decision.
fn as_answered(before: &DecisionRow, answer: &FleetAnswer) -> DecisionRow {
    DecisionRow {
        pattern: before.pattern,
        valid_from: before.valid_from,
        volume: before.volume,
        ..answer.decision.clone()
    }
}

/// Replaces decisions, keeps what was asked, and takes their questions away: in one statement.
async fn replace(lent: &Lent, taken: &[&FleetAnswer]) -> Result<(), Failure> {
    if taken.is_empty() {
        return Ok(());
    }
    let rows = || taken.iter().map(|answer| &answer.decision);
    let id: Vec<i64> = rows().map(|row| row.id).collect();
    let verdict: Vec<i16> = rows().map(|row| i16::from(row.verdict)).collect();
    let severity: Vec<i16> = rows().map(|row| i16::from(row.severity)).collect();
    let decider: Vec<i16> = rows().map(|row| i16::from(row.decider)).collect();
    let confidence: Vec<f64> = rows().map(|row| row.confidence).collect();
    let detail: Vec<Text<'_>> = rows().map(|row| Text(&row.detail)).collect();
    let until: Vec<i64> = rows().map(|row| row.valid_until).collect();
    let at: Vec<i64> = taken.iter().map(|answer| answer.answered.at).collect();
    let body: Vec<Text<'_>> = taken.iter().map(|answer| Text(&answer.answered.body)).collect();
    let (int, small, words) = (Type::INT8_ARRAY, Type::INT2_ARRAY, Type::TEXT_ARRAY);
    lent.ask(
        "WITH w AS (
             SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 AS w (decision, verdict, severity, decider, confidence, detail, valid_until, at, body)),
         replaced AS (
             UPDATE decisions d
             SET verdict = w.verdict, severity = w.severity, decider = w.decider, confidence = w.confidence,
                 detail = w.detail, valid_until = w.valid_until
             FROM w WHERE d.id = w.decision),
         kept AS (
             INSERT INTO answered (decision, at, body) SELECT decision, at, body FROM w ORDER BY decision
             ON CONFLICT (decision) DO UPDATE SET at = excluded.at, body = excluded.body)
         DELETE FROM questions q USING w WHERE q.decision = w.decision",
        &[
            int.clone(),
            small.clone(),
            small.clone(),
            small,
            Type::FLOAT8_ARRAY,
            words.clone(),
            int.clone(),
            int,
            words,
        ],
        &[&id, &verdict, &severity, &decider, &confidence, &detail, &until, &at, &body],
    )
    .await?;
    Ok(())
}

/// Those of these decisions that a model answered, as they stand.
async fn as_they_stand(lent: &Lent, ids: &[i64]) -> Result<HashMap<i64, DecisionRow>, Failure> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let query = format!(
        "SELECT {DECISION} FROM decisions d
         WHERE d.id = ANY ($1) AND EXISTS (SELECT 1 FROM answered a WHERE a.decision = d.id)"
    );
    let rows = lent.ask(&query, &[Type::INT8_ARRAY], &[&ids]).await?;
    rows.iter().map(|row| decision(row, 0).map(|row| (row.id, row))).collect()
}

/// Enters what a call cost, once.
pub(super) async fn enter(postgres: &Postgres, paid: &LedgerEntry) -> Result<(), Failure> {
    if paid.lines.is_empty() {
        return Ok(());
    }
    let lent = postgres.lend().await?;
    put_entry(&lent, Doing::Writing, paid).await?;
    lent.give_back();
    Ok(())
}

/// One statement, which does nothing where the entry was made before.
async fn put_entry(lent: &Lent, doing: Doing, paid: &LedgerEntry) -> Result<(), Failure> {
    if paid.lines.is_empty() {
        return Ok(());
    }
    let lines = &paid.lines;
    let words = |of: fn(&LedgerRow) -> &str| lines.iter().map(|line| Text(of(line))).collect::<Vec<_>>();
    let numbers = |of: fn(&LedgerRow) -> i64| lines.iter().map(of).collect::<Vec<_>>();
    let cost: Vec<Option<i64>> = lines.iter().map(|line| line.cost_nano).collect();
    let (int, text) = (Type::INT8_ARRAY, Type::TEXT_ARRAY);
    let mut types = vec![Type::BYTEA, int.clone(), text.clone(), text.clone(), text.clone(), text];
    types.extend(std::iter::repeat_n(int, 9));
    let prepared = lent
        .prepare(
            "WITH new AS (INSERT INTO ledger_entries (entry) VALUES ($1) ON CONFLICT DO NOTHING RETURNING 1)
             INSERT INTO ledger (at, service, model, tier, outcome, items, input, cached_input, cache_write, output,
                 thinking, cost_nano, latency_ms, checks)
             SELECT w.* FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) AS w
             WHERE EXISTS (SELECT 1 FROM new)",
            &types,
        )
        .await?;
    lent.query(
        doing,
        &prepared,
        &[
            &paid.id.as_slice(),
            &numbers(|line| line.at),
            &words(|line| &line.service),
            &words(|line| &line.model),
            &words(|line| &line.tier),
            &words(|line| &line.outcome),
            &numbers(|line| i64::from(line.items)),
            &numbers(|line| line.input as i64),
            &numbers(|line| line.cached_input as i64),
            &numbers(|line| line.cache_write as i64),
            &numbers(|line| line.output as i64),
            &numbers(|line| line.thinking as i64),
            &cost,
            &numbers(|line| line.latency_ms as i64),
            &numbers(|line| i64::from(line.checks)),
        ],
    )
    .await?;
    Ok(())
}
