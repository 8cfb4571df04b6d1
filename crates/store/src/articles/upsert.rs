//! Taking articles in: recognised again by feed and id, by link, by content.
//!
//! The same news comes again with every poll, and from every feed that copies it. What has the id of an article of the same
//! feed is that article, perhaps changed. Otherwise what has the link or the content of an article of any feed is a
//! duplicate of it. In one and the same feed a link alone does not tell: some link all their articles to one page. There the
//! title has to be the same as well.
//!
//! The hashes are their caller's, 64 bits of a good hash ([`Articles::hash_of`]); none stands where
//! there is no link or no content to go by.

use super::postings::ALL_FEEDS;
use super::text::{Packed, Packer, cut};
use super::{ArticleId, Articles, FeedId, MOST_SEVERE};
use crate::StoreError;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::borrow::Borrow;
use std::collections::HashMap;

/// Entities of one article that are kept, the first ones.
pub const MOST_ENTITIES: usize = 256;
/// Bytes of an entity's value; a longer one is left out, for a piece of it would be something else.
pub const MOST_ENTITY_BYTES: usize = 2048;
/// Bytes of a title, author or language.
const MOST_LINE_BYTES: usize = 1024;
/// Bytes of a link or a summary.
const MOST_SUMMARY_BYTES: usize = 4096;
/// `seen` is brought up to date when it is so much behind, in milliseconds: not with every poll.
const SEEN_AGAIN_MS: i64 = 86_400_000;

/// An article as a feed has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewArticle {
    /// A hash of its id in the feed, or of what stands for it.
    pub guid: u64,
    /// A hash of its link in a normal form.
    pub link_hash: Option<u64>,
    /// A hash of what it says.
    pub content_hash: Option<u64>,
    /// Its headline. Cut at 1,024 bytes, as author and language are.
    pub title: String,
    /// Where it stands. Cut at 4,096 bytes, as the summary is.
    pub link: String,
    /// Who wrote it.
    pub author: String,
    /// When it was published, in milliseconds since 1970. A later time than `fetched` counts as that: nobody can be first
    /// in a list by naming a year to come.
    pub published: i64,
    /// When it was fetched, in milliseconds since 1970.
    pub fetched: i64,
    /// OCSF severity, 0–6.
    pub severity: u8,
    /// The first lines.
    pub summary: String,
    /// The whole text, of which [`MOST_TEXT_BYTES`](super::MOST_TEXT_BYTES) are kept.
    pub text: String,
    /// ISO 639 code, empty if not known.
    pub language: String,
    /// What it names: the kind's number and the value. At most [`MOST_ENTITIES`].
    pub entities: Vec<(u8, String)>,
    /// Whether its places are to be found: it is put into the location queue.
    pub locate: bool,
}

/// What became of an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserted {
    /// It was new.
    New(ArticleId),
    /// It was there and said something else; now it says this. Scores of it are its old ones.
    Changed(ArticleId),
    /// It was there: the same article, or one that says or links the same.
    Duplicate(ArticleId),
}

impl Upserted {
    /// Which article it is now.
    pub fn article(self) -> ArticleId {
        match self {
            Self::New(article) | Self::Changed(article) | Self::Duplicate(article) => article,
        }
    }
}

/// An article that is there.
struct Known {
    id: i64,
    link_hash: Option<i64>,
    content_hash: Option<i64>,
    severity: u8,
    published: i64,
    seen: i64,
}

impl Articles<'_> {
    /// A hash to recognise an id, link or text by: the first 64 bits of BLAKE3.
    pub fn hash_of(text: &str) -> u64 {
        let hash = blake3::hash(text.as_bytes());
        hash.as_bytes().first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight))
    }

    /// Takes in articles of a feed, in one transaction; says what became of each, in their order. An article that
    /// comes twice in a batch is its own duplicate. Others wait to write meanwhile: some thousand are a good batch.
    pub fn upsert<A: Borrow<NewArticle>>(
        &self,
        feed: FeedId,
        articles: &[A],
    ) -> Result<Vec<Upserted>, StoreError> {
        let articles: Vec<&NewArticle> = articles.iter().map(Borrow::borrow).collect();
        // Packed before anyone has to wait.
        let mut packer = Packer::new();
        let packed: Vec<_> = articles.iter().map(|article| packer.pack(&article.text)).collect();
        let mut connection = self.store.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut named = Named::default();
        let mut outcomes = Vec::with_capacity(articles.len());
        for (article, text) in articles.into_iter().zip(&packed) {
            outcomes.push(take_in(&transaction, feed, article, text, &mut named)?);
        }
        named.write(&transaction)?;
        let new = outcomes.iter().filter(|outcome| matches!(outcome, Upserted::New(_))).count();
        if new > 0 {
            transaction
                .execute("UPDATE feeds SET articles = articles + ?2 WHERE id = ?1", (feed.0, new as i64))?;
        }
        transaction.commit()?;
        Ok(outcomes)
    }
}

