//! Workers under a storm: strikes while records flow, then judgement.
//!
//! The records are divided among the strikes. A strike comes when its share begins to flow, and the next share flows only when
//! it is over, so that something is under way at every strike however long each takes. After each one, work has to go on, unless
//! there is none left.

mod striking;

use crate::error::OracleError;
use crate::feeding::Feeder;
use crate::fleet::Fleet;
use crate::intake::{Expected, Intake};
use crate::judging::{Findings, Kind, judge};
use crate::reading;
use crate::report::{Asked as AskedModel, Report};
use crate::servers::Servers;
use crate::settings::{Common, Limit};
use crate::stored;
use crate::strike::Strike;
use crate::told::Told;
use crate::topics::{Asked, Topics};
use crate::watching::Watcher;
use crate::worker::Program;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use watchfire_standin::{Config, Limits, Provider, Quota, Running, Standin};

/// How long work may take to go on after a strike.
const TO_GO_ON: Duration = Duration::from_secs(120);
/// How long transactions may stay open once every worker has ended.
const TO_SETTLE: Duration = Duration::from_secs(60);
/// How often it is looked how things are.
const STEP: Duration = Duration::from_millis(100);

/// What a storm is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Records to feed.
    pub records: u64,
    /// Records a second at most; 0 for as many as make the run as long as its strikes.
    pub rate: f64,
    /// Workers at the beginning, and about as many all the time.
    pub workers: usize,
    /// Partitions of the intake.
    pub partitions: i32,
    /// Where all chance comes from.
    pub seed: u64,
    /// What is done, in order.
    pub strikes: Vec<Strike>,
    /// Whether a script has them: then each outage is as long as was asked for, and not up to that.
    pub strikes_are_scripted: bool,
    /// How long servers and links are away.
    pub away: Duration,
    /// After which the broker gives a silent worker's partitions to others.
    pub session: Duration,
    /// What the model allows; nobody is asked without.
    pub limit: Option<Limit>,
    /// How long the rest may take, once all is fed.
    pub patience: Duration,
    /// Public data sets.
    pub data: Option<PathBuf>,
    /// The worker's program, and where its files go.
    pub program: Program,
    /// The schema of the tables.
    pub schema: String,
}

/// A run under way.
struct Storm {
    plan: Plan,
    servers: Servers,
    fleet: Fleet,
    feeder: Feeder,
    watcher: Watcher,
    topics: Topics,
    findings: Findings,
    chance: ChaCha8Rng,
    told: Told,
}

/// Makes a run, and says what came of it. Dropping the future ends all that it started.
pub async fn run(plan: Plan, told: Told) -> Result<Report, OracleError> {
    let servers = Servers::from_environment()?;
    servers.release_all();
    let standin = match plan.limit {
        Some(limit) => Some(Standin::start(model(limit, plan.seed)).await?),
        None => None,
    };
    let ground = Ground::prepare(&servers, &plan).await?;
    let intake = Intake::open(plan.data.as_deref(), plan.seed)?;
    let feeder = Feeder::start(&ground.topics, intake, plan.records, rate(&plan))?;
    let watcher = Watcher::start(&ground.topics)?;
    let address = standin.as_ref().map(|running| running.address);
    let fleet = Fleet::linked(plan.program.clone(), ground.common, &servers, address, told).await?;
    let chance = ChaCha8Rng::seed_from_u64(plan.seed ^ 0x5742_5354);
    let topics = ground.topics.clone();
    let mut storm =
        Storm { plan, servers, fleet, feeder, watcher, topics, findings: Findings::default(), chance, told };
    let weathered = storm.weather().await;
    storm.servers.release_all();
    weathered?;
    storm.judge(&ground.database, standin).await
}

/// A database and topics of its own, and what workers are told of them.
pub(crate) struct Ground {
    pub(crate) topics: Topics,
    pub(crate) common: Common,
    pub(crate) database: String,
}

