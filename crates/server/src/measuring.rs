//! Batches of measurements that come in over HTTP: judged, and what does not end there handed on.
//!
//! Three things follow from a batch, in this order: what was judged is durable, what failed is a dead letter, and rejected values that
//! matter are alerts. Whoever is cut off in between sends the batch again: what was judged is answered as it was, and the
//! rest is made up for. Nothing is applied, kept or told twice, so an Idempotency-Key has nothing to add.

use crate::app::App;
use crate::problem::Problem;
use axum::http::StatusCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use watchfire_engine::measuring::{AlertWeights, RejectedAlert, worth_keeping};
use watchfire_engine::service::{Accepted, Refusal};
use watchfire_judge::tame;
use watchfire_measure::batch::BatchError;
use watchfire_measure::{Engine, Judged, MeasureSettings, Measurement};
use watchfire_store::measurements::MeasurementStore;

/// Alerts of one batch that are judged at once, so that one batch can't take every place in the intake.
const ALERTS_AT_ONCE: usize = 16;

/// What measurements are judged with. The runner of the engine's lanes has to run beside the server.
#[derive(Clone)]
pub struct Measurements {
    /// Judges.
    pub engine: Arc<Engine>,
    /// Where the engine keeps what it knows of users.
    pub store: Arc<dyn MeasurementStore>,
    /// Measurements of a batch at most, as the engine has it.
    pub most: usize,
    /// Which rejected values are alerts.
    pub alerts: AlertWeights,
    /// What metrics are judged by, as the engine has it.
    pub settings: Arc<MeasureSettings>,
}

/// The same, and what is counted besides what the engine counts.
pub(crate) struct Measuring {
    pub(crate) given: Measurements,
    /// Alerts that were made of rejected values.
    pub(crate) alerts: AtomicU64,
    /// Time that batches took, in microseconds.
    pub(crate) micros: AtomicU64,
}

impl Measuring {
    pub(crate) fn new(given: Measurements) -> Self {
        Self { given, alerts: AtomicU64::new(0), micros: AtomicU64::new(0) }
    }
}

/// What came of a batch.
pub(crate) struct Measured {
    pub(crate) judged: Judged,
    /// Alerts that are new.
    pub(crate) alerts: u64,
    /// Dead letters that are kept, and that were dropped for lack of room.
    pub(crate) letters: (u64, u64),
}

impl App {
    /// Measurements, where they are served.
    pub(crate) fn measuring(&self) -> Result<&Measuring, Problem> {
        self.shared.measuring.get().ok_or_else(|| {
            Problem::new(
                StatusCode::NOT_FOUND,
                "measurements are not served here",
                "[measurements] enabled in the settings says whether they are; GET /api/v1/openapi.json describes what there is",
            )
        })
    }

    /// Judges a batch, and hands on what does not end there. Dropping this is made up for by sending the batch again.
    pub(crate) async fn measure(&self, batch: Vec<Measurement>) -> Result<Measured, Problem> {
        let measuring = self.measuring()?;
        let weights = &measuring.given.alerts;
        let of_weight: Vec<(usize, Measurement)> = batch
            .iter()
            .enumerate()
            .filter(|(_, measurement)| weights.of(&measurement.metric).is_some())
            .map(|(place, measurement)| (place, measurement.clone()))
            .collect();
        let judged = measuring.given.engine.judge(batch).await.map_err(not_begun)?;
        let micros = u64::try_from(judged.took.as_micros()).unwrap_or(u64::MAX);
        measuring.micros.fetch_add(micros, Ordering::Relaxed);
        let letters = worth_keeping(&judged.dead, self.service().clock().unix_millis());
        let kept = letters.len() as u64;
        let dropped = if letters.is_empty() {
            0
        } else {
            self.read(move |store| Ok(store.keep_measurement_dead(&letters)?)).await?
        };
        let alerts: Vec<RejectedAlert> = of_weight
            .iter()
            .filter_map(|(place, measurement)| weights.alert(measurement, judged.answers[*place].outcome()?))
            .collect();
        let alerts = self.raise(alerts).await?;
        measuring.alerts.fetch_add(alerts, Ordering::Relaxed);
        Ok(Measured { judged, alerts, letters: (kept - dropped, dropped) })
    }

    /// Has alerts judged; says how many are new.
    async fn raise(&self, alerts: Vec<RejectedAlert>) -> Result<u64, Problem> {
        let mut working = JoinSet::new();
        let mut raised = 0;
        for alert in alerts {
            if working.len() >= ALERTS_AT_ONCE
                && let Some(done) = working.join_next().await
            {
                raised += taken(done)?;
            }
            let service = self.service().clone();
            working
                .spawn(async move { service.accept(alert.json.into_bytes(), Some(alert.key), false).await });
        }
        while let Some(done) = working.join_next().await {
            raised += taken(done)?;
        }
        Ok(raised)
    }
}

/// Whether an alert is new. One whose key is known with other bytes is another value of the same time, and told already.
fn taken(done: Result<Result<Accepted, Refusal>, JoinError>) -> Result<u64, Problem> {
    let why = match done {
        Ok(Ok(accepted)) => return Ok(u64::from(!accepted.replayed)),
        Ok(Err(Refusal::KeyReused)) => return Ok(0),
        Ok(Err(refusal)) => refusal.to_string(),
        Err(error) => error.to_string(),
    };
    Err(Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        format!(
            "the measurements were judged, but a rejected one can't become an alert: {}",
            tame(&why, 200)
        ),
        "send the same batch again: nothing is applied twice",
    )
    .after(Duration::from_secs(1)))
}

fn not_begun(error: BatchError) -> Problem {
    match error {
        BatchError::TooMany { most, .. } => too_many(most),
        BatchError::Closed => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "measurements are not taken any more: the service is stopping",
            "send the same batch again, in a while",
        )
        .after(Duration::from_secs(1)),
    }
}

/// A batch of more measurements than one may have.
pub(crate) fn too_many(most: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("a batch has at most {most} measurements"),
        "send it in several batches; [measurements] batch in the settings is the bound",
    )
}
