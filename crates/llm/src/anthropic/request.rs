//! What Claude is asked (platform.claude.com/docs/en/api/messages; the schema:
//! /docs/en/build-with-claude/structured-outputs, where `output_config.format` took the place of the beta's
//! `output_format`, for Claude 4.5 and later).
//!
//! Claude Opus 4.7 and every later model answer 400 to a temperature ("`temperature` is deprecated for this model");
//! so it is sent only to the models that are known to take it. There is no seed and no flex tier. Forced use of a
//! tool, the older way to a schema, is not used: Claude Opus 5.5 refuses it.

use crate::endpoint::address;
use crate::{Prompt, wait};
use serde_json::{Value, json};
use watchfire_http::Request;

pub(super) fn request(base_url: &str, key: &str, version: &str, prompt: &Prompt) -> Request {
    Request::post_json(address(base_url, "v1", "messages"), body(prompt).to_string())
        .header("x-api-key", key)
        .header("anthropic-version", version)
        .timeout(wait::patience(prompt.tier))
}

pub(super) fn body(prompt: &Prompt) -> Value {
    let mut body = json!({
        "model": prompt.model,
        "max_tokens": prompt.max_output_tokens,
        "system": &*prompt.system,
        "messages": [{ "role": "user", "content": prompt.user }],
        "output_config": { "format": { "type": "json_schema", "schema": &*prompt.schema } },
    });
    if takes_temperature(&prompt.model) {
        body["temperature"] = json!(0);
    }
    body
}

fn takes_temperature(model: &str) -> bool {
    const KNOWN: [&str; 8] = [
        "claude-3",
        "claude-haiku-4",
        "claude-sonnet-4",
        "claude-opus-4-0",
        "claude-opus-4-1",
        "claude-opus-4-2025", // Opus 4 by its date
        "claude-opus-4-5",
        "claude-opus-4-6",
    ];
    KNOWN.iter().any(|known| model.starts_with(known))
}

#[cfg(test)]
mod tests {
    use crate::{Anthropic, Prompt, Provider, Tier};
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn prompt(model: &str) -> Prompt {
        Prompt {
            model: model.into(),
            system: "Judge.".into(),
            user: "alert".into(),
            schema: Arc::new(json!({ "type": "object", "additionalProperties": false })),
            max_output_tokens: 512,
            tier: Tier::Flex,
        }
    }

    #[test]
    fn a_prompt_becomes_the_documented_request() {
        let anthropic = Anthropic::new("https://example.org", "secret", Anthropic::VERSION);
        let request = anthropic.request(&prompt("claude-haiku-4-5"));
        assert_eq!(request.url, "https://example.org/v1/messages");
        assert!(request.headers.contains(&("x-api-key", "secret".into())));
        assert!(request.headers.contains(&("anthropic-version", "2023-06-01".into())));
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            body,
            json!({
                "model": "claude-haiku-4-5",
                "max_tokens": 512,
                "system": "Judge.",
                "messages": [{ "role": "user", "content": "alert" }],
                "output_config": { "format": {
                    "type": "json_schema",
                    "schema": { "type": "object", "additionalProperties": false },
                } },
                "temperature": 0,
            })
        );
    }

    #[test]
    fn models_that_refuse_a_temperature_are_sent_none() {
        for (model, sent) in [
            ("claude-sonnet-4-5-20250929", true),
            ("claude-opus-4-20250514", true),
            ("claude-opus-4-6", true),
            ("claude-opus-4-7", false),
            ("claude-opus-4-8", false),
            ("claude-sonnet-5", false),
            ("claude-opus-5-5", false),
            ("claude-of-tomorrow", false),
        ] {
            assert_eq!(Anthropic::body(&prompt(model)).get("temperature").is_some(), sent, "{model}");
        }
    }
}
