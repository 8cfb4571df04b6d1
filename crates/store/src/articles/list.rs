//! Lists of articles, page by page.
//!
//! One condition is one posting list, and a page of it costs what it holds ([`postings`](super::postings)). Where conditions
//! meet, the shortest list among them is walked and each article is looked up in the others. By score there is one more way:
//! where some list holds few articles at all, each is looked up in the user's and the page is sorted from them; otherwise
//! the user's own list is walked by score.
//!
//! Nothing promises that two long lists have anything in common. So a page examines a bounded number of articles. If it is
//! not full by then it ends there, and [`ArticlePage::next`] says where to go on: **a page may be short, even empty, and not
//! be the last.** The last one is that without `next`.

use super::columns::{Columns, ListedArticle};
use super::postings::{ALL_FEEDS, Candidate, Key, Posting, Walk};
use super::{Articles, FeedId, MOST_SEVERE, UserId, columns};
use crate::StoreError;
use rusqlite::{Connection, OptionalExtension};

/// Articles on a page, at most.
pub const MOST_LISTED: u32 = 500;
/// What it costs to look an article up in another list, in articles that are read.
const LOOKED_UP: u32 = 6;

/// How much is done for a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// What may be spent beyond reading as many articles as there are in a page: one for each that is read, and
    /// [`LOOKED_UP`] for each time that one is looked up.
    pub(super) most_spent: u32,
    /// A list of at most so many is short.
    pub(super) short: usize,
}

/// A page takes some milliseconds at most.
const EFFORT: Effort = Effort { most_spent: 6_000, short: 500 };

/// In which order. The greatest first; then the latest; then the greatest number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ArticleOrder {
    /// By how much they matter to a user. What does not matter to them at all is left out.
    Relevance(UserId),
    /// By severity.
    Severity,
    /// By when they were published.
    #[default]
    Published,
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ArticleCursor {
    /// What it is ordered by: score, severity or time.
    pub value: i64,
    /// The last article's time, in milliseconds since 1970.
    pub published: i64,
    /// The last article's number.
    pub article: i64,
}

/// Which articles, and what of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ArticleQuery {
    /// In which order.
    pub order: ArticleOrder,
    /// Who reads: whose scores and actions count. In the order of relevance it is the user named there.
    pub reader: Option<UserId>,
    /// Of this severity at least.
    pub min_severity: u8,
    /// That matter so much to the reader at least. Nothing matters to nobody.
    pub min_score: u16,
    /// Of this feed.
    pub feed: Option<FeedId>,
    /// That name this: the kind's number and the value.
    pub entity: Option<(u8, String)>,
    /// About a place in this country, by its ISO 3166 code.
    pub country: Option<String>,
    /// Published at this moment or later, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Published before this moment.
    pub until: Option<i64>,
    /// Without what the reader dismissed.
    pub hide_dismissed: bool,
    /// What is read of each article, beside its number, severity and time.
    pub columns: Columns,
    /// How many, at most [`MOST_LISTED`].
    pub limit: u32,
    /// Where the page before ended.
    pub after: Option<ArticleCursor>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ArticlePage {
    /// Its articles, in order.
    pub articles: Vec<ListedArticle>,
    /// Where the next page begins. `None`: the list ends here.
    pub next: Option<ArticleCursor>,
}

impl ArticleQuery {
    /// Whose scores and actions a page depends on.
    pub fn depends_on(&self) -> Option<UserId> {
        self.user().map(UserId)
    }

    /// Whose scores and actions count.
    pub(super) fn user(&self) -> Option<i64> {
        match self.order {
            ArticleOrder::Relevance(user) => Some(user.0),
            _ => self.reader.map(|user| user.0),
        }
    }

    fn severities(&self) -> std::ops::RangeInclusive<u8> {
        self.min_severity..=MOST_SEVERE
    }

    fn window(&self) -> (i64, i64) {
        (self.since.unwrap_or(i64::MIN), self.until.unwrap_or(i64::MAX))
    }

    fn limit(&self) -> usize {
        self.limit.clamp(1, MOST_LISTED) as usize
    }

    fn cursor(&self, candidate: &Candidate) -> ArticleCursor {
        let value = match self.order {
            ArticleOrder::Relevance(_) => candidate.of_user.map_or(0, |(score, _)| i64::from(score)),
            ArticleOrder::Severity => i64::from(candidate.severity),
            ArticleOrder::Published => candidate.published,
        };
        ArticleCursor { value, published: candidate.published, article: candidate.article }
    }
}

