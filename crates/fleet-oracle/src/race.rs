//! How fast workers are when nothing disturbs them, and where the time goes.
//!
//! Workers wait, settled, on an empty topic, and reach the servers by no proxy. Then the records are fed as fast as it goes.
//! The clock runs from the moment the first may be fed to the last verdict that a reader of the topic sees.

use crate::error::OracleError;
use crate::feeding::Feeder;
use crate::fleet::Fleet;
use crate::intake::Intake;
use crate::judging::{Findings, Kind, judge};
use crate::process;
use crate::reading;
use crate::report::{Asked as AskedModel, Report};
use crate::servers::{Server, Servers};
use crate::stored;
use crate::storm::{Ground, Plan, ask, blocking, finish, model};
use crate::told::Told;
use crate::topics::Asked;
use crate::watching::Watcher;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use watchfire_standin::Standin;

/// How long the group may take to settle.
const TO_SETTLE: Duration = Duration::from_secs(60);
/// How often it is looked how things are.
const STEP: Duration = Duration::from_millis(50);

/// How fast it was.
#[derive(Debug, Clone, Serialize)]
pub struct Race {
    /// Workers.
    pub workers: usize,
    /// From the moment that the first record may be fed to the last verdict, in seconds.
    pub seconds: f64,
    /// How long feeding took, of these.
    pub feeding_seconds: f64,
    /// Records in a second.
    pub records_per_s: f64,
    /// Seconds of a core that each had in that time: workers by name, servers, and this program with the stand-in.
    pub core_seconds: BTreeMap<String, f64>,
    /// Records that each worker read.
    pub shares: BTreeMap<String, u64>,
}

impl Race {
    pub(crate) fn rows(&self, row: &mut impl FnMut(&str, String)) {
        row(
            "race",
            format!(
                "{} workers: {:.0} records/s ({:.2} s, {:.2} s of them feeding)",
                self.workers, self.records_per_s, self.seconds, self.feeding_seconds
            ),
        );
        let cores: Vec<String> =
            self.core_seconds.iter().map(|(name, seconds)| format!("{name} {seconds:.1}")).collect();
        row("seconds of a core", cores.join(", "));
        let shares: Vec<String> = self.shares.iter().map(|(name, count)| format!("{name} {count}")).collect();
        row("records by worker", shares.join(", "));
    }
}

/// Runs one race with so many workers as the plan says. Its strikes are not looked at.
pub async fn run(plan: Plan, told: Told) -> Result<Report, OracleError> {
    let start = Instant::now();
    let servers = Servers::from_environment()?;
    let standin = match plan.limit {
        Some(limit) => Some(Standin::start(model(limit, plan.seed)).await?),
        None => None,
    };
    let ground = Ground::prepare(&servers, &plan).await?;
    let intake = Intake::open(plan.data.as_deref(), plan.seed)?;
    let feeder = Feeder::start(&ground.topics, intake, plan.records, 0.0)?;
    let watcher = Watcher::start(&ground.topics)?;
    let mut findings = Findings::default();
    let address = standin.as_ref().map(|running| running.address);
    let mut fleet = Fleet::direct(plan.program.clone(), ground.common, &servers, address, told);
    for _ in 0..plan.workers {
        fleet.start(None).await?;
    }
    settled(&mut fleet, &ground.topics, plan.workers, &mut findings).await?;

    let before = core_seconds(&fleet, &servers);
    let begun = Instant::now();
    feeder.allow(plan.records);
    let mut fed = None;
    let mut late = false;
    loop {
        tokio::time::sleep(STEP).await;
        fleet.tend(&mut findings).await?;
        if fed.is_none() && feeder.is_done() {
            fed = Some(begun.elapsed());
        }
        // Asking takes time from who is measured: only once verdicts have stopped.
        let quiet = watcher.span().is_some_and(|(_, last)| last.elapsed() > Duration::from_secs(1));
        late = late || begun.elapsed() > plan.patience;
        if fed.is_some() && (quiet || late) {
            if ask(&ground.topics, Asked::open_records).await? == Some(0) {
                break;
            }
            if late {
                findings.add(Kind::Stuck, || "not through in time".to_owned());
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    let after = core_seconds(&fleet, &servers);
    let seconds = watcher.span().map_or(0.0, |(_, last)| (last - begun).as_secs_f64());
    while !fleet.workers.is_empty() {
        fleet.end(0, &mut findings).await?;
    }
    let counted = fleet.counts_by_name();
    let race = Race {
        workers: plan.workers,
        seconds,
        feeding_seconds: fed.unwrap_or_default().as_secs_f64(),
        records_per_s: plan.records as f64 / seconds.max(0.001),
        core_seconds: after
            .into_iter()
            .map(|(name, seconds)| {
                let earlier = before.get(&name).copied().unwrap_or_default();
                (name, seconds - earlier)
            })
            .collect(),
        shares: counted.into_iter().map(|(name, counts)| (name, counts.records)).collect(),
    };
    let fed = finish(feeder).await?;
    let topics = ground.topics.clone();
    let topped = blocking(move || reading::read(&topics)).await?;
    let connected = stored::connect(&servers.postgres_url, Some(&ground.database)).await?;
    let stored = stored::read(&connected.client, &plan.schema).await?;
    let totals = judge(&fed, &topped, &stored, &mut findings);
    let asked = standin.as_ref().map(|running| AskedModel::of(running, plan.limit, &mut findings));
    Ok(Report {
        seed: plan.seed,
        seconds: start.elapsed().as_secs_f64(),
        strikes: BTreeMap::new(),
        totals,
        asked,
        workers: fleet.counts(),
        fallen: fleet.fallen as u64,
        findings,
        race: Some(race),
    })
}

/// Waits until all workers are members of the group and it is settled.
async fn settled(
    fleet: &mut Fleet,
    topics: &crate::topics::Topics,
    workers: usize,
    findings: &mut Findings,
) -> Result<(), OracleError> {
    let start = Instant::now();
    while ask(topics, Asked::members).await? != Some(workers) {
        if start.elapsed() > TO_SETTLE {
            return Err(OracleError::Late {
                what: format!("{workers} workers joining the group"),
                seconds: TO_SETTLE.as_secs(),
            });
        }
        tokio::time::sleep(STEP * 4).await;
        fleet.tend(findings).await?;
    }
    // A member that joined may have to give partitions up and be given others: cooperative rebalancing takes two rounds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    Ok(())
}

fn core_seconds(fleet: &Fleet, servers: &Servers) -> BTreeMap<String, f64> {
    let mut seconds: BTreeMap<String, f64> = fleet
        .workers
        .iter()
        .map(|worker| (worker.name.clone(), process::core_seconds(worker.id())))
        .collect();
    for server in Server::ALL {
        if let Some(id) = servers.process(server) {
            seconds.insert(server.name().to_owned(), process::core_seconds(id));
        }
    }
    // Workers are this process's children, and counted by themselves.
    seconds.insert("oracle".to_owned(), process::own_core_seconds(process::own()));
    seconds
}
