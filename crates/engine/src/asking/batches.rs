//! Asks through a provider's batch endpoint: slower, and cheaper.
//!
//! ```text
//!  open questions ─▶ packs ─▶ written down ─▶ created ─▶ number written down ─▶ … ─▶ results ─▶ decisions, ledger, all at once
//! ```
//!
//! A batch outlives the process that sends it, and is paid for whoever reads it. So it is written down before it is sent:
//! what a killed run left behind is found again by its number; or, if the number never came, by its name in the
//! provider's list. What a batch brings is written in one transaction, and only by who takes the batch away. Items that
//! expired or were cancelled cost nothing and are asked again; what failed is asked again alone.
//!
//! Limits on calls don't apply to what is in a batch, so no budget is asked here.

mod arrival;

use crate::asking::open::Open;
use crate::asking::progress::add;
use crate::asking::run::{ROUNDS, Run};
use crate::error::EngineError;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use watchfire_flow::Clock;
use watchfire_http::{Request, Response};
use watchfire_llm::{
    BatchItem, BatchProvider, BatchResults, BatchStatus, Failure, Pack, PackConfig, Prompt, Question, Tier,
    Usage, pack, prompt,
};
use watchfire_store::BatchRow;

/// The first and the longest wait between two looks.
const LOOKS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));
/// How often a batch is sent again that was not taken for the moment.
const MAX_SENDS: u32 = 5;

/// What a batch asks, as it is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Contents {
    model: String,
    /// The packs, by the keys that come back with their answers.
    packs: Vec<(String, Pack)>,
    /// For each question, all that its answer is for.
    twins: HashMap<i64, Vec<i64>>,
    /// What it may cost, in billionths of a US dollar.
    #[serde(default)]
    reserved_nano: i64,
}

/// A batch that is on its way.
struct Batch {
    row: BatchRow,
    contents: Contents,
    unreadable: u32,
}

impl Batch {
    fn questions(&self) -> impl Iterator<Item = &Question> {
        self.contents.packs.iter().flat_map(|(_, pack)| pack.entries().iter().map(|(_, question)| question))
    }
}

/// What is to be asked.
#[derive(Debug, Default)]
struct ToAsk {
    together: Vec<Question>,
    /// What failed in company, and may not fail alone.
    alone: Vec<Question>,
}

impl ToAsk {
    fn is_empty(&self) -> bool {
        self.together.is_empty() && self.alone.is_empty()
    }
}

/// What became of sending a batch.
enum Sent {
    /// It is on its way, or may be: then it has no number yet.
    Away,
    /// It was not taken for the moment.
    Later,
    /// It will never be taken.
    Never(Failure),
}

