//! Measurements of users: batches in, and what is known of a user out.

mod batch;
pub(super) mod dead;

use super::{Answer, Path, Query, body, given, page_size};
use crate::app::App;
use crate::measuring::{Measured, too_many};
use crate::problem::Problem;
use crate::shape::{
    BatchAnswers, BatchStatistics, MeasuredUser, MeasurementAnswer, MeasurementCounts, MeasurementStatistics,
    MetricSeries, Page, millis,
};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use batch::Batch;
use serde::Deserialize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use utoipa::IntoParams;
use watchfire_judge::tame;
use watchfire_measure::Failure;
use watchfire_store::measurements::UserFailure;

/// Judges a batch of measurements. What is answered as accepted or rejected is durable.
///
/// The body is `{"measurements": […]}`, or one measurement a line with `Content-Type: application/x-ndjson`. Answers come in its
/// order; an item that can't be read is answered as failed, and the others are judged. A measurement is known by its `id`, or its
/// time and value: sent again, it is answered as it was and changes nothing. An Idempotency-Key is taken and adds nothing to that.
#[utoipa::path(
    post, path = "/api/v1/measurements/batch", tag = "measurements", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, max_length = 200, description = "Not needed: measurements are known again by themselves")),
    request_body(content(
        (Batch = "application/json"),
        (String = "application/x-ndjson"),
    )),
    responses(
        (status = 200, body = BatchAnswers),
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
pub(crate) async fn judge(State(app): State<App>, headers: HeaderMap, content: Body) -> Answer<BatchAnswers> {
    let most = app.measuring()?.given.most;
    let bytes = body(&app, content).await?;
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let items =
        if batch::is_ndjson(kind) { batch::of_lines(&bytes, most) } else { batch::of_json(&bytes, most)? };
    if items.len() > most {
        app.shared.metrics.too_large();
        return Err(too_many(most));
    }
    // Where each item's answer comes from: its place among what was read, or why it was not.
    let mut readable = Vec::with_capacity(items.len());
    let places: Vec<Result<usize, String>> = items
        .into_iter()
        .map(|item| {
            item.map(|measurement| {
                readable.push(measurement);
                readable.len() - 1
            })
        })
        .collect();
    let Measured { judged, alerts, letters: (dead_letters, dropped) } = app.measure(readable).await?;
    let unreadable = places.iter().filter(|place| place.is_err()).count() as u64;
    let answers = places
        .into_iter()
        .enumerate()
        .map(|(index, place)| match place {
            Ok(place) => MeasurementAnswer::of(index, &judged.answers[place]),
            Err(reason) => MeasurementAnswer::failed(index, reason),
        })
        .collect();
    let counts = MeasurementCounts::of(&judged.counts);
    let took_ms = millis(judged.took);
    let statistics = BatchStatistics { counts, unreadable, alerts, dead_letters, dropped, took_ms };
    Ok(Json(BatchAnswers { answers, statistics }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    /// The name to go on after: `next` of the page before.
    after: Option<String>,
    /// How many, 50 if it is not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// The users of whom something is known.
#[utoipa::path(
    get, path = "/api/v1/measurements/users", tag = "measurements", security(("token" = [])), params(After),
    responses(
        (status = 200, body = Page<String>),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn users(State(app): State<App>, Query(which): Query<After>) -> Answer<Page<String>> {
    let limit = page_size(which.limit)? as usize;
    let store = &app.measuring()?.given.store;
    let (items, next) = store.users(given(which.after), limit).await.map_err(|failure| of_store(&failure))?;
    Ok(Json(Page { items, next }))
}

/// What is known of a user: each metric's level, band and newest values.
///
/// Somebody whose name is also a path of this API, such as `users`, is asked for with a letter of it in percent signs: `%75sers`.
#[utoipa::path(
    get, path = "/api/v1/measurements/{user}", tag = "measurements", security(("token" = [])),
    params(("user" = String, Path, description = "The user's name")),
    responses(
        (status = 200, body = MeasuredUser),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(State(app): State<App>, Path(user): Path<String>) -> Answer<MeasuredUser> {
    let given = &app.measuring()?.given;
    let state = given.engine.user(&user).await.map_err(|failure| of_user(&failure))?;
    let state = state.ok_or_else(|| nobody(&user))?;
    let metrics = state
        .metrics()
        .filter_map(|metric| Some((metric, state.series(metric)?)))
        .map(|(metric, series)| MetricSeries::of(metric, given.settings.of(metric).unit.clone(), series))
        .collect::<Result<_, _>>()
        .map_err(|error| of_user(&Failure::Unreadable(error)))?;
    Ok(Json(MeasuredUser { user, metrics }))
}

/// Takes away all that is known of a user. No other instance may be writing the user meanwhile.
#[utoipa::path(
    delete, path = "/api/v1/measurements/{user}", tag = "measurements", security(("token" = [])),
    params(("user" = String, Path, description = "The user's name")),
    responses(
        (status = 204),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(State(app): State<App>, Path(user): Path<String>) -> Result<StatusCode, Problem> {
    let engine = &app.measuring()?.given.engine;
    let removed = engine.remove(&user).await.map_err(|failure| match failure {
        Failure::Refused(_) => nobody(&user),
        other => of_user(&other),
    })?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(nobody(&user)) }
}

/// How it goes with measurements since the start, and what to change.
#[utoipa::path(
    get, path = "/api/v1/measurements/statistics", tag = "measurements", security(("token" = [])),
    responses(
        (status = 200, body = MeasurementStatistics),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn statistics(State(app): State<App>) -> Answer<MeasurementStatistics> {
    let measuring = app.measuring()?;
    let dead = app.read(|store| Ok(store.measurement_dead_counts()?)).await?;
    let given = &measuring.given;
    let alerts = measuring.alerts.load(Ordering::Relaxed);
    Ok(Json(MeasurementStatistics::of(&given.engine, given.store.name(), given.most, alerts, dead)))
}

fn nobody(user: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        format!("there are no measurements of {}", tame(user, 80)),
        "GET /api/v1/measurements/users lists those of whom there are some",
    )
}

/// Why a user can't be had.
fn of_user(failure: &Failure) -> Problem {
    let text = tame(&failure.to_string(), 300);
    match failure {
        Failure::Refused(_) | Failure::Name(_) => Problem::new(
            StatusCode::NOT_FOUND,
            text,
            "a name has 1 to 256 bytes; GET /api/v1/measurements/users lists those that are known",
        ),
        Failure::Unreadable(_) => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            text,
            "a later version of the program may be able to; DELETE takes the user away",
        ),
        _ => passing(text),
    }
}

fn of_store(failure: &UserFailure) -> Problem {
    passing(tame(&failure.to_string(), 300))
}

fn passing(text: String) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, text, "try again in a while").after(Duration::from_secs(1))
}
