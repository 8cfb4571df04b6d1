//! A request on its way from its bytes to its acknowledgement.

use super::committer::Entry;
use super::findings::Draft;
use super::keyed::{Held, Key};
use super::webhooks::Post;
use super::{About, Refusal, Service, Shared, Timing};
use crate::archive::StoreArchive;
use crate::pipeline::Output;
use crate::progress::Progress;
use crate::work::{
    Court, Found, JudgedChunk, Packer, Place, ReadChunk, Said, Stages, Worker, commit, questions,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use watchfire_judge::propositions::Seen;
use watchfire_judge::{Assessed, Assessor, Facts, rule_key};
use watchfire_signal::frame::{Chunk, FrameError, Framer};
use watchfire_signal::read::RecordReader;
use watchfire_signal::write::OutputFormat;
use watchfire_signal::{Field, Severity};
use watchfire_store::{Arrival, ChunkRow, RequestRow, SourceId};

/// Longer requests are worked on apart, so that short ones don't wait for them, in bytes.
pub(super) const SHORT: usize = 32 << 10;
/// How much a request may unpack to, in bytes.
pub(super) const MAX_UNPACKED: usize = 32 << 20;
/// Desks that are kept for the next request, at most: one per core, since each remembers for itself.
pub(super) const MAX_DESKS: usize = 8;

/// A request that was accepted: everything in it is judged and durable.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Accepted {
    /// Records in it.
    pub received: u64,
    /// Those that were set aside.
    pub set_aside: u64,
    /// Those that can't be read.
    pub dead: u64,
    /// The ids of its alerts, in order.
    pub alerts: Vec<String>,
    /// What became of each record, in order, if that was asked for.
    pub outcomes: Vec<Outcome>,
    /// Whether it was accepted before, and this is the same answer again.
    pub replayed: bool,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It has a verdict.
    Judged {
        /// The alert's id.
        id: String,
        /// The alert with its verdict, as one JSON object.
        json: String,
        /// What propositions are asked about.
        about: About,
    },
    /// It is no alert.
    SetAside {
        /// What it is.
        kind: String,
    },
    /// It can't be read.
    Dead {
        /// Why.
        reason: String,
        /// What can be done.
        hint: String,
    },
}

/// What reads and assesses, with what it remembers.
pub(crate) struct Desk {
    reader: RecordReader,
    assessor: Assessor,
    packer: Packer,
}

/// A request that was judged and waits to be written.
struct Judged {
    accepted: Accepted,
    written: oneshot::Receiver<Result<(), Refusal>>,
}

impl Service {
    /// Takes in what a request brought. Returns once everything in it is judged and durable. `key` is what the request is
    /// known again by, if it comes again: a hash of who sent it and of the key they gave it.
    ///
    /// Dropping the future gives up waiting; what was taken in by then stays.
    pub async fn accept(
        &self,
        body: Vec<u8>,
        key: Option<[u8; 32]>,
        outcomes: bool,
    ) -> Result<Accepted, Refusal> {
        let started = self.shared.clock.elapsed();
        let place = Arc::clone(&self.shared.requests).try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let Some(key) = key else { return self.take_in(body, place, None, outcomes, started).await };
        let turn = self.shared.turn(key).await.ok_or(Refusal::Busy)?;
        let key = Key { key, body: *blake3::hash(&body).as_bytes(), turn };
        let known = self.shared.store.request(&key.key);
        match known.map_err(|error| Refusal::Store(error.to_string()))? {
            Some(known) if known.body != key.body => Err(Refusal::KeyReused),
            Some(known) => self.shared.again(&known),
            None => self.take_in(body, place, Some(key), outcomes, started).await,
        }
    }

    async fn take_in(
        &self,
        body: Vec<u8>,
        place: OwnedSemaphorePermit,
        key: Option<Key>,
        outcomes: bool,
        started: std::time::Duration,
    ) -> Result<Accepted, Refusal> {
        let Judged { accepted, written } = if body.len() <= SHORT {
            self.shared.judge(body, place, key, outcomes)?
        } else {
            let shared = Arc::clone(&self.shared);
            let span = tracing::Span::current();
            let work = tokio::task::spawn_blocking(move || {
                span.in_scope(|| shared.judge(body, place, key, outcomes))
            });
            work.await.map_err(|error| Refusal::Failed(error.to_string()))??
        };
        written.await.map_err(|_| Refusal::Failed("the service is shutting down".to_owned()))??;
        self.shared.live.took(Timing::Accept, self.shared.clock.elapsed().saturating_sub(started));
        Ok(accepted)
    }
}

