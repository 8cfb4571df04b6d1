//! Batches on real stores: shuffled, repeated, given up halfway, after restarts and from two writers at once, they end as one after the
//! other. On SQLite always; on PostgreSQL and DynamoDB where `checks/postgres` or `checks/dynamodb` runs this.

use super::exactness::{next_batch, sequential};
use super::*;
use crate::state::UserState;
use rand::RngExt;
use std::collections::BTreeMap;
use tokio::time::timeout;
use watchfire_store::measurements::SqliteMeasurements;
use watchfire_store::{Location, Store};
use watchfire_store_dynamodb::{DynamoDb, Settings};
use watchfire_store_postgres::{PostgresMeasurements, PostgresSettings};

type AnyStore = Arc<dyn MeasurementStore>;

/// Runs of the property on each store.
const RUNS: u64 = 12;

/// What a test says where it can't run.
fn skipped(what: &str) {
    eprintln!("skipped: {what} is not set");
}

/// Measurements in the order of time: four users of this run, two metrics, some spikes, some without ids.
fn input(chance: &mut ChaCha8Rng, run: u64) -> Vec<Measurement> {
    (0..chance.random_range(20..120_i64))
        .map(|place| Measurement {
            id: chance.random_bool(0.5).then(|| place.to_string()),
            user: format!("run-{run}-user-{}", chance.random_range(0..4)),
            metric: format!("metric-{}", chance.random_range(0..2)),
            time: Timestamp::from_millis(1_700_000_000_000 + 1_000 * (place / 3)).unwrap(),
            value: chance.random_range(0.0..10.0) + if chance.random_bool(0.1) { 1e3 } else { 0.0 },
            unit: None,
        })
        .collect()
}

/// Sends a batch until every measurement has an answer, with an engine that is given up at any moment and made anew.
async fn writer(store: &AnyStore, batch: &[Measurement], seed: u64) -> Vec<Outcome> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    for attempt in 0..200 {
        let settings = BatchSettings { seed: chance.random(), ..BatchSettings::default() };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let (engine, runner) = Engine::new(Arc::clone(store), Arc::default(), settings, clock);
        // The first tries are cut short, most of them in the middle of reading or writing.
        let patience = if attempt < 4 {
            Duration::from_micros(chance.random_range(1..8_000))
        } else {
            Duration::from_secs(30)
        };
        let Ok(judged) = beside(runner, timeout(patience, engine.judge(batch.to_vec()))).await else {
            continue;
        };
        let outcomes = outcomes(&judged.unwrap());
        if outcomes.iter().all(Option::is_some) {
            let told = outcomes.into_iter().flatten();
            return told.map(|outcome| Outcome { repeated: false, ..outcome }).collect();
        }
    }
    unreachable!("no end of trouble");
}

async fn ends_as_a_sequential_run(store: AnyStore, first_run: u64) {
    for run in first_run..first_run + RUNS {
        let mut chance = ChaCha8Rng::seed_from_u64(run);
        let input = input(&mut chance, run);
        let mut states = BTreeMap::new();
        let mut rest = &input[..];
        while !rest.is_empty() {
            let batch = next_batch(&mut rest, &mut chance);
            // Two at once, that know nothing of each other.
            let (one, another) = tokio::join!(
                writer(&store, &batch, chance.random()),
                writer(&store, &batch, chance.random())
            );
            let expected = sequential(&mut states, &batch);
            assert_eq!(one, expected, "run {run}");
            assert_eq!(another, expected, "run {run}");
        }
        let users: Vec<String> = states.keys().cloned().collect();
        for (user, stored) in users.iter().zip(store.load(&users).await) {
            let stored = stored.unwrap().unwrap();
            assert_eq!(UserState::decode(&stored.value).unwrap(), states[user], "run {run}, {user}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_it_ends_as_a_sequential_run() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&Location::File(folder.path().join("store.db"))).unwrap());
    ends_as_a_sequential_run(Arc::new(SqliteMeasurements::new(store)), 0).await;
}

/// A server may have users of earlier runs.
fn unused() -> u64 {
    u64::try_from(SystemClock::new().unix_millis()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_it_ends_as_a_sequential_run() {
    let Ok(url) = std::env::var("WATCHFIRE_POSTGRES_URL") else { return skipped("WATCHFIRE_POSTGRES_URL") };
    let settings = PostgresSettings { url, schema: "engine".to_owned(), ..PostgresSettings::default() };
    let store = PostgresMeasurements::connect(&settings).await.unwrap();
    ends_as_a_sequential_run(Arc::new(store), unused()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_dynamodb_it_ends_as_a_sequential_run() {
    let Ok(endpoint) = std::env::var("WATCHFIRE_DYNAMODB_URL") else {
        return skipped("WATCHFIRE_DYNAMODB_URL");
    };
    let variable = |name: &str| name.starts_with("AWS_").then(|| "local".to_owned());
    let mut settings = Settings::from_environment("engine".to_owned(), variable).unwrap();
    settings.endpoint = Some(endpoint);
    let store = DynamoDb::new(settings).unwrap();
    store.create_table().await.unwrap();
    ends_as_a_sequential_run(Arc::new(store), unused()).await;
}