/// What an article has to be in, besides the list that is walked.
struct Checks<'q> {
    query: &'q ArticleQuery,
    lists: Vec<Posting>,
    spent: u32,
    /// Of how much.
    most: u32,
}

impl<'q> Checks<'q> {
    fn new(query: &'q ArticleQuery, lists: Vec<Posting>, effort: Effort) -> Self {
        Self { query, lists, spent: 0, most: effort.most_spent.saturating_add(query.limit() as u32) }
    }

    /// The candidate with what was found out about it, if it belongs into the list.
    fn pass(
        &mut self,
        connection: &Connection,
        mut candidate: Candidate,
    ) -> Result<Option<Candidate>, StoreError> {
        let query = self.query;
        self.spent += 1;
        let (since, until) = query.window();
        if candidate.published < since || candidate.published >= until {
            return Ok(None);
        }
        for list in &self.lists {
            if !fits(query, &candidate) {
                return Ok(None);
            }
            self.spent += LOOKED_UP;
            let Some(found) = list.find(connection, candidate)? else { return Ok(None) };
            candidate = found;
        }
        if !fits(query, &candidate) {
            return Ok(None);
        }
        if let (true, None, Some(user)) = (query.hide_dismissed, candidate.of_user, query.user()) {
            self.spent += LOOKED_UP;
            if columns::is_dismissed(connection, user, candidate.article)? {
                return Ok(None);
            }
        }
        Ok(Some(candidate))
    }
}

/// Whether nothing that is known of a candidate speaks against it.
fn fits(query: &ArticleQuery, candidate: &Candidate) -> bool {
    candidate
        .of_user
        .is_none_or(|(score, dismissed)| score >= query.min_score && !(dismissed && query.hide_dismissed))
}

impl Articles<'_> {
    /// The next page of a list.
    pub fn list(&self, query: &ArticleQuery) -> Result<ArticlePage, StoreError> {
        self.list_with(query, EFFORT)
    }

    pub(super) fn list_with(self, query: &ArticleQuery, effort: Effort) -> Result<ArticlePage, StoreError> {
        let connection = self.store.reader();
        // All of it from one moment.
        let transaction = connection.unchecked_transaction()?;
        let Some(lists) = conditions(&transaction, query)? else { return Ok(ArticlePage::default()) };
        let (candidates, next) = match query.order {
            ArticleOrder::Relevance(user) => by_relevance(&transaction, query, user.0, lists, effort)?,
            _ => by_time(&transaction, query, lists, effort)?,
        };
        let articles = columns::read(&transaction, query, &candidates)?;
        Ok(ArticlePage { articles, next })
    }
}

/// The lists that an article has to be in. `None`: there can be no such article.
fn conditions(connection: &Connection, query: &ArticleQuery) -> Result<Option<Vec<Posting>>, StoreError> {
    if query.min_severity > MOST_SEVERE || query.feed == Some(FeedId(ALL_FEEDS)) {
        return Ok(None);
    }
    let mut lists = Vec::new();
    if let Some((kind, value)) = &query.entity {
        let entity = connection
            .prepare_cached("SELECT id FROM entity_names WHERE kind = ?1 AND value = ?2")?
            .query_row((kind, value), |row| row.get(0))
            .optional()?;
        let Some(entity) = entity else { return Ok(None) };
        lists.push(Posting::Entity(entity));
    }
    lists.extend(query.country.clone().map(Posting::Country));
    lists.extend(query.feed.map(|feed| Posting::Feed(feed.0)));
    match (query.order, query.min_score > 0, query.user()) {
        (ArticleOrder::Relevance(_), _, _) | (_, false, _) => {}
        (_, true, Some(user)) => lists.push(Posting::User(user)),
        (_, true, None) => return Ok(None),
    }
    Ok(Some(lists))
}

type Found = (Vec<Candidate>, Option<ArticleCursor>);

