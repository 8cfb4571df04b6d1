//! Measurements that could not be judged.

use crate::app::App;
use crate::problem::Problem;
use crate::routes::{Answer, Query, body, from_json, given, page_size};
use crate::shape::{Cursor, DeadMeasurement};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use watchfire_measure::read::NdjsonReader;
use watchfire_store::StoredMeasurementDead;

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

/// A page of measurements that could not be judged.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadMeasurements {
    /// What is on it.
    items: Vec<DeadMeasurement>,
    /// Where the next one begins; null on the last.
    next: Option<String>,
    /// How many wait.
    waiting: u64,
    /// How many were dropped for lack of room, ever.
    dropped: u64,
}

/// Which letters to try again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chosen {
    /// These; the oldest 10,000 if it is left out.
    #[schema(max_items = 10000)]
    ids: Option<Vec<i64>>,
}

/// What came of it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Retried {
    /// Letters that were judged, and are letters no longer.
    judged: u64,
    /// Of these, those that are believed.
    accepted: u64,
    /// Of these, those that are not.
    rejected: u64,
    /// Letters that failed again.
    failed: u64,
    /// Letters that wait still.
    waiting: u64,
}

/// Measurements that could not be judged, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/measurements/dead", tag = "measurements", security(("token" = [])), params(Which),
    responses(
        (status = 200, body = DeadMeasurements),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<App>, Query(which): Query<Which>) -> Answer<DeadMeasurements> {
    app.measuring()?;
    let limit = page_size(which.limit)? as usize;
    let after = given(which.cursor).map(|text| Cursor::<1>::parse(&text)).transpose()?;
    app.read(move |store| {
        let mut found = store.measurement_dead(after.map_or(0, |Cursor([id])| id), limit + 1)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| Cursor([last.id]).text());
        let (waiting, dropped) = store.measurement_dead_counts()?;
        let items = found.into_iter().map(DeadMeasurement::of).collect();
        Ok(Json(DeadMeasurements { items, next, waiting, dropped }))
    })
    .await
}

/// Judges them again, batch by batch; what is judged is a dead letter no longer.
#[utoipa::path(
    post, path = "/api/v1/measurements/dead/replay", tag = "measurements", security(("token" = [])),
    request_body = Chosen,
    responses(
        (status = 200, body = Retried),
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
pub(crate) async fn replay(State(app): State<App>, content: Body) -> Answer<Retried> {
    let most = app.measuring()?.given.most;
    let bytes = body(&app, content).await?;
    let chosen: Chosen = if bytes.is_empty() { Chosen::default() } else { from_json(&bytes)? };
    if chosen.ids.as_ref().is_some_and(|ids| ids.len() > MOST) {
        return Err(Problem::bad(format!("at most {MOST} at once"), "leave ids out for the oldest"));
    }
    let letters = app.read(move |store| letters(store, chosen.ids)).await?;
    let mut retried = Retried::default();
    for part in letters.chunks(most) {
        let (mut ids, mut batch) = (Vec::with_capacity(part.len()), Vec::with_capacity(part.len()));
        for letter in part {
            // What the store has was written by this program; what can't be read all the same stays where it is.
            if let Some(Ok(measurement)) = NdjsonReader::new(letter.row.measurement.as_bytes()).next() {
                ids.push(letter.id);
                batch.push(measurement);
            }
        }
        retried.failed += (part.len() - batch.len()) as u64;
        let measured = app.measure(batch).await?;
        let mut done = Vec::with_capacity(ids.len());
        for (id, answer) in ids.into_iter().zip(&measured.judged.answers) {
            match answer.outcome() {
                None => retried.failed += 1,
                Some(outcome) => {
                    if outcome.is_accepted() {
                        retried.accepted += 1;
                    } else {
                        retried.rejected += 1;
                    }
                    done.push(id);
                }
            }
        }
        retried.judged += done.len() as u64;
        app.read(move |store| Ok(store.forget_measurement_dead(&done)?)).await?;
    }
    retried.waiting = app.read(|store| Ok(store.measurement_dead_counts()?.0)).await?;
    Ok(Json(retried))
}

/// The letters of these numbers that wait, or the oldest.
fn letters(
    store: &watchfire_store::Store,
    ids: Option<Vec<i64>>,
) -> Result<Vec<StoredMeasurementDead>, Problem> {
    let Some(ids) = ids else { return Ok(store.measurement_dead(0, MOST)?) };
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let next = store.measurement_dead(id.saturating_sub(1), 1)?;
        found.extend(next.into_iter().filter(|letter| letter.id == id));
    }
    Ok(found)
}