impl Shared {
    /// Reads, assesses and judges a request, and hands it to be written.
    fn judge(
        self: &Arc<Self>,
        body: Vec<u8>,
        place: OwnedSemaphorePermit,
        key: Option<Key>,
        outcomes: bool,
    ) -> Result<Judged, Refusal> {
        let kibibytes = u32::try_from(body.len().div_ceil(1024).max(1)).unwrap_or(u32::MAX);
        let _span = tracing::debug_span!("judge", bytes = body.len()).entered();
        let _room = self.kibibytes.try_acquire_many(kibibytes).map_err(|_| Refusal::Busy)?;
        let chunks = self.cut(&body)?;
        drop(body);
        let archive = StoreArchive::new(&self.store);
        let progress = Progress::new();
        let Desk { reader, assessor, packer } = self.desk();
        let mut worker = Worker {
            reader,
            assessor,
            packer,
            ground: &self.ground,
            reputations: &*self.reputations,
            wanted: self.wanted.as_ref(),
            store: &self.store,
            archive: &archive,
            clock: &*self.clock,
            progress: &progress,
            output: outcomes
                .then_some(Output { format: OutputFormat::Ndjson, min_severity: Severity::Unknown }),
            keep_raw: self.keep_raw,
            asks: self.asks,
            stages: Stages::default(),
        };
        let judged = self.work(&mut worker, &chunks, place, key);
        let Worker { reader, assessor, packer, .. } = worker;
        self.put_back(Desk { reader, assessor, packer });
        judged
    }

