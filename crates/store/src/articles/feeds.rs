//! Feeds: where they are, how they are polled, and how that goes.
//!
//! How often a feed is asked and what validators it gave is its poller's to know. It is kept here as JSON that the store does
//! not read.

use super::{ArticleId, Articles, FeedId, maintenance};
use crate::StoreError;
use rusqlite::{OptionalExtension, Row, TransactionBehavior};

/// A feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    /// Its number.
    pub id: FeedId,
    /// Its URL as it was added.
    pub added_url: String,
    /// Its URL now, after permanent redirects.
    pub url: String,
    /// What it calls itself, or whoever added it calls it.
    pub title: String,
    /// The folder or label it was put under; empty for none.
    pub folder: String,
    /// Its settings, as JSON.
    pub settings: String,
    /// Its schedule and validators, as JSON.
    pub state: String,
    /// When it was last asked, in milliseconds since 1970.
    pub checked_at: Option<i64>,
    /// What its server last answered: an HTTP status.
    pub status: Option<u16>,
    /// What was wrong the last time; empty if nothing.
    pub problem: String,
    /// How often it was asked.
    pub polls: u64,
    /// How often that failed.
    pub failures: u64,
    /// How many articles the store has of it, without those that another feed had first.
    pub articles: u64,
}

/// How asking a feed went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedCheck {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// What its server answered: an HTTP status, if it did.
    pub status: Option<u16>,
    /// What was wrong; empty if nothing.
    pub problem: String,
    /// Where it is from now on, if it moved for good.
    pub moved_to: Option<String>,
    /// What it calls itself, if that is to replace its title.
    pub title: Option<String>,
    /// Its schedule and validators from now on, as JSON.
    pub state: String,
}

const COLUMNS: &str =
    "id, added_url, url, title, folder, settings, state, checked_at, status, problem, polls,
    failures, articles";

impl Articles<'_> {
    /// Adds a feed. If one with this URL was added before, or is at this URL now, says which and changes nothing (`false`).
    pub fn add_feed(
        &self,
        url: &str,
        title: &str,
        folder: &str,
        settings: &str,
    ) -> Result<(FeedId, bool), StoreError> {
        let mut connection = self.store.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: Option<i64> = transaction
            .prepare_cached("SELECT id FROM feeds WHERE added_url = ?1 OR url = ?1 ORDER BY id LIMIT 1")?
            .query_row([url], |row| row.get(0))
            .optional()?;
        if let Some(id) = found {
            return Ok((FeedId(id), false));
        }
        transaction
            .prepare_cached(
                "INSERT INTO feeds (added_url, url, title, folder, settings, state) VALUES (?1, ?1, ?2, ?3, ?4, '{}')",
            )?
            .execute((url, title, folder, settings))?;
        let id = FeedId(transaction.last_insert_rowid());
        transaction.commit()?;
        Ok((id, true))
    }

    /// All feeds, in the order in which they were added.
    pub fn feeds(&self) -> Result<Vec<FeedRow>, StoreError> {
        let connection = self.store.reader();
        let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM feeds ORDER BY id"))?;
        let rows = statement.query_map([], feed)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A feed.
    pub fn feed(&self, id: FeedId) -> Result<Option<FeedRow>, StoreError> {
        let connection = self.store.reader();
        let mut statement =
            connection.prepare_cached(&format!("SELECT {COLUMNS} FROM feeds WHERE id = ?1"))?;
        Ok(statement.query_row([id.0], feed).optional()?)
    }

    /// Gives a feed another title, folder and settings. Says whether there is such a feed.
    pub fn change_feed(
        &self,
        id: FeedId,
        title: &str,
        folder: &str,
        settings: &str,
    ) -> Result<bool, StoreError> {
        let connection = self.store.writer();
        let changed = connection.execute(
            "UPDATE feeds SET title = ?2, folder = ?3, settings = ?4 WHERE id = ?1",
            (id.0, title, folder, settings),
        )?;
        Ok(changed > 0)
    }

    /// Keeps another schedule and validators of a feed.
    pub fn put_feed_state(&self, id: FeedId, state: &str) -> Result<(), StoreError> {
        let connection = self.store.writer();
        connection.execute("UPDATE feeds SET state = ?2 WHERE id = ?1", (id.0, state))?;
        Ok(())
    }

    /// Notes how asking a feed went. A check without a status, or with a problem, counts as failed.
    pub fn feed_checked(&self, id: FeedId, check: &FeedCheck) -> Result<(), StoreError> {
        let connection = self.store.writer();
        let failed = check.status.is_none() || !check.problem.is_empty();
        connection
            .prepare_cached(
                "UPDATE feeds SET checked_at = ?2, status = ?3, problem = ?4, state = ?5, url = coalesce(?6, url),
                     title = coalesce(?7, title), polls = polls + 1, failures = failures + ?8
                 WHERE id = ?1",
            )?
            .execute((
                id.0,
                check.at,
                check.status,
                &check.problem,
                &check.state,
                &check.moved_to,
                &check.title,
                failed,
            ))?;
        Ok(())
    }

    /// Takes away at most so many of a feed's articles, and the feed once none is left: `true` then. To be called again
    /// until it is, so that others can write in between; the feed must not be polled meanwhile.
    pub fn remove_feed(&self, id: FeedId, limit: u32) -> Result<bool, StoreError> {
        let mut connection = self.store.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let articles: Vec<ArticleId> = transaction
            .prepare_cached("SELECT id FROM articles WHERE feed = ?1 LIMIT ?2")?
            .query_map((id.0, limit.max(1)), |row| Ok(ArticleId(row.get(0)?)))?
            .collect::<Result<_, _>>()?;
        maintenance::remove(&transaction, &articles)?;
        let done = articles.len() < limit.max(1) as usize;
        if done {
            transaction.execute("DELETE FROM feeds WHERE id = ?1", [id.0])?;
        }
        transaction.commit()?;
        Ok(done)
    }
}

fn feed(row: &Row<'_>) -> rusqlite::Result<FeedRow> {
    Ok(FeedRow {
        id: FeedId(row.get(0)?),
        added_url: row.get(1)?,
        url: row.get(2)?,
        title: row.get(3)?,
        folder: row.get(4)?,
        settings: row.get(5)?,
        state: row.get(6)?,
        checked_at: row.get(7)?,
        status: row.get(8)?,
        problem: row.get(9)?,
        polls: row.get::<_, i64>(10)?.max(0) as u64,
        failures: row.get::<_, i64>(11)?.max(0) as u64,
        articles: row.get::<_, i64>(12)?.max(0) as u64,
    })
}
