//! What is read of the articles of a page: only what is asked for.

use super::list::ArticleQuery;
use super::postings::Candidate;
use super::readers::Action;
use super::{ArticleId, Articles, FeedId, PlaceRow, text};
use crate::StoreError;
use rusqlite::{Connection, OptionalExtension, Row};

/// What of an article, as a set: `Columns::TITLE | Columns::LINK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Columns(u16);

impl Columns {
    /// Its number, severity and time only, which are always there.
    pub const NONE: Self = Self(0);
    /// Its feed.
    pub const FEED: Self = Self(1);
    /// Its headline.
    pub const TITLE: Self = Self(1 << 1);
    /// Where it stands.
    pub const LINK: Self = Self(1 << 2);
    /// Who wrote it.
    pub const AUTHOR: Self = Self(1 << 3);
    /// Its language.
    pub const LANGUAGE: Self = Self(1 << 4);
    /// When it was fetched.
    pub const FETCHED: Self = Self(1 << 5);
    /// Its first lines.
    pub const SUMMARY: Self = Self(1 << 6);
    /// Its whole text.
    pub const TEXT: Self = Self(1 << 7);
    /// How much it matters to the reader.
    pub const SCORE: Self = Self(1 << 8);
    /// Why.
    pub const REASONS: Self = Self(1 << 9);
    /// What the reader did with it.
    pub const ACTION: Self = Self(1 << 10);
    /// What it names.
    pub const ENTITIES: Self = Self(1 << 11);
    /// The places that it is about.
    pub const PLACES: Self = Self(1 << 12);
    /// Everything.
    pub const ALL: Self = Self((1 << 13) - 1);
    /// What a list shows of an article.
    pub const BRIEF: Self =
        Self(Self::FEED.0 | Self::TITLE.0 | Self::LINK.0 | Self::SCORE.0 | Self::ACTION.0);

    /// These and others: as `|`, for constants.
    pub const fn and(self, columns: Self) -> Self {
        Self(self.0 | columns.0)
    }

    /// Whether all of these are among them.
    pub const fn contains(self, columns: Self) -> bool {
        self.0 & columns.0 == columns.0
    }
}

impl std::ops::BitOr for Columns {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// An article of a list. What was not asked for is `None`, or empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListedArticle {
    /// Its number.
    pub id: i64,
    /// OCSF severity, 0–6.
    pub severity: u8,
    /// Milliseconds since 1970.
    pub published: i64,
    /// Its feed.
    pub feed: Option<FeedId>,
    /// Its headline.
    pub title: Option<String>,
    /// Where it stands.
    pub link: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// ISO 639 code.
    pub language: Option<String>,
    /// Milliseconds since 1970.
    pub fetched: Option<i64>,
    /// Its first lines.
    pub summary: Option<String>,
    /// Its whole text.
    pub text: Option<String>,
    /// How much it matters to the reader; `None` also if it does not.
    pub score: Option<u16>,
    /// Why, as JSON.
    pub reasons: Option<String>,
    /// What the reader last did with it, if anything.
    pub action: Option<Action>,
    /// What it names: the kind's number and the value.
    pub entities: Vec<(u8, String)>,
    /// The places that it is about.
    pub places: Vec<PlaceRow>,
}

/// The columns of the table itself.
const OF_TABLE: [(Columns, &str); 7] = [
    (Columns::FEED, "feed"),
    (Columns::TITLE, "title"),
    (Columns::LINK, "link"),
    (Columns::AUTHOR, "author"),
    (Columns::LANGUAGE, "language"),
    (Columns::FETCHED, "fetched"),
    (Columns::SUMMARY, "summary"),
];
/// What each article's other columns are read by.
const TEXT: &str = "SELECT length, body FROM article_texts WHERE article = ?1";
const SCORE: &str = "SELECT score FROM relevance WHERE user = ?1 AND article = ?2";
const REASONS: &str = "SELECT reasons FROM relevance_reasons WHERE article = ?1 AND user = ?2";
const ACTION: &str = "SELECT action FROM actions WHERE article = ?1 AND user = ?2";
const ENTITIES: &str = "SELECT entity FROM article_entities INDEXED BY article_entities_by_article
     WHERE article = ?1";
/// Not joined with the above: from statistics of a small table the planner would take it for one to be read through.
const NAME: &str = "SELECT kind, value FROM entity_names WHERE id = ?1";
const PLACES: &str =
    "SELECT place, name, latitude, longitude, country FROM places WHERE article = ?1 ORDER BY place";

impl Articles<'_> {
    /// One article, or `None` if there is none with this number. `reader` as in [`ArticleQuery`].
    pub fn article(
        &self,
        article: ArticleId,
        reader: Option<super::UserId>,
        columns: Columns,
    ) -> Result<Option<ListedArticle>, StoreError> {
        let connection = self.store.reader();
        let transaction = connection.unchecked_transaction()?;
        let found = transaction
            .prepare_cached("SELECT severity, published FROM articles WHERE id = ?1")?
            .query_row([article.0], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((severity, published)) = found else { return Ok(None) };
        let candidate = Candidate { article: article.0, severity, published, of_user: None };
        let query = ArticleQuery { reader, columns, ..ArticleQuery::default() };
        Ok(read(&transaction, &query, &[candidate])?.pop())
    }
}

