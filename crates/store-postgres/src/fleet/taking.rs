//! Writing what a worker found: three exchanges with the server, however many rows.
//!
//! 1. The sources' rows are locked, so that two who both take a partition for theirs come one after another; decisions are made.
//! 2. Alerts that are not there, dead letters, and questions of the decisions that this batch made.
//! 3. Patterns, with as many alerts more as were new; then all of it stands.
//!
//! An alert may be there already only if its ordinal is not above its source's `greatest`. So what comes for the first time is not
//! looked for; and what comes again is looked for in all months, since it may have another time by now: the primary key has
//! the time in it and would let both in.

use crate::Postgres;
use crate::failure::{Doing, Failure};
use crate::found::{DECISION, column, decision, unsigned};
use crate::pool::Lent;
use crate::text::Text;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use tokio_postgres::types::Type;
use watchfire_store::fleet::{AlertKey, FleetAlertRow, FleetBatch, FleetDead, PutOut, Taken};
use watchfire_store::{DecisionRow, PatternRow, QuestionRow};

/// A batch in the order in which it is written, each row once.
pub(super) struct Rows<'a> {
    alerts: Vec<&'a FleetAlertRow>,
    decisions: Vec<&'a DecisionRow>,
    questions: Vec<&'a QuestionRow>,
    dead: Vec<&'a FleetDead>,
    patterns: Vec<PatternRow>,
    sources: Vec<i64>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(batch: &'a FleetBatch) -> Self {
        let alerts = once(&batch.alerts, FleetAlertRow::key);
        let dead = once(&batch.dead, dead_key);
        let sources: BTreeSet<i64> =
            alerts.iter().map(|alert| alert.source).chain(dead.iter().map(|dead| dead.source)).collect();
        Self {
            decisions: once(&batch.decisions, |decision| decision.id),
            questions: once(&batch.questions, |question| question.decision),
            patterns: batch.patterns_once(),
            sources: sources.into_iter().collect(),
            alerts,
            dead,
        }
    }
}

fn dead_key(dead: &FleetDead) -> AlertKey {
    (dead.source, dead.row.ordinal)
}

/// In the order of their keys; of several with one key the first.
fn once<T, K: Ord + Copy>(rows: &[T], key: impl Fn(&T) -> K) -> Vec<&T> {
    let mut rows: Vec<&T> = rows.iter().collect();
    rows.sort_by_key(|row| key(row));
    rows.dedup_by_key(|row| key(row));
    rows
}

/// Does the transaction.
pub(super) async fn take_in(postgres: &Postgres, rows: &Rows<'_>, now: i64) -> Result<Taken, Failure> {
    let lent = postgres.lend().await?;
    let (begun, greatest, made) = tokio::join!(
        biased;
        lent.batch(Doing::Reading, "BEGIN"),
        lock_sources(&lent, rows),
        make_decisions(&lent, rows),
    );
    begun?;
    let (greatest, made) = (greatest?, made?);

    let there = look_for_alerts(&lent, rows, &greatest).await?;
    let known: Vec<i64> =
        rows.decisions.iter().map(|decision| decision.id).filter(|id| !made.contains(id)).collect();
    let (alerts, dead, (), known, ()) = tokio::try_join!(
        biased;
        put_alerts(&lent, rows, &there),
        put_dead(&lent, rows, now),
        put_questions(&lent, rows, &made),
        read_decisions(&lent, &known),
        raise_sources(&lent, rows, &greatest),
    )?;

    let mut added: HashMap<i64, i64> = HashMap::new();
    let mut already = there;
    for alert in &rows.alerts {
        if alerts.contains(&alert.key()) {
            *added.entry(alert.pattern).or_default() += 1;
        } else {
            already.insert(alert.key());
        }
    }
    already.extend(rows.dead.iter().map(|row| dead_key(row)).filter(|key| !dead.contains(key)));
    stretch_patterns(&lent, rows, &added).await?;
    // Not sent along with the others: a statement that has to be prepared first would come after it.
    lent.batch(Doing::Writing, "COMMIT").await?;
    lent.give_back();
    let given: HashMap<i64, &DecisionRow> = rows.decisions.iter().map(|row| (row.id, *row)).collect();
    let decisions_known = known.into_iter().filter(|stands| given.get(&stands.id) != Some(&stands)).collect();
    Ok(Taken { already: already.into_iter().collect(), decisions_known })
}

