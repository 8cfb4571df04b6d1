//! To whom articles matter, and why.

use super::{Answer, Path, body, from_json};
use crate::app::App;
use crate::problem::Problem;
use crate::shape::{Profile, moment};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use watchfire_engine::EngineError;
use watchfire_feeds::relevance;
use watchfire_store::articles::ProfileRow;

/// Those who have a profile.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Profiles {
    /// By name.
    items: Vec<Known>,
}

/// Somebody who has a profile.
#[derive(Debug, Serialize, ToSchema)]
struct Known {
    /// Who.
    user: String,
    /// When they last changed it.
    updated: String,
}

/// Those who have a profile.
#[utoipa::path(
    get, path = "/api/v1/profiles", tag = "profiles", security(("token" = [])),
    responses(
        (status = 200, body = Profiles),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<App>) -> Answer<Profiles> {
    let articles = app.articles()?.clone();
    app.read(move |_| {
        let rows = articles.profiles()?.into_iter();
        let items = rows.map(|row| Known { user: row.user, updated: moment(row.at) }).collect();
        Ok(Json(Profiles { items }))
    })
    .await
}

/// A profile.
#[utoipa::path(
    get, path = "/api/v1/profiles/{user}", tag = "profiles", security(("token" = [])),
    params(("user" = String, Path, description = "Whose")),
    responses(
        (status = 200, body = Profile),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(State(app): State<App>, Path(user): Path<String>) -> Answer<Profile> {
    let articles = app.articles()?.clone();
    app.read(move |_| {
        let row = articles.profile(&user)?.ok_or_else(|| Problem::not_found("profile of", &user))?;
        Ok(Json(shown(&row)?))
    })
    .await
}

/// Gives somebody a profile, in the place of the one they had.
///
/// Articles that come from now on are scored by it; those that are there, once POST /api/v1/relevance/calculate asks for it.
#[utoipa::path(
    put, path = "/api/v1/profiles/{user}", tag = "profiles", security(("token" = [])),
    params(("user" = String, Path, description = "Whose, 1 to 128 bytes", max_length = 128)),
    request_body = Profile,
    responses(
        (status = 200, body = Profile),
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
pub(crate) async fn put(State(app): State<App>, Path(user): Path<String>, content: Body) -> Answer<Profile> {
    let articles = app.articles()?.clone();
    let mut profile: Profile = from_json(&body(&app, content).await?)?;
    if !profile.user.is_empty() && profile.user != user {
        return Err(Problem::bad(
            "user: the body names somebody else than the path",
            "leave it out of the body, or say the same",
        ));
    }
    profile.user = user;
    app.read(move |_| Ok(Json(shown(&articles.put_profile(&profile.into_scored())?)?))).await
}

/// Takes a profile away, with the user's scores, actions, and what was learned of them.
#[utoipa::path(
    delete, path = "/api/v1/profiles/{user}", tag = "profiles", security(("token" = [])),
    params(("user" = String, Path, description = "Whose")),
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
pub(crate) async fn remove(State(app): State<App>, Path(user): Path<String>) -> Result<StatusCode, Problem> {
    let articles = app.articles()?.clone();
    app.read(move |_| {
        articles.remove_profile(&user)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

fn shown(row: &ProfileRow) -> Result<Profile, Problem> {
    let stored = relevance::Profile::from_json(row.body.as_bytes());
    Ok(Profile::of(stored.map_err(|_| EngineError::Corrupt("profile"))?))
}
