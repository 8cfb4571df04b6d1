//! Records that can't be read.

use super::{Answer, Path, Query, body, from_json, given, page_size};
use crate::app::App;
use crate::guard::{Who, need};
use crate::problem::Problem;
use crate::shape::{Cursor, DeadLetter};
use crate::token::Scope;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Letters that are tried in one call.
const MOST: usize = 10_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Where the page begins.
    cursor: Option<String>,
    /// How many, 50 if it is not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// A page of dead letters.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetters {
    /// What is on it.
    items: Vec<DeadLetter>,
    /// Where the next one begins; null on the last.
    next: Option<String>,
    /// How many wait.
    waiting: u64,
}

/// Which letters to try again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Again {
    /// These; all that wait if it is left out.
    #[schema(max_items = 10000)]
    ids: Option<Vec<i64>>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tried {
    /// Letters that could be read by now.
    replayed: u64,
    /// Letters that still can't be.
    unreadable: u64,
    /// Letters of which only a part was kept.
    partial: u64,
    /// The ids of the alerts that came of them.
    alerts: Vec<String>,
}

/// Records that can't be read, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/dead-letters", tag = "dead letters", security(("token" = [])), params(Which),
    responses(
        (status = 200, body = DeadLetters),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<App>, Query(which): Query<Which>) -> Answer<DeadLetters> {
    let limit = page_size(which.limit)? as usize;
    let after = given(which.cursor).map(|text| Cursor::<1>::parse(&text)).transpose()?;
    app.read(move |store| {
        let mut found = store.dead_letters(after.map_or(0, |Cursor([id])| id), limit + 1)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| Cursor([last.id]).text());
        let waiting = store.dead_count()?;
        Ok(Json(DeadLetters { items: found.into_iter().map(DeadLetter::of).collect(), next, waiting }))
    })
    .await
}

/// Tries dead letters again.
#[utoipa::path(
    post, path = "/api/v1/dead-letters/replay", tag = "dead letters", security(("token" = [])),
    request_body = Again,
    responses(
        (status = 200, body = Tried),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn replay(State(app): State<App>, content: Body) -> Answer<Tried> {
    let bytes = body(&app, content).await?;
    let again: Again = if bytes.is_empty() { Again::default() } else { from_json(&bytes)? };
    if again.ids.as_ref().is_some_and(|ids| ids.len() > MOST) {
        return Err(Problem::bad(format!("at most {MOST} at once"), "leave ids out to try all"));
    }
    let tried = app.service().replay(again.ids.as_deref()).await?;
    Ok(Json(Tried {
        replayed: tried.replayed,
        unreadable: tried.unreadable,
        partial: tried.partial,
        alerts: tried.alerts,
    }))
}

/// Drops a dead letter: nobody will try it again. Needs the scope admin.
#[utoipa::path(
    delete, path = "/api/v1/dead-letters/{id}", tag = "dead letters", security(("token" = [])),
    params(("id" = i64, Path, description = "The letter's number")),
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
pub(crate) async fn forget(
    State(app): State<App>,
    Path(id): Path<i64>,
    Extension(who): Extension<Who>,
) -> Result<StatusCode, Problem> {
    need(&who, Scope::Admin)?;
    let service = app.service().clone();
    let dropped = app.read(move |_| Ok(service.drop_dead(id)?)).await?;
    if dropped { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("dead letter", &id.to_string())) }
}
