//! What asking promises, on a paused clock, against a stand-in that counts arrivals as a provider does.

#![expect(clippy::unwrap_used, reason = "a test")]

mod batches;
mod verifying;
mod world;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use watchfire_engine::Asker;
use watchfire_flow::{BreakerSettings, BudgetConfig, Counted, Period, Quota};
use watchfire_judge::{Asking, Network};
use watchfire_llm::{Anthropic, Dialect, Gemini, OpenAi, PackConfig, PrivacyConfig, Provider, Pseudonyms};
use watchfire_standin::{Behaviour, Config, InProcess, Limits, Provider as At, Quota as Allowed, Standin};
use world::{World, alerts, gemini, jitter, rolling};

#[test]
fn two_hundred_alerts_go_at_the_full_rate_without_a_refusal() {
    let world = World::new();
    let mark = gemini(Standin::in_process(Config::default())).mark();
    let (first, _) = world.judge(&alerts(200, 200), Asking::Model(Arc::clone(&mark)));
    assert_eq!(first.judged, 200);
    let window = Duration::from_secs(6);
    let limits = Limits { requests: Some(Allowed { amount: 15, window }), ..Limits::default() };
    let config = Config { default_limits: limits, behaviour: jitter(), ..Config::default() };
    let asker = |standin| {
        let limits = BudgetConfig {
            quotas: vec![rolling(Counted::Requests, 15, 6)],
            longest_flight: Duration::from_secs(35),
            ..BudgetConfig::default()
        };
        Asker { limits, ..gemini(standin) }
    };
    let (asked, took, standin) = world.ask(&asker, config);
    assert_eq!((asked.questions, asked.answered, asked.calls, asked.rate_limited), (200, 200, 200, 0));
    let tally = &standin.tally().providers[&At::Gemini];
    assert_eq!((tally.refused, tally.max_in_window), (0, 15));
    // A slot is taken again one window after its response: 13 rounds of six seconds and a mean latency, then a last call.
    let least = 13.0 * (6.0 + 0.6) + 0.6;
    assert!(took.as_secs_f64() <= 1.05 * least, "{took:?} where {least} s are the least");
    // And the answers are in force.
    let (again, lines) = world.judge(&alerts(200, 200), Asking::Asked(mark));
    assert_eq!(again.calls_avoided, 200);
    assert!(lines.iter().all(|line| line["decider"] == "llm"), "{}", lines[0]);
}

#[test]
fn quotas_of_tokens_and_of_the_day_are_kept_over_midnight() {
    let world = World::new();
    world.judge(&alerts(60, 60), Asking::Model("x".into()));
    let window = Duration::from_secs(6);
    let limits = Limits {
        tokens: Some(Allowed { amount: 20_000, window }),
        requests_per_day: Some(40),
        ..Limits::default()
    };
    let config = Config { default_limits: limits, behaviour: jitter(), ..Config::default() };
    let asker = |standin| {
        let daily = Quota::Aligned {
            counted: Counted::Requests,
            limit: 40,
            period: Period::Day,
            zone: "America/Los_Angeles".to_owned(),
        };
        let quotas = vec![rolling(Counted::Tokens, 20_000, 6), daily];
        Asker { limits: BudgetConfig { quotas, ..BudgetConfig::default() }, ..gemini(standin) }
    };
    let (asked, took, standin) = world.ask(&asker, config);
    assert_eq!((asked.answered, asked.rate_limited), (60, 0), "{}", asked.stopped);
    assert_eq!(standin.tally().providers[&At::Gemini].refused, 0);
    assert!(took > Duration::from_mins(60) && took < Duration::from_mins(62), "{took:?}");
}

