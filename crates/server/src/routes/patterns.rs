//! The queue, and analysts' words on it.

use super::{Answer, Path, Query, body, from_json, given, page_size};
use crate::app::App;
use crate::guard::Who;
use crate::problem::Problem;
use crate::shape::{Cursor, Decision, Pattern, PatternDetail, Words, number, severity, verdict};
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use watchfire_engine::EngineError;
use watchfire_engine::service::Ruling;
use watchfire_judge::tame;
use watchfire_signal::{Decider, Verdict};
use watchfire_store::{Order, Search, Store, Wanted};

/// Decisions, and words of analysts, that are shown of a pattern.
const MOST: u32 = 20;
/// Longest reason and action, in characters.
const MAX_TEXT: usize = 2000;

/// Which patterns.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State_ {
    /// Those that no analyst decided on.
    #[default]
    Open,
    /// Those that one did.
    Decided,
    /// Both.
    All,
}

/// In which order.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sort {
    /// What should be looked at first, first.
    #[default]
    Priority,
    /// What was last seen, first.
    Newest,
    /// What has most alerts, first.
    Alerts,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Those that analysts decided on, or not.
    #[param(inline)]
    state: Option<State_>,
    /// Of this verdict.
    verdict: Option<String>,
    /// Of this severity at least.
    min_severity: Option<String>,
    /// Decided by this decider.
    decider: Option<String>,
    /// A part of the rule's name, the machine's, or a value.
    q: Option<String>,
    /// In which order.
    #[param(inline)]
    sort: Option<Sort>,
    /// Where the page begins.
    cursor: Option<String>,
    /// How many, 50 if it is not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// A page of the queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PatternQueue {
    /// What is on it.
    items: Vec<Pattern>,
    /// Where the next one begins; null on the last.
    next: Option<String>,
    /// How many there are of this kind.
    total: u64,
}

/// What a pattern is said to be.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VerdictName {
    /// What the rule names did happen, and is hostile.
    TruePositive,
    /// Looks hostile.
    Suspicious,
    /// Nobody could tell.
    InsufficientData,
    /// It did happen, and is allowed or harmless.
    BenignPositive,
    /// What the rule names did not happen.
    FalsePositive,
    /// The same again.
    Duplicate,
}

impl VerdictName {
    const fn verdict(self) -> Verdict {
        match self {
            Self::TruePositive => Verdict::TruePositive,
            Self::Suspicious => Verdict::Suspicious,
            Self::InsufficientData => Verdict::InsufficientData,
            Self::BenignPositive => Verdict::BenignPositive,
            Self::FalsePositive => Verdict::FalsePositive,
            Self::Duplicate => Verdict::Duplicate,
        }
    }
}

/// An analyst's word.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    verdict: VerdictName,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000)]
    reason: String,
    /// What is done about it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    action: Option<String>,
    /// The alert that was looked at.
    #[serde(default)]
    alert: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ruled {
    /// The pattern as it stands now.
    pattern: Pattern,
    /// Stored alerts that it applies to.
    alerts: u64,
    /// The entry in the log; null where a word was taken back.
    entry: Option<i64>,
}

/// Patterns, in the order in which somebody should look at them.
#[utoipa::path(
    get, path = "/api/v1/patterns", tag = "patterns", security(("token" = [])), params(Filter),
    responses(
        (status = 200, body = PatternQueue),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<App>, Query(filter): Query<Filter>) -> Answer<PatternQueue> {
    let limit = page_size(filter.limit)?;
    let wanted = Wanted {
        decided: match filter.state.unwrap_or_default() {
            State_::Open => Some(false),
            State_::Decided => Some(true),
            State_::All => None,
        },
        verdict: given(filter.verdict)
            .map(|name| verdict(&name))
            .transpose()?
            .map(watchfire_signal::Verdict::id),
        min_severity: given(filter.min_severity)
            .map(|name| severity(&name))
            .transpose()?
            .map_or(0, watchfire_signal::Severity::id),
        decider: given(filter.decider).map(|name| decider(&name)).transpose()?.map(Decider::id),
        text: filter.q.unwrap_or_default(),
        order: match filter.sort.unwrap_or_default() {
            Sort::Priority => Order::Priority,
            Sort::Newest => Order::Newest,
            Sort::Alerts => Order::Alerts,
        },
    };
    let after = given(filter.cursor).map(|text| Cursor::<3>::parse(&text)).transpose()?;
    let after = after.map(|Cursor([first, last_seen, id])| (first, last_seen, id));
    app.read(move |store| {
        let found = store.queue(&wanted, after, limit + 1)?;
        let more = found.len() > limit as usize;
        let page = &found[..found.len().min(limit as usize)];
        let next = page.last().filter(|_| more).map(|last| {
            let (first, last_seen, id) = last.after(wanted.order);
            Cursor([first, last_seen, id]).text()
        });
        let total = store.queue_count(&wanted)?;
        Ok(Json(PatternQueue { items: page.iter().filter_map(Pattern::of).collect(), next, total }))
    })
    .await
}

