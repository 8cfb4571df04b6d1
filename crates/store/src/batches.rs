//! Batches at providers: written down before they are sent, taken away with their results.
//!
//! A provider works on a batch for up to a day, longer than any process need live. So the name goes into the store before
//! the batch goes out, the provider's number as soon as it is known, and the last word together with the answers and
//! their line in the ledger. A kill between any two of these leaves what the next process needs to go on.

use crate::questions::answer;
use crate::{BatchRow, DecisionRow, LedgerRow, Store, StoreError};
use rusqlite::TransactionBehavior;

impl Store {
    /// The batches of this asker that are not done, oldest first.
    pub fn batches(&self, asker: &str) -> Result<Vec<BatchRow>, StoreError> {
        let mut batches = self.all_batches()?;
        batches.retain(|batch| batch.asker == asker);
        Ok(batches)
    }

    /// All batches that are not done, oldest first.
    pub fn all_batches(&self) -> Result<Vec<BatchRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT name, asker, number, requests, at, body FROM batches ORDER BY at, name",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(BatchRow {
                name: row.get(0)?,
                asker: row.get(1)?,
                number: row.get(2)?,
                requests: row.get(3)?,
                at: row.get(4)?,
                body: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes a batch down, or what has become known of it.
    pub fn put_batch(&self, batch: &BatchRow) -> Result<(), StoreError> {
        self.writer().execute(
            "INSERT OR REPLACE INTO batches (name, asker, number, requests, at, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (&batch.name, &batch.asker, &batch.number, batch.requests, batch.at, &batch.body),
        )?;
        Ok(())
    }

    /// Writes what a batch brought, as [`Store::answer`] does, and takes the batch away: all of it or nothing.
    /// Whether the batch was still there; if not, nothing is written, since another process has done so.
    pub fn end_batch(
        &self,
        name: &str,
        decisions: &[DecisionRow],
        unanswered: &[i64],
        ledger: &[LedgerRow],
    ) -> Result<bool, StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if transaction.execute("DELETE FROM batches WHERE name = ?1", [name])? == 0 {
            return Ok(false);
        }
        answer(&transaction, decisions, unanswered, ledger)?;
        transaction.commit()?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use crate::{BatchRow, LedgerRow, Location, Store};

    fn batch(name: &str, number: Option<&str>) -> BatchRow {
        BatchRow {
            name: name.to_owned(),
            asker: "llm a".to_owned(),
            number: number.map(str::to_owned),
            requests: 3,
            at: 7,
            body: "{}".to_owned(),
        }
    }

    #[test]
    fn a_batch_ends_once_and_is_paid_for_once() {
        let store = Store::open(&Location::Memory).unwrap();
        store.put_batch(&batch("one", None)).unwrap();
        store.put_batch(&batch("one", Some("b-1"))).unwrap();
        store.put_batch(&batch("two", None)).unwrap();
        assert_eq!(store.batches("llm a").unwrap(), [batch("one", Some("b-1")), batch("two", None)]);
        assert!(store.batches("llm b").unwrap().is_empty());
        let line = LedgerRow {
            at: 1,
            service: "gemini".to_owned(),
            model: "m".to_owned(),
            tier: "batch".to_owned(),
            outcome: "answered".to_owned(),
            checks: 0,
            items: 3,
            input: 1,
            cached_input: 0,
            cache_write: 0,
            output: 1,
            thinking: 0,
            cost_nano: Some(5),
            latency_ms: 0,
        };
        assert!(store.end_batch("one", &[], &[], std::slice::from_ref(&line)).unwrap());
        assert!(!store.end_batch("one", &[], &[], &[line]).unwrap());
        assert_eq!(store.ledger(0, 10).unwrap()[0].cost_nano, 5);
        assert_eq!(store.batches("llm a").unwrap().len(), 1);
    }
}
