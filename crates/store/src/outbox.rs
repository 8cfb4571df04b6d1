//! The outbox: what is to be delivered to webhooks, in the order in which it came about.
//!
//! A delivery is written in the transaction of the verdict that it tells of, so there is neither without the other, whenever the
//! process is killed. It goes when the receiver has it. What can't be delivered stays as *dead*, with the reason.
//!
//! Both have bounds for each target. Where too much waits, the newest is dropped and counted: what waits longest tells how it
//! began, and a receiver that is back gets everything in between without a hole. Of the dead, the oldest go.

use crate::{Store, StoreError};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Deliveries that wait for one target, at most.
pub const MOST_WAITING: u64 = 100_000;
/// Bytes of their bodies, at most.
pub const MOST_WAITING_BYTES: u64 = 256 << 20;
/// Dead deliveries that are kept of one target.
pub const MOST_DEAD: u64 = 1_000;

const WAITING: u8 = 0;
const DEAD: u8 = 1;

/// Something to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// By what the receiver knows it again.
    pub key: [u8; 16],
    /// To whom.
    pub target: Arc<str>,
    /// What.
    pub body: String,
}

/// What is to be delivered together.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Deliveries {
    /// In order.
    pub rows: Vec<DeliveryRow>,
    /// What was too much to be made, by target: counted as dropped.
    pub left_out: BTreeMap<Arc<str>, u64>,
}

impl Deliveries {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.left_out.is_empty()
    }
}

/// A delivery that waits, or is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    /// Its number: what is delivered earlier has a smaller one.
    pub id: i64,
    /// What is to be delivered.
    pub row: DeliveryRow,
    /// When it came about, in milliseconds since 1970.
    pub at: i64,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// When it is to be tried next, in milliseconds since 1970.
    pub next_at: i64,
    /// Why it failed last; empty if it never did.
    pub error: String,
}

/// How it stands with a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outbox {
    /// Deliveries that wait.
    pub waiting: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Dead deliveries that are kept.
    pub dead: u64,
    /// Deliveries that there was no room for, since the store was made.
    pub dropped: u64,
}

