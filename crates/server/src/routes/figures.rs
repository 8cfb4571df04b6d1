//! How it goes, and what it costs.

use super::{Answer, Query};
use crate::app::App;
use crate::figures::{Cost, Statistics};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Projected {
    /// Alerts a day to project the cost of, 500 if it is not said.
    #[param(minimum = 1, maximum = 1_000_000_000)]
    alerts_per_day: Option<u32>,
}

/// How it goes.
#[utoipa::path(
    get, path = "/api/v1/statistics", tag = "figures", security(("token" = [])),
    responses(
        (status = 200, body = Statistics),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn statistics(State(app): State<App>) -> Answer<Statistics> {
    let of = app.clone();
    app.read(move |store| Ok(Json(Statistics::of(&of, store)?))).await
}

/// What calls to models and services cost.
#[utoipa::path(
    get, path = "/api/v1/cost", tag = "figures", security(("token" = [])), params(Projected),
    responses(
        (status = 200, body = Cost),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cost(State(app): State<App>, Query(projected): Query<Projected>) -> Answer<Cost> {
    let per_day = projected.alerts_per_day.unwrap_or(500);
    if !(1..=1_000_000_000).contains(&per_day) {
        return Err(Problem::bad("alerts_per_day is between 1 and 1000000000", "leave it out for 500"));
    }
    let of = app.clone();
    app.read(move |store| Ok(Json(Cost::of(&of, store, per_day)?))).await
}
