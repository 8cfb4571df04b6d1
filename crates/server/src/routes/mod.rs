//! The routes, and the document that describes them.

mod alerts;
mod articles;
mod dead;
mod decisions;
mod feeds;
mod figures;
mod health;
mod intake;
mod measurements;
mod patterns;
mod profiles;
mod relevance;
mod session;

use crate::app::App;
use crate::problem::Problem;
use crate::{assets, events, findings, guard};
use axum::extract::FromRequestParts;
use axum::extract::rejection::QueryRejection;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::OnceLock;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    info(title = "Watchfire", description = "Judges security alerts."),
    modifiers(&Security),
    tags(
        (name = "intake", description = "Alerts come in"),
        (name = "alerts", description = "What was judged"),
        (name = "patterns", description = "The queue, and analysts' words on it"),
        (name = "decisions", description = "What was proposed, chosen, and how it ended"),
        (name = "dead letters", description = "Records that can't be read"),
        (name = "articles", description = "What feeds say, to whom it matters, and where it is about"),
        (name = "feeds", description = "Where articles come from"),
        (name = "profiles", description = "To whom articles matter, and why"),
        (name = "measurements", description = "Values of users' metrics, and which of them to believe"),
        (name = "figures", description = "How it goes"),
        (name = "session", description = "Signing a page in"),
    )
)]
struct Document;

struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let components = document.components.get_or_insert_with(Default::default);
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "A token of `watchfire token new`; none is needed on loopback as long as none was made",
            ))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// The API and the document that describes it.
fn api() -> (Router<App>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(intake::accept))
        .routes(routes!(intake::process))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::one))
        .routes(routes!(patterns::list))
        .routes(routes!(patterns::one))
        .routes(routes!(patterns::decide, patterns::undo))
        .routes(routes!(decisions::list))
        .routes(routes!(decisions::by_alert))
        .routes(routes!(decisions::one, decisions::outcome))
        .routes(routes!(dead::list))
        .routes(routes!(dead::replay))
        .routes(routes!(dead::forget))
        .routes(routes!(articles::list))
        .routes(routes!(articles::map::places))
        .routes(routes!(articles::statistics))
        .routes(routes!(articles::one))
        .routes(routes!(articles::action))
        .routes(routes!(relevance::calculate))
        .routes(routes!(relevance::one))
        .routes(routes!(feeds::list, feeds::add))
        .routes(routes!(feeds::remove))
        .routes(routes!(feeds::fetch))
        .routes(routes!(profiles::list))
        .routes(routes!(profiles::one, profiles::put, profiles::remove))
        .routes(routes!(measurements::judge))
        .routes(routes!(measurements::users))
        .routes(routes!(measurements::statistics))
        .routes(routes!(measurements::dead::list))
        .routes(routes!(measurements::dead::replay))
        .routes(routes!(measurements::one, measurements::remove))
        .routes(routes!(figures::statistics))
        .routes(routes!(figures::cost))
        .routes(routes!(events::stream))
        .routes(routes!(findings::stream))
        .routes(routes!(session::who, session::sign_in, session::sign_out))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .split_for_parts()
}

/// The document that describes the API.
fn document() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::to_string(&api().1).unwrap_or_default())
}

/// Everything that is served.
pub(crate) fn router(app: App) -> Router {
    // Describing every route takes megabytes: on a thread of its own they are given back when it ends, and the description itself
    // is made when somebody asks for it.
    let api = std::thread::scope(|scope| {
        scope.spawn(|| api().0).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let timeout = app.shared.settings.timeout;
    api.route("/api/v1/openapi.json", get(async || ([("content-type", "application/json")], document())))
        .route("/", get(assets::page))
        .route("/assets/{name}", get(assets::asset))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(timeout, within))
        .layer(middleware::from_fn_with_state(app.clone(), guard::admit))
        .layer(middleware::from_fn_with_state(app.clone(), crate::metrics::count))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(guard::harden))
        .with_state(app)
}

/// Ends what takes too long. Events go on for as long as somebody listens.
async fn within(
    axum::extract::State(timeout): axum::extract::State<std::time::Duration>,
    request: axum::extract::Request,
    next: middleware::Next,
) -> axum::response::Response {
    match tokio::time::timeout(timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("the request took longer than {} s", timeout.as_secs_f64()),
            "send less at once; what was sent with an Idempotency-Key can be sent again",
        )
        .into_response(),
    }
}

async fn unknown(uri: axum::http::Uri) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        format!("there is nothing at {}", watchfire_judge::tame(uri.path(), 120)),
        "/api/v1/openapi.json describes what there is",
    )
}

async fn wrong_method(method: Method) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{} is not what this is for", watchfire_judge::tame(method.as_str(), 20)),
        "/api/v1/openapi.json describes what there is",
    )
}

#[expect(clippy::needless_pass_by_value, reason = "the layer gives the box away")]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(panic = %watchfire_judge::tame(&text, 300), "a request failed");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the request failed",
        "this is a bug: please report it with the request",
    )
    .into_response()
}

/// What stands behind the question mark, or a problem that says what is wrong with it.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|query| Self(query.0)).map_err(|rejection: QueryRejection| {
            Problem::bad(
                watchfire_judge::tame(&rejection.body_text(), 200),
                "/api/v1/openapi.json describes the parameters",
            )
        })
    }
}

/// A part of the path, or a problem that says what is wrong with it.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_| {
            Problem::new(
                StatusCode::NOT_FOUND,
                "there is nothing of that id",
                "ids come with the lists of this API, and with every output",
            )
        })
    }
}

/// Reads a body as JSON.
pub(crate) fn from_json<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        Problem::bad(
            format!("the body: {}", watchfire_judge::tame(&error.to_string(), 200)),
            "/api/v1/openapi.json describes the body",
        )
    })
}

/// A body, or a problem that says why it can't be had.
pub(crate) async fn body(app: &App, body: axum::body::Body) -> Result<bytes::Bytes, Problem> {
    let most = app.shared.settings.max_body_bytes;
    axum::body::to_bytes(body, most).await.map_err(|error| {
        if std::error::Error::source(&error)
            .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
        {
            app.shared.metrics.too_large();
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the body is longer than {most} bytes"),
                "send it in several requests, or compressed",
            )
        } else {
            Problem::bad("the body broke off", "send it again")
        }
    })
}

/// How many items a page has.
pub(crate) fn page_size(limit: Option<u32>) -> Result<u32, Problem> {
    match limit {
        None => Ok(50),
        Some(limit @ 1..=500) => Ok(limit),
        Some(_) => Err(Problem::bad("limit is between 1 and 500", "leave it out for 50")),
    }
}

/// What a parameter says; one that is empty says nothing, as forms send it.
pub(crate) fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// A moment of the query.
pub(crate) fn moment_of(name: &str, text: Option<&str>) -> Result<Option<i64>, Problem> {
    text.filter(|text| !text.is_empty())
        .map(|text| {
            watchfire_signal::Timestamp::parse(text).map(watchfire_signal::Timestamp::as_millis).ok_or_else(
                || Problem::bad(format!("{name} is no time"), "times look like 2026-11-21T09:14:03Z"),
            )
        })
        .transpose()
}

/// JSON out.
pub(crate) type Answer<T> = Result<Json<T>, Problem>;

#[cfg(test)]
mod tests;
