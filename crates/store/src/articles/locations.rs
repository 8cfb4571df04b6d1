//! The places that articles are about, and the queue of articles whose places are still to be found.
//!
//! An article enters the queue in the transaction that stores it and leaves it in the transaction that stores its places.
//! So a kill at any instant neither loses one nor finds places twice.

use super::{ArticleId, Articles};
use crate::StoreError;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

/// A place that an article is about.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceRow {
    /// The gazetteer's number.
    pub place: i64,
    /// What the article calls it.
    pub name: String,
    /// Degrees, north is positive.
    pub latitude: f64,
    /// Degrees, east is positive.
    pub longitude: f64,
    /// ISO 3166 code; empty for what lies in none.
    pub country: String,
}

/// An article whose places are to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingLocation {
    /// Its number in the queue; greater ones came later.
    pub number: i64,
    /// Which article.
    pub article: ArticleId,
    /// How often that was tried.
    pub attempts: u32,
    /// Since when it waits, in milliseconds since 1970.
    pub since: i64,
}

impl Articles<'_> {
    /// The next articles whose places are to be found, in order, that came after a number (0: all).
    pub fn waiting_locations(&self, after: i64, limit: u32) -> Result<Vec<WaitingLocation>, StoreError> {
        let connection = self.store.reader();
        let mut statement = connection.prepare_cached(
            "SELECT id, article, attempts, at FROM location_queue WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let rows = statement.query_map((after, limit), |row| {
            Ok(WaitingLocation {
                number: row.get(0)?,
                article: ArticleId(row.get(1)?),
                attempts: row.get(2)?,
                since: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many articles wait for their places.
    pub fn count_waiting_locations(&self) -> Result<u64, StoreError> {
        let connection = self.store.reader();
        let count: i64 = connection.query_row("SELECT count(*) FROM location_queue", [], |row| row.get(0))?;
        Ok(count as u64)
    }

    /// Counts an attempt at these articles that failed. They stay where they are in the queue.
    pub fn location_failed(&self, articles: &[ArticleId]) -> Result<(), StoreError> {
        let mut connection = self.store.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for article in articles {
            transaction
                .prepare_cached("UPDATE location_queue SET attempts = attempts + 1 WHERE article = ?1")?
                .execute([article.0])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Stores the places of articles in the place of those that stood there, and takes the articles out of the queue, in
    /// one transaction. An article without places is done as well. One that is gone meanwhile is passed over.
    pub fn located(&self, located: &[(ArticleId, Vec<PlaceRow>)]) -> Result<(), StoreError> {
        let mut connection = self.store.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (article, places) in located {
            put_places(&transaction, *article, places)?;
        }
        transaction.commit()?;
        Ok(())
    }
}

fn put_places(connection: &Connection, article: ArticleId, places: &[PlaceRow]) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM location_queue WHERE article = ?1")?.execute([article.0])?;
    let found: Option<(u8, i64)> = connection
        .prepare_cached("SELECT severity, published FROM articles WHERE id = ?1")?
        .query_row([article.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((severity, published)) = found else { return Ok(()) };
    remove_places(connection, article, severity, published)?;
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO places (article, place, name, latitude, longitude, country)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut list = connection.prepare_cached(
        "INSERT OR IGNORE INTO article_countries (country, severity, published, article) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for place in places {
        let new = insert.execute((
            article.0,
            place.place,
            &place.name,
            place.latitude,
            place.longitude,
            &place.country,
        ))?;
        // A place that is named twice stands once, and so does its country: what is listed must be found again to be
        // taken away.
        if new > 0 && !place.country.is_empty() {
            list.execute((&place.country, severity, published, article.0))?;
        }
    }
    Ok(())
}

/// Takes away an article's places, and itself from the lists of their countries.
pub(super) fn remove_places(
    connection: &Connection,
    article: ArticleId,
    severity: u8,
    published: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM article_countries
             WHERE country IN (SELECT country FROM places WHERE article = ?1)
                 AND severity = ?2 AND published = ?3 AND article = ?1",
        )?
        .execute((article.0, severity, published))?;
    connection.prepare_cached("DELETE FROM places WHERE article = ?1")?.execute([article.0])?;
    Ok(())
}
