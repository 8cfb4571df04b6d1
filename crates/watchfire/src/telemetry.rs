//! What the service says of itself while it runs: its log, and traces where somebody collects them.
//!
//! Traces are a feature of the build (`otel`), since their exporter brings a gRPC message format and a second HTTP client with
//! it, and most who run this on one machine collect none. Where they go is said by the variables that OpenTelemetry
//! defines (`OTEL_EXPORTER_OTLP_ENDPOINT` and the like), as for any other program: there is nothing of our own to learn.
//!
//! Spans are of level DEBUG and the log is of level INFO, so that nobody pays for spans who does not collect them.

use watchfire_server::Adopt;

#[cfg(not(feature = "otel"))]
pub(crate) use plain::{ADOPT, start};
#[cfg(feature = "otel")]
pub(crate) use traced::{ADOPT, start};

/// Variables of OpenTelemetry that say where traces go.
const WHERE: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// Whether somebody said where traces go.
fn is_wanted() -> bool {
    let is_disabled = std::env::var_os("OTEL_SDK_DISABLED").is_some_and(|value| value == "true");
    !is_disabled && WHERE.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

#[cfg(not(feature = "otel"))]
mod plain {
    use super::{Adopt, is_wanted};

    pub(crate) const ADOPT: Option<Adopt> = None;

    /// Nothing is left to be sent at the end.
    pub(crate) struct Telemetry;

    /// Logs to standard error from now on.
    pub(crate) fn start(json: bool) -> Telemetry {
        let builder = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false);
        if json {
            builder.json().flatten_event(true).init();
        } else {
            builder.with_ansi(false).compact().init();
        }
        if is_wanted() {
            tracing::warn!(
                "traces are wanted by OTEL_EXPORTER_OTLP_ENDPOINT, and this build has none; \
                 build it with `cargo build --release --features otel`"
            );
        }
        Telemetry
    }
}

#[cfg(feature = "otel")]
mod traced {
    use super::{Adopt, is_wanted};
    use opentelemetry::propagation::{Extractor, TextMapPropagator};
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_otlp::SpanExporter;
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing::Level;
    use tracing_opentelemetry::OpenTelemetrySpanExt;
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;
    use tracing_subscriber::{Layer, fmt};

    pub(crate) const ADOPT: Option<Adopt> = Some(adopt);

    /// Sends what is left when it is dropped.
    pub(crate) struct Telemetry(Option<SdkTracerProvider>);

    impl Drop for Telemetry {
        fn drop(&mut self) {
            if let Some(provider) = self.0.take()
                && let Err(error) = provider.shutdown()
            {
                tracing::warn!(%error, "the last traces could not be sent");
            }
        }
    }

    /// Logs to standard error from now on, and sends traces to where the environment says, if it does.
    pub(crate) fn start(json: bool) -> Telemetry {
        let provider = is_wanted().then(provider).transpose();
        let log = fmt::layer().with_writer(std::io::stderr).with_target(false);
        let log = if json {
            log.json().flatten_event(true).boxed()
        } else {
            log.with_ansi(false).compact().boxed()
        };
        let log = log.with_filter(LevelFilter::INFO);
        let (provider, problem) = match provider {
            Ok(provider) => (provider, None),
            Err(error) => (None, Some(error)),
        };
        let traces = provider.as_ref().map(|provider| {
            let tracer = provider.tracer("watchfire");
            // Libraries have spans of their own, which say nothing to whoever runs this.
            let ours = Targets::new().with_targets(
                ["watchfire_server", "watchfire_engine", "watchfire_http"].map(|name| (name, Level::DEBUG)),
            );
            tracing_opentelemetry::layer().with_tracer(tracer).with_filter(ours)
        });
        tracing_subscriber::registry().with(log).with(traces).init();
        if let Some(error) = problem {
            tracing::warn!(%error, "no traces are sent");
        }
        Telemetry(provider)
    }

    fn provider() -> Result<SdkTracerProvider, opentelemetry_otlp::ExporterBuildError> {
        let exporter = SpanExporter::builder().with_http().build()?;
        // What the environment says of the service's name and attributes stands over this.
        let resource = Resource::builder()
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let resource = if std::env::var_os("OTEL_SERVICE_NAME").is_some() {
            resource
        } else {
            resource.with_service_name("watchfire")
        };
        Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build())
    }

    /// Headers as OpenTelemetry reads them.
    struct Headers<'h>(&'h axum::http::HeaderMap);

    impl Extractor for Headers<'_> {
        fn get(&self, name: &str) -> Option<&str> {
            self.0.get(name).and_then(|value| value.to_str().ok())
        }

        fn keys(&self) -> Vec<&str> {
            self.0.keys().map(axum::http::HeaderName::as_str).collect()
        }
    }

    /// Follows `traceparent` (W3C Trace Context), so that whoever sent a request sees in one trace what became of it.
    fn adopt(span: &tracing::Span, headers: &axum::http::HeaderMap) {
        if span.is_disabled() || !headers.contains_key("traceparent") {
            return;
        }
        // A span that was sampled away has no parent to be given.
        drop(span.set_parent(TraceContextPropagator::new().extract(&Headers(headers))));
    }
}
