//! Who may do what, and how often.
//!
//! Three questions, in this order. *Where from*: a page of another site must not talk to us through somebody's browser, so the
//! name that a browser calls us by is checked where no token is needed, and the origin of whatever changes something. *Who*:
//! a token, a signed-in page, or, on loopback as long as no token was ever made, whoever is on this machine. *How often*: each
//! of them has a budget of its own.

mod limits;
mod origin;
mod sessions;
mod who;

pub(crate) use sessions::COOKIE;
pub(crate) use who::Who;

use crate::app::{App, AppSettings};
use crate::problem::Problem;
use crate::token::Scope;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use limits::{Limits, Taken};
use sessions::Sessions;
use std::sync::Arc;
use watchfire_engine::EngineError;
use watchfire_engine::service::Service;
use who::Tokens;

/// What is known of callers.
pub(crate) struct Guard {
    pub(crate) tokens: Tokens,
    pub(crate) sessions: Sessions,
    limits: Limits,
}

impl Guard {
    pub(crate) fn open(service: &Service, settings: &AppSettings) -> Result<Self, EngineError> {
        Ok(Self {
            tokens: Tokens::load(Arc::clone(service.store()), settings.is_local)?,
            sessions: Sessions::new(Arc::clone(service.clock())),
            limits: Limits::new(Arc::clone(service.clock()), settings),
        })
    }
}

impl Guard {
    /// What somebody is told whose token does not hold.
    pub(crate) fn stranger(&self, problem: Problem) -> Problem {
        self.limits.strangers(problem)
    }
}

/// Lets through who may come in.
pub(crate) async fn admit(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let guard = &app.shared.guard;
    let is_open = guard.tokens.is_open();
    if let Err(problem) = origin::check(&request, is_open) {
        return problem.into_response();
    }
    let path = request.uri().path();
    if is_public(path) {
        return next.run(request).await;
    }
    let caller = match guard.tokens.who(&request, &guard.sessions) {
        Ok(caller) => caller,
        Err(problem) => return guard.limits.strangers(problem).into_response(),
    };
    let needed = if request.method().is_safe() { Scope::Read } else { Scope::Write };
    if let Err(problem) = need(&caller.who, needed) {
        return problem.into_response();
    }
    let taken = match guard.limits.take(&caller) {
        Ok(taken) => taken,
        Err(problem) => {
            app.shared.metrics.limited();
            return problem.into_response();
        }
    };
    request.extensions_mut().insert(caller.who);
    let mut response = next.run(request).await;
    if let Some(Taken { slot, limit, left, reset_s }) = taken {
        drop_slot(slot, &response);
        let headers = response.headers_mut();
        let mut put = |name: &'static str, text: String| {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        };
        put("ratelimit-policy", format!("\"default\";q={limit};w=60"));
        put("ratelimit", format!("\"default\";r={left};t={reset_s}"));
    }
    response
}

/// A request that failed through our fault is not counted.
fn drop_slot(slot: watchfire_flow::Slot, response: &Response) {
    if response.status().is_server_error() {
        slot.uncounted();
    } else {
        slot.settle(watchfire_flow::Spent::default());
    }
}

/// What anybody may ask: the page itself, whether we live, what the API is, and to sign in.
fn is_public(path: &str) -> bool {
    !(path.starts_with("/api/") || path == "/metrics")
        || path == "/api/v1/session"
        || path == "/api/v1/openapi.json"
}

/// Asks for a scope.
pub(crate) fn need(who: &Who, scope: Scope) -> Result<(), Problem> {
    if who.scopes.has(scope) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        format!("this token has no scope {}", scope.name()),
        "watchfire token new NAME --scope makes one that has",
    ))
}

/// What is put on every answer.
pub(crate) async fn harden(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/") || request.uri().path() == "/metrics";
    let is_head = request.method() == Method::HEAD;
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_api && !is_head {
        headers.entry("cache-control").or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];