    fn work(
        self: &Arc<Self>,
        worker: &mut Worker<'_>,
        chunks: &[Chunk],
        place: OwnedSemaphorePermit,
        key: Option<Key>,
    ) -> Result<Judged, Refusal> {
        let (known_by, turn) = match key {
            Some(Key { key, body, turn }) => (Some((key, body)), Some(turn)),
            None => (None, None),
        };
        let mut reads: Vec<ReadChunk<'_>> =
            chunks.iter().map(|chunk| worker.read(self.source, chunk)).collect();
        let mut looked = catch_unwind(AssertUnwindSafe(|| look(worker, &reads)));
        if looked.is_err() {
            drop(looked);
            // One alert's failure stays its own: those that fail alone become dead letters.
            reads = reads.into_iter().map(|read| worker.without_failing(read)).collect();
            looked = Ok(look(worker, &reads));
        }
        let looked = looked.unwrap_or_default();
        let count = |of: fn(&ReadChunk<'_>) -> usize| reads.iter().map(of).sum::<usize>() as u64;
        let (judged, set_aside, dead) =
            (count(|read| read.alerts.len()), count(|read| read.aside.len()), count(|read| read.dead.len()));
        let (reply, written) = oneshot::channel();
        let mut ticketed = self.in_order(worker, chunks, &reads, &looked);
        self.live.received(judged + set_aside + dead);
        let mut entry = Handed {
            shared: self,
            entry: Some(Entry {
                ticket: ticketed.ticket,
                epoch: ticketed.epoch,
                arrival: None,
                judged,
                set_aside,
                dead,
                findings: Draft::default(),
                reply,
                span: tracing::Span::current(),
                held: Some(Held { _place: place, _turn: turn }),
            }),
        };
        if ticketed.failed {
            return Err(Refusal::Failed("judging it failed".to_owned()));
        }
        let first_ordinal = ticketed.judged.first().map_or(0, |judged| judged.first_ordinal);
        let mut commits = Vec::with_capacity(reads.len());
        let mut post = Post::new(&self.webhooks, self.clock.unix_millis());
        let mut draft = self.stream.is_heard().then(Draft::default);
        let mut accepted =
            Accepted { received: judged + set_aside + dead, set_aside, dead, ..Accepted::default() };
        for (((chunk, read), (facts, assessed)), judged) in
            chunks.iter().zip(&reads).zip(&looked).zip(&mut ticketed.judged)
        {
            worker.collect_wanted(read, judged);
            let row = ChunkRow {
                first_ordinal: judged.first_ordinal,
                hashes: read.hashes.clone(),
                decided: judged.decided(&read.found),
                raw: if worker.keep_raw { worker.packer.pack(&chunk.text) } else { Vec::new() },
            };
            let mut commit = commit(row, read, facts, judged);
            if worker.asks {
                commit.questions = questions(worker.ground, read, facts, assessed, judged);
            }
            commits.push(commit);
            tell_others(&mut post, draft.as_mut(), self.source, (read, facts, assessed, judged));
            accepted
                .alerts
                .extend(judged.verdicts.iter().map(|verdicted| self.source.alert_id(verdicted.ordinal)));
            if worker.output.is_some() {
                let lines = worker.write_output(self.source, &read.alerts, facts, assessed, &judged.verdicts);
                tell(
                    &String::from_utf8_lossy(&lines),
                    self,
                    (read, facts, assessed, judged),
                    &mut accepted.outcomes,
                );
            }
        }
        let request = known_by.map(|(key, body)| RequestRow {
            key,
            body,
            first_ordinal,
            records: accepted.received,
            set_aside,
            dead,
        });
        if let Some(entry) = &mut entry.entry {
            entry.arrival = Some(Arrival { commits, request, deliveries: post.finish() });
            entry.findings = draft.unwrap_or_default();
        }
        drop(entry);
        Ok(Judged { accepted, written })
    }

    /// Judges the alerts of a request, one request after another.
    fn in_order(
        &self,
        worker: &Worker<'_>,
        chunks: &[Chunk],
        reads: &[ReadChunk<'_>],
        looked: &Looked<'_>,
    ) -> Ticketed {
        let started = self.clock.elapsed();
        let mut bench = self.bench();
        let (ticket, epoch) = (bench.ticket, bench.epoch);
        let court: &mut Court = &mut bench.court;
        // Alerts that don't say when they happened happened now.
        court.time = self.clock.unix_millis();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut judged = Vec::with_capacity(reads.len());
            for ((chunk, read), (facts, assessed)) in chunks.iter().zip(reads).zip(looked) {
                let place =
                    Place { input: 0, source: self.source, is_first: false, bytes: chunk.text.len() as u64 };
                let chunk = court.judge_chunk(
                    &place,
                    read,
                    facts,
                    assessed,
                    worker.ground,
                    worker.archive,
                    worker.clock,
                    started,
                );
                let alerts = read.alerts.iter().zip(facts).zip(assessed).zip(&chunk.verdicts);
                for (((alert, facts), assessed), verdicted) in alerts {
                    let decision = &verdicted.judgement.decision;
                    self.propositions.observe(&Seen {
                        time: verdicted.time,
                        entity: entity_of(facts, assessed),
                        rule: &rule_key(alert),
                        name: alert.text(Field::RuleName),
                        techniques: &decision.detail.techniques,
                        hostile: decision.verdict.is_hostile(),
                    });
                }
                judged.push(chunk);
            }
            judged
        }));
        bench.ticket += 1;
        drop(bench);
        self.live.took(Timing::Judge, self.clock.elapsed().saturating_sub(started));
        let failed = outcome.is_err() || worker.archive.has_failed();
        Ticketed { ticket, epoch, failed, judged: outcome.unwrap_or_default() }
    }

    /// Cuts a body into chunks of whole records.
    pub(super) fn cut(&self, body: &[u8]) -> Result<Vec<Chunk>, Refusal> {
        let unreadable =
            |error: &FrameError| Refusal::Unreadable { reason: error.to_string(), hint: error.hint() };
        let mut framer = Framer::new(body, Arc::default(), self.limits, &self.mappings)
            .map_err(|error| unreadable(&error))?;
        let (mut chunks, mut bytes) = (Vec::new(), 0);
        while let Some(chunk) = framer.next_chunk() {
            bytes += chunk.text.len();
            if bytes > MAX_UNPACKED {
                return Err(Refusal::TooLarge(MAX_UNPACKED));
            }
            chunks.push(chunk);
        }
        match framer.take_error() {
            Some(error) => Err(unreadable(&error)),
            None => Ok(chunks),
        }
    }

    fn desk(&self) -> Desk {
        let free = self.desks.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        free.unwrap_or_else(|| Desk {
            reader: RecordReader::new(Arc::clone(&self.mappings)),
            assessor: Assessor::new(self.ground.clone()),
            packer: Packer::default(),
        })
    }

    fn put_back(&self, desk: Desk) {
        let mut desks = self.desks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if desks.len() < self.most_desks {
            desks.push(desk);
        }
    }
}