/// Whether a user dismissed an article.
pub(super) fn is_dismissed(connection: &Connection, user: i64, article: i64) -> Result<bool, StoreError> {
    Ok(action(connection, user, article)? == Some(Action::Dismissed))
}

fn action(connection: &Connection, user: i64, article: i64) -> Result<Option<Action>, StoreError> {
    let mut statement = connection.prepare_cached(ACTION)?;
    let number = statement.query_row([article, user], |row| row.get::<_, u8>(0)).optional()?;
    Ok(number.and_then(Action::of_number))
}

/// Reads what is asked for.
pub(super) fn read(
    connection: &Connection,
    query: &ArticleQuery,
    candidates: &[Candidate],
) -> Result<Vec<ListedArticle>, StoreError> {
    let columns = query.columns;
    let asked: Vec<_> = OF_TABLE.iter().filter(|(column, _)| columns.contains(*column)).collect();
    let names: Vec<_> = asked.iter().map(|(_, name)| *name).collect();
    let select = format!("SELECT {} FROM articles WHERE id = ?1", names.join(", "));
    let mut statement = if asked.is_empty() { None } else { Some(connection.prepare_cached(&select)?) };
    let mut articles = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let mut article = ListedArticle {
            id: candidate.article,
            severity: candidate.severity,
            published: candidate.published,
            ..ListedArticle::default()
        };
        if let Some(statement) = &mut statement {
            statement.query_row([candidate.article], |row| {
                for (index, (column, _)) in asked.iter().enumerate() {
                    set(&mut article, *column, row, index)?;
                }
                Ok(())
            })?;
        }
        if columns.contains(Columns::TEXT) {
            let packed = connection
                .prepare_cached(TEXT)?
                .query_row([candidate.article], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            article.text = Some(match packed {
                Some((length, body)) => text::unpack(length, body)?,
                None => String::new(),
            });
        }
        if let Some(user) = query.user() {
            of_user(connection, user, candidate, columns, &mut article)?;
        }
        if columns.contains(Columns::ENTITIES) {
            let mut statement = connection.prepare_cached(ENTITIES)?;
            let mut name = connection.prepare_cached(NAME)?;
            for entity in statement.query_map([candidate.article], |row| row.get::<_, i64>(0))? {
                article.entities.push(name.query_row([entity?], |row| Ok((row.get(0)?, row.get(1)?)))?);
            }
        }
        if columns.contains(Columns::PLACES) {
            let mut statement = connection.prepare_cached(PLACES)?;
            article.places = statement.query_map([candidate.article], place)?.collect::<Result<_, _>>()?;
        }
        articles.push(article);
    }
    Ok(articles)
}

fn set(article: &mut ListedArticle, column: Columns, row: &Row<'_>, index: usize) -> rusqlite::Result<()> {
    match column {
        Columns::FEED => article.feed = Some(FeedId(row.get(index)?)),
        Columns::TITLE => article.title = Some(row.get(index)?),
        Columns::LINK => article.link = Some(row.get(index)?),
        Columns::AUTHOR => article.author = Some(row.get(index)?),
        Columns::LANGUAGE => article.language = Some(row.get(index)?),
        Columns::FETCHED => article.fetched = Some(row.get(index)?),
        Columns::SUMMARY => article.summary = Some(row.get(index)?),
        _ => {}
    }
    Ok(())
}

/// What an article is to a user.
fn of_user(
    connection: &Connection,
    user: i64,
    candidate: &Candidate,
    columns: Columns,
    article: &mut ListedArticle,
) -> Result<(), StoreError> {
    if columns.contains(Columns::SCORE) {
        article.score = match candidate.of_user {
            Some((score, _)) => Some(score),
            None => connection
                .prepare_cached(SCORE)?
                .query_row([user, candidate.article], |row| row.get(0))
                .optional()?,
        };
    }
    if columns.contains(Columns::REASONS) {
        article.reasons = connection
            .prepare_cached(REASONS)?
            .query_row([candidate.article, user], |row| row.get(0))
            .optional()?;
    }
    if columns.contains(Columns::ACTION) {
        article.action = action(connection, user, candidate.article)?;
    }
    Ok(())
}

fn place(row: &Row<'_>) -> rusqlite::Result<PlaceRow> {
    Ok(PlaceRow {
        place: row.get(0)?,
        name: row.get(1)?,
        latitude: row.get(2)?,
        longitude: row.get(3)?,
        country: row.get(4)?,
    })
}

/// All that pages are read by, for whoever checks how it is read.
#[cfg(test)]
pub(super) fn statements() -> [&'static str; 7] {
    [TEXT, SCORE, REASONS, ACTION, ENTITIES, NAME, PLACES]
}
