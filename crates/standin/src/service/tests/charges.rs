//! What counts against limits on tokens, before and after the answer.

use super::{anthropic_body, openai_body, post, question, send, standin};
use crate::Provider;
use serde_json::json;

async fn statuses(settings: &str, provider: Provider, path: &str, body: &serde_json::Value) -> Vec<u16> {
    let standin = standin(settings);
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(send(&standin, post(provider, path, body)).await.0.status);
    }
    statuses
}

#[tokio::test(start_paused = true)]
async fn anthropic_does_not_count_what_it_read_from_its_cache() {
    let (_, body) = send(&standin(""), question(Provider::Anthropic)).await;
    let input = body["usage"]["input_tokens"].as_u64().unwrap();
    let limit = format!("[default_limits]\ntokens = \"{}/1m\"\n[behaviour]\n", 2 * input);
    let ask = async |more: &str| {
        let settings = format!("{limit}{more}");
        statuses(&settings, Provider::Anthropic, "/v1/messages", &anthropic_body()).await
    };
    assert_eq!(ask("").await, [200, 200, 429, 429, 429, 429]);
    assert_eq!(ask("cached_share = 1.0").await, [200; 6]);
    assert_eq!(ask("cached_share = 0.5").await, [200, 200, 200, 429, 429, 429]);
    // What is written to a cache counts.
    assert_eq!(ask("cache_write_share = 1.0").await, [200, 200, 429, 429, 429, 429]);
}

#[tokio::test(start_paused = true)]
async fn anthropics_output_is_charged_from_the_maximum_and_then_as_it_was() {
    // The body's maximum is 500, its answer much less.
    let settings = "[default_limits]\noutput_tokens = \"600/1m\"";
    let ask = statuses(settings, Provider::Anthropic, "/v1/messages", &anthropic_body()).await;
    assert_eq!(ask[..2], [200, 200]);
    let large = json!({"max_tokens": 601});
    let mut body = anthropic_body();
    body["max_tokens"] = large["max_tokens"].clone();
    assert_eq!(statuses(settings, Provider::Anthropic, "/v1/messages", &body).await, [429; 6]);
}

#[tokio::test(start_paused = true)]
async fn openai_charges_the_larger_of_prompt_and_maximum_whatever_is_cached_or_answered() {
    let settings = "[default_limits]\ntokens = \"1000/1m\"\n[behaviour]\ncached_share = 1.0";
    let body = openai_body("gpt-5-mini");
    let ask = statuses(settings, Provider::OpenAi, "/v1/chat/completions", &body).await;
    assert_eq!(ask, [200, 200, 429, 429, 429, 429]);
    // Without a maximum, the prompt alone.
    let mut body = body;
    body.as_object_mut().unwrap().remove("max_completion_tokens");
    assert_eq!(statuses(settings, Provider::OpenAi, "/v1/chat/completions", &body).await, [200; 6]);
}

#[tokio::test(start_paused = true)]
async fn gemini_counts_input_alone() {
    let (_, body) = send(&standin(""), question(Provider::Gemini)).await;
    let input = body["usageMetadata"]["promptTokenCount"].as_u64().unwrap();
    let settings =
        format!("[default_limits]\ntokens = \"{}/1m\"\n[behaviour]\ncached_share = 1.0", 3 * input);
    let path = "/v1beta/models/gemini-2.5-flash:generateContent";
    let ask = statuses(&settings, Provider::Gemini, path, &super::gemini_body()).await;
    assert_eq!(ask, [200, 200, 200, 429, 429, 429]);
}