type Looked<'r> = Vec<(Vec<Facts<'r>>, Vec<Assessed>)>;

fn look<'r>(worker: &mut Worker<'_>, reads: &'r [ReadChunk<'_>]) -> Looked<'r> {
    reads.iter().map(|read| worker.assess(&read.alerts)).collect()
}

/// A request that has its place in the order.
struct Ticketed {
    ticket: u64,
    epoch: u64,
    failed: bool,
    judged: Vec<JudgedChunk>,
}

/// An entry that is handed in whatever happens: whoever stands behind it must not wait for ever.
struct Handed<'s> {
    shared: &'s Shared,
    entry: Option<Entry>,
}

impl Drop for Handed<'_> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.shared.committer.put(entry);
        }
    }
}

/// The machine and whoever acted, as propositions know them: nobody is named where whoever acted is the machine itself.
fn entity_of(facts: &Facts<'_>, assessed: &Assessed) -> [u64; 2] {
    let machine = if facts.asset.is_empty() { 0 } else { assessed.entities.asset };
    let is_named = !facts.actor.is_empty() && facts.actor != facts.asset;
    [machine, if is_named { assessed.entities.actor } else { 0 }]
}

/// Tells whoever wants to hear of the verdicts of a chunk.
fn tell_others(
    post: &mut Post<'_>,
    mut draft: Option<&mut Draft>,
    source: SourceId,
    (read, facts, assessed, judged): (&ReadChunk<'_>, &[Facts<'_>], &[Assessed], &JudgedChunk),
) {
    for (((alert, facts), assessed), verdicted) in
        read.alerts.iter().zip(facts).zip(assessed).zip(&judged.verdicts)
    {
        let said = Said::of(verdicted, assessed.pattern);
        if post.is_wanted(said) {
            post.tell(&source.alert_id(verdicted.ordinal), alert, facts, said);
        }
        if let Some(draft) = &mut draft {
            draft.add(&source.alert_id(verdicted.ordinal), alert, facts, said);
        }
    }
}

/// What became of each record of a chunk. `lines` has one line per alert.
fn tell(
    lines: &str,
    shared: &Shared,
    (read, facts, assessed, judged): (&ReadChunk<'_>, &[Facts<'_>], &[Assessed], &JudgedChunk),
    outcomes: &mut Vec<Outcome>,
) {
    let looked = facts.iter().zip(assessed);
    let mut alerts = read.alerts.iter().zip(looked).zip(judged.verdicts.iter().zip(lines.lines()));
    let (mut aside, mut dead) = (read.aside.iter(), read.dead.iter());
    for found in &read.found {
        let outcome = match found {
            Found::Alert(_) => alerts.next().map(|((alert, (facts, assessed)), (verdicted, line))| {
                let detail = &verdicted.judgement.decision.detail;
                Outcome::Judged {
                    id: shared.source.alert_id(verdicted.ordinal),
                    json: line.to_owned(),
                    about: About {
                        time: verdicted.time,
                        entity: entity_of(facts, assessed),
                        rule: rule_key(alert),
                        techniques: detail.techniques.clone(),
                        category: detail.category,
                    },
                }
            }),
            Found::Aside => aside.next().map(|kind| Outcome::SetAside { kind: kind.clone() }),
            Found::Dead => dead.next().map(|dead| Outcome::Dead {
                reason: dead.broken.reason.clone(),
                hint: dead.broken.hint.to_owned(),
            }),
        };
        outcomes.extend(outcome);
    }
}
