//! Where articles come from.

use super::{Answer, Path, body, from_json};
use crate::app::App;
use crate::guard::{Who, need};
use crate::problem::Problem;
use crate::shape::{Feed, decimal};
use crate::token::Scope;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchfire_engine::articles::{ArticleService, FeedSettings, FeedState};
use watchfire_http::{BadAddress, Reach, destination};
use watchfire_judge::tame;
use watchfire_store::articles::FeedId;

/// Feeds at most.
const MOST: usize = 5_000;
/// Longest address, title and folder, in characters.
const MAX_URL: usize = 2048;
const MAX_TITLE: usize = 300;
/// Articles that are taken from a feed each time, at most.
const MAX_LIMIT: usize = 10_000;

/// All feeds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Feeds {
    /// In the order in which they were added.
    items: Vec<Feed>,
}

/// A feed to be read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFeed {
    /// Where it is: RSS, Atom or JSON Feed, over HTTP.
    #[schema(max_length = 2048)]
    url: String,
    /// What to call it; what it calls itself, if it is left out.
    #[schema(max_length = 300)]
    title: Option<String>,
    /// What to put it under.
    #[schema(max_length = 300)]
    folder: Option<String>,
    /// How many articles are taken from it each time, the latest.
    #[schema(minimum = 1, maximum = 10000)]
    limit: Option<usize>,
    /// Whether it may be in a network that is not public. Needs the scope admin: it has the service ask what stands there.
    allow_private: Option<bool>,
}

/// All feeds, and how they stand.
#[utoipa::path(
    get, path = "/api/v1/feeds", tag = "feeds", security(("token" = [])),
    responses(
        (status = 200, body = Feeds),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<App>) -> Answer<Feeds> {
    let articles = app.articles()?.clone();
    app.read(move |_| Ok(Json(Feeds { items: articles.feeds()?.into_iter().map(Feed::of).collect() }))).await
}

/// Adds a feed, which is asked at once. One that is there already is answered as it stands, and nothing of it is changed.
#[utoipa::path(
    post, path = "/api/v1/feeds", tag = "feeds", security(("token" = [])),
    request_body = NewFeed,
    responses(
        (status = 200, body = Feed, description = "It was there already"),
        (status = 201, body = Feed, description = "It is new"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    content: Body,
) -> Result<(StatusCode, Json<Feed>), Problem> {
    let articles = app.articles()?.clone();
    let feed: NewFeed = from_json(&body(&app, content).await?)?;
    let allow_private = feed.allow_private.unwrap_or(false);
    if allow_private {
        need(&who, Scope::Admin)?;
    }
    check(&feed, allow_private)?;
    app.read(move |_| {
        let url = feed.url.trim();
        let known = articles.feeds()?;
        if known.len() >= MOST && !known.iter().any(|feed| feed.row.url == url || feed.row.added_url == url) {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                format!("there are {MOST} feeds already"),
                "take some away with DELETE /api/v1/feeds/ID",
            ));
        }
        let settings = FeedSettings { limit: feed.limit, allow_private, ..FeedSettings::default() };
        let (title, folder) = (feed.title.unwrap_or_default(), feed.folder.unwrap_or_default());
        let (id, is_new) = articles.add_feed(url, &title, &folder, &settings)?;
        let added = articles.feed(id)?.ok_or_else(|| Problem::not_found("feed", &id.0.to_string()))?;
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        Ok((status, Json(Feed::of(added))))
    })
    .await
}

/// Whether a feed can be asked at all.
fn check(feed: &NewFeed, allow_private: bool) -> Result<(), Problem> {
    for (key, text, most) in [
        ("url", Some(&feed.url), MAX_URL),
        ("title", feed.title.as_ref(), MAX_TITLE),
        ("folder", feed.folder.as_ref(), MAX_TITLE),
    ] {
        if text.is_some_and(|text| text.chars().count() > most) {
            return Err(Problem::bad(format!("{key} has at most {most} characters"), "say it shorter"));
        }
    }
    if feed.limit.is_some_and(|limit| !(1..=MAX_LIMIT).contains(&limit)) {
        return Err(Problem::bad(
            format!("limit is between 1 and {MAX_LIMIT}"),
            "leave it out for what the settings say",
        ));
    }
    let reach = if allow_private { Reach::Anywhere } else { Reach::PublicWeb };
    destination(&feed.url, reach).map(drop).map_err(|error| {
        let hint = match error {
            BadAddress::NotPublic(_) | BadAddress::ThisMachine(_) => {
                "allow_private says that it is meant; it needs a token with the scope admin"
            }
            _ => "a feed's address begins with https:// or http://",
        };
        Problem::bad(format!("url: {}: {error}", tame(&feed.url, 120)), hint)
    })
}

/// Takes a feed away, with its articles.
#[utoipa::path(
    delete, path = "/api/v1/feeds/{id}", tag = "feeds", security(("token" = [])),
    params(("id" = String, Path, description = "The feed's id")),
    responses(
        (status = 204),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let articles = app.articles()?.clone();
    app.read(move |_| {
        let feed = known(&articles, &id)?;
        articles.remove_feed(feed.row.id)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Has a feed asked as soon as it is its turn, in the background. One that is paused is not asked.
#[utoipa::path(
    post, path = "/api/v1/feeds/{id}/fetch", tag = "feeds", security(("token" = [])),
    params(("id" = String, Path, description = "The feed's id")),
    responses(
        (status = 202, body = Feed, description = "As it stands until it was asked; GET /api/v1/feeds tells when it was"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn fetch(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Feed>), Problem> {
    let articles = app.articles()?.clone();
    app.read(move |_| {
        let feed = known(&articles, &id)?;
        if feed.settings.is_paused {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "this feed is not asked: it is paused, or a folder",
                "what is in a folder is read by watchfire feeds ingest",
            ));
        }
        articles.ask_soon(feed.row.id)?;
        Ok((StatusCode::ACCEPTED, Json(Feed::of(known(&articles, &id)?))))
    })
    .await
}

/// The feed of this id, if there is one.
fn known(articles: &ArticleService, id: &str) -> Result<FeedState, Problem> {
    let missing = || Problem::not_found("feed", id);
    let feed = decimal(id).map(FeedId).ok_or_else(missing)?;
    articles.feed(feed)?.ok_or_else(missing)
}