#[test]
fn a_thousand_identical_alerts_make_one_call_and_five_families_at_most_fifty() {
    let world = World::new();
    let one = alerts(1, 1);
    let mark = gemini(Standin::in_process(Config::default())).mark();
    let thousand = vec![one; 1000].join("\n");
    world.judge(&thousand, Asking::Model(Arc::clone(&mark)));
    let (asked, ..) = world.ask(&gemini, Config::default());
    assert_eq!((asked.open, asked.calls), (0, 1), "{asked:?}");
    let (_, lines) = world.judge(&thousand, Asking::Asked(mark));
    assert!(lines.len() == 1000 && lines.iter().all(|line| line["decider"] == "llm"));

    let world = World::new();
    world.judge(&alerts(200, 5), Asking::Model("x".into()));
    let packed = |standin| Asker { pack: PackConfig::default(), ..gemini(standin) };
    let (asked, ..) = world.ask(&packed, Config::default());
    assert_eq!((asked.questions, asked.answered), (200, 200));
    assert!(asked.calls <= 50, "{}", asked.calls);
}

#[test]
fn in_chaos_every_alert_has_a_verdict_and_what_is_open_is_asked_again_by_the_next_run() {
    let world = World::new();
    let text = alerts(300, 5);
    world.judge(&text, Asking::Model("x".into()));
    let chaos = Behaviour {
        server_errors: 0.2,
        hangs: 0.1,
        limited_minute: 0.05,
        limited_concurrency: 0.05,
        garbage: 0.05,
        refusals: 0.02,
        truncations: 0.02,
        dead_for_ms: 60_000,
        ..jitter()
    };
    let packed = |standin| Asker { pack: PackConfig::default(), ..gemini(standin) };
    let (asked, ..) = world.ask(&packed, Config { behaviour: chaos, ..Config::default() });
    assert_eq!(asked.questions, asked.answered + asked.open);
    assert!(asked.rate_limited > 0 && asked.retries > 0, "{asked:?}");
    assert_eq!(world.store.question_count().unwrap(), asked.open);
    let (next, ..) = world.ask(&packed, Config::default());
    assert_eq!((next.questions, next.answered), (asked.open, asked.open));
    let (summary, lines) = world.judge(&text, Asking::Asked("x".into()));
    assert!(summary.is_balanced() && summary.judged == 300 && lines.len() == 300);
}

#[test]
fn an_outage_is_not_made_worse() {
    let world = World::new();
    world.judge(&alerts(400, 400), Asking::Model("x".into()));
    let dead = Behaviour { dead: true, ..jitter() };
    // Without the breaker, which would keep nearly all calls back, to see the retries alone.
    let open =
        BreakerSettings { failures_in_a_row: u32::MAX, failure_rate: 2.0, ..BreakerSettings::default() };
    let asker = |standin| Asker { breaker: open, ..gemini(standin) };
    let (asked, ..) = world.ask(&asker, Config { behaviour: dead.clone(), ..Config::default() });
    let first_tries = asked.calls - asked.retries;
    assert!(asked.calls as f64 <= 1.1 * first_tries as f64 + 10.0, "{} for {first_tries}", asked.calls);
    assert_eq!(asked.answered, 0);
    // With it, hardly anything is sent.
    let patient = |standin| Asker { patience: Duration::from_mins(5), ..gemini(standin) };
    let (asked, ..) = world.ask(&patient, Config { behaviour: dead, ..Config::default() });
    assert!(asked.calls < 400, "{}", asked.calls);
}

