//! From bytes that a client sends to the bytes that it gets back, on a paused clock.

mod batches;
mod batches_end;
mod batches_listed;
mod charges;
mod intelligence;
mod models;
mod places;
mod searches;

use crate::{Config, InProcess, Provider, Standin};
use serde_json::{Value, json};
use std::time::Duration;
use watchfire_http::{Http, HttpError, Request, Response};

const PACK: &str =
    r#"Alerts: [{"id":"n1","fields":{"user":"bob","port":"22"}},{"id":"n2","fields":{"user":"eve"}}]"#;

fn standin(settings: &str) -> InProcess {
    let config: Config = toml::from_str(settings).unwrap();
    Standin::in_process(Config { unix_ms: Some(1_795_255_200_000), ..config })
}

fn schema() -> Value {
    json!({"type": "object", "properties": {"answers": {"type": "array", "items": {
        "type": "object",
        "properties": {"id": {"type": "string"}, "verdict": {"type": "string", "enum": ["malicious", "benign"]}},
        "required": ["id", "verdict"], "additionalProperties": false}}},
        "required": ["answers"], "additionalProperties": false})
}

/// A question in this provider's format.
fn question(provider: Provider) -> Request {
    let (path, body) = match provider {
        Provider::Gemini => ("/v1beta/models/gemini-2.5-flash:generateContent", gemini_body()),
        Provider::Anthropic => ("/v1/messages", anthropic_body()),
        Provider::Moonshot => ("/moonshot/v1/chat/completions", openai_body("kimi-k2.5")),
        _ => ("/v1/chat/completions", openai_body("gpt-5-mini")),
    };
    post(provider, path, &body)
}

fn gemini_body() -> Value {
    json!({"systemInstruction": {"parts": [{"text": "Judge."}]}, "contents": [{"role": "user", "parts": [{"text": PACK}]}],
        "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": schema(), "maxOutputTokens": 500}})
}

