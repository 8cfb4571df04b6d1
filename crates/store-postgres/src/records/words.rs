//! What analysts said of patterns, and the alerts that it moves.
//!
//! A word moves all alerts of its pattern in one statement, however many there are: the decisions that stand on them and those
//! that are to stand are few, with their weights and the stretch of time each is for. The pattern's row is locked first, as
//! by whoever adds alerts to it.

use super::patterns::word;
use super::putting::{put_choice, put_decisions};
use super::transaction::{Transaction, Tries};
use super::{PostgresRecords, all, first, outbox};
use crate::failure::Failure;
use crate::found::{bytes, column, small, text, unsigned};
use crate::text::Text;
use watchfire_store::records::{AnalystsId, Answer, Weighing, WordRecords};
use watchfire_store::{AnalystDecisionRow, AnalystWordRow, ChoiceRow, DecisionRow, Deliveries, Overridden};

/// How many analysts' decisions are loaded: the latest ones.
const MOST_WORDS: i64 = 100_000;

impl WordRecords for PostgresRecords {
    fn analyst_decisions(&self) -> Answer<'_, Vec<AnalystDecisionRow>> {
        Box::pin(async move {
            let sql = "SELECT pattern_key, verdict, reason, analyst, decided_at, alert, description
                FROM (SELECT * FROM analyst_decisions
                      WHERE id IN (SELECT max(id) FROM analyst_decisions WHERE undone = 0 GROUP BY pattern_key)
                      ORDER BY id DESC LIMIT $1) w ORDER BY id";
            all(&self.read(sql, &[&MOST_WORDS]).await?, |row| {
                Ok(AnalystDecisionRow {
                    pattern_key: bytes(row, 0)?,
                    verdict: small(row, 1)?,
                    reason: text(row, 2)?,
                    analyst: text(row, 3)?,
                    decided_at: column(row, 4)?,
                    alert: text(row, 5)?,
                    description: text(row, 6)?,
                })
            })
        })
    }

    fn analyst_decision(&self, pattern_key: [u8; 16]) -> Answer<'_, Option<u8>> {
        Box::pin(async move {
            let sql = "SELECT verdict FROM analyst_decisions WHERE pattern_key = $1 AND undone = 0
                ORDER BY id DESC LIMIT 1";
            first(&self.read(sql, &[&pattern_key.as_slice()]).await?, |row| small(row, 0))
        })
    }

    fn words_on(&self, pattern_key: [u8; 16], limit: u32) -> Answer<'_, Vec<AnalystWordRow>> {
        Box::pin(async move {
            let sql = "SELECT id, verdict, reason, analyst, decided_at, undone FROM analyst_decisions
                WHERE pattern_key = $1 ORDER BY id DESC LIMIT $2";
            all(&self.read(sql, &[&pattern_key.as_slice(), &i64::from(limit)]).await?, |row| word(row, 0))
        })
    }

    fn decide<'a>(
        &'a self,
        by: &'a AnalystDecisionRow,
        decision: &'a DecisionRow,
        choice: Option<&'a ChoiceRow>,
        deliveries: &'a Deliveries,
        weight: Weighing,
    ) -> Answer<'a, Overridden> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let done = decide(&transaction, by, decision, choice, deliveries, &weight).await;
                if let Some(ended) = Self::ended(transaction, done, &mut tries).await {
                    return ended;
                }
            }
        })
    }

    fn undo(
        &self,
        pattern: i64,
        analysts_id: AnalystsId,
        decider: u8,
        weight: Weighing,
    ) -> Answer<'_, Option<Overridden>> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let done = undo(&transaction, pattern, &analysts_id, decider, &weight).await;
                if let Some(ended) = Self::ended(transaction, done, &mut tries).await {
                    return ended;
                }
            }
        })
    }

    fn settle(&self, pattern: i64, analysts_id: AnalystsId, decider: u8, weight: Weighing) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let done = settle(&transaction, pattern, &analysts_id, decider, &weight).await.map(drop);
                if let Some(ended) = Self::ended(transaction, done, &mut tries).await {
                    return ended;
                }
            }
        })
    }
}

