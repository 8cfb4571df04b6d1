//! Metrics for Prometheus. Names and labels are few and known: nothing that comes in names one.

use crate::app::App;
use crate::figures::memory;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt::Write;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::time::Instant;
use watchfire_engine::service::{Refusal, Timing};

/// Upper ends of buckets, in seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Served {
    route: &'static str,
    method: Method,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Method {
    Get,
    Head,
    Post,
    Patch,
    Delete,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Why {
    Full,
    Limited,
    TooLarge,
    Unreadable,
    Key,
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    why: Why,
}

/// The routes that are counted apart; everything else is `other`.
const ROUTES: [&str; 23] = [
    "/",
    "/assets/{name}",
    "/api/v1/alerts",
    "/api/v1/alerts/process",
    "/api/v1/alerts/{id}",
    "/api/v1/patterns",
    "/api/v1/patterns/{id}",
    "/api/v1/patterns/{id}/decision",
    "/api/v1/decisions",
    "/api/v1/decisions/by-alert",
    "/api/v1/decisions/{id}",
    "/api/v1/dead-letters",
    "/api/v1/dead-letters/replay",
    "/api/v1/dead-letters/{id}",
    "/api/v1/statistics",
    "/api/v1/cost",
    "/api/v1/events",
    "/api/v1/stream/ocsf",
    "/api/v1/session",
    "/api/v1/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
];

/// What is counted of requests. The rest is read from the service when somebody scrapes.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Served, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    refused: Family<Refused, Counter>,
    limited: Counter,
    timeouts: Counter,
    memory: Gauge<u64, AtomicU64>,
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("watchfire");
        let requests = Family::<Served, Counter>::default();
        let seconds = Family::<Route, Histogram, fn() -> Histogram>::new_with_constructor(histogram);
        let refused = Family::<Refused, Counter>::default();
        let (limited, timeouts) = (Counter::default(), Counter::default());
        let memory = Gauge::<u64, AtomicU64>::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_seconds", "Time from headers to answer", seconds.clone());
        registry.register("intake_refused", "Requests with alerts that were refused", refused.clone());
        registry.register("limited", "Requests refused because a caller made too many", limited.clone());
        registry.register("timeouts", "Requests that took too long", timeouts.clone());
        registry.register("memory_bytes", "Resident memory", memory.clone());
        Self { registry, requests, seconds, refused, limited, timeouts, memory }
    }

    /// A caller made too many requests.
    pub(crate) fn limited(&self) {
        self.limited.inc();
        self.refused.get_or_create(&Refused { why: Why::Limited }).inc();
    }

    /// Alerts were refused.
    pub(crate) fn refused(&self, refusal: &Refusal) {
        let why = match refusal {
            Refusal::Busy => Why::Full,
            Refusal::Unreadable { .. } => Why::Unreadable,
            Refusal::TooLarge(_) => Why::TooLarge,
            Refusal::KeyReused => Why::Key,
            Refusal::Store(_) | Refusal::Failed(_) => Why::Failed,
        };
        self.refused.get_or_create(&Refused { why }).inc();
    }

    /// All metrics as text.
    pub(crate) fn text(&self, app: &App) -> String {
        self.memory.set(memory());
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            tracing::error!("the metrics can't be written");
        }
        let mut all = text.strip_suffix("# EOF\n").unwrap_or(&text).to_owned();
        all.push_str(&of_service(app));
        all.push_str("# EOF\n");
        all
    }
}

