//! Batches and their files: taken in, answered after a while, billed once, at the discount.
//!
//! What each item will be answered is decided when the batch is created, so that a run can be repeated; it is shown and
//! billed when the batch is over, however it ends: ready, expired or cancelled ([`life`] has when, and what becomes of
//! the items). Items keep no order, except Gemini's inlined ones. Limits on requests do not apply: batches have queues of
//! their own.
//!
//! | route | what |
//! |---|---|
//! | `POST /v1beta/models/{model}:batchGenerateContent` | Gemini's, inlined, with a `displayName` |
//! | `GET /v1beta/batches?pageSize=&pageToken=` | `operations`, `nextPageToken` |
//! | `GET /v1beta/batches/{id}`, `POST …:cancel` | an operation, with its results when it is over; `{}` |
//! | `POST /v1/files`, `GET /v1/files/{id}/content` | OpenAI's JSON lines |
//! | `POST /v1/batches`, `GET /v1/batches?limit=&after=` | with `metadata`; a list with `first_id`, `last_id`, `has_more` |
//! | `GET /v1/batches/{id}`, `POST …/cancel` | the batch, with its two files when it is over |
//! | `POST /v1/messages/batches`, `GET …?limit=&after_id=&before_id=` | Anthropic's; a page likewise |
//! | `GET /v1/messages/batches/{id}`, `POST …/cancel`, `GET …/results` | the batch, its results in any order |
//!
//! Lists have the newest first. What goes wrong is set in [`Behaviour`](crate::Behaviour): `batch_*`.

mod anthropic;
mod gemini;
mod life;
mod openai;
mod words;

use super::{Route, Service, State, wording};
use crate::behaviour::{Behaviour, Fate};
use crate::encoding::multipart;
use crate::exchange::{Call, Reply};
use crate::llm::outcome;
use crate::provider::Provider;
use axum::http::Method;
use life::{Batch, End, Ended, Entry, Phase};
use rand::{Rng, RngExt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Batches and files that are kept, at most.
const MAX_KEPT: usize = 1000;

/// All batches and files.
#[derive(Debug, Default)]
pub(super) struct Batches {
    batches: BTreeMap<String, Batch>,
    files: BTreeMap<String, Vec<u8>>,
    numbers: u64,
}

/// What a batch asks, as far as it can be read.
enum Asked {
    /// Keys and requests.
    Requests(Vec<(Value, Value)>),
    /// It is taken, and found wrong as a whole when it is looked at (OpenAI's `errors.data`).
    Wrong(Vec<Value>),
}

/// `Err` is a refusal at the door.
type Reading = Result<Asked, Reply>;

/// The most that one batch may have.
#[derive(Debug, Clone, Copy)]
struct Most {
    items: usize,
    /// Of the request (Gemini, Anthropic) or the file.
    bytes: usize,
}

impl Most {
    /// 50,000 and 200 MB is OpenAI's guide, 100,000 and 256 MB Anthropic's, 20 MB Gemini's for what is inlined, and
    /// 100 MB Moonshot's; its number of items is a guess.
    fn of(provider: Provider, behaviour: &Behaviour) -> Self {
        let (items, bytes) = match provider {
            Provider::Gemini => (usize::MAX, 20 << 20),
            Provider::Anthropic => (100_000, 256_000_000),
            Provider::Moonshot => (50_000, 100_000_000),
            _ => (50_000, 200_000_000),
        };
        let own = |set: u64, documented: usize| match usize::try_from(set) {
            Ok(0) | Err(_) => documented,
            Ok(set) => set.min(documented),
        };
        Self { items: own(behaviour.batch_max_items, items), bytes: own(behaviour.batch_max_bytes, bytes) }
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
            Route::BatchResults { id } => self.look(&mut state, provider, &id, call, anthropic::results),
            Route::BatchCancel { id } => {
                let batch = state.batches.batches.get_mut(&id).filter(|batch| batch.provider == provider);
                let batch = batch.filter(|batch| {
                    matches!(batch.phase(now), Phase::Waiting | Phase::Running | Phase::Finalizing)
                });
                if let Some(batch) = batch {
                    batch.cancelled = Some(now);
                }
                // One that is cancelled at once is over, and its files are there.
                self.settle_batches(&mut state);
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
        let most = Most::of(provider, &state.desk(provider).behaviour);
        let body: Value = serde_json::from_slice(&call.body).unwrap_or(Value::Null);
        let asked = match provider {
            Provider::Gemini => gemini::requests(&body, call.body.len(), most),
            Provider::Anthropic => anthropic::requests(&body, call.body.len(), most),
            _ => openai::requests(provider, &body, &state.batches.files, most, &self.config),
        };
        let (requests, mut complaints) = match asked {
            Ok(Asked::Requests(requests)) => (requests, Vec::new()),
            Ok(Asked::Wrong(complaints)) => (Vec::new(), complaints),
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
        let fails = desk.behaviour.batch_fails;
        if fails && provider != Provider::Anthropic && complaints.is_empty() {
            complaints.push(words::complaint("server_error", "The batch could not be validated.", None));
        }
        let mut entries: Vec<Entry> = entries
            .into_iter()
            .map(|(key, read)| {
                let fate = desk.behaviour.fate(rng);
                let expired = rng.random::<f64>() < desk.behaviour.batch_expired;
                let end = match (read, fate) {
                    (Err(reply), _) => failed(&reply),
                    // Anthropic knows no batch that fails as a whole.
                    (Ok(_), _) if fails => failed(&wording::invalid(provider, "The request is not valid.")),
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
            deadline: now + Duration::from_millis(desk.behaviour.batch_expires_ms),
            cancelled: None,
            cancelling: Duration::from_millis(desk.behaviour.batch_cancel_ms),
            complaints,
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
            if batch.settled || !batch.phase(now).is_over() {
                continue;
            }
            batch.settled = true;
            if !batch.complaints.is_empty() {
                continue;
            }
            let Some(desk) = desks.get_mut(&batch.provider) else { continue };
            for (_, ended) in batch.endings() {
                let Ended::Answered(ask, outcome) = ended else { continue };
                let percent = batch.provider.batch_percent();
                let price = self.config.prices.get(&ask.model);
                desk.book.bill(&outcome.used, price.map_or(0, |price| price.nanos(&outcome.used, percent)));
                desk.book.tally.batch_items += 1;
                desk.book.tally.articles_answered += ask.articles();
            }
            if matches!(batch.provider, Provider::OpenAi | Provider::Moonshot) {
                let (good, bad) = openai::files(batch, self.clock.unix_ms(batch.ends()));
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
    if bytes.len() > Most::of(provider, &state.desk(provider).behaviour).bytes {
        return openai::too_large(provider);
    }
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
