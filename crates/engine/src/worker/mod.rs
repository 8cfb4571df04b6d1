//! A worker: one of several that share the alerts of a partitioned log, and each other's decisions.
//!
//! ```text
//!  log ─▶ read ▸ assess ─▶ judge ─▶ shared store ─▶ lanes ─▶ one transaction of the log: verdicts ▸ dead letters ▸ offsets
//!   (partitions of this worker)     alerts, decisions │       by key, in order
//!                                                     └▶ open questions ─▶ model, within a budget that workers share
//! ```
//!
//! **Nothing is lost**: a record's offset is committed with its verdict, never before, and whoever has the partition next reads from there.
//! **Nothing is put out twice**: verdicts and offsets are one transaction of the log, and beside an offset stands which later
//! records are done ([`Watermark`](watchfire_flow::Watermark)). Who has lost a partition can't commit for it: the log knows the group's generation.
//! **One verdict**: an alert is stored, under its place in the log, before its verdict is put out, and what is put out is what the
//! store has. Delivered again, it keeps it. **Order**: records with one key are put out in the order in which they came.
//!
//! [`log`] is what a worker needs of the log; `bench` judges; `share` is a partition; `asking` asks; `noting` notes what was put out;
//! `run` is the loop.

mod asking;
mod bench;
mod figures;
mod insisting;
pub mod log;
mod noting;
mod reading;
mod run;
mod share;

pub use figures::Figures;

use crate::asking::Asker;
use crate::decide::history_of;
use crate::error::EngineError;
use asking::{Clerk, Desk};
use bench::Bench;
use insisting::Insisting;
use log::Log;
use noting::Noting;
use reading::Reader;
use run::Run;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use watchfire_flow::Clock;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Asking, Assessor, Ground, Judge, Reputations};
use watchfire_signal::read::{Mapping, RecordReader};
use watchfire_store::fleet::FleetStore;

/// Everything that a worker takes.
pub struct Setup<'w, S> {
    /// This worker's name, unlike all others'.
    pub name: String,
    /// The group of workers, as the log knows it.
    pub group: String,
    /// Where alerts, decisions and questions are kept.
    pub store: &'w S,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Rules, material table, network.
    pub ground: &'w Ground,
    /// Mapping files.
    pub mappings: Arc<[Mapping]>,
    /// Bytes that a record may have.
    pub max_record_bytes: usize,
    /// What is known of indicators.
    pub reputations: &'w (dyn Reputations + Sync),
    /// How far earlier verdicts may stand for later alerts.
    pub reuse: Policy,
    /// Who is asked what is left open, if anybody.
    pub asker: Option<&'w Asker>,
    /// How long an answer is waited for before what was decided stands.
    pub patience: Duration,
    /// Drawn by chance when the process started: entries of its ledger are known by it.
    pub process: [u8; 16],
    /// Told how many workers there are, whenever that changes.
    pub members: &'w dyn Fn(usize),
}

/// How long what was put out is still noted, once the connection is at its end.
const LAST_NOTES: Duration = Duration::from_secs(1);

/// How a connection to the log came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The worker was told to stop. What was begun and not put out is the next one's.
    Stopped,
    /// For this reason all is to be taken up again on a new connection.
    Again(String),
}

/// A worker. What it knows of patterns outlives a connection to the log.
pub struct Worker<'w, S> {
    bench: Bench<'w>,
    store: Insisting<'w, S>,
    desk: Desk,
    figures: Figures,
    setup: Setup<'w, S>,
    entries: std::cell::Cell<u64>,
    epoch: u64,
    words: Option<i64>,
}

impl<'w, S: FleetStore> Worker<'w, S> {
    /// A worker that has no partition yet. Fails where the shared store refuses it.
    pub async fn new(setup: Setup<'w, S>) -> Result<Self, EngineError> {
        let store = Insisting { store: setup.store };
        let words = store.insist(|store| store.words(None)).await?;
        let (words, rows) = words.map_or((None, Vec::new()), |(version, rows)| (Some(version), rows));
        let asking = setup.asker.map_or(Asking::Nobody, |asker| Asking::Live(asker.mark()));
        let asks = asking != Asking::Nobody;
        let judge =
            Judge::new(setup.ground.clone(), history_of(rows)).asking(asking).reusing(setup.reuse.clone());
        let reader = Reader {
            records: RecordReader::new(Arc::clone(&setup.mappings)),
            assessor: Assessor::new(setup.ground.clone()),
            reputations: setup.reputations,
            most_bytes: setup.max_record_bytes,
        };
        let bench = Bench::new(reader, judge, setup.ground, asks);
        Ok(Self {
            bench,
            store,
            desk: Desk::default(),
            figures: Figures::default(),
            setup,
            entries: std::cell::Cell::new(0),
            epoch: 0,
            words,
        })
    }

    /// Works on a connection to the log until that ends or `stop` does. What is put out by then is committed; the rest is delivered again
    /// to whoever comes next. Fails where trying again does not help. Dropping the future is like a kill: nothing is lost.
    pub async fn run<L: Log>(
        &mut self,
        log: &mut L,
        stop: &mut (impl Future<Output = ()> + Unpin),
    ) -> Result<Ended, EngineError> {
        let clerk = Clerk {
            store: &self.store,
            asker: self.setup.asker,
            desk: &self.desk,
            clock: &self.setup.clock,
            who: &self.setup.name,
            process: self.setup.process,
            patience: self.setup.patience,
            entries: &self.entries,
        };
        let mut run = Run {
            bench: &self.bench,
            store: &self.store,
            desk: &self.desk,
            clock: &self.setup.clock,
            figures: &self.figures,
            members: self.setup.members,
            shares: HashMap::new(),
            waits: HashMap::new(),
            epoch: self.epoch,
            words: self.words,
            noting: Noting::new(&self.store, &self.setup.group),
        };
        let ended = tokio::select! {
            ended = run.until_ended(log, stop) => ended,
            failed = clerk.run() => failed.map(|()| Ended::Again("asking ended".to_owned())),
        };
        // The log has it too; so nobody waits for long.
        let _ = timeout(LAST_NOTES, run.noting.all()).await;
        (self.epoch, self.words) = (run.epoch, run.words);
        // A batch that was judged and not stored must leave nothing that later alerts would find.
        self.bench.judge.borrow_mut().forget_patterns();
        self.figures.write(0, &self.desk);
        ended
    }
}