/// Notes how far sources were put out, where that is further than what is noted.
pub(super) async fn note_put_out(postgres: &Postgres, group: &str, notes: &[PutOut]) -> Result<(), Failure> {
    if notes.is_empty() {
        return Ok(());
    }
    let source: Vec<i64> = notes.iter().map(|note| note.source.row()).collect();
    let next: Vec<i64> = notes.iter().map(|note| note.next).collect();
    let done: Vec<Text<'_>> = notes.iter().map(|note| Text(&note.text)).collect();
    let reach: Vec<i64> = notes.iter().map(|note| note.reach).collect();
    postgres
        .ask(
            Doing::Writing,
            "INSERT INTO put_out AS p (consumers, source, next, done, reach)
             SELECT $5, * FROM unnest($1, $2, $3, $4) AS w (source) ORDER BY w.source
             ON CONFLICT (source, consumers) DO UPDATE SET next = excluded.next, done = excluded.done, reach = excluded.reach
             WHERE p.reach < excluded.reach",
            &[Type::INT8_ARRAY, Type::INT8_ARRAY, Type::TEXT_ARRAY, Type::INT8_ARRAY, Type::TEXT],
            &[&source, &next, &done, &reach, &Text(group)],
        )
        .await?;
    Ok(())
}

/// Locks the sources; gives the greatest ordinal of each.
async fn lock_sources(lent: &Lent, rows: &Rows<'_>) -> Result<BTreeMap<i64, i64>, Failure> {
    let locked = lent.ask(
        "SELECT id, coalesce(greatest, -1) FROM sources WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE",
        &[Type::INT8_ARRAY],
        &[&rows.sources],
    )
    .await?;
    let mut greatest = BTreeMap::new();
    for row in &locked {
        greatest.insert(column(row, 0)?, column(row, 1)?);
    }
    match rows.sources.iter().find(|source| !greatest.contains_key(*source)) {
        Some(source) => Err(Failure::Refused(format!("there is no source {source}"))),
        None => Ok(greatest),
    }
}

/// Makes the decisions that are not there; gives those.
async fn make_decisions(lent: &Lent, rows: &Rows<'_>) -> Result<HashSet<i64>, Failure> {
    if rows.decisions.is_empty() {
        return Ok(HashSet::new());
    }
    let all = &rows.decisions;
    let id: Vec<i64> = all.iter().map(|row| row.id).collect();
    let pattern: Vec<i64> = all.iter().map(|row| row.pattern).collect();
    let from: Vec<i64> = all.iter().map(|row| row.valid_from).collect();
    let until: Vec<i64> = all.iter().map(|row| row.valid_until).collect();
    let volume: Vec<i16> = all.iter().map(|row| i16::from(row.volume)).collect();
    let verdict: Vec<i16> = all.iter().map(|row| i16::from(row.verdict)).collect();
    let severity: Vec<i16> = all.iter().map(|row| i16::from(row.severity)).collect();
    let decider: Vec<i16> = all.iter().map(|row| i16::from(row.decider)).collect();
    let confidence: Vec<f64> = all.iter().map(|row| row.confidence).collect();
    let detail: Vec<Text<'_>> = all.iter().map(|row| Text(&row.detail)).collect();
    let (int, small) = (Type::INT8_ARRAY, Type::INT2_ARRAY);
    let made = lent
        .ask(
            "INSERT INTO decisions
             (id, pattern, valid_from, valid_until, volume, verdict, severity, decider, confidence, detail)
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS w (id) ORDER BY w.id
         ON CONFLICT (id) DO NOTHING RETURNING id",
            &[
                int.clone(),
                int.clone(),
                int.clone(),
                int,
                small.clone(),
                small.clone(),
                small.clone(),
                small,
                Type::FLOAT8_ARRAY,
                Type::TEXT_ARRAY,
            ],
            &[&id, &pattern, &from, &until, &volume, &verdict, &severity, &decider, &confidence, &detail],
        )
        .await?;
    made.iter().map(|row| column(row, 0)).collect()
}

/// Those alerts that are there already.
async fn look_for_alerts(
    lent: &Lent,
    rows: &Rows<'_>,
    greatest: &BTreeMap<i64, i64>,
) -> Result<BTreeSet<AlertKey>, Failure> {
    let is_old =
        |alert: &&&FleetAlertRow| greatest.get(&alert.source).is_some_and(|to| alert.ordinal as i64 <= *to);
    let (source, ordinal): (Vec<i64>, Vec<i64>) =
        rows.alerts.iter().filter(is_old).map(|alert| (alert.source, alert.ordinal as i64)).unzip();
    if source.is_empty() {
        return Ok(BTreeSet::new());
    }
    let there = lent
        .ask(
            "SELECT w.source, w.ordinal FROM unnest($1, $2) AS w (source, ordinal)
         CROSS JOIN LATERAL (
             SELECT 1 FROM alerts a WHERE a.source = w.source AND a.ordinal = w.ordinal LIMIT 1) a",
            &[Type::INT8_ARRAY, Type::INT8_ARRAY],
            &[&source, &ordinal],
        )
        .await?;
    there.iter().map(|row| Ok((column(row, 0)?, unsigned(row, 1)?))).collect()
}

