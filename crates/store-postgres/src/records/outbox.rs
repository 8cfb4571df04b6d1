//! What is to be delivered, in order, as far as there is room. How much waits for a target stands in the target's row, which
//! whoever adds or takes away locks: so bounds hold, and numbers are given in the order in which deliveries are seen.

use super::transaction::{Transaction, Tries};
use super::{PostgresRecords, all};
use crate::failure::Failure;
use crate::found::{bytes, column, text};
use crate::text::{Text, written};
use std::collections::BTreeMap;
use tokio_postgres::Row;
use watchfire_store::records::{Answer, OutboxRecords};
use watchfire_store::{
    Deliveries, DeliveryRow, MOST_DEAD, MOST_WAITING, MOST_WAITING_BYTES, Outbox, StoredDelivery,
};

const WAITING: i16 = 0;
const DEAD: i16 = 1;
const DELIVERY: &str = "SELECT id, key, target, body, at, attempts, next_at, error FROM outbox
    WHERE target = $1 AND state = $2 AND id > $3 ORDER BY id LIMIT $4";

impl PostgresRecords {
    async fn in_state(
        &self,
        target: &str,
        state: i16,
        after: i64,
        limit: usize,
    ) -> Result<Vec<StoredDelivery>, watchfire_store::records::RecordError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        all(&self.read(DELIVERY, &[&Text(target), &state, &after, &limit]).await?, delivery)
    }
}

impl OutboxRecords for PostgresRecords {
    fn put_deliveries<'a>(&'a self, deliveries: &'a Deliveries, now: i64) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let done = put(&transaction, [deliveries].into_iter(), now).await;
                if let Some(ended) = Self::ended(transaction, done, &mut tries).await {
                    return ended;
                }
            }
        })
    }

    fn next_delivery<'a>(&'a self, target: &'a str) -> Answer<'a, Option<StoredDelivery>> {
        Box::pin(async move { Ok(self.in_state(target, WAITING, 0, 1).await?.pop()) })
    }

    fn dead_deliveries<'a>(
        &'a self,
        target: &'a str,
        after: i64,
        limit: usize,
    ) -> Answer<'a, Vec<StoredDelivery>> {
        Box::pin(async move { self.in_state(target, DEAD, after, limit).await })
    }

    fn delivered(&self, id: i64) -> Answer<'_, ()> {
        Box::pin(async move {
            let sql = "WITH gone AS (DELETE FROM outbox WHERE id = $1 AND state = 0 RETURNING target, body)
                UPDATE outbox_targets t SET waiting = t.waiting - 1, bytes = t.bytes - octet_length(g.body)
                FROM gone g WHERE t.target = g.target";
            self.write(sql, &[&id]).await.map(drop)
        })
    }

    fn delivery_failed<'a>(&'a self, id: i64, attempts: u32, next_at: i64, error: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let sql = "UPDATE outbox SET attempts = $2, next_at = $3, error = $4 WHERE id = $1";
            self.write(sql, &[&id, &i64::from(attempts), &next_at, &Text(error)]).await.map(drop)
        })
    }

    fn delivery_died<'a>(&'a self, id: i64, attempts: u32, error: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let done = die(&transaction, id, attempts, error).await;
                if let Some(ended) = Self::ended(transaction, done, &mut tries).await {
                    return ended;
                }
            }
        })
    }

    fn revive_deliveries<'a>(&'a self, target: &'a str, now: i64) -> Answer<'a, u64> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let done = revive(&transaction, target, now).await;
                if let Some(ended) = Self::ended(transaction, done, &mut tries).await {
                    return ended;
                }
            }
        })
    }

    fn outboxes(&self) -> Answer<'_, BTreeMap<String, Outbox>> {
        Box::pin(async {
            let sql = "SELECT target, waiting, bytes, dead, dropped FROM outbox_targets";
            let targets = all(&self.read(sql, &[]).await?, |row| Ok((text(row, 0)?, standing(row, 1)?)))?;
            Ok(targets.into_iter().collect())
        })
    }
}

fn delivery(row: &Row) -> Result<StoredDelivery, Failure> {
    Ok(StoredDelivery {
        id: column(row, 0)?,
        row: DeliveryRow { key: bytes(row, 1)?, target: text(row, 2)?.into(), body: text(row, 3)? },
        at: column(row, 4)?,
        attempts: column::<i64>(row, 5)? as u32,
        next_at: column(row, 6)?,
        error: text(row, 7)?,
    })
}

fn standing(row: &Row, from: usize) -> Result<Outbox, Failure> {
    let count = |place| Ok::<u64, Failure>(column::<i64>(row, from + place)?.max(0) as u64);
    Ok(Outbox { waiting: count(0)?, bytes: count(1)?, dead: count(2)?, dropped: count(3)? })
}

