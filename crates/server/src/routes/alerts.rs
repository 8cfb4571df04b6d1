//! What was judged.

use super::{Answer, Path, Query, given, moment_of, page_size};
use crate::app::App;
use crate::problem::Problem;
use crate::shape::{
    Alert, AlertDetail, Cursor, Decision, Entry, Indicator, Intelligence, Page, Propositions, Statement,
    number, severity, verdict,
};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use watchfire_engine::RecordAgain;
use watchfire_store::Search;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// A source, destination or account, or a part of a rule's name.
    q: Option<String>,
    /// Of this pattern.
    pattern: Option<String>,
    /// Of this verdict.
    verdict: Option<String>,
    /// Of this severity at least.
    min_severity: Option<String>,
    /// Of this priority at least.
    #[param(minimum = 0, maximum = 100)]
    min_priority: Option<u8>,
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

/// Alerts, the latest first.
#[utoipa::path(
    get, path = "/api/v1/alerts", tag = "alerts", security(("token" = [])), params(Filter),
    responses(
        (status = 200, body = Page<Alert>),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<App>, Query(filter): Query<Filter>) -> Answer<Page<Alert>> {
    let limit = page_size(filter.limit)?;
    let search = Search {
        pattern: given(filter.pattern)
            .map(|id| {
                let hint = "ids of patterns have 16 hexadecimal digits";
                number(&id).ok_or_else(|| Problem::bad("pattern is no id of a pattern", hint))
            })
            .transpose()?,
        text: filter.q.unwrap_or_default(),
        verdict: given(filter.verdict)
            .map(|name| verdict(&name))
            .transpose()?
            .map(watchfire_signal::Verdict::id),
        min_severity: given(filter.min_severity)
            .map(|name| severity(&name))
            .transpose()?
            .map_or(0, watchfire_signal::Severity::id),
        min_priority: filter.min_priority.unwrap_or(0),
        from: moment_of("from", filter.from.as_deref())?,
        to: moment_of("to", filter.to.as_deref())?,
    };
    let after = given(filter.cursor).map(|text| Cursor::<3>::parse(&text)).transpose()?;
    let after = after.map(|Cursor([time, source, ordinal])| (time, source, ordinal));
    app.read(move |store| {
        let found = store.search(&search, after, limit + 1)?;
        let more = found.len() > limit as usize;
        let page = &found[..found.len().min(limit as usize)];
        let next = page.last().filter(|_| more).map(|last| {
            let (time, source, ordinal) = last.place;
            Cursor([time, source, ordinal]).text()
        });
        Ok(Json(Page { items: page.iter().map(Alert::of).collect(), next }))
    })
    .await
}

/// One alert, with everything that is known of it.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}", tag = "alerts", security(("token" = [])),
    params(("id" = String, Path, description = "The alert's id")),
    responses(
        (status = 200, body = AlertDetail),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(State(app): State<App>, Path(id): Path<String>) -> Answer<AlertDetail> {
    let service = app.service().clone();
    let of = app.clone();
    app.read(move |store| {
        let (Some(found), Some(stored)) = (store.found(&id)?, store.alert(&id)?) else {
            return Err(Problem::not_found("alert", &id));
        };
        let decision = Decision::of(&stored.decision)
            .ok_or_else(|| Problem::from(watchfire_engine::EngineError::Corrupt("decision")))?;
        let propositions = match service.about(&id)? {
            Some(about) => of.propose(&about),
            None => Propositions::none("nothing is known of the alert's rule"),
        };
        let again = service.record(&id)?;
        let (raw, fields, named) = match again {
            Some(RecordAgain { raw, fields, named }) => (Some(raw), fields, named),
            None => (None, Vec::new(), Vec::new()),
        };
        let intelligence = named
            .into_iter()
            .map(|named| Intelligence {
                indicator: Indicator { kind: named.kind.name(), value: named.value },
                reputation: named.reputation.name(),
                statements: named
                    .statements
                    .into_iter()
                    .map(|statement| Statement {
                        source: statement.source.to_string(),
                        says: statement.reputation.name(),
                        evidence: statement.evidence,
                        at: statement.when.map(|when| when.to_string()),
                    })
                    .collect(),
            })
            .collect();
        let log = store.choices_about(std::slice::from_ref(&id))?;
        Ok(Json(AlertDetail {
            alert: Alert::of(&found),
            decision,
            source_name: stored.source_name,
            raw,
            fields,
            intelligence,
            propositions,
            log: log.into_iter().map(Entry::of).collect(),
        }))
    })
    .await
}