/// Puts in the alerts that are not there; gives those.
async fn put_alerts(
    lent: &Lent,
    rows: &Rows<'_>,
    there: &BTreeSet<AlertKey>,
) -> Result<HashSet<AlertKey>, Failure> {
    let new: Vec<&FleetAlertRow> =
        rows.alerts.iter().copied().filter(|alert| !there.contains(&alert.key())).collect();
    if new.is_empty() {
        return Ok(HashSet::new());
    }
    let source: Vec<i64> = new.iter().map(|row| row.source).collect();
    let ordinal: Vec<i64> = new.iter().map(|row| row.ordinal as i64).collect();
    let time: Vec<i64> = new.iter().map(|row| row.time).collect();
    let pattern: Vec<i64> = new.iter().map(|row| row.pattern).collect();
    let decision: Vec<i64> = new.iter().map(|row| row.decision).collect();
    let severity: Vec<i16> = new.iter().map(|row| i16::from(row.severity)).collect();
    let priority: Vec<i16> = new.iter().map(|row| i16::from(row.priority)).collect();
    let src: Vec<Option<Text<'_>>> = new.iter().map(|row| row.src.as_deref().map(Text)).collect();
    let dst: Vec<Option<Text<'_>>> = new.iter().map(|row| row.dst.as_deref().map(Text)).collect();
    let user: Vec<Option<Text<'_>>> = new.iter().map(|row| row.user.as_deref().map(Text)).collect();
    let (int, small, words) = (Type::INT8_ARRAY, Type::INT2_ARRAY, Type::TEXT_ARRAY);
    let put = lent
        .ask(
            "INSERT INTO alerts
             (source, ordinal, \"time\", pattern, decision, severity, priority, src, dst, \"user\")
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS w (source, ordinal)
         ORDER BY w.source, w.ordinal
         ON CONFLICT DO NOTHING RETURNING source, ordinal",
            &[
                int.clone(),
                int.clone(),
                int.clone(),
                int.clone(),
                int,
                small.clone(),
                small,
                words.clone(),
                words.clone(),
                words,
            ],
            &[&source, &ordinal, &time, &pattern, &decision, &severity, &priority, &src, &dst, &user],
        )
        .await?;
    put.iter().map(|row| Ok((column(row, 0)?, unsigned(row, 1)?))).collect()
}

/// Puts in the dead letters that are not there; gives those.
async fn put_dead(lent: &Lent, rows: &Rows<'_>, now: i64) -> Result<HashSet<AlertKey>, Failure> {
    if rows.dead.is_empty() {
        return Ok(HashSet::new());
    }
    let all = &rows.dead;
    let source: Vec<i64> = all.iter().map(|dead| dead.source).collect();
    let ordinal: Vec<i64> = all.iter().map(|dead| dead.row.ordinal as i64).collect();
    let line: Vec<i64> = all.iter().map(|dead| dead.row.line as i64).collect();
    let reason: Vec<Text<'_>> = all.iter().map(|dead| Text(&dead.row.reason)).collect();
    let hint: Vec<Text<'_>> = all.iter().map(|dead| Text(&dead.row.hint)).collect();
    let raw: Vec<Text<'_>> = all.iter().map(|dead| Text(&dead.row.raw)).collect();
    let whole: Vec<i16> = all.iter().map(|dead| i16::from(dead.row.whole)).collect();
    let (int, words) = (Type::INT8_ARRAY, Type::TEXT_ARRAY);
    let put = lent
        .ask(
            "INSERT INTO dead_letters (source, ordinal, line, reason, hint, raw, whole, at)
         SELECT w.*, $8 FROM unnest($1, $2, $3, $4, $5, $6, $7) AS w (source, ordinal)
         ORDER BY w.source, w.ordinal
         ON CONFLICT (source, ordinal) DO NOTHING RETURNING source, ordinal",
            &[
                int.clone(),
                int.clone(),
                int,
                words.clone(),
                words.clone(),
                words,
                Type::INT2_ARRAY,
                Type::INT8,
            ],
            &[&source, &ordinal, &line, &reason, &hint, &raw, &whole, &now],
        )
        .await?;
    put.iter().map(|row| Ok((column(row, 0)?, unsigned(row, 1)?))).collect()
}

/// Puts in what the decisions left open that this batch made.
async fn put_questions(lent: &Lent, rows: &Rows<'_>, made: &HashSet<i64>) -> Result<(), Failure> {
    let open: Vec<&QuestionRow> =
        rows.questions.iter().copied().filter(|question| made.contains(&question.decision)).collect();
    if open.is_empty() {
        return Ok(());
    }
    let decision: Vec<i64> = open.iter().map(|row| row.decision).collect();
    let priority: Vec<i16> = open.iter().map(|row| i16::from(row.priority)).collect();
    let attempts: Vec<i64> = open.iter().map(|row| i64::from(row.attempts)).collect();
    let body: Vec<Text<'_>> = open.iter().map(|row| Text(&row.body)).collect();
    lent.ask(
        "INSERT INTO questions (decision, priority, attempts, body)
         SELECT * FROM unnest($1, $2, $3, $4) AS w (decision) ORDER BY w.decision
         ON CONFLICT (decision) DO NOTHING",
        &[Type::INT8_ARRAY, Type::INT2_ARRAY, Type::INT8_ARRAY, Type::TEXT_ARRAY],
        &[&decision, &priority, &attempts, &body],
    )
    .await?;
    Ok(())
}

/// Decisions that others made, as they stand.
async fn read_decisions(lent: &Lent, ids: &[i64]) -> Result<Vec<DecisionRow>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = format!("SELECT {DECISION} FROM decisions d WHERE d.id = ANY ($1)");
    let rows = lent.ask(&query, &[Type::INT8_ARRAY], &[&ids]).await?;
    rows.iter().map(|row| decision(row, 0)).collect()
}

