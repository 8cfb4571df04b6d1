//! What batches promise: the same answers at a lower price, whatever happens to the process in between.

use crate::world::{Paused, START_MS, World, alerts, gemini};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use watchfire_engine::{AskProgress, Asked, Asker};
use watchfire_flow::Clock;
use watchfire_judge::Asking;
use watchfire_llm::{Anthropic, Dialect, Gemini, OpenAi, PackConfig, Provider, Tier};
use watchfire_standin::{Behaviour, Config, InProcess, Provider as At, Standin};
use watchfire_store::BatchRow;

fn providers() -> [(At, &'static str, Arc<dyn Provider>); 3] {
    [
        (At::Gemini, "gemini-2.5-flash", Arc::new(Gemini::new("http://stand.in", "test-key"))),
        (At::OpenAi, "gpt-5-mini", Arc::new(OpenAi::new("http://stand.in", "test-key", Dialect::OpenAi))),
        (
            At::Anthropic,
            "claude-haiku-4-5",
            Arc::new(Anthropic::new("http://stand.in", "test-key", Anthropic::VERSION)),
        ),
    ]
}

fn batched(provider: &Arc<dyn Provider>, model: &str, standin: &InProcess) -> Asker {
    Asker {
        provider: Arc::clone(provider),
        model: model.to_owned(),
        tier: Tier::Batch,
        pack: PackConfig::default(),
        ..gemini(standin.clone())
    }
}

/// Runs on a paused clock that began with the stand-in.
fn on_paused_clock<T>(config: Config, work: impl AsyncFnOnce(InProcess, Arc<dyn Clock>) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(Paused(Instant::now()));
        work(Standin::in_process(Config { unix_ms: Some(START_MS), ..config }), clock).await
    })
}

async fn ask(world: &World, asker: &Asker, clock: &Arc<dyn Clock>) -> Asked {
    asker.ask_all(&world.store, clock, &Arc::new(AskProgress::new())).await.unwrap()
}

/// The ledger's sum and the stand-in's, in billionths of a US dollar.
fn bills(world: &World, standin: &InProcess, at: At) -> (u64, u64) {
    let ledger = world.store.ledger(0, i64::MAX).unwrap();
    (ledger.iter().map(|line| line.cost_nano as u64).sum(), standin.tally().providers[&at].cost_nanos)
}

#[test]
fn a_batch_answers_everything_at_its_lower_price() {
    for (at, model, provider) in providers() {
        let world = World::new();
        world.judge(&alerts(120, 5), Asking::Model("x".into()));
        let behaviour = Behaviour {
            batch_ms: 3_600_000,
            cached_share: 0.3,
            thinking_tokens: 137,
            ..Behaviour::default()
        };
        let (asked, standin) =
            on_paused_clock(Config { behaviour, ..Config::default() }, async |standin, clock| {
                let asker = batched(&provider, model, &standin);
                let quote = asker.quote(&world.store).unwrap();
                let asked = ask(&world, &asker, &clock).await;
                assert!(asked.cost_nano_usd <= quote.nano_usd.unwrap(), "{model}");
                (asked, standin)
            });
        assert_eq!((asked.answered, asked.open, asked.in_batches), (120, 0, 0), "{model}: {}", asked.stopped);
        let tally = standin.tally().providers[&at].clone();
        assert_eq!(tally.batch_items, 20, "{model}");
        assert_eq!(tally.calls, 0, "{model}: nothing was asked singly");
        let (ledger, bill) = bills(&world, &standin, at);
        assert!(bill > 0);
        assert_eq!(ledger, bill, "{model}");
        assert!(asked.elapsed_s >= 3600.0 && asked.elapsed_s < 3700.0, "{}", asked.elapsed_s);
    }
}

#[test]
fn what_expires_or_fails_is_paid_for_as_it_was_billed_and_asked_again() {
    for (at, model, provider) in providers() {
        let world = World::new();
        world.judge(&alerts(150, 5), Asking::Model("x".into()));
        let behaviour = Behaviour {
            batch_ms: 60_000,
            batch_expired: 0.2,
            server_errors: 0.1,
            garbage: 0.1,
            refusals: 0.1,
            truncations: 0.1,
            ..Behaviour::default()
        };
        let config = Config { behaviour, seed: 3, ..Config::default() };
        let (asked, standin) = on_paused_clock(config, async |standin, clock| {
            (ask(&world, &batched(&provider, model, &standin), &clock).await, standin)
        });
        assert!(asked.answered > 100, "{model}: {asked:?}");
        assert_eq!(asked.answered + asked.open, 150, "{model}");
        assert!(asked.outcomes.iter().any(|count| count.name == "expired"), "{model}: {:?}", asked.outcomes);
        let (ledger, bill) = bills(&world, &standin, at);
        assert_eq!(ledger, bill, "{model}");
        assert!(world.store.batches("llm test").unwrap().is_empty());
    }
}