/// By severity or time.
fn by_time(
    connection: &Connection,
    query: &ArticleQuery,
    mut lists: Vec<Posting>,
    effort: Effort,
) -> Result<Found, StoreError> {
    let walked = match lists.len() {
        0 => Posting::All,
        1 => lists.remove(0),
        _ => {
            let mut shortest = (usize::MAX, 0);
            for (index, list) in lists.iter().enumerate() {
                let length = all_of(connection, query, list, effort.short)?.len();
                shortest = shortest.min((length, index));
            }
            lists.remove(shortest.1)
        }
    };
    let below = query.after.map(|after| (0, after.published, after.article));
    let walk = match query.order {
        ArticleOrder::Severity => {
            // A cursor that was not given out here begins at some severity all the same.
            let below = query.after.zip(below).map(|(after, key)| (after.value.clamp(0, 255) as u8, key));
            let stretch = query.limit() as u32 + 1;
            Walk::by_severity(walked, query.severities(), query.window(), below, stretch)
        }
        _ => Walk::by_time(walked, query.severities(), query.window(), below, stretch(query)),
    };
    fill(connection, query, walk, Checks::new(query, lists, effort))
}

/// By how much it matters to a user.
fn by_relevance(
    connection: &Connection,
    query: &ArticleQuery,
    user: i64,
    lists: Vec<Posting>,
    effort: Effort,
) -> Result<Found, StoreError> {
    let mut short = lists.clone();
    if query.since.is_some() || query.until.is_some() {
        short.push(Posting::User(user));
    }
    for list in short {
        let all = all_of(connection, query, &list, effort.short)?;
        if all.len() <= effort.short {
            let others = lists.iter().filter(|other| **other != list);
            let lists = others.cloned().chain([Posting::User(user)].into_iter().filter(|own| *own != list));
            return sort(connection, query, all, Checks::new(query, lists.collect(), effort));
        }
    }
    let below = query.after.map(|after| (after.value, after.published, after.article));
    let dismissed: &[bool] = if query.hide_dismissed { &[false] } else { &[false, true] };
    let walk = Walk::by_score(user, query.severities(), query.min_score, dismissed, below, stretch(query));
    fill(connection, query, walk, Checks::new(query, lists, effort))
}

/// Of an arm of several, about its share of the page at a time.
fn stretch(query: &ArticleQuery) -> u32 {
    (query.limit() as u32 / 4).max(16)
}

/// The articles of a list within the query's time and severities, or the first of them if it is not short.
fn all_of(
    connection: &Connection,
    query: &ArticleQuery,
    list: &Posting,
    short: usize,
) -> Result<Vec<Candidate>, StoreError> {
    let stretch = short as u32 + 1;
    let mut walk = Walk::by_severity(list.clone(), query.severities(), query.window(), None, stretch);
    let mut all = Vec::new();
    while let Some(candidate) = walk.next(connection)? {
        all.push(candidate);
        if all.len() > short {
            break;
        }
    }
    Ok(all)
}

/// Walks until the page is full, the list ends, or enough was spent.
fn fill(
    connection: &Connection,
    query: &ArticleQuery,
    mut walk: Walk,
    mut checks: Checks<'_>,
) -> Result<Found, StoreError> {
    let mut page: Vec<Candidate> = Vec::with_capacity(query.limit());
    while let Some(candidate) = walk.next(connection)? {
        let passed = checks.pass(connection, candidate)?;
        if page.len() == query.limit() {
            // There is one more: the list goes on where the page ends.
            if passed.is_some() || checks.spent >= checks.most {
                let next = page.last().map(|last| query.cursor(last));
                return Ok((page, next));
            }
            continue;
        }
        page.extend(passed);
        if checks.spent >= checks.most {
            return Ok((page, Some(query.cursor(&candidate))));
        }
    }
    Ok((page, None))
}

/// Sorts the page out of all that there is.
fn sort(
    connection: &Connection,
    query: &ArticleQuery,
    all: Vec<Candidate>,
    mut checks: Checks<'_>,
) -> Result<Found, StoreError> {
    let key = |candidate: &Candidate| -> Key {
        let cursor = query.cursor(candidate);
        (cursor.value, cursor.published, cursor.article)
    };
    let below = query.after.map(|after| (after.value, after.published, after.article));
    let mut page = Vec::new();
    for candidate in all {
        let passed = checks.pass(connection, candidate)?;
        page.extend(passed.filter(|passed| below.is_none_or(|below| key(passed) < below)));
    }
    page.sort_unstable_by_key(|candidate| std::cmp::Reverse(key(candidate)));
    let more = page.len() > query.limit();
    page.truncate(query.limit());
    let next = page.last().filter(|_| more).map(|last| query.cursor(last));
    Ok((page, next))
}