async fn decide(
    transaction: &Transaction,
    by: &AnalystDecisionRow,
    decision: &DecisionRow,
    choice: Option<&ChoiceRow>,
    deliveries: &Deliveries,
    weight: &Weighing,
) -> Result<Overridden, Failure> {
    lock(transaction, decision.pattern).await?;
    let sql = "INSERT INTO analyst_decisions (pattern_key, verdict, reason, analyst, decided_at, alert, description)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    transaction
        .ask(
            sql,
            &[
                &by.pattern_key.as_slice(),
                &i16::from(by.verdict),
                &Text(&by.reason),
                &Text(&by.analyst),
                &by.decided_at,
                &Text(&by.alert),
                &Text(&by.description),
            ],
        )
        .await?;
    put_decisions(transaction, [decision]).await?;
    let known = known(transaction, decision.pattern).await?;
    let alerts = repoint(transaction, decision.pattern, &known, &[(i64::MIN, decision.id)], weight).await?;
    let sql = "UPDATE patterns SET decided = 1 WHERE id = $1";
    transaction.ask(sql, &[&decision.pattern]).await?;
    let entry = match choice {
        Some(choice) => Some(put_choice(transaction, choice).await?),
        None => None,
    };
    outbox::put(transaction, [deliveries].into_iter(), by.decided_at).await?;
    Ok(Overridden { alerts, entry })
}

async fn undo(
    transaction: &Transaction,
    pattern: i64,
    analysts_id: &AnalystsId,
    decider: u8,
    weight: &Weighing,
) -> Result<Option<Overridden>, Failure> {
    lock(transaction, pattern).await?;
    let sql = "UPDATE analyst_decisions SET undone = 1 WHERE id =
            (SELECT max(w.id) FROM analyst_decisions w JOIN patterns p ON p.key = w.pattern_key
             WHERE p.id = $1 AND w.undone = 0)
        RETURNING id";
    if transaction.ask(sql, &[&pattern]).await?.is_empty() {
        return Ok(None);
    }
    let alerts = settle(transaction, pattern, analysts_id, decider, weight).await?;
    Ok(Some(Overridden { alerts, entry: None }))
}

/// Puts on every alert of a pattern what an analyst said last, or else what the other deciders said at its time.
async fn settle(
    transaction: &Transaction,
    pattern: i64,
    analysts_id: &AnalystsId,
    decider: u8,
    weight: &Weighing,
) -> Result<u64, Failure> {
    lock(transaction, pattern).await?;
    let sql = "SELECT w.verdict FROM analyst_decisions w JOIN patterns p ON p.key = w.pattern_key
        WHERE p.id = $1 AND w.undone = 0 ORDER BY w.id DESC LIMIT 1";
    let said = transaction.ask(sql, &[&pattern]).await?;
    let said = said.first().map(|row| small(row, 0)).transpose()?;
    let known = known(transaction, pattern).await?;
    let picked: Vec<(i64, i64)> = match said {
        Some(verdict) => vec![(i64::MIN, analysts_id(verdict))],
        None => {
            let others = known.iter().filter(|stands| stands.decider != decider);
            let mut others: Vec<(i64, i64)> = others.map(|stands| (stands.from, stands.id)).collect();
            others.sort_unstable();
            // What came before the first one is the first one's.
            if let Some(first) = others.first_mut() {
                first.0 = i64::MIN;
            }
            others
        }
    };
    let alerts = repoint(transaction, pattern, &known, &picked, weight).await?;
    let sql = "UPDATE patterns SET decided = $2 WHERE id = $1";
    transaction.ask(sql, &[&pattern, &i16::from(said.is_some())]).await?;
    Ok(alerts)
}

async fn lock(transaction: &Transaction, pattern: i64) -> Result<(), Failure> {
    transaction.ask("SELECT 1 FROM patterns WHERE id = $1 FOR UPDATE", &[&pattern]).await.map(drop)
}