fn openai_body(model: &str) -> Value {
    json!({"model": model, "max_completion_tokens": 500, "messages": [
        {"role": "system", "content": "Judge."}, {"role": "user", "content": PACK}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answers", "strict": true, "schema": schema()}}})
}

fn anthropic_body() -> Value {
    json!({"model": "claude-haiku-4-5", "max_tokens": 500, "system": "Judge.", "messages": [{"role": "user", "content": PACK}],
        "output_config": {"format": {"type": "json_schema", "schema": schema()}}})
}

/// A request with the right key.
fn post(provider: Provider, path: &str, body: &Value) -> Request {
    with_key(provider, Request::post_json(format!("http://standin.test{path}"), body.to_string()), "test-key")
}

fn get(provider: Provider, path: &str) -> Request {
    with_key(provider, Request::get(format!("http://standin.test{path}")), "test-key")
}

fn with_key(provider: Provider, request: Request, key: &str) -> Request {
    match provider {
        Provider::Gemini => request.header("x-goog-api-key", key),
        Provider::OpenAi | Provider::Moonshot => request.header("authorization", format!("Bearer {key}")),
        Provider::Anthropic => request.header("x-api-key", key).header("anthropic-version", "2023-06-01"),
        Provider::AbuseIpDb | Provider::GreyNoise => request.header("key", key),
        Provider::VirusTotal => request.header("x-apikey", key),
        Provider::Otx => request.header("x-otx-api-key", key),
        Provider::UrlHaus | Provider::ThreatFox => request.header("auth-key", key),
        Provider::Nominatim => request.header("user-agent", "watchfire-tests/1"),
    }
}

async fn send(standin: &InProcess, request: Request) -> (Response, Value) {
    let response = standin.send(request).await.unwrap();
    let body = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
    (response, body)
}

const MODELS: [Provider; 4] = [Provider::Gemini, Provider::OpenAi, Provider::Moonshot, Provider::Anthropic];

#[tokio::test(start_paused = true)]
async fn the_limit_is_by_arrival_in_any_window_and_each_excess_is_a_violation() {
    let standin = standin("[default_limits]\nrequests = \"3/6s\"");
    let mut statuses = Vec::new();
    for _ in 0..10 {
        statuses.push(send(&standin, question(Provider::Gemini)).await.0.status);
        tokio::time::advance(Duration::from_millis(1500)).await;
    }
    assert_eq!(statuses, [200, 200, 200, 429, 200, 200, 200, 429, 200, 200]);
    let tally = &standin.tally().providers[&Provider::Gemini];
    assert_eq!((tally.calls, tally.refused, tally.answered), (10, 2, 8));
    assert_eq!((tally.window_ms, tally.max_in_window), (6000, 4));
    assert_eq!(standin.max_in_any(Provider::Gemini, Duration::from_millis(1)), 1);
    assert_eq!(standin.arrivals(Provider::Gemini)[1], Duration::from_millis(1500));
}

#[tokio::test(start_paused = true)]
async fn calls_at_once_give_their_place_up_when_their_client_goes_away() {
    let standin = standin("[behaviour]\nhangs = 1.0\n[default_limits]\nconcurrency = 1");
    let hanging = question(Provider::Moonshot).timeout(Duration::from_secs(5));
    let (first, second) = tokio::join!(standin.send(hanging), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        send(&standin, question(Provider::Moonshot)).await
    });
    assert!(matches!(first, Err(HttpError::Timeout(_))));
    assert_eq!(second.1["error"]["type"], "rate_limit_reached_error");
    assert!(second.1["error"]["message"].as_str().unwrap().contains("max organization concurrency: 1"));
    standin.behave(json!({"hangs": 0.0})).unwrap();
    assert_eq!(send(&standin, question(Provider::Moonshot)).await.0.status, 200);
    let tally = &standin.tally().providers[&Provider::Moonshot];
    assert_eq!((tally.answered, tally.most_at_once, tally.faults["hang"]), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn latency_and_travel_take_their_time_and_the_stamp_is_that_of_the_arrival() {
    let standin = standin("[behaviour]\ntravel_ms = [300, 300]\nlatency_ms = [200, 1000]");
    let start = tokio::time::Instant::now();
    send(&standin, question(Provider::OpenAi)).await;
    let took = start.elapsed();
    assert!((500..1400).contains(&took.as_millis()), "{took:?}");
    assert_eq!(standin.arrivals(Provider::OpenAi)[0].as_millis(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_dead_provider_comes_back_and_the_others_live() {
    let standin = standin("");
    let body = json!({"provider": "anthropic", "dead_for_ms": 60_000}).to_string();
    let request = Request::post_json("http://standin.test/__standin/behaviour", body);
    assert_eq!(send(&standin, request).await.0.status, 200);
    assert_eq!(send(&standin, question(Provider::Anthropic)).await.0.status, 529);
    assert_eq!(send(&standin, question(Provider::Gemini)).await.0.status, 200);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(send(&standin, question(Provider::Anthropic)).await.0.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_behaviour_that_makes_no_sense_changes_nothing() {
    let standin = standin("");
    for wrong in [json!({"hang": 1.0}), json!({"hangs": "all"}), json!({"provider": "nobody"}), json!([])] {
        let request = Request::post_json("http://standin.test/__standin/behaviour", wrong.to_string());
        assert_eq!(send(&standin, request).await.0.status, 400, "{wrong}");
    }
    assert_eq!(send(&standin, question(Provider::Gemini)).await.0.status, 200);
    let nowhere = send(&standin, Request::get("http://standin.test/v1/nothing")).await;
    assert_eq!(nowhere.0.status, 404);
}

#[tokio::test(start_paused = true)]
async fn the_tally_is_what_the_usage_figures_say_and_what_they_cost() {
    let standin = standin("[behaviour]\ncached_share = 0.5\nthinking_tokens = 11");
    let mut cost = 0;
    for _ in 0..3 {
        let (_, body) = send(&standin, question(Provider::Gemini)).await;
        let count = |name: &str| body["usageMetadata"][name].as_u64().unwrap();
        let (prompt, cached) = (count("promptTokenCount"), count("cachedContentTokenCount"));
        let (output, thoughts) = (count("candidatesTokenCount"), count("thoughtsTokenCount"));
        assert_eq!((thoughts, count("totalTokenCount")), (11, prompt + output + thoughts));
        // 0.30, 0.03 and 2.50 dollars per million are so many nano-dollars each.
        cost += (prompt - cached) * 300 + cached * 30 + (output + thoughts) * 2500;
    }
    let (_, tally) = send(&standin, Request::get("http://standin.test/__standin/tally")).await;
    assert_eq!(tally["gemini"]["cost_nanos"], cost);
    assert_eq!(tally["gemini"]["by_status"]["200"], 3);
    assert_eq!(tally["gemini"]["thinking_tokens"], 33);
}

#[tokio::test(start_paused = true)]
async fn a_seed_repeats_a_run() {
    let run = async |seed: u64| {
        let settings = format!(
            "seed = {seed}\n[behaviour]\nserver_errors = 0.2\nlimited_minute = 0.1\ngarbage = 0.2\nrefusals = 0.1"
        );
        let standin = standin(&settings);
        let mut bodies = Vec::new();
        for _ in 0..50 {
            bodies.push(send(&standin, question(Provider::OpenAi)).await.0.body);
        }
        let tally = standin.tally().providers[&Provider::OpenAi].clone();
        assert_eq!(tally.refused, 0);
        assert!(tally.faults["limited_minute"] > 0 && tally.faults["server_error"] > 0);
        bodies
    };
    let first = run(1).await;
    assert_eq!(first, run(1).await);
    assert_ne!(first, run(2).await);
}