/// Metrics that the service keeps itself.
fn of_service(app: &App) -> String {
    let service = app.service();
    let live = service.live();
    let (balance, stored) = (live.balance(), live.stored());
    let mut text = String::new();
    let mut one = |name: &str, kind: &str, help: &str, samples: &[(String, f64)]| {
        put(&mut text, name, kind, help, samples);
    };
    let plain = |value: f64| vec![(String::new(), value)];
    let labelled = |name: &str, label: &str, value: f64| (format!("{{{name}=\"{label}\"}}"), value);
    one("received", "counter", "Records that came in", &plain(balance.received as f64));
    one(
        "alerts",
        "counter",
        "Records by what became of them",
        &[
            labelled("outcome", "judged", balance.judged as f64),
            labelled("outcome", "set_aside", balance.set_aside as f64),
            labelled("outcome", "dead", balance.dead as f64),
        ],
    );
    one("pending", "gauge", "Records on their way", &plain(balance.pending as f64));
    let verdicts: Vec<_> = service
        .counts()
        .by_verdict
        .iter()
        .map(|count| labelled("verdict", &count.name, count.alerts as f64))
        .collect();
    one("verdicts", "counter", "Alerts by verdict", &verdicts);
    one("stored_alerts", "gauge", "Alerts in the store", &plain(stored.alerts as f64));
    one("dead_letters", "gauge", "Dead letters that wait", &plain(stored.dead as f64));
    one(
        "open_questions",
        "gauge",
        "Questions that wait for a model",
        &plain(service.open_questions() as f64),
    );
    one("intake_queue", "gauge", "Requests being worked on", &plain(service.queue().0 as f64));
    one("event_listeners", "gauge", "Listeners to events", &plain(app.shared.hub.listeners() as f64));
    let propositions = service.propositions();
    let found = propositions.counts();
    one(
        "propositions",
        "counter",
        "Propositions looked for, by what was found and where",
        &found
            .iter()
            .map(|((status, from), count)| {
                (format!("{{status=\"{status}\",from=\"{from}\"}}"), *count as f64)
            })
            .collect::<Vec<_>>(),
    );
    one(
        "propositions_cache_entries",
        "gauge",
        "Types of alerts whose propositions are remembered",
        &plain(propositions.len() as f64),
    );
    let counts = || service.webhooks().iter().map(|webhook| (&webhook.target().name, webhook.counts()));
    let outcomes = counts().flat_map(|(name, counts)| {
        [
            ("delivered", counts.delivered),
            ("retried", counts.retried),
            ("dead", counts.died),
            ("dropped", counts.dropped),
        ]
        .map(|(outcome, count)| (format!("{{target=\"{name}\",outcome=\"{outcome}\"}}"), count as f64))
    });
    one("webhook_deliveries", "counter", "Deliveries by what became of them", &outcomes.collect::<Vec<_>>());
    let waiting = counts().map(|(name, counts)| labelled("target", name, counts.waiting as f64));
    one("webhook_waiting", "gauge", "Deliveries that wait", &waiting.collect::<Vec<_>>());
    for timing in Timing::ALL {
        let timings = live.timings(timing);
        let name = format!("{}_seconds", timing.name());
        let quantile = |quantile: &str, value: Duration| labelled("quantile", quantile, value.as_secs_f64());
        put(
            &mut text,
            &name,
            "summary",
            "How long it takes",
            &[quantile("0.5", timings.p50), quantile("0.95", timings.p95), quantile("0.99", timings.p99)],
        );
        let _ = writeln!(
            text,
            "watchfire_{name}_count {}\nwatchfire_{name}_sum {}",
            timings.count,
            timings.sum.as_secs_f64()
        );
    }
    text
}

fn put(text: &mut String, name: &str, kind: &str, help: &str, samples: &[(String, f64)]) {
    let _ = writeln!(text, "# HELP watchfire_{name} {help}.\n# TYPE watchfire_{name} {kind}");
    let suffix = if kind == "counter" { "_total" } else { "" };
    for (labels, value) in samples {
        let _ = writeln!(text, "watchfire_{name}{suffix}{labels} {value}");
    }
}

/// Counts every request, and how long it took.
pub(crate) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = ROUTES.into_iter().find(|route| matched.as_deref() == Some(*route)).unwrap_or("other");
    let method = match request.method().as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => Method::Other,
    };
    let started = Instant::now();
    let response = next.run(request).await;
    let metrics = &app.shared.metrics;
    let status = response.status().as_u16();
    metrics.requests.get_or_create(&Served { route, method, status }).inc();
    metrics.seconds.get_or_create(&Route { route }).observe(started.elapsed().as_secs_f64());
    if status == 408 {
        metrics.timeouts.inc();
    }
    response
}