/// A decision that stands on alerts, or may.
struct Stands {
    id: i64,
    verdict: u8,
    severity: u8,
    from: i64,
    decider: u8,
}

/// The decisions on a pattern.
async fn known(transaction: &Transaction, pattern: i64) -> Result<Vec<Stands>, Failure> {
    let sql = "SELECT id, verdict, severity, valid_from, decider FROM decisions WHERE pattern = $1";
    let rows = transaction.ask(sql, &[&pattern]).await?;
    rows.iter()
        .map(|row| {
            Ok(Stands {
                id: column(row, 0)?,
                verdict: small(row, 1)?,
                severity: small(row, 2)?,
                from: column(row, 3)?,
                decider: small(row, 4)?,
            })
        })
        .collect()
}

/// Puts on each alert of a pattern the last of these decisions that begins no later than its time; how many alerts the pattern
/// has. `picked` is in the order of time.
async fn repoint(
    transaction: &Transaction,
    pattern: i64,
    known: &[Stands],
    picked: &[(i64, i64)],
    weight: &Weighing,
) -> Result<u64, Failure> {
    let ids: Vec<i64> = known.iter().map(|stands| stands.id).collect();
    let weights: Vec<f64> = known.iter().map(|stands| weight(stands.verdict, stands.severity)).collect();
    let nothing = weight(0, 0);
    let (mut new, mut severities, mut weighs) = (Vec::new(), Vec::new(), Vec::new());
    let (mut from, mut to) = (Vec::new(), Vec::new());
    for (place, (begins, id)) in picked.iter().enumerate() {
        let Some(stands) = known.iter().find(|stands| stands.id == *id) else { continue };
        new.push(*id);
        severities.push(i16::from(stands.severity));
        weighs.push(weight(stands.verdict, stands.severity));
        from.push(*begins);
        to.push(picked.get(place + 1).map(|(next, _)| *next));
    }
    // Halves are rounded away from nothing, as elsewhere.
    let sql = "UPDATE alerts a SET decision = n.id, severity = n.severity,
            priority = greatest(0, least(100, a.priority + m.steps))
        FROM unnest($5::bigint[], $6::smallint[], $7::float8[], $8::bigint[], $9::bigint[])
                AS n (id, severity, weight, begins, ends)
            CROSS JOIN LATERAL (
                SELECT o.id AS before, (sign(n.weight - o.weight) * floor(abs(n.weight - o.weight) + 0.5))::bigint AS steps
                FROM (SELECT u.id, u.weight FROM unnest($2::bigint[], $3::float8[]) AS u (id, weight)
                      UNION ALL
                      SELECT DISTINCT b.decision, $4::float8 FROM alerts b
                      WHERE b.pattern = $1 AND b.decision <> ALL ($2::bigint[])) o) m
        WHERE a.pattern = $1 AND a.decision = m.before AND a.decision <> n.id
            AND a.\"time\" >= n.begins AND (n.ends IS NULL OR a.\"time\" < n.ends)";
    transaction
        .ask(sql, &[&pattern, &ids, &weights, &nothing, &new, &severities, &weighs, &from, &to])
        .await?;
    lead(transaction, pattern).await?;
    let alerts = transaction.ask("SELECT count(*) FROM alerts WHERE pattern = $1", &[&pattern]).await?;
    alerts.first().map_or(Ok(0), |row| unsigned(row, 0))
}

/// Puts a pattern where the alert with its greatest priority belongs.
pub(super) async fn lead(transaction: &Transaction, pattern: i64) -> Result<(), Failure> {
    let sql = "UPDATE patterns p SET priority = most.priority, decision = most.decision
        FROM (SELECT priority, decision FROM alerts WHERE pattern = $1
              ORDER BY priority DESC, source, ordinal LIMIT 1) most
        WHERE p.id = $1";
    transaction.ask(sql, &[&pattern]).await.map(drop)
}
