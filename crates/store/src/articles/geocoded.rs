//! What a geocoder said, so that it is asked once. Whether an answer has become too old is its reader's to say.

use super::Articles;
use crate::StoreError;
use rusqlite::OptionalExtension;

impl Articles<'_> {
    /// What was answered to a query, as JSON, and when (milliseconds since 1970).
    pub fn geocoder_answer(&self, query: &str) -> Result<Option<(String, i64)>, StoreError> {
        let connection = self.store.reader();
        let mut statement =
            connection.prepare_cached("SELECT answer, at FROM geocoder_answers WHERE query = ?1")?;
        Ok(statement.query_row([query], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// Keeps answers (query, JSON), in one transaction.
    pub fn put_geocoder_answers(&self, answers: &[(String, String)], at: i64) -> Result<(), StoreError> {
        let mut connection = self.store.writer();
        let transaction = connection.transaction()?;
        for (query, answer) in answers {
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO geocoder_answers (query, answer, at) VALUES (?1, ?2, ?3)",
                )?
                .execute((query, answer, at))?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Forgets answers from before this moment, at most 10,000 of them; says how many.
    pub fn forget_geocoder_answers(&self, before: i64) -> Result<u64, StoreError> {
        let connection = self.store.writer();
        let gone = connection.execute(
            "DELETE FROM geocoder_answers WHERE query IN
                 (SELECT query FROM geocoder_answers WHERE at < ?1 ORDER BY at LIMIT 10000)",
            [before],
        )?;
        Ok(gone as u64)
    }
}
