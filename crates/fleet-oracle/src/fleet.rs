//! The workers of a run: who runs, by whose links, and what they counted, also those that are gone.

use crate::error::OracleError;
use crate::judging::{Findings, Kind};
use crate::links::Links;
use crate::process::Signal;
use crate::servers::Servers;
use crate::settings::{Common, Ports};
use crate::told::Told;
use crate::worker::{Counts, Program, Worker};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long a worker may take to end when it is told to.
const TO_END: Duration = Duration::from_secs(40);

/// How soon one that ended by itself is started again.
const TO_RAISE: Duration = Duration::from_secs(1);
/// Workers that may end by themselves before a run is given up.
const MOST_FALLEN: usize = 50;

/// All workers.
#[derive(Debug)]
pub struct Fleet {
    program: Program,
    common: Common,
    /// A worker's place is that of its links; without links, workers reach the servers themselves.
    links: Vec<Links>,
    direct: Option<Ports>,
    /// Those that run.
    pub workers: Vec<Worker>,
    started: usize,
    /// What those that are gone counted, by name.
    gone: BTreeMap<String, Counts>,
    /// Workers that ended by themselves.
    pub fallen: usize,
    /// Of these, those that are to be started again, and when.
    to_raise: Vec<(Instant, String)>,
    told: Told,
}

impl Fleet {
    /// Nobody yet, with links for as many as the broker has ports for.
    pub async fn linked(
        program: Program,
        common: Common,
        servers: &Servers,
        model: Option<SocketAddr>,
        told: Told,
    ) -> Result<Self, OracleError> {
        let mut links = Vec::new();
        for place in 0..servers.links.len() {
            links.push(Links::start(servers, place, model).await?);
        }
        Ok(Self { links, ..Self::direct(program, common, servers, model, told) })
    }

    /// Nobody yet, and no links: for what is to be fast.
    pub fn direct(
        program: Program,
        common: Common,
        servers: &Servers,
        model: Option<SocketAddr>,
        told: Told,
    ) -> Self {
        let direct = Ports {
            kafka: servers.kafka.port(),
            postgres: servers.postgres.port(),
            redis: servers.redis.map(|address| address.port()),
            model: model.map(|address| address.port()),
        };
        Self {
            program,
            common,
            links: Vec::new(),
            direct: Some(direct),
            workers: Vec::new(),
            started: 0,
            gone: BTreeMap::new(),
            fallen: 0,
            to_raise: Vec::new(),
            told,
        }
    }

    /// The links, by place.
    pub fn links(&self) -> &[Links] {
        &self.links
    }

    /// Whether there is a place for one more.
    pub fn has_place(&self) -> bool {
        self.links.is_empty() || self.workers.len() < self.links.len()
    }

    /// Starts a worker under this name, or under a new one, and says which.
    pub async fn start(&mut self, name: Option<String>) -> Result<String, OracleError> {
        let place = (0..=self.workers.len())
            .find(|place| self.workers.iter().all(|worker| worker.place != *place))
            .unwrap_or(0);
        let ports = match self.links.get(place) {
            Some(links) => links.ports(),
            None => self.direct.filter(|_| self.links.is_empty()).ok_or_else(|| OracleError::Argument {
                problem: format!("there are links for {} workers at once", self.links.len()),
                hint: "WATCHFIRE_FLEET_PLACES=N says how many checks/fleet makes",
            })?,
        };
        self.started += 1;
        let name = name.unwrap_or_else(|| format!("w{}", self.started));
        let file = |ending: &str| self.program.folder.join(format!("{name}.{ending}"));
        let settings = file("toml");
        tokio::fs::write(&settings, self.common.file(&name, ports))
            .await
            .map_err(OracleError::file(&settings))?;
        let worker = Worker::start(&self.program, name.clone(), place, &settings, file("log"))?;
        note(worker.id())?;
        self.told.say(format_args!("{name} starts (process {}, place {place})", worker.id()));
        self.workers.push(worker);
        Ok(name)
    }

    /// Kills a worker; its name.
    pub async fn kill(&mut self, index: usize) -> Result<String, OracleError> {
        let mut worker = self.workers.swap_remove(index);
        worker.signal(Signal::KILL)?;
        worker.wait().await;
        self.bury(&worker);
        Ok(worker.name)
    }

    /// Tells a worker to end, and waits for that. One that does not, or badly, is a finding.
    pub async fn end(&mut self, index: usize, findings: &mut Findings) -> Result<String, OracleError> {
        let mut worker = self.workers.swap_remove(index);
        worker.signal(Signal::CONT)?;
        worker.signal(Signal::TERM)?;
        let ended = timeout(TO_END, worker.wait()).await;
        match ended {
            Err(_) => {
                findings
                    .add(Kind::Ended, || format!("{} did not end in {} s", worker.name, TO_END.as_secs()));
                worker.signal(Signal::KILL)?;
                worker.wait().await;
            }
            Ok(Some(status)) if !status.success() => {
                let words = worker.last_words();
                findings.add(Kind::Ended, || {
                    format!("{} was told to end and said {status}: {words}", worker.name)
                });
            }
            Ok(_) => {}
        }
        self.bury(&worker);
        Ok(worker.name)
    }

    /// Looks for workers that ended by themselves: each is a finding, and is started again under its name after a moment.
    pub async fn tend(&mut self, findings: &mut Findings) -> Result<(), OracleError> {
        let mut fallen = Vec::new();
        for (index, worker) in self.workers.iter_mut().enumerate() {
            if let Some(status) = worker.ended() {
                fallen.push((index, status));
            }
        }
        for (index, status) in fallen.into_iter().rev() {
            let mut worker = self.workers.swap_remove(index);
            worker.wait().await;
            let (name, words) = (worker.name.clone(), worker.last_words());
            self.told.say(format_args!("{name} ended by itself: {status}: {words}"));
            findings.add(Kind::Ended, || format!("{name}: {status}: {words}"));
            self.bury(&worker);
            self.fallen += 1;
            if self.fallen > MOST_FALLEN {
                return Err(OracleError::Fallen { times: self.fallen, words });
            }
            self.to_raise.push((Instant::now() + TO_RAISE, name));
        }
        while let Some(index) = self.to_raise.iter().position(|(due, _)| *due <= Instant::now()) {
            let (_, name) = self.to_raise.swap_remove(index);
            if self.has_place() {
                self.start(Some(name)).await?;
            }
        }
        Ok(())
    }

    /// Keeps what a worker counted. What waits goes to others.
    fn bury(&mut self, worker: &Worker) {
        let gone = self.gone.entry(worker.name.clone()).or_default();
        *gone = gone.and(Counts { waiting: 0, ..worker.counts() });
    }

    /// What each of them counted, by name, as far as they told.
    pub fn counts_by_name(&self) -> BTreeMap<String, Counts> {
        let mut counts = self.gone.clone();
        for worker in &self.workers {
            let count = counts.entry(worker.name.clone()).or_default();
            *count = count.and(worker.counts());
        }
        counts
    }

    /// What all of them counted.
    pub fn counts(&self) -> Counts {
        self.counts_by_name().into_values().fold(Counts::default(), Counts::and)
    }
}

/// Writes a worker's process down for whoever ends what a killed oracle leaves.
fn note(id: i32) -> Result<(), OracleError> {
    let Some(file) = std::env::var_os("WATCHFIRE_FLEET_PIDS").map(PathBuf::from) else { return Ok(()) };
    let opened = std::fs::OpenOptions::new().create(true).append(true).open(&file);
    opened.and_then(|mut notes| writeln!(notes, "{id}")).map_err(OracleError::file(file))
}
