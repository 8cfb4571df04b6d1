//! Articles: in lists, by themselves, on the map.

mod filter;
pub(super) mod map;
mod pages;

pub(super) use filter::named_user;

use super::{Answer, Path, Query, body, from_json};
use crate::app::App;
use crate::guard::Who;
use crate::problem::Problem;
use crate::shape::{Article, ArticleDetail, ArticleStatistics, Fields, Page, Reason, decimal};
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use filter::{Filter, Reader, Wanted, reader};
use serde::Deserialize;
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};
use watchfire_engine::articles::Act;
use watchfire_store::articles::{ArticleId, Columns, FeedId, ListedArticle};
use watchfire_store::{Store, StoreError};

/// Articles, what matters most to the user first, or by severity or time.
///
/// A page may have fewer articles than `limit` and not be the last, where few of many articles pass the filters: `next` says.
#[utoipa::path(
    get, path = "/api/v1/articles/with-relevance", tag = "articles", security(("token" = [])), params(Filter),
    responses(
        (status = 200, body = Page<Article>),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Query(filter): Query<Filter>,
    Extension(who): Extension<Who>,
) -> Answer<Page<Article>> {
    let wanted = Wanted::of(filter, app.articles()?, &who)?;
    let (fields, has_reader) = (wanted.fields, wanted.query.reader.is_some());
    let page = pages::page(&app, wanted).await?;
    let next = page.next;
    app.read(move |store| {
        let feeds = names(store, page.articles())?;
        let named = |feed| feeds.get(&feed).cloned().unwrap_or_default();
        let items = page.articles().map(|row| Article::of(row, fields, has_reader, named)).collect();
        Ok(Json(Page { items, next: next.map(pages::text) }))
    })
    .await
}

/// What the feeds of these articles are called.
fn names<'a>(
    store: &Store,
    articles: impl Iterator<Item = &'a ListedArticle>,
) -> Result<HashMap<FeedId, String>, StoreError> {
    let mut names = HashMap::new();
    for feed in articles.filter_map(|article| article.feed) {
        if let std::collections::hash_map::Entry::Vacant(free) = names.entry(feed) {
            let row = store.articles().feed(feed)?;
            free.insert(row.map_or_else(
                String::new,
                |row| {
                    if row.title.is_empty() { row.url } else { row.title }
                },
            ));
        }
    }
    Ok(names)
}

/// Who reads.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct By {
    /// Whose score, reasons and state are told; the caller's, by the name of their token, if it is left out.
    #[param(max_length = 128)]
    user: Option<String>,
}

/// One article, with its text and what its severity follows from.
#[utoipa::path(
    get, path = "/api/v1/articles/{id}", tag = "articles", security(("token" = [])),
    params(("id" = String, Path, description = "The article's id"), By),
    responses(
        (status = 200, body = ArticleDetail),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(by): Query<By>,
    Extension(who): Extension<Who>,
) -> Answer<ArticleDetail> {
    let articles = app.articles()?.clone();
    let article = article(&id)?;
    let Reader { id: reader, .. } = reader(&articles, &who, by.user)?;
    app.read(move |store| {
        let read = store.articles().article(article, reader, Columns::ALL)?;
        let read = read.ok_or_else(|| Problem::not_found("article", &id))?;
        let feeds = names(store, std::iter::once(&read))?;
        let named = |feed| feeds.get(&feed).cloned().unwrap_or_default();
        Ok(Json(ArticleDetail {
            article: Article::of(&read, Fields::ALL, reader.is_some(), named),
            severity_reasons: Reason::of_severity(articles.graded(&read)?),
            text: read.text.unwrap_or_default(),
        }))
    })
    .await
}

/// What a user does with an article.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deed {
    /// They opened it.
    Opened,
    /// They don't want to see it, or its like.
    Dismissed,
    /// What they did is taken back.
    None,
}

/// Who did what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Done {
    /// Who; the caller, by the name of their token, if it is left out.
    #[schema(max_length = 128)]
    user: Option<String>,
    /// What.
    action: Deed,
}

/// Notes what a user does with an article: it stands in the next list, and is learned from.
#[utoipa::path(
    post, path = "/api/v1/articles/{id}/action", tag = "articles", security(("token" = [])),
    params(("id" = String, Path, description = "The article's id")),
    request_body = Done,
    responses(
        (status = 204),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn action(
    State(app): State<App>,
    Path(id): Path<String>,
    Extension(who): Extension<Who>,
    content: Body,
) -> Result<StatusCode, Problem> {
    let articles = app.articles()?.clone();
    let done: Done = from_json(&body(&app, content).await?)?;
    let article = article(&id)?;
    let user = named_user(done.user)?.unwrap_or(who.name);
    let act = match done.action {
        Deed::Opened => Act::Open,
        Deed::Dismissed => Act::Dismiss,
        Deed::None => Act::TakeBack,
    };
    app.read(move |_| Ok(articles.act(&user, article, act)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How it goes with feeds, articles and lists of them.
#[utoipa::path(
    get, path = "/api/v1/articles/statistics", tag = "articles", security(("token" = [])),
    responses(
        (status = 200, body = ArticleStatistics),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn statistics(State(app): State<App>) -> Answer<ArticleStatistics> {
    let articles = app.articles()?.clone();
    app.read(move |_| Ok(Json(ArticleStatistics::of(&articles, &articles.feeds()?)))).await
}

fn article(id: &str) -> Result<ArticleId, Problem> {
    decimal(id).map(ArticleId).ok_or_else(|| Problem::not_found("article", id))
}
