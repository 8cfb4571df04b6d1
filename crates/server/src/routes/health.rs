//! Whether the service lives, whether it is ready, and its metrics.

use crate::app::App;
use crate::problem::Problem;
use crate::shape::FeedState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use utoipa::ToSchema;

/// How it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// alive, ready, or what is in the way.
    status: &'static str,
    /// Why it is not ready; empty if it is.
    why: String,
}

/// Whether the process lives.
#[utoipa::path(get, path = "/healthz", tag = "figures", responses(
    (status = 200, body = Health),
    (status = 408, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn alive() -> Json<Health> {
    Json(Health { status: "alive", why: String::new() })
}

/// Whether it takes alerts in: the store answers, the intake topic (if there is one) was found, and it is not stopping.
#[utoipa::path(get, path = "/readyz", tag = "figures", responses(
    (status = 200, body = Health),
    (status = 408, body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Health),
))]
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let not = |why: &str| {
        let health = Health { status: "not ready", why: why.to_owned() };
        (StatusCode::SERVICE_UNAVAILABLE, Json(health)).into_response()
    };
    if app.shared.stopping.load(Ordering::Relaxed) {
        return not("it is stopping");
    }
    if app.shared.forwarding.get().is_some_and(|forwarding| !forwarding.is_ready()) {
        return not("where alerts are passed on to was not reached yet");
    }
    let probe = app.read(|store| Ok(store.question_count()?));
    match tokio::time::timeout(Duration::from_secs(2), probe).await {
        Ok(Ok(_)) => Json(Health { status: "ready", why: String::new() }).into_response(),
        Ok(Err(_)) => not("the store can't be read"),
        Err(_) => not("the store does not answer"),
    }
}

/// Metrics for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "figures", security(("token" = [])), responses(
    (status = 200, body = String, content_type = "application/openmetrics-text"),
    (status = 401, body = Problem, content_type = "application/problem+json"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 408, body = Problem, content_type = "application/problem+json"),
    (status = 429, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    // Where the store can't be read, the rest is told all the same.
    let patterns = app.read(|store| Ok(store.pattern_count()?)).await.unwrap_or_default();
    let feeds = match app.articles() {
        Ok(articles) => {
            let articles = articles.clone();
            app.read(move |_| Ok(articles.feeds()?.iter().map(FeedState::of).collect())).await
        }
        Err(_) => Ok(Vec::new()),
    };
    let dead = app.read(|store| Ok(store.measurement_dead_counts()?)).await.unwrap_or_default();
    let text = app.shared.metrics.text(&app, patterns, &feeds.unwrap_or_default(), dead);
    ([("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}