/// Adds to what waits for a target, its bytes, its dead, and what was dropped.
async fn add(transaction: &Transaction, target: &str, more: [i64; 4]) -> Result<(), Failure> {
    let sql = "INSERT INTO outbox_targets AS t (target, waiting, bytes, dead, dropped) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (target) DO UPDATE SET waiting = t.waiting + excluded.waiting, bytes = t.bytes + excluded.bytes,
            dead = t.dead + excluded.dead, dropped = t.dropped + excluded.dropped";
    transaction.ask(sql, &[&Text(target), &more[0], &more[1], &more[2], &more[3]]).await.map(drop)
}

/// Writes deliveries, as far as there is room.
pub(super) async fn put<'d>(
    transaction: &Transaction,
    deliveries: impl Iterator<Item = &'d Deliveries>,
    now: i64,
) -> Result<(), Failure> {
    let mut rows: BTreeMap<&str, Vec<&DeliveryRow>> = BTreeMap::new();
    let mut left_out: BTreeMap<&str, u64> = BTreeMap::new();
    for deliveries in deliveries {
        for row in &deliveries.rows {
            rows.entry(&row.target).or_default().push(row);
        }
        for (target, count) in &deliveries.left_out {
            *left_out.entry(target).or_default() += count;
            rows.entry(target).or_default();
        }
    }
    for (target, rows) in rows {
        // Whoever else adds for this target waits here, and sees what this one added.
        add(transaction, target, [0; 4]).await?;
        let sql = "SELECT waiting, bytes, dead, dropped FROM outbox_targets WHERE target = $1";
        let stands = transaction.ask(sql, &[&Text(target)]).await?;
        let mut outbox = stands.first().map(|row| standing(row, 0)).transpose()?.unwrap_or_default();
        let mut change = [0, 0, 0, left_out.get(target).copied().unwrap_or(0) as i64];
        let (mut keys, mut bodies) = (Vec::new(), Vec::new());
        for row in rows {
            // As long as it is here.
            let length = written(&row.body).len() as u64;
            if outbox.waiting >= MOST_WAITING || outbox.bytes + length > MOST_WAITING_BYTES {
                change[3] += 1;
                continue;
            }
            outbox.waiting += 1;
            outbox.bytes += length;
            change[0] += 1;
            change[1] += length as i64;
            keys.push(row.key.as_slice());
            bodies.push(Text(&row.body));
        }
        if !keys.is_empty() {
            let sql = "INSERT INTO outbox (target, key, body, at, next_at)
                SELECT $1::text, u.key, u.body, $4::bigint, $4::bigint FROM unnest($2::bytea[], $3::text[]) WITH ORDINALITY AS u (key, body, place)
                ORDER BY u.place";
            transaction.ask(sql, &[&Text(target), &keys, &bodies, &now]).await?;
        }
        add(transaction, target, change).await?;
    }
    Ok(())
}

async fn die(transaction: &Transaction, id: i64, attempts: u32, error: &str) -> Result<(), Failure> {
    let sql = "UPDATE outbox SET state = 1, attempts = $2, error = $3 WHERE id = $1 AND state = 0
        RETURNING target, octet_length(body)::bigint";
    let died = transaction.ask(sql, &[&id, &i64::from(attempts), &Text(error)]).await?;
    let Some(row) = died.first() else { return Ok(()) };
    let (target, length): (String, i64) = (text(row, 0)?, column(row, 1)?);
    let sql = "WITH gone AS (
            DELETE FROM outbox WHERE target = $1 AND state = 1 AND id <=
                (SELECT id FROM outbox WHERE target = $1 AND state = 1 ORDER BY id DESC LIMIT 1 OFFSET $2)
            RETURNING id)
        SELECT count(*) FROM gone";
    let gone = transaction.ask(sql, &[&Text(&target), &(MOST_DEAD as i64)]).await?;
    let gone: i64 = gone.first().map_or(Ok(0), |row| column(row, 0))?;
    add(transaction, &target, [-1, -length, 1 - gone, 0]).await
}

async fn revive(transaction: &Transaction, target: &str, now: i64) -> Result<u64, Failure> {
    let target_text = Text(target);
    add(transaction, target, [0; 4]).await?;
    let sql = "WITH gone AS (DELETE FROM outbox WHERE target = $1 AND state = 1 RETURNING id, target, key, body, at),
            new AS (INSERT INTO outbox (target, key, body, at, next_at)
                SELECT target, key, body, at, $2::bigint FROM gone ORDER BY id RETURNING body)
        SELECT count(*), coalesce(sum(octet_length(body)), 0)::bigint FROM new";
    let revived = transaction.ask(sql, &[&target_text, &now]).await?;
    let (count, length): (i64, i64) =
        revived.first().map_or(Ok((0, 0)), |row| Ok((column(row, 0)?, column(row, 1)?)))?;
    add(transaction, target, [count, length, -count, 0]).await?;
    Ok(count as u64)
}
