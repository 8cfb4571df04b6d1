//! From `[intel.services.NAME]` in the settings to services that can be asked.

use crate::config::Settings;
use crate::exit::{Problem, Status};
use crate::terminal::{self, grouped};
use std::sync::Arc;
use std::time::Duration;
use watchfire_engine::{Desk, Enricher, Forecast};
use watchfire_flow::{Backoff, BreakerSettings, BudgetConfig, Quota};
use watchfire_http::{Client, Http, Pool};
use watchfire_intel::services;

/// The services of the settings, ready to be asked; `None` if there are none. For a `dry_run` no keys are needed.
pub(super) fn enricher(settings: &Settings, seed: u64, dry_run: bool) -> Result<Option<Enricher>, Problem> {
    if settings.intel.services.is_empty() {
        return Ok(None);
    }
    let client = Client::new(&Pool::default()).map_err(|error| {
        Problem::from_error(Status::Failed, &error, "are the system's certificates in place?")
    })?;
    let http: Arc<dyn Http> = Arc::new(client);
    let mut desks = Vec::new();
    for (name, service) in &settings.intel.services {
        let key = if dry_run { String::new() } else { service.key(name)? };
        // The settings name no other services: see `ServiceSettings::check`.
        let (Some(known), Some(lifetimes)) =
            (services::open(name, &key, service.base_url.as_deref()), services::lifetimes(name))
        else {
            continue;
        };
        let timeout = Duration::from_secs_f64(service.timeout_s);
        let mut quotas = service.quotas(name);
        quotas.push(Quota::Concurrency(u64::from(service.concurrency)));
        desks.push(Desk {
            service: known.into(),
            http: Arc::clone(&http),
            // A call that we gave up on may arrive a little after that.
            limits: BudgetConfig {
                quotas,
                longest_flight: timeout + Duration::from_secs(5),
                ..BudgetConfig::default()
            },
            concurrency: usize::from(service.concurrency),
            timeout,
            patience: service.patience(),
            lifetimes: *lifetimes,
            breaker: BreakerSettings::default(),
            backoff: Backoff::default(),
        });
    }
    Ok(Some(Enricher { desks, outbound: settings.intel.outbound()?, seed }))
}

/// Says what asking would take.
pub(super) fn tell_forecast(forecast: &Forecast) {
    let mut text = format!("\n{} indicators:\n", grouped(forecast.indicators));
    for (service, calls, cached) in &forecast.services {
        text.push_str(&format!(
            "  {service:<12} {} calls, {} answers still hold\n",
            grouped(*calls),
            grouped(*cached)
        ));
    }
    terminal::write_err(&text);
}
