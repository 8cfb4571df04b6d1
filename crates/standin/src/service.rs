//! What becomes of a call, from its arrival to the answer.
//!
//! Everything that must be decided at one moment (the stamp, the limits, the fate) is decided under one lock, in order of
//! arrival; nothing waits under it. The key is looked at before the limits, because a provider cannot count a call
//! against an account that it does not know; a request that is wrong counts all the same. What an answer used is billed
//! at the moment it leaves, so a call whose client has gone away by then costs nothing.

mod batches;
mod control;
mod route;
mod wording;

use crate::behaviour::{Behaviour, Fate, Garbage};
use crate::clock::Clock;
use crate::config::Config;
use crate::exchange::{Call, Reply};
use crate::geocoder::{self, Excesses, Search};
use crate::intel::{self, Lookup};
use crate::limits::{Charge, Gate, Limits, Refusal, Refused};
use crate::llm::{Ask, outcome};
use crate::provider::Provider;
use crate::tally::{Book, Lookups, Tally, most_in_any};
use batches::Batches;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use route::Route;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// All stand-ins together.
#[derive(Debug)]
pub(crate) struct Service {
    config: Config,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    rng: ChaCha8Rng,
    desks: BTreeMap<Provider, Desk>,
    batches: Batches,
    answers: u64,
}

/// Everything of one provider.
#[derive(Debug)]
struct Desk {
    gate: Gate,
    book: Book,
    behaviour: Behaviour,
    dead_until: Duration,
    /// Of the geocoder, who shuts the door on those that go on.
    excesses: Excesses,
}

/// A call that counts: a question, a lookup, or a search for a place.
#[derive(Debug)]
enum Work {
    Ask(Ask),
    Lookup(Lookup),
    Search(Search),
}

/// What was decided at an arrival.
enum Decided {
    /// Said at once.
    Said(Reply),
    /// Said, or done, after a while.
    Later { delay: Duration, fate: Fate, work: Work, ticket: u64, place: Place },
}

/// A call that is being worked on; dropping it, as when its client goes away, gives its place up.
struct Place {
    service: Arc<Service>,
    provider: Provider,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.service.lock();
        let desk = state.desk(self.provider);
        desk.gate.leave();
        desk.book.leave();
    }
}

impl State {
    fn desk(&mut self, provider: Provider) -> &mut Desk {
        self.desks.entry(provider).or_insert_with(|| unreachable_desk(provider))
    }
}

/// Every provider has a desk from the start; this one would have no limits.
fn unreachable_desk(provider: Provider) -> Desk {
    debug_assert!(false, "no desk for {provider:?}");
    Desk::new(provider, Limits::default(), Behaviour::default())
}

impl Desk {
    fn new(provider: Provider, limits: Limits, behaviour: Behaviour) -> Self {
        let dead_until = Duration::from_millis(behaviour.dead_for_ms);
        let gate = Gate::new(provider, limits);
        Self { gate, book: Book::default(), behaviour, dead_until, excesses: Excesses::default() }
    }

    fn is_dead(&self, now: Duration) -> bool {
        self.behaviour.dead || now < self.dead_until
    }
}