fn take_in<'a>(
    connection: &Connection,
    feed: FeedId,
    article: &'a NewArticle,
    text: &Packed<'_>,
    named: &mut Named<'a>,
) -> Result<Upserted, StoreError> {
    if let Some(known) = known(connection, feed, article)? {
        let same = known.content_hash == article.content_hash.map(|hash| hash as i64)
            && known.link_hash == article.link_hash.map(|hash| hash as i64)
            && known.severity == article.severity.min(MOST_SEVERE);
        if same {
            see_again(connection, known.id, known.seen, article.fetched)?;
            return Ok(Upserted::Duplicate(ArticleId(known.id)));
        }
        // It may be new in this very batch, and what it named then be still to be written.
        named.write(connection)?;
        change(connection, feed, &known, article, text)?;
        named.add(connection, known.id, article)?;
        return Ok(Upserted::Changed(ArticleId(known.id)));
    }
    if let Some((id, seen)) = duplicate(connection, feed, article)? {
        see_again(connection, id, seen, article.fetched)?;
        return Ok(Upserted::Duplicate(ArticleId(id)));
    }
    connection
        .prepare_cached(
            "INSERT INTO articles (feed, guid, link_hash, content_hash, severity, published, fetched, seen, language,
                 title, link, author, summary)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute((
            feed.0,
            article.guid as i64,
            article.link_hash.map(|hash| hash as i64),
            article.content_hash.map(|hash| hash as i64),
            article.severity.min(MOST_SEVERE),
            published(article),
            article.fetched,
            cut(&article.language, MOST_LINE_BYTES),
            cut(&article.title, MOST_LINE_BYTES),
            cut(&article.link, MOST_SUMMARY_BYTES),
            cut(&article.author, MOST_LINE_BYTES),
            cut(&article.summary, MOST_SUMMARY_BYTES),
        ))?;
    let id = connection.last_insert_rowid();
    let mut list = connection.prepare_cached(
        "INSERT INTO article_feeds (feed, severity, published, article) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for feed in [ALL_FEEDS, feed.0] {
        list.execute((feed, article.severity.min(MOST_SEVERE), published(article), id))?;
    }
    put_text(connection, id, text)?;
    named.add(connection, id, article)?;
    enqueue(connection, id, article)?;
    Ok(Upserted::New(ArticleId(id)))
}

fn published(article: &NewArticle) -> i64 {
    article.published.min(article.fetched)
}

fn known(connection: &Connection, feed: FeedId, article: &NewArticle) -> Result<Option<Known>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, link_hash, content_hash, severity, published, seen FROM articles WHERE feed = ?1 AND guid = ?2",
    )?;
    let found = statement.query_row((feed.0, article.guid as i64), |row| {
        Ok(Known {
            id: row.get(0)?,
            link_hash: row.get(1)?,
            content_hash: row.get(2)?,
            severity: row.get(3)?,
            published: row.get(4)?,
            seen: row.get(5)?,
        })
    });
    Ok(found.optional()?)
}