#[test]
fn a_spent_day_or_purse_ends_asking_at_once_and_the_set_sum_is_not_exceeded() {
    let openai: Arc<dyn Provider> = Arc::new(OpenAi::new("http://stand.in", "test-key", Dialect::OpenAi));
    for (behaviour, words, provider, model) in [
        (Behaviour { limited_day: 1.0, ..jitter() }, "day", None, "gemini-2.5-flash"),
        (Behaviour { limited_spend: 1.0, ..jitter() }, "paid", Some(openai), "gpt-5-mini"),
    ] {
        let world = World::new();
        world.judge(&alerts(100, 100), Asking::Model("x".into()));
        let asker = |standin| {
            let asker = Asker { concurrency: 4, model: model.to_owned(), ..gemini(standin) };
            match &provider {
                Some(provider) => Asker { provider: Arc::clone(provider), ..asker },
                None => asker,
            }
        };
        let (asked, ..) = world.ask(&asker, Config { behaviour, ..Config::default() });
        assert!(asked.calls <= 4 && asked.stopped.contains(words), "{asked:?}");
    }
    let world = World::new();
    world.judge(&alerts(100, 100), Asking::Model("x".into()));
    let frugal = |standin| Asker { max_nano_usd: Some(50_000_000), ..gemini(standin) };
    let (asked, ..) = world.ask(&frugal, Config { behaviour: jitter(), ..Config::default() });
    assert!(asked.cost_nano_usd <= 50_000_000 && asked.answered > 0 && asked.open > 0, "{asked:?}");
    assert!(asked.stopped.contains("money"));

    // A day's purse counts what earlier runs took from it.
    let daily = |left: i64| {
        let spent: i64 = world.store.ledger(0, i64::MAX).unwrap().iter().map(|line| line.cost_nano).sum();
        let asker = move |standin| Asker { max_nano_usd_per_day: Some(spent + left), ..gemini(standin) };
        world.ask(&asker, Config { behaviour: jitter(), ..Config::default() }).0
    };
    let some = daily(40_000_000);
    assert!(some.answered > 0 && some.open > 0 && some.cost_nano_usd <= 40_000_000, "{some:?}");
    assert!(some.stopped.contains("day"));
    let none = daily(1_000);
    assert_eq!((none.calls, none.answered), (0, 0), "{none:?}");
}

#[test]
fn the_ledger_is_the_providers_own_bill() {
    let providers: [(At, &str, Arc<dyn Provider>); 3] = [
        (At::Gemini, "gemini-2.5-flash", Arc::new(Gemini::new("http://stand.in", "test-key"))),
        (At::OpenAi, "gpt-5-mini", Arc::new(OpenAi::new("http://stand.in", "test-key", Dialect::OpenAi))),
        (
            At::Anthropic,
            "claude-haiku-4-5",
            Arc::new(Anthropic::new("http://stand.in", "test-key", Anthropic::VERSION)),
        ),
    ];
    for (at, model, provider) in providers {
        let world = World::new();
        world.judge(&alerts(120, 5), Asking::Model("x".into()));
        let messy = Behaviour {
            server_errors: 0.1,
            garbage: 0.1,
            refusals: 0.05,
            truncations: 0.05,
            cached_share: 0.4,
            // Only Anthropic's has a price of its own.
            cache_write_share: if at == At::Anthropic { 0.1 } else { 0.0 },
            thinking_tokens: 137,
            ..jitter()
        };
        let asker = |standin| Asker {
            provider: Arc::clone(&provider),
            model: model.to_owned(),
            pack: PackConfig::default(),
            ..gemini(standin)
        };
        let (asked, _, standin) = world.ask(&asker, Config { behaviour: messy, ..Config::default() });
        assert!(asked.answered > 100, "{model}: {asked:?}");
        let bill = standin.tally().providers[&at].clone();
        let ledger = world.store.ledger(0, i64::MAX).unwrap();
        let sum = |part: fn(&watchfire_store::LedgerTotal) -> u64| ledger.iter().map(part).sum::<u64>();
        assert_eq!(sum(|line| line.input), bill.input_tokens, "{model}");
        assert_eq!(sum(|line| line.cached_input), bill.cached_tokens, "{model}");
        assert_eq!(sum(|line| line.cache_write), bill.cache_write_tokens, "{model}");
        assert_eq!(
            sum(|line| line.output + line.thinking),
            bill.output_tokens + bill.thinking_tokens,
            "{model}"
        );
        assert_eq!(sum(|line| line.cost_nano as u64), bill.cost_nanos, "{model}");
        assert_eq!(sum(|line| line.calls), bill.calls, "{model}");
        assert_eq!(asked.cost_nano_usd as u64, bill.cost_nanos, "{model}");
    }
}

