//! How much articles matter to users. Only what matters at all has a row.

use super::{ArticleId, Articles, UserId};
use crate::StoreError;
use rusqlite::{Connection, TransactionBehavior};

/// How much an article matters to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelevanceRow {
    /// Which article.
    pub article: ArticleId,
    /// 0–1,000; 0 takes away what was there.
    pub score: u16,
    /// Why, as JSON.
    pub reasons: String,
}

impl Articles<'_> {
    /// Writes a user's scores, in one transaction. Articles that are gone meanwhile are passed over.
    pub fn put_relevance(&self, user: UserId, rows: &[RelevanceRow]) -> Result<(), StoreError> {
        let mut connection = self.store.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for row in rows {
            put(&transaction, user, row)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// How many articles were published at this moment (milliseconds since 1970) or later.
    pub fn count_since(&self, since: i64) -> Result<u64, StoreError> {
        let connection = self.store.reader();
        let mut statement =
            connection.prepare_cached("SELECT count(*) FROM articles WHERE published >= ?1")?;
        Ok(statement.query_row([since], |row| row.get::<_, i64>(0))? as u64)
    }

    /// Those of them in the order of their numbers, after one.
    pub fn articles_since(
        &self,
        after: ArticleId,
        since: i64,
        limit: u32,
    ) -> Result<Vec<ArticleId>, StoreError> {
        let connection = self.store.reader();
        let mut statement = connection.prepare_cached(
            "SELECT id FROM articles WHERE id > ?1 AND published >= ?2 ORDER BY id LIMIT ?3",
        )?;
        let rows = statement.query_map((after.0, since, limit), |row| Ok(ArticleId(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Articles in the order of their numbers, after one: for who goes through all of them, some at a time.
    pub fn articles_after(&self, after: ArticleId, limit: u32) -> Result<Vec<ArticleId>, StoreError> {
        let connection = self.store.reader();
        let mut statement =
            connection.prepare_cached("SELECT id FROM articles WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let rows = statement.query_map((after.0, limit), |row| Ok(ArticleId(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn put(connection: &Connection, user: UserId, row: &RelevanceRow) -> Result<(), StoreError> {
    let key = (user.0, row.article.0);
    if row.score == 0 {
        connection.prepare_cached("DELETE FROM relevance WHERE user = ?1 AND article = ?2")?.execute(key)?;
        connection
            .prepare_cached("DELETE FROM relevance_reasons WHERE user = ?1 AND article = ?2")?
            .execute(key)?;
        return Ok(());
    }
    let written = connection
        .prepare_cached(
            "INSERT INTO relevance (user, article, score, severity, published, dismissed)
             SELECT ?1, id, ?3, severity, published,
                 coalesce((SELECT action = 2 FROM actions WHERE article = ?2 AND user = ?1), 0)
             FROM articles WHERE id = ?2
             ON CONFLICT (user, article) DO UPDATE SET score = excluded.score",
        )?
        .execute((user.0, row.article.0, row.score))?;
    if written > 0 {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO relevance_reasons (article, user, reasons) VALUES (?1, ?2, ?3)",
            )?
            .execute((row.article.0, user.0, &row.reasons))?;
    }
    Ok(())
}