#[test]
fn a_killed_run_leaves_its_batch_to_the_next_one_which_pays_for_it_once() {
    for (at, model, provider) in providers() {
        let world = World::new();
        world.judge(&alerts(60, 5), Asking::Model("x".into()));
        let behaviour = Behaviour { batch_ms: 3_600_000, ..Behaviour::default() };
        on_paused_clock(Config { behaviour, ..Config::default() }, async |standin, clock| {
            let asker = batched(&provider, model, &standin);
            // Killed again and again, at different moments.
            for seconds in [1, 7, 600] {
                let killed = timeout(Duration::from_secs(seconds), ask(&world, &asker, &clock)).await;
                assert!(killed.is_err(), "{model}");
                assert_eq!(world.store.batches("llm test").unwrap().len(), 1, "{model}");
            }
            // One that does not wait says what is on its way.
            let hasty = Asker { batch_wait: Duration::ZERO, ..batched(&provider, model, &standin) };
            let asked = ask(&world, &hasty, &clock).await;
            assert_eq!((asked.answered, asked.open, asked.in_batches), (0, 60, 60), "{model}");
            let asked = ask(&world, &asker, &clock).await;
            assert_eq!((asked.answered, asked.open), (60, 0), "{model}: {}", asked.stopped);
            assert_eq!(standin.tally().providers[&at].batch_items, 10, "{model}: asked once");
            let (ledger, bill) = bills(&world, &standin, at);
            assert_eq!(ledger, bill, "{model}");
        });
    }
}

#[test]
fn a_batch_whose_number_never_came_is_found_in_the_providers_list() {
    for (at, model, provider) in providers() {
        let world = World::new();
        world.judge(&alerts(60, 5), Asking::Model("x".into()));
        let behaviour = Behaviour { batch_ms: 3_600_000, ..Behaviour::default() };
        on_paused_clock(Config { behaviour, ..Config::default() }, async |standin, clock| {
            let asker = batched(&provider, model, &standin);
            let killed = timeout(Duration::from_secs(1), ask(&world, &asker, &clock)).await;
            assert!(killed.is_err(), "{model}");
            // As if the kill had come between the provider's answer and our writing it down; and once before it was sent.
            let sent = world.store.batches("llm test").unwrap().remove(0);
            world.store.put_batch(&BatchRow { number: None, ..sent.clone() }).unwrap();
            let asked = ask(&world, &asker, &clock).await;
            assert_eq!((asked.answered, asked.open), (60, 0), "{model}: {}", asked.stopped);
            assert_eq!(standin.tally().providers[&at].batch_items, 10, "{model}: asked once");
            let (ledger, bill) = bills(&world, &standin, at);
            assert_eq!(ledger, bill, "{model}");
        });
    }
}

#[test]
fn a_batch_that_was_never_sent_is_forgotten_and_its_questions_are_asked() {
    for (at, model, provider) in providers() {
        let world = World::new();
        world.judge(&alerts(60, 5), Asking::Model("x".into()));
        on_paused_clock(Config::default(), async |standin, clock| {
            let asker = batched(&provider, model, &standin);
            let hasty = Asker { batch_wait: Duration::ZERO, ..batched(&provider, model, &standin) };
            ask(&world, &hasty, &clock).await;
            let sent = world.store.batches("llm test").unwrap().remove(0);
            world.store.end_batch(&sent.name, &[], &[], &[]).unwrap();
            let never = BatchRow {
                name: "watchfire-never".to_owned(),
                number: None,
                at: START_MS - 86_400_000,
                ..sent
            };
            world.store.put_batch(&never).unwrap();
            let asked = ask(&world, &asker, &clock).await;
            assert_eq!((asked.answered, asked.open), (60, 0), "{model}: {}", asked.stopped);
            assert_eq!(standin.tally().providers[&at].batch_items, 20, "{model}");
        });
    }
}

#[test]
fn a_key_that_is_no_longer_accepted_ends_waiting_at_once_and_loses_nothing() {
    let (at, model, provider) = &providers()[2];
    let world = World::new();
    world.judge(&alerts(60, 5), Asking::Model("x".into()));
    let behaviour = Behaviour { batch_ms: 3_600_000, ..Behaviour::default() };
    on_paused_clock(Config { behaviour, ..Config::default() }, async |standin, clock| {
        let hasty = Asker { batch_wait: Duration::ZERO, ..batched(provider, model, &standin) };
        ask(&world, &hasty, &clock).await;
        let wrong: Arc<dyn Provider> =
            Arc::new(Anthropic::new("http://stand.in", "withdrawn", Anthropic::VERSION));
        let asked = ask(&world, &batched(&wrong, model, &standin), &clock).await;
        assert_eq!((asked.answered, asked.in_batches), (0, 60));
        assert!(asked.elapsed_s < 60.0 && asked.stopped.contains("key"), "{}", asked.stopped);
        let asked = ask(&world, &batched(provider, model, &standin), &clock).await;
        assert_eq!(asked.answered, 60);
        assert_eq!(standin.tally().providers[at].batch_items, 10);
    });
}
