//! Batches and their files: taken in, answered after a while, billed once, at the discount.
//!
//! What each item will be answered is decided when the batch is created, so that a run can be repeated; it is shown and
//! billed when its time has come. A batch that is cancelled before is not billed. Items keep no order, except Gemini's
//! inlined ones. Limits on requests do not apply: batches have queues of their own.

mod words;

use super::{Route, Service, State, wording};
use crate::behaviour::Fate;
use crate::encoding::multipart;
use crate::exchange::{Call, Reply};
use crate::llm::{Ask, Outcome, outcome};
use crate::provider::Provider;
use axum::http::Method;
use rand::{Rng, RngExt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Batches and files that are kept, at most.
const MAX_KEPT: usize = 1000;
/// OpenAI's bound on one batch; the others allow more.
const MAX_ITEMS: usize = 50_000;

/// All batches and files.
#[derive(Debug, Default)]
pub(super) struct Batches {
    batches: BTreeMap<String, Batch>,
    files: BTreeMap<String, Vec<u8>>,
    numbers: u64,
}

/// One batch.
#[derive(Debug)]
pub(super) struct Batch {
    provider: Provider,
    /// The how-manieth it is.
    number: u64,
    id: String,
    model: String,
    name: String,
    input_file: String,
    metadata: Value,
    created: Duration,
    ready: Duration,
    cancelled: Option<Duration>,
    settled: bool,
    entries: Vec<Entry>,
}

/// One request of a batch.
#[derive(Debug)]
struct Entry {
    /// OpenAI's and Anthropic's `custom_id`, Gemini's `metadata`.
    key: Value,
    end: End,
}

/// How a request ended, or will.
#[derive(Debug)]
enum End {
    Answered(Ask, Outcome),
    /// The status and body that a single call would have got.
    Failed(u16, Value),
    Expired,
}

/// Where a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Running,
    Done,
    Cancelled,
}

impl Batch {
    fn phase(&self, now: Duration) -> Phase {
        let begins = self.created + self.ready.saturating_sub(self.created) / 10;
        match self.cancelled {
            Some(_) => Phase::Cancelled,
            None if now >= self.ready => Phase::Done,
            None if now < begins => Phase::Waiting,
            None => Phase::Running,
        }
    }

    /// Answered, failed and expired.
    fn counts(&self) -> (usize, usize, usize) {
        let count = |kind: fn(&End) -> bool| self.entries.iter().filter(|entry| kind(&entry.end)).count();
        (
            count(|end| matches!(end, End::Answered(..))),
            count(|end| matches!(end, End::Failed(..))),
            count(|end| matches!(end, End::Expired)),
        )
    }
}

impl Service {
    /// Everything that is not a question or a lookup.
    pub(super) fn manage(&self, provider: Provider, route: Route, call: &Call) -> Reply {
        let unwelcome = wording::unwelcome(provider, call, &self.config);
        let mut state = self.lock();
        let now = self.clock.now();
        {
            let desk = state.desk(provider);
            desk.book.tally.requests += 1;
            if desk.is_dead(now) {
                *desk.book.tally.faults.entry("dead".to_owned()).or_default() += 1;
                return wording::failed(provider, 0);
            }
        }
        if let Some(reply) = unwelcome {
            return reply;
        }
        self.settle_batches(&mut state);
        match route {
            Route::FileUpload => upload(&mut state, provider, call, self.clock.unix_ms(now)),
            Route::FileContent { id } => match state.batches.files.get(&id) {
                Some(bytes) => Reply::text(200, "application/octet-stream", bytes.clone()),
                None => wording::not_found(provider, "File object"),
            },
            Route::BatchCreate { model } => self.create(&mut state, provider, &model, call),
            Route::BatchList => {
                let mut batches: Vec<&Batch> =
                    state.batches.batches.values().filter(|batch| batch.provider == provider).collect();
                batches.sort_by_key(|batch| std::cmp::Reverse((batch.created, batch.number)));
                words::list(self, provider, &batches, call)
            }
            Route::BatchGet { id } => self.look(&mut state, provider, &id, call, words::batch),
            Route::BatchResults { id } => self.look(&mut state, provider, &id, call, words::results),
            Route::BatchCancel { id } => {
                let batch = state.batches.batches.get_mut(&id).filter(|batch| batch.provider == provider);
                let batch = batch.filter(|batch| matches!(batch.phase(now), Phase::Waiting | Phase::Running));
                if let Some(batch) = batch {
                    batch.cancelled = Some(now);
                }
                self.look(&mut state, provider, &id, call, words::cancelled)
            }
            Route::Ask { .. } | Route::Lookup => wording::not_found(provider, "route"),
        }
    }

    fn look(
        &self,
        state: &mut State,
        provider: Provider,
        id: &str,
        call: &Call,
        say: fn(&Self, &Batch, &Call) -> Reply,
    ) -> Reply {
        match state.batches.batches.get(id).filter(|batch| batch.provider == provider) {
            Some(batch) => say(self, batch, call),
            None => wording::not_found(provider, "batch"),
        }
    }

