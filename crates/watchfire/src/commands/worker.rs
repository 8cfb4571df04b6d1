//! `watchfire worker`: takes its share of alerts from Kafka.

mod edge;
mod share;

use super::asking;
use crate::cli::{Common, Worker as Command};
use crate::config::{Settings, load};
use crate::exit::{Problem, Status};
use crate::{telemetry, terminal};
use edge::KafkaLog;
use share::share;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use watchfire_engine::worker::{Ended, Setup, Worker};
use watchfire_engine::{Asker, ReputationCache};
use watchfire_flow::{Clock, SystemClock};
use watchfire_judge::tame;
use watchfire_kafka::{EdgeError, KafkaSettings, ensure_topics};
use watchfire_store::fleet::FleetStore;
use watchfire_store::{Location, Store};
use watchfire_store_postgres::{Postgres, PostgresError, PostgresFleet};

/// How long to wait before a server that can't be reached is tried again: at first, and at most.
const WAITS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

/// How often the tables are kept in order.
const HOUR: Duration = Duration::from_secs(3_600);

pub(super) fn run(common: &Common, command: &Command) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let settings = &loaded.settings;
    let _telemetry = telemetry::start(true);
    let threads = available_parallelism().map_or(2, usize::from).clamp(2, 16);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().map_err(
            |error| Problem::from_error(Status::Failed, &error, "how many threads may this user have?"),
        )?;
    let ended = runtime.block_on(work(settings, command));
    // Threads that wait for servers which are away end with the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// Works until it is told to stop.
async fn work(settings: &Settings, command: &Command) -> Result<Status, Problem> {
    let mut stop = pin!(told_to_stop());
    let name = name(settings, command)?;
    let kafka = settings.kafka.settings(&settings.worker, name.clone())?;
    let (ground, rule_problems) = settings.ground()?;
    let (intel, list_problems) = settings.intel(&command.intel);
    terminal::rule_problems(&rule_problems);
    terminal::list_problems(&list_problems);
    // What belongs to this worker alone and to this run: reputations of its lists, and the books of one round of asking.
    let own = Store::open(&Location::Memory)?;
    let reputations = ReputationCache::open(intel, &own)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store = tokio::select! {
        store = connected(settings) => store?,
        () = &mut stop => return Ok(Status::Done),
    };
    let mut process = [0; 16];
    getrandom::fill(&mut process).map_err(|error| {
        Problem::new(Status::Failed, error.to_string(), "the machine gives no random numbers")
    })?;
    let mut asker = match settings.worker.model.as_deref() {
        Some(model) => Some(asker(settings, &own, &store, model, &clock).await?),
        None => None,
    };
    let budget = share(settings, &mut asker, &clock)?;
    let members = |count: usize| budget.members(count);
    let setup = Setup {
        name: name.clone(),
        group: kafka.group.clone(),
        store: &store,
        clock: Arc::clone(&clock),
        ground: &ground,
        mappings: settings.mappings(&command.mapping)?,
        max_record_bytes: settings.input.max_record_bytes,
        reputations: &reputations,
        reuse: settings.reuse.policy(),
        asker: asker.as_ref(),
        patience: settings.worker.patience(),
        process,
        members: &members,
    };
    let mut worker = Worker::new(setup).await?;
    if settings.worker.create_topics {
        let (partitions, copies) = (settings.worker.partitions.into(), settings.worker.replication.into());
        ensure_topics(&kafka, partitions, copies).await.map_err(|error| without_log(&error))?;
    }
    tracing::info!(%name, group = %kafka.group, "working");
    let ended = tokio::select! {
        ended = on_connections(&mut worker, &kafka, &clock, &mut stop) => ended,
        never = upkeep(store.postgres(), &clock, settings.postgres.retention()) => match never {},
    };
    drop(worker);
    budget.leave().await;
    tracing::info!(%name, "stopped");
    ended.map(|()| Status::Done)
}

/// Works on one connection to the log after another, until it is told to stop.
async fn on_connections(
    worker: &mut Worker<'_, PostgresFleet>,
    kafka: &KafkaSettings,
    clock: &Arc<dyn Clock>,
    stop: &mut (impl Future<Output = ()> + Unpin),
) -> Result<(), Problem> {
    let mut wait = WAITS.0;
    loop {
        let mut log = tokio::select! {
            log = connect(kafka) => log?,
            () = &mut *stop => return Ok(()),
        };
        let started = clock.elapsed();
        let ended = worker.run(&mut log, stop).await;
        log.close().await;
        match ended? {
            Ended::Stopped => return Ok(()),
            Ended::Again(reason) => {
                tracing::warn!(reason = %tame(&reason, 300), "all is taken up again from what was committed");
            }
        }
        if clock.elapsed().saturating_sub(started) > Duration::from_secs(60) {
            wait = WAITS.0;
        }
        tokio::select! {
            () = sleep(wait) => wait = (wait * 2).min(WAITS.1),
            () = &mut *stop => return Ok(()),
        }
    }
}

