//! Every verdict as an OCSF finding, while somebody listens.

use crate::app::App;
use crate::events::Seat;
use crate::problem::Problem;
use crate::routes::Query;
use crate::shape::severity;
use axum::extract::State;
use axum::response::sse::{Event as Sse, KeepAlive, Sse as Stream};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use utoipa::IntoParams;
use watchfire_engine::service::Findings;
use watchfire_signal::Severity;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Of this severity at least.
    min_severity: Option<String>,
}

/// One listener.
struct Listener {
    findings: broadcast::Receiver<Arc<Findings>>,
    closed: watch::Receiver<bool>,
    least: Severity,
    /// What is being told, and how far.
    batch: Option<(Arc<Findings>, usize)>,
    /// The number of the finding that is to come next.
    next: Option<u64>,
    greeted: bool,
    _seat: Seat,
}

impl Listener {
    /// What to tell next; `None` if nothing will come any more.
    async fn next(&mut self) -> Option<Sse> {
        if !self.greeted {
            self.greeted = true;
            return Some(Sse::default().retry(Duration::from_secs(2)).comment("watchfire"));
        }
        loop {
            if let Some((findings, place)) = &mut self.batch {
                while let Some(finding) = findings.all.get(*place) {
                    let number = findings.first + *place as u64;
                    *place += 1;
                    if finding.severity >= self.least {
                        let event = Sse::default().event("finding").id(number.to_string());
                        return Some(event.data(&finding.json));
                    }
                }
                self.batch = None;
            }
            let told = tokio::select! {
                told = self.findings.recv() => told,
                _ = self.closed.wait_for(|closed| *closed) => return None,
            };
            match told {
                Ok(findings) => {
                    let missed = self.next.map_or(0, |next| findings.first.saturating_sub(next));
                    self.next = Some(findings.first + findings.all.len() as u64);
                    self.batch = Some((findings, 0));
                    if missed > 0 {
                        let data = serde_json::json!({ "findings": missed }).to_string();
                        return Some(Sse::default().event("missed").data(data));
                    }
                }
                // How many findings that were, the next one's number tells.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// Every alert that is judged from now on, as an OCSF Detection Finding.
///
/// Events are `finding` (one OCSF object, with its number as `id`) and `missed` (`{"findings":7}`, of any severity) for a
/// listener that was too slow. An alert's text is cut at 1 KiB a field; a record beyond 8 KiB is left out.
#[utoipa::path(
    get, path = "/api/v1/stream/ocsf", tag = "alerts", security(("token" = [])), params(Filter),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stream(
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let least = filter.min_severity.filter(|name| !name.is_empty());
    let least = least.map(|name| severity(&name)).transpose()?.unwrap_or_default();
    let (seat, closed) = app.shared.hub.seat()?;
    let findings = app.service().findings();
    let listener = Listener { findings, closed, least, batch: None, next: None, greeted: false, _seat: seat };
    let events = stream::unfold(listener, |mut listener| async move {
        listener.next().await.map(|event| (Ok::<_, Infallible>(event), listener))
    });
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    let mut response = Stream::new(events).keep_alive(keep_alive).into_response();
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    Ok(response)
}
