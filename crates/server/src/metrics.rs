//! Metrics for Prometheus. Names and labels are few and known: nothing that comes in names one.

mod articles;
mod measurements;

use crate::app::{App, WatchedKind};
use crate::figures::memory;
use crate::shape::FeedState;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt::Write;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;
use watchfire_engine::service::{Forwarded, Refusal, Timing};

/// Upper ends of buckets, in seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Served {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    why: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassedOn {
    outcome: &'static str,
}

/// The methods that are counted apart; everything else is `other`.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// The routes that are counted apart; everything else is `other`.
const ROUTES: [&str; 41] = [
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
    "/api/v1/articles/with-relevance",
    "/api/v1/articles/map",
    "/api/v1/articles/statistics",
    "/api/v1/articles/{id}",
    "/api/v1/articles/{id}/action",
    "/api/v1/relevance/calculate",
    "/api/v1/relevance/{job}",
    "/api/v1/feeds",
    "/api/v1/feeds/{id}",
    "/api/v1/feeds/{id}/fetch",
    "/api/v1/profiles",
    "/api/v1/profiles/{user}",
    "/api/v1/measurements/batch",
    "/api/v1/measurements/users",
    "/api/v1/measurements/statistics",
    "/api/v1/measurements/dead",
    "/api/v1/measurements/dead/replay",
    "/api/v1/measurements/{user}",
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
    forwarded: Family<PassedOn, Counter>,
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
        let forwarded = Family::<PassedOn, Counter>::default();
        let (limited, timeouts) = (Counter::default(), Counter::default());
        let memory = Gauge::<u64, AtomicU64>::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_seconds", "Time from headers to answer", seconds.clone());
        registry.register("intake_refused", "Requests with alerts that were refused", refused.clone());
        registry.register(
            "forwarded",
            "Records that were passed on to workers, or are no alerts",
            forwarded.clone(),
        );
        registry.register("limited", "Requests refused because a caller made too many", limited.clone());
        registry.register("timeouts", "Requests that took too long", timeouts.clone());
        registry.register("memory_bytes", "Resident memory", memory.clone());
        Self { registry, requests, seconds, refused, forwarded, limited, timeouts, memory }
    }

    /// A caller made too many requests.
    pub(crate) fn limited(&self) {
        self.limited.inc();
        self.refused.get_or_create(&Refused { why: "limited" }).inc();
    }

    /// Alerts were refused.
    pub(crate) fn refused(&self, refusal: &Refusal) {
        let why = match refusal {
            Refusal::Busy => "full",
            Refusal::Unreadable { .. } => "unreadable",
            Refusal::TooLarge(_) | Refusal::LongRecord { .. } => "too_large",
            Refusal::KeyReused => "key",
            Refusal::Store(_) | Refusal::Failed(_) => "failed",
            Refusal::NotForwarded(_) => "topic",
        };
        self.refused.get_or_create(&Refused { why }).inc();
    }

    /// A request was passed on.
    pub(crate) fn forwarded(&self, forwarded: &Forwarded) {
        let alerts = forwarded.sent - forwarded.broken;
        for (outcome, records) in
            [("sent", alerts), ("set_aside", forwarded.set_aside), ("broken", forwarded.broken)]
        {
            self.forwarded.get_or_create(&PassedOn { outcome }).inc_by(records);
        }
    }

    /// A body was too long.
    pub(crate) fn too_large(&self) {
        self.refused.get_or_create(&Refused { why: "too_large" }).inc();
    }

    /// All metrics as text.
    pub(crate) fn text(
        &self,
        app: &App,
        patterns: u64,
        feeds: &[FeedState],
        dead_measurements: (u64, u64),
    ) -> String {
        self.memory.set(memory());
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            tracing::error!("the metrics can't be written");
        }
        let mut all = text.strip_suffix("# EOF\n").unwrap_or(&text).to_owned();
        all.push_str(&of_service(app, patterns));
        if let Ok(service) = app.articles() {
            articles::tell(&mut all, service, feeds);
        }
        if let Ok(measuring) = app.measuring() {
            measurements::tell(&mut all, measuring, dead_measurements);
        }
        all.push_str("# EOF\n");
        all
    }
}

