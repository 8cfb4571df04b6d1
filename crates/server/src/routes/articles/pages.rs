//! Pages of articles. The store does a bounded amount of work for a page, so that its pages may be short; here it is asked
//! again until the page is full, the list ends, or enough was asked.

use super::filter::Wanted;
use crate::app::App;
use crate::problem::Problem;
use crate::shape::Cursor;
use watchfire_engine::articles::Listed;
use watchfire_store::Store;
use watchfire_store::articles::{
    Action, ArticleCursor, ArticleId, ArticleOrder, ArticlePage, ArticleQuery, Columns, ListedArticle,
    MOST_LISTED,
};

/// How often the store is asked for a page.
const ROUNDS: usize = 20;

/// A page, in the pieces that it came in.
pub(super) struct Found {
    pieces: Vec<Listed>,
    /// Where the next page begins. `None`: the list ends here.
    pub(super) next: Option<ArticleCursor>,
}

impl Found {
    pub(super) fn articles(&self) -> impl Iterator<Item = &ListedArticle> {
        self.pieces.iter().flat_map(|piece| &piece.articles)
    }
}

/// The page that is wanted.
pub(super) async fn page(app: &App, wanted: Wanted) -> Result<Found, Problem> {
    if wanted.only_dismissed {
        return app.read(move |store| only_dismissed(store, &wanted.query)).await;
    }
    let articles = app.articles()?;
    let mut query = wanted.query;
    let mut pieces = Vec::new();
    for _ in 0..ROUNDS {
        let piece = articles.list(query.clone()).await?;
        query.after = piece.next;
        query.limit = query.limit.saturating_sub(piece.articles.len() as u32);
        pieces.push(piece);
        if query.after.is_none() || query.limit == 0 {
            break;
        }
    }
    Ok(Found { pieces, next: query.after })
}

/// A cursor as text.
pub(super) fn text(cursor: ArticleCursor) -> String {
    Cursor([cursor.value, cursor.published, cursor.article]).text()
}

/// What the reader dismissed. No list has only that, so others are gone through: by what they are ordered by and by what was
/// done with them, and the rest is read only of those that are found.
fn only_dismissed(store: &Store, wanted: &ArticleQuery) -> Result<Found, Problem> {
    let none = Found { pieces: Vec::new(), next: None };
    if wanted.reader.is_none() {
        return Ok(none);
    }
    let mut query =
        ArticleQuery { columns: Columns::SCORE | Columns::ACTION, limit: MOST_LISTED, ..wanted.clone() };
    let mut kept: Vec<ListedArticle> = Vec::new();
    let mut next = None;
    'rounds: for _ in 0..ROUNDS {
        let page = store.articles().list(&query)?;
        for article in page.articles {
            if article.action != Some(Action::Dismissed) {
                continue;
            }
            if kept.len() == wanted.limit as usize {
                next = kept.last().map(|last| place(wanted.order, last));
                break 'rounds;
            }
            kept.push(article);
        }
        next = page.next;
        query.after = next;
        if next.is_none() {
            break;
        }
    }
    let mut articles = Vec::with_capacity(kept.len());
    for article in kept {
        let read = store.articles().article(ArticleId(article.id), wanted.reader, wanted.columns)?;
        // It may be gone meanwhile.
        articles.extend(read);
    }
    Ok(Found { pieces: vec![Listed::new(ArticlePage { articles, next })], next })
}

/// Where a list goes on after an article.
fn place(order: ArticleOrder, article: &ListedArticle) -> ArticleCursor {
    let value = match order {
        ArticleOrder::Relevance(_) => i64::from(article.score.unwrap_or(0)),
        ArticleOrder::Severity => i64::from(article.severity),
        ArticleOrder::Published => article.published,
    };
    ArticleCursor { value, published: article.published, article: article.id }
}
