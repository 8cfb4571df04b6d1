//! Runs triage over inputs.

use crate::archive::StoreArchive;
use crate::enriching::Wanted;
use crate::error::EngineError;
use crate::findings::{findings, techniques};
use crate::input::Input;
use crate::progress::Progress;
use crate::reputation::ReputationCache;
use crate::sink::{Done, drain};
use crate::summary::{
    Asked, Enriched, HitRate, InputSummary, Percentiles, Reused, StageLatency, Summary, TacticCount,
};
use crate::tally::{EXACT, Tally, moment};
use crate::work::{Court, Job, Packer, Stages, Worker};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::any::Any;
use std::collections::HashSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use watchfire_flow::{Clock, Histogram, Turnstile};
use watchfire_judge::learning::Learned;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Asking, Assessor, Ground, History, Judge, Tactic, tame};
use watchfire_signal::Severity;
use watchfire_signal::frame::{Compression, Framer, Limits};
use watchfire_signal::read::{Mapping, RecordReader};
use watchfire_signal::write::OutputFormat;
use watchfire_store::{SourceId, Store};

/// What is written per alert.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// In which format.
    pub format: OutputFormat,
    /// Alerts below this severity are left out.
    pub min_severity: Severity,
}

/// Everything a run needs.
pub struct Triage<'t> {
    /// What to read, in this order.
    pub inputs: Vec<Input>,
    /// How many chunks are worked on at once; at least 1.
    pub jobs: usize,
    /// Bounds on reading.
    pub limits: Limits,
    /// Mapping files.
    pub mappings: Arc<[Mapping]>,
    /// Rules, material table, network.
    pub ground: Ground,
    /// What analysts decided.
    pub history: History,
    /// Whether a model will be asked, or has been.
    pub asking: Asking,
    /// How far earlier verdicts may stand for later alerts.
    pub reuse: Policy,
    /// What was learned of rules.
    pub learned: Learned,
    /// What is known of indicators.
    pub reputations: &'t ReputationCache,
    /// Where to collect the indicators that services may be asked about, if there are services.
    pub wanted: Option<&'t Wanted>,
    /// Where everything is kept.
    pub store: &'t Store,
    /// Whether the text of alerts is kept, compressed.
    pub keep_raw: bool,
    /// What to write per alert, and where.
    pub output: Option<(Output, &'t mut (dyn Write + Send))>,
    /// Time.
    pub clock: &'t dyn Clock,
    /// Where to tell how far the run has come.
    pub progress: &'t Progress,
}

