//! Where articles are about, for a map.

use super::filter::{MapFilter, Wanted};
use super::pages;
use crate::app::App;
use crate::guard::Who;
use crate::problem::Problem;
use crate::routes::{Answer, Query};
use crate::shape::MapPlace;
use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::HashMap;
use utoipa::ToSchema;
use watchfire_store::articles::{Columns, ListedArticle, PlaceRow};

/// Articles whose places are told.
const ARTICLES: u32 = 500;
/// Places that are told.
const PLACES: usize = 500;

/// Places that articles are about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Places {
    /// Those that most articles are about first.
    places: Vec<MapPlace>,
    /// Whether there are more articles, or more places, than were looked at.
    more: bool,
}

/// The places of the first 500 articles of a list, at most 500 places.
///
/// The list is that of GET /api/v1/articles/with-relevance with the same filters: without a narrower one, it is what matters most
/// to the user, or the latest. Where `more` is true, the list goes on, or it has more places.
#[utoipa::path(
    get, path = "/api/v1/articles/map", tag = "articles", security(("token" = [])), params(MapFilter),
    responses(
        (status = 200, body = Places),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn places(
    State(app): State<App>,
    Query(filter): Query<MapFilter>,
    Extension(who): Extension<Who>,
) -> Answer<Places> {
    let wanted = Wanted::of(filter.into(), app.articles()?, &who)?.reading(Columns::PLACES, ARTICLES);
    let found = pages::page(&app, wanted).await?;
    let mut places = counted(found.articles());
    let more = found.next.is_some() || places.len() > PLACES;
    places.truncate(PLACES);
    Ok(Json(Places { places, more }))
}

/// Each place once, with how many articles are about it and the worst of their severities.
fn counted<'a>(articles: impl Iterator<Item = &'a ListedArticle>) -> Vec<MapPlace> {
    let mut by_place: HashMap<i64, (&PlaceRow, u64, u8)> = HashMap::new();
    for article in articles {
        for place in &article.places {
            let (_, count, severity) = by_place.entry(place.place).or_insert((place, 0, 0));
            *count += 1;
            *severity = article.severity.max(*severity);
        }
    }
    let mut places: Vec<_> = by_place.into_values().collect();
    places.sort_unstable_by_key(|(place, count, severity)| (Reverse((*count, *severity)), place.place));
    places.into_iter().map(|(place, count, severity)| MapPlace::of(place, count, severity)).collect()
}
