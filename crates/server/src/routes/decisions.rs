//! What was proposed, what somebody chose, and how that ended.

use super::{Answer, Path, Query, body, from_json, given, moment_of, page_size};
use crate::app::App;
use crate::problem::Problem;
use crate::shape::{Cursor, Entry, Page};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use watchfire_store::ChoiceSearch;

/// Alerts that are asked about in one call.
const MOST: usize = 500;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Of this type: a vendor's rule, by format and id.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// From this moment on.
    from: Option<String>,
    /// Before this moment.
    to: Option<String>,
    /// Where the page begins.
    cursor: Option<String>,
    /// How many, 50 if it is not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Some alerts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alerts {
    /// Their ids.
    #[schema(max_items = 500)]
    alerts: Vec<String>,
}

/// Entries by alert.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ByAlert {
    items: BTreeMap<String, Vec<Entry>>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// It helped.
    Resolved,
    /// Somebody else took it over.
    Escalated,
    /// It did not help.
    NoEffect,
    /// It was the wrong thing to do.
    Wrong,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::Escalated => "escalated",
            Self::NoEffect => "no_effect",
            Self::Wrong => "wrong",
        }
    }
}

/// What is said of an entry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ended {
    /// How it ended; null takes back what was said.
    outcome: Option<Outcome>,
}

/// The log, the latest entry first.
#[utoipa::path(
    get, path = "/api/v1/decisions", tag = "decisions", security(("token" = [])), params(Filter),
    responses(
        (status = 200, body = Page<Entry>),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<App>, Query(filter): Query<Filter>) -> Answer<Page<Entry>> {
    let limit = page_size(filter.limit)?;
    let search = ChoiceSearch {
        kind: given(filter.kind),
        from: moment_of("from", filter.from.as_deref())?,
        to: moment_of("to", filter.to.as_deref())?,
    };
    let after = given(filter.cursor).map(|text| Cursor::<2>::parse(&text)).transpose()?;
    let after = after.map(|Cursor([at, id])| (at, id));
    app.read(move |store| {
        let mut found = store.choices(&search, after, limit + 1)?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(|last| Cursor([last.at, last.id]).text());
        Ok(Json(Page { items: found.into_iter().map(Entry::of).collect(), next }))
    })
    .await
}

/// The entries about many alerts, in one read.
#[utoipa::path(
    post, path = "/api/v1/decisions/by-alert", tag = "decisions", security(("token" = [])),
    request_body = Alerts,
    responses(
        (status = 200, body = ByAlert),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn by_alert(State(app): State<App>, content: Body) -> Answer<ByAlert> {
    let asked: Alerts = from_json(&body(&app, content).await?)?;
    if asked.alerts.len() > MOST {
        return Err(Problem::bad(format!("at most {MOST} alerts at once"), "ask in several calls"));
    }
    app.read(move |store| {
        let mut items: BTreeMap<String, Vec<Entry>> =
            asked.alerts.iter().map(|id| (id.clone(), Vec::new())).collect();
        for row in store.choices_about(&asked.alerts)? {
            if let Some(entries) = items.get_mut(&row.alert) {
                entries.push(Entry::of(row));
            }
        }
        Ok(Json(ByAlert { items }))
    })
    .await
}

/// One entry.
#[utoipa::path(
    get, path = "/api/v1/decisions/{id}", tag = "decisions", security(("token" = [])),
    params(("id" = i64, Path, description = "The entry's number")),
    responses(
        (status = 200, body = Entry),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(State(app): State<App>, Path(id): Path<i64>) -> Answer<Entry> {
    app.read(move |store| {
        let row = store.choice(id)?.ok_or_else(|| Problem::not_found("entry", &id.to_string()))?;
        Ok(Json(Entry::of(row)))
    })
    .await
}

/// Says how what was chosen ended.
#[utoipa::path(
    patch, path = "/api/v1/decisions/{id}", tag = "decisions", security(("token" = [])),
    params(("id" = i64, Path, description = "The entry's number")),
    request_body = Ended,
    responses(
        (status = 200, body = Entry),
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
pub(crate) async fn outcome(State(app): State<App>, Path(id): Path<i64>, content: Body) -> Answer<Entry> {
    let ended: Ended = from_json(&body(&app, content).await?)?;
    let service = app.service().clone();
    app.read(move |_| {
        let row = service.ended(id, ended.outcome.map(Outcome::name))?;
        Ok(Json(Entry::of(row.ok_or_else(|| Problem::not_found("entry", &id.to_string()))?)))
    })
    .await
}