/// Judges every alert of the inputs.
///
/// Returns the summary; inputs and records that can't be read are in it. The run can be killed at any moment: what was
/// committed stays, and running it again judges the rest and nothing twice.
pub fn triage(triage: Triage<'_>) -> Result<Summary, EngineError> {
    let started_at = triage.clock.unix_millis();
    let started = triage.clock.elapsed();
    let jobs = triage.jobs.clamp(1, 256);
    let total: Option<u64> = triage.inputs.iter().map(Input::size).sum();
    triage.progress.total_bytes.store(total.unwrap_or(0), Ordering::Relaxed);

    let mut tally = Tally::new(EXACT);
    tally.inputs = triage.inputs.iter().map(empty_input).collect();
    let court = Mutex::new(Court {
        judge: Judge::new(triage.ground.clone(), triage.history)
            .asking(triage.asking.clone())
            .reusing(triage.reuse.clone())
            .learned(triage.learned),
        tally,
        input: usize::MAX,
        ordinal: 0,
        time: 0,
        latency: Histogram::new(),
    });
    let archive = StoreArchive::new(triage.store);
    let turnstile = Turnstile::new();
    let stop = AtomicBool::new(false);
    let failure: Mutex<Option<EngineError>> = Mutex::new(None);
    let stages: Mutex<Stages> = Mutex::new(Stages::default());
    let (output, mut out) = triage.output.map_or((None, None), |(output, out)| (Some(output), Some(out)));
    let fail = |error: EngineError| {
        stop.store(true, Ordering::Relaxed);
        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    };

    if let (Some(output), Some(out)) = (&output, &mut out)
        && let Err(error) = out.write_all(output.format.header().as_bytes()).and_then(|()| out.flush())
    {
        return Err(EngineError::Output(error));
    }
    let mut edited = HashSet::new();
    let read_whole: Mutex<Vec<(usize, SourceId)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let (job_sender, job_receiver) = bounded::<Job>(jobs);
        let (done_sender, done_receiver) = bounded::<Done>(jobs * 2);
        let feeder = Feeder {
            inputs: &triage.inputs,
            limits: triage.limits,
            mappings: &triage.mappings,
            store: triage.store,
            clock: triage.clock,
            progress: triage.progress,
            court: &court,
            stop: &stop,
            read_whole: &read_whole,
        };
        scope.spawn(|| {
            let feeder = feeder;
            if let Err(error) = feeder.feed(&job_sender) {
                fail(error);
            }
            drop(job_sender);
        });
        for _ in 0..jobs {
            let mut worker = Worker {
                reader: RecordReader::new(Arc::clone(&triage.mappings)),
                assessor: Assessor::new(triage.ground.clone()),
                packer: Packer::default(),
                ground: &triage.ground,
                reputations: triage.reputations,
                wanted: triage.wanted,
                store: triage.store,
                archive: &archive,
                clock: triage.clock,
                progress: triage.progress,
                output,
                keep_raw: triage.keep_raw,
                asks: matches!(triage.asking, Asking::Model(_)),
                stages: Stages::default(),
            };
            let (receiver, sender) = (job_receiver.clone(), done_sender.clone());
            let (turnstile, court, stages, fail) = (&turnstile, &court, &stages, &fail);
            scope.spawn(move || {
                run_worker(&mut worker, &receiver, &sender, turnstile, court, fail);
                let mut all = stages.lock().unwrap_or_else(PoisonError::into_inner);
                all.read.merge(&worker.stages.read);
                all.assess.merge(&worker.stages.assess);
                all.judge.merge(&worker.stages.judge);
                all.write.merge(&worker.stages.write);
            });
        }
        drop((job_receiver, done_sender));
        let out = out.map(|out| out as &mut (dyn Write + Send));
        match drain(&done_receiver, triage.store, out, triage.clock) {
            Ok(end) => {
                stop.fetch_or(end.output_closed, Ordering::Relaxed);
                edited = end.edited;
            }
            Err(error) => fail(error),
        }
        // Workers that still have something to hand over must not wait for room.
        drop(done_receiver);
    });

    if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    triage.reputations.save(triage.store)?;
    let court = court.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (input, source) in read_whole.into_inner().unwrap_or_else(PoisonError::into_inner) {
        if edited.contains(&source) {
            let records = court.tally.inputs.get(input).map_or(u64::MAX, |input| input.received);
            triage.store.trim(source, records)?;
        }
    }
    let forgotten = court.judge.forgotten();
    let measured = court.judge.measured();
    if let Some(error) = archive.into_failure() {
        return Err(error.into());
    }
    let elapsed_s = triage.clock.elapsed().saturating_sub(started).as_secs_f64();
    let stages = stages.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut summary = summarize(court.tally, &stages, &court.latency, elapsed_s);
    summary.started_at = moment(started_at);
    summary.hit_rate.intel = triage.reputations.hit_rate();
    let intel = triage.reputations.intel().stats();
    summary.intel_lists = intel.lists.len() as u64;
    summary.intel_entries =
        watchfire_signal::IndicatorKind::ALL.iter().map(|&kind| intel.entries(kind)).sum();
    summary.rules = triage.ground.rules.len() as u64;
    summary.forgotten = forgotten;
    summary.reuse = Reused::of(&measured);
    if !summary.is_balanced() {
        let accounted = summary.judged + summary.set_aside + summary.dead + summary.pending;
        return Err(EngineError::Unbalanced { received: summary.received, accounted });
    }
    Ok(summary)
}

fn run_worker(
    worker: &mut Worker<'_>,
    jobs: &Receiver<Job>,
    done: &Sender<Done>,
    turnstile: &Turnstile,
    court: &Mutex<Court>,
    fail: &(dyn Fn(EngineError) + Sync),
) {
    for job in jobs {
        let mut entered = false;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            worker.work(
                &job,
                || {
                    entered = true;
                    turnstile.enter(job.ticket)
                },
                court,
            )
        }));
        if !entered {
            // Whoever stands behind must not wait for a turn that was never taken.
            drop(turnstile.enter(job.ticket));
        }
        match outcome {
            // The sink is gone only when the run has ended early; then the jobs that are left are just passed by.
            Ok(Ok(chunk)) => drop(done.send(chunk)),
            Ok(Err(error)) => fail(error.into()),
            Err(panic) => fail(EngineError::Worker(panic_text(panic.as_ref()))),
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tame(text.unwrap_or("for an unknown reason"), 300)
}

/// Reads inputs and hands out chunks.
struct Feeder<'f> {
    inputs: &'f [Input],
    limits: Limits,
    mappings: &'f [Mapping],
    store: &'f Store,
    clock: &'f dyn Clock,
    progress: &'f Progress,
    court: &'f Mutex<Court>,
    stop: &'f AtomicBool,
    /// Inputs that were read to their end, and their sources.
    read_whole: &'f Mutex<Vec<(usize, SourceId)>>,
}