impl Service {
    pub fn new(config: Config) -> Arc<Self> {
        let desks = Provider::ALL
            .into_iter()
            .map(|provider| {
                (provider, Desk::new(provider, config.limits(provider), config.behaviour(provider)))
            })
            .collect();
        let rng = ChaCha8Rng::seed_from_u64(config.seed);
        let state = State { rng, desks, batches: Batches::default(), answers: 0 };
        Arc::new(Self { clock: Clock::new(config.unix_ms), state: Mutex::new(state), config })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a call. Dropping the future is what a client does that goes away.
    pub async fn handle(self: &Arc<Self>, call: Call) -> Reply {
        if call.path.starts_with("/__standin/") {
            return self.control(&call);
        }
        let Some((provider, route)) = route::find(&call) else {
            return Reply::text(404, "text/plain", "no stand-in speaks here\n");
        };
        let travel = {
            let mut state = self.lock();
            let State { rng, desks, .. } = &mut *state;
            desks.get(&provider).map_or(Duration::ZERO, |desk| desk.behaviour.travel(rng))
        };
        if !travel.is_zero() {
            tokio::time::sleep(travel).await;
        }
        let reply = match route {
            Route::Ask { .. } | Route::Lookup => match self.arrive(provider, &route, &call) {
                Decided::Said(reply) => reply,
                Decided::Later { fate: Fate::Hang, place, .. } => {
                    // Held until the client gives up.
                    std::future::pending::<()>().await;
                    drop(place);
                    return wording::failed(provider, 0);
                }
                Decided::Later { delay, fate, work, ticket, place } => {
                    if !delay.is_zero() {
                        tokio::time::sleep(delay).await;
                    }
                    let reply = self.answer(provider, fate, &work, ticket);
                    drop(place);
                    reply
                }
            },
            route => self.manage(provider, route, &call),
        };
        *self.lock().desk(provider).book.tally.by_status.entry(reply.status).or_default() += 1;
        reply
    }

    /// Everything that is decided at the moment of arrival.
    fn arrive(self: &Arc<Self>, provider: Provider, route: &Route, call: &Call) -> Decided {
        // Reading is not deciding, and may take its time before the lock.
        let unwelcome = wording::unwelcome(provider, call, &self.config);
        let work = match route {
            Route::Ask { model } => {
                let body = serde_json::from_slice(&call.body).unwrap_or(Value::Null);
                wording::read(provider, model, &body, &self.config).map(Work::Ask)
            }
            _ if provider == Provider::Nominatim => geocoder::read(call).map(Work::Search),
            _ => intel::read(provider, call).map(Work::Lookup),
        };
        let (charge, articles) = match &work {
            Ok(Work::Ask(ask)) => (ask.charge(provider), ask.articles()),
            _ => (Charge::default(), 0),
        };
        let mut state = self.lock();
        let now = self.clock.now();
        let unix_ms = self.clock.unix_ms(now);
        let State { rng, desks, .. } = &mut *state;
        let desk = desks.entry(provider).or_insert_with(|| unreachable_desk(provider));
        desk.book.tally.requests += 1;
        match &work {
            // Refused, dead or not: it was told.
            Ok(Work::Lookup(lookup)) => {
                desk.book.tally.private_lookups += u64::from(lookup.is_private());
                desk.book.look_up(&lookup.value);
            }
            Ok(Work::Search(search)) => desk.book.look_up(&search.query),
            _ => {}
        }
        if desk.is_dead(now) {
            desk.book.arrive(now);
            desk.book.ask_about(articles);
            *desk.book.tally.faults.entry("dead".to_owned()).or_default() += 1;
            return Decided::Said(wording::failed(provider, 0));
        }
        if let Some(reply) = unwelcome {
            return Decided::Said(reply);
        }
        desk.book.arrive(now);
        desk.book.ask_about(articles);
        if desk.excesses.are_too_many(now) {
            desk.excesses.add(now);
            desk.book.refuse(Refused::Requests);
            return Decided::Said(geocoder::blocked());
        }
        let model = match &work {
            Ok(Work::Ask(ask)) => ask.model.clone(),
            _ => String::new(),
        };
        let ticket = match desk.gate.arrive(now, unix_ms, charge) {
            Ok(ticket) => ticket,
            Err(refusal) => {
                desk.book.refuse(refusal.limit);
                if provider == Provider::Nominatim {
                    desk.excesses.add(now);
                }
                let standings = desk.gate.standings(now, unix_ms);
                return Decided::Said(wording::limited(
                    provider,
                    &refusal,
                    &model,
                    &standings,
                    &self.clock,
                    now,
                ));
            }
        };
        desk.book.enter();
        let fate = desk.behaviour.fate(rng);
        let delay = desk.behaviour.latency(rng);
        let standings = desk.gate.standings(now, unix_ms);
        let place = Place { service: self.clone(), provider };
        let said = match (work, fate) {
            (Err(reply), _) => Some(reply),
            (Ok(work), Fate::Limit(limit)) => {
                desk.book.fault(fate);
                let refusal = invented(limit, &work);
                Some(wording::limited(provider, &refusal, &model, &standings, &self.clock, now))
            }
            (Ok(work), fate) => {
                // A lookup has no model that could refuse or ramble.
                let applies = matches!(work, Work::Ask(_))
                    || matches!(fate, Fate::Fail(_) | Fate::Hang | Fate::Garble(_));
                let fate = if applies { fate } else { Fate::Answer };
                desk.book.fault(fate);
                return Decided::Later { delay, fate, work, ticket, place };
            }
        };
        // The place is given up under the same lock's protection, after it is released.
        drop(state);
        drop(place);
        Decided::Said(said.unwrap_or_else(|| wording::failed(provider, 0)))
    }

    /// What is said after the delay; billed here.
    fn answer(&self, provider: Provider, fate: Fate, work: &Work, ticket: u64) -> Reply {
        if let Fate::Fail(choice) = fate {
            return wording::failed(provider, choice);
        }
        let html = || {
            Reply::text(
                200,
                "text/html",
                "<!DOCTYPE html><html><body>Please log in to continue.</body></html>",
            )
        };
        if fate == Fate::Garble(Garbage::Html) {
            return html();
        }
        let mut state = self.lock();
        let now = self.clock.now();
        let unix_ms = self.clock.unix_ms(now);
        state.answers += 1;
        let number = state.answers;
        let desk = state.desk(provider);
        let ask = match work {
            Work::Ask(ask) => ask,
            Work::Lookup(lookup) => {
                desk.book.tally.answered += 1;
                let standings = desk.gate.standings(now, unix_ms);
                let headers = wording::headers(provider, &standings, &self.clock, now);
                let reply = intel::answer(lookup, &self.config, unix_ms).headers(headers);
                return if let Fate::Garble(kind) = fate { intel::garbled(reply, kind) } else { reply };
            }
            Work::Search(search) => {
                desk.book.tally.answered += 1;
                let reply = geocoder::answer(search);
                return if let Fate::Garble(kind) = fate { intel::garbled(reply, kind) } else { reply };
            }
        };
        let outcome = outcome(ask, &desk.behaviour, fate);
        if let Some(reply) = wording::blocked(provider, &outcome) {
            return reply;
        }
        let nanos =
            self.config.prices.get(&ask.model).map_or(0, |price| price.nanos(&outcome.used, ask.percent()));
        if provider == Provider::Anthropic {
            desk.gate.correct_input(ticket, outcome.used.input + outcome.used.cache_write);
        }
        desk.gate.settle(now, ticket, outcome.used.output + outcome.used.thinking, nanos);
        desk.book.bill(&outcome.used, nanos);
        desk.book.tally.articles_answered += ask.articles();
        let standings = desk.gate.standings(now, unix_ms);
        let headers = wording::headers(provider, &standings, &self.clock, now);
        let body = wording::answer_body(provider, ask, &outcome, number, unix_ms);
        let reply = Reply::json(200, &body).headers(headers);
        if provider == Provider::Gemini && ask.flex {
            reply.header("x-gemini-service-tier", "flex")
        } else {
            reply
        }
    }

    /// Everything so far; `window` is the one to count in, else each provider's own, else a minute.
    pub fn tally(&self, window: Option<Duration>) -> Tally {
        let mut state = self.lock();
        self.settle_batches(&mut state);
        let own = |provider| self.config.limits(provider).requests.map(|quota| quota.window);
        let shown =
            state.desks.iter().filter(|(_, desk)| desk.book.tally.requests > 0).map(|(provider, desk)| {
                let window = window.or(own(*provider)).unwrap_or(Duration::from_secs(60));
                (*provider, desk.book.show(window))
            });
        Tally { providers: shown.collect() }
    }

    /// When calls arrived, since the start.
    pub fn arrivals(&self, provider: Provider) -> Vec<Duration> {
        self.lock().desk(provider).book.arrivals.iter().copied().collect()
    }

    /// What was asked about.
    pub fn lookups(&self, provider: Provider) -> Lookups {
        self.lock().desk(provider).book.lookups.clone()
    }

    /// Most calls that ever arrived in one such window.
    pub fn most_in_any(&self, provider: Provider, window: Duration) -> u64 {
        most_in_any(&self.lock().desk(provider).book.arrivals, window)
    }
}

/// A refusal that no limit asked for.
fn invented(limit: Refused, work: &Work) -> Refusal {
    let requested = match work {
        Work::Ask(ask) if limit == Refused::Tokens => ask.input(),
        _ => 1,
    };
    let retry_after = match limit {
        Refused::Day => Duration::from_secs(6 * 3600),
        Refused::Concurrency => Duration::from_secs(1),
        _ => Duration::from_secs(2),
    };
    Refusal { limit, amount: 15, used: 15, requested, window: Duration::from_secs(60), retry_after }
}

#[cfg(test)]
mod tests;