impl Run<'_> {
    /// Sends what is waiting in batches, and takes in what batches bring, until all are done or the time to wait is over.
    pub(super) async fn batches(
        &mut self,
        waiting: Vec<Question>,
        open: &mut HashMap<i64, Open>,
        clock: &Arc<dyn Clock>,
    ) -> Result<(), EngineError> {
        let provider = Arc::clone(&self.asker.provider);
        let Some(way) = provider.batches() else {
            self.line.gates.stop("this provider has no batches");
            return Ok(());
        };
        let until = Instant::now() + self.asker.batch_wait;
        let mut away = self.left_behind()?;
        let sent: HashSet<i64> = away.iter().flat_map(Batch::questions).map(|question| question.id).collect();
        let mut to_ask = ToAsk {
            together: waiting.into_iter().filter(|question| !sent.contains(&question.id)).collect(),
            alone: Vec::new(),
        };
        for _ in 0..ROUNDS {
            if self.line.gates.stopped().is_none() {
                self.send_all(way, to_ask, &mut away, clock).await?;
            }
            to_ask = self.wait(way, &mut away, open, until, clock).await?;
            if to_ask.is_empty() || !away.is_empty() || Instant::now() >= until {
                break;
            }
        }
        let on_their_way = away.iter().flat_map(Batch::questions);
        let ids: HashSet<i64> = on_their_way
            .flat_map(|question| self.twins.get(&question.id).cloned().unwrap_or_default())
            .filter(|id| open.contains_key(id))
            .collect();
        self.asked.in_batches = ids.len() as u64;
        Ok(())
    }

    /// The batches that earlier runs left behind.
    fn left_behind(&mut self) -> Result<Vec<Batch>, EngineError> {
        let mut away = Vec::new();
        for row in self.store.batches(&self.asker.name)? {
            let contents: Contents = serde_json::from_str(&row.body).unwrap_or_default();
            for (first, twins) in &contents.twins {
                self.twins.entry(*first).or_insert_with(|| twins.clone());
            }
            self.line.committed_nano.fetch_add(contents.reserved_nano, Ordering::Relaxed);
            away.push(Batch { row, contents, unreadable: 0 });
        }
        Ok(away)
    }

    /// Sends questions in as few batches as hold them.
    async fn send_all(
        &mut self,
        way: &dyn BatchProvider,
        questions: ToAsk,
        away: &mut Vec<Batch>,
        clock: &Arc<dyn Clock>,
    ) -> Result<(), EngineError> {
        let mut packs = Vec::new();
        let mut items = Vec::new();
        let mut is_spent = false;
        let alone = PackConfig { size: 1, ..self.asker.pack };
        let mut asked = pack(questions.together, &self.asker.pack, &mut self.rng);
        asked.extend(pack(questions.alone, &alone, &mut self.rng));
        for pack in asked {
            let prompt = prompt(&pack, &self.asker.model, Tier::Batch);
            if !self.set_aside(&prompt) {
                is_spent = true;
                break;
            }
            let key = format!("p{}-{:08x}", items.len(), self.rng.random::<u32>());
            packs.push((key.clone(), pack));
            items.push(BatchItem { key, prompt });
        }
        let (mut packs, mut items) = (packs.into_iter(), &items[..]);
        while !items.is_empty() && self.line.gates.stopped().is_none() {
            let fits = way.fits(items);
            if fits == 0 {
                // Too large for any batch: it stays open.
                items = &items[1..];
                packs.next();
                continue;
            }
            let (these, rest) = items.split_at(fits);
            items = rest;
            let packs: Vec<(String, Pack)> = packs.by_ref().take(fits).collect();
            if let Some(batch) = self.send(way, these, packs, clock).await? {
                away.push(batch);
            }
        }
        if is_spent {
            self.line.gates.stop("the money set aside for this run or day is spent");
        }
        Ok(())
    }

    /// Sets money aside for a prompt; whether there was enough.
    fn set_aside(&self, prompt: &Prompt) -> bool {
        let reserved = self.reserved(prompt);
        let committed = self.line.committed_nano.fetch_add(reserved, Ordering::Relaxed);
        if self.line.max_nano.is_some_and(|max| committed + reserved > max) {
            self.line.committed_nano.fetch_sub(reserved, Ordering::Relaxed);
            return false;
        }
        true
    }

    /// What a prompt may cost in a batch, in billionths of a US dollar.
    fn reserved(&self, prompt: &Prompt) -> i64 {
        self.line.cost(&prompt.model, Tier::Batch, &prompt.estimate()).unwrap_or(0)
    }

    /// Sends one batch, again if it is not taken for the moment.
    async fn send(
        &mut self,
        way: &dyn BatchProvider,
        items: &[BatchItem],
        packs: Vec<(String, Pack)>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Batch>, EngineError> {
        let ids = packs.iter().flat_map(|(_, pack)| pack.entries().iter().map(|(_, question)| question.id));
        let twins = ids.filter_map(|id| Some((id, self.twins.get(&id)?.clone()))).collect();
        let reserved_nano = items.iter().map(|item| self.reserved(&item.prompt)).sum();
        let contents = Contents { model: self.asker.model.clone(), packs, twins, reserved_nano };
        let body = serde_json::to_string(&contents).unwrap_or_default();
        let mut wait = LOOKS.0;
        for _ in 0..MAX_SENDS {
            let at = clock.unix_millis();
            let mut row = BatchRow {
                name: format!("watchfire-{at:x}-{:08x}", self.rng.random::<u32>()),
                asker: self.asker.name.clone(),
                number: None,
                requests: u32::try_from(items.len()).unwrap_or(u32::MAX),
                at,
                body: body.clone(),
            };
            self.store.put_batch(&row)?;
            match self.create(way, items, &mut row).await {
                Sent::Away => {
                    self.store.put_batch(&row)?;
                    return Ok(Some(Batch { row, contents, unreadable: 0 }));
                }
                Sent::Later => {
                    self.store.end_batch(&row.name, &[], &[], &[])?;
                    self.asked.rate_limited += 1;
                    add(&self.progress.rate_limited, 1);
                    sleep(wait).await;
                    wait = (wait * 2).min(LOOKS.1);
                }
                Sent::Never(failure) => {
                    self.store.end_batch(&row.name, &[], &[], &[])?;
                    self.line.gates.stop(format!("the batch is not taken: {failure}"));
                    return Ok(None);
                }
            }
        }
        self.line.gates.stop("the provider takes no batches at the moment");
        Ok(None)
    }

    async fn create(&self, way: &dyn BatchProvider, items: &[BatchItem], row: &mut BatchRow) -> Sent {
        let uploaded = match way.upload(items) {
            None => None,
            Some(request) => {
                match self.fetch(request).await.and_then(|response| way.read_upload(&response)) {
                    Ok(uploaded) => Some(uploaded),
                    Err(failure) if is_passing(&failure) => return Sent::Later,
                    Err(failure) => return Sent::Never(failure),
                }
            }
        };
        let request = way.create(&row.name, items, uploaded.as_deref());
        match self.fetch(request).await.and_then(|response| way.read_created(&response)) {
            Ok(status) => {
                row.number = Some(status.id);
                Sent::Away
            }
            Err(Failure::Limited { .. } | Failure::Unreachable { sent: false, .. }) => Sent::Later,
            // Nobody knows whether it was taken: the provider's list tells.
            Err(Failure::Unreachable { .. } | Failure::Server { .. } | Failure::Garbled { .. }) => Sent::Away,
            Err(failure) => Sent::Never(failure),
        }
    }

    async fn fetch(&self, request: Request) -> Result<Response, Failure> {
        self.line.http.send(request).await.map_err(Failure::from)
    }

    /// Looks at the batches from time to time and takes in what they bring. The questions that are to be asked again.
    async fn wait(
        &mut self,
        way: &dyn BatchProvider,
        away: &mut Vec<Batch>,
        open: &mut HashMap<i64, Open>,
        until: Instant,
        clock: &Arc<dyn Clock>,
    ) -> Result<ToAsk, EngineError> {
        let mut again = ToAsk::default();
        let mut pause = LOOKS.0;
        let mut is_refused = false;
        loop {
            let known: HashSet<String> = away.iter().filter_map(|batch| batch.row.number.clone()).collect();
            for mut batch in std::mem::take(away) {
                if batch.row.number.is_none() {
                    match self.find(way, &batch.row, &known, clock).await {
                        Found::At(number) => {
                            batch.row.number = Some(number);
                            self.store.put_batch(&batch.row)?;
                        }
                        Found::Nowhere => {
                            self.store.end_batch(&batch.row.name, &[], &[], &[])?;
                            again.together.extend(batch.questions().cloned());
                            continue;
                        }
                        Found::NotYet => {}
                    }
                }
                match self.look(way, &mut batch).await {
                    Look::Waits => away.push(batch),
                    Look::Refused(reason) => {
                        self.line.gates.stop(reason);
                        is_refused = true;
                        away.push(batch);
                    }
                    Look::Over(status, results) => {
                        self.take_in(&batch, &status, results, open, clock, &mut again)?;
                    }
                    Look::Lost(outcome) => {
                        // What it cost nobody knows.
                        let mut line = self.batch_line(&batch, outcome, Usage::default(), clock);
                        line.cost_nano = None;
                        line.items = batch.row.requests;
                        if self.store.end_batch(&batch.row.name, &[], &[], std::slice::from_ref(&line))? {
                            self.account(&[line]);
                        }
                        again.together.extend(batch.questions().cloned());
                    }
                }
            }
            let now = Instant::now();
            if away.is_empty() || is_refused || now >= until {
                self.progress.next_slot_ms.store(0, Ordering::Relaxed);
                return Ok(again);
            }
            let pause_now = pause.min(until - now);
            let millis = u64::try_from(pause_now.as_millis()).unwrap_or(u64::MAX);
            self.progress.next_slot_ms.store(millis, Ordering::Relaxed);
            sleep(pause_now).await;
            pause = pause.mul_f64(1.5).min(LOOKS.1);
        }
    }
}

/// Where a batch is whose number never came.
enum Found {
    At(String),
    /// The provider has none like it.
    Nowhere,
    NotYet,
}

/// What a look at a batch brought.
enum Look {
    Waits,
    /// The provider does not let us look.
    Refused(String),
    Over(Box<BatchStatus>, BatchResults),
    /// There will never be results, for this outcome.
    Lost(&'static str),
}

/// Whether the same may be taken a little later.
fn is_passing(failure: &Failure) -> bool {
    matches!(failure, Failure::Limited { .. } | Failure::Server { .. } | Failure::Unreachable { .. })
}
