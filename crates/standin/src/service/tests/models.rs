//! Each LLM provider's words: answers, refusals, errors, limits.

use super::{
    MODELS, PACK, anthropic_body, gemini_body, openai_body, post, question, send, standin, with_key,
};
use crate::Provider;
use serde_json::{Value, json};
use std::time::Duration;
use watchfire_http::Request;

fn text(provider: Provider, body: &Value) -> Value {
    let text = match provider {
        Provider::Gemini => &body["candidates"][0]["content"]["parts"][0]["text"],
        Provider::Anthropic => &body["content"][0]["text"],
        _ => &body["choices"][0]["message"]["content"],
    };
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

fn finish(provider: Provider, body: &Value) -> Value {
    match provider {
        Provider::Gemini => body["candidates"][0]["finishReason"].clone(),
        Provider::Anthropic => body["stop_reason"].clone(),
        _ => body["choices"][0]["finish_reason"].clone(),
    }
}

#[tokio::test(start_paused = true)]
async fn all_four_answer_the_same_question_alike_each_in_its_own_words() {
    let standin = standin("");
    let mut answers = Vec::new();
    for provider in MODELS {
        let (response, body) = send(&standin, question(provider)).await;
        assert_eq!(response.status, 200, "{body}");
        assert_eq!(response.header("content-type"), Some("application/json; charset=UTF-8"));
        answers.push(text(provider, &body));
        let done = match provider {
            Provider::Gemini => "STOP",
            Provider::Anthropic => "end_turn",
            _ => "stop",
        };
        assert_eq!(finish(provider, &body), done);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    let ids: Vec<_> = answers[0]["answers"].as_array().unwrap().iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, ["n1", "n2"]);
}

#[tokio::test(start_paused = true)]
async fn usage_is_told_as_each_provider_tells_it() {
    let standin = standin("[behaviour]\ncached_share = 0.5\ncache_write_share = 0.25\nthinking_tokens = 10");
    let (_, openai) = send(&standin, question(Provider::OpenAi)).await;
    let usage = &openai["usage"];
    let prompt = usage["prompt_tokens"].as_u64().unwrap();
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], prompt / 2);
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 10);
    assert!(usage["completion_tokens"].as_u64().unwrap() > 10);
    let (_, anthropic) = send(&standin, question(Provider::Anthropic)).await;
    let part = |name: &str| anthropic["usage"][name].as_u64().unwrap();
    // Anthropic's input is what is left beside the two others.
    assert_eq!(
        part("input_tokens") + part("cache_read_input_tokens") + part("cache_creation_input_tokens"),
        prompt
    );
    assert_eq!(part("output_tokens"), usage["completion_tokens"].as_u64().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_missing_or_wrong_is_refused_in_the_providers_words() {
    let standin = standin("");
    for (provider, missing, wrong) in [
        (Provider::Gemini, 403, 400),
        (Provider::OpenAi, 401, 401),
        (Provider::Moonshot, 401, 401),
        (Provider::Anthropic, 401, 401),
    ] {
        let bare = Request { headers: Vec::new(), ..question(provider) };
        assert_eq!(send(&standin, bare.clone()).await.0.status, missing, "{provider:?}");
        let (response, body) = send(&standin, with_key(provider, bare, "wrong")).await;
        assert_eq!(response.status, wrong, "{provider:?}");
        match provider {
            Provider::Gemini => assert_eq!(body["error"]["details"][0]["reason"], "API_KEY_INVALID"),
            Provider::OpenAi => assert_eq!(body["error"]["code"], "invalid_api_key"),
            Provider::Moonshot => assert_eq!(body["error"]["type"], "invalid_authentication_error"),
            _ => assert_eq!(body["error"]["type"], "authentication_error"),
        }
        let tally = &standin.tally().providers[&provider];
        assert_eq!((tally.requests, tally.calls), (2, 0));
    }
    let unversioned = question(Provider::Anthropic);
    let headers =
        unversioned.headers.iter().filter(|(name, _)| *name != "anthropic-version").cloned().collect();
    assert_eq!(send(&standin, Request { headers, ..unversioned }).await.0.status, 400);
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_wrong_are_told_so() {
    let standin = standin("");
    let changed = |body: &Value, pointer: &str, value: Value| {
        let mut body = body.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        body
    };
    let gemini = "/v1beta/models/gemini-2.5-flash:generateContent";
    let loose = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let format = "/response_format/json_schema";
    for (provider, path, body, word) in [
        (
            Provider::Gemini,
            gemini,
            changed(&gemini_body(), "/contents", json!([])),
            "contents is not specified",
        ),
        (Provider::Gemini, gemini, changed(&gemini_body(), "/seed", json!(1)), "Unknown name \"seed\""),
        (
            Provider::Gemini,
            gemini,
            changed(&gemini_body(), "/generationConfig/responseMimeType", json!("text/plain")),
            "mime type",
        ),
        (
            Provider::Gemini,
            gemini,
            changed(&gemini_body(), "/generationConfig/responseSchema", super::schema()),
            "additionalProperties",
        ),
        (
            Provider::OpenAi,
            "/v1/chat/completions",
            changed(&openai_body("gpt-5-mini"), "/messages", json!([])),
            "messages",
        ),
        (
            Provider::OpenAi,
            "/v1/chat/completions",
            changed(&openai_body("gpt-5-mini"), "/max", json!(1)),
            "Unrecognized",
        ),
        (
            Provider::OpenAi,
            "/v1/chat/completions",
            changed(&openai_body("gpt-5-mini"), &format!("{format}/schema"), loose.clone()),
            "additionalProperties",
        ),
        (
            Provider::OpenAi,
            "/v1/chat/completions",
            changed(&openai_body("gpt-5-mini"), &format!("{format}/name"), json!("no good")),
            "name",
        ),
        (
            Provider::Anthropic,
            "/v1/messages",
            changed(&anthropic_body(), "/max_tokens", Value::Null),
            "max_tokens: Field required",
        ),
        (
            Provider::Anthropic,
            "/v1/messages",
            changed(&anthropic_body(), "/response_format", json!({})),
            "Extra inputs",
        ),
        (
            Provider::Anthropic,
            "/v1/messages",
            changed(&anthropic_body(), "/output_config/format/schema", loose),
            "additionalProperties",
        ),
        (Provider::Moonshot, "/moonshot/v1/chat/completions", json!("text"), "parse"),
    ] {
        let (response, body) = send(&standin, post(provider, path, &body)).await;
        assert_eq!(response.status, 400, "{word}");
        assert!(body["error"]["message"].as_str().unwrap().contains(word), "{body}");
    }
    for (provider, path, body) in [
        (Provider::Gemini, "/v1beta/models/gemini-9:generateContent", gemini_body()),
        (Provider::OpenAi, "/v1/chat/completions", openai_body("gpt-9")),
        (Provider::Moonshot, "/moonshot/v1/chat/completions", openai_body("kimi-9")),
        (Provider::Anthropic, "/v1/messages", changed(&anthropic_body(), "/model", json!("claude-9"))),
    ] {
        assert_eq!(send(&standin, post(provider, path, &body)).await.0.status, 404, "{provider:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn gemini_names_the_quota_and_misleads_about_the_day() {
    for (limits, id, delay) in [
        ("requests = \"1/6s\"", "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "4.5s"),
        ("tokens = \"150/6s\"", "GenerateContentInputTokensPerModelPerMinute-FreeTier", "4.5s"),
        ("requests_per_day = 1", "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "22s"),
    ] {
        let standin = standin(&format!("[limits.gemini]\n{limits}"));
        assert_eq!(send(&standin, question(Provider::Gemini)).await.0.status, 200, "{limits}");
        tokio::time::advance(Duration::from_millis(1500)).await;
        let (response, body) = send(&standin, question(Provider::Gemini)).await;
        assert_eq!((response.status, response.header("retry-after")), (429, None));
        assert_eq!(body["error"]["status"], "RESOURCE_EXHAUSTED");
        assert_eq!(body["error"]["details"][0]["violations"][0]["quotaId"], id);
        assert_eq!(body["error"]["details"][2]["retryDelay"], delay);
    }
}

#[tokio::test(start_paused = true)]
async fn openai_tells_in_headers_how_the_limits_stand() {
    let standin = standin("[limits.openai]\nrequests = \"2/1m\"\ntokens = \"2000/1m\"");
    let (response, _) = send(&standin, question(Provider::OpenAi)).await;
    assert_eq!(response.header("x-ratelimit-limit-requests"), Some("2"));
    assert_eq!(response.header("x-ratelimit-remaining-requests"), Some("1"));
    assert_eq!(response.header("x-ratelimit-reset-requests"), Some("1m0s"));
    // The larger of the input and `max_completion_tokens`.
    assert_eq!(response.header("x-ratelimit-remaining-tokens"), Some("1500"));
    send(&standin, question(Provider::OpenAi)).await;
    let (response, body) = send(&standin, question(Provider::OpenAi)).await;
    assert_eq!((response.status, response.header("retry-after")), (429, Some("60")));
    assert_eq!(
        (&body["error"]["code"], &body["error"]["type"]),
        (&json!("rate_limit_exceeded"), &json!("requests"))
    );
    standin.behave(json!({"limited_spend": 1.0})).unwrap();
    tokio::time::advance(Duration::from_secs(120)).await;
    let (response, body) = send(&standin, question(Provider::OpenAi)).await;
    assert_eq!(
        (response.header("retry-after"), &body["error"]["code"]),
        (None, &json!("insufficient_quota"))
    );
}

#[tokio::test(start_paused = true)]
async fn anthropic_charges_output_from_the_maximum_and_corrects_it() {
    let standin = standin(
        "[limits.anthropic]\noutput_tokens = \"700/1m\"\nrequests = \"50/1m\"\n[behaviour]\nlatency_ms = [1000, 1000]",
    );
    let (first, second) = tokio::join!(
        send(&standin, question(Provider::Anthropic)),
        send(&standin, question(Provider::Anthropic))
    );
    assert_eq!((first.0.status, second.0.status), (200, 429));
    assert_eq!(second.1["error"]["type"], "rate_limit_error");
    assert_eq!(second.0.header("retry-after"), Some("60"));
    assert_eq!(second.0.header("anthropic-ratelimit-output-tokens-remaining"), Some("200"));
    assert_eq!(second.0.header("anthropic-ratelimit-requests-remaining"), Some("49"));
    let output = first.1["usage"]["output_tokens"].as_u64().unwrap();
    let remaining = first.0.header("anthropic-ratelimit-output-tokens-remaining").unwrap();
    assert_eq!(remaining, (700 - output).to_string());
    assert_eq!(send(&standin, question(Provider::Anthropic)).await.0.status, 200);
    standin.behave(json!({"limited_spend": 1.0})).unwrap();
    let (response, body) = send(&standin, question(Provider::Anthropic)).await;
    assert_eq!(body["error"]["details"]["error_code"], "enforced_spend_limit_reached");
    assert_eq!((response.status, response.header("retry-after")), (429, None));
}

#[tokio::test(start_paused = true)]
async fn refusals_and_cut_off_answers_look_as_they_do_there() {
    let standin = standin("[behaviour]\nrefusals = 1.0");
    let mut refusals = Vec::new();
    for _ in 0..2 {
        refusals.push(send(&standin, question(Provider::Gemini)).await.1);
    }
    assert_eq!(refusals[0]["candidates"][0]["finishReason"], "SAFETY");
    assert_eq!(refusals[1]["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
    let (_, openai) = send(&standin, question(Provider::OpenAi)).await;
    assert!(
        openai["choices"][0]["message"]["refusal"].is_string()
            && openai["choices"][0]["message"]["content"].is_null()
    );
    let (response, moonshot) = send(&standin, question(Provider::Moonshot)).await;
    assert_eq!((response.status, &moonshot["error"]["type"]), (400, &json!("content_filter")));
    let (_, anthropic) = send(&standin, question(Provider::Anthropic)).await;
    assert_eq!(anthropic["stop_reason"], "refusal");
    standin.behave(json!({"refusals": 0.0, "truncations": 1.0})).unwrap();
    for (provider, word) in
        [(Provider::Gemini, "MAX_TOKENS"), (Provider::OpenAi, "length"), (Provider::Anthropic, "max_tokens")]
    {
        assert_eq!(finish(provider, &send(&standin, question(provider)).await.1), word);
    }
}

#[tokio::test(start_paused = true)]
async fn a_forced_tool_takes_the_place_of_a_schema() {
    let standin = standin("");
    let body = json!({"model": "claude-haiku-4-5", "max_tokens": 500, "messages": [{"role": "user", "content": PACK}],
        "tools": [{"name": "answer", "input_schema": super::schema()}], "tool_choice": {"type": "tool", "name": "answer"}});
    let (_, body) = send(&standin, post(Provider::Anthropic, "/v1/messages", &body)).await;
    assert_eq!((&body["stop_reason"], &body["content"][0]["name"]), (&json!("tool_use"), &json!("answer")));
    assert_eq!(body["content"][0]["input"]["answers"][1]["id"], "n2");
}

#[tokio::test(start_paused = true)]
async fn flex_costs_half() {
    let standin = standin("");
    send(&standin, question(Provider::Gemini)).await;
    let whole = standin.tally().providers[&Provider::Gemini].cost_nanos;
    let mut body = gemini_body();
    body["serviceTier"] = json!("flex");
    send(&standin, post(Provider::Gemini, "/v1beta/models/gemini-2.5-flash:generateContent", &body)).await;
    assert_eq!(standin.tally().providers[&Provider::Gemini].cost_nanos, whole + whole / 2);
}

#[tokio::test(start_paused = true)]
async fn a_page_of_html_is_not_billed_and_other_garbage_is() {
    let standin = standin("[behaviour]\ngarbage = 1.0\ngarbage_kinds = [\"html\"]");
    let (response, _) = send(&standin, question(Provider::OpenAi)).await;
    assert_eq!((response.status, response.header("content-type")), (200, Some("text/html")));
    assert_eq!(standin.tally().providers[&Provider::OpenAi].cost_nanos, 0);
    standin.behave(json!({"garbage_kinds": ["wrong_ids"]})).unwrap();
    let (_, body) = send(&standin, question(Provider::OpenAi)).await;
    assert_eq!(text(Provider::OpenAi, &body)["answers"][0]["id"], "unasked-0");
    assert!(standin.tally().providers[&Provider::OpenAi].cost_nanos > 0);
}