/// Makes months of alerts ahead of them, and takes away what is too old. Every worker does; one at a time has something to do.
async fn upkeep(postgres: &Postgres, clock: &Arc<dyn Clock>, retention: Option<Duration>) -> Infallible {
    loop {
        let now = clock.unix_millis();
        if let Err(error) = postgres.maintain(now).await {
            tracing::warn!(%error, "the tables were not kept in order; that is tried again in an hour");
        }
        while let Some(retention) = retention {
            let before = now.saturating_sub(i64::try_from(retention.as_millis()).unwrap_or(i64::MAX));
            match postgres.retain(before).await {
                Ok(retained) if retained.more => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "what is too old was not taken away; that is tried again in an hour");
                    break;
                }
            }
        }
        sleep(HOUR).await;
    }
}

/// Returns when the process is told to stop.
async fn told_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: what is ready is put out");
}

/// This worker's name: given, or set, or the machine's.
fn name(settings: &Settings, command: &Command) -> Result<String, Problem> {
    if let Some(name) = command.name.clone().or_else(|| settings.worker.name.clone()) {
        return Ok(name);
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    if host.is_empty() {
        return Err(Problem::usage(
            "this worker has no name, and the machine has none",
            "give it one that no other worker of the group has: --name NAME",
        ));
    }
    Ok(host.to_owned())
}

/// The shared store, once it is there. A server that can't be reached is waited for; one that refuses is not.
async fn connected(settings: &Settings) -> Result<PostgresFleet, Problem> {
    let postgres = settings.postgres.settings()?;
    let mut wait = WAITS.0;
    loop {
        match PostgresFleet::connect(&postgres).await {
            Ok(store) => return Ok(store),
            Err(error) if may_pass(&error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::warn!(error = %tame(&error.to_string(), 300), %source, hint = error.hint(), "PostgreSQL is waited for");
            }
            Err(error) => return Err(Problem::from_error(Status::Failed, &error, error.hint())),
        }
        sleep(wait).await;
        wait = (wait * 2).min(WAITS.1);
    }
}

/// A connection to the log, once there is one. Brokers that can't be reached are waited for.
async fn connect(kafka: &KafkaSettings) -> Result<KafkaLog, Problem> {
    let mut wait = WAITS.0;
    loop {
        match KafkaLog::connect(kafka.clone()).await {
            Ok(log) => return Ok(log),
            Err(error @ (EdgeError::Unreachable { .. } | EdgeError::Fatal(_))) => {
                tracing::warn!(error = %tame(&error.to_string(), 300), "Kafka is waited for");
            }
            Err(error) => return Err(without_log(&error)),
        }
        sleep(wait).await;
        wait = (wait * 2).min(WAITS.1);
    }
}

/// Whether a database that refused may not refuse later: it is away, or just starting.
fn may_pass(error: &PostgresError) -> bool {
    match error {
        PostgresError::Connect { .. } | PostgresError::Late { .. } => true,
        PostgresError::Tables { source } => source.as_db_error().is_none(),
        PostgresError::Url { .. }
        | PostgresError::Setting { .. }
        | PostgresError::Certificates { .. }
        | PostgresError::Newer { .. } => false,
    }
}

/// Why there is no log. What can be done stands in the error's own words.
pub(super) fn without_log(error: &EdgeError) -> Problem {
    let text = error.to_string();
    let (message, hint) =
        text.split_once("\nhint: ").unwrap_or((&text, "[kafka] is described in docs/fleet.md"));
    let status = if matches!(error, EdgeError::Setting { .. }) { Status::Usage } else { Status::Failed };
    Problem::new(status, message, hint)
}

/// The model of that name, with names replaced the same way by all workers.
async fn asker(
    settings: &Settings,
    own: &Store,
    store: &PostgresFleet,
    model: &str,
    clock: &Arc<dyn Clock>,
) -> Result<Asker, Problem> {
    let seed = u64::try_from(clock.unix_millis()).unwrap_or(0);
    let fresh = own.secret("pseudonyms")?;
    let shared = loop {
        match store.secret("pseudonyms", fresh).await {
            Ok(shared) => break shared,
            Err(error) if error.is_passing() => sleep(WAITS.0).await,
            Err(error) => return Err(Problem::from_error(Status::Failed, &error, error.hint())),
        }
    };
    asking::asker_with(settings, &shared, model, seed, false)
}
