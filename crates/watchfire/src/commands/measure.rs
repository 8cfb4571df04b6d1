//! `watchfire measure`
//!
//! Files are read batch by batch: memory is that of one batch, however long they are. A batch's answers are written once they are
//! durable, so whoever reads them may rely on them, and a run that was killed is simply made again: what was judged is
//! answered as it was.

mod input;
mod told;

use super::{measuring, newsroom};
use crate::cli::{Common, Measure};
use crate::config::{MeasurementSettings, load};
use crate::exit::{Problem, Status};
use crate::terminal;
use input::{Lines, open};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use told::{Totals, line};
use watchfire_engine::measuring::{AlertWeights, worth_keeping};
use watchfire_flow::{Clock, SystemClock};
use watchfire_judge::tame;
use watchfire_measure::{Engine, Measurement};
use watchfire_signal::frame::Limits;
use watchfire_store::Store;

/// Bad lines that are told one by one, in all files.
const SHOWN: u64 = 20;

pub(super) fn run(common: &Common, command: &Measure) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let settings = &loaded.settings;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store = Arc::new(Store::open(&settings.location(common.store.as_deref())?)?);
    let weights = settings.measurements.weights();
    if command.alerts.is_some() && weights.weights.values().all(|weight| *weight < weights.least) {
        terminal::note(
            "no metric has a weight, so nothing becomes an alert: see [measurements.alerts.NAME] in docs/measurements.md",
        );
    }
    let runtime = newsroom::runtime()?;
    runtime.block_on(async {
        let opened = measuring::open(&settings.measurements, &store, &clock).await?;
        let mut run = Run {
            settings: &settings.measurements,
            limits: settings.limits(),
            engine: Arc::clone(&opened.engine),
            store: &store,
            clock: &clock,
            only_rejected: command.rejected,
            quiet: command.quiet,
            out: command.out.as_deref().map(Sink::create).transpose()?,
            alerts: command.alerts.as_deref().map(Sink::create).transpose()?,
            weights,
            totals: Totals::new(opened.store.name()),
            began: clock.elapsed(),
        };
        let all = async {
            for name in &command.files {
                run.file(name).await?;
            }
            run.end(command.summary_json.as_deref())
        };
        tokio::select! {
            ended = all => ended,
            () = opened.runner.run() => Err(ended_early()),
        }
    })
}

fn ended_early() -> Problem {
    Problem::new(Status::Failed, "the work on users ended early", "this is a bug: please report it")
}

/// A file that lines are written to.
struct Sink {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Sink {
    fn create(path: &Path) -> Result<Self, Problem> {
        let file = File::create(path).map_err(|error| unwritable(path, &error))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file) })
    }

    fn write(&mut self, text: &str) -> Result<(), Problem> {
        self.file.write_all(text.as_bytes()).map_err(|error| unwritable(&self.path, &error))
    }

    fn flush(&mut self) -> Result<(), Problem> {
        self.file.flush().map_err(|error| unwritable(&self.path, &error))
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Problem {
    Problem::new(
        Status::Failed,
        format!("can't write {}: {error}", terminal::path_name(path)),
        "name a file in a folder that exists and can be written to",
    )
}

/// One run over all files.
struct Run<'r> {
    settings: &'r MeasurementSettings,
    limits: Limits,
    engine: Arc<Engine>,
    store: &'r Store,
    clock: &'r Arc<dyn Clock>,
    only_rejected: bool,
    quiet: bool,
    out: Option<Sink>,
    alerts: Option<Sink>,
    weights: AlertWeights,
    totals: Totals,
    /// When it began, by the clock.
    began: Duration,
}

impl Run<'_> {
    async fn file(&mut self, name: &str) -> Result<(), Problem> {
        let mut lines: Lines = open(name, self.limits)?;
        let mut batch = Vec::with_capacity(self.settings.batch);
        for item in &mut lines {
            match item {
                Ok(measurement) => {
                    batch.push(measurement);
                    if batch.len() >= self.settings.batch {
                        self.judge(std::mem::take(&mut batch)).await?;
                    }
                }
                Err(error) => self.bad_line(name, &error.to_string()),
            }
        }
        if batch.is_empty() { Ok(()) } else { self.judge(batch).await }
    }

    fn bad_line(&mut self, name: &str, wrong: &str) {
        self.totals.bad_lines += 1;
        match self.totals.bad_lines {
            1..=SHOWN => {
                let shown = if name == "-" { "standard input" } else { name };
                terminal::note(&format!("{}: {}", tame(shown, 300), tame(wrong, 300)));
            }
            count if count == SHOWN + 1 => terminal::note("… and more lines that are wrong"),
            _ => {}
        }
    }

    async fn judge(&mut self, batch: Vec<Measurement>) -> Result<(), Problem> {
        let judged = self.engine.judge(batch.clone()).await.map_err(|error| {
            Problem::from_error(Status::Failed, &error, "this is a bug: please report it")
        })?;
        let (mut text, mut alerts) = (String::new(), String::new());
        for (measurement, answer) in batch.iter().zip(&judged.answers) {
            let outcome = answer.outcome();
            if !(self.only_rejected && outcome.is_some_and(watchfire_measure::Outcome::is_accepted)) {
                text.push_str(&terminal::json_line(&line(measurement, answer)));
            }
            if self.alerts.is_some()
                && let Some(alert) = outcome.and_then(|outcome| self.weights.alert(measurement, outcome))
            {
                alerts.push_str(&alert.json);
                alerts.push('\n');
                self.totals.alerts += 1;
            }
        }
        let letters = worth_keeping(&judged.dead, self.clock.unix_millis());
        if !letters.is_empty() {
            let dropped = self.store.keep_measurement_dead(&letters)?;
            self.totals.dropped_letters += dropped;
            self.totals.kept_letters += letters.len() as u64 - dropped;
        }
        self.totals.add(&batch, &judged);
        if let Some(sink) = &mut self.alerts {
            sink.write(&alerts)?;
        }
        match &mut self.out {
            Some(sink) => sink.write(&text),
            None => terminal::write_out(text.as_bytes()),
        }
    }

    fn end(&mut self, summary: Option<&Path>) -> Result<Status, Problem> {
        for sink in [&mut self.out, &mut self.alerts].into_iter().flatten() {
            sink.flush()?;
        }
        let took = self.clock.elapsed().saturating_sub(self.began);
        let (statistics, hints) = (self.engine.statistics(), self.engine.hints());
        if !self.quiet {
            terminal::write_err(&self.totals.text(took, &statistics, &hints, self.alerts.is_some()));
        }
        if let Some(path) = summary {
            let json = self.totals.json(took, &statistics, &hints);
            terminal::write_file(path, terminal::json_line(&json).as_bytes())?;
        }
        let is_whole = self.totals.bad_lines == 0 && self.totals.counts.failed == 0;
        Ok(if is_whole { Status::Done } else { Status::DeadLetters })
    }
}
