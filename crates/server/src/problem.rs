//! What a client is told that is not served: problem details (RFC 9457).

use crate::shape::wrong_profile;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;
use utoipa::ToSchema;
use watchfire_engine::EngineError;
use watchfire_engine::articles::ReaderProblem;
use watchfire_engine::service::Refusal;
use watchfire_judge::tame;
use watchfire_store::StoreError;

/// Problem details.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// What kind of problem; `about:blank` says no more than the status.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// The status in words.
    pub(crate) title: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What is wrong with this request.
    pub(crate) detail: Cow<'static, str>,
    /// What to do about it.
    pub(crate) hint: Cow<'static, str>,
    #[serde(skip)]
    pub(crate) retry_after: Option<Duration>,
}

impl Problem {
    /// A problem of this status.
    pub(crate) fn new(
        status: StatusCode,
        detail: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Unknown"),
            status: status.as_u16(),
            detail: detail.into(),
            hint: hint.into(),
            retry_after: None,
        }
    }

    /// To be tried again after so long.
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(crate) fn bad(detail: impl Into<Cow<'static, str>>, hint: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail, hint)
    }

    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            format!("there is no {what} {}", tame(id, 80)),
            "ids come with the lists of this API, and with every output",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs_f64().ceil().max(1.0) as u64));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"watchfire\""));
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::Busy | Refusal::Store(_) | Refusal::Failed(_) | Refusal::NotForwarded(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Refusal::Unreadable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::TooLarge(_) | Refusal::LongRecord { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let problem = Self::new(status, tame(&refusal.to_string(), 300), refusal.hint());
        if refusal.may_pass() { problem.after(Duration::from_secs(1)) } else { problem }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match &error {
            EngineError::NoSuchAlert(id) => Self::not_found("alert", id),
            _ => {
                tracing::error!(error = %error, "a request failed");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, tame(&error.to_string(), 300), error.hint())
                    .after(Duration::from_secs(1))
            }
        }
    }
}

impl From<ReaderProblem> for Problem {
    fn from(problem: ReaderProblem) -> Self {
        let text = tame(&problem.to_string(), 300);
        match problem {
            ReaderProblem::Nobody(_) => {
                Self::new(StatusCode::NOT_FOUND, text, "PUT /api/v1/profiles/NAME makes one")
            }
            ReaderProblem::NoArticle => {
                Self::new(StatusCode::NOT_FOUND, text, "ids come with GET /api/v1/articles/with-relevance")
            }
            ReaderProblem::Profile(error) => {
                let (detail, hint) = wrong_profile(&error);
                Self::bad(tame(&detail, 300), hint)
            }
            ReaderProblem::TooMany => {
                Self::new(StatusCode::CONFLICT, text, "take some away with DELETE /api/v1/profiles/NAME")
            }
            ReaderProblem::Engine(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        EngineError::from(error).into()
    }
}