impl Feeder<'_> {
    fn feed(&self, jobs: &Sender<Job>) -> Result<(), EngineError> {
        let mut ticket = 0;
        for (index, input) in self.inputs.iter().enumerate() {
            let opened = input.open().map_err(Into::into).and_then(|bytes| {
                Framer::new(bytes, Arc::clone(&self.progress.read_bytes), self.limits, self.mappings)
            });
            let mut framer = match opened {
                Ok(framer) => framer,
                Err(error) => {
                    self.note(index, |summary| unreadable(summary, &error));
                    continue;
                }
            };
            self.note(index, |summary| {
                compression(framer.compression()).clone_into(&mut summary.compression);
            });
            if framer.head().is_empty() {
                if let Some(error) = framer.take_error() {
                    self.note(index, |summary| unreadable(summary, &error));
                }
                continue;
            }
            let source = self.store.source(framer.head(), &input.name(), self.clock.unix_millis())?;
            let mut sequence = 0;
            while let Some(chunk) = framer.next_chunk() {
                if self.stop.load(Ordering::Relaxed)
                    || jobs.send(Job { ticket, input: index, source, sequence, chunk }).is_err()
                {
                    return Ok(());
                }
                ticket += 1;
                sequence += 1;
            }
            match framer.take_error() {
                Some(error) => self.note(index, |summary| unreadable(summary, &error)),
                None => self.read_whole.lock().unwrap_or_else(PoisonError::into_inner).push((index, source)),
            }
        }
        Ok(())
    }

    fn note(&self, index: usize, change: impl FnOnce(&mut InputSummary)) {
        let mut court = self.court.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(input) = court.tally.inputs.get_mut(index) {
            change(input);
        }
    }
}

fn unreadable(summary: &mut InputSummary, error: &watchfire_signal::frame::FrameError) {
    summary.error = tame(&error.to_string(), 300);
    error.hint().clone_into(&mut summary.hint);
}

fn compression(compression: Compression) -> &'static str {
    match compression {
        Compression::Plain => "plain",
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    }
}

fn empty_input(input: &Input) -> InputSummary {
    InputSummary {
        name: tame(&input.name(), 200),
        received: 0,
        judged: 0,
        set_aside: 0,
        dead: 0,
        bytes: 0,
        compression: String::new(),
        error: String::new(),
        hint: String::new(),
    }
}

fn summarize(tally: Tally, stages: &Stages, latency: &Histogram, elapsed_s: f64) -> Summary {
    /// Names in each list.
    const TOP: usize = 20;
    let share = |part: u64| if tally.judged == 0 { 0.0 } else { part as f64 / tally.judged as f64 };
    let (findings, findings_total) = findings(tally.patterns.values());
    let stage = |name: &str, histogram: &Histogram| StageLatency {
        stage: name.to_owned(),
        us: Percentiles::of(histogram, 1e6),
    };
    Summary {
        received: tally.received,
        judged: tally.judged,
        set_aside: tally.set_aside,
        dead: tally.dead,
        pending: 0,
        patterns: tally.pattern_count,
        calls: 0,
        calls_avoided: tally.judged - tally.fresh,
        cost_usd: 0.0,
        elapsed_s,
        alerts_per_s: if elapsed_s > 0.0 { tally.judged as f64 / elapsed_s } else { 0.0 },
        hit_rate: HitRate {
            exact: share(tally.exact_hits),
            pattern: share(tally.judged - tally.fresh),
            intel: 0.0,
        },
        by_verdict: tally.by_verdict(),
        by_severity: tally.by_severity(),
        latency_ms: Percentiles::of(latency, 1e3),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        store: String::new(),
        started_at: String::new(),
        decisions_by_decider: tally.fresh_by_decider(),
        by_decider: tally.by_decider(),
        by_format: tally.by_format(),
        by_category: tally.by_category(),
        set_aside_by_kind: tally.aside.counts(),
        dead_by_reason: tally.reasons.counts(),
        first_alert: if tally.judged == 0 { String::new() } else { moment(tally.first) },
        last_alert: if tally.judged == 0 { String::new() } else { moment(tally.last) },
        busiest_hours: tally.timeline.busiest_hours(12),
        findings,
        findings_total,
        top_sources: tally.sources.top(TOP),
        top_hosts: tally.hosts.top(TOP),
        top_users: tally.users.top(TOP),
        tactics: Tactic::ALL
            .into_iter()
            .zip(tally.tactics)
            .filter(|(_, (alerts, _))| *alerts > 0)
            .map(|(tactic, (alerts, priority))| TacticCount {
                tactic: tactic.name().to_owned(),
                alerts,
                priority,
            })
            .collect(),
        techniques: techniques(tally.patterns.values()),
        stages: vec![
            stage("read", &stages.read),
            stage("assess", &stages.assess),
            stage("judge", &stages.judge),
            stage("write", &stages.write),
        ],
        intel_lists: 0,
        intel_entries: 0,
        rules: 0,
        reuse: None,
        forgotten: 0,
        asked: Asked::default(),
        enriched: Enriched::default(),
        inputs: tally.inputs,
        timeline: tally.timeline.finish(),
    }
}
