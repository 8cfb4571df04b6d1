//! Makes what measurements are judged with, by the settings.

use crate::config::{MeasurementSettings, StoreKind};
use crate::exit::Problem;
use std::sync::Arc;
use watchfire_flow::{Clock, LaneRunner};
use watchfire_measure::Engine;
use watchfire_server::Measurements;
use watchfire_store::Store;
use watchfire_store::measurements::{MeasurementStore, SqliteMeasurements};

/// An engine, and what it works with.
pub(super) struct Opened {
    pub(super) engine: Arc<Engine>,
    /// Must run for any batch to get on.
    pub(super) runner: LaneRunner<String>,
    pub(super) store: Arc<dyn MeasurementStore>,
}

impl Opened {
    /// The same for a server, and what has to run beside it.
    pub(super) fn served(self, settings: &MeasurementSettings) -> (Measurements, LaneRunner<String>) {
        let measurements = Measurements {
            engine: self.engine,
            store: self.store,
            most: settings.batch,
            alerts: settings.weights(),
            settings: Arc::new(settings.measure()),
        };
        (measurements, self.runner)
    }
}

/// Opens the store of measurements, and makes an engine on it. Dropping this ends the connecting.
pub(super) async fn open(
    settings: &MeasurementSettings,
    store: &Arc<Store>,
    clock: &Arc<dyn Clock>,
) -> Result<Opened, Problem> {
    settings.check_store()?;
    let seed = u64::try_from(clock.unix_millis()).unwrap_or(0);
    let store: Arc<dyn MeasurementStore> = match settings.store {
        StoreKind::Sqlite => Arc::new(SqliteMeasurements::new(Arc::clone(store))),
        StoreKind::Postgres => postgres(settings).await?,
        StoreKind::Dynamodb => dynamodb(settings, seed).await?,
    };
    let (engine, runner) = Engine::new(
        Arc::clone(&store),
        Arc::new(settings.measure()),
        settings.batch(seed),
        Arc::clone(clock),
    );
    Ok(Opened { engine: Arc::new(engine), runner, store })
}

#[cfg(feature = "postgres")]
async fn postgres(settings: &MeasurementSettings) -> Result<Arc<dyn MeasurementStore>, Problem> {
    use crate::exit::Status;
    use watchfire_store_postgres::{PostgresMeasurements, PostgresSettings};
    let how = PostgresSettings { url: settings.address()?, ..PostgresSettings::default() };
    let store = PostgresMeasurements::connect(&how).await.map_err(|error| {
        Problem::from_error(
            Status::Failed,
            &error,
            "does the server run, and may this user make tables there? docs/measurements.md shows how to set it up",
        )
    })?;
    Ok(Arc::new(store))
}

#[cfg(not(feature = "postgres"))]
#[expect(clippy::unused_async, reason = "as with the feature")]
async fn postgres(settings: &MeasurementSettings) -> Result<Arc<dyn MeasurementStore>, Problem> {
    Err(missing(settings))
}

#[cfg(feature = "dynamodb")]
async fn dynamodb(settings: &MeasurementSettings, seed: u64) -> Result<Arc<dyn MeasurementStore>, Problem> {
    use crate::exit::Status;
    use watchfire_store_dynamodb::{DynamoDb, Settings};
    let failed = |error: &dyn std::error::Error| {
        Problem::from_error(
            Status::Failed,
            error,
            "are keys, region and table right? docs/measurements.md shows how to set it up",
        )
    };
    let table = settings.table.clone().unwrap_or_default();
    let region = settings.region.clone();
    let variable = |name: &str| match name {
        // What the settings say goes before what AWS's own tools are told.
        "AWS_REGION" => region.clone(),
        _ => std::env::var(name).ok(),
    };
    let mut how = Settings::from_environment(table, variable).map_err(|error| failed(&error))?;
    how.endpoint = settings.endpoint.clone().or(how.endpoint);
    how.seed = seed;
    let store = DynamoDb::new(how).map_err(|error| failed(&error))?;
    store.create_table().await.map_err(|error| failed(&error))?;
    Ok(Arc::new(store))
}

#[cfg(not(feature = "dynamodb"))]
#[expect(clippy::unused_async, reason = "as with the feature")]
async fn dynamodb(settings: &MeasurementSettings, _seed: u64) -> Result<Arc<dyn MeasurementStore>, Problem> {
    Err(missing(settings))
}

/// What is told before it comes to this, by the check of the store.
#[cfg(not(all(feature = "postgres", feature = "dynamodb")))]
fn missing(settings: &MeasurementSettings) -> Problem {
    Problem::usage(
        format!("[measurements] store: this program was built without {}", settings.store.name()),
        "set store = \"sqlite\"",
    )
}
