//! What intelligence said of indicators, kept from one run to the next.

use crate::{ReputationRow, Store, StoreError};
use rusqlite::TransactionBehavior;

impl Store {
    /// What was said by this version of the lists, at most `limit` indicators.
    pub fn reputations(&self, version: [u8; 16], limit: usize) -> Result<Vec<ReputationRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection
            .prepare_cached("SELECT kind, value, reputation FROM reputations WHERE version = ?1 LIMIT ?2")?;
        let rows = statement.query_map((version, limit as i64), |row| {
            Ok(ReputationRow { kind: row.get(0)?, value: row.get(1)?, reputation: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps what this version of the lists said.
    pub fn put_reputations(&self, version: [u8; 16], rows: &[ReputationRow]) -> Result<(), StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT OR REPLACE INTO reputations (kind, value, version, reputation) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for row in rows {
                insert.execute((row.kind, &row.value, version, row.reputation))?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}