/// Raises the greatest ordinal of each source.
async fn raise_sources(lent: &Lent, rows: &Rows<'_>, greatest: &BTreeMap<i64, i64>) -> Result<(), Failure> {
    let keys = rows.alerts.iter().map(|alert| alert.key()).chain(rows.dead.iter().map(|row| dead_key(row)));
    let mut raised: BTreeMap<i64, i64> = BTreeMap::new();
    for (source, ordinal) in keys {
        let most = raised.entry(source).or_insert(-1);
        *most = (*most).max(ordinal as i64);
    }
    raised.retain(|source, ordinal| greatest.get(source).is_none_or(|known| *known < *ordinal));
    if raised.is_empty() {
        return Ok(());
    }
    let (source, ordinal): (Vec<i64>, Vec<i64>) = raised.into_iter().unzip();
    lent.ask(
        "UPDATE sources s SET greatest = w.ordinal FROM unnest($1, $2) AS w (source, ordinal) WHERE s.id = w.source",
        &[Type::INT8_ARRAY, Type::INT8_ARRAY],
        &[&source, &ordinal],
    )
    .await?;
    Ok(())
}

/// Makes or stretches patterns.
async fn stretch_patterns(lent: &Lent, rows: &Rows<'_>, added: &HashMap<i64, i64>) -> Result<(), Failure> {
    if rows.patterns.is_empty() {
        return Ok(());
    }
    let all = &rows.patterns;
    let id: Vec<i64> = all.iter().map(|row| row.id).collect();
    let key: Vec<&[u8]> = all.iter().map(|row| row.key.as_slice()).collect();
    let description: Vec<Text<'_>> = all.iter().map(|row| Text(&row.description)).collect();
    let first: Vec<i64> = all.iter().map(|row| row.first_seen).collect();
    let last: Vec<i64> = all.iter().map(|row| row.last_seen).collect();
    let alerts: Vec<i64> = all.iter().map(|row| added.get(&row.id).copied().unwrap_or_default()).collect();
    let priority: Vec<i16> = all.iter().map(|row| i16::from(row.priority)).collect();
    let decision: Vec<i64> = all.iter().map(|row| row.decision).collect();
    let int = Type::INT8_ARRAY;
    lent.ask(
        "INSERT INTO patterns AS p (id, key, description, first_seen, last_seen, alerts, priority, decision)
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS w (id) ORDER BY w.id
         ON CONFLICT (id) DO UPDATE SET
             first_seen = least(p.first_seen, excluded.first_seen),
             last_seen = greatest(p.last_seen, excluded.last_seen),
             alerts = p.alerts + excluded.alerts,
             decision = CASE WHEN excluded.priority >= p.priority OR p.decision = 0
                 THEN excluded.decision ELSE p.decision END,
             priority = greatest(p.priority, excluded.priority)
         WHERE excluded.alerts > 0",
        &[
            int.clone(),
            Type::BYTEA_ARRAY,
            Type::TEXT_ARRAY,
            int.clone(),
            int.clone(),
            int.clone(),
            Type::INT2_ARRAY,
            int,
        ],
        &[&id, &key, &description, &first, &last, &alerts, &priority, &decision],
    )
    .await?;
    Ok(())
}