/// One pattern, with what was decided on it.
#[utoipa::path(
    get, path = "/api/v1/patterns/{id}", tag = "patterns", security(("token" = [])),
    params(("id" = String, Path, description = "The pattern's id")),
    responses(
        (status = 200, body = PatternDetail),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one(State(app): State<App>, Path(id): Path<String>) -> Answer<PatternDetail> {
    let pattern = number(&id).ok_or_else(|| Problem::not_found("pattern", &id))?;
    app.read(move |store| {
        let queued = store.queued(pattern)?.ok_or_else(|| Problem::not_found("pattern", &id))?;
        let decision = Decision::of(&queued.decision).ok_or(EngineError::Corrupt("decision"))?;
        Ok(Json(PatternDetail {
            pattern: shown(store, pattern)?.ok_or_else(|| Problem::not_found("pattern", &id))?,
            next_steps: decision.next_steps.clone(),
            decision,
            decisions: store.decisions_on(pattern, MOST)?.iter().filter_map(Decision::of).collect(),
            analysts: store.words_on(&queued.key, MOST)?.iter().map(Words::of).collect(),
        }))
    })
    .await
}

/// Puts an analyst's word on a pattern: it holds for all its alerts, now and later.
#[utoipa::path(
    post, path = "/api/v1/patterns/{id}/decision", tag = "patterns", security(("token" = [])),
    params(("id" = String, Path, description = "The pattern's id")),
    request_body = Said,
    responses(
        (status = 200, body = Ruled),
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
pub(crate) async fn decide(
    State(app): State<App>,
    Path(id): Path<String>,
    Extension(who): Extension<Who>,
    content: Body,
) -> Answer<Ruled> {
    let said: Said = from_json(&body(&app, content).await?)?;
    let pattern = number(&id).ok_or_else(|| Problem::not_found("pattern", &id))?;
    let verdict = said.verdict.verdict();
    let action = said.action.unwrap_or_default();
    if said.reason.chars().count() > MAX_TEXT || action.chars().count() > MAX_TEXT {
        return Err(Problem::bad(
            format!("reason and action have at most {MAX_TEXT} characters each"),
            "say it shorter",
        ));
    }
    let (of, looked_at) = (app.clone(), said.alert.clone());
    let proposed = app
        .read(move |store| {
            let search = Search { pattern: Some(pattern), ..Search::default() };
            let alert = match looked_at {
                Some(alert) => Some(alert),
                None => store.search(&search, None, 1)?.into_iter().next().map(|alert| alert.id),
            };
            let about = alert.map(|alert| of.service().about(&alert)).transpose()?.flatten();
            Ok(about.map_or_else(|| "[]".to_owned(), |about| of.proposed(&about)))
        })
        .await?;
    let ruling = Ruling {
        pattern,
        verdict,
        reason: said.reason,
        analyst: who.name,
        alert: said.alert,
        action,
        proposed,
    };
    let ruled = app.service().overrule(ruling).await?.ok_or_else(|| Problem::not_found("pattern", &id))?;
    let pattern = app
        .read(move |store| shown(store, pattern)?.ok_or_else(|| Problem::not_found("pattern", &id)))
        .await?;
    Ok(Json(Ruled { pattern, alerts: ruled.alerts, entry: ruled.entry }))
}

/// Takes back what an analyst said last of a pattern: what held before holds again.
#[utoipa::path(
    delete, path = "/api/v1/patterns/{id}/decision", tag = "patterns", security(("token" = [])),
    params(("id" = String, Path, description = "The pattern's id")),
    responses(
        (status = 200, body = Ruled),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn undo(State(app): State<App>, Path(id): Path<String>) -> Answer<Ruled> {
    let pattern = number(&id).ok_or_else(|| Problem::not_found("pattern", &id))?;
    let name = id.clone();
    app.read(move |store| store.queued(pattern)?.ok_or_else(|| Problem::not_found("pattern", &name))).await?;
    let ruled = app.service().undo(pattern).await?.ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "no analyst's word stands on this pattern",
            "it may have been taken back already",
        )
    })?;
    let pattern = app
        .read(move |store| shown(store, pattern)?.ok_or_else(|| Problem::not_found("pattern", &id)))
        .await?;
    Ok(Json(Ruled { pattern, alerts: ruled.alerts, entry: None }))
}

/// A pattern as it is shown by itself, with its latest alert.
fn shown(store: &Store, id: i64) -> Result<Option<Pattern>, Problem> {
    let Some(mut pattern) = store.queued(id)?.as_ref().and_then(Pattern::of) else { return Ok(None) };
    let search = Search { pattern: Some(id), ..Search::default() };
    pattern.example = store.search(&search, None, 1)?.into_iter().next().map(|alert| alert.id);
    Ok(Some(pattern))
}

fn decider(name: &str) -> Result<Decider, Problem> {
    Decider::ALL.into_iter().find(|decider| decider.name() == name).ok_or_else(|| {
        let known = Decider::ALL.map(Decider::name).join(", ");
        Problem::bad(format!("there is no decider {:?}", tame(name, 40)), format!("there are {known}"))
    })
}
