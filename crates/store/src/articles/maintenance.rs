//! Keeping the store small and quick: what is old goes, in slices, and nothing stays behind that belonged to it.
//!
//! SQLite has one writer. So nothing here holds it for long: each call has a bound, and is called again until it says that
//! it is done.

use super::postings::ALL_FEEDS;
use super::{ArticleId, Articles, locations};
use crate::StoreError;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

/// Rows of an index that are looked at for the planner's statistics.
const ANALYSIS_LIMIT: u32 = 1000;
/// Tables whose statistics are worth having.
const TABLES: [&str; 7] = [
    "articles",
    "article_feeds",
    "article_entities",
    "article_countries",
    "entity_names",
    "relevance",
    "actions",
];

impl Articles<'_> {
    /// Takes away articles that no feed has had since this moment (milliseconds since 1970), at most so many, with all that
    /// belongs to them; says how many. What a feed still has is not taken away, however old it is, or it would come back
    /// as new with the next poll.
    pub fn expire(&self, before: i64, limit: u32) -> Result<u64, StoreError> {
        let mut connection = self.store.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let articles: Vec<ArticleId> = transaction
            .prepare_cached("SELECT id FROM articles WHERE seen < ?1 ORDER BY seen LIMIT ?2")?
            .query_map((before, limit), |row| Ok(ArticleId(row.get(0)?)))?
            .collect::<Result<_, _>>()?;
        remove(&transaction, &articles)?;
        transaction.commit()?;
        Ok(articles.len() as u64)
    }

    /// Takes away names that no article names any more, among the next so many after a number (0: from the start). Says
    /// after which number to go on, `None` at the end.
    pub fn tidy(&self, after: i64, limit: u32) -> Result<Option<i64>, StoreError> {
        let mut connection = self.store.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last: Option<i64> = transaction
            .prepare_cached(
                "SELECT max(id) FROM (SELECT id FROM entity_names WHERE id > ?1 ORDER BY id LIMIT ?2)",
            )?
            .query_row((after, limit), |row| row.get(0))?;
        if let Some(last) = last {
            transaction
                .prepare_cached(
                    "DELETE FROM entity_names WHERE id > ?1 AND id <= ?2
                         AND NOT EXISTS (SELECT 1 FROM article_entities WHERE entity = entity_names.id)",
                )?
                .execute((after, last))?;
        }
        transaction.commit()?;
        Ok(last)
    }

    /// Brings the planner's statistics up to date, from a sample of each index, and lets SQLite do what else it thinks is
    /// due. Lists do not depend on it: they name their indexes.
    pub fn analyse(&self) -> Result<(), StoreError> {
        let connection = self.store.writer();
        connection.pragma_update(None, "analysis_limit", ANALYSIS_LIMIT)?;
        for table in TABLES {
            connection.execute_batch(&format!("ANALYZE {table}"))?;
        }
        Ok(connection.execute_batch("PRAGMA optimize")?)
    }
}

/// Takes away articles with all that belongs to them.
pub(super) fn remove(connection: &Connection, articles: &[ArticleId]) -> Result<(), StoreError> {
    for article in articles {
        remove_one(connection, *article)?;
    }
    Ok(())
}

fn remove_one(connection: &Connection, article: ArticleId) -> Result<(), StoreError> {
    let found: Option<(i64, u8, i64)> = connection
        .prepare_cached("SELECT feed, severity, published FROM articles WHERE id = ?1")?
        .query_row([article.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((feed, severity, published)) = found else { return Ok(()) };
    connection
        .prepare_cached(
            "DELETE FROM article_feeds WHERE feed IN (?1, ?2) AND severity = ?3 AND published = ?4 AND article = ?5",
        )?
        .execute((ALL_FEEDS, feed, severity, published, article.0))?;
    locations::remove_places(connection, article, severity, published)?;
    for statement in [
        "DELETE FROM relevance
         WHERE article = ?1 AND user IN (SELECT user FROM relevance_reasons WHERE article = ?1)",
        "DELETE FROM relevance_reasons WHERE article = ?1",
        "DELETE FROM actions WHERE article = ?1",
        "DELETE FROM article_entities WHERE article = ?1",
        "DELETE FROM location_queue WHERE article = ?1",
        "DELETE FROM article_texts WHERE article = ?1",
        "DELETE FROM articles WHERE id = ?1",
    ] {
        connection.prepare_cached(statement)?.execute([article.0])?;
    }
    connection
        .prepare_cached("UPDATE feeds SET articles = max(articles - 1, 0) WHERE id = ?1")?
        .execute([feed])?;
    Ok(())
}
