//! Scores that are worked out anew.

use super::articles::named_user;
use super::{Answer, Path, body, from_json, moment_of};
use crate::app::App;
use crate::guard::Who;
use crate::problem::Problem;
use crate::shape::{Calculation, decimal};
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchfire_engine::articles::NotQueued;
use watchfire_judge::tame;

/// What is to be worked out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// Whose scores; the caller's, by the name of their token, if it is left out.
    #[schema(max_length = 128)]
    user: Option<String>,
    /// Of articles published at this moment or later; of all, if it is left out.
    since: Option<String>,
}

/// A calculation that waits for its turn.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Queued {
    /// Its id.
    job: String,
    /// Calculations before it.
    ahead: usize,
    /// How long it is thought to wait, in seconds.
    wait_s: f64,
}

/// Has a user's scores worked out anew, in the background: at most 50 times in 5 minutes.
///
/// Whoever asked for the same and waits yet is not queued twice. Events `relevance` of GET /api/v1/events tell how it goes on.
#[utoipa::path(
    post, path = "/api/v1/relevance/calculate", tag = "articles", security(("token" = [])),
    request_body = Asked,
    responses(
        (status = 202, body = Queued),
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
pub(crate) async fn calculate(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    content: Body,
) -> Result<(StatusCode, Json<Queued>), Problem> {
    let articles = app.articles()?;
    let asked: Asked = from_json(&body(&app, content).await?)?;
    let user = named_user(asked.user)?.unwrap_or(who.name);
    let since = moment_of("since", asked.since.as_deref())?;
    let queued = articles.calculate(&user, since.unwrap_or(i64::MIN)).map_err(|reason| match reason {
        NotQueued::Nobody(_) => Problem::new(
            StatusCode::NOT_FOUND,
            tame(&reason.to_string(), 200),
            "PUT /api/v1/profiles/NAME makes one",
        ),
        NotQueued::TooOften(wait) => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            reason.to_string(),
            "wait as long as Retry-After says",
        )
        .after(wait),
    })?;
    let answer =
        Queued { job: queued.job.to_string(), ahead: queued.ahead, wait_s: queued.wait.as_secs_f64() };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// How a calculation stands. The last thousand are remembered.
#[utoipa::path(
    get, path = "/api/v1/relevance/{job}", tag = "articles", security(("token" = [])),
    params(("job" = String, Path, description = "The calculation's id")),
    responses(
        (status = 200, body = Calculation),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(State(app): State<App>, Path(id): Path<String>) -> Answer<Calculation> {
    let articles = app.articles()?;
    let job = decimal(&id).and_then(|number| articles.job(number.cast_unsigned()));
    Ok(Json(Calculation::of(job.ok_or_else(|| Problem::not_found("calculation", &id))?)))
}
