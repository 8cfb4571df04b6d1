//! Alerts come in.

use super::{Answer, Query, body};
use crate::app::App;
use crate::guard::Who;
use crate::problem::Problem;
use crate::shape::Propositions;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use watchfire_engine::service::{Accepted, Forwarded, Forwarding, Outcome, Refusal};

/// Longest idempotency key, in bytes.
const MAX_KEY: usize = 200;

/// What was accepted: everything in it is judged and durable.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Receipt {
    /// Records in the request.
    received: u64,
    /// Those that are alerts, and have a verdict.
    judged: u64,
    /// Those that are none.
    set_aside: u64,
    /// Those that can't be read: dead letters.
    dead: u64,
    /// The ids of the alerts, in order.
    alerts: Vec<String>,
    /// Whether the same request was accepted before; nothing was done twice.
    replayed: bool,
}

/// What was put onto the intake topic of workers, who judge it: every broker that has to has it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PassedOn {
    /// Records in the request.
    received: u64,
    /// Those that are on the topic now: alerts, and what can't be read.
    sent: u64,
    /// Those that are no alerts: they are not on the topic.
    set_aside: u64,
    /// Those on the topic that can't be read: workers make dead letters of them.
    broken: u64,
}

/// What was accepted: judged here, or with `[server] intake = "kafka"` on its way to workers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Taken {
    /// Judged and durable.
    Here(Receipt),
    /// On the topic.
    OnTopic(PassedOn),
}

/// What became of one record.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(crate) enum Processed {
    /// It has a verdict.
    Judged {
        /// The alert with its verdict.
        #[schema(value_type = Object)]
        alert: Box<RawValue>,
        /// What may come next, and what to do.
        propositions: Propositions,
    },
    /// It is no alert.
    SetAside {
        /// What it is.
        kind: String,
    },
    /// It can't be read.
    Dead {
        /// Why.
        reason: String,
        /// What can be done.
        hint: String,
    },
}

/// What became of each record, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Results {
    results: Vec<Processed>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    /// How long propositions may be looked for, in milliseconds; verdicts come whatever it is.
    #[param(minimum = 0, maximum = 60_000)]
    time_budget_ms: Option<u64>,
}

/// Takes alerts in. Answers once they are judged and durable.
///
/// The body is whatever `watchfire triage` reads: one JSON object, an array, several objects, one a line, CEF; plain, gzip or
/// zstd. The same request with the same Idempotency-Key within a day is answered alike and changes nothing.
///
/// With `[server] intake = "kafka"` it answers once the records are on the intake topic of workers, who judge them. An
/// Idempotency-Key is refused then (422): a topic does not know a request again.
#[utoipa::path(
    post, path = "/api/v1/alerts", tag = "intake", security(("token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, max_length = 200, description = "By what the request is known again")),
    request_body(content = String, content_type = "application/x-ndjson"),
    responses(
        (status = 202, body = Taken),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn accept(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    content: Body,
) -> Result<Response, Problem> {
    if let Some(forwarding) = app.shared.forwarding.get() {
        let passed_on = pass_on(&app, forwarding, &headers, content).await?;
        return Ok((StatusCode::ACCEPTED, Json(Taken::OnTopic(passed_on))).into_response());
    }
    let key = key(&headers, &who)?;
    let bytes = body(&app, content).await?;
    let accepted = take_in(&app, bytes.into(), key, false).await?;
    Ok((StatusCode::ACCEPTED, Json(Taken::Here(Receipt::of(accepted)))).into_response())
}

/// Takes alerts in, and answers with their verdicts and with what is proposed about them, record by record.
///
/// With `[server] intake = "kafka"` nothing is judged here, and it answers 409.
#[utoipa::path(
    post, path = "/api/v1/alerts/process", tag = "intake", security(("token" = [])),
    params(Budget),
    request_body(content = String, content_type = "application/x-ndjson"),
    responses(
        (status = 200, body = Results),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn process(
    State(app): State<App>,
    Query(budget): Query<Budget>,
    content: Body,
) -> Answer<Results> {
    let millis = budget.time_budget_ms.unwrap_or(2000);
    if millis > 60_000 {
        return Err(Problem::bad("time_budget_ms is at most 60000", "leave it out for 2000"));
    }
    if app.shared.forwarding.get().is_some() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "alerts are not judged here: they are passed on to workers",
            "send them to POST /api/v1/alerts, and read their verdicts from the workers' topic of verdicts",
        ));
    }
    let bytes = body(&app, content).await?;
    let accepted = take_in(&app, bytes.into(), None, true).await?;
    let until = tokio::time::Instant::now() + Duration::from_millis(millis);
    let mut results = Vec::with_capacity(accepted.outcomes.len());
    for outcome in accepted.outcomes {
        results.push(match outcome {
            Outcome::Judged { json, about, .. } => {
                let propositions = app.propose_type(&about, &json, until).await;
                let alert = RawValue::from_string(json).map_err(|_| {
                    Problem::new(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "an alert could not be written",
                        "this is a bug: please report it with the request",
                    )
                })?;
                Processed::Judged { alert, propositions }
            }
            Outcome::SetAside { kind } => Processed::SetAside { kind },
            Outcome::Dead { reason, hint } => Processed::Dead { reason, hint },
        });
    }
    Ok(Json(Results { results }))
}

async fn take_in(
    app: &App,
    bytes: Vec<u8>,
    key: Option<[u8; 32]>,
    outcomes: bool,
) -> Result<Accepted, Problem> {
    let accepted = app.service().accept(bytes, key, outcomes).await;
    accepted.map_err(|refusal| {
        app.shared.metrics.refused(&refusal);
        refusal.into()
    })
}

/// Puts a request onto the topic of workers.
async fn pass_on(
    app: &App,
    forwarding: &Forwarding,
    headers: &HeaderMap,
    content: Body,
) -> Result<PassedOn, Problem> {
    if headers.contains_key("idempotency-key") {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "an Idempotency-Key can't be kept: alerts are passed on to workers over a topic, which does not know a request again",
            "leave the header out; what is sent twice is judged twice",
        ));
    }
    let bytes = body(app, content).await?;
    let forwarded = app.service().forward(bytes.into(), forwarding).await.map_err(|refusal| {
        app.shared.metrics.refused(&refusal);
        let is_busy = refusal == Refusal::Busy;
        let mut problem = Problem::from(refusal);
        if is_busy {
            problem.hint = "nothing of it was passed on; send it again in a second".into();
        }
        problem
    })?;
    app.shared.metrics.forwarded(&forwarded);
    let Forwarded { received, sent, set_aside, broken } = forwarded;
    Ok(PassedOn { received, sent, set_aside, broken })
}

/// What a request is known again by: a hash of who sent it and of the key they gave it.
fn key(headers: &HeaderMap, who: &Who) -> Result<Option<[u8; 32]>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    if value.is_empty() || value.len() > MAX_KEY {
        return Err(Problem::bad(
            format!("an Idempotency-Key has between 1 and {MAX_KEY} bytes"),
            "a UUID will do",
        ));
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(who.name.as_bytes()).update(&[0]).update(value.as_bytes());
    Ok(Some(*hasher.finalize().as_bytes()))
}

impl Receipt {
    fn of(accepted: Accepted) -> Self {
        Self {
            received: accepted.received,
            judged: accepted.alerts.len() as u64,
            set_aside: accepted.set_aside,
            dead: accepted.dead,
            alerts: accepted.alerts,
            replayed: accepted.replayed,
        }
    }
}