impl Store {
    /// Writes deliveries on their own.
    pub fn put_deliveries(&self, deliveries: &Deliveries, now: i64) -> Result<(), StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        put(&transaction, [deliveries].into_iter(), now)?;
        transaction.commit()?;
        Ok(())
    }

    /// The delivery that is next for a target.
    pub fn next_delivery(&self, target: &str) -> Result<Option<StoredDelivery>, StoreError> {
        Ok(self.in_state(target, WAITING, 0, 1)?.pop())
    }

    /// The dead deliveries of a target, oldest first, from the one after `after`.
    pub fn dead_deliveries(
        &self,
        target: &str,
        after: i64,
        limit: usize,
    ) -> Result<Vec<StoredDelivery>, StoreError> {
        self.in_state(target, DEAD, after, limit)
    }

    /// The receiver has it.
    pub fn delivered(&self, id: i64) -> Result<(), StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let gone = transaction
            .prepare_cached(
                "DELETE FROM outbox WHERE id = ?1 AND state = 0 RETURNING target, octet_length(body)",
            )?
            .query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        if let Some((target, bytes)) = gone {
            count(&transaction, &target, [-1, -bytes, 0, 0])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// It failed, and is to be tried again at a moment. `attempts` is how often it has failed by now.
    pub fn delivery_failed(
        &self,
        id: i64,
        attempts: u32,
        next_at: i64,
        error: &str,
    ) -> Result<(), StoreError> {
        self.writer()
            .prepare_cached("UPDATE outbox SET attempts = ?2, next_at = ?3, error = ?4 WHERE id = ?1")?
            .execute((id, attempts, next_at, error))?;
        Ok(())
    }

    /// It can't be delivered.
    pub fn delivery_died(&self, id: i64, attempts: u32, error: &str) -> Result<(), StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let died = transaction
            .prepare_cached(
                "UPDATE outbox SET state = 1, attempts = ?2, error = ?3 WHERE id = ?1 AND state = 0
                 RETURNING target, octet_length(body)",
            )?
            .query_row((id, attempts, error), |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        if let Some((target, bytes)) = died {
            let gone = transaction
                .prepare_cached(
                    "DELETE FROM outbox WHERE target = ?1 AND state = 1 AND id <=
                         (SELECT id FROM outbox WHERE target = ?1 AND state = 1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
                )?
                .execute((&target, MOST_DEAD as i64))?;
            count(&transaction, &target, [-1, -bytes, 1 - gone as i64, 0])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Lets the dead deliveries of a target wait again, after what waits already; says how many those are.
    pub fn revive_deliveries(&self, target: &str, now: i64) -> Result<u64, StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let revived = transaction.execute(
            "INSERT INTO outbox (target, key, body, at, next_at)
             SELECT target, key, body, at, ?2 FROM outbox WHERE target = ?1 AND state = 1 ORDER BY id",
            (target, now),
        )?;
        let bytes: i64 = transaction.query_row(
            "SELECT coalesce(sum(octet_length(body)), 0) FROM outbox WHERE target = ?1 AND state = 1",
            [target],
            |row| row.get(0),
        )?;
        transaction.execute("DELETE FROM outbox WHERE target = ?1 AND state = 1", [target])?;
        count(&transaction, target, [revived as i64, bytes, -(revived as i64), 0])?;
        transaction.commit()?;
        Ok(revived as u64)
    }

    /// How it stands with every target that ever had something to be delivered.
    pub fn outboxes(&self) -> Result<BTreeMap<String, Outbox>, StoreError> {
        let connection = self.reader();
        let mut statement =
            connection.prepare_cached("SELECT target, waiting, bytes, dead, dropped FROM outbox_targets")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, outbox(row, 1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn in_state(
        &self,
        target: &str,
        state: u8,
        after: i64,
        limit: usize,
    ) -> Result<Vec<StoredDelivery>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT id, key, target, body, at, attempts, next_at, error FROM outbox
             WHERE target = ?1 AND state = ?2 AND id > ?3 ORDER BY id LIMIT ?4",
        )?;
        let rows = statement.query_map((target, state, after, limit as i64), |row| {
            Ok(StoredDelivery {
                id: row.get(0)?,
                row: DeliveryRow {
                    key: row.get(1)?,
                    target: row.get::<_, String>(2)?.into(),
                    body: row.get(3)?,
                },
                at: row.get(4)?,
                attempts: row.get(5)?,
                next_at: row.get(6)?,
                error: row.get(7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn outbox(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Outbox> {
    Ok(Outbox {
        waiting: row.get::<_, i64>(first)?.max(0) as u64,
        bytes: row.get::<_, i64>(first + 1)?.max(0) as u64,
        dead: row.get::<_, i64>(first + 2)?.max(0) as u64,
        dropped: row.get::<_, i64>(first + 3)?.max(0) as u64,
    })
}

/// Adds to what waits for a target, its bytes, its dead, and what was dropped.
fn count(connection: &Connection, target: &str, more: [i64; 4]) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO outbox_targets (target, waiting, bytes, dead, dropped) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (target) DO UPDATE SET waiting = waiting + excluded.waiting, bytes = bytes + excluded.bytes,
                 dead = dead + excluded.dead, dropped = dropped + excluded.dropped",
        )?
        .execute((target, more[0], more[1], more[2], more[3]))?;
    Ok(())
}

/// Writes deliveries, as far as there is room.
pub(crate) fn put<'d>(
    connection: &Connection,
    deliveries: impl Iterator<Item = &'d Deliveries>,
    now: i64,
) -> Result<(), StoreError> {
    let mut outboxes: BTreeMap<&str, Outbox> = BTreeMap::new();
    let mut changes: BTreeMap<&str, [i64; 4]> = BTreeMap::new();
    let mut insert = connection
        .prepare_cached("INSERT INTO outbox (target, key, body, at, next_at) VALUES (?1, ?2, ?3, ?4, ?4)")?;
    for deliveries in deliveries {
        for row in &deliveries.rows {
            let target = &*row.target;
            if !outboxes.contains_key(target) {
                outboxes.insert(target, standing(connection, target)?);
            }
            let Some(outbox) = outboxes.get_mut(target) else { continue };
            let change = changes.entry(target).or_default();
            let bytes = row.body.len() as u64;
            if outbox.waiting >= MOST_WAITING || outbox.bytes + bytes > MOST_WAITING_BYTES {
                change[3] += 1;
                continue;
            }
            insert.execute((target, row.key, &row.body, now))?;
            outbox.waiting += 1;
            outbox.bytes += bytes;
            change[0] += 1;
            change[1] += bytes as i64;
        }
        for (target, left_out) in &deliveries.left_out {
            changes.entry(target).or_default()[3] += *left_out as i64;
        }
    }
    for (target, change) in changes {
        count(connection, target, change)?;
    }
    Ok(())
}

fn standing(connection: &Connection, target: &str) -> Result<Outbox, StoreError> {
    let found = connection
        .prepare_cached("SELECT waiting, bytes, dead, dropped FROM outbox_targets WHERE target = ?1")?
        .query_row([target], |row| outbox(row, 0))
        .optional()?;
    Ok(found.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{Deliveries, DeliveryRow, MOST_DEAD, MOST_WAITING, Outbox};
    use crate::{Location, Store};

    fn row(target: &str, body: &str) -> DeliveryRow {
        DeliveryRow { key: [7; 16], target: target.into(), body: body.to_owned() }
    }

    fn put(store: &Store, rows: Vec<DeliveryRow>) {
        store.put_deliveries(&Deliveries { rows, ..Deliveries::default() }, 5).unwrap();
    }

    fn standing(store: &Store, target: &str) -> Outbox {
        store.outboxes().unwrap().get(target).copied().unwrap_or_default()
    }

    #[test]
    fn each_target_has_an_order_of_its_own_that_outlives_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::File(folder.path().join("store.db"));
        let store = Store::open(&location).unwrap();
        put(&store, vec![row("a", "1"), row("b", "x"), row("a", "2")]);
        let first = store.next_delivery("a").unwrap().unwrap();
        assert_eq!((first.row.body.as_str(), first.attempts), ("1", 0));
        store.delivery_failed(first.id, 1, 99, "no").unwrap();
        drop(store);
        let store = Store::open(&location).unwrap();
        let again = store.next_delivery("a").unwrap().unwrap();
        assert_eq!((again.id, again.attempts, again.next_at, again.error.as_str()), (first.id, 1, 99, "no"));
        store.delivered(again.id).unwrap();
        store.delivered(again.id).unwrap();
        assert_eq!(store.next_delivery("a").unwrap().unwrap().row.body, "2");
        assert_eq!(store.next_delivery("b").unwrap().unwrap().row.body, "x");
        assert_eq!(standing(&store, "a"), Outbox { waiting: 1, bytes: 1, dead: 0, dropped: 0 });
    }

    #[test]
    fn a_number_is_never_given_twice() {
        let store = Store::open(&Location::Memory).unwrap();
        put(&store, vec![row("a", "1")]);
        let first = store.next_delivery("a").unwrap().unwrap().id;
        store.delivered(first).unwrap();
        put(&store, vec![row("a", "2")]);
        assert!(store.next_delivery("a").unwrap().unwrap().id > first);
    }

    #[test]
    fn the_newest_is_dropped_and_counted_where_too_much_waits() {
        let store = Store::open(&Location::Memory).unwrap();
        let full = (0..MOST_WAITING + 3).map(|number| row("a", &number.to_string())).collect();
        put(&store, full);
        put(&store, vec![row("b", "x")]);
        let outbox = standing(&store, "a");
        assert_eq!((outbox.waiting, outbox.dropped), (MOST_WAITING, 3));
        assert_eq!(store.next_delivery("a").unwrap().unwrap().row.body, "0");
        assert_eq!(standing(&store, "b").waiting, 1);
        let left_out = [("b".into(), 4)].into();
        store.put_deliveries(&Deliveries { rows: Vec::new(), left_out }, 5).unwrap();
        assert_eq!(standing(&store, "b").dropped, 4);
    }

    #[test]
    fn the_dead_are_kept_with_their_reason_up_to_a_bound_and_can_be_tried_again() {
        let store = Store::open(&Location::Memory).unwrap();
        put(&store, (0..MOST_DEAD + 2).map(|number| row("a", &number.to_string())).collect());
        while let Some(next) = store.next_delivery("a").unwrap() {
            store.delivery_died(next.id, 1, "404").unwrap();
        }
        let dead = store.dead_deliveries("a", 0, 5000).unwrap();
        assert_eq!(dead.len() as u64, MOST_DEAD);
        assert_eq!((dead[0].row.body.as_str(), dead[0].error.as_str()), ("2", "404"));
        assert_eq!(standing(&store, "a"), Outbox { waiting: 0, bytes: 0, dead: MOST_DEAD, dropped: 0 });
        assert_eq!(store.revive_deliveries("a", 9).unwrap(), MOST_DEAD);
        let next = store.next_delivery("a").unwrap().unwrap();
        assert_eq!((next.row.body.as_str(), next.attempts), ("2", 0));
        let outbox = standing(&store, "a");
        assert_eq!((outbox.waiting, outbox.dead), (MOST_DEAD, 0));
    }
}