/// Metrics that the service keeps itself.
fn of_service(app: &App, patterns: u64) -> String {
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
    one("patterns", "gauge", "Patterns in the store", &plain(patterns as f64));
    one("build_info", "gauge", "The program", &[labelled("version", env!("CARGO_PKG_VERSION"), 1.0)]);
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
        let name = format!("{}_seconds", timing.name());
        buckets(&mut text, &name, "How long it takes", &live.histogram(timing), &BUCKETS, 1.0);
    }
    let sizes = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
    // Kept as nanoseconds, one for each request.
    buckets(&mut text, "commit_requests", "Requests in a transaction", &live.commit_sizes(), &sizes, 1e9);
    outside(app, &mut text);
    let _ = writeln!(
        text,
        "# HELP process_start_time_seconds When the process started.\n# TYPE process_start_time_seconds gauge\n\
         process_start_time_seconds {:.3}",
        (service.clock().unix_millis() as f64 / 1e3) - live.uptime().as_secs_f64()
    );
    text
}

/// A histogram; `scale` is what a second counts as.
fn buckets(
    text: &mut String,
    name: &str,
    help: &str,
    (histogram, sum): &(watchfire_flow::Histogram, Duration),
    ends: &[f64],
    scale: f64,
) {
    let _ = writeln!(text, "# HELP watchfire_{name} {help}.\n# TYPE watchfire_{name} histogram");
    for end in ends {
        let below = histogram.at_most(Duration::from_secs_f64(end / scale));
        let _ = writeln!(text, "watchfire_{name}_bucket{{le=\"{end:?}\"}} {below}");
    }
    let count = histogram.count();
    let _ = writeln!(text, "watchfire_{name}_bucket{{le=\"+Inf\"}} {count}");
    let _ =
        writeln!(text, "watchfire_{name}_sum {}\nwatchfire_{name}_count {count}", sum.as_secs_f64() * scale);
}

/// Whoever is asked outside, by the names in the settings.
fn outside(app: &App, text: &mut String) {
    let (mut calls, mut costs, mut breakers) = (Vec::new(), Vec::new(), Vec::new());
    for watched in &app.shared.watched {
        let WatchedKind::Llm(outside) = &watched.kind else { continue };
        let name: String = watched.name.chars().filter(|c| !matches!(c, '"' | '\\' | '\n')).collect();
        let asked = outside.asked();
        for outcome in &asked.outcomes {
            calls.push((
                format!("{{service=\"{name}\",outcome=\"{}\"}}", outcome.name),
                outcome.alerts as f64,
            ));
        }
        costs.push((format!("{{service=\"{name}\"}}"), asked.cost_nano_usd as f64 / 1e9));
        let state = match outside.breaker() {
            "closed" => 0.0,
            "half_open" => 1.0,
            _ => 2.0,
        };
        breakers.push((format!("{{service=\"{name}\"}}"), state));
    }
    put(text, "outside_calls", "counter", "Calls to whoever is asked outside, by what came of them", &calls);
    put(text, "outside_cost_usd", "counter", "What they cost, in US dollars", &costs);
    put(text, "breaker_state", "gauge", "0 closed, 1 half-open, 2 open", &breakers);
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
    let method = METHODS.into_iter().find(|method| request.method() == *method).unwrap_or("other");
    let span = tracing::debug_span!(
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        http.response.status_code = tracing::field::Empty,
    );
    if let Some(adopt) = app.shared.settings.adopt {
        adopt(&span, request.headers());
    }
    let started = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    let metrics = &app.shared.metrics;
    let status = response.status().as_u16();
    metrics.requests.get_or_create(&Served { route, method, status }).inc();
    metrics.seconds.get_or_create(&Route { route }).observe(started.elapsed().as_secs_f64());
    if status == 408 {
        metrics.timeouts.inc();
    }
    response
}