    fn create(&self, state: &mut State, provider: Provider, model: &str, call: &Call) -> Reply {
        if state.batches.batches.len() >= MAX_KEPT {
            return wording::invalid(provider, "Too many batches");
        }
        let body: Value = serde_json::from_slice(&call.body).unwrap_or(Value::Null);
        let requests = match provider {
            Provider::Gemini => words::gemini_requests(&body),
            Provider::Anthropic => words::anthropic_requests(&body),
            _ => words::openai_requests(provider, &body, &state.batches.files),
        };
        let requests = match requests {
            Ok(requests) if (1..=MAX_ITEMS).contains(&requests.len()) => requests,
            Ok(_) => return wording::invalid(provider, "requests: a batch has 1 to 50000 requests"),
            Err(reply) => return reply,
        };
        let mut entries = Vec::with_capacity(requests.len());
        for (key, request) in requests {
            let read = wording::read(provider, model, &request, &self.config);
            // Gemini's gateway reads the whole before it takes it; the others find out later.
            match read {
                Err(reply) if provider == Provider::Gemini => return reply,
                read => entries.push((key, read)),
            }
        }
        let now = self.clock.now();
        let State { rng, desks, batches, .. } = state;
        let Some(desk) = desks.get_mut(&provider) else { return wording::not_found(provider, "provider") };
        let mut entries: Vec<Entry> = entries
            .into_iter()
            .map(|(key, read)| {
                let fate = desk.behaviour.fate(rng);
                let expired = rng.random::<f64>() < desk.behaviour.batch_expired;
                let end = match (read, fate) {
                    (Err(reply), _) => failed(&reply),
                    (Ok(_), _) if expired => End::Expired,
                    (Ok(_), Fate::Fail(_)) => {
                        desk.book.fault(fate);
                        failed(&wording::failed(provider, 1))
                    }
                    (Ok(ask), fate) => {
                        desk.book.fault(if matches!(fate, Fate::Limit(_) | Fate::Hang) {
                            Fate::Answer
                        } else {
                            fate
                        });
                        let outcome = outcome(&ask, &desk.behaviour, fate);
                        match wording::blocked(provider, &outcome) {
                            Some(reply) => failed(&reply),
                            None => End::Answered(ask, outcome),
                        }
                    }
                };
                Entry { key, end }
            })
            .collect();
        if provider != Provider::Gemini {
            shuffle(&mut entries, rng);
        }
        batches.numbers += 1;
        let id = match provider {
            Provider::Gemini => format!("standin{}", batches.numbers),
            Provider::Anthropic => format!("msgbatch_standin{}", batches.numbers),
            _ => format!("batch_standin{}", batches.numbers),
        };
        let text =
            |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let batch = Batch {
            provider,
            number: batches.numbers,
            id: id.clone(),
            model: model.to_owned(),
            name: text("/batch/displayName"),
            input_file: text("/input_file_id"),
            metadata: body.get("metadata").cloned().unwrap_or(Value::Null),
            created: now,
            ready: now + Duration::from_millis(desk.behaviour.batch_ms),
            cancelled: None,
            settled: false,
            entries,
        };
        let reply = words::batch(self, &batch, call);
        batches.batches.insert(id, batch);
        reply
    }

    /// Bills batches whose time has come, and writes their files.
    pub(super) fn settle_batches(&self, state: &mut State) {
        let now = self.clock.now();
        let State { batches, desks, .. } = state;
        for batch in batches.batches.values_mut() {
            if batch.settled || batch.phase(now) != Phase::Done {
                continue;
            }
            batch.settled = true;
            let Some(desk) = desks.get_mut(&batch.provider) else { continue };
            for entry in &batch.entries {
                let End::Answered(ask, outcome) = &entry.end else { continue };
                let percent = batch.provider.batch_percent();
                let price = self.config.prices.get(&ask.model);
                desk.book.bill(&outcome.used, price.map_or(0, |price| price.nanos(&outcome.used, percent)));
                desk.book.tally.batch_items += 1;
            }
            if matches!(batch.provider, Provider::OpenAi | Provider::Moonshot) {
                let (good, bad) = words::files(batch, self.clock.unix_ms(batch.ready));
                batches.files.insert(format!("{}-output", batch.id), good);
                batches.files.insert(format!("{}-errors", batch.id), bad);
            }
        }
    }
}

fn failed(reply: &Reply) -> End {
    let body =
        serde_json::from_slice(&reply.body).unwrap_or_else(|_| json!({"error": {"message": "server error"}}));
    End::Failed(reply.status, body)
}

/// Fisher and Yates'.
fn shuffle(entries: &mut [Entry], rng: &mut impl Rng) {
    for place in (1..entries.len()).rev() {
        entries.swap(place, rng.random_range(0..=place));
    }
}

fn upload(state: &mut State, provider: Provider, call: &Call, unix_ms: i64) -> Reply {
    debug_assert_eq!(call.method, Method::POST);
    let parts = multipart(call.header("content-type").unwrap_or_default(), &call.body).unwrap_or_default();
    let part = |name: &str| parts.iter().find(|(known, _)| known == name).map(|(_, bytes)| *bytes);
    if part("purpose") != Some(b"batch") {
        return wording::invalid(provider, "Invalid value for 'purpose': this stand-in takes 'batch' alone.");
    }
    let Some(bytes) = part("file").filter(|bytes| !bytes.is_empty()) else {
        return wording::invalid(provider, "'file' is a required property");
    };
    if state.batches.files.len() >= MAX_KEPT {
        return wording::invalid(provider, "Too many files");
    }
    state.batches.numbers += 1;
    let id = format!("file-standin{}", state.batches.numbers);
    state.batches.files.insert(id.clone(), bytes.to_vec());
    Reply::json(
        200,
        &json!({"id": id, "object": "file", "bytes": bytes.len(), "created_at": unix_ms / 1000,
        "filename": "batch.jsonl", "purpose": "batch", "status": "processed"}),
    )
}