impl Ground {
    pub(crate) async fn prepare(servers: &Servers, plan: &Plan) -> Result<Self, OracleError> {
        // One process may make several runs.
        static RUNS: AtomicU32 = AtomicU32::new(1);
        let number = RUNS.fetch_add(1, Ordering::Relaxed);
        let run = format!("s{}-{}-{number}", plan.seed, crate::process::own());
        let topics = Topics::new(servers.kafka.to_string(), plan.partitions, &run);
        topics.make().await?;
        let database = format!("fleet_{}", run.replace('-', "_"));
        let connected = stored::connect(&servers.postgres_url, None).await?;
        connected
            .client
            .batch_execute(&format!("CREATE DATABASE {database}"))
            .await
            .map_err(|source| OracleError::Postgres { doing: "make a database", source })?;
        let user = match servers.postgres_url.split_once("://").and_then(|(_, rest)| rest.split_once('@')) {
            Some((user, _)) => user.to_owned(),
            None => "postgres".to_owned(),
        };
        let common = Common {
            topics: topics.clone(),
            user,
            database: database.clone(),
            session_timeout_ms: u64::try_from(plan.session.as_millis()).unwrap_or(u64::MAX),
            limit: plan.limit.unwrap_or(Limit { requests: 1, window_s: 1.0 }),
        };
        Ok(Self { topics, common, database })
    }
}

/// A model that takes so many calls, as slow as real ones at their best.
pub(crate) fn model(limit: Limit, seed: u64) -> Config {
    let window = Duration::from_secs_f64(limit.window_s);
    let limits = Limits { requests: Some(Quota { amount: limit.requests, window }), ..Limits::default() };
    let mut config = Config { seed, ..Config::default() };
    config.limits.insert(Provider::Gemini, limits);
    config.behaviour.travel_ms = [0, 20];
    config.behaviour.latency_ms = [50, 300];
    config
}

/// Records a second, so that a strike's share flows for about as long as the strike takes.
fn rate(plan: &Plan) -> f64 {
    if plan.rate > 0.0 {
        return plan.rate;
    }
    let shares = plan.strikes.len() as f64 + 1.0;
    let each = plan.away.as_secs_f64() + 3.0;
    (plan.records as f64 / (shares * each)).max(1.0)
}

impl Storm {
    async fn weather(&mut self) -> Result<(), OracleError> {
        for _ in 0..self.plan.workers {
            self.fleet.start(None).await?;
        }
        let strikes = self.plan.strikes.clone();
        let share = |number: usize| self.plan.records * number as u64 / (strikes.len() as u64 + 1);
        let shares: Vec<u64> = (1..=strikes.len() + 1).map(share).collect();
        self.feeder.allow(shares[0]);
        self.go_on(0, "the first verdict").await?;
        for (number, strike) in strikes.iter().enumerate() {
            while self.feeder.delivered() < shares[number] && !self.feeder.is_done() {
                self.step().await?;
            }
            self.feeder.allow(shares[number + 1]);
            let before = self.watcher.verdicts();
            self.told.say(format_args!(
                "strike {} of {}: {strike} ({} fed, {before} verdicts)",
                number + 1,
                strikes.len(),
                self.feeder.delivered()
            ));
            self.strike(*strike).await?;
            // A share may be through by now, and then there is nothing that could go on.
            self.feeder.allow(shares.get(number + 2).copied().unwrap_or(self.plan.records));
            let mended = self.watcher.verdicts();
            self.go_on(mended, &format!("work going on after strike {} ({strike})", number + 1)).await?;
        }
        self.feeder.allow(self.plan.records);
        while !self.feeder.is_done() {
            self.step().await?;
        }
        self.told.say(format_args!("all is fed, {} verdicts", self.watcher.verdicts()));
        self.through().await
    }

    /// A moment, in which workers that fell are raised.
    async fn step(&mut self) -> Result<(), OracleError> {
        tokio::time::sleep(STEP).await;
        self.fleet.tend(&mut self.findings).await
    }

