//! What requests share.

use crate::events::Hub;
use crate::guard::Guard;
use crate::measuring::{Measurements, Measuring};
use crate::metrics::Metrics;
use crate::problem::Problem;
use axum::http::StatusCode;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use watchfire_engine::EngineError;
use watchfire_engine::articles::ArticleService;
use watchfire_engine::service::webhooks::Webhook;
use watchfire_engine::service::{Consultant, Forward, Forwarding, Outside, Service};
use watchfire_store::Store;

/// How the service is served.
#[derive(Debug, Clone)]
pub struct AppSettings {
    /// Whether nobody needs a token as long as none was made: only where nobody but this machine can come.
    pub is_local: bool,
    /// Requests that a token may make in a minute, if nothing else was said of it; 0 for as many as it likes.
    pub requests_per_minute: u32,
    /// Requests that a signed-in page may make in a minute; 0 for as many as it likes.
    pub page_requests_per_minute: u32,
    /// The largest body, in bytes.
    pub max_body_bytes: usize,
    /// How long a request may take.
    pub timeout: Duration,
    /// How long a connection may take to say what it wants.
    pub header_timeout: Duration,
    /// Connections at once.
    pub max_connections: usize,
    /// Listeners to events at once.
    pub max_listeners: usize,
    /// Whether browsers come over TLS, so that their cookies go nowhere else.
    pub behind_tls: bool,
    /// How long open requests may take when the service stops.
    pub grace: Duration,
    /// Makes the span of a request a part of whatever its headers say that it is a part of, where traces are kept.
    pub adopt: Option<Adopt>,
}

/// Takes over, from the headers of a request, whose part its span is.
pub type Adopt = fn(&tracing::Span, &axum::http::HeaderMap);

/// What is watched besides the service itself.
#[derive(Clone)]
pub enum WatchedKind {
    /// A language model.
    Llm(Arc<Outside>),
    /// Somebody who is told of hostile verdicts.
    Webhook(Arc<Webhook>),
}

/// Somebody outside who is asked.
#[derive(Clone)]
pub struct Watched {
    /// Its name in the settings.
    pub name: String,
    /// The provider's name, as the ledger has it.
    pub provider: String,
    /// Its limits, in words.
    pub limits: Vec<String>,
    /// How it goes.
    pub kind: WatchedKind,
}

/// What requests share. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) service: Service,
    pub(crate) articles: OnceLock<ArticleService>,
    pub(crate) measuring: OnceLock<Measuring>,
    pub(crate) forwarding: OnceLock<Forwarding>,
    pub(crate) settings: AppSettings,
    pub(crate) guard: Guard,
    pub(crate) metrics: Metrics,
    pub(crate) hub: Hub,
    pub(crate) watched: Vec<Watched>,
    pub(crate) consultant: Option<Consultant>,
    pub(crate) stopping: AtomicBool,
}

impl App {
    /// An application over a running service; `consultant` is asked for propositions in the predictor's place.
    pub fn new(
        service: Service,
        settings: AppSettings,
        watched: Vec<Watched>,
        consultant: Option<Consultant>,
    ) -> Result<Self, EngineError> {
        let guard = Guard::open(&service, &settings)?;
        let hub = Hub::new(settings.max_listeners);
        let metrics = Metrics::new();
        let stopping = AtomicBool::new(false);
        if let Some(shared) = consultant.as_ref().and_then(Consultant::shared).map(Arc::clone) {
            service.propositions().tell_forgotten(move |rule| shared.forget(rule));
        }
        Ok(Self {
            shared: Arc::new(Shared {
                service,
                articles: OnceLock::new(),
                measuring: OnceLock::new(),
                forwarding: OnceLock::new(),
                settings,
                guard,
                metrics,
                hub,
                watched,
                consultant,
                stopping,
            }),
        })
    }

    /// Serves articles, too. To be said once, before anything is served.
    #[must_use]
    pub fn with_articles(self, articles: ArticleService) -> Self {
        self.shared.articles.get_or_init(|| articles);
        self
    }

    /// Serves measurements, too. To be said once, before anything is served; the runner of the engine's lanes has to run as long.
    #[must_use]
    pub fn with_measurements(self, measurements: Measurements) -> Self {
        self.shared.measuring.get_or_init(|| Measuring::new(measurements));
        self
    }

    /// Passes alerts on, in place of judging and keeping them here. To be said once, before anything is served.
    #[must_use]
    pub fn with_forward(self, to: Arc<dyn Forward>) -> Self {
        // What is not there in time is said to have failed, while there is time to say so.
        let patience = self.shared.settings.timeout.mul_f64(0.8);
        self.shared.forwarding.get_or_init(|| Forwarding::new(to, patience));
        self
    }

    pub(crate) fn service(&self) -> &Service {
        &self.shared.service
    }

    /// Articles, feeds and readers, where they are served.
    pub(crate) fn articles(&self) -> Result<&ArticleService, Problem> {
        self.shared.articles.get().ok_or_else(|| {
            Problem::new(
                StatusCode::NOT_FOUND,
                "articles are not served here",
                "`watchfire serve` serves them; GET /api/v1/openapi.json describes what there is",
            )
        })
    }

    /// Reads from the store without holding up whoever else is served.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Store) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = Arc::clone(self.service().store());
        tokio::task::spawn_blocking(move || read(&store)).await.map_err(|error| {
            tracing::error!(%error, "reading failed");
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "reading failed",
                "this is a bug: please report it with the request",
            )
        })?
    }
}
