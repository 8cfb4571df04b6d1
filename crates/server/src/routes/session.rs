//! Signing a page in: a token is given once, and a cookie that scripts can't read stands for it.

use super::{Answer, body, from_json};
use crate::app::App;
use crate::guard::{COOKIE, Who};
use crate::problem::Problem;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchfire_judge::tame;

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// Their name.
    name: String,
    /// What they may do: read, write, admin.
    scopes: Vec<&'static str>,
    /// Whether nobody needs a token here.
    open: bool,
}

/// A token to sign in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    token: String,
}

impl Session {
    fn of(who: &Who) -> Self {
        Self { name: tame(&who.name, 100), scopes: who.scopes.names(), open: who.is_open }
    }
}

/// Who is signed in.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "session", security(("token" = [])),
    responses(
        (status = 200, body = Session),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn who(State(app): State<App>, headers: HeaderMap) -> Answer<Session> {
    let guard = &app.shared.guard;
    let caller = guard.tokens.who_by(&headers, false, &guard.sessions)?;
    Ok(Json(Session::of(&caller.who)))
}

/// Signs a page in with a token.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "session",
    request_body = SignIn,
    responses(
        (status = 200, body = Session),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn sign_in(State(app): State<App>, content: Body) -> Result<Response, Problem> {
    let given: SignIn = from_json(&body(&app, content).await?)?;
    let guard = &app.shared.guard;
    let Some(token) = guard.tokens.of(given.token.trim()) else {
        return Err(guard.stranger(Problem::new(
            StatusCode::UNAUTHORIZED,
            "this token does not hold",
            "watchfire token new NAME makes one; watchfire token list shows which hold",
        )));
    };
    let cookie = guard.sessions.begin(token.id).map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the system has no randomness", "try again")
    })?;
    let secure = if app.shared.settings.behind_tls { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={cookie}; HttpOnly; SameSite=Strict; Path=/{secure}");
    let who = Who {
        name: token.name.clone(),
        scopes: crate::token::Scopes::from_bits(token.scopes),
        is_open: false,
    };
    Ok(with_cookie(Json(Session::of(&who)).into_response(), &cookie))
}

/// Signs a page out.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "session",
    responses(
        (status = 204),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Response {
    app.shared.guard.sessions.end(&headers);
    let cookie = format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    with_cookie(StatusCode::NO_CONTENT.into_response(), &cookie)
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