    /// Waits until there are more verdicts than so many, or nothing is left to do. That neither comes in time is a finding, and the
    /// run goes on.
    async fn go_on(&mut self, verdicts: u64, what: &str) -> Result<(), OracleError> {
        let start = Instant::now();
        let mut looked = Instant::now();
        while self.watcher.verdicts() <= verdicts {
            if looked.elapsed() > Duration::from_secs(2) && self.feeder.is_at_mark() {
                if ask(&self.topics, Asked::open_records).await? == Some(0) {
                    break;
                }
                looked = Instant::now();
            }
            if start.elapsed() > TO_GO_ON {
                self.told.say(format_args!("stuck: {what}"));
                self.findings.add(Kind::Stuck, || what.to_owned());
                return Ok(());
            }
            self.step().await?;
        }
        self.told.say(format_args!("goes on after {:.1} s", start.elapsed().as_secs_f64()));
        Ok(())
    }

    /// Waits until the group has committed every record.
    async fn through(&mut self) -> Result<(), OracleError> {
        let start = Instant::now();
        let mut told = Instant::now();
        loop {
            let open = ask(&self.topics, Asked::open_records).await?;
            if open == Some(0) {
                self.told.say(format_args!("all is through, {} verdicts", self.watcher.verdicts()));
                return Ok(());
            }
            if told.elapsed() > Duration::from_secs(10) {
                told = Instant::now();
                self.told.say(format_args!(
                    "{} records open, {} verdicts, {} waiting for an answer",
                    open.map_or_else(|| "?".to_owned(), |open| open.to_string()),
                    self.watcher.verdicts(),
                    self.fleet.counts().waiting
                ));
            }
            if start.elapsed() > self.plan.patience {
                let open = open.map_or_else(|| "unknown".to_owned(), |open| open.to_string());
                self.findings.add(Kind::Stuck, || format!("records open in the end: {open}"));
                return Ok(());
            }
            for _ in 0..10 {
                self.step().await?;
            }
        }
    }

    /// Ends all workers, waits for transactions that are left, reads everything, and judges it.
    async fn judge(mut self, database: &str, standin: Option<Running>) -> Result<Report, OracleError> {
        while !self.fleet.workers.is_empty() {
            self.fleet.end(0, &mut self.findings).await?;
        }
        let start = Instant::now();
        while ask(&self.topics, Asked::has_open_transaction).await? != Some(false) {
            if start.elapsed() > TO_SETTLE {
                self.findings.add(Kind::Stuck, || "a transaction is open in the end".to_owned());
                break;
            }
            tokio::time::sleep(STEP * 5).await;
        }
        let fed = finish(self.feeder).await?;
        let topics = self.topics.clone();
        let topped = blocking(move || reading::read(&topics)).await?;
        let connected = stored::connect(&self.servers.postgres_url, Some(database)).await?;
        let stored = stored::read(&connected.client, &self.plan.schema).await?;
        let totals = judge(&fed, &topped, &stored, &mut self.findings);
        let asked = match standin {
            Some(running) => {
                let asked = AskedModel::of(&running, self.plan.limit, &mut self.findings);
                running.stop().await;
                Some(asked)
            }
            None => None,
        };
        Ok(Report {
            seed: self.plan.seed,
            seconds: self.told.seconds(),
            strikes: crate::report::kinds(&self.plan.strikes),
            totals,
            asked,
            workers: self.fleet.counts(),
            fallen: self.fleet.fallen as u64,
            findings: self.findings,
            race: None,
        })
    }
}

/// Asks the broker, away from the runtime's threads.
pub(crate) async fn ask<T: Send + 'static>(
    topics: &Topics,
    question: impl FnOnce(&Asked) -> Option<T> + Send + 'static,
) -> Result<Option<T>, OracleError> {
    let topics = topics.clone();
    blocking(move || Ok(question(&Asked::new(&topics)?))).await
}

pub(crate) async fn finish(feeder: Feeder) -> Result<Vec<Expected>, OracleError> {
    blocking(move || feeder.finish()).await
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OracleError> + Send + 'static,
) -> Result<T, OracleError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| OracleError::Panicked("a thread"))?
}