/// An article with the same link or content, and when it was last seen.
fn duplicate(
    connection: &Connection,
    feed: FeedId,
    article: &NewArticle,
) -> Result<Option<(i64, i64)>, StoreError> {
    if let Some(link) = article.link_hash {
        let mut statement = connection.prepare_cached(
            "SELECT id, seen FROM articles WHERE link_hash = ?1 AND (feed <> ?2 OR title = ?3) LIMIT 1",
        )?;
        let title = cut(&article.title, MOST_LINE_BYTES);
        let found = statement
            .query_row((link as i64, feed.0, title), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    let Some(content) = article.content_hash else { return Ok(None) };
    let mut statement =
        connection.prepare_cached("SELECT id, seen FROM articles WHERE content_hash = ?1 LIMIT 1")?;
    Ok(statement.query_row([content as i64], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn see_again(connection: &Connection, id: i64, seen: i64, now: i64) -> Result<(), StoreError> {
    if now.saturating_sub(seen) >= SEEN_AGAIN_MS {
        connection.prepare_cached("UPDATE articles SET seen = ?2 WHERE id = ?1")?.execute((id, now))?;
    }
    Ok(())
}

/// Puts what an article says now in the place of what it said, wherever that stands.
fn change(
    connection: &Connection,
    feed: FeedId,
    known: &Known,
    article: &NewArticle,
    text: &Packed<'_>,
) -> Result<(), StoreError> {
    let (severity, published) = (article.severity.min(MOST_SEVERE), published(article));
    connection
        .prepare_cached(
            "UPDATE articles SET link_hash = ?2, content_hash = ?3, severity = ?4, published = ?5, seen = ?6,
                 language = ?7, title = ?8, link = ?9, author = ?10, summary = ?11
             WHERE id = ?1",
        )?
        .execute((
            known.id,
            article.link_hash.map(|hash| hash as i64),
            article.content_hash.map(|hash| hash as i64),
            severity,
            published,
            article.fetched.max(known.seen),
            cut(&article.language, MOST_LINE_BYTES),
            cut(&article.title, MOST_LINE_BYTES),
            cut(&article.link, MOST_SUMMARY_BYTES),
            cut(&article.author, MOST_LINE_BYTES),
            cut(&article.summary, MOST_SUMMARY_BYTES),
        ))?;
    connection.prepare_cached("DELETE FROM article_texts WHERE article = ?1")?.execute([known.id])?;
    put_text(connection, known.id, text)?;
    connection.prepare_cached("DELETE FROM article_entities WHERE article = ?1")?.execute([known.id])?;
    if (known.severity, known.published) != (severity, published) {
        connection
            .prepare_cached(
                "UPDATE article_feeds SET severity = ?2, published = ?3
                 WHERE feed IN (?6, ?7) AND severity = ?4 AND published = ?5 AND article = ?1",
            )?
            .execute((known.id, severity, published, known.severity, known.published, ALL_FEEDS, feed.0))?;
        connection
            .prepare_cached(
                "UPDATE article_countries SET severity = ?2, published = ?3
                 WHERE country IN (SELECT country FROM places WHERE article = ?1)
                     AND severity = ?4 AND published = ?5 AND article = ?1",
            )?
            .execute((known.id, severity, published, known.severity, known.published))?;
        connection
            .prepare_cached(
                "UPDATE relevance SET severity = ?2, published = ?3
                 WHERE article = ?1 AND user IN (SELECT user FROM relevance_reasons WHERE article = ?1)",
            )?
            .execute((known.id, severity, published))?;
    }
    enqueue(connection, known.id, article)
}

fn put_text(connection: &Connection, id: i64, text: &Packed<'_>) -> Result<(), StoreError> {
    if !text.body.is_empty() {
        connection
            .prepare_cached("INSERT INTO article_texts (article, length, body) VALUES (?1, ?2, ?3)")?
            .execute((id, text.length, &*text.body))?;
    }
    Ok(())
}

/// What the articles of a batch name. It is written in the order in which it will stand, at the end: what a thousand articles
/// name lies all over the index, and each page of it is to be touched once.
#[derive(Default)]
struct Named<'a> {
    numbers: HashMap<(u8, &'a str), i64>,
    /// Entity, severity, time, article.
    to_write: Vec<[i64; 4]>,
}

impl<'a> Named<'a> {
    fn add(&mut self, connection: &Connection, id: i64, article: &'a NewArticle) -> Result<(), StoreError> {
        let (severity, published) = (article.severity.min(MOST_SEVERE), published(article));
        let fit = article.entities.iter().filter(|(_, value)| value.len() <= MOST_ENTITY_BYTES);
        for (kind, value) in fit.take(MOST_ENTITIES) {
            let entity = if let Some(entity) = self.numbers.get(&(*kind, value.as_str())) {
                *entity
            } else {
                let entity = entity(connection, *kind, value)?;
                self.numbers.insert((*kind, value), entity);
                entity
            };
            self.to_write.push([entity, i64::from(severity), published, id]);
        }
        Ok(())
    }

    fn write(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.to_write.sort_unstable();
        self.to_write.dedup();
        let mut insert = connection.prepare_cached(
            "INSERT INTO article_entities (entity, severity, published, article) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for row in self.to_write.drain(..) {
            insert.execute(row)?;
        }
        Ok(())
    }
}

fn entity(connection: &Connection, kind: u8, value: &str) -> Result<i64, StoreError> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT id FROM entity_names WHERE kind = ?1 AND value = ?2")?
        .query_row((kind, value), |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    connection
        .prepare_cached("INSERT INTO entity_names (kind, value) VALUES (?1, ?2)")?
        .execute((kind, value))?;
    Ok(connection.last_insert_rowid())
}

fn enqueue(connection: &Connection, id: i64, article: &NewArticle) -> Result<(), StoreError> {
    if article.locate {
        connection
            .prepare_cached("INSERT OR IGNORE INTO location_queue (article, at) VALUES (?1, ?2)")?
            .execute((id, article.fetched))?;
    }
    Ok(())
}