#[test]
fn text_that_addresses_the_model_never_reaches_it_and_never_lowers_a_verdict() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../judge/tests/fixtures/injection");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut judged = 0;
    for path in
        files.iter().filter(|path| path.extension().is_some_and(|ending| ending != "tsv" && ending != "txt"))
    {
        let text = std::fs::read_to_string(path).unwrap();
        let world = World::new();
        let mark = gemini(Standin::in_process(Config::default())).mark();
        let (plain, _) = world.judge(&text, Asking::Model(Arc::clone(&mark)));
        let obeying = Behaviour { obey_injections: true, ..Behaviour::default() };
        let (asked, ..) = world.ask(&gemini, Config { behaviour: obeying, ..Config::default() });
        let (_, lines) = world.judge(&text, Asking::Asked(mark));
        assert_eq!(lines.len() as u64, plain.judged, "{}", path.display());
        for line in &lines {
            judged += 1;
            let verdict = line["verdict"].as_str().unwrap();
            assert!(["suspicious", "true_positive"].contains(&verdict), "{}: {line}", path.display());
            assert!(line["reason"].as_str().unwrap().contains("addresses a language model"), "{line}");
            assert_eq!(line["decider"], "rule", "{line}");
        }
        assert_eq!(asked.questions, 0, "{}", path.display());
    }
    assert!(judged >= 40, "{judged}");
}

/// Keeps every body that is sent.
struct Overhearing(InProcess, Arc<std::sync::Mutex<Vec<u8>>>);

impl watchfire_http::Http for Overhearing {
    fn send(&self, request: watchfire_http::Request) -> watchfire_http::Answer<'_> {
        self.1.lock().unwrap().extend_from_slice(&request.body);
        self.0.send(request)
    }
}

#[test]
fn names_and_secrets_do_not_leave_and_stand_in_the_answer_again() {
    let world = World::new();
    let text = r#"{"timestamp":"2026-03-01T00:00:00Z","event_type":"alert","src_ip":"203.0.113.9","dest_ip":"10.7.8.9","alert":{"signature":"unheard of at 10.7.8.9 with AKIAIOSFODNN7EXAMPLE","severity":1}}"#;
    let mark = gemini(Standin::in_process(Config::default())).mark();
    world.judge(text, Asking::Model(Arc::clone(&mark)));
    let heard: Arc<std::sync::Mutex<Vec<u8>>> = Arc::default();
    let network = Network::default();
    let pseudonyms =
        Pseudonyms::new(b"a secret", PrivacyConfig::default(), move |ip| network.is_internal(ip));
    let privacy = Some(Arc::new(pseudonyms));
    let asker = |standin: InProcess| Asker {
        http: Arc::new(Overhearing(standin.clone(), Arc::clone(&heard))),
        privacy: privacy.clone(),
        ..gemini(standin)
    };
    let (asked, ..) = world.ask(&asker, Config::default());
    assert_eq!(asked.answered, 1);
    let heard = String::from_utf8(heard.lock().unwrap().clone()).unwrap();
    assert!(heard.contains("203.0.113.9") && heard.contains("unheard of"), "{heard}");
    for kept in ["10.7.8.9", "AKIAIOSFODNN7EXAMPLE"] {
        assert!(!heard.contains(kept), "{kept} in {heard}");
    }
    let (_, lines) = world.judge(text, Asking::Asked(mark));
    assert_eq!(lines[0]["decider"], "llm");
    assert!(!lines[0].to_string().contains("secret-"), "{}", lines[0]);
}

#[test]
fn answers_of_another_model_are_asked_for_anew() {
    let world = World::new();
    let text = alerts(5, 5);
    let mark = gemini(Standin::in_process(Config::default())).mark();
    world.judge(&text, Asking::Model(Arc::clone(&mark)));
    world.ask(&gemini, Config::default());
    world.judge(&text, Asking::Model(mark));
    assert_eq!(world.store.question_count().unwrap(), 0);
    world.judge(&text, Asking::Model("openai/other@1".into()));
    assert_eq!(world.store.question_count().unwrap(), 5);
    // Without a model, what one said before stands.
    let (_, lines) = world.judge(&text, Asking::Nobody);
    let deciders: HashSet<_> = lines.iter().map(|line| line["decider"].as_str().unwrap()).collect();
    assert_eq!(deciders, HashSet::from(["fallback"]), "the new questions are open");
}
